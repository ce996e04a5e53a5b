import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.evaluation import (
    Design,
    difference_panel,
    evaluate,
    harm_wdd,
    minimum_detectable_change,
    placebo_p_value,
    pre_trend_p_value,
    wdd,
)

CASES = json.loads((Path(__file__).parent / "conformance" / "crime_statistics" / "cases.json").read_text())
BEFORE, AFTER = (date(2021, 1, 1), date(2021, 3, 31)), (date(2021, 4, 1), date(2021, 6, 29))


def case_rows(case: dict) -> list[list[float]]:
    roles = ["treated", "control", "disp_treated", "disp_control"]
    return [case[role] for role in roles if role in case]


@pytest.mark.parametrize("case", CASES["wdd"], ids=str)
def test_wdd_equals_the_reference(case: dict) -> None:
    control, treated, moved_control, moved = case.get("area_weights", [1, 1, 1, 1])
    found = wdd(
        case_rows(case),
        area_weights=[treated, control, moved, moved_control],
        time_weights=case.get("time_weights", [1, 1]),
        confidence=1 - case.get("alpha", 0.1),
    ).row(0, named=True)
    digits = 1e-7
    expected = {
        "est_local": (found["local"], digits),
        "est_total": (found["total"], digits),
        "se_total": (found["total_error"], digits),
        "se_total_1dp": (found["total_error"], 0.05),
        "var_total": (found["total_error"] ** 2, digits),
        "se_total_sq": (found["total_error"] ** 2, digits),
        "z": (found["z"], 0.005 if "ci_rounded" in case else digits),
    }
    compared = 0
    for name, (value, tolerance) in expected.items():
        if name in case:
            assert value == pytest.approx(case[name], abs=tolerance), name
            compared += 1
    for name, tolerance in (("ci", 1e-6), ("ci_rounded", 0.5), ("ci_1dp", 0.05)):
        if name in case:
            assert [found["lower"], found["upper"]] == pytest.approx(case[name], abs=tolerance)
            compared += 1
    assert compared >= 1


def test_harm_equals_the_reference() -> None:
    case = CASES["wdd_harm"]
    kinds = wdd([[treated, control] for control, treated in case["pairs_control_treated"].values()])
    found = harm_wdd(kinds, case["weights"], confidence=1 - case["alpha"]).row(0, named=True)
    assert found["total"] == pytest.approx(case["est"])
    assert found["total_error"] == pytest.approx(case["se"], abs=1e-8)
    assert found["z"] == pytest.approx(case["z"], abs=1e-8)
    assert [found["lower"], found["upper"]] == pytest.approx(case["ci"], abs=1e-6)


def test_cumulative_differences_equal_the_reference() -> None:
    case = CASES["cum_wdd_tail"]
    # Only the last two rows are published: their sums are the first period's counts and a second one's.
    treated, control = (np.diff(case[name], prepend=0) for name in ("cum_treat", "cum_cont"))
    found = difference_panel(treated, control, confidence=0.9)
    assert found["sum_difference"].to_list() == case["dif"]
    assert found["sum_error"].to_list() == pytest.approx(case["se"], abs=1e-6)
    assert found["ratio"].to_list() == pytest.approx(case["irr"], abs=1e-6)
    limits = found.select("ratio_lower", "ratio_upper").to_numpy()
    assert limits == pytest.approx(np.array(case["irr_ci90"]), abs=1e-6)
    assert found["difference"].to_list() == [-30, -9]
    assert found["error"].to_list() == pytest.approx([np.sqrt(622), np.sqrt(35)])


def test_dispersion_widens_by_its_root_and_by_students_t() -> None:
    counts = [[[207, 110], [308, 318]]] * 3
    found = wdd(counts, dispersion=[1, 4, 4], degrees=[np.inf, np.inf, 5])
    assert found["total"].n_unique() == 1
    width = (found["upper"] - found["lower"]).to_list()
    assert width[1] == pytest.approx(2 * width[0])
    assert width[2] == pytest.approx(2 * width[0] * 2.5705818 / 1.9599640)
    assert found["z"][0] == pytest.approx(2 * found["z"][2])
    assert found["p_value"][0] < found["p_value"][1] < found["p_value"][2]


def test_nothing_counted_has_no_z() -> None:
    found = wdd([[0, 0], [0, 0]]).row(0, named=True)
    assert (found["total"], found["total_error"], found["z"], found["p_value"]) == (0, 0, None, None)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 500), min_size=2, max_size=2), min_size=2, max_size=2))
def test_exchanging_treated_and_control_turns_the_sign(counts: list[list[int]]) -> None:
    one, other = wdd(counts), wdd(counts[::-1])
    assert one["total"][0] == -other["total"][0]
    assert one["p_value"].equals(other["p_value"])
    assert one["lower"][0] == pytest.approx(-other["upper"][0])


