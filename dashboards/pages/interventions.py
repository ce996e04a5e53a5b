"""Interventions: what came of each one that the city declares, and how far that can be believed."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.cards import STATUS_SIGNS
from dashboards.components.context import Context
from dashboards.components.intervention_words import areas_of, interval, months_of, sentence
from dashboards.components.layout import badge, empty_state, graph, page_head, panel, table
from dashboards.figures.interventions import intervention_figure

LEVEL = 0.05
ROLES = ("treated", "buffer", "control")
PARTS = {"treated": "local", "buffer": "displaced"}
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
        areas=areas_of(context, row, "treated"),
        indicator=words.of(row, "indicator") or row["indicator_id"],
    )
    note = words.of(row, "note")
    parts: list[Any] = [html.P(note)] if note else []
    if row["status"] != "final":
        sign = STATUS_SIGNS[row["status"]]
        parts.append(html.Div(badge(words.known("status", row["status"]), "quiet", sign), className="badges"))
    parts.append(html.P(sentence(context, row), id={"result": identity}, className="result"))
    if row["status"] in ("provisional", "stale"):
        parts.append(html.P(context.joined_reasons(row["reason"]), className="note"))
    if months.height:
        parts += [_chart(context, row, months), _reading(context, row, months)]
    if row["total"] is not None:
        parts.append(_table(context, row))
    parts.append(
        html.P(
            html.InnerLink(words("overview.definition"), href=context.link("catalogue", indicator=row["indicator_id"])),
            className="note",
        )
    )
    return panel(words.of(row, "title"), *parts, note=about)


def _with_interval(context: Context, row: dict[str, Any], part: str) -> str:
    amount = context.words.number(row[part])
    return context.words("interventions.with_interval", amount=amount, interval=interval(context, row, part))


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
            areas_of(context, row, role),
            words.number(row[f"{role}_before"]),
            words.number(row[f"{role}_after"]),
            _with_interval(context, row, PARTS[role]) if role in PARTS else "",
        ]
        for role in roles
    ]
    windows = [months_of(context, row, name) for name in ("before", "after")]
    columns = [
        (words("interventions.column.role"), ""),
        (words("interventions.column.areas"), ""),
        *((window, "number") for window in windows),
        (words("interventions.column.difference"), "number"),
    ]
    return table(columns, rows, words("interventions.table"), context, row["intervention_id"])
