"""Public: what residents say of safety and of the work done for it, and how far that can be believed."""

import textwrap
from typing import Any

import polars as pl
from dash import dcc, html

from dashboards.components import controls
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, range_column, text_column
from dashboards.components.layout import empty_state, graph, page_head, panel, table
from dashboards.data import DIMENSIONS
from dashboards.figures.survey import GROUPS, gap_figure, importance_figure, level_figure, wave_figure
from dashboards.wording import NO_FIGURE

QUESTIONS = ("feels_safe", "satisfied", "aware", "takes_part", "reported")
FOUNDATIONS = DIMENSIONS[:4]
INDICATORS = dict(zip(QUESTIONS, ("S1", "S2", "S3", "S4", "S5"), strict=True)) | dict(
    zip(FOUNDATIONS, ("S6", "S6_linkage", "S6_sharing", "S6_prevention"), strict=True)
)
"""Entry of the catalogue that tells of each by year."""
LEAST_ALPHA = 0.7
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
        return [head, empty_state(words("public.too_few_anywhere"), words("public.fewest")), _waves(context)]
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
        _reliability(context, area),
        _waves(context),
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
        (words(f"public.kind.{'question' if name in QUESTIONS else 'foundation'}"), name, _title(context, name))
        for name in asked
    ]


def _title(context: Context, name: str) -> str:
    words = context.words
    return words.known("public.question", name) if name in QUESTIONS else words.known("dimension", name)


def _unit(name: str) -> str:
    return "%" if name in QUESTIONS else "points of 100"


def _sure(context: Context, low: float | None, high: float | None, decimals: int = 0) -> str:
    words = context.words
    return words("public.interval", low=words.number(low, decimals), high=words.number(high, decimals))


def _hover(context: Context, row: dict[str, Any], title: str) -> str:
    words = context.words
    lines = [
        f"<b>{title}</b>",
        words.measure(row["value"], _unit(row["measured"]), 1),
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
    title = words("public.what", what=_title(context, chosen), area=context.area_title(area))
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
    drawing = wave_figure(told, hovers, words.unit(_unit(chosen)), context.colours)
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
    link = dcc.Link(words("overview.definition"), href=context.link("catalogue", indicator=INDICATORS[chosen]))
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
            value=words.measure(row["value"], _unit(row["measured"]), 1),
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
            "status": "" if row["status"] == "final" else words.join(context.reasons(row["reason"])),
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
    return grid("survey", columns, rows, words, f"survey_{chosen}_{area}.csv")


def _newest(context: Context, area: str) -> Any:
    words = context.words
    rows = context.release.survey.newest(area)
    told = _ordered(rows.filter(pl.col("value").is_not_null()))
    if not told.height:
        return None
    titles = [_title(context, row["measured"]) for row in told.to_dicts()]
    hovers = [_hover(context, row, title) for row, title in zip(told.to_dicts(), titles, strict=True)]
    drawing = level_figure(told, _wrapped(titles), hovers, words("public.axis"), context.colours)
    missing = [
        html.Li(f"{_title(context, row['measured'])}: {words.join(context.reasons(row['reason']))}")
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
            words.measure(row["value"], _unit(row["measured"]), 1),
            _range(context, row["lower"], row["upper"]),
            words.number(row["answers"]),
            _with_range(context, row, "change", "change_", 1),
        ]
        for row, title in zip(told.to_dicts(), titles, strict=True)
    ]
    title = words("public.newest", wave=told["wave"][0])
    return panel(
        title,
        graph(drawing, words("public.newest_description", what=title), "survey-newest"),
        table(columns, cells, title),
        *([html.Ul(missing, className="prose")] if missing else []),
        note=words("public.newest_note"),
    )


def _range(context: Context, low: float | None, high: float | None, decimals: int = 1) -> str:
    if low is None or high is None:
        return NO_FIGURE
    return f"{context.words.number(low, decimals)} – {context.words.number(high, decimals)}"


