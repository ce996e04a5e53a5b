"""How many unusable records could belong to each area and period.

Belongs here: quarantined records and records of unknown area or day. What they could do to a figure is in
`bounds`. Superseded and duplicate receipts are known for what they are and open nothing.
"""

import polars as pl

from indicators.areas import AreaTree
from indicators.feeds import Feed
from indicators.inputs import Inputs

PERIOD = ["period_kind", "period_start"]


def spread(counts: pl.DataFrame, tree: AreaTree, by: list[str], columns: list[str]) -> pl.DataFrame:
    """Roll counts up, and tell what each area could still gain from records of unknown area.

    A record of unknown area could belong to any area of its geography, and to any area above those; where the
    area already holds it (the city does) it adds nothing.

    Parameters
    ----------
    counts : DataFrame
        area_id, `by`, `columns`.

    Returns
    -------
    DataFrame
        area_id, `by`, and for each column c: `c` (the area's own), `c_elsewhere` (unallocated, not in the
        area), `c_everywhere` (all of the area's geographies).
    """
    own = tree.roll_up(counts, by, columns)
    placed = counts.join(tree.areas.select("area_id", "geography", "is_unallocated"), on="area_id")
    unallocated = tree.roll_up(placed.filter("is_unallocated"), by, columns)
    around = (
        placed.group_by("geography", *by)
        .agg(
            pl.col(columns).sum().name.suffix("_everywhere"),
            pl.col(columns).filter("is_unallocated").sum().name.suffix("_elsewhere"),
        )
        .join(tree.geographies, on="geography")
        .group_by("area_id", *by)
        .agg(pl.exclude("geography").sum())
    )
    key = ["area_id", *by]
    return (
        around.join(own, on=key, how="left")
        .join(unallocated, on=key, how="left", suffix="_held")
        .with_columns(pl.col(columns).fill_null(0))
        .with_columns(
            (pl.col(f"{c}_elsewhere") - pl.col(f"{c}_held").fill_null(0)).alias(f"{c}_elsewhere") for c in columns
        )
        .drop(f"{c}_held" for c in columns)
    )


def quarantined(feed: Feed, inputs: Inputs, tree: AreaTree, covered_days: pl.DataFrame) -> pl.DataFrame:
    """Refused records of the feed's sources that could belong to each area and period.

    Those of unknown area could belong to each area, those without a day to each period.

    Returns
    -------
    DataFrame
        area_id, period_kind, period_start, located (known to be of that area and period), quarantined (at
        most); areas and periods without any may be absent.
    """
    periods = covered_days.select(PERIOD).unique()
    receipts = (
        inputs.measure("msr_receipt_day")
        .join(feed.sources, on=["source", "kind"], how="semi")
        .filter((pl.col("unusable") > 0) & pl.col("geography").is_in(feed.geographies))
    )
    dated = receipts.join(covered_days, on="day").group_by("area_id", *PERIOD).agg(pl.col("unusable").sum())
    undated = receipts.filter(pl.col("day").is_null()).group_by("area_id").agg(pl.col("unusable").sum())
    by_period = spread(dated, tree, PERIOD, ["unusable"])
    at_any_time = spread(undated, tree, [], ["unusable"]).join(periods, how="cross")
    both = pl.concat(
        [
            by_period.select("area_id", *PERIOD, "unusable", "unusable_elsewhere", located="unusable"),
            at_any_time.select("area_id", *PERIOD, "unusable", "unusable_elsewhere", located=pl.lit(0, pl.Int64)),
        ]
    )
    return both.group_by("area_id", *PERIOD).agg(
        located=pl.col("located").sum(), quarantined=(pl.col("unusable") + pl.col("unusable_elsewhere")).sum()
    )
