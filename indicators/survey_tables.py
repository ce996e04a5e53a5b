"""What a release tells of a survey beside the catalogue's figures: waves, estimates, change, reliability, gaps.

Belongs here: frames of estimates by wave or year, area and group; groups with too few answers have no number in them.
Not here: figures of the catalogue (`survey_figures`).
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from scipy import stats

from indicators.areas import AreaTree
from indicators.catalogue.entries import Entry
from indicators.disclosure import Disclosure
from indicators.hidden_levels import hidden_of_survey, without_hidden
from indicators.importance import Span, place
from indicators.inputs import Inputs
from indicators.questionnaire import FEWEST_EFFECTIVE, GROUPS, LEAST_ALPHA, Questionnaire
from indicators.reliability import sampling_adequacy, sphericity
from indicators.rounding import SIGNIFICANT_DIGITS
from indicators.survey_answers import EVERYONE, Bools, Measured, Sample, Wave
from indicators.survey_design import contrast, correlation, correlation_limits, p_value, t_limits
from indicators.survey_figures import Told, alpha_of, enough, shown_number, tells_of_few
from indicators.survey_gaps import gap_rows


def _schema(keys: str, texts: str, counts: str, numbers: str) -> pl.Schema:
    kinds = ((keys, pl.String), (texts, pl.String), (counts, pl.Int64), (numbers, pl.Float64))
    return pl.Schema({name: kind for names, kind in kinds for name in names.split()})


WAVES = pl.Schema(
    {"wave": pl.String, "first_day": pl.Date, "last_day": pl.Date, "asked": pl.Int64, "answered": pl.Int64}
    | {"effective": pl.Float64, "weighting": pl.String, "rounds": pl.Int64}
    | {"largest_gap": pl.Float64, "strongest_factor": pl.Float64}
)
MARGINS = _schema("wave margin class", "", "", "target before after")
ESTIMATES = _schema(
    "wave area_id person_group measured",
    "status reason",
    "answers",
    "value lower upper standard_error effective design_effect missing_share "
    "change change_lower change_upper change_p change_q",
)
GAPS = _schema(
    "area_id measured",
    "status reason verdict wave",
    "year",
    "residents residents_lower residents_upper new_citizens new_citizens_lower new_citizens_upper "
    "gap gap_lower gap_upper p_value change change_lower change_upper",
)
RELIABILITY = _schema(
    "area_id foundation item", "", "year respondents freedom", "alpha lower upper adequacy chi_square p_value"
)
IMPORTANCE = _schema(
    "area_id foundation",
    "quarter",
    "year",
    "performance performance_lower performance_upper importance importance_lower importance_upper",
)
SCHEMAS = {
    "survey_waves": WAVES,
    "survey_margins": MARGINS,
    "survey_estimates": ESTIMATES,
    "survey_gaps": GAPS,
    "survey_reliability": RELIABILITY,
    "survey_importance": IMPORTANCE,
}
_CHANGES = ("change", "change_lower", "change_upper", "change_p")
_Row = dict[str, object]


def empty_tables() -> dict[str, pl.DataFrame]:
    """The tables of a city without a survey."""
    return {name: schema.to_frame() for name, schema in SCHEMAS.items()}


def survey_tables(inputs: Inputs, entries: Sequence[Entry] = ()) -> dict[str, pl.DataFrame]:
    """Every table of the survey, in a fixed order of rows; all empty without a questionnaire.

    What the pack hides of an indicator's areas is hidden of the question or foundation that it is about.

    Parameters
    ----------
    inputs : Inputs
    entries : sequence of Entry
        The catalogue.

    Returns
    -------
    dict of str to DataFrame
        By name and with the columns of docs/tables.md.
    """
    questionnaire = inputs.questionnaire
    # A wave of a few people, be its name a slip of the pen, tells of these few that they were asked.
    waves = [wave for wave in inputs.waves if wave.people.height >= FEWEST_EFFECTIVE]
    if questionnaire is None or not waves:
        return empty_tables()
    tree = AreaTree(inputs.areas)
    geographies = inputs.extract("ext_survey_answer").filter(source=questionnaire.source)["geography"]
    areas = tree.under(geographies.unique().sort().to_list()).filter(~pl.col("is_unallocated"))["area_id"].to_list()
    rows = {
        "survey_waves": (_wave(wave, inputs.disclosure) for wave in waves),
        "survey_margins": (row for wave in waves for row in _margins(wave)),
        "survey_estimates": _estimates(waves, inputs.disclosure, questionnaire, tree, areas),
        "survey_gaps": gap_rows(inputs, questionnaire, tree, areas),
        "survey_reliability": _reliability(inputs, questionnaire, tree, areas),
        "survey_importance": _importance(inputs, questionnaire, tree, areas),
    }
    frames = {
        name: pl.DataFrame([{column: row.get(column) for column in SCHEMAS[name]} for row in found], SCHEMAS[name])
        for name, found in rows.items()
    }
    frames["survey_estimates"] = _with_q_values(frames["survey_estimates"])
    hidden = hidden_of_survey(entries, inputs.disclosure, inputs.areas)
    frames = {name: without_hidden(frame, hidden) for name, frame in frames.items()}
    # Adding zero turns -0.0 into 0.0.
    rounded = (pl.col(pl.Float64).fill_nan(None).round_sig_figs(SIGNIFICANT_DIGITS) + 0.0).name.keep()
    return {name: frame.with_columns(rounded) for name, frame in frames.items()}


def _wave(wave: Wave, disclosure: Disclosure) -> _Row:
    weights = wave.people["weight"].drop_nulls().to_numpy()
    raked = wave.raked
    return {
        "wave": wave.name,
        "first_day": wave.first_day,
        "last_day": wave.last_day,
        "asked": int(shown_number(wave.people.height, disclosure)),
        "answered": int(shown_number(len(weights), disclosure)),
        "effective": shown_number(weights.sum() ** 2 / (weights @ weights), disclosure) if len(weights) else 0.0,
        "weighting": raked.status if raked else "as_delivered",
        "rounds": raked.rounds if raked else None,
        "largest_gap": raked.largest_gap if raked else None,
        "strongest_factor": raked.strongest if raked else None,
    }


def _margins(wave: Wave) -> Iterator[_Row]:
    if wave.raked is None or len(wave.raked.weights) < FEWEST_EFFECTIVE:
        return
    for fit in wave.raked.fits:
        yield {
            "wave": wave.name,
            "margin": fit.margin,
            "class": fit.name,
            "target": fit.target,
            "before": fit.before,
            "after": fit.after,
        }


def _measured(sample: Sample, questionnaire: Questionnaire) -> dict[str, tuple[Measured, bool]]:
    """What every question and scale measures, and whether it is a share."""
    questions = {name: (sample.question(each), True) for name, each in questionnaire.questions.items()}
    return questions | {name: (sample.scale(name), False) for name in questionnaire.foundations}


def _is_reliable(sample: Sample, foundation: str, where: Bools) -> bool:
    alpha = alpha_of(sample, foundation, where)
    return alpha is not None and alpha[0].lower >= LEAST_ALPHA


def _estimates(
    waves: Sequence[Wave], disclosure: Disclosure, questionnaire: Questionnaire, tree: AreaTree, areas: list[str]
) -> Iterator[_Row]:
    samples = [Sample([wave], questionnaire) for wave in waves]
    pairs = [None, *(Sample([*pair], questionnaire) for pair in pairwise(waves))]
    told_before: set[tuple[str, str, str]] = set()
    for wave, sample, both in zip(waves, samples, pairs, strict=True):
        if not sample.heard.any():
            continue
        here = {area: sample.in_area(tree, area) for area in areas}
        groups = {group: sample.in_group(group) for group in (EVERYONE, *GROUPS)}
        measured = _measured(sample, questionnaire)
        measured_both = _measured(both, questionnaire) if both and both.heard.any() else {}
        told_now: set[tuple[str, str, str]] = set()
        for area, in_area in here.items():
            if not in_area.any():
                continue
            for group, members in groups.items():
                for name, (each, is_share) in measured.items():
                    key = (area, group, name)
                    row: _Row = {"wave": wave.name, "area_id": area, "person_group": group, "measured": name}
                    found = enough(sample, each, in_area & members, is_share, disclosure)
                    if found is None:
                        if group == EVERYONE:
                            is_few = is_share and tells_of_few(sample, each, in_area & members, disclosure)
                            small = f"small_count:{disclosure.smallest_shown}"
                            reason = small if is_few else f"small_denominator:{FEWEST_EFFECTIVE:g}"
                            yield row | {"status": "withheld", "reason": reason}
                        continue
                    if not is_share and not _is_reliable(sample, name, in_area & members):
                        yield row | {"status": "not_available", "reason": f"unreliable_scale:{LEAST_ALPHA:g}"}
                        continue
                    told_now.add(key)
                    row |= _numbers(found, disclosure)
                    if both is not None and name in measured_both and key in told_before:
                        row |= _change(
                            both, *measured_both[name], both.in_area(tree, area) & both.in_group(group), wave
                        )
                    yield row | {"status": "final"}
        told_before = told_now


def _numbers(found: Told, disclosure: Disclosure) -> _Row:
    return {
        "value": found.value,
        "lower": found.lower,
        "upper": found.upper,
        "standard_error": found.estimate.standard_error * (100 if found.is_share else 1),
        "answers": int(shown_number(found.estimate.respondents, disclosure)),
        "effective": shown_number(found.estimate.effective, disclosure),
        "design_effect": found.estimate.design_effect,
        "missing_share": found.missing_share,
    }


def _change(both: Sample, measured: Measured, is_share: bool, where: Bools, wave: Wave) -> _Row:
    """The change since the wave before, with its limits and test."""
    answered, now = both.answered(measured, where), both.in_wave(wave.name)
    values, after = both.of_heard(measured, answered & now)
    before = (answered & ~now)[both.heard]
    found = contrast(both.design, values, [(1.0, after), (-1.0, before)]).cautious()
    scale = 100 if is_share else 1
    numbers = (found.value * scale, *(each * scale for each in t_limits(found)), p_value(found))
    return dict(zip(_CHANGES, numbers, strict=True))


def _with_q_values(estimates: pl.DataFrame) -> pl.DataFrame:
    """The share of false finds among changes of a wave at least as clear (Benjamini & Hochberg 1995)."""
    tested = pl.col("change_p").is_not_null() & pl.col("change_p").is_not_nan()
    parts = []
    for _, of_wave in estimates.group_by("wave", maintain_order=True):
        p = of_wave.filter(tested)["change_p"].to_numpy()
        q = np.full(of_wave.height, np.nan)
        if len(p):
            q[of_wave.select(tested).to_series().to_numpy()] = stats.false_discovery_control(p)
        parts.append(of_wave.with_columns(change_q=pl.Series(q)))
    return pl.concat(parts) if parts else estimates


def _reliability(inputs: Inputs, questionnaire: Questionnaire, tree: AreaTree, areas: list[str]) -> Iterator[_Row]:
    for year, sample in inputs.samples:
        for area in areas:
            where = sample.in_area(tree, area)
            for foundation, items in questionnaire.foundations.items():
                found = alpha_of(sample, foundation, where)
                if found is None:
                    continue
                alpha, answers, weights = found
                effective = float(weights.sum() ** 2 / (weights @ weights))
                if effective < FEWEST_EFFECTIVE:
                    continue
                whole, of_items = sampling_adequacy(answers, weights)
                test = sphericity(answers, weights, effective)
                row: _Row = {"area_id": area, "foundation": foundation, "year": year}
                yield row | {
                    "respondents": int(shown_number(alpha.respondents, inputs.disclosure)),
                    "freedom": test.freedom,
                    "alpha": alpha.value,
                    "lower": alpha.lower,
                    "upper": alpha.upper,
                    "adequacy": whole,
                    "chi_square": test.chi_square,
                    "p_value": test.p_value,
                }
                for item, without, adequacy in zip(items, alpha.without, of_items, strict=True):
                    yield row | {"item": item, "alpha": without, "adequacy": adequacy}


def _importance(inputs: Inputs, questionnaire: Questionnaire, tree: AreaTree, areas: list[str]) -> Iterator[_Row]:
    outcome = questionnaire.questions.get("satisfied")
    if outcome is None:
        return
    for year, sample in inputs.samples:
        content = sample.item(outcome.item)
        for area in areas:
            where = sample.in_area(tree, area)
            spans = {}
            for foundation in questionnaire.foundations:
                performance = enough(sample, sample.scale(foundation), where, False, inputs.disclosure)
                importance = _importance_of(sample, sample.scale(foundation, without=outcome.item), content, where)
                if performance and importance and _is_reliable(sample, foundation, where):
                    spans[foundation] = (Span(performance.value, performance.lower, performance.upper), importance)
            for foundation, placed in zip(spans, place([*spans.values()]), strict=True):
                yield {
                    "area_id": area,
                    "foundation": foundation,
                    "quarter": placed.quarter,
                    "year": year,
                    "performance": placed.performance.value,
                    "performance_lower": placed.performance.lower,
                    "performance_upper": placed.performance.upper,
                    "importance": placed.importance.value,
                    "importance_lower": placed.importance.lower,
                    "importance_upper": placed.importance.upper,
                }


def _importance_of(sample: Sample, judged: Measured, content: Measured, where: Bools) -> Span | None:
    """The correlation of a scale without the outcome's own item with the outcome."""
    answered = sample.answered(judged, where) & sample.answered(content, where)
    if answered.sum() < FEWEST_EFFECTIVE:
        return None
    one, domain = sample.of_heard(judged, answered)
    other, _ = sample.of_heard(content, answered)
    if min(np.ptp(one[domain]), np.ptp(other[domain])) == 0:
        return None
    found = correlation(sample.design, one, other, domain).cautious()
    return Span(found.value, *correlation_limits(found)) if found.effective >= FEWEST_EFFECTIVE else None
