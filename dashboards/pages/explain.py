"""Explain: where one figure comes from, reached from wherever it is shown."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components import controls
from dashboards.components.checks import check_grid, check_summary
from dashboards.components.context import Context
from dashboards.components.layout import empty_state, page_head, panel, table
from dashboards.explanation import Block, Section, account, title_of
from dashboards.explanation_data import Explanation

PERIODS_LISTED = 400
BATCHES_LISTED = 60
"""A source by the day has thousands; the newest are those that somebody asks about."""
BESIDE = ("definition", "release")
"""Sections that stand beside the others where there is room."""


def page(context: Context) -> Any:
    """Lay out where the view's figure comes from."""
    words, release = context.words, context.release
    head = page_head(words("explain.title"), words("explain.lead"))
    indicator = context.chosen_indicator()
    if indicator is None:
        bar = controls.control_row(controls.indicator_select(context, None))
        return [head, bar, empty_state(words("explain.unknown"), words("explain.unknown_remedy"))]
    identity = indicator["indicator_id"]
    kinds, kind = release.period_kinds(identity), context.chosen_kind(identity)
    options = controls.area_options(context, identity)
    known = {area_id for _, area_id, _ in options}
    area = next((each for each in context.view.areas if each in known), None)
    area = area or controls.default_areas(context, known)[0]
    told = release.series(identity, [area], kind).select(
        "period_start", is_final=(pl.col("status") == "final") & pl.col("value").is_not_null()
    )
    periods = told.sort("period_start", descending=True)
    period = context.chosen_period(kind, periods)
    found = release.explanations.explain(identity, area, kind, period) if period else None
    listed = periods.filter(pl.int_range(pl.len()).lt(PERIODS_LISTED) | (pl.col("period_start") == pl.lit(period)))
    bar = controls.control_row(
        controls.indicator_select(context, identity),
        *([controls.one_area_select(context, options, area)] if options else []),
        *([controls.kind_select(context, kinds, kind)] if kinds else []),
        *([controls.period_select(context, kind, listed, period)] if period else []),
    )
    if found is None:
        reasons = context.reasons(indicator["reason"]) or [words("explain.unknown_remedy")]
        return [head, bar, empty_state(words("explain.unknown"), *reasons)]
    sections = {section.name: _section(context, found, section) for section in account(context, found)}
    beside = [sections.pop(name) for name in BESIDE]
    return [
        head,
        bar,
        html.Div([html.H2(title_of(context, found)), _links(context, found)], className="explained"),
        html.Div(
            [html.Div([*sections.values()], className="stack"), html.Aside(beside, className="stack")],
            className="main-and-side explanation",
        ),
    ]


def _links(context: Context, found: Explanation) -> Any:
    """Where else the figure is shown, and where its definition and its sources are."""
    words, figure = context.words, found.figure
    trend = context.link(
        "trend",
        indicator=figure["indicator_id"],
        areas=(figure["area_id"],),
        period_kind=figure["period_kind"],
        period=figure["period_start"],
    )
    links = {"trend": trend, "catalogue": context.link("catalogue", indicator=figure["indicator_id"])}
    links["quality"] = context.link("quality")
    return html.Div(
        [html.InnerLink(words(f"nav.{name}"), href=href, className="part-link") for name, href in links.items()],
        className="part-links",
    )


def _section(context: Context, found: Explanation, section: Section) -> Any:
    if section.name != "checks":
        return panel(section.title, *(part for block in section.blocks for part in _block(context, block)))
    checks = context.release.explanations.checks(found.figure["indicator_id"])
    [block] = section.blocks
    drawn = [check_summary(context, checks), check_grid(context, checks)] if checks.height else []
    return panel(section.title, _facts(block), *drawn, note=context.words.join(list(block.notes)))


def _block(context: Context, block: Block) -> list[Any]:
    words = context.words
    parts: list[Any] = [html.H3(block.title)] if block.title else []
    if block.facts:
        parts.append(_facts(block))
    if block.table:
        columns = [(heading, "number" if is_number else "") for heading, is_number in block.table.columns]
        # The last row is the sum.
        rows = [*block.table.rows]
        left_out = len(rows) - BATCHES_LISTED
        if left_out > 0:
            rows = rows[left_out:]
        parts.append(table(columns, rows, block.table.caption, context, block.table.name))
        if left_out > 0:
            parts.append(html.P(words.counted("explain.more", left_out), className="note"))
    return parts + [html.P(note, className="note") for note in block.notes]


def _facts(block: Block) -> Any:
    rows = [
        html.Div([html.Dt(fact.term), html.Dd(html.Code(fact.text) if fact.is_code else fact.text)], className="entry")
        for fact in block.facts
    ]
    return html.Dl(rows, className="definition facts-list")
