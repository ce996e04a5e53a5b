import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import special, stats

from indicators import concentration
from indicators.concentration import (
    adjusted_gini,
    gini,
    gini_beyond_chance,
    gini_limits,
    lorenz_curve,
    repeat_addresses,
    repeats_in_part,
    top_shares,
)

# Examples in the vignette of the R package lorenzgini 0.1.2 (Steenbeek & Bernasco): ordinary and generalised Gini.
ORDINARY = [
    ([3, 1, 1] + [0] * 7, 0.78),
    ([10, 8, 2] + [0] * 7, 0.78),
    ([5, 2, 1] + [0] * 7, 0.80),
    ([10] + [0] * 9, 0.90),
    ([10] + [0] * 99, 0.99),
]
# Of 3 + 1 + 1 a caption says .58; the formula of paper and package makes it .56.
GENERALISED = [([10, 8, 2] + [0] * 7, 0.78), ([5, 2, 1] + [0] * 7, 0.75)]
# Its "more realistic example": how many of 1000 places met 0, 1, 2, ... incidents.
SPARSE = np.repeat(np.arange(6), [433, 325, 169, 58, 11, 4])

counts = st.lists(st.integers(0, 60), min_size=1, max_size=40)


@pytest.mark.parametrize(("example", "published"), ORDINARY)
def test_gini_equals_the_reference(example: list[int], published: float) -> None:
    assert gini(example) == pytest.approx(published)


@pytest.mark.parametrize(("example", "published"), GENERALISED)
def test_adjusted_gini_equals_the_reference(example: list[int], published: float) -> None:
    assert adjusted_gini(example) == pytest.approx(published)


def test_all_in_one_place_is_one_when_unbiased() -> None:
    assert adjusted_gini([10] + [0] * 9, unbiased=True) == pytest.approx(1)
    assert adjusted_gini([10] + [0] * 99, unbiased=True) == pytest.approx(1)


def test_sparse_gini_and_its_bootstrap_limits_equal_the_reference() -> None:
    assert adjusted_gini(SPARSE, unbiased=True) == pytest.approx(0.5255617, abs=5e-8)
    # 0.4989361 and 0.5518841 of 20 000 resamples, whose limits are Monte Carlo themselves.
    limits = gini_limits(SPARSE, adjusted=True, unbiased=True, resamples=20_000, seed=1)
    assert limits == pytest.approx((0.4989, 0.5519), abs=0.0015)


def test_one_incident_each_in_half_of_the_places_is_as_even_as_can_be() -> None:
    assert gini([1] * 5 + [0] * 5) == pytest.approx(0.5)
    assert adjusted_gini([1] * 5 + [0] * 5) == pytest.approx(0)


def test_gini_of_a_known_distribution() -> None:
    # Of places with 0, 1, ... n incidents: (n + 2) / (3 (n + 1)), towards the third of the uniform distribution.
    n = 200
    assert gini(np.arange(n + 1)) == pytest.approx((n + 2) / (3 * (n + 1)))


def test_lorenz_curve_and_top_shares_by_hand() -> None:
    curve = lorenz_curve([5, 0, 3, 2])
    assert curve["event_share"].to_list() == pytest.approx([0, 0, 0.2, 0.5, 1])
    assert curve["place_share"].to_list() == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert top_shares([5, 0, 3, 2], (0.25, 0.375, 1.0, 0.0))["event_share"].to_list() == pytest.approx(
        [0.5, 0.65, 1, 0]
    )


def test_equal_rates_on_unequal_hours_are_even() -> None:
    assert gini([1, 10, 100], exposure=[5, 50, 500]) == pytest.approx(0)
    # Two thirds of the hours have a quarter of the incidents.
    assert gini([3, 1], exposure=[1, 2]) == pytest.approx(2 / 3 - 1 / 4)


def test_poisson_gini_is_the_published_one() -> None:
    # A Poisson population has G = exp(-2m) (I0(2m) + I1(2m)); a sample of n places (n - 1) / n of it, nearly.
    for mean, n in ((1.0, 400), (5.0, 400)):
        found = gini_beyond_chance([int(mean)] * n, seed=2)
        published = special.ive(0, 2 * mean) + special.ive(1, 2 * mean)
        assert found.expected == pytest.approx(published * (n - 1) / n, abs=0.002)
        assert found.excess == pytest.approx(-found.expected)
        assert found.p_value == 1


def test_chance_on_unequal_hours_is_exact_to_the_monte_carlo_error() -> None:
    hours, total = np.array([1.0, 2.0, 4.0, 8.0]), 30
    expected = 0.0
    for i in range(4):
        for j in range(i):
            both, share = hours[i] + hours[j], hours[i] / (hours[i] + hours[j])
            for m in range(total + 1):
                apart = np.abs(np.arange(m + 1) - m * share) @ stats.binom.pmf(np.arange(m + 1), m, share)
                expected += stats.binom.pmf(m, total, both / hours.sum()) * both * apart
    expected /= hours.sum() * total
    found = gini_beyond_chance([2, 4, 8, 16], hours, draws=20_000, seed=3)
    assert found.expected == pytest.approx(expected, abs=0.003)


