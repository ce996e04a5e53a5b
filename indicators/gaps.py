"""Days between events, for rates of events too rare to be charted by the month.

Belongs here: which areas have such a chart, on which days, and whether the latest month tells of more events or of
fewer. Not here: the limits of gaps (`rare_events`), charts of months (`charts`), and what to do with many p-values.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from indicators.cells import Source
from indicators.daily_series import daily_series, latest_complete
from indicators.inputs import GAP_SCHEMA, TESTED_SCHEMA
from indicators.rare_events import event_probability, g_chart, zeros_in_a_row
from indicators.rounding import SIGNIFICANT_DIGITS

# As far back as the other charts; a dozen gaps of something that happens thrice a year take longer.
HISTORY_DAYS = 1096
LONGEST_HISTORY_DAYS = 1826
FEWEST_GAPS = 12
# Gaps that vary by so many standard errors more than geometric ones are of events that come in bursts: no limits of
# independent days hold for them.
MOST_ERRORS_OF_DISPERSION = 3.0
# With an event on every second day, the days between tell less than the count of a week.
MOST_EVENT_DAYS = 0.5


@dataclass(frozen=True)
class Gaps:
    """Charts and tests of rare series.

    Attributes
    ----------
    charts : DataFrame
        `GAP_SCHEMA`: one row per gap, the one still open last.
    tested : DataFrame
        `TESTED_SCHEMA`: one row per series.
    """

    charts: pl.DataFrame
    tested: pl.DataFrame


def judge_gaps(source: Source, published: pl.DataFrame, breaks: tuple[date, ...] = ()) -> Gaps:
    """Chart the covered days without an event between days with one, up to the end of the latest complete month.

    An event whose time is known only as an interval counts on the day on which half of it has passed. Several events of
    one day are one day with an event, so that the gaps are geometric however events cluster within a day. Days on which
    no source reported are no opportunities and left out.

    Two exact tests speak for a series, both given the number of days with an event in its whole history: whether the
    latest month holds as many of them (hypergeometric), and whether the days since the last one are as long a wait. The
    p-value is twice the smaller one. Where the gaps vary more than geometric ones, all days are divided by how much;
    where they do so beyond doubt, there is neither chart nor test.

    Parameters
    ----------
    source : Source
    published : DataFrame
        What `statuses.publish` gives for the source's entry.
    breaks : tuple of date
        Days of declared changes: no history reaches back beyond one.

    The history is of three years, of up to five where three hold no dozen gaps.

    Returns
    -------
    Gaps
        Empty for an entry that is no rate of independent events. Only areas that are places, with a dozen gaps.
    """
    nothing = Gaps(pl.DataFrame(schema=GAP_SCHEMA), pl.DataFrame(schema=TESTED_SCHEMA))
    entry = source.feed.entry
    months = latest_complete(published, "month")
    if entry.kind != "rate" or entry.interval != "byar" or months.is_empty():
        return nothing
    begin, end = months.select("period_start", "day").row(0)
    first = max(end - timedelta(days=LONGEST_HISTORY_DAYS - 1), *(day for day in (date.min, *breaks) if day <= begin))
    counts = daily_series(source, months.select("area_id"), first, end)
    if counts.is_empty():
        return nothing
    charts: list[_Chart] = []
    tested: list[tuple[str, str, float, float, float]] = []
    # Every area has the same covered days, in order.
    counts = counts.sort("area_id", "day")
    areas = counts["area_id"].unique(maintain_order=True)
    every = counts["count"].to_numpy().reshape(areas.len(), -1)
    days = counts["day"].head(every.shape[1])
    is_recent, is_latest = (days > end - timedelta(days=HISTORY_DAYS)).to_numpy(), (days >= begin).to_numpy()
    for area, daily in zip(areas, every, strict=True):
        happened, start = event_days(daily), 0
        if happened[is_recent].sum() > FEWEST_GAPS:
            start = int(is_recent.argmax())
        happened = happened[start:]
        if not FEWEST_GAPS < happened.sum() <= MOST_EVENT_DAYS * len(happened):
            continue
        phi, error = gap_dispersion(np.diff(np.flatnonzero(happened)) - 1)
        if phi > 1 + MOST_ERRORS_OF_DISPERSION * error:
            continue
        charts.append(_chart(area, happened, start))
        tested.append((area, *_test(happened, is_latest[start:], max(phi, 1.0))))
    if not charts:
        return nothing
    drawn = {
        "days": np.concatenate([each.gaps for each in charts]),
        "signal": [signal for each in charts for signal in each.signals],
        **_repeated(charts, ("area_id", "centre", "limit_low", "limit_high")),
    }
    ended = pl.Series(np.concatenate([each.at for each in charts]))
    is_open = np.concatenate([np.arange(len(each.at)) == len(each.at) - 1 for each in charts])
    charted = pl.DataFrame(drawn).with_columns(
        indicator_id=pl.lit(entry.id), day=days.gather(ended), is_open=pl.Series(is_open)
    )
    names = ("area_id", "signal", "value", "centre", "p_value")
    found = pl.DataFrame(tested, schema=names, orient="row").with_columns(
        pl.col("centre", "p_value").round_sig_figs(SIGNIFICANT_DIGITS),
        indicator_id=pl.lit(entry.id),
        period_kind=pl.lit("month"),
        period_start=pl.lit(begin),
        method=pl.lit("gap"),
    )
    return Gaps(
        charted.select(pl.col(name).cast(dtype) for name, dtype in GAP_SCHEMA.items()),
        found.select(pl.col(name).cast(dtype) for name, dtype in TESTED_SCHEMA.items()),
    )


def event_days(counts: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Days on which half of another event has passed, of daily counts that may be parts of events."""
    # Parts of a whole add up to it but for rounding.
    passed = np.floor(np.cumsum(counts) + 0.5 + 1e-6)
    return np.diff(passed, prepend=0.0) > 0


