from datetime import date

import polars as pl
import pytest

from indicators.compute import compute
from tests.indicators.small_city import DEC, JAN, incident, reports, row


def test_a_gap_of_the_source_voids_or_shortens_the_period(inputs, entry) -> None:
    spans = [*reports(JAN, date(2021, 3, 10)), *reports(date(2021, 6, 1), DEC)]
    events = [incident("n1", d) for d in (JAN, date(2021, 3, 5), date(2021, 6, 2))]
    figures = compute([entry()], inputs({"msr_incident_day": events}, spans))
    march, may = row(figures, "n1", date(2021, 3, 1)), row(figures, "n1", date(2021, 5, 1))
    assert (march["status"], march["reason"], march["quality_grade"]) == ("provisional", "partial_records:10/31", "D")
    assert march["denominator"] == pytest.approx(100_000 * 10 / 365.25)
    assert (may["status"], may["reason"]) == ("not_available", "no_records:reports")
    assert may["value"] is may["numerator"] is may["denominator"] is None
    year = row(figures, "n1", JAN, "year")
    assert year["reason"] == f"partial_records:{31 + 28 + 10 + 214}/365"


def test_a_source_that_is_still_alive_covers_up_to_as_of(inputs, entry) -> None:
    events = {"msr_incident_day": [incident("n1", JAN)]}
    alive = compute([entry()], inputs(events, reports(JAN, date(2021, 12, 28)), silent_after_days=5))
    silent = compute([entry()], inputs(events, reports(JAN, date(2021, 12, 24)), silent_after_days=5))
    assert row(alive, "n1", date(2021, 12, 1))["status"] == "final"
    assert row(silent, "n1", date(2021, 12, 1))["reason"] == "partial_records:24/31"


def test_two_sources_cover_only_the_days_that_both_do(inputs, entry) -> None:
    events = [incident("n1", date(2021, 1, 20)), incident("n1", date(2021, 2, 20), source="thefts", category="05")]
    spans = [*reports(), ("thefts", "incident", date(2021, 2, 1), DEC)]
    figures = compute([entry()], inputs({"msr_incident_day": events}, spans))
    assert figures.values["period_start"].min() == JAN  # the year; no month before February is told
    assert figures.values.filter(pl.col("period_kind") == "month")["period_start"].min() == date(2021, 2, 1)


def test_yearly_files_of_one_stream_continue_each_other(inputs, entry) -> None:
    spans = [
        ("stops_a", "incident", JAN, date(2021, 3, 31)),
        ("stops_b", "incident", date(2021, 6, 1), DEC),
    ]
    events = [incident("n1", JAN, source="stops_a"), incident("n1", date(2021, 6, 1), source="stops_b")]
    figures = compute([entry()], inputs({"msr_incident_day": events}, spans))
    assert row(figures, "n1", JAN)["status"] == "final"
    assert row(figures, "n1", date(2021, 6, 1))["numerator"] == 1
    assert row(figures, "n1", date(2021, 4, 1))["reason"] == "no_records:stops_a;no_records:stops_b"


def test_open_and_maturing_periods_are_provisional(inputs, entry) -> None:
    world = inputs(
        {"msr_incident_day": [incident("n1", JAN)]}, reports(JAN, date(2021, 6, 14)), as_of=date(2021, 6, 14)
    )
    figures = compute([entry(maturity_days=30)], world)
    assert row(figures, "n1", date(2021, 6, 1))["reason"] == "period_open"
    assert row(figures, "n1", date(2021, 5, 1))["reason"] == "maturing:16"
    assert row(figures, "n1", date(2021, 4, 1))["status"] == "final"
    assert row(figures, "n1", date(2021, 6, 1))["denominator"] == pytest.approx(100_000 * 14 / 365.25)
    assert row(figures, "n1", date(2021, 6, 1))["status"] == "provisional"


def test_any_source_covers_where_the_entry_says_so(inputs, entry) -> None:
    events = [incident("n1", JAN), incident("n1", date(2021, 6, 1), source="thefts", category="05")]
    spans = [*reports(JAN, date(2021, 3, 31)), ("thefts", "incident", date(2021, 6, 1), DEC)]
    figures = compute([entry(coverage="any")], inputs({"msr_incident_day": events}, spans))
    assert row(figures, "n1", JAN)["numerator"] == row(figures, "n1", date(2021, 6, 1))["numerator"] == 1
    assert row(figures, "n1", date(2021, 4, 1))["status"] == "not_available"
    both = compute([entry(coverage="all")], inputs({"msr_incident_day": events}, spans))
    assert both.values.is_empty()
    assert both.availability["reason"].to_list() == ["no_records:reports;no_records:thefts"]


def test_rolling_months_end_with_complete_ones(inputs, entry) -> None:
    events = [incident("n1", date(2020, 1, 5)), incident("n1", date(2021, 11, 5)), incident("n1", date(2021, 12, 5))]
    world = inputs(
        {"msr_incident_day": events}, reports(date(2020, 1, 1), date(2021, 12, 20)), as_of=date(2021, 12, 20)
    )
    figures = compute([entry(period_kinds=["rolling_12m"])], world)
    n1 = figures.values.filter(pl.col("area_id") == "n1")
    assert (n1["period_start"].min(), n1["period_start"].max()) == (date(2020, 1, 1), date(2020, 12, 1))
    assert n1["numerator"].to_list() == [1, *[0] * 10, 1]
    assert n1["denominator"][0] == pytest.approx(100_000 * 366 / 365.25)
