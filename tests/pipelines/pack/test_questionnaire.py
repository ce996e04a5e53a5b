"""The questionnaire that a pack declares: its defaults, and what is wrong with one, told with its line."""

from pathlib import Path

import pytest

from indicators.questionnaire import FOUNDATIONS, GROUPS, MARGINS, QUESTIONS, Question
from pipelines.errors import PackError
from pipelines.pack import questionnaire
from tests.pipelines.small_pack import CITY_YML, line_of, write_pack

DECLARED = """\
questionnaire:
  source: views
  questions:
    feels_safe: {item: q1}
    reported: {item: q3, counts: ["1"], asked_if: {item: q2, answers: ["1"]}}
  foundations:
    mechanism: [q4, q5]
    social_linkage: [q6, q7]
  reversed: [q5]
  margins:
    age: {young: 0.4, old: 0.6}
"""
SOURCE = """\
  views:
    kind: survey
    title: {en: Views, zh: 民意}
    geography: ward
    public_record: true
    files: [views.csv]
    area: ward
    expected: [answer]
    fields: {survey_id: id, answered_at: "strptime(day, '%Y-%m-%d')", item: item, answer: answer, margin_age: age}
"""


def text(part: str = "", new: str = "") -> str:
    assert not part or DECLARED.count(part) == 1
    return CITY_YML.replace("sources:\n", DECLARED.replace(part, new) + "sources:\n" + SOURCE, 1)


def test_a_questionnaire_is_what_the_statistics_take(tmp_path: Path) -> None:
    declared = write_pack(tmp_path, city_yml=text()).questionnaire
    assert declared is not None
    asked = declared.asked()
    assert asked.questions == {
        "feels_safe": Question("q1", frozenset({"4", "5"})),
        "reported": Question("q3", frozenset({"1"}), ("q2", frozenset({"1"}))),
    }
    assert asked.foundations == {"mechanism": ("q4", "q5"), "social_linkage": ("q6", "q7")}
    assert (asked.lowest, asked.highest, asked.reversed_items) == (1, 5, {"q5"})
    assert asked.groups == {"residents": {"resident"}, "new_citizens": {"new_citizen"}}
    assert asked.margins == {"age": {"young": 0.4, "old": 0.6}}
    assert asked.items == ("q1", "q2", "q3", "q4", "q5", "q6", "q7")


def test_other_scales_count_their_two_highest_answers(tmp_path: Path) -> None:
    declared = write_pack(tmp_path, city_yml=text("  reversed: [q5]\n", "  scale: {highest: 7}\n")).questionnaire
    assert declared is not None
    assert declared.asked().questions["feels_safe"].counts == {"6", "7"}


def test_the_names_are_those_of_the_statistics() -> None:
    for named, known in (
        (questionnaire.Questions, QUESTIONS),
        (questionnaire.Foundations, FOUNDATIONS),
        (questionnaire.Margins, MARGINS),
        (questionnaire.Groups, GROUPS),
    ):
        assert (*named.model_fields,) == known


def test_a_pack_without_one_has_none(tmp_path: Path) -> None:
    assert write_pack(tmp_path).questionnaire is None


@pytest.mark.parametrize(
    ("part", "new", "marker", "field", "problem"),
    [
        ("source: views", "source: vews", "source: vews", "source", "no source of kind survey"),
        ("feels_safe:", "feels_save:", "feels_save:", "questions.feels_save", "no key"),
        ("[q4, q5]", "[q4]", "mechanism:", "foundations.mechanism", "at least 2"),
        ("[q6, q7]", "[q6, q4]", "social_linkage:", "foundations.social_linkage.1", "under mechanism, too"),
        ("[q6, q7]", "[q6, q6]", "social_linkage:", "foundations.social_linkage.1", "twice"),
        ("reversed: [q5]", "reversed: [q8]", "reversed:", "reversed.0", "no foundation"),
        ("age: {young: 0.4, old: 0.6}", "gender: {f: 1, m: 1}", "gender:", "margins.gender", "class of gender"),
        ("{young: 0.4, old: 0.6}", "{young: 0, old: 0}", "{young: 0,", "margins.age", "all 0"),
        (
            "  reversed: [q5]\n",
            "  clusters_in_population: {a: 9}\n",
            "clusters_in",
            "clusters_in_population",
            "stratum",
        ),
        ("  reversed: [q5]\n", "  scale: {lowest: 5}\n", "scale:", "scale", "above lowest"),
    ],
)
def test_mistakes_are_told_with_their_line(
    part: str, new: str, marker: str, field: str, problem: str, tmp_path: Path
) -> None:
    wrong = text(part, new)
    with pytest.raises(PackError) as caught:
        write_pack(tmp_path, city_yml=wrong)
    error = caught.value
    assert (error.field, error.line) == (f"questionnaire.{field}", line_of(wrong, marker))
    assert problem in str(error)
    assert error.remedy
