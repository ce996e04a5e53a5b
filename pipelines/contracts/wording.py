"""Words about rules: what each is for, and the dimension of quality that the standard files it under."""

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


def about_rule(reason: str, field: str) -> tuple[str, str]:
    """Return the dimension of quality of a rule, and a sentence that says what holds where none breaks it."""
    if reason in _RULES:
        return _RULES[reason]
    kind, _, other = reason.partition(":")
    dimension, sentence = _RULES_OF_FIELDS[kind]
    return dimension, sentence.format(field=field, other=other)
