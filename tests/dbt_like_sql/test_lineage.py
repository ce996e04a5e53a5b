"""Column lineage: against expectations written by hand, and against what DuckDB does when a column changes."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dbt_like_sql.declarations import Column
from dbt_like_sql.errors import ProjectError
from dbt_like_sql.lineage import ColumnRef, Lineage, bundled_lineage
from dbt_like_sql.project import Model, Project

RECORD_PARTS = [
    "facts.fct_incident",
    "facts.fct_patrol",
    "facts.fct_service",
    "staging.stg_handoff",
    "staging.stg_participation",
    "staging.stg_survey",
    "staging.stg_profile",
]


def _of(relation: str, *columns: str) -> set[tuple[str, str]]:
    return {(relation, column) for column in columns}


def _each(relation: str, **made_from: str) -> dict[str, set[tuple[str, str]]]:
    """Columns of one relation, several of a column separated by blanks."""
    return {name: _of(relation, *columns.split()) for name, columns in made_from.items()}


WEIGHT = "second_of_day interval_seconds"
EXPECTED = {
    "stg_incident": _each(
        "staging.incident",
        source="source",
        incident_id="incident_id",
        geography="geography",
        area_id="area_id geography",
        day="day",
        known_day="known_day",
        time_precision="time_precision",
        occurred_at="occurred_at",
        occurred_local="occurred_local",
        occurred_until_local="occurred_until_local",
        category="category",
        local_category="local_category",
        occurred_until_day="occurred_until_day",
        recorded_at="recorded_at",
        recorded_day="recorded_day",
        reported_at="reported_at",
        dispatched_at="dispatched_at",
        arrived_at="arrived_at",
        closed_at="closed_at",
        closed_day="closed_day",
        reopened_day="reopened_day",
        outcome="outcome",
        is_dispute="is_dispute",
        is_joint_duty="is_joint_duty",
        found_by="found_by",
        priority="priority",
        place_kind="place_kind",
        victim_group="victim_group",
        victims="victims",
        victims_killed="victims_killed",
        lat="lat",
        lon="lon",
        has_coordinates="lat lon",
        has_valid_coordinates="coords_in_area",
        address_key="address_key",
        agencies="agencies",
        is_recorded_in_time="time_precision day recorded_day occurred_at recorded_at",
        has_contradiction="flags",
        required_cells="required_cells",
        filled_cells="filled_cells",
    ),
    "fct_incident_day": _each(
        "facts.fct_incident",
        source="source",
        incident_id="incident_id",
        geography="geography",
        area_id="area_id",
        # The day's number comes out of unnest.
        day=f"day {WEIGHT}",
        category="category",
        local_category="local_category",
        found_by="found_by",
        victims="victims",
        victims_killed="victims_killed",
        has_coordinates="has_coordinates",
        has_valid_coordinates="has_valid_coordinates",
        known_day="known_day",
        is_recorded_in_time="is_recorded_in_time",
        weight_ppm=WEIGHT,
    ),
    "fct_record": {
        "kind": set(),
        **{
            column: {(part, column) for part in RECORD_PARTS}
            for column in (
                *("source", "geography", "area_id", "day", "known_day", "is_recorded_in_time", "has_contradiction"),
                *("required_cells", "filled_cells"),
            )
        },
        "is_located_in_area": _of("facts.fct_incident", "has_coordinates", "has_valid_coordinates")
        | {(part, "is_located_in_area") for part in ("facts.fct_patrol", "facts.fct_service")},
    },
    "fct_incident_stage": _each(
        "staging.stg_incident",
        source="source",
        incident_id="incident_id",
        geography="geography",
        area_id="area_id",
        day="day",
        found_by="found_by",
        priority="priority",
        stage="",
        is_open="dispatched_at arrived_at closed_at",
        seconds_to_close="reported_at dispatched_at arrived_at",
    ),
    "msr_patrol_day": _each(
        "facts.fct_patrol",
        geography="geography",
        area_id="area_id",
        day="day",
        source="source",
        subject="subject",
        patrols="",
        patrol_seconds="duration_seconds",
        duration_missing="duration_seconds",
        staffed_seconds="staffed_seconds",
        staffing_missing="staffed_seconds",
        planned="planned_seconds",
        planned_seconds="planned_seconds",
        patrolled_as_planned_seconds="patrolled_as_planned_seconds",
        plan_unknown="has_plan planned_seconds",
        self_initiated="initiated_by",
        initiation_known="initiated_by",
        initiation_missing="initiated_by",
        with_finding="has_finding",
        finding_known="has_finding",
        finding_missing="has_finding",
    ),
    "prf_number_day": _each(
        "facts.fct_record_field", source="source", kind="kind", day="day", field="field", bucket="amount", records=""
    ),
    "msr_service_duration_month": _each(
        "facts.fct_service",
        geography="geography",
        area_id="area_id",
        day="day",
        source="source",
        bucket="seconds_to_close",
        # Not `is_open`, which only says which records are counted.
        closed="",
        closed_seconds="seconds_to_close",
    ),
    "msr_source_freshness": {
        **_each(
            "staging.stg_source",
            source="source",
            kind="kind",
            geography="geography",
            silent_after_days="silent_after_days",
        ),
        **_each("measures.msr_source_span", first_day="first_day", last_day="last_day"),
        "days_behind": {("measures.msr_source_span", "last_day"), ("staging.stg_run_window", "as_of")},
        "status": {
            # Silent: a stream, and days_behind against silent_after_days.
            ("staging.stg_source", "kind"),
            ("staging.stg_source", "silent_after_days"),
            ("measures.msr_source_span", "last_day"),
            ("staging.stg_run_window", "as_of"),
            # Collapsed: the newest months, told by row_number over source and month.
            *_of("measures.msr_source_month", "source", "month", "records", "expected", "status"),
        },
    },
}


@pytest.mark.parametrize("name", EXPECTED)
def test_columns_are_made_from_what_the_query_says(project: Project, name: str) -> None:
    assert bundled_lineage().inputs(project.model(name)) == EXPECTED[name]


def test_every_documented_column_is_traced_to_declared_columns_of_what_its_model_reads(project: Project) -> None:
    declared = {table.relation: {column.name for column in table.columns} for table in project.models}
    declared |= {table.relation: {column.name for column in table.columns} for table in project.sources}
    for model in project.models:
        read = {project.model(name).relation for name in model.depends_on}
        read |= {table.relation for table in project.sources if table.name in model.sources}
        inputs = bundled_lineage().inputs(model)
        assert list(inputs) == [column.name for column in model.columns]
        for made_from in inputs.values():
            for relation, column in made_from:
                assert relation in read, model.name
                assert column in declared[relation]


def test_upstream_ends_at_source_tables() -> None:
    upstream = bundled_lineage().upstream
    interval = ("day", "occurred_local", "occurred_until_local", "time_precision")
    assert upstream("measures.msr_incident_day", "victims_ppm") == _of("staging.incident", "victims", *interval)
    assert upstream("measures.msr_service_day", "closed") == _of("staging.service", "closed_day")
    kinds = ("incident", "patrol", "service", "handoff", "participation", "survey", "profile")
    cells = {(f"staging.{kind}", "filled_cells") for kind in kinds}
    assert upstream("measures.msr_completeness_day", "filled_cells") == cells
    assert upstream("measures.msr_patrol_day", "patrols") == set()
    assert upstream("staging.incident", "victims") == {ColumnRef("staging.incident", "victims")}


@pytest.mark.parametrize(
    ("relation", "column"),
    [("facts.no_such", "day"), ("facts.fct_patrol", "no_such"), ("staging.patrol", "no_such"), ("fct_patrol", "day")],
)
def test_upstream_of_what_is_not_declared_is_refused(relation: str, column: str) -> None:
    with pytest.raises(KeyError, match=f"{relation} documents no column {column}"):
        bundled_lineage().upstream(relation, column)


# Two tables, and a model `v` of the columns that a query gives.
A, B, C = ("raw.t", "a"), ("raw.t", "b"), ("raw.t", "c")
X, Y = ("raw.u", "a"), ("raw.u", "y")


def _traced(project: Project, sql: str, *columns: str) -> tuple[Lineage, Model]:
    source, template = project.sources[0], project.model("fct_patrol")
    tables = [
        replace(source, schema="raw", name="t", columns=tuple(Column(name, "", "bigint") for name in "abc")),
        replace(source, schema="raw", name="u", columns=tuple(Column(name, "", "bigint[]") for name in ("a", "y"))),
    ]
    documented = tuple(Column(name, "", "bigint") for name in columns)
    model = replace(template, name="v", columns=documented, compiled_sql=sql, path=Path("models/facts/v.sql"))
    return Lineage(replace(project, models=(model,), sources=tuple(tables))), model


def _inputs(project: Project, sql: str, *columns: str) -> Any:
    lineage, model = _traced(project, sql, *columns)
    return lineage.inputs(model)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        # A name is a column before it is the alias of another value.
        ("select b as a, a as n from raw.t", {"a": {B}, "n": {A}}),
        ("select a + b as m, m * 2 as n from raw.t", {"m": {A, B}, "n": {A, B}}),
        ("select A as N from RAW.T", {"N": {A}}),
        ("select * exclude (b) replace (a + b as a) from raw.t", {"a": {A, B}, "c": {C}}),
        ("select sum(a) over (partition by b order by c) as n from raw.t", {"n": {A, B, C}}),
        ("select sum(a) filter (where b = 1) as n from raw.t where c = 2", {"n": {A, B}}),
        ("select a from raw.t qualify row_number() over (partition by b order by c) = 1", {"a": {A}}),
        ("select a, count(*) as n from raw.t group by a having sum(b) > 1", {"a": {A}, "n": set()}),
        ("select t.b, u.y from raw.t left join raw.u on t.a = u.a", {"b": {B}, "y": {Y}}),
        # Of columns joined by `using` one value is left, of either table.
        ("select a from raw.t full join raw.u using (a)", {"a": {A, X}}),
        ("select a, unnest(y) as n from raw.u", {"a": {X}, "n": {Y}}),
        ("select b, n from raw.t, raw.u, unnest(y) as o (n)", {"b": {B}, "n": {Y}}),
        ("select t.a, o.n from raw.t cross join (values (1), (2)) as o (n)", {"a": {A}, "n": set()}),
        # Columns of a union go by their place, not by their name.
        ("select a, b from raw.t union all select b, c from raw.t", {"a": {A, B}, "b": {B, C}}),
        ("with o (k, n) as (select a, b from raw.t), p as (select * from o) select n from p", {"n": {B}}),
        ("select o.n from (select c as n, a from raw.t) as o where o.a in (select y[1] from raw.u)", {"n": {C}}),
    ],
)  # fmt: skip
def test_ways_of_writing(project: Project, sql: str, expected: dict[str, Collection[tuple[str, str]]]) -> None:
    assert _inputs(project, sql, *expected) == expected


@pytest.mark.parametrize(
    ("sql", "hidden", "shown"),
    [
        ("select a as n from raw.t", set(), set()),
        ("select a as n from raw.t where b > 1 and c is not null", {B, C}, set()),
        ("select a as n from raw.t qualify row_number() over (partition by b order by c) = 1", {B, C}, set()),
        ("select a as n from raw.t order by b limit 1", {B}, set()),
        ("select distinct a as n from raw.t", set(), {A}),
        ("select distinct on (b) a as n from raw.t", {B}, {A}),
        # What the rows are of is shown where it is given.
        ("select a as n, count(*) as m from raw.t group by a", set(), {A}),
        ("select count(*) as n from raw.t group by a, b having sum(c) > 1", {A, B, C}, set()),
        ("select a + b as n, sum(c) as m from raw.t group by a + b", set(), {A, B}),
        ("with o as (select a, b, count(*) as k from raw.t group by a, b) select k as n from o", {A, B}, set()),
        ("with o as (select distinct a, b from raw.t) select count(*) as n from o", {A, B}, set()),
        # The least of each, and how many of those: a group of a group decides.
        ("with o as (select a, min(b) as k from raw.t group by a) select k as n, count(*) as m from o group by k",
         {A}, {B}),
        ("select t.b as n from raw.t left join raw.u on t.a = u.a", {A, X}, set()),
        ("select b as n from raw.t join raw.u using (a)", {A, X}, set()),
        ("select t.b as n from raw.t cross join raw.u", set(), set()),
        ("select b as n from raw.t where a in (select u.a from raw.u where u.y is null)", {A, X, Y}, set()),
        ("select b as n from raw.t where exists (select 1 from raw.u where u.a = t.a)", {A, X}, set()),
        ("select a as n, unnest(y) as m from raw.u", {Y}, set()),
        ("select b as n from raw.t, raw.u, unnest(y) as o (m)", {Y}, set()),
        ("select a as n from raw.t union all select b as n from raw.t where c = 1", {C}, set()),
        ("select a as n from raw.t union select b as n from raw.t", {A, B}, set()),
        ("select a as n from raw.t except all select b as n from raw.t", {A, B}, set()),
        ("select n from (select a as n, b from raw.t) as o where o.b = 1", {B}, set()),
    ],
)  # fmt: skip
def test_what_decides_rows(project: Project, sql: str, hidden: set[Any], shown: set[Any]) -> None:
    columns = ["n", "m"] if " as m" in sql and "o (m)" not in sql else ["n"]
    lineage, model = _traced(project, sql, *columns)
    assert lineage.rows(model) == (hidden, shown)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("select sum(a) over w as n from raw.t window w as (order by b)", "through a named window: write it out"),
        ("select a as n from raw.t union all by name select b as n from raw.t", "through `union by name`: list the"),
        ("select exists (select 1 from raw.u where u.a = t.a) as n from raw.t", "through a subquery inside a value"),
        ("select t as n from raw.t", "through a row as a value or `columns()`"),
        ("select columns('a') as n from raw.t", "through a row as a value or `columns()`"),
        ("select q.n from raw.t cross join lateral (select t.b as n) as q", "through a lateral subquery: join it"),
        ("select n from raw.t cross join range(t.a) as q (n)", "`q.n` is of no model or source table"),
        ("select d as n from raw.t", "Column 'd' could not be resolved"),
        ("select n from raw.other", "Column 'n' could not be resolved"),
        ("select a as m from raw.t", "columns in the query and in the yml differ: m, n"),
    ],
)  # fmt: skip
def test_what_cannot_be_traced_is_refused(project: Project, sql: str, message: str) -> None:
    with pytest.raises(ProjectError) as refused:
        _inputs(project, sql, "n")
    assert str(refused.value).startswith("v.sql: column")
    assert message in str(refused.value)


DAY = datetime(2016, 3, 1, 9)
RECORDED = {"recorded_local": DAY + timedelta(hours=2), "flags": ["future_time"]}
# More than 24 hours later, yet on the next day: in time for what is known by its day alone.
RECORDED_NEXT_DAY = {"time_precision": "day", "recorded_local": DAY + timedelta(hours=30), "flags": ["future_time"]}
SAME_DAY_LATE = {"due_local": DAY + timedelta(hours=1), "closed_local": DAY + timedelta(hours=5)}
PLANNED = {"planned_start": DAY - timedelta(minutes=30), "planned_end": DAY + timedelta(hours=1)}
ENDED = {"ended_local": DAY + timedelta(minutes=30)}
# For each kind: models from its source table on; the columns of that table that decide how many rows these have and
# in which groups, left as they are; and records in which each other column matters wherever it is used.
CHANGES: list[tuple[str, str, str, list[dict[str, Any]]]] = [
    (
        "incident",
        "stg_incident fct_incident fct_incident_day msr_incident_day",
        "source geography area_id day category local_category found_by "
        "time_precision occurred_local occurred_until_local",
        [
            {"victims": 2, "victims_killed": 1, "lat": 1, "lon": 1, "coords_in_area": True, "victim_group": "guest"}
            | {"priority": 1, "address_key": "1f", "agencies": ["police"], "place_kind": "street", "outcome": "done"}
            | {f"{time}_local": DAY for time in ("occurred_until", "reported", "dispatched", "arrived")}
            | {"closed_local": DAY, "reopened_local": DAY, "is_dispute": True, "is_joint_duty": True}
            | RECORDED,
            RECORDED_NEXT_DAY,
        ],
    ),
    (
        "patrol",
        "stg_patrol fct_patrol msr_patrol_day",
        "source geography area_id day subject",
        [
            {"initiated_by": "self", "has_finding": True, "duration_seconds": 60, "mode": "foot", "personnel": 2}
            | {"checks": 1, "lat": 1, "lon": 1, "coords_in_area": False, **PLANNED, **RECORDED},
            {**PLANNED, **ENDED, **RECORDED_NEXT_DAY},
            {**PLANNED, **ENDED},
            {**PLANNED, **ENDED, "coords_in_area": False},
            {**PLANNED, **ENDED, "flags": ["implausible_duration"]},
            *({each: moment} for each, moment in PLANNED.items()),
        ],
    ),
    (
        "service",
        "stg_service fct_service msr_service_day",
        "source geography area_id day",
        [
            {"due_local": DAY + timedelta(days=1), "closed_local": DAY + timedelta(hours=5), "channel": "call"}
            | {"category": "noise", "requester_group": "resident", "lat": 1, "lon": 1}
            | {"first_response_local": DAY, "solved": True, "followed_up": True, "satisfied": True, "reviewed": True}
            | {"overturned": True, "is_complaint": True, "legal_basis": "art. 9"}
            | {"coords_in_area": True, **RECORDED},
            {"first_response_local": DAY + timedelta(hours=2), "reviewed": True}
            | {"lead_agency": "streets", "agencies": ["parks"]}
            | SAME_DAY_LATE
            | RECORDED_NEXT_DAY,
        ],
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "names", "kept", "records"), CHANGES, ids=[kind for kind, *_ in CHANGES])
def test_a_column_changes_with_those_it_is_made_from_and_with_no_others(
    warehouse: Any, kind: str, names: str, kept: str, records: list[dict[str, Any]]
) -> None:
    for record in records:
        warehouse.record(kind, DAY, **record)
    models = [warehouse.project.model(name) for name in names.split()]
    for model in models:
        warehouse.con.execute(f"create schema if not exists {model.schema}")
        warehouse.con.execute(f"create view {model.relation} as {model.compiled_sql}")

    def seen() -> dict[tuple[str, str], Any]:
        found = {}
        for model in models:
            columns = [column.name for column in model.columns]
            values = ", ".join(f"list({name} order by {name})" for name in columns)
            (row,) = warehouse.rows(f"select {values} from {model.relation}")
            found.update(zip([(model.relation, name) for name in columns], row, strict=True))
        return found

    before = seen()
    upstream = {ref: bundled_lineage().upstream(*ref) for ref in before}
    named = {column for made_from in upstream.values() for relation, column in made_from if relation.endswith(kind)}
    free = warehouse.project.source_columns(kind).keys() - set(kept.split())
    # Columns that nothing is made from are emptied together, the others one by one.
    for columns in [free - named, *({column} for column in sorted(free & named))]:
        warehouse.con.begin()
        warehouse.con.execute(f"update staging.{kind} set {', '.join(f'{column} = null' for column in columns)}")
        after = seen()
        warehouse.con.rollback()
        changed = {ref for ref in before if before[ref] != after[ref]}
        assert changed == {ref for ref in before if upstream[ref] & {(f"staging.{kind}", each) for each in columns}}
