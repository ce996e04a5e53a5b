"""A trial tells what a run makes of a pack's files, row for row, and keeps nothing."""

import json
import tempfile
from datetime import date
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from pipelines import cli
from pipelines.pack.city import CityPack
from pipelines.validating.trial import MOST_LISTED, WITHHELD, Quarantined, try_pack
from tests.pipelines.small_pack import AS_OF, CITY_YML, call, changed, counts, load, text_of, write_pack

pytestmark = pytest.mark.slow

CATEGORY = "      category: what\n"
TABLE = "      category: {column: what, values: {theft: '0502', '-': null}}\n"
ROWS = [
    call("1", what="theft", prio=1, x=0.5, y=0.5),
    call("1", what="theft", prio=1, x=0.5, y=0.5),
    call("2", "2016-04-01 08:00", what="noise", prio="high", x=0.5, y=0.5),
    call("3", "2016-04-02 08:00", area="9", what="noise", prio=2),
    call("4", "soon", what="theft", prio=2),
    call(None, what="theft", prio=2),
    call("5", "2016-07-02 08:00", what="row", prio=2),
    call("6", "2016-05-01 08:00", area="2", what="-", prio=2, closed="2016-05-02 08:00", x=1.5, y=0.5),
]
CALLS = text_of(ROWS) + "7,only three,cells\n"


def pack_of(folder: Path, text: str = CITY_YML.replace(CATEGORY, TABLE), calls: str = CALLS) -> CityPack:
    return write_pack(folder, {"calls.csv": calls}, city_yml=text)


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli.main, ["validate", *map(str, arguments)])
    return done.exit_code, done.output


def test_a_trial_tells_what_a_run_makes_of_every_row(tmp_path: Path, con: duckdb.DuckDBPyConnection) -> None:
    pack = pack_of(tmp_path)
    trial = try_pack(pack)
    (calls,) = trial.sources
    assert trial.errors == []
    assert trial.as_of == AS_OF
    load(con, pack)
    assert {status: rows for status, rows in calls.rows.items() if rows} == counts(con)
    assert calls.rows["read"] == len(ROWS) + 1
    assert (calls.first_day, calls.last_day) == (date(2016, 3, 1), date(2016, 5, 1))
    assert sorted(calls.quarantined, key=lambda each: each.line) == [
        Quarantined("unknown_area", "area_id", 1, "calls.csv", 5, "'9'"),
        Quarantined("unparseable_time", "occurred_at", 1, "calls.csv", 6, "'soon'"),
        Quarantined("missing_id", "incident_id", 1, "calls.csv", 7, ""),
        Quarantined("malformed_line", "", 1, "calls.csv", 10, "3 columns instead of 10"),
    ]
    assert calls.rows["deferred"] == 1


def test_texts_that_a_value_table_leaves_out_are_counted(tmp_path: Path) -> None:
    (calls,) = try_pack(pack_of(tmp_path)).sources
    (left_out,) = calls.left_out
    assert (left_out.field, left_out.column, left_out.distinct, left_out.rows) == ("category", "what", 2, 3)
    assert left_out.examples == {"noise": 2, "row": 1}


def test_a_table_with_otherwise_leaves_nothing_out(tmp_path: Path) -> None:
    text = CITY_YML.replace(CATEGORY, TABLE.replace("}}", "}, otherwise: none}"))
    assert try_pack(pack_of(tmp_path, text)).sources[0].left_out == []


def test_a_text_that_means_nothing_is_not_left_out(tmp_path: Path) -> None:
    text = CITY_YML.replace(CATEGORY, TABLE).replace("    area: area\n", "    area: area\n    null_texts: [noise]\n")
    assert try_pack(pack_of(tmp_path, text)).sources[0].left_out[0].examples == {"row": 1}


def test_of_many_texts_the_most_frequent_are_listed_and_all_counted(tmp_path: Path) -> None:
    rows = [call(str(at), what=f"kind {at % 80}") for at in range(80 + 7)]
    (left_out,) = try_pack(pack_of(tmp_path, calls=text_of(rows))).sources[0].left_out
    assert (left_out.distinct, left_out.rows, len(left_out.examples)) == (80, 87, MOST_LISTED)
    assert list(left_out.examples.items())[:2] == [("kind 0", 2), ("kind 1", 2)]


def test_areas_are_held_against_the_geography_both_ways(tmp_path: Path) -> None:
    (calls,) = try_pack(pack_of(tmp_path)).sources
    assert calls.unknown_areas is not None
    assert calls.unknown_areas.examples == {"9": 1}
    assert (calls.areas, calls.areas_without_records) == (3, ["3"])


def test_fields_tell_how_far_they_are_filled_and_used(tmp_path: Path) -> None:
    (calls,) = try_pack(pack_of(tmp_path)).sources
    filled = {each.field: (each.records, each.unusable) for each in calls.fields}
    assert calls.rows["accepted"] == 3
    assert filled["priority"] == (2, 1)
    assert filled["occurred_at"] == (3, 0)
    assert filled["category"] == (1, 1)
    assert calls.empty_fields == ["occurred_until", "updated_at"]


