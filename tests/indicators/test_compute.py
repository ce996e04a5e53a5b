from datetime import date

import polars as pl
import pytest
from scipy import stats

from indicators.compute import compute
from indicators.inputs import AVAILABILITY_SCHEMA, CHANGE_SCHEMA, LIMIT_SCHEMA, VALUE_SCHEMA
from indicators.intervals import poisson_exact_limits, poisson_limits, wilson_limits
from tests.indicators.small_city import DEC, JAN, M, incident, reports, row

ARRIVAL_AND_PRIORITY = "needs_field:incident.arrived_at;needs_field:incident.priority"


def test_frames_have_the_documented_columns(inputs, entry) -> None:
    figures = compute([entry()], inputs({"msr_incident_day": [incident("n1", JAN)]}, reports()))
    assert figures.values.schema == pl.Schema(VALUE_SCHEMA)
    assert figures.limits.schema == pl.Schema(LIMIT_SCHEMA)
    assert figures.changes.schema == pl.Schema(CHANGE_SCHEMA)
    assert figures.availability.schema == pl.Schema(AVAILABILITY_SCHEMA)


def test_rate_is_annualised_over_person_years(inputs, entry) -> None:
    measures = {"msr_incident_day": [incident("n1", date(2021, 2, d)) for d in range(1, 13)]}
    found = row(compute([entry()], inputs(measures, reports())), "n1", date(2021, 2, 1))
    years = 100_000 * 28 / 365.25
    low, high = (float(limit) for limit in poisson_limits(12))
    assert found["value"] == pytest.approx(12 / years * 1e4)
    assert found["lower"] == pytest.approx(low / years * 1e4)
    assert found["upper"] == pytest.approx(high / years * 1e4)
    assert (found["numerator"], found["denominator"]) == (12, pytest.approx(years))
    assert (found["status"], found["reason"], found["quality_grade"]) == ("final", None, "A")


def test_parent_is_the_sum_of_its_children_with_unallocated(inputs, entry) -> None:
    places = ["n1", "n1", "n2", "s1", "beat:unallocated"]
    measures = {"msr_incident_day": [incident(a, date(2021, 3, 4), ppm=250_000) for a in places]}
    figures = compute([entry()], inputs(measures, reports()))
    counts = {a: row(figures, a, date(2021, 3, 1))["numerator"] for a in ("city", "north", "south", *places)}
    assert counts["north"] == counts["n1"] + counts["n2"]
    assert counts["city"] == counts["north"] + counts["south"] + counts["beat:unallocated"] == 1.25
    city = row(figures, "city", date(2021, 3, 1))
    assert city["denominator"] == pytest.approx(160_500 * 31 / 365.25)
    stray = row(figures, "beat:unallocated", date(2021, 3, 1))
    assert (stray["numerator"], stray["value"], stray["reason"]) == (0.25, None, "needs_population")


def test_areas_of_another_geography_get_no_row(inputs, entry) -> None:
    figures = compute([entry()], inputs({"msr_incident_day": [incident("n1", JAN)]}, reports()))
    assert not set(figures.values["area_id"]) & {"w1", "ward:unallocated"}
    assert figures.availability["geography"].to_list() == ["beat"]


def test_a_quiet_place_has_rate_zero_and_an_upper_limit(inputs, entry) -> None:
    found = row(compute([entry()], inputs({"msr_incident_day": [incident("n1", JAN)]}, reports())), "n2", JAN)
    assert (found["value"], found["lower"]) == (0, 0)
    assert found["upper"] > 0


def test_small_denominator_is_withheld_with_its_count(inputs, entry) -> None:
    figures = compute([entry()], inputs({"msr_incident_day": [incident("s1", JAN)]}, reports()))
    found = row(figures, "s1", JAN)
    assert (found["status"], found["reason"]) == ("withheld", "small_denominator:1000")
    assert found["numerator"] == 1
    assert all(found[c] is None for c in ("value", "lower", "upper", "bound_low", "bound_high", "quality_grade"))


