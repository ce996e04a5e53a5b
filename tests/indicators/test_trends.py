import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.trends import benjamini_hochberg, latest_point_p_value, xmr_chart

NUMBERS = Path(__file__).parent / "conformance" / "spc_xmr"
NAMES = {
    "Common Cause": "none",
    "Above UCL": "above_limit",
    "Below LCL": "below_limit",
    "7 Points Above CL": "shift_up",
    "7 Points Below CL": "shift_down",
    "7 Point Trend (Increasing)": "trend_up",
    "7 Point Trend (Decreasing)": "trend_down",
    "2 in 3 Above CL": "near_limit_up",
    "2 in 3 Below CL": "near_limit_down",
}


@pytest.mark.parametrize("name", sorted(path.name for path in NUMBERS.glob("*.csv")))
def test_every_row_equals_the_reference(name: str) -> None:
    with (NUMBERS / name).open() as file:
        rows = list(csv.DictReader(file))
    chart = xmr_chart([float(row["y"]) for row in rows], screened="unscreened" not in name)
    for row in rows:
        assert chart.centre == pytest.approx(float(row["mean_col"]), abs=1e-6)
        assert chart.limit_low == pytest.approx(float(row["lpl"]), abs=1e-6)
        assert chart.limit_high == pytest.approx(float(row["upl"]), abs=1e-6)
    assert list(chart.signals) == [NAMES[row["special_cause_type"]] for row in rows]


def test_the_four_reference_files_are_read() -> None:
    assert len(list(NUMBERS.glob("*.csv"))) == 4


def test_mirrored_series_has_mirrored_signals() -> None:
    with (NUMBERS / "rules_trend_shift_decrease_good.csv").open() as file:
        x = np.array([float(row["y"]) for row in csv.DictReader(file)])
    up, down = xmr_chart(x).signals, xmr_chart(-x).signals
    flip = {"up": "down", "down": "up", "above": "below", "below": "above"}
    mirrored = ["_".join(flip.get(part, part) for part in signal.split("_")) for signal in up]
    assert list(down) == mirrored
    assert len(set(up)) >= 5


def test_a_constant_series_has_no_special_cause() -> None:
    assert set(xmr_chart([3.0] * 20).signals) == {"none"}


def test_one_point_makes_no_chart() -> None:
    with pytest.raises(ValueError, match="two points"):
        xmr_chart([1.0])


def test_latest_point_rejects_at_its_nominal_rate() -> None:
    random = np.random.default_rng(7)
    p_values = np.array([latest_point_p_value(series) for series in random.normal(50, 5, (4000, 25))])
    assert 0.035 < np.mean(p_values < 0.05) < 0.065
    assert 0.005 < np.mean(p_values < 0.01) < 0.018


def test_latest_point_finds_a_real_change() -> None:
    before = np.random.default_rng(3).normal(50, 5, 24)
    assert latest_point_p_value(np.append(before, 90.0)) < 1e-4
    assert latest_point_p_value(np.append(before, 50.0)) > 0.2


def test_latest_point_cannot_be_tested_where_nothing_varied() -> None:
    assert latest_point_p_value([5.0] * 12 + [9.0]) is None


def test_benjamini_hochberg_on_the_papers_example() -> None:
    # The 15 p-values of Benjamini & Hochberg (1995), of which four are rejected at .05.
    p = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344,
        0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0000,
    ]  # fmt: skip
    q = benjamini_hochberg(p)
    assert (q <= 0.05).sum() == 4
    assert q[0] == pytest.approx(0.0015)
    assert q[3] == pytest.approx(0.035625)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.randoms())
def test_q_values_keep_the_order_and_do_not_depend_on_it(p_values: list[float], random) -> None:
    q = benjamini_hochberg(p_values)
    assert np.all(q >= np.array(p_values) - 1e-15)
    assert np.all(q <= 1)
    order = list(range(len(p_values)))
    random.shuffle(order)
    shuffled = benjamini_hochberg([p_values[i] for i in order])
    assert np.allclose(shuffled, q[order])


@pytest.mark.parametrize("p_values", [[-0.1], [1.1], [float("nan")]])
def test_impossible_p_values_are_refused(p_values: list[float]) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        benjamini_hochberg(p_values)
