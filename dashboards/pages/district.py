"""District: one area in two minutes: every figure with what says whether to believe it, its parts, and its story."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components import area_tree, controls
from dashboards.components.context import Context
from dashboards.components.grid import grid, number_column, range_column, text_column
from dashboards.components.layout import badge, empty_state, graph, page_head, panel
from dashboards.components.legend import legend
from dashboards.components.scorecard import grade_notes, position_lines, score_table
from dashboards.components.scores import KINDS, Score, Scores, chosen_period, grades, scores
from dashboards.components.signals import signal_badge, welcome
from dashboards.components.story import events, story
from dashboards.components.targets import status_badge
from dashboards.figures.comparison import STANDING_GLYPHS
from dashboards.figures.positions import positions_figure


def page(context: Context) -> Any:
    """Lay out the scorecard of the view's area and period."""
    words = context.words
    head = page_head(words("district.title"), words("district.lead"))
    area = area_tree.area(context)
    if area is None:
        unknown = words("district.unknown", area=", ".join(context.view.areas))
        return [head, controls.control_row(_area_select(context, None)), empty_state(unknown)]
    when = chosen_period(context)
    if when is None:
        return [head, controls.control_row(_area_select(context, area["area_id"])), empty_state(words("district.none"))]
    kind, period = when
    identity = area["area_id"]
    periods = context.release.districts.periods_of
    kinds = [each for each in KINDS if each in periods]
    bar = controls.control_row(
        _area_select(context, identity),
        controls.kind_select(context, kinds, kind),
        controls.period_select(context, kind, periods[kind], period),
    )
    parts = area_tree.inside(context, identity)
    chosen = _part_indicator(context)
    known = scores(context, identity, kind, period, parts["area_id"].to_list(), chosen)
    own = known.own
    if not own:
        return [head, bar, empty_state(words("district.no_figures", area=words.of(area, "title")))]
    what = words("district.what", area=words.of(area, "title"), period=words.period(kind, period))
    told = events(context, identity, area_tree.everything_inside(context, identity), own)
    return [
        head,
        bar,
        panel(
            what,
            html.P(summary(context, own), id="district-summary", className="result"),
            *_look_here(context, own),
            score_table(context, _by_dimension(context, own)),
            *_grades(context, own),
            *_left_out(context, own),
            note=[words("district.links"), " ", _briefing_link(context, identity, kind, period)],
        ),
        html.Div(
            [
                panel(words("story.title"), story(context, told) if told else empty_state(words("story.none"))),
                _positions(context, own),
            ],
            className="halves",
        ),
        *_parts(context, parts, known, chosen),
        panel(words("compare.table"), _table(context, own, identity, kind, period)),
    ]


def _area_select(context: Context, chosen: str | None) -> Any:
    return controls.one_area_select(context, area_tree.options(context, area_tree.shown(context)), chosen or "")


def _briefing_link(context: Context, area_id: str, kind: str, period: date) -> Any:
    month = {"period": period} if kind == "month" else {}
    return html.InnerLink(context.words("district.briefing"), href=context.link("briefing", areas=(area_id,), **month))


def summary(context: Context, found: Sequence[Score]) -> str:
    """How many figures there are, what stands out, what is off its path, and what is missing."""
    words = context.words
    with_figure = [score for score in found if score.value is not None]
    tones = [welcome(score.signal, score.indicator["polarity"]) for score in with_figure if score.signal]
    parts = [words.counted("district.figures", len(with_figure), all=words.number(len(found)))]
    if tones:
        parts.append(words.counted("district.signals", len(tones), bad=tones.count("bad"), good=tones.count("good")))
    elif with_figure:
        charted = sum(score.is_charted for score in with_figure)
        all_of_them = charted == len(with_figure)
        parts.append(words("district.no_signal") if all_of_them else words.counted("district.no_signal_of", charted))
    provisional = sum(score.status == "provisional" for score in with_figure)
    if provisional:
        parts.append(words.counted("district.provisional", provisional))
    aims = [(score.row or {}).get("target_status") for score in found if score.target]
    off = sum(status in ("off_path", "missed") for status in aims)
    if off:
        parts.append(words.counted("district.off_path", off))
    given = grades(with_figure)
    if given:
        told = [words("district.grade_count", grade=grade, count=count) for grade, count in given.items()]
        parts.append(words("district.grades", grades=words("list.comma").join(told)))
    return words("list.space").join(parts)


