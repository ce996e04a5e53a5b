"""Figures are pure: what goes in as a frame comes out as traces."""

import base64
from base64 import b64decode
from datetime import date
from math import cos, radians

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.figures import theme
from dashboards.figures.checks import checks_figure
from dashboards.figures.gaps import GapPanel, gap_figure
from dashboards.figures.ledger import OUTCOMES, balance, ledger_figure
from dashboards.figures.map import area_map, class_breaks, class_colours, class_of
from dashboards.figures.sparkline import sparkline
from dashboards.figures.trend import Panel, runs, trend_figure
from dashboards.figures.volume import volume_figure

SQUARE = (np.array([0.0, 1.0, 1.0, 0.0, 0.0]), np.array([40.0, 40.0, 41.0, 41.0, 40.0]))
FORMATS = [{"dtickrange": [None, None], "value": "%Y"}]
VALUES = st.lists(st.floats(0, 1e4, allow_nan=False), max_size=80)


@given(VALUES, st.integers(0, 3))
def test_class_breaks_ascend_and_leave_no_class_empty(values: list[float], decimals: int) -> None:
    breaks = class_breaks(values, decimals)
    assert breaks == sorted(set(breaks))
    assert len(breaks) <= 4
    if values:
        assert {class_of(value, breaks, decimals) for value in values} == set(range(len(breaks) + 1))


def test_distinct_values_are_spread_evenly() -> None:
    values = [float(n) for n in range(100)]
    breaks = class_breaks(values, 0)
    counts = [sum(class_of(value, breaks, 0) == k for value in values) for k in range(5)]
    assert counts == [20, 20, 20, 20, 20]


@pytest.mark.parametrize("classes", [1, 2, 3, 5])
def test_class_colours_differ_and_keep_the_ends(classes: int) -> None:
    colours = class_colours(theme.LIGHT, classes)
    assert len(set(colours)) == classes
    assert colours[0] == theme.LIGHT.sequence[0]


def test_map_draws_one_outline_per_area_with_its_value() -> None:
    frame = pl.DataFrame({"area_id": ["a", "b"], "value": [1.0, None], "hover": ["A", "B"]})
    drawing = area_map(frame, {"a": SQUARE, "b": SQUARE, "elsewhere": SQUARE}, [], 1, theme.LIGHT)
    first, second = drawing.checked.data
    assert [trace.customdata for trace in drawing.checked.data] == [("a", 1.0), ("b", None)]
    assert [trace.text for trace in drawing.checked.data] == ["A", "B"]
    assert np.frombuffer(b64decode(first.x["bdata"]))[1] == pytest.approx(cos(radians(40.5)), abs=1e-5)
    assert first.fillcolor == theme.LIGHT.sequence[0]
    assert second.fillpattern.shape == "/"
    assert first.fillpattern.shape is None
    assert drawing.checked.layout.yaxis.scaleanchor == "x"


def test_an_area_without_an_outline_does_not_break_the_map() -> None:
    frame = pl.DataFrame({"area_id": ["a", "b"], "value": [1.0, 2.0], "hover": ["A", "B"]})
    nothing = (np.array([]), np.array([]))
    assert len(area_map(frame, {"a": SQUARE, "b": nothing}, [1.0], 0, theme.LIGHT).checked.data) == 2


@given(st.lists(st.booleans()))
def test_runs_cover_exactly_what_is_present(present: list[bool]) -> None:
    covered = [position for first, last in runs(present) for position in range(first, last + 1)]
    assert covered == [position for position, is_present in enumerate(present) if is_present]


def _series() -> pl.DataFrame:
    values = [1.0, 5.0, None, 2.0, 3.0]
    return pl.DataFrame(
        {
            "period_start": [date(2016, month, 1) for month in range(1, 6)],
            "period_end": [date(2016, month, 1) for month in range(2, 7)],
            "value": values,
            "lower": [v and v - 0.5 for v in values],
            "upper": [v and v + 0.5 for v in values],
            "unusable": [2, 2, 2, 0, 1],
            "bound_low": [v and v - 1 for v in values],
            "bound_high": [v and v + 1 for v in values],
            "centre": [2.0] * 5,
            "limit_low": [0.0] * 5,
            "limit_high": [4.0] * 5,
            "signal": ["none", "above_limit", None, "none", "below_limit"],
            "status": ["final", "final", "not_available", "stale", "provisional"],
            "hover": list("abcde"),
            "gap": [None, None, "no records", None, None],
        }
    )


