"""What follows from a failed expectation: closed gates, and figures carried forward.

What belongs here: pure functions from verdicts and frames to frames. What does not: judging
(`expectations`), and reading or writing a release.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol

import polars as pl

from indicators.catalogue.entries import Entry
from pipelines.quality.expectations import Verdict

GATES_SCHEMA = pl.Schema({"table_name": pl.String, "reason": pl.String})
KEY = ("indicator_id", "area_id", "period_kind", "period_start")
FIGURES = (
    "value",
    "lower",
    "upper",
    "bound_low",
    "bound_high",
    "numerator",
    "denominator",
    "unusable",
    "quality_grade",
    "grade_reason",
    "signal",
    "target_status",
)
# Candidates that hold all indicators.
INDICATOR_TABLES = ("computed_values", "computed_limits")
# Every indicator rests on these. Records of all kinds flow into the coverage of sources, yet an indicator takes only
# that of its own, which also fill its measure: so only failures of these tables themselves concern every indicator.
COMMON_TABLES = (
    "area",
    "run_window",
    "stg_run_window",
    "source",
    "stg_source",
    "fct_record",
    "msr_source_day",
    "msr_source_span",
    *INDICATOR_TABLES,
)


class Model(Protocol):
    """What is asked of a SQL model: its name and what it reads."""

    @property
    def name(self) -> str:
        """Name of the model."""

    @property
    def depends_on(self) -> Iterable[str]:
        """Names of the models that it reads."""

    @property
    def sources(self) -> Iterable[str]:
        """Names of the source tables that it reads."""


def closed_gates(verdicts: Iterable[Verdict]) -> pl.DataFrame:
    """List the gates that failed expectations of severity error close.

    Returns
    -------
    polars.DataFrame
        One row per failed gate: `table_name`, and `reason` as `gate_failed:<table>.<expectation>`, sorted.
    """
    rows = sorted({(v.table_name, _reason(v)) for v in verdicts if v.closes_gate})
    return pl.DataFrame(rows, schema=GATES_SCHEMA, orient="row")


def _reason(verdict: Verdict) -> str:
    return f"gate_failed:{verdict.table_name}.{verdict.expectation}"


def affected_tables(models: Iterable[Model], verdicts: Iterable[Verdict]) -> dict[str, tuple[str, ...]]:
    """Find the tables that a closed gate makes unfit, with the reasons that reach each.

    Parameters
    ----------
    models
        All SQL models, each after those that it reads.
    verdicts
        All verdicts; only failures of severity error count.

    Returns
    -------
    dict
        Name of each failed table and of each model downstream of one → its reasons, sorted.
    """
    reasons: dict[str, set[str]] = {}
    for table, reason in closed_gates(verdicts).iter_rows():
        reasons.setdefault(table, set()).add(reason)
    for model in models:
        upstream = [*model.depends_on, *(source.rsplit(".", 1)[-1] for source in model.sources)]
        inherited = set[str]().union(*(reasons.get(name, set()) for name in upstream))
        if inherited:
            reasons.setdefault(model.name, set()).update(inherited)
    return {table: tuple(sorted(found)) for table, found in reasons.items()}


def tables_of(entries: Iterable[Entry]) -> dict[str, tuple[str, ...]]:
    """Name the tables that each indicator rests on beside `COMMON_TABLES`; none for one that is not computed."""
    return {entry.id: tuple(_tables(entry)) if entry.is_computed else () for entry in entries}


def _tables(entry: Entry) -> Iterable[str]:
    yield from filter(None, (entry.measure, entry.opened_measure))
    if entry.kind in ("rate", "weighted_rate", "stock_ratio"):
        yield "fct_profile"
    if entry.kind == "weighted_rate":
        yield "severity_weight"


def affected_indicators(
    tables_of: Mapping[str, Iterable[str]], affected: Mapping[str, Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    """Find the indicators that rest on an unfit table.

    Parameters
    ----------
    tables_of
        Indicator → the tables it rests on, from `tables_of`.
    affected
        Unfit tables with their reasons, from `affected_tables`.

    Returns
    -------
    dict
        Indicator → the reasons that reach it, sorted; indicators that none reaches are left out.
    """
    common = {
        reason
        for table in COMMON_TABLES
        for reason in affected.get(table, ())
        if reason.startswith(f"gate_failed:{table}.")
    }
    reaching = {
        indicator: common.union(*(affected.get(table, ()) for table in tables))
        for indicator, tables in tables_of.items()
        if tables
    }
    return {indicator: tuple(sorted(reasons)) for indicator, reasons in reaching.items() if reasons}


def carry_forward(
    values: pl.DataFrame,
    previous: pl.DataFrame | None,
    affected: Mapping[str, Iterable[str]],
    previous_as_of: date | None,
) -> pl.DataFrame:
    """Put the figures of the last release in place of those that a closed gate makes unfit.

    An affected indicator keeps every figure that the last release published, as *stale* since the release
    that last computed it; a period that has no such figure is *withheld*, without numbers. All other
    indicators pass unchanged. What a stale figure's reason said before (such as an open period) still holds
    and follows the new codes.

    Parameters
    ----------
    values
        `indicator_values` as just computed.
    previous
        `indicator_values` of the release before; None when there is none.
    affected
        Indicator → reasons, from `affected_indicators`.
    previous_as_of
        The date that ruled the release before; needed with `previous`.

    Returns
    -------
    polars.DataFrame
        The columns and types of `values`, sorted by `KEY`.

    Raises
    ------
    ValueError
        If `previous` is given without `previous_as_of`.
    """
    if previous is not None and previous_as_of is None:
        raise ValueError("previous figures come without the as_of of their release")
    if not affected:
        return values.sort(KEY)
    unfit = pl.col("indicator_id").is_in([*affected])
    gates = pl.col("indicator_id").replace_strict(
        {indicator: ";".join(reasons) for indicator, reasons in affected.items()},
        default=None,
        return_dtype=pl.String,
    )
    published = _published(values, previous).filter(unfit)
    stale = published.with_columns(
        status=pl.lit("stale"),
        reason=pl.concat_str(
            gates,
            pl.format("stale_since:{}", _stale_since(previous_as_of)),
            _other_reasons(),
            separator=";",
            ignore_nulls=True,
        ),
    )
    withheld = (
        pl.concat([values, *([] if previous is None else [_alike(previous, values)])])
        .filter(unfit)
        .unique(KEY, keep="first")
        .join(published, on=KEY, how="anti")
        .with_columns(
            *(pl.lit(None, dtype=values.schema[column]).alias(column) for column in FIGURES),
            status=pl.lit("withheld"),
            reason=pl.concat_str(gates, pl.lit("not_published_yet"), separator=";"),
        )
    )
    return pl.concat([values.filter(~unfit), stale, withheld]).sort(KEY)


def _published(values: pl.DataFrame, previous: pl.DataFrame | None) -> pl.DataFrame:
    """Give the previous rows that hold a figure."""
    if previous is None:
        return values.clear()
    return _alike(previous, values).filter(pl.col("value").is_not_null())


def _alike(previous: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """Give previous rows in the columns of the new ones; null in those that the release before did not have yet."""
    absent = [pl.lit(None).alias(column) for column in rows.columns if column not in previous.columns]
    return previous.with_columns(absent).select(rows.columns).cast(rows.schema)


def _stale_since(previous_as_of: date | None) -> pl.Expr:
    """Give the date since which a figure is stale: the first one, if it was stale before."""
    first = pl.col("reason").str.extract(r"(?:^|;)stale_since:([0-9-]+)")
    return pl.when(pl.col("status") == "stale").then(first).fill_null(pl.lit(str(previous_as_of)))


def _other_reasons() -> pl.Expr:
    """Give the earlier codes that do not tell of gates; null when there are none."""
    codes = (
        pl.col("reason")
        .str.split(";")
        .list.eval(pl.element().filter(~pl.element().str.contains(r"^(gate_failed|stale_since|not_published_yet)\b")))
    )
    return pl.when(codes.list.len() > 0).then(codes.list.join(";"))


def carry_forward_rows(rows: pl.DataFrame, previous: pl.DataFrame | None, affected: Iterable[str]) -> pl.DataFrame:
    """Put the last release's rows of affected indicators in place of the new ones, as for `indicator_limits`.

    Without an earlier release the affected indicators have no rows. New rows come first, then the carried
    ones.
    """
    unfit = pl.col("indicator_id").is_in([*affected])
    kept = rows.filter(~unfit)
    return kept if previous is None else pl.concat([kept, _alike(previous, rows).filter(unfit)])
