"""Which series are charted, their limits and signals, and the list of what changed.

Belongs here: the choice of series and window, putting `trends` to work on them, and which test speaks for a series. Not
here: the test that knows the season (`latest_period`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.inputs import CHANGE_SCHEMA, LIMIT_SCHEMA
from indicators.periods import latest_complete_month, month_before
from indicators.rounding import SIGNIFICANT_DIGITS
from indicators.seasons import PER_YEAR, festival_share, seasonal_centre, seasons, without_season
from indicators.trends import benjamini_hochberg, latest_point_p_value, xmr_chart

SERIES = ["indicator_id", "area_id", "period_kind"]
CHARTED_KINDS = ("week", "month")


@dataclass(frozen=True)
class ChartRules:
    """Which series are charted, and which changes are listed.

    Attributes
    ----------
    months, weeks : int
        Length of the charted window at most. Limits over a decade would call the past's level normal.
    season_years : int
        Years, the charted window among them, that a season is told from at most.
    fewest_points : int
        Limits from fewer points are too uncertain to publish.
    mean_events : float
        Events behind a point, on average: rarer events need another chart. Of a proportion the rarer outcome
        counts, of a weighted rate the effective number (Σwn)² / Σw²n.
    largest_q : float
        Accepted share of false alarms among the listed changes.
    news_months : int
        Months, back from the latest complete one, in which a series' last final figure is still news: the figures
        after it are provisional, or the source is silent.
    """

    months: int = 36
    weeks: int = 104
    season_years: int = 5
    fewest_points: int = 12
    mean_events: float = 10.0
    largest_q: float = 0.1
    news_months: int = 3


def chart(
    values: pl.DataFrame,
    seasonal: pl.DataFrame,
    rare: pl.DataFrame,
    as_of: date,
    rules: ChartRules,
    calendar: pl.DataFrame | None = None,
    breaks: Mapping[str, tuple[date, ...]] | None = None,
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Control limits, signals and changes of all series.

    Charted is the last uninterrupted run of complete weeks and months with a final figure, in areas that are places;
    an interruption (a source that fell silent) starts a new chart, and so does a declared change. Where a season is
    established (`seasons`), the limits lie about the level at that time of the year, and the special causes are those
    of the points without their season.

    A series whose season is known is tested for change by `latest_period`; another one by the moving range of its
    chart, when its run reaches one of the latest months and is charted without its last month too; one too rare for a
    chart by its `gaps`.

    Parameters
    ----------
    values : DataFrame
        Rows as `statuses.publish` gives them.
    seasonal : DataFrame
        `ALARM_SCHEMA`: the series whose latest month or week was tested against its season.
    rare : DataFrame
        `TESTED_SCHEMA`: the series whose latest month was tested by their gaps.
    calendar : DataFrame, optional
        As `day_types` gives it, to tell the Spring Festival.
    breaks : mapping of str to tuple of date, optional
        Days of declared changes by indicator.

    Returns
    -------
    limits : DataFrame
        `indicator_limits`. Limits are cut at zero where no figure is below it.
    signals : DataFrame
        SERIES, period_start, signal: one row per charted point.
    changes : DataFrame
        `changes`: the series whose latest month differs from what its season, or the months before, let expect, at a
        false discovery rate of `largest_q` over all series tested.
    """
    points = _with_seasons(_points(values, rules), calendar, breaks or {})
    oldest_news = month_before(latest_complete_month(as_of), rules.news_months - 1)
    seasonal = seasonal.filter(pl.col("period_start") >= oldest_news)
    by_season = set(seasonal.select(SERIES).iter_rows())
    is_known = [*by_season, *points.filter(pl.col("period_kind") == "month").select(SERIES).unique().iter_rows()]
    known = pl.DataFrame(is_known, schema=[(name, pl.String) for name in SERIES], orient="row")
    rare = rare.filter(pl.col("period_start") >= oldest_news).join(known, on=SERIES, how="anti")
    charted, ends = _limits(points, rules)
    is_news = pl.col("is_last_phase") & (pl.col("period_start") >= oldest_news) & (pl.col("period_kind") == "month")
    news = charted[ends[:, 1] - 1].with_columns(begin=pl.Series(ends[:, 0]), end=pl.Series(ends[:, 1]))
    news = news.filter(is_news & (pl.col("end") - pl.col("begin") > rules.fewest_points))
    news = news.join(seasonal.select(SERIES).unique(), on=SERIES, how="anti", maintain_order="left")
    changes = _changes([_by_season(seasonal), rare, _by_moving_range(news, charted)], rules)
    rounded = [pl.col(c).round_sig_figs(SIGNIFICANT_DIGITS) for c in ("centre", "limit_low", "limit_high")]
    return (
        charted.with_columns(rounded).select(LIMIT_SCHEMA.keys()),
        charted.select(*SERIES, "period_start", "signal"),
        changes,
    )


