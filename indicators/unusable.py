"""How many unusable records could belong to each area and period.

Belongs here: refused and contested records, and records of unknown area or day. What they could do to a figure is in
`bounds`. Duplicates, and versions that a time of update shows to be older, are known for what they are: they open
nothing.
"""

from collections.abc import Sequence

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.catalogue.measures import MEASURES
from indicators.catalogue.parts import Alternative, Selection
from indicators.feeds import Feed
from indicators.inputs import Inputs
from indicators.layout import Ints, Layout

PERIOD = ["period_kind", "period_start"]
DOUBTS = ("refused", "contested", "doubled")
IN_DOUBT = ("located", *DOUBTS)


def in_doubt(feed: Feed, inputs: Inputs, layout: Layout) -> dict[str, Ints]:
    """Records in doubt of the feed's sources, by each area and period that they could belong to.

    Those of unknown area could belong to each area, those without a day to each period, and those that may have
    happened on one of several days to the period of each. They are dated as the feed's measure counts: by their due
    day where it counts those that are due.

    Returns
    -------
    dict of str to array of int, shape (areas told of, periods)
        located (refused, known to be of that area and period), refused (at most), contested (counted there, known to
        be), doubled (of these, as many are also among the refused), undated (of the refused, those without a day).
    """
    first, last = MEASURES[feed.measure].days
    doubtful = (
        _concerning(feed.entry, inputs.doubtful)
        .join(feed.sources, on=["source", "kind"], how="semi")
        .filter(pl.col("geography").is_in(feed.geographies))
        .select("area_id", *DOUBTS, first=first, last=pl.max_horizontal(first, last))
    )
    # What is counted on no day cannot be taken away from one.
    undated = doubtful.filter(pl.col("first").is_null())
    dated = _by_period(doubtful.filter(pl.col("first").is_not_null()), layout)
    at_any_time = layout.by_area(undated, "refused") * (layout.coverage.periods["have_days"].to_numpy() > 0)
    refused = dated["refused"] + at_any_time
    return {
        "located": layout.up(dated["refused"]),
        "contested": layout.up(dated["contested"]),
        "doubled": layout.up(dated["doubled"]),
        "refused": layout.up(refused) + layout.elsewhere(refused),
        "undated": layout.up(at_any_time) + layout.elsewhere(at_any_time),
    }


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


def _by_period(dated: pl.DataFrame, layout: Layout) -> dict[str, Ints]:
    """Records by area of the tree and each period that holds one of their days `first` to `last`, once a period."""
    by_span = ["area_id", "first", pl.min_horizontal("last", pl.lit(layout.coverage.as_of)).alias("last")]
    spans = dated.group_by(by_span).agg(pl.col(DOUBTS).sum())
    is_one_day = pl.col("first") >= pl.col("last")
    by_day = layout.by_day(spans.filter(is_one_day).rename({"first": "day"}), DOUBTS)
    of_one_day = {name: layout.by_period(counts) for name, counts in by_day.items()}
    of_several = spans.filter(~is_one_day)
    if of_several.is_empty():
        return of_one_day
    periods = (
        of_several.with_row_index("span")
        .with_columns(day=pl.date_ranges(pl.max_horizontal("first", pl.lit(layout.coverage.first)), "last"))
        .explode("day")
        .join(layout.coverage.days, on="day")
        .unique(["span", *PERIOD])
    )
    return {name: of_one_day[name] + layout.by_stated_period(periods, name) for name in DOUBTS}


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
