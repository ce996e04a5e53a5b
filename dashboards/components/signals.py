"""A special cause as a sign, its name and, where an end is better, the colour of whether it is welcome."""

from typing import Any

from dashboards.components.context import Context
from dashboards.components.layout import badge
from dashboards.figures.theme import GLYPHS, RISING, SIGNAL_SHAPES


def welcome(signal: str, polarity: str) -> str:
    """Say whether a signal is `good`, `bad` or, of what is neither, `context`."""
    if polarity not in ("higher", "lower"):
        return "context"
    return "good" if (signal in RISING) == (polarity == "higher") else "bad"


def glyph(signal: str) -> str:
    """The sign of a signal; up or down where a chart has no marker for it."""
    return GLYPHS[SIGNAL_SHAPES[signal]] if signal in SIGNAL_SHAPES else "▲" if signal in RISING else "▼"


def signal_badge(context: Context, signal: str, polarity: str) -> Any:
    """The special cause of a figure as a small label."""
    return badge(context.words.known("signal", signal), welcome(signal, polarity), glyph(signal))
