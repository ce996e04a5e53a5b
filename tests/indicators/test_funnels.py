from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from indicators.funnels import funnel, proportion_funnel, rate_funnel, standardised_ratios
from indicators.intervals import poisson_limits

NUMBERS = Path(__file__).parent / "conformance"
# The reference finds the population of a limit by bisection, on a scale v = q / (1 + events + q), down to this step.
RESOLUTION = 2.0**-24


def rows(name: str) -> pl.DataFrame:
    return pl.read_csv((NUMBERS / "rates_intervals" / name).read_bytes().decode("utf-8-sig").encode())


def areas(events: list[float | None], at_risk: list[float | None]) -> pl.DataFrame:
    return pl.DataFrame({"group": "a", "events": events, "at_risk": at_risk}, strict=False)


def test_limits_of_proportions_equal_the_reference() -> None:
    given, expected = rows("testdata_funnel_prop_inputs.csv"), rows("testdata_funnel_prop_outputs.csv")
    target = given["numerator"].sum() / given["denominator"].sum()
    assert expected["Baseline"].to_numpy() == pytest.approx(100 * target, abs=1e-6)
    for confidence, level in ((0.95, "2s0025"), (0.998, "3s0001")):
        lower, upper = proportion_funnel(target, expected["Population"], confidence)
        assert lower * 100 == pytest.approx(expected[f"Lower{level}limit"].to_numpy(), abs=1e-6)
        assert upper * 100 == pytest.approx(expected[f"Upper{level}limit"].to_numpy(), abs=1e-6)


@pytest.mark.parametrize(("confidence", "level"), [(0.95, "2s"), (0.998, "3s")])
@pytest.mark.parametrize("side", ["lower", "upper"])
def test_limits_of_rates_equal_the_reference(confidence: float, level: str, side: str) -> None:
    given, expected = rows("testdata_funnel_rate_input_funnels.csv"), rows("testdata_funnel_rate_outputs.csv")
    target = given["ev"].sum() / (given["ev"] / given["rate"]).sum()
    assert expected["baseline"].to_numpy() == pytest.approx(target, rel=1e-9)
    people = expected[f"{side}_{level}_population_1_year"].to_numpy() * 3 / 1e5
    limit = rate_funnel(target, people, confidence)[side == "upper"]
    reference = expected[f"{side}_{level}_limit"].to_numpy()
    v = target * people / (1 + expected["Events"].to_numpy() + target * people)
    assert np.all(np.abs(limit / reference - 1) <= 1e-6 + 4 * RESOLUTION / (v * (1 - v)))
    # Of a hundred rows all but those with few events are finer than that.
    assert np.mean(np.abs(limit / reference - 1) <= 1e-6) >= 0.95


def test_areas_beyond_the_limits_are_those_of_the_reference() -> None:
    given = rows("testdata_funnel_prop_inputs.csv").with_columns(group=pl.lit("a"))
    given = given.rename({"numerator": "events", "denominator": "at_risk"})
    names = {"High": "upper", "Low": "lower"}
    inner = funnel(given, ["group"], "proportion", "none", 0.95)
    outer = funnel(given, ["group"], "proportion", "none", 0.998)
    value = pl.col("events") / pl.col("at_risk")
    for word, limit in names.items():
        beyond = (value > pl.col(limit)) if word == "High" else (value < pl.col(limit))
        assert outer.select(beyond).to_series().sum() == given["significance"].eq(f"{word} (0.001)").sum()
        assert inner.select(beyond).to_series().sum() == given["significance"].str.starts_with(word).sum()
        assert outer.filter(beyond)["Area"].equals(given.filter(pl.col("significance") == f"{word} (0.001)")["Area"])


