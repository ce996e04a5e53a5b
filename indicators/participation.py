"""Participation: how far volunteers have come on the ladder from listed to co-deciding, in twelve months.

Belongs here: from the extract of each volunteer's highest level to figures of areas and periods. Keys of people end
here, and so do numbers of few people: `statuses` tells neither value nor counts of what is withheld.
"""

import numpy as np
import polars as pl

from indicators.catalogue.measures import VOLUNTEERS
from indicators.catalogue.parts import Stock
from indicators.cells import Source, count_cells, unallocated
from indicators.feeds import passes
from indicators.grades import with_unusable
from indicators.intervals import Floats
from indicators.stocks import stocks_on
from indicators.unusable import PERIOD

KEY = ["area_id", *PERIOD]
HIGHEST = 4
RESAMPLES = 999
AT = [f"at_{level}" for level in range(1, HIGHEST + 1)]


def participation_figures(source: Source) -> pl.DataFrame:
    """Figures of a `participation` for every area and period.

    The value is the mean over volunteers of the highest level that each came to in the period, as a share of the
    highest there is. Volunteers are all on the register at the period's end, those who did not take part at level 0; or
    those seen to take part, where they are more. A person who is active in several areas counts once in what lies above
    them. The numerator is the sum of these shares, the denominator the number of volunteers; where some, but fewer than
    `entry.min_denominator` took part it is these few, so that the figure is withheld. Limits resample the volunteers.

    Bounds: each activity of an unknown person or level, refused or of unknown area, may have brought a volunteer from
    nothing to the highest level; each contested one may be all that a volunteer did.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator, denominator, unusable, events, event_squares, shares of
        unusable records and void_reason.
    """
    entry = source.feed.entry
    daily = source.feed.rows.group_by("area_id", "day").agg(
        records=pl.col("activities").sum(), missing=(pl.col("activities") - pl.col("with_level")).sum()
    )
    cells = with_unusable(entry, count_cells(source, daily, ["records", "missing"])).with_columns(
        day=pl.min_horizontal("period_end", pl.lit(source.inputs.as_of))
    )
    register = stocks_on(
        cells.select("day").unique(),
        source.inputs.profile,
        Stock(numerator=VOLUNTEERS, denominator=VOLUNTEERS),
        source.tree,
    )
    few = (pl.col("people") > 0) & (pl.col("people") < entry.min_denominator)
    counted = (
        cells.join(_people(source), on=KEY, how="left")
        .join(register.select("area_id", "day", registered="denominator"), on=["area_id", "day"], how="left")
        .with_columns(pl.col("people", *AT).fill_null(0))
        .with_columns(volunteers=pl.max_horizontal("registered", "people").cast(pl.Float64))
        .with_columns(
            numerator=pl.sum_horizontal(level * pl.col(name) for level, name in enumerate(AT, start=1)) / HIGHEST,
            denominator=pl.when(few).then(pl.col("people")).otherwise("volunteers").cast(pl.Float64),
            void_reason=pl.coalesce(
                "void_reason",
                pl.when(pl.col("registered").is_null() | (pl.col("volunteers") == 0)).then(pl.lit("nothing_to_count")),
            ),
        )
        .sort(KEY)
    )
    lower, upper = _limits(counted)
    value = pl.col("numerator") / pl.col("volunteers")
    more = pl.col("missing") + pl.col("refused") + unallocated(entry, "records")
    doubts = {"more": more, "away": pl.col("contested")}
    counted = counted.with_columns(
        lower=pl.Series(lower, nan_to_null=True),
        upper=pl.Series(upper, nan_to_null=True),
        **{
            name: pl.Series(source.inputs.disclosure.at_most(counted.select(amount).to_series().to_numpy()))
            for name, amount in doubts.items()
        },
    )
    return counted.with_columns(
        value=value,
        bound_low=(pl.coalesce("lower", value) - pl.col("away") / pl.col("volunteers")).clip(0.0, 1.0),
        bound_high=(pl.coalesce("upper", value) + pl.col("more") / pl.col("volunteers")).clip(0.0, 1.0),
        events=pl.col("people").cast(pl.Float64),
        event_squares=pl.col("people").cast(pl.Float64),
    )


def _people(source: Source) -> pl.DataFrame:
    """How many people took part, and how many came to each level at most: KEY, people, `AT`."""
    months = source.coverage.days.select(*PERIOD, day=pl.col("day").dt.truncate("1mo")).unique()
    highest = (
        source.inputs.extract(source.feed.entry.extract or "")
        .join(source.feed.sources, on="source", how="semi")
        .filter(passes(source.feed.entry.where))
        .join(months, on="day")
        .join(source.tree.lineage, on="area_id")
        .group_by(pl.col("ancestor_id").alias("area_id"), *PERIOD, "person_key")
        .agg(level=pl.col("level").max())
    )
    return highest.group_by(KEY).agg(
        people=pl.len().cast(pl.Int64),
        **{name: (pl.col("level") == level).sum().cast(pl.Int64) for level, name in enumerate(AT, start=1)},
    )


def _limits(cells: pl.DataFrame) -> tuple[Floats, Floats]:
    """Limits of every cell, as `level_limits` gives them."""
    low, high = np.full((2, cells.height), np.nan)
    random = np.random.default_rng(0)
    for row, (volunteers, *at) in enumerate(cells.select("volunteers", *AT).iter_rows()):
        low[row], high[row] = level_limits(np.array([(volunteers or 0) - sum(at), *at]), random)
    return low, high


def level_limits(volunteers: Floats, random: np.random.Generator) -> tuple[float, float]:
    """Bootstrap limits of the mean level, volunteers being resampled; NaN where all are at one level.

    Parameters
    ----------
    volunteers : array of float, shape (HIGHEST + 1,)
        How many are at each level, whole numbers.
    random : Generator

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, ch. 13 (percentiles).
    """
    if np.count_nonzero(volunteers) < 2:
        return np.nan, np.nan
    levels, all_of_them = np.arange(HIGHEST + 1) / HIGHEST, volunteers.sum()
    drawn = random.multinomial(round(all_of_them), volunteers / all_of_them, RESAMPLES) @ levels / all_of_them
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
