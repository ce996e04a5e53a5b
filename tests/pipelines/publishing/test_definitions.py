"""The hashes of what a figure is defined by change with what decides it, and with nothing else."""

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest

from indicators.catalogue.entries import Entry
from indicators.catalogue.reading import load_catalogue
from pipelines.pack.city import CityPack
from pipelines.publishing.definitions import definitions
from tests.pipelines.small_pack import CITY_YML, PEOPLE, changed, write_pack

SOURCES = pl.DataFrame([("B1", "calls"), ("B3", "calls")], schema=["indicator_id", "source"], orient="row")
PATROLS = """\
  patrols:
    kind: patrol
    title: {en: Patrols, zh: 巡逻}
    geography: ward
    files: [patrols.csv]
    public_record: true
    area: area
    fields: {patrol_id: id, started_at: "strptime(start, '%Y-%m-%d %H:%M')"}
"""


def entries(**changes: object) -> list[Entry]:
    """Give a rate, a weighted rate and a share of patrols; B1 with other fields."""
    chosen = {entry.id: entry for entry in load_catalogue()}
    return [chosen["B1"].model_copy(update=changes), chosen["B3"], chosen["patrol_minutes"]]


def hashes(pack: CityPack, given: list[Entry] | None = None) -> dict[str, tuple[str, str]]:
    found = definitions(pack, given or entries(), SOURCES)
    return {name: (definition, settings) for name, definition, settings, _ in found.iter_rows()}


def test_the_hash_of_a_definition_is_that_of_the_text_beside_it(tmp_path: Path) -> None:
    found = definitions(write_pack(tmp_path), entries(), SOURCES)
    for definition_hash, text in found.select("definition_hash", "definition").iter_rows():
        assert hashlib.sha256(f"{text}\0".encode()).hexdigest().startswith(definition_hash)
        assert {"measure", "numerator", "per"} <= json.loads(text).keys()


def test_an_entry_is_another_where_it_computes_another_figure(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    before = hashes(pack)
    said = hashes(pack, entries(caveats=load_catalogue()[5].caveats, decimals=3, reference="elsewhere"))
    assert said == before
    other = hashes(pack, entries(maturity_days=60))
    assert other["B1"][0] != before["B1"][0]
    assert other["B1"][1] == before["B1"][1]
    assert {name for name in before if other[name] != before[name]} == {"B1"}


@pytest.mark.parametrize(
    ("city", "people", "touched"),
    [
        (CITY_YML, PEOPLE, set()),
        (changed("{en: Calls, zh: 报警}", "{en: Reports, zh: 报警}"), PEOPLE, set()),
        (changed("files: [calls.csv]", 'files: [calls.csv, "more_*.csv"]'), PEOPLE, set()),
        (CITY_YML + PATROLS, PEOPLE, set()),
        (changed("category: what", "category: {constant: '0101'}"), PEOPLE, {"B1", "B3"}),
        (CITY_YML, PEOPLE.replace("3000", "4000"), {"B1", "B3"}),
        (changed("disclosure: open\n", "disclosure: open\nseverity_weights: {'0101': 9}\n"), PEOPLE, {"B3"}),
        (changed("time_zone: America/New_York", "time_zone: Asia/Shanghai"), PEOPLE, {"B1", "B3", "patrol_minutes"}),
    ],
    ids=["nothing", "title", "another file", "other source", "mapping", "residents", "weights", "time zone"],
)
def test_settings_are_others_for_the_indicators_that_rest_on_them(
    tmp_path: Path, city: str, people: str, touched: set[str]
) -> None:
    before = hashes(write_pack(tmp_path / "a"))
    now = hashes(write_pack(tmp_path / "b", {"people.csv": people}, city))
    assert {name for name in before if now[name] != before[name]} == touched
    assert {name for name in before if now[name][0] != before[name][0]} == set()


def test_what_is_published_of_one_indicator_decides_how_others_of_the_same_records_are_counted(tmp_path: Path) -> None:
    def chosen(profile: str, of: str) -> dict[str, tuple[str, str]]:
        said = f"disclosure:\n  profile: {profile}\n  indicators: {{{of}}}\n"
        return hashes(write_pack(tmp_path / "pack", {"people.csv": PEOPLE}, changed("disclosure: open\n", said)))

    for profile, touched in (("hes", {"B1", "B3"}), ("open", {"B3"})):
        before = chosen(profile, "")
        for of in ("B3: {finest: quarter}", "B3: {hidden_levels: [ward]}"):
            now = chosen(profile, of)
            assert {name for name in before if now[name] != before[name]} == touched