def test_trend_draws_the_frame_and_nothing_else() -> None:
    drawing = trend_figure(
        [Panel("Precinct 1", _series())], "days", "lower", FORMATS, theme.LIGHT, marked=date(2016, 2, 1)
    )
    by_meta = {trace.meta: trace for trace in drawing.checked.data}
    assert list(by_meta["line"].y) == [1.0, 5.0, None, 2.0, 3.0]
    assert list(by_meta["centre"].y) == [2.0] * 5
    assert list(by_meta["final"].y) == [1.0, 5.0]
    assert list(by_meta["stale"].y) == [2.0]
    assert list(by_meta["above_limit"].y) == [5.0]
    assert (by_meta["above_limit"].marker.symbol, by_meta["below_limit"].marker.symbol) == (
        "triangle-up",
        "triangle-down",
    )
    interval = by_meta["interval"]
    assert list(interval.y) == [0.5, 4.5, 5.5, 1.5, 0.5, None, 1.5, 2.5, 3.5, 2.5, 1.5, None]
    gap, pointer = drawing.checked.layout.shapes
    assert (pointer.type, pointer.x0) == ("line", date(2016, 2, 1))
    assert (gap.x0, gap.x1, gap.label.text) == (date(2016, 3, 1), date(2016, 4, 1), "no records")


def test_worst_cases_do_not_flatten_what_is_told() -> None:
    """The tallest that is told is 5.5, from 0: worst cases have the same height again, up and down, and are cut off."""

    def scale(low: float, high: float, unusable: int = 1) -> tuple[float, float] | None:
        frame = _series().with_columns(bound_low=pl.lit(low), bound_high=pl.lit(high), unusable=pl.lit(unusable))
        found: tuple[float, float] | None = trend_figure(
            [Panel("a", _series()), Panel("b", frame)], "x", "lower", FORMATS, theme.LIGHT
        ).checked.layout.yaxis.range
        return found

    assert scale(0.0, 10.9) is None
    assert scale(0.0, 100.0) == (0.0, 11.0)
    assert scale(-1.0, 100.0) == (-1.0, 11.0)
    assert scale(-50.0, 1.0) == (-5.5, 6.0)
    # Where no record is unusable, the worst case is not drawn.
    assert scale(0.0, 100.0, unusable=0) is None


def test_limits_end_and_begin_anew_at_a_declared_change() -> None:
    change = date(2016, 2, 15)
    panels = [Panel("Precinct 1", _series())]
    drawing = trend_figure(
        panels, "days", "lower", FORMATS, theme.LIGHT, breaks=[(change, "New form"), (date(2019, 1, 1), "Later")]
    )
    by_meta = {trace.meta: trace for trace in drawing.checked.data}
    assert list(by_meta["centre"].y) == [2.0, 2.0, None, 2.0, 2.0, 2.0]
    assert by_meta["centre"].x[2] == change
    # Neither line nor interval joins what is counted otherwise.
    line = by_meta["line"]
    assert list(zip(line.x, line.y, strict=True))[1:4] == [
        (date(2016, 2, 1), 5.0),
        (change, None),
        (date(2016, 3, 1), None),
    ]
    assert [shape.x0 for shape in drawing.checked.layout.shapes if shape.type == "line"] == [change]
    (label,) = drawing.checked.layout.annotations
    assert (label.text, label.x, label.xref, label.yref) == ("New form", change, "x", "y domain")


def test_an_interval_is_not_drawn_across_a_declared_change() -> None:
    change = date(2016, 2, 1)
    panels = [Panel("Precinct 1", _series()), Panel("Precinct 5", _series())]
    drawing = trend_figure(panels, "days", "lower", FORMATS, theme.LIGHT, breaks=[(change, "New form")])
    lines = [trace for trace in drawing.checked.data if trace.meta == "line"]
    assert [list(line.x[:3]) for line in lines] == [[date(2016, 1, 1), change, change]] * 2
    assert all(line.y[1] is None for line in lines)
    interval = next(trace for trace in drawing.checked.data if trace.meta == "interval")
    assert interval.y[5] is None
    assert [label.x for label in drawing.checked.layout.annotations if label.text == "New form"] == [change] * 2


def test_the_path_to_a_target_reaches_beyond_the_figures_and_is_marked_at_its_end() -> None:
    path = [(date(2016, 1, 1), 4.0), (date(2017, 12, 31), 1.0)]
    drawing = trend_figure([Panel("Precinct 1", _series(), way=path)], "days", "lower", FORMATS, theme.LIGHT)
    target = next(trace for trace in drawing.checked.data if trace.meta == "target")
    assert list(zip(target.x, target.y, strict=True)) == path
    assert list(target.marker.size) == [0, 12]