@pytest.mark.slow
def test_chance_alone_is_beyond_chance_at_the_nominal_rate() -> None:
    random = np.random.default_rng(4)
    found = [gini_beyond_chance(random.poisson(3, 25), draws=199, seed=n) for n in range(400)]
    assert 0.02 < np.mean([each.p_value <= 0.05 for each in found]) < 0.09
    assert 0.90 < np.mean([each.chance_low <= each.observed <= each.chance_high for each in found]) < 0.99
    assert np.mean([each.excess for each in found]) == pytest.approx(0, abs=0.01)


def test_a_hot_place_is_beyond_chance() -> None:
    found = gini_beyond_chance([80] + [3] * 24, draws=999)
    assert found.p_value == 0.001
    assert found.excess > 0.1
    assert found.observed > found.chance_high


@pytest.mark.slow
def test_bootstrap_limits_cover_the_true_coefficient() -> None:
    random, mean = np.random.default_rng(6), 4.0
    true = special.ive(0, 2 * mean) + special.ive(1, 2 * mean)
    limits = [gini_limits(random.poisson(mean, 150), resamples=400, seed=n) for n in range(300)]
    assert 0.89 < np.mean([low <= true <= high for low, high in limits]) < 0.99


@pytest.mark.slow
@pytest.mark.parametrize("example", [[0, 0, 0, 0, 1, 1, 2, 3, 40], [0] * 15 + [1, 1, 2, 9, 12]])
def test_limits_of_few_skewed_places_equal_scipys(example: list[int]) -> None:
    def batch(sample: np.ndarray, axis: int = -1) -> np.ndarray:
        return np.apply_along_axis(lambda one: np.nan_to_num(gini(one) or 0.0), axis, sample)

    with np.errstate(all="ignore"):
        reference = stats.bootstrap(
            (np.array(example),), batch, n_resamples=6000, method="BCa", rng=np.random.default_rng(1)
        ).confidence_interval
    # Percentiles without the corrections are .32 and .02 off at the lower end.
    assert gini_limits(example, resamples=20_000, seed=2) == pytest.approx(tuple(reference), abs=0.015)


@pytest.mark.parametrize(("places", "least", "most"), [(6, 1.3, 2.5), (150, 1.0, 1.05)])
def test_expanded_limits_are_wider_where_places_are_few(places: int, least: float, most: float) -> None:
    """By 2.82 / 1.96 with six places, if the coefficient were normal, and by 1.98 / 1.96 with 150."""
    counts = np.random.default_rng(5).poisson(np.geomspace(2, 60, places))
    plain, expanded = (gini_limits(counts, expanded=each, resamples=20_000) for each in (False, True))
    assert plain is not None
    assert expanded is not None
    assert expanded[0] <= plain[0] < plain[1] <= expanded[1]
    assert least < (expanded[1] - expanded[0]) / (plain[1] - plain[0]) < most


def test_blocks_of_draws_give_the_same_kind_of_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gini_limits(SPARSE, resamples=500, seed=9), gini_beyond_chance(SPARSE[::20], draws=99, seed=9)
    monkeypatch.setattr(concentration, "DRAWN_AT_ONCE", 20)
    assert gini_limits(SPARSE, resamples=500, seed=9) == pytest.approx(whole[0])
    assert gini_beyond_chance(SPARSE[::20], draws=99, seed=9) == whole[1]


def test_repeat_addresses_by_chance_are_those_of_the_birthday_problem() -> None:
    # 23 people: by linearity, 365 days times the chance that a day is two people's or more's.
    expected = 365 * stats.binom.sf(1, 23, 1 / 365)
    found = repeat_addresses(0, 23, 365, draws=20_000, seed=1)
    assert found.expected == pytest.approx(expected)
    # No shared birthday: 1 - .5073 (Feller).
    none_shared = repeat_addresses(1, 23, 365, draws=20_000, seed=1)
    assert none_shared.p_value == pytest.approx(0.5073, abs=0.01)


def test_repeat_addresses_beyond_chance() -> None:
    found = repeat_addresses(60, 1000, 20_000, draws=999)
    assert found.excess == pytest.approx(60 - 20_000 * stats.binom.sf(1, 1000, 1 / 20_000))
    assert found.p_value == 0.001
    assert found.chance_low < found.expected < found.chance_high < 60


def test_draws_of_repeats_have_the_exact_mean() -> None:
    found = repeat_addresses(3, 40, 30, draws=4000, seed=5)
    # Crowded: some addresses have three incidents or more and count once.
    assert (found.chance_low + found.chance_high) / 2 == pytest.approx(found.expected, abs=1)
    assert found.p_value > 0.999


def test_without_incidents_there_is_no_figure() -> None:
    assert gini([0, 0, 0]) is None
    assert gini([]) is None
    assert adjusted_gini([0, 0]) is None
    assert adjusted_gini([1, 0], unbiased=True) is None
    assert gini_beyond_chance([0, 0]) is None
    assert gini_limits([0, 0, 0]) is None
    assert gini_limits([4, 4, 4]) is None
    assert repeat_addresses(0, 0, 10) is None
    assert lorenz_curve([0, 0]).height == 0
    assert top_shares([0, 0])["event_share"].null_count() == 5


