"""The questionnaire: what a pack may say of its survey, and what cannot be meant.

Whether its items are among the answers is seen in the release: a question without answers has no figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal, Self

import pydantic

from indicators.questionnaire import Question, Questionnaire
from pipelines.pack.parts import Part

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack

_Answers = Annotated[list[str], pydantic.Field(min_length=1)]
_Items = Annotated[list[str], pydantic.Field(min_length=2)]
_Shares = Annotated[dict[str, Annotated[float, pydantic.Field(ge=0)]], pydantic.Field(min_length=2)]


class AskedIf(Part):
    """Answers to another item after which an item is asked."""

    item: Annotated[str, pydantic.Field(description="The other item, such as victim")]
    answers: Annotated[_Answers, pydantic.Field(description="Its answers after which this one is asked")]


class DeclaredQuestion(Part):
    """An item that stands for a question of the catalogue."""

    item: Annotated[str, pydantic.Field(description="The item, as the source names it")]
    counts: Annotated[
        list[str] | None,
        pydantic.Field(min_length=1, description="Answers that count; by default the two highest of the scale"),
    ] = None
    asked_if: Annotated[AskedIf | None, pydantic.Field(description="Whom it is asked, where not everybody is")] = None


class Questions(Part):
    """Items that stand for the questions of the catalogue."""

    feels_safe: Annotated[
        DeclaredQuestion | None, pydantic.Field(description="Feels safe walking alone after dark (S1, N2)")
    ] = None
    satisfied: Annotated[DeclaredQuestion | None, pydantic.Field(description="Content with the work done (S2)")] = None
    aware: Annotated[DeclaredQuestion | None, pydantic.Field(description="Knows of prevention work (S3)")] = None
    takes_part: Annotated[DeclaredQuestion | None, pydantic.Field(description="Takes part in it (S4)")] = None
    reported: Annotated[DeclaredQuestion | None, pydantic.Field(description="Victim who reported it (S5)")] = None


class Foundations(Part):
    """Items of the scale by which each foundation is judged, two at least."""

    mechanism: Annotated[_Items | None, pydantic.Field(description="Rules and their working (S6)")] = None
    social_linkage: Annotated[_Items | None, pydantic.Field(description="Working together (S6_linkage)")] = None
    information_sharing: Annotated[_Items | None, pydantic.Field(description="Being informed (S6_sharing)")] = None
    prevention_foundation: Annotated[_Items | None, pydantic.Field(description="Being safe (S6_prevention)")] = None


class Margins(Part):
    """Share of the population in each class."""

    age: Annotated[_Shares | None, pydantic.Field(description="Shares by class of margin_age")] = None
    gender: Annotated[_Shares | None, pydantic.Field(description="Shares by class of margin_gender")] = None
    residence: Annotated[_Shares | None, pydantic.Field(description="Shares by class of margin_residence")] = None
    education: Annotated[_Shares | None, pydantic.Field(description="Shares by class of margin_education")] = None


class Scale(Part):
    """Lowest and highest answer of the items of scales."""

    lowest: Annotated[int, pydantic.Field(description="Answer that judges worst")] = 1
    highest: Annotated[int, pydantic.Field(description="Answer that judges best")] = 5

    @pydantic.model_validator(mode="after")
    def _rises(self) -> Self:
        if self.highest <= self.lowest:
            raise ValueError("highest must be above lowest")
        return self


class Groups(Part):
    """Person groups of the records whose views are compared."""

    residents: Annotated[_Answers, pydantic.Field(description="Groups with local registration")] = ["resident"]
    new_citizens: Annotated[_Answers, pydantic.Field(description="Groups without it")] = ["new_citizen"]


class DeclaredQuestionnaire(Part):
    """What a survey of the public asks, and what is known of its population."""

    source: Annotated[str, pydantic.Field(description="Source of kind survey that holds the answers")]
    questions: Annotated[
        Questions, pydantic.Field(description="Items that stand for the questions of the catalogue")
    ] = Questions()
    foundations: Annotated[
        Foundations, pydantic.Field(description="Items of the scale by which each foundation is judged, two at least")
    ] = Foundations()
    reversed: Annotated[
        list[str], pydantic.Field(description="Items of scales on which a high answer judges badly")
    ] = []
    scale: Annotated[Scale, pydantic.Field(description="Ends of the scales' answers")] = Scale()
    no_answer: Annotated[
        list[str], pydantic.Field(description='Answers that are none, such as "9" for don\'t know')
    ] = []
    groups: Annotated[Groups, pydantic.Field(description="Person groups whose views are compared")] = Groups()
    margins: Annotated[
        Margins, pydantic.Field(description="Share of the population in each class: weights are raked to them")
    ] = Margins()
    waves: Annotated[
        Literal["together", "apart"],
        pydantic.Field(
            description="Whether the waves of a year are one sample (together), or gaps and their change are told wave "
            "by wave as well (apart): for waves that are large enough each"
        ),
    ] = "together"
    clusters_in_population: Annotated[
        dict[str, Annotated[float, pydantic.Field(gt=0)]],
        pydantic.Field(
            description="Clusters (people, where no clusters are drawn) that each stratum has in the population, "
            "where the sample takes a good part of them"
        ),
    ] = {}

    @property
    def scales(self) -> dict[str, list[str]]:
        """Items by foundation, of those that are declared."""
        return {name: items for name, items in dict(self.foundations).items() if items is not None}

    @property
    def shares(self) -> dict[str, dict[str, float]]:
        """Shares by margin, of those that are declared."""
        return {name: shares for name, shares in dict(self.margins).items() if shares is not None}

    def asked(self) -> Questionnaire:
        """Return it as the statistics take it."""
        top_two = [str(self.scale.highest - 1), str(self.scale.highest)]
        return Questionnaire(
            source=self.source,
            questions={
                name: Question(
                    each.item,
                    frozenset(each.counts or top_two),
                    (each.asked_if.item, frozenset(each.asked_if.answers)) if each.asked_if else None,
                )
                for name, each in dict(self.questions).items()
                if each is not None
            },
            foundations={name: tuple(items) for name, items in self.scales.items()},
            reversed_items=frozenset(self.reversed),
            lowest=self.scale.lowest,
            highest=self.scale.highest,
            no_answer=frozenset(self.no_answer),
            groups={
                "residents": frozenset(self.groups.residents),
                "new_citizens": frozenset(self.groups.new_citizens),
            },
            margins=self.shares,
            clusters_in_population=self.clusters_in_population,
            waves_apart=self.waves == "apart",
        )


def wrong_questionnaire(pack: CityPack) -> Iterator[PackError]:
    """Find what a questionnaire says of things that the pack does not have, or says twice."""
    declared = pack.questionnaire
    if declared is None:
        return
    source = pack.sources.get(declared.source)
    surveys = ", ".join(pack.of_kind("survey"))
    if source is None or source.kind != "survey":
        yield pack.error(
            f"{declared.source!r} is no source of kind survey",
            *("questionnaire", "source"),
            remedy=f"name one of {surveys}" if surveys else "declare one, or leave the questionnaire out",
        )
        return
    for margin, shares in declared.shares.items():
        if f"margin_{margin}" not in source.fields:
            yield pack.error(
                f"{declared.source} does not say in which class of {margin} a respondent is",
                *("questionnaire", "margins", margin),
                remedy=f"map margin_{margin} there, or leave the margin out",
            )
        if sum(shares.values()) == 0:
            yield pack.error(
                f"the shares of {margin} are all 0", *("questionnaire", "margins", margin), remedy="mend them"
            )
    if declared.clusters_in_population and "stratum" not in source.fields:
        yield pack.error(
            f"{declared.source} does not say in which stratum a respondent is",
            *("questionnaire", "clusters_in_population"),
            remedy="map stratum there, or leave this out",
        )
    where: dict[str, str] = {}
    for foundation, items in declared.scales.items():
        for at, item in enumerate(items):
            if item in where:
                yield pack.error(
                    f"{item!r} is under {where[item]}" + (" twice" if where[item] == foundation else ", too"),
                    *("questionnaire", "foundations", foundation, str(at)),
                    remedy="an item judges one foundation: keep it in one place",
                )
            where.setdefault(item, foundation)
    for at, item in enumerate(declared.reversed):
        if item not in where:
            yield pack.error(
                f"{item!r} is an item of no foundation", *("questionnaire", "reversed", str(at)), remedy="mend its name"
            )
