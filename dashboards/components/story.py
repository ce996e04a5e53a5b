"""What happened in an area, as dated sentences, the latest first: from what the release holds, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from dashboards import elements as html
from dashboards.components import changes
from dashboards.components.context import Context
from dashboards.components.intervention_words import areas_of, sentence
from dashboards.components.revisions import reasons
from dashboards.components.scores import Score
from dashboards.components.signals import glyph, welcome
from dashboards.components.year_before import p_text
from dashboards.periods import period_end

SHOWN = 12
"""As many sentences stand open; the earlier ones can be opened."""
SIGNS = {"alarm": "!", "break": "┆", "intervention": "◇", "revision": "↺", "silence": "✕"}


@dataclass(frozen=True)
class Event:
    """One thing that happened."""

    day: date
    """Last day of what it is about: what the story is ordered by."""
    when: str
    kind: str
    """`change`, `chart`, `alarm`, `break`, `intervention`, `revision` or `silence`."""
    text: str
    sign: str
    tone: str
    """Whether it is welcome: `good`, `bad`, or `context`."""
    link: str | None = None


def story(context: Context, events: Sequence[Event]) -> Any:
    """Lay the events out, the latest open to see."""
    words = context.words
    items = [_item(context, event) for event in events]
    shown = [html.Ol(items[:SHOWN], className="story")]
    if len(items) > SHOWN:
        more = words.counted("story.earlier", len(items) - SHOWN)
        shown.append(html.Details([html.Summary(more), html.Ol(items[SHOWN:], className="story")], className="twin"))
    return html.Div([*shown, html.P(words("story.note"), className="note")], className="stack-tight")


def _item(context: Context, event: Event) -> Any:
    text: Any = html.InnerLink(event.text, href=event.link) if event.link else event.text
    return html.Li(
        [
            html.Time(event.when, dateTime=event.day.isoformat()),
            html.Span(event.sign, className=f"story-sign tone-{event.tone}", **{"aria-hidden": "true"}),
            html.Span([html.Span(context.words(f"story.kind.{event.kind}"), className="story-kind"), text]),
        ]
    )


def events(context: Context, area_id: str, inside: Sequence[str], found: Sequence[Score]) -> list[Event]:
    """All that is told of an area over the periods that its scores reach back.

    Parameters
    ----------
    area_id
        The area.
    inside
        Ids of the areas in it: interventions there are told, too.
    found
        The area's scores.
    """
    listed = context.release.districts.changes(area_id).to_dicts()
    told = {_key(row) for row in listed}
    since = min((score.history[0]["period_start"] for score in found if score.history), default=date.min)
    gathered = [
        *(change_event(context, row) for row in listed),
        *_chart_marks(context, area_id, found, told),
        *(alarm_event(context, row) for row in context.release.districts.alarms(area_id).to_dicts()
          if _key(row) not in told),
        *_breaks(context, found),
        *_interventions(context, {area_id, *inside}),
        *_revisions(context, area_id, found),
        *silences(context, area_id),
    ]  # fmt: skip
    kept = [event for event in gathered if event.day >= since]
    return sorted(kept, key=lambda event: event.day, reverse=True)


def _key(row: dict[str, Any]) -> tuple[str, str, date]:
    return row["indicator_id"], row["period_kind"], row["period_start"]


def _of_period(kind: str, start: date) -> date:
    return period_end(kind, start) - timedelta(days=1)


def without_area(context: Context, row: dict[str, Any]) -> str:
    """The sentence of a change on a page that is about its area anyway."""
    named = {**row, "area_id": "", "area_en": "", "area_zh": ""}
    return changes.sentence(context, named).lstrip(":： ")


def worded(row: dict[str, Any], indicator: dict[str, Any] | None) -> dict[str, Any]:
    """Add to a change what its sentence needs to know of the indicator."""
    known = indicator or {}
    return {
        "limit_low": None,
        "limit_high": None,
        **row,
        "indicator_en": known.get("title_en"),
        "indicator_zh": known.get("title_zh"),
        **{name: known.get(name) for name in ("unit", "decimals", "polarity")},
    }


def change_event(context: Context, row: dict[str, Any]) -> Event:
    """A change that stands out among all."""
    indicator = context.release.indicator(row["indicator_id"])
    whole = worded(row, indicator)
    return _marked(context, whole, "change")


def _marked(context: Context, whole: dict[str, Any], kind: str) -> Event:
    words, own, start = context.words, whole["period_kind"], whole["period_start"]
    link = context.link(
        "trend", indicator=whole["indicator_id"], areas=(whole["area_id"],), period_kind=own, period=start
    )
    tone = welcome(whole["signal"], whole["polarity"] or "context")
    text = without_area(context, whole)
    return Event(_of_period(own, start), words.period(own, start), kind, text, glyph(whole["signal"]), tone, link)


def _chart_marks(
    context: Context, area_id: str, found: Sequence[Score], told: set[tuple[str, str, date]]
) -> list[Event]:
    """Where a chart's signal begins, of what is not among the changes."""
    marks = []
    for score in found:
        before = None
        for row in score.history:
            signal = None if row["signal"] == "none" else row["signal"]
            if signal is not None and signal != before:
                marks.append((score.indicator, row))
            before = signal
    points = {_key(row): (indicator, row) for indicator, row in marks if _key(row) not in told}
    limits = {_key(row): row for row in context.release.districts.limits(area_id, list(points)).to_dicts()}
    events_ = []
    for key, (indicator, row) in points.items():
        if key not in limits:
            continue
        ends = {name: limits[key][name] for name in ("centre", "limit_low", "limit_high")}
        whole = worded({**row, **ends, "method": "moving_range"}, indicator)
        events_.append(_marked(context, whole, "chart"))
    return events_


