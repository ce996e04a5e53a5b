"""Any history of deliveries, packs and runs ends as one clean load of the final state, and balances at each step.

The files, the pack and the date change step by step; plain Python keeps track of what was read and what becomes of it.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pipelines.loading import areas, context, ledger
from pipelines.loading.records import Again, Load, load_kind
from pipelines.pack.city import CityPack
from pipelines.pulling.pull import pull_source
from tests.pipelines import small_pack
from tests.pipelines.small_pack import AS_OF, CITY_YML, call, staged, text_of, write_pack

pytestmark = pytest.mark.slow

LITERAL = ("one.csv", "two.csv")
DATED = {
    "calls_2016-03.csv": (date(2016, 3, 1), date(2016, 3, 31)),
    "calls_2016-06.csv": (date(2016, 6, 1), date(2016, 6, 30)),
}
FILES = (*LITERAL, *DATED)
MARCH = (date(2016, 3, 1), date(2016, 3, 31))
# Tables of rows or counts that no history may change, without the batch and line that arrival decides.
COMPARED = {
    "staging": "select * exclude (batch_id, line) from staging.incident",
    "receipts": "from staging.receipt",
    "quarantine": "select * exclude (batch_id, line) from quarantine.record",
    "aside": "select * exclude (batch_id, line) from ledger.unstaged",
    "findings": "from ledger.finding",
    "repeated": "select * replace (list_sort(differing) as differing) from ledger.repeated",
}

Row = dict[str, str]
Window = tuple[date, date]


@dataclass(frozen=True)
class Said:
    """What the pack says, as far as it changes here."""

    has_two: bool = True
    most_urgent: int | None = None
    words: tuple[str, ...] | None = None
    first_month: str = "2016-01"
    refuses_disorder: bool = False
    withdraws: bool = False
    merges: bool = False

    def text(self) -> str:
        """Write the pack."""
        text = CITY_YML.replace("[calls.csv]", f'[one.csv, {"two.csv, " * self.has_two}"calls_{{month}}.csv"]')
        text = text.replace("first_month: 2016-01", f"first_month: {self.first_month}")
        if self.words is not None:
            table = ", ".join(f"{word}: {word.upper()}" for word in self.words)
            text = text.replace("category: what", f"category: {{column: what, values: {{{table}}}}}")
        lines = ["    drift: {date_format: adapt}\n"]
        if self.most_urgent is not None:
            lines.append(f"    rules: [{{field: priority, range: {{max: {self.most_urgent}}}}}]\n")
        if self.refuses_disorder:
            lines.append("    severities: {times_out_of_order: reject}\n")
        if self.withdraws:
            lines.append("    deleted: what = 'void'\n")
        if self.merges:
            lines.append("    merge: {priority: sum, category: max}\n")
        return text.replace("    expected:", "".join(lines) + "    expected:")


@dataclass(frozen=True)
class Step:
    """One run: what changes before it, and how it is asked for."""

    files: tuple[tuple[str, tuple[Row, ...]], ...] = ()
    copied: tuple[str, str] | None = None
    mixed: int | None = None
    said: Said | None = None
    as_of: date | None = None
    window: Window | None = None
    again: Again | None = None


@dataclass
class History:
    """A warehouse, what stands in its pack's folder, and what it must have read."""

    con: duckdb.DuckDBPyConnection
    folder: Path
    files: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in FILES})
    read: dict[str, list[Row]] = field(default_factory=dict)
    said: Said = Said()
    as_of: date = AS_OF

    def take(self, step: Step) -> Load:
        """Change what the step changes, run, and check the run."""
        for name, delivered in step.files:
            self.files[name] = list(delivered)
        if step.copied is not None:
            start, end = step.copied
            self.files[end] = [*self.files[end], *self.files[start]]
        if step.mixed is not None:
            for rows in self.files.values():
                Random(step.mixed).shuffle(rows)
        self.said = step.said or self.said
        self.as_of = step.as_of or self.as_of
        named = [name for name in FILES if self.said.has_two or name != "two.csv"]
        for name in named:
            settled = name in DATED and name in self.read and not overlaps(DATED[name], step.window)
            if not settled:
                self.read[name] = list(self.files[name])
        self.read = {name: rows for name, rows in self.read.items() if name in named}
        done = run(self.con, self.pack(self.files), self.as_of, step.window, step.again)
        self.check()
        return done

    def pack(self, files: dict[str, list[Row]]) -> CityPack:
        return write_pack(self.folder, {name: text_of(rows) for name, rows in files.items()}, self.said.text())

    def check(self) -> None:
        """Hold the ledger against sums of our own, and what it says against the rows judged by hand."""
        names = ("read", *ledger.COUNTED)
        listed = ", ".join(f'"{name}"' for name in names)
        current = "batch_id in (select batch_id from ledger.delivery where is_current)"
        lines = self.con.execute(f"select {listed} from ledger.batch where {current}").fetchall()
        assert all(line[0] == sum(line[1:]) for line in lines)
        found = {name: sum(line[at] for line in lines) for at, name in enumerate(names)}
        rows = [row for each in self.read.values() for row in each]
        assert {name: count for name, count in found.items() if count} == by_hand(rows, self.said, self.as_of)
        [(due,)] = self.con.execute("select sum(accepted - replaced - deleted)::bigint from ledger.batch").fetchall()
        assert due == len(staged(self.con, "incident_id"))
        everywhere = self.con.execute(
            "select batch_id, line from staging.incident union all select batch_id, line from quarantine.record "
            "union all select batch_id, line from ledger.unstaged"
        ).fetchall()
        assert len(everywhere) == len(set(everywhere)) == len(rows)

    def written(self) -> dict[str, list[tuple[object, ...]]]:
        return {name: self.con.execute(f"{query} order by all").fetchall() for name, query in COMPARED.items()}


