"""How good the data of each source, area and month are: a score and a grade by dimension, and overall.

Belongs here: what each dimension counts, and how dimensions become one grade. Not here: what caps it beside them
(`quality_caps`), the grade of a figure, which tells how many of its records are unusable (`statuses`), and whether a
source or area is alive (`silence`).

The dimensions are DAMA's; each is the share of units that are sound, counted by the same columns of the same measures
as the indicators F3 (uniqueness), F4 (timeliness, of incidents) and F5 (completeness). docs/quality-score.md has the
formulas, an example, and when not to use them.

References
----------
DAMA International (2017), DAMA-DMBOK, 2nd ed., ch. 13. ISO/IEC 25012:2008 and 25024:2015 (measures as ratios A/B).
OECD & JRC (2008), Handbook on Constructing Composite Indicators, sec. 6 (geometric means compensate less).
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from indicators.areas import AreaTree
from indicators.inputs import Inputs
from indicators.periods import period_end

GRADES = ("A", "B", "C", "D")
OVERALL = "overall"
DECIMALS = 2
SCORE_SCHEMA = pl.Schema(
    {
        "source": pl.String,
        "area_id": pl.String,
        "period_kind": pl.String,
        "period_start": pl.Date,
        "dimension": pl.String,
        "numerator": pl.Int64,
        "denominator": pl.Int64,
        "score": pl.Float64,
        "grade": pl.String,
        "decided_by": pl.String,
        "status": pl.String,
        "reason": pl.String,
    }
)
CELL = ["source", "area_id", "period_kind", "period_start"]


@dataclass(frozen=True)
class Dimension:
    """One dimension of quality.

    Attributes
    ----------
    measure : str
        The measure that counts its units.
    sound, units : Expr
        Of a row of the measure: units that are as they should be, and all units.
    field : str or None
        Canonical field without which there is nothing to count.
    marks : tuple of float
        Lowest scores of the grades A, B and C.
    """

    measure: str
    sound: pl.Expr
    units: pl.Expr
    field: str | None = None
    marks: tuple[float, float, float] = (99, 95, 80)


_RECEIVED = pl.col("received")
DIMENSIONS = {
    "completeness": Dimension("msr_completeness_day", pl.col("filled_cells"), pl.col("required_cells")),
    "validity": Dimension("msr_receipt_day", _RECEIVED - pl.col("unusable"), _RECEIVED),
    "uniqueness": Dimension("msr_receipt_day", _RECEIVED - pl.col("duplicates"), _RECEIVED),
    "timeliness": Dimension(
        "msr_record_quality_day",
        pl.col("recorded_in_time"),
        pl.col("recording_known"),
        "recorded_at",
        # What is noticed late is recorded late through nobody's fault.
        (90, 75, 50),
    ),
    "consistency": Dimension("msr_record_quality_day", pl.col("records") - pl.col("contradictory"), pl.col("records")),
    "accuracy": Dimension("msr_record_quality_day", pl.col("located_in_area"), pl.col("located"), "lat"),
}


@dataclass(frozen=True)
class ScoreRules:
    """What a score needs, and what its grades mean.

    Attributes
    ----------
    least_records : int
        Records (of validity and uniqueness: rows received) below which nothing is told.
    least_dimensions : int
        Dimensions below which there is no overall grade.
    marks : tuple of float
        Lowest overall scores of the grades A, B and C.
    maturity_days : int
        Days after a month's end in which records of it may still be recorded.
    """

    least_records: int = 30
    least_dimensions: int = 3
    marks: tuple[float, float, float] = (99, 95, 80)
    maturity_days: int = 7


def score_sources(inputs: Inputs, rules: ScoreRules | None = None) -> pl.DataFrame:
    """Score every source in every area, by month and over all its time.

    Returns
    -------
    DataFrame
        One row per source, area, period and dimension that has anything to count, of the schema `SCORE_SCHEMA`,
        sorted. `period_kind` is `month`, or `all`: from the source's first month to `as_of`, rows without a day
        included. `score` is 100 x numerator / denominator, overall the geometric mean of the dimensions' scores; there
        the numerator counts the dimensions that it rests on, the denominator all. The overall grade is that of the
        score, but at most one better than the worst dimension's; below A, `decided_by` names that dimension. `status`
        is `final`, `provisional`, `too_few` or `not_available`, the last two without numbers; `reason` as in
        `indicator_values`. Of a period in which nothing can be told there is the overall row alone.
    """
    rules = rules or ScoreRules()
    tree = AreaTree(inputs.areas)
    counts = pl.concat([_counts(name, inputs) for name in DIMENSIONS])
    rolled = tree.roll_up(counts, ["source", "kind", "dimension", "month"], ["numerator", "denominator"]).join(
        tree.areas.filter(~pl.col("is_unallocated")), on="area_id", how="semi"
    )
    by_period = _periods(rolled, inputs.as_of)
    judged = _judged(by_period.filter(pl.col("denominator") > 0), inputs.as_of, rules)
    # Where nothing can be told, once is enough to say so.
    told = judged.filter((pl.col("status") != "too_few").any().over(CELL))
    unmeasured = _unmeasured(by_period, inputs).join(told, on=CELL, how="semi")
    scored = pl.concat([told, _overall(judged, rules), unmeasured], how="diagonal_relaxed")
    order = pl.col("dimension").replace_strict([*DIMENSIONS, OVERALL], range(len(DIMENSIONS) + 1))
    return scored.select(SCORE_SCHEMA.names()).cast(SCORE_SCHEMA).sort(*CELL, order)


def _counts(name: str, inputs: Inputs) -> pl.DataFrame:
    """Units of a dimension by source, kind, area and month (null undated): numerator, denominator."""
    dimension = DIMENSIONS[name]
    return (
        inputs.measure(dimension.measure)
        .filter(pl.col("day").is_null() | (pl.col("day") <= inputs.as_of))
        .group_by("source", "kind", "area_id", month=pl.col("day").dt.truncate("1mo"))
        .agg(numerator=dimension.sound.sum(), denominator=dimension.units.sum())
        .with_columns(dimension=pl.lit(name))
    )


def _periods(rolled: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Counts by month from the source's first one with a record, and over all time."""
    has_record = (pl.col("dimension") == "consistency") & (pl.col("denominator") > 0)
    months_known = pl.col("month").filter(has_record).min(), pl.col("month").min(), pl.lit(as_of.replace(day=1))
    known = rolled.join(rolled.group_by("source").agg(first_month=pl.coalesce(months_known)), on="source")
    columns = [*CELL, "kind", "dimension", "numerator", "denominator"]
    months = known.filter(pl.col("month") >= pl.col("first_month")).with_columns(
        period_kind=pl.lit("month"), period_start=pl.col("month")
    )
    whole = (
        known.group_by("source", "kind", "area_id", "dimension", period_start="first_month")
        .agg(pl.col("numerator", "denominator").sum())
        .with_columns(period_kind=pl.lit("all"))
    )
    return pl.concat([months.select(columns), whole.select(columns)])


