"""Asset checks: the expectations of a table, as Dagster shows them. They never block; gates are ours."""

import functools
from collections.abc import Iterator, Sequence

import dagster as dg

from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from pipelines import location
from pipelines.defs.resources import Warehouse
from pipelines.quality import failing_rows, store
from pipelines.quality.data_docs import site
from pipelines.quality.declarations import Expectation
from pipelines.quality.suite import candidate_expectations, published_expectations, warehouse_expectations
from pipelines.quality.windows import judge_changes
from pipelines.warehouse import one_row


@functools.cache
def all_expectations() -> tuple[Expectation, ...]:
    """Return every declared expectation: of the SQL models, of what loading writes, of the indicators and what is made.

    Of indicators from protected counts only where the pack protects them.
    """
    return (
        *warehouse_expectations(load_project()),
        *candidate_expectations(load_catalogue(), location.city_pack().protection),
        *published_expectations(),
    )


def of_table(layer: str, table: str) -> list[Expectation]:
    """Return the expectations of one table."""
    return [
        expectation for expectation in all_expectations() if (expectation.layer, expectation.table) == (layer, table)
    ]


def check_specs(key: dg.AssetKey, expectations: Sequence[Expectation]) -> list[dg.AssetCheckSpec]:
    """Return the specs of a table's expectations."""
    return [
        dg.AssetCheckSpec(
            expectation.name,
            asset=key,
            description=f"{expectation.kind} on {expectation.column or expectation.table}",
            metadata={"severity": expectation.severity, "dimension": expectation.dimension},
        )
        for expectation in expectations
    ]


def judged(warehouse: Warehouse, expectations: Sequence[Expectation], run_id: str) -> Iterator[dg.AssetCheckResult]:
    """Judge what has changed in tables, remember the verdicts, and yield them as Dagster's check results."""
    con, home = warehouse.con, warehouse.folder
    verdicts = judge_changes(con, expectations, run_id)
    (as_of,) = one_row(con, "select as_of from staging.run_window")
    store.remember(con, verdicts, as_of)
    failing_rows.keep(con, expectations, verdicts, all_expectations())
    site.write_pages(home, con, expectations, verdicts, location.city_pack().protection)
    for verdict in verdicts:
        named = ("observed", "threshold", "failed_count", "exception", "dimension", "examined")
        told = {name: getattr(verdict, name) for name in named}
        yield dg.AssetCheckResult(
            asset_key=dg.AssetKey([verdict.layer, verdict.table_name]),
            check_name=verdict.expectation,
            passed=verdict.success,
            severity=dg.AssetCheckSeverity.ERROR if verdict.severity == "error" else dg.AssetCheckSeverity.WARN,
            metadata={
                **{key: value for key, value in told.items() if value is not None},
                "data_docs": dg.MetadataValue.path(str(site.page_of(home, verdict.layer, verdict.table_name))),
            },
        )
