"""Closed gates and figures carried forward: examples, and what holds for any figures."""

import datetime as dt
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbt_like_sql.lineage import ColumnRef
from indicators.inputs import VALUE_SCHEMA
from pipelines.quality.failures import Failure
from pipelines.quality.gates import (
    FIGURES,
    KEY,
    Sources,
    affected_indicators,
    carry_forward,
    carry_forward_rows,
    closed_gates,
)
from pipelines.quality.resting import Rest

SCHEMA = pl.Schema(VALUE_SCHEMA)
JUNE = dt.date(2016, 6, 30)
GATE = "gate_failed:msr_incident_day.weights"


def ref(relation: str, *columns: str) -> frozenset[ColumnRef]:
    return frozenset(ColumnRef(relation, column) for column in columns)


INCIDENT, PATROL = "staging.incident", "staging.patrol"
RESTS = {
    "B2": Rest(ref(INCIDENT, "day", "category"), frozenset([INCIDENT]), ref(INCIDENT, "day", "category")),
    "K3": Rest(ref(INCIDENT, "day", "lat"), frozenset([INCIDENT]), ref(INCIDENT, "day"), ref(INCIDENT, "category")),
    "stops": Rest(ref(PATROL, "day"), frozenset([PATROL]), ref(PATROL, "day")),
}
SOURCES = {
    "B2": Sources(frozenset(["thefts"]), frozenset(["thefts", "calls"]), frozenset(["profiles"])),
    "K3": Sources(frozenset(["thefts"]), frozenset(["thefts"])),
    "stops": Sources(frozenset(["stops"]), frozenset(["stops"])),
}


def failure(relation: str, columns: set[str] | None = None, sources: set[str] | None = None) -> Failure:
    table = relation.rpartition(".")[2]
    return Failure(
        relation,
        f"gate_failed:{table}.x",
        None if columns is None else frozenset(columns),
        None if sources is None else frozenset(sources),
    )


def figure(
    indicator: str, area: str, month: int, value: float | None, status: str, reason: str | None
) -> dict[str, object]:
    number = {} if value is None else {"value": value, "lower": value - 1, "upper": value + 1, "unusable": 3}
    return {
        **dict.fromkeys(SCHEMA),
        "indicator_id": indicator,
        "area_id": area,
        "area_level": "precinct",
        "period_kind": "month",
        "period_start": dt.date(2016, month, 1),
        **number,
        "status": status,
        "reason": reason,
    }


