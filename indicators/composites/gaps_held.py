"""Gaps between two groups in the index: one that closes because both groups do worse counts as no better.

Belongs here: the levels of the two groups behind a gap, and which figure of it counts. Not here: the gaps (`waiting`,
`survey_figures`), and the scores (`index`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.composites.panel import FIGURES, USED

KEY = ("indicator_id", "area_id", "period_kind", "period_start")
SCHEMA = {
    "indicator_id": pl.String,
    "area_id": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "levels_unit": pl.String,
    "new_citizens": pl.Float64,
    "residents": pl.Float64,
}
HELD_SCHEMA = {
    **SCHEMA,
    "own_value": pl.Float64,
    "held_from": pl.Date,
    "new_citizens_then": pl.Float64,
    "residents_then": pl.Float64,
}


@dataclass(frozen=True)
class Held:
    """Figures as they count in the index.

    Attributes
    ----------
    values : DataFrame
        As given, gaps that count as they stood earlier with the figures that they had then.
    levels : DataFrame
        HELD_SCHEMA: a row for each gap of known levels; `held_from`, `own_value` and the levels then only where it
        counts as it stood in that period.
    """

    values: pl.DataFrame
    levels: pl.DataFrame


def group_levels(values: pl.DataFrame, gaps: pl.DataFrame, entries: Sequence[Entry]) -> pl.DataFrame:
    """The levels of both groups behind each gap that is published.

    Parameters
    ----------
    values : DataFrame
        `indicator_values`: medians of waiting stand beside their gap.
    gaps : DataFrame
        `survey_gaps`: shares of a survey.
    entries : sequence of Entry

    Returns
    -------
    DataFrame
        SCHEMA.
    """
    waiting = {entry.waiting.statistic: entry for entry in entries if entry.waiting}
    found = [pl.DataFrame(schema=SCHEMA)]
    for entry in entries:
        if entry.waiting and entry.waiting.statistic == "gap" and {"new_citizen", "resident"} <= waiting.keys():
            new, other = (values.filter(indicator_id=waiting[group].id) for group in ("new_citizen", "resident"))
            both = new.join(other, on=KEY[1:], suffix="_resident").with_columns(
                new_citizens="value", residents="value_resident", levels_unit=pl.lit(waiting["resident"].unit)
            )
        elif entry.kind == "survey_gap" and entry.survey:
            both = gaps.filter(pl.col("wave").is_null(), measured=entry.survey.question).with_columns(
                period_kind=pl.lit("year"), period_start=pl.date("year", 1, 1), levels_unit=pl.lit("%")
            )
        else:
            continue
        found.append(
            both.with_columns(indicator_id=pl.lit(entry.id)).select(
                pl.col(name).cast(dtype) for name, dtype in SCHEMA.items()
            )
        )
    return pl.concat(found).drop_nulls()


def hold_gaps(values: pl.DataFrame, levels: pl.DataFrame, entries: Sequence[Entry]) -> Held:
    """Let a gap count as it stood for as long as both groups do worse than then.

    A gap that is narrower than in an earlier period in which both groups stood better keeps the figure, limits and
    bounds of that period: it is no better and no worse. As soon as one group is back where it was, or the gap is as
    wide again, it counts by itself.

    Parameters
    ----------
    values : DataFrame
        `indicator_values` as published.
    levels : DataFrame
        SCHEMA.
    entries : sequence of Entry
    """
    # Of waiting more is worse, of shares less.
    waits = [entry.id for entry in entries if entry.waiting]
    worse = pl.when(pl.col("indicator_id").is_in(waits)).then(1.0).otherwise(-1.0)
    known = levels.join(
        values.filter(pl.col("status").is_in(USED) & pl.col("value").is_not_null()).select(*KEY, *FIGURES), on=KEY
    ).with_columns(worse=worse)
    rows = []
    for _, series in known.sort(KEY).group_by(KEY[:3], maintain_order=True):
        rows += [*_held(series)]
    if not rows:
        return Held(values, pl.DataFrame(schema=HELD_SCHEMA))
    told = pl.DataFrame(rows, schema_overrides=HELD_SCHEMA)
    counted = told.filter(pl.col("held_from").is_not_null()).select(
        *KEY, *(pl.col(f).alias(f"{f}_then") for f in FIGURES)
    )
    held = values.join(counted, on=KEY, how="left", maintain_order="left").with_columns(
        pl.when(pl.col("value_then").is_not_null()).then(f"{name}_then").otherwise(name).alias(name) for name in FIGURES
    )
    return Held(held.select(values.columns), told.select([*HELD_SCHEMA]))


def _held(series: pl.DataFrame) -> Iterator[dict[str, object]]:
    """Rows of one series in order, each with the figures that count."""
    then: dict[str, float] | None = None
    since: date | None = None
    for row in series.to_dicts():
        own = {**row, "own_value": None, "held_from": None, "new_citizens_then": None, "residents_then": None}
        if then is not None and _is_no_better(row, then):
            figures = {name: then[name] for name in FIGURES}
            levels = {f"{group}_then": then[group] for group in ("new_citizens", "residents")}
            yield {**own, **figures, **levels, "own_value": row["value"], "held_from": since}
        else:
            then, since = row, row["period_start"]
            yield own


def _is_no_better(row: dict[str, float], then: dict[str, float]) -> bool:
    """Whether a narrower gap is one of two groups that both do worse."""
    fell = all(row["worse"] * (row[group] - then[group]) > 0 for group in ("new_citizens", "residents"))
    return row["value"] < then["value"] and fell
