"""Progress of a figure to its target, and how probable it is to reach it.

Belongs here: growth against the growth that a target asks for, and a linear trend carried forward. Not here:
whether a figure is on its target today (`statuses`).
"""

from typing import Literal

import numpy as np
import polars as pl
from scipy import special

from indicators.intervals import checked_confidence

Polarity = Literal["higher", "lower"]

# Statistics Canada's thresholds: share of the growth that the target asks for; without a target, growth per year.
ON_TRACK, NEEDS_ACCELERATION = 0.95, 0.60
ON_TRACK_GROWTH, NEEDS_ACCELERATION_GROWTH = 0.015, 0.005


def progress(figures: pl.DataFrame) -> pl.DataFrame:
    """Growth per year since a base year, compared with what the target asks for.

    Parameters
    ----------
    figures : DataFrame
        `polarity` (higher or lower is better), `base_year` and `base`, `year` and `value`, and `target_year` and
        `target`, both null where there is no target. Years may have fractions.

    Returns
    -------
    DataFrame
        The rows, in their order, with `growth`, `growth_needed` (both per year, compound), `growth_ratio` and
        `progress`: target_achieved, on_track, progress_needs_acceleration, limited_progress or deterioration.
        Null where growth is not defined: a base of zero or a negative figure, or no time between the years.

    References
    ----------
    Statistics Canada, Sustainable Development Goals data hub: progress measurement (after Eurostat's).
    """
    strange = figures.filter(~pl.col("polarity").is_in(["higher", "lower"]))
    if strange.height:
        raise ValueError(f"polarity must be higher or lower, not {strange['polarity'][0]}: context has no progress")
    sign = pl.when(pl.col("polarity") == "higher").then(1.0).otherwise(-1.0)
    base, value, target = pl.col("base"), pl.col("value"), pl.col("target")
    known = (base > 0) & (value >= 0) & (pl.col("year") > pl.col("base_year"))
    aimed = known & (target >= 0) & (pl.col("target_year") > pl.col("base_year"))
    growth = (value / base).pow(1 / (pl.col("year") - pl.col("base_year"))) - 1
    needed = (target / base).pow(1 / (pl.col("target_year") - pl.col("base_year"))) - 1
    ratio, better = pl.col("growth_ratio"), sign * pl.col("growth")
    with_target = (
        pl.when(sign * (value - target) >= 0)
        .then(pl.lit("target_achieved"))
        # A target that the base year had met, and that is missed now, is not on any way to it.
        .when(ratio.is_null() | (ratio < 0))
        .then(pl.lit("deterioration"))
        .when(ratio >= ON_TRACK)
        .then(pl.lit("on_track"))
        .when(ratio >= NEEDS_ACCELERATION)
        .then(pl.lit("progress_needs_acceleration"))
        .otherwise(pl.lit("limited_progress"))
    )
    without = (
        pl.when(better < 0)
        .then(pl.lit("deterioration"))
        .when(better >= ON_TRACK_GROWTH)
        .then(pl.lit("on_track"))
        .when(better >= NEEDS_ACCELERATION_GROWTH)
        .then(pl.lit("progress_needs_acceleration"))
        .otherwise(pl.lit("limited_progress"))
    )
    return (
        figures.with_columns(growth=pl.when(known).then(growth), growth_needed=pl.when(aimed).then(needed))
        .with_columns(
            growth_ratio=pl.when(aimed & (sign * (target - base) > 0)).then(pl.col("growth") / pl.col("growth_needed"))
        )
        .with_columns(progress=pl.when(aimed).then(with_target).when(known & target.is_null()).then(without))
    )


def probability_of_reaching(
    points: pl.DataFrame, targets: pl.DataFrame, by: list[str], confidence: float = 0.95
) -> pl.DataFrame:
    """Least-squares line through each series, carried to the target's time with its prediction interval.

    The probability is that of a single new value, at that time, on the target's better side, by Student's t on
    n − 2 degrees of freedom. It takes the line for granted: the further ahead, the less it is worth.

    Parameters
    ----------
    points : DataFrame
        `by`, `time` (in years, say) and `value`; rows with a null are left out.
    targets : DataFrame
        `by`, `target_time`, `target` and `polarity` (higher or lower is better).
    by : list of str
        Columns that name a series: at least one.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    DataFrame
        The rows of `targets`, in their order, with `points`, `slope` (per unit of time), `predicted`, `lower`,
        `upper` and `probability`. Null with fewer than three points, or all at one time.
    """
    x, y = pl.col("time").cast(pl.Float64), pl.col("value").cast(pl.Float64)
    dx, dy = x - x.mean(), y - y.mean()
    lines = (
        points.drop_nulls([*by, "time", "value"])
        .group_by(by)
        .agg(
            points=pl.len().cast(pl.Int64),
            mean_time=x.mean(),
            mean_value=y.mean(),
            squares=dx.pow(2).sum(),
            products=(dx * dy).sum(),
            total=dy.pow(2).sum(),
        )
        .filter((pl.col("points") >= 3) & (pl.col("squares") > 0))
        .with_columns(slope=pl.col("products") / pl.col("squares"))
        .with_columns(
            # On a perfect line rounding leaves a remainder of either sign.
            residual=(pl.col("total") - pl.col("slope") * pl.col("products")).clip(lower_bound=0)
        )
    )
    ahead = pl.col("target_time") - pl.col("mean_time")
    told = targets.join(lines, on=by, how="left", nulls_equal=True, maintain_order="left").with_columns(
        predicted=pl.col("mean_value") + pl.col("slope") * ahead,
        error=(
            pl.col("residual") / (pl.col("points") - 2) * (1 + 1 / pl.col("points") + ahead.pow(2) / pl.col("squares"))
        ).sqrt(),
    )
    degrees = (told["points"].fill_null(3) - 2).cast(pl.Float64).to_numpy()
    upper_tail = (1 + checked_confidence(confidence)) / 2
    quantile = pl.lit(pl.Series(special.stdtrit(degrees, np.full(len(degrees), upper_tail))))
    sign = pl.when(pl.col("polarity") == "higher").then(1.0).otherwise(-1.0)
    beyond = sign * (pl.col("predicted") - pl.col("target"))
    scores = told.select(pl.when(pl.col("error") > 0).then(beyond / pl.col("error")).fill_null(0.0).alias("t"))["t"]
    by_chance = pl.lit(pl.Series(special.stdtr(degrees, scores.to_numpy())))
    certain = pl.when(beyond >= 0).then(1.0).otherwise(0.0)
    return told.select(
        *targets.columns,
        "points",
        "slope",
        "predicted",
        lower=pl.col("predicted") - quantile * pl.col("error"),
        upper=pl.col("predicted") + quantile * pl.col("error"),
        probability=pl.when(pl.col("error") > 0).then(by_chance).otherwise(pl.when(beyond.is_not_null()).then(certain)),
    )
