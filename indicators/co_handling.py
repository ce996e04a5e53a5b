"""Co-handling: how agencies are linked by the cases that they have together, as figures of areas and periods.

Belongs here: from the extract of agencies' links and the measure that it rests on to figures. The statistics are in
`network`. Names of agencies end here.
"""

import numpy as np
import polars as pl

from indicators.cells import Source, count_cells
from indicators.grades import with_unusable
from indicators.network import Links, rarefied, undirected
from indicators.open_bounds import open_bounds
from indicators.unusable import PERIOD

KEY = ["area_id", *PERIOD]
ENDS = ["from_agency", "to_agency"]


def network_figures(source: Source) -> pl.DataFrame:
    """Figures of a `network` for every area and period of months.

    Agencies are all that are ever linked in the city's records. The network is rarefied to `entry.min_denominator`
    cases, where a case of three agencies is one for each of its pairs; areas with fewer have no figure. The numerator
    is the number of links that so many cases show (of a centralisation, all cases), the denominator that of cases.
    Unusable are records whose agencies are not known. Where any record of the city is in doubt, the bounds are the ends
    of what such a share can be: a case may be one of any number of agencies, and these may be ones never seen.

    Returns
    -------
    DataFrame
        The cells with value, limits, bounds, numerator, denominator, unusable, events, event_squares, the shares of
        unusable records and void_reason.
    """
    entry = source.feed.entry
    if entry.network is None:
        raise ValueError(f"indicator {entry.id} does not say which network: give it `network`")
    edges = _edges(source)
    names = pl.concat([edges[end] for end in ENDS]).unique().sort()
    cells = count_cells(source, _daily(source.feed.rows), ["records", "missing"])
    totals = edges.group_by(KEY).agg(stated=pl.col("cases").sum())
    cells = cells.join(totals, on=KEY, how="left").with_columns(pl.col("stated").fill_null(0))
    if _is_handoff(source):
        cells = cells.with_columns(missing=(pl.col("records") - pl.col("stated")).clip(lower_bound=0.0))
    numbered = edges.filter(pl.col("from_agency") != pl.col("to_agency")).with_columns(
        pl.col(end).replace_strict(names, np.arange(len(names)), return_dtype=pl.Int64) for end in ENDS
    )
    drawn = max(round(entry.min_denominator), 1)
    found = []
    for key, there in sorted(numbered.group_by(KEY), key=lambda group: group[0]):
        links = Links(there.select(ENDS).to_numpy(), there["cases"].to_numpy(), len(names), _is_handoff(source))
        if entry.network.statistic == "degree_centralisation":
            links = undirected(links)
        total = int(links.cases.sum())
        enough = total >= drawn and len(names) >= 3
        figure = rarefied(links, entry.network.statistic, drawn, entry.network.fewest_cases) if enough else None
        found.append((*key, total, *((figure.value, figure.lower, figure.upper) if figure else (None,) * 3)))
    counted = pl.DataFrame(
        found,
        schema=dict(zip(KEY, (pl.String, pl.String, pl.Date), strict=True))
        | dict.fromkeys(("denominator", "value", "lower", "upper"), pl.Float64),
        orient="row",
    )
    possible = len(names) * (len(names) - 1) / (1 if _is_handoff(source) else 2)
    shown = pl.col("value") * possible if entry.network.statistic == "density" else pl.col("denominator")
    return (
        with_unusable(entry, cells)
        .join(counted, on=KEY, how="left")
        .with_columns(denominator=pl.col("denominator").fill_null(0.0))
        .with_columns(
            numerator=shown,
            events=pl.col("denominator"),
            event_squares=pl.col("denominator"),
            void_reason=pl.coalesce("void_reason", pl.when(len(names) < 3).then(pl.lit("nothing_to_count"))),
            **open_bounds((pl.col("unusable") > 0).any(), 0.0, 1.0),
        )
    )


def _is_handoff(source: Source) -> bool:
    return str(source.feed.sources["kind"][0]) == "handoff"


def _daily(rows: pl.DataFrame) -> pl.DataFrame:
    """Records per area and day, and those of them whose agencies are not known: hand-offs do not tell by day."""
    if "opened" in rows.columns:
        records, missing = pl.col("opened"), pl.lit(0, pl.Int64)
    else:
        records, missing = pl.col("incidents"), pl.col("incidents") - pl.col("with_agency")
    return (
        rows.select("area_id", "day", records=records, missing=missing).group_by("area_id", "day").agg(pl.all().sum())
    )


def _edges(source: Source) -> pl.DataFrame:
    """Cases of every area, period and pair of agencies: KEY, ENDS, cases; sorted."""
    periods = source.coverage.days.group_by(PERIOD).agg(month=pl.col("day").dt.truncate("1mo").unique())
    months = periods.explode("month").rename({"month": "day"})
    edges = (
        source.inputs.extract(source.feed.entry.extract or "")
        .join(source.feed.sources, on=["source", "kind"], how="semi")
        .select("area_id", "day", *ENDS, pl.col("cases").cast(pl.Int64))
        .join(months, on="day")
    )
    return source.tree.roll_up(edges, [*PERIOD, *ENDS], ["cases"]).sort(*KEY, *ENDS)
