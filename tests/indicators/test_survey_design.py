"""Estimates of samples: published numbers, what a design must and must not change, and how often limits hold."""

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.survey_design import (
    Design,
    Estimate,
    correlation,
    correlation_limits,
    difference,
    mean,
    normal_limits,
    p_value,
    proportion_limits,
    ratio,
    t_limits,
    total,
)

SURVEY = Path(__file__).parent / "conformance" / "survey"
PRINTED = (SURVEY / "expected.txt").read_text(encoding="utf-8")
SCHOOLS = pl.read_csv(SURVEY / "apistrat.csv")


def schools() -> Design:
    strata = SCHOOLS["stype"].cast(pl.Enum(["E", "H", "M"])).to_physical().to_numpy().astype(np.int64)
    return Design(
        SCHOOLS["pw"].to_numpy(), strata, np.arange(SCHOOLS.height), SCHOOLS["fpc"].to_numpy().astype(np.float64)
    )


def column(name: str) -> np.ndarray:
    return SCHOOLS[name].to_numpy().astype(np.float64)


def printed(row: str) -> list[float]:
    """The numbers of a printed line that begins so, the last of several."""
    *_, line = (line for line in PRINTED.splitlines() if line.startswith(row))
    return [float(each) for each in re.findall(r"-?\d+\.\d+", line.removeprefix(row))]


def alone(n: int) -> Design:
    return Design(np.ones(n), np.zeros(n, dtype=np.int64), np.arange(n))


def test_the_mean_and_its_limits_are_as_published() -> None:
    found = mean(schools(), column("api00"))
    assert found.value == pytest.approx(662.2873632, abs=5e-8)
    assert [found.standard_error] == pytest.approx(printed("api00 662.2873632"), abs=5e-6)
    assert normal_limits(found) == pytest.approx((643.846178053, 680.728548265), abs=1e-8)


def test_the_total_is_as_published() -> None:
    found = total(schools(), column("enroll"))
    assert [found.value, found.standard_error] == pytest.approx(printed("enroll"), rel=1e-9)


def test_the_ratio_is_as_published() -> None:
    found = ratio(schools(), column("api00"), column("api99"))
    assert found.value == pytest.approx(1.05226054622, abs=1e-11)
    assert found.standard_error == pytest.approx(0.00364392223084, abs=1e-13)


@pytest.mark.parametrize("kind", ["E", "H", "M"])
def test_domains_are_as_published(kind: str) -> None:
    found = mean(schools(), column("api00"), (SCHOOLS["stype"] == kind).to_numpy())
    assert [found.value, found.standard_error] == pytest.approx(printed(f"{kind}     {kind}"), abs=1e-8)


def test_the_proportion_and_its_limits_are_as_published() -> None:
    found = mean(schools(), (SCHOOLS["sch.wide"] == "Yes").to_numpy().astype(np.float64))
    assert [found.value, found.standard_error] == pytest.approx(printed("sch.wideYes"), abs=5e-6)
    assert found.value == pytest.approx(0.8279480114, abs=5e-11)
    other = mean(schools(), (SCHOOLS["sch.wide"] == "No").to_numpy().astype(np.float64))
    assert [other.value, other.standard_error] == pytest.approx(printed("sch.wideNo"), abs=5e-6)
    assert other.value == pytest.approx(0.1720519886, abs=5e-11)
    assert found.freedom == 197
    assert proportion_limits(found) == pytest.approx((0.774539654352, 0.870814854545), abs=1e-9)


def test_a_simple_sample_is_as_the_textbook_has_it() -> None:
    answers = np.array([1.0, 2, 2, 3, 5, 4, 1, 1])
    found = mean(alone(8), answers)
    assert found.standard_error == pytest.approx(answers.std(ddof=1) / np.sqrt(8))
    assert found.design_effect == pytest.approx(1)
    assert (found.respondents, found.effective, found.freedom) == (8, pytest.approx(8), 7)


