"""Which days the sources of an indicator cover, and what each period therefore lacks.

Belongs here: spans of sources to covered days, and per period the reasons that make it provisional or void. A
silent source voids a figure: days without records inside a span are zeros, outside they are unknown.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.feeds import Feed
from indicators.inputs import Inputs
from indicators.periods import membership, periods_between

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Coverage:
    """Covered days of an indicator.

    Attributes
    ----------
    first : date
        First covered day.
    is_covered : array of bool
        Of each day from the first covered one to `as_of`.
    periods : DataFrame
        One row per period from the first covered day to `as_of`, sorted: period_kind, period_start, period_end,
        have_days (covered), span_days (up to `as_of`), void_reason (null where some day is covered),
        provisional_reason (null where the period is final).
    """

    first: date
    is_covered: npt.NDArray[np.bool_]
    periods: pl.DataFrame
    kinds: tuple[str, ...]
    as_of: date
    week_start: int

    @cached_property
    def days(self) -> pl.DataFrame:
        """Covered days, a row per one of `periods` that holds the day: day, period_kind, period_start."""
        days = pl.date_range(self.first, self.as_of, eager=True).filter(pl.Series(self.is_covered))
        return (
            membership(self.first, self.as_of, self.kinds, self.week_start)
            .join(days.alias("day").to_frame(), on="day", how="semi")
            .join(self.periods, on=["period_kind", "period_start"], how="semi")
            .select("day", "period_kind", "period_start")
        )

    def by_period(self, days: Ints) -> Ints:
        """Sums over the days of each period, covered or not: from shape (n, days) to (n, periods)."""
        begin, end = self._ends
        running = _running(days)
        return running[:, end] - running[:, begin]

    @cached_property
    def _ends(self) -> tuple[Ints, Ints]:
        return _ends(self.periods, self.first, len(self.is_covered))

    def only(self, days: pl.DataFrame) -> "Coverage":
        """Of the covered days those that are among `days` (`day`), the periods told of as covered by these alone."""
        among = np.zeros_like(self.is_covered)
        at = days.select((pl.col("day") - pl.lit(self.first)).dt.total_days()).to_series().to_numpy()
        among[at[(at >= 0) & (at < len(among))]] = True
        is_covered = self.is_covered & among
        have = sums_by_period(self.periods, self.first, is_covered[None, :].astype(np.int64))[0]
        periods = self.periods.with_columns(have_days=pl.Series(have))
        partial = pl.format("partial_records:{}/{}", "have_days", "span_days")
        is_partial = pl.col("have_days") < pl.col("span_days")
        rest = pl.col("provisional_reason").str.replace(r"^partial_records:[^;]*;?", "")
        told = periods.with_columns(
            void_reason=pl.coalesce("void_reason", pl.when(pl.col("have_days") == 0).then(partial)),
            provisional_reason=_joined(
                pl.when(is_partial & (pl.col("have_days") > 0)).then(partial), pl.when(rest != "").then(rest)
            ),
        )
        return replace(self, is_covered=is_covered, periods=told)


def cover(feed: Feed, inputs: Inputs) -> Coverage | None:
    """Coverage of an indicator by its sources; None where no day is covered.

    With `coverage: all` (the default) a day is covered when every stream of records covers it, with `any` when
    one does. Sources of one kind and geography whose spans follow one another, and which deliver a category in
    common, are one stream: a yearly file continues the one of the year before.
    """
    entry = feed.entry
    spans = _spans_until_as_of(feed, inputs)
    streams = _streams(feed, spans)
    # Of each stream and day from the first of any: whether it is covered.
    first_of_all = spans["first_day"].min()
    if not isinstance(first_of_all, date):
        return None
    heard = np.zeros((streams["stream"].n_unique(), (inputs.as_of - first_of_all).days + 1), dtype=np.bool_)
    for stream, first_day, last_day in (
        spans.join(streams, on=["source", "kind"]).select("stream", "first_day", "last_day").iter_rows()
    ):
        heard[stream, (first_day - first_of_all).days : (last_day - first_of_all).days + 1] = True
    enough = len(heard) if entry.coverage == "all" else 1
    is_covered = heard.sum(axis=0) >= enough
    if not is_covered.any():
        return None
    start = int(is_covered.argmax())
    first, is_covered, heard = first_of_all + timedelta(days=start), is_covered[start:], heard[:, start:]
    periods = periods_between(first, inputs.as_of, entry.period_kinds, inputs.week_start)
    have = sums_by_period(periods, first, is_covered[None, :].astype(np.int64))[0]
    silent = _silent_sources(sums_by_period(periods, first, heard.astype(np.int64)) == 0, streams)
    end, as_of = pl.col("period_end"), pl.lit(inputs.as_of)
    lag_days = (as_of - end).dt.total_days()
    span_days = (pl.min_horizontal(end, as_of) - pl.col("period_start")).dt.total_days() + 1
    partial = pl.format("partial_records:{}/{}", "have_days", "span_days")
    told = (
        periods.with_columns(have_days=pl.Series(have), silent=pl.Series(silent, dtype=pl.String), span_days=span_days)
        .with_columns(
            void_reason=pl.when(pl.col("have_days") == 0).then(pl.coalesce("silent", partial)),
            provisional_reason=_joined(
                pl.when((pl.col("have_days") > 0) & (pl.col("have_days") < pl.col("span_days"))).then(partial),
                pl.when(lag_days < 0).then(pl.lit("period_open")),
                pl.when((lag_days >= 0) & (lag_days < entry.maturity_days)).then(
                    pl.format("maturing:{}", entry.maturity_days - lag_days)
                ),
            ),
        )
        .drop("silent")
    )
    return Coverage(first, is_covered, told, entry.period_kinds, inputs.as_of, inputs.week_start)


def sums_by_period(periods: pl.DataFrame, first: date, days: Ints) -> Ints:
    """Sums over the days of each period, from shape (n, days from `first` on) to (n, periods).

    Differences of running sums, which are exact of integers.
    """
    begin, end = _ends(periods, first, days.shape[1])
    running = _running(days)
    return running[:, end] - running[:, begin]


def _running(days: Ints) -> Ints:
    """Sums of the days before each, and before the end."""
    running = np.zeros((days.shape[0], days.shape[1] + 1), dtype=np.int64)
    np.cumsum(days, axis=1, out=running[:, 1:])
    return running


def _ends(periods: pl.DataFrame, first: date, days: int) -> tuple[Ints, Ints]:
    """Day from `first` on that each period begins with, and the one after its last, within the days."""
    begin, end = (
        periods.select((pl.col(name) - pl.lit(first)).dt.total_days()).to_series().to_numpy()
        for name in ("period_start", "period_end")
    )
    return np.clip(begin, 0, days), np.clip(end + 1, 0, days)


def _joined(*codes: pl.Expr) -> pl.Expr:
    """Codes joined by `;`, null where none is given."""
    joined = pl.concat_str(codes, separator=";", ignore_nulls=True)
    return pl.when(joined != "").then(joined)


def _spans_until_as_of(feed: Feed, inputs: Inputs) -> pl.DataFrame:
    """Spans of the feed's sources; the last of a source that is still alive reaches to `as_of`."""
    spans = inputs.spans.select("source", "kind", "first_day", "last_day").join(feed.sources, on=["source", "kind"])
    without = feed.sources.join(spans, on=["source", "kind"], how="anti")
    if without.height:
        source, kind = without.row(0)
        raise ValueError(f"source {source} has {kind} counts but no span: msr_source_span must list it")
    patience = inputs.sources.select("source", "kind", "silent_after_days").unique(["source", "kind"])
    as_of = pl.lit(inputs.as_of)
    alive = (as_of - pl.col("last_day")).dt.total_days() <= pl.col("silent_after_days").fill_null(0)
    return (
        spans.join(patience, on=["source", "kind"], how="left")
        .filter(pl.col("first_day") <= as_of)
        .with_columns(last_day=pl.when(alive).then(as_of).otherwise(pl.min_horizontal("last_day", as_of)))
        .select("source", "kind", "first_day", "last_day")
    )


