"""Declared interventions: planted effects are found with their size, none where none is, and gaps are told."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from indicators.declared import Intervention
from indicators.evaluation import wdd
from indicators.inputs import VALUE_SCHEMA
from indicators.interventions import Evaluations, evaluate_interventions
from indicators.periods import month_before

FIRST, AS_OF = date(2022, 1, 1), date(2024, 12, 31)
AREAS = [f"beat-{n:02}" for n in range(24)]
AVAILABLE = pl.DataFrame({"indicator_id": ["B2"], "reason": [None]}, schema={"indicator_id": str, "reason": str})
TABLE = pl.DataFrame(
    {
        "area_id": [*AREAS, "beat:unallocated", "city"],
        "area_level": [*["beat"] * 25, "city"],
        "is_unallocated": [*[False] * 24, True, False],
    }
)
DECLARED = Intervention(
    "lights", "B2", "beat", treated=("beat-00",), buffer=("beat-01", "beat-02"), start=date(2024, 1, 1), months=12
)


def figures(counts: np.ndarray, residents: Sequence[float] | None = None, as_of: date = AS_OF) -> pl.DataFrame:
    """Monthly rows of `indicator_values` from counts of areas by months."""
    months = pl.date_range(FIRST, as_of.replace(day=1), "1mo", eager=True).to_list()
    rows = [
        {
            "indicator_id": "B2",
            "area_id": area,
            "area_level": "beat",
            "period_kind": "month",
            "period_start": month,
            "numerator": float(counts[n, at]),
            "denominator": residents[n] if residents else 1000.0,
            "status": "final",
        }
        for n, area in enumerate(AREAS)
        for at, month in enumerate(months)
    ]
    return pl.DataFrame(rows, schema=VALUE_SCHEMA)


def draw(seed: int = 1, factor: float = 1.0, spread: float = 0.0) -> np.ndarray:
    """Counts of 36 months in areas of very different levels, with a season and a common fall of a third in all.

    From January 2024 on the first area has `factor` times as many. `spread` is the standard deviation of each area's
    own drift from year to year, in logarithms.
    """
    random = np.random.default_rng(seed)
    level = random.permutation(np.linspace(60, 10, 24))[:, None]
    season = 1 + 0.2 * np.sin(np.arange(36) / 6 * np.pi)
    trend = np.linspace(1, 2 / 3, 36)
    drift = np.repeat(np.exp(random.normal(0, spread, (24, 3))), 12, axis=1)
    mean = level * season * trend * drift
    mean[0, 24:] *= factor
    counts: np.ndarray = random.poisson(mean).astype(float)
    return counts


def evaluated(
    counts: np.ndarray | pl.DataFrame, declared: Intervention = DECLARED, as_of: date = AS_OF
) -> tuple[dict[str, Any], pl.DataFrame]:
    values = counts if isinstance(counts, pl.DataFrame) else figures(counts)
    found = evaluate_interventions([declared], values, TABLE, AVAILABLE, as_of)
    return found.results.row(0, named=True), found.months


@pytest.mark.slow
def test_counts_and_differences_are_those_of_the_method() -> None:
    counts = draw()
    row, months = evaluated(counts)
    before, after = counts[:, 12:24].sum(axis=1), counts[:, 24:].sum(axis=1)
    assert [row["treated_before"], row["treated_after"]] == [before[0], after[0]]
    assert [row["buffer_before"], row["buffer_after"]] == [before[1:3].sum(), after[1:3].sum()]
    assert [row["control_before"], row["control_after"]] == [before[3:].sum(), after[3:].sum()]
    times = np.array([365, 366]) / 365.5
    expected = wdd(
        [[before[:3].sum(), after[:3].sum()], [before[3:].sum(), after[3:].sum()]],
        area_weights=(1, before[3:].sum() / before[:3].sum()),
        time_weights=times,
        dispersion=row["dispersion"],
        degrees=row["degrees"],
    ).row(0, named=True)
    assert [row["total"], row["total_low"], row["total_high"], row["p_value"]] == pytest.approx(
        [expected["total"], expected["lower"], expected["upper"], expected["p_value"]]
    )
    assert row["total"] == pytest.approx(row["local"] + row["displaced"])
    assert row["degrees"] == 20
    assert (row["before_start"], row["before_end"]) == (date(2023, 1, 1), date(2023, 12, 31))
    assert (row["after_start"], row["after_end"]) == (date(2024, 1, 1), AS_OF)
    assert json.loads(row["control"]) == AREAS[3:]
    assert (row["status"], row["reason"], row["months_compared"]) == ("final", None, 12)
    assert months["phase"].to_list() == ["before"] * 12 + ["after"] * 12
    assert months["treated"].to_list() == counts[0, 12:].tolist()
    # At the size of the treated areas, the controls had as many before.
    of_before = months.filter(pl.col("phase") == "before")
    assert of_before["treated_expected"].sum() == pytest.approx(before[0])
    assert of_before["buffer_expected"].sum() == pytest.approx(before[1:3].sum())
    assert (months["difference"] - (months["treated"] - months["treated_expected"])).abs().max() < 1e-9
    # Chance carries as many differences out of its limits as it should, whatever the month's counts.
    panels = pl.concat([evaluated(draw(seed))[1] for seed in range(40)])
    within = panels["difference"].is_between(panels["chance_low"], panels["chance_high"]).mean()
    assert within == pytest.approx(0.95, abs=0.02)


def test_several_kinds_are_added_up_by_the_harm_of_each() -> None:
    """Thefts fall, and shootings, fifty times as harmful, rise: fewer events, more harm."""
    thefts, shootings = draw(3, 0.6), draw(4, 1.8)
    kinds = [figures(thefts), figures(shootings).with_columns(indicator_id=pl.lit("B1_shootings"))]
    declared = replace(DECLARED, harm=(("B1_shootings", 500.0), ("B2", 10.0)))
    row, _ = evaluated(pl.concat(kinds), declared)
    parts = {
        "B2": evaluated(kinds[0])[0],
        "B1_shootings": evaluated(pl.concat(kinds), replace(DECLARED, indicator_id="B1_shootings"))[0],
    }
    assert row["harm"] == pytest.approx(10 * parts["B2"]["total"] + 500 * parts["B1_shootings"]["total"], rel=1e-6)
    assert row["total"] == parts["B2"]["total"] < 0 < row["harm_low"] < row["harm"] < row["harm_high"]
    assert row["harm_p_value"] < 0.05
    assert json.loads(row["harm_weights"]) == {"B1_shootings": 500.0, "B2": 10.0}
    # The errors of independent kinds add up as squares.
    errors = [
        (part["total_high"] - part["total_low"]) * weight
        for part, weight in zip(parts.values(), (10, 500), strict=True)
    ]
    assert row["harm_high"] - row["harm_low"] == pytest.approx(float(np.hypot(*errors)), rel=1e-6)


def test_a_kind_that_cannot_be_evaluated_leaves_no_sum_without_it() -> None:
    row, _ = evaluated(draw(), replace(DECLARED, harm=(("B1_shootings", 500.0), ("B2", 10.0))))
    assert row["total"] is not None
    assert [row[name] for name in ("harm", "harm_low", "harm_high", "harm_p_value")] == [None] * 4
    assert evaluated(draw())[0]["harm_weights"] is None


@pytest.mark.slow
def test_a_planted_rise_and_a_planted_fall_lie_within_the_interval() -> None:
    for factor, sign in ((1.8, 1), (0.5, -1)):
        held, seen = [], []
        for seed in range(40):
            counts = draw(seed, factor)
            row, _ = evaluated(counts, replace(DECLARED, buffer=()))
            planted = counts[0, 24:].sum() * (1 - 1 / factor)
            held.append(row["local_low"] < planted < row["local_high"])
            seen.append(row["p_value"] < 0.05 and np.sign(row["total"]) == sign)
        assert np.mean(held) > 0.85
        assert np.mean(seen) > 0.8


@pytest.mark.slow
@pytest.mark.parametrize("spread", [0.0, 0.1])
def test_nothing_is_found_where_nothing_was_done(spread: float) -> None:
    """Also of areas that differ much in level while all fall by a third, and that drift apart beyond chance."""
    rows = [evaluated(draw(seed, spread=spread))[0] for seed in range(400)]
    found = np.mean([row["p_value"] < 0.05 for row in rows])
    by_placebo = np.mean([row["placebo_p_value"] <= 0.05 for row in rows])
    covered = np.mean([row["local_low"] <= 0 <= row["local_high"] for row in rows])
    assert 0.02 < found < 0.085
    assert 0.02 < by_placebo < 0.075
    assert covered > 0.9
    if not spread:
        assert np.mean([row["pre_trend_p_value"] < 0.05 for row in rows]) < 0.085


def test_residents_scale_as_well() -> None:
    counts = draw()
    residents = [5000.0, *[1000.0] * 23]
    row, months = evaluated(figures(counts, residents), replace(DECLARED, buffer=(), size="residents"))
    assert months["treated_expected"].to_list() == pytest.approx((counts[1:, 12:].sum(axis=0) * 5 / 23).tolist())
    assert row["displaced"] is None
    assert row["buffer_before"] is None
    assert row["local"] == row["total"]
    missing = figures(counts).with_columns(denominator=pl.lit(None, pl.Float64))
    assert evaluated(missing, replace(DECLARED, size="residents"))[0]["reason"] == "needs_population"


def test_a_start_within_a_month_leaves_that_month_out() -> None:
    declared = replace(DECLARED, start=date(2024, 3, 15), months=6)
    row, months = evaluated(draw(), declared)
    assert (row["before_start"], row["before_end"]) == (date(2023, 9, 1), date(2024, 2, 29))
    assert (row["after_start"], row["after_end"]) == (date(2024, 4, 1), date(2024, 9, 30))
    assert months.filter(pl.col("phase") == "start")["month"].to_list() == [date(2024, 3, 1)]


def test_while_the_time_after_is_open_as_many_months_are_compared() -> None:
    as_of = date(2024, 5, 20)
    counts = draw()[:, :29]
    row, months = evaluated(figures(counts, as_of=as_of), as_of=as_of)
    assert (row["status"], row["reason"], row["months_compared"]) == ("provisional", "period_open", 4)
    assert (row["before_start"], row["after_end"]) == (date(2023, 9, 1), date(2024, 4, 30))
    assert row["treated_before"] == counts[0, 20:24].sum()
    assert row["treated_after"] == counts[0, 24:28].sum()
    assert months["month"].to_list()[-1] == date(2024, 4, 1)  # the open month is not drawn
    early = date(2024, 1, 10)
    row, months = evaluated(figures(draw()[:, :25], as_of=early), as_of=early)
    assert (row["status"], row["reason"]) == ("not_available", "no_month_after:2024-01-31")
    assert row["total"] is None
    assert row["pre_trend_p_value"] is not None
    assert months.height == 12


def _changed(month: date, **columns: object) -> Callable[[pl.DataFrame], pl.DataFrame]:
    there = (pl.col("area_id") == "beat-05") & (pl.col("period_start") == month)
    return lambda values: values.with_columns(
        **{name: pl.when(there).then(pl.lit(new)).otherwise(name) for name, new in columns.items()}
    )


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        (_changed(date(2024, 12, 1), status="provisional", reason="maturing:12"), "provisional", "maturing:12"),
        (_changed(date(2023, 3, 1), reason="small_denominator:1000", status="withheld"), "final", None),
        (_changed(date(2023, 3, 1), numerator=None, reason="no_records:calls"), "not_available", "no_records:calls"),
        (
            _changed(date(2024, 2, 1), status="stale", reason="gate_failed:incident.x;stale_since:2024-11-30"),
            "stale",
            "gate_failed:incident.x;stale_since:2024-11-30",
        ),
        (lambda values: values.filter(pl.col("period_start") > date(2023, 2, 1)), "not_available", "months_missing"),
        (lambda values: values.clear(), "not_available", "months_missing"),
        (lambda values: values.with_columns(numerator=pl.lit(0.0)), "not_available", "nothing_to_count"),
        (
            lambda values: values.with_columns(
                numerator=pl.when(pl.col("area_id") < "beat-04").then("numerator").otherwise(0.0)
            ),
            "not_available",
            "few_controls:2",
        ),
    ],
)
def test_status_and_reason_are_those_of_the_figures(
    change: Callable[[pl.DataFrame], pl.DataFrame], status: str, reason: str | None
) -> None:
    row, _ = evaluated(change(figures(draw())))
    assert (row["status"], row["reason"]) == (status, reason)
    assert (row["total"] is None) == (status == "not_available")


def test_an_indicator_that_is_not_available_says_why() -> None:
    without = pl.DataFrame({"indicator_id": ["B2"], "reason": ["needs_field:incident.category"]})
    found = evaluate_interventions([DECLARED], figures(draw()).clear(), TABLE, without, AS_OF)
    assert found.results["reason"].to_list() == ["needs_field:incident.category"]


def test_placebos_need_enough_other_areas() -> None:
    few = replace(DECLARED, buffer=(), control=tuple(AREAS[3:12]))
    assert evaluated(draw(), few)[0]["placebo_p_value"] is None
    row, _ = evaluated(draw(factor=3.0), replace(DECLARED, buffer=()))
    assert row["placebos"] == 23
    assert row["placebo_p_value"] == pytest.approx(1 / 24)
    assert evaluated(draw())[0]["placebos"] == 21  # the buffer areas take no part


def test_results_are_in_a_fixed_order_and_the_same_again() -> None:
    values = figures(draw())
    both = [DECLARED, replace(DECLARED, id="cameras", start=date(2023, 7, 1), months=3)]
    one: Evaluations = evaluate_interventions(both, values, TABLE, AVAILABLE, AS_OF)
    other = evaluate_interventions(both[::-1], values.sample(fraction=1, shuffle=True, seed=3), TABLE, AVAILABLE, AS_OF)
    assert one.results.equals(other.results)
    assert one.months.equals(other.months)
    assert one.results["intervention_id"].to_list() == ["cameras", "lights"]
    nothing = evaluate_interventions([], values, TABLE, AVAILABLE, AS_OF)
    assert nothing.results.is_empty()
    assert nothing.months.is_empty()


def test_a_strange_area_is_refused() -> None:
    for treated in ("beat-99", "city", "beat:unallocated"):
        with pytest.raises(ValueError, match="is not an area of level beat"):
            evaluated(draw(), replace(DECLARED, treated=(treated,)))


def test_windows_are_whole_months_around_the_start() -> None:
    for day in (date(2024, 1, 1), date(2024, 1, 31)):
        declared = replace(DECLARED, start=day, months=3)
        assert declared.months_before == [date(2023, 10, 1), date(2023, 11, 1), date(2023, 12, 1)]
        assert len(declared.months_after(AS_OF)) == 3
        assert declared.first_after == (day if day.day == 1 else month_before(date(2024, 1, 1), -1))


@pytest.mark.parametrize(
    ("changed", "is_control"),
    [
        ({}, False),
        ({"start": date(2021, 6, 1)}, True),  # long before: it counts in both windows alike
        ({"start": date(2025, 2, 1)}, True),  # after the months compared
        ({"indicator_id": "B1"}, True),
    ],
)
def test_areas_of_another_intervention_are_no_controls(changed: dict[str, Any], is_control: bool) -> None:
    fields: dict[str, Any] = {"id": "cameras", "treated": ("beat-09",), "buffer": (), "start": date(2024, 5, 1)}
    other = replace(DECLARED, **fields | changed)
    found = evaluate_interventions([DECLARED, other], figures(draw()), TABLE, AVAILABLE, AS_OF).results
    control = json.loads(found.row(by_predicate=pl.col("intervention_id") == "lights", named=True)["control"])
    assert ("beat-09" in control) == is_control
    named = replace(DECLARED, control=("beat-09", "beat-10"))
    found = evaluate_interventions([named, other], figures(draw()), TABLE, AVAILABLE, AS_OF).results
    told = found.row(by_predicate=pl.col("intervention_id") == "lights", named=True)["control"]
    assert json.loads(told) == ["beat-09", "beat-10"]
