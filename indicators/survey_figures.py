"""Figures of a survey: what share answers so, how people judge, and how far two groups are apart, by area and year.

Belongs here: from a sample to the cells of catalogue entries. What the release tells beside them is in `survey_tables`.
Respondents end here: a figure holds estimates alone, and none of a small group.
"""

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.entries import Entry
from indicators.disclosure import Disclosure
from indicators.grades import CAUSES
from indicators.inputs import Inputs
from indicators.questionnaire import FEWEST_EFFECTIVE, GROUPS, LEAST_ALPHA, Questionnaire
from indicators.reliability import Alpha, cronbach_alpha
from indicators.survey_answers import Bools, Floats, Measured, Sample
from indicators.survey_design import Estimate, difference, proportion_limits, t_limits

# Numbers of respondents are told in steps of so many where counts are protected.
ROUNDED_TO = 5


@dataclass(frozen=True)
class Told:
    """An estimate in percent or points of 100, as it is published.

    Attributes
    ----------
    value, lower, upper : float
    estimate : Estimate
        In the units of what was measured.
    missing : int
        People asked whose answer cannot be used.
    missing_share : float
        Their share of those asked, by design weight.
    is_share : bool
        Whether it is a share, else a mean from 0 to 100.
    """

    value: float
    lower: float
    upper: float
    estimate: Estimate
    missing: int
    missing_share: float
    is_share: bool

    def bounds(self) -> tuple[float, float]:
        """The limits, were all answers that cannot be used the lowest, and the highest."""
        answered = 1 - self.missing_share
        return self.lower * answered, self.upper * answered + 100 * self.missing_share


def told(sample: Sample, measured: Measured, where: Bools, is_share: bool) -> Told | None:
    """Estimate the share or mean of those in `where`; None where nobody answered."""
    estimate = sample.estimate(measured, where)
    if estimate is None:
        return None
    scale = 100.0 if is_share else 1.0
    lower, upper = proportion_limits(estimate) if is_share else t_limits(estimate)
    return Told(
        estimate.value * scale,
        min(max(lower * scale, 0.0), 100.0),
        min(max(upper * scale, 0.0), 100.0),
        estimate,
        *sample.missing(measured, where),
        is_share,
    )


def tells_of_few(sample: Sample, measured: Measured, where: Bools, disclosure: Disclosure) -> bool:
    """Whether a share would tell what so few people said that it may not be shown."""
    return 0 < sample.smaller_side(measured, where) < disclosure.smallest_shown


def enough(sample: Sample, measured: Measured, where: Bools, is_share: bool, disclosure: Disclosure) -> Told | None:
    """An estimate that may be told: of FEWEST_EFFECTIVE answers at least, and telling of no few people."""
    if sample.answered(measured, where).sum() < FEWEST_EFFECTIVE:
        return None
    if is_share and tells_of_few(sample, measured, where, disclosure):
        return None
    found = told(sample, measured, where, is_share)
    return found if found and found.estimate.effective >= FEWEST_EFFECTIVE else None


def shown_number(number: float, disclosure: Disclosure) -> float:
    """A number of respondents as it may be shown: in steps of ROUNDED_TO, downwards, where counts are protected."""
    return number if disclosure.is_exact else math.floor(number / ROUNDED_TO) * float(ROUNDED_TO)


def alpha_of(sample: Sample, foundation: str, where: Bools) -> tuple[Alpha, Floats, Floats] | None:
    """Cronbach's alpha of a scale among those in `where` who answered it whole, with their answers and weights.

    None where fewer than two did, or it has one item.
    """
    answers = sample.items(foundation)
    whole = np.isfinite(answers).all(axis=1) & where & sample.heard
    if whole.sum() < 2 or answers.shape[1] < 2:
        return None
    weights = sample.people["weight"].to_numpy()[whole]
    effective = float(weights.sum() ** 2 / (weights @ weights))
    return cronbach_alpha(answers[whole], weights, effective), answers[whole], weights


