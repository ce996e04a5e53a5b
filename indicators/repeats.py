"""Repeats: near ones in space and time, and those at one address, as figures of areas and periods.

Belongs here: from an extract and the measure that it rests on to figures. What chance would make of the same incidents
is in `near_repeat` and `concentration`. Keys and points end here: a figure holds numbers of pairs and addresses alone.
"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import polars as pl

from indicators.bounds import repeats_reach
from indicators.cells import Source, count_cells, unallocated
from indicators.concentration import BeyondChance, repeats_in_part
from indicators.feeds import passes
from indicators.grades import with_unusable
from indicators.near_pairs import near_pairs
from indicators.near_repeat import Events, events_of
from indicators.open_bounds import open_bounds
from indicators.unusable import PERIOD, in_doubt

KEY = ["area_id", *PERIOD]
# Days between the first and the last possible day of an incident that is placed in time.
LONGEST_WINDOW_DAYS = 1
_QUARTER = pl.col("period_start").dt.quarter()


def near_repeat_figures(source: Source) -> pl.DataFrame:
    """Figures of a `near_repeat`, the Knox ratio, for every area and period.

    Numerator and denominator are the pairs of incidents at different addresses, near by `entry.near`, that there are
    and that there would be were the dates dealt out at random. The limits take places as clusters, as incidents of one
    series hang together. The p-value, one-sided, is how often dates dealt out at random bring as many pairs. Unusable
    are incidents without a valid point, or whose day is not known to a day or two. Where there is any, the bounds are
    open: u more may be near each other and near all n, which makes u n + u (u - 1) / 2 pairs more, against the few
    that are expected.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, p_value, numerator, denominator, unusable, events, event_squares and the
        shares of unusable records.
    """
    entry = source.feed.entry
    if entry.near is None:
        raise ValueError(f"indicator {entry.id} does not say what is near: give it `near`")
    points = (
        source.inputs.extract(entry.extract or "")
        .join(source.feed.sources, on="source", how="semi")
        .filter(passes(entry.where))
    )
    is_placed = (pl.col("last_day") - pl.col("day")).dt.total_days() <= LONGEST_WINDOW_DAYS
    placed = points.filter(is_placed).group_by("area_id", "day").agg(placed=pl.col("incidents").sum())
    daily = (
        source.feed.rows.group_by("area_id", "day")
        .agg(records=pl.col("incidents").sum())
        .join(placed, on=["area_id", "day"], how="left")
        .with_columns(missing=pl.col("records") - pl.col("placed").cast(pl.Int64).fill_null(0))
    )
    cells = with_unusable(entry, count_cells(source, daily, ["records", "missing"]))
    spans = source.coverage.days.group_by(PERIOD).agg(first=pl.col("day").min(), last=pl.col("day").max())
    spans = spans.sort(PERIOD)
    found = []
    in_areas = points.join(source.tree.lineage, on="area_id").drop("area_id", "geography")
    for (area,), there in sorted(in_areas.group_by("ancestor_id"), key=lambda group: str(group[0][0])):
        events = events_of(there, LONGEST_WINDOW_DAYS)
        for kind, start, first, last in spans.select(*PERIOD, "first", "last").iter_rows():
            near = near_pairs(
                _between(events, first, last), entry.near.metres, entry.near.days, max(entry.min_denominator, 1.0)
            )
            found.append((area, kind, start, near.observed, near.expected, near.lower, near.upper, near.p_value))
    counted = pl.DataFrame(
        found,
        schema=dict(zip(KEY, (pl.String, pl.String, pl.Date), strict=True))
        | dict.fromkeys(("numerator", "denominator", "lower", "upper", "p_value"), pl.Float64),
        orient="row",
    )
    return (
        cells.join(counted, on=KEY, how="left")
        .with_columns(
            pl.col("numerator", "denominator").fill_null(0.0),
            pl.col("lower", "upper", "p_value").fill_nan(None),
        )
        .with_columns(
            value=pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator")),
            events=pl.col("numerator"),
            event_squares=pl.col("numerator"),
        )
        .with_columns(**open_bounds(pl.col("unusable") > 0, 0.0, None))
    )


def repeat_address_figures(source: Source) -> pl.DataFrame:
    """Figures of `repeat_addresses` for every area, month and quarter.

    The value is the number of addresses with two incidents or more in the period, less what dealing each address's
    incidents of the calendar year out to its days at random would bring; the limits take from that number what chance
    may make of it. They are provisional until the calendar year has ended. The numerator is the number of repeat
    addresses, the denominator that of incidents with an address; unusable are those without.

    Bounds: one that was refused, has no address or is of unknown area may be at any address, and a contested one at
    none; of those that the area holds each area may be another. As the year's are dealt out, so count the rest of the
    year's.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, p_value (one-sided), numerator, denominator, unusable, events,
        event_squares and the shares of unusable records.
    """
    unknown = source.tree.areas.filter("is_unallocated")["area_id"]
    daily = (
        source.feed.rows.group_by("area_id", "day")
        .agg(
            records=pl.col("incidents").sum(),
            missing=(pl.col("incidents") - pl.col("with_address")).sum(),
            with_address=pl.col("with_address").sum(),
        )
        .with_columns(stray=pl.when(pl.col("area_id").is_in(unknown.implode())).then("with_address").otherwise(0))
    )
    counted = ["records", "missing", "with_address", "stray"]
    cells = with_unusable(source.feed.entry, count_cells(source, daily, counted))
    undated = in_doubt(source.feed, source.inputs, source.layout)["undated"]
    cells = cells.with_columns(undated=pl.Series(undated.ravel()))
    cells = cells.with_columns(
        year=pl.col("period_start").dt.year(), denominator=pl.col("with_address").cast(pl.Float64)
    )
    by_year = ["area_id", "year"]
    in_year = source.tree.roll_up(
        daily.with_columns(year=pl.col("day").dt.year()).select(*by_year, "with_address"), ["year"], ["with_address"]
    ).rename({"with_address": "incidents"})
    places = (
        source.inputs.extract(source.feed.entry.extract or "")
        .join(source.feed.sources, on="source", how="semi")
        .select(
            "area_id",
            "day",
            place=pl.struct("area_id", "source", "address_key"),
            incidents=pl.col("incidents").cast(pl.Int64),
        )
    )
    months = source.coverage.days.select(*PERIOD, day=pl.col("day").dt.truncate("1mo")).unique()
    repeats = source.tree.roll_up(places.join(months, on="day"), [*PERIOD, "place"], ["incidents"])
    repeats = repeats.filter(pl.col("incidents") >= 2).group_by(KEY).agg(numerator=pl.len().cast(pl.Float64))
    held = (
        source.tree.roll_up(places.with_columns(year=pl.col("day").dt.year()), ["year", "place"], ["incidents"])
        .group_by(by_year)
        .agg(held=pl.col("incidents").sort())
    )
    cells = (
        cells.join(in_year, on=by_year, how="left")
        .join(held, on=by_year, how="left")
        .join(repeats, on=KEY, how="left")
        .with_columns(pl.col("numerator").fill_null(0.0), pl.col("incidents").fill_null(0))
        .sort(KEY)
    )
    found = [
        repeats_in_part(int(row["numerator"]), row["held"] or [], row["incidents"], int(row["denominator"]))
        for row in cells.select("numerator", "held", "incidents", "denominator").iter_rows(named=True)
    ]
    year_end = pl.date(pl.col("year"), 12, 31)
    return _with_bounds(source, cells, found).with_columns(
        p_value=pl.Series([each.p_value for each in found], dtype=pl.Float64),
        events=pl.col("numerator"),
        event_squares=pl.col("numerator"),
        provisional_reason=pl.coalesce(
            "provisional_reason", pl.when(year_end > pl.lit(source.inputs.as_of)).then(pl.lit("year_open"))
        ),
    )


def _with_bounds(source: Source, cells: pl.DataFrame, found: Sequence[BeyondChance]) -> pl.DataFrame:
    """Cells, in the order of what was `found`, with value, limits and bounds."""
    entry = source.feed.entry
    # One that is at another address than thought is taken away and added.
    changes = pl.col("missing") + pl.col("refused") + pl.col("contested") + 2 * pl.col("stray")
    cells = cells.with_columns(changes=(changes + unallocated(entry, "records")).cast(pl.Float64))
    finest = "month" if "month" in entry.period_kinds else "quarter"
    # What has no day may lie in the part, where it counts most, and then lies nowhere else.
    dated = pl.col("changes") - pl.col("undated")
    changed = dated.filter(pl.col("period_kind") == finest).sum()
    of_part = pl.when(pl.col("period_kind") == finest).then(dated).otherwise(changed.over("area_id", "year", _QUARTER))
    rest = changed.over("area_id", "year") - of_part
    inside, outside = (cells.select(each).to_series().to_numpy() for each in ("changes", rest))
    reach = repeats_reach(cells["denominator"].to_numpy(), cells["incidents"].to_numpy(), inside, outside)
    reach = source.inputs.disclosure.at_most(reach)
    value, low, high = (
        np.array([getattr(each, name) for each in found]) for name in ("excess", "chance_high", "chance_low")
    )
    lower, upper = (cells["numerator"].to_numpy() - chance for chance in (low, high))
    return cells.with_columns(
        value=pl.Series(value, dtype=pl.Float64),
        lower=pl.Series(lower, dtype=pl.Float64),
        upper=pl.Series(upper, dtype=pl.Float64),
        # Chance of few has no spread, and the value may lie beside its limits.
        bound_low=pl.Series(np.where(reach > 0, np.minimum(lower, value) - reach, lower), dtype=pl.Float64),
        bound_high=pl.Series(np.where(reach > 0, np.maximum(upper, value) + reach, upper), dtype=pl.Float64),
    )


def _between(events: Events, first: date, last: date) -> Events:
    """The events from a day to another."""
    number = [(day - date(1970, 1, 1)).days for day in (first, last)]
    kept = (events.days >= number[0]) & (events.days <= number[1])
    addresses = None if events.addresses is None else events.addresses[kept]
    return Events(events.metres[kept], events.days[kept], addresses)
