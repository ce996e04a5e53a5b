"""`wardlight init` writes a pack that runs as it is, explains every section, and overwrites nothing."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines import cli
from pipelines.errors import PackError
from pipelines.pack import scaffold
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.pack.schema import SCHEMA_NAME, schema_text
from pipelines.pack.sources import Source
from pipelines.validating.preflight import check_pack
from pipelines.validating.trial import try_pack

pytestmark = pytest.mark.slow


@pytest.fixture
def started(tmp_path: Path) -> Path:
    scaffold.write(tmp_path / "pack")
    return tmp_path / "pack"


def test_the_command_writes_a_pack_that_fits_its_files(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli.main, ["init", str(tmp_path / "mine")])
    assert done.exit_code == 0, done.output
    assert f"wardlight validate --city {tmp_path / 'mine'}" in done.output
    fit = check_pack(load_city_pack(tmp_path / "mine"))
    assert (fit.sources, fit.files) == (2, 2)
    assert (tmp_path / "mine" / SCHEMA_NAME).read_text(encoding="utf-8") == schema_text()


def test_its_rows_show_what_a_trial_tells(started: Path) -> None:
    trial = try_pack(load_city_pack(started))
    assert trial.errors == []
    calls, requests = trial.sources
    assert calls.rows["read"] == 61
    assert (calls.rows["accepted"], calls.rows["quarantined"], calls.rows["duplicate"]) == (58, 2, 1)
    assert {each.reason for each in calls.quarantined} == {"unknown_area", "unparseable_time"}
    assert calls.left_out[0].examples == {"noise": 2}
    assert requests.rows["accepted"] == requests.rows["read"] == 40
    assert [(each.distinct, each.rows) for each in requests.left_out] == []
    for source in trial.sources:
        assert source.areas_without_records == []
        assert source.empty_fields == []
        assert {each.what for each in source.drift} <= {"unknown_category"}  # the noise


@pytest.mark.parametrize("name", ["city.yml", "data/calls.csv", SCHEMA_NAME])
def test_nothing_is_overwritten(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(PackError, match="not overwritten") as caught:
        scaffold.write(tmp_path)
    assert caught.value.file == str(path)
    assert [each for each in tmp_path.rglob("*") if each.is_file()] == [path]
    assert path.read_text(encoding="utf-8") == "mine"


def test_files_of_the_users_own_may_lie_there(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    scaffold.write(tmp_path)
    assert (tmp_path / "notes.txt").read_text(encoding="utf-8") == "mine"
    assert load_city_pack(tmp_path).name == "my_city"


def test_a_folder_that_cannot_be_made_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = CliRunner().invoke(cli.main, ["init", str(tmp_path / "file" / "pack")])
    assert done.exit_code == 1
    assert "What to do:" in done.output


def test_every_key_that_a_source_may_have_is_shown(started: Path) -> None:
    """In use or in a comment: whoever reads the scaffold has seen every section, origin and kind of key once."""
    text = (started / "city.yml").read_text(encoding="utf-8")
    rare = {"merge", "deleted", "silent_after_days"}  # in docs/city-pack.md
    for key in {*Source.model_fields, *CityPack.model_fields} - rare:
        assert f"{key}:" in text, key


def test_the_commented_sources_are_right_once_the_signs_are_taken_away(started: Path) -> None:
    path = started / "city.yml"
    lines = path.read_text(encoding="utf-8").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("  # patrols:"))
    uncommented = [line.replace("  # ", "  ", 1) if not line.endswith("arcgis.") else "" for line in lines[at:]]
    path.write_text("\n".join([*lines[:at], *uncommented]) + "\n", encoding="utf-8")
    pack = load_city_pack(started)
    assert pack.sources["patrols"].database is not None
    assert pack.sources["permits"].api is not None


def test_the_geojson_is_one(started: Path) -> None:
    features = json.loads((started / "data" / "districts.geojson").read_text(encoding="utf-8"))["features"]
    assert [feature["properties"]["code"] for feature in features] == ["D1", "D2", "D3"]