@given(counts, st.integers(2, 9))
def test_gini_is_a_share_and_knows_no_scale(each: list[int], times: int) -> None:
    assume(sum(each))
    value = gini(each)
    assert 0 <= value <= 1 - 1 / len(each) + 1e-12
    assert gini([times * x for x in each]) == pytest.approx(value)
    assert gini(each * times) == pytest.approx(value)
    assert gini(each[::-1]) == pytest.approx(value)
    assert gini(each, exposure=[7.0] * len(each)) == pytest.approx(value)
    assert -1e-12 <= adjusted_gini(each) <= value + 1e-12


@given(counts, st.data())
def test_lorenz_curve_is_convex_below_the_diagonal_and_its_area_is_the_gini(each: list[int], data) -> None:
    assume(sum(each))
    hours = data.draw(st.lists(st.integers(1, 50), min_size=len(each), max_size=len(each)))
    curve = lorenz_curve(each, hours)
    x, y = curve["place_share"].to_numpy(), curve["event_share"].to_numpy()
    assert np.all(y <= x + 1e-12)
    assert np.all(np.diff(np.diff(y) / np.diff(x)) >= -1e-9)
    assert 1 - 2 * np.trapezoid(y, x) == pytest.approx(gini(each, hours), abs=1e-12)


@given(counts)
def test_top_shares_rise_to_all(each: list[int]) -> None:
    assume(sum(each))
    shares = top_shares(each, (0.0, 0.1, 0.2, 0.5, 1.0))["event_share"].to_numpy()
    assert shares[0] == 0
    assert shares[-1] == 1
    assert np.all(shares >= np.array([0, 0.1, 0.2, 0.5, 1]) - 1e-12)
    assert np.all(np.diff(shares) >= 0)


@given(st.lists(st.integers(0, 6), min_size=3, max_size=30), st.integers(0, 99))
def test_limits_are_none_or_an_interval(each: list[int], seed: int) -> None:
    limits = gini_limits(each, resamples=60, seed=seed)
    assert limits is None or 0 <= limits[0] <= limits[1] <= 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gini([-1, 2]), "not negative"),
        (lambda: gini([np.nan]), "finite"),
        (lambda: gini([1, 2], exposure=[1, 0]), "above zero"),
        (lambda: gini([1, 2], exposure=[1]), "same places"),
        (lambda: gini_beyond_chance([1.5, 1.5]), "whole incidents"),
        (lambda: adjusted_gini([0.5, 1]), "whole incidents"),
        (lambda: gini_limits([1, 2, 3], [1, 1, 1], adjusted=True), "no exposure"),
        (lambda: gini_limits([1, 2, 3], confidence=95), "confidence"),
        (lambda: gini_beyond_chance([1, 2, 3], confidence=95), "confidence"),
        (lambda: top_shares([1], (5,)), "between 0 and 1"),
        (lambda: repeat_addresses(3, 5, 10), "need 6 incidents"),
        (lambda: repeat_addresses(0, 5, 0), "an address at least"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.slow
@pytest.mark.parametrize("days", [30, 90])
def test_repeats_dealt_out_at_random_are_those_expected(days: int) -> None:
    """Whatever the addresses: few of them have most incidents, and singles are not looked at."""
    random = np.random.default_rng(4)
    risk = random.pareto(1.5, 400)
    excess, within = [], 0
    for number in range(300):
        address = random.choice(400, 300, p=risk / risk.sum())
        in_part = random.random(300) < days / 365
        held = np.bincount(address)
        observed = int(np.count_nonzero(np.bincount(address[in_part]) >= 2))
        found = repeats_in_part(observed, held[held >= 2], 300, int(in_part.sum()), draws=499, seed=number)
        excess.append(found.excess)
        within += found.chance_low <= observed <= found.chance_high
    assert abs(np.mean(excess)) < 4 * np.std(excess) / np.sqrt(300)
    # Counts are whole, so that the limits hold more than 95 %.
    assert within / 300 >= 0.94


def test_repeats_in_part_are_exact() -> None:
    # Of three incidents at an address, two or three fall into a half as often as none or one.
    assert repeats_in_part(1, [3], 10, 5).expected == pytest.approx(0.5)
    # Of two both fall into five of ten: 5 * 4 of 10 * 9 times.
    assert repeats_in_part(1, [2, 2], 10, 5).expected == pytest.approx(2 * 20 / 90)
    whole = repeats_in_part(4, [2, 2, 3, 9], 20, 20)
    assert (whole.expected, whole.excess, whole.chance_low, whole.chance_high) == (4, 0, 4, 4)
    none = repeats_in_part(0, [], 20, 5)
    assert (none.expected, none.excess) == (0, 0)
    with pytest.raises(ValueError, match="need 6 of 5 incidents"):
        repeats_in_part(3, [2, 2, 2], 10, 5)
