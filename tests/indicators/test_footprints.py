"""Figures renewed after changes are those of a full computation, and only what a change reaches is computed anew."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from indicators import compute as engine
from indicators.catalogue.entries import COMPUTED as METHODS
from indicators.catalogue.entries import WITHOUT_MEASURE, Entry
from indicators.cells import Source
from indicators.compute import FIGURES, compute
from indicators.disclosure import Disclosure
from indicators.footprints import FOOTPRINTS, Computed, Renewal, reached
from indicators.inputs import Inputs
from indicators.periods import PERIOD_KINDS, periods_between
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import M, incident

FIRST, AS_OF = date(2020, 6, 10), date(2021, 11, 20)
EVERY = list(PERIOD_KINDS)
ENTRIES = [
    make_entry(id="rate", period_kinds=EVERY, min_denominator=300),
    make_entry(id="severity", kind="weighted_rate", interval="dobson", period_kinds=EVERY, min_denominator=300),
    make_entry(
        id="share", kind="proportion", interval="wilson", per=100.0, min_denominator=3, maturity_days=20,
        numerator={"column": "incidents_ppm", "where": {"category": ["05"]}},
        denominator={"column": "incidents_ppm"}, period_kinds=EVERY,
    ),
    make_entry(
        id="minutes", measure="msr_patrol_day", interval="daily_cluster", numerator={"column": "patrol_seconds"},
        count="patrols", scale=60.0, unusable={"missing": "duration_missing"}, period_kinds=["week", "rolling_12m"],
    ),
    make_entry(
        id="median", kind="survival_quantile", interval="kaplan_meier", measure="msr_service_duration_month",
        opened_measure="msr_service_day", numerator=None, scale=86400.0, min_denominator=2,
        period_kinds=["month", "rolling_12m"],
    ),
    make_entry(
        id="patrols", kind="ratio", interval="ratio_of_counts", measure="msr_patrol_day",
        numerator={"column": "patrols"}, scale=1.0, per=100.0, min_denominator=2,
        base={"measure": "msr_incident_day", "column": "incidents_ppm", "scale": 1e6},
        period_kinds=["month", "rolling_12m"],
    ),
    make_entry(
        id="repeats", kind="repeat_addresses", interval="permutation", measure="msr_incident_basis_day",
        numerator=None, scale=1.0, per=1.0, min_denominator=2, period_kinds=["month", "quarter"],
    ),
]  # fmt: skip
leaves = st.sampled_from(["n1", "n2", "s1", "beat:unallocated"])
days = st.integers(0, 560).map(lambda n: FIRST + timedelta(days=n))
events = st.tuples(leaves, days, st.integers(1, 6), st.sampled_from(["0101", "05"]))
doubts = st.tuples(leaves, st.one_of(st.none(), days), st.integers(0, 40), st.integers(0, 1))


def city(
    rows: Sequence[tuple[str, date, int, str]], doubtful: Sequence[tuple[str, date | None, int, int]], as_of: date
) -> Inputs:
    """Events as incidents, as patrols, as requests closed after some days, and as incidents at some addresses."""
    incidents, patrols, opened, closed, basis, places = [], [], [], [], [], []
    for area, day, count, category in rows:
        if day > as_of:
            continue
        month = day.replace(day=1)
        place = {"area_id": area, "source": "s"}
        incidents.append(incident(area, day, count * M // 2, source="s", category=category))
        patrols.append({**place, "day": day, "subject": "police", "patrols": count, "patrol_seconds": 700 * count})
        opened.append({**place, "day": day, "opened": count, "closed": count - 1, "open_now": 1})
        if count > 1:
            seconds = 86400 * count * (count - 1)
            closed.append({**place, "day": month, "bucket": count, "closed": count - 1, "closed_seconds": seconds})
        basis.append({**place, "day": day, "category": category, "incidents": count, "with_address": count})
        places.append({**place, "day": month, "geography": "beat", "address_key": f"a{count}", "incidents": count})
    kinds = ("incident", "patrol", "service")
    # A source speaks at least until its last record.
    last = max([AS_OF - timedelta(days=2), *(day for _, day, _, _ in rows if day <= as_of)])
    inputs = make_inputs(
        {
            "msr_incident_day": incidents, "msr_patrol_day": patrols, "msr_service_day": opened,
            "msr_service_duration_month": closed, "msr_incident_basis_day": basis,
        },
        [("s", kind, FIRST, last) for kind in kinds],
        as_of=as_of, silent_after_days=30, weights={"0101": 50, "05": 3},
        population={"n1": 150_000, "n2": 120_000, "s1": 500},
        doubtful=[
            {
                "source": "s", "kind": "incident", "area_id": area, "day": day, "refused": 1, "contested": contested,
                "last_day": day and day + timedelta(days=length),
            }
            for area, day, length, contested in doubtful
        ],
    )  # fmt: skip
    types = {"area_id": pl.String, "source": pl.String, "day": pl.Date, "geography": pl.String}
    extract = pl.DataFrame(places, schema={**types, "address_key": pl.String, "incidents": pl.Int64})
    return replace(inputs, extracts={"ext_repeat_place_month": extract})


def assert_same(found: Any, expected: Any) -> None:
    for name in ("values", "limits", "changes", "availability"):
        assert_frame_equal(getattr(found, name), getattr(expected, name), check_exact=True)


def passes(inputs: Inputs, before: Computed | None = None, entries: Sequence[Entry] = ENTRIES) -> tuple[Any, Computed]:
    renewal = Renewal(before or Computed(), inputs)
    return compute(entries, inputs, renewal=renewal), renewal.after


@given(
    st.lists(events, min_size=3, max_size=40),
    st.lists(events, max_size=3),
    st.integers(0, 2),
    st.lists(doubts, max_size=3),
    st.lists(doubts, max_size=1),
    st.sampled_from([0, 0, 1, 45]),
)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_renewal_equals_a_full_computation(
    rows: list[Any], more: list[Any], fewer: int, doubtful: list[Any], doubted: list[Any], later: int
) -> None:
    _, before = passes(city(rows, doubtful, AS_OF))
    now = city(rows[fewer:] + more, doubtful + doubted, AS_OF + timedelta(days=later))
    found, after = passes(now, before)
    assert_same(found, compute(ENTRIES, now))
    # And so again: what is kept is as good as what was computed.
    assert_same(passes(now, after)[0], found)


def test_under_protection_nothing_is_taken_over() -> None:
    """A withheld count changes what its neighbours and longer periods may show."""
    rows = [("n1", FIRST + timedelta(days=n), 6, "05") for n in range(500)]
    hes = replace(city(rows, [], AS_OF), disclosure=Disclosure("hes"))
    _, before = passes(city(rows, [], AS_OF))
    protected, after = passes(hes, before)
    assert_same(protected, compute(ENTRIES, hes))
    exact = city([*rows, ("n1", date(2020, 12, 30), 1, "05")], [], AS_OF)
    for now in (replace(exact, disclosure=hes.disclosure), exact):
        assert_same(passes(now, after)[0], compute(ENTRIES, now))


def test_every_kind_of_figure_declares_its_footprint() -> None:
    assert set(FOOTPRINTS) == set(FIGURES) == set(METHODS) - set(WITHOUT_MEASURE)


def test_a_changed_day_reaches_the_periods_that_hold_it() -> None:
    periods = periods_between(FIRST, AS_OF, PERIOD_KINDS, 1)
    day = date(2020, 12, 30)
    found = periods.filter(pl.Series(reached("period", periods, pl.Series([day]))))
    counts = dict(found.group_by("period_kind").len().iter_rows())
    # Windows of twelve months from June 2020 on; those from December 2020 end after the last day that counts.
    assert counts == {"day": 1, "week": 1, "month": 1, "quarter": 1, "year": 1, "rolling_12m": 6}
    assert found.filter((pl.col("period_start") > day) | (pl.col("period_end") < day)).is_empty()
    year = periods.filter(pl.Series(reached("year", periods, pl.Series([day])))).filter(period_kind="month")
    assert year["period_start"].to_list() == [date(2020, month, 1) for month in range(6, 13)]
    assert reached("all", periods, pl.Series([day])).all()
    assert not reached("all", periods, pl.Series([], dtype=pl.Date)).any()


def test_only_what_a_change_reaches_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, int] = {}
    for kind, figures in FIGURES.items():

        def counted(source: Source, figures: Any = figures) -> pl.DataFrame:
            seen[source.feed.entry.id] = source.coverage.periods.height
            return figures(source)

        monkeypatch.setitem(engine.FIGURES, kind, counted)
    rows = [("n1", FIRST + timedelta(days=n), 4, "05") for n in range(0, 500, 3)]
    _, before = passes(city([*rows, ("n1", FIRST, 1, "0101")], [], AS_OF))
    seen.clear()
    passes(city([*rows, ("n1", FIRST, 1, "0101")], [], AS_OF), before)
    assert seen == {}
    # A day in December 2020: with it a week, a month, a quarter, a year, and six windows of twelve months.
    passes(city([*rows, ("n1", FIRST, 1, "0101"), ("n1", date(2020, 12, 30), 2, "05")], [], AS_OF), before)
    assert seen["rate"] == seen["share"] == seen["severity"] == 11
    # Of repeats the seven months of that year, and three quarters.
    assert (seen["minutes"], seen["median"], seen["repeats"]) == (7, 7, 10)
