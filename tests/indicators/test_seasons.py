"""Seasons of weeks and months: how often one is seen where there is none, and what is told where there is one."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from indicators.seasons import seasonal_centre, seasons, without_season


def months(number: int) -> pl.Series:
    return pl.date_range(date(2019, 1, 1), date(2025, 12, 1), "1mo", eager=True).alias("period_start")[:number]


def test_a_season_is_seen_by_chance_in_one_series_of_a_hundred() -> None:
    random = np.random.default_rng(1)
    found = seasons(random.poisson(20.0, size=(4000, 36)).astype(np.float64), months(36), "month")
    # 40 of 4000 are promised; three standard errors are 19.
    assert found.is_established.sum() < 60
    assert np.all(found.factors[~found.is_established] == 1.0)


def test_a_season_is_told_from_growth_and_from_a_declared_jump() -> None:
    random = np.random.default_rng(2)
    starts = months(48)
    wave = np.exp(0.3 * np.cos(2 * np.pi * (starts.dt.month().to_numpy() - 7.5) / 12))
    jump = np.where(starts < date(2021, 6, 1), 1.0, 2.0)
    mean = 100 * wave * jump * 1.05 ** (np.arange(48) / 12)
    values = random.poisson(mean, size=(50, 48)).astype(np.float64)
    found = seasons(values, starts, "month", changes=(date(2021, 6, 1),))
    assert found.is_established.all()
    year = wave[-12:] / wave[-12:].mean()
    assert found.factors[:, -12:].mean(axis=0) == pytest.approx(year, rel=0.04)
    growth = seasons(random.poisson(50 * 1.3 ** (np.arange(48) / 12), size=(500, 48)).astype(float), starts, "month")
    assert growth.is_established.mean() < 0.05


def test_a_drift_is_seldom_taken_for_a_season() -> None:
    random = np.random.default_rng(7)
    weeks = pl.date_range(date(2019, 1, 7), date(2022, 12, 26), "1w", eager=True).alias("period_start")
    drift = random.normal(size=(500, len(weeks))) * 0.1
    for week in range(1, len(weeks)):
        drift[:, week] = 0.7 * drift[:, week - 1] + drift[:, week] * np.sqrt(1 - 0.7**2)
    found = seasons(random.poisson(400 * np.exp(drift)).astype(np.float64), weeks, "week")
    assert found.is_established.mean() < 0.15


def test_points_without_their_season_vary_alike_all_the_year() -> None:
    random = np.random.default_rng(3)
    factors = np.tile([0.5, 1.5], 2000)
    x = random.poisson(40 * factors).astype(np.float64)
    centre = seasonal_centre(x, factors)
    rest = without_season(x, factors, centre)
    assert centre == pytest.approx(40, rel=0.02)
    assert rest[::2].var() == pytest.approx(rest[1::2].var(), rel=0.15)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_unit_of_a_figure_changes_no_season(scale: float) -> None:
    random = np.random.default_rng(4)
    values = random.poisson(60 + 30 * np.cos(np.arange(40) * np.pi / 6), size=(5, 40)).astype(np.float64)
    plain, scaled = seasons(values, months(40), "month"), seasons(values * scale, months(40), "month")
    assert plain.is_established.all()
    assert scaled.factors == pytest.approx(plain.factors, rel=1e-9)


def test_too_short_and_empty_series_have_no_season() -> None:
    random = np.random.default_rng(5)
    wave = 60 + 30 * np.cos(np.arange(32) * np.pi / 6)
    assert not seasons(random.poisson(wave, size=(3, 32)).astype(float), months(32), "month").is_established.any()
    assert not seasons(np.zeros((2, 48)), months(48), "month").is_established.any()
    assert not seasons(np.full((2, 48), 7.0), months(48), "month").is_established.any()
    beside_negative = np.stack([np.cos(np.arange(48) * np.pi / 6), 60 + 30 * np.cos(np.arange(48) * np.pi / 6)])
    found = seasons(beside_negative + random.normal(size=(2, 48)) / 10, months(48), "month")
    assert found.is_established.tolist() == [False, True]
    assert np.all(found.factors[0] == 1.0)


def test_a_festival_that_moves_is_followed() -> None:
    """It fell in January in 2020 and 2023, in February otherwise: waves alone cannot know."""
    random = np.random.default_rng(6)
    starts = months(72)
    share = np.zeros(72)
    for year, month in ((0, 1), (1, 0), (2, 1), (3, 1), (4, 0), (5, 1)):
        share[12 * year + month] = 0.25
    values = random.poisson(400 * np.exp(-1.5 * share), size=(20, 72)).astype(np.float64)
    found = seasons(values, starts, "month", festival=share)
    assert found.is_established.all()
    ratio = found.factors[:, 48] / found.factors[:, 36]
    assert np.median(ratio) == pytest.approx(np.exp(-1.5 * 0.25), abs=0.05)
