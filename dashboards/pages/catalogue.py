"""Catalogue: what every indicator means, needs and must not be used for; also those the city cannot have yet."""

from typing import Any

import dash_mantine_components as dmc
import polars as pl

from dashboards import elements as html
from dashboards.address import AVAILABILITIES
from dashboards.components import controls
from dashboards.components.context import Context
from dashboards.components.definition import definition
from dashboards.components.layout import badge, empty_state, page_head

SEARCHED = ("indicator_id", "title_en", "title_zh", "about_en", "about_zh", "formula_en", "formula_zh", "reference")


def page(context: Context) -> Any:
    """Lay out the catalogue, narrowed by the view's filters; the view's indicator is open."""
    words, view, catalogue = context.words, context.view, context.release.catalogue
    dimensions = catalogue["dimension"].unique(maintain_order=True).to_list()
    bar = controls.control_row(
        controls.search_input(words("control.search"), words("control.search_hint"), view.search),
        controls.choice_select(
            "dimension",
            words("control.dimension"),
            [(name, words.known("dimension", name)) for name in dimensions],
            view.dimension,
            words("control.all"),
        ),
        controls.choice_select(
            "availability",
            words("control.availability"),
            [(name, words.known("status", name)) for name in AVAILABILITIES],
            view.availability,
            words("control.all"),
        ),
    )
    shown = narrowed(catalogue, view.search, view.dimension, view.availability)
    available = catalogue.filter(pl.col("status") == "available").height
    counts = words("catalogue.counts", shown=shown.height, all=catalogue.height, available=available)
    if not shown.height:
        content: list[Any] = [empty_state(words("catalogue.nothing"))]
    else:
        content = [_group(context, name, shown.filter(pl.col("dimension") == name)) for name in dimensions]
    return [
        page_head(words("catalogue.title"), words("catalogue.lead")),
        bar,
        html.P(counts, className="note", role="status"),
        *(part for part in content if part is not None),
    ]


def narrowed(
    catalogue: pl.DataFrame, search: str | None, dimension: str | None, availability: str | None
) -> pl.DataFrame:
    """Keep entries of a dimension and availability in which every word of the search occurs."""
    found = catalogue
    if dimension:
        found = found.filter(pl.col("dimension") == dimension)
    if availability:
        found = found.filter(pl.col("status") == availability)
    text = pl.concat_str([pl.col(name).fill_null("") for name in SEARCHED], separator=" ").str.to_lowercase()
    for word in (search or "").lower().split():
        found = found.filter(text.str.contains(word, literal=True))
    return found


def _group(context: Context, dimension: str, rows: pl.DataFrame) -> Any:
    if not rows.height:
        return None
    items = [_item(context, row) for row in rows.to_dicts()]
    chosen = context.view.indicator
    opened = [chosen] if chosen in rows["indicator_id"] else []
    title = context.words.known("dimension", dimension)
    return html.Section(
        [
            html.H2(title),
            dmc.Accordion(items, multiple=True, value=opened, className="catalogue-items", id={"catalogue": dimension}),
        ],
        className="catalogue-group",
    )


def _item(context: Context, row: dict[str, Any]) -> Any:
    words = context.words
    is_available = row["status"] == "available"
    state = badge(
        words.known("status", row["status"]), "good" if is_available else "quiet", "●" if is_available else "◌"
    )
    reasons = context.joined_reasons(row["reason"])
    missing = [] if is_available else [html.Span(reasons, className="item-reason")]
    head = html.Div(
        [
            html.Span(row["indicator_id"], className="item-id"),
            html.Span([words.of(row, "title"), *missing], className="item-title"),
            html.Span(words.unit(row["unit"]), className="item-unit"),
            state,
        ],
        className="item-head",
    )
    links = []
    if is_available:
        links = [
            html.InnerLink(
                words("catalogue.see_trend"),
                href=context.link("trend", indicator=row["indicator_id"]),
                className="button",
            )
        ]
    return dmc.AccordionItem(
        [
            dmc.AccordionControl(head),
            dmc.AccordionPanel([definition(context, row, in_full=True), *links]),
        ],
        value=row["indicator_id"],
    )
