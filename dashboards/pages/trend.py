"""Trend: one indicator over time for one or several areas, with everything needed to believe it or not."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.address import MAX_AREAS
from dashboards.components import controls
from dashboards.components.alarms import alarm_lines
from dashboards.components.context import Context
from dashboards.components.definition import definition
from dashboards.components.gaps import gap_panel
from dashboards.components.grid import (
    grid,
    link_cell,
    link_column,
    number_column,
    range_column,
    said,
    text_column,
    wrapped_column,
)
from dashboards.components.layout import empty_state, graph, page_head, panel
from dashboards.components.legend import legend, tone
from dashboards.components.revisions import revision_panel
from dashboards.components.targets import target_panel, way
from dashboards.components.year_before import against_last_year
from dashboards.figures.theme import GLYPHS, SIGNAL_SHAPES
from dashboards.figures.trend import Panel, trend_figure
from dashboards.periods import period_end

DAYS_SHOWN = 400
"""By day, only so many are drawn: more could not be told apart."""


def page(context: Context) -> Any:
    """Lay out the trend of the view's indicator and areas."""
    words = context.words
    indicator = context.chosen_indicator()
    head = page_head(words("trend.title"), words("trend.lead"))
    if indicator is None:
        text = (
            words("trend.unknown", indicator=context.view.indicator)
            if context.view.indicator
            else words("overview.no_map")
        )
        return [head, controls.control_row(controls.indicator_select(context, None)), empty_state(text)]
    identity = indicator["indicator_id"]
    title = words.of(indicator, "title")
    kinds = context.release.period_kinds(identity)
    kind = context.chosen_kind(identity)
    options = controls.area_options(context, identity)
    known = {area_id for _, area_id, _ in options}
    areas = [area_id for area_id in context.view.areas if area_id in known] or controls.default_areas(context, known)
    bar = controls.control_row(
        controls.indicator_select(context, identity),
        controls.area_select(context, options, areas, MAX_AREAS),
        controls.kind_select(context, kinds, kind),
    )
    since = context.release.info.as_of - timedelta(days=DAYS_SHOWN) if kind == "day" else date.min
    series = context.release.series(identity, areas, kind, since)
    if not series.filter(pl.col("value").is_not_null()).height:
        why = series["reason"].drop_nulls().to_list()[-1:] or [indicator["reason"]]
        reasons = [context.joined_reasons(code) for code in why]
        return [
            head,
            bar,
            empty_state(words("trend.no_rows", indicator=title), *reasons),
            definition(context, indicator),
        ]
    expected = _expected(context, context.release.vintages.nowcasts(identity, areas, kind, since), indicator, kind)
    compared = context.release.trends.year_comparisons_of(identity, areas, kind)
    last_year = {(row["area_id"], row["period_start"]): against_last_year(context, row) for row in compared.to_dicts()}
    series = _worded(context, series, indicator, kind, last_year)
    breaks = context.release.trends.breaks(identity).filter(
        pl.col("start").is_between(series["period_start"].min(), series["period_end"].max(), closed="none")
    )
    targets = context.release.trends.targets.filter(
        (pl.col("indicator_id") == identity) & pl.col("area_id").is_in(areas) & pl.lit(kind not in ("day", "week"))
    )
    ways = {row["area_id"]: way(row) for row in targets.to_dicts()}
    of_area, expected_of_area = (
        each.partition_by("area_id", maintain_order=True, as_dict=True) for each in (series, expected)
    )
    panels = [
        Panel(
            context.area_title(area_id),
            of_area.get((area_id,), series.clear()),
            expected_of_area.get((area_id,)),
            ways.get(area_id, ()),
        )
        for area_id in areas
    ]
    marked = context.view.period if context.view.period in series["period_start"] else None
    drawing = trend_figure(
        panels,
        words.unit(indicator["unit"]),
        indicator["polarity"],
        words.axis_formats,
        context.colours,
        marked,
        [(row["start"], words.of(row, "title")) for row in breaks.to_dicts()],
    )
    names = words.join([panel_.title for panel_ in panels])
    chart = panel(
        f"{title} · {names}",
        graph(drawing, words("trend.description", indicator=title, areas=names)),
        _reading(context, series, indicator, breaks, targets, has_nowcasts=not expected.is_empty()),
        *alarm_lines(context, indicator, areas, kind),
        _gap_list(context, panels, kind),
        _origin(context, series, indicator, kind),
        note=words("trend.window", days=DAYS_SHOWN) if kind == "day" else None,
    )
    side = html.Aside(panel(words("trend.about"), definition(context, indicator)), className="side")
    return [
        head,
        bar,
        html.Div(
            [
                html.Div(
                    [chart, *target_panel(context, indicator, targets, areas), *gap_panel(context, indicator, areas)],
                    className="stack",
                ),
                side,
            ],
            className="main-and-side",
        ),
        panel(words("trend.table"), *_table(context, series, expected, breaks, indicator, kind)),
        revision_panel(context, indicator, areas, kind, since, series),
    ]


