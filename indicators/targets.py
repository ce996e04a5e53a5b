"""Declared targets: where each figure stands on the way, and how probable it is that the target is reached.

Belongs here: which figures a target is held against, its path, and the months that its probability rests on. Not here:
growth against needed growth, and a line carried forward (`progress`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from indicators.declared import Target
from indicators.periods import period_end
from indicators.progress import probability_of_reaching, progress
from indicators.rounding import SIGNIFICANT_DIGITS

TARGET_SCHEMA = pl.Schema(
    {
        "indicator_id": pl.String,
        "area_id": pl.String,
        "target": pl.Float64,
        "since": pl.Date,
        "due": pl.Date,
        "baseline": pl.Float64,
        "period_kind": pl.String,
        "period_start": pl.Date,
        "value": pl.Float64,
        "target_status": pl.String,
        "progress": pl.String,
        "months": pl.Int32,
        "slope": pl.Float64,
        "predicted": pl.Float64,
        "predicted_low": pl.Float64,
        "predicted_high": pl.Float64,
        "probability": pl.Float64,
    }
)
# Days and weeks vary too much to be held against a target.
HELD = ("rolling_12m", "year", "quarter", "month")
FEWEST_MONTHS = 12
DAYS_PER_YEAR = 365.25
KEY = ["indicator_id", "area_id"]


@dataclass(frozen=True)
class Progress:
    """`values` with target_status filled in, and `targets`, `TARGET_SCHEMA`: one row per target and area."""

    values: pl.DataFrame
    targets: pl.DataFrame


def judge_targets(
    targets: Sequence[Target],
    values: pl.DataFrame,
    limits: pl.DataFrame,
    areas: pl.DataFrame,
    polarities: Mapping[str, str],
    breaks: Mapping[str, Sequence[date]],
) -> Progress:
    """Hold figures against the straight path from the baseline to the target.

    A figure of a month or longer that begins at or after `since` is, at the end of its period, `met` (at the target or
    better), else `on_path` (at the path or better), `unclear` (worse, and the path lies within its 95 % interval, or it
    has none), or `off_path`; from the due day on `missed` in place of `off_path`. It is null where the baseline is not
    known and the target not met before its day.

    The probability rests on the final months since `since`, or since the last declared break if that is later, twelve
    at least; where the charts hold a season, on the months without it. It is that of one month at the due day, and
    takes for granted that the line through the months goes on.

    Parameters
    ----------
    targets : sequence of Target
        Of indicators that are better higher or lower.
    values : DataFrame
        `indicator_values`.
    limits : DataFrame
        `indicator_limits`.
    areas : DataFrame
        area_id, area_level, is_unallocated.
    polarities : mapping of str to str
        By indicator.
    breaks : mapping of str to sequence of date
        Days of declared breaks by indicator.
    """
    stated = _stated(targets, values, areas, polarities, breaks)
    if stated.is_empty():
        return Progress(values.with_columns(target_status=pl.lit(None, pl.String)), TARGET_SCHEMA.to_frame())
    held = _held(values, stated)
    key = [*KEY, "period_kind", "period_start"]
    filled = values.drop("target_status").join(
        held.select(*key, "target_status"), on=key, how="left", maintain_order="left"
    )
    rank = pl.col("period_kind").replace_strict({kind: n for n, kind in enumerate(HELD)}, return_dtype=pl.Int32)
    latest = (
        held.filter((pl.col("status") == "final") & pl.col("value").is_not_null())
        .sort(rank, pl.col("period_start"), descending=[False, True])
        .unique(KEY, keep="first", maintain_order=True)
        .select(*KEY, "period_kind", "period_start", "value", "target_status")
    )
    told = (
        stated.join(latest, on=KEY, how="left", maintain_order="left")
        .join(_growth(stated, latest), on=KEY, how="left", maintain_order="left")
        .join(_ahead(stated, values, limits), on=KEY, how="left", maintain_order="left")
    )
    rounded = [pl.col(c).round_sig_figs(SIGNIFICANT_DIGITS) for c, t in TARGET_SCHEMA.items() if t == pl.Float64]
    frame = told.select(pl.col(name).cast(dtype) for name, dtype in TARGET_SCHEMA.items())
    return Progress(filled.select(values.columns), frame.with_columns(rounded).sort(KEY))


def _stated(
    targets: Sequence[Target],
    values: pl.DataFrame,
    areas: pl.DataFrame,
    polarities: Mapping[str, str],
    breaks: Mapping[str, Sequence[date]],
) -> pl.DataFrame:
    """One row per target and area with figures, with its polarity, baseline and the day its months begin."""
    rows = [
        (
            each.indicator_id, each.value, each.since, each.due, each.baseline, each.everywhere,
            polarities[each.indicator_id],
            max([each.since, *(day for day in breaks.get(each.indicator_id, ()) if day <= each.due)]),
        )
        for each in targets
    ]  # fmt: skip
    schema = {
        **dict.fromkeys(("indicator_id",), pl.String),
        "target": pl.Float64,
        "since": pl.Date,
        "due": pl.Date,
        "declared": pl.Float64,
        "everywhere": pl.Boolean,
        "polarity": pl.String,
        "begin": pl.Date,
    }
    places = areas.filter(~pl.col("is_unallocated")).select("area_id", is_city=pl.col("area_level") == "city")
    before = values.filter(pl.col("period_kind") == "rolling_12m").select(
        *KEY, before="value", since=period_end(pl.col("period_start"), "rolling_12m").dt.offset_by("1d")
    )
    return (
        pl.DataFrame(rows, schema=schema, orient="row")
        .join(places, how="cross")
        .filter(pl.col("everywhere") | pl.col("is_city"))
        .join(values.filter(pl.col("period_kind").is_in(HELD)).select(KEY).unique(), on=KEY, how="semi")
        .join(before, on=[*KEY, "since"], how="left", maintain_order="left")
        .with_columns(baseline=pl.coalesce("declared", "before"))
        .drop("declared", "before", "everywhere", "is_city")
    )


def _held(values: pl.DataFrame, stated: pl.DataFrame) -> pl.DataFrame:
    """Figures that a target is held against, with their target_status."""
    ends = pl.coalesce(
        pl.when(pl.col("period_kind") == kind).then(period_end(pl.col("period_start"), kind)) for kind in HELD
    )
    sign = pl.when(pl.col("polarity") == "higher").then(1.0).otherwise(-1.0)
    way = (pl.col("end") - pl.col("since")).dt.total_days() / (pl.col("due") - pl.col("since")).dt.total_days()
    is_due = pl.col("end") >= pl.col("due")
    path = (
        pl.when(is_due)
        .then(pl.col("target"))
        .otherwise(pl.col("baseline") + way.clip(0.0, 1.0) * (pl.col("target") - pl.col("baseline")))
    )
    best = pl.when(pl.col("polarity") == "higher").then("upper").otherwise("lower")
    return (
        values.filter(pl.col("period_kind").is_in(HELD) & pl.col("value").is_not_null())
        .drop("target_status")
        .join(stated, on=KEY)
        .filter(pl.col("period_start") >= pl.col("since"))
        .with_columns(end=ends)
        .with_columns(path=path)
        .with_columns(
            target_status=pl.when(sign * (pl.col("value") - pl.col("target")) >= 0)
            .then(pl.lit("met"))
            .when(pl.col("path").is_null())
            .then(None)
            .when(sign * (pl.col("value") - pl.col("path")) >= 0)
            .then(pl.lit("on_path"))
            .when((sign * (best - pl.col("path")) >= 0).fill_null(True))
            .then(pl.lit("unclear"))
            .when(is_due)
            .then(pl.lit("missed"))
            .otherwise(pl.lit("off_path"))
        )
    )


def _growth(stated: pl.DataFrame, latest: pl.DataFrame) -> pl.DataFrame:
    """Progress of the latest final figure, by growth per year since the baseline."""
    ends = pl.coalesce(
        pl.when(pl.col("period_kind") == kind).then(period_end(pl.col("period_start"), kind)) for kind in HELD
    )
    figures = stated.join(latest.drop("target_status"), on=KEY).select(
        *KEY,
        "polarity",
        base=pl.col("baseline"),
        base_year=_years("since"),
        value=pl.col("value"),
        year=_years(ends),
        target=pl.col("target"),
        target_year=_years("due"),
    )
    return progress(figures).select(*KEY, "progress")


def _ahead(stated: pl.DataFrame, values: pl.DataFrame, limits: pl.DataFrame) -> pl.DataFrame:
    """The line through the months since the baseline, at the due day."""
    month_of_year = pl.col("period_start").dt.month().alias("month_of_year")
    charted = limits.filter((pl.col("period_kind") == "month") & (pl.col("basis") == "season")).sort("period_start")
    season = (
        charted.group_by(KEY, maintain_order=True)
        .agg(month_of_year.tail(12), pl.col("centre").tail(12))
        .explode("month_of_year", "centre")
        .select(*KEY, "month_of_year", factor=pl.col("centre") / pl.col("centre").mean().over(KEY))
        .filter(pl.col("factor") > 0)
    )
    points = (
        values.filter(
            (pl.col("period_kind") == "month") & (pl.col("status") == "final") & pl.col("value").is_not_null()
        )
        .join(stated.select(*KEY, "begin"), on=KEY)
        .filter(pl.col("period_start") >= pl.col("begin"))
        .with_columns(month_of_year)
        .join(season, on=[*KEY, "month_of_year"], how="left")
        .select(
            *KEY,
            time=_years(pl.col("period_start").dt.offset_by("14d")),
            value=pl.col("value") / pl.col("factor").fill_null(1.0),
        )
        .filter(pl.len().over(KEY) >= FEWEST_MONTHS)
    )
    ahead = stated.select(*KEY, "target", "polarity", target_time=_years("due"))
    return probability_of_reaching(points, ahead, KEY).select(
        *KEY, "slope", "predicted", "probability", months="points", predicted_low="lower", predicted_high="upper"
    )


def _years(day: pl.Expr | str) -> pl.Expr:
    column = pl.col(day) if isinstance(day, str) else day
    return column.dt.epoch("d").cast(pl.Float64) / DAYS_PER_YEAR
