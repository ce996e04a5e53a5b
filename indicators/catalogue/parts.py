"""The parts of a catalogue entry: texts, which rows are counted, and what single kinds of figure ask for.

Belongs here: each part by itself. Which parts an entry has, and how they must agree, is in `entries`.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from indicators.catalogue.measures import STOCKS
from indicators.questionnaire import FOUNDATIONS, QUESTIONS


class Model(BaseModel):
    """Base of all parts of an entry: immutable, and an unknown field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, strict=True)


class Text(Model):
    """A text in English and in Simplified Chinese."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Condition(Model):
    """What a dimension must hold: one of `values`, something that starts with one of `prefix`, none of `except`.

    A missing value passes `except` and nothing else. A bare list means `values`.
    """

    values: list[str] | None = Field(default=None, min_length=1)
    prefix: list[str] | None = Field(default=None, min_length=1)
    excluded: list[str] | None = Field(default=None, alias="except", min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _list_means_values(cls, given: object) -> object:
        return {"values": given} if isinstance(given, list) else given

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.values is None and self.prefix is None and self.excluded is None:
            raise ValueError("give a list of values, or one of prefix and except")
        return self


def _alternatives(given: object) -> object:
    return ([given] if given else []) if isinstance(given, dict) else given


Alternative = Annotated[dict[str, Condition], Field(min_length=1)]


Alternatives = Annotated[list[Alternative], BeforeValidator(_alternatives)]


class Selection(Model):
    """A column of the measure, summed over the rows that pass `where`.

    `where` maps dimensions to conditions that must all hold; a list of such maps passes what any of them passes.
    """

    column: str
    where: Alternatives = Field(default_factory=list)


class Base(Selection):
    """What a ratio is divided by: a column of another measure, summed over the rows that pass `where`, by `scale`."""

    measure: str
    scale: float = Field(default=1.0, gt=0)


class Stock(Model):
    """Two columns of `fct_profile`: what there is of the one, as a share of the other."""

    numerator: str
    denominator: str

    @model_validator(mode="after")
    def _are_known(self) -> Self:
        for column in (self.numerator, self.denominator):
            if column not in STOCKS:
                raise ValueError(f"there is no stock {column}; there are {', '.join(STOCKS)}")
        return self


class Near(Model):
    """When two incidents at different addresses are near: closer than `metres`, and fewer than `days` days apart."""

    metres: float = Field(gt=0)
    days: int = Field(gt=0)


class Network(Model):
    """What is told of agencies that have `fewest_cases` together; of hand-offs, from one to the other."""

    statistic: Literal["density", "degree_centralisation"]
    fewest_cases: int = Field(ge=1)


class Asked(Model):
    """What a survey is asked: one of the questions, or the scale of one of the foundations."""

    question: str | None = None
    foundation: str | None = None

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if (self.question is None) == (self.foundation is None):
            raise ValueError("give a question or a foundation")
        for name, known in ((self.question, QUESTIONS), (self.foundation, FOUNDATIONS)):
            if name is not None and name not in known:
                raise ValueError(f"there is no {name}; there are {', '.join(known)}")
        return self


class HotCells(Model):
    """Which cells are hot: squares of `side_metres` that make up `area_share` of the city, most reported first.

    Counted are incidents found by one of `reported_by` in the twelve months before the month that is looked at.
    """

    side_metres: float = Field(gt=0)
    area_share: float = Field(gt=0, le=1)
    reported_by: tuple[str, ...] = Field(min_length=1, strict=False)


class Waiting(Model):
    """What is told of the times to close of new citizens' and residents' requests, among like requests."""

    statistic: Literal["gap", "new_citizen", "resident"]


class Unusable(Model):
    """Which unusable records enter the worst-case bounds.

    Attributes
    ----------
    missing : str or None
        Column of the measure counting records whose outcome (or amount) is not known.
    unreadable : tuple of str
        Fields of a record that decide its outcome: where one could not be read, the outcome is not known.
    quarantined : bool
        Records refused by a rule of the sources that feed the indicator.
    unallocated : bool
        Accepted records of unknown area: each could belong to any area that does not already hold them.
    worst_per_record : float
        What one such record could add at most, in the unit of the numerator.
    """

    missing: str | None = None
    unreadable: tuple[str, ...] = Field(default=(), strict=False)
    quarantined: bool = True
    unallocated: bool = True
    worst_per_record: float = Field(default=1.0, gt=0)
