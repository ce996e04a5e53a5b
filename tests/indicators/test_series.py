from datetime import date

import numpy as np
import polars as pl
import pytest

from indicators.series import side_by_side

ROWS = pl.DataFrame(
    [("b", 2, date(2024, 1, 8), 5), ("a", 1, date(2024, 1, 1), 3), ("b", 2, date(2024, 1, 22), None)],
    schema={"series": pl.String, "area": pl.Int64, "week": pl.Date, "count": pl.Int64},
    orient="row",
)


def test_steps_without_a_count_are_unobserved() -> None:
    grid = side_by_side(ROWS.drop_nulls(), ["series", "area"], "week", 7)
    assert grid.keys.rows() == [("a", 1), ("b", 2)]
    assert grid.starts.to_list() == [date(2024, 1, 1), date(2024, 1, 8)]
    assert np.array_equal(grid.counts, [[3, np.nan], [np.nan, 5]], equal_nan=True)
    # A null at the end still says that the axis goes on.
    assert len(side_by_side(ROWS, ["series", "area"], "week", 7).starts) == 4


def test_there_and_back() -> None:
    grid = side_by_side(ROWS, ["series", "area"], "week", 7)
    back = grid.frame(slice(1, None), {"count": grid.counts[:, 1:], "flag": grid.counts[:, 1:] > 4})
    assert back.columns == ["series", "area", "week", "count", "flag"]
    assert back.height == 6
    assert back.row(3) == ("b", 2, date(2024, 1, 8), 5.0, True)
    assert back.row(0) == ("a", 1, date(2024, 1, 8), None, False)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (ROWS.clear(), "at least one row"),
        (pl.concat([ROWS, ROWS]), "two counts for one step: .*'area': 1"),
        (ROWS.with_columns(pl.col("count").cast(pl.Float64) - 4), "not negative: .*'count': -1.0"),
        (ROWS.with_columns(pl.lit(float("nan")).alias("count")), "finite"),
        (ROWS.with_columns(week=pl.Series([date(2024, 1, day) for day in (8, 1, 23)])), "multiple of 7 days"),
        (ROWS.with_columns(week=pl.lit("Monday")).unique(["series"]), "must hold dates"),
    ],
)
def test_impossible_rows_are_refused(rows: pl.DataFrame, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        side_by_side(rows, ["series", "area"], "week", 7)
