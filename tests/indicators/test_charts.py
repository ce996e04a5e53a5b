"""Charts and changes through the engine, and invariants of whole results on random cities."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.charts import ChartRules, chart
from indicators.compute import compute
from indicators.day_types import day_types
from indicators.declared import Break
from indicators.inputs import ALARM_SCHEMA, TESTED_SCHEMA
from indicators.trends import latest_point_p_value

M = 1_000_000
AS_OF = date(2021, 12, 31)


def incidents(area: str, day: date, count: int, source: str = "reports") -> dict:
    return {
        "area_id": area, "day": day, "source": source, "category": "05", "local_category": "theft",
        "incidents_ppm": count * M,
    }  # fmt: skip


def monthly(area: str, counts: list[int], last: date = date(2021, 12, 1)) -> list[dict]:
    """Counts of successive months, the last of them `last`, spread evenly over the first 28 days of each."""
    months = [last.year * 12 + last.month - 1 - n for n in range(len(counts))][::-1]
    return [
        incidents(area, date(month // 12, month % 12 + 1, day + 1), (day + 1) * count // 28 - day * count // 28)
        for month, count in zip(months, counts, strict=True)
        for day in range(28)
    ]


def spans(first: date, last: date = AS_OF) -> list[tuple[str, str, date, date]]:
    return [("reports", "incident", first, last)]


STEADY = [30, 33, 29, 31, 34, 28, 30, 32, 31, 29, 33, 30, 31, 28, 32, 30, 29, 33, 31, 30, 32, 29, 31]


def test_a_jump_is_signalled_and_listed(inputs, entry) -> None:
    rows = monthly("n1", [*STEADY, 60]) + monthly("n2", [*STEADY, 31])
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, spans(date(2020, 1, 1))))
    n1 = figures.values.filter(pl.col("area_id") == "n1").sort("period_start")
    assert n1["signal"][-1] == "above_limit"
    assert set(n1["signal"][:-1]) == {"none"}
    limits = figures.limits.filter(pl.col("area_id") == "n1")
    assert limits.height == 24
    assert (limits["limit_low"] >= 0).all()
    assert (limits["limit_low"] < limits["centre"]).all()
    changes = figures.changes
    assert changes["area_id"][0] in {"n1", "north", "city"}
    assert "n2" not in changes["area_id"]
    assert changes["position"].to_list() == list(range(1, changes.height + 1))
    assert changes["p_value"].is_sorted()
    assert changes["series_tested"].unique().to_list() == [4]
    assert (changes["q_value"] <= 0.1).all()
    assert changes["expected_false"][0] == pytest.approx(changes["q_value"].max() * changes.height)


YEARS = [round(60 + 30 * np.cos((month - 6) * np.pi / 6)) for month in range(12)] * 3


def changes_of(figures) -> dict[str, dict]:
    return {row["area_id"]: row for row in figures.changes.to_dicts()}


def test_a_season_that_comes_again_is_no_change(inputs, entry) -> None:
    """July's peak is far above the months before, and what three years let expect."""
    counts = [*YEARS[6:], *YEARS[:7]]
    values = [float(count) for count in counts]
    assert (latest_point_p_value(values[:7]) or 1) < 0.05
    rows = monthly("n1", counts, date(2021, 7, 1)) + monthly("n2", [*counts[:-1], 140], date(2021, 7, 1))
    world = inputs({"msr_incident_day": rows}, spans(date(2018, 7, 1), date(2021, 7, 31)), as_of=date(2021, 7, 31))
    listed = changes_of(compute([entry(period_kinds=["month"])], world))
    assert "n1" not in listed
    # 140 against the 90 of a July.
    assert (listed["n2"]["method"], listed["n2"]["signal"]) == ("season", "above_season")
    assert listed["n2"]["centre"] == pytest.approx(listed["n2"]["value"] * 90 / 140, rel=0.03)