def survey_figures(entry: Entry, inputs: Inputs, tree: AreaTree) -> pl.DataFrame | str:
    """Figures of an entry with `survey` for every area and year in which someone was asked.

    The denominator is the effective number of answers, the numerator that of effective answers that count (of a mean,
    and of a gap, its own value times it): both are held back with the figure where there are too few. A scale is told
    only where the lower limit of Cronbach's alpha reaches LEAST_ALPHA. A gap is the distance of the two GROUPS without
    its sign, at least 0 where the limits of the difference are on both sides of it.

    Returns
    -------
    DataFrame or str
        Cells as `statuses.publish` takes them; or the reason why there are none.
    """
    asked, questionnaire = entry.survey, inputs.questionnaire
    if asked is None:
        raise ValueError(f"indicator {entry.id} does not say what is asked: give it `survey`")
    if questionnaire is None:
        return "needs_questionnaire"
    name = asked.question or asked.foundation or ""
    if name not in (questionnaire.questions if asked.question else questionnaire.foundations):
        return f"needs_question:{name}"
    geographies = (
        inputs.extract(entry.extract or "").filter(source=questionnaire.source)["geography"].unique().sort().to_list()
    )
    hidden = [*inputs.disclosure.hidden_levels.get(entry.id, ())]
    areas = tree.under(geographies).filter(~pl.col("is_unallocated"), ~pl.col("area_level").is_in(hidden))
    samples = dict(inputs.samples)
    asked_ever: set[str] = set().union(*(sample.people["area_id"].unique() for sample in samples.values()))
    lived_in = tree.lineage.filter(pl.col("area_id").is_in([*asked_ever]))["ancestor_id"].unique()
    rows = []
    # A year without a wave, or in which an area had no respondent, is told as such between those that have one.
    for year in range(min(samples, default=0), max(samples, default=-1) + 1):
        sample = samples.get(year)
        measured = sample and (sample.question(questionnaire.questions[name]) if asked.question else sample.scale(name))
        for area in areas.filter(pl.col("area_id").is_in(lived_in.implode()))["area_id"]:
            where = sample.in_area(tree, area) if sample else np.zeros(0, dtype=np.bool_)
            cell = _NOTHING
            if sample and measured and where.any():
                cell = _cell(entry, sample, measured, where, inputs.disclosure)
            rows.append((area, date(year, 1, 1), *cell))
    names = (*("value", "lower", "upper", "bound_low", "bound_high", "numerator", "denominator"), "share_value_missing")
    cells = pl.DataFrame(
        rows,
        schema={"area_id": pl.String, "period_start": pl.Date}
        | dict.fromkeys(names, pl.Float64)
        | {"unusable": pl.Int64, "void_reason": pl.String, "is_withheld": pl.Boolean},
        orient="row",
    ).join(areas, on="area_id")
    cells = cells.join(_in_doubt(inputs, tree, questionnaire), on=["area_id", "period_start"], how="left")
    period_end = pl.col("period_start").dt.offset_by("12mo").dt.offset_by("-1d")
    return cells.with_columns(
        period_kind=pl.lit("year"),
        period_end=period_end,
        numerator=pl.when(pl.col("denominator") >= entry.min_denominator).then("numerator"),
        # Who has answered in a year has a row of it, but for a wave that goes on into the next.
        **{f"share_{cause}": pl.col(f"share_{cause}").fill_null(0.0) for cause in CAUSES},
    ).with_columns(
        # A wave has no days that could be missing.
        have_days=pl.lit(1, pl.Int64),
        span_days=pl.lit(1, pl.Int64),
        events=pl.lit(0.0),
        event_squares=pl.lit(0.0),
        provisional_reason=pl.when(pl.col("period_end") > pl.lit(inputs.as_of)).then(pl.lit("period_open")),
    )


_NOTHING: tuple[object, ...] = (*(None,) * 6, 0.0, 0.0, 0, "nothing_to_count", False)


def _cell(entry: Entry, sample: Sample, measured: Measured, where: Bools, disclosure: Disclosure) -> tuple[object, ...]:
    if entry.kind == "survey_gap":
        return _gap(sample, measured, where, disclosure)
    found = told(sample, measured, where, is_share=entry.kind == "survey_proportion")
    if found is None:
        missing, share = sample.missing(measured, where)
        return (*(None,) * 6, 0.0, share, missing, "nothing_to_count", False)
    effective = shown_number(found.estimate.effective, disclosure)
    reason = None
    if entry.survey and entry.survey.foundation and effective >= entry.min_denominator:
        alpha = alpha_of(sample, entry.survey.foundation, where)
        if alpha is None or not alpha[0].lower >= LEAST_ALPHA:
            reason = f"unreliable_scale:{LEAST_ALPHA:g}"
    numerator = found.value / 100 * effective
    return (
        *(found.value, found.lower, found.upper, *found.bounds(), numerator, effective),
        *(found.missing_share, found.missing, reason),
        found.is_share and tells_of_few(sample, measured, where, disclosure),
    )


