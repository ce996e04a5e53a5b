"""The model of a catalogue entry: what one indicator is, and which of its parts must agree.

Belongs here: the fields, and the checks on one entry. Not here: reading files (`reading`), computing (`compute`).
"""

from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from indicators.catalogue.measures import EXTRACTS, KINDS_BESIDE, MEASURES, Measure
from indicators.catalogue.parts import (
    Alternative,
    Alternatives,
    Asked,
    Base,
    HotCells,
    Model,
    Near,
    Network,
    Selection,
    Stock,
    Text,
    Unusable,
    Waiting,
)

PeriodKind = Literal["day", "week", "month", "quarter", "year", "rolling_12m"]
FigureKind = Literal[
    "rate",
    "weighted_rate",
    "proportion",
    "survival_quantile",
    "stock_ratio",
    "ratio",
    "mean",
    "difference",
    "near_repeat",
    "repeat_addresses",
    "concentration",
    "network",
    "survey_proportion",
    "survey_mean",
    "survey_gap",
    "waiting_gap",
    "participation",
    "hot_cells",
]
IntervalMethod = Literal[
    "byar",
    "wilson",
    "gamma",
    "daily_cluster",
    "kaplan_meier",
    "ratio_of_counts",
    "cluster",
    "bootstrap",
    "permutation",
    "survey_linearised",
    "none",
]

# Histograms of durations, and the counts by day of the records that they are of.
DURATIONS = {
    "msr_handoff_duration_month": "msr_handoff_day",
    "msr_incident_duration_month": "msr_incident_stage_day",
    "msr_service_duration_month": "msr_service_day",
}
# Methods that a computed figure of each kind may take.
COMPUTED = {
    "rate": ("byar", "daily_cluster"),
    "weighted_rate": ("gamma",),
    "proportion": ("wilson", "cluster"),
    "ratio": ("ratio_of_counts",),
    "survival_quantile": ("kaplan_meier",),
    "stock_ratio": ("none",),
    "near_repeat": ("cluster",),
    "repeat_addresses": ("permutation",),
    "network": ("bootstrap",),
    "survey_proportion": ("survey_linearised",),
    "survey_mean": ("survey_linearised",),
    "survey_gap": ("survey_linearised",),
    "waiting_gap": ("kaplan_meier",),
    "participation": ("bootstrap",),
    "hot_cells": ("cluster", "wilson"),
    "concentration": ("bootstrap",),
}
SURVEYS = ("survey_proportion", "survey_mean", "survey_gap")
# Kinds that are computed without a measure.
WITHOUT_MEASURE = ("stock_ratio", *SURVEYS)
# Figures of groups of people: of those withheld, not even the counts are told.
OF_FEW_PEOPLE = ("waiting_gap", "participation")
# Fields that some kinds of figure have, and no other.
PARTS = {
    "stock": ("stock_ratio",),
    "near": ("near_repeat",),
    "network": ("network",),
    "base": ("ratio",),
    "survey": SURVEYS,
    "waiting": ("waiting_gap",),
    "hot": ("hot_cells",),
}


