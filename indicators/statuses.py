"""From computed cells to published rows: status, reason, rounding.

Belongs here: what every figure has in common, whatever its kind.
"""

from datetime import date

import polars as pl

from indicators.catalogue.entries import OF_FEW_PEOPLE, Entry
from indicators.cells import FIGURES
from indicators.disclosure import EXACT, Disclosure
from indicators.grades import grade, grade_reason
from indicators.inputs import VALUE_SCHEMA
from indicators.rounding import SIGNIFICANT_DIGITS

# What the charts need to know of a row beyond its published columns.
CHART_COLUMNS = ("is_complete", "is_unallocated", "events", "event_squares")


def publish(cells: pl.DataFrame, entry: Entry, as_of: date, disclosure: Disclosure = EXACT) -> pl.DataFrame:
    """Columns of `indicator_values` and `CHART_COLUMNS`; signal and target are not judged here.

    A figure is *not available* for the reason that voids it, *withheld* under the minimum denominator (its numerator
    is kept, unless it would tell of few people) or where a count may not be shown (none is), *provisional* while days
    are missing or records may still arrive, else *final*.
    """
    is_small = pl.col("is_withheld") if "is_withheld" in cells.columns else pl.lit(False)
    is_rate = entry.kind in ("rate", "weighted_rate")
    withheld = is_small | (pl.col("denominator") < entry.min_denominator)
    void, provisional = pl.col("void_reason").is_not_null(), pl.col("provisional_reason").is_not_null()
    small = (
        pl.when(is_small)
        .then(pl.lit(f"small_count:{disclosure.smallest_shown}"))
        .otherwise(pl.lit(f"small_denominator:{entry.min_denominator:g}"))
    )
    silent = pl.col("have_days") == 0
    shown = ~void & ~withheld
    told = ~silent & (shown if entry.kind in OF_FEW_PEOPLE else pl.lit(True))
    whole = pl.col("have_days") == pl.col("span_days")
    columns = {name: pl.col(name) if name in cells.columns else pl.lit(None, pl.Float64) for name in FIGURES}
    return cells.with_columns(
        **{name: pl.when(shown).then(_rounded(column)) for name, column in columns.items()},
        p_value=pl.when(shown).then(_rounded(pl.col("p_value") if "p_value" in cells.columns else pl.lit(None))),
        numerator=pl.when(told & ~is_small).then(_rounded(pl.col("numerator"))),
        # Residents are no secret; of anything else the denominator is a count, too.
        denominator=pl.when(told & (pl.lit(is_rate) | ~is_small)).then(_rounded(pl.col("denominator"))),
        unusable=pl.when(told).then(_unusable(disclosure)),
        quality_grade=pl.when(shown).then(grade()),
        grade_reason=pl.when(shown).then(grade_reason()),
        status=pl.when(void)
        .then(pl.lit("not_available"))
        .when(withheld)
        .then(pl.lit("withheld"))
        .when(provisional)
        .then(pl.lit("provisional"))
        .otherwise(pl.lit("final")),
        reason=pl.when(void)
        .then("void_reason")
        .when(withheld)
        .then(pl.concat_str(small, "provisional_reason", separator=";", ignore_nulls=True))
        .otherwise("provisional_reason"),
        indicator_id=pl.lit(entry.id),
        signal=pl.lit(None, pl.String),
        target_status=pl.lit(None, pl.String),
        # A figure that records may still change is no ground for a signal.
        is_complete=whole & ~provisional & (pl.col("period_end") <= pl.lit(as_of)),
    ).select(*VALUE_SCHEMA, *CHART_COLUMNS)


def _unusable(disclosure: Disclosure) -> pl.Expr:
    """How many records are unusable, as far as it may be shown."""
    count = pl.col("unusable")
    if disclosure.is_exact:
        return count
    shown = count.map_batches(
        lambda counts: pl.Series(disclosure.show(counts.fill_null(0).to_numpy()).value), return_dtype=pl.Int64
    )
    return pl.when((count == 0) | (count >= disclosure.smallest_shown)).then(shown)


def _rounded(column: pl.Expr) -> pl.Expr:
    # Adding zero turns -0.0 into 0.0.
    return column.cast(pl.Float64).round_sig_figs(SIGNIFICANT_DIGITS) + 0.0
