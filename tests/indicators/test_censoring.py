"""The demonstration docs/demonstrations/censoring.md: snapshots of New York's council cases, and what came of them."""

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pytest

from docs.pictures import censoring
from indicators.survival import kaplan_meier_quantiles
from tests.indicators.new_york import DATA

PAGE = Path(__file__).parents[2] / "docs" / "demonstrations" / "censoring.md"
JUNE = date(2016, 6, 30)
SNAPSHOTS = (JUNE, date(2016, 7, 31), date(2016, 9, 30), date(2016, 12, 31))
MONTH_ENDS = pl.date_range(date(2015, 7, 1), date(2019, 1, 1), "1mo", eager=True).dt.offset_by("-1d").to_list()


@cache
def council_cases() -> pl.DataFrame:
    """Cases of the file, one row each: opened, closed (null where never)."""
    rows = pl.read_csv(DATA / "council_cases_2015_2025.csv.gz", infer_schema=False)
    day = {
        name: pl.col(column).str.to_date("%Y-%m-%d", strict=False)
        for name, column in (("opened", "opendate"), ("closed", "closedate"))
    }
    return (
        rows.unique("unique_key", keep="first", maintain_order=True)
        .select(**day)
        .filter(pl.col("opened").is_not_null(), pl.col("closed").is_null() | (pl.col("closed") >= pl.col("opened")))
    )


@pytest.fixture(scope="module")
def cases() -> pl.DataFrame:
    return council_cases()


class Seen(NamedTuple):
    """Cases opened in two months, as a snapshot shows them: in days, and shares."""

    cases: int
    still_open: float
    among_closed: float
    estimated: float | None
    lower: float | None
    upper: float | None


def seen(cases: pl.DataFrame, first: date, last: date, snapshot: date) -> Seen:
    """Look at cases opened from `first` to `last` as they stood at the end of `snapshot`."""
    known = cases.filter(pl.col("opened").is_between(first, last)).with_columns(
        is_closed=(pl.col("closed") <= snapshot).fill_null(False)
    )
    until = pl.when("is_closed").then("closed").otherwise(pl.lit(snapshot))
    counted = known.select(
        time=(until - pl.col("opened")).dt.total_days(),
        events=pl.col("is_closed").cast(pl.Int64),
        censored=(~pl.col("is_closed")).cast(pl.Int64),
        group=pl.lit(0),
    )
    estimate = kaplan_meier_quantiles(counted, ["group"]).row(0, named=True)
    among_closed = counted.filter(pl.col("events") == 1)["time"].median()
    assert isinstance(among_closed, float)
    open_share = 1 - counted["events"].sum() / counted.height
    return Seen(counted.height, open_share, among_closed, estimate["quantile"], estimate["lower"], estimate["upper"])


def two_months(snapshot: date) -> tuple[date, date]:
    first = (snapshot.replace(day=1) - timedelta(days=1)).replace(day=1)
    return first, snapshot


def picture() -> str:
    rows = [(str(day), seen(council_cases(), *two_months(JUNE), day)) for day in SNAPSHOTS]
    in_the_end = seen(council_cases(), *two_months(JUNE), date(2025, 1, 1))
    drawn = [
        (name, each.among_closed, *(float(number or 0) for number in (each.estimated, each.lower, each.upper)))
        for name, each in (*rows, ("in the end", in_the_end))
    ]
    return censoring(drawn)


def test_the_picture_is_of_these_numbers() -> None:
    assert PAGE.with_suffix(".svg").read_text(encoding="utf-8") == picture()


def test_a_snapshot_of_june_2016_makes_cases_seem_closed_at_once(cases: pl.DataFrame) -> None:
    page = PAGE.read_text(encoding="utf-8")
    first, last = two_months(JUNE)
    final = seen(cases, first, last, date(2025, 1, 1))
    for snapshot in SNAPSHOTS:
        found = seen(cases, first, last, snapshot)
        estimated = f"{found.estimated:.0f} ({found.lower:.0f} to {found.upper:.0f})"
        line = f"| {snapshot} | {found.still_open:.0%} | {found.among_closed:.0f} | {estimated} |".replace("%", " %")
        assert line in page, line
        # The estimate holds from the first day on; the median of the closed comes there years later.
        assert found.lower is not None
        assert found.upper is not None
        assert final.estimated is not None
        assert found.lower <= final.estimated <= found.upper
        assert found.among_closed < found.lower
    assert f"{final.cases:,} cases".replace(",", " ") in page
    assert f"| in the end | {final.still_open:.0%} | {final.among_closed:.0f} |".replace("%", " %") in page
    june = seen(cases, first, last, JUNE)
    assert june.among_closed == 0
    assert june.still_open > 0.4


def test_month_after_month_the_closed_alone_mislead_and_the_estimate_does_not(cases: pl.DataFrame) -> None:
    page = PAGE.read_text(encoding="utf-8")
    naive, estimated, too_low = [], [], 0
    for snapshot in MONTH_ENDS:
        first, last = two_months(snapshot)
        then, final = seen(cases, first, last, snapshot), seen(cases, first, last, snapshot + timedelta(days=366))
        assert final.estimated is not None
        assert then.estimated is not None
        naive.append(abs(then.among_closed - final.estimated))
        estimated.append(abs(then.estimated - final.estimated))
        too_low += then.among_closed < final.estimated
    mean_naive, mean_estimated = (sum(errors) / len(errors) for errors in (naive, estimated))
    assert mean_estimated < 0.1 * mean_naive
    for line in (
        f"| month ends | {len(naive)} |",
        f"| mean error of the median of the closed, days | {mean_naive:.1f} |",
        f"| mean error of the Kaplan–Meier median, days | {mean_estimated:.1f} |",
        f"| the median of the closed was too low | {too_low} times |",
    ):
        assert line in page, line