def _judged(counted: pl.DataFrame, as_of: date, rules: ScoreRules) -> pl.DataFrame:
    """Score and grade of each dimension."""
    # Graded as it is shown: no 99.00 may bear the grade of what is below 99.
    score = (100 * pl.col("numerator") / pl.col("denominator")).round(DECIMALS)
    # Cells say little of how many records they are of.
    records = pl.col("denominator").filter(pl.col("dimension") == "consistency").sum().over(CELL)
    units = pl.when(pl.col("dimension") == "completeness").then(records).otherwise("denominator")
    is_told = units >= rules.least_records
    end = pl.when(pl.col("period_kind") == "month").then(period_end(pl.col("period_start"), "month"))
    lag = (pl.lit(as_of) - end).dt.total_days()
    maturing = (pl.col("dimension") == "timeliness") & (lag < rules.maturity_days)
    reason = (
        pl.when(lag < 0)
        .then(pl.lit("period_open"))
        .when(maturing)
        .then(pl.format("maturing:{}", rules.maturity_days - lag))
    )
    marks = {name: dimension.marks for name, dimension in DIMENSIONS.items()}
    step = pl.coalesce(pl.when(pl.col("dimension") == name).then(steps(score, own)) for name, own in marks.items())
    return counted.with_columns(
        pl.when(is_told).then(pl.col("numerator", "denominator")),
        score=pl.when(is_told).then(score),
        step=pl.when(is_told).then(step),
        status=pl.when(~is_told)
        .then(pl.lit("too_few"))
        .when(reason.is_not_null())
        .then(pl.lit("provisional"))
        .otherwise(pl.lit("final")),
        reason=pl.when(is_told).then(reason),
    ).with_columns(grade=letter(pl.col("step")))


