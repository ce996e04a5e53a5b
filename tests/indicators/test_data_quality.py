"""Quality scores: the documented example, the same numbers as F3 to F5, and what may never happen."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indicators.catalogue.reading import load_catalogue
from indicators.compute import compute
from indicators.data_quality import DIMENSIONS, GRADES, SCORE_SCHEMA, ScoreRules, score_sources
from indicators.inputs import Inputs
from tests.indicators.small_city import DEC, JAN

DOCUMENT = Path(__file__).parents[2] / "docs" / "quality-score.md"
MARCH = date(2021, 3, 1)
BASE = {"source": "reports", "kind": "incident", "area_id": "n1", "day": date(2021, 3, 15)}
SPANS = [("reports", "incident", JAN, DEC)]
MAPPED = [("incident", "recorded_at", "reports"), ("incident", "lat", "reports")]
MakeInputs = Callable[..., Inputs]
EXAMPLE = {
    "msr_receipt_day": [{**BASE, "received": 200, "unusable": 10, "duplicates": 2}],
    "msr_completeness_day": [{**BASE, "required_cells": 940, "filled_cells": 893}],
    "msr_record_quality_day": [
        {**BASE, "records": 188, "recording_known": 180, "recording_unknown": 8, "recorded_in_time": 90}
        | {"contradictory": 4}
    ],
}


def changed(measure: str, **counts: int) -> dict[str, list[dict[str, Any]]]:
    """The example with other counts in one measure."""
    return {**EXAMPLE, measure: [{**EXAMPLE[measure][0], **counts}]}


def score(inputs: MakeInputs, measures: dict[str, list[dict[str, Any]]] = EXAMPLE, **given: Any) -> pl.DataFrame:
    rules = given.pop("rules", None)
    return score_sources(inputs(measures, SPANS, **{"mapped": MAPPED, **given}), rules)


def cell(scored: pl.DataFrame, area: str = "n1", start: date = MARCH, kind: str = "month") -> dict[str, dict[str, Any]]:
    """Rows of one area and period by dimension."""
    found = scored.filter(area_id=area, period_kind=kind, period_start=start)
    return {row["dimension"]: row for row in found.iter_rows(named=True)}


def test_the_documented_example_is_what_comes_out(inputs: MakeInputs) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split("## An example")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (\w+) \| (\d+) \| (\d+) \| ([\d.]+) \| ([A-D]) \|$", section, re.MULTILINE)
    documented = {name: (int(x), int(n), float(value), grade) for name, x, n, value, grade in rows}
    found = cell(score(inputs))
    assert {
        name: tuple(row[column] for column in ("numerator", "denominator", "score", "grade"))
        for name, row in found.items()
    } == documented
    assert found["overall"]["decided_by"] == "timeliness"
    assert {row["status"] for row in found.values()} == {"final"}


def test_the_documented_marks_are_those_that_hold() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| .* \| `(\w+)` \| (\d+), (\d+), (\d+) \|$", text, re.MULTILINE)
    assert {name: (measure, *map(float, marks)) for name, measure, *marks in rows} == {
        name: (dimension.measure, *dimension.marks) for name, dimension in DIMENSIONS.items()
    }


def test_what_cannot_be_counted_is_said_once_with_its_reason(inputs: MakeInputs) -> None:
    whole = cell(score(inputs), kind="all")
    assert (whole["accuracy"]["status"], whole["accuracy"]["reason"]) == ("not_available", "nothing_to_count")
    unmapped = cell(
        score(inputs, changed("msr_record_quality_day", recording_known=0, recorded_in_time=0), mapped=()), kind="all"
    )
    assert unmapped["timeliness"]["reason"] == "needs_field:incident.recorded_at"
    assert unmapped["accuracy"]["reason"] == "needs_field:incident.lat"
    assert (unmapped["overall"]["numerator"], unmapped["overall"]["denominator"]) == (4, 6)
    assert not {"timeliness", "accuracy"} & cell(score(inputs, mapped=())).keys() - {"timeliness"}


@pytest.mark.parametrize(("records", "told"), [(29, False), (30, True)])
def test_few_records_are_not_graded_however_many_cells_they_have(inputs: MakeInputs, records: int, told: bool) -> None:
    measures = {
        "msr_receipt_day": [{**BASE, "received": records}],
        "msr_completeness_day": [{**BASE, "required_cells": 10 * records, "filled_cells": 10 * records}],
        "msr_record_quality_day": [{**BASE, "records": records, "recording_unknown": records}],
    }
    found = cell(score(inputs, measures))
    assert found.keys() == (
        {"completeness", "validity", "uniqueness", "consistency", "overall"} if told else {"overall"}
    )
    overall = found["overall"]
    assert overall["status"] == ("final" if told else "too_few")
    numbers = [overall[name] for name in ("numerator", "denominator", "score", "grade", "decided_by", "reason")]
    assert told or numbers == [None] * 6


def test_a_grade_is_at_most_one_better_than_the_worst_dimension(inputs: MakeInputs) -> None:
    measures = changed("msr_record_quality_day", recorded_in_time=180, contradictory=0) | {
        "msr_receipt_day": [{**BASE, "received": 200, "unusable": 42}],
        "msr_completeness_day": [{**BASE, "required_cells": 940, "filled_cells": 940}],
    }
    overall = cell(score(inputs, measures))["overall"]
    # (1 · .79 · 1 · 1 · 1)^(1/5) = .954 would be a B.
    assert (overall["score"], overall["grade"], overall["decided_by"]) == (95.39, "C", "validity")


def test_a_grade_is_that_of_the_score_as_it_is_shown(inputs: MakeInputs) -> None:
    """98.9951 % is shown as 99.00, and 98.9949 % as 98.99."""
    for filled, shown in ((989_951, (99.0, "A")), (989_949, (98.99, "B"))):
        found = cell(score(inputs, changed("msr_completeness_day", required_cells=1_000_000, filled_cells=filled)))
        assert (found["completeness"]["score"], found["completeness"]["grade"]) == shown


def test_nothing_is_made_up_for_where_one_dimension_is_nothing(inputs: MakeInputs) -> None:
    overall = cell(score(inputs, changed("msr_record_quality_day", recorded_in_time=0)))["overall"]
    assert (overall["score"], overall["grade"]) == (0.0, "D")


def test_where_all_is_well_nothing_decided(inputs: MakeInputs) -> None:
    measures = {
        "msr_receipt_day": [{**BASE, "received": 100}],
        "msr_completeness_day": [{**BASE, "required_cells": 500, "filled_cells": 500}],
        "msr_record_quality_day": [{**BASE, "records": 100, "recording_unknown": 100}],
    }
    overall = cell(score(inputs, measures))["overall"]
    assert (overall["score"], overall["grade"], overall["decided_by"]) == (100.0, "A", None)


def test_rows_without_a_day_count_over_all_time_and_those_without_an_area_above(inputs: MakeInputs) -> None:
    measures = {
        **EXAMPLE,
        "msr_receipt_day": [
            *EXAMPLE["msr_receipt_day"],
            {**BASE, "day": None, "received": 50, "unusable": 50},
            {**BASE, "area_id": "beat:unallocated", "received": 40, "unusable": 0},
        ],
    }
    scored = score(inputs, measures)
    validity = {
        (area, kind): cell(scored, area, kind=kind)["validity"]
        for area in ("n1", "north", "city")
        for kind in ("month", "all")
    }
    assert {key: (row["numerator"], row["denominator"]) for key, row in validity.items()} == {
        ("n1", "month"): (190, 200), ("n1", "all"): (190, 250),
        ("north", "month"): (190, 200), ("north", "all"): (190, 250),
        ("city", "month"): (230, 240), ("city", "all"): (230, 290),
    }  # fmt: skip
    assert "beat:unallocated" not in scored["area_id"]


def test_months_before_the_first_record_are_in_the_whole_alone(inputs: MakeInputs) -> None:
    """A row in quarantine that claims to be of the year 1900 makes no month of its own."""
    old = {**BASE, "day": date(1900, 1, 1), "received": 40, "unusable": 40}
    measures = {**EXAMPLE, "msr_receipt_day": [*EXAMPLE["msr_receipt_day"], old]}
    scored = score(inputs, measures)
    assert set(scored["period_start"]) == {MARCH}
    assert cell(scored, kind="all")["validity"]["denominator"] == 240


def test_a_source_of_which_every_row_was_refused_is_graded_too(inputs: MakeInputs) -> None:
    scored = score(
        inputs,
        {
            "msr_receipt_day": [{**BASE, "received": 40, "unusable": 40}],
            "msr_completeness_day": [],
            "msr_record_quality_day": [],
        },
    )
    found = cell(scored)
    assert (found["validity"]["score"], found["validity"]["grade"]) == (0.0, "D")
    assert found["overall"]["status"] == "too_few"


@pytest.mark.parametrize(
    ("as_of", "month", "timeliness"),
    [
        (date(2021, 3, 30), "period_open", "period_open"),
        (date(2021, 3, 31), None, "maturing:7"),
        (date(2021, 4, 6), None, "maturing:1"),
        (date(2021, 4, 7), None, None),
    ],
)
def test_a_month_is_provisional_until_it_is_over_and_recorded(
    inputs: MakeInputs, as_of: date, month: str | None, timeliness: str | None
) -> None:
    found = cell(score(inputs, as_of=as_of))
    assert (found["validity"]["reason"], found["timeliness"]["reason"]) == (month, timeliness)
    assert found["overall"]["reason"] == timeliness
    assert found["overall"]["status"] == ("provisional" if timeliness else "final")


def _records(draw: Callable[[int], int]) -> dict[str, list[dict[str, Any]]]:
    """Rows of a year for two sources in every beat, those of no known area included."""
    measures: dict[str, list[dict[str, Any]]] = {name: [] for name in EXAMPLE}
    for source in ("reports", "calls"):
        for area in ("n1", "n2", "s1", "beat:unallocated"):
            for back in range(0, 360, 9):
                key = {"source": source, "kind": "incident", "area_id": area, "day": DEC - timedelta(days=back)}
                records, refused, repeated = 1 + draw(20), draw(3), draw(3)
                known = draw(records + 1)
                measures["msr_receipt_day"].append(
                    {**key, "received": records + refused + repeated, "unusable": refused, "duplicates": repeated}
                )
                measures["msr_completeness_day"].append(
                    {**key, "required_cells": 5 * records, "filled_cells": 5 * records - draw(records)}
                )
                measures["msr_record_quality_day"].append(
                    {**key, "records": records, "recording_known": known, "recording_unknown": records - known}
                    | {"recorded_in_time": draw(known + 1)}
                )
    return measures


def test_f3_f4_and_f5_read_the_same_numbers(inputs: MakeInputs) -> None:
    """One definition: summed over sources, the score's numerators and denominators are those of the indicators."""
    state = 7

    def draw(below: int) -> int:
        nonlocal state
        state = (state * 48_271) % 2_147_483_647
        return state % below

    spans = [(source, "incident", JAN, DEC) for source in ("reports", "calls")]
    mapped = [("incident", "recorded_at", source) for source in ("reports", "calls")]
    given_inputs = inputs(_records(draw), spans, mapped=mapped)
    entries = [entry for entry in load_catalogue() if entry.id in ("F3", "F4", "F5")]
    assert len(entries) == 3
    figures = compute(entries, given_inputs).values.filter(period_kind="month")
    scored = (
        score_sources(given_inputs, ScoreRules(least_records=0))
        .filter(period_kind="month")
        .group_by("area_id", "period_start", "dimension")
        .agg(pl.col("numerator", "denominator").sum())
    )
    for indicator, dimension in (("F3", "uniqueness"), ("F4", "timeliness"), ("F5", "completeness")):
        own = figures.filter(pl.col("indicator_id") == indicator, pl.col("denominator") > 0)
        both = own.join(scored.filter(dimension=dimension), on=["area_id", "period_start"], suffix="_scored")
        # Every beat, both boroughs and the city, in every month; the unallocated child has figures and no score.
        assert both.height == 6 * 12
        assert both["denominator"].to_list() == both["denominator_scored"].to_list()
        sound = both["denominator"] - both["numerator"] if indicator == "F3" else both["numerator"]
        assert sound.to_list() == both["numerator_scored"].to_list()


