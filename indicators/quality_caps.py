"""What caps the grade of a source's data beside the six dimensions: checks that fail, and days on which it was silent.

Belongs here: the shares that these leave sound in each cell of the quality scores, and the grade that they allow.
Not here: the dimensions (`data_quality`), which checks fail, and when an area is silent (`silence`).

They take no part in the score: what fails a check is mostly counted by a dimension already. But of data that fail one,
or did not come, no share of sound records tells that they are good. docs/quality-score.md has the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from indicators.areas import AreaTree
from indicators.data_quality import CELL, DECIMALS, GRADES, OVERALL, SCORE_SCHEMA, letter, steps
from indicators.inputs import Inputs
from indicators.periods import period_end
from indicators.silence import WAVES

CHECKS, CONTINUITY = "checks", "continuity"
# Lowest shares of the grades A, B and C; what is amiss at all is no A. A check that fails may be a tolerance that is
# exceeded, and its records are mostly counted by a dimension, too: hence the lower marks.
CAPS: Mapping[str, tuple[float, float, float]] = {CHECKS: (90, 75, 50), CONTINUITY: (99, 95, 80)}
BROKEN_SCHEMA = pl.Schema({"source": pl.String, "area_id": pl.String, "day": pl.Date, "records": pl.Int64})


@dataclass(frozen=True)
class Standing:
    """How sources and areas stand beside what is counted of records.

    Attributes
    ----------
    broken : DataFrame
        Records that break a check that failed, each once, by source, area and day: `BROKEN_SCHEMA`.
    freshness : DataFrame
        `area_freshness`.
    """

    broken: pl.DataFrame
    freshness: pl.DataFrame


def capped(scored: pl.DataFrame, inputs: Inputs, standing: Standing) -> pl.DataFrame:
    """Cap the overall grades of scores by failed checks and by silence.

    Parameters
    ----------
    scored : DataFrame
        As `score_sources` gives them.

    Returns
    -------
    DataFrame
        With a row of the dimension `checks` (records that break no failed check, of the records) or `continuity` (days
        on which neither source nor area was silent, of the days) in each graded cell where that is not all of them,
        and overall grades that are no better than theirs: B at best.
    """
    graded = scored.filter((pl.col("dimension") == OVERALL) & pl.col("grade").is_not_null())
    cells = graded.select(*CELL, "status", "reason")
    tree = AreaTree(inputs.areas)
    counted = pl.concat(
        [_checks(cells, scored, standing.broken, tree), _continuity(cells, inputs, standing.freshness, tree)]
    ).filter(pl.col("numerator") < pl.col("denominator"))
    share = (100 * pl.col("numerator") / pl.col("denominator")).round(DECIMALS)
    step = pl.coalesce(pl.when(pl.col("dimension") == name).then(steps(share, marks)) for name, marks in CAPS.items())
    found = counted.with_columns(score=share, step=pl.max_horizontal(step, pl.lit(1)))
    rows = found.with_columns(grade=letter(pl.col("step")), decided_by=pl.lit(None, pl.String))
    worst = found.sort(*CELL, pl.col("step"), "score", descending=[*[False] * len(CELL), True, False]).group_by(
        CELL, maintain_order=True
    )
    limits = worst.agg(limit=pl.col("step").first(), limited_by=pl.col("dimension").first())
    own = pl.col("grade").replace_strict(GRADES, range(len(GRADES)), default=None, return_dtype=pl.Int32)
    is_capped = (pl.col("dimension") == OVERALL) & (pl.col("limit") > own)
    told = (
        scored.join(limits, on=CELL, how="left", maintain_order="left")
        .with_columns(
            grade=pl.when(is_capped).then(letter(pl.col("limit"))).otherwise("grade"),
            decided_by=pl.when(is_capped).then("limited_by").otherwise("decided_by"),
        )
        .select(SCORE_SCHEMA.names())
    )
    order = pl.col("dimension").replace_strict([*CAPS, OVERALL], range(3), default=-1)
    together = pl.concat([told, rows.select(SCORE_SCHEMA.names()).cast(SCORE_SCHEMA)]).with_row_index("_row")
    return together.sort(*CELL, order, "_row").drop("_row")


def _checks(cells: pl.DataFrame, scored: pl.DataFrame, broken: pl.DataFrame, tree: AreaTree) -> pl.DataFrame:
    """Records of each cell, and those among them that break no failed check."""
    # Records are what consistency is counted of.
    records = scored.filter(pl.col("dimension") == "consistency").select(*CELL, "denominator").drop_nulls()
    known = broken.filter(pl.col("area_id").is_in(tree.areas["area_id"].implode()))
    rolled = tree.roll_up(known.with_columns(month=pl.col("day").dt.truncate("1mo")), ["source", "month"], ["records"])
    months = rolled.select(
        "source", "area_id", pl.lit("month").alias("period_kind"), pl.col("month").alias("period_start"), "records"
    )
    whole = rolled.group_by("source", "area_id").agg(pl.col("records").sum())
    of_all = cells.filter(pl.col("period_kind") == "all").select(CELL).join(whole, on=["source", "area_id"])
    failed = pl.concat([months, of_all.select(months.columns)])
    return (
        cells.join(records, on=CELL)
        .join(failed, on=CELL)
        .with_columns(numerator=(pl.col("denominator") - pl.col("records")).clip(0), dimension=pl.lit(CHECKS))
        .select(*CELL, "dimension", "numerator", "denominator", "status", "reason")
    )


def _continuity(cells: pl.DataFrame, inputs: Inputs, freshness: pl.DataFrame, tree: AreaTree) -> pl.DataFrame:
    """Days of each cell up to `as_of`, and those among them on which neither its source nor its area was silent."""
    as_of = pl.lit(inputs.as_of)
    patience = inputs.sources.select("source", "silent_after_days").unique("source")
    newest = pl.col("last_day") == pl.col("last_day").max().over("source")
    is_patient = (as_of - pl.col("last_day")).dt.total_days() <= pl.col("silent_after_days")
    spans = (
        inputs.spans.filter(~pl.col("kind").is_in(WAVES))
        .join(patience, on="source")
        .select(
            "source",
            "first_day",
            # A source that is not silent yet may have nothing to tell of its last days.
            last_day=pl.when(newest & is_patient).then(as_of).otherwise("last_day"),
        )
    )
    start = pl.max_horizontal("period_start", "begins")
    end = pl.when(pl.col("period_kind") == "month").then(period_end(pl.col("period_start"), "month")).otherwise(as_of)
    until = (
        freshness.filter(pl.col("status") == "silent")
        .select("source", "last_day", ancestor_id="area_id")
        .join(tree.lineage, on="ancestor_id")
        .group_by("source", "area_id")
        .agg(until=pl.col("last_day").min())
    )
    days = (
        cells.join(spans.group_by("source").agg(begins=pl.col("first_day").min()), on="source")
        .with_columns(start=start, end=pl.min_horizontal(end, as_of))
        .join(until, on=["source", "area_id"], how="left")
        .join(spans, on="source")
        .with_columns(
            first=pl.max_horizontal("start", "first_day"),
            last=pl.min_horizontal("end", "last_day", pl.col("until").fill_null(date.max)),
        )
    )

    def length(first: str, last: str) -> pl.Expr:
        return ((pl.col(last) - pl.col(first)).dt.total_days() + 1).clip(0)

    return (
        days.group_by(*CELL, "status", "reason")
        .agg(numerator=length("first", "last").sum(), denominator=length("start", "end").first())
        .with_columns(dimension=pl.lit(CONTINUITY))
        .select(*CELL, "dimension", "numerator", "denominator", "status", "reason")
    )
