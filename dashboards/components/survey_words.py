"""How the survey is put into words: what was asked, in which unit, and ranges.

Here: what the page Public and its parts share. Not here: any layout.
"""

from typing import Any

from dashboards.components.context import Context
from dashboards.data import DIMENSIONS
from dashboards.wording import NO_FIGURE

QUESTIONS = ("feels_safe", "satisfied", "aware", "takes_part", "reported")
FOUNDATIONS = DIMENSIONS[:4]


def title_of(context: Context, name: str) -> str:
    """Title of a question or foundation."""
    words = context.words
    return words.known("public.question", name) if name in QUESTIONS else words.known("dimension", name)


def unit_of(name: str) -> str:
    """Unit of a question or foundation, as the catalogue has it."""
    return "%" if name in QUESTIONS else "points of 100"


def range_text(context: Context, low: float | None, high: float | None, decimals: int = 1) -> str:
    """A range in numbers, a dash where there is none."""
    if low is None or high is None:
        return NO_FIGURE
    return f"{context.words.number(low, decimals)} – {context.words.number(high, decimals)}"


def with_range(context: Context, row: dict[str, Any], name: str, prefix: str, decimals: int) -> str:
    """A figure of a row with its limits in brackets; `prefix` is what the names of these begin with."""
    if row[name] is None:
        return NO_FIGURE
    low, high = (row[f"{prefix}{end}"] for end in ("lower", "upper"))
    return f"{context.words.number(row[name], decimals)} ({range_text(context, low, high, decimals)})"
