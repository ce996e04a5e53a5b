"""The table of scores: a row an indicator, or an area, with all that says whether to believe the figure."""

from collections.abc import Sequence
from typing import Any

from dashboards import elements as html
from dashboards.address import parse
from dashboards.components.cards import STATUS_SIGNS
from dashboards.components.context import Context
from dashboards.components.layout import badge
from dashboards.components.scores import Score
from dashboards.components.signals import signal_badge
from dashboards.components.targets import status_badge
from dashboards.figures.comparison import STANDING_GLYPHS
from dashboards.figures.sparkline import sparkline
from dashboards.wording import NO_FIGURE

EXPLAIN = parse("/explain", None).page
"""The page that tells where a figure comes from, where the application has it."""
COLUMNS = ("value", "interval", "course", "signal", "target", "position", "grade")
NUMBERS = ("value", "interval")
NOTHING = (NO_FIGURE, "nothing")
"""Text and class of a cell that has nothing to say; on a phone, where each cell is a line, it is left out."""
Cell = tuple[Any, str]
"""What stands in a cell, and the class that it has: plain texts, since a page has hundreds of cells."""


def score_table(context: Context, groups: Sequence[tuple[str | None, Sequence[Score]]], of_areas: bool = False) -> Any:
    """Lay scores out, in groups with a heading each.

    Parameters
    ----------
    groups
        Heading, if any, and rows.
    of_areas
        Name the area in each row instead of the indicator.
    """
    words = context.words
    first = words("column.area") if of_areas else words("control.indicator")
    titles = [first, *(words(f"district.column.{name}") for name in COLUMNS)]
    looks = ["", *("number" if name in NUMBERS else "" for name in COLUMNS)]
    bodies = []
    for heading, found in groups:
        rows = [_row(context, score, titles, of_areas) for score in found]
        if heading:
            rows.insert(0, html.Tr(html.Th(heading, scope="colgroup", colSpan=len(titles), className="group-head")))
        bodies.append(html.Tbody(rows))
    head = html.Thead(
        html.Tr([html.Th(title, scope="col", className=look) for title, look in zip(titles, looks, strict=True)])
    )
    caption = html.Caption(words("district.caption"), className="visually-hidden")
    return html.Div(html.Table([caption, head, *bodies], className="table scores"), className="table-scroll")


def _row(context: Context, score: Score, titles: Sequence[str], of_areas: bool) -> Any:
    name = _area(context, score) if of_areas else _name(context, score)
    cells = [
        *_figure(context, score, titles),
        _cell(titles[3], *_course(context, score)),
        _cell(titles[4], *_signal(context, score)),
        _cell(titles[5], *_target(context, score)),
        _cell(titles[6], *_position(context, score)),
        _cell(titles[7], *_grade(context, score)),
    ]
    return html.Tr([html.Th(name, scope="row"), *cells])


def _cell(title: str, content: Any, class_name: str = "", **settings: Any) -> Any:
    """A cell that knows its column's title, which stands before it on a phone."""
    return html.Td(content, className=class_name, **{"data-title": title}, **settings)


def _name(context: Context, score: Score) -> list[Any]:
    words = context.words
    link = context.link("trend", indicator=score.indicator_id, areas=(score.area_id,), period_kind=score.kind)
    unit = score.indicator["unit"]
    named = html.InnerLink(words.of(score.indicator, "title"), href=link)
    return [named] if unit == "%" else [named, html.Span(words.unit(unit), className="sub")]


def _area(context: Context, score: Score) -> Any:
    view = context.view
    link = context.link(
        "district",
        areas=(score.area_id,),
        indicator=score.indicator_id,
        period_kind=view.period_kind,
        period=view.period,
    )
    return html.InnerLink(context.area_title(score.area_id), href=link)


def _figure(context: Context, score: Score, titles: Sequence[str]) -> list[Any]:
    """The figure and its interval, or, over both columns, why there is none."""
    words, row, decimals = context.words, score.row, score.indicator["decimals"]
    if row is None or row["value"] is None:
        return [_cell(titles[1], _no_figure(context, score), "no-figure", colSpan=2)]
    percent = score.indicator["unit"] == "%"
    number: Any = words.number(row["value"], decimals) + ("%" if percent else "")
    if EXPLAIN:
        number = html.InnerLink(
            number,
            href=context.link(
                EXPLAIN,
                indicator=score.indicator_id,
                areas=(score.area_id,),
                period_kind=score.kind,
                period=score.period,
            ),
        )
    shown: list[Any] = [html.Strong(number)]
    if score.is_of_other_kind:
        shown.append(html.Span(words.period(score.kind, score.period), className="sub"))
    if row["status"] != "final":
        shown.append(_status(context, row))
    return [
        _cell(titles[1], shown, "number"),
        _cell(titles[2], *_interval(context, score)),
    ]


def _interval(context: Context, score: Score) -> Cell:
    first, *others = interval(context, score)
    if not others:
        return first[0], "number range"
    return [first[0], *(html.Span(text, className=look) for text, look in others)], "number range"


def _status(context: Context, row: dict[str, Any]) -> Any:
    reasons = context.joined_reasons(row["reason"])
    mark = badge(context.words.known("status", row["status"]), "quiet", STATUS_SIGNS[row["status"]])
    return html.Span([mark, html.Span(reasons, className="sub")])