def test_population_steps_and_the_first_holds_before_it(inputs, entry) -> None:
    profile = pl.DataFrame(
        [("n1", date(2021, 3, 1), 100_000), ("n1", date(2021, 3, 11), 200_000), ("n2", date(2021, 1, 1), 50_000)],
        schema=["area_id", "valid_from", "population"],
        orient="row",
    )
    world = inputs({"msr_incident_day": [incident("n1", JAN)]}, reports(), profile=profile)
    figures = compute([entry()], world)
    assert row(figures, "n1", JAN)["denominator"] == pytest.approx(100_000 * 31 / 365.25)
    march = (100_000 * 10 + 200_000 * 21) / 365.25
    assert row(figures, "n1", date(2021, 3, 1))["denominator"] == pytest.approx(march)
    assert row(figures, "north", date(2021, 3, 1))["denominator"] == pytest.approx(march + 50_000 * 31 / 365.25)
    # s1 has no population, so neither has anything above it.
    for area in ("s1", "south", "city"):
        assert row(figures, area, JAN)["reason"] == "needs_population"


def test_day_rows_only_where_a_day_can_reach_the_minimum(inputs, entry) -> None:
    measures = {"msr_incident_day": [incident("n1", JAN)]}
    figures = compute(
        [entry(period_kinds=["day", "month"])],
        inputs(measures, reports(), population={"n1": 500_000, "n2": 1_000, "s1": 1_000}),
    )
    told = figures.values.filter(pl.col("period_kind") == "day")
    assert set(told["area_id"]) == {"city", "north", "n1"}
    assert told.filter(pl.col("area_id") == "n1").height == 365


def test_unusable_records_widen_the_bounds(inputs, entry) -> None:
    quarantine = [
        {"area_id": "n1", "day": date(2021, 1, 9), "refused": 2},
        {"area_id": "beat:unallocated", "day": date(2021, 1, 10), "refused": 3},
        {"area_id": "n2", "day": None, "refused": 5},
        {"area_id": "n1", "day": date(2021, 1, 9), "refused": 100, "source": "other"},
        {"area_id": "n1", "day": date(2022, 1, 9), "refused": 100},
    ]
    measures = {
        "msr_incident_day": [
            *[incident("n1", JAN) for _ in range(20)],
            *[incident("beat:unallocated", JAN) for _ in range(4)],
        ],
    }
    doubtful = [{"source": "reports", "kind": "incident", **q} for q in quarantine]
    figures = compute([entry()], inputs(measures, reports(), doubtful=doubtful))
    years = 100_000 * 31 / 365.25
    n1, n2, city = (row(figures, a, JAN) for a in ("n1", "n2", "city"))
    assert n1["unusable"] == 2 + 3 + 4
    assert n1["bound_high"] == pytest.approx(float(poisson_limits(29)[1]) / years * 1e4)
    assert n1["bound_low"] == n1["lower"]
    assert n2["unusable"] == 3 + 5 + 4
    assert city["unusable"] == 2 + 3 + 5  # the four unallocated are counted in it
    assert city["numerator"] == 24
    assert row(figures, "n2", date(2021, 5, 1))["unusable"] == 5
    # n1: two of 22 refused and four of 24 astray, over a fifth. City: five of 29 refused, none astray.
    assert (n1["quality_grade"], city["quality_grade"]) == ("D", "C")
    # Of the thousand records of the source and the five of no day, those five.
    assert n1["grade_reason"] == "refused:9.1;time_unknown:0.5;area_unknown:16.7"
    assert city["grade_reason"] == "refused:17.2;time_unknown:0.5"


