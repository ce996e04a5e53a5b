"""How large measures, extracts and profiles can be: no more rows than areas, days or months, and dimensions make.

Each declares its dimensions, the columns that tell its rows apart, and what the values of each are drawn from.
"""

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from dbt_like_sql.project import Model, Project, load_project
from pipelines.loading.kinds import FIRST_TIME
from tests.dbt_like_sql.generated_rows import rows_of

BOUNDED = [model for model in load_project().models if model.schema in ("measures", "extracts", "profiles")]
NAMES = [model.name for model in BOUNDED]
# What a dimension may be drawn from, besides time: a query on the staging tables that gives each value once. Null is
# a value, and records of no known area have one of each geography.
VALUES = {
    "geography": "select geography from staging.source union select geography from staging.area",
    "area": "select area_id from staging.area",
    "source": "select source from staging.source",
    "kind": f"select unnest({[*FIRST_TIME]})",
    "field": "select distinct field from facts.fct_record_field",
    "value": "select distinct category from facts.fct_record_field",
    "stage": "select unnest(['dispatch', 'response'])",
    "category": "select distinct category from staging.incident",
    "local_category": "select distinct local_category from staging.incident",
    "found_by": "select distinct found_by from staging.incident",
    "channel": "select distinct channel from staging.service",
    "priority": "select distinct priority from staging.incident",
    "subject": "select subject from staging.patrol union select subject from staging.participation",
    "agency": "select unnest(agencies) from staging.incident union select unnest(agencies) from staging.service "
    "union select lead_agency from staging.service union select unnest([from_agency, to_agency]) from staging.handoff",
    "address": "select distinct address_key from staging.incident",
    "point": "select distinct (lat, lon) from staging.incident",
    "requester_group": "select unnest(['resident', 'new_citizen'])",
    "service_category": "select distinct category from staging.service",
    "case_category": "select category from staging.incident union select category from staging.service",
    "patrol_point": "select distinct (lat, lon) from staging.patrol",
    "volunteer": "select distinct person_key from staging.participation",
    "answer": "select distinct (source, survey_id) from staging.survey",
}


def dimensions(model: Model) -> Mapping[str, str]:
    """Return the columns that tell the rows of a model apart, and what the values of each are drawn from."""
    found: Mapping[str, str] = model.at.mapping("config").mapping("meta").mapping("dimensions")
    return found


def days_of(warehouse: Any, project: Project) -> tuple[date, date]:
    """Return the first and the last day that any record or receipt speaks of."""
    days = [
        f"select {column.name} as day from staging.{table.name}"
        for table in project.sources
        if table.name in (*FIRST_TIME, "receipt", "run_window")
        for column in table.columns
        if column.data_type == "date"
    ]
    ((first, last),) = warehouse.rows(f"select min(day), max(day) from ({' union all '.join(days)})")
    return first, last


def sizes(warehouse: Any, project: Project) -> dict[str, int]:
    """Count the values of every dimension."""
    first, last = days_of(warehouse, project)
    days = (last - first).days + 1
    months = (last.year - first.year) * 12 + last.month - first.month + 1
    counted = {name: warehouse.rows(f"select count(*) from ({query})")[0][0] for name, query in VALUES.items()}
    # One more day for what is undated; one more bucket for no time at all, two for numbers that are no power of two.
    times = {"day": days + 1, "month": months, "bucket": math.floor(math.log(days * 86_400) / math.log(1.01)) + 2}
    # Delays are known to the day, up to a year; one more for those that are not known.
    return counted | times | {"power": 63 + 2, "delay": 366 + 2}


@pytest.fixture(scope="module")
def filled(project: Project, new_warehouse: Any) -> Any:
    warehouse = new_warehouse()
    for table in project.sources:
        warehouse.insert_rows(table.name, rows_of(project, table, seed=11))
    warehouse.build()
    yield warehouse
    warehouse.con.close()


@pytest.mark.parametrize("model", BOUNDED, ids=NAMES)
def test_dimensions_are_what_is_declared_to_be_unique(model: Model) -> None:
    declared = dimensions(model)
    assert set(declared.values()) <= {*VALUES, "day", "month", "bucket", "power", "delay"}
    unique = [
        each.kwargs["column_list"]
        for each in model.expectations
        if each.expectation == "ExpectCompoundColumnsToBeUnique"
    ]
    unique += [[test.column] for test in model.tests if test.name == "unique"]
    assert [*declared] in unique
    for column, space in declared.items():
        assert space != "day" or column.endswith("day"), column
        assert space != "month" or model.name.endswith("_month"), column


@pytest.mark.slow
@pytest.mark.parametrize("model", BOUNDED, ids=NAMES)
def test_rows_are_no_more_than_areas_times_days_times_dimensions(model: Model, project: Project, filled: Any) -> None:
    """Each dimension has no more values than what it is drawn from, and of their combinations none comes twice."""
    declared, size = dimensions(model), sizes(filled, project)
    found = ", ".join(f"count(distinct {column}) + (count({column}) < count(*))::int" for column in declared)
    combined = f"count(distinct ({', '.join(declared)}))"
    ((rows, combinations, *values),) = filled.rows(f"select count(*), {combined}, {found} from {model.relation}")
    assert rows
    assert rows == combinations
    for (column, space), number in zip(declared.items(), values, strict=True):
        assert number <= size[space], column
    assert rows <= math.prod(size[space] for space in declared.values())


@pytest.mark.slow
def test_further_records_of_the_same_cells_add_no_row(project: Project, new_warehouse: Any) -> None:
    """Only answers are rows by themselves: the statistics of a sample need each."""
    warehouse = new_warehouse()
    for table in project.sources:
        warehouse.insert_rows(table.name, rows_of(project, table, seed=11))

    def doubled() -> dict[str, int]:
        for kind in FIRST_TIME:
            new = f"select * replace ({kind}_id || '-' || line as {kind}_id, line + 1 as line) from staging.{kind}"
            warehouse.con.execute(f"insert into staging.{kind} {new}")
        warehouse.build()
        return {model.name: warehouse.rows(f"select count(*) from {model.relation}")[0][0] for model in BOUNDED}

    # Once doubled, every address has met two incidents.
    before, after = doubled(), doubled()
    assert after.pop("ext_survey_answer") == 2 * before.pop("ext_survey_answer")
    assert after == before
    warehouse.con.close()


@pytest.mark.parametrize("model", [model for model in BOUNDED if "month" in dimensions(model).values()])
def test_what_counts_months_holds_only_their_first_days(model: Model, filled: Any) -> None:
    (column,) = (name for name, space in dimensions(model).items() if space == "month")
    assert filled.rows(f"select count(*) from {model.relation} where day({column}) <> 1") == [(0,)]
