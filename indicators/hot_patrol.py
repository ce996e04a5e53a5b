"""Hot cells month by month: the share of patrol in them, and how well they foretell where incidents are reported.

Belongs here: from the extracts of points to figures of areas and periods. Which cells are hot is in `hot_cells`. Points
end here.
"""

from dataclasses import replace

import numpy as np
import polars as pl

from indicators.catalogue.entries import Entry
from indicators.catalogue.measures import AREA, EXTRACTS
from indicators.catalogue.parts import Stock
from indicators.cells import Source, count_cells
from indicators.feeds import sources_beside
from indicators.grades import with_unusable
from indicators.hot_cells import CELL, Grid, hot_cells
from indicators.inputs import Inputs
from indicators.intervals import Floats, wilson_limits
from indicators.open_bounds import open_bounds
from indicators.plane import east_north
from indicators.proportions import share_figures
from indicators.stocks import stocks_on
from indicators.unusable import PERIOD

KEY = ["area_id", *PERIOD]
GEOCENTRIC = ["x_metres", "y_metres", "z_metres"]
HISTORY_MONTHS = 12
# The grid stays where it is while the middle of the incidents moves by less.
ANCHOR_METRES = 10_000.0


def hot_cell_figures(source: Source) -> pl.DataFrame:
    """Figures of `hot_cells` for every area and period of months.

    Cells are hot in the whole city, by publicly reported incidents of the twelve months before each month; a quarter or
    a year is the sum of its months. Of patrols the figure is the share of the time, with the day as cluster; unusable
    are patrols without a valid point or a usable duration. Of incidents it is the predictive accuracy index, for the
    whole city: incidents reported in hot cells as multiples of what there would be, were they spread evenly, with
    Wilson's limits of their share. Months with less than twelve months of incidents before them are left out.

    Bounds: any one incident may make a cell hot, and with it all patrol there. So they hold for patrols in doubt alone;
    where any incident of these sources is in doubt, whenever it happened, they are the ends of what the figure can be.

    Returns
    -------
    DataFrame
        Cells as `statuses.publish` takes them.

    References
    ----------
    Chainey, Tompson & Uhlig (2008), Security Journal 21:4-28 (predictive accuracy index).
    """
    entry = source.feed.entry
    if entry.hot is None:
        raise ValueError(f"indicator {entry.id} does not say which cells are hot: give it `hot`")
    is_patrol = str(source.feed.sources["kind"][0]) == "patrol"
    reporting = sources_beside(entry, source.inputs) if is_patrol else source.feed.sources.select("source")
    incidents = (
        source.inputs.extract(entry.extract or "")
        .join(reporting, on="source", how="semi")
        .filter(pl.col("found_by").is_in(entry.hot.reported_by))
    )
    covered = _with_history(source, reporting)
    judged = replace(source, coverage=source.coverage.only(covered))
    grid, incidents, centre = _grid(source, incidents)
    hot = _hot(judged, incidents, grid)
    if not is_patrol:
        return _accuracy(judged, incidents, hot, grid, reporting)
    beside = EXTRACTS[entry.kind].beside
    patrols = _placed(
        source.inputs.extract(beside[0] if beside else "").join(source.feed.sources, on="source", how="semi"), centre
    )
    seconds, is_hot = pl.col("patrol_seconds").cast(pl.Int64), pl.col("is_hot").fill_null(False)
    located = (
        _marked(patrols, hot, grid)
        .group_by("area_id", "day")
        .agg(
            numerator=seconds.filter(is_hot).sum(),
            denominator=seconds.sum(),
            records=pl.col("patrols").cast(pl.Int64).sum(),
        )
    )
    counted = ["numerator", "denominator", "records"]
    daily = (
        source.feed.rows.group_by("area_id", "day")
        .agg(patrols=pl.col("patrols").sum())
        .join(located, on=["area_id", "day"], how="left")
        .with_columns(pl.col(counted).fill_null(0))
        .select("area_id", "day", *counted, missing=pl.col("patrols") - pl.col("records"))
    )
    cells = share_figures(judged, daily)
    if _any_in_doubt(entry, source.inputs, reporting):
        return cells.with_columns(**open_bounds(pl.lit(True), 0.0, entry.per))
    return cells


def _accuracy(
    source: Source, incidents: pl.DataFrame, hot: pl.DataFrame, grid: Grid, reporting: pl.DataFrame
) -> pl.DataFrame:
    """Incidents reported in hot cells against so many as their share of the city's area would have."""
    daily = source.feed.rows.group_by("area_id", "day").agg(
        records=pl.col("incidents").sum(), missing=(pl.col("incidents") - pl.col("with_point")).sum()
    )
    cells = with_unusable(source.feed.entry, count_cells(source, daily, ["records", "missing"]))
    whole = source.tree.areas.filter(pl.col("parent_id").is_null()).select("area_id")
    area = hot.group_by("month").agg(share=pl.len() / grid.cells)
    number = pl.col("incidents").cast(pl.Int64)
    found = (
        _marked(incidents, hot, grid)
        .join(area, on="month")
        .join(source.coverage.days, on="day")
        .join(source.tree.lineage, on="area_id")
        .group_by(pl.col("ancestor_id").alias("area_id"), *PERIOD, "month")
        .agg(
            inside=number.filter(pl.col("is_hot").fill_null(False)).sum(),
            number=number.sum(),
            share=pl.col("share").first(),
        )
        .sort(*KEY, "month")
        .group_by(KEY, maintain_order=True)
        .agg(
            numerator=pl.col("inside").sum().cast(pl.Float64),
            number=pl.col("number").sum().cast(pl.Float64),
            denominator=(pl.col("number") * pl.col("share")).sum(),
        )
    )
    lower, upper = wilson_limits(found["numerator"].to_numpy(), found["number"].to_numpy())
    times = found["number"].to_numpy() / found["denominator"].to_numpy()
    found = found.with_columns(lower=pl.Series(lower * times), upper=pl.Series(upper * times))
    return (
        cells.join(whole, on="area_id", how="semi")
        .join(found, on=KEY, how="left")
        .with_columns(pl.col("numerator", "denominator").fill_null(0.0))
        .with_columns(
            value=pl.when(pl.col("denominator") > 0).then(pl.col("numerator") / pl.col("denominator")),
            events=pl.col("numerator"),
            event_squares=pl.col("numerator"),
        )
        .with_columns(**open_bounds(pl.lit(_any_in_doubt(source.feed.entry, source.inputs, reporting)), 0.0, None))
    )


