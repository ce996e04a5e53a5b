"""What docs/demonstrations/ says of New York's vehicle thefts is computed here, and must be what the pages print."""

import itertools
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from docs.pictures import false_evaluations
from docs.pictures import rank_intervals as picture_of_intervals
from indicators.dispersion import dispersion
from indicators.evaluation import wdd
from indicators.ranks import rank_intervals
from indicators.shrinkage import shrunken_rates
from tests.indicators.new_york import residents, vehicle_thefts

PAGES = Path(__file__).parents[2] / "docs" / "demonstrations"
MONTHS = 48  # 2014 to 2017
EVALUATIONS = 5000
QUARTERS = MONTHS // 3
TOP = 10
# Months of a window, and precincts treated.
SETTINGS = ((6, 1), (6, 3), (12, 3))
SEED = 20180705


def monthly_thefts() -> np.ndarray:
    """Thefts by precinct (in id order) and month."""
    month = (pl.col("day").dt.year().cast(pl.Int64) - 2014) * 12 + pl.col("day").dt.month() - 1
    thefts = vehicle_thefts().with_columns(month=month).filter(pl.col("month").is_between(0, MONTHS - 1))
    areas = pl.DataFrame({"area_id": residents()["area_id"].sort()})
    grid = areas.join(pl.DataFrame({"month": range(MONTHS)}, schema={"month": pl.Int64}), how="cross")
    counted = grid.join(thefts.group_by("area_id", "month").len(), on=["area_id", "month"], how="left")
    return counted.sort("area_id", "month")["len"].fill_null(0).to_numpy().reshape(areas.height, MONTHS).astype(float)


class Rejected(NamedTuple):
    """Share of placebo evaluations that reject at a nominal 5 %."""

    nominal: float
    dispersed: float
    permuted: float
    median_phi: float


@cache
def placebo_evaluations(months: int, treated: int, seed: int) -> Rejected:
    """Evaluate what never was: in a random month, in `treated` random precincts against as many others."""
    thefts, random = monthly_thefts(), np.random.default_rng(seed)
    counts, spreads, permuted = [], [], []
    for _ in range(EVALUATIONS):
        start = random.integers(0, MONTHS - 2 * months + 1)
        windows = thefts[:, start : start + 2 * months].reshape(len(thefts), 2, months).sum(axis=2)
        order = random.permutation(len(thefts))
        others = windows[order[2 * treated :]]
        counts.append(windows[order[: 2 * treated]].reshape(2, treated, 2).sum(axis=1))
        spreads.append(dispersion(others))
        # 199 placebos of each from the precincts without a role, as `placebo_p_value` draws them.
        drawn = np.argsort(random.random((199, len(others))), axis=1)[:, : 2 * treated]
        placebos = wdd(others[drawn].reshape(199, 2, treated, 2).sum(axis=2))["z"].abs()
        permuted.append((placebos >= abs(wdd(counts[-1])["z"][0]) - 1e-12).sum() + 1)
    phi, degrees = np.array(spreads).T
    nominal, dispersed = wdd(np.array(counts)), wdd(np.array(counts), dispersion=phi, degrees=degrees)
    return Rejected(
        float((nominal["p_value"] < 0.05).mean()),
        float((dispersed["p_value"] < 0.05).mean()),
        float(np.mean(np.array(permuted) / 200 <= 0.05)),
        float(np.median(phi)),
    )


def picture_of_false_evaluations() -> str:
    names = [f"{months} months, {treated} treated" for months, treated in SETTINGS]
    found = [placebo_evaluations(*each, seed=SEED) for each in SETTINGS]
    return false_evaluations([(name, each[:3]) for name, each in zip(names, found, strict=True)])


class Ranking(NamedTuple):
    """How much of a quarter's order of precincts is left in the next."""

    gone: float
    gone_by_rise: float
    error_of_rates: float
    error_of_shrunken: float
    interval_width: float
    surely_worst: float
    of_last_quarter: pl.DataFrame


def picture_of_ranks() -> str:
    last = rankings().of_last_quarter.sort("rate", descending=True)
    drawn = (last[name].to_numpy() for name in ("rank_lower", "rank_upper", "rank"))
    return picture_of_intervals(*drawn, TOP)