def test_contested_records_may_have_to_go(inputs, entry) -> None:
    measures = {"msr_incident_day": [incident("n1", JAN) for _ in range(20)]}
    doubtful = [{"source": "reports", "kind": "incident", "area_id": "n1", "day": JAN, "contested": 3}]
    figures = compute([entry()], inputs(measures, reports(), doubtful=doubtful))
    per_year = 1e4 / (100_000 * 31 / 365.25)
    found, other = row(figures, "n1", JAN), row(figures, "n2", JAN)
    assert found["bound_low"] == pytest.approx(float(poisson_exact_limits(17)[0]) * per_year)
    assert found["bound_high"] == found["upper"]
    assert (found["unusable"], found["quality_grade"], found["grade_reason"]) == (3, "C", "conflicting:15.0")
    assert (other["unusable"], other["bound_high"]) == (0, other["upper"])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("where", "field", "doubt"),
    [
        # Chosen by the field: it may be one more. By what the field is not: it is counted, and may be one fewer.
        ({"category": ["0101"]}, "category", (1, 0)),
        ({"category": {"prefix": ["01"], "except": ["0102"]}}, "category", (1, 0)),
        ({"found_by": {"except": ["patrol"]}}, "found_by", (0, 1)),
        ([{"category": ["0101"]}, {"local_category": ["murder"]}], "local_category", (1, 0)),
        ({"category": ["0101"]}, "priority", (0, 0)),
        ({}, "category", (0, 0)),
    ],
)
def test_a_field_that_could_not_be_read_matters_where_records_are_chosen_by_it(
    inputs, entry, where, field, doubt
) -> None:
    measures = {"msr_incident_day": [incident("n1", JAN) for _ in range(20)]}
    doubtful = [
        {
            "source": "reports",
            "kind": "incident",
            "area_id": "n1",
            "day": JAN,
            "field": field,
            "refused": 1,
            "contested": 1,
        }
    ]
    chosen = entry(numerator={"column": "incidents_ppm", "where": where})
    found = row(compute([chosen], inputs(measures, reports(), doubtful=doubtful)), "n1", JAN)
    more, fewer = doubt
    per_year = 1e4 / (100_000 * 31 / 365.25)
    assert found["unusable"] == more + fewer
    assert found["bound_high"] == pytest.approx(float(poisson_limits(20 + more)[1]) * per_year)
    assert (found["bound_low"] < found["lower"]) == (fewer > 0)


def test_an_outcome_that_could_not_be_read_may_be_either(inputs, entry) -> None:
    share = entry(
        kind="proportion", interval="wilson", measure="msr_service_due_day", numerator={"column": "resolved_in_time"},
        denominator={"column": "due"}, scale=1.0, per=100.0, min_denominator=1, unusable={"unreadable": ["closed_at"]},
    )  # fmt: skip
    measures = {
        "msr_service_due_day": [{"source": "cases", "area_id": "n1", "day": JAN, "due": 9, "resolved_in_time": 8}]
    }
    read = {"source": "cases", "kind": "service", "area_id": "n1", "day": JAN, "due_day": JAN, "field": "closed_at"}
    world = inputs(measures, [("cases", "service", JAN, DEC)], doubtful=[{**read, "refused": 1, "contested": 1}])
    found = row(compute([share], world), "n1", JAN)
    # The ninth request, counted as not closed, may have been closed in time.
    assert found["bound_high"] == pytest.approx(float(wilson_limits(9, 9)[1]) * 100)
    assert found["bound_low"] <= found["lower"]
    assert (found["unusable"], found["grade_reason"]) == (1, "refused:10.0")


def test_a_refused_record_of_several_days_may_belong_to_the_period_of_each(inputs, entry) -> None:
    refused = {"source": "reports", "kind": "incident", "area_id": "n1", "refused": 1}
    doubtful = [{**refused, "day": date(2021, 1, 30), "last_day": date(2021, 3, 2)}]
    world = inputs({"msr_incident_day": [incident("n1", JAN)]}, reports(), doubtful=doubtful)
    figures = compute([entry()], world)
    assert [row(figures, "n1", date(2021, month, 1))["unusable"] for month in (1, 2, 3, 4)] == [1, 1, 1, 0]
    assert row(figures, "n1", JAN, kind="year")["unusable"] == 1


