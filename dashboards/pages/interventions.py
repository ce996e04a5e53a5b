"""Interventions: what came of each one that the city declares, and how far that can be believed."""

import json
from typing import Any

import polars as pl
from dash import dcc, html

from dashboards.components.cards import STATUS_SIGNS
from dashboards.components.context import Context
from dashboards.components.layout import badge, empty_state, graph, page_head, panel, table
from dashboards.figures.interventions import intervention_figure

LEVEL = 0.05
ROLES = ("treated", "buffer", "control")
PARTS = {"treated": "local", "buffer": "displaced"}
NAMED_AREAS = 4
"""More areas of one role than this are counted, not named."""
CAVEATS = ("chosen", "recorded", "tries", "exchangeable")


def page(context: Context) -> Any:
    """Lay out every intervention, the latest first."""
    words = context.words
    head = page_head(words("interventions.title"), words("interventions.lead"))
    results = context.release.interventions.results
    if not results.height:
        return [head, empty_state(words("interventions.none"), words("interventions.how"))]
    caveats = html.Ul([html.Li(words(f"interventions.caveat.{name}")) for name in CAVEATS], className="prose")
    return [
        head,
        *(_intervention(context, row) for row in results.to_dicts()),
        panel(words("interventions.caveats"), caveats),
    ]


def _intervention(context: Context, row: dict[str, Any]) -> Any:
    words, identity = context.words, row["intervention_id"]
    months = context.release.interventions.months(identity)
    about = words(
        "interventions.about",
        day=words.day(row["start"]),
        areas=_areas(context, row, "treated"),
        indicator=words.of(row, "indicator") or row["indicator_id"],
    )
    note = words.of(row, "note")
    parts: list[Any] = [html.P(note)] if note else []
    if row["status"] != "final":
        sign = STATUS_SIGNS[row["status"]]
        parts.append(html.Div(badge(words.known("status", row["status"]), "quiet", sign), className="badges"))
    parts.append(html.P(sentence(context, row), id={"result": identity}, className="result"))
    if row["status"] in ("provisional", "stale"):
        parts.append(html.P(words.join(context.reasons(row["reason"])), className="note"))
    if months.height:
        parts += [_chart(context, row, months), _reading(context, row, months)]
    if row["total"] is not None:
        parts.append(_table(context, row))
    parts.append(
        html.P(
            dcc.Link(words("overview.definition"), href=context.link("catalogue", indicator=row["indicator_id"])),
            className="note",
        )
    )
    return panel(words.of(row, "title"), *parts, note=about)


def sentence(context: Context, row: dict[str, Any]) -> str:
    """What came of an intervention, or why nothing can be said."""
    words = context.words
    if row["total"] is None:
        return words("interventions.no_result", reasons=words.join(context.reasons(row["reason"])))
    local = words(
        "interventions.local",
        span=_span(context, row, "after"),
        areas=_areas(context, row, "treated"),
        amount=_amount(context, row["local"]),
        interval=_interval(context, row, "local"),
    )
    parts = [local]
    if row["displaced"] is not None:
        parts.append(
            words(
                "interventions.displaced",
                amount=_amount(context, row["displaced"]),
                interval=_interval(context, row, "displaced"),
                total=_amount(context, row["total"]),
                total_interval=_interval(context, row, "total"),
            )
        )
    if row["harm"] is not None:
        parts.append(
            words(
                "interventions.harm",
                weights=words.join(_weighed(context, row["harm_weights"])),
                amount=words.number(row["harm"]),
                interval=_interval(context, row, "harm"),
            )
        )
    found = "rise" if row["total_low"] > 0 else "fall" if row["total_high"] < 0 else "chance"
    parts.append(words(f"interventions.verdict.{found}"))
    return words("interventions.space").join(parts)


def _weighed(context: Context, weights: str) -> list[str]:
    """Kinds of event with the harm of one."""
    words = context.words
    named = [
        (words.of(context.release.indicator(each) or {}, "title") or each, harm)
        for each, harm in json.loads(weights).items()
    ]
    return [words("interventions.weight", title=title, weight=words.number(harm)) for title, harm in named]


def _span(context: Context, row: dict[str, Any], window: str) -> str:
    first, last = (context.words.period("month", row[f"{window}_{end}"]) for end in ("start", "end"))
    return context.words("trend.span", first=first, last=last)


def _amount(context: Context, events: float) -> str:
    count = round(abs(events))
    which = "same" if not count else "more" if events > 0 else "fewer"
    return context.words(f"interventions.amount.{which}", count=context.words.number(count))