def daily(areas: int, fall: float = 0.0, seed: int = 1) -> pl.DataFrame:
    """Two counts a day in each of the areas; those of the first two fall by a share after the first window."""
    random = np.random.default_rng(seed)
    days = [BEFORE[0] + timedelta(days=n) for n in range(180)]
    frames = []
    for n in range(areas):
        mean = np.where([n < 2 and day >= AFTER[0] for day in days], 2 * (1 - fall), 2.0)
        frames.append(pl.DataFrame({"area_id": f"a{n:02}", "day": days, "count": random.poisson(mean)}))
    return pl.concat(frames)


def design(**changed) -> Design:
    roles = {"treated": ("a00", "a01"), "control": ("a02", "a03"), "before": BEFORE, "after": AFTER}
    return Design(**{**roles, **changed})


def test_daily_counts_are_summed_over_the_windows() -> None:
    counts = daily(8)
    sums = [
        [
            counts.filter(pl.col("area_id").is_in(areas) & pl.col("day").is_between(*window))["count"].sum()
            for window in (BEFORE, AFTER)
        ]
        for areas in (("a00", "a01"), ("a02", "a03"), ("a04",), ("a05",))
    ]
    moved = design(displaced_treated=("a04",), displaced_control=("a05",))
    assert evaluate(counts, moved).equals(wdd(sums))
    assert evaluate(counts, design(), dispersion=2.0).equals(wdd(sums[:2], dispersion=2.0))
    with pytest.raises(ValueError, match="area b of the design has no counts"):
        evaluate(counts, design(treated=("b",)))


@pytest.mark.slow
def test_placebos_tell_a_real_fall_from_none() -> None:
    assert placebo_p_value(daily(40, fall=0.6), design(), 499) == pytest.approx(1 / 500)
    p_values = [placebo_p_value(daily(30, seed=seed), design(), 99) for seed in range(60)]
    assert 0.35 < np.mean(p_values) < 0.65
    assert placebo_p_value(daily(40).with_columns(count=0), design()) is None
    with pytest.raises(ValueError, match="too few for placebos"):
        placebo_p_value(daily(9), design())


def test_pre_trends_are_seen_and_chance_is_not() -> None:
    random = np.random.default_rng(9)
    level = [80, 90, 70, 80, 100, 80]
    steady = [pre_trend_p_value(*random.poisson(level, (2, 6))) for _ in range(3000)]
    assert np.mean(np.array(steady) < 0.05) == pytest.approx(0.05, abs=0.015)
    assert pre_trend_p_value([80, 95, 110, 130, 150, 170], [80, 81, 79, 80, 82, 80]) < 1e-4
    # A common season is no difference.
    assert pre_trend_p_value([80, 120, 160, 80], [60, 100, 140, 60]) == 1.0
    assert pre_trend_p_value([5], [7]) is None


@pytest.mark.parametrize("phi", [1.0, 2.5])
def test_the_minimum_detectable_fall_is_detected_as_often_as_the_power_says(phi: float) -> None:
    random = np.random.default_rng(12)
    fall = minimum_detectable_change(400, 500, phi)["fall"][0]
    runs = 20_000

    def counts(mean: float) -> np.ndarray:
        return random.poisson(mean / phi, runs) * phi  # variance φ x mean

    y = np.stack([[counts(400), counts(400 - fall)], [counts(500), counts(500)]]).transpose(2, 0, 1)
    found = wdd(y, dispersion=phi)
    assert (found["p_value"] < 0.05).mean() == pytest.approx(0.8, abs=0.012)


def test_what_no_fall_could_show_has_none() -> None:
    found = minimum_detectable_change([5, 500, 0], 500)
    assert found["fall"].is_null().to_list() == [True, False, True]
    assert found["fall_share"][1] == pytest.approx(found["fall"][1] / 500)
    assert minimum_detectable_change(500, 500, 2.0)["fall"][0] > found["fall"][1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: design(after=(date(2021, 4, 1), date(2021, 6, 30))), "90 days and after 91"),
        (lambda: design(after=(date(2021, 3, 31), date(2021, 6, 28))), "must not overlap"),
        (lambda: design(control=()), "at least one"),
        (lambda: design(displaced_treated=("x",)), "both or neither"),
        (lambda: design(control=("a00",)), "two roles"),
        (lambda: wdd([[1, 2], [3, -4]]), "not negative"),
        (lambda: wdd([1, 2]), "shape"),
        (lambda: wdd([[1, 2], [3, 4]], dispersion=0.5), "at least 1"),
        (lambda: wdd([[1, 2], [3, 4]], area_weights=[0, 1, 1, 1]), "above zero"),
        (lambda: wdd([[1, 2], [3, 4]], confidence=95), "confidence"),
        (lambda: harm_wdd(wdd([[1, 2], [3, 4]]), [1, 2]), "one weight"),
        (lambda: minimum_detectable_change(5, 5, power=80), "power"),
        (lambda: difference_panel([1, 2], [3]), "one shape"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