def test_as_of_may_be_given_and_without_one_everything_counts(tmp_path: Path) -> None:
    pack = pack_of(tmp_path)
    assert try_pack(pack, date(2016, 4, 1)).sources[0].rows["deferred"] == 3
    unpinned = pack_of(tmp_path / "b", CITY_YML.replace(CATEGORY, TABLE).replace("as_of: 2016-06-30\n", ""))
    trial = try_pack(unpinned)
    assert trial.as_of is None
    assert trial.sources[0].rows["deferred"] == 0
    assert trial.sources[0].last_day == date(2016, 7, 2)


def test_what_may_identify_a_person_is_withheld(tmp_path: Path) -> None:
    text = CITY_YML.replace(CATEGORY, TABLE).replace(
        "    area: area\n", "    area: area\n    personal: [area, what, start]\n"
    )
    calls = text_of([call("1", area="Mrs Miller", what="loud son"), call("2", "yesterday"), call("3")]) + "Jim,x,y\n"
    code, told = run("--city", pack_of(tmp_path, text, calls).folder, "--json")
    assert code == 1
    told += run("--city", tmp_path)[1]
    assert WITHHELD in told
    for clear in ("Miller", "loud son", "yesterday", "Jim"):
        assert clear not in told


def test_a_source_of_which_nothing_is_accepted_does_not_fit(tmp_path: Path) -> None:
    code, told = run("--city", pack_of(tmp_path, calls=text_of([call("1", "soon"), call("2", "later")])).folder)
    assert code == 1
    assert "none of the 2 rows of calls is accepted" in told
    assert "unparseable_time" in told
    assert "'soon'" in told


def test_a_damaged_file_is_an_error_and_the_other_sources_are_tried(tmp_path: Path) -> None:
    second = CITY_YML[CITY_YML.index("  calls:\n") :].replace("  calls:", "  others:").replace("calls.csv", "b.csv.gz")
    write_pack(tmp_path, {"calls.csv": CALLS, "b.csv.gz": b"\x1f\x8b\x08 this is no gzip"}, city_yml=CITY_YML + second)
    code, told = run("--city", tmp_path, "--json")
    assert code == 1
    found = json.loads(told)
    assert not found["fits"]
    assert found["errors"][0]["file"] == str(tmp_path / "b.csv.gz")


def test_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = pack_of(tmp_path / "pack")
    before = sorted(pack.folder.rglob("*"))
    (tmp_path / "temp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temp"))
    try_pack(pack)
    assert sorted(pack.folder.rglob("*")) == before
    assert list((tmp_path / "temp").iterdir()) == []


def test_the_report_fits_a_page_and_says_what_to_do(tmp_path: Path) -> None:
    code, told = run("--city", pack_of(tmp_path).folder)
    assert code == 0
    # The last line tells the pack's path, however long.
    assert max(map(len, told.splitlines()[:-1])) <= 100
    assert "9 rows = 3 accepted + 4 in quarantine + 1 repeated + 1 deferred (after as_of)" in told
    for said in ("calls.csv:5", "noise (2), row (1)", "add them to its `values`, or give `otherwise`", "mend"):
        assert said in told
    assert "1 of 3 areas have no record: 3" in told
    assert "occurred_until, updated_at" in told
    assert told.splitlines()[-1].endswith("7 fields mapped, 6 areas, as of 2016-06-30")


def test_for_machines_it_is_json(tmp_path: Path) -> None:
    code, told = run("--city", pack_of(tmp_path).folder, "--json")
    assert code == 0
    found = json.loads(told)
    assert found["fits"]
    assert found["as_of"] == "2016-06-30"
    (calls,) = found["sources"]
    assert calls["rows"]["accepted"] == 3
    assert calls["left_out"][0]["examples"] == {"noise": 2, "row": 1}
    assert calls["empty_fields"] == ["occurred_until", "updated_at"]


def test_quick_reads_no_file_through(tmp_path: Path) -> None:
    pack_of(tmp_path, calls=text_of([call("1", "soon")]))
    code, told = run("--city", tmp_path, "--quick")
    assert code == 0
    assert told.strip().endswith("7 fields mapped, 6 areas")


@pytest.mark.parametrize("quick", [[], ["--quick"]])
def test_all_mistakes_of_a_pack_are_printed(tmp_path: Path, quick: list[str]) -> None:
    text = changed(CATEGORY, "      category: whta\n").replace("priority: prio", "priority: proi")
    code, told = run("--city", pack_of(tmp_path, text).folder, *quick)
    assert code == 1
    assert told.count("What to do:") == 2
    assert "mean what?" in told
    assert "mean prio?" in told
    found = json.loads(run("--city", tmp_path, "--json", *quick)[1])
    assert [each["field"] for each in found["errors"]] == [
        "sources.calls.fields.category",
        "sources.calls.fields.priority",
    ]
