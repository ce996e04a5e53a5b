"""The command line: what it says, and how it fails."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from indicators.catalogue.reading import CatalogueError
from pipelines import cli
from pipelines.errors import PackError
from tests.conftest import NYC


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli.main, [str(argument) for argument in arguments])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    "command", ["nightly", "validate", "init", "schema", "status", "failing", "serve", "demo", "release"]
)
def test_every_command_has_help(command: str) -> None:
    code, output = run(command, "--help")
    assert code == 0
    assert "Usage:" in output


@pytest.mark.slow
def test_validate_tells_that_a_pack_fits() -> None:
    code, output = run("validate", "--quick", "--city", NYC)
    assert code == 0, output
    assert "4 sources in 5 files" in output


def test_the_schema_is_printed_or_written(tmp_path: Path) -> None:
    code, output = run("schema")
    assert code == 0
    assert json.loads(output)["title"] == "Wardlight city pack"
    assert run("schema", "--out", tmp_path / "s.json") == (0, "")
    assert (tmp_path / "s.json").read_text(encoding="utf-8") == output


@pytest.mark.slow
def test_validate_names_file_line_field_and_remedy(tmp_path: Path) -> None:
    text = (NYC / "city.yml").read_text(encoding="utf-8").replace("data/", f"{NYC}/data/")
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "incident_id: uid" in row)
    (tmp_path / "city.yml").write_text(text.replace("incident_id: uid", "incident_id: uuid_no"), encoding="utf-8")
    code, output = run("validate", "--city", tmp_path)
    assert code == 1
    assert f"city.yml:{line}, field sources.thefts.fields.incident_id" in output
    assert "uuid_no" in output
    assert "What to do:" in output


@pytest.mark.parametrize("arguments", [("status",), ("release", "show"), ("release", "rollback")])
def test_without_a_release_the_remedy_is_told(arguments: tuple[str, ...], tmp_path: Path) -> None:
    code, output = run(*arguments, "--home", tmp_path)
    assert code == 1
    assert "What to do:" in output


def test_a_pack_without_as_of_asks_for_one(tmp_path: Path) -> None:
    text = (NYC / "city.yml").read_text(encoding="utf-8")
    pinned = next(row for row in text.splitlines() if row.startswith("as_of:"))
    (tmp_path / "city.yml").write_text(text.replace(pinned, ""), encoding="utf-8")
    code, output = run("nightly", "--city", tmp_path, "--home", tmp_path / "home")
    assert code == 1
    assert "--as-of" in output


def test_an_error_for_people_is_found_behind_others() -> None:
    behind = RuntimeError("definitions did not load")
    behind.__cause__ = CatalogueError("B1.yml:3: unit: missing")
    assert str(cli._told(behind)) == "B1.yml:3: unit: missing"
    assert cli._told(KeyError("x")) is None
    assert isinstance(cli._told(PackError("x")), PackError)


@pytest.mark.slow
def test_releases_are_listed_shown_and_rolled_back(nyc_home: Path) -> None:
    code, listed = run("release", "list", "--home", nyc_home)
    assert code == 0
    assert listed.startswith("*  2016-12-31-0001-")
    code, shown = run("release", "show", "--home", nyc_home)
    assert code == 0
    assert json.loads(shown)["as_of"] == "2016-12-31"
    code, told = run("release", "rollback", "--home", nyc_home)
    assert code == 1
    assert "no earlier release" in told