def _streams(feed: Feed, spans: pl.DataFrame) -> pl.DataFrame:
    """Number of the stream that each source belongs to: source, kind, stream."""
    category = pl.col("category") if "category" in feed.rows.columns else pl.lit(None, pl.String)
    described = (
        feed.rows.select("source", "kind", "geography", category=category)
        .unique()
        .group_by("source", "kind")
        .agg(geography=pl.col("geography").unique().sort(), categories=pl.col("category").unique())
        .join(
            spans.group_by("source", "kind").agg(pl.col("first_day").min(), pl.col("last_day").max()),
            on=["source", "kind"],
        )
        .sort("first_day", "source", "kind")
    )
    streams: list[tuple[tuple[str, list[str]], set[str | None], date]] = []
    numbers = []
    for row in described.iter_rows(named=True):
        place, categories = (row["kind"], row["geography"]), set(row["categories"])
        number = next(
            (
                n
                for n, (where, delivered, last) in enumerate(streams)
                if where == place and delivered & categories and last < row["first_day"]
            ),
            len(streams),
        )
        earlier = streams[number][1] if number < len(streams) else set()
        streams[number : number + 1] = [(place, earlier | categories, row["last_day"])]
        numbers.append(number)
    return described.select("source", "kind", stream=pl.Series(numbers, dtype=pl.Int64))


def _silent_sources(is_silent: npt.NDArray[np.bool_], streams: pl.DataFrame) -> list[str | None]:
    """Codes `no_records:<source>` of the streams without a day in a period, joined: one for each period."""
    sources = [streams.filter(pl.col("stream") == n)["source"].to_list() for n in range(len(is_silent))]
    codes: dict[tuple[bool, ...], str | None] = {}
    told = []
    for which in map(tuple, is_silent.T.tolist()):
        if which not in codes:
            named = sorted({source for n, silent in enumerate(which) if silent for source in sources[n]})
            codes[which] = ";".join(f"no_records:{source}" for source in named) or None
        told.append(codes[which])
    return told
