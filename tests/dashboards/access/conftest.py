"""A release whose areas cannot be taken for anything else, and a server that asks people to sign in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboards import data_docs
from dashboards.access import accounts
from dashboards.access.configuration import Configuration, Grant
from dashboards.access.guard import Access
from dashboards.access.scope import BY_AREA
from dashboards.app import create_app
from dashboards.releases import Releases
from tests.dashboards import sample_release

PASSWORD = "three plain words"
PEOPLE = {
    "stella": Grant(role="steward"),
    "anna": Grant(role="analyst"),
    "victor": Grant(role="viewer"),
    "lian": Grant(role="analyst", areas=("zone-west", "zone-75")),
    "lost": Grant(role="steward", areas=("zone-nowhere",)),
}
WEST = [f"zone-{number}" for number in (40, 41, 42)]
OWN = {"lian": {"zone-west", *WEST, "zone-75"}, "lost": set()}
"""Areas that limited people may know of, beside the city."""
ZONE = re.compile(r"zone-[a-z0-9]+", re.ASCII)

RENAMED = """
update intervention_results set
  treated = regexp_replace(treated, '"(\\w+)"', '"zone-\\1"', 'g'),
  buffer = regexp_replace(buffer, '"(\\w+)"', '"zone-\\1"', 'g'),
  control = regexp_replace(control, '"(\\w+)"', '"zone-\\1"', 'g');
update areas set parent_id = 'zone-west' where area_id in ('zone-40', 'zone-41', 'zone-42');
update areas set title_en = 'Area ' || area_id, title_zh = '区 ' || area_id where area_id <> 'city';
insert into areas values ('zone-west', 'city', 'precinct', 'borough', 'West zone-west', '西区', 1, false, null);
insert into source_anomaly by name
  select * replace ('area_id' as field, 'mix' as metric, 'zone-73' as value) from source_anomaly limit 1;
update game_parameters set area_id = 'zone-73' where game_id = (select min(game_id) from games);
update expectation_results set observed = 'zone-73: 3', exception = case when exception is not null then 'zone-73' end;
update source_drift set suggestion = 'map zone-73';
"""


@pytest.fixture(scope="session")
def zones(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder with the sample's release, each area but the city called `zone-…`."""
    folder = tmp_path_factory.mktemp("zones")
    tables = [*sorted(BY_AREA), "areas", "game_parameters"]
    named = "".join(f"update {table} set area_id = 'zone-' || area_id where area_id <> 'city';" for table in tables)
    sample_release.write_changed(folder, home, named + RENAMED)
    docs = folder / data_docs.FOLDER
    docs.mkdir(parents=True)
    (docs / "index.html").write_text("<h1>zone-73 failed</h1>", encoding="utf-8")
    return folder


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> Iterator[None]:
    """Hash passwords as cheaply as scrypt allows: the tests try many."""
    patched = pytest.MonkeyPatch()
    patched.setattr(accounts, "METHOD", "scrypt:1024:8:1")
    yield
    patched.undo()


def make_people(home: Path) -> None:
    known = accounts.Accounts(home)
    for name, grant in PEOPLE.items():
        known.put(name, name.title(), grant, PASSWORD)


@pytest.fixture
def set_up(zones: Path, tmp_path: Path) -> Path:
    """A home folder of one's own with the same release, and people."""
    (tmp_path / "releases").symlink_to(zones / "releases")
    (tmp_path / "quality").symlink_to(zones / "quality")
    make_people(tmp_path)
    return tmp_path


def serve(home: Path, host: str = "127.0.0.1", **settings: Any) -> Flask:
    access = Access(home, Configuration.model_validate({"mode": "local"} | settings), host)
    server: Flask = create_app(Releases(home, access.scope), home / data_docs.FOLDER, access).server
    return server


@pytest.fixture
def server(set_up: Path) -> Flask:
    return serve(set_up)


def token_of(client: FlaskClient) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get("/sign-in").text)
    assert found
    return found[1]


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, to: str = "/", **headers: str) -> Any:
    form = {"user": name, "password": password, "token": token_of(client), "next": to}
    return client.post("/sign-in", data=form, headers=headers)


def signed_in(server: Flask, name: str) -> FlaskClient:
    client = server.test_client()
    assert sign_in(client, name).status_code == 303
    return client


def lines(home: Path) -> list[dict[str, Any]]:
    """The audit log, oldest first."""
    files = sorted((home / "audit").glob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
