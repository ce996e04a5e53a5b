"""Which areas fell silent in a source that goes on.

Belongs here: whether an area's silence is more than chance, given how often it spoke before. Not here: whether a whole
source is silent (`msr_source_freshness`), and which days figures cover (`coverage`).

What is counted are days on which an area sent any record, since records of one day come in batches: so counted, New
York's sources vary no more than Poisson counts do. What time has passed is counted in such days of the other areas at
the same level, so that seasons, weekends, and days on which the source sent little pass for all of them alike. With n
days in the year up to its last record, against N of the others, and S of the others since, the area has by chance no
record for so long with probability (1 + S/N)^-n.

Each day with a record opens a gap that could last too long. A month opens g of them, so a threshold of f/g lets f false
alarms a month be expected whatever hangs together. docs/freshness.md has what was measured.

References
----------
Gelman et al. (2013), Bayesian Data Analysis, 3rd ed., sec. 2.6 (a Poisson rate known from a count: the next count is
negative binomial).
"""

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from indicators.areas import AreaTree

WAVES = ("survey", "profile")
"""Kinds that come in waves: between them no area is silent."""
DAYS_A_MONTH = 365.25 / 12
FRESHNESS_SCHEMA = pl.Schema(
    {
        "source": pl.String,
        "area_id": pl.String,
        "last_day": pl.Date,
        "days_behind": pl.Int32,
        "expected": pl.Int64,
        "status": pl.String,
    }
)


@dataclass(frozen=True)
class SilenceRules:
    """When the silence of an area is told.

    Attributes
    ----------
    false_alarms_a_month : float
        Alarms to be expected of a source in which no area fell silent, over all levels together.
    largest_chance : float
        Most that the probability of such a silence may be, however few alarms a small source would give.
    least_records : int
        Records in the year up to an area's last one below which nothing is told of it: neither could a silence be
        told from chance, nor may single records shine through.
    reference_days : int
        The year.
    """

    false_alarms_a_month: float = 0.5
    largest_chance: float = 0.01
    least_records: int = 8
    reference_days: int = 365


def judge_areas(
    area_days: pl.DataFrame, tree: AreaTree, sources: pl.DataFrame, as_of: date, rules: SilenceRules | None = None
) -> pl.DataFrame:
    """Status of every area in every source, at the level of its records and above.

    Levels of one area only are left out: that area is silent when the source is. Records of no known area are no sign
    of life of any; nor are those after `as_of`.

    Parameters
    ----------
    area_days : DataFrame
        source, area_id, day, records: the measure `msr_area_day`.
    tree : AreaTree
    sources : DataFrame
        source, kind, geography, status: the measure `msr_source_freshness`.
    as_of : date
    rules : SilenceRules, optional

    Returns
    -------
    DataFrame
        One row per source and area, of the schema `FRESHNESS_SCHEMA`, sorted. `status` is `alive`, `silent`,
        `parent_silent` (so is an area above it, where it is told), `source_silent` (nothing is told by area), `never`
        (no record at all) or `too_few`. Only of `silent` areas the last day with a record, the days since, and the
        days with a record expected since, rounded, are given: of others the last record could shine through.
    """
    rules = rules or SilenceRules()
    judged = pl.concat(
        [
            FRESHNESS_SCHEMA.to_frame(),
            *(
                _judge_source(area_days.filter(source=row["source"]), tree, row, as_of, rules)
                for row in sources.filter(~pl.col("kind").is_in(WAVES)).iter_rows(named=True)
            ),
        ]
    )
    silent = judged.filter(status="silent").select("source", ancestor_id="area_id")
    under_silent = (
        tree.lineage.filter(pl.col("area_id") != pl.col("ancestor_id"))
        .join(silent, on="ancestor_id")
        .select("source", "area_id", is_under_silent=True)
        .unique()
    )
    told_above = pl.col("is_under_silent").fill_null(False) & (pl.col("status") == "silent")
    status = pl.when(told_above).then(pl.lit("parent_silent")).otherwise("status")
    is_told = pl.col("status") == "silent"
    return (
        judged.join(under_silent, on=["source", "area_id"], how="left")
        .with_columns(status=status)
        .with_columns(pl.when(is_told).then(pl.col("last_day", "days_behind", "expected")))
        .select(FRESHNESS_SCHEMA.names())
        .cast(FRESHNESS_SCHEMA)
        .sort("source", "area_id")
    )


def _judge_source(
    own_days: pl.DataFrame, tree: AreaTree, source: dict[str, str], as_of: date, rules: SilenceRules
) -> pl.DataFrame:
    """Status of every area of one source, with what it rests on."""
    areas = (
        tree.under([source["geography"]])
        .filter(~pl.col("is_unallocated"))
        .filter(pl.len().over("area_level") > 1)
        .select("area_id", "area_level")
    )
    located = own_days.filter(pl.col("day") <= as_of).join(areas, on="area_id", how="semi")
    spoken = tree.roll_up(located, ["day"], ["records"]).join(areas, on="area_id")
    level_days = spoken.group_by("area_level", "day").agg(spoke=pl.len().cast(pl.Int64))
    last, day = pl.col("last_day"), pl.col("day")
    in_year = (day > last - timedelta(days=rules.reference_days)) & (day <= last)
    known = (
        spoken.with_columns(last_day=day.max().over("area_id"))
        .filter(in_year)
        .group_by("area_id", "area_level", "last_day")
        .agg(own=pl.len().cast(pl.Int64), records=pl.col("records").sum())
        .join(level_days, on="area_level")
        .group_by("area_id", "last_day", "own", "records")
        .agg(
            others=pl.col("spoke").filter(in_year).sum() - pl.col("own").first(),
            others_since=pl.col("spoke").filter(day > last).sum(),
        )
        .with_columns(
            expected=pl.when(pl.col("others") > 0).then(pl.col("own") * pl.col("others_since") / pl.col("others"))
        )
    )
    chance = (-1.0 * pl.col("own") * (pl.col("expected") / pl.col("own")).log1p()).exp()
    status = (
        pl.when(pl.col("last_day").is_null()).then(pl.lit("never"))
        .when(pl.lit(source["status"] == "silent")).then(pl.lit("source_silent"))
        .when(pl.col("records") < rules.least_records).then(pl.lit("too_few"))
        .when(chance <= pl.col("threshold")).then(pl.lit("silent"))
        .otherwise(pl.lit("alive"))
    )  # fmt: skip
    return (
        areas.join(known, on="area_id", how="left")
        .join(_thresholds(level_days, as_of, rules), on="area_level", how="left")
        .with_columns(
            source=pl.lit(source["source"]),
            days_behind=(pl.lit(as_of) - pl.col("last_day")).dt.total_days().cast(pl.Int32),
            expected=pl.col("expected").round().cast(pl.Int64),
            status=status,
        )
        .select(FRESHNESS_SCHEMA.names())
    )


def _thresholds(level_days: pl.DataFrame, as_of: date, rules: SilenceRules) -> pl.DataFrame:
    """Largest probability by chance at which silence is told: area_level, threshold.

    From the gaps that the past year opened at each level; the levels share the alarms.
    """
    share = rules.false_alarms_a_month / max(level_days["area_level"].n_unique(), 1)
    days = (pl.lit(as_of) - pl.col("day")).dt.total_days() + 1
    months = pl.min_horizontal(days.max(), rules.reference_days) / DAYS_A_MONTH
    opened = pl.col("spoke").filter(days <= rules.reference_days).sum()
    return level_days.group_by("area_level").agg(
        threshold=pl.min_horizontal(share * months / pl.max_horizontal(opened, 1), pl.lit(rules.largest_chance))
    )
