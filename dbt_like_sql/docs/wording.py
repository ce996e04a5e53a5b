"""What is declared of a table, in words: the tests of its columns and its expectations."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from dbt_like_sql.declarations import DataTest, Expectation


def data_test_in_words(test: DataTest) -> str:
    """Say what a data test asks of its column, after the column's name."""
    match test.name:
        case "accepted_values":
            return f"one of {', '.join(map(str, test.arguments['values']))}"
        case "relationships":
            return f"in {test.arguments['field']} of {related_table(test)}"
        case _:
            return test.name.replace("_", " ")


def related_table(test: DataTest) -> str:
    """Return the name of the table that a relationships test refers to, without its schema."""
    return str(re.findall(r"\w+", test.arguments["to"])[-1])


def expectation_in_words(expectation: Expectation) -> str:
    """Say what an expectation asks; arguments that the words do not hold follow in brackets."""
    rest = dict(expectation.kwargs)
    rest.pop("unexpected_rows_query", None)
    said = rest.pop("description", None) or _said(expectation.expectation, rest)
    others = ", ".join(f"{name}: {value}" for name, value in rest.items())
    return f"{said} ({others})" if others else str(said)


def _said(kind: str, rest: dict[str, Any]) -> str:
    """Put a kind into words, taking the arguments that it uses out of `rest`."""
    if kind in _OF_A_COLUMN:
        return f"{rest.pop('column')} is {_OF_A_COLUMN[kind](rest)}"
    match kind:
        case "ExpectColumnPairValuesAToBeGreaterThanB":
            relation = "at least" if rest.pop("or_equal", False) else "greater than"
            return f"{rest.pop('column_A')} is {relation} {rest.pop('column_B')}"
        case "ExpectCompoundColumnsToBeUnique":
            return f"{', '.join(rest.pop('column_list'))} are unique together"
        case "ExpectTableRowCountToEqual":
            return f"the number of rows is {rest.pop('value')}"
        case _:
            return re.sub(r"(?<!^)(?=[A-Z])", " ", kind.removeprefix("Expect")).lower()


def _span(low: object, high: object) -> str:
    if low is None or high is None:
        return f"at most {high}" if low is None else f"at least {low}"
    return f"from {low} to {high}"


# What a column's values are, by the kind that asks it.
_OF_A_COLUMN: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "ExpectColumnValuesToBeBetween": lambda rest: _span(rest.pop("min_value", None), rest.pop("max_value", None)),
    "ExpectColumnValuesToBeInSet": lambda rest: f"one of {', '.join(map(str, rest.pop('value_set')))}",
    "ExpectColumnValuesToBeUnique": lambda _: "unique",
    "ExpectColumnValuesToNotBeNull": lambda _: "not null",
}


def query_of(expectation: Expectation, relation: str) -> str | None:
    """Return the query of an expectation on the rows of its table, which it names; None when it has none."""
    kwargs: Mapping[str, Any] = expectation.kwargs
    query = kwargs.get("unexpected_rows_query")
    if query is None:
        return None
    return str(query).replace("{batch}", relation).replace("{{", "{").replace("}}", "}")
