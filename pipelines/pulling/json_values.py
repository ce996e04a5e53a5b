"""JSON as it was written: numbers stay the digits that they are, nested values become JSON text.

Parsing numbers as floats would turn 1.10 into 1.1 and long ids into others.
"""

import json
from typing import Any


class Number(str):
    """A number's digits as written."""

    __slots__ = ()


def parse(document: bytes) -> Any:
    """Parse a JSON document, numbers as `Number`.

    Raises
    ------
    ValueError
        If it is not JSON, or not Unicode.
    RecursionError
        If it is nested too deeply.
    """
    # Not strict: a raw tab in a text is no reason to lose it.
    return json.loads(document, parse_float=Number, parse_int=Number, parse_constant=Number, strict=False)


def text(value: Any) -> str | None:
    """Return a parsed value as the text of a cell; null is None."""
    if value is None:
        return None
    return str(value) if isinstance(value, str) else written(value)


def written(value: Any) -> str:
    """Write a parsed value as JSON."""
    if isinstance(value, Number):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{written(key)}: {written(inner)}' for key, inner in value.items())}}}"
    return json.dumps(value, ensure_ascii=False)
