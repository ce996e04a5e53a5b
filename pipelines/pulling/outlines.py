"""Outlines: what an answer of a web service looks like, without a word of what stands in it.

An answer that is not understood may hold records, and its error message a record's text: messages reach logs, so they
tell the answer's form, the names of its fields and the service's code for the error. Who needs the words asks by hand.
"""

import json
import re
from typing import Any

from pipelines.pulling import json_values

_FIELDS = 8
_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
# A number of HTTP's sort, or dotted words as services name their errors by; no text of a record.
_CODE = re.compile(r"[1-9]\d{2}|[a-z]+([.-][a-z]+){1,6}")
_CODES = ("code", "errorCode", "error_code")
NOT_QUOTED = "it may hold records, so it is not quoted: ask the same by hand to read it"


def outline(answer: Any) -> str:
    """Describe a parsed answer: its form, its fields' names and its error's code."""
    if isinstance(answer, dict):
        names = [name for name in answer if _FIELD.fullmatch(name)][:_FIELDS]
        more = len(answer) - len(names)
        listed = ", ".join(names) + (f" and {more} more" if names and more else "")
        return f"an object of {len(answer)} fields{f' ({listed})' if listed else ''}{_coded(answer)}"
    if isinstance(answer, list):
        return f"a list of {len(answer)}"
    if answer is None:
        return "null"
    is_number = isinstance(answer, json_values.Number)
    return "a number" if is_number else "true or false" if isinstance(answer, bool) else "a text"


def outline_of_body(body: bytes) -> str:
    """Describe an answer as it came: parsed if it is JSON, else by its size."""
    try:
        return outline(json_values.parse(body))
    except (ValueError, RecursionError):
        return f"{len(body)} bytes that are no JSON" if body.strip() else "empty"


def _coded(answer: dict[str, Any]) -> str:
    inner = answer.get("error")
    for holder in (answer, inner if isinstance(inner, dict) else {}):
        for name in _CODES:
            code = str(holder.get(name, ""))
            if _CODE.fullmatch(code):
                return f", code {json.dumps(code)}"
    return ""