def _worded(
    context: Context,
    series: pl.DataFrame,
    indicator: dict[str, Any],
    kind: str,
    last_year: dict[tuple[str, date], str],
) -> pl.DataFrame:
    """Add what the figure and the table say in words: hover text, last year, reason of a gap; and a period's end."""
    words = context.words
    areas, starts = (series[name].to_list() for name in ("area_id", "period_start"))
    against = [last_year.get(key, "") for key in zip(areas, starts, strict=True)]
    called = {start: words.period(kind, start) for start in set(starts)}
    ends = {start: period_end(kind, start) for start in called}
    hovers = [
        f"<b>{called[start]}</b><br>{text}<br>{also}" if also else f"<b>{called[start]}</b><br>{text}"
        for start, text, also in zip(starts, context.figure_texts(series, indicator, "<br>"), against, strict=True)
    ]
    return series.with_columns(
        pl.Series("period_end", [ends[start] for start in starts], dtype=pl.Date),
        pl.Series("hover", hovers, dtype=pl.String),
        pl.Series("last_year", against, dtype=pl.String),
        gap=pl.when(pl.col("value").is_null()).then(_said(series, "reason", context.joined_reasons)),
    )


def _expected(context: Context, nowcasts: pl.DataFrame, indicator: dict[str, Any], kind: str) -> pl.DataFrame:
    """Add what the figure says of nowcasts on hovering."""
    words, decimals = context.words, indicator["decimals"]
    hovers = [
        "<br>".join(
            [
                f"<b>{words.period(kind, row['period_start'])}</b>",
                words("nowcast.value", value=words.measure(row["value"], indicator["unit"], decimals)),
                words(
                    "nowcast.interval",
                    low=words.number(row["lower"], decimals),
                    high=words.number(row["upper"], decimals),
                ),
                words(
                    "nowcast.counts",
                    counted=words.number(row["counted"]),
                    expected=words.number(row["expected"]),
                    share=f"{row['recorded_share']:.0%}",
                ),
            ]
        )
        for row in nowcasts.to_dicts()
    ]
    return nowcasts.with_columns(pl.Series("hover", hovers, dtype=pl.String))


def _reading(
    context: Context,
    series: pl.DataFrame,
    indicator: dict[str, Any],
    breaks: pl.DataFrame,
    targets: pl.DataFrame,
    has_nowcasts: bool,
) -> Any:
    """How to read the chart, in words, naming only marks that are on it."""
    words = context.words
    marks = [("legend-line", "", words("legend.line"))]
    if series["lower"].is_not_null().any():
        marks.append(("legend-band", "", words("legend.interval")))
    in_doubt = series.filter(pl.col("unusable").fill_null(0) > 0)
    # Where the worst case is open, there is no band.
    if (in_doubt["bound_low"].is_not_null() & in_doubt["bound_high"].is_not_null()).any():
        marks.append(("legend-bound", "", words("legend.bounds")))
    if series["centre"].is_not_null().any():
        bases = set(series["basis"].drop_nulls())
        basis = "both" if len(bases) > 1 else next(iter(bases))
        marks += [(f"legend-{line}", "", words(f"legend.{line}_{basis}")) for line in ("centre", "limits")]
    if targets.height:
        marks.append(("legend-sign", "★", words("legend.target", due=words.day(targets["due"].to_list()[0]))))
    marks += [
        ("legend-break", "", words("legend.break", day=words.day(row["start"]), title=words.of(row, "title")))
        for row in breaks.to_dicts()
    ]
    statuses, signals = set(series["status"]), set(series["signal"])
    if "provisional" in statuses:
        marks.append(("legend-sign", "○", words("legend.provisional")))
    if has_nowcasts:
        marks.append(("legend-sign", "⊙", words("legend.nowcast")))
    if "stale" in statuses:
        marks.append(("legend-sign", "✕", words("legend.stale")))
    marks += [
        (f"legend-sign {tone(signal, indicator['polarity'])}", GLYPHS[shape], words(f"legend.{signal}"))
        for signal, shape in SIGNAL_SHAPES.items()
        if signal in signals
    ]
    if series["value"].null_count():
        marks.append(("legend-gap", "", words("legend.gap")))
    return legend(words("legend.title"), marks, words(f"polarity_line.{indicator['polarity']}"))


