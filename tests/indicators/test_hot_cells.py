import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from indicators.hot_cells import Grid, hot_cells, patrol_in_hot_cells, prediction_accuracy

NUMBERS = Path(__file__).parent / "conformance" / "prediction_accuracy" / "cases.json"
START = date(2016, 3, 1)
GRID = Grid(side_metres=100, cells=40)


def incidents(*rows: tuple[float, float, date]) -> pl.DataFrame:
    return pl.DataFrame(
        rows, schema={"east_metres": pl.Float64, "north_metres": pl.Float64, "day": pl.Date}, orient="row"
    )


def patrols(*rows: tuple[float, float, date, float]) -> pl.DataFrame:
    schema = {"east_metres": pl.Float64, "north_metres": pl.Float64, "day": pl.Date, "minutes": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def cells(observed: list[float], predicted: list[float], area: list[float] | None = None) -> pl.DataFrame:
    n = len(observed)
    return pl.DataFrame(
        {
            "cell_east": range(n),
            "cell_north": [0] * n,
            "observed": observed,
            "predicted": predicted,
            "area": area or [1.0] * n,
        }
    )


def test_accuracy_and_efficiency_equal_the_reference() -> None:
    case = json.loads(NUMBERS.read_text(encoding="utf-8"))
    found = prediction_accuracy(cells(case["obs"], case["pred"], case["area"]))
    assert found["pai"].to_list() == pytest.approx(case["PAI"])
    assert found["pei"].to_list() == pytest.approx(case["PEI"])
    # The published formula of the recapture rate: cumsum(pred) / cumsum(obs).
    assert found["rri"].to_list() == pytest.approx([3 / 6, 5 / 9, 6 / 9])
    assert prediction_accuracy(cells([0, 3], [2, 1]))["rri"].to_list() == [None, 1.0]


def test_accuracy_by_hand() -> None:
    # A fifth of the incidents in a tenth of the area; the best tenth has two fifths.
    found = prediction_accuracy(cells([4, 8, *[1] * 8], [9, 8, *[0] * 8])).row(0, named=True)
    assert found["pai"] == pytest.approx(2)
    assert found["pei"] == pytest.approx(0.5)
    assert 0 < found["pai_lower"] < 2 < found["pai_upper"]


def test_best_of_unequal_areas_may_take_a_part_of_a_cell() -> None:
    found = prediction_accuracy(cells([6, 3, 2], [1, 9, 0], [3.0, 3.0, 0.5])).row(0, named=True)
    assert found["pai"] == pytest.approx(3 / 11 / (3 / 6.5))
    # Per area the third cell has most, then the first, of which five sixths make up three units of area.
    assert found["pei"] == pytest.approx(3 / (2 + 6 * 5 / 6))


def test_hot_cells_are_those_of_the_twelve_months_before() -> None:
    before = [(10, 10, START - timedelta(days=1))] * 3 + [(150, 10, date(2015, 3, 1))] * 2
    other = [(250, 10, date(2015, 2, 28))] * 9 + [(350, 10, START)] * 9
    found = hot_cells(incidents(*before, *other), START, GRID)
    assert found.rows() == [(0, 0, 3, False), (1, 0, 2, False)]


def test_ties_are_taken_from_south_to_north_then_west_to_east() -> None:
    day = START - timedelta(days=9)
    rows = [(x, y, day) for x in (50, 150, -50) for y in (250, 50, -50)]
    found = hot_cells(incidents(*rows), START, GRID, area_share=0.1)
    assert found.rows() == [(-1, -1, 1, True), (0, -1, 1, True), (1, -1, 1, True), (-1, 0, 1, True)]
    assert hot_cells(incidents(*rows[::-1]), START, GRID, area_share=0.1).equals(found)
    # With room for all nine nothing is left out.
    assert not hot_cells(incidents(*rows), START, GRID, area_share=9 / 40)["is_tied"].any()


def test_a_share_takes_all_the_cells_that_it_makes_up() -> None:
    # 0.29 x 100 is 28.999999999999996.
    rows = [(100.0 * n, 0.0, date(2016, 1, 1)) for n in range(40)]
    assert hot_cells(incidents(*rows), START, Grid(100, 100), area_share=0.29).height == 29
    assert hot_cells(incidents(*rows), START, Grid(100, 100), area_share=0.001).height == 1


def test_a_border_belongs_to_the_cell_east_and_north_of_it() -> None:
    found = GRID.located(incidents((100, -100, START), (99.9, -100.1, START)))
    assert found.select("cell_east", "cell_north").rows() == [(1, -1), (0, -2)]


def test_share_of_patrol_in_hot_cells() -> None:
    hot = hot_cells(incidents((50, 50, START - timedelta(days=1))), START, GRID)
    days = [START + timedelta(days=n) for n in range(3)]
    rows = [(50, 50, days[0], 30), (500, 50, days[0], 30), (99, 0, days[1], 10), (100, 0, days[1], 30)]
    found = patrol_in_hot_cells(patrols(*rows, (700, 0, days[2], 0)), hot, GRID)
    assert (found["hot_minutes"], found["minutes"], found["share"]) == (40, 100, 0.4)
    # Residuals 30 - .4 x 60 = 6, 10 - .4 x 40 = -6 and 0; t(2) is 4.3027.
    assert found["lower"] == pytest.approx(max(0.4 - 4.302652730 * np.sqrt(3 / 2 * 72) / 100, 0))
    assert found["upper"] == pytest.approx(0.4 + 4.302652730 * np.sqrt(3 / 2 * 72) / 100)


def test_limits_of_the_share_cover_the_true_share() -> None:
    random, hot = np.random.default_rng(2), hot_cells(incidents((50, 50, date(2016, 1, 1))), START, GRID)
    covered = []
    for _ in range(200):
        # Daily shares vary around .3: patrols of a day go the same way.
        shares = np.repeat(random.beta(3, 7, 60), 2)
        minutes = np.where(np.arange(120) % 2 == 0, shares, 1 - shares) * np.repeat(random.integers(60, 300, 60), 2)
        frame = pl.DataFrame(
            {
                "east_metres": np.where(np.arange(120) % 2 == 0, 50.0, 500.0),
                "north_metres": 50.0,
                "day": [START + timedelta(days=n // 2) for n in range(120)],
                "minutes": minutes,
            }
        )
        found = patrol_in_hot_cells(frame, hot, GRID)
        covered.append(found["lower"] <= 0.3 <= found["upper"])
    assert 0.89 < np.mean(covered) < 0.99


def test_what_cannot_be_told_is_none() -> None:
    hot = hot_cells(incidents(), START, GRID)
    assert hot.height == 0
    assert patrol_in_hot_cells(patrols(), hot, GRID) == {
        "hot_minutes": 0, "minutes": 0, "share": None, "lower": None, "upper": None,
    }  # fmt: skip
    one_day = patrol_in_hot_cells(patrols((0, 0, START, 10)), hot, GRID)
    assert (one_day["share"], one_day["lower"], one_day["upper"]) == (0, None, None)
    nothing = prediction_accuracy(cells([0, 0], [2, 1]))
    assert nothing["area_share"].to_list() == [0.5, 1]
    assert nothing.select("event_share", "pai", "pai_lower", "pai_upper", "pei").null_count().row(0) == (2,) * 5


each_cell = st.tuples(st.integers(0, 30), st.integers(0, 5), st.integers(1, 9))


@given(st.lists(each_cell, min_size=1, max_size=25), st.randoms())
def test_accuracy_of_everything_is_one_and_order_does_not_matter(rows: list[tuple], random) -> None:
    assume(sum(row[0] for row in rows))
    given_cells = cells(*(list(map(float, column)) for column in zip(*rows, strict=True)))
    found = prediction_accuracy(given_cells)
    assert found["pai"][-1] == pytest.approx(1)
    assert found["pei"][-1] == pytest.approx(1)
    assert found["event_share"].is_sorted()
    assert found["pei"].min() >= 0
    assert found["pei"].max() <= 1
    order = list(range(len(rows)))
    random.shuffle(order)
    assert_frame_equal(prediction_accuracy(given_cells[order]), found)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)), min_size=1, max_size=25))
