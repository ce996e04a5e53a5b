"""Footprints: which figures a changed day reaches, so that only these are computed anew.

Belongs here: what each kind of figure depends on, and telling by marks what of it has changed. Not here: how figures
are computed (`compute`). Charts, seasonal tests and the list of changes look at many series at once, and stocks are
few: these are always made anew.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

import numpy as np
import polars as pl

from indicators.catalogue.measures import MEASURES
from indicators.cells import FINE_KINDS, Source
from indicators.feeds import Feed, find_feed
from indicators.inputs import Inputs
from indicators.layout import Bools
from indicators.unusable import PERIOD, undated_share

# Which periods a changed day reaches, of all areas: a record of unknown area counts in the grade of each.
#   period: those that hold it, so up to twelve rolling ones;
#   year: those of its calendar year, which the figure is held against;
#   all: every one, since the figure rests on what is known of all days.
Reach = Literal["period", "year", "all"]
FOOTPRINTS: Mapping[str, Reach] = {
    "rate": "period",
    "weighted_rate": "period",
    "proportion": "period",
    "ratio": "period",
    # A month's histogram counts on its first day, an open record as old as the last day that counts.
    "survival_quantile": "period",
    "repeat_addresses": "year",
    # Points are laid on a plane about the middle of all of them.
    "near_repeat": "all",
    # The agencies of a network are all that were ever linked.
    "network": "all",
    # Requests weigh as their categories do, and people are set against the register of the period's end.
    "waiting_gap": "all",
    "participation": "all",
    # Hot cells rest on the year before, on a grid about the middle of all incidents.
    "hot_cells": "all",
    "concentration": "all",
}
DAY_SCHEMA = pl.Schema({"table": pl.String, "day": pl.Date, "mark": pl.String})
DOUBTFUL = "doubtful"
SERIES = ["area_id", "period_kind"]


@dataclass(frozen=True)
class Kept:
    """Figures of one entry before they are charted, and marks of what they were computed from.

    Attributes
    ----------
    figures : DataFrame
        As `statuses.publish` gives them, sorted by area, kind of period and start.
    mark : str
    periods : DataFrame
        period_kind, period_start, mark.
    """

    figures: pl.DataFrame
    mark: str
    periods: pl.DataFrame


@dataclass(frozen=True)
class Computed:
    """What a pass keeps for the next: by entry its figures, and of each table and day the mark of its rows."""

    entries: dict[str, Kept] = field(default_factory=dict)
    days: pl.DataFrame = field(default_factory=DAY_SCHEMA.to_frame)


def reached(reach: Reach, periods: pl.DataFrame, days: pl.Series) -> Bools:
    """Which periods a figure must be computed anew for.

    Parameters
    ----------
    reach : {"period", "year", "all"}
    periods : DataFrame
        period_start, period_end.
    days : Series of Date
        The changed days.

    Returns
    -------
    array of bool, shape (periods,)
    """
    if reach == "all":
        return np.full(periods.height, not days.is_empty())
    start, end = periods["period_start"], periods["period_end"]
    if reach == "year":
        start, end = start.dt.truncate("1y"), end.dt.truncate("1y").dt.offset_by("1y").dt.offset_by("-1d")
    ordered = days.sort()
    # Whether any changed day lies within: more days up to the end than before the start.
    return (ordered.search_sorted(end, side="right") > ordered.search_sorted(start, side="left")).to_numpy()


def mark_days(inputs: Inputs) -> pl.DataFrame:
    """Marks of the rows of each day, of every measure and extract, and of the records in doubt: `DAY_SCHEMA`."""
    doubtful = inputs.doubtful.filter(pl.any_horizontal(pl.col("day", "due_day").is_not_null()))
    first, last = pl.min_horizontal("day", "due_day"), pl.max_horizontal("day", "last_day", "due_day")
    # On each day that the record may count on.
    last = pl.max_horizontal(first, pl.min_horizontal(last, pl.lit(inputs.as_of)))
    spread = doubtful.with_row_index("record").with_columns(at=pl.date_ranges(first, last)).explode("at")
    frames = {
        **inputs.measures,
        **inputs.extracts,
        DOUBTFUL: doubtful.with_row_index("record").join(spread.select("record", "at"), on="record").drop("record"),
    }
    marks = []
    for name, frame in frames.items():
        day = "at" if name == DOUBTFUL else "day"
        if day not in frame.columns:
            continue
        marks.append(
            frame.select(pl.col(day).alias("day"), mark=frame.select(pl.struct(pl.all()).hash(seed=1)).to_series())
            .group_by("day")
            # Few enough bits that no sum of a day's rows exceeds 64.
            .agg(low=(pl.col("mark") % (1 << 32)).sum(), high=(pl.col("mark") // (1 << 32)).sum(), rows=pl.len())
            .select(pl.lit(name).alias("table"), "day", mark=pl.concat_str("low", "high", "rows", separator=" "))
        )
    return pl.concat([DAY_SCHEMA.to_frame(), *(each.cast(DAY_SCHEMA) for each in marks)]).drop_nulls("day")


def changed_days(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Days whose mark is another, or that are new or gone: table, day."""
    both = before.join(after, on=["table", "day"], how="full", coalesce=True, suffix="_after")
    return both.filter(pl.col("mark").ne_missing(pl.col("mark_after"))).select("table", "day")


