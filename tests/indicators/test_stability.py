from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.stability import STABILITY_SCHEMA, stability, stability_index, stability_noise

DAYS = {"source": pl.String, "field": pl.String, "class": pl.String, "day": pl.Date, "records": pl.Int64}


@pytest.mark.parametrize(
    ("shares", "reference", "index"),
    [
        ((0.5, 0.5), (0.5, 0.5), 0.0),
        # 0.1 ln(0.6 / 0.5) - 0.1 ln(0.4 / 0.5) = 0.1 ln 1.5
        ((0.6, 0.4), (0.5, 0.5), 0.1 * np.log(1.5)),
        # 0.3 ln(0.8 / 0.5) - 0.3 ln(0.2 / 0.5) = 0.3 ln 4
        ((0.8, 0.2), (0.5, 0.5), 0.3 * np.log(4)),
        # Each pair of classes that change places adds twice the difference by the logarithm of the ratio.
        ((0.2, 0.3, 0.5), (0.5, 0.3, 0.2), 0.6 * np.log(2.5)),
    ],
)
def test_index_of_known_shares(shares: tuple[float, ...], reference: tuple[float, ...], index: float) -> None:
    many = 1e12
    assert stability_index(np.array(shares) * many, np.array(reference) * many) == pytest.approx(index, abs=1e-9)


def test_an_empty_class_counts_as_half_a_record() -> None:
    p, q = np.array([10.5, 0.5]) / 11, np.array([8.5, 2.5]) / 11
    assert stability_index([10, 0], [8, 2]) == pytest.approx(((p - q) * np.log(p / q)).sum())
    assert stability_index([10, 0, 0], [8, 2, 0]) == stability_index([10, 0], [8, 2])


@given(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)), min_size=1, max_size=9))
def test_index_is_symmetric_and_not_negative(pairs: list[tuple[int, int]]) -> None:
    counts, reference = (np.array(side) for side in zip(*pairs, strict=True))
    if counts.sum() and reference.sum():
        found = stability_index(counts, reference)
        assert found >= 0
        assert found == pytest.approx(stability_index(reference, counts))
        assert found == pytest.approx(stability_index(counts[::-1], reference[::-1]))


@pytest.mark.parametrize(
    ("counts", "reference", "message"),
    [
        ([1, 2], [1, 2, 3], "same classes"),
        ([1, -1], [1, 2], "not negative"),
        ([1, np.nan], [1, 2], "finite"),
        ([0, 0], [1, 2], "needs a record"),
    ],
)
def test_what_cannot_be_compared_is_refused(counts: list[float], reference: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        stability_index(counts, reference)


def test_noise_is_what_samples_without_drift_show() -> None:
    rng = np.random.default_rng(1)
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    pairs = zip(rng.multinomial(300, shares, 4000), rng.multinomial(2000, shares, 4000), strict=True)
    found = np.array([stability_index(counts, reference) for counts, reference in pairs])
    assert found.mean() == pytest.approx(3 * (1 / 300 + 1 / 2000), rel=0.05)
    assert (found > stability_noise(300, 2000, 4, 0.95)).mean() == pytest.approx(0.05, abs=0.012)
    assert (found > stability_noise(300, 2000, 4)).mean() == pytest.approx(0.01, abs=0.006)
    assert stability_noise(300, 2000, 1) == 0


def days(first: date, counts: list[dict[str, int]], field: str = "channel") -> pl.DataFrame:
    rows = [
        ("s", field, name, month, number)
        for at, classes in enumerate(counts)
        for month in [date(first.year + (first.month - 1 + at) // 12, (first.month - 1 + at) % 12 + 1, 3)]
        for name, number in classes.items()
    ]
    return pl.DataFrame(rows, schema=DAYS, orient="row")


def test_each_closed_month_is_held_against_the_year_before() -> None:
    usual, other = {"phone": 600, "app": 400}, {"phone": 200, "app": 800}
    found = stability(days(date(2022, 1, 1), [usual] * 12 + [usual, other, {"counter": 9}]), date(2023, 3, 30))
    assert found.schema == STABILITY_SCHEMA
    judged = found.filter(pl.col("month") >= date(2023, 1, 1)).select("month", "status", "records").rows()
    # March is not over.
    assert judged == [(date(2023, 1, 1), "stable", 1000), (date(2023, 2, 1), "large", 1000)]
    assert found["month"].min() == date(2022, 7, 1)
    closed = stability(days(date(2022, 1, 1), [usual] * 14 + [{"counter": 9}]), date(2023, 3, 31))
    assert closed["month"].max() == date(2023, 3, 1)


@pytest.mark.parametrize(
    ("month", "status"),
    [
        ({"a": 500, "b": 500}, "stable"),
        ({"a": 660, "b": 340}, "moderate"),  # .32 ln(1.94) less nothing = .106
        ({"a": 800, "b": 200}, "large"),
        ({"a": 3, "b": 5}, "unclear"),  # noise alone: 6.63 / 8 = .83
        ({"a": 24, "b": 6}, "large"),  # .42 against a noise of .22
        ({"a": 20, "b": 10}, "stable"),  # .11 within a noise of .22
    ],
)
def test_status_takes_the_marks_and_the_noise(month: dict[str, int], status: str) -> None:
    found = stability(days(date(2022, 1, 1), [{"a": 5000, "b": 5000}] * 12 + [month]), date(2023, 1, 31))
    assert found.filter(pl.col("month") == date(2023, 1, 1))["status"].to_list() == [status]


def test_months_without_records_are_neither_judged_nor_a_reference() -> None:
    usual: dict[str, int] = {"a": 50, "b": 50}
    found = stability(days(date(2022, 1, 1), [usual] * 5 + [{}] * 3 + [usual] * 3), date(2022, 11, 30))
    # In September five months are known of the year before, in October six.
    assert found["month"].to_list() == [date(2022, 10, 1), date(2022, 11, 1)]
    assert found["reference_records"].to_list() == [600, 700]


def test_only_the_newest_two_years_are_judged() -> None:
    found = stability(days(date(2019, 1, 1), [{"a": 9}] * 48), date(2022, 12, 31))
    assert found["month"].min() == date(2021, 1, 1)
    assert found.height == 24
    nothing = stability(days(date(2019, 1, 1), []), date(2022, 12, 31) + timedelta(days=1))
    assert nothing.schema == STABILITY_SCHEMA