def test_a_perfect_prediction_is_fully_efficient(rows: list[tuple[int, int]]) -> None:
    assume(sum(row[0] for row in rows))
    observed, area = ([float(row[n]) for row in rows] for n in (0, 1))
    found = prediction_accuracy(cells(observed, [x / a for x, a in zip(observed, area, strict=True)], area))
    assert found["pei"].to_numpy() == pytest.approx(1)
    assert found["pai"].is_sorted(descending=True) or np.all(np.diff(found["pai"].to_numpy()) < 1e-9)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=60), st.integers(-9, 9), st.randoms())
def test_hot_cells_move_with_the_incidents(places: list[tuple[int, int]], by: int, random) -> None:
    day = START - timedelta(days=30)
    here = hot_cells(incidents(*((100.0 * x, 100.0 * y, day) for x, y in places)), START, GRID, 0.2)
    random.shuffle(places)
    there = hot_cells(incidents(*((100.0 * (x + by), 100.0 * (y - by), day) for x, y in places)), START, GRID, 0.2)
    moved = here.with_columns(cell_east=pl.col("cell_east") + by, cell_north=pl.col("cell_north") - by)
    assert_frame_equal(there, moved)
    assert here.height <= 8
    assert here["incidents"].is_sorted(descending=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Grid(0, 10), "a side above zero"),
        (lambda: Grid(100, 0), "needs cells"),
        (lambda: hot_cells(incidents((float("nan"), 0, date(2016, 1, 1))), START, GRID), "finite east_metres"),
        (lambda: hot_cells(incidents(), START, GRID, area_share=0), "area_share"),
        (
            lambda: hot_cells(incidents(*((x, x, date(2016, 1, 1)) for x in (0, 500))), START, Grid(100, 1)),
            "in 2 cells",
        ),
        (lambda: patrol_in_hot_cells(patrols((0, 0, START, -1)), hot_cells(incidents(), START, GRID), GRID), "minutes"),
        (lambda: patrol_in_hot_cells(patrols(), hot_cells(incidents(), START, GRID), GRID, 95), "confidence"),
        (lambda: prediction_accuracy(cells([1], [1], [-1.0])), "area above zero"),
        (lambda: prediction_accuracy(cells([-1], [1])), "not negative"),
        (lambda: prediction_accuracy(pl.concat([cells([1], [1])] * 2)), "given once"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