def overlaps(days: Window, window: Window | None) -> bool:
    return window is None or (days[0] <= window[1] and window[0] <= days[1])


def run(
    con: duckdb.DuckDBPyConnection,
    pack: CityPack,
    as_of: date,
    window: Window | None = None,
    again: Again | None = None,
) -> Load:
    areas.load_areas(con, pack)
    context.write_context(con, pack, as_of)
    pull_source(con, pack, "calls", window)
    return load_kind(con, pack, "incident", as_of, window, again)


def moment(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M")  # noqa: DTZ007 - local wall time
    except ValueError:
        return None


def by_hand(rows: Sequence[Row], said: Said, as_of: date) -> dict[str, int]:
    """Count the rows by what becomes of them, without the engine."""
    found = dict.fromkeys(("read", *ledger.COUNTED), 0)
    found["read"] = len(rows)
    versions: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        start, until, closed, updated = (moment(row[column]) for column in ("start", "end", "closed", "updated"))
        gone = said.withdraws and row["what"] == "void"
        disorder = start is not None and until is not None and until < start
        until = None if disorder else until
        if start is not None and max(start, until or start).date() > as_of:
            found["deferred"] += 1
        elif (
            not row["id"]
            or (start is None and (not gone or not row["id"]))
            or (start is not None and start < datetime.fromisoformat(f"{said.first_month}-01"))
            or (row["area"] == "9" and not gone)
            or (disorder and said.refuses_disorder)
            or (said.most_urgent is not None and row["prio"].isdigit() and int(row["prio"]) > said.most_urgent)
        ):
            found["quarantined"] += 1
        else:
            word = row["what"] or None
            if said.words is not None:
                word = word.upper() if word in said.words else None
            priority = int(row["prio"]) if row["prio"].isdigit() else None
            area = row["area"] if row["area"] != "9" else None
            content = (start, until, closed, updated, word, priority, area or None, gone)
            versions.setdefault(row["id"], []).append(content)
    for contents in versions.values():
        found["accepted"] += 1
        if said.merges:
            found["merged"] += len(contents) - 1
            continue
        due = [each for each in contents if each[3] is None or each[3].date() <= as_of]
        if not due:
            first = min(each[3] for each in contents)
            due = [each for each in contents if each[3] == first]
        found["deferred"] += len(contents) - len(due)
        found["duplicate"] += len(due) - len(set(due))
        found["superseded"] += len(set(due)) - 1
    return {name: count for name, count in found.items() if count}


ROWS = st.builds(
    call,
    identity=st.sampled_from(["a", "a", "b", "A", None]),
    start=st.sampled_from(
        ["2016-03-01 10:00", "2016-03-01 10:00", "2016-03-31 23:59", "2016-06-30 23:59", "2016-07-02 00:00", "soon", ""]
    ),
    until=st.sampled_from([None, None, "2016-04-01 10:00", "2016-02-01 10:00"]),
    closed=st.sampled_from([None, None, "2016-07-01 10:00"]),
    updated=st.sampled_from([None, "2016-03-05 10:00", "2016-05-05 10:00", "2016-07-01 10:00"]),
    what=st.sampled_from(["theft", "fight", "void", ""]),
    prio=st.sampled_from(["1", "3", "", "urgent"]),
    area=st.sampled_from(["1", "2", "", "9"]),
)
DATES = st.sampled_from([date(2015, 1, 1), date(2016, 5, 1), AS_OF, date(2016, 7, 3)])
DELIVERIES = st.dictionaries(st.sampled_from(FILES), st.lists(ROWS, max_size=5), min_size=1).map(
    lambda files: tuple((name, tuple(rows)) for name, rows in files.items())
)
WINDOWS = st.sampled_from([MARCH, (date(2016, 3, 31), date(2016, 6, 30)), (date(2016, 4, 1), date(2016, 5, 31))])
SAID = st.builds(
    Said,
    has_two=st.booleans(),
    most_urgent=st.sampled_from([None, 2, 3]),
    words=st.sampled_from([None, ("theft",), ("theft", "fight", "void")]),
    first_month=st.sampled_from(["2016-01", "2016-04"]),
    refuses_disorder=st.booleans(),
    withdraws=st.booleans(),
    merges=st.booleans(),
)
AGAIN: st.SearchStrategy[Again] = st.sampled_from(["quarantined", "everything"])
STEPS = st.one_of(
    st.builds(Step, files=DELIVERIES),
    st.builds(Step, files=DELIVERIES, as_of=DATES),
    st.builds(Step, files=DELIVERIES, window=WINDOWS),
    st.builds(Step, files=DELIVERIES, said=SAID, window=st.none() | WINDOWS, again=st.none() | AGAIN),
    st.builds(Step, copied=st.tuples(st.sampled_from(FILES), st.sampled_from(FILES))),
    st.builds(Step, mixed=st.integers(0, 9)),
    st.builds(Step, as_of=DATES, window=st.none() | WINDOWS),
    st.builds(Step, said=SAID),
    st.builds(Step, again=AGAIN),
    st.builds(Step),
)


def follow(steps: Sequence[Step]) -> None:
    """Take the steps, and compare where they end with a clean load, an idle one, and one of everything again."""
    with tempfile.TemporaryDirectory() as folder, small_pack.warehouse() as con, small_pack.warehouse() as fresh:
        history = History(con, Path(folder) / "pack")
        for step in steps:
            history.take(step)
        clean = History(fresh, Path(folder) / "clean", said=history.said, as_of=history.as_of)
        # What the warehouse has read of dated files may be older than what stands in the folder.
        files = {**history.files, **history.read}
        run(fresh, clean.pack(files), clean.as_of)
        expected = clean.written()
        assert history.written() == expected
        for step in (Step(window=(date(2030, 1, 1), date(2030, 1, 1))), Step(again="everything", window=MARCH)):
            quiet = replace(step, files=tuple((name, tuple(rows)) for name, rows in files.items()))
            assert history.take(quiet).affected_days in ((), tuple(days_in(con, MARCH)))
            assert history.written() == expected


def days_in(con: duckdb.DuckDBPyConnection, window: Window) -> list[date]:
    rows = con.execute(
        "select distinct day from staging.incident where day between ? and ? order by day", window
    ).fetchall()
    return [row[0] for row in rows]


A_FILE_THAT_COMES_BACK = [
    Step(files=(("one.csv", (call("a"),)), ("two.csv", (call(None),)))),
    Step(said=Said(has_two=False)),
    Step(said=Said(has_two=True)),
]


@example(A_FILE_THAT_COMES_BACK)
@settings(deadline=None, max_examples=2, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEPS, min_size=1, max_size=4))
def test_any_history_ends_as_a_clean_load(steps: list[Step]) -> None:
    follow(steps)


@pytest.mark.slow
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEPS, min_size=2, max_size=10))
def test_any_long_history_ends_as_a_clean_load(steps: list[Step]) -> None:
    follow(steps)