@pytest.mark.parametrize("per", ["100", "100000"])
@pytest.mark.parametrize(
    ("rate", "zeros"), [("crude", "with_0"), ("crude", "without_0"), ("dsr", "with_0"), ("dsr", "without_0")]
)
def test_rates_beyond_the_limits_are_those_of_the_reference(per: str, rate: str, zeros: str) -> None:
    given = rows("testdata_funnel_rate_dsr_inputs.csv")
    # A standardised rate of no event is not given, so that one cannot be judged; the reference leaves it out, too.
    if (rate, zeros) != ("crude", "with_0"):
        given = given.filter(pl.col("count") > 0)
    # Of a standardised rate at risk are as many as would have had the events at that rate.
    standardised = pl.col("count") / pl.col("rate_dsr").cast(pl.Float64, strict=False) * 100_000
    at_risk = given.select(standardised if rate == "dsr" else pl.col("pop").cast(pl.Float64)).to_series().to_numpy()
    for confidence, level in ((0.95, "0.025"), (0.998, "0.001")):
        lower, upper = (x / at_risk for x in poisson_limits(given["count"].to_numpy(), confidence))
        target = given["count"].sum() / at_risk.sum()
        found = np.where(lower > target, "High", np.where(upper < target, "Low", "Not significant"))
        said = given[f"{rate}_per_{per}_{zeros}"].to_numpy()
        for word in ("High", "Low"):
            wanted = [s in ({f"{word} (0.001)", f"{word} ({level})"}) for s in said]
            assert (found == word).tolist() == wanted


def test_ratios_equal_the_reference() -> None:
    # The reference takes a blank as none.
    given = rows("testdata_ISR_inputs.csv").with_columns(pl.col("count", "pop", "refcount").fill_null(0))
    given = given.rename({"area": "area_id", "count": "events", "pop": "at_risk"})
    reference = given.select("ageband", events="refcount", at_risk="refpop").unique()
    assert reference.height == 19
    for confidence, level in ((0.95, "95_0"), (0.998, "99_8")):
        found = standardised_ratios(given, [], ["ageband"], reference, confidence)
        expected = rows("testdata_ISR_outputs.csv").sort("area")
        assert found["area_id"].equals(expected["area"].alias("area_id"))
        columns = {"observed": "observed", "expected": "expected", "ratio": "value"}
        for ours, theirs in {**columns, "lower": f"lower{level}cl", "upper": f"upper{level}cl"}.items():
            assert found[ours].to_numpy() == pytest.approx(expected[theirs].to_numpy(), rel=1e-6)


def test_strata_alike_everywhere_leave_ratios_of_one() -> None:
    counts = pl.DataFrame(
        {
            "area_id": ["a", "a", "b", "b", "c", "c"],
            "age": ["young", "old"] * 3,
            "events": [20, 5, 40, 30, None, 3],
            "at_risk": [200, 100, 400, 600, 100, 100],
        }
    )
    found = standardised_ratios(counts, [], ["age"])
    assert found["ratio"].to_list() == [pytest.approx(1.0), pytest.approx(1.0), None]
    with pytest.raises(ValueError, match="no rate in the reference"):
        standardised_ratios(counts, [], ["age"], counts.filter(pl.col("age") == "young").head(1))


def test_dispersion_is_the_mean_square_of_winsorised_scores() -> None:
    events, people = [100.0, 150.0, 180.0, 80.0, 120.0, 225.0], [108.0, 112.0, 165.0, 95.0, 100.0, 220.0]
    z = 2 * (np.sqrt(events) - np.sqrt(np.array(people) * sum(events) / sum(people)))
    low, high = np.quantile(z, [0.1, 0.9])
    phi = np.mean(np.clip(z, low, high) ** 2)
    found = funnel(areas(events, people), ["group"], "rate")
    assert found["z"].to_numpy() == pytest.approx(z)
    assert found["dispersion"].to_numpy() == pytest.approx(max(phi, 1))
    w = 4 * np.array(people)
    assert found["variance_between"].to_numpy() == pytest.approx(
        max(6 * phi - 5, 0) / (w.sum() - (w**2).sum() / w.sum())
    )


