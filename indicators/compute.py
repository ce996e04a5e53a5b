"""The engine: catalogue entries and measures to published figures.

Belongs here: the order of steps, entry by entry. What each step does is in the module it is named for.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import NamedTuple

import polars as pl

from indicators.areas import AreaTree
from indicators.atoms import Counted, published_counts
from indicators.catalogue.entries import WITHOUT_MEASURE, Entry
from indicators.cells import Source, open_source
from indicators.charts import CHARTED_KINDS, SERIES, ChartRules, chart
from indicators.co_handling import network_figures
from indicators.durations import duration_figures
from indicators.feeds import find_feed, missing_needs
from indicators.gaps import judge_gaps
from indicators.granularity import counted_together
from indicators.hot_patrol import hot_cell_figures
from indicators.inputs import (
    ALARM_SCHEMA,
    AVAILABILITY_SCHEMA,
    GAP_SCHEMA,
    TESTED_SCHEMA,
    VALUE_SCHEMA,
    Figures,
    Inputs,
)
from indicators.latest_period import judge_latest_periods
from indicators.nowcasts import DELAY_SCHEMA, NOWCAST_SCHEMA, nowcast_figures
from indicators.participation import participation_figures
from indicators.proportions import proportion_figures
from indicators.protected_cells import of_the_top, protect_whole
from indicators.rates import rate_figures
from indicators.ratios import open_ratio, ratio_figures
from indicators.repeats import near_repeat_figures, repeat_address_figures
from indicators.statuses import CHART_COLUMNS, publish
from indicators.stocks import stock_figures
from indicators.survey_figures import survey_figures
from indicators.waiting import waiting_figures
from indicators.workload import workload_figures

FIGURES = {
    "rate": rate_figures,
    "weighted_rate": rate_figures,
    "proportion": proportion_figures,
    "ratio": ratio_figures,
    "survival_quantile": duration_figures,
    "near_repeat": near_repeat_figures,
    "repeat_addresses": repeat_address_figures,
    "network": network_figures,
    "waiting_gap": waiting_figures,
    "participation": participation_figures,
    "hot_cells": hot_cell_figures,
    "concentration": workload_figures,
}
# Kinds whose figures are computed from the counts that may be shown; of the others, the whole city's alone are.
PROTECTED = ("rate", "weighted_rate", "proportion", "ratio", "survival_quantile")
ENTRIES_AT_ONCE = 3
# Of the figures of one entry.
ORDER = ["area_id", "period_kind", "period_start"]
CHARTED = pl.Schema(
    {**VALUE_SCHEMA, **dict(zip(CHART_COLUMNS, (pl.Boolean, pl.Boolean, pl.Float64, pl.Float64), strict=True))}
)


def compute(entries: Sequence[Entry], inputs: Inputs, chart_rules: ChartRules | None = None) -> Figures:
    """Compute every entry for every area and period.

    An entry whose needs the data do not carry has no values, only a row in `availability` with the reason.
    The same inputs give the same figures, to the last published digit and in the same order of rows.

    Parameters
    ----------
    entries : sequence of Entry
    inputs : Inputs
    chart_rules : ChartRules, optional

    Returns
    -------
    Figures

    Raises
    ------
    ValueError
        If frames contradict each other (unknown area, source without span) or an entry counts more in its
        numerator than in its denominator.
    """
    tree = AreaTree(inputs.areas)
    ordered = sorted(entries, key=lambda entry: entry.id)
    published: tuple[Counted, ...] = ()
    if not inputs.disclosure.is_exact:
        published = published_counts(ordered, inputs)
        inputs = replace(inputs, disclosure=counted_together(published, inputs))
    # Some at a time: polars and numpy let go of Python while they work, and so many entries' cells fit into memory.
    with ThreadPoolExecutor(ENTRIES_AT_ONCE) as pool:
        told = list(pool.map(lambda entry: _of_entry(entry, inputs, tree, published), ordered))
    parts = [each.figures for each in told if each.figures is not None]
    nowcasts, delays, gaps, rare, seasonal = (
        pl.concat([schema.to_frame(), *(getattr(each, name) for each in told if getattr(each, name) is not None)])
        for name, schema in (
            ("nowcasts", NOWCAST_SCHEMA),
            ("delays", DELAY_SCHEMA),
            ("gaps", pl.Schema(GAP_SCHEMA)),
            ("rare", pl.Schema(TESTED_SCHEMA)),
            ("seasonal", pl.Schema(ALARM_SCHEMA)),
        )
    )
    breaks = {each.availability[0]: each.breaks for each in told if each.figures is not None}
    series = pl.concat(
        [CHARTED.to_frame(), *(part.filter(pl.col("period_kind").is_in(CHARTED_KINDS)) for part in parts)]
    )
    limits, signals, changes = chart(
        series, seasonal, rare, inputs.as_of, chart_rules or ChartRules(), inputs.calendar, breaks
    )
    # No share exceeds the whole, whatever the moving range or the season says.
    whole = pl.col("indicator_id").replace_strict(
        {entry.id: entry.per for entry in entries if entry.kind == "proportion" or entry.interval == "cluster"},
        default=None,
        return_dtype=pl.Float64,
    )
    limits = limits.with_columns(
        pl.min_horizontal(name, whole).alias(name) for name in ("centre", "limit_low", "limit_high")
    )
    return Figures(
        # Entry by entry, each in order, so that no frame of all values is sorted or copied.
        pl.concat([pl.DataFrame(schema=VALUE_SCHEMA), *(_signalled(part, signals) for part in parts)]),
        limits.sort(*SERIES, "period_start"),
        changes,
        nowcasts.sort("indicator_id", "area_id", "period_kind", "period_start"),
        delays.sort("indicator_id", "delay_days"),
        # Where months are charted, they tell more.
        gaps.join(limits.filter(pl.col("period_kind") == "month"), on=["indicator_id", "area_id"], how="anti").sort(
            "indicator_id", "area_id", "day", "is_open"
        ),
        seasonal.sort(*SERIES),
        pl.DataFrame([each.availability for each in told], schema=AVAILABILITY_SCHEMA, orient="row"),
    )


class _Told(NamedTuple):
    """What one entry tells; frames are None where it has none of them."""

    availability: tuple[str, str, str | None, str | None]
    breaks: tuple[date, ...] = ()
    figures: pl.DataFrame | None = None
    nowcasts: pl.DataFrame | None = None
    delays: pl.DataFrame | None = None
    gaps: pl.DataFrame | None = None
    rare: pl.DataFrame | None = None
    seasonal: pl.DataFrame | None = None


def _of_entry(entry: Entry, inputs: Inputs, tree: AreaTree, published: tuple[Counted, ...]) -> _Told:
    figures, source = _figures(entry, inputs, tree, published)
    if isinstance(figures, str):
        return _Told((entry.id, "not_available", figures, None))
    fed_by = source.feed.sources["source"].to_list() if source else []
    breaks = tuple(sorted({each.start for each in inputs.breaks if each.concerns(entry.id, fed_by)}))
    geographies = ",".join(source.feed.geographies) if source else None
    told = _Told((entry.id, "available", None, geographies), breaks, figures)
    # Days of single areas are never protected, so that nothing may be told from them.
    if source is None or not inputs.disclosure.is_exact:
        return told
    nowcasts, delays = nowcast_figures(source, figures)
    by_gaps = judge_gaps(source, figures, breaks)
    return told._replace(
        nowcasts=nowcasts,
        delays=delays,
        gaps=by_gaps.charts,
        rare=by_gaps.tested,
        seasonal=judge_latest_periods(source, figures, breaks),
    )


def _signalled(part: pl.DataFrame, signals: pl.DataFrame) -> pl.DataFrame:
    """Published columns of one entry's figures, with the signals of its series."""
    of_entry = signals.join(part.select("indicator_id").head(1), on="indicator_id", how="semi")
    unsigned = part.drop("signal", *CHART_COLUMNS)
    return unsigned.join(of_entry, on=["indicator_id", *ORDER], how="left", maintain_order="left").select(*VALUE_SCHEMA)