def test_clusters_that_agree_within_tell_no_more_than_one_answer_each() -> None:
    answers = np.repeat([0.0, 1, 1, 0, 1, 0, 0, 1, 1, 1], 12)
    design = Design(np.ones(120), np.zeros(120, dtype=np.int64), np.arange(120) // 12)
    found = mean(design, answers)
    assert found.standard_error == pytest.approx(mean(alone(10), answers[::12]).standard_error)
    assert found.effective == pytest.approx(10, rel=0.15)


def test_all_of_a_population_leaves_nothing_open() -> None:
    answers = np.array([1.0, 4, 2, 5])
    whole = Design(np.ones(4), np.zeros(4, dtype=np.int64), np.arange(4), np.full(4, 4.0))
    assert mean(whole, answers).standard_error == 0
    assert proportion_limits(mean(whole, np.array([1.0, 0, 1, 0]))) == (0.5, 0.5)


def test_a_lonely_cluster_widens_instead_of_vanishing() -> None:
    answers = np.array([1.0, 1, 0, 1, 0, 0, 1])
    lonely = Design(np.ones(7), np.array([0, 0, 0, 1, 1, 1, 2]), np.arange(7))
    assert (
        mean(lonely, answers).standard_error
        > mean(Design(np.ones(7), np.array([0, 0, 0, 1, 1, 1, 1]), np.arange(7)), answers).standard_error * 0.9
    )
    assert mean(lonely, answers).freedom == 4


@given(st.integers(0, 2**32), st.floats(0.1, 50))
@settings(max_examples=25, deadline=None)
def test_scale_of_weights_and_order_do_not_matter(seed: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    weights, strata, clusters = random.uniform(0.5, 3, 40), random.integers(0, 3, 40), random.integers(0, 8, 40)
    answers, order = random.integers(0, 2, 40).astype(float), random.permutation(40)
    domain = random.random(40) < 0.7
    if not domain.any():
        return
    one = mean(Design(weights, strata, clusters), answers, domain)
    other = mean(Design(weights[order] * scale, strata[order], clusters[order]), answers[order], domain[order])
    assert (other.value, other.standard_error) == pytest.approx((one.value, one.standard_error), abs=1e-12)
    low, high = proportion_limits(one)
    assert one.freedom == 0 or 0 <= low <= one.value + 1e-12 <= high + 2e-12 <= 1 + 2e-12


def test_what_the_margins_explain_does_not_vary() -> None:
    random = np.random.default_rng(3)
    classes = random.integers(0, 3, 90)
    margins = np.eye(3)[classes]
    design = Design(random.uniform(1, 2, 90), np.zeros(90, dtype=np.int64), np.arange(90), margins=margins)
    assert mean(design, classes.astype(float)).standard_error == pytest.approx(0, abs=1e-12)
    noise = random.standard_normal(90)
    assert mean(design, classes + noise).standard_error == pytest.approx(mean(design, noise).standard_error)


def test_groups_of_the_same_clusters_differ_by_what_they_do_not_share() -> None:
    """Two people of each household who always differ by one: their gap is certain, however households vary."""
    random = np.random.default_rng(5)
    household = np.repeat(np.arange(30), 2)
    answers = random.normal(0, 5, 30)[household] + np.tile([1.0, 0.0], 30)
    design = Design(np.ones(60), np.zeros(60, dtype=np.int64), household)
    first = np.tile([True, False], 30)
    found = difference(design, answers, first, ~first)
    assert found.value == pytest.approx(1)
    assert found.standard_error == pytest.approx(0, abs=1e-12)
    apart = difference(alone(60), answers, first, ~first)
    parts = [mean(alone(60), answers, each).standard_error for each in (first, ~first)]
    assert apart.standard_error == pytest.approx(np.hypot(*parts))


def test_limits_hold_the_truth_of_a_stratified_cluster_sample() -> None:
    """At 95 %, of 300 samples of 3 strata with 12 clusters of 10, unequally weighted."""
    random = np.random.default_rng(11)
    strata, people = np.repeat([0, 1, 2], 120), np.array([600.0, 250, 150])
    clusters, weights = np.arange(360) // 10, people[strata] / 120
    level = np.array([0.3, 0.5, 0.8])
    held = 0
    for _ in range(300):
        chance = np.clip(level[strata] + random.normal(0, 0.1, 36)[clusters], 0, 1)
        found = mean(Design(weights, strata, clusters), (random.random(360) < chance).astype(float))
        low, high = proportion_limits(found)
        held += low <= people @ level / 1000 <= high
    assert 0.91 <= held / 300 <= 0.985


def test_correlation_of_a_simple_sample_is_pearsons_and_its_limits_hold() -> None:
    random = np.random.default_rng(2)
    held = 0
    for _ in range(200):
        one = random.standard_normal(80)
        other = 0.6 * one + 0.8 * random.standard_normal(80)
        found = correlation(alone(80), one, other)
        assert found.value == pytest.approx(np.corrcoef(one, other)[0, 1])
        low, high = correlation_limits(found)
        held += low <= 0.6 <= high
    assert 0.9 <= held / 200 <= 0.985


def test_equal_answers_leave_the_exact_limits_of_the_effective_number() -> None:
    found = mean(alone(50), np.ones(50))
    assert proportion_limits(found) == (pytest.approx(0.025 ** (1 / 50)), 1.0)
    assert proportion_limits(mean(alone(50), np.zeros(50)))[0] == 0


def test_without_a_degree_of_freedom_there_is_no_limit_and_no_test() -> None:
    one_cluster = Design(np.ones(6), np.zeros(6, dtype=np.int64), np.zeros(6, dtype=np.int64))
    found = mean(one_cluster, np.array([0.0, 1, 1, 0, 1, 1]))
    assert (found.freedom, found.effective) == (0, 0)
    assert np.isnan(proportion_limits(found)).all()
    assert np.isnan(proportion_limits(mean(one_cluster, np.ones(6)))).all()
    assert np.isnan(p_value(Estimate(1, 1, 1, 6, 6, 0)))
    assert np.isnan(t_limits(Estimate(1, 1, 1, 6, 6, 0))).all()


def test_few_clusters_are_not_told_to_be_surer_than_a_simple_sample() -> None:
    """Clusters that happen to agree: nothing between them varies, and everything within."""
    answers = np.tile([0.0, 1.0], 20)
    for clusters, is_few in ((8, True), (40, False)):
        number = np.arange(40) // 2 % clusters if is_few else np.arange(40)
        found = mean(Design(np.ones(40), np.zeros(40, dtype=np.int64), number), answers)
        told = found.cautious()
        assert (told == found) is not is_few
        assert told.standard_error >= found.simple_error * (1 - 1e-12) or not is_few
    assert found.simple_error == pytest.approx(answers.std(ddof=1) / np.sqrt(40))


def test_p_value_is_students() -> None:
    assert p_value(Estimate(2.0, 1.0, 1, 30, 30, 10)) == pytest.approx(0.0734, abs=1e-4)


@pytest.mark.parametrize(
    ("weights", "population", "problem"),
    [([], None, "respondents"), ([1.0, 0.0], None, "above 0"), ([1.0, 2.0], [1.0, 1.0], "fewer clusters")],
)
def test_impossible_designs_are_refused(weights: list[float], population: list[float] | None, problem: str) -> None:
    n = len(weights)
    with pytest.raises(ValueError, match=problem):
        Design(
            np.array(weights),
            np.zeros(n, dtype=np.int64),
            np.arange(n),
            None if population is None else np.array(population),
        )