def gap_dispersion(gaps: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Variance of gaps over that of geometric ones with their mean, and its standard error where they are."""
    mean = float(gaps.mean())
    # The fourth moment of an exponential time makes it 8 / n.
    return float(gaps.var(ddof=1)) / (mean * (mean + 1)), float(np.sqrt(8 / len(gaps)))


def gap_p_value(
    happened: npt.NDArray[np.bool_], is_latest: npt.NDArray[np.bool_], dispersion: float = 1.0
) -> tuple[float, float]:
    """One-sided p-values of so many days with an event among the latest, and of so long a wait since the last one.

    Exact given the number of days with an event, if every day is as likely to be one of them.

    Parameters
    ----------
    happened, is_latest : array of bool, shape (days,)
        In order of time.
    dispersion : float
        At least 1: all days are divided by it, to whole ones.
    """
    days, events, latest = (round(n / dispersion) for n in (len(happened), happened.sum(), is_latest.sum()))
    in_latest, waiting = (int(n // dispersion) for n in (happened[is_latest].sum(), waiting_days(happened)))
    more = float(stats.hypergeom.sf(in_latest - 1, days, events, latest))
    return more, float(stats.hypergeom.pmf(0, days, events, waiting))


def waiting_days(happened: npt.NDArray[np.bool_]) -> int:
    """Days since the last one with an event."""
    return int(len(happened) - 1 - np.flatnonzero(happened)[-1])


class _Chart(NamedTuple):
    """One area's gaps, the one still open last, with the number of the day that each ends on or is seen from."""

    area_id: str
    centre: float
    limit_low: float
    limit_high: float
    gaps: npt.NDArray[np.int64]
    at: npt.NDArray[np.int64]
    signals: list[str]


def _chart(area: str, happened: npt.NDArray[np.bool_], start: int) -> _Chart:
    at = np.flatnonzero(happened)
    gaps = np.diff(at) - 1
    drawn = g_chart(gaps)
    signals = np.array(drawn.signals, dtype=object)
    signals[_runs_of_zeros(gaps, zeros_in_a_row(event_probability(gaps)))] = "short_gap"
    waiting = waiting_days(happened)
    return _Chart(
        area,
        drawn.centre,
        drawn.limit_low,
        drawn.limit_high,
        np.append(gaps, waiting),
        np.append(at[1:], len(happened) - 1) + start,
        [*signals.tolist(), "long_gap" if waiting > drawn.limit_high else "none"],
    )


def _repeated(charts: Sequence[_Chart], names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """What each chart has one of, once for each of its gaps."""
    lengths = [len(each.gaps) for each in charts]
    return {name: np.repeat([getattr(each, name) for each in charts], lengths) for name in names}


def _runs_of_zeros(gaps: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.bool_]:
    """Gaps of zero in uninterrupted runs of at least `length`."""
    is_zero = gaps == 0
    run = np.cumsum(np.diff(is_zero, prepend=False) != 0)
    return np.asarray(is_zero & (np.bincount(run)[run] >= length), dtype=np.bool_)


def _test(
    happened: npt.NDArray[np.bool_], is_latest: npt.NDArray[np.bool_], dispersion: float
) -> tuple[str, float, float, float]:
    """Signal, value, what was expected of it, and p-value."""
    more, wait = gap_p_value(happened, is_latest, dispersion)
    rises = more < wait
    share = happened[~is_latest].mean() if (~is_latest).any() else happened.mean()
    return (
        "many_event_days" if rises else "long_wait",
        float(happened[is_latest].sum() if rises else waiting_days(happened)),
        float(share * is_latest.sum() if rises else 1 / share - 1),
        min(1.0, 2 * min(more, wait)),
    )
