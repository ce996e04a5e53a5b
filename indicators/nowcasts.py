"""Nowcasts of an indicator: its recent counts as they will be when every record is made.

Belongs here: which indicators, records and periods; the statistics are in `reporting_delays`. A nowcast foretells the
count at maturity (`maturity_days` of the entry), stands beside the figure, and replaces nothing.
"""

from datetime import date, timedelta

import numpy as np
import polars as pl

from indicators.cells import Source
from indicators.feeds import passes
from indicators.reporting_delays import Delays, estimate, nowcast, triangle
from indicators.rounding import SIGNIFICANT_DIGITS

DELAY_MEASURE = "msr_incident_delay_day"
COUNTED = "incidents_ppm"
"""What is nowcast: counts of incidents. Amounts and severities may be recorded sooner or later than others."""
WINDOW_DAYS = 365
LEAST_KNOWN = 0.9
"""Share of the records of which the time of recording must be known."""
DELAY_SCHEMA = pl.Schema(
    {
        "indicator_id": pl.String,
        "delay_days": pl.Int32,
        "share": pl.Float64,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "records": pl.Float64,
        "dispersion": pl.Float64,
        "cutoff": pl.Date,
    }
)
NOWCAST_SCHEMA = pl.Schema(
    {
        "indicator_id": pl.String,
        "area_id": pl.String,
        "period_kind": pl.String,
        "period_start": pl.Date,
        "counted": pl.Float64,
        "expected": pl.Float64,
        "expected_low": pl.Float64,
        "expected_high": pl.Float64,
        "value": pl.Float64,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "recorded_share": pl.Float64,
        "cutoff": pl.Date,
    }
)


def nowcast_figures(source: Source, published: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Nowcast the provisional figures of an indicator of which something is missing, and tell the delays behind them.

    Parameters
    ----------
    source : Source
    published : DataFrame
        The indicator's rows of `indicator_values`.

    Returns
    -------
    tuple of DataFrame
        `nowcasts` and `reporting_delays` as in docs/tables.md; empty where the indicator is no rate of incidents, its
        sources do not say when they recorded, or their history is too short.
    """
    nothing = NOWCAST_SCHEMA.to_frame(), DELAY_SCHEMA.to_frame()
    entry = source.feed.entry
    if entry.kind != "rate" or entry.numerator is None or entry.numerator.column != COUNTED or not entry.maturity_days:
        return nothing
    recorded = _recorded(source)
    records = _counted(recorded, source)
    if records.is_empty():
        return nothing
    # The last day on which the sources recorded anything: of what is rare, none may have come for weeks.
    newest = recorded.select((pl.col("day") + pl.duration(days=pl.col("delay_days"))).max()).item()
    cutoff: date = min(source.inputs.as_of, newest or source.inputs.as_of)
    earliest: date = records.select(pl.col("day").min()).item()
    first = max(earliest, cutoff - timedelta(days=WINDOW_DAYS + entry.maturity_days - 1))
    recent = records.filter(pl.col("day").is_between(first, cutoff))
    is_known = pl.col("delay_days").is_not_null()
    sums = recent.select(total=pl.col("records").sum(), known=pl.col("records").filter(is_known).sum())
    total, known = sums.row(0)
    if not total or known < LEAST_KNOWN * total:
        return nothing
    delays = estimate(triangle(recent, cutoff, (cutoff - first).days + 1, entry.maturity_days))
    if delays is None:
        return nothing
    return _nowcasts(source, published, delays, cutoff), _told(entry.id, delays, cutoff)


def _recorded(source: Source) -> pl.DataFrame:
    """Rows of the measure of delays that are of the feeding sources, up to `as_of`; empty where it was not given."""
    measure = source.inputs.measures.get(DELAY_MEASURE)
    if measure is None:
        return pl.DataFrame()
    feeding = source.feed.sources["source"].implode()
    return measure.filter(pl.col("source").is_in(feeding), pl.col("day") <= source.inputs.as_of)


def _counted(recorded: pl.DataFrame, source: Source) -> pl.DataFrame:
    """Records that the indicator counts, by day and delay: day, delay_days, records."""
    entry = source.feed.entry
    if recorded.is_empty():
        return recorded
    where = entry.numerator.where if entry.numerator else entry.where
    return (
        recorded.filter(passes(where))
        .group_by("day", "delay_days")
        .agg(records=pl.col(COUNTED).sum() / entry.scale)
        .sort("day", "delay_days")
    )


def _nowcasts(source: Source, published: pl.DataFrame, delays: Delays, cutoff: date) -> pl.DataFrame:
    entry = source.feed.entry
    provisional = published.filter(
        (pl.col("status") == "provisional") & pl.col("value").is_not_null() & (pl.col("denominator") > 0)
    )
    young = source.coverage.days.with_columns(age=(pl.lit(cutoff) - pl.col("day")).dt.total_days())
    parts = [NOWCAST_SCHEMA.to_frame()]
    by_period = provisional.sort("area_id").group_by("period_kind", "period_start", maintain_order=True)
    for (kind, start), rows in by_period:
        ages = young.filter(period_kind=kind, period_start=start)["age"].to_numpy()
        if not len(ages) or ages.min() >= delays.days:
            continue
        found = nowcast(rows["numerator"].to_numpy(), ages, delays)
        if found is None or found.recorded_share >= 1:
            continue
        per = entry.per / rows["denominator"].to_numpy()
        counts = {"expected": found.expected, "expected_low": found.lower, "expected_high": found.upper}
        rates = {"value": found.expected * per, "lower": found.lower * per, "upper": found.upper * per}
        parts.append(
            rows.select("indicator_id", "area_id", "period_kind", "period_start", counted="numerator")
            .with_columns(
                **{name: _rounded(column) for name, column in (counts | rates).items()},
                recorded_share=_rounded(np.full(rows.height, found.recorded_share)),
                cutoff=pl.lit(cutoff),
            )
            .select(NOWCAST_SCHEMA.keys())
        )
    return pl.concat(parts)


def _told(indicator_id: str, delays: Delays, cutoff: date) -> pl.DataFrame:
    lower, upper = delays.limits()
    return pl.DataFrame(
        {
            "indicator_id": indicator_id,
            "delay_days": np.arange(delays.days + 1, dtype=np.int32),
            **{
                name: _rounded(column)
                for name, column in {"share": delays.shares, "lower": lower, "upper": upper}.items()
            },
            "records": round(delays.records, 6),
            "dispersion": _rounded(np.array([delays.dispersion]))[0],
            "cutoff": cutoff,
        },
        schema=DELAY_SCHEMA,
    )


def _rounded(column: np.ndarray) -> pl.Series:
    return pl.Series(column, dtype=pl.Float64).round_sig_figs(SIGNIFICANT_DIGITS) + 0.0
