"""Questions to one release about agencies and how they are linked, answered as polars frames.

Here: which area has an answer, its network, agencies and pairs. Not here: opening a release (`data`); nothing here
words or draws.
"""

from functools import cached_property

import polars as pl

from dashboards.questions import Questions


class LinkageData(Questions):
    """The linkage of agencies of one release.

    Attributes
    ----------
    fewest_cases
        Cases from which on two agencies are linked, as docs/methods/linkage.md says.
    level
        q-value up to which a change is told as one, as in what changed.
    """

    fewest_cases = 2
    level = 0.1

    @cached_property
    def _areas(self) -> frozenset[str]:
        return frozenset(self._query("select distinct area_id from linkage")["area_id"])

    def area(self, area_id: str) -> str | None:
        """The nearest area that is told of: the area itself or one above it; None where there is none."""
        above = dict(self._query("select area_id, parent_id from areas").iter_rows())
        at: str | None = area_id
        while at is not None and at not in self._areas:
            at = above.get(at)
        return at

    def statistics(self, area_id: str) -> pl.DataFrame:
        """Columns of `linkage`, one row per statistic."""
        return self._query("select * from linkage where area_id = ?", area_id)

    def agencies(self, area_id: str) -> pl.DataFrame:
        """Columns of `linkage_agencies`, by name."""
        return self._query("select * from linkage_agencies where area_id = ? order by agency", area_id)

    def pairs(self, area_id: str) -> pl.DataFrame:
        """Columns of `linkage_pairs`, the most used ways first."""
        return self._query(
            "select * from linkage_pairs where area_id = ? "
            "order by handoffs desc nulls last, together desc nulls last, from_agency, to_agency",
            area_id,
        )
