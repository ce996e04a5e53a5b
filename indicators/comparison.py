"""Areas of one level side by side in a period: what chance allows, what shrinking leaves, how sure an order is.

Belongs here: which published figures are compared, and putting `funnels`, `shrinkage` and `ranks` to work on them.
Not here: one area over time (`charts`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import get_args

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.funnels import Statistic, funnel
from indicators.ranks import Distribution, Polarity, rank_intervals
from indicators.rounding import SIGNIFICANT_DIGITS
from indicators.shrinkage import shrunken_rates

CELL = ["indicator_id", "period_kind", "period_start", "area_level", "peer_group"]
COMPARISON_SCHEMA = {
    "indicator_id": pl.String,
    "area_id": pl.String,
    "area_level": pl.String,
    "peer_group": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "areas_compared": pl.Int32,
    "target": pl.Float64,
    "inner_low": pl.Float64,
    "inner_high": pl.Float64,
    "outer_low": pl.Float64,
    "outer_high": pl.Float64,
    "dispersion": pl.Float64,
    "standing": pl.String,
    "shrunken": pl.Float64,
    "shrunken_low": pl.Float64,
    "shrunken_high": pl.Float64,
    "rank": pl.Int32,
    "rank_low": pl.Int32,
    "rank_high": pl.Int32,
}
# Kinds of figures whose sampling error is known from numerator and denominator, and the interval that says so.
COMPARED: dict[str, tuple[Statistic, str]] = {"rate": ("rate", "byar"), "proportion": ("proportion", "wilson")}
INNER, OUTER = 0.95, 0.998
_LIMITS = ("inner_low", "inner_high", "outer_low", "outer_high")


@dataclass(frozen=True)
class ComparisonRules:
    """Which areas and periods are compared.

    Attributes
    ----------
    fewest_areas : int
        Areas with a final figure that a comparison needs: fewer have no common level to speak of.
    periods : dict of str to int
        Kinds of period, and how many of the latest. Months are left out: most of their order is chance.
    draws : int
        Monte Carlo draws behind a rank interval.
    """

    fewest_areas: int = 5
    periods: dict[str, int] = field(default_factory=lambda: {"quarter": 8, "year": 5, "rolling_12m": 12})
    draws: int = 1000


def compare(
    values: pl.DataFrame, entries: Sequence[Entry], areas: pl.DataFrame, rules: ComparisonRules | None = None
) -> pl.DataFrame:
    """Compare the areas of each level, indicator and period.

    Compared are final figures of rates of independent events and of proportions. The target is the pooled figure of
    the areas compared; limits allow for what areas differ beyond chance (τ² added to the sampling variance). Rates
    are drawn towards the target by empirical Bayes. Ranks, best first, come with the interval of a Monte Carlo over
    each area's own posterior: the gamma of the shrunken rate, the beta of a proportion with Jeffreys' prior. An
    indicator without polarity has none.

    Parameters
    ----------
    values : DataFrame
        `indicator_values` as published.
    entries : sequence of Entry
    areas : DataFrame
        area_id, is_unallocated, peer_group (null where areas are compared with all of their level).
    rules : ComparisonRules, optional

    Returns
    -------
    DataFrame
        COMPARISON_SCHEMA: one row per area compared, sorted. Figures are in the indicator's unit; `standing` is
        `high` or `low` outside the outer limits (99.8 %), `rather_high` or `rather_low` outside the inner ones
        (95 %), else `expected`; `dispersion` is φ.

    References
    ----------
    Spiegelhalter (2005), Statistics in Medicine 24:1185-1202; Marshall (1991), Applied Statistics 40:283-294;
    Goldstein & Spiegelhalter (1996), J. R. Statist. Soc. A 159:385-443.
    """
    rules = rules or ComparisonRules()
    chosen = {entry.id: entry for entry in entries if COMPARED.get(entry.kind, ("", None))[1] == entry.interval}
    cells = _cells(values, chosen, areas, rules)
    parts = [pl.DataFrame(schema=COMPARISON_SCHEMA)]
    for kind, (statistic, _) in COMPARED.items():
        for polarity in get_args(Polarity):
            those = [entry.id for entry in chosen.values() if (entry.kind, entry.polarity) == (kind, polarity)]
            compared = cells.filter(pl.col("indicator_id").is_in(those))
            if compared.height:
                told = _with_posterior(_with_funnel(compared, statistic), statistic)
                ranked = told if polarity == "context" else _ranked(told, statistic, polarity, rules.draws)
                parts.append(_published(ranked))
    return pl.concat(parts).sort("indicator_id", "period_kind", "period_start", "area_level", "area_id")


def _cells(
    values: pl.DataFrame, entries: dict[str, Entry], areas: pl.DataFrame, rules: ComparisonRules
) -> pl.DataFrame:
    """Final figures of places, with `events`, `at_risk` and `per`, of groups that are large enough."""
    per = {name: entry.per for name, entry in entries.items()}
    final = (
        values.filter(
            pl.col("indicator_id").is_in([*entries])
            & pl.col("period_kind").is_in([*rules.periods])
            & (pl.col("status") == "final")
            & pl.col("value").is_not_null()
            & (pl.col("denominator") > 0)
        )
        .join(areas.filter(~pl.col("is_unallocated")).select("area_id", "peer_group"), on="area_id")
        .with_columns(areas_compared=pl.len().over(CELL))
        .filter(pl.col("areas_compared") >= rules.fewest_areas)
    )
    newest_first = pl.col("period_start").rank("dense", descending=True).over("indicator_id", "period_kind")
    most = pl.col("period_kind").replace_strict(rules.periods, default=0, return_dtype=pl.Int64)
    return final.filter(newest_first <= most).select(
        *CELL,
        "area_id",
        "value",
        "areas_compared",
        events="numerator",
        at_risk="denominator",
        per=pl.col("indicator_id").replace_strict(per, default=None, return_dtype=pl.Float64),
        # Null is no key of a group.
        group=pl.col("peer_group").fill_null(""),
    )


_BY = ["indicator_id", "period_kind", "period_start", "area_level", "group"]


def _with_funnel(cells: pl.DataFrame, statistic: Statistic) -> pl.DataFrame:
    inner, outer = (funnel(cells, _BY, statistic, "additive", confidence) for confidence in (INNER, OUTER))
    return inner.rename({"lower": "inner_low", "upper": "inner_high"}).with_columns(
        outer_low=outer["lower"], outer_high=outer["upper"]
    )


def _with_posterior(cells: pl.DataFrame, statistic: Statistic) -> pl.DataFrame:
    """Add the parameters of each area's posterior, and of rates the shrunken figure with its limits."""
    if statistic == "rate":
        shrunken = shrunken_rates(cells.drop("inner_low", "inner_high", "target"), _BY)
        return cells.with_columns(
            shrunken.select(
                "shrunken",
                shrunken_low="lower",
                shrunken_high="upper",
                first="posterior_shape",
                second="posterior_rate",
            )
        )
    nothing = pl.lit(None, pl.Float64)
    return cells.with_columns(
        shrunken=nothing,
        shrunken_low=nothing,
        shrunken_high=nothing,
        first=pl.col("events") + 0.5,
        second=pl.col("at_risk") - pl.col("events") + 0.5,
    )


