"""Loading a kind: which row of an id wins, what is merged, which days are rewritten, whatever the order of arrival."""

import tempfile
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.loading.records import load_kind
from pipelines.pack.city import CityPack
from tests.pipelines import small_pack
from tests.pipelines.small_pack import AS_OF, CITY_YML, call, changed, counts, load, staged, text_of, write_pack

pytestmark = pytest.mark.slow

FILES = ("one.csv", "two.csv", "three.csv")
THREE_FILES = changed("files: [calls.csv]", f"files: [{', '.join(FILES)}]")
DELETED_IN_THREE = THREE_FILES.replace("    fields:\n", "    deleted: what = 'withdrawn'\n    fields:\n")
# Everything of a staged record but the batch that it happens to come from.
CONTENT = "* exclude (batch_id, line)"
MERGE = (
    CITY_YML[: CITY_YML.index("    fields:")]
    + """\
    merge: {victims: sum, victims_killed: sum, priority: max}
    fields:
      incident_id: id
      occurred_at: start::timestamp
      category: what
      priority: prio
      victims: {constant: 1}
      victims_killed: "case when what = '0101' then 1 else 0 end"
"""
)

Row = dict[str, str]
Delivery = tuple[list[Row], list[Row], list[Row]]


def deliver(folder: Path, rows: Sequence[Sequence[Row]], city_yml: str = THREE_FILES) -> CityPack:
    """Write one list of rows into each of the files."""
    files = dict(zip(FILES, map(text_of, rows), strict=True))
    return write_pack(folder, dict(files), city_yml)


