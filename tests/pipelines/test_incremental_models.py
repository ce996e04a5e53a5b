"""Models made in part, after any history of loads and unfinished builds, are those that are made whole.

And the logs of loads and builds tell of every row that has come since a look at its table, however long ago.
The files, the pack, the date and the windows change step by step; some steps build all models, some a few or none.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import get_args

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbt_like_sql import built
from dbt_like_sql.project import load_project
from dbt_like_sql.run import breaches, run_model
from pipelines.loading import affected, areas, context
from pipelines.loading.records import load_kind
from pipelines.pack.sources import Kind
from pipelines.pulling.pull import pull_source
from pipelines.quality.changes import in_days, log_of
from tests.pipelines import small_pack
from tests.pipelines.small_pack import AS_OF, text_of, write_pack

pytestmark = pytest.mark.slow

REQUESTS = """\
  requests:
    kind: service
    title: {en: Requests, zh: 诉求}
    geography: ward
    public_record: true
    files: [requests.csv]
    area: area
    expected: [area_id, closed_at]
    fields:
      service_id: id
      opened_at: {sql: "strptime(opened, '%Y-%m-%d')", precision: day}
      due_at: {sql: "strptime(due, '%Y-%m-%d')", precision: day}
      closed_at: {sql: "strptime(closed, '%Y-%m-%d')", precision: day}
  patrols:
    kind: patrol
    title: {en: Patrols, zh: 巡逻}
    geography: ward
    public_record: true
    files: [patrols.csv]
    area: area
    fields:
      patrol_id: id
      started_at: "strptime(opened, '%Y-%m-%d')"
      recorded_at: "strptime(closed, '%Y-%m-%d')"
  handoffs:
    kind: handoff
    title: {en: Hand-offs, zh: 移交}
    geography: ward
    public_record: true
    files: [requests.csv]
    area: area
    fields:
      handoff_id: id
      requested_at: {sql: "strptime(opened, '%Y-%m-%d')", precision: day}
      due_at: {sql: "strptime(due, '%Y-%m-%d')", precision: day}
      acknowledged_at: {sql: "strptime(closed, '%Y-%m-%d')", precision: day}
      from_agency: due
      to_agency: closed
  activities:
    kind: participation
    title: {en: Activities, zh: 活动}
    geography: ward
    public_record: true
    files: [patrols.csv]
    area: area
    fields:
      participation_id: id
      started_at: "strptime(opened, '%Y-%m-%d')"
      person_key: due
      level: "day(strptime(closed, '%Y-%m-%d')) % 5"
"""
# Reported and reached at the times that the small city has for the start and the closing; of one address or another.
CITY = small_pack.changed(
    "      priority: prio\n",
    """\
      priority: prio
      reported_at: "strptime(start, '%Y-%m-%d %H:%M')"
      arrived_at: "strptime(closed, '%Y-%m-%d %H:%M')"
      address_key: id in ('a', 'b')
      agencies: string_split(closed, '-')
