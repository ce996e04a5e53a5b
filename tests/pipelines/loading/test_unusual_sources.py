"""Sources that are odd but right: columns named like Wardlight's own, hardly any content, another kind than before."""

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import SourceError
from pipelines.loading.kinds import FIRST_TIME
from pipelines.loading.records import load_kind
from tests.pipelines.small_pack import (
    AS_OF,
    CITY_YML,
    call,
    changed,
    counts,
    geojson,
    load,
    quarantined,
    square,
    staged,
    text_of,
    write_pack,
)

pytestmark = pytest.mark.slow

# Names of tables, columns and aliases that loading uses, and names that SQL must have quoted.
LIKE_OURS = (
    *("raw", "row_count", "_key", "_is_deleted", "delivery", "judged", "mapped", "walled", "point", "source", "kind"),
    *("batch_id", "line", "status", "day", "known_day", "reasons", "fields", "flags", "category", "occurred_at"),
    *("area_id", "geography", "select", "a.b", 'a"b', "it's", "x y", "1", "区", "?", "$1", "a;b--"),
)
MERGED_AND_DELETED = changed(
    "    fields:\n", "    merge: {priority: sum, category: max}\n    deleted: closed = 'void'\n    fields:\n"
)
# A mapping of what any kind must have, and of nothing else.
BARE = """\
  things:
    kind: {kind}
    title: {{en: Things, zh: 事}}
    geography: ward
    public_record: true
    files: [things.csv]
    fields:
      {kind}_id: id
      {first}: "strptime(start, '%Y-%m-%d %H:%M')"
      updated_at: "strptime(updated, '%Y-%m-%d %H:%M')"
"""


