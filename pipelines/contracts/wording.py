"""Words of contracts, in the language of the pack: what each rule is for, fields, and what surrounds them.

Also the dimension of quality that the standard files a rule under. Sentences of a check on a terminal are not here.
"""

from collections.abc import Mapping
from pathlib import Path

import yaml

_RULES = {
    "missing_id": ("completeness", "Every row has the id of its record."),
    "missing_time": ("completeness", "Every row says when it happened, unless it withdraws its record."),
    "unparseable_time": ("conformity", "The time of every row can be read in the format agreed."),
    "before_first_month": ("consistency", "No row is older than the first month of the data."),
    "unknown_area": ("conformity", "An area that is named is one of those known."),
    "area_missing": ("completeness", "Every row names an area that is known."),
    "times_out_of_order": ("consistency", "No later time lies before its earlier one."),
    "future_time": ("consistency", "Nothing is recorded before it happened."),
    "implausible_duration": ("accuracy", "No patrol is longer than twelve hours."),
    "repeated_id": ("uniqueness", "An id stands for one row, or for one row at each time of update."),
}
_RULES_OF_FIELDS = {
    "missing": ("completeness", "{field} is filled."),
    "unusable": ("conformity", "A text given for {field} can be read as such."),
    "not_allowed": ("conformity", "{field} is one of the words agreed."),
    "out_of_range": ("conformity", "{field} lies within its range."),
    "pattern": ("conformity", "{field} is written as agreed."),
    "before": ("consistency", "{field} does not lie before {other}."),
    "condition": ("consistency", "{field} fulfils its condition."),
}


# Sentences of every contract, by their English: the other languages lie beside.
_SAID: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "zh": yaml.safe_load(Path(__file__).with_name("zh.yml").read_text(encoding="utf-8"))
}


def about_rule(reason: str, field: str, language: str = "en") -> tuple[str, str]:
    """Return the dimension of quality of a rule, and a sentence that says what holds where none breaks it."""
    kind, _, other = reason.partition(":")
    name = reason if reason in _RULES else kind
    dimension, sentence = _RULES[name] if name in _RULES else _RULES_OF_FIELDS[name]
    sentence = _in(language, "rules").get(name, sentence)
    return dimension, sentence.format(field=field, other=other)


def about_field(field: str, english: str, language: str = "en") -> str:
    """Say what a canonical field is."""
    return _in(language, "fields").get(field, english)


def said(english: str, language: str = "en", **told: object) -> str:
    """Say a sentence of a contract in a language, with what its braces stand for."""
    text = _in(language, "texts").get(english, english)
    return text.format(**told) if told else text


def _in(language: str, group: str) -> Mapping[str, str]:
    return _SAID[language][group] if language in _SAID else {}