class Entry(Model):
    """One indicator.

    An entry with a `measure` (a stock_ratio: with `stock`; of a survey: with `survey`) is computed wherever the data
    carry its `needs`; one without says what it would need, and is published as not available. `scale` turns the
    measure's unit into the numerator's (1e6 for parts per million, 60 for seconds to minutes); `per` is the base that
    the figure is given for. A ratio is divided by its `base`. `where` says which records a survival_quantile or a
    figure of an extract is of; other kinds say so in `numerator` and `denominator`. Of a near_repeat `min_denominator`
    is the number of near pairs that chance alone would bring, of a network the number of cases that it is rarefied to,
    of a survey the effective number of answers, of a waiting_gap the number of requests that each of the two groups
    has, of a participation the number of people, both on the register and seen to take part. `goalposts` are the
    figures, in the indicator's unit, between which it counts in the composite index: at one end 0, at the other 100.
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")
    title: Text
    about: Text
    caveats: Text
    dimension: Literal[
        "mechanism",
        "social_linkage",
        "information_sharing",
        "prevention_foundation",
        "team",
        "technology",
        "rule_of_law",
        "public_perception",
        "government",
        "enterprises",
        "new_citizens",
    ]
    subject: Literal["all", "government", "enterprises", "new_citizens"]
    polarity: Literal["higher", "lower", "context"]
    goalposts: tuple[float, float] | None = Field(default=None, strict=False)
    unit: str
    decimals: int = Field(ge=0, le=6)
    kind: FigureKind
    formula: Text
    needs: tuple[Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_0-9]+$")], ...] = Field(default=(), strict=False)
    interval: IntervalMethod
    min_denominator: float = Field(ge=0)
    maturity_days: int = Field(ge=0)
    period_kinds: tuple[PeriodKind, ...] = Field(min_length=1, strict=False)
    reference: str = Field(min_length=1)
    intended_use: Text
    forbidden_use: Text
    gaming: Text

    measure: str | None = None
    opened_measure: str | None = None
    where: Alternatives = Field(default_factory=list)
    stock: Stock | None = None
    near: Near | None = None
    network: Network | None = None
    survey: Asked | None = None
    base: Base | None = None
    waiting: Waiting | None = None
    hot: HotCells | None = None
    numerator: Selection | None = None
    denominator: Selection | None = None
    count: str | None = None
    scale: float = Field(default=1.0, gt=0)
    per: float = Field(default=1.0, gt=0)
    quantile: float = Field(default=0.5, gt=0, lt=1)
    coverage: Literal["all", "any"] = "all"
    unusable: Unusable = Unusable()

    @property
    def extract(self) -> str | None:
        """The extract that a computed entry rests on, beside its measure where it has one."""
        return EXTRACTS[self.kind].table if (self.measure or self.survey) and self.kind in EXTRACTS else None

    @property
    def parts(self) -> tuple["Entry", ...]:
        """The entry itself, and of a ratio what it is divided by: as entries that count rows of one measure each."""
        if self.base is None:
            return (self,)
        below = {
            "measure": self.base.measure,
            "numerator": Selection(column=self.base.column, where=self.base.where),
            "scale": self.base.scale,
            "count": None,
            "unusable": self.unusable.model_copy(update={"missing": None}),
        }
        return self, self.model_copy(update=below)

    @property
    def is_computed(self) -> bool:
        """Whether the entry says how it is computed."""
        return self.measure is not None or self.stock is not None or self.survey is not None

    @model_validator(mode="after")
    def _goalposts_fit(self) -> Self:
        if self.goalposts is not None:
            if self.polarity == "context":
                raise ValueError("goalposts: an indicator that is context belongs in no index")
            if self.goalposts[0] >= self.goalposts[1]:
                raise ValueError("goalposts: the minimum comes first and lies below the maximum")
        return self

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if len(set(self.period_kinds)) < len(self.period_kinds):
            raise ValueError("period_kinds: a kind is listed twice")
        for part, kinds in PARTS.items():
            if (getattr(self, part) is None) == (self.kind in kinds):
                raise ValueError(f"{part}: a {' or '.join(kinds)} has it, and no other kind")
        if self.measure is None:
            self._does_without_measure()
            return self
        if self.kind in WITHOUT_MEASURE:
            raise ValueError(f"measure: a {self.kind} takes none")
        if self.kind not in COMPUTED:
            raise ValueError(
                f"kind: {self.kind} cannot be computed yet; with a measure it is one of {', '.join(COMPUTED)}"
            )
        if self.interval not in COMPUTED[self.kind]:
            raise ValueError(f"interval: a {self.kind} takes {' or '.join(COMPUTED[self.kind])}, not {self.interval}")
        self._selections_fit()
        if self.kind == "survival_quantile":
            self._durations_fit()
        elif self.kind in EXTRACTS:
            self._extract_fits()
        else:
            self._counts_fit()
        return self

    def _does_without_measure(self) -> None:
        if self.numerator or self.denominator or self.count or self.opened_measure or self.where or self.base:
            raise ValueError("numerator, denominator, count, opened_measure, where and base need a measure")
        if self.kind in WITHOUT_MEASURE and self.interval not in COMPUTED[self.kind]:
            raise ValueError(f"interval: a {self.kind} takes {' or '.join(COMPUTED[self.kind])}, not {self.interval}")
        if self.survey:
            self._survey_fits()

    def _counts_fit(self) -> None:
        if self.kind == "concentration" and (self.kind, self.measure) not in KINDS_BESIDE:
            raise ValueError(f"a concentration takes the measure msr_incident_basis_day, not {self.measure}")
        if self.where:
            raise ValueError(f"where: a {self.kind} says in its numerator and denominator which records it counts")
        if self.numerator is None:
            raise ValueError("numerator: missing")
        if (self.denominator is None) == (self.kind == "proportion"):
            raise ValueError(
                "denominator: a proportion has one; a rate is over the population, a ratio over its base, and has none"
            )
        if self.base:
            _named_by(self.base.measure, [self.base.column], self.base.where)
            if {"day", "week"} & set(self.period_kinds):
                raise ValueError("period_kinds: a ratio is not told by days and weeks")

    def _selections_fit(self) -> None:
        selections = [s for s in (self.numerator, self.denominator) if s]
        columns = [*(s.column for s in selections), *filter(None, (self.count, self.unusable.missing))]
        filters = [*self.where, *(alternative for s in selections for alternative in s.where)]
        measure = _named_by(self.measure, columns, filters)
        if self.kind == "weighted_rate" and "category" not in measure.dimensions:
            raise ValueError(f"{self.measure} has no categories to weigh")

    def _extract_fits(self) -> None:
        if self.numerator or self.denominator:
            raise ValueError(f"a {self.kind} counts records: say which by where, without numerator and denominator")
        extract = EXTRACTS[self.kind]
        if self.measure not in extract.measures:
            raise ValueError(f"a {self.kind} takes the measure {' or '.join(extract.measures)}, not {self.measure}")
        for dimension in {name for alternative in self.where for name in alternative}:
            if dimension not in extract.dimensions:
                raise ValueError(
                    f"{extract.table} has no dimension {dimension}; it has {', '.join(extract.dimensions)}"
                )
        others = set(self.period_kinds) - set(extract.period_kinds)
        if others:
            raise ValueError(f"period_kinds: a {self.kind} is not told by {' and '.join(sorted(others))}")

    def _survey_fits(self) -> None:
        if (self.kind == "survey_mean") != (self.survey is not None and self.survey.foundation is not None):
            raise ValueError("survey: a survey_mean is of a foundation, the other kinds of a question")
        if set(self.period_kinds) != {"year"}:
            raise ValueError(f"period_kinds: a {self.kind} is told by year alone")

    def _durations_fit(self) -> None:
        if self.numerator or self.denominator:
            raise ValueError("a survival_quantile counts a whole measure: leave numerator and denominator out")
        if self.measure not in DURATIONS or self.opened_measure != DURATIONS[self.measure]:
            pairs = " or ".join(f"{closed} and opened_measure {opened}" for closed, opened in DURATIONS.items())
            raise ValueError(f"a survival_quantile takes {pairs}")
        finer = {"day", "week"} & set(self.period_kinds)
        if finer:
            raise ValueError(f"period_kinds: durations are counted by month, so not by {' and '.join(sorted(finer))}")


def _named_by(name: str | None, columns: Iterable[str], where: Iterable[Alternative]) -> Measure:
    """Find a measure; raise ValueError unless it has these counts, and the dimensions that these filters name."""
    if name not in MEASURES:
        raise ValueError(f"measure: no {name}; there are {', '.join(MEASURES)}")
    measure = MEASURES[name]
    for column in columns:
        if column not in measure.counts:
            raise ValueError(f"{name} has no count {column}; it has {', '.join(measure.counts)}")
    for dimension in {dimension for alternative in where for dimension in alternative}:
        if dimension not in measure.dimensions:
            raise ValueError(f"{name} has no dimension {dimension}; it has {', '.join(measure.dimensions)}")
    return measure