def test_a_level_that_holds_out_of_season_is_a_change(inputs, entry) -> None:
    """January with the 60 of an April is above its season in the chart, too, though not above the months before."""
    rows = monthly("n1", [*YEARS, 60], date(2021, 1, 1))
    world = inputs({"msr_incident_day": rows}, spans(date(2018, 1, 1), date(2021, 1, 31)), as_of=date(2021, 1, 31))
    figures = compute([entry(period_kinds=["month"])], world)
    january = figures.values.filter((pl.col("area_id") == "n1") & (pl.col("period_start") == date(2021, 1, 1)))
    assert january["signal"].item() == "above_limit"
    limits = figures.limits.filter((pl.col("area_id") == "n1") & (pl.col("period_start") == date(2021, 1, 1)))
    assert limits["basis"].item() == "season"
    assert january["value"].item() < figures.limits.filter(pl.col("area_id") == "n1")["centre"].max()
    assert changes_of(figures)["n1"]["signal"] == "above_season"


def test_a_season_of_three_years_is_no_special_cause(inputs, entry) -> None:
    """About a level the same points would lie on one side of it for months in turn, and rise for seven."""
    counts = [count + chance for count, chance in zip(YEARS, [4, -5, 1, -3, 6, -2, 0, 3, -6, 2] * 4, strict=False)]
    rows = monthly("n1", counts)
    seasonal = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, spans(date(2019, 1, 1))))
    n1 = seasonal.limits.filter(pl.col("area_id") == "n1")
    assert n1["basis"].unique().to_list() == ["season"]
    assert n1["centre"][6] > 2.5 * n1["centre"][0]
    assert set(seasonal.values.filter(pl.col("area_id") == "n1")["signal"].drop_nulls()) == {"none"}
    # Of two years it is not known what comes again.
    two_years = inputs({"msr_incident_day": rows[28 * 12 :]}, spans(date(2020, 1, 1)))
    short = compute([entry(period_kinds=["month"])], two_years)
    of_level = short.limits.filter(pl.col("area_id") == "n1")
    assert of_level["basis"].unique().to_list() == ["level"]
    assert of_level["centre"].n_unique() == 1
    assert short.values.filter((pl.col("area_id") == "n1") & (pl.col("signal") != "none")).height > 6


def test_limits_are_drawn_anew_from_a_declared_change_on(inputs, entry) -> None:
    rows = monthly("n1", [*STEADY[:16], *(2 * count for count in STEADY[:14])])
    world = inputs({"msr_incident_day": rows}, spans(date(2019, 7, 1)))
    change = Break("recording", date(2020, 11, 1), sources=["reports"])
    plain, declared = (
        compute([entry(period_kinds=["month"])], each) for each in (world, replace(world, breaks=(change,)))
    )
    signals = [set(each.values.filter(pl.col("area_id") == "n1")["signal"].drop_nulls()) for each in (plain, declared)]
    assert "shift_down" in signals[0] or "below_limit" in signals[0]
    assert signals[1] == {"none"}
    before, after = (
        declared.limits.filter((pl.col("area_id") == "n1") & side)["centre"].unique().to_list()
        for side in (pl.col("period_start") < change.start, pl.col("period_start") >= change.start)
    )
    assert after[0] == pytest.approx(2 * before[0], rel=0.05)
    # Another indicator's change is none of this one's, and eleven months are too few for limits of their own.
    other = Break("other", date(2020, 11, 1), indicators=["Y"])
    assert compute([entry(period_kinds=["month"])], replace(world, breaks=(other,))).limits.equals(plain.limits)
    late = Break("late", date(2021, 2, 1), indicators=["X"])
    recent = compute([entry(period_kinds=["month"])], replace(world, breaks=(late,)))
    assert recent.limits["period_start"].max() == date(2021, 1, 1)


def test_nothing_before_a_declared_change_is_held_against_the_month(inputs, entry) -> None:
    """Three years at 30 and a year at 60: without the change declared, December is far above what years let expect."""
    rows = monthly("n1", [30] * 24 + [60] * 13)
    world = inputs({"msr_incident_day": rows}, spans(date(2018, 12, 1)))
    declared = replace(world, breaks=(Break("law", date(2020, 12, 1), indicators=["X"]),))
    rules = ChartRules(largest_q=1.0)
    expected = [changes_of(compute([entry(period_kinds=["month"])], each, rules))["n1"] for each in (world, declared)]
    assert expected[1]["centre"] == pytest.approx(expected[1]["value"], rel=0.03)
    assert abs(expected[0]["centre"] / expected[0]["value"] - 1) > 0.1