def _origin(context: Context, series: pl.DataFrame, indicator: dict[str, Any], kind: str) -> Any:
    """Link to where the figure looked at comes from: the period of the address, else the latest with a value."""
    valued = series.filter(pl.col("value").is_not_null())
    looked_at = series.filter(pl.col("period_start") == pl.lit(context.view.period))
    row = (looked_at.head(1) if looked_at.height else valued.sort("period_start").tail(1)).row(0, named=True)
    period = row["period_start"]
    href = context.origin(indicator["indicator_id"], row["area_id"], kind, period)
    text = context.words("explain.link_of", period=context.words.period(kind, period))
    return html.P(html.InnerLink(text, href=href), className="origin-link")


def _gap_list(context: Context, panels: list[Panel], kind: str) -> Any:
    """Every stretch without a figure, with its reason; the shading alone would not say why."""
    words = context.words
    lines = []
    for panel_ in panels:
        if panel_.frame["gap"].null_count() == panel_.frame.height:
            continue
        run = pl.col("gap").is_null().or_(pl.col("gap").ne_missing(pl.col("gap").shift())).cum_sum()
        gaps = panel_.frame.with_columns(run.alias("run")).filter(pl.col("gap").is_not_null())
        spans = gaps.group_by("run", maintain_order=True).agg(
            first=pl.col("period_start").first(), last=pl.col("period_start").last(), gap=pl.col("gap").first()
        )
        for first, last, gap in spans.select("first", "last", "gap").iter_rows():
            span = words.period(kind, first)
            if last != first:
                span = words("trend.span", first=span, last=words.period(kind, last))
            lines.append(html.Li(words("trend.gap", area=panel_.title, span=span, reason=gap)))
    if not lines:
        return None
    return html.Details(
        [html.Summary(words("trend.gaps", count=len(lines))), html.Ul(lines)], className="gaps", open=len(lines) <= 3
    )


def _begun(context: Context, series: pl.DataFrame, breaks: pl.DataFrame) -> dict[date, str]:
    """By the first period that lies after a declared change: what changed."""
    begun: dict[date, list[str]] = {}
    for row in breaks.to_dicts():
        after = series.filter(pl.col("period_start") >= row["start"])["period_start"].min()
        if isinstance(after, date):
            begun.setdefault(after, []).append(context.words.of(row, "title"))
    return {period: context.words.join(titles) for period, titles in begun.items()}


