"""What follows from a failed expectation: closed gates, and figures carried forward.

What belongs here: pure functions from failures and frames to frames. What does not: judging (`expectations`), what a
failure is about (`failures`), what an indicator rests on (`resting`), and reading or writing a release.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from dbt_like_sql.lineage import ColumnRef
from pipelines.quality.failures import Failure
from pipelines.quality.resting import Rest

GATES_SCHEMA = pl.Schema(dict.fromkeys(("table_name", "columns", "sources", "indicators", "reason"), pl.String))
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
    "p_value",
)
# Candidates that hold all indicators.
INDICATOR_TABLES = ("computed_values", "computed_limits", "protected_values", "protected_limits")
# Every indicator rests on these. Records of all kinds flow into the coverage of sources, yet an indicator takes only
# that of its own: so only failures of these tables themselves concern every indicator.
COMMON_TABLES = (
    "area",
    "run_window",
    "stg_run_window",
    "source",
    "stg_source",
    "field_map",
    "fct_record",
    "msr_area_day",
    "msr_source_day",
    "msr_source_span",
    *INDICATOR_TABLES,
)


@dataclass(frozen=True)
class Sources:
    """Sources of one indicator.

    Attributes
    ----------
    feeding
        Those of which rows are counted.
    possible
        Those that could have such rows: all that map what it needs.
    residents
        Those that tell how many people its areas have.
    """

    feeding: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    residents: frozenset[str] = frozenset()


def closed_gates(failures: Iterable[Failure], affected: Mapping[str, Iterable[str]]) -> pl.DataFrame:
    """List the gates that failures close, with what each holds back.

    Parameters
    ----------
    failures
        All failures of severity error.
    affected
        Indicator → reasons, from `affected_indicators`.

    Returns
    -------
    polars.DataFrame
        One row per failed gate, sorted: `table_name`; `columns` and `sources` concerned, joined by commas, null where
        all may be; `indicators` held back, null where there are none; `reason`.
    """
    rows = {
        (
            failure.table,
            _listed(failure.columns),
            _listed(failure.sources),
            _listed([indicator for indicator, reasons in affected.items() if failure.reason in reasons]) or None,
            failure.reason,
        )
        for failure in failures
    }
    return pl.DataFrame(sorted(rows, key=lambda row: (row[0], row[-1])), schema=GATES_SCHEMA, orient="row")


def _listed(names: Iterable[str] | None) -> str | None:
    return None if names is None else ",".join(sorted(names))


def affected_indicators(
    rests: Mapping[str, Rest], sources: Mapping[str, Sources], failures: Sequence[Failure]
) -> dict[str, tuple[str, ...]]:
    """Find the indicators that a failure reaches.

    It does where it is about a column that the indicator rests on, or about a table as a whole whose rows it rests
    on; and about rows of one of its sources, where it is known whose they are. A figure of several sources is the sum
    of them all: where one is broken, it is held back whole.

    Parameters
    ----------
    rests
        Indicator → what it rests on, from `resting`; others have no figures.
    sources
        Indicator → its sources; without them it may rest on any.

    Returns
    -------
    dict
        Indicator → the reasons that reach it, sorted; indicators that none reaches are left out.
    """
    reached = {
        indicator: {each.reason for each in failures if _reaches(each, indicator, rest, sources.get(indicator))}
        for indicator, rest in rests.items()
    }
    return {indicator: tuple(sorted(reasons)) for indicator, reasons in reached.items() if reasons}


def _reaches(failure: Failure, indicator: str, rest: Rest, sources: Sources | None) -> bool:
    if failure.indicators is not None:
        return indicator in failure.indicators
    columns = {ColumnRef(failure.relation, column) for column in failure.columns or ()}
    is_of_several = sources is None or len(sources.feeding) > 1
    if failure.table not in COMMON_TABLES:
        if failure.columns is None and failure.relation not in rest.relations:
            return False
        # Which sources continue one another is told by their categories.
        used = rest.columns | rest.joining if is_of_several else rest.columns
        if failure.columns is not None and not columns & used:
            return False
    if failure.sources is None or sources is None:
        return True
    # Where rows may be missing, a source that feeds the indicator may have left no trace in it.
    is_counted = failure.columns is not None and not columns & rest.choosing
    return bool(failure.sources & ((sources.feeding if is_counted else sources.possible) | sources.residents))


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