def _gap(sample: Sample, measured: Measured, where: Bools, disclosure: Disclosure) -> tuple[object, ...]:
    domains = [where & sample.in_group(group) for group in GROUPS]
    parts = [told(sample, measured, domain, is_share=True) for domain in domains]
    missing, share = sample.missing(measured, domains[0] | domains[1])
    one, other = parts
    if one is None or other is None:
        return (*(None,) * 6, 0.0, share, missing, "nothing_to_count", False)
    gap = gap_of(sample, measured, where)
    least, most = one.bounds()[0] - other.bounds()[1], one.bounds()[1] - other.bounds()[0]
    # The group of which fewer answered decides whether anything can be told.
    effective = shown_number(min(one.estimate.effective, other.estimate.effective), disclosure)
    return (
        *(abs(gap.value), *unsigned(gap.lower, gap.upper)),
        *unsigned(min(least, gap.lower), max(most, gap.upper)),
        *(abs(gap.value) / 100 * effective, effective, share, missing, None),
        any(tells_of_few(sample, measured, domain, disclosure) for domain in domains),
    )


def gap_of(sample: Sample, measured: Measured, where: Bools) -> Told:
    """The share of residents less that of new citizens, in points; both must have answered."""
    domains = [where & sample.in_group(group) for group in GROUPS]
    answered = [sample.answered(measured, domain) for domain in domains]
    values, first = sample.of_heard(measured, answered[0])
    estimate = difference(sample.design, values, first, answered[1][sample.heard]).cautious()
    lower, upper = t_limits(estimate)
    missing = sample.missing(measured, domains[0] | domains[1])
    return Told(estimate.value * 100, max(lower * 100, -100.0), min(upper * 100, 100.0), estimate, *missing, True)


def unsigned(lower: float, upper: float) -> tuple[float, float]:
    """Limits of a distance from those of a difference."""
    ends = abs(lower), abs(upper)
    return (0.0 if lower <= 0 <= upper else min(ends)), max(ends)


def _in_doubt(inputs: Inputs, tree: AreaTree, questionnaire: Questionnaire) -> pl.DataFrame:
    """Shares of the answers, whatever the item, that were refused, are in doubt or of unknown area or day.

    Returns
    -------
    DataFrame
        area_id, period_start, and `share_<cause>`.
    """
    key = ["area_id", "period_start"]
    doubtful = inputs.doubtful.filter((pl.col("source") == questionnaire.source) & pl.col("field").is_null())
    rows = inputs.extract("ext_survey_answer").filter(source=questionnaire.source)
    year = pl.col("day").dt.truncate("1y")
    counted = rows.select("area_id", period_start=year, answers=pl.lit(1, pl.Int64))
    dated = doubtful.drop_nulls("day").select("area_id", "refused", "contested", period_start=year)
    undated = int(doubtful.filter(pl.col("day").is_null())["refused"].sum())
    unplaced = tree.areas.filter("is_unallocated")["area_id"].implode()
    of_year = counted.group_by("period_start").agg(unplaced=pl.col("area_id").is_in(unplaced).mean())
    top = tree.areas.filter(pl.col("parent_id").is_null())["area_id"].implode()
    return (
        tree.roll_up(counted, ["period_start"], ["answers"])
        .join(tree.roll_up(dated, ["period_start"], ["refused", "contested"]), on=key, how="left")
        .join(of_year, on="period_start")
        .fill_null(0)
        .select(
            *key,
            share_refused=pl.col("refused") / (pl.col("answers") + pl.col("refused")),
            share_conflicting=(pl.col("contested") / pl.col("answers")).clip(0, 1),
            share_area_unknown=pl.when(pl.col("area_id").is_in(top)).then(0.0).otherwise("unplaced"),
            share_time_unknown=pl.lit(undated / max(rows.height + undated, 1)),
        )
    )