def _points(values: pl.DataFrame, rules: ChartRules) -> pl.DataFrame:
    """Points of all series that may be charted, in time order, with the years before them that tell their season."""
    month = pl.col("period_start").dt.year().cast(pl.Int64) * 12 + pl.col("period_start").dt.month()
    week = pl.col("period_start").dt.epoch("d").cast(pl.Int64) // 7
    is_month = pl.col("period_kind") == "month"
    longest = pl.when(is_month).then(rules.months).otherwise(rules.weeks)
    per_year = pl.when(is_month).then(PER_YEAR["month"]).otherwise(PER_YEAR["week"])
    # Signed: a count less a longer window is negative, not a huge unsigned number.
    back = pl.len().cast(pl.Int64).over(SERIES) - pl.int_range(pl.len()).over(SERIES)
    # For unweighted events this is their mean; a few heavy ones among many light count as few.
    events, squares = (pl.col(c).filter(pl.col("is_charted")).sum() for c in ("events", "event_squares"))
    charted = pl.col("is_charted").sum()
    mean_events = pl.when(squares > 0).then(events**2 / squares / charted).otherwise(0.0)
    return (
        values.filter(
            pl.col("period_kind").is_in(CHARTED_KINDS)
            & pl.col("is_complete")
            & pl.col("value").is_not_null()
            & ~pl.col("is_unallocated")
        )
        .select(*SERIES, "period_start", "value", "events", "event_squares")
        .sort(*SERIES, "period_start")
        .with_columns(number=pl.when(is_month).then(month).otherwise(week))
        # Within an uninterrupted run, number and position rise together.
        .with_columns(run=pl.col("number") - pl.int_range(pl.len()).over(SERIES))
        .filter(pl.col("run") == pl.col("run").max().over(SERIES))
        .with_columns(back=back)
        .filter(pl.col("back") <= pl.max_horizontal(longest, per_year * rules.season_years))
        .with_columns(is_charted=pl.col("back") <= longest)
        .filter((charted.over(SERIES) >= rules.fewest_points) & (mean_events.over(SERIES) >= rules.mean_events))
    )