def _table(
    context: Context,
    series: pl.DataFrame,
    expected: pl.DataFrame,
    breaks: pl.DataFrame,
    indicator: dict[str, Any],
    kind: str,
) -> Any:
    words, decimals = context.words, indicator["decimals"]
    numbers = ("value", "lower", "upper", "bound_low", "bound_high", "centre", "limit_low", "limit_high")
    counts = ("numerator", "denominator", "unusable")
    begun = _begun(context, series, breaks)
    areas = series["area_id"].unique().to_list()
    # What is said of a row is said of many: each text is made once, and laid to its rows by the engine.
    says = {
        "area": ("area_id", context.area_title),
        "grade_reason": ("grade_reason", context.joined_reasons),
        "signal": ("signal", lambda code: "" if code in (None, "none") else words.known("signal", code)),
        "status": ("status", lambda code: words.known("status", code)),
        "target_status": ("target_status", lambda code: words.known("target_status", code) if code else ""),
        "reason": ("reason", context.joined_reasons),
        "break": ("period_start", lambda period: begun.get(period, "")),
    }
    foreseen = {"expected": "value", "expected_low": "lower", "expected_high": "upper"}
    key = ["area_id", "period_start"]
    table = (
        series.join(expected.select(*key, **{end: pl.col(name) for end, name in foreseen.items()}), on=key, how="left")
        .sort("period_start", "area_id", descending=[True, False])
        .select(
            pl.col("period_start").cast(pl.String),
            *numbers,
            *counts,
            *foreseen,
            "quality_grade",
            "last_year",
            origin=_links(context, indicator, areas, kind),
            **{field: _said(series, column, tell) for field, (column, tell) in says.items()},
        )
    )
    ranges = {"interval": numbers[1:3], "bounds": numbers[3:5], "limits": numbers[6:8]}
    is_certain = not series["unusable"].fill_null(0).gt(0).any()
    if is_certain:
        # The worst case is then the interval itself.
        ranges.pop("bounds")
    columns = [
        text_column("area", words("column.area"), width=150, minWidth=140, hide=series["area_id"].n_unique() == 1),
        text_column("period_start", words("column.period"), width=100, minWidth=92),
        link_column("origin", words("explain.column_title")),
        number_column("value", words("column.value"), decimals, width=80, minWidth=76),
        *(range_column(*ends, words(f"column.{name}"), decimals, table) for name, ends in ranges.items()),
        number_column("expected", words("column.expected"), decimals, width=92, minWidth=88),
        *(
            [range_column("expected_low", "expected_high", words("column.expected_range"), decimals, table)]
            if expected.height
            else []
        ),
        wrapped_column("signal", words("column.signal"), width=112, minWidth=96),
        # In one line, the whole on hovering, as the reasons of a grade.
        text_column(
            "last_year", words("column.last_year"), width=220, minWidth=150, hide=not (series["last_year"] != "").any()
        ),
        wrapped_column("break", words("column.break"), width=150, minWidth=120, hide=not begun),
        wrapped_column("status", words("column.status"), width=108, minWidth=108),
        wrapped_column(
            "target_status",
            words("column.target_status"),
            width=104,
            minWidth=88,
            hide=not series["target_status"].is_not_null().any(),
        ),
        text_column("quality_grade", words("column.grade"), width=76, minWidth=72),
        wrapped_column("reason", words("column.reason"), width=230, minWidth=128),
        # In one line, the whole on hovering: wrapped, it would make every row of the table three lines high.
        text_column("grade_reason", words("column.grade_reason"), width=200, minWidth=120),
        number_column("numerator", words("column.numerator"), 0, width=104, minWidth=90),
        number_column("denominator", words("column.denominator"), 0, width=116, minWidth=112),
        number_column("unusable", words("column.unusable"), 0, width=92, minWidth=84, hide=is_certain),
        *(number_column(name, words(f"column.{name}"), decimals, hide=True) for name in numbers[1:]),
        *(
            number_column(f"expected_{end}", words(f"column.expected_{end}"), decimals, hide=True)
            for end in ("low", "high")
        ),
    ]
    return [
        html.P(
            [words("trend.table_note", unit=words.unit(indicator["unit"])), " ", _catalogue_link(context, indicator)],
            className="note",
        ),
        grid(context, "trend", columns, table, f"{indicator['indicator_id']}_{kind}", indicator["indicator_id"]),
    ]


def _catalogue_link(context: Context, indicator: dict[str, Any]) -> Any:
    return html.InnerLink(
        context.words("overview.definition"), href=context.link("catalogue", indicator=indicator["indicator_id"])
    )


def _said(rows: pl.DataFrame, column: str, tell: Callable[[Any], str]) -> pl.Expr:
    """Put a column into words; releases made by older versions may lack it."""
    return said(rows[column], column, tell) if column in rows.columns else pl.lit(tell(None))


def _links(context: Context, indicator: dict[str, Any], areas: Sequence[str], kind: str) -> pl.Expr:
    """Cells that lead to where the figures of areas come from."""
    text, any_day = context.words("explain.cell"), date.max
    cells = [link_cell(text, context.origin(indicator["indicator_id"], area, kind, any_day)) for area in areas]
    head, tail = (
        pl.col("area_id").replace_strict(list(areas), list(ends), return_dtype=pl.String)
        for ends in zip(*(cell.split(any_day.isoformat()) for cell in cells), strict=True)
    )
    return pl.concat_str(head, pl.col("period_start").cast(pl.String), tail)