def test_a_refused_request_may_be_due_when_its_due_day_says(inputs, entry) -> None:
    share = entry(
        kind="proportion", interval="wilson", measure="msr_service_due_day", numerator={"column": "resolved_in_time"},
        denominator={"column": "due"}, scale=1.0, per=100.0, min_denominator=1,
    )  # fmt: skip
    due = [{"area_id": "n1", "day": date(2021, month, 9), "due": 9, "resolved_in_time": 8} for month in (1, 2)]
    refused = {"source": "cases", "kind": "service", "area_id": "n1", "refused": 1}
    doubtful = [{**refused, "day": JAN, "due_day": date(2021, 2, 2)}, {**refused, "day": JAN}]
    measures = {"msr_service_due_day": [{"source": "cases", **each} for each in due]}
    figures = compute([share], inputs(measures, [("cases", "service", JAN, DEC)], doubtful=doubtful))
    assert [row(figures, "n1", date(2021, month, 1))["unusable"] for month in (1, 2)] == [1, 2]


@pytest.mark.slow
def test_grade_follows_the_share_of_unusable_records(inputs, entry) -> None:
    def grade(refused: int) -> str:
        measures = {"msr_incident_day": [incident("n1", JAN, ppm=1000 * M)]}
        doubtful = [{"source": "reports", "kind": "incident", "area_id": "n1", "day": JAN, "refused": refused}]
        world = inputs(measures, reports(), doubtful=doubtful)
        return row(compute([entry()], world), "n1", JAN)["quality_grade"]

    assert [grade(n) for n in (0, 10, 11, 52, 53, 249, 251)] == ["A", "A", "B", "B", "C", "C", "D"]


def share_entry(entry, **fields):
    return entry(
        kind="proportion",
        interval="wilson",
        min_denominator=10,
        measure="msr_patrol_day",
        numerator={"column": "self_initiated"},
        denominator={"column": "initiation_known"},
        unusable={"missing": "initiation_missing"},
        scale=1.0,
        per=100.0,
        **fields,
    )


def patrol(area: str, day: date, yes: int, known: int, missing: int = 0) -> dict:
    return {
        "area_id": area, "day": day, "source": "stops", "subject": "police", "patrols": known + missing,
        "self_initiated": yes, "initiation_known": known, "initiation_missing": missing,
    }  # fmt: skip


def test_proportion_with_missing_flags_and_strays(inputs, entry) -> None:
    measures = {"msr_patrol_day": [patrol("n1", JAN, 30, 50, 5), patrol("beat:unallocated", JAN, 3, 4)]}
    figures = compute([share_entry(entry)], inputs(measures, [("stops", "patrol", JAN, DEC)]))
    n1, city, stray = (row(figures, a, JAN) for a in ("n1", "city", "beat:unallocated"))
    assert n1["value"] == 60
    assert (n1["lower"], n1["upper"]) == tuple(pytest.approx(float(x) * 100) for x in wilson_limits(30, 50))
    # Missing: five failures, then five successes; strays: their one failure, then their three successes.
    assert n1["bound_low"] == pytest.approx(float(wilson_limits(30, 56)[0]) * 100)
    assert n1["bound_high"] == pytest.approx(float(wilson_limits(38, 58)[1]) * 100)
    assert (n1["unusable"], city["unusable"]) == (9, 5)
    assert city["value"] == pytest.approx(33 / 54 * 100)
    assert stray["status"] == "withheld"
    assert row(figures, "n2", JAN)["reason"] == "nothing_to_count"
    assert row(figures, "n2", JAN)["status"] == "not_available"


def test_a_numerator_beyond_its_denominator_names_the_entry(inputs, entry) -> None:
    world = inputs({"msr_patrol_day": [patrol("n1", JAN, 3, 2)]}, [("stops", "patrol", JAN, DEC)])
    with pytest.raises(ValueError, match="indicator X: the numerator exceeds the denominator in area city"):
        compute([share_entry(entry)], world)


