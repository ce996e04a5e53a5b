"""Compare: the areas of one level side by side, so that chance is not taken for a difference."""

from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components import controls
from dashboards.components.context import Context
from dashboards.components.definition import definition
from dashboards.components.grid import (
    grid,
    link_cell,
    link_column,
    number_column,
    range_column,
    text_column,
    wrapped_column,
)
from dashboards.components.layout import empty_state, graph, page_head, panel
from dashboards.figures.comparison import STANDING_GLYPHS, STANDINGS, funnel_figure, order_figure

KINDS = ("rolling_12m", "year", "quarter")
"""Kinds of period, the one first that is shown without a choice."""
INNER_TAIL = 0.05


def page(context: Context) -> Any:
    """Lay out the comparison of the view's indicator, level and period."""
    words, comparisons = context.words, context.release.comparisons
    head = page_head(words("compare.title"), words("compare.lead"))
    there_are = comparisons.there_are
    indicator = _indicator(context, there_are)
    if indicator is None:
        return [
            head,
            controls.control_row(controls.indicator_select(context, None)),
            empty_state(words("compare.none")),
        ]
    identity = indicator["indicator_id"]
    own = there_are.filter(pl.col("indicator_id") == identity)
    if not own.height:
        return [
            head,
            controls.control_row(controls.indicator_select(context, identity)),
            empty_state(words("compare.not_compared", indicator=words.of(indicator, "title")), words("compare.which")),
            definition(context, indicator),
        ]
    levels = _levels(context, own)
    level = context.view.level if context.view.level in levels else levels[0]
    of_level = own.filter(pl.col("area_level") == level)
    kinds = of_level["period_kind"].unique().to_list()
    view, asked = context.view, context.view.period_kind
    kind = asked if asked and asked in kinds else next(each for each in KINDS if each in kinds)
    periods = of_level.filter(pl.col("period_kind") == kind)
    newest: date = periods["period_start"][0]
    period = view.period if view.period and view.period in periods["period_start"] else newest
    bar = controls.control_row(
        controls.indicator_select(context, identity),
        controls.kind_select(context, kinds, kind),
        controls.period_select(context, kind, periods.with_columns(is_final=True), period),
        *([controls.level_select(context, levels, level)] if len(levels) > 1 else []),
    )
    areas = comparisons.areas(identity, level, kind, period)
    title = words("compare.what", indicator=words.of(indicator, "title"), period=words.period(kind, period))
    return [
        head,
        bar,
        html.Div(
            [
                _funnel(context, areas, indicator, title, (level, kind, period)),
                html.Aside(panel(words("trend.about"), definition(context, indicator)), className="side"),
            ],
            className="main-and-side",
        ),
        _order(context, areas, indicator),
        panel(words("compare.table"), *_table(context, areas, indicator, kind, period)),
    ]


def _indicator(context: Context, there_are: pl.DataFrame) -> dict[str, Any] | None:
    if context.view.indicator:
        return context.release.indicator(context.view.indicator)
    compared = set(there_are["indicator_id"])
    return next((row for row in context.available_indicators if row["indicator_id"] in compared), None)


def _levels(context: Context, own: pl.DataFrame) -> list[str]:
    """Levels compared, the one with the most areas first: it is where chance misleads most."""
    counts = context.release.areas["area_level"].value_counts()
    return (
        own.select("area_level").unique().join(counts, on="area_level").sort("count", "area_level", descending=True)
    )["area_level"].to_list()


def _hovers(context: Context, areas: pl.DataFrame, indicator: dict[str, Any]) -> list[str]:
    words, decimals = context.words, indicator["decimals"]
    texts = []
    for row in areas.to_dicts():
        lines = [f"<b>{words.of(row, 'title')}</b>", *context.figure_lines(row, indicator)]
        if row["target"] is not None:
            lines.append(words("compare.target_line", target=words.number(row["target"], decimals)))
            lines.append(words(f"standing.{row['standing']}"))
        if row["shrunken"] is not None:
            lines.append(words("compare.shrunken_line", value=words.number(row["shrunken"], decimals)))
        if row["rank"] is not None:
            lines.append(_rank(context, row))
        texts.append("<br>".join(lines))
    return texts


def _rank(context: Context, row: dict[str, Any]) -> str:
    return context.words(
        "compare.rank_line",
        rank=row["rank"],
        low=row["rank_low"],
        high=row["rank_high"],
        count=row["areas_compared"],
    )


def _funnel(
    context: Context, areas: pl.DataFrame, indicator: dict[str, Any], title: str, cell: tuple[str, str, date]
) -> Any:
    words = context.words
    size = words(f"compare.size.{'years' if indicator['interval_method'] == 'byar' else 'records'}")
    drawing = funnel_figure(
        areas,
        _hovers(context, areas, indicator),
        words.unit(indicator["unit"]),
        size,
        indicator["polarity"],
        context.colours,
    )
    present = set(areas["standing"].fill_null("expected"))
    marks = [
        ("legend-centre", "", words("compare.legend.target")),
        ("legend-limits", "", words("compare.legend.inner")),
        ("legend-solid", "", words("compare.legend.outer")),
        *(
            (f"legend-sign {_tone(name, indicator['polarity'])}", STANDING_GLYPHS[name], words(f"standing.{name}"))
            for name in STANDINGS
            if name in present
        ),
    ]
    items = [
        html.Li([html.Span(glyph, className=f"legend-mark {look}", **{"aria-hidden": "true"}), html.Span(text)])
        for look, glyph, text in marks
    ]
    return panel(
        title,
        html.P(_summary(context, areas, cell[0]), id="comparison-summary"),
        graph(drawing, words("compare.funnel_description", title=title, count=areas.height), "funnel"),
        html.Div(
            [
                html.H3(words("legend.title")),
                html.Ul(items, className="legend"),
                html.P(words("compare.funnel_note"), className="note"),
                *_left_out(context, indicator["indicator_id"], cell),
            ],
            className="reading",
        ),
    )


