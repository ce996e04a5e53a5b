"""Tellings: what has not changed is told as before, what has is told with regard to what was told."""

from datetime import date

import numpy as np
import polars as pl

from indicators.disclosure import Disclosure
from indicators.families import families
from indicators.tellings import SCHEMA, Series, Tellings
from tests.indicators.test_protection import tree_of

HES = Disclosure("hes")
SERIES = Series("X", "numerator", "month")
TREE = tree_of({"city": None, **{f"a{at}": "city" for at in range(6)}})
AREAS = pl.Series("area_id", sorted(TREE.areas["area_id"]))
STARTS = pl.Series("period_start", [date(2024, 1, 1), date(2024, 2, 1)])
GRID = AREAS.to_frame().join(STARTS.to_frame(), how="cross")
JANUARY, FEBRUARY = [7, 20, 31, 44, 52, 61, 215], [9, 20, 31, 44, 52, 61, 217]


def tell(counts: np.ndarray, earlier: pl.DataFrame, telling: int) -> tuple[np.ndarray, pl.DataFrame]:
    """Show counts after what was told; give the values, and all that has been told by then."""
    memory = Tellings(earlier)
    shown = memory.protect(SERIES, counts, GRID, families(TREE, AREAS.to_list()), HES)
    noted = memory.noted().with_columns(telling=pl.lit(telling, pl.Int64))
    return shown.value, pl.concat([earlier, noted])


def test_what_has_changed_is_told_with_regard_to_what_was_told() -> None:
    nothing = SCHEMA.to_frame().with_columns(telling=pl.lit(0, pl.Int64)).clear()
    counts = np.array([JANUARY, FEBRUARY]).T
    first, told = tell(counts, nothing, 1)
    assert first[-1].tolist() == [215, 217]
    assert told.height == 14
    assert told.select("area_id", "count").filter(area_id="city")["count"].to_list() == [215, 217]
    # One more record in January: that the city has 216 would tell that a0 had 7.
    later = counts.copy()
    later[[0, -1], 0] += 1
    second, told = tell(later, told, 2)
    alone, _ = tell(later, nothing, 1)
    assert alone[-1].tolist() == [216, 217]
    assert second[-1].tolist() != [216, 217]
    assert second[0].tolist() == [10, 10]
    # February is as it was, and is told so; told again, January is, too.
    assert second[-1, 1] == 217
    again, _ = tell(later, told, 3)
    assert np.array_equal(again, second)


def test_what_is_not_published_is_not_told() -> None:
    memory = Tellings()
    among = families(TREE, AREAS.to_list(), frozenset({"ward"}))
    shown = memory.protect(SERIES, np.array([JANUARY, FEBRUARY]).T, GRID, among, HES)
    assert shown.is_withheld.all()
    assert memory.noted().is_empty()
