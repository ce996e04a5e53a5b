"""Colours and base layout shared by the figures, light and dark; the same tokens as in the style sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.figures.drawing import Drawing

FONT = (
    "'Inter', 'Source Sans 3', 'Segoe UI', 'Helvetica Neue', 'Liberation Sans', Arial, "
    "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
)


@dataclass(frozen=True)
class Palette:
    """Colours of one scheme; chosen to stay apart for colour-blind readers."""

    ink: str
    muted: str
    rule: str
    surface: str
    line: str
    band: str
    bound: str
    bound_edge: str
    gap: str
    favourable: str
    unfavourable: str
    missing: str
    sequence: tuple[str, ...]
    """Five classes from little to much: the further from the surface, the more."""
    outcomes: tuple[str, ...]
    """Five hues for quarantined, duplicate, superseded, merged, deferred."""


LIGHT = Palette(
    ink="#1d2a35",
    muted="#5b6975",
    rule="#e1e6ea",
    surface="#ffffff",
    line="#24577a",
    band="rgba(36, 87, 122, 0.20)",
    bound="rgba(184, 72, 11, 0.5)",
    bound_edge="#b8480b",
    gap="rgba(91, 105, 117, 0.10)",
    favourable="#00735c",
    unfavourable="#b8480b",
    missing="#aab4bc",
    sequence=("#d6e4ed", "#aecbdd", "#7aabc8", "#3f7ca3", "#174a6b"),
    outcomes=("#b8480b", "#7aabc8", "#24577a", "#8a6fa8", "#aab4bc"),
)
DARK = Palette(
    ink="#e6ebef",
    muted="#9eabb6",
    rule="#2f3a44",
    surface="#18212a",
    line="#86bfe2",
    band="rgba(134, 191, 226, 0.24)",
    bound="rgba(240, 146, 90, 0.5)",
    bound_edge="#f0925a",
    gap="rgba(158, 171, 182, 0.12)",
    favourable="#4cc3a5",
    unfavourable="#f0925a",
    missing="#5a6772",
    sequence=("#22394a", "#2f5871", "#4a83a6", "#7db5d6", "#c9e6f7"),
    outcomes=("#f0925a", "#4a83a6", "#86bfe2", "#b79cd6", "#5a6772"),
)


def palette(scheme: str) -> Palette:
    """Give the colours of `light` or `dark`."""
    return DARK if scheme == "dark" else LIGHT


_OVER = {"fillmode": "overlay", "solidity": 0.2}


def figure(colours: Palette, height: int | None, **layout: Any) -> Drawing:
    """Make an empty figure in the house style, `height` in pixels; None fills its frame."""
    base: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": colours.ink},
        "hoverlabel": {
            "bgcolor": colours.surface,
            "bordercolor": colours.muted,
            "font": {"family": FONT, "size": 13, "color": colours.ink},
            "align": "left",
        },
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "autotypenumbers": "strict",
        # Said once for all axes, bars and areas of a figure. A pattern lies over its colour; it would replace it.
        "template": {
            "layout": {name: {"title": {"standoff": 15}} for name in ("xaxis", "yaxis")},
            "data": {
                "bar": [{"marker": {"line": {"color": colours.surface, "width": 0.5}, "pattern": _OVER}}],
                "scatter": [{"fillpattern": _OVER}],
            },
        },
    }
    return Drawing(**(base | layout))


def axis(colours: Palette, **settings: Any) -> dict[str, Any]:
    """Settings of a quiet axis; `settings` override."""
    return {
        "gridcolor": colours.rule,
        "linecolor": colours.rule,
        "zeroline": False,
        "tickfont": {"color": colours.muted, "size": 12},
        "automargin": True,
        "fixedrange": True,
    } | settings


def time_axis(
    colours: Palette, index: int, date_formats: Sequence[Mapping[str, Any]], **settings: Any
) -> dict[str, Any]:
    """Settings of the time axis of row `index`; all rows share the first one's range."""
    anchor = "y" if index == 0 else f"y{index + 1}"
    own = {"type": "date", "anchor": anchor, "showgrid": False, "matches": "x" if index else None}
    return axis(colours, **own, tickformatstops=date_formats, **settings)


def rows(count: int, gap: float) -> list[tuple[float, float]]:
    """Divide a figure's height into rows from the top.

    Parameters
    ----------
    gap
        Height of the space between two rows, as a share of a row and its space.

    Returns
    -------
    list of tuple
        (bottom, top) of each row, from 0 to 1; the last row ends at the bottom.
    """
    height = 1 / max(count - gap, 1e-9) if count else 1.0
    return [(max(1 - index * height - height * (1 - gap), 0.0), 1 - index * height) for index in range(count)]


def signal_colour(colours: Palette, signal: str, polarity: str) -> str:
    """Colour a special cause by whether it is welcome; a context indicator is never coloured."""
    if polarity not in ("higher", "lower"):
        return colours.ink
    rises = signal in RISING
    return colours.favourable if rises == (polarity == "higher") else colours.unfavourable


RISING = frozenset(
    {
        "above_limit",
        "shift_up",
        "trend_up",
        "near_limit_up",
        "above_season",
        "above_usual",
        "short_gap",
        "many_event_days",
    }
)
FALLING = frozenset(
    {
        "below_limit",
        "shift_down",
        "trend_down",
        "near_limit_down",
        "below_season",
        "below_usual",
        "long_gap",
        "long_wait",
    }
)
SIGNAL_SHAPES = {
    "above_limit": "triangle-up",
    "below_limit": "triangle-down",
    "shift_up": "square",
    "shift_down": "square",
    "trend_up": "diamond",
    "trend_down": "diamond",
    "near_limit_up": "pentagon",
    "near_limit_down": "pentagon",
}
"""Marker of each kind of special cause of a chart, so that colour is never the only sign."""
GAP_SHAPES = {"short_gap": "triangle-up", "long_gap": "triangle-down"}
"""The same of a chart of days between events: short gaps are more events."""
GLYPHS = {
    "triangle-up": "▲",
    "triangle-down": "▼",
    "square": "■",
    "diamond": "◆",
    "pentagon": "⬟",
}
"""The markers as characters."""