def test_a_fall_below_the_season_is_listed_though_few_events_are_charted(inputs, entry) -> None:
    rows = monthly("n1", [9, 8, 9, 7] * 9 + [0])
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, spans(date(2018, 12, 1))))
    assert figures.limits.is_empty()
    assert changes_of(figures)["n1"]["signal"] == "below_season"


def test_a_week_that_its_season_does_not_explain_is_listed_under_the_same_control(inputs, entry) -> None:
    """Twice as many for seven days, in a month that is none the more unusual for it."""
    first, last = date(2019, 1, 1), date(2022, 1, 2)
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    usual = [5 + day.toordinal() * 7 % 5 + (2 if day.month in (6, 7, 8) else 0) for day in days]
    rows = [incidents("n1", day, 2 * count if day > date(2021, 12, 26) else count)
            for day, count in zip(days, usual, strict=True)]  # fmt: skip
    rows += [incidents("n2", day, count) for day, count in zip(days, usual, strict=True)]
    world = inputs({"msr_incident_day": rows}, spans(first, last), as_of=last)
    figures = compute([entry(period_kinds=["week", "month"])], world)
    listed = figures.changes.filter(pl.col("area_id") == "n1").to_dicts()
    assert [(row["period_kind"], row["period_start"], row["signal"]) for row in listed] == [
        ("week", date(2021, 12, 27), "above_season")
    ]
    assert "n2" not in figures.changes["area_id"]
    week = figures.alarms.filter(pl.col("area_id") == "n1", pl.col("period_kind") == "week").row(0, named=True)
    assert week["alarm"]
    assert week["centre"] == pytest.approx(week["value"] / 2, rel=0.1)
    assert week["lower"] < week["centre"] < week["upper"] < week["value"]
    calm = figures.alarms.filter(pl.col("area_id") == "n2", pl.col("period_kind") == "week").row(0, named=True)
    assert not calm["alarm"]
    assert figures.changes["series_tested"].unique().item() == figures.alarms.height


def test_what_is_too_thin_for_a_season_is_tested_by_the_moving_range_under_the_same_control(inputs, entry) -> None:
    """130 events do not tell the seven days of the week and a year; what XmR rules miss is named all the same."""
    thin = [11, 10, 12, 11, 10, 11, 12, 10, 11, 12, 10, 11, 25]
    rows = monthly("n1", thin) + monthly("n2", [50] * 12 + [120])
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, spans(date(2020, 12, 1))))
    listed = changes_of(figures)
    assert (listed["n1"]["method"], listed["n1"]["signal"]) == ("moving_range", "above_limit")
    before = figures.values.filter((pl.col("area_id") == "n1") & (pl.col("period_start") < date(2021, 12, 1)))
    assert listed["n1"]["centre"] == pytest.approx(before["value"].mean())
    assert (listed["n2"]["method"], listed["n2"]["signal"]) == ("season", "above_season")
    assert figures.changes["series_tested"].unique().to_list() == [4]
    # Within the limits, and yet hardly chance.
    thin[-1] = 15
    rows = monthly("n1", thin) + monthly("n2", [50] * 12 + [120])
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, spans(date(2020, 12, 1))))
    assert changes_of(figures)["n1"]["signal"] == "above_usual"


def test_a_holiday_that_moved_is_expected_where_the_calendar_knows_it(inputs, entry) -> None:
    """January 2023 held the Spring Festival, which was in February in 2021 and 2022 but for its first day."""
    calendar = day_types(date(2020, 1, 1), date(2023, 1, 31), "CN")
    festival = set(calendar.filter(pl.col("day_type") == "spring_festival")["day"])
    rows = [incidents("n1", day, 2 if day in festival else 20 + day.toordinal() % 3) for day in calendar["day"]]
    as_of = date(2023, 1, 31)
    plain = inputs({"msr_incident_day": rows}, spans(date(2020, 1, 1), as_of), as_of=as_of)
    knowing = replace(plain, calendar=calendar)
    monthly_rate = [entry(period_kinds=["month"])]
    assert "n1" not in changes_of(compute(monthly_rate, knowing))
    short_sighted = (
        compute(monthly_rate, plain, ChartRules(largest_q=1.0)),
        compute(monthly_rate, knowing, ChartRules(largest_q=1.0)),
    )
    error = [changes_of(figures)["n1"]["centre"] / changes_of(figures)["n1"]["value"] - 1 for figures in short_sighted]
    assert abs(error[0]) > 0.1
    assert abs(error[1]) < 0.01