def figures(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


@pytest.mark.parametrize(
    ("failed", "reached"),
    [
        # A column reaches what rests on it; a table as a whole, all that rests on its rows.
        (failure(INCIDENT, {"lat"}), {"K3"}),
        (failure(INCIDENT, {"lat", "category"}), {"B2", "K3"}),
        (failure(INCIDENT, {"victims"}), set()),
        (failure(INCIDENT), {"B2", "K3"}),
        (failure("staging.survey"), set()),
        # Of one source, only what that source feeds …
        (failure(INCIDENT, {"lat"}, {"thefts"}), {"K3"}),
        (failure(INCIDENT, {"lat"}, {"calls"}), set()),
        (failure(PATROL, {"day"}, {"stops", "others"}), {"stops"}),
        # … but a source of which rows may be missing may be one that has left no trace.
        (failure(INCIDENT, {"category"}, {"calls"}), {"B2"}),
        (failure(INCIDENT, None, {"calls"}), {"B2"}),
        (failure(INCIDENT, {"category"}, {"profiles"}), {"B2"}),
        # What all indicators rest on.
        (failure("staging.area", {"area_id"}), {"B2", "K3", "stops"}),
        (failure("measures.msr_source_span", None, {"stops"}), {"stops"}),
        (failure("indicators.computed_values"), {"B2", "K3", "stops"}),
        (replace(failure("indicators.computed_values"), indicators=frozenset(["K3"])), {"K3"}),
    ],
)
def test_a_failure_reaches_what_rests_on_it(failed: Failure, reached: set[str]) -> None:
    affected = affected_indicators(RESTS, SOURCES, [failed])
    assert affected == dict.fromkeys(reached, (failed.reason,))


def test_categories_matter_to_all_incidents_of_several_sources() -> None:
    """They tell which sources continue one another, and so which days are covered."""
    several = {**SOURCES, "K3": Sources(frozenset(["thefts", "calls"]), frozenset(["thefts", "calls"]))}
    failed = failure(INCIDENT, {"category"})
    assert set(affected_indicators(RESTS, SOURCES, [failed])) == {"B2"}
    assert set(affected_indicators(RESTS, several, [failed])) == {"B2", "K3"}
    # An indicator of several sources is held back whole where one of them is broken.
    assert set(affected_indicators(RESTS, several, [failure(INCIDENT, {"lat"}, {"calls"})])) == {"K3"}


def test_sources_that_are_not_known_may_be_any() -> None:
    assert set(affected_indicators(RESTS, {}, [failure(INCIDENT, {"lat"}, {"calls"})])) == {"K3"}


def test_gates_say_what_is_wrong_and_what_they_hold_back() -> None:
    failures = [
        failure(PATROL, {"minutes", "checks"}),
        replace(failure(INCIDENT, None, {"thefts", "calls"}), reason="gate_failed:incident.rows"),
        failure(INCIDENT, {"lat"}),
    ]
    gates = closed_gates(failures, affected_indicators(RESTS, SOURCES, failures))
    assert gates.columns == ["table_name", "columns", "sources", "indicators", "reason"]
    assert gates.rows() == [
        ("incident", None, "calls,thefts", "B2,K3", "gate_failed:incident.rows"),
        ("incident", "lat", None, "K3", "gate_failed:incident.x"),
        ("patrol", "checks,minutes", None, None, "gate_failed:patrol.x"),
    ]
    assert closed_gates([], {}).schema == gates.schema


def test_affected_figures_are_stale_new_periods_withheld_and_others_untouched() -> None:
    new = figures(
        figure("B2", "1", 5, 99, "final", None),
        figure("B2", "1", 6, 98, "final", None),
        figure("B2", "1", 7, 97, "provisional", "period_open"),
        figure("stops", "1", 7, 5, "final", None),
    )
    previous = figures(
        figure("B2", "1", 4, 4, "final", None),
        figure("B2", "1", 5, 5, "stale", "gate_failed:old.gate;stale_since:2016-04-30"),
        figure("B2", "1", 6, 6, "provisional", "partial_records:3/30;period_open"),
        figure("B2", "2", 6, None, "withheld", "small_denominator:1000"),
        figure("stops", "1", 6, 1, "final", None),
    )
    carried = carry_forward(new, previous, {"B2": (GATE,)}, JUNE)
    assert carried.select(
        "indicator_id", "area_id", pl.col("period_start").dt.month(), "value", "status", "reason"
    ).rows() == [
        ("B2", "1", 4, 4, "stale", f"{GATE};stale_since:2016-06-30"),
        ("B2", "1", 5, 5, "stale", f"{GATE};stale_since:2016-04-30"),
        ("B2", "1", 6, 6, "stale", f"{GATE};stale_since:2016-06-30;partial_records:3/30;period_open"),
        ("B2", "1", 7, None, "withheld", f"{GATE};not_published_yet"),
        ("B2", "2", 6, None, "withheld", f"{GATE};not_published_yet"),
        ("stops", "1", 7, 5, "final", None),
    ]


def test_without_an_earlier_release_affected_figures_are_withheld() -> None:
    new = figures(figure("B2", "1", 5, 99, "final", None), figure("B1", "1", 5, 1, "final", None))
    carried = carry_forward(new, None, {"B2": (GATE, "gate_failed:b.c")}, None)
    assert carried.filter(indicator_id="B2").select("value", "unusable", "status", "reason").rows() == [
        (None, None, "withheld", f"{GATE};gate_failed:b.c;not_published_yet")
    ]
    assert carried.filter(indicator_id="B1").equals(new.filter(indicator_id="B1"))


def test_a_release_from_before_a_column_came_is_carried_forward_without_it() -> None:
    new = figures(figure("B2", "1", 5, 99, "final", None))
    previous = figures(figure("B2", "1", 5, 5, "final", None)).drop("grade_reason")
    carried = carry_forward(new, previous, {"B2": (GATE,)}, JUNE)
    assert carried.schema == SCHEMA
    assert carried.select("value", "grade_reason").rows() == [(5, None)]


def test_a_release_without_its_date_is_refused() -> None:
    new = figures(figure("B2", "1", 5, 99, "final", None))
    with pytest.raises(ValueError, match="as_of"):
        carry_forward(new, new, {"B2": (GATE,)}, None)


def test_limits_are_carried_or_dropped() -> None:
    new = pl.DataFrame({"indicator_id": ["B1", "B2"], "centre": [1.0, 2.0]})
    previous = pl.DataFrame({"centre": [8, 9], "indicator_id": ["B1", "B2"], "other": [0, 0]})
    assert carry_forward_rows(new, None, ["B2"]).rows() == [("B1", 1.0)]
    assert carry_forward_rows(new, previous, ["B2"]).rows() == [("B1", 1.0), ("B2", 9.0)]
    assert carry_forward_rows(new, previous, []).rows() == new.rows()


@st.composite
def any_figures(draw: st.DrawFn) -> pl.DataFrame:
    keys = draw(st.sets(st.tuples(st.sampled_from("ABC"), st.sampled_from("12"), st.integers(1, 4)), max_size=12))
    rows = []
    for indicator, area, month in sorted(keys):
        status = draw(st.sampled_from(["final", "provisional", "stale", "withheld", "not_available"]))
        published = status in ("final", "provisional", "stale")
        value = draw(st.integers(0, 99).map(float)) if published else None
        since = draw(st.dates(dt.date(2015, 1, 1), JUNE))
        reason = {
            "final": None,
            "provisional": "maturing:30",
            "stale": f"gate_failed:x.y;stale_since:{since}",
            "withheld": draw(st.sampled_from(["small_denominator:1000", "gate_failed:x.y;not_published_yet"])),
            "not_available": "no_records:s",
        }[status]
        rows.append(figure(indicator, area, month, value, status, reason))
    return figures(*rows)


@given(any_figures(), st.one_of(st.none(), any_figures()), st.sets(st.sampled_from("ABC")))
def test_carrying_forward_keeps_its_promises(new: pl.DataFrame, previous: pl.DataFrame | None, unfit: set[str]) -> None:
    affected = dict.fromkeys(sorted(unfit), (GATE,))
    carried = carry_forward(new, previous, affected, None if previous is None else JUNE)
    is_unfit = pl.col("indicator_id").is_in(sorted(unfit))

    assert carried.schema == new.schema
    assert carried.select(KEY).is_unique().all()
    # Figures of other indicators pass unchanged, and no period is lost.
    assert carried.filter(~is_unfit).equals(new.filter(~is_unfit).sort(KEY))
    assert new.join(carried, on=KEY, how="anti").is_empty()

    touched = carried.filter(is_unfit)
    assert set(touched["status"]) <= {"stale", "withheld"}
    assert touched["reason"].str.starts_with(GATE).all()
    assert (touched["value"].is_null() == (touched["status"] == "withheld")).all()
    withheld = touched.filter(status="withheld")
    assert withheld.select(FIGURES).null_count().row(0) == (withheld.height,) * len(FIGURES)
    # What is stale is a figure of the release before, to the digit.
    stale = touched.filter(status="stale")
    if previous is None:
        assert stale.is_empty()
        return
    kept = previous.filter(is_unfit, pl.col("value").is_not_null()).sort(KEY)
    assert stale.select(*KEY, *FIGURES).equals(kept.select(*KEY, *FIGURES))
    # Failing again changes nothing more: the first date stays.
    again = carry_forward(new, carried, affected, JUNE + dt.timedelta(days=1))
    assert again.filter(is_unfit).equals(touched)
