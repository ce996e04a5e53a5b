"""Stocks: what areas state of themselves, and what their areas add up to."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.catalogue.parts import Stock
from indicators.compute import compute
from indicators.inputs import Figures
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import row

AS_OF = date(2022, 3, 31)
COLUMNS = {"area_id": pl.String, "valid_from": pl.Date} | dict.fromkeys(
    ("population", "staff", "staff_trained"), pl.Int64
)


def trained(**changed: Any) -> Any:
    return make_entry(
        kind="stock_ratio", interval="none", min_denominator=1, numerator=None, measure=None, scale=1.0, per=100.0,
        period_kinds=["year"], stock=Stock(numerator="staff_trained", denominator="staff"),
        needs=["profile.staff", "profile.staff_trained"], **changed,
    )  # fmt: skip


def figures(rows: list[tuple[Any, ...]], entry: Any = None) -> Figures:
    profile = pl.DataFrame(rows, schema=COLUMNS, orient="row")
    return compute([entry or trained()], make_inputs({}, [], profile=profile, as_of=AS_OF))


def test_a_statement_holds_until_the_next() -> None:
    rows = [
        ("n1", date(2020, 6, 1), 1000, 40, 10),
        ("n1", date(2021, 9, 1), 1000, 50, 40),
        ("n1", date(2022, 3, 1), 1000, None, 45),  # says nothing new of the staff
    ]
    found = figures(rows)
    by_year = {year: row(found, "n1", date(year, 1, 1), "year") for year in (2020, 2021, 2022)}
    assert [by_year[year]["value"] for year in (2020, 2021, 2022)] == [25.0, 80.0, 90.0]
    assert [by_year[year]["status"] for year in (2020, 2021, 2022)] == ["final", "final", "provisional"]
    assert by_year[2022]["reason"] == "period_open"
    assert by_year[2022]["lower"] is None


def test_an_area_above_has_the_sum_only_of_areas_that_all_state_it() -> None:
    both = [("n1", date(2021, 1, 1), 1, 30, 10), ("n2", date(2021, 1, 1), 1, 70, 20)]
    found = figures(both)
    north = row(found, "north", date(2021, 1, 1), "year")
    assert (north["numerator"], north["value"]) == (30, 30.0)
    # s1 states nothing: the city is not known.
    assert found.values.filter(pl.col("area_id") == "city").is_empty()
    whole = figures([*both, ("s1", date(2021, 7, 1), 1, 100, 90)])
    assert row(whole, "city", date(2021, 1, 1), "year")["value"] == 60.0


def test_what_an_area_states_of_itself_counts_before_the_sum() -> None:
    found = figures(
        [
            ("n1", date(2021, 1, 1), 1, 30, 10),
            ("n2", date(2021, 1, 1), 1, 70, 20),
            ("north", date(2021, 1, 1), 1, 200, 150),
        ]
    )
    assert row(found, "north", date(2021, 1, 1), "year")["value"] == 75.0


def test_without_its_fields_it_is_not_available() -> None:
    profile = pl.DataFrame([("n1", date(2021, 1, 1), 5)], schema=["area_id", "valid_from", "population"], orient="row")
    found = compute([trained()], make_inputs({}, [], profile=profile, as_of=AS_OF))
    assert found.availability.row(0)[1:3] == (
        "not_available",
        "needs_field:profile.staff;needs_field:profile.staff_trained",
    )


def test_nothing_of_the_other_is_nothing_to_share() -> None:
    found = row(figures([("n1", date(2021, 1, 1), 1, 0, 0)]), "n1", date(2021, 1, 1), "year")
    assert (found["status"], found["reason"], found["value"]) == ("not_available", "nothing_to_count", None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"stock": None}, "a stock_ratio has it"),
        ({"interval": "wilson"}, "takes none"),
        ({"stock": {"numerator": "cats", "denominator": "staff"}}, "no stock cats"),
    ],
)
def test_an_entry_that_does_not_agree_is_refused(changed: dict[str, Any], said: str) -> None:
    whole = trained().model_dump() | changed
    with pytest.raises(ValueError, match=said):
        type(trained()).model_validate(whole, strict=False)


AREA, DAY = st.sampled_from(["n1", "n2", "s1"]), st.dates(date(2020, 1, 1), date(2022, 6, 1))
STATEMENTS = st.dictionaries(
    st.tuples(AREA, DAY), st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=12
)


@given(STATEMENTS)
def test_children_add_up_to_their_parent(statements: dict[tuple[str, date], tuple[int, int]]) -> None:
    found = figures([(area, day, 1, n, k) for (area, day), (n, k) in statements.items()]).values
    by_area = {
        (area, start): (k, n)
        for area, start, k, n in found.select("area_id", "period_start", "numerator", "denominator").iter_rows()
    }
    for (area, start), (k, n) in by_area.items():
        if area == "city":
            parts = [by_area[child, start] for child in ("n1", "n2", "s1")]
            assert (k, n) == (sum(each[0] for each in parts), sum(each[1] for each in parts))