def interval(context: Context, score: Score) -> list[tuple[str, str]]:
    """The interval, and the worst case where records are unusable; each with the class that it is shown in."""
    words, row, decimals = context.words, score.row, score.indicator["decimals"]
    if row is None or row["value"] is None:
        return []
    found = []
    if row["lower"] is not None and row["upper"] is not None:
        low, high = (words.number(row[end], decimals) for end in ("lower", "upper"))
        found.append((words("district.range", low=low, high=high), "range"))
    if row["unusable"] and row["bound_low"] is not None:
        low, high = (words.end(row[end], decimals) for end in ("bound_low", "bound_high"))
        found.append((words("district.worst", low=low, high=high), "sub worst"))
    return found or [(NO_FIGURE, "sub")]


def _no_figure(context: Context, score: Score) -> list[Any]:
    """Why there is no figure, and the newest one that there was."""
    words, row = context.words, score.row
    if row is None:
        told: list[Any] = [html.Span(words("card.no_row"), className="sub")]
    else:
        told = [_status(context, row)]
    last = next((each for each in reversed(score.history) if each["value"] is not None), None)
    if last is not None:
        shown = words.measure(last["value"], score.indicator["unit"], score.indicator["decimals"])
        when = words.period(last["period_kind"], last["period_start"])
        told.append(html.Span(words("district.last", value=shown, period=when), className="sub"))
    return told


def _course(context: Context, score: Score) -> Cell:
    drawn = course(context, score)
    return NOTHING if drawn is None else (drawn, "course")


def course(context: Context, score: Score) -> Any:
    """The latest figures as a word-sized line, described in words; None where there are fewer than two."""
    words, decimals = context.words, score.indicator["decimals"]
    known = [row for row in score.history if row["value"] is not None]
    if len(known) < 2:
        return None
    low, high = min(row["value"] for row in known), max(row["value"] for row in known)
    described = words(
        "district.course",
        first=words.period(known[0]["period_kind"], known[0]["period_start"]),
        last=words.period(known[-1]["period_kind"], known[-1]["period_start"]),
        begins=words.number(known[0]["value"], decimals),
        ends=words.number(known[-1]["value"], decimals),
        low=words.number(low, decimals),
        high=words.number(high, decimals),
    )
    line = sparkline(
        [row["value"] for row in score.history],
        [row["signal"] not in (None, "none") for row in score.history],
        context.colours,
    )
    return html.Img(src=line, alt=described, title=described, className="spark")


def _signal(context: Context, score: Score) -> Cell:
    if score.signal is not None:
        return signal_badge(context, score.signal, score.indicator["polarity"]), ""
    if score.value is None:
        return NOTHING
    text = context.words.known("signal", "none") if score.is_charted else context.words("district.no_chart")
    return text, "quiet"


def _target(context: Context, score: Score) -> Cell:
    if score.target is None:
        return NOTHING
    words, target = context.words, score.target
    value = words.number(target["target"], score.indicator["decimals"])
    value += "%" if score.indicator["unit"] == "%" else ""
    aim = html.Span(words("district.target", value=value, due=words.day(target["due"])), className="sub")
    status = (score.row or {}).get("target_status") or target["target_status"]
    return ([status_badge(context, status), aim] if status else aim), ""


def _position(context: Context, score: Score) -> Cell:
    """Rank with its interval among those compared, and where the figure lies against the funnel's limits."""
    row = score.position
    if row is None:
        return context.words("district.not_compared"), "nothing"
    link = context.link(
        "compare",
        indicator=score.indicator_id,
        level=row["area_level"],
        period_kind=row["period_kind"],
        period=row["period_start"],
    )
    lines = position_lines(context, row)
    return [html.InnerLink(lines[0], href=link), *(html.Span(line, className="sub") for line in lines[1:])], ""


def position_lines(context: Context, row: dict[str, Any], in_short: bool = False) -> list[str]:
    """A place among peers in words: the rank with its interval, where there is one, and the standing."""
    words, standing = context.words, row["standing"]
    count = words.number(row["areas_compared"])
    lines = []
    if row["rank"] is not None:
        numbers = {name: words.number(row[name]) for name in ("rank", "rank_low", "rank_high")}
        lines.append(words("district.rank_short" if in_short else "district.rank", count=count, **numbers))
    if standing is not None:
        sign = "" if standing == "expected" else f"{STANDING_GLYPHS[standing]} "
        lines.append(sign + words(f"standing.{standing}"))
    if row["rank"] is None:
        lines = [words("district.among", count=count), *lines]
    return lines


def _grade(context: Context, score: Score) -> Cell:
    """The letter of a figure's quality; on hovering, why. `grade_notes` says it to everybody."""
    row = score.row
    if row is None or not row["quality_grade"]:
        return NOTHING
    letter = row["quality_grade"]
    return html.Span(letter, className=f"grade grade-{letter}", title=context.grade_reasons(row) or None), ""


def grade_notes(context: Context, found: Sequence[Score]) -> list[str]:
    """Why figures have a grade that is not the best, the worst first; figures with the same reasons together."""
    words = context.words
    together: dict[tuple[str, str], list[str]] = {}
    for score in found:
        row = score.row
        if row is None or row["quality_grade"] in (None, "A"):
            continue
        key = (row["quality_grade"], context.grade_reasons(row))
        together.setdefault(key, []).append(words.of(score.indicator, "title"))
    return [
        words(
            "district.grade_note",
            grade=letter,
            indicators=words("list.comma").join(titles),
            reasons=reasons or words("revision_reason.unknown"),
        )
        for (letter, reasons), titles in sorted(together.items(), reverse=True)
    ]