def everything(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    """Give all that a load writes and that must not depend on how the rows arrived."""
    accepted = "select * exclude (status, row_count), sum(row_count) from staging.receipt group by all order by all"
    quarantine = "select reasons, fields, day, area_id, count(*) from quarantine.record group by all order by all"
    return {
        "staging": staged(con, CONTENT),
        "receipts": con.execute(accepted).fetchall(),
        "quarantine": con.execute(quarantine).fetchall(),
        "findings": con.execute("from ledger.finding order by all").fetchall(),
    }


class Expected(NamedTuple):
    """What plain Python makes of rows: counts by status, and the content of the possible winners by id."""

    counts: dict[str, int]
    winners: dict[str, set[tuple[object, ...]]]


def by_hand(rows: Sequence[Row], as_of: date) -> Expected:
    """Judge rows without the engine."""
    found: dict[str, int] = defaultdict(int)
    contents: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in rows:
        start, until, updated = (moment(row[column]) for column in ("start", "end", "updated"))
        if start and until and until < start:
            until = None
        known = None if start is None else max(start, until or start).date()
        found["read"] += 1
        if known is not None and known > as_of:
            found["deferred"] += 1
        elif start is None or not row["id"] or row["area"] == "9" or start.date() < date(2016, 1, 1):
            found["quarantined"] += 1
        else:
            priority = int(row["prio"]) if row["prio"].isdigit() else None
            contents[row["id"]].append((start, until, updated, row["what"] or None, priority, row["area"] or None))
    winners = {}
    for identity, versions in contents.items():
        known = [version for version in versions if version[2] is None or version[2].date() <= as_of]
        # A version of later stands for the record only where there is no other; then the first of them does.
        best = max if known else min
        standing = best((version[2] for version in known or versions if version[2]), default=None)
        candidates = {version for version in known or versions if version[2] == standing}
        due = known or [version for version in versions if version[2] == standing]
        found["accepted"] += 1
        found["deferred"] += len(versions) - len(due)
        found["duplicate"] += len(due) - len(set(due))
        found["superseded"] += len(set(due)) - 1
        winners[identity] = {(*each[:2], each[2] if known else None, *each[3:]) for each in candidates}
    return Expected({status: count for status, count in found.items() if count}, winners)


def moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - local wall time
    except ValueError:
        return None


rows_of_all_sorts = st.builds(
    call,
    identity=st.sampled_from(["a", "a", "b", "c", None]),
    start=st.sampled_from(
        [
            "2016-03-01 10:00",
            "2016-03-01 10:00",
            "2016-06-30 23:59",
            "2016-07-02 00:00",
            "2015-12-31 10:00",
            "soon",
            None,
        ]
    ),
    until=st.sampled_from([None, None, "2016-03-02 10:00", "2016-07-01 10:00", "2016-02-01 10:00"]),
    updated=st.sampled_from([None, None, "2016-03-05 10:00", "2016-05-05 10:00", "2016-07-01 10:00"]),
    what=st.sampled_from(["theft", "assault", ""]),
    prio=st.sampled_from(["1", "", "urgent"]),
    area=st.sampled_from(["1", "2", "", "9"]),
)
lists_of_rows = st.lists(rows_of_all_sorts, max_size=9)
dates = st.sampled_from([date(2016, 5, 1), AS_OF, date(2016, 7, 3)])


@pytest.mark.slow
@settings(deadline=None, max_examples=5)
@given(lists_of_rows, dates, st.randoms(use_true_random=False))
def test_any_order_and_splitting_gives_the_same_warehouse(rows: list[Row], as_of: date, chance: Random) -> None:
    shuffled: Delivery = ([], [], [])
    mixed = list(rows)
    chance.shuffle(mixed)
    for row in mixed:
        chance.choice(shuffled).append(row)
    expected = by_hand(rows, as_of)
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for name, delivery in (("together", (rows, [], [])), ("apart", shuffled)):
            with small_pack.warehouse() as con:
                load(con, deliver(Path(folder) / name, delivery), as_of)
                found.append(everything(con))
                assert counts(con) == expected.counts
                columns = (
                    "incident_id, occurred_local, occurred_until_local, updated_local, category, priority, area_id"
                )
                for identity, *content in staged(con, columns):
                    content[-1] = None if content[-1] is None else str(content[-1]).removeprefix("ward-")
                    assert tuple(content) in expected.winners.pop(str(identity))
                assert not expected.winners
            expected = by_hand(rows, as_of)
        assert found[0] == found[1]


@pytest.mark.slow
@settings(deadline=None, max_examples=12)
@given(st.lists(st.tuples(st.tuples(lists_of_rows, lists_of_rows, lists_of_rows), dates), min_size=2, max_size=3))
def test_any_history_of_deliveries_ends_as_one_load_of_the_last(history: list[tuple[Delivery, date]]) -> None:
    with tempfile.TemporaryDirectory() as folder, small_pack.warehouse() as con, small_pack.warehouse() as fresh:
        for delivery, as_of in history:
            load(con, deliver(Path(folder), delivery), as_of)  # checks the ledger's identities
            assert counts_without_displaced(con) == by_hand([row for rows in delivery for row in rows], as_of).counts
        load(fresh, deliver(Path(folder), history[-1][0]), history[-1][1])
        assert everything(con) == everything(fresh)
        assert load(con, deliver(Path(folder), history[-1][0]), history[-1][1]).affected_days == ()


def counts_without_displaced(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return {status: count for status, count in counts(con).items() if status not in ("replaced", "deleted")}


def test_the_newest_row_of_an_id_wins(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("1", what="old", updated="2016-03-01 10:00"),
        call("1", what="new", updated="2016-03-03 10:00"),
        call("1", what="undated"),
        call("1", what="new", updated="2016-03-03 10:00"),
        call("2", what="alone"),
    ]
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
    assert staged(con, "incident_id, category, flags") == [("1", "new", []), ("2", "alone", [])]
    assert counts(con) == {"read": 5, "accepted": 2, "duplicate": 1, "superseded": 2}


def test_rows_that_no_time_of_update_tells_apart_have_one_winner_in_any_order(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    words = ("red", "green", "blue")
    winners = set()
    for order in (words, words[::-1], words[1:] + words[:1]):
        load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1", what=word) for word in order])}))
        [(winner, flags)] = staged(con, "category, flags")
        assert flags == ["conflicting_id"]
        winners.add(winner)
    assert len(winners) == 1


def test_a_version_of_later_waits_where_there_is_an_earlier_one(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("1", what="first", updated="2016-03-02 10:00"),
        call("1", "2016-04-01 10:00", what="moved", updated="2016-07-02 10:00"),
        call("2", what="only", updated="2016-07-02 10:00"),
    ]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    load(con, pack)
    assert staged(con, "incident_id, category, updated_at is null") == [("1", "first", False), ("2", "only", True)]
    assert counts(con) == {"read": 3, "accepted": 2, "deferred": 1}
    moved = load(con, pack, date(2016, 7, 2))
    assert moved.affected_days == (date(2016, 3, 1), date(2016, 4, 1))
    assert staged(con, "incident_id, category, day") == [
        ("1", "moved", date(2016, 4, 1)),
        ("2", "only", date(2016, 3, 1)),
    ]
    assert counts(con) == {"read": 3, "accepted": 2, "superseded": 1}


def test_a_withdrawn_record_disappears_and_may_come_back(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    stated = call("1", what="theft", updated="2016-03-02 10:00")
    load(con, deliver(tmp_path, ([stated, call("2")], [], []), DELETED_IN_THREE))
    withdrawn = call("1", None, area=None, what="withdrawn", updated="2016-03-05 10:00")
    gone = load(con, deliver(tmp_path, ([stated, call("2")], [withdrawn], []), DELETED_IN_THREE))
    assert gone.affected_days == (date(2016, 3, 1),)
    assert staged(con, "incident_id") == [("2",)]
    assert counts(con) == {"read": 3, "accepted": 2, "superseded": 1, "deleted": 1}
    again = call("1", what="assault", updated="2016-03-09 10:00")
    load(con, deliver(tmp_path, ([stated, call("2")], [withdrawn], [again]), DELETED_IN_THREE))
    assert staged(con, "incident_id, category") == [("1", "assault"), ("2", None)]
    assert counts(con) == {"read": 4, "accepted": 2, "superseded": 2}


def test_a_withdrawal_without_a_time_is_the_last_word_in_any_order(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [call("1", updated="2016-03-02 10:00"), call("1", None, what="withdrawn"), call("2")]
    for order in (rows, rows[::-1]):
        load(con, deliver(tmp_path, ([], order, []), DELETED_IN_THREE))
        assert staged(con, "incident_id") == [("2",)]


def test_rows_of_one_content_and_different_marks_are_one_record_in_any_order(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [call("1", prio="urgent"), call("1"), call("1", prio="soon")]
    for order in (rows, rows[::-1], rows[1:] + rows[:1]):
        load(con, write_pack(tmp_path, {"calls.csv": text_of(order)}))
        assert staged(con, "priority, flags") == [(None, ["unusable:priority"])]
        assert counts_without_displaced(con) == {"read": 3, "accepted": 1, "duplicate": 2}


def test_rows_of_several_victims_are_one_incident(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("1", what="0201", prio=1, x=0.2, y=0.9),
        call("2", what="0201"),
        call("1", what="0101", prio=3, x=0.8, y=0.1),
        call("1", what="0201", prio=2),
        call("1", "2016-07-09 10:00", what="0101"),
    ]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)}, MERGE)
    load(con, pack)
    columns = "incident_id, victims, victims_killed, category, priority, lon, lat, flags"
    assert staged(con, columns) == [
        ("1", 3, 1, "0101", 3, 0.8, 0.1, []),
        ("2", 1, 0, "0201", None, None, None, []),
    ]
    assert counts(con) == {"read": 5, "accepted": 2, "merged": 2, "deferred": 1}
    before = staged(con, CONTENT)
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows[::-1])}, MERGE))
    assert staged(con, CONTENT) == before
    assert counts(con)["replaced"] == 2