def csv_of(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


def test_columns_may_be_named_like_anything_of_ours(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    fields = CITY_YML[CITY_YML.index("    area: area\n") :]
    text = CITY_YML.replace(
        fields,
        "    fields:\n      incident_id: id\n      occurred_at: \"strptime(start, '%Y-%m-%d %H:%M')\"\n"
        "      category: {column: raw}\n      local_category: {column: category}\n      outcome: {column: 'a\"b'}\n",
    )
    march = "2016-03-01 10:00"
    rows = [
        ("1", march, *(f"{n} one" for n in range(len(LIKE_OURS)))),
        ("1", march, *(f"{n} other" for n in range(len(LIKE_OURS)))),
        ("2", "never", *(f"{n} bad" for n in range(len(LIKE_OURS)))),
        ("3", march, *(f"{n} sound" for n in range(len(LIKE_OURS)))),
    ]
    load(con, write_pack(tmp_path, {"calls.csv": csv_of(("id", "start", *LIKE_OURS), rows)}, text))
    told = {name: f"{n} sound" for n, name in enumerate(LIKE_OURS)}
    sound = ("3", told["raw"], told["category"], told['a"b'])
    assert staged(con, "incident_id, category, local_category, outcome")[1] == sound
    conflicting = con.execute(
        "select field from ledger.finding where finding = 'conflicting_id' and field is not null"
    ).fetchall()
    assert {row[0] for row in conflicting} == set(LIKE_OURS)
    for n, name in enumerate(LIKE_OURS):
        path = '$."' + name.replace('"', '\\"') + '"'
        [(kept,)] = con.execute(
            "select map_extract_value(from_json(raw_text, '\"MAP(VARCHAR, VARCHAR)\"'), ?) from quarantine.record",
            (name,),
        ).fetchall()
        assert kept == f"{n} bad", path
    assert counts(con) == {"read": 4, "accepted": 2, "superseded": 1, "quarantined": 1}


@pytest.mark.parametrize("name", ["_is_blank", "_M_category"])
def test_a_column_that_would_hide_one_of_ours_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str
) -> None:
    pack = write_pack(tmp_path, {"calls.csv": text_of([call("1")]).replace("what", name, 1)}, changed("what", "prio"))
    with pytest.raises(SourceError, match=name) as caught:
        load(con, pack)
    assert caught.value.remedy


def test_blanks_at_the_edges_of_a_cell_are_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    # Exports put a tab before numbers so that spreadsheets leave them alone.
    rows = [
        call("1", what="theft"),
        call("\t1", what="theft"),
        call(" 1\u00a0", what="theft\n"),
        call("\u30001", what="\ttheft \t"),
        call("\t \r\n", what="theft"),
        call("a b"),
        call("A b"),
    ]
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
    assert staged(con, "incident_id, category") == [("1", "theft"), ("A b", None), ("a b", None)]
    assert counts(con) == {"read": 7, "accepted": 3, "duplicate": 3, "quarantined": 1}
    assert quarantined(con)[0][0] == ["missing_id"]


def test_a_source_that_becomes_another_kind_leaves_the_old_one(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    def text(kind: str) -> str:
        return CITY_YML + BARE.format(kind=kind, first=FIRST_TIME[kind])

    first, second = text_of([call("1"), call("2")]), text_of([call("2"), call("3"), call("4", "never")])
    load(con, write_pack(tmp_path, {"things.csv": first}, text("service")))
    load(con, write_pack(tmp_path, {"things.csv": second}, text("service")))
    # Its file changes, too: what it displaces was of the other kind.
    load(con, write_pack(tmp_path, {"things.csv": first}, text("patrol")))
    assert staged(con, "source", "service") == []
    assert staged(con, "source, patrol_id", "patrol") == [("things", "1"), ("things", "2")]
    kinds = con.execute("select distinct kind from staging.receipt where source = 'things'").fetchall()
    assert kinds == [("patrol",)]
    load(con, write_pack(tmp_path, {"things.csv": second}, text("service")))
    assert staged(con, "source", "patrol") == []
    assert staged(con, "service_id", "service") == [("2",), ("3",)]
    assert counts(con) == {"read": 4, "accepted": 3, "quarantined": 1}


@pytest.mark.parametrize("kind", FIRST_TIME)
def test_every_kind_is_corrected_withdrawn_and_given_back(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, kind: str
) -> None:
    # Neither areas nor points.
    bare = BARE.format(kind=kind, first=FIRST_TIME[kind]).replace(
        "    fields:\n", "    deleted: what = 'x'\n    fields:\n"
    )
    text = CITY_YML[: CITY_YML.index("  calls:")] + bare
    old, new = call("1", updated="2016-03-02 10:00"), call("1", "2016-04-01 10:00", updated="2016-04-02 10:00")
    gone = call("1", what="x", updated="2016-05-01 10:00")
    day = date(2016, 3, 1)
    for rows, expected in (
        ([old], [("1", day)]),
        ([old, new], [("1", date(2016, 4, 1))]),
        ([old, new, gone], []),
        ([old], [("1", day)]),
    ):
        load(con, write_pack(tmp_path, {"things.csv": text_of(rows)}, text))
        assert staged(con, f"{kind}_id, day", kind) == expected
        assert staged(con, "area_id, flags", kind) == [(None, ["area_missing"])] * len(expected)


def test_two_sources_of_one_kind_may_use_the_same_ids(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = CITY_YML + BARE.format(kind="incident", first="occurred_at")
    files = {"calls.csv": text_of([call("1"), call("1"), call("2")]), "things.csv": text_of([call("1"), call("2")])}
    load(con, write_pack(tmp_path, files, text))
    both = [("calls", "1"), ("calls", "2"), ("things", "1"), ("things", "2")]
    assert staged(con, "source, incident_id") == both
    findings = con.execute("select source, finding, count from ledger.finding where finding = 'repeated_id'").fetchall()
    assert findings == [("calls", "repeated_id", 1)]
    load(con, write_pack(tmp_path, {**files, "things.csv": text_of([call("2"), call("3")])}, text))
    assert staged(con, "source, incident_id") == [*both[:2], ("things", "2"), ("things", "3")]


@pytest.mark.parametrize("content", ["", "[]"])
def test_files_without_records_load(con: duckdb.DuckDBPyConnection, tmp_path: Path, content: str) -> None:
    if content:
        text = changed("files: [calls.csv]", "files: [calls.json]\n    format: {reader: json}")
        pack = write_pack(tmp_path, {"calls.json": content}, text)
    else:
        pack = write_pack(tmp_path, {"calls.csv": text_of([])})
    assert load(con, pack).rows == 0
    assert counts(con) == {}
    assert con.execute('select count(*), sum("read")::bigint from ledger.batch').fetchall() == [(1, 0)]
    if content:
        written = '[{"id": "1", "area": "1", "start": "2016-03-01 10:00", "end": null, "closed": null, "updated": null,'
        written += ' "what": null, "prio": null, "x": null, "y": null}]'
        load(con, write_pack(tmp_path, {"calls.json": written}, text))
        assert staged(con, "incident_id") == [("1",)]
        load(con, write_pack(tmp_path, {"calls.json": content}, text))
        assert staged(con, "incident_id") == []


def test_very_long_texts_stay_whole(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    long = "long 'and' \"quoted\" 文 " * 2_000
    load(con, write_pack(tmp_path, {"calls.csv": text_of([call(long, what=long), call("2", "never", what=long)])}))
    assert staged(con, "incident_id, category") == [(long.strip(), long.strip())]
    [(raw_text,)] = con.execute("select raw_text->>'what' from quarantine.record").fetchall()
    assert raw_text == long


def test_an_as_of_before_everything_defers_everything(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [call("1"), call("1"), call(None), call("2", area="9"), call("3", "never")]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    load(con, pack)
    before = staged(con, "*")
    load(con, pack, date(1999, 1, 1))
    assert staged(con, "*") == []
    assert counts(con) == {"read": 5, "deferred": 4, "quarantined": 1}
    load(con, pack)
    assert staged(con, "*") == before
    assert counts(con) == {"read": 5, "accepted": 1, "duplicate": 1, "quarantined": 3}


def test_a_correction_that_breaks_a_rule_leaves_the_last_good_version(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    two = changed("files: [calls.csv]", "files: [calls.csv, late.csv]")
    good = text_of([call("1", what="good", updated="2016-03-02 10:00")])
    bad = text_of([call("1", area="9", what="bad", updated="2016-03-03 10:00")])
    load(con, write_pack(tmp_path, {"calls.csv": good, "late.csv": text_of([])}, two))
    load(con, write_pack(tmp_path, {"calls.csv": good, "late.csv": bad}, two))
    assert staged(con, "incident_id, category, flags") == [("1", "good", [])]
    assert counts(con) == {"read": 2, "accepted": 1, "quarantined": 1}
    # The area comes to be: the correction is a good one now.
    wards = geojson([square(at, ward=ward) for at, ward in enumerate("1239")])
    load(con, write_pack(tmp_path, {"calls.csv": good, "late.csv": bad, "wards.geojson": wards}, two))
    assert staged(con, "incident_id, category, area_id") == [("1", "bad", "ward-9")]
    # In a file that is replaced there is no good version any more.
    load(con, write_pack(tmp_path, {"calls.csv": bad, "late.csv": text_of([])}, two))
    assert staged(con, "incident_id") == []


def test_a_withdrawal_among_rows_that_are_merged_says_nothing_else(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [
        call("1", what="a", prio=1, updated="2016-03-02 10:00"),
        call("1", what="z", prio=5, closed="void", updated="2016-03-03 10:00"),
        call("1", what="b", prio=2, updated="2016-03-04 10:00"),
    ]
    for order in (rows, rows[::-1]):
        load(con, write_pack(tmp_path, {"calls.csv": text_of(order)}, MERGED_AND_DELETED))
        assert staged(con, "incident_id, category, priority") == [("1", "b", 3)]
        assert {"read": 3, "accepted": 1, "merged": 2}.items() <= counts(con).items()
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows[:2])}, MERGED_AND_DELETED))
    assert staged(con, "incident_id") == []
    assert load_kind(con, write_pack(tmp_path, {"calls.csv": text_of(rows[:2])}, MERGED_AND_DELETED), "incident", AS_OF)


def test_a_row_that_falls_due_stands_back_behind_a_newer_version(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [
        call("1", "2016-07-03 10:00", what="late", updated="2016-03-01 10:00"),
        call("1", "2016-03-01 10:00", what="newer", updated="2016-04-01 10:00"),
    ]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    load(con, pack)
    assert counts(con) == {"read": 2, "accepted": 1, "deferred": 1}
    assert load(con, pack, date(2016, 7, 3)).affected_days == ()
    assert staged(con, "category") == [("newer",)]
    assert counts(con) == {"read": 2, "accepted": 1, "superseded": 1}


def test_a_window_ends_with_its_last_day(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    starts = ("2016-02-29 23:59", "2016-03-01 00:00", "2016-03-31 23:59", "2016-04-01 00:00")
    pack = write_pack(tmp_path, {"calls.csv": text_of([call(str(n), start) for n, start in enumerate(starts)])})
    load(con, pack)
    found = load_kind(con, pack, "incident", AS_OF, (date(2016, 3, 1), date(2016, 3, 31)))
    assert found.judged == 2
    assert found.affected_days == (date(2016, 3, 1), date(2016, 3, 31))