def _interval(context: Context, row: dict[str, Any], part: str) -> str:
    low, high = (context.words.number(row[f"{part}_{end}"]) for end in ("low", "high"))
    return context.words("interventions.interval", low=low, high=high)


def _with_interval(context: Context, row: dict[str, Any], part: str) -> str:
    amount = context.words.number(row[part])
    return context.words("interventions.with_interval", amount=amount, interval=_interval(context, row, part))


def _areas(context: Context, row: dict[str, Any], role: str) -> str:
    areas = row[role]
    if len(areas) > NAMED_AREAS:
        return context.words.counted("overview.areas", len(areas))
    return context.words("list.comma").join(context.area_title(area) for area in areas)


def _chart(context: Context, row: dict[str, Any], months: pl.DataFrame) -> Any:
    words = context.words
    titles = {role: words(f"interventions.role.{role}") for role in PARTS}
    titles["difference"] = words("interventions.difference")
    drawing = intervention_figure(
        months, row["start"], titles, [_hover(context, month) for month in months.to_dicts()], words.axis_formats,
        context.colours,
    )  # fmt: skip
    title = words.of(row, "title")
    return graph(drawing, words("interventions.description", title=title), {"intervention": row["intervention_id"]})


def _hover(context: Context, month: dict[str, Any]) -> str:
    words = context.words
    lines = [
        f"<b>{words.period('month', month['month'])}</b>",
        *(
            words(
                f"interventions.hover.{role}",
                count=words.number(month[role], 1),
                expected=words.number(month[f"{role}_expected"], 1),
            )
            for role in PARTS
            if month[role] is not None
        ),
    ]
    low, high = (words.number(month[f"chance_{end}"], 1) for end in ("low", "high"))
    lines.append(words("interventions.hover.chance", low=low, high=high))
    if month["phase"] == "start":
        lines.append(words("interventions.hover.start"))
    return "<br>".join(lines)


def _reading(context: Context, row: dict[str, Any], months: pl.DataFrame) -> Any:
    """How to read the chart, and how far the result can be believed."""
    words = context.words
    marks = [
        ("legend-line", words("interventions.legend.events")),
        ("legend-centre", words("interventions.legend.expected")),
        ("legend-band", words("interventions.legend.chance")),
        ("legend-start", words("interventions.legend.start")),
    ]
    if (months["phase"] == "start").any():
        marks.append(("legend-gap", words("interventions.legend.left_out")))
    items = [
        html.Li([html.Span(className=f"legend-mark {look}", **{"aria-hidden": "true"}), html.Span(text)])
        for look, text in marks
    ]
    trust = [html.Li(text) for text in _trust(context, row)]
    return html.Div(
        [
            html.H3(words("legend.title")),
            html.Ul(items, className="legend"),
            html.H3(words("interventions.trust.title")),
            html.Ul(trust, className="prose", id={"trust": row["intervention_id"]}),
        ],
        className="reading",
    )


def _trust(context: Context, row: dict[str, Any]) -> list[str]:
    words = context.words
    before = row["pre_trend_p_value"]
    told = "unknown" if before is None else "apart" if before < LEVEL else "together"
    lines = [words(f"interventions.trust.before_{told}", p=words.number(before, 2))]
    if row["total"] is None:
        return lines
    fall, share = row["detectable_fall"], row["detectable_share"]
    lines.append(
        words("interventions.trust.nothing_detectable")
        if fall is None
        else words("interventions.trust.detectable", count=words.number(fall), share=words.number(100 * share))
    )
    placebo, placebos = row["placebo_p_value"], row["placebos"]
    lines.append(
        words("interventions.trust.no_placebos")
        if placebo is None
        else words(
            "interventions.trust.placebos", share=words.number(100 * placebo, 1), count=words.number(placebos + 1)
        )
    )
    lines.append(words("interventions.trust.dispersion", phi=words.number(row["dispersion"], 1)))
    return lines


def _table(context: Context, row: dict[str, Any]) -> Any:
    words = context.words
    roles = [role for role in ROLES if row[role]]
    rows = [
        [
            words(f"interventions.role.{role}"),
            _areas(context, row, role),
            words.number(row[f"{role}_before"]),
            words.number(row[f"{role}_after"]),
            _with_interval(context, row, PARTS[role]) if role in PARTS else "",
        ]
        for role in roles
    ]
    windows = [_span(context, row, name) for name in ("before", "after")]
    columns = [
        (words("interventions.column.role"), ""),
        (words("interventions.column.areas"), ""),
        *((window, "number") for window in windows),
        (words("interventions.column.difference"), "number"),
    ]
    return table(columns, rows, words("interventions.table"), context, row["intervention_id"])