@pytest.mark.parametrize("further", ["0101", "0201"])
def test_one_more_victim_changes_the_incident(con: duckdb.DuckDBPyConnection, tmp_path: Path, further: str) -> None:
    load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1", what="0201")])}, MERGE))
    rows = [call("1", what="0201"), call("1", what=further)]
    changes = load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}, MERGE))
    assert changes.affected_days == (date(2016, 3, 1),)
    assert staged(con, "victims") == [(2,)]


def places(con: duckdb.DuckDBPyConnection) -> dict[object, object]:
    """Give the physical row numbers of staging by id: rows that were written anew have new ones."""
    return dict(con.execute("select incident_id, rowid from staging.incident").fetchall())


def test_only_records_that_differ_are_rewritten(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    # A late file holds the changes: the early one's records keep their batch.
    early = [call(f"e{day}-{n}", f"2016-03-0{day} 10:00") for day in range(1, 8) for n in range(3)]
    late = [call("moves", "2016-03-02 09:00"), call("goes", "2016-03-04 09:00")]
    first = load(con, deliver(tmp_path, (early, late, [])))
    assert first.affected_days == tuple(date(2016, 3, day) for day in range(1, 8))
    before = places(con)
    second = load(con, deliver(tmp_path, (early, [call("moves", "2016-03-06 09:00")], [])))
    assert second.affected_days == tuple(date(2016, 3, day) for day in (2, 4, 6))
    after = places(con)
    assert {identity for identity in before if before[identity] != after.get(identity)} == {"moves", "goes"}
    assert second.rows == len(early) + 1


def test_a_window_is_rewritten_whether_it_differs_or_not(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [call(str(day), f"2016-03-0{day} 10:00") for day in range(1, 8)]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    load(con, pack)
    before = staged(con, "*")
    window = (date(2016, 3, 2), date(2016, 3, 3))
    assert load_kind(con, pack, "incident", AS_OF, window).affected_days == window
    assert staged(con, "*") == before


def test_two_steps_of_as_of_are_one_step(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call(str(month), f"2016-0{month}-10 10:00", closed="2016-05-20 10:00", what=f"m{month}")
        for month in range(1, 7)
    ]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    load(con, pack, date(2016, 3, 31))
    assert counts(con) == {"read": 6, "accepted": 3, "deferred": 3}
    assert staged(con, "closed_at") == [(None,)] * 3
    in_march = everything(con)
    stepped = load(con, pack, AS_OF)
    assert len(stepped.affected_days) == 6
    in_june = everything(con)
    with small_pack.warehouse() as fresh:
        load(fresh, pack, AS_OF)
        assert everything(fresh) == in_june
    load(con, pack, date(2016, 3, 31))
    assert everything(con) == in_march


def test_records_follow_their_source_to_another_geography(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = CITY_YML.replace("    area: area\n    coordinates: {x: x, y: y}\n", "")
    load(con, write_pack(tmp_path, city_yml=text))
    assert staged(con, "geography") == [("ward",)]
    load(
        con,
        write_pack(
            tmp_path, city_yml=text.replace("  ward:\n", "  beat:\n").replace("y: ward\n    p", "y: beat\n    p")
        ),
    )
    assert staged(con, "geography") == [("beat",)]


def test_a_source_that_the_pack_names_no_longer_leaves_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    patrols = """\
  walks:
    kind: patrol
    title: {en: Walks, zh: 巡逻}
    geography: ward
    public_record: true
    files: [walks.csv]
    fields: {patrol_id: id, started_at: start::timestamp}
"""
    files = {"walks.csv": text_of([call("w1"), call("w2", "never")])}
    load(con, write_pack(tmp_path, files, CITY_YML + patrols))
    assert staged(con, "source, patrol_id", "patrol") == [("walks", "w1")]
    load(con, write_pack(tmp_path))
    assert staged(con, "*", "patrol") == []
    for table in ("quarantine.record", "staging.receipt", "ledger.batch", "ledger.finding"):
        assert con.execute(f"select count(*) from {table} where source = 'walks'").fetchall() == [(0,)]
    load(con, write_pack(tmp_path, files, CITY_YML + patrols))
    assert staged(con, "source, patrol_id", "patrol") == [("walks", "w1")]
