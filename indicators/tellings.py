"""Tellings: what releases have told of protected counts, so that the next one tells nothing besides.

Belongs here: remembering, telling unchanged counts as before, and noting what is to be told. What a new telling could
give away of an earlier one is in `successive`.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.disclosure import Disclosure, Ints, Shown
from indicators.families import Family
from indicators.protection import Known, protect_tree
from indicators.successive import UNKNOWN, Telling

# `count` is the exact one: tellings are kept with the records, and never published.
SCHEMA = pl.Schema(
    {
        **dict.fromkeys(("indicator_id", "counted", "period_kind"), pl.String),
        "period_start": pl.Date,
        "area_id": pl.String,
        **dict.fromkeys(("count", "value", "least", "most"), pl.Int64),
        "is_withheld": pl.Boolean,
    }
)
_SHOWN = ("value", "least", "most", "is_withheld")


class Series(NamedTuple):
    """Of what counts are: an indicator, the column that they stand in, and the kind of their periods."""

    indicator_id: str
    counted: str
    period_kind: str


@dataclass(frozen=True)
class _Told:
    """A telling with the exact counts that it was of, -1 where it told none, and the values that it gave."""

    telling: Telling
    exact: Ints
    value: Ints


@dataclass(frozen=True)
class Tellings:
    """What earlier releases told, and what the next one is to tell.

    Attributes
    ----------
    earlier : DataFrame
        As `SCHEMA`, with `telling` (int): which one of the period it is, from 1 on without gaps.
    """

    earlier: pl.DataFrame = field(default_factory=SCHEMA.to_frame)
    _noted: dict[Series, pl.DataFrame] = field(default_factory=dict)

    def protect(
        self,
        series: Series,
        counts: Ints,
        grid: pl.DataFrame,
        among: list[Family],
        disclosure: Disclosure,
        whole: Known | None = None,
    ) -> Shown:
        """Show counts as `protect_tree` does; those of periods in which nothing has changed as they were told last.

        Parameters
        ----------
        series : Series
        counts : int array, shape (areas, periods)
        grid : DataFrame
            area_id and period_start of the counts, period by period within each area.
        among : list of Family
        disclosure : Disclosure
        whole : Known, optional
            What is known of the counts of which these are parts.
        """
        earlier = self._laid_out(series, grid, counts.shape)
        published = [family.area for family in among]
        is_as_told = [
            # Areas that were not told of have no count; more than is known of all by now is not told again.
            (told.exact[published] == counts[published]).all(axis=0)
            & (whole is None or (told.telling.low[published] <= whole.low[published]).all(axis=0))
            for told in earlier
        ]
        is_new = ~np.logical_or.reduce(is_as_told) if earlier else np.ones(counts.shape[1], dtype=np.bool_)
        of_new = [told.telling.of(is_new) for told in earlier if told.telling.is_there[is_new].any()]
        of_all = None if whole is None else whole.of_periods(is_new)
        found = protect_tree(counts[:, is_new], among, disclosure, of_new, of_all)
        shown = Shown(*(_spread(each, is_new) for each in (found.value, found.low, found.high, found.is_withheld)))
        for told, periods in zip(earlier, is_as_told, strict=True):
            cells = np.ix_(np.array(published, dtype=np.int64), np.flatnonzero(periods))
            shown.value[cells], shown.low[cells] = told.value[cells], told.telling.low[cells]
            shown.high[cells], shown.is_withheld[cells] = told.telling.high[cells], told.telling.is_withheld[cells]
        apart = np.setdiff1d(np.arange(len(counts)), published)
        shown.low[apart], shown.high[apart], shown.is_withheld[apart] = 0, UNKNOWN, True
        self._note(series, counts, grid, shown)
        return shown

    def noted(self) -> pl.DataFrame:
        """Give what is to be told, as `SCHEMA`, in a fixed order."""
        frames = [self._noted[series].select(SCHEMA.names()) for series in sorted(self._noted)]
        return pl.concat([SCHEMA.to_frame(), *frames])

    def _laid_out(self, series: Series, grid: pl.DataFrame, shape: tuple[int, ...]) -> list[_Told]:
        """Lay tellings out as the counts are, the first of each period first."""
        if self.earlier.is_empty():
            return []
        told = self.earlier.filter(**series._asdict())
        found = []
        for _, rows in sorted(told.group_by("telling"), key=lambda each: each[0]):
            laid = grid.join(rows, on=["area_id", "period_start"], how="left", maintain_order="left")
            count, value, low, high, is_withheld = (
                laid[name].fill_null(unknown).to_numpy().reshape(shape)
                for name, unknown in zip(("count", *_SHOWN), (-1, 0, 0, UNKNOWN, False), strict=True)
            )
            found.append(_Told(Telling(low, high, is_withheld, np.logical_or.reduce(count >= 0)), count, value))
        return found

    def _note(self, series: Series, counts: Ints, grid: pl.DataFrame, shown: Shown) -> None:
        columns = zip(("count", *_SHOWN), (counts, shown.value, shown.low, shown.high, shown.is_withheld), strict=True)
        self._noted[series] = grid.with_columns(
            *(pl.lit(text).alias(name) for name, text in series._asdict().items()),
            *(pl.Series(name, np.ravel(array)) for name, array in columns),
            # What is not published may be anything.
        ).filter(pl.col("most") < UNKNOWN)


def _spread(found: npt.NDArray[Any], is_new: npt.NDArray[np.bool_]) -> npt.NDArray[Any]:
    whole = np.zeros((len(found), len(is_new)), dtype=found.dtype)
    whole[:, is_new] = found
    return whole
