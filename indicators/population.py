"""Person-days at risk of an area and period.

Belongs here: population steps, parents as the sum of their children, days actually covered.
"""

import polars as pl

from indicators.areas import AreaTree

DAYS_PER_YEAR = 365.25


def person_days(
    profile: pl.DataFrame, tree: AreaTree, geographies: list[str], covered_days: pl.DataFrame
) -> pl.DataFrame:
    """Sum of the daily population over the covered days of each period.

    A population holds from its `valid_from` until the next. Before the first it holds too: a census of 2020
    is the best that is known about 2014, and a rate with a stated denominator beats none. A parent's
    population is the sum of its children in one geography: of `geographies` (those of the indicator) where
    one has populations, else the first that has. A parent of which a child's population is not known has none.

    Parameters
    ----------
    profile : DataFrame
        area_id, valid_from, population.
    tree : AreaTree
    geographies : list of str
        Geographies of the indicator, preferred in this order.
    covered_days : DataFrame
        day, period_kind, period_start.

    Returns
    -------
    DataFrame
        area_id, period_kind, period_start, person_days; areas without population are absent.
    """
    steps = profile.select("area_id", "valid_from", pl.col("population").cast(pl.Int64)).drop_nulls()
    if steps.is_empty():
        return (
            covered_days.select("period_kind", "period_start")
            .clear()
            .with_columns(area_id=pl.lit(None, pl.String), person_days=pl.lit(None, pl.Int64))
        )
    population = _chosen(_by_geography(steps, tree), geographies)
    starts = population.select("valid_from").unique().sort("valid_from")
    days = (
        covered_days.sort("day")
        .join_asof(starts, left_on="day", right_on="valid_from", strategy="backward", check_sortedness=False)
        .with_columns(pl.col("valid_from").fill_null(starts["valid_from"].min()))
        .group_by("period_kind", "period_start", "valid_from")
        .agg(days=pl.len().cast(pl.Int64))
    )
    return (
        population.join(days, on="valid_from")
        .group_by("area_id", "period_kind", "period_start")
        .agg(person_days=(pl.col("population") * pl.col("days")).sum())
    )


def _by_geography(steps: pl.DataFrame, tree: AreaTree) -> pl.DataFrame:
    """Population of every area from every step on: area_id, geography, valid_from, population (null if unknown)."""
    places = tree.areas.select("area_id", "geography")
    known = steps.select("area_id").unique().join(places, on="area_id")
    # Areas of a geography that has populations, each of which a parent's sum must include.
    expected = pl.concat(
        [
            known,
            tree.areas.filter(
                ~pl.col("is_unallocated") & ~pl.col("area_id").is_in(tree.areas["parent_id"].drop_nulls().to_list())
            )
            .select("area_id", "geography")
            .join(known.select("geography").unique(), on="geography", how="semi"),
        ]
    ).unique()
    starts = steps.select("valid_from").unique().sort("valid_from")
    filled = (
        expected.join(starts, how="cross")
        .join(steps, on=["area_id", "valid_from"], how="left")
        .sort("area_id", "valid_from")
        .with_columns(pl.col("population").forward_fill().backward_fill().over("area_id"))
    )
    return (
        filled.join(tree.lineage, on="area_id")
        .group_by(pl.col("ancestor_id").alias("area_id"), "geography", "valid_from")
        .agg(population=pl.when(pl.col("population").is_not_null().all()).then(pl.col("population").sum()))
    )


def _chosen(population: pl.DataFrame, geographies: list[str]) -> pl.DataFrame:
    known = population.drop_nulls("population")
    others = sorted(set(known["geography"].drop_nulls()) - set(geographies))
    order = {name: rank for rank, name in enumerate([*geographies, *others])}
    return (
        known.with_columns(rank=pl.col("geography").replace_strict(order, default=len(order), return_dtype=pl.Int64))
        .filter(pl.col("rank") == pl.col("rank").min().over("area_id"))
        .select("area_id", "valid_from", "population")
    )
