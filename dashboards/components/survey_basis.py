"""What figures of the survey rest on: reliable scales, and who answered."""

from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.layout import panel, table
from dashboards.components.survey_words import FOUNDATIONS, range_text, title_of

LEAST_ALPHA = 0.7


def reliability(context: Context, area: str) -> Any:
    """Whether the items of each scale hang together, in an area and the newest year."""
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
                title_of(context, foundation),
                words.number(whole["alpha"], 2),
                range_text(context, whole["lower"], whole["upper"], 2),
                words(f"public.told.{'told' if is_told else 'held_back'}"),
                words.number(whole["respondents"]),
                words.number(whole["adequacy"], 2),
                words("public.chi_square", value=words.number(whole["chi_square"]), freedom=whole["freedom"]),
                words.join(items),
            ]
        )
    title = words("public.reliability_of", year=str(rows["year"][0]))
    return panel(title, table(columns, cells, title, context, "reliability"), note=words("public.reliability_note"))


def waves(context: Context) -> Any:
    """Who was asked and answered, wave by wave, and how they are weighted."""
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
    return panel(
        title, table(columns, cells, title, context, "waves"), *_margins(context), note=words("public.waves_note")
    )


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
