"""A network of agencies: who is linked to whom, and who is linked to nobody.

The places are computed here, by the same steps every time: two drawings of one release are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboards.figures.drawing import Drawing, scatter
from dashboards.figures.theme import Palette, figure

Floats = npt.NDArray[np.float64]
HEIGHT = 420
ROW_HEIGHT = 70
"""Of those without a link, below the others."""
PER_ROW = 4
EVENED = 0.6
"""How far crowded places are drawn apart, from 0 to 1: labels must not lie on one another on a phone."""
STEPS = 300
LINE_WIDTH = (1.0, 9.0)
NODE_SIZE = (16.0, 38.0)


@dataclass(frozen=True)
class Node:
    """An agency: its title, the text on hovering, and from 0 to 1 how much of the others' shortest ways it lies on."""

    title: str
    hover: str
    between: float


@dataclass(frozen=True)
class Line:
    """A link between two nodes by their places in the list, its cases and the text on hovering."""

    one: int
    other: int
    cases: float
    hover: str


def network_figure(nodes: Sequence[Node], lines: Sequence[Line], colours: Palette) -> Drawing:
    """Draw agencies with their links: near one another who is linked, in the middle who is linked to many.

    Parameters
    ----------
    nodes
        Agencies; those without a line stand below, hollow.
    lines
        At most one between two nodes.

    Returns
    -------
    Drawing
        A trace `link` per line, its width the square root of the cases; traces `between` (hover texts of links),
        `agency` and `alone`.
    """
    linked = sorted({end for line in lines for end in (line.one, line.other)})
    alone = [at for at in range(len(nodes)) if at not in set(linked)]
    rows = -(-len(alone) // PER_ROW)
    places = _placed(len(nodes), linked, alone, lines)
    drawing = figure(
        colours,
        (HEIGHT if linked else 40) + ROW_HEIGHT * rows,
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 16, "b": 8},
        xaxis={"visible": False, "range": [-1.35, 1.35], "fixedrange": True},
        yaxis={"visible": False, "range": [-1.35 - 0.5 * rows, 1.15], "fixedrange": True},
    )
    most = max((line.cases for line in lines), default=1.0)
    for line in sorted(lines, key=lambda each: each.cases):
        ends = places[[line.one, line.other]]
        width = LINE_WIDTH[0] + (LINE_WIDTH[1] - LINE_WIDTH[0]) * (line.cases / most) ** 0.5
        drawing.add_trace(
            scatter(
                x=ends[:, 0], y=ends[:, 1], mode="lines", hoverinfo="skip", meta="link",
                line={"width": width, "color": colours.sequence[1]},
            )
        )  # fmt: skip
    middles = np.array([places[[line.one, line.other]].mean(axis=0) for line in lines]).reshape(-1, 2)
    drawing.add_trace(
        scatter(
            x=middles[:, 0], y=middles[:, 1], mode="markers", text=[line.hover for line in lines], hoverinfo="text",
            marker={"size": 18, "color": "rgba(0,0,0,0)"}, meta="between",
        )
    )  # fmt: skip
    for meta, members, symbol, colour in (
        ("agency", linked, "circle", colours.line),
        ("alone", alone, "circle-open", colours.unfavourable),
    ):
        sizes = [NODE_SIZE[0] + (NODE_SIZE[1] - NODE_SIZE[0]) * nodes[at].between ** 0.5 for at in members]
        drawing.add_trace(
            scatter(
                x=places[members, 0], y=places[members, 1], mode="markers+text", meta=meta,
                text=[_wrapped(nodes[at].title) for at in members], textposition="bottom center",
                textfont={"size": 12, "color": colours.ink},
                hovertext=[nodes[at].hover for at in members], hoverinfo="text",
                marker={
                    "symbol": symbol, "size": sizes, "color": colour, "opacity": 1,
                    "line": {"width": 2, "color": colours.surface if meta == "agency" else colour},
                },
            )
        )  # fmt: skip
    return drawing


