"""Monthly counts of an intervention's areas, by role.

Belongs here: which areas have which role, and their counts in months and windows. Not here: what is told from them
(`interventions`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from indicators.declared import FEWEST_CONTROLS, Intervention
from indicators.intervals import Floats

ROLES = ("treated", "buffer", "control")


@dataclass(frozen=True)
class RoleCounts:
    """Monthly counts of the areas of each role, arrays of areas by months, and the sizes of the areas."""

    counts: dict[str, Floats]
    sizes: dict[str, Floats]
    months: list[date]


def members_of(
    declared: Intervention, interventions: Sequence[Intervention], areas: pl.DataFrame
) -> dict[str, list[str]]:
    """Areas by role, in the order of the declaration.

    Unless the declaration names its control areas, those of another intervention on the same indicator that begins in
    the months compared are none, if enough others are left.
    """
    of_level = areas.filter((pl.col("area_level") == declared.area_level) & ~pl.col("is_unallocated"))
    known = sorted(of_level["area_id"].to_list())
    given = {*declared.treated, *declared.buffer}
    others = [area for area in known if area not in given]
    concerned = {
        area
        for each in interventions
        if each.id != declared.id and each.indicator_id == declared.indicator_id and declared.holds_start_of(each)
        for area in (*each.treated, *each.buffer)
    }
    untouched = [area for area in others if area not in concerned]
    control = list(declared.control) or (untouched if len(untouched) >= FEWEST_CONTROLS else others)
    members = {"treated": list(declared.treated), "buffer": list(declared.buffer), "control": control}
    strange = [area for role in ROLES for area in members[role] if area not in known]
    if strange:
        raise ValueError(f"{declared.id}: {strange[0]} is not an area of level {declared.area_level}")
    return members


def monthly_cells(
    declared: Intervention, members: dict[str, list[str]], values: pl.DataFrame, after: list[date]
) -> pl.DataFrame:
    """Monthly figures from the first month before to the last one after, with the role of their areas."""
    roles = {area: role for role in ROLES for area in members[role]}
    last = after[-1] if after else declared.months_before[-1]
    return values.filter(
        (pl.col("indicator_id") == declared.indicator_id)
        & (pl.col("period_kind") == "month")
        & pl.col("area_id").is_in([*roles])
        & pl.col("period_start").is_between(declared.months_before[0], last)
    ).with_columns(role=pl.col("area_id").replace_strict(roles))


def counts_of(
    declared: Intervention, cells: pl.DataFrame, members: dict[str, list[str]], after: list[date]
) -> RoleCounts | str:
    """Counts by role, area and month, or why some are missing."""
    first, last = declared.months_before[0], after[-1] if after else declared.months_before[-1]
    months = pl.date_range(first, last, "1mo", eager=True).to_list()
    void = cells.filter(pl.col("numerator").is_null())
    if void.height:
        return ";".join(dict.fromkeys(void.sort("period_start", "area_id")["reason"].drop_nulls())) or "months_missing"
    if cells.height < len(months) * sum(map(len, members.values())):
        return "months_missing"

    def table(role: str, column: str) -> Floats:
        wide = (
            cells.filter(pl.col("role") == role)
            .sort("period_start", "area_id")
            .pivot("period_start", index="area_id", values=column)
            .sort("area_id")
        )
        return wide.drop("area_id").to_numpy().astype(np.float64).reshape(len(members[role]), len(months))

    counts = {role: table(role, "numerator") for role in ROLES if members[role]}
    counts.setdefault("buffer", np.zeros((0, len(months))))
    sized = counts
    if declared.size == "residents":
        sized = {role: table(role, "denominator") for role in ROLES if members[role]}
        sized.setdefault("buffer", np.zeros((0, len(months))))
        if any(np.isnan(each).any() for each in sized.values()):
            return "needs_population"
    sizes = {role: each[:, : declared.months].sum(axis=1) for role, each in sized.items()}
    return RoleCounts(counts, sizes, months)


def windows_of(counts: RoleCounts, before: list[date], after: list[date]) -> dict[str, Floats]:
    """Counts of each area in the two windows, by role: arrays of areas by 2."""
    at = {month: n for n, month in enumerate(counts.months)}
    windows = [[at[month] for month in window] for window in (before, after)]
    return {
        role: np.stack([table[:, window].sum(axis=1) for window in windows], axis=1)
        for role, table in counts.counts.items()
    }
