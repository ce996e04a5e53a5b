"""How to read these pages, for who is here for the first time.

The style sheet shows it where the page's root carries `data-help`, which the browser sets on a first visit and by the
button in the header: the pages themselves are the same for everyone.
"""

from typing import Any

from dashboards import elements as html
from dashboards.wording import Words

MARKS = (
    ("line", "legend-line", ""),
    ("interval", "legend-band", ""),
    ("bounds", "legend-bound", ""),
    ("signal", "legend-sign", "▲"),
    ("provisional", "legend-sign", "○"),
    ("grade", "legend-sign", "A–D"),
    ("missing", "legend-sign", "–"),
)
"""Key of the text, class of the style sheet and glyph of what a reader meets on every page."""


def first_use(words: Words) -> Any:
    """Explain the marks that every page has, with a button that puts the explanation away for good."""
    items = [
        html.Li(
            [
                html.Span(glyph, className=f"legend-mark {mark}", **{"aria-hidden": "true"}),
                html.Span(words(f"first_use.{name}")),
            ]
        )
        for name, mark, glyph in MARKS
    ]
    close = html.Button(words("first_use.close"), type="button", className="button", **{"data-help": "close"})
    title = words("first_use.title")
    return html.Aside(
        [html.H2(title), html.P(words("first_use.lead")), html.Ul(items, className="legend"), close],
        className="panel first-use",
        **{"aria-label": title},
    )


def help_button(words: Words) -> Any:
    """Button that shows the explanation again."""
    return html.Button(words("first_use.open"), type="button", className="switch", **{"data-help": "open"})
