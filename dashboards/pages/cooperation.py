"""Cooperation: scores of an area's dimensions, how subjects and foundations do together, and what stands in the way."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components import controls
from dashboards.components.context import Context
from dashboards.components.cooperation_tables import contribution_table, network_panel, score_table
from dashboards.components.cooperation_words import (
    DECIMALS,
    OVERALL,
    SETS,
    Row,
    group_levels,
    in_order,
    indicator_title,
    legend,
    limits_text,
    scope_title,
    titles_by_id,
)
from dashboards.components.coordination import over_time_panel, together_panel
from dashboards.components.layout import empty_state, graph, page_head, panel, table
from dashboards.components.linkage import linkage_panels
from dashboards.figures.cooperation import change_figure, scores_figure
from dashboards.periods import period_end

KINDS = ("quarter", "year", "month")
"""Kinds of period, the one first that is shown without a choice."""
CHANGES_SHOWN = 12
WORTH_TELLING = 0.1
"""In points: less of a change by other weights is not worth a sentence."""
DAY = timedelta(days=1)
CLASS = "cooperation-sets"


def page(context: Context) -> Any:
    """Lay out the cooperation of the view's area in its period."""
    words, cooperation = context.words, context.release.cooperation
    head = page_head(words("cooperation.title"), words("cooperation.lead"))
    there_are = cooperation.there_are
    if not there_are.height:
        return [head, empty_state(words("cooperation.none"), words("cooperation.none_why"))]
    area = _area(context, set(there_are["area_id"]))
    own = there_are.filter(pl.col("area_id") == area)
    kinds = own["period_kind"].unique().to_list()
    kind = context.view.period_kind or ""
    kind = kind if kind in kinds else next(each for each in KINDS if each in kinds)
    periods = own.filter(pl.col("period_kind") == kind)
    period = _period(context, periods, kind)
    scores = cooperation.scores(area, kind, period)
    series = cooperation.over_time(area, kind)
    gives = cooperation.contributions(area, kind, period)
    bar = controls.control_row(
        controls.one_area_select(context, _options(context, set(there_are["area_id"])), area),
        controls.kind_select(context, kinds, kind),
        controls.period_select(context, kind, periods, period),
    )
    what = words("cooperation.what", area=context.area_title(area), period=words.period(kind, period))
    file = f"{area}_{kind}_{period.isoformat()}"
    return [
        head,
        bar,
        _scores(context, scores, gives, what),
        html.Div(
            [together_panel(context, name, series, scores, period, gives) for name in SETS],
            className="cooperation-sets",
        ),
        over_time_panel(context, series, kind, what, f"{area}_{kind}"),
        _moves(context, scores, gives, file),
        panel(words("cooperation.table"), *score_table(context, scores, file)),
        *linkage_panels(context, area),
        *network_panel(context, area),
        _method(context, scores, kind),
    ]


def _area(context: Context, known: set[str]) -> str:
    asked = [area for area in context.view.areas if area in known]
    city = context.release.city_id
    return asked[0] if asked else city if city in known else min(known)


def _period(context: Context, periods: pl.DataFrame, kind: str) -> date:
    starts: list[date] = periods["period_start"].to_list()
    if context.view.period in starts:
        return context.view.period
    # The newest that is over: what has yet to settle is left out of it, and said to be.
    over = [start for start in starts if period_end(kind, start) - DAY <= context.release.info.as_of]
    settled = [start for start in periods.filter("is_settled")["period_start"] if start in over]
    return (settled or starts)[0]


def _options(context: Context, known: set[str]) -> list[tuple[str, str, str]]:
    rows = context.release.areas.filter(pl.col("area_id").is_in(list(known))).to_dicts()
    return [
        (context.words.known("level", row["area_level"]), row["area_id"], context.words.of(row, "title"))
        for row in rows
    ]


def _hover(context: Context, row: Row) -> str:
    words = context.words
    lines = [
        f"<b>{scope_title(context, row['scope'])}</b>",
        words("cooperation.score_line", score=words.number(row["score"], DECIMALS)),
        words("figure.interval", low=words.number(row["lower"], DECIMALS), high=words.number(row["upper"], DECIMALS)),
        words("cooperation.bounds_line", range=limits_text(context, row, "bound_low", "bound_high")),
        words("cooperation.coverage_line", share=words.number(100 * row["coverage"])),
    ]
    if row["rank"] is not None:
        lines.append(_rank(context, row))
    if row["imputed_share"]:
        lines.append(words("cooperation.imputed_line", share=words.number(100 * row["imputed_share"])))
    if row["status"] != "final":
        lines.append(words.known("status", row["status"]))
    return "<br>".join(lines)


def _rank(context: Context, row: Row) -> str:
    return context.words(
        "compare.rank_line", rank=row["rank"], low=row["rank_low"], high=row["rank_high"], count=row["areas_ranked"]
    )


