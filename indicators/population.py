"""Person-days at risk of an area and period.

Belongs here: population steps, parents as the sum of their children, days actually covered.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.areas import AreaTree
from indicators.layout import Layout

DAYS_PER_YEAR = 365.25


def person_days(profile: pl.DataFrame, layout: Layout) -> npt.NDArray[np.float64]:
    """Sum of the daily population over the covered days of each period.

    A population holds from its `valid_from` until the next. Before the first it holds too: a census of 2020
    is the best that is known about 2014, and a rate with a stated denominator beats none. A parent's
    population is the sum of its children in one geography: of those of the layout (those of the indicator) where
    one has populations, else the first that has. A parent of which a child's population is not known has none.

    Parameters
    ----------
    profile : DataFrame
        area_id, valid_from, population.
    layout : Layout

    Returns
    -------
    array, shape (areas told of, periods)
        NaN for areas without population, and periods without a covered day.
    """
    coverage = layout.coverage
    found = np.full((layout.areas.height, coverage.periods.height), np.nan)
    steps = profile.select("area_id", "valid_from", pl.col("population").cast(pl.Int64)).drop_nulls()
    if steps.is_empty():
        return found
    population = _chosen(_by_geography(steps, layout.tree), layout.geographies)
    starts = population.select("valid_from").unique().sort("valid_from")["valid_from"]
    days = pl.date_range(coverage.first, coverage.as_of, eager=True)
    # Of each day the step that holds, the first before any.
    step = np.maximum(starts.search_sorted(days, side="right").to_numpy().astype(np.int64) - 1, 0)
    known = layout.areas.with_row_index("row").join(population, on="area_id").sort("row", "valid_from")
    rows = known["row"].unique(maintain_order=True).to_numpy()
    people = known["population"].to_numpy().reshape(len(rows), len(starts))
    summed = coverage.by_period(people[:, step] * coverage.is_covered).astype(np.float64)
    found[rows] = np.where(coverage.periods["have_days"].to_numpy() > 0, summed, np.nan)
    return found


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