@pytest.mark.slow
def test_filters_choose_rows(inputs, entry) -> None:
    events = [
        incident("n1", JAN, category="0101", found_by="call"),
        incident("n1", JAN, category="050211", found_by=None),
        incident("n1", JAN, category="050211", found_by="patrol"),
        incident("n1", JAN, category="020111", local_category="shooting"),
        incident("n1", JAN, category=None, local_category=None),
    ]

    def count(where) -> float:
        chosen = entry(numerator={"column": "incidents_ppm", "where": where})
        return row(compute([chosen], inputs({"msr_incident_day": events}, reports())), "n1", JAN)["numerator"]

    assert count({}) == 5
    assert count({"category": ["0101"]}) == 1
    assert count({"category": {"prefix": ["05"]}}) == 2
    assert count({"category": {"prefix": ["05"]}, "found_by": {"except": ["patrol"]}}) == 1
    assert count({"category": {"except": ["0101"]}}) == 4
    assert count([{"category": ["0101"]}, {"local_category": ["shooting"]}]) == 2


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"needs": ["incident.arrived_at", "incident.priority"]}, ARRIVAL_AND_PRIORITY),
        ({"needs": ["incident.category"]}, None),
        ({"needs": ["handoff.due_at", "handoff.requested_at"]}, "needs_kind:handoff"),
        ({"needs": ["profile.officers"]}, "needs_field:profile.officers"),
        ({"measure": None, "numerator": None, "needs": ["incident.category"]}, "no_measure"),
        ({"kind": "weighted_rate", "interval": "gamma"}, "needs_weights"),
        ({"numerator": {"column": "incidents_ppm", "where": {"category": ["99"]}}}, "nothing_to_count"),
    ],
)  # fmt: skip
def test_what_the_data_cannot_carry_is_not_available(inputs, entry, fields, reason) -> None:
    world = inputs(
        {"msr_incident_day": [incident("n1", JAN)]},
        reports(),
        mapped=[("incident", "category", "reports")],
        unmapped=[("incident", "arrived_at", "reports")],
    )
    figures = compute([entry(**fields)], world)
    assert figures.availability["reason"].to_list() == [reason]
    assert figures.availability["status"].to_list() == ["available" if reason is None else "not_available"]
    assert figures.values.is_empty() == (reason is not None)


def test_a_rate_without_any_residents_is_not_available(inputs, entry) -> None:
    measures = {"msr_incident_day": [incident("n1", JAN)]}
    figures = compute([entry()], inputs(measures, reports(), population={}))
    assert figures.availability.row(0)[:3] == ("X", "not_available", "needs_population")
    assert figures.values.is_empty()


def test_a_source_without_a_needed_field_does_not_feed(inputs, entry) -> None:
    events = [incident("n1", JAN), incident("n1", JAN, source="thefts")]
    world = inputs(
        {"msr_incident_day": events},
        [*reports(), ("thefts", "incident", JAN, DEC)],
        mapped=[("incident", "category", "reports")],
    )
    assert row(compute([entry(needs=["incident.category"])], world), "n1", JAN)["numerator"] == 1
    assert row(compute([entry()], world), "n1", JAN)["numerator"] == 2


def test_severity_weights(inputs, entry) -> None:
    events = [
        *[incident("n1", JAN, category="05") for _ in range(30)],
        *[incident("n1", JAN) for _ in range(2)],
        incident("n1", JAN, category="08"),
    ]
    weighted = entry(kind="weighted_rate", interval="gamma")
    world = inputs({"msr_incident_day": events}, reports(), weights={"05": 10, "0101": 50})
    figures = compute([weighted], world)
    found, years = row(figures, "n1", JAN), 100_000 * 31 / 365.25
    total, variance = 30 * 10 + 2 * 50, 30 * 10**2 + 2 * 50**2
    assert found["numerator"] == total
    # Half of the one gamma distribution, and half of that with an event of the largest weight more.
    sums = ((total, variance), (total + 50, variance + 50**2))
    parts = [stats.gamma(t**2 / v, scale=v / t) for t, v in sums]
    for limit, share in (("lower", 0.025), ("upper", 0.975)):
        weighted_events = found[limit] * years / 1e4
        assert sum(part.cdf(weighted_events) for part in parts) / 2 == pytest.approx(share, abs=1e-7)
    assert row(figures, "n2", JAN)["upper"] > 0


