"""Gaps between residents and new citizens by year, and by wave where the pack takes waves apart, with their change.

Belongs here: rows of the table `survey_gaps`. Not here: the other tables of a survey (`survey_tables`).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from indicators.areas import AreaTree
from indicators.disclosure import Disclosure
from indicators.inputs import Inputs
from indicators.questionnaire import FEWEST_EFFECTIVE, GROUPS, Questionnaire
from indicators.survey_answers import Bools, Measured, Sample, Wave
from indicators.survey_design import contrast, p_value, t_limits
from indicators.survey_figures import Told, enough, gap_of

_Row = dict[str, object]


class _Taken(NamedTuple):
    """A year's waves as one sample, or one wave by itself, with the one before and both together."""

    year: int
    wave: str | None
    waves: list[Wave]
    sample: Sample
    both: Sample | None


def _taken(inputs: Inputs, questionnaire: Questionnaire) -> list[list[_Taken]]:
    """The series that gaps are told of, each in the order of time: years and, where the pack says so, waves."""
    by_year = {year: [wave for wave in inputs.waves if wave.first_day.year == year] for year, _ in inputs.samples}
    series: list[list[tuple[str | None, list[Wave]]]] = [[(None, waves) for waves in by_year.values()]]
    if questionnaire.waves_apart:
        series.append([(wave.name, [wave]) for wave in inputs.waves])
    found: list[list[_Taken]] = []
    for each in series:
        taken: list[_Taken] = []
        for name, waves in each:
            both = Sample([*taken[-1].waves, *waves], questionnaire) if taken else None
            taken.append(_Taken(waves[0].first_day.year, name, waves, Sample(waves, questionnaire), both))
        found.append(taken)
    return found


def gap_rows(inputs: Inputs, questionnaire: Questionnaire, tree: AreaTree, areas: list[str]) -> Iterator[_Row]:
    """Rows of `survey_gaps` of every question and area: of years and, where the pack says so, of waves."""
    for series in _taken(inputs, questionnaire):
        for area in areas:
            for name in questionnaire.questions:
                yield from _gaps_over_time(series, inputs.disclosure, questionnaire, tree, area, name)


def _gaps_over_time(
    series: list[_Taken], disclosure: Disclosure, questionnaire: Questionnaire, tree: AreaTree, area: str, name: str
) -> Iterator[_Row]:
    """Rows of one question in one area, each with its change since the one before."""
    question = questionnaire.questions[name]
    before: tuple[float, list[Told]] | None = None
    for year, wave, waves, sample, both in series:
        where = sample.in_area(tree, area)
        if not where.any():
            before = None
            continue
        measured = sample.question(question)
        one, other = (enough(sample, measured, where & sample.in_group(group), True, disclosure) for group in GROUPS)
        row: _Row = {"area_id": area, "measured": name, "year": year, "wave": wave}
        if one is None or other is None:
            before = None
            yield row | {"status": "withheld", "reason": f"small_denominator:{FEWEST_EFFECTIVE:g}"}
            continue
        gap = gap_of(sample, measured, where)
        for group, level in zip(GROUPS, (one, other), strict=True):
            row |= {group: level.value, f"{group}_lower": level.lower, f"{group}_upper": level.upper}
        row |= {"gap": gap.value, "gap_lower": gap.lower, "gap_upper": gap.upper}
        row |= {"p_value": p_value(gap.estimate), "status": "final"}
        if before is not None and both is not None:
            row |= _gap_change(both, both.question(question), both.in_area(tree, area), waves, before[0])
            fell = [now.value < then.value for now, then in zip((one, other), before[1], strict=True)]
            row["verdict"] = verdict(row["change_lower"], row["change_upper"], all(fell))
        before = (gap.value, [one, other])
        yield row


def _gap_change(both: Sample, measured: Measured, where: Bools, waves: list[Wave], gap_before: float) -> _Row:
    """The change of the gap without its sign since the year before, in points."""
    now = np.any([both.in_wave(wave.name) for wave in waves], axis=0)
    answered = both.answered(measured, where)
    values, _ = both.of_heard(measured, answered)
    domains = {
        (group, is_now): (answered & both.in_group(group) & (now == is_now))[both.heard]
        for group in GROUPS
        for is_now in (True, False)
    }
    signs = {False: 1.0 if gap_before >= 0 else -1.0}
    later = [values[domains[group, True]] @ both.design.weights[domains[group, True]] for group in GROUPS]
    people = [both.design.weights[domains[group, True]].sum() for group in GROUPS]
    signs[True] = 1.0 if later[0] / people[0] >= later[1] / people[1] else -1.0
    parts = [
        (signs[is_now] * (1 if is_now else -1) * (1 if group == GROUPS[0] else -1), domain)
        for (group, is_now), domain in domains.items()
    ]
    found = contrast(both.design, values, parts).cautious()
    low, high = t_limits(found)
    return {"change": found.value * 100, "change_lower": low * 100, "change_upper": high * 100}


def verdict(lower: object, upper: object, both_fell: bool) -> str:
    """What a change of a gap is worth: `wider`, `narrower`, `both_fell` (narrower, and no better for it), `unclear`."""
    if not isinstance(lower, float) or not isinstance(upper, float) or not (lower > 0 or upper < 0):
        return "unclear"
    if lower > 0:
        return "wider"
    return "both_fell" if both_fell else "narrower"
