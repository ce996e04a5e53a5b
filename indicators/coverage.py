"""Which days the sources of an indicator cover, and what each period therefore lacks.

Belongs here: spans of sources to covered days, and per period the reasons that make it provisional or void. A
silent source voids a figure: days without records inside a span are zeros, outside they are unknown.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from indicators.feeds import Feed
from indicators.inputs import Inputs
from indicators.periods import membership


@dataclass(frozen=True)
class Coverage:
    """Covered days of an indicator.

    Attributes
    ----------
    days : DataFrame
        day, period_kind, period_start: covered days only, a row per period that holds the day.
    periods : DataFrame
        One row per period from the first covered day to `as_of`: period_kind, period_start, period_end,
        have_days (covered), span_days (up to `as_of`), void_reason (null where some day is covered),
        provisional_reason (null where the period is final).
    """

    days: pl.DataFrame
    periods: pl.DataFrame


def cover(feed: Feed, inputs: Inputs) -> Coverage | None:
    """Coverage of an indicator by its sources; None where no day is covered.

    With `coverage: all` (the default) a day is covered when every stream of records covers it, with `any` when
    one does. Sources of one kind and geography whose spans follow one another, and which deliver a category in
    common, are one stream: a yearly file continues the one of the year before.
    """
    entry = feed.entry
    spans = _spans_until_as_of(feed, inputs)
    streams = _streams(feed, spans)
    by_stream = (
        spans.join(streams, on=["source", "kind"])
        .with_columns(day=pl.date_ranges("first_day", "last_day"))
        .explode("day")
        .select("stream", "day")
        .unique()
    )
    enough = streams["stream"].n_unique() if entry.coverage == "all" else 1
    covered = by_stream.group_by("day").len().filter(pl.col("len") >= enough).select("day").sort("day")
    if covered.is_empty():
        return None
    first = covered.row(0)[0]
    calendar = membership(first, inputs.as_of, entry.period_kinds, inputs.week_start)
    days = calendar.join(covered, on="day", how="semi").select("day", "period_kind", "period_start")
    periods = calendar.select("period_kind", "period_start", "period_end").unique()
    key = ["period_kind", "period_start"]
    have = days.group_by(key).agg(have_days=pl.len().cast(pl.Int64))
    silent = _silent_sources(periods, calendar, by_stream, streams)
    end, as_of = pl.col("period_end"), pl.lit(inputs.as_of)
    lag_days = (as_of - end).dt.total_days()
    span_days = (pl.min_horizontal(end, as_of) - pl.col("period_start")).dt.total_days() + 1
    partial = pl.format("partial_records:{}/{}", "have_days", "span_days")
    return Coverage(
        days,
        periods.join(have, on=key, how="left")
        .join(silent, on=key, how="left")
        .with_columns(pl.col("have_days").fill_null(0), span_days=span_days)
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
        .sort(key),
    )


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
        feed.rows.group_by("source", "kind")
        .agg(geography=pl.col("geography").unique().sort(), categories=category.unique())
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


def _silent_sources(
    periods: pl.DataFrame, calendar: pl.DataFrame, by_stream: pl.DataFrame, streams: pl.DataFrame
) -> pl.DataFrame:
    """Codes `no_records:<source>` of the streams without a day in a period, joined: silent."""
    key = ["period_kind", "period_start"]
    heard = calendar.join(by_stream, on="day").select(*key, "stream").unique()
    return (
        periods.select(key)
        .join(streams, how="cross")
        .join(heard, on=[*key, "stream"], how="anti")
        .group_by(key)
        .agg(silent=pl.format("no_records:{}", pl.col("source").unique().sort()).str.join(";"))
    )
