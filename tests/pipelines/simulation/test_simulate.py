"""Writing the district: the same bytes for the same seed, any number of rows, and clear refusals."""

import hashlib
import json
from pathlib import Path

import click.testing
import pytest

from pipelines import cli
from pipelines.errors import SourceError
from pipelines.pack.city import KINDS, load_city_pack
from pipelines.simulation import stream
from pipelines.simulation.simulate import PACK, simulate
from tests.pipelines.simulation.recount import SOURCES, recount

PLACE = {"city.yml", "data/beats.geojson", "data/census_2022.csv"}


def _hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        simulate(tmp_path / name, 10_000, seed)
    one, again, other = (_hashes(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert one.keys() == other.keys()
    assert {name for name in one if one[name] == other[name]} == PLACE
    # Writing over an earlier simulation leaves nothing of it.
    simulate(tmp_path / "other", 10_000, 3)
    assert _hashes(tmp_path / "other") == one


@pytest.mark.slow
@pytest.mark.parametrize("rows", [10_000, 12_345])
def test_as_many_records_as_asked_for(rows: int, tmp_path: Path) -> None:
    told = simulate(tmp_path, rows, seed=1)
    assert sum(source["read"] for source in told["ledger"]["sources"].values()) == rows
    assert json.loads((tmp_path / "truth.json").read_text(encoding="utf-8")) == told
    lines = sum(path.read_bytes().count(b"\n") - 1 for path in (tmp_path / "data").glob("incidents_*.csv"))
    assert lines == told["ledger"]["sources"]["incidents"]["read"]


@pytest.mark.slow
def test_a_month_made_in_parts_is_counted_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "MOST_LINES_AT_ONCE", 40)
    told = simulate(tmp_path, 10_000, seed=5)["ledger"]["sources"]
    for name, source in SOURCES.items():
        found = recount(tmp_path / "data", source)
        assert dict(found.flags) == told[name]["flags"]
        assert (len(found.staged), found.statuses["deferred"], found.repeated_ids) == tuple(
            told[name][key] for key in ("staged", "deferred", "repeated_ids")
        )


@pytest.mark.slow
def test_a_month_s_file_has_the_incidents_of_that_month(district: Path) -> None:
    for path in (district / "data").glob("incidents_*.csv"):
        month = path.stem.removeprefix("incidents_")
        occurred = [line.split(",")[2] for line in path.read_text(encoding="utf-8").splitlines()[1:] if "," in line]
        # The rest are planted: newer versions that come a month later, and times that are none.
        assert sum(time.startswith(month) for time in occurred) > 0.6 * len(occurred), path.name


def test_the_pack_is_whole_and_names_the_files_that_are_written(district: Path) -> None:
    pack = load_city_pack(district)
    assert pack.kinds == KINDS
    assert (district / "city.yml").read_bytes() == PACK.read_bytes()
    named = [file.replace("{month}", "*") for source in pack.sources.values() for file in source.files]
    named += [each.file for each in pack.geographies.values()]
    named += [each.population.file for each in pack.geographies.values() if each.population]
    found = {path for pattern in named for path in district.glob(pattern)}
    assert found == set((district / "data").iterdir())


def test_a_folder_that_cannot_be_written_gives_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here", encoding="utf-8")
    with pytest.raises(SourceError, match="give a folder that can be written to"):
        simulate(tmp_path / "file" / "city", 10_000, seed=1)


@pytest.mark.slow
def test_the_command_says_what_it_wrote_and_refuses_too_few_rows(tmp_path: Path) -> None:
    runner = click.testing.CliRunner()
    done = runner.invoke(cli.main, ["simulate", "--out", str(tmp_path), "--rows", "10000", "--seed", "2"])
    assert done.exit_code == 0, done.output
    assert "10,000 records of 7 sources" in done.output
    assert (tmp_path / "truth.json").is_file()
    refused = runner.invoke(cli.main, ["simulate", "--out", str(tmp_path), "--rows", "99"])
    assert refused.exit_code == 2
    assert "10000" in refused.output
