"""Pictures of docs/demonstrations as SVG.

Belongs here: numbers to text, the same for the same numbers, so that a test can hold a picture to what it computes.
Not here: the numbers, which the tests of the demonstrations compute from the bundled records.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal
from xml.sax.saxutils import escape

import numpy as np

WIDTH, HEIGHT = 720, 350
LEFT, RIGHT, TOP, BOTTOM = 66, 20, 62, 52
# Read in light and in dark: GitHub shows a picture in the reader's scheme.
STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #454f5b; }
  .title { font-weight: 600; fill: #1f2933; }
  .ground { fill: #ffffff; } .grid { stroke: #dfe3e8; } .rule { stroke: #8a94a0; stroke-dasharray: 5 4; }
  .a { fill: #2a6fbb; stroke: #2a6fbb; } .b { fill: #c2571a; stroke: #c2571a; } .c { fill: #8a94a0; stroke: #8a94a0; }
  .thin { fill-opacity: .35; stroke-width: .8; } tspan { stroke: none !important; }
  .line { fill: none !important; stroke-width: 2; }
  @media (prefers-color-scheme: dark) {
    text { fill: #b6bfc9; } .title { fill: #e8ecf0; } .ground { fill: #14181d; } .grid { stroke: #2b333c; }
    .a { fill: #6aa9ea; stroke: #6aa9ea; } .b { fill: #ef9a62; stroke: #ef9a62; }
  }
"""
Scale = Callable[[float], float]
Mark = Literal["a", "b", "c"]


def scale(low: float, high: float, start: float, end: float) -> Scale:
    """Linear from numbers to pixels."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


class Picture:
    """Marks on two axes, in the order in which they are drawn."""

    def __init__(self, title: str, x: tuple[float, float], y: tuple[float, float], left: int = LEFT) -> None:
        self.title, self.left, self.right = title, left, WIDTH - RIGHT
        self.x, self.y = scale(*x, left, self.right), scale(*y, HEIGHT - BOTTOM, TOP)
        self.marks: list[str] = []

    def text(self, x: float, y: float, words: str, anchor: str = "middle", mark: str = "") -> None:
        """Words at pixels."""
        self.marks.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{mark}">{escape(words)}</text>')

    def segment(self, x1: float, y1: float, x2: float, y2: float, mark: str, width: float = 1) -> None:
        """A line between pixels."""
        at = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        self.marks.append(f'<line {at} class="{mark}" stroke-width="{width}"/>')

    def axes(self, x: Mapping[float, str], y: Mapping[float, str], x_title: str = "", grid: str = "y") -> None:
        """Ticks, with lines across for the axes named in `grid`."""
        for value, words in y.items():
            at = self.y(value)
            if "y" in grid:
                self.segment(self.left, at, self.right, at, "grid")
            self.text(self.left - 8, at + 4, words, "end")
        for value, words in x.items():
            at = self.x(value)
            if "x" in grid:
                self.segment(at, TOP, at, HEIGHT - BOTTOM, "grid")
            self.text(at, HEIGHT - BOTTOM + 19, words)
        self.text((self.left + self.right) / 2, HEIGHT - 10, x_title)

    def dot(self, x: float, y: float, mark: str, radius: float = 4) -> None:
        """A dot at numbers."""
        self.marks.append(f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="{radius:.1f}" class="{mark}"/>')

    def line(self, points: Iterable[tuple[float, float]], mark: str) -> None:
        """A line through numbers."""
        at = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self.marks.append(f'<polyline points="{at}" class="{mark} line"/>')

    def bar(self, x: float, top: float, width: float, mark: str) -> None:
        """A bar from the lower axis to a number, its width in pixels."""
        at = self.y(top)
        self.marks.append(
            f'<rect x="{self.x(x) - width / 2:.1f}" y="{at:.1f}" width="{width:.1f}" '
            f'height="{HEIGHT - BOTTOM - at:.1f}" class="{mark}"/>'
        )

    def key(self, entries: Sequence[tuple[Mark, str]]) -> None:
        """Names of the colours, under the title."""
        spans = "".join(f'<tspan class="{mark}" dx="{18 * (n > 0)}">{escape(words)}</tspan>'
                        for n, (mark, words) in enumerate(entries))  # fmt: skip
        self.marks.append(f'<text x="12" y="44">{spans}</text>')

    def svg(self) -> str:
        """The picture's text."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n"
            f'<rect width="{WIDTH}" height="{HEIGHT}" class="ground"/>\n'
            f'<text x="12" y="22" class="title">{escape(self.title)}</text>\n'
        )
        return head + "\n".join(each for each in self.marks if each) + "\n</svg>\n"


