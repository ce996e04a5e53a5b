"""Public: what residents say of safety and of the work done for it, and how far that can be believed."""

import textwrap
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components import controls
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, range_column, text_column
from dashboards.components.layout import empty_state, graph, page_head, panel, table
from dashboards.components.survey_basis import reliability, waves
from dashboards.components.survey_words import FOUNDATIONS, QUESTIONS, range_text, title_of, unit_of, with_range
from dashboards.figures.survey import GROUPS, gap_figure, importance_figure, level_figure, wave_figure

INDICATORS = dict(zip(QUESTIONS, ("S1", "S2", "S3", "S4", "S5"), strict=True)) | dict(
    zip(FOUNDATIONS, ("S6", "S6_linkage", "S6_sharing", "S6_prevention"), strict=True)
)
"""Entry of the catalogue that tells of each by year."""
SIGNS = {"all": "●", "residents": "□", "new_citizens": "◆"}
QUARTER_SIGNS = {"improve": "▼", "keep": "▲", "low": "●", "enough": "■", "unclear": "○"}
LABEL_CHARACTERS = 18
GAP_PARTS = ("residents", "new_citizens", "gap", "change")
FALSE_SHARE = 0.1
"""Changes whose q-value lies below stand out: among them so many are false, on average."""


def page(context: Context) -> Any:
    """Lay out the survey of the view's area and question."""
    words, survey = context.words, context.release.survey
    head = page_head(words("public.title"), words("public.lead"))
    if not survey.waves.height:
        return [head, empty_state(words("public.none"), words("public.how"))]
    if not survey.areas:
        return [head, empty_state(words("public.too_few_anywhere"), words("public.fewest")), waves(context)]
    area = _area(context)
    known = survey.measured(area)
    asked = [name for name in (*QUESTIONS, *FOUNDATIONS) if name in known]
    chosen = context.view.topic if context.view.topic in asked else asked[0]
    bar = controls.control_row(
        controls.one_area_select(context, _options(context), area),
        controls.topic_select(context, _topics(context, asked), chosen),
    )
    return [
        head,
        bar,
        _over_time(context, area, chosen),
        _newest(context, area),
        _gaps(context, area),
        _importance(context, area),
        reliability(context, area),
        waves(context),
    ]


def _area(context: Context) -> str:
    told = context.release.survey.areas
    city = context.release.city_id
    asked = next(iter(context.view.areas), None)
    return asked if asked in told else city if city in told else sorted(told)[0]


def _options(context: Context) -> list[tuple[str, str, str]]:
    """Areas of which anything is told, by level."""
    rows = context.release.areas.filter(pl.col("area_id").is_in(context.release.survey.areas)).to_dicts()
    words = context.words
    return [(words.known("level", row["area_level"]), row["area_id"], words.of(row, "title")) for row in rows]


def _topics(context: Context, asked: list[str]) -> list[tuple[str, str, str]]:
    words = context.words
    return [
        (words(f"public.kind.{'question' if name in QUESTIONS else 'foundation'}"), name, title_of(context, name))
        for name in asked
    ]


def _sure(context: Context, low: float | None, high: float | None, decimals: int = 0) -> str:
    words = context.words
    return words("public.interval", low=words.number(low, decimals), high=words.number(high, decimals))


def _hover(context: Context, row: dict[str, Any], title: str) -> str:
    words = context.words
    lines = [
        f"<b>{title}</b>",
        words.measure(row["value"], unit_of(row["measured"]), 1),
        _sure(context, row["lower"], row["upper"], 1),
        words("public.answers", count=words.number(row["answers"]), effective=words.number(row["effective"])),
    ]
    if row["change"] is not None:
        lines.append(_change(context, row))
    return "<br>".join(lines)


def _change(context: Context, row: dict[str, Any]) -> str:
    """The change since the wave before, and whether chance explains it."""
    words = context.words
    sign = "+" if row["change"] > 0 else ""
    q = row["change_q"]
    return words(
        "public.change",
        change=sign + words.number(row["change"], 1),
        low=words.number(row["change_lower"], 1),
        high=words.number(row["change_upper"], 1),
        verdict=words(f"public.verdict.{'clear' if q is not None and q <= FALSE_SHARE else 'chance'}"),
    )


