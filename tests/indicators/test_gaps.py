"""Days between events: which days are of events, exact tests of the latest month, and charts through the engine."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations

import numpy as np
import polars as pl
import pytest

from indicators.compute import compute
from indicators.declared import Break
from indicators.disclosure import Disclosure
from indicators.gaps import event_days, gap_dispersion, gap_p_value
from tests.indicators.small_city import M, incident, reports, row

FIRST, LAST = date(2019, 1, 1), date(2021, 12, 31)
DAYS = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]


def every(days: int, area: str = "n1", until: date = LAST) -> list[dict]:
    """An event each so many days, a day earlier or later in turn: no gap is like the one before."""
    at = [n + (k % 3 - 1) for k, n in enumerate(range(days, len(DAYS), days)) if n + 1 < len(DAYS)]
    return [incident(area, DAYS[n]) for n in at if DAYS[n] <= until]


def test_an_event_counts_on_the_day_on_which_half_of_it_has_passed() -> None:
    thirds = [0.0, 1 / 3, 1 / 3, 1 / 3, 0.0, 1.0, 0.2, 0.8, 2.0, 0.0]
    assert np.flatnonzero(event_days(np.array(thirds))).tolist() == [2, 5, 7, 8]
    parts = np.full(700, 1 / 7)
    assert event_days(parts).sum() == 100


def test_both_tests_are_exact_given_the_number_of_days_with_an_event() -> None:
    """All 84 ways in which three of nine days may have had one."""
    is_latest = np.arange(9) >= 6
    told = []
    for at in combinations(range(9), 3):
        happened = np.isin(np.arange(9), at)
        told.append((happened[is_latest].sum(), 8 - max(at), *gap_p_value(happened, is_latest)))
    latest, waits, more, wait = np.array(told).T
    for column, p_values in ((latest, more), (waits, wait)):
        for value, p_value in zip(column, p_values, strict=True):
            assert p_value == pytest.approx((column >= value).mean())


def test_events_in_bursts_have_neither_chart_nor_test(inputs, entry) -> None:
    """Some dispersion makes a wait less surprising; beyond doubt, it makes it no news at all."""
    random = np.random.default_rng(1)
    assert gap_dispersion(random.geometric(0.1, size=4000) - 1)[0] == pytest.approx(1, abs=3 * np.sqrt(8 / 4000))
    happened = random.random(1000) < 0.1
    happened[-40:] = False
    plain, wider = (gap_p_value(happened, np.arange(1000) >= 970, phi) for phi in (1.0, 2.0))
    assert plain[1] < wider[1] < 0.5
    # Five days in a row with an event, and then none for fifty.
    bursts = [incident("n1", day) for n, day in enumerate(DAYS) if n % 55 < 5] + every(9, area="n2")
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": bursts}, reports(FIRST, LAST)))
    assert "n1" not in figures.gaps["area_id"]
    assert "n2" in figures.gaps["area_id"]
    assert "n1" not in figures.changes["area_id"]


def test_what_happens_no_longer_is_charted_and_listed(inputs, entry) -> None:
    rows = every(9, until=date(2021, 6, 30)) + every(11, area="n2")
    world = inputs({"msr_incident_day": rows}, reports(FIRST, LAST))
    figures = compute([entry(period_kinds=["month"])], world)
    n1 = figures.gaps.filter(pl.col("area_id") == "n1")
    assert n1["is_open"].to_list() == [False] * (n1.height - 1) + [True]
    assert n1["days"].sum() + n1.height == (LAST - date(2019, 1, 9)).days + 1
    last_event = max(each["day"] for each in rows if each["area_id"] == "n1")
    assert n1.row(-1, named=True) | {"centre": 0, "limit_low": 0, "limit_high": 0} == {
        "indicator_id": "X", "area_id": "n1", "day": LAST, "days": (LAST - last_event).days, "is_open": True,
        "centre": 0, "limit_low": 0, "limit_high": 0, "signal": "long_gap",
    }  # fmt: skip
    assert set(figures.gaps.filter(pl.col("area_id") == "n2")["signal"]) == {"none"}
    listed = {each["area_id"]: each for each in figures.changes.to_dicts()}
    assert (listed["n1"]["signal"], listed["n1"]["method"]) == ("long_wait", "gap")
    assert listed["n1"]["value"] == (LAST - last_event).days
    assert "n2" not in listed


def test_many_days_with_an_event_in_the_latest_month_are_listed(inputs, entry) -> None:
    rows = every(20) + [incident("n1", date(2021, 12, day)) for day in range(3, 29, 2)]
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, reports(FIRST, LAST)))
    n1 = next(each for each in figures.changes.to_dicts() if each["area_id"] == "n1")
    assert (n1["signal"], n1["value"]) == ("many_event_days", 13)
    assert n1["centre"] == pytest.approx(31 / 20, rel=0.1)
    # One month, one control: the districts above tell it, too, each once.
    assert figures.changes["series_tested"].unique().to_list() == [3]


def test_a_row_of_days_with_an_event_is_short_gaps(inputs, entry) -> None:
    rows = every(10) + [incident("n1", date(2020, 5, day)) for day in range(1, 7)]
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, reports(FIRST, LAST)))
    short = figures.gaps.filter((pl.col("area_id") == "n1") & (pl.col("signal") == "short_gap"))
    assert short["day"].is_between(date(2020, 5, 1), date(2020, 5, 7)).all()
    assert short.height >= 3


def test_what_is_charted_by_the_month_has_no_gaps_and_what_hardly_happens_neither(inputs, entry) -> None:
    often = [incident("n1", day, M) for day in DAYS if day.toordinal() % 5 < 2]
    world = inputs({"msr_incident_day": often + every(200, area="n2")}, reports(FIRST, LAST))
    figures = compute([entry(period_kinds=["month"])], world)
    assert set(figures.limits["area_id"]) == {"city", "north", "n1"}
    assert figures.gaps.is_empty()


def test_silent_days_are_no_wait_and_nothing_before_a_break_is_counted(inputs, entry) -> None:
    rows = every(8, until=date(2020, 12, 31)) + every(8)[-40:]
    gone = [*reports(FIRST, date(2020, 12, 31)), *reports(date(2021, 7, 1), LAST)]
    kept = [each for each in rows if each["day"].year < 2021 or each["day"] >= date(2021, 7, 1)]
    world = inputs({"msr_incident_day": kept}, gone)
    gaps = compute([entry(period_kinds=["month"])], world).gaps.filter(pl.col("area_id") == "n1")
    assert gaps["days"].max() < 20
    declared = replace(world, breaks=(Break("law", date(2021, 7, 1), indicators=["X"]),))
    after = compute([entry(period_kinds=["month"])], declared).gaps.filter(pl.col("area_id") == "n1")
    assert after["day"].min() > date(2021, 7, 1)
    assert 12 <= after.height < gaps.height


def test_where_the_figure_is_withheld_the_days_are_told_all_the_same(inputs, entry) -> None:
    rows = every(9, area="s1", until=date(2021, 6, 30))
    small = entry(period_kinds=["month"], min_denominator=1000)
    figures = compute([small], inputs({"msr_incident_day": rows}, reports(FIRST, LAST)))
    assert row(figures, "s1", date(2021, 12, 1))["status"] == "withheld"
    assert not figures.gaps.filter(pl.col("area_id") == "s1").is_empty()
    assert "s1" in figures.changes["area_id"]


def test_days_are_told_from_exact_counts_alone(inputs, entry) -> None:
    rows = every(9, until=date(2021, 6, 30)) + [incident("n2", day) for day in DAYS]
    world = inputs({"msr_incident_day": rows}, reports(FIRST, LAST))
    monthly = [entry(period_kinds=["month"])]
    exact, protected = (compute(monthly, each) for each in (world, replace(world, disclosure=Disclosure("hes"))))
    assert exact.gaps.height
    assert exact.alarms.height
    assert protected.gaps.is_empty()
    assert protected.alarms.is_empty()
    assert "gap" not in protected.changes["method"]