def _look_here(context: Context, found: Sequence[Score]) -> list[Any]:
    """The few indicators with a special cause, off the path to a target, or on the worse side among peers."""
    items = []
    for score in found:
        marks = []
        if score.signal:
            marks.append(signal_badge(context, score.signal, score.indicator["polarity"]))
        status = (score.row or {}).get("target_status")
        if score.target and status in ("off_path", "missed"):
            marks.append(status_badge(context, status))
        if score.side == "worse" and score.position:
            standing = score.position["standing"]
            marks.append(badge(context.words(f"standing.{standing}"), "bad", STANDING_GLYPHS[standing]))
        if marks:
            link = context.link("trend", indicator=score.indicator_id, areas=(score.area_id,), period_kind=score.kind)
            title = context.words.of(score.indicator, "title")
            items.append(html.Li([html.InnerLink(title, href=link), *marks]))
    return [html.Ul(items, className="look-here", id="look-here")] if items else []


def _by_dimension(context: Context, found: Sequence[Score]) -> list[tuple[str, list[Score]]]:
    groups: dict[str, list[Score]] = {}
    for score in found:
        groups.setdefault(score.indicator["dimension"], []).append(score)
    return [(context.words.known("dimension", name), rows) for name, rows in groups.items()]


def _grades(context: Context, found: Sequence[Score]) -> list[Any]:
    """Why figures are not of the best grade."""
    notes = grade_notes(context, found)
    if not notes:
        return []
    summary_ = html.Summary(context.words("district.below_a"))
    return [html.Details([summary_, html.Ul([html.Li(note) for note in notes])], className="gaps", open=len(notes) < 4)]


def _left_out(context: Context, found: Sequence[Score]) -> list[Any]:
    """Indicators without any row of this area, and those that the city cannot have, with the reason."""
    words = context.words
    present = {score.indicator_id for score in found}
    elsewhere = [words.of(row, "title") for row in context.available_indicators if row["indicator_id"] not in present]
    shown: list[Any] = []
    if elsewhere:
        names = words("list.comma").join(elsewhere)
        shown.append(html.P(words("district.elsewhere", indicators=names), className="note"))
    absent = context.release.catalogue.filter(status="not_available").to_dicts()
    if absent:
        items = [
            html.Li(
                words(
                    "district.reason_line",
                    indicator=words.of(row, "title"),
                    reason=context.joined_reasons(row["reason"]),
                )
            )
            for row in absent
        ]
        summary_ = html.Summary(words.counted("district.absent", len(absent)))
        shown.append(html.Details([summary_, html.Ul(items)], className="gaps"))
    return shown


def _positions(context: Context, found: Sequence[Score]) -> Any:
    """Ranks with their intervals, one line an indicator; the table above says the same."""
    words = context.words
    ranked = [(score, score.position) for score in found if score.position and score.position["rank"] is not None]
    if not ranked:
        return panel(words("positions.title"), empty_state(words("positions.none"), words("compare.which")))
    periods = sorted({(row["period_kind"], row["period_start"]) for _, row in ranked})
    rows = []
    for score, row in ranked:
        title = words.of(score.indicator, "title")
        when = words.period(row["period_kind"], row["period_start"])
        hover = "<br>".join([f"<b>{title}</b>", *position_lines(context, row), when])
        rows.append((title, hover, score.indicator["polarity"], row["standing"], *(row[name] for name in _PLACES)))
    columns = ["title", "hover", "polarity", "standing", *_PLACES]
    places = pl.DataFrame(rows, schema=columns, orient="row")
    marks = [
        ("legend-band", "", words("compare.legend.rank")),
        *(
            (f"legend-sign {tone}", sign, words(f"positions.{name}"))
            for name, sign, tone in (("better", "▲▼", "tone-good"), ("worse", "▲▼", "tone-bad"))
            if name in {score.side for score in found}
        ),
    ]
    return panel(
        words("positions.title"),
        graph(
            positions_figure(places, words("compare.rank_axis"), context.colours),
            words("positions.description", count=len(rows)),
            "positions",
        ),
        legend(words("legend.title"), marks, words("positions.note")),
        note=words("positions.periods", periods=words("list.comma").join(words.period(*each) for each in periods)),
    )


_PLACES = ("areas_compared", "rank", "rank_low", "rank_high")


def _part_indicator(context: Context) -> str | None:
    """The indicator by which the areas in this one are shown: the view's, else the overview's first."""
    chosen = context.chosen_indicator()
    return None if chosen is None else str(chosen["indicator_id"])


def _parts(context: Context, parts: pl.DataFrame, known: Scores, chosen: str | None) -> list[Any]:
    """The areas in this one: which have special causes, and one indicator of all with the same columns."""
    words = context.words
    if not parts.height or chosen is None:
        return []
    levels = words("list.comma").join(
        words.known("level", level) for level in parts["area_level"].unique(maintain_order=True)
    )
    shown = score_table(context, [(None, known.parts)], of_areas=True) if known.parts else _not_there(context, chosen)
    return [
        panel(
            words("parts.title", level=levels),
            _causes(context, known.causes),
            controls.control_row(controls.indicator_select(context, chosen)),
            shown,
            note=words("parts.note"),
        )
    ]