def test_a_figure_that_may_still_change_is_no_ground_for_a_signal(inputs, entry) -> None:
    """December is provisional for 30 days: November's jump is the news, December's fall none yet."""
    rows = monthly("n1", [*STEADY, 60, 2])
    world = inputs({"msr_incident_day": rows}, spans(date(2019, 12, 1)))
    figures = compute([entry(period_kinds=["month"], maturity_days=30)], world)
    charted = figures.limits.filter(pl.col("area_id") == "n1")
    assert charted["period_start"].max() == date(2021, 11, 1)
    december = figures.values.filter((pl.col("area_id") == "n1") & (pl.col("period_start") == date(2021, 12, 1)))
    assert december["status"].item() == "provisional"
    assert december["signal"].item() is None
    assert set(figures.changes["period_start"]) == {date(2021, 11, 1)}


def test_no_limit_of_a_share_exceeds_the_whole(inputs, entry) -> None:
    located = [96, 99, 95, 100, 94, 99, 96, 100, 95, 98, 94, 100, 96, 99]
    rows = [
        {
            **incidents("n1", date(2020 + (10 + n) // 12, (10 + n) % 12 + 1, 1), 4000),
            "with_coordinates_ppm": 4000 * M,
            "valid_coordinates_ppm": 40 * share * M,
        }
        for n, share in enumerate(located)
    ]
    share = entry(
        kind="proportion", interval="wilson", per=100, period_kinds=["month"],
        numerator={"column": "valid_coordinates_ppm"}, denominator={"column": "incidents_ppm"},
    )  # fmt: skip
    figures = compute([share], inputs({"msr_incident_day": rows}, spans(date(2020, 11, 1))))
    assert figures.limits.filter(pl.col("area_id") == "n1")["limit_high"].unique().to_list() == [100.0]


def test_no_season_of_a_share_exceeds_the_whole(inputs, entry) -> None:
    """Nearly all in summer, half of them in winter."""
    located = [75 + 24.9 * np.cos((month - 6) * np.pi / 6) for month in range(12)] * 3
    rows = [
        {
            **incidents("n1", date(2019 + n // 12, n % 12 + 1, day), 400),
            "with_coordinates_ppm": 400 * M,
            "valid_coordinates_ppm": round(4 * M * share),
        }
        for n, share in enumerate(located)
        for day in (1, 28)
    ]
    share = entry(
        kind="proportion", interval="wilson", per=100, period_kinds=["month"], min_denominator=1,
        numerator={"column": "valid_coordinates_ppm"}, denominator={"column": "incidents_ppm"},
    )  # fmt: skip
    world = inputs({"msr_incident_day": rows}, spans(date(2019, 1, 1)))
    n1 = compute([share], world).limits.filter(pl.col("area_id") == "n1")
    assert n1["basis"].unique().to_list() == ["season"]
    assert n1["centre"].max() <= 100
    assert (n1["limit_low"] <= n1["centre"]).all()
    assert (n1["centre"] <= n1["limit_high"]).all()


def test_a_change_long_ago_is_no_news(inputs, entry) -> None:
    rows = monthly("n1", [*STEADY, 60], last=date(2021, 8, 1))
    figures = compute(
        [entry(period_kinds=["month"])],
        inputs({"msr_incident_day": rows}, spans(date(2019, 9, 1), date(2021, 8, 31))),
    )
    assert figures.limits.height
    assert figures.changes.is_empty()


def test_rare_events_are_not_charted(inputs, entry) -> None:
    rows = monthly("n1", [9, 10] * 12)
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, spans(date(2020, 1, 1))))
    assert figures.limits.is_empty()
    assert figures.changes.is_empty()
    assert figures.values["signal"].is_null().all()


def test_a_few_heavy_events_are_rare_however_many_light_ones_there_are(inputs, entry) -> None:
    rows = [*monthly("n1", STEADY), {**incidents("n1", date(2021, 12, 1), 1), "category": "0101"}]
    weighted = entry(kind="weighted_rate", interval="gamma", period_kinds=["month"])
    world = inputs({"msr_incident_day": rows}, spans(date(2020, 2, 1)), weights={"05": 10, "0101": 5000})
    assert compute([weighted], world).limits.is_empty()
    light = inputs({"msr_incident_day": rows}, spans(date(2020, 2, 1)), weights={"05": 10, "0101": 10})
    assert not compute([weighted], light).limits.is_empty()


def test_a_silence_starts_a_new_chart(inputs, entry) -> None:
    rows = monthly("n1", [90] * 12, last=date(2019, 12, 1)) + monthly("n1", [20] * 14)
    both = [*spans(date(2019, 1, 1), date(2019, 12, 31)), *spans(date(2020, 11, 1))]
    figures = compute([entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, both))
    charted = figures.limits.filter(pl.col("area_id") == "n1")
    assert charted["period_start"].min() == date(2020, 11, 1)
    assert charted.height == 14
    # Unbroken, the fall to 20 would have been a shift.
    assert set(figures.values.filter(pl.col("area_id") == "n1")["signal"].drop_nulls()) == {"none"}


def test_a_series_that_ended_has_not_changed_lately(inputs, entry) -> None:
    rows = monthly("n1", [*STEADY, 90], last=date(2021, 6, 1))
    figures = compute(
        [entry(period_kinds=["month"])], inputs({"msr_incident_day": rows}, spans(date(2019, 7, 1), date(2021, 6, 30)))
    )
    assert not figures.limits.is_empty()
    assert figures.changes.is_empty()


def test_windows_are_bounded_and_open_periods_left_out(inputs, entry) -> None:
    as_of = date(2021, 12, 15)
    first = date(2016, 1, 1)
    days = [first + timedelta(days=n) for n in range((as_of - first).days + 1)]
    rows = [incidents("n1", day, 3 + day.toordinal() % 4) for day in days]
    world = inputs({"msr_incident_day": rows}, spans(first, as_of), as_of=as_of)
    figures = compute([entry(period_kinds=["week", "month", "rolling_12m"])], world)
    drawn = (
        figures.limits.filter(pl.col("area_id") == "n1")
        .group_by("period_kind")
        .agg(pl.len(), pl.col("period_start").max())
    )
    assert sorted(drawn.rows()) == [("month", 36, date(2021, 11, 1)), ("week", 104, date(2021, 12, 6))]


leaves = st.sampled_from(["n1", "n2", "s1", "beat:unallocated"])
some_days = st.dates(date(2021, 10, 20), AS_OF)
records = st.lists(st.tuples(leaves, some_days, st.integers(0, 40)), min_size=1, max_size=25)
refused = st.lists(st.tuples(leaves, st.none() | some_days, st.integers(0, 9)), max_size=6)
LIMITS = ["value", "lower", "upper", "bound_low", "bound_high"]
NUMBERS = [*LIMITS, "numerator", "denominator"]


def random_world(inputs, found, quarantine):
    patrols = [
        {
            "area_id": a, "day": d, "source": "stops", "subject": "police", "patrols": n, "patrol_seconds": n * 300,
            "self_initiated": n // 3, "initiation_known": n // 2, "initiation_missing": n - n // 2,
        }
        for a, d, n in found
    ]  # fmt: skip
    doubtful = [
        {"area_id": a, "day": d, "source": s, "kind": k, "refused": n, "contested": 0 if d is None else n // 2}
        for a, d, n in quarantine
        for s, k in (("reports", "incident"), ("stops", "patrol"))
    ]
    return inputs(
        {
            "msr_incident_day": [incidents(a, d, n) for a, d, n in found],
            "msr_patrol_day": patrols,
        },
        [("reports", "incident", date(2021, 10, 20), AS_OF), ("stops", "patrol", date(2021, 11, 3), AS_OF)],
        weights={"05": 7},
        doubtful=doubtful,
    )


def every_kind(entry) -> list:
    kinds = ["day", "week", "month", "quarter", "year"]
    patrols = {"measure": "msr_patrol_day", "scale": 1.0, "period_kinds": kinds}
    seconds = {"column": "patrol_seconds"}
    return [
        entry(id="rate", period_kinds=kinds),
        entry(id="weighted", kind="weighted_rate", interval="gamma", period_kinds=kinds),
        entry(id="minutes", interval="daily_cluster", numerator=seconds, count="patrols", **patrols),
        entry(
            id="share", kind="proportion", interval="wilson", min_denominator=1, numerator={"column": "self_initiated"},
            denominator={"column": "initiation_known"}, unusable={"missing": "initiation_missing"}, **patrols,
        ),
    ]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records, refused)
def test_results_keep_their_promises_on_any_data(inputs, entry, found, quarantine) -> None:
    world = random_world(inputs, found, quarantine)
    values = compute(every_kind(entry), world).values
    for column in NUMBERS:
        assert values[column].drop_nulls().is_finite().all()
    slack = 1e-9 * pl.max_horizontal(1.0, "bound_high")
    ordered = values.filter(pl.col("lower").is_not_null())
    for small, large in (("bound_low", "lower"), ("lower", "value"), ("value", "upper"), ("upper", "bound_high")):
        assert ordered.filter(pl.col(small) > pl.col(large) + slack).is_empty()
    shown = pl.col("status").is_in(["final", "provisional"])
    assert values.filter(shown != pl.col("value").is_not_null()).is_empty()
    assert values.filter((pl.col("status") != "final") & pl.col("reason").is_null()).is_empty()
    assert values.filter(shown != pl.col("quality_grade").is_not_null()).is_empty()
    key = ["indicator_id", "area_id", "period_kind", "period_start"]
    assert values.select(key).is_unique().all()
    assert values.equals(values.sort(key))
    counts = {
        area: values.filter((pl.col("indicator_id") == "rate") & (pl.col("period_kind") == "month"))
        .filter(pl.col("area_id") == area)
        .sort("period_start")["numerator"]
        for area in ("city", "north", "south", "n1", "n2", "s1", "beat:unallocated")
    }
    assert counts["north"].equals(counts["n1"] + counts["n2"])
    assert counts["city"].equals(counts["north"] + counts["south"] + counts["beat:unallocated"])


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records, refused, refused)
def test_more_unusable_records_never_narrow_the_bounds(inputs, entry, found, quarantine, more) -> None:
    key = ["indicator_id", "area_id", "period_kind", "period_start"]
    before, after = (
        compute(every_kind(entry), random_world(inputs, found, refusals)).values
        for refusals in (quarantine, quarantine + more)
    )
    both = before.join(after, on=key, suffix="_after")
    assert both.height == before.height == after.height
    assert both["value"].equals(both["value_after"].alias("value"), null_equal=True)
    slack = 1e-9 * pl.max_horizontal(1.0, "bound_high")
    assert both.filter(pl.col("bound_high_after") < pl.col("bound_high") - slack).is_empty()
    assert both.filter(pl.col("bound_low_after") > pl.col("bound_low") + slack).is_empty()


def test_the_same_data_in_another_order_give_the_same_figures(inputs, entry) -> None:
    random = np.random.default_rng(5)
    first = date(2019, 1, 1)
    found = [
        (str(random.choice(["n1", "n2", "s1", "beat:unallocated"])), first + timedelta(days=int(n)), int(c))
        for n, c in zip(random.integers(0, 1095, 900), random.integers(0, 9, 900), strict=True)
    ]
    quarantine = [("n1", None, 3), ("beat:unallocated", date(2020, 5, 5), 2)]
    once = compute(every_kind(entry), random_world(inputs, found, quarantine))
    again = compute(every_kind(entry)[::-1], random_world(inputs, found[::-1], quarantine[::-1]))
    assert once.values.equals(again.values)
    assert once.limits.equals(again.limits)
    assert once.changes.equals(again.changes)
    assert once.availability.equals(again.availability)


def test_limits_of_a_difference_may_lie_below_zero() -> None:
    """As of repeat addresses: observed minus expected."""
    starts = [date(2019 + n // 12, n % 12 + 1, 1) for n in range(24)]
    differences = pl.DataFrame(
        {
            "indicator_id": "B5", "area_id": "n1", "period_kind": "month", "period_start": starts,
            "value": [3.0 * (-1) ** n - 0.5 for n in range(24)], "is_complete": True, "is_unallocated": False,
            "events": 50.0, "event_squares": 50.0,
        }
    )  # fmt: skip
    nothing = pl.DataFrame(schema=ALARM_SCHEMA), pl.DataFrame(schema=TESTED_SCHEMA)
    limits, _, _ = chart(differences, *nothing, date(2020, 12, 31), ChartRules())
    assert limits["centre"].unique().item() == pytest.approx(-0.5)
    assert limits["limit_low"].max() < -0.5