@dataclass
class Renewal:
    """One pass over all entries that keeps the figures of the pass before where nothing reaches them.

    Both passes must be made by the same code. What is kept for the next pass is `after`.

    Parameters
    ----------
    before : Computed
    inputs : Inputs
    """

    before: Computed
    inputs: Inputs
    after: Computed = field(init=False)
    changed: pl.DataFrame = field(init=False)

    def __post_init__(self) -> None:
        days = mark_days(self.inputs)
        self.changed = changed_days(self.before.days, days)
        self.after = Computed(days=days)

    def figures(self, source: Source, compute: Callable[[Source], pl.DataFrame]) -> pl.DataFrame:
        """Figures of an entry, as `compute` gives them of its source."""
        entry, periods = source.feed.entry, source.coverage.periods.select(PERIOD)
        known, marks = mark_entry(source), mark_periods(source)
        before = self.before.entries.get(entry.id)
        found = None
        # Under protection counts hang together: with those of other areas, and of the parts of a longer period.
        if before is not None and before.mark == known and self.inputs.disclosure.is_exact:
            anew = self._reached(source, before, marks)
            kept = before.figures.join(periods.filter(~anew), on=PERIOD, how="semi", maintain_order="left")
            found = _together(_of_periods(source, anew, kept, compute), kept, before.figures)
        if found is None:
            found = compute(source)
        self.after.entries[entry.id] = Kept(found, known, periods.with_columns(mark=marks))
        return found

    def _reached(self, source: Source, before: "Kept", marks: pl.Series) -> pl.Series:
        """Whether each period must be computed anew."""
        entry, periods = source.feed.entry, source.coverage.periods
        named = [name for part in entry.parts for name in (part.measure, part.opened_measure, part.extract)]
        tables = [name for name in (*named, DOUBTFUL) if name]
        days = self.changed.filter(pl.col("table").is_in(tables))["day"].unique()
        then = periods.select(PERIOD).join(before.periods, on=PERIOD, how="left", maintain_order="left")["mark"]
        return marks.ne_missing(then) | pl.Series(reached(FOOTPRINTS[entry.kind], periods, days))


def _of_periods(
    source: Source, anew: pl.Series, kept: pl.DataFrame, compute: Callable[[Source], pl.DataFrame]
) -> pl.DataFrame:
    """Figures of some periods; areas of which days or weeks are kept tell those of theirs too."""
    if not anew.any():
        return kept.clear()
    coverage = replace(source.coverage, periods=source.coverage.periods.filter(anew))
    return compute(replace(source, coverage=coverage, telling=frozenset(_telling(kept))))


def _together(new: pl.DataFrame, kept: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame | None:
    """New and kept figures; None if an area tells days or weeks of which none are kept, since it did not before.

    Days and weeks of areas of which none reaches the minimum any more are left out.
    """
    telling = _telling(new) | _telling(kept)
    if not telling <= _telling(before):
        return None
    is_fine = pl.col("period_kind").is_in(FINE_KINDS)
    pairs = pl.DataFrame(sorted(telling), schema=dict.fromkeys(SERIES, pl.String), orient="row")
    fine = kept.filter(is_fine).join(pairs, on=SERIES, how="semi")
    return pl.concat([new, kept.filter(~is_fine), fine]).sort("area_id", *PERIOD)


def _telling(figures: pl.DataFrame) -> set[tuple[str, str]]:
    """Areas with a kind of days or weeks of which some figure reaches the minimum denominator."""
    fine = figures.filter(pl.col("period_kind").is_in(FINE_KINDS) & pl.col("status").is_in(["final", "provisional"]))
    return set(fine.select(SERIES).unique().iter_rows())


def mark_entry(source: Source) -> str:
    """Mark of all that an entry's figures depend on beside the rows of days and the coverage of periods."""
    inputs, entry = source.inputs, source.feed.entry
    facts: list[object] = [
        entry.model_dump_json(),
        source.coverage.first,
        inputs.week_start,
        source.tree.areas.rows(),
        inputs.disclosure,
    ]
    below = [find_feed(part, inputs) for part in entry.parts[1:]]
    for feed in (source.feed, *(each for each in below if isinstance(each, Feed))):
        doubtful = inputs.doubtful.join(feed.sources, on=["source", "kind"], how="semi")
        undated = doubtful.filter(pl.col(MEASURES[feed.measure].days[0]).is_null())
        facts += [feed.sources.rows(), feed.geographies, undated_share(feed, inputs), sorted(undated.rows(), key=str)]
    if entry.kind in ("rate", "weighted_rate"):
        facts.append(inputs.profile.select("area_id", "valid_from", "population").rows())
    if entry.kind == "weighted_rate":
        # The largest weight of all days is that of an event not seen.
        facts += [inputs.severity_weights.rows(), source.feed.rows["weight"].max()]
    if entry.kind == "survival_quantile":
        facts.append(inputs.as_of)
    if entry.kind == "repeat_addresses":
        # Figures are provisional until their year has ended.
        facts.append((inputs.as_of + timedelta(days=1)).year)
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def mark_periods(source: Source) -> pl.Series:
    """Mark of what is covered of each period, and why it is not final."""
    coverage = source.coverage
    # Sums of random numbers tell which days are covered, not only how many.
    numbers = np.random.default_rng(0).integers(0, 1 << 40, len(coverage.is_covered)) * coverage.is_covered
    told = ("span_days", "void_reason", "provisional_reason")
    return coverage.periods.select(
        pl.concat_str(
            pl.Series(coverage.by_period(numbers[None, :])[0]).cast(pl.String),
            *(pl.col(name).cast(pl.String).fill_null("-") for name in told),
            separator=" ",
        ).alias("mark")
    ).to_series()