def test_over_dispersed_areas_are_no_longer_outliers() -> None:
    random = np.random.default_rng(11)
    people = random.integers(2_000, 60_000, 400).astype(float)
    events = random.poisson(people * (0.05 + random.normal(0, 0.008, 400)).clip(0.01)).astype(float)
    frame = areas(events.tolist(), people.tolist())
    value = pl.col("events") / pl.col("at_risk")
    beyond = {
        how: funnel(frame, ["group"], "rate", how).select((value < pl.col("lower")) | (value > pl.col("upper")))
        .to_series().mean()
        for how in ("none", "multiplicative", "additive")
    }  # fmt: skip
    assert beyond["none"] > 0.5
    assert 0.03 < beyond["multiplicative"] < 0.16
    assert 0.03 < beyond["additive"] < 0.16
    found = funnel(frame, ["group"], "rate")
    # On the scale of roots a standard deviation of .008 around .05 is .008 / (2 √.05); winsorising takes its part.
    share = found["variance_between"][0] / (0.008 / (2 * 0.05**0.5)) ** 2
    assert 0.55 < share < 0.9


@pytest.mark.parametrize("statistic", ["rate", "proportion"])
def test_chance_alone_is_not_called_dispersion(statistic: str) -> None:
    random = np.random.default_rng(4)
    trials = random.integers(400, 4000, 2000)
    events = random.binomial(trials, 0.3) if statistic == "proportion" else random.poisson(trials * 0.3)
    frame = areas(events.tolist(), trials.tolist())
    found = funnel(frame, ["group"], statistic)
    assert found["dispersion"][0] < 1.05
    z = found["z"].to_numpy()
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.05, abs=0.015)
    inside = found.filter(pl.col("events") / pl.col("at_risk") <= pl.col("upper")).height / 2000
    assert inside == pytest.approx(0.975, abs=0.012)


def test_what_is_not_known_takes_no_part() -> None:
    known, holed = areas([5, 30, 9], [100, 200, 90]), areas([5, None, 30, 2, 9], [100, 50, 200, 0, 90])
    for statistic in ("rate", "proportion"):
        for how in ("none", "additive"):
            # Two events among none at risk are no proportion at all.
            rows = holed if statistic == "rate" else holed.filter(pl.col("at_risk") != 0)
            found = funnel(rows, ["group"], statistic, how)
            assert_frame_equal(found.drop_nulls(), funnel(known, ["group"], statistic, how))
            assert found["upper"].null_count() == found.height - 3


def test_nothing_to_vary_is_null_not_a_number() -> None:
    assert funnel(areas([0, 0], [5, 9]), ["group"], "rate")["z"].to_list() == [None, None]
    assert funnel(areas([5, 9], [5, 9]), ["group"], "proportion")["lower"].to_list() == [None, None]
    one = funnel(areas([4], [9]), ["group"], "rate")
    assert one["variance_between"].to_list() == [0.0]
    assert one["z"].to_list() == [0.0]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(400, 10**6)), min_size=1, max_size=8))
def test_limits_hold_the_target_and_scores_never_grow(rows: list[tuple[int, int]]) -> None:
    frame = areas([float(y) for y, _ in rows], [float(n) for _, n in rows])
    for statistic in ("rate", "proportion"):
        for how in ("multiplicative", "additive"):
            found = funnel(frame, ["group"], statistic, how).drop_nulls()
            assert (found["lower"] <= found["target"] * (1 + 1e-9)).all()
            assert (found["upper"] >= found["target"] * (1 - 1e-9)).all()
            assert (found["z_adjusted"].abs() <= found["z"].abs() * (1 + 1e-9)).all()


def test_more_people_narrow_the_funnel() -> None:
    people = np.geomspace(1, 1e9, 60)
    lower, upper = rate_funnel(0.01, people)
    assert np.all(np.diff(lower) >= 0)
    assert np.all(np.diff(upper) <= 0)
    assert lower[0] == 0
    assert upper[0] == 1.0
    assert upper[-1] == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rate_funnel(0.0, [5.0]), "target must be finite and above zero"),
        (lambda: rate_funnel(0.1, [0.0]), "at_risk must be finite"),
        (lambda: proportion_funnel(0.2, [5.0], 95), "confidence"),
        (lambda: rate_funnel(0.2, [5.0], 95), "confidence"),
        (lambda: proportion_funnel(1.2, [5.0]), "between 0 and 1"),
        (lambda: funnel(areas([6], [5]), ["group"], "proportion"), "more events than trials"),
        (lambda: funnel(areas([-1], [5]), ["group"], "rate"), "not negative"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