def _with_range(context: Context, row: dict[str, Any], name: str, prefix: str, decimals: int) -> str:
    if row[name] is None:
        return NO_FIGURE
    low, high = (row[f"{prefix}{end}"] for end in ("lower", "upper"))
    return f"{context.words.number(row[name], decimals)} ({_range(context, low, high, decimals)})"


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
    newest = _ordered(told.filter(pl.col("year") == told["year"].max()))
    titles = [_title(context, name) for name in newest["measured"]]
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
    by_year = [_ordered(of_year) for _, of_year in told.group_by("year", maintain_order=True)]
    cells = [
        [
            str(row["year"]),
            _title(context, row["measured"]),
            *(
                _with_range(context, row, part, f"{part}_", 1)
                for part in ("residents", "new_citizens", "gap", "change")
            ),
            words(f"public.gap_verdict.{row['verdict']}") if row["verdict"] else "",
        ]
        for of_year in by_year
        for row in of_year.to_dicts()
    ]
    return panel(
        title,
        html.Ul(marks, className="legend"),
        graph(drawing, words("public.gaps_description", year=str(newest["year"][0])), "survey-gaps"),
        table(columns, cells, title),
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
    titles = [_title(context, name) for name in rows["foundation"]]
    hovers = [
        words(
            "public.importance_line",
            title=title,
            performance=words.number(row["performance"], 1),
            performance_interval=_range(context, row["performance_lower"], row["performance_upper"]),
            importance=words.number(row["importance"], 2),
            importance_interval=_range(context, row["importance_lower"], row["importance_upper"], 2),
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
            _with_range(context, row, "performance", "performance_", 1),
            _with_range(context, row, "importance", "importance_", 2),
            words(f"public.quarter.{row['quarter']}"),
        ]
        for row, title in zip(rows.to_dicts(), titles, strict=True)
    ]
    title = words("public.importance_of", year=str(rows["year"][0]))
    return panel(
        title,
        html.Ul(marks, className="legend"),
        graph(drawing, words("public.importance_description"), "survey-importance"),
        table(columns, cells, title),
        note=words("public.importance_note"),
    )


def _reliability(context: Context, area: str) -> Any:
    words = context.words
    rows = context.release.survey.reliability(area)
    if not rows.height:
        return panel(words("public.reliability"), html.P(words("public.no_reliability")))
    columns = [
        (words("public.column.foundation"), "name"),
        (words("public.column.alpha"), "number"),
        (words("column.interval"), "number"),
        (words("public.column.told"), ""),
        (words("public.column.respondents"), "number"),
        (words("public.column.adequacy"), "number"),
        (words("public.column.sphericity"), "number"),
        (words("public.column.without"), "name"),
    ]
    cells = []
    for foundation in FOUNDATIONS:
        own = rows.filter(pl.col("foundation") == foundation)
        if not own.height:
            continue
        whole = own.filter(pl.col("item").is_null()).row(0, named=True)
        items = [
            words("public.without_item", item=row["item"], alpha=words.number(row["alpha"], 2))
            for row in own.filter(pl.col("item").is_not_null()).to_dicts()
            if row["alpha"] is not None
        ]
        is_told = whole["lower"] is not None and whole["lower"] >= LEAST_ALPHA
        cells.append(
            [
                _title(context, foundation),
                words.number(whole["alpha"], 2),
                _range(context, whole["lower"], whole["upper"], 2),
                words(f"public.told.{'told' if is_told else 'held_back'}"),
                words.number(whole["respondents"]),
                words.number(whole["adequacy"], 2),
                words("public.chi_square", value=words.number(whole["chi_square"]), freedom=whole["freedom"]),
                words.join(items),
            ]
        )
    title = words("public.reliability_of", year=str(rows["year"][0]))
    return panel(title, table(columns, cells, title), note=words("public.reliability_note"))


def _waves(context: Context) -> Any:
    words, survey = context.words, context.release.survey
    columns = [
        (words("public.column.wave"), ""),
        (words("public.column.days"), "name"),
        (words("public.column.asked"), "number"),
        (words("public.column.answered"), "number"),
        (words("public.column.effective"), "number"),
        (words("public.column.weighting"), "name"),
    ]
    cells = [
        [
            row["wave"],
            words("trend.span", first=words.day(row["first_day"]), last=words.day(row["last_day"])),
            words.number(row["asked"]),
            words(
                "public.response",
                count=words.number(row["answered"]),
                share=words.number(100 * row["answered"] / row["asked"]),
            ),
            words.number(row["effective"]),
            words(
                f"public.weighting.{row['weighting']}",
                rounds=row["rounds"],
                factor=words.number(row["strongest_factor"], 2),
            ),
        ]
        for row in survey.waves.to_dicts()
    ]
    title = words("public.waves")
    return panel(title, table(columns, cells, title), *_margins(context), note=words("public.waves_note"))


def _margins(context: Context) -> list[Any]:
    """Shares of the newest wave's sample and of the population, folded away."""
    words, margins = context.words, context.release.survey.margins
    if not margins.height:
        return []
    columns = [
        (words("public.column.margin"), ""),
        (words("public.column.class"), ""),
        *((words(f"public.column.{name}"), "number") for name in ("target", "before", "after")),
    ]
    cells = [
        [
            words(f"public.margin.{row['margin']}"),
            row["class"].replace("_", " "),
            *(
                words("public.percent", value=words.number(100 * row[name], 1))
                for name in ("target", "before", "after")
            ),
        ]
        for row in margins.to_dicts()
    ]
    title = words("public.margins")
    return [html.Details([html.Summary(title), table(columns, cells, title)], className="gaps")]