def _over_time(context: Context, area: str, chosen: str) -> Any:
    words = context.words
    rows = context.release.survey.estimates(area, chosen)
    title = words("public.what", what=title_of(context, chosen), area=context.area_title(area))
    told = rows.filter(pl.col("value").is_not_null())
    if not told.height:
        reasons = {reason for codes in rows["reason"].drop_nulls().unique() for reason in context.reasons(codes)}
        return panel(title, empty_state(words("public.nothing_told"), words.join(sorted(reasons))))
    hovers = [
        _hover(
            context, row, words("public.of_wave", group=words(f"public.group.{row['person_group']}"), wave=row["wave"])
        )
        for row in told.to_dicts()
    ]
    drawing = wave_figure(told, hovers, words.unit(unit_of(chosen)), context.colours)
    shown = set(told["person_group"])
    marks = [
        html.Li(
            [
                html.Span(SIGNS[group], className=f"legend-mark group-{group}", **{"aria-hidden": "true"}),
                html.Span(words(f"public.group.{group}")),
            ]
        )
        for group in GROUPS
        if group in shown
    ]
    everybody = told.filter(pl.col("person_group") == "all").to_dicts()
    link = html.InnerLink(words("overview.definition"), href=context.link("catalogue", indicator=INDICATORS[chosen]))
    return panel(
        title,
        *([html.P(_sentence(context, everybody[-1]), className="result", id="survey-sentence")] if everybody else []),
        html.Ul(marks, className="legend"),
        graph(drawing, words("public.over_time_description", what=title), "survey-waves"),
        html.P([words("public.over_time_note"), " ", link], className="note"),
        _estimates_grid(context, rows, area, chosen),
    )


def _sentence(context: Context, row: dict[str, Any]) -> str:
    words = context.words
    parts = [
        words(
            "public.sentence",
            wave=row["wave"],
            value=words.measure(row["value"], unit_of(row["measured"]), 1),
            interval=_sure(context, row["lower"], row["upper"], 1),
            answers=words(
                "public.answers", count=words.number(row["answers"]), effective=words.number(row["effective"])
            ),
        )
    ]
    if row["change"] is not None:
        parts.append(words("public.since", change=_change(context, row)))
    return words("interventions.space").join(parts)


def _estimates_grid(context: Context, estimates: pl.DataFrame, area: str, chosen: str) -> Any:
    words = context.words
    numbers = (
        *("value", "lower", "upper", "answers", "effective", "design_effect", "missing_pct"),
        *("change", "change_lower", "change_upper", "change_p", "change_q"),
    )
    rows = [
        {
            "wave": row["wave"],
            "group": words(f"public.group.{row['person_group']}"),
            "status": "" if row["status"] == "final" else context.joined_reasons(row["reason"]),
            **{name: row[name] for name in numbers},
        }
        for row in estimates.with_columns(missing_pct=pl.col("missing_share") * 100).reverse().to_dicts()
    ]
    columns = [
        text_column("wave", words("public.column.wave"), width=96, minWidth=90),
        text_column("group", words("public.column.group"), width=130, minWidth=118),
        number_column("value", words("column.value"), 1, width=84, minWidth=76),
        range_column("lower", "upper", words("column.interval"), 1, rows),
        number_column("answers", words("public.column.answers"), 0, width=88, minWidth=84),
        number_column("effective", words("public.column.effective"), 0, width=92, minWidth=88),
        number_column("design_effect", words("public.column.design_effect"), 2, width=88, minWidth=84),
        number_column("missing_pct", words("public.column.missing"), 0, width=104, minWidth=96),
        number_column("change", words("public.column.change"), 1, width=96, minWidth=92),
        range_column("change_lower", "change_upper", words("public.column.change_interval"), 1, rows),
        number_column("change_q", words("public.column.q"), 2, width=84, minWidth=80),
        text_column("status", words("public.column.status"), width=260, minWidth=220),
        *(
            number_column(name, words(f"public.file.{name}"), 4, hide=True)
            for name in ("lower", "upper", "change_lower", "change_upper", "change_p")
        ),
    ]
    return grid(context, "survey", columns, rows, f"survey_{chosen}_{area}")


def _newest(context: Context, area: str) -> Any:
    words = context.words
    rows = context.release.survey.newest(area)
    told = _ordered(rows.filter(pl.col("value").is_not_null()))
    if not told.height:
        return None
    titles = [title_of(context, row["measured"]) for row in told.to_dicts()]
    hovers = [_hover(context, row, title) for row, title in zip(told.to_dicts(), titles, strict=True)]
    drawing = level_figure(told, _wrapped(titles), hovers, words("public.axis"), context.colours)
    missing = [
        html.Li(f"{title_of(context, row['measured'])}: {context.joined_reasons(row['reason'])}")
        for row in _ordered(rows.filter(pl.col("value").is_null())).to_dicts()
    ]
    columns = [
        (words("public.column.what"), "name"),
        (words("column.value"), "number"),
        (words("column.interval"), "number"),
        (words("public.column.answers"), "number"),
        (words("public.column.since"), "number"),
    ]
    cells = [
        [
            title,
            words.measure(row["value"], unit_of(row["measured"]), 1),
            range_text(context, row["lower"], row["upper"]),
            words.number(row["answers"]),
            with_range(context, row, "change", "change_", 1),
        ]
        for row, title in zip(told.to_dicts(), titles, strict=True)
    ]
    title = words("public.newest", wave=told["wave"][0])
    return panel(
        title,
        graph(drawing, words("public.newest_description", what=title), "survey-newest"),
        table(columns, cells, title, context, "newest"),
        *([html.Ul(missing, className="prose")] if missing else []),
        note=words("public.newest_note"),
    )