""",
)
COLUMNS = ("id", "area", "opened", "due", "closed")
DAYS = ("2016-02-28", "2016-02-29", "2016-03-01", "2016-04-15", "2016-06-30", "2016-07-02")
MODELS = load_project().models
INCREMENTAL = [model for model in MODELS if model.increment is not None]


@dataclass(frozen=True)
class Step:
    """A run: what the files hold, what it is about, and which models it builds afterwards."""

    calls: tuple[dict[str, str], ...] = ()
    requests: tuple[dict[str, str], ...] = ()
    patrols: tuple[dict[str, str], ...] = ()
    has_patrols: bool = True
    as_of: date = AS_OF
    window: tuple[date, date] | None = None
    built: str = "all"


def load(con: duckdb.DuckDBPyConnection, folder: Path, step: Step) -> None:
    text = CITY + (REQUESTS if step.has_patrols else REQUESTS[: REQUESTS.index("  patrols:")])
    files = {
        "calls.csv": text_of(step.calls),
        "requests.csv": text_of(step.requests, COLUMNS),
        "patrols.csv": text_of(step.patrols, COLUMNS),
    }
    pack = write_pack(folder, files, text)
    areas.load_areas(con, pack)
    context.write_context(con, pack, step.as_of)
    for name in pack.sources:
        pull_source(con, pack, name)
    for kind in pack.kinds:
        load_kind(con, pack, kind, step.as_of, step.window)


def build(con: duckdb.DuckDBPyConnection, which: str) -> None:
    """Build as the assets do: the models of all layers, of one, or none."""
    newest = affected.newest(con)
    for model in MODELS:
        if which in ("all", model.schema):
            run_model(con, model, newest)
    affected.forget(con, built.followed_by_all(con, MODELS))


def contents(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    return {model.name: con.execute(f"from {model.relation} order by all").fetchall() for model in INCREMENTAL}


class Looks:
    """What each logged table held at a look, and at which of its changes that was."""

    TABLES = (
        *(("staging", kind, "* exclude (batch_id, line)") for kind in get_args(Kind)),
        *((model.schema, model.name, "*") for model in INCREMENTAL),
    )

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.seen: dict[str, int] = {}
        self.told = 0

    def renew(self) -> None:
        """Look at all tables now."""
        for layer, table, rows in self.TABLES:
            log = log_of(self.con, layer, table)
            if log is not None:
                self.seen[table] = log.newest
                self.con.execute(f"create or replace temp table seen_{table} as select {rows} from {layer}.{table}")

    def check(self) -> None:
        """Hold the logs to it that every row that was not there at the last look is of one of the days they tell."""
        for layer, table, rows in self.TABLES:
            log = log_of(self.con, layer, table)
            days = log.days_since(self.con, self.seen[table]) if log is not None and table in self.seen else None
            if days is not None:
                self.told += 1
                others = f"select {rows} from {layer}.{table} where ({in_days(days)}) is not true"
                new = self.con.execute(f"{others} except all from temp.seen_{table}").fetchall()
                assert new == [], f"{layer}.{table} has rows of days that its log does not tell: {days}"


def follow(steps: Sequence[Step]) -> int:
    """Return how often a log told which days had changed."""
    with tempfile.TemporaryDirectory() as folder, small_pack.warehouse() as con:
        looks = Looks(con)
        for at, step in enumerate(steps):
            load(con, Path(folder) / "pack", step)
            looks.check()
            # The first run builds them all: later ones find what they read.
            build(con, step.built if at else "all")
            looks.check()
            if at % 2 == 0:
                looks.renew()
        build(con, "all")
        looks.check()
        in_part = contents(con)
        assert con.execute("select count(*) from staging.affected_day").fetchall() == [(0,)]
        for model in MODELS:
            assert run_model(con, model).is_whole
        assert in_part == contents(con)
        assert not [breach for identity in load_project().identities for breach in breaches(con, identity)]
        return looks.told


def call(identity: str, start: str, until: str, area: str) -> dict[str, str]:
    until, closed = (until and f"{until} {time}" for time in ("05:00", "06:00"))
    # A point of the first ward, whatever the area.
    return small_pack.call(identity, f"{start} 22:30", until=until, closed=closed, area=area, x=0.5, y=0.5)


IDS, AREAS = st.sampled_from("abcd"), st.sampled_from(["1", "2", ""])
CALLS = st.lists(st.builds(call, IDS, st.sampled_from(DAYS), st.sampled_from(["", *DAYS]), AREAS), max_size=4)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "id": IDS,
            "area": AREAS,
            "opened": st.sampled_from(DAYS),
            "due": st.sampled_from(["", *DAYS]),
            "closed": st.sampled_from(["", *DAYS]),
        }
    ),
    max_size=4,
)
STEPS = st.builds(
    Step,
    calls=CALLS.map(tuple),
    requests=ROWS.map(tuple),
    patrols=ROWS.map(tuple),
    has_patrols=st.sampled_from([True, True, True, False]),
    as_of=st.sampled_from([AS_OF, date(2016, 2, 29), date(2016, 3, 10), date(2016, 7, 5)]),
    window=st.none() | st.just((date(2016, 3, 1), date(2016, 6, 30))),
    built=st.sampled_from(["all", "all", "staging", "facts", "measures", "extracts", "none"]),
)
# The measures are built from facts of before: when those follow, the measures must follow again.
OUT_OF_ORDER = [
    Step(calls=(call("a", DAYS[0], DAYS[2], "1"),)),
    Step(calls=(call("a", DAYS[1], "", "2"), call("b", DAYS[0], "", "1")), built="measures"),
    Step(calls=(call("a", DAYS[1], "", "2"), call("b", DAYS[0], "", "1")), built="facts"),
]


@pytest.mark.slow
def test_models_that_follow_out_of_order_are_those_made_whole() -> None:
    assert follow(OUT_OF_ORDER)


@pytest.mark.slow
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(STEPS, min_size=1, max_size=6))
def test_models_made_in_part_are_those_made_whole(steps: list[Step]) -> None:
    follow(steps)


@pytest.mark.slow
def test_only_the_affected_days_are_made(tmp_path: Path) -> None:
    with small_pack.warehouse() as con:
        calls = [call(f"{at}", DAYS[at % 3], "", "1") for at in range(9)]
        load(con, tmp_path, Step(calls=tuple(calls)))
        build(con, "all")
        calls[0] = call("0", DAYS[3], "", "1")
        load(con, tmp_path, Step(calls=tuple(calls)))
        newest = affected.newest(con)
        done = {model.name: run_model(con, model, newest) for model in MODELS}
        # Two of the nine on the day that one has left, and one on the day where it is now.
        assert (done["fct_incident"].row_count, done["fct_incident"].rows_made) == (9, 3)
        assert not done["fct_incident"].is_whole
        assert (done["fct_patrol"].rows_made, done["msr_incident_day"].rows_made) == (0, 2)
        assert (done["msr_receipt_day"].row_count, done["msr_receipt_day"].rows_made) == (4, 2)
        # A row that is quarantined touches no record's day, but that on which it counts as read; one without a day
        # is counted anew by every load.
        calls += [call("9", DAYS[1], "", "none such"), call("10", "soon", "", "1")]
        for rows_made in (2, 1):
            affected.forget(con, built.followed_by_all(con, MODELS))
            load(con, tmp_path, Step(calls=tuple(calls)))
            newest = affected.newest(con)
            done = {model.name: run_model(con, model, newest) for model in MODELS}
            assert (done["fct_incident"].rows_made, done["msr_receipt_day"].rows_made) == (0, rows_made)
        assert con.execute(
            "select sum(received)::int, sum(unusable)::int from measures.msr_receipt_day"
        ).fetchall() == [(11, 2)]


def test_a_model_of_other_sql_is_made_whole_with_all_that_reads_it(tmp_path: Path) -> None:
    with small_pack.warehouse() as con:
        load(con, tmp_path, Step(calls=(call("a", DAYS[0], "", "1"),)))
        build(con, "all")
        con.execute("update models.built set fingerprint = 'of before' where model = 'fct_incident'")
        done = {model.name: run_model(con, model, affected.newest(con)).is_whole for model in INCREMENTAL}
        assert [name for name, is_whole in done.items() if is_whole] == ["fct_incident"]
        fingerprints = {model.name: model.fingerprint for model in MODELS}
        assert len(set(fingerprints.values())) == len(MODELS)