def _with_seasons(
    points: pl.DataFrame, calendar: pl.DataFrame | None, breaks: Mapping[str, tuple[date, ...]]
) -> pl.DataFrame:
    """The points with factor, basis (`season` or `level`), inflation, phase and is_last_phase.

    inflation is what the moving range must be multiplied by, since it is about a fitted season.
    """
    changes = pl.DataFrame(
        [(indicator, day) for indicator, days in breaks.items() for day in days],
        schema={"indicator_id": pl.String, "change": pl.Date},
        orient="row",
    )
    past = points.select("indicator_id", "period_start").unique().join(changes, on="indicator_id")
    phases = past.group_by("indicator_id", "period_start").agg(
        phase=(pl.col("change") <= pl.col("period_start")).sum().cast(pl.Int64)
    )
    points = (
        points.join(phases, on=["indicator_id", "period_start"], how="left", maintain_order="left")
        .with_columns(pl.col("phase").fill_null(0))
        .with_columns(is_last_phase=pl.col("phase") == pl.col("phase").max().over(SERIES))
    )
    told = [
        points.clear().with_columns(
            factor=pl.lit(None, pl.Float64), basis=pl.lit(None, pl.String), inflation=pl.lit(None, pl.Float64)
        )
    ]
    # Series with the same periods and the same declared changes are fitted together.
    alike = points.with_columns(
        first=pl.col("period_start").min().over(SERIES),
        last=pl.col("period_start").max().over(SERIES),
        changed=pl.col("indicator_id").replace_strict(
            {indicator: str(days) for indicator, days in breaks.items()}, default="", return_dtype=pl.String
        ),
    )
    for group in alike.partition_by("period_kind", "first", "last", "changed", maintain_order=True):
        height = group.select(pl.struct(SERIES).n_unique()).item()
        starts, kind = group["period_start"][: group.height // height], group["period_kind"][0]
        found = seasons(
            group["value"].to_numpy().reshape(height, -1),
            starts,
            kind,
            festival_share(starts, kind, calendar),
            breaks.get(group["indicator_id"][0], ()),
        )
        width = len(starts)
        inflation = np.sqrt(width / (width - found.spent))
        told.append(
            group.select(points.columns).with_columns(
                pl.Series("factor", found.factors.ravel()),
                pl.Series("basis", np.repeat(np.where(found.is_established, "season", "level"), width)),
                pl.Series("inflation", np.repeat(np.where(found.is_established, inflation, 1.0), width)),
            )
        )
    return pl.concat(told).sort(*SERIES, "period_start")


def _limits(points: pl.DataFrame, rules: ChartRules) -> tuple[pl.DataFrame, npt.NDArray[np.int64]]:
    """Charted points with centre, limits and special causes, and where each charted phase of a series begins and ends.

    Phases with too few points are left out. Arrays are filled phase by phase: a frame for each took longer than its
    limits.
    """
    charted = points.filter("is_charted")
    # Sorted points of one phase of a series are adjacent, and so a slice.
    heights = charted.group_by(*SERIES, "phase", maintain_order=True).len()["len"].cast(pl.Int64).to_numpy()
    is_long = heights >= rules.fewest_points
    charted = charted.filter(pl.Series(np.repeat(is_long, heights), dtype=pl.Boolean))
    stops = np.cumsum(heights[is_long])
    ends = np.column_stack([stops - heights[is_long], stops])
    value, factors, inflation = (charted[name].to_numpy() for name in ("value", "factor", "inflation"))
    centre, low, high = (np.empty(charted.height) for _ in range(3))
    signals: list[str] = []
    for begin, end in ends.tolist():
        phase = slice(begin, end)
        level = seasonal_centre(value[phase], factors[phase])
        x = without_season(value[phase], factors[phase], level)
        # About their centre to the last digit, so that signals and limits agree.
        drawn = xmr_chart(x - x.mean() + level, inflation=float(inflation[begin]))
        half = (drawn.limit_high - drawn.centre) * np.sqrt(factors[phase])
        centre[phase] = level * factors[phase]
        # Below zero no figure can be, unless it is a difference.
        low[phase] = np.maximum(centre[phase] - half, 0.0 if value[phase].min() >= 0 else -np.inf)
        high[phase] = centre[phase] + half
        signals += drawn.signals
    return charted.with_columns(
        centre=pl.Series(centre),
        limit_low=pl.Series(low),
        limit_high=pl.Series(high),
        signal=pl.Series(signals, dtype=pl.String),
    ), ends


def _by_season(seasonal: pl.DataFrame) -> pl.DataFrame:
    return seasonal.select(
        *SERIES,
        "period_start",
        pl.when(pl.col("value") > pl.col("centre"))
        .then(pl.lit("above_season"))
        .otherwise(pl.lit("below_season"))
        .alias("signal"),
        pl.lit("season").alias("method"),
        "value",
        "centre",
        "p_value",
    )


def _by_moving_range(news: pl.DataFrame, charted: pl.DataFrame) -> pl.DataFrame:
    """The latest points of charts as tested series, but for those of which the points before do not vary.

    `centre` is the mean of the points before, at the time of the year of the latest.

    Parameters
    ----------
    news : DataFrame
        Rows of `charted`, with begin and end: the rows of the whole phase.
    """
    every, factor = charted["value"].to_numpy(), charted["factor"].to_numpy()
    found: list[tuple[str, float | None, float | None]] = []
    for begin, end, inflation, signal in news.select("begin", "end", "inflation", "signal").iter_rows():
        value, factors = every[begin:end], factor[begin:end]
        centre = seasonal_centre(value[:-1], factors[:-1])
        p_value = latest_point_p_value(without_season(value, factors, centre), inflation=inflation)
        expected = centre * float(factors[-1])
        side = "above_usual" if value[-1] > expected else "below_usual"
        # Within the limits, and yet too far from the mean for chance alone.
        found.append((side if signal == "none" else signal, expected, p_value))
    schema = {"signal": pl.String, "centre": pl.Float64, "p_value": pl.Float64}
    return (
        news.with_columns(pl.DataFrame(found, schema=schema, orient="row"), method=pl.lit("moving_range"))
        .filter(pl.col("p_value").is_not_null())
        .select(*SERIES, "period_start", "signal", "method", "value", "centre", "p_value")
    )


def _changes(tested: list[pl.DataFrame], rules: ChartRules) -> pl.DataFrame:
    latest = pl.concat(tested)
    if latest.is_empty():
        return pl.DataFrame(schema=CHANGE_SCHEMA)
    q_values = benjamini_hochberg(latest["p_value"].to_numpy())
    listed = (
        latest.with_columns(q_value=pl.Series(q_values), series_tested=pl.lit(latest.height))
        .filter(pl.col("q_value") <= rules.largest_q)
        .sort("p_value", "indicator_id", "area_id")
    )
    return listed.with_columns(
        pl.col("centre", "p_value", "q_value").round_sig_figs(SIGNIFICANT_DIGITS),
        position=pl.Series(np.arange(1, listed.height + 1)),
        expected_false=(pl.col("q_value").max() * listed.height).round_sig_figs(SIGNIFICANT_DIGITS),
    ).select(pl.col(name).cast(dtype) for name, dtype in CHANGE_SCHEMA.items())
