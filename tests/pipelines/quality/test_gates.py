"""Closed gates and figures carried forward: examples, and what holds for any figures."""

import datetime as dt
from dataclasses import dataclass

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.inputs import VALUE_SCHEMA
from pipelines.quality.expectations import Verdict
from pipelines.quality.gates import (
    FIGURES,
    KEY,
    affected_indicators,
    affected_tables,
    carry_forward,
    carry_forward_rows,
    closed_gates,
)

SCHEMA = pl.Schema(VALUE_SCHEMA)
JUNE = dt.date(2016, 6, 30)
GATE = "gate_failed:msr_incident_day.weights"


@dataclass(frozen=True)
class Model:
    name: str
    depends_on: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()


MODELS = (
    Model("stg_incident", sources=("incident", "area")),
    Model("stg_patrol", sources=("patrol",)),
    Model("fct_incident", ("stg_incident",)),
    Model("fct_patrol", ("stg_patrol",)),
    Model("msr_incident_day", ("fct_incident",)),
    Model("msr_patrol_day", ("fct_patrol",)),
    Model("msr_source_day", ("stg_incident", "stg_patrol")),
)


def verdict(table: str, name: str = "weights", severity: str = "error", success: bool = False) -> Verdict:
    exception = "no such column" if name == "broken" else None
    return Verdict("run", table, "layer", name, None, severity, success, None, None, exception)  # type: ignore[arg-type]


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


def test_only_failures_of_severity_error_close_gates_and_exceptions_do_too() -> None:
    verdicts = [
        verdict("b"),
        verdict("a", "broken"),
        verdict("a", severity="warn"),
        verdict("c", success=True),
        verdict("a", "rows"),
    ]
    assert closed_gates(verdicts).rows() == [
        ("a", "gate_failed:a.broken"),
        ("a", "gate_failed:a.rows"),
        ("b", "gate_failed:b.weights"),
    ]
    assert closed_gates([]).columns == ["table_name", "reason"]


def test_a_failure_reaches_all_that_is_made_from_its_table_and_nothing_else() -> None:
    affected = affected_tables(
        MODELS, [verdict("incident"), verdict("fct_incident"), verdict("patrol", severity="warn")]
    )
    from_source, from_fact = "gate_failed:incident.weights", "gate_failed:fct_incident.weights"
    assert affected == {
        "incident": (from_source,),
        "stg_incident": (from_source,),
        "fct_incident": (from_fact, from_source),
        "msr_incident_day": (from_fact, from_source),
        "msr_source_day": (from_source,),
    }
    tables = {"B2": ("msr_incident_day", "fct_profile"), "stops": ("msr_patrol_day",), "M1": ()}
    assert affected_indicators(tables, affected) == {"B2": (from_fact, from_source)}


def test_a_failure_of_a_common_table_itself_concerns_every_computed_indicator() -> None:
    tables = {"B2": ("msr_incident_day",), "stops": ("msr_patrol_day",), "M1": ()}
    everything = ("gate_failed:computed_values.key",)
    affected = affected_tables((), [verdict("computed_values", "key")])
    assert affected_indicators(tables, affected) == {"B2": everything, "stops": everything}
    # Stops flow into the coverage of sources, but thefts do not rest on the coverage of stops.
    models = (*MODELS, Model("msr_source_span", ("msr_source_day",)))
    assert "msr_source_span" in affected_tables(models, [verdict("patrol")])
    assert [*affected_indicators(tables, affected_tables(models, [verdict("patrol")]))] == ["stops"]
    assert [*affected_indicators(tables, affected_tables(models, [verdict("msr_source_day")]))] == ["B2", "stops"]


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
