from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from indicators.intervals import poisson_exact_limits
from indicators.shrinkage import count_probabilities, shrunken_rates

NUMBERS = Path(__file__).parent / "conformance" / "empirical_bayes"


@pytest.fixture(scope="module")
def counties() -> pl.DataFrame:
    rows = pl.read_csv(NUMBERS / "nc_sids74_eb_marshall_choynowski.csv")
    assert rows.height == 100
    return rows.with_columns(group=pl.lit("1974"), events="SID74", at_risk="BIR74")


def areas(*rows: tuple[float | None, float | None], group: str = "a") -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema={"events": pl.Float64, "at_risk": pl.Float64}, orient="row")
    return frame.with_columns(group=pl.lit(group))


def test_every_county_equals_the_reference(counties) -> None:
    variance, mean = (float(x) for x in (NUMBERS / "params.txt").read_text().split(":")[1].split())
    found = shrunken_rates(counties, ["group"])
    for column, expected in (("prior_mean", mean), ("prior_variance", variance)):
        assert found[column].to_numpy() == pytest.approx(expected, rel=1e-12)
    assert found["rate"].to_numpy() == pytest.approx(counties["raw"].to_numpy(), rel=1e-12)
    assert found["shrunken"].to_numpy() == pytest.approx(counties["eb_marshall"].to_numpy(), rel=1e-12)


def test_probabilities_equal_the_reference(counties) -> None:
    found = count_probabilities(counties, ["group"])
    assert found["expected"].to_numpy() == pytest.approx(counties["expCount"].to_numpy(), rel=1e-12)
    assert found["relative_risk"].to_numpy() * 100 == pytest.approx(counties["relRisk"].to_numpy(), rel=1e-12)
    assert found["at_most"].to_numpy() == pytest.approx(counties["pmap"].to_numpy(), rel=1e-10)
    many = found.filter(pl.col("events") >= pl.col("expected"))
    assert many.height == 41
    at_least = stats.poisson.sf(many["events"].to_numpy() - 1, many["expected"].to_numpy())
    assert many["choynowski"].to_numpy() == pytest.approx(at_least, rel=1e-9)
    few = found.filter(pl.col("events") < pl.col("expected"))
    assert few["choynowski"].equals(few["at_most"], null_equal=False)


def test_the_posterior_limits_hold_the_true_rates() -> None:
    random = np.random.default_rng(5)
    true = random.gamma(4.0, 0.005, 3000)
    at_risk = random.integers(50, 3000, 3000).astype(float)
    found = shrunken_rates(
        pl.DataFrame({"group": "a", "events": random.poisson(true * at_risk), "at_risk": at_risk}), ["group"]
    )
    held = (found["lower"].to_numpy() <= true) & (true <= found["upper"].to_numpy())
    assert 0.94 < held.mean() < 0.96
    raw_error, error = (np.mean((found[c].to_numpy() - true) ** 2) for c in ("rate", "shrunken"))
    assert error < 0.7 * raw_error


def test_areas_that_do_not_differ_share_the_pooled_rate() -> None:
    found = shrunken_rates(areas((10, 100), (10, 100), (20, 200)), ["group"])
    low, high = poisson_exact_limits(40.0)
    assert found["prior_variance"].to_list() == [0.0] * 3
    assert found["shrunken"].to_list() == pytest.approx([0.1] * 3)
    assert found["lower"].to_list() == pytest.approx([float(low) / 400] * 3)
    assert found["upper"].to_list() == pytest.approx([float(high) / 400] * 3)


def test_what_is_not_known_is_null_and_tells_nothing_of_the_others() -> None:
    known = areas((3, 100), (30, 200), (1, 50))
    holed = areas((3, 100), (None, 80), (30, 200), (5, None), (0, 0), (1, 50))
    found = shrunken_rates(holed, ["group"])
    assert found[[0, 2, 5]].equals(shrunken_rates(known, ["group"]))
    new = [c for c in found.columns if c not in holed.columns]
    assert found[[1, 3, 4]].select(new).null_count().row(0) == (3,) * len(new)
    told = count_probabilities(holed, ["group"])
    assert told[[0, 2, 5]].equals(count_probabilities(known, ["group"]))
    assert told["choynowski"].null_count() == 3


def test_groups_have_priors_of_their_own() -> None:
    first, second = areas((3, 100), (30, 200)), areas((50, 70), (1, 50), group="b")
    both = shrunken_rates(pl.concat([first, second]), ["group"])
    apart = pl.concat([shrunken_rates(first, ["group"]), shrunken_rates(second, ["group"])])
    assert both.equals(apart)


def test_no_event_anywhere_still_has_an_upper_limit() -> None:
    found = shrunken_rates(areas((0, 100), (0, 300)), ["group"])
    assert found["shrunken"].to_list() == [0.0, 0.0]
    assert found["lower"].to_list() == [0.0, 0.0]
    assert found["upper"].to_list() == pytest.approx([3.6888794541 / 400] * 2)
    assert count_probabilities(areas((0, 100)), ["group"])["choynowski"].to_list() == [None]


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500), st.floats(0.5, 1e6)), min_size=1, max_size=12))
def test_an_estimate_lies_between_its_rate_and_the_pooled_one(rows: list[tuple[int, float]]) -> None:
    found = shrunken_rates(areas(*rows), ["group"])
    figures = found.select(pl.exclude("group")).to_numpy()
    assert np.all(np.isfinite(figures))
    low, high = (np.array(f(found["rate"], found["prior_mean"])) for f in (np.minimum, np.maximum))
    assert np.all(found["shrunken"].to_numpy() >= low * (1 - 1e-9))
    assert np.all(found["shrunken"].to_numpy() <= high * (1 + 1e-9))
    assert (found["lower"] <= found["shrunken"]).all()
    assert (found["lower"] <= found["upper"]).all()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: shrunken_rates(areas((-1, 5)), ["group"]), "events must be"),
        (lambda: shrunken_rates(areas((1, float("inf"))), ["group"]), "at_risk must be"),
        (lambda: count_probabilities(areas((1.5, 5)), ["group"]), "whole events"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
