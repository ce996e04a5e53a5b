"""Cards: the city's figure of an indicator, how sure it is, and how it moved."""

from datetime import date
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import badge
from dashboards.components.signals import signal_badge
from dashboards.components.targets import aim, chance, status_badge
from dashboards.components.timeliness import why_no_newer
from dashboards.components.year_before import against_last_year, verdict
from dashboards.figures.sparkline import sparkline
from dashboards.periods import period_before, year_before
from dashboards.wording import NO_FIGURE

SPARK_PERIODS = 24
STATUS_SIGNS = {"provisional": "○", "stale": "✕", "withheld": "◌", "not_available": "◌"}


def first_needed(period_kind: str, period: date) -> date:
    """Give the first period that a card shows or compares with."""
    years = {"day": 1, "week": 1, "month": 2, "quarter": 6}.get(period_kind, SPARK_PERIODS)
    return date(period.year - years, 1, 1)


def card(
    context: Context,
    indicator: dict[str, Any],
    kind: str,
    shown: date,
    newest: date,
    series: pl.DataFrame,
    last_year: dict[str, Any] | None = None,
) -> Any:
    """One indicator's card, linking to its trend, with a link of its own to where the figure comes from.

    Parameters
    ----------
    indicator
        Row of the catalogue.
    shown
        Period of the figure on the card.
    newest
        Period of the section; where `shown` is older, or its figure is provisional, the card says why and
        draws no comparison.
    series
        The city's figures of this indicator and kind up to `newest`, oldest first.
    last_year
        Row of `year_comparisons` of the figure shown, where there is one.
    """
    words = context.words
    rows = {row["period_start"]: row for row in series.to_dicts()}
    row = rows.get(shown)
    is_old = shown < newest
    recent = [rows[start] for start in sorted(rows) if start <= shown][-SPARK_PERIODS:]
    value = row["value"] if row else None
    percent = indicator["unit"] == "%"
    number = words.number(value, indicator["decimals"]) + ("%" if percent and value is not None else "")
    title = words.of(indicator, "title")
    target = target_line(context, indicator, row)
    age: list[Any] = []
    footing: list[Any] = [
        *(
            _unsettled(context, row)
            or [html.Ul(_changes(context, rows, indicator, kind, shown, last_year), className="card-changes")]
        ),
        *target,
        html.Div(_badges(context, row, indicator), className="badges"),
    ]
    if is_old:
        age = [html.P([badge(words.period(kind, shown), "bad", "■"), *_status(context, row)], className="badges")]
        reason = why_no_newer(context, indicator, rows.get(newest))
        footing = [html.P(words("card.no_newer", reason=reason), className="card-age")]
    content = [
        html.H3(title),
        *age,
        html.P(
            [
                html.Span(number if value is not None else NO_FIGURE, className="card-number"),
                html.Span("" if percent or value is None else words.unit(indicator["unit"]), className="card-unit"),
            ],
            className="card-value",
        ),
        html.P(_sureness(context, row, indicator), className="card-sureness"),
        html.Img(
            src=sparkline(
                [r["value"] for r in recent], [r["signal"] not in (None, "none") for r in recent], context.colours
            ),
            alt=words("card.spark", title=title, count=len(recent)),
            className="spark",
        ),
        *footing,
    ]
    link = context.link("trend", indicator=indicator["indicator_id"], period_kind=kind)
    drawn = html.InnerLink(
        html.Article(content),
        href=link,
        className="card card-old" if is_old else "card",
        id={"card": indicator["indicator_id"]},
    )
    origin = context.origin(indicator["indicator_id"], context.release.city_id, kind, shown)
    return html.Div(
        [
            drawn,
            html.InnerLink(words("explain.cell"), href=origin, className="card-origin", title=words("explain.link")),
        ],
        className="card-frame",
    )


def target_line(context: Context, indicator: dict[str, Any], row: dict[str, Any] | None) -> list[Any]:
    """The city's target, where the figure stands on the way to it, and how probable it is to be reached."""
    release = context.release
    target = release.trends.target(indicator["indicator_id"], release.city_id)
    if target is None:
        return []
    told = [aim(context, target, indicator), *filter(None, [chance(context, target)])]
    status = row["target_status"] if row else None
    badges = [html.Div(status_badge(context, status), className="badges")] if status else []
    separator = " " if context.words.language == "en" else ""
    return [html.P(separator.join(told), className="card-target"), *badges]


def _unsettled(context: Context, row: dict[str, Any] | None) -> list[Any]:
    """Why a provisional figure is not compared with settled ones: records may still arrive, or days are missing."""
    if row is None or row["value"] is None or row["status"] != "provisional":
        return []
    return [html.P(context.joined_reasons(row["reason"]), className="card-sureness")]


def _sureness(context: Context, row: dict[str, Any] | None, indicator: dict[str, Any]) -> str:
    words = context.words
    if row is None:
        return words("card.no_row")
    if row["value"] is None:
        return context.joined_reasons(row["reason"]) or words.known("status", row["status"])
    parts = []
    if row["lower"] is not None and row["upper"] is not None:
        low, high = (words.number(row[name], indicator["decimals"]) for name in ("lower", "upper"))
        parts.append(words("card.interval", low=low, high=high))
    if row["quality_grade"]:
        parts.append(context.grade(row))
    return " · ".join(parts)


def _changes(
    context: Context,
    rows: dict[date, dict[str, Any]],
    indicator: dict[str, Any],
    kind: str,
    period: date,
    last_year: dict[str, Any] | None,
) -> list[Any]:
    words, decimals = context.words, indicator["decimals"]
    now = rows.get(period, {}).get("value")
    found = []
    for earlier in (period_before(kind, period), year_before(kind, period)):
        before = rows.get(earlier, {}).get("value") if earlier else None
        if now is None or before is None or earlier is None:
            continue
        change = round(now - before, decimals)
        sign = "▲" if change > 0 else "▼" if change < 0 else "="
        unit = words("unit.percentage points") if indicator["unit"] == "%" else ""
        amount = f"{words.number(abs(change), decimals)} {unit}".strip()
        text = words(
            "card.higher" if change > 0 else "card.lower" if change < 0 else "card.same",
            amount=amount,
            period=words.period(kind, earlier),
        )
        if last_year and earlier == last_year["prior_start"] and last_year["months"] == 1:
            text = words.join([text, verdict(context, last_year["p_value"])])
        found.append(html.Li([html.Span(sign, className="change-sign", **{"aria-hidden": "true"}), text]))
    if last_year and (last_year["months"], kind) == (2, "month"):
        # Of January and February together: the difference above is of February alone.
        found.append(
            html.Li([html.Span("", className="change-sign"), html.Span(against_last_year(context, last_year))])
        )
    return found


def _badges(context: Context, row: dict[str, Any] | None, indicator: dict[str, Any]) -> list[Any]:
    if row is None:
        return []
    found = []
    if row["signal"] not in (None, "none"):
        found.append(signal_badge(context, row["signal"], indicator["polarity"]))
    return found + _status(context, row)


def _status(context: Context, row: dict[str, Any] | None) -> list[Any]:
    status = row["status"] if row else None
    return (
        [badge(context.words.known("status", status), "quiet", STATUS_SIGNS[status])] if status in STATUS_SIGNS else []
    )