def test_the_worst_case_is_drawn_where_records_are_unusable_and_looks_unlike_the_interval() -> None:
    for colours in (theme.LIGHT, theme.DARK):
        drawing = trend_figure([Panel("a", _series())], "days", "lower", FORMATS, colours)
        by_meta = {trace.meta: trace for trace in drawing.checked.data}
        bounds, interval = by_meta["bounds"], by_meta["interval"]
        # April, with nothing unusable, is left out; May alone is as wide as half its period.
        assert list(bounds.y) == [0.0, 4.0, 6.0, 2.0, 0.0, None, 2.0, 2.0, 4.0, 4.0, 2.0, None]
        assert [day.isoformat() for day in bounds.x[6:8]] == ["2016-04-23T06:00:00", "2016-05-08T18:00:00"]
        assert (bounds.fillpattern.shape, interval.fillpattern.shape) == ("/", None)
        assert (bounds.line.dash, bounds.line.width, interval.line.width) == ("dot", 1, 0)
        assert bounds.line.color == colours.bound_edge != colours.line


def test_provisional_points_are_hollow_and_colour_follows_polarity() -> None:
    for polarity, above in {"lower": "unfavourable", "higher": "favourable", "context": "ink"}.items():
        drawing = trend_figure([Panel("a", _series())], "days", polarity, FORMATS, theme.LIGHT)
        by_meta = {trace.meta: trace for trace in drawing.checked.data}
        assert by_meta["above_limit"].marker.color == getattr(theme.LIGHT, above)
        assert by_meta["below_limit"].marker.color == theme.LIGHT.surface
        assert by_meta["provisional"].marker.color == theme.LIGHT.surface


def test_nowcasts_stand_beside_the_points_with_their_intervals() -> None:
    nowcasts = pl.DataFrame(
        {"period_start": [date(2016, 5, 1)], "value": [3.5], "lower": [3.2], "upper": [4.1], "hover": ["n"]}
    )
    plain = trend_figure([Panel("a", _series())], "days", "lower", FORMATS, theme.LIGHT)
    drawing = trend_figure([Panel("a", _series(), nowcasts)], "days", "lower", FORMATS, theme.LIGHT)
    assert [trace.meta for trace in drawing.checked.data] == [*(trace.meta for trace in plain.checked.data), "nowcast"]
    nowcast = drawing.checked.data[-1]
    assert (list(nowcast.x), list(nowcast.y)) == ([date(2016, 5, 1)], [3.5])
    assert list(nowcast.error_y.array) == pytest.approx([0.6])
    assert list(nowcast.error_y.arrayminus) == pytest.approx([0.3])


def test_panels_share_one_scale() -> None:
    drawing = trend_figure([Panel(name, _series()) for name in "abc"], "days", "lower", FORMATS, theme.DARK)
    assert [drawing.checked.layout[f"yaxis{n}"].matches for n in ("", "2", "3")] == [None, "y", "y"]
    assert drawing.checked.layout.yaxis3.domain[0] == 0
    assert drawing.checked.layout.yaxis.domain[1] == 1
    assert {trace.xaxis for trace in drawing.checked.data} == {"x", "x2", "x3"}


@given(st.integers(1, 12), st.floats(0, 0.5))
def test_rows_fill_the_height_without_overlap(count: int, gap: float) -> None:
    edges = [round(edge, 9) for bottom, top in theme.rows(count, gap) for edge in (top, bottom)]
    assert edges == sorted(edges, reverse=True)
    assert (edges[0], edges[-1]) == pytest.approx((1.0, 0.0), abs=1e-9)


def test_volume_marks_the_months_out_of_line() -> None:
    months = pl.DataFrame(
        {
            "source": ["s"] * 3,
            "month": [date(2016, month, 1) for month in (1, 2, 3)],
            "records": [100, 0, 9],
            "expected": [None, 100, 100],
            "status": ["normal", "silent", "collapsed"],
        }
    )
    drawing = volume_figure(months, {"s": "Source"}, ["a", "b", "c"], FORMATS, theme.LIGHT)
    by_meta = {trace.meta: trace for trace in drawing.checked.data}
    assert list(by_meta["records"].y) == [100, 0, 9]
    assert list(by_meta["expected"].y) == [None, 100, 100]
    assert list(by_meta["silent"].x) == [date(2016, 2, 1)]
    assert list(by_meta["collapsed"].y) == [9]
    assert "surge" not in by_meta


