"""Writing YAML: texts, comments and SQL expressions, so that what is written is read back as it was."""

import json
import re

from pipelines.warehouse import quoted


def as_json(value: object) -> str:
    """Write a value as JSON, which is YAML as well; what cannot be printed is escaped."""
    return "".join(
        letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in json.dumps(value, ensure_ascii=False)
    )


def in_comment(text: str) -> str:
    """Write a text into a comment."""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def as_expression(expression: str) -> str:
    """Write an SQL expression as YAML: bare where it is a plain name, else in quotes."""
    plain = expression[1:-1]
    if expression == quoted(plain) and re.fullmatch(r"[A-Za-z_]\w*", plain) and plain.lower() not in _RESERVED:
        return plain
    return as_json(expression)


# Names that are words of SQL or of YAML, so that they need quotes.
_RESERVED = frozenset(
    [
        *("all", "and", "as", "asc", "case", "cast", "check", "column", "create", "default", "desc", "distinct"),
        *("do", "else", "end", "except", "false", "fetch", "for", "foreign", "from", "group", "having", "in"),
        *("into", "limit", "no", "not", "null", "off", "offset", "on", "only", "or", "order", "primary"),
        *("references", "select", "some", "table", "then", "to", "true", "union", "unique", "user", "using"),
        *("when", "where", "window", "with", "yes"),
    ]
)