def alarm_event(context: Context, row: dict[str, Any]) -> Event:
    """The latest week or month against its season."""
    words, indicator = context.words, context.release.indicator(row["indicator_id"]) or {}
    decimals = indicator.get("decimals") or 0
    kind, start, rises = row["period_kind"], row["period_start"], row["value"] > row["centre"]
    text = words(
        "story.alarm",
        indicator=words.of(indicator, "title") or row["indicator_id"],
        in_period=words.in_period(kind, start),
        value=words.measure(row["value"], indicator.get("unit"), decimals),
        **{name: words.number(row[name], decimals) for name in ("centre", "lower", "upper")},
        p=p_text(row["p_value"]),
    )
    signal = "above_season" if rises else "below_season"
    link = context.link("trend", indicator=row["indicator_id"], areas=(row["area_id"],), period_kind=kind, period=start)
    tone = welcome(signal, indicator.get("polarity") or "context")
    return Event(_of_period(kind, start), words.period(kind, start), "alarm", text, SIGNS["alarm"], tone, link)


def _breaks(context: Context, found: Sequence[Score]) -> list[Event]:
    words = context.words
    titles = {score.indicator_id: words.of(score.indicator, "title") for score in found}
    told = []
    for row in context.release.districts.breaks.to_dicts():
        concerned = [titles[identity] for identity in row["indicators"] if identity in titles]
        if concerned:
            text = words("story.break", title=words.of(row, "title"), indicators=words("list.comma").join(concerned))
            told.append(Event(row["start"], words.day(row["start"]), "break", text, SIGNS["break"], "context"))
    return told


def interventions_in(context: Context, areas: set[str]) -> list[dict[str, Any]]:
    """Interventions with an area of these, or with one that they may have moved events to."""
    rows = context.release.interventions.results.to_dicts()
    return [row for row in rows if areas & {*row["treated"], *row["buffer"]}]


def _interventions(context: Context, areas: set[str]) -> list[Event]:
    words = context.words
    return [
        Event(
            row["start"],
            words.day(row["start"]),
            "intervention",
            words(
                "story.intervention",
                title=words.of(row, "title"),
                areas=areas_of(context, row, "treated"),
                result=sentence(context, row),
            ),
            SIGNS["intervention"],
            "context",
            context.link("interventions"),
        )
        for row in interventions_in(context, areas)
    ]


def _revisions(context: Context, area_id: str, found: Sequence[Score]) -> list[Event]:
    """One sentence per release that changed figures of the area: how many, and the one that changed the most."""
    words = context.words
    indicators = {score.indicator_id: score.indicator for score in found}
    by_release: dict[tuple[int, date], list[dict[str, Any]]] = {}
    for row in context.release.districts.revisions(area_id).to_dicts():
        if row["indicator_id"] in indicators:
            by_release.setdefault((row["sequence"], row["as_of"]), []).append(row)
    told = []
    for (_, as_of), rows in by_release.items():
        most = max(rows, key=_size)
        indicator = indicators[most["indicator_id"]]
        before, now = (words.number(most[name], indicator["decimals"]) for name in ("value_before", "value_now"))
        text = words.counted(
            "story.revision",
            len(rows),
            indicator=words.of(indicator, "title"),
            period=words.period(most["period_kind"], most["period_start"]),
            before=before,
            now=now,
            reasons=reasons(context, most["reason"]),
        )
        link = context.link("trend", indicator=most["indicator_id"], areas=(area_id,), period_kind=most["period_kind"])
        told.append(Event(as_of, words.day(as_of), "revision", text, SIGNS["revision"], "context", link))
    return told


def _size(row: dict[str, Any]) -> float:
    """How far a revision went, relative to the figure before; infinitely, where one came or went."""
    before, now = row["value_before"], row["value_now"]
    if before is None or now is None:
        return float("inf")
    return abs(now - before) / abs(before) if before else float("inf") if now else 0.0


def silences(context: Context, area_id: str) -> list[Event]:
    """Sources that have stopped hearing of the area while they hear of others."""
    words, titles = context.words, context.source_titles
    rows = context.release.quality.area_freshness.filter(area_id=area_id, status="silent").to_dicts()
    return [
        Event(
            row["last_day"] + timedelta(days=1),
            words.day(row["last_day"] + timedelta(days=1)),
            "silence",
            words("story.silence", source=titles.get(row["source"], row["source"]), days=row["days_behind"]),
            SIGNS["silence"],
            "bad",
            context.link("quality"),
        )
        for row in rows
    ]