def _not_there(context: Context, chosen: str) -> Any:
    title = context.words.of(context.release.indicator(chosen) or {}, "title") or chosen
    return empty_state(context.words("parts.no_rows", indicator=title))


def _causes(context: Context, causes: Sequence[Score]) -> Any:
    """Areas whose figures hold special causes, those with the most unwelcome ones first."""
    words, view = context.words, context.view
    by_area: dict[str, list[Score]] = {}
    for score in causes:
        by_area.setdefault(score.area_id, []).append(score)
    if not by_area:
        return html.P(words("parts.no_signal"))
    lines = []
    for area, rows in by_area.items():
        bad = sum(welcome(score.row["signal"], score.indicator["polarity"]) == "bad" for score in rows if score.row)
        names = words("list.comma").join(words.of(score.indicator, "title") for score in rows)
        text = words.counted("parts.signals", len(rows), bad=bad, indicators=names)
        link = context.link("district", areas=(area,), period_kind=view.period_kind, period=view.period)
        lines.append((-bad, -len(rows), html.Li([html.InnerLink(context.area_title(area), href=link), text])))
    return html.Ul([item for _, _, item in sorted(lines, key=lambda line: line[:2])], className="plain-list")


def _table(context: Context, found: Sequence[Score], area_id: str, kind: str, period: date) -> Any:
    """All figures of the scorecard and of the positions, to sort and to take away."""
    words = context.words
    rows = [_table_row(context, score) for score in found]
    numbers = ("lower", "upper", "bound_low", "bound_high")
    columns = [
        text_column("indicator", words("control.indicator"), width=230, minWidth=190),
        text_column("period", words("column.period"), width=130, minWidth=124),
        number_column("value", words("column.value"), 2, width=84),
        text_column("unit", words("definition.unit"), width=160, minWidth=130),
        range_column("lower", "upper", words("column.interval"), 2, rows),
        range_column("bound_low", "bound_high", words("column.bounds"), 2, rows),
        text_column("signal", words("column.signal"), width=150, minWidth=130),
        text_column("target_status", words("column.target_status"), width=120, minWidth=104),
        number_column("rank", words("compare.column.rank"), 0, width=70, minWidth=64),
        range_column("rank_low", "rank_high", words("compare.column.rank_interval"), 0, rows),
        number_column("areas_compared", words("district.file.compared"), 0, width=104, minWidth=100),
        text_column("standing", words("compare.column.standing"), width=140, minWidth=120),
        text_column("quality_grade", words("column.grade"), width=76, minWidth=72, tooltipField="grade_reason"),
        text_column("status", words("column.status"), width=110, tooltipField="reason"),
        number_column("numerator", words("column.numerator"), 0, width=104, hide=True),
        number_column("denominator", words("column.denominator"), 0, width=104, hide=True),
        *(number_column(name, words(f"column.{name}"), 2, hide=True) for name in numbers),
        *(number_column(name, words(f"compare.file.{name}"), 0, hide=True) for name in ("rank_low", "rank_high")),
        text_column("grade_reason", words("column.grade_reason"), hide=True),
        text_column("reason", words("column.reason"), hide=True),
    ]
    return grid(context, "district", columns, rows, f"{area_id}_{kind}_{period.isoformat()}".replace(":", "_"))


def _table_row(context: Context, score: Score) -> dict[str, Any]:
    words, row, place = context.words, score.row or {}, score.position or {}
    # Where nothing is unusable, the worst case is the interval itself.
    bounds = ("bound_low", "bound_high") if row.get("unusable") else ()
    numbers = ("value", "lower", "upper", "numerator", "denominator", "quality_grade")
    status = row.get("target_status") if score.target else None
    return {
        "indicator": words.of(score.indicator, "title"),
        "period": words.period(score.kind, score.period),
        "unit": words.unit(score.indicator["unit"]),
        **{name: row.get(name) for name in numbers},
        **{name: row.get(name) if name in bounds else None for name in ("bound_low", "bound_high")},
        **{name: place.get(name) for name in _PLACES},
        "standing": words(f"standing.{place['standing']}") if place.get("standing") else "",
        "signal": words.known("signal", score.signal) if score.signal else "",
        "target_status": words.known("target_status", status) if status else "",
        "status": words.known("status", row.get("status") or "not_available"),
        "reason": context.joined_reasons(row.get("reason")),
        "grade_reason": context.grade_reasons(row) if row else "",
    }