def _ranked(cells: pl.DataFrame, statistic: Statistic, polarity: Polarity, draws: int) -> pl.DataFrame:
    distribution: Distribution = "gamma" if statistic == "rate" else "beta"
    ranked = rank_intervals(cells, _BY, distribution, ("first", "second"), polarity, top=1, draws=draws)
    return ranked.rename({"rank_lower": "rank_low", "rank_upper": "rank_high"})


def _published(cells: pl.DataFrame) -> pl.DataFrame:
    scaled = ("target", *_LIMITS, "shrunken", "shrunken_low", "shrunken_high")
    value = pl.col("value")
    whole = (
        cells
        if "rank" in cells.columns
        else cells.with_columns(pl.lit(None, pl.Int64).alias(name) for name in ("rank", "rank_low", "rank_high"))
    )
    return (
        whole.with_columns(
            *((pl.col(name) * pl.col("per")).round_sig_figs(SIGNIFICANT_DIGITS) + 0.0 for name in scaled),
            pl.col("dispersion").round_sig_figs(SIGNIFICANT_DIGITS),
        )
        .with_columns(
            standing=pl.when(pl.col("target").is_null())
            .then(None)
            .when(value > pl.col("outer_high"))
            .then(pl.lit("high"))
            .when(value < pl.col("outer_low"))
            .then(pl.lit("low"))
            .when(value > pl.col("inner_high"))
            .then(pl.lit("rather_high"))
            .when(value < pl.col("inner_low"))
            .then(pl.lit("rather_low"))
            .otherwise(pl.lit("expected"))
        )
        .select(pl.col(name).cast(dtype) for name, dtype in COMPARISON_SCHEMA.items())
    )