counts = st.integers(0, 60)


@pytest.mark.slow
@given(bad=st.tuples(*[counts] * 4), better=st.integers(0, 3), fewer=st.integers(1, 60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_better_in_any_dimension_never_makes_the_whole_worse(
    inputs: MakeInputs, bad: tuple[int, int, int, int], better: int, fewer: int
) -> None:
    def overall(unsound: tuple[int, ...]) -> dict[str, Any]:
        refused, repeated, late, contradictory = unsound
        measures = {
            "msr_receipt_day": [{**BASE, "received": 120, "unusable": refused, "duplicates": repeated}],
            "msr_completeness_day": [{**BASE, "required_cells": 300, "filled_cells": 297}],
            "msr_record_quality_day": [
                {**BASE, "records": 60, "recording_known": 60, "recorded_in_time": 60 - late}
                | {"contradictory": contradictory}
            ],
        }
        found = cell(score(inputs, measures))
        worst = max(GRADES.index(row["grade"]) for name, row in found.items() if name != "overall")
        assert GRADES.index(found["overall"]["grade"]) >= worst - 1
        return found["overall"]

    before = overall(bad)
    after = overall(tuple(max(n - fewer, 0) if at == better else n for at, n in enumerate(bad)))
    assert after["score"] >= before["score"]
    assert GRADES.index(after["grade"]) <= GRADES.index(before["grade"])


def test_any_order_of_rows_gives_the_same_frame(inputs: MakeInputs) -> None:
    measures = _records(lambda below: 1 % below)
    scored = score(inputs, measures)
    assert scored.schema == SCORE_SCHEMA
    assert scored.equals(score(inputs, {name: rows[::-1] for name, rows in measures.items()}))
