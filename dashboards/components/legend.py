"""How to read a chart, in words: a list of its marks, each with what it means."""

from collections.abc import Sequence
from typing import Any

from dashboards import elements as html
from dashboards.figures.theme import RISING


def legend(title: str, marks: Sequence[tuple[str, str, str]], note: str) -> Any:
    """List marks, each a class of the style sheet, a glyph (or none) and its meaning; below them a note."""
    items = [
        html.Li([html.Span(glyph, className=f"legend-mark {class_name}", **{"aria-hidden": "true"}), html.Span(text)])
        for class_name, glyph, text in marks
    ]
    return html.Div(
        [html.H3(title), html.Ul(items, className="legend"), html.P(note, className="note")], className="reading"
    )


def tone(signal: str, polarity: str) -> str:
    """Class of the style sheet that colours a signal as it is welcome or not; a context indicator is never coloured."""
    if polarity not in ("higher", "lower"):
        return "tone-context"
    return "tone-good" if (signal in RISING) == (polarity == "higher") else "tone-bad"