def _overall(judged: pl.DataFrame, rules: ScoreRules) -> pl.DataFrame:
    """The overall score and grade of each cell."""
    place = pl.col("dimension").replace_strict([*DIMENSIONS], range(len(DIMENSIONS)))
    worst_first = [-pl.col("step"), pl.col("score"), place]
    told = pl.col("score").is_not_null()
    is_told = pl.col("known") >= rules.least_dimensions
    return (
        judged.group_by(CELL)
        .agg(
            known=told.sum().cast(pl.Int64),
            # The logarithm of nothing is minus infinity, and its exponential nothing again.
            score=pl.col("score").sort_by(place).log().mean().exp().round(DECIMALS),
            worst=pl.col("step").max(),
            decided_by=pl.col("dimension").filter(told).sort_by([e.filter(told) for e in worst_first]).first(),
            reason=pl.col("reason").sort_by(place).drop_nulls().sort(descending=True).first(),
        )
        .with_columns(step=pl.max_horizontal(steps(pl.col("score"), rules.marks), pl.col("worst") - 1))
        .with_columns(
            pl.when(is_told).then(pl.col("score", "step", "reason")),
            decided_by=pl.when(is_told & (pl.col("step") > 0)).then("decided_by"),
            dimension=pl.lit(OVERALL),
            numerator=pl.when(is_told).then("known"),
            denominator=pl.when(is_told).then(pl.lit(len(DIMENSIONS), pl.Int64)),
            status=pl.when(~is_told)
            .then(pl.lit("too_few"))
            .when(pl.col("reason").is_not_null())
            .then(pl.lit("provisional"))
            .otherwise(pl.lit("final")),
        )
        .with_columns(grade=letter(pl.col("step")))
    )


def _unmeasured(by_period: pl.DataFrame, inputs: Inputs) -> pl.DataFrame:
    """Rows of dimensions without anything to count, over all time: *not available*, with the reason."""
    mapped = inputs.field_map.filter("is_mapped").select("source", "field", is_mapped=True).unique()
    fields = pl.DataFrame(
        [(name, dimension.field) for name, dimension in DIMENSIONS.items()],
        schema={"dimension": pl.String, "field": pl.String},
        orient="row",
    )
    cells = by_period.filter(pl.col("period_kind") == "all").filter(pl.col("denominator").sum().over(CELL) > 0)
    counted = cells.filter(pl.col("denominator") > 0)
    unmapped = pl.col("field").is_not_null() & pl.col("is_mapped").is_null()
    return (
        cells.select(*CELL, "kind").unique()
        .join(fields, how="cross")
        .join(counted, on=[*CELL, "dimension"], how="anti")
        .join(mapped, on=["source", "field"], how="left")
        .with_columns(
            status=pl.lit("not_available"),
            reason=pl.when(unmapped)
            .then(pl.format("needs_field:{}.{}", "kind", "field"))
            .otherwise(pl.lit("nothing_to_count")),
        )
        .drop("kind", "field", "is_mapped")
    )  # fmt: skip


def steps(score: pl.Expr, marks: tuple[float, float, float]) -> pl.Expr:
    """How many grades below A a score lies."""
    return pl.sum_horizontal((score < mark).cast(pl.Int32) for mark in marks)


def letter(step: pl.Expr) -> pl.Expr:
    """Grade by how many of them lie below A."""
    return step.replace_strict(range(len(GRADES)), GRADES, default=None, return_dtype=pl.String)
