"""What a source sends day by day, as series that can be judged: its volume, gaps, mix of categories, sizes and delays.

Belongs here: from profiles (frames of counts by day) to the unusual days of each source. Not here: the judgement of
series (`anomalies`), drift over months (`stability`), and counting records (the SQL models).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from indicators.anomalies import WEEK_DAYS, AnomalyRules, Judged, judge_days
from indicators.count_tails import limits
from indicators.intervals import Floats

METRICS = ("volume", "missing", "mix", "size", "delay")
ANOMALY_SCHEMA = pl.Schema(
    {
        "source": pl.String,
        "day": pl.Date,
        "days": pl.Int32,
        "metric": pl.String,
        "field": pl.String,
        "value": pl.String,
        "records": pl.Int64,
        "observed": pl.Float64,
        "expected": pl.Float64,
        "low": pl.Float64,
        "high": pl.Float64,
        "p_value": pl.Float64,
        "direction": pl.String,
    }
)
# Categories of a field that are judged by themselves; the others together, so that a new one is seen.
MOST_CATEGORIES = 12
LEAST_SHARE = 0.01
QUARTER_MONTHS = 3
DECIMALS = 6


@dataclass(frozen=True)
class Profiles:
    """Profiles of all sources; columns as the SQL models of the same purpose have them.

    Attributes
    ----------
    volume : DataFrame
        source, day, records.
    fields : DataFrame
        source, day, field, content, records, filled.
    categories : DataFrame
        source, day, field, category, records.
    numbers : DataFrame
        source, day, field, bucket, records.
    spans : DataFrame
        source, first_day, last_day: when a source sent records; a day within without any is a zero.
    """

    volume: pl.DataFrame
    fields: pl.DataFrame
    categories: pl.DataFrame
    numbers: pl.DataFrame
    spans: pl.DataFrame

    def of(self, source: str, first: date, last: date) -> "Profiles":
        """Return the profiles of one source from one day to another; spans stay whole."""
        is_of = pl.col("source") == source
        is_within = pl.col("day").is_between(first, last)
        volume, fields, categories, numbers = (
            frame.filter(is_of & is_within) for frame in (self.volume, self.fields, self.categories, self.numbers)
        )
        return Profiles(volume, fields, categories, numbers, self.spans.filter(is_of))


@dataclass(frozen=True)
class Series:
    """One series of a source: `counts` of records out of `totals` by day; `value` tells series of a field apart.

    Of a category the value is its text, null for all the others together; of a size or delay the bound that the
    counted records reach (times in seconds).
    """

    metric: str
    field: str | None
    value: str | None
    counts: Floats
    totals: Floats


def judged_from(as_of: date) -> date:
    """First judged day: that of the quarter before the current one."""
    return _quarter(_quarter(as_of) - timedelta(days=1))


def anomalies(
    profiles: Profiles, as_of: date, calendar: pl.DataFrame | None = None, rules: AnomalyRules | None = None
) -> pl.DataFrame:
    """Find the unusual days of each source in the current quarter and the one before.

    The days of a quarter are judged by what came before its first day, and on the level of the weeks before each, so
    that a verdict stays as it is when the next day is judged.

    Parameters
    ----------
    profiles : Profiles
        From two years and a half before `as_of` on; earlier days are not looked at.
    as_of : date
        Last day that is judged; of a source, the last one on which it sent records.
    calendar : DataFrame, optional
        As `day_types.day_types` gives it, for all these days.
    rules : AnomalyRules, optional

    Returns
    -------
    DataFrame
        `ANOMALY_SCHEMA`, one row per source, day, metric and field, sorted. `days` is 1 for the day itself and 7 where
        it is the last of seven that are unusual together, none of them by itself; records are those of the day or the
        seven (with a value in the field, but for `missing`); observed, expected, low, high are records for `volume`
        and shares of `records` for the others (low to high is usual); p_value holds after control for all that was
        judged of the source on that day; direction is `above` or `below`. Of several unusual values of a field the one
        with the least p-value stands for all.
    """
    rules = rules or AnomalyRules()
    found = []
    for source in profiles.spans["source"].unique().sort():
        quarter = judged_from(as_of)
        while quarter <= as_of:
            after = _quarter(quarter + timedelta(days=31 * QUARTER_MONTHS))
            last = min(as_of, after - timedelta(days=1))
            found.append(_unusual(profiles, source, quarter, last, calendar, rules))
            quarter = after
    return pl.concat([pl.DataFrame(schema=ANOMALY_SCHEMA), *found]).sort("source", "day", "metric", "field")


def _quarter(day: date) -> date:
    return date(day.year, (day.month - 1) // QUARTER_MONTHS * QUARTER_MONTHS + 1, 1)


def _unusual(
    profiles: Profiles, source: str, quarter: date, last: date, calendar: pl.DataFrame | None, rules: AnomalyRules
) -> pl.DataFrame:
    own = profiles.of(source, quarter - timedelta(days=rules.history_days), last)
    first, last_sent = own.volume["day"].min(), own.volume["day"].max()
    if not isinstance(first, date) or not isinstance(last_sent, date) or not first < quarter <= last_sent:
        return pl.DataFrame(schema=ANOMALY_SCHEMA)
    days = pl.date_range(first, last_sent, eager=True).alias("day")
    begin = (quarter - first).days
    series = list(source_series(own.of(source, first, last_sent), days, begin))
    counts, totals = np.array([each.counts for each in series]), np.array([each.totals for each in series])
    is_share = np.array([each.metric != "volume" for each in series])
    judged = judge_days(days, counts, totals, is_share, calendar, begin, rules)
    return _rows(source, days, series, judged, begin)


def source_series(profiles: Profiles, days: pl.Series, begin: int) -> Iterator[Series]:
    """List the series of one source.

    Parameters
    ----------
    profiles : Profiles
        Of one source, from the first of `days` to the last.
    days : Series of Date
        Without a gap.
    begin : int
        Position of the first judged day: what is told apart is chosen by the days before it.
    """
    records = _by_day(profiles.volume, days, "records")
    within = np.zeros(len(days))
    for first, last in profiles.spans.select("first_day", "last_day").iter_rows():
        within[(days >= first).to_numpy() & (days <= last).to_numpy()] = 1.0
    yield Series("volume", None, None, records, within)
    for (field, content), rows in _groups(profiles.fields, "field", "content"):
        present, filled = _by_day(rows, days, "records"), _by_day(rows, days, "filled")
        if not filled[:begin].any():
            continue
        yield Series("missing", field, None, present - filled, present)
        if content == "category":
            yield from _mix(field, profiles.categories.filter(pl.col("field") == field), filled, days, begin)
        elif content in ("amount", "delay"):
            metric = "size" if content == "amount" else "delay"
            yield from _sizes(metric, field, profiles.numbers.filter(pl.col("field") == field), filled, days, begin)


def _mix(field: str, rows: pl.DataFrame, filled: Floats, days: pl.Series, begin: int) -> Iterator[Series]:
    by_category = {category: _by_day(own, days, "records") for (category,), own in _groups(rows, "category")}
    before = {category: counts[:begin].sum() for category, counts in by_category.items()}
    least = LEAST_SHARE * filled[:begin].sum()
    common = sorted(before, key=lambda category: (-before[category], category))[:MOST_CATEGORIES]
    rest = filled.copy()
    for category in common:
        if before[category] > least:
            rest -= by_category[category]
            yield Series("mix", field, category, by_category[category], filled)
    yield Series("mix", field, None, rest, filled)


def _sizes(
    metric: str, field: str, rows: pl.DataFrame, filled: Floats, days: pl.Series, begin: int
) -> Iterator[Series]:
    """Shares that reach the middle of what was usual, and its upper and lower end."""
    by_bucket = {bucket: _by_day(own, days, "records") for (bucket,), own in _groups(rows, "bucket")}
    buckets = sorted(bucket for bucket, counts in by_bucket.items() if counts[:begin].any())
    if not buckets:
        return
    bounds = list(range(buckets[0], buckets[-1] + 2))
    reaching = np.array([sum((by_bucket[b] for b in by_bucket if b >= bound), np.zeros(len(days))) for bound in bounds])
    share = reaching[:, :begin].sum(axis=1) / filled[:begin].sum()
    middle = int(np.abs(share - 0.5).argmin())
    ends = {int(np.flatnonzero(share >= 1 - LEAST_SHARE)[-1]), int(np.flatnonzero(share <= LEAST_SHARE)[0])}
    for at in sorted({middle, *ends}):
        yield Series(metric, field, _bound(bounds[at]), reaching[at], filled)


def _bound(bucket: int) -> str:
    """Least value of a bucket; what is below zero has none."""
    return str(2**bucket) if bucket >= 0 else "0" if bucket == -1 else "-inf"


def _rows(source: str, days: pl.Series, series: list[Series], judged: Judged, begin: int) -> pl.DataFrame:
    span, row, day = np.nonzero(judged.alarm)
    counts, totals, expected = (each[span, row, day] for each in (judged.counts, judged.totals, judged.expected))
    is_share = np.array([series[r].metric != "volume" for r in row], dtype=np.bool_)
    tail = judged.limit / np.maximum(judged.tested[day], 1)
    low, high = limits(expected, totals, judged.dispersion[span, row, day], is_share, tail)
    unit = np.where(is_share, totals, 1.0)
    frame = pl.DataFrame(
        {
            "source": [source] * len(row),
            "day": days.gather(begin + day),
            "days": np.where(span == 0, 1, WEEK_DAYS),
            "metric": [series[r].metric for r in row],
            "field": [series[r].field for r in row],
            "value": [series[r].value for r in row],
            "records": np.where(is_share, totals, counts),
            "observed": counts / unit,
            "expected": expected / unit,
            "low": low / unit,
            "high": high / unit,
            "p_value": judged.joint_p[span, row, day],
            "direction": ["above" if over else "below" for over in counts > expected],
        }
    ).cast(ANOMALY_SCHEMA)
    figures = ("observed", "expected", "low", "high")
    return (
        frame.sort("p_value", "value", nulls_last=True)
        .unique(["day", "metric", "field"], keep="first", maintain_order=True)
        .with_columns(*(pl.col(name).round(DECIMALS) for name in figures), p_value=pl.col("p_value").round_sig_figs(3))
    )


def _groups(frame: pl.DataFrame, *by: str) -> Iterable[tuple[tuple[Any, ...], pl.DataFrame]]:
    return sorted(frame.partition_by(*by, as_dict=True).items(), key=lambda item: item[0])


def _by_day(rows: pl.DataFrame, days: pl.Series, column: str) -> Floats:
    """Lay a count out over the days, 0 where there is no row."""
    counts = np.zeros(len(days))
    at = rows.select((pl.col("day") - days[0]).dt.total_days()).to_series().to_numpy()
    counts[at] = rows[column].to_numpy()
    return counts
