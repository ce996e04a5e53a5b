"""Briefing: one district and month on a page to print, as a person would write it."""

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.address import href
from dashboards.components import area_tree, controls
from dashboards.components.brief import Brief, evidence, headlines, missing, quality
from dashboards.components.cards import STATUS_SIGNS
from dashboards.components.context import Context
from dashboards.components.layout import empty_state, page_head
from dashboards.components.scorecard import course, interval, position_lines
from dashboards.components.scores import Score
from dashboards.components.signals import signal_badge
from dashboards.components.story import without_area
from dashboards.components.targets import aim, status_badge
from dashboards.components.year_before import verdict
from dashboards.figures.theme import palette
from dashboards.periods import period_before, year_before
from dashboards.wording import NO_FIGURE

SHEET = "briefing"
"""Id of what is printed; there is none where nothing can be told."""
DOCUMENT = "/briefing.html"
"""Where the sheet is served by itself."""
MONTHS_OFFERED = 60


def page(context: Context) -> Any:
    """Lay out the briefing of the view's area and month: on paper, in either colour scheme."""
    words = context.words
    head = html.Div(page_head(words("briefing.title"), words("briefing.lead_line")), className="screen-only")
    area = area_tree.area(context)
    months = context.release.districts.periods.filter(period_kind="month")
    if area is None:
        unknown = words("district.unknown", area=", ".join(context.view.areas))
        return [head, _bar(context, None, months, None), empty_state(unknown)]
    month = context.chosen_period("month", months)
    asked = context.view.period
    if month is None or (asked is not None and asked != month):
        text = words("briefing.no_month", month=words.period("month", asked)) if asked else words("briefing.none")
        return [head, _bar(context, area, months, month), empty_state(text)]
    # Paper is white: its word-sized lines are drawn for it.
    on_paper = Context(context.release, context.view, words, "light", palette("light"))
    brief = Brief(on_paper, area, month)
    if not brief.found:
        nothing = words("district.no_figures", area=words.of(area, "title"))
        return [head, _bar(context, area, months, month), empty_state(nothing)]
    return [head, _bar(context, area, months, month), sheet(brief)]


def _bar(context: Context, area: dict[str, Any] | None, months: pl.DataFrame, month: date | None) -> Any:
    words = context.words
    offered = area_tree.districts(context)
    if area is not None and area["area_id"] not in offered["area_id"]:
        # One that the address names.
        offered = pl.concat([area_tree.shown(context).filter(area_id=area["area_id"]), offered])
    shown = [
        controls.one_area_select(context, area_tree.options(context, offered), "" if area is None else area["area_id"])
    ]
    if month is not None:
        shown.append(controls.period_select(context, "month", months.head(MONTHS_OFFERED), month))
    if month is not None and area is not None:
        view = replace(context.view.bare(), page="briefing", areas=(area["area_id"],), period=month)
        view = replace(view, language=words.language, scheme=None)
        address = DOCUMENT + href(view).removeprefix("/briefing")
        shown.append(html.A(words("briefing.document"), href=address, className="button"))
    return html.Div(controls.control_row(*shown), className="screen-only")


def sheet(brief: Brief) -> Any:
    """What is printed."""
    context, words = brief.context, brief.context.words
    info = context.release.info
    title = words("district.what", area=words.of(brief.area, "title"), period=words.period("month", brief.month))
    level = words.known("level", brief.area["area_level"])
    under = words("briefing.under", city=words.of(vars(info), "title"), level=level, day=words.day(info.as_of))
    return html.Article(
        [
            html.Header(
                [html.P(words("briefing.kicker"), className="kicker"), html.H2(title), html.P(under, className="note")]
            ),
            html.Ul([html.Li(text) for text in headlines(brief)], className="headlines", id="headlines"),
            *_part(
                words("briefing.figures"), _figures(brief), html.P(words("briefing.figures_note"), className="note")
            ),
            *_part(words("briefing.changes"), _changes(brief)),
            *_part(words("briefing.quality"), _list([*quality(brief), *missing(brief)])),
            *_part(words("briefing.definitions"), _definitions(brief)),
            _imprint(context),
        ],
        id=SHEET,
        className="sheet",
    )


def _part(title: str, *content: Any) -> list[Any]:
    return [html.Section([html.H3(title), *content])]


def _list(lines: list[str]) -> Any:
    return html.Ul([html.Li(line) for line in lines], className="lines")