def _summary(context: Context, areas: pl.DataFrame, level: str) -> str:
    """How many areas stand out, and how many would by chance."""
    words = context.words
    standing = areas["standing"]
    outer, inner = (
        areas.filter(standing.is_in(those)).height for those in (["high", "low"], ["rather_high", "rather_low"])
    )
    return words(
        "compare.summary",
        count=words.number(areas.height),
        level=words.known("level", level),
        outer=words.number(outer),
        inner=words.number(inner),
        expected=words.number(areas.height * INNER_TAIL, 0 if areas.height * INNER_TAIL >= 1 else 1),
    )


def _left_out(context: Context, indicator_id: str, cell: tuple[str, str, date]) -> list[Any]:
    count = context.release.comparisons.not_compared(indicator_id, *cell)
    return [html.P(context.words.counted("compare.left_out", count), className="note")] if count else []


def _tone(standing: str, polarity: str) -> str:
    if standing == "expected" or polarity not in ("higher", "lower"):
        return "tone-context"
    return "tone-good" if (standing in ("high", "rather_high")) == (polarity == "higher") else "tone-bad"


def _order(context: Context, areas: pl.DataFrame, indicator: dict[str, Any]) -> Any:
    words = context.words
    is_ranked = areas["rank"].is_not_null().any()
    drawing = order_figure(
        areas,
        [words.of(row, "title") for row in areas.to_dicts()],
        _hovers(context, areas, indicator),
        words.unit(indicator["unit"]),
        words("compare.rank_axis"),
        indicator["polarity"],
        context.colours,
    )
    marks = [("legend-band", words("legend.interval"))]
    if areas["shrunken"].is_not_null().any():
        marks.append(("legend-shrunken", words("compare.legend.shrunken")))
    if is_ranked:
        marks.append(("legend-band", words("compare.legend.rank")))
    items = [
        html.Li([html.Span(className=f"legend-mark {look}", **{"aria-hidden": "true"}), html.Span(text)])
        for look, text in marks
    ]
    note = words("compare.order_note") if is_ranked else words("compare.no_rank")
    return panel(
        words("compare.order"),
        html.Ul(items, className="legend"),
        graph(drawing, words("compare.order_description", count=areas.height), "order"),
        note=note,
    )


def _table(context: Context, areas: pl.DataFrame, indicator: dict[str, Any], kind: str, period: date) -> list[Any]:
    words, decimals = context.words, indicator["decimals"]
    numbers = (
        *("value", "lower", "upper", "target", "inner_low", "inner_high", "outer_low", "outer_high"),
        *("shrunken", "shrunken_low", "shrunken_high", "rank", "rank_low", "rank_high", "dispersion"),
        *("numerator", "denominator"),
    )
    rows = [
        {
            "area": words.of(row, "title"),
            **{name: row[name] for name in numbers},
            "standing": words(f"standing.{row['standing']}") if row["standing"] else "",
            "quality_grade": row["quality_grade"],
            "origin": link_cell(
                words("explain.cell"), context.origin(indicator["indicator_id"], row["area_id"], kind, period)
            ),
        }
        for row in areas.to_dicts()
    ]
    columns = [
        text_column("area", words("column.area"), width=140, minWidth=128),
        link_column("origin", words("explain.column_title")),
        number_column("value", words("column.value"), decimals, width=84, minWidth=76),
        range_column("lower", "upper", words("column.interval"), decimals, rows),
        number_column("shrunken", words("compare.column.shrunken"), decimals, width=96, minWidth=90),
        wrapped_column("standing", words("compare.column.standing"), width=170, minWidth=130),
        number_column("rank", words("compare.column.rank"), 0, width=70, minWidth=64),
        range_column("rank_low", "rank_high", words("compare.column.rank_interval"), 0, rows),
        text_column("quality_grade", words("column.grade"), width=76, minWidth=72),
        number_column("numerator", words("column.numerator"), 0, width=104, minWidth=90),
        number_column("denominator", words("column.denominator"), 0, width=104, minWidth=102),
        *(
            number_column(name, words(f"compare.file.{name}"), decimals, hide=True)
            for name in (*numbers[1:8], *numbers[9:11])
        ),
        *(number_column(name, words(f"compare.file.{name}"), 0, hide=True) for name in ("rank_low", "rank_high")),
        number_column("dispersion", words("compare.file.dispersion"), 2, hide=True),
    ]
    return [
        html.P(
            [
                words("compare.table_note", unit=words.unit(indicator["unit"])),
                " ",
                html.InnerLink(
                    words("overview.definition"),
                    href=context.link("catalogue", indicator=indicator["indicator_id"]),
                ),
            ],
            className="note",
        ),
        grid(
            context,
            "compare",
            columns,
            rows,
            f"{indicator['indicator_id']}_{kind}_{period.isoformat()}_compared",
            indicator["indicator_id"],
        ),
    ]
