"""The same period last year: the methods' own numbers, what is left out, and how often nothing is called a change."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from indicators.change import e_test, poisson_z
from indicators.inputs import VALUE_SCHEMA
from indicators.year_before import compare_with_year_before

MONTHS = pl.date_range(date(2020, 1, 1), date(2022, 12, 1), "1mo", eager=True).to_list()


def areas(number: int) -> pl.DataFrame:
    return pl.DataFrame({"area_id": [f"{n:03}" for n in range(number)], "area_level": "beat", "is_unallocated": False})


def values(counts: np.ndarray, kind: str = "month", starts: list[date] = MONTHS) -> pl.DataFrame:
    """Final figures of areas, shape (areas, periods), each at risk 10 person-years."""
    return pl.DataFrame(
        [
            {
                "indicator_id": "X", "area_id": f"{area:03}", "area_level": "beat", "period_kind": kind,
                "period_start": start, "value": float(count), "numerator": float(count), "denominator": 10.0,
                "status": "final",
            }
            for area, row in enumerate(counts)
            for start, count in zip(starts, row, strict=True)
        ],
        schema=VALUE_SCHEMA,
    )  # fmt: skip


def noisy(number: int, phi: float, mean: float = 60.0, seed: int = 1) -> np.ndarray:
    """Counts with a season and a variance of phi x the mean."""
    random = np.random.default_rng(seed)
    wave = mean * (1 + 0.25 * np.cos(np.arange(36) * np.pi / 6))
    return random.poisson(random.gamma(np.tile(wave, (number, 1)) / (phi - 1), phi - 1))


def test_each_row_is_the_tests_of_its_two_counts(entry) -> None:
    counts = noisy(12, 1.5)
    told = compare_with_year_before(values(counts), [entry()], areas(12), {})
    assert told["period_start"].unique().sort().to_list() == MONTHS[-13:]
    phi = told["dispersion"].unique().item()
    assert 1.2 < phi < 1.9
    row = told.row(by_predicate=(pl.col("area_id") == "007") & (pl.col("period_start") == date(2022, 5, 1)), named=True)
    now, before = counts[7, 28], counts[7, 16]
    assert (row["events"], row["prior_events"], row["prior_start"]) == (now, before, date(2021, 5, 1))
    assert row["rate_ratio"] == pytest.approx(now / before)
    assert row["z"] == pytest.approx(poisson_z(now, before, phi))
    assert row["p_value"] == pytest.approx(e_test(now, before, 10.0, 10.0, dispersion=phi)[0])


def test_where_nothing_changed_one_in_twenty_is_below_five_per_cent(entry) -> None:
    """Without the dispersion it would be one in ten and more."""
    counts = noisy(150, 2.0, seed=2)
    told = compare_with_year_before(values(counts), [entry()], areas(150), {})
    assert (told["p_value"] < 0.05).mean() == pytest.approx(0.05, abs=0.015)
    plain = e_test(counts[:, 24:].ravel(), counts[:, 12:24].ravel())
    assert (plain < 0.05).mean() > 0.12


def test_what_is_not_final_or_lies_beyond_a_break_is_not_compared(entry) -> None:
    frame = values(noisy(3, 1.5)).with_columns(
        status=pl.when(pl.col("period_start") == date(2022, 12, 1)).then(pl.lit("provisional")).otherwise("status")
    )
    told = compare_with_year_before(frame, [entry()], areas(3), {"X": [date(2022, 3, 1)]})
    assert told["period_start"].unique().sort().to_list() == MONTHS[-14:-10]
    other = compare_with_year_before(frame, [entry()], areas(3), {"Y": [date(2022, 3, 1)]})
    assert other["period_start"].max() == date(2022, 11, 1)
    share = entry(
        kind="proportion", interval="wilson", numerator={"column": "valid_coordinates_ppm"},
        denominator={"column": "incidents_ppm"},
    )  # fmt: skip
    assert compare_with_year_before(frame, [share], areas(3), {}).is_empty()
    # A single year of one area tells nothing of what counts vary.
    assert compare_with_year_before(frame.filter(pl.col("period_start") >= date(2022, 1, 1)).filter(area_id="000"),
                                    [entry()], areas(3), {}).is_empty()  # fmt: skip


def test_january_and_february_are_compared_together_where_the_spring_festival_moves(entry) -> None:
    counts = noisy(4, 1.5)
    told = compare_with_year_before(values(counts), [entry()], areas(4), {}, joint_new_year=True)
    assert date(2022, 1, 1) not in told["period_start"].to_list()
    february = told.row(
        by_predicate=(pl.col("area_id") == "002") & (pl.col("period_start") == date(2022, 2, 1)), named=True
    )
    assert (february["months"], february["events"]) == (2, counts[2, 24] + counts[2, 25])
    assert february["prior_events"] == counts[2, 12] + counts[2, 13]
    assert set(told.filter(pl.col("period_start") != date(2022, 2, 1))["months"]) == {1}


def test_longer_periods_take_the_dispersion_of_quarters(entry) -> None:
    counts = noisy(20, 1.5)
    quarters = counts.reshape(20, 12, 3).sum(axis=2)
    starts = MONTHS[::3]
    years = [date(year, 1, 1) for year in (2020, 2021, 2022)]
    frame = pl.concat(
        [values(quarters, "quarter", starts), values(quarters.reshape(20, 3, 4).sum(axis=2), "year", years)]
    )
    told = compare_with_year_before(frame, [entry()], areas(20), {})
    assert told.filter(period_kind="year")["period_start"].unique().to_list() == years[1:]
    assert told["dispersion"].n_unique() == 1
    assert set(told.filter(period_kind="year")["months"]) == {12}
