"""Answers to a sample: one row a respondent and wave, weights raked, and what each question or scale measures of them.

Belongs here: from the extract of answers to what can be estimated. Not here: estimating (`survey_design`), and which
figures are told (`survey_figures`, `survey_tables`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import groupby

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.areas import AreaTree
from indicators.questionnaire import Question, Questionnaire
from indicators.raking import Raked, rake
from indicators.survey_design import Design, Estimate, mean

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

EVERYONE = "all"
_WITHOUT_END = 1e12
_CARRIED = ("area_id", "person_group", "stratum", "cluster")


@dataclass(frozen=True)
class Wave:
    """One wave.

    Attributes
    ----------
    name : str
    first_day, last_day : date
        Of its answers.
    people : DataFrame
        One row per person asked, sorted by respondent: wave, respondent, area_id, person_group, stratum, cluster,
        `margin_*`, given (design weight), weight (raked; null for those who gave no usable answer or stand for nobody),
        and one text column `item:<item>` per item.
    raked : Raked or None
        None where the pack declares no margins.
    """

    name: str
    first_day: date
    last_day: date
    people: pl.DataFrame
    raked: Raked | None


def read_waves(answers: pl.DataFrame, questionnaire: Questionnaire, as_of: date) -> list[Wave]:
    """The waves of a survey, in the order of their first days.

    Answers without the name of a wave are of the wave of their year; without a respondent each stands for someone of
    its own. Where one respondent has several answers to an item in a wave, that with the first id counts.

    Parameters
    ----------
    answers : DataFrame
        `ext_survey_answer`.
    questionnaire : Questionnaire
    as_of : date
        The last day that counts.
    """
    known = answers.filter((pl.col("source") == questionnaire.source) & (pl.col("day") <= as_of)).with_columns(
        wave=pl.coalesce("wave", pl.col("day").dt.year().cast(pl.String)),
        respondent=pl.coalesce("respondent_key", "survey_id"),
        answer=pl.when(~pl.col("answer").is_in([*questionnaire.no_answer])).then("answer"),
    )
    spans = known.group_by("wave").agg(first=pl.col("day").min(), last=pl.col("day").max()).sort("first", "wave")
    return [
        _wave(name, first, last, known.filter(pl.col("wave") == name), questionnaire)
        for name, first, last in spans.iter_rows()
    ]


def _wave(name: str, first: date, last: date, rows: pl.DataFrame, questionnaire: Questionnaire) -> Wave:
    margins = [f"margin_{each}" for each in questionnaire.margins]
    rows = rows.sort("respondent", "survey_id")
    people = (
        rows.group_by("respondent", maintain_order=True)
        .agg(
            pl.col(*_CARRIED, *margins).drop_nulls().first(),
            pl.col("weight").cast(pl.Float64).drop_nulls().first().alias("given"),
            pl.col("answer").is_not_null().any().alias("is_heard"),
            *(
                pl.col("answer").filter(pl.col("item") == item).drop_nulls().first().alias(f"item:{item}")
                for item in questionnaire.items
            ),
        )
        .with_columns(wave=pl.lit(name))
        .filter(pl.col("given").is_null() | (pl.col("given") > 0))
    )
    heard = people.filter("is_heard", pl.col("given").is_not_null())
    raked = None
    weights = heard["given"].to_numpy()
    if questionnaire.margins and heard.height:
        classes = {each: heard[f"margin_{each}"].to_list() for each in questionnaire.margins}
        raked = rake(weights, classes, questionnaire.margins)
        weights = raked.weights
    weighed = heard.select("respondent", weight=pl.Series(weights, dtype=pl.Float64)).filter(pl.col("weight") > 0)
    return Wave(name, first, last, people.join(weighed, on="respondent", how="left", maintain_order="left"), raked)


@dataclass(frozen=True)
class Measured:
    """What a question or scale measures of everyone asked.

    Attributes
    ----------
    values : array, shape (n,)
        0 or 1 of a question, 0 to 100 of a scale; NaN where not answered.
    concerned : array of bool, shape (n,)
        Whom it concerns, as far as is known: who did not say whether they were a victim may have been one.
    """

    values: Floats
    concerned: Bools


class Sample:
    """One wave, or several together, as one sample.

    A cluster (or, where there are none, a respondent) that comes in several waves is one cluster of one stratum
    throughout, so that what the waves share is in the variance; else each wave's strata are its own.
    """

    def __init__(self, waves: Sequence[Wave], questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        self.people = pl.concat([wave.people for wave in waves])
        self._in_area: dict[str, Bools] = {}
        self._of_item: dict[str, Floats] = {}
        self._heard = self.people["weight"].is_not_null().to_numpy()
        self._is_raked = {wave.name for wave in waves if wave.raked and wave.raked.status == "converged"}

    @property
    def heard(self) -> Bools:
        """Who gave any usable answer, and stands for someone: shape (n,), as `people`."""
        return self._heard

    @cached_property
    def design(self) -> Design:
        """The design of those heard."""
        heard = self.people.filter(pl.col("weight").is_not_null())
        unit = pl.struct(
            pl.col("stratum"), own=pl.coalesce("cluster", "respondent"), is_own=pl.col("cluster").is_null()
        )
        units = heard.select(unit=unit, wave="wave", stratum="stratum")
        is_shared = units.unique(["unit", "wave"])["unit"].is_duplicated().any()
        stratum = pl.struct("stratum") if is_shared else pl.struct("stratum", "wave")
        numbered = units.select(
            strata=stratum.rank("dense").cast(pl.Int64), clusters=pl.col("unit").rank("dense").cast(pl.Int64)
        )
        return Design(
            weights=heard["weight"].to_numpy(),
            strata=numbered["strata"].to_numpy(),
            clusters=numbered["clusters"].to_numpy(),
            population=self._population(heard, numbered),
            margins=self._margins(heard),
        )

    def _population(self, heard: pl.DataFrame, numbered: pl.DataFrame) -> Floats | None:
        known = self.questionnaire.clusters_in_population
        if not known:
            return None
        told = heard["stratum"].replace_strict(known, default=None, return_dtype=pl.Float64)
        drawn = numbered.select(pl.col("clusters").n_unique().over("strata")).to_series()
        # A stratum that the pack does not tell of, or that has more clusters than it tells, is taken to have no end.
        population = numbered.select(pl.when(told >= drawn).then(told).otherwise(_WITHOUT_END)).to_series()
        return population.to_numpy()

    def _margins(self, heard: pl.DataFrame) -> Floats | None:
        columns = [
            ((heard["wave"] == wave) & (heard[f"margin_{margin}"] == name)).fill_null(False).to_numpy()
            for wave in sorted(self._is_raked)
            for margin, classes in self.questionnaire.margins.items()
            for name in classes
        ]
        return np.column_stack(columns).astype(np.float64) if columns else None

    def question(self, question: Question) -> Measured:
        """What a question measures."""
        answers = self.people[f"item:{question.item}"]
        values = answers.is_in([*question.counts]).cast(pl.Float64).to_numpy()
        values = np.where(answers.is_null().to_numpy(), np.nan, values)
        if question.asked_if is None:
            return Measured(values, np.ones(len(values), dtype=np.bool_))
        item, wanted = question.asked_if
        before = self.people[f"item:{item}"]
        concerned = before.is_in([*wanted]).fill_null(False).to_numpy()
        return Measured(np.where(concerned, values, np.nan), concerned | before.is_null().to_numpy())

    def items(self, foundation: str) -> Floats:
        """Answers to the items of a scale, all pointing up: shape (n, k), NaN where not answered or off the scale."""
        asked = self.questionnaire
        columns = []
        for item in asked.foundations[foundation]:
            values = self._numbers(item)
            columns.append(asked.lowest + asked.highest - values if item in asked.reversed_items else values)
        return np.column_stack(columns)

    def _numbers(self, item: str) -> Floats:
        if item not in self._of_item:
            values = self.people[f"item:{item}"].cast(pl.Float64, strict=False).fill_null(np.nan).to_numpy()
            off = (values < self.questionnaire.lowest) | (values > self.questionnaire.highest)
            self._of_item[item] = np.where(off, np.nan, values)
        return self._of_item[item]

    def scale(self, foundation: str, without: str | None = None) -> Measured:
        """The mean of a scale's answered items, from 0 (the lowest answer) to 100, if half of them at least are.

        Parameters
        ----------
        foundation : str
        without : str, optional
            An item to leave out, which the scale is to be set against.
        """
        kept = [item != without for item in self.questionnaire.foundations[foundation]]
        return self._scaled(self.items(foundation)[:, kept])

    def item(self, item: str) -> Measured:
        """One item's answers, from 0 to 100."""
        return self._scaled(self._numbers(item)[:, None])

    def _scaled(self, answers: Floats) -> Measured:
        answered = np.isfinite(answers)
        count = answered.sum(axis=1)
        with np.errstate(invalid="ignore"):
            means = np.where(answered, answers, 0.0).sum(axis=1) / count
        span = self.questionnaire.highest - self.questionnaire.lowest
        values = (means - self.questionnaire.lowest) / span * 100
        enough = (2 * count >= answers.shape[1]) & (count > 0)
        return Measured(np.where(enough, values, np.nan), np.ones(len(values), dtype=np.bool_))

    def in_area(self, tree: AreaTree, area: str) -> Bools:
        """Who lives in an area."""
        if area not in self._in_area:
            within = tree.lineage.filter(pl.col("ancestor_id") == area)["area_id"]
            self._in_area[area] = self.people["area_id"].is_in(within.implode()).fill_null(False).to_numpy()
        return self._in_area[area]

    def in_wave(self, name: str) -> Bools:
        """Who was asked in a wave."""
        return (self.people["wave"] == name).to_numpy()

    def in_group(self, group: str) -> Bools:
        """Who belongs to a group of the questionnaire, or to EVERYONE."""
        if group == EVERYONE:
            return np.ones(self.people.height, dtype=np.bool_)
        members = [*self.questionnaire.groups.get(group, ())]
        return self.people["person_group"].is_in(members).fill_null(False).to_numpy()

    def answered(self, measured: Measured, where: Bools) -> Bools:
        """Whose answer can be used."""
        answered: Bools = np.isfinite(measured.values) & measured.concerned & where & self._heard
        return answered

    def estimate(self, measured: Measured, where: Bools) -> Estimate | None:
        """The mean of what is measured of those in `where`; None where nobody answered."""
        answered = self.answered(measured, where)
        if not answered.any():
            return None
        return mean(self.design, *self.of_heard(measured, answered)).cautious()

    def of_heard(self, measured: Measured, domain: Bools) -> tuple[Floats, Bools]:
        """Values and domain of those heard alone, as the design has them; 0 where not answered."""
        return np.nan_to_num(measured.values)[self._heard], domain[self._heard]

    def smaller_side(self, measured: Measured, where: Bools) -> int:
        """How many people gave the answer of a question, 0 or 1, that fewer gave."""
        values = measured.values[self.answered(measured, where)]
        return int(min((values == 0).sum(), (values == 1).sum()))

    def missing(self, measured: Measured, where: Bools) -> tuple[int, float]:
        """Number of people asked whose answer cannot be used, and their share by design weight."""
        asked = measured.concerned & where
        silent = asked & ~self.answered(measured, where)
        given = self.people["given"].fill_null(1.0).to_numpy()
        whole = given[asked].sum()
        return int(silent.sum()), float(given[silent].sum() / whole) if whole > 0 else 0.0


def samples_by_year(waves: Sequence[Wave], questionnaire: Questionnaire) -> list[tuple[int, Sample]]:
    """The waves that began in each year as one sample; years in which nobody was heard are left out."""
    samples = [
        (year, Sample([*together], questionnaire))
        for year, together in groupby(waves, key=lambda wave: wave.first_day.year)
    ]
    return [(year, sample) for year, sample in samples if sample.heard.any()]
