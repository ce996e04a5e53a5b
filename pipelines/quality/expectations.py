"""Judging tables by their expectations.

What belongs here: the verdicts and their table, and the one entry to the run. What does not: Great
Expectations itself, which takes seconds to import and is therefore imported when the first tables are
judged (`validation`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import duckdb
import polars as pl

from pipelines.quality.changes import Days
from pipelines.quality.declarations import Expectation, Severity
from pipelines.quality.dimensions import Dimension

RESULT_SCHEMA = pl.Schema(
    {
        "run_id": pl.String,
        "table_name": pl.String,
        "layer": pl.String,
        "expectation": pl.String,
        "column_name": pl.String,
        "severity": pl.String,
        "success": pl.Boolean,
        "observed": pl.String,
        "failed_count": pl.Int64,
        "exception": pl.String,
        "threshold": pl.String,
        "dimension": pl.String,
        "examined": pl.String,
    }
)


WHOLE = "whole"
UNCHANGED = "unchanged"
"""Nothing was looked at: no row has changed since the expectation was found to hold of all."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of one expectation: a row of `expectation_results`.

    Attributes
    ----------
    success
        False when the expectation failed, and when it could not be judged (then `exception` says why).
    observed
        The figure that was judged, as text; None where only rows are counted.
    failed_count
        Rows that break the expectation, also where it tolerates them; None where rows are not what is judged.
    threshold
        What it was held against, as text; None where no row at all may break it.
    dimension
        The dimension of data quality that it judges.
    examined
        The rows that were looked at, from `examined`: the whole table, or the days that had changed.
    """

    run_id: str
    table_name: str
    layer: str
    expectation: str
    column_name: str | None
    severity: Severity
    success: bool
    observed: str | None
    failed_count: int | None
    exception: str | None
    threshold: str | None = None
    dimension: Dimension = "validity"
    examined: str = WHOLE

    @property
    def closes_gate(self) -> bool:
        """Whether figures that depend on the table must be held back."""
        return self.severity == "error" and not self.success


def judge(
    con: duckdb.DuckDBPyConnection,
    expectations: Sequence[Expectation],
    run_id: str,
    days: Sequence[Days | None] | None = None,
) -> list[Verdict]:
    """Judge tables by all their expectations, inside DuckDB.

    Only what is committed on `con` is seen, and nothing is changed; a transaction open on `con` stays open.
    Expectations of one table are judged together, so that they share its scans. A table or column that does
    not exist, or a query that cannot run, is a verdict with an exception, not an error of this function.

    Parameters
    ----------
    con
        Connection that the run holds.
    expectations
        Any tables, any order.
    run_id
        Written into every verdict.
    days
        For each expectation the days whose rows are looked at, None for all of the table's; without, all of every
        table's.

    Returns
    -------
    list of Verdict
        One for each expectation, in the same order.
    """
    if not expectations:
        return []
    from pipelines.quality import validation  # noqa: PLC0415 - slow to import

    windows = days or [None] * len(expectations)
    outcomes = validation.validate(con, expectations, windows)
    return [
        Verdict(
            run_id=run_id,
            table_name=expectation.table,
            layer=expectation.layer,
            expectation=expectation.name,
            column_name=expectation.column,
            severity=expectation.severity,
            success=outcome.success,
            observed=outcome.observed,
            failed_count=outcome.failed_count,
            exception=outcome.exception,
            threshold=expectation.threshold,
            dimension=expectation.dimension,
            examined=examined(window),
        )
        for expectation, outcome, window in zip(expectations, outcomes, windows, strict=True)
    ]


def examined(days: Days | None) -> str:
    """Say which rows were looked at: `whole`, `unchanged`, or first and last day with how many days between are meant.

    Examples
    --------
    `2016-12-01/2016-12-31` are all days of December, `2016-12-01/2016-12-31 (3 days)` are three of them.
    """
    if days is None:
        return WHOLE
    dated = sorted(day for day in days if day is not None)
    parts = []
    if dated:
        is_unbroken = (dated[-1] - dated[0]).days + 1 == len(dated)
        parts.append(f"{dated[0]}/{dated[-1]}" + ("" if is_unbroken else f" ({len(dated)} days)"))
    if None in days:
        parts.append("undated")
    return ", ".join(parts) or UNCHANGED


def results_frame(verdicts: Sequence[Verdict]) -> pl.DataFrame:
    """Give the verdicts as the table `expectation_results`."""
    return pl.DataFrame([asdict(verdict) for verdict in verdicts], schema=RESULT_SCHEMA)