def _wrapped(titles: list[str]) -> list[str]:
    """Titles in lines short enough to leave a chart on a phone some room."""
    return ["<br>".join(textwrap.wrap(title, LABEL_CHARACTERS)) for title in titles]


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Questions first, then foundations, each in their own order."""
    order = [*QUESTIONS, *FOUNDATIONS]
    return rows.sort(pl.col("measured").replace_strict(order, range(len(order)), default=len(order)))


def _gaps(context: Context, area: str) -> Any:
    words = context.words
    rows = context.release.survey.gaps(area)
    told = rows.filter(pl.col("gap").is_not_null())
    title = words("public.gaps")
    if not told.height:
        return panel(title, html.P(words("public.no_gap")), note=words("public.gaps_note"))
    newest = _ordered(told.filter(pl.col("taken") == told["taken"][0]))
    titles = [title_of(context, name) for name in newest["measured"]]
    hovers = [
        "<br>".join([f"<b>{name}</b>", _gap(context, row)]) for name, row in zip(titles, newest.to_dicts(), strict=True)
    ]
    drawing = gap_figure(newest, _wrapped(titles), hovers, words.unit("%"), context.colours)
    marks = [
        html.Li(
            [
                html.Span(SIGNS[group], className=f"legend-mark group-{group}", **{"aria-hidden": "true"}),
                html.Span(words(f"public.group.{group}")),
            ]
        )
        for group in ("residents", "new_citizens")
    ]
    columns = [
        (words("public.column.year"), ""),
        (words("public.column.what"), "name"),
        (words("public.group.residents"), "number"),
        (words("public.group.new_citizens"), "number"),
        (words("public.column.gap"), "number"),
        (words("public.column.gap_change"), "number"),
        (words("public.column.verdict"), "name"),
    ]
    by_year = [_ordered(of_year) for _, of_year in told.group_by("taken", maintain_order=True)]
    cells = [
        [
            row["taken"],
            title_of(context, row["measured"]),
            *(with_range(context, row, part, f"{part}_", 1) for part in ("residents", "new_citizens", "gap", "change")),
            words(f"public.gap_verdict.{row['verdict']}") if row["verdict"] else "",
        ]
        for of_year in by_year
        for row in of_year.to_dicts()
    ]
    return panel(
        title,
        html.Ul(marks, className="legend"),
        graph(drawing, words("public.gaps_description", year=newest["taken"][0]), "survey-gaps"),
        table(columns, cells, title, context, "gaps"),
        note=words("public.gaps_note"),
    )


def _gap(context: Context, row: dict[str, Any]) -> str:
    words = context.words
    return words(
        "public.gap_line",
        residents=words.number(row["residents"], 1),
        new_citizens=words.number(row["new_citizens"], 1),
        gap=words.number(row["gap"], 1),
        low=words.number(row["gap_lower"], 1),
        high=words.number(row["gap_upper"], 1),
    )


def _importance(context: Context, area: str) -> Any:
    words = context.words
    rows = context.release.survey.importance(area)
    if not rows.height:
        return panel(words("public.importance"), html.P(words("public.no_importance")))
    order = list(FOUNDATIONS)
    rows = rows.sort(pl.col("foundation").replace_strict(order, range(len(order)), default=len(order)))
    titles = [title_of(context, name) for name in rows["foundation"]]
    hovers = [
        words(
            "public.importance_line",
            title=title,
            performance=words.number(row["performance"], 1),
            performance_interval=range_text(context, row["performance_lower"], row["performance_upper"]),
            importance=words.number(row["importance"], 2),
            importance_interval=range_text(context, row["importance_lower"], row["importance_upper"], 2),
            quarter=words(f"public.quarter.{row['quarter']}"),
        )
        for row, title in zip(rows.to_dicts(), titles, strict=True)
    ]
    axes = (words("public.performance_axis"), words("public.importance_axis"))
    drawing = importance_figure(rows, titles, hovers, axes, context.colours)
    present = set(rows["quarter"])
    marks = [
        html.Li(
            [
                html.Span(sign, className="legend-mark", **{"aria-hidden": "true"}),
                html.Span(words(f"public.quarter.{quarter}")),
            ]
        )
        for quarter, sign in QUARTER_SIGNS.items()
        if quarter in present
    ]
    columns = [
        (words("public.column.foundation"), "name"),
        (words("public.column.performance"), "number"),
        (words("public.column.importance"), "number"),
        (words("public.column.quarter"), "name"),
    ]
    cells = [
        [
            title,
            with_range(context, row, "performance", "performance_", 1),
            with_range(context, row, "importance", "importance_", 2),
            words(f"public.quarter.{row['quarter']}"),
        ]
        for row, title in zip(rows.to_dicts(), titles, strict=True)
    ]
    title = words("public.importance_of", year=str(rows["year"][0]))
    return panel(
        title,
        html.Ul(marks, className="legend"),
        graph(drawing, words("public.importance_description"), "survey-importance"),
        table(columns, cells, title, context, "importance"),
        note=words("public.importance_note"),
    )
