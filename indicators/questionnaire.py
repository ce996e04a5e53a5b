"""What a survey asks: which item stands for which question of the catalogue, and what is known of its population.

Belongs here: the declaration that a city pack makes, as the statistics take it. Not here: the answers
(`survey_answers`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Questions that the catalogue knows, and the foundations that people judge by scales of several items.
QUESTIONS = ("feels_safe", "satisfied", "aware", "takes_part", "reported")
FOUNDATIONS = ("mechanism", "social_linkage", "information_sharing", "prevention_foundation")
MARGINS = ("age", "gender", "residence", "education")
GROUPS = ("residents", "new_citizens")
# The lower limit of alpha from which on the mean of a scale is told.
LEAST_ALPHA = 0.7
# Effective answers from which on a figure is told.
FEWEST_EFFECTIVE = 30.0


@dataclass(frozen=True)
class Question:
    """One item, and which of its answers count.

    Attributes
    ----------
    item : str
    counts : frozenset of str
        Answers that count, such as "safe" and "very safe"; every other answer counts as none of them.
    asked_if : tuple of str and frozenset of str, or None
        Another item, and the answers to it after which this one is asked: who was a victim.
    """

    item: str
    counts: frozenset[str]
    asked_if: tuple[str, frozenset[str]] | None = None


@dataclass(frozen=True)
class Questionnaire:
    """A survey as a pack declares it.

    Attributes
    ----------
    source : str
    questions : mapping of str to Question
        By name, of QUESTIONS.
    foundations : mapping of str to tuple of str
        Items of the scale of each of FOUNDATIONS.
    reversed_items : frozenset of str
        Items of scales on which a high answer judges badly.
    lowest, highest : float
        Ends of the scales' answers.
    no_answer : frozenset of str
        Texts that are none, such as "9" for "don't know".
    groups : mapping of str to frozenset of str
        Person groups of the records that make up each of GROUPS.
    margins : mapping of str to mapping of str to float
        Share of the population in each class, by margin of MARGINS, for raking.
    waves_apart : bool
        Whether the gaps of each wave are told as well, beside those of a year's waves together.
    clusters_in_population : mapping of str to float
        Clusters (or people, where no clusters are drawn) that each stratum has; empty for no finite population
        correction.
    """

    source: str
    questions: Mapping[str, Question] = field(default_factory=dict)
    foundations: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reversed_items: frozenset[str] = frozenset()
    lowest: float = 1.0
    highest: float = 5.0
    no_answer: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(
        default_factory=lambda: {"residents": frozenset({"resident"}), "new_citizens": frozenset({"new_citizen"})}
    )
    margins: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    clusters_in_population: Mapping[str, float] = field(default_factory=dict)
    waves_apart: bool = False

    @property
    def items(self) -> tuple[str, ...]:
        """Every item that a question or scale needs, sorted."""
        named = {each.item for each in self.questions.values()}
        named |= {each.asked_if[0] for each in self.questions.values() if each.asked_if}
        return tuple(sorted(named.union(*self.foundations.values())))
