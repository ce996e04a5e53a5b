import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from indicators.progress import probability_of_reaching, progress

CASES = json.loads((Path(__file__).parent / "conformance" / "crime_statistics" / "cases.json").read_text())
SCHEMA = {
    "polarity": pl.String, "base_year": pl.Float64, "base": pl.Float64, "year": pl.Float64, "value": pl.Float64,
    "target_year": pl.Float64, "target": pl.Float64,
}  # fmt: skip


def judged(*rows: tuple) -> pl.DataFrame:
    return progress(pl.DataFrame(rows, schema=SCHEMA, orient="row"))


def test_the_worked_case_of_the_reference() -> None:
    case = CASES["statcan_progress"]["derived_case"]
    assert case["direction"] == "negative"
    found = judged(("lower", *case["base"], *case["current"], *case["target"]))
    assert found["growth"][0] == pytest.approx(case["CAGR_o"], rel=1e-12)
    assert found["growth_needed"][0] == pytest.approx(case["CAGR_r"], rel=1e-12)
    assert found["growth_ratio"][0] == pytest.approx(case["ratio"], rel=1e-12)
    assert found["progress"][0] == case["status"]


def test_thresholds_with_a_target_are_those_of_the_reference() -> None:
    limits = CASES["statcan_progress"]["thresholds_with_target"]
    needed = 2.0 ** (1 / 10) - 1
    names = {"on_track": "on_track", "needs_acceleration": "progress_needs_acceleration", "limited": "limited_progress"}
    for key, name in names.items():
        share = limits[key]
        # Just above the threshold the name holds, just below it no longer.
        above, below = ((1 + needed * (share + e)) ** 5 for e in (1e-6, -1e-6))
        found = judged(*(("higher", 2015, 1, 2020, v, 2025, 2) for v in (above, below)))["progress"]
        assert found[0] == name
        assert found[1] != name
    assert found[1] == "deterioration"


@pytest.mark.parametrize(("polarity", "sign"), [("higher", 1), ("lower", -1)])
def test_thresholds_without_a_target_are_those_of_the_reference(polarity: str, sign: int) -> None:
    limits = CASES["statcan_progress"]["thresholds_no_target"]
    shares = [limits["on_track"] + 1e-6, limits["on_track"] - 1e-6, limits["needs_acceleration"] - 1e-6, -1e-6]
    rows = [(polarity, 2015, 100, 2019, 100 * (1 + sign * g) ** 4, None, None) for g in shares]
    assert judged(*rows)["progress"].to_list() == [
        "on_track", "progress_needs_acceleration", "limited_progress", "deterioration",
    ]  # fmt: skip


def test_targets_met_lost_and_undefined() -> None:
    found = judged(
        ("lower", 2015, 100, 2020, 60, 2030, 70),
        ("lower", 2015, 60, 2020, 80, 2030, 70),
        ("lower", 2015, 0, 2020, 80, 2030, 70),
        ("lower", 2015, 60, 2015, 50, 2030, 40),
        ("lower", 2015, 60, 2020, None, 2030, 40),
        ("lower", 2015, 60, 2020, 0, 2030, 0),
    )
    assert found["progress"].to_list() == ["target_achieved", "deterioration", None, None, None, "target_achieved"]
    assert found["growth_ratio"][1] is None
    with pytest.raises(ValueError, match="higher or lower"):
        judged(("context", 2015, 100, 2020, 60, 2030, 70))


def test_the_prediction_is_that_of_least_squares() -> None:
    """Mirrors the textbook formula with scipy's own line: predicted ± t s √(1 + 1/n + (x − mean)²/Sxx)."""
    time, value = np.arange(2014, 2021), np.array([50.0, 47.0, 49.0, 44.0, 41.0, 43.0, 38.0])
    points = pl.DataFrame({"area_id": "a", "time": time, "value": value})
    targets = pl.DataFrame({"area_id": ["a"], "target_time": [2024], "target": [30.0], "polarity": ["lower"]})
    found = probability_of_reaching(points, targets, ["area_id"]).row(0, named=True)
    line = stats.linregress(time, value)
    spread = np.sum((value - line.intercept - line.slope * time) ** 2) / 5
    error = np.sqrt(spread * (1 + 1 / 7 + (2024 - time.mean()) ** 2 / np.sum((time - time.mean()) ** 2)))
    at = line.intercept + line.slope * 2024
    assert found["slope"] == pytest.approx(line.slope)
    assert found["predicted"] == pytest.approx(at)
    assert found["upper"] - at == pytest.approx(stats.t.ppf(0.975, 5) * error)
    assert found["probability"] == pytest.approx(stats.t.cdf((30 - at) / error, 5))


def test_probabilities_come_true_as_often_as_they_say() -> None:
    random = np.random.default_rng(6)
    series = 4000
    time = np.arange(8.0)
    values = 100 - 2 * time + random.normal(0, 3, (series, 8))
    later = 100 - 2 * 11 + random.normal(0, 3, series)
    points = pl.DataFrame(
        {"id": np.repeat(np.arange(series), 8), "time": np.tile(time, series), "value": values.ravel()}
    )
    aim = random.uniform(58, 98, series)
    targets = pl.DataFrame({"id": np.arange(series), "target_time": 11.0, "target": aim, "polarity": "lower"})
    found = probability_of_reaching(points, targets, ["id"])
    held = (found["lower"].to_numpy() <= later) & (later <= found["upper"].to_numpy())
    assert held.mean() == pytest.approx(0.95, abs=0.012)
    for low, high in ((0.05, 0.3), (0.3, 0.7), (0.7, 0.95)):
        within = found["probability"].is_between(low, high).to_numpy()
        assert within.sum() > 300
        said = found["probability"].to_numpy()[within].mean()
        assert np.mean(later[within] <= aim[within]) == pytest.approx(said, abs=0.06)


def test_perfect_lines_short_series_and_missing_points() -> None:
    points = pl.DataFrame(
        {
            "id": ["line"] * 4 + ["short"] * 3 + ["once"] * 3,
            "time": [1, 2, 3, None, 1, 2, 3, 5, 5, 5],
            "value": [1.0, 2.0, 3.0, 9.0, 1.0, None, 4.0, 1.0, 2.0, 3.0],
        }
    )
    rows = [("line", 6.0, "higher"), ("line", 6.5, "higher"), ("line", 6.5, "lower"), ("short", 1.0, "lower")]
    rows += [("once", 1.0, "lower"), ("absent", 1.0, "lower")]
    targets = pl.DataFrame(rows, schema=["id", "target", "polarity"], orient="row").with_columns(target_time=6)
    found = probability_of_reaching(points, targets, ["id"])
    assert found["probability"].to_list() == [1.0, 0.0, 1.0, None, None, None]
    assert found["predicted"].to_list() == [6.0, 6.0, 6.0, None, None, None]
    assert found["lower"].to_list() == [6.0, 6.0, 6.0, None, None, None]