def test_ledger_shows_shares_of_what_was_read() -> None:
    ledger = pl.DataFrame(
        {"source": ["s"], "read": [200], "accepted": [150], "quarantined": [10], "duplicate": [30]}
        | {"superseded": [4], "merged": [6], "deferred": [0]}
    )
    drawing = ledger_figure(ledger, {"s": "Source"}, {name: name for name in OUTCOMES}, theme.LIGHT)
    assert {trace.meta: trace.x[0] for trace in drawing.checked.data} == {
        "quarantined": 5.0,
        "duplicate": 15.0,
        "superseded": 2.0,
        "merged": 3.0,
        "deferred": 0.0,
    }
    assert balance(ledger) == 0
    assert balance(ledger.with_columns(read=201)) == 1
    # What one source has too many does not make up for what another lacks.
    assert balance(pl.concat([ledger.with_columns(read=201), ledger.with_columns(read=199)])) == 2
    assert [trace.meta for trace in drawing.checked.data if not trace.showlegend] == ["deferred"]


def test_patterns_lie_over_their_colours() -> None:
    # Where a pattern replaces the colour, lines in the colour of the surface leave nothing to be seen.
    template = theme.figure(theme.LIGHT, 100).checked.layout.template.data
    assert template.bar[0].marker.pattern.fillmode == "overlay"
    assert template.scatter[0].fillpattern.fillmode == "overlay"


def test_sparkline_breaks_at_gaps_and_rings_special_causes() -> None:
    picture = sparkline([1.0, None, 2.0, 3.0], [False, False, True, False], theme.LIGHT)
    svg = base64.b64decode(picture.removeprefix("data:image/svg+xml;base64,")).decode()
    assert svg.count("M") == 2
    assert svg.count("<circle") == 2
    assert "<path" in base64.b64decode(sparkline([], [], theme.LIGHT).split(",")[1]).decode()


def test_checks_show_the_tables_that_failed_and_when_they_were_not_judged() -> None:
    first, second, third = (date(2016, 1, day) for day in (1, 2, 4))
    schema = ["as_of", "layer", "table_name", "checks", "failed", "errors"]
    history = pl.DataFrame(
        [
            (first, "facts", "held", 4, 0, 0),
            (first, "facts", "once", 4, 3, 0),
            (first, "facts", "often", 4, 1, 1),
            (second, "facts", "once", 4, 0, 0),
            (second, "facts", "often", 4, 2, 1),
            (third, "facts", "once", 4, 0, 0),
        ],
        schema=schema,
        orient="row",
    )
    (cells,) = checks_figure(history, list("abcdef"), FORMATS, theme.LIGHT).checked.data
    assert list(cells.x) == [date(2016, 1, day) for day in range(1, 5)]
    assert list(cells.y) == ["often", "once"]
    assert [list(row) for row in cells.z] == [[2, 2, None, None], [1, 0, None, 0]]
    assert [list(row) for row in cells.customdata] == [["c", "e", "", ""], ["b", "d", "", "f"]]


def test_gaps_stand_at_the_day_that_ended_them_and_the_open_one_is_hollow() -> None:
    frame = pl.DataFrame(
        {
            "day": [date(2016, 1, 11), date(2016, 1, 12), date(2016, 3, 12), date(2016, 3, 31)],
            "days": [10, 0, 59, 19],
            "is_open": [False, False, False, True],
            "centre": [7.0] * 4,
            "limit_low": [0.0] * 4,
            "limit_high": [50.0] * 4,
            "signal": ["none", "none", "long_gap", "none"],
            "hover": list("abcd"),
        }
    )
    drawing = gap_figure([GapPanel("Precinct 1", frame)], "days", "lower", FORMATS, theme.LIGHT)
    by_meta = {trace.meta: trace for trace in drawing.checked.data}
    assert list(by_meta["line"].y) == [10, 0, 59]
    assert (list(by_meta["long_gap"].x), list(by_meta["open"].y)) == ([date(2016, 3, 12)], [19])
    assert by_meta["open"].marker.color == theme.LIGHT.surface
    # Fewer of what is better lower is welcome; a limit of no day at all is none.
    assert by_meta["long_gap"].marker.color == theme.LIGHT.favourable
    assert [list(trace.y) for trace in drawing.checked.data if trace.meta == "limits"] == [[50.0, 50.0]]
    assert by_meta["limits"].x[0] == date(2016, 1, 1)
