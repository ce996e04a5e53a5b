"""The nightly job launched through a running web server's GraphQL, as the Dagster UI does."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import dagster as dg
import pytest

from pipelines.demo import LOOPBACK, dagster_commands
from pipelines.instance import environment, instance_folder
from pipelines.publishing import release
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SEATTLE = ROOT / "cities" / "seattle"
LAUNCH = """
mutation Launch($params: ExecutionParams!) {
  launchRun(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message stack }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}
"""
STATUS = """
query Status($id: ID!) {
  runOrError(runId: $id) {
    ... on Run {
      status
      tags { key value }
      assetMaterializations { assetKey { path } partition }
    }
  }
}
"""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A web server on loopback, asked by GraphQL; the daemon beside it takes runs from the queue."""

    def __init__(self, port: int) -> None:
        self.address = f"http://{LOOPBACK}:{port}"

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.address}/graphql", body, {"content-type": "application/json"})
        with urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert "errors" not in found, found
        data: dict[str, Any] = found["data"]
        return data


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def server(home: Path, tmp_path: Path) -> Iterator[Server]:
    port = _free_port()
    # A nightly run has always made Dagster's tables before: two processes at once may both try, and one then ends.
    dg.DagsterInstance.from_config(str(instance_folder(home))).dispose()
    logs = [tmp_path / f"{command[0].rpartition('/')[2]}.log" for command in dagster_commands(port)]
    processes = []
    for command, log in zip(dagster_commands(port), logs, strict=True):
        with log.open("w") as told:
            started = subprocess.Popen(
                command, env=environment(SEATTLE, home), cwd=ROOT, stdout=told, stderr=subprocess.STDOUT
            )
        processes.append(started)
    try:
        answering = Server(port)
        deadline = time.monotonic() + 180
        while True:
            try:
                answering.ask("{ version }")
                break
            except (URLError, OSError):
                for process, log in zip(processes, logs, strict=True):
                    assert process.poll() is None, log.read_text("utf-8")[-4000:]
                assert time.monotonic() < deadline, "the web server did not come up"
                time.sleep(0.5)
        yield answering
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def test_job_launched_from_the_ui_makes_a_release(server: Server, home: Path) -> None:
    launched = server.ask(
        LAUNCH,
        params={
            "selector": {
                "repositoryLocationName": "wardlight",
                "repositoryName": "__repository__",
                "jobName": "nightly",
            },
            "runConfigData": {},
            "mode": "default",
            "executionMetadata": {
                "tags": [
                    {"key": "dagster/asset_partition_range_start", "value": "2015-01-01"},
                    {"key": "dagster/asset_partition_range_end", "value": "2015-12-01"},
                ]
            },
        },
    )["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    run_id = launched["run"]["runId"]
    deadline = time.monotonic() + 600
    while True:
        run = server.ask(STATUS, id=run_id)["runOrError"]
        if run["status"] in {"SUCCESS", "FAILURE", "CANCELED"}:
            break
        assert time.monotonic() < deadline, run["status"]
        time.sleep(1)
    assert run["status"] == "SUCCESS"
    months = {
        event["partition"]
        for event in run["assetMaterializations"]
        if event["assetKey"]["path"] == ["staging", "incident"]
    }
    assert months == {f"2015-{month:02}-01" for month in range(1, 13)}
    published = release.current(home)
    assert published is not None
    assert published.manifest["as_of"] == "2015-12-31"  # pinned by the pack