@cache
def rankings() -> Ranking:
    """Order precincts by their thefts per resident, quarter by quarter; those under 1 000 person-years left out."""
    people = residents().sort("area_id")
    quarters = monthly_thefts().reshape(people.height, QUARTERS, 3).sum(axis=2)
    large = people["residents"].to_numpy() / 4 >= 1000
    areas, person_years = people["area_id"].filter(pl.Series(large)), people["residents"].to_numpy()[large] / 4
    counts = quarters[large]
    figures = shrunken_rates(
        pl.DataFrame(
            {
                "quarter": np.repeat(np.arange(QUARTERS), len(areas)),
                "area_id": np.tile(areas.to_numpy(), QUARTERS),
                "events": counts.T.ravel(),
                "at_risk": np.tile(person_years, QUARTERS),
            }
        ),
        ["quarter"],
    )
    posterior = ("posterior_shape", "posterior_rate")
    ranks = rank_intervals(figures, ["quarter"], "gamma", posterior, "lower", TOP, draws=1000)
    rates, shrunken = (figures[name].to_numpy().reshape(QUARTERS, -1) for name in ("rate", "shrunken"))
    rises = np.diff(counts.T, axis=0)
    surely = ranks.filter(pl.col("probability_worst") > 0.95).height / QUARTERS
    return Ranking(
        left_the_top(rates),
        left_the_top(rises),
        *(float(np.mean(((told[:-1] - rates[1:]) * person_years) ** 2)) for told in (rates, shrunken)),
        float((ranks["rank_upper"] - ranks["rank_lower"] + 1).median()),
        surely,
        ranks.filter(pl.col("quarter") == QUARTERS - 1),
    )


def left_the_top(figures: np.ndarray) -> float:
    """Mean number of the `TOP` largest of a period that are not among those of the next."""
    tops = [set(np.argsort(-period, kind="stable")[:TOP]) for period in figures]
    return float(np.mean([len(now - later) for now, later in itertools.pairwise(tops)]))


@pytest.mark.slow
@pytest.mark.parametrize(("months", "treated"), SETTINGS)
def test_false_evaluations_are_as_rare_as_they_claim_once_dispersion_is_in(months: int, treated: int) -> None:
    found = placebo_evaluations(months, treated, seed=SEED)
    assert found.nominal > 0.13
    # 5 000 evaluations of a true 5 % lie within .6 points; those of one period are not independent of each other.
    assert found.dispersed == pytest.approx(0.05, abs=0.01)
    assert found.permuted == pytest.approx(0.05, abs=0.01)
    line = (
        f"| {months} | {treated} | {found.median_phi:.1f} | {found.nominal:.1%} | {found.dispersed:.1%} "
        f"| {found.permuted:.1%} |"
    )
    assert line.replace("%", " %") in (PAGES / "false-evaluation.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_another_seed_finds_the_same() -> None:
    found = placebo_evaluations(*SETTINGS[0], seed=1)
    assert found.nominal == pytest.approx(0.144, abs=0.002)
    assert found.dispersed == pytest.approx(0.05, abs=0.01)
    assert found.permuted == pytest.approx(0.05, abs=0.01)


@pytest.mark.slow
def test_half_of_a_ranking_is_noise_and_shrinkage_predicts_better() -> None:
    found = rankings()
    assert 4 < found.gone < 6
    assert found.gone_by_rise > 9
    assert found.error_of_shrunken < 0.95 * found.error_of_rates
    page = (PAGES / "noise-ranking.md").read_text(encoding="utf-8")
    for text in (
        f"| of the ten highest rates, gone in the next quarter | {found.gone:.1f} |",
        f"| of the ten largest rises, gone in the next quarter | {found.gone_by_rise:.1f} |",
        f"| mean squared error of the next quarter's thefts, foretold by the rate | {found.error_of_rates:.1f} |",
        f"| the same, foretold by the shrunken rate | {found.error_of_shrunken:.1f} |",
        f"| ranks in a 95 % interval, median, of 76 | {found.interval_width:.0f} |",
        f"| precincts a quarter that are among the ten worst with probability above 95 % | {found.surely_worst:.1f} |",
    ):
        assert text in page, text


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "drawn"), [("false-evaluation", picture_of_false_evaluations), ("noise-ranking", picture_of_ranks)]
)
def test_pictures_are_of_these_numbers(name: str, drawn: Callable[[], str]) -> None:
    assert (PAGES / f"{name}.svg").read_text(encoding="utf-8") == drawn()
