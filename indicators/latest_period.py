"""The latest week and month of a rate of independent events, held against what its past lets expect.

Told apart are season, weekdays, holidays and trend. Belongs here: which period of which areas is tested, and on which
days. Not here: the model of days (`daily_alarms`), and what to do with many p-values (`charts`).
"""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl

from indicators.cells import Source
from indicators.daily_alarms import DailyRules, daily_alarms
from indicators.daily_series import daily_series, latest_complete
from indicators.day_types import weekday_types
from indicators.inputs import ALARM_SCHEMA

PERIOD_KINDS = ("month", "week")
# In a sum of days no single one is an outbreak to be weighted down: that would only push the expected sum down. The
# history reaches up to the period, whose neighbour is the best witness of its level.
RULES = DailyRules(by_past_sums=True, recent_days=0, down_weight_above=np.inf, sides="both")
# A fit by iteration repeats to these digits on any machine.
SIGNIFICANT_DIGITS = 6


def judge_latest_periods(source: Source, published: pl.DataFrame, breaks: tuple[date, ...] = ()) -> pl.DataFrame:
    """Test the latest month and the latest week that have a final figure, area by area.

    Parameters
    ----------
    source : Source
    published : DataFrame
        What `statuses.publish` gives for the source's entry.
    breaks : tuple of date
        Days of declared changes: no history reaches back beyond one.

    Returns
    -------
    DataFrame
        `ALARM_SCHEMA`, sorted by kind of period and area: centre, lower and upper are the expected figure and its
        limits in the unit of value, the p-value two-sided. Only areas that are places, and whose history lets the model
        give a verdict; none at all for an entry that is no rate of independent events.
    """
    entry = source.feed.entry
    nothing = pl.DataFrame(schema=ALARM_SCHEMA)
    if entry.kind != "rate" or entry.interval != "byar":
        return nothing
    known = published.filter(pl.col("value").is_not_null())
    return pl.concat([nothing, *(_judge(source, latest_complete(known, kind), breaks) for kind in PERIOD_KINDS)])


def _judge(source: Source, latest: pl.DataFrame, breaks: tuple[date, ...]) -> pl.DataFrame:
    if latest.is_empty():
        return pl.DataFrame(schema=ALARM_SCHEMA)
    begin, end = latest.select("period_start", "day").row(0)
    rules = replace(RULES, sum_days=(end - begin).days + 1)
    first = max(begin - timedelta(days=rules.history_days), *(day for day in (date.min, *breaks) if day <= begin))
    counts = daily_series(source, latest.select("area_id"), first, end)
    calendar = source.inputs.calendar
    tested = daily_alarms(counts, ["area_id"], weekday_types(first, end) if calendar is None else calendar, rules)
    limits = ("lower", "upper")
    in_unit = source.feed.entry.per / pl.col("denominator")
    return (
        latest.drop(*limits, "p_value")
        .join(tested, on=["area_id", "day"])
        .filter(pl.col("p_value").is_not_null())
        .with_columns(centre=pl.col("expected") * in_unit, **{name: pl.col(name) * in_unit for name in limits})
        .with_columns(pl.col("centre", *limits, "p_value", "dispersion").round_sig_figs(SIGNIFICANT_DIGITS))
        .select(pl.col(name).cast(dtype) for name, dtype in ALARM_SCHEMA.items())
        .sort("area_id")
    )