def _any_in_doubt(entry: Entry, inputs: Inputs, reporting: pl.DataFrame) -> bool:
    """Whether any incident of the sources may belong in another cell, in none, or not at all."""
    fields = [*entry.unusable.unreadable, "found_by"]
    doubtful = inputs.doubtful.join(reporting, on="source", how="semi").filter(
        (pl.col("kind") == "incident") & (pl.col("field").is_null() | pl.col("field").is_in(fields))
    )
    basis = inputs.measure("msr_incident_basis_day").join(reporting, on="source", how="semi")
    finders = inputs.extract(entry.extract or "").join(reporting, on="source", how="semi")["found_by"]
    unplaced = (basis["incidents"] > basis["with_point"]).any()
    return not doubtful.is_empty() or unplaced or finders.null_count() > 0


def _with_history(source: Source, reporting: pl.DataFrame) -> pl.DataFrame:
    """Covered days of months before which the incidents' sources together cover twelve months: `day`."""
    spans = source.inputs.spans.filter(kind="incident").join(reporting, on="source", how="semi")
    # Silence shorter than the source's patience is no gap: spans bridge it.
    known = (
        spans.select(day=pl.date_ranges("first_day", "last_day"))
        .explode("day")
        .unique()
        .sort("day")
        .with_row_index("before")
    )
    days = source.coverage.days.select("day").unique().with_columns(month=pl.col("day").dt.truncate("1mo"))
    months = (
        days.select("month")
        .unique()
        .sort("month")
        .with_columns(
            start=pl.col("month").dt.offset_by(f"-{HISTORY_MONTHS}mo"), last=pl.col("month").dt.offset_by("-1d")
        )
    )
    asked = months.with_columns(wanted=(pl.col("month") - pl.col("start")).dt.total_days())
    ends = asked.join(known.rename({"day": "start", "before": "first"}), on="start").join(
        known.rename({"day": "last", "before": "end"}), on="last"
    )
    whole = ends.filter(pl.col("end").cast(pl.Int64) - pl.col("first").cast(pl.Int64) + 1 == pl.col("wanted"))
    return days.join(whole, on="month", how="semi").select("day")


def _grid(source: Source, incidents: pl.DataFrame) -> tuple[Grid, pl.DataFrame, Floats]:
    """The grid over the city, the incidents on its plane, and where that touches the Earth."""
    entry = source.feed.entry
    side = entry.hot.side_metres if entry.hot else 0.0
    today = pl.DataFrame({"day": [source.inputs.as_of]})
    areas = stocks_on(today, source.inputs.profile, Stock(numerator=AREA, denominator=AREA), source.tree)
    top = source.tree.areas.filter(pl.col("parent_id").is_null())["area_id"]
    km2 = areas.filter(pl.col("area_id").is_in(top.implode()))["numerator"].cast(pl.Float64).sum()
    places = incidents.select(GEOCENTRIC).cast(pl.Float64).to_numpy()
    middle = places.mean(axis=0) if len(places) else np.array([ANCHOR_METRES, 0.0, 0.0])
    centre = np.round(middle / ANCHOR_METRES) * ANCHOR_METRES
    placed = _placed(incidents, centre)
    taken = Grid(side, 1).located(placed).select(CELL).unique().height
    # Where no area is known whole, or is told too small, no cell with an incident may be missing.
    return Grid(side, max(round(float(km2) * 1e6 / side**2), taken, 1)), placed, centre


def _placed(points: pl.DataFrame, centre: Floats) -> pl.DataFrame:
    plane = east_north(points.select(GEOCENTRIC).cast(pl.Float64).to_numpy(), centre)
    return points.with_columns(east_metres=pl.Series(plane[:, 0]), north_metres=pl.Series(plane[:, 1]))


def _hot(source: Source, incidents: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """Hot cells of every covered month: month, `CELL`."""
    share = source.feed.entry.hot.area_share if source.feed.entry.hot else 0.0
    single = incidents.select("day", "east_metres", "north_metres", pl.col("incidents").cast(pl.Int64))
    each = single.with_columns(pl.int_ranges("incidents").alias("incidents")).explode("incidents")
    months = source.coverage.days["day"].dt.truncate("1mo").unique().sort()
    found = [hot_cells(each, month, grid, share, HISTORY_MONTHS).select(*CELL, month=pl.lit(month)) for month in months]
    return pl.concat([pl.DataFrame(schema={**dict.fromkeys(CELL, pl.Int64), "month": pl.Date}), *found])


def _marked(points: pl.DataFrame, hot: pl.DataFrame, grid: Grid) -> pl.DataFrame:
    """Points with `month`, and `is_hot` where their cell is hot in it."""
    return (
        grid.located(points)
        .with_columns(month=pl.col("day").dt.truncate("1mo"))
        .join(hot.with_columns(is_hot=pl.lit(True)), on=["month", *CELL], how="left")
    )