def _scores(context: Context, scores: pl.DataFrame, gives: pl.DataFrame, what: str) -> Any:
    words = context.words
    rows = in_order(scores)
    shown = [row for row in rows if row["score"] is not None]
    without = [row for row in rows if row["score"] is None]
    overall = next((row for row in shown if row["scope"] == OVERALL), None)
    parts: list[Any] = [html.P(_summary(context, overall, gives), id="cooperation-summary", className="result")]
    if shown:
        frame = pl.DataFrame(shown, schema=scores.schema)
        drawing = scores_figure(
            frame,
            [scope_title(context, row["scope"]) for row in shown],
            [_hover(context, row) for row in shown],
            context.colours,
        )
        parts.append(graph(drawing, words("cooperation.scores_description", what=what, count=len(shown)), "scores"))
        marks = [("legend-band", "legend.interval"), ("legend-bound", "cooperation.legend.bounds")]
        parts.append(legend(context, marks, words("cooperation.scores_note")))
    parts += [
        html.P(
            words(
                "cooperation.no_score", scope=scope_title(context, row["scope"]),
                reason=context.joined_reasons(row["reason"]),
            ),
            className="note",
        )
        for row in without
    ]  # fmt: skip
    return panel(what, *parts)


def _summary(context: Context, overall: Row | None, gives: pl.DataFrame) -> str:
    """The overall score in a sentence or two: how high, how sure, and whether it moved."""
    words = context.words
    if overall is None:
        return words("cooperation.no_overall")
    told = [
        words(
            "cooperation.summary",
            score=words.number(overall["score"], DECIMALS),
            range=limits_text(context, overall, "lower", "upper"),
            share=words.number(100 * overall["coverage"]),
        )
    ]
    left_out = _left_out(context, overall)
    if left_out:
        told.append(words("cooperation.left_out", indicators=words("list.comma").join(left_out)))
    if overall["rank"] is not None:
        told.append(_rank(context, overall) + words("cooperation.stop"))
    if overall["change"] is not None:
        low, high = overall["change_low"], overall["change_high"]
        verdict = "up" if low > 0 else "down" if high < 0 else "same"
        told.append(
            words(
                f"cooperation.moved.{verdict}",
                change=words.number(abs(overall["change"]), DECIMALS),
                range=limits_text(context, overall, "change_low", "change_high"),
            )
        )
        by_weight = sum(each for each in gives["change_by_weight"] if each is not None)
        if abs(by_weight) >= WORTH_TELLING:
            told.append(words("cooperation.by_weight", points=words.number(by_weight, DECIMALS)))
    return words("cooperation.space").join(told)


def _left_out(context: Context, row: Row) -> list[str]:
    """Titles of the indicators that a score leaves out until they have settled."""
    code, _, named = (row["reason"] or "").partition(":")
    titles = titles_by_id(context)
    return [titles.get(each, each) for each in named.split(",")] if code == "left_out" else []


def _moves(context: Context, scores: pl.DataFrame, gives: pl.DataFrame, file: str) -> Any:
    """What moved the overall score, and what each indicator gives to it and costs it."""
    words = context.words
    moved = gives.filter(pl.col("change").is_not_null() & (pl.col("change") != 0)).sort(
        pl.col("change").abs(), descending=True
    )[:CHANGES_SHOWN]
    parts: list[Any] = []
    if moved.height:
        rows = moved.to_dicts()
        hovers = [
            f"<b>{indicator_title(context, row)}</b><br>"
            + words("cooperation.change_line", change=words.number(row["change"], 2))
            for row in rows
        ]
        drawing = change_figure(
            moved["change"].to_list(), [indicator_title(context, row) for row in rows], hovers, context.colours
        )
        parts.append(graph(drawing, words("cooperation.change_description", count=moved.height), "changes"))
        parts.append(html.P(words("cooperation.change_note"), className="note"))
    else:
        parts.append(html.P(words("cooperation.no_change"), className="note"))
    levels = group_levels(context, gives)
    if levels:
        parts.append(html.Ul([html.Li(each) for each in levels], className="prose", id="cooperation-groups"))
    return panel(words("cooperation.moves_title"), *parts, *contribution_table(context, gives, file))


def _method(context: Context, scores: pl.DataFrame, kind: str) -> Any:
    """How a score is made, when not to use it, and which choice the order of areas hangs on."""
    words = context.words
    level = scores["area_level"][0]
    choices = context.release.cooperation.sensitivity(level, kind).to_dicts()
    notes = [html.Li(words(f"cooperation.about.{name}")) for name in ("score", "interval", "coordination", "use")]
    compared = [
        html.Li(
            words(
                "cooperation.compared",
                scope=scope_title(context, row["scope"]),
                ratio=words.number(row["consistency_ratio"], 2),
            )
        )
        for row in in_order(scores)
        if row["consistency_ratio"] is not None
    ]
    parts: list[Any] = [html.Ul(notes, className="prose")]
    if compared:
        parts.append(html.Ul(compared, className="prose", id="cooperation-compared"))
    if choices:
        heads = [
            (words("cooperation.column.choice"), ""),
            (words("cooperation.column.first"), "number"),
            (words("cooperation.column.total"), "number"),
            (words("column.interval"), "number"),
        ]
        rows = [
            [
                words(f"cooperation.choice.{row['choice']}"),
                words.number(row["first"], 2),
                words.number(row["total"], 2),
                limits_text(context, row, "total_low", "total_high", 2),
            ]
            for row in choices
        ]
        text = words(
            "cooperation.sensitivity",
            shift=words.number(choices[0]["mean_rank_shift"], 1),
            count=choices[0]["areas_ranked"],
            period=words.period(kind, choices[0]["period_start"]),
        )
        parts += [
            html.H3(words("cooperation.sensitivity_title")),
            html.P(text),
            table(heads, rows, words("cooperation.sensitivity_title"), context, "sensitivity"),
        ]
    return panel(words("cooperation.method"), *parts)
