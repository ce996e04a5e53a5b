"""The area tree: every record counts in its own area and in each area above it.

Belongs here: checking the tree, rolling sums up along it, and which geographies lie under an area. Records of
unknown area count in an "unallocated" child, so that children always add up to their parent.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

AREA_COLUMNS = ("area_id", "parent_id", "geography", "area_level", "is_unallocated")


@dataclass(frozen=True)
class AreaTree:
    """Areas with their ancestors.

    Parameters
    ----------
    areas : DataFrame
        One row per area: area_id, parent_id (null at the top), geography (null for areas shared by several),
        area_level, is_unallocated.

    Raises
    ------
    ValueError
        If an id repeats, a parent does not exist, or the parents form a circle.
    """

    areas: pl.DataFrame

    def __post_init__(self) -> None:
        ids = self.areas["area_id"]
        if ids.is_duplicated().any():
            raise ValueError(f"area {ids.filter(ids.is_duplicated())[0]} appears twice: keep one row per area_id")
        orphans = self.areas.filter(pl.col("parent_id").is_not_null() & ~pl.col("parent_id").is_in(ids.to_list()))
        if orphans.height:
            area, parent = orphans.select("area_id", "parent_id").row(0)
            raise ValueError(f"area {area} has the parent {parent}, which is no area: add it or correct parent_id")

    @cached_property
    def lineage(self) -> pl.DataFrame:
        """One row per area and each area above it, itself included: area_id, ancestor_id."""
        parents = self.areas.select(ancestor_id="area_id", parent_id="parent_id")
        step = self.areas.select("area_id", ancestor_id="area_id")
        steps: list[pl.DataFrame] = []
        while step.height:
            if len(steps) > self.areas.height:
                raise ValueError(f"the parents of area {step['area_id'][0]} form a circle: correct parent_id")
            steps.append(step)
            step = (
                step.join(parents, on="ancestor_id")
                .filter(pl.col("parent_id").is_not_null())
                .select("area_id", ancestor_id="parent_id")
            )
        return pl.concat(steps)

    @cached_property
    def geographies(self) -> pl.DataFrame:
        """Geographies that have an area at or under each area: area_id, geography."""
        return (
            self.lineage.join(self.areas.select("area_id", "geography"), on="area_id")
            .filter(pl.col("geography").is_not_null())
            .select(area_id="ancestor_id", geography="geography")
            .unique()
            .sort("area_id", "geography")
        )

    def under(self, geographies: list[str]) -> pl.DataFrame:
        """Areas of these geographies and all above them: area_id, area_level, is_unallocated."""
        members = self.areas.filter(pl.col("geography").is_in(geographies)).select("area_id")
        above = self.lineage.join(members, on="area_id").select(area_id="ancestor_id").unique()
        return self.areas.join(above, on="area_id").select("area_id", "area_level", "is_unallocated").sort("area_id")

    def roll_up(self, counts: pl.DataFrame, by: list[str], columns: list[str]) -> pl.DataFrame:
        """Sum `columns` of per-area counts into the area itself and every area above it.

        Parameters
        ----------
        counts : DataFrame
            area_id, `by` and `columns`; an area may have several rows.

        Returns
        -------
        DataFrame
            One row per area and `by` that has any count.

        Raises
        ------
        ValueError
            If a row's area is not in the tree.
        """
        self.number(counts["area_id"])
        return (
            counts.join(self.lineage, on="area_id")
            .group_by(pl.col("ancestor_id").alias("area_id"), *by)
            .agg(pl.col(columns).sum())
        )

    def number(self, area_ids: pl.Series) -> npt.NDArray[np.int64]:
        """Position of each id in `areas`.

        Raises
        ------
        ValueError
            If an id is not in the tree.
        """
        known = self.areas["area_id"]
        found = area_ids.replace_strict(known, np.arange(len(known)), default=-1, return_dtype=pl.Int64).fill_null(-1)
        numbers: npt.NDArray[np.int64] = found.to_numpy()
        if (numbers < 0).any():
            raise ValueError(
                f"the measures count in area {area_ids[int(np.argmin(numbers))]}, which is not among the areas: "
                "add it to the city's areas or correct the records' area"
            )
        return numbers
