"""How many unusable records could belong to each area and period.

Belongs here: refused and contested records, and records of unknown area or day. What they could do to a figure is in
`bounds`. Duplicates, and versions that a time of update shows to be older, are known for what they are: they open
nothing.
"""

from collections.abc import Sequence
from datetime import date

import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.entries import Alternative, Entry, Selection
from indicators.catalogue.measures import MEASURES
from indicators.feeds import Feed
from indicators.inputs import Inputs

PERIOD = ["period_kind", "period_start"]
DOUBTS = ["refused", "contested", "doubled"]


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


def in_doubt(feed: Feed, inputs: Inputs, tree: AreaTree, covered_days: pl.DataFrame) -> pl.DataFrame:
    """Records in doubt of the feed's sources, by each area and period that they could belong to.

    Those of unknown area could belong to each area, those without a day to each period, and those that may have
    happened on one of several days to the period of each. They are dated as the feed's measure counts: by their due
    day where it counts those that are due.

    Returns
    -------
    DataFrame
        area_id, period_kind, period_start, located (refused, known to be of that area and period), refused (at most),
        contested (counted there, known to be), doubled (of these, as many are also among the refused); areas and
        periods without any may be absent.
    """
    first, last = MEASURES[feed.measure].days
    doubtful = (
        _concerning(feed.entry, inputs.doubtful)
        .join(feed.sources, on=["source", "kind"], how="semi")
        .filter(pl.col("geography").is_in(feed.geographies))
        .select("area_id", *DOUBTS, first=first, last=pl.max_horizontal(first, last))
    )
    dated = _by_period(doubtful.filter(pl.col("first").is_not_null()), covered_days, inputs.as_of)
    # What is counted on no day cannot be taken away from one.
    undated = doubtful.filter(pl.col("first").is_null()).group_by("area_id").agg(pl.col("refused").sum())
    by_period = spread(dated, tree, PERIOD, DOUBTS)
    at_any_time = spread(undated, tree, [], ["refused"]).join(covered_days.select(PERIOD).unique(), how="cross")
    columns = ["area_id", *PERIOD, "refused", "refused_elsewhere"]
    none = pl.lit(0, pl.Int64)
    both = pl.concat(
        [
            by_period.select(*columns, "contested", "doubled", located="refused"),
            at_any_time.select(*columns, contested=none, doubled=none, located=none),
        ]
    )
    return both.group_by("area_id", *PERIOD).agg(
        pl.col("located", "contested", "doubled").sum(), refused=(pl.col("refused") + pl.col("refused_elsewhere")).sum()
    )


def _concerning(entry: Entry, doubtful: pl.DataFrame) -> pl.DataFrame:
    """Records in doubt as a whole, and those of which a field could not be read that the entry needs.

    Such a record may belong where the entry chooses rows by the field's value, and is not counted; where it chooses by
    what the value is not, it is counted and may not belong. What else depends on the field may be either way.
    """
    selection = entry.denominator or entry.numerator
    chosen, passed = _chosen_by(selection.where if selection else entry.where)
    if entry.kind == "weighted_rate":
        chosen.add("category")
    either = {*entry.unusable.unreadable, *(_named(entry.numerator) - chosen - passed)}
    is_whole, field = pl.col("field").is_null(), pl.col("field")
    return doubtful.with_columns(
        refused=pl.when(is_whole | field.is_in([*chosen, *either])).then("refused").otherwise(0),
        contested=pl.when(is_whole | field.is_in([*passed - chosen, *either])).then("contested").otherwise(0),
        doubled=pl.when(field.is_in([*either])).then(pl.min_horizontal("refused", "contested")).otherwise(0),
    ).filter(pl.col("refused") + pl.col("contested") > 0)


def _named(selection: Selection | None) -> set[str]:
    return set[str]().union(*_chosen_by(selection.where)) if selection else set()


def _chosen_by(where: Sequence[Alternative]) -> tuple[set[str], set[str]]:
    """Dimensions of which a row must hold some value, and those of which it must not."""
    chosen, passed = set[str](), set[str]()
    for alternative in where:
        for dimension, condition in alternative.items():
            (passed if condition.values is None and condition.prefix is None else chosen).add(dimension)
    return chosen, passed


def _by_period(doubtful: pl.DataFrame, covered_days: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Records by area and each period that holds one of their days `first` to `last`, once a period."""
    by_span = ["area_id", "first", pl.min_horizontal("last", pl.lit(as_of)).alias("last")]
    spans = doubtful.group_by(by_span).agg(pl.col(DOUBTS).sum())
    is_one_day = pl.col("first") >= pl.col("last")
    of_one_day = spans.filter(is_one_day).rename({"first": "day"}).join(covered_days, on="day")
    of_several = (
        spans.filter(~is_one_day)
        .with_row_index("span")
        .with_columns(day=pl.date_ranges(pl.max_horizontal("first", pl.lit(covered_days["day"].min())), "last"))
        .explode("day")
        .join(covered_days, on="day")
        .unique(["span", *PERIOD])
    )
    columns = ["area_id", *PERIOD, *DOUBTS]
    together = pl.concat([of_one_day.select(columns), of_several.select(columns)])
    return together.group_by("area_id", *PERIOD).agg(pl.col(DOUBTS).sum())


def undated_share(feed: Feed, inputs: Inputs) -> float:
    """Share, from 0 to 1, of the feed's sources' records that were refused and that no day is known of."""
    sources = feed.sources
    first, _ = MEASURES[feed.measure].days
    undated = (
        _concerning(feed.entry, inputs.doubtful)
        .join(sources, on=["source", "kind"], how="semi")
        .filter(pl.col(first).is_null())
    )
    known = int(inputs.spans.join(sources, on=["source", "kind"], how="semi")["records"].sum())
    lost = int(undated["refused"].sum())
    return lost / (lost + known) if lost else 0.0
