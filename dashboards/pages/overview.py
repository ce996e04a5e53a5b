"""Overview: what changed, where, and whether to believe it, in two minutes."""

from datetime import date
from typing import Any

from dashboards import elements as html
from dashboards.components.cards import card, first_needed
from dashboards.components.changes import change_list
from dashboards.components.context import Context
from dashboards.components.freshness import freshness_list
from dashboards.components.layout import empty_state, page_head, panel
from dashboards.components.map_panel import map_panel
from dashboards.components.timeliness import alarm

CARDS_PER_DIMENSION = 2
CHANGES_SHOWN = 8


def page(context: Context) -> Any:
    """Lay out the overview of the view's indicator, period and level."""
    words = context.words
    head = [page_head(words("overview.title"), words("overview.lead")), alarm(context)]
    indicator = context.chosen_indicator()
    if indicator is None:
        known = (
            words("trend.unknown", indicator=context.view.indicator)
            if context.view.indicator
            else words("overview.no_map")
        )
        return [*head, empty_state(known)]
    kind = context.chosen_kind(indicator["indicator_id"])
    periods = context.release.periods(indicator["indicator_id"], kind)
    period = context.chosen_period(kind, periods)
    if period is None:
        reasons = context.joined_reasons(indicator["reason"])
        return [*head, empty_state(words("trend.no_rows", indicator=words.of(indicator, "title")), reasons)]
    changes = panel(
        words("changes.title"), change_list(context, context.release.changes(CHANGES_SHOWN)), class_name="changes-panel"
    )
    freshness = panel(words("freshness.title"), freshness_list(context, context.release.quality.freshness))
    asked = period if period == context.view.period else None
    return [
        *head,
        html.Div([changes, freshness], className="columns"),
        _cards(context, kind, asked),
        map_panel(context, indicator, kind, periods, period),
    ]


def _cards(context: Context, kind: str, asked: date | None) -> Any:
    """Cards by dimension: of the period asked for, else each of the newest closed period that it has a figure for."""
    words, release = context.words, context.release
    figures = release.newest_figures(kind)
    newest = asked or release.newest_closed.get(kind)
    if newest is None or not figures:
        return html.Section(empty_state(words("overview.no_cards")), className="cards-section")
    available = context.available_indicators
    chosen: list[dict[str, Any]] = []
    taken: dict[str, int] = {}
    for row in available:
        if row["indicator_id"] in figures and taken.get(row["dimension"], 0) < CARDS_PER_DIMENSION:
            taken[row["dimension"]] = taken.get(row["dimension"], 0) + 1
            chosen.append(row)
    shown = {row["indicator_id"]: asked or figures[row["indicator_id"]] for row in chosen}
    since = first_needed(kind, min(shown.values()))
    compared = {
        (row["indicator_id"], row["period_start"]): row
        for row in release.trends.year_comparisons(list(shown), [release.city_id], kind).to_dicts()
    }
    by_dimension: dict[str, list[Any]] = {}
    for row in chosen:
        identity = row["indicator_id"]
        own = release.city.series(identity, kind, since, newest)
        last_year = compared.get((identity, shown[identity]))
        drawn = card(context, row, kind, shown[identity], newest, own, last_year)
        by_dimension.setdefault(row["dimension"], []).append(drawn)
    groups = [
        html.Div(
            [html.P(words.known("dimension", dimension), className="dimension"), html.Div(cards, className="cards")],
            className=f"dimension-group span-{len(cards)}",
        )
        for dimension, cards in by_dimension.items()
    ]
    title = words("overview.cards", city=words.of(vars(release.info), "title"), period=words.period(kind, newest))
    without = [row for row in available if row["indicator_id"] not in figures]
    return html.Section(
        [
            html.H2(title),
            html.Div(groups, className="dimension-groups"),
            *_indicators_without(context, kind, newest, without),
            *_dimensions_without(context, {row["dimension"] for row in available}),
        ],
        className="cards-section",
    )


def _indicators_without(context: Context, kind: str, newest: date, without: list[dict[str, Any]]) -> list[Any]:
    """One quiet line: indicators that never had a figure for the whole city, by reason."""
    words = context.words
    by_reason: dict[str, list[str]] = {}
    for indicator in without:
        row = context.release.city.figure(indicator["indicator_id"], kind, newest)
        reason = context.joined_reasons(row["reason"]) if row else words("card.no_row")
        by_reason.setdefault(reason, []).append(words.of(indicator, "title"))
    parts = [
        words("overview.without_reason", indicators=words("list.comma").join(titles), reason=reason)
        for reason, titles in by_reason.items()
    ]
    return [html.P(words("overview.without_figure", parts=words.join(parts)), className="note")] if parts else []


def _dimensions_without(context: Context, present: set[str]) -> list[Any]:
    words = context.words
    dimensions = context.release.catalogue["dimension"].unique(maintain_order=True)
    without = [words.known("dimension", dimension) for dimension in dimensions if dimension not in present]
    if not without:
        return []
    why = html.InnerLink(words("overview.why"), href=context.link("catalogue", availability="not_available"))
    return [html.P([words("overview.without", dimensions=words.join(without)), " ", why], className="note")]