def activity(
    stops: Sequence[float], thefts: Sequence[float], weights: Sequence[float], city: tuple[float, float]
) -> str:
    """Precincts by the ratio of their stops and of their thefts, 2016 to 2014; the area of a dot by its thefts."""
    drawn = Picture("Change 2014 to 2016, precinct by precinct: thefts across stops", (-3.7, 0.4), (-1.5, 0.6), 78)
    ticks = {-97: "−97 %", -90: "−90 %", -75: "−75 %", -50: "−50 %", 0: "0", 25: "+25 %"}
    heights = {-75: "−75 %", -60: "−60 %", -40: "−40 %", -20: "−20 %", 0: "0", 30: "+30 %", 70: "+70 %"}
    logs = [{float(np.log1p(at / 100)): words for at, words in each.items()} for each in (ticks, heights)]
    drawn.axes(logs[0], logs[1], "stops (the further left, the more were given up)", "xy")
    for x, y, weight in zip(np.log(stops), np.log(thefts), weights, strict=True):
        drawn.dot(x, y, "a thin", float(np.sqrt(weight) / 1.6))
    drawn.dot(*(float(np.log(each)) for each in city), "b", 6)
    drawn.key([("a", "precinct"), ("b", "the city")])
    return drawn.svg()


def false_evaluations(rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Shares of placebo evaluations that find something: by setting, with each of three tests."""
    drawn = Picture("Share of 5 000 evaluations of nothing that find something", (-0.5, len(rows) - 0.5), (0, 0.2))
    drawn.axes({n: name for n, (name, _) in enumerate(rows)}, {at / 100: f"{at} %" for at in (0, 5, 10, 15, 20)})
    marks: tuple[Mark, ...] = ("b", "a", "c")
    for n, (_, shares) in enumerate(rows):
        for at, (mark, share) in enumerate(zip(marks, shares, strict=True)):
            drawn.bar(n + (at - 1) * 0.2, share, 38, mark)
            drawn.text(drawn.x(n + (at - 1) * 0.2), drawn.y(share) - 6, f"{share:.1%}".replace("%", " %"))
    drawn.segment(drawn.left, drawn.y(0.05), drawn.right, drawn.y(0.05), "rule", 1.5)
    drawn.key([("b", "Poisson"), ("a", "with φ"), ("c", "placebos")])
    return drawn.svg()


def rank_intervals(lower: Sequence[float], upper: Sequence[float], rank: Sequence[float], top: int) -> str:
    """Intervals of ranks of one quarter, 1 the lowest rate, the highest rate first; the first `top` stand out."""
    n = len(rank)
    drawn = Picture(f"Where each of {n} precincts may stand in the list of one quarter", (0, n + 1), (n + 1, 0))
    ticks = {at: str(at) for at in (1, 10, 20, 40, 60, n)}
    drawn.axes(ticks, ticks, "place by its rate, the highest first; upright: 95 % interval of its place", "")
    for place, (high, low, middle) in enumerate(n + 1 - np.column_stack([lower, upper, rank]), start=1):
        mark = "b" if place <= top else "a"
        drawn.segment(drawn.x(place), drawn.y(low - 0.4), drawn.x(place), drawn.y(high + 0.4), mark, 3)
        drawn.dot(place, middle, "c", 2.5)
    drawn.key([("b", f"the {top} highest rates"), ("a", "all others"), ("c", "place by its shrunken rate")])
    return drawn.svg()


def near_repeats(rows: Sequence[tuple[str, float, float, float]]) -> str:
    """Knox ratios with their limits, one row each."""
    # A tick beyond the widest limits, so that none runs out of the picture.
    ticks = [0.5 * at for at in range(1, int(2 * max(high for *_, high in rows)) + 2)]
    title = "Pairs of thefts under 7 days apart, over what their dates let expect"
    drawn = Picture(title, (0.5, ticks[-1] + 0.1), (len(rows) - 0.4, -0.6), 250)
    drawn.axes(
        {at: f"{at:g}" for at in ticks},
        {n: row[0] for n, row in enumerate(rows)},
        "observed / expected",
        "x",
    )
    drawn.segment(drawn.x(1), TOP, drawn.x(1), HEIGHT - BOTTOM, "rule", 1.5)
    for n, (_, ratio, low, high) in enumerate(rows):
        mark = "b" if n == 0 else "a"
        drawn.segment(drawn.x(low), drawn.y(n), drawn.x(high), drawn.y(n), mark, 3)
        drawn.dot(ratio, n, mark, 6)
    return drawn.svg()


def censoring(rows: Sequence[tuple[str, float, float, float, float]]) -> str:
    """Medians of the closed and by Kaplan-Meier with its limits, as seen from one day after another."""
    last = len(rows) - 1
    drawn = Picture("Median days to close the cases of May and June 2016", (-0.4, last + 0.4), (0, 14))
    drawn.axes({n: row[0] for n, row in enumerate(rows)}, {at: str(at) for at in (0, 4, 8, 12)}, "as seen on")
    for n, (_, _, estimated, low, high) in enumerate(rows):
        drawn.segment(drawn.x(n), drawn.y(low), drawn.x(n), drawn.y(high), "a", 3)
        drawn.dot(n, estimated, "a", 5)
    drawn.line([(n, row[2]) for n, row in enumerate(rows)], "a")
    drawn.line([(n, row[1]) for n, row in enumerate(rows)], "b")
    for n, (_, closed, *_) in enumerate(rows):
        drawn.dot(n, closed, "b", 5)
    drawn.key([("a", "Kaplan–Meier, 95 % limits"), ("b", "of the closed alone")])
    return drawn.svg()
