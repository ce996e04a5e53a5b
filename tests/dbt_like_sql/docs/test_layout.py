"""Places in a drawing: readers to the right, nothing over another, lines that end at their boxes."""

import re
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from dbt_like_sql.docs.layout import BOX_HEIGHT, lay_out


@st.composite
def graphs(draw: st.DrawFn) -> tuple[dict[str, float], list[tuple[str, str]]]:
    names = [f"n{at}" for at in range(draw(st.integers(1, 9)))]
    pairs = list(combinations(names, 2))
    edges = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    return {name: draw(st.floats(20, 200)) for name in names}, edges


@given(graphs())
def test_boxes_do_not_touch_and_lines_run_to_the_right(graph: tuple[dict[str, float], list[tuple[str, str]]]) -> None:
    widths, edges = graph
    drawn = lay_out(widths, edges)
    assert drawn.boxes.keys() == widths.keys()
    assert drawn.paths.keys() == set(edges)
    for a, b in combinations(drawn.boxes.values(), 2):
        apart = max(a.x, b.x) >= min(a.x + a.width, b.x + b.width)
        assert apart or abs(a.y - b.y) >= BOX_HEIGHT
    for box in drawn.boxes.values():
        assert box.x >= 0
        assert box.x + box.width <= drawn.width
        assert box.y >= BOX_HEIGHT / 2
        assert box.y + BOX_HEIGHT / 2 <= drawn.height
    for (read, reader), path in drawn.paths.items():
        numbers = [float(number) for number in re.findall(r"[\d.]+", path)]
        start, end = drawn.boxes[read], drawn.boxes[reader]
        assert end.x > start.x + start.width
        assert abs(numbers[0] - start.x - start.width) < 0.06
        assert abs(numbers[1] - start.y) < 0.06
        assert abs(numbers[-2] - end.x) < 0.06
        assert abs(numbers[-1] - end.y) < 0.06


def test_chains_are_level_and_crossings_are_undone() -> None:
    widths = dict.fromkeys(["a", "b", "c", "x", "y", "z"], 50.0)
    drawn = lay_out(widths, [("a", "z"), ("b", "y"), ("c", "x")])
    for read, reader in (("a", "z"), ("b", "y"), ("c", "x")):
        assert drawn.boxes[read].y == drawn.boxes[reader].y


def test_a_line_past_a_column_keeps_clear_of_its_boxes() -> None:
    drawn = lay_out(dict.fromkeys(["a", "b", "c"], 50.0), [("a", "b"), ("b", "c"), ("a", "c")])
    start, past, end = (float(y) for y in re.findall(r"[\d.]+ ([\d.]+)(?=H|$)", drawn.paths["a", "c"]))
    assert (start, end) == (drawn.boxes["a"].y, drawn.boxes["c"].y)
    assert abs(past - drawn.boxes["b"].y) > BOX_HEIGHT / 2