def spread(distances: Floats) -> Floats:
    """Places whose distances are near those given: stress majorisation, begun on a circle.

    Parameters
    ----------
    distances : array of float, shape (n, n)
        Symmetric, positive off the diagonal.

    Returns
    -------
    array of float, shape (n, 2)
        About the origin, the longest side across, the farthest at a distance of 1.

    References
    ----------
    Gansner, Koren & North (2005), Graph Drawing by Stress Majorization, LNCS 3383:239-250.
    """
    n = len(distances)
    if n == 1:
        return np.zeros((1, 2))
    angle = 2 * np.pi * np.arange(n) / n
    # Not quite on a circle: a regular one would be at rest where it is not best.
    at = np.column_stack([np.cos(angle), np.sin(angle)]) * (1 + 0.01 * np.arange(n))[:, None]
    weight = np.divide(1.0, distances**2, out=np.zeros_like(distances), where=distances > 0)
    inverse = np.linalg.pinv(np.diag(weight.sum(axis=1)) - weight)
    for _ in range(STEPS):
        apart = np.linalg.norm(at[:, None] - at[None], axis=-1)
        pull = np.divide(-weight * distances, apart, out=np.zeros_like(apart), where=apart > 1e-12)
        np.fill_diagonal(pull, 0.0)
        np.fill_diagonal(pull, -pull.sum(axis=1))
        at = inverse @ (pull @ at)
    at = at - at.mean(axis=0)
    _, _, axes = np.linalg.svd(at, full_matrices=False)
    at = at @ axes.T
    # The sign of an axis is nothing: the first agency stands to the right and above.
    at = at * np.where(at[0] < 0, -1.0, 1.0)
    placed: Floats = at / max(float(np.linalg.norm(at, axis=1).max()), 1e-12)
    return placed


def _eased(places: Floats) -> Floats:
    """Places drawn apart where they crowd: halfway to even steps in their order, across and upwards."""
    eased = np.empty_like(places)
    for side in (0, 1):
        order = np.unique(places[:, side].round(6), return_inverse=True)[1].astype(np.float64)
        steps = 2 * order / max(order.max(), 1.0) - 1
        reach = np.abs(places[:, side]).max()
        eased[:, side] = EVENED * steps + (1 - EVENED) * places[:, side] / (reach if reach > 1e-6 else 1.0)
    return eased


def _placed(count: int, linked: Sequence[int], alone: Sequence[int], lines: Sequence[Line]) -> Floats:
    places = np.zeros((count, 2))
    if linked:
        places[linked] = _eased(spread(_distances(linked, lines)))
    for position, at in enumerate(alone):
        row, column = divmod(position, PER_ROW)
        in_row = min(PER_ROW, len(alone) - row * PER_ROW)
        places[at] = (2.2 * (column + 0.5) / in_row - 1.1, -1.5 - 0.5 * row)
    return places


def _distances(linked: Sequence[int], lines: Sequence[Line]) -> Floats:
    """Links on the shortest way between each two; one more than the longest where there is no way."""
    number = {at: position for position, at in enumerate(linked)}
    apart = np.full((len(linked), len(linked)), np.inf)
    np.fill_diagonal(apart, 0.0)
    for line in lines:
        one, other = number[line.one], number[line.other]
        apart[one, other] = apart[other, one] = 1.0
    for through in range(len(linked)):
        apart = np.minimum(apart, apart[:, through, None] + apart[None, through, :])
    return np.where(np.isinf(apart), apart[np.isfinite(apart)].max() + 1, apart)


def _wrapped(title: str, longest: int = 14) -> str:
    """A title on two lines where it has a space to break at."""
    if len(title) <= longest or " " not in title:
        return title
    middle = min((at for at, letter in enumerate(title) if letter == " "), key=lambda at: abs(at - len(title) / 2))
    return f"{title[:middle]}<br>{title[middle + 1 :]}"
