"""Each area's latest figures against those of the same period a year before.

Belongs here: which figures are compared, and how much their counts vary beyond chance. Not here: the tests of two
counts (`change`), and what stands out among all series (`charts`).
"""

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.change import same_period_last_year
from indicators.dispersion import dispersion
from indicators.rounding import SIGNIFICANT_DIGITS

YEAR_SCHEMA = pl.Schema(
    {
        "indicator_id": pl.String,
        "area_id": pl.String,
        "period_kind": pl.String,
        "period_start": pl.Date,
        "prior_start": pl.Date,
        "months": pl.Int32,
        "events": pl.Float64,
        "prior_events": pl.Float64,
        "rate_ratio": pl.Float64,
        "z": pl.Float64,
        "p_value": pl.Float64,
        "dispersion": pl.Float64,
    }
)
# Latest periods that are compared, and the parts of a year that their dispersion is told from.
SHOWN = {"month": 13, "quarter": 5, "year": 3, "rolling_12m": 13}
PARTS = {"month": ("month", 12), "quarter": ("quarter", 4), "year": ("quarter", 4), "rolling_12m": ("quarter", 4)}
DISPERSION_YEARS = 5
KEY = ["indicator_id", "area_id", "period_kind", "period_start"]


def compare_with_year_before(
    values: pl.DataFrame,
    entries: Sequence[Entry],
    areas: pl.DataFrame,
    breaks: Mapping[str, Sequence[date]],
    joint_new_year: bool = False,
) -> pl.DataFrame:
    """Ratio, Poisson Z and E-test of final figures and those of the same period a year before.

    Compared are rates of independent events, where both figures are final and no declared break lies between them. The
    dispersion is that of the counts of months (for quarters and longer periods, of quarters) of an area level, once
    each area's level in each calendar year and each part of the year are taken out: up to five full years, all areas of
    the level together. Where it cannot be told, nothing is compared. Z has the variance of one count, its prior taken
    as known: beyond 2.8 it is as rare as 2 is elsewhere; the p-value is of both counts.

    Parameters
    ----------
    values : DataFrame
        `indicator_values`.
    entries : sequence of Entry
    areas : DataFrame
        area_id, area_level, is_unallocated.
    breaks : mapping of str to sequence of date
        Days of declared breaks by indicator.
    joint_new_year : bool
        Whether the Spring Festival moves between January and February: then the two months are compared together, in
        the row of February.

    Returns
    -------
    DataFrame
        `YEAR_SCHEMA`, the latest 13 months and rolling twelve months, 5 quarters and 3 years; sorted.
    """
    found = [YEAR_SCHEMA.to_frame()]
    places = areas.filter(~pl.col("is_unallocated")).select("area_id")
    rates = {entry.id for entry in entries if entry.kind == "rate" and entry.interval == "byar"}
    counted = (
        values.filter(
            pl.col("indicator_id").is_in(rates)
            & pl.col("period_kind").is_in([*SHOWN])
            & (pl.col("status") == "final")
            & pl.col("value").is_not_null()
        )
        .join(places, on="area_id", how="semi")
        .select(*KEY, "area_level", events="numerator", at_risk="denominator")
        .sort(KEY)
    )
    for (indicator, _), rows in counted.group_by(["indicator_id", "area_level"], maintain_order=True):
        for kind, shown in SHOWN.items():
            phi = _dispersion(rows, *PARTS[kind])
            own = rows.filter(pl.col("period_kind") == kind)
            if phi is None or own.is_empty():
                continue
            if kind == "month" and joint_new_year:
                own = _joined(own)
            compared = same_period_last_year(own.with_columns(months=_months(kind, joint_new_year)), ["area_id"], phi)
            latest = pl.col("period_start") >= own["period_start"].unique().sort().tail(shown)[0]
            found.append(
                compared.filter(latest & pl.col("p_value").is_not_null())
                .with_columns(
                    prior_start=pl.col("period_start").dt.offset_by("-1y"),
                    dispersion=pl.lit(phi),
                )
                .filter(*(~_between(day) for day in breaks.get(str(indicator), ())))
                .select(YEAR_SCHEMA.keys())
                .cast(YEAR_SCHEMA)
            )
    rounded = pl.col("rate_ratio", "z", "p_value", "dispersion").round_sig_figs(SIGNIFICANT_DIGITS)
    return pl.concat(found).with_columns(rounded).sort(KEY)


def _between(day: date) -> pl.Expr:
    return (pl.col("prior_start") < day) & (day <= pl.col("period_start"))


def _months(kind: str, joint_new_year: bool) -> pl.Expr:
    if kind == "month":
        return pl.when((pl.col("period_start").dt.month() == 2) & joint_new_year).then(2).otherwise(1)
    return pl.lit({"quarter": 3, "year": 12, "rolling_12m": 12}[kind])


def _joined(months: pl.DataFrame) -> pl.DataFrame:
    """Months, with January in February's row; a year that lacks either has neither."""
    month = pl.col("period_start").dt.month()
    first = months.filter(month <= 2)
    both = (
        first.group_by("indicator_id", "area_id", "area_level", "period_kind", year=pl.col("period_start").dt.year())
        .agg(pl.col("period_start").max(), pl.col("events", "at_risk").sum(), number=pl.len())
        .filter(pl.col("number") == 2)
    )
    return pl.concat([months.filter(month > 2), both.select(months.columns)]).sort(KEY)


def _dispersion(rows: pl.DataFrame, part: str, per_year: int) -> float | None:
    """Dispersion of parts of calendar years about what the area's year and the part of the year let expect."""
    year = pl.col("period_start").dt.year()
    whole = (
        rows.filter(pl.col("period_kind") == part)
        .with_columns(year=year)
        .filter(pl.len().over("area_id", "year") == per_year)
        .filter(pl.col("year") > pl.col("year").max() - DISPERSION_YEARS)
        .sort("area_id", "period_start")
    )
    counts = whole["events"].to_numpy().reshape(-1, per_year)
    try:
        return dispersion(counts).phi
    except ValueError:
        # Fewer than two years of areas, or parts of the year, with any event.
        return None
