"""The command that shows rows which break expectations, on the simulated district after a night."""

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import wardlight
from tests.pipelines.released import query

pytestmark = pytest.mark.slow


def test_planted_rows_are_shown_by_file_and_line(home: Path, tmp_path: Path) -> None:
    own = shutil.copytree(home, tmp_path / "home", symlinks=True)
    told = wardlight("failing", "--home", own, "--all", "--json")
    assert told.returncode == 0, told.stderr
    samples = json.loads(told.stdout)
    found = {(each["table_name"], each["expectation"]): each for each in samples}
    counted = query(own, "select table_name, expectation, failed_count from expectation_results where failed_count > 0")
    # All that counts rows has rows to show, and only that.
    assert {(table, name): count for table, name, count in counted} == {
        key: each["failed_count"] for key, each in found.items()
    }
    late = found["incident", "known_within_30_days"]["keys"]
    assert late
    assert all({"file", "line", "source", "incident_id"} <= key.keys() for key in late)
    one = wardlight("failing", "incident.times_in_order_as_delivered", "--home", own)
    assert one.stdout.splitlines()[0].startswith("staging.incident: times_in_order_as_delivered (tolerated, as of ")
    assert "incidents" in one.stdout.splitlines()[1]


def test_without_a_warehouse_it_says_what_to_do(tmp_path: Path) -> None:
    told = wardlight("failing", "--home", tmp_path)
    assert told.returncode == 1
    assert "there is no warehouse yet" in told.stderr
    assert "Traceback" not in told.stderr
