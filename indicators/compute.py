"""The engine: catalogue entries and measures to published figures.

Belongs here: the order of steps, entry by entry. What each step does is in the module it is named for.
"""

from collections.abc import Sequence

import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.entries import Entry
from indicators.cells import Source, open_source
from indicators.charts import SERIES, ChartRules, chart
from indicators.co_handling import network_figures
from indicators.durations import duration_figures
from indicators.feeds import find_feed, missing_needs
from indicators.inputs import AVAILABILITY_SCHEMA, VALUE_SCHEMA, Figures, Inputs
from indicators.latest_month import SEASONAL_SCHEMA, judge_latest_month
from indicators.proportions import proportion_figures
from indicators.protected_cells import of_the_top, protect_whole
from indicators.rates import rate_figures
from indicators.repeats import near_repeat_figures, repeat_address_figures
from indicators.statuses import CHART_COLUMNS, publish
from indicators.stocks import stock_figures

FIGURES = {
    "rate": rate_figures,
    "weighted_rate": rate_figures,
    "proportion": proportion_figures,
    "survival_quantile": duration_figures,
    "near_repeat": near_repeat_figures,
    "repeat_addresses": repeat_address_figures,
    "network": network_figures,
}
# Kinds whose figures are computed from the counts that may be shown; of the others, the whole city's alone are.
PROTECTED = ("rate", "weighted_rate", "proportion", "survival_quantile")
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
    parts: list[pl.DataFrame] = []
    seasonal = [SEASONAL_SCHEMA.to_frame()]
    availability: list[tuple[str, str, str | None, str | None]] = []
    for entry in sorted(entries, key=lambda entry: entry.id):
        cells, source = _cells(entry, inputs, tree)
        if isinstance(cells, str):
            availability.append((entry.id, "not_available", cells, None))
            continue
        parts.append(publish(cells, entry, inputs.as_of, inputs.disclosure))
        if source is None:
            availability.append((entry.id, "available", None, None))
        else:
            # Days of single areas are never protected, so that nothing may be told from them.
            if inputs.disclosure.is_exact:
                seasonal.append(judge_latest_month(source, parts[-1]))
            availability.append((entry.id, "available", None, ",".join(source.feed.geographies)))
    values = pl.concat([CHARTED.to_frame(), *(part.cast(CHARTED) for part in parts)])
    limits, signals, changes = chart(values, pl.concat(seasonal), inputs.as_of, chart_rules or ChartRules())
    # No share exceeds the whole, whatever the moving range says.
    whole = pl.col("indicator_id").replace_strict(
        {entry.id: entry.per for entry in entries if entry.kind == "proportion"}, default=None, return_dtype=pl.Float64
    )
    limits = limits.with_columns(limit_high=pl.min_horizontal("limit_high", whole))
    return Figures(
        values.drop("signal", *CHART_COLUMNS)
        .join(signals, on=[*SERIES, "period_start"], how="left")
        .select(VALUE_SCHEMA.keys())
        .sort("indicator_id", "area_id", "period_kind", "period_start"),
        limits.sort(*SERIES, "period_start"),
        changes,
        pl.DataFrame(availability, schema=AVAILABILITY_SCHEMA, orient="row"),
    )


def _cells(entry: Entry, inputs: Inputs, tree: AreaTree) -> tuple[pl.DataFrame | str, Source | None]:
    """The cells of an entry, or the reason why it is not available; and what they come from, unless it is a stock."""
    if entry.stock is not None:
        if reasons := missing_needs(entry, inputs):
            return ";".join(reasons), None
        stocks = stock_figures(entry, inputs, tree)
        return ("nothing_to_count" if stocks.is_empty() else stocks), None
    source = _source(entry, inputs, tree)
    if isinstance(source, str):
        return source, None
    figures = FIGURES[entry.kind](source)
    if not inputs.disclosure.is_exact and entry.kind not in PROTECTED:
        figures = protect_whole(of_the_top(figures, tree), inputs.disclosure)
    return figures, source


def _source(entry: Entry, inputs: Inputs, tree: AreaTree) -> Source | str:
    """What an entry is computed from, or the reason why it is not available."""
    feed = find_feed(entry, inputs)
    if isinstance(feed, str):
        return feed
    source = open_source(feed, inputs, tree)
    return source or ";".join(f"no_records:{name}" for name in feed.sources["source"].unique().sort())
