"""A word-sized line: a small SVG picture, so that a page of cards stays light."""

from base64 import b64encode
from collections.abc import Sequence

from dashboards.figures.theme import Palette

WIDTH, HEIGHT, PAD = 220, 44, 4


def sparkline(values: Sequence[float | None], marked: Sequence[bool], colours: Palette) -> str:
    """Draw values over equal steps as an SVG data URI.

    Parameters
    ----------
    values
        Oldest first; None leaves a gap.
    marked
        Which values carry a special cause: ringed. The last value gets a dot.
    """
    known = [value for value in values if value is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    step = (WIDTH - 2 * PAD) / max(len(values) - 1, 1)

    def place(index: int, value: float) -> tuple[float, float]:
        height = 0.5 if high == low else (value - low) / (high - low)
        return round(PAD + index * step, 1), round(HEIGHT - PAD - height * (HEIGHT - 2 * PAD), 1)

    path, pen_up = "", True
    dots = ""
    for index, value in enumerate(values):
        if value is None:
            pen_up = True
            continue
        x, y = place(index, value)
        path += f"{'M' if pen_up else 'L'}{x} {y}"
        pen_up = False
        if marked[index]:
            dots += f'<circle cx="{x}" cy="{y}" r="3.4" fill="none" stroke="{colours.ink}" stroke-width="1.4"/>'
        if index == len(values) - 1:
            dots += f'<circle cx="{x}" cy="{y}" r="2.6" fill="{colours.line}"/>'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">'
        f'<path d="{path}" fill="none" stroke="{colours.line}" stroke-width="1.6" stroke-linejoin="round"/>{dots}</svg>'
    )
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