def _figures(
    entry: Entry, inputs: Inputs, tree: AreaTree, published: tuple[Counted, ...]
) -> tuple[pl.DataFrame | str, Source | None]:
    """Figures of an entry, or the reason why it is not available; and the measure's rows that they come from."""
    if entry.kind in WITHOUT_MEASURE and entry.is_computed:
        if reasons := missing_needs(entry, inputs):
            return ";".join(reasons), None
        cells = survey_figures(entry, inputs, tree) if entry.survey else stock_figures(entry, inputs, tree)
        if isinstance(cells, str):
            return cells, None
        return ("nothing_to_count" if cells.is_empty() else _published(cells, entry, inputs)), None
    source = _source(entry, inputs, tree)
    if isinstance(source, str):
        return source, None
    source = replace(source, published=published)
    cells = FIGURES[entry.kind](source)
    if not inputs.disclosure.is_exact and entry.kind not in PROTECTED:
        cells = protect_whole(of_the_top(cells, tree), inputs.disclosure)
    return _published(cells, entry, inputs), source


def _published(cells: pl.DataFrame, entry: Entry, inputs: Inputs) -> pl.DataFrame:
    return publish(cells, entry, inputs.as_of, inputs.disclosure).cast(CHARTED).sort(ORDER)


def _source(entry: Entry, inputs: Inputs, tree: AreaTree) -> Source | str:
    """What an entry is computed from, or the reason why it is not available."""
    if entry.kind == "ratio" and entry.measure:
        return open_ratio(entry, inputs, tree)
    feed = find_feed(entry, inputs)
    if isinstance(feed, str):
        return feed
    source = open_source(feed, inputs, tree)
    return source or ";".join(f"no_records:{name}" for name in feed.sources["source"].unique().sort())