def _figures(brief: Brief) -> Any:
    words = brief.context.words
    names = ("indicator", "value", "interval", "before", "year_before", "course", "signal", "position", "grade")
    looks = dict.fromkeys(("value", "interval", "before"), "number") | {
        "year_before": "number against",
        "position": "place",
    }
    titles = {name: words(f"briefing.column.{name}") for name in names}
    head = html.Tr([html.Th(titles[name], scope="col", className=looks.get(name, "")) for name in names])
    rows = []
    for number, score in enumerate(brief.key_figures, start=1):
        name, *cells = _row(brief, number, score)
        shown = zip(names[1:], cells, strict=True)
        rows.append(
            html.Tr([html.Th(name, scope="row"), *(html.Td(cell, className=looks.get(key, "")) for key, cell in shown)])
        )
    caption = html.Caption(words("briefing.figures"), className="visually-hidden")
    content = [caption, html.Thead(head), html.Tbody(rows)]
    return html.Div(html.Table(content, className="table brief-figures"), className="table-scroll", tabIndex=0)


def _row(brief: Brief, number: int, score: Score) -> list[Any]:
    context, words, row = brief.context, brief.context.words, score.row or {}
    decimals, unit = score.indicator["decimals"], score.indicator["unit"]
    values = {each["period_start"]: each["value"] for each in score.history}
    note = html.Sup(html.A(str(number), href=f"#note-{number}"))
    name = [html.Span([words.of(score.indicator, "title"), note])]
    if unit != "%":
        name.append(html.Span(words.unit(unit), className="sub"))
    figure = [html.Span(words.number(row["value"], decimals) + ("%" if unit == "%" else ""), className="figure")]
    if row["status"] != "final":
        figure.append(
            html.Span(f"{STATUS_SIGNS[row['status']]} {words.known('status', row['status'])}", className="sub whole")
        )
    if score.indicator_id in brief.expected:
        figure.append(html.Span(brief.expected[score.indicator_id], className="sub"))
    before, last_year = (
        words.number(values.get(start), decimals) if start else NO_FIGURE
        for start in (period_before("month", score.period), year_before("month", score.period))
    )
    against = _against(brief, score)
    usual = html.Span(words("briefing.usual") if score.is_charted else words("district.no_chart"), className="sub")
    marks = [signal_badge(context, score.signal, score.indicator["polarity"])] if score.signal else [usual]
    if score.target:
        status = row["target_status"] or score.target["target_status"]
        marks += [status_badge(context, status)] if status else []
        marks.append(html.Span(aim(context, score.target, score.indicator), className="sub"))
    place = position_lines(context, score.position, in_short=True) if score.position else [NO_FIGURE]
    return [
        name,
        figure,
        [html.Span(text, className=look) for text, look in interval(context, score)],
        before,
        [html.Span(last_year), html.Span(against, className="sub")] if against else last_year,
        course(context, score),
        marks,
        [html.Span(line, className="" if at == 0 else "sub") for at, line in enumerate(place)],
        row["quality_grade"] or NO_FIGURE,
    ]


def _against(brief: Brief, score: Score) -> str | None:
    """By how much a figure differs from last year's, and whether chance explains it."""
    row, words = brief.last_year.get(score.indicator_id), brief.context.words
    if row is None or row["rate_ratio"] is None:
        return None
    percent = round(100 * (row["rate_ratio"] - 1))
    change = f"{'+' if percent > 0 else ''}{words.number(percent)}%"
    return words("district.reason_line", indicator=change, reason=verdict(brief.context, row["p_value"]))


def _changes(brief: Brief) -> Any:
    """Each change with what speaks for it and against."""
    words = brief.context.words
    if not brief.changes:
        return html.P(words("briefing.no_change"))
    items = [
        html.Li([html.P(without_area(brief.context, row), className="claim"), _list(evidence(brief, row))])
        for row in brief.changes
    ]
    return html.Ol(items, className="claims")


def _definitions(brief: Brief) -> Any:
    """Footnotes: what each figure in the table is, how its interval is made, and what to beware of."""
    words = brief.context.words
    items = []
    for number, score in enumerate(brief.key_figures, start=1):
        row = score.indicator
        parts = [
            html.Strong(words.of(row, "title")),
            words("briefing.in_unit", unit=words.unit(row["unit"])),
            words.of(row, "about"),
            words("briefing.by_interval", method=words.known("interval_method", row["interval_method"])),
            words.of(row, "caveats"),
        ]
        spaced = [piece for part in parts if part for piece in (part, words("list.space"))]
        items.append(html.Li(spaced, id=f"note-{number}"))
    return html.Ol(items, className="footnotes")


def _imprint(context: Context) -> Any:
    words, info = context.words, context.release.info
    parts = [
        words("briefing.release", release=info.release_id, day=words.day(info.as_of), version=info.code_version),
        words(f"disclosure.{info.disclosure}"),
        words.of(vars(info), "attribution"),
    ]
    return html.Footer([html.P(part) for part in parts if part], className="imprint", id="imprint")