def test_minutes_take_the_day_as_cluster(inputs, entry) -> None:
    seconds = {date(2021, 1, d): 600 * d for d in range(1, 32)}
    rows = [
        {"area_id": a, "day": d, "source": "stops", "subject": "police", "patrols": 1, "patrol_seconds": s}
        for d, s in seconds.items()
        for a in ("n1", "n2")
    ]
    rows.append({"area_id": "n1", "day": JAN, "source": "stops", "patrols": 1, "duration_missing": 1})
    rows.append({**rows[0], "area_id": "beat:unallocated", "patrol_seconds": 7200})
    minutes = entry(
        measure="msr_patrol_day", interval="daily_cluster", numerator={"column": "patrol_seconds"}, count="patrols",
        scale=60.0, unusable={"missing": "duration_missing", "worst_per_record": 480.0}, period_kinds=["month"],
    )  # fmt: skip
    figures = compute([minutes], inputs({"msr_patrol_day": rows}, [("stops", "patrol", JAN, DEC)]))
    n1, north = row(figures, "n1", JAN), row(figures, "north", JAN)
    years = 100_000 * 31 / 365.25
    daily = pl.Series([s / 60 for s in seconds.values()])
    half = 2.0422724563 * (31 * daily.var()) ** 0.5
    assert n1["numerator"] == pytest.approx(daily.sum())
    assert n1["upper"] == pytest.approx((daily.sum() + half) / years * 1e4)
    assert n1["bound_high"] == pytest.approx((daily.sum() + half + 480 + 120) / years * 1e4)
    assert n1["unusable"] == 2
    # Beats patrolled on the same days hang together: the parent's half width doubles, it is not sqrt(2) times.
    assert north["upper"] - north["value"] == pytest.approx(2 * half / (160_000 * 31 / 365.25) * 1e4)


def test_large_amounts_are_squared_without_loss(inputs, entry) -> None:
    """Squares of five thousand million a day do not fit into 64 bits."""
    minutes = entry(
        measure="msr_patrol_day", interval="daily_cluster", numerator={"column": "patrol_seconds"}, count="patrols",
        scale=1.0, period_kinds=["month"],
    )  # fmt: skip

    def found(unit: int) -> dict:
        rows = [
            {"area_id": "n1", "day": date(2021, 1, d), "source": "stops", "patrols": 1, "patrol_seconds": d * unit}
            for d in range(1, 32)
        ]
        return row(compute([minutes], inputs({"msr_patrol_day": rows}, [("stops", "patrol", JAN, DEC)])), "n1", JAN)

    few, many = found(1), found(5 * 10**9)
    assert many["upper"] == pytest.approx(5e9 * few["upper"], rel=1e-11)


def test_unknown_area_and_missing_span_are_named(inputs, entry) -> None:
    with pytest.raises(ValueError, match="area n7, which is not among the areas"):
        compute([entry()], inputs({"msr_incident_day": [incident("n7", JAN)]}, reports()))
    with pytest.raises(ValueError, match="source thefts has incident counts but no span"):
        compute([entry()], inputs({"msr_incident_day": [incident("n1", JAN, source="thefts")]}, reports()))


def test_inputs_without_a_documented_column_are_refused(inputs) -> None:
    world = inputs({"msr_incident_day": [incident("n1", JAN)]}, reports())
    with pytest.raises(ValueError, match="spans lacks last_day"):
        type(world)(**{**vars(world), "spans": world.spans.drop("last_day")})
    with pytest.raises(ValueError, match="week_start"):
        type(world)(**{**vars(world), "week_start": 0})
