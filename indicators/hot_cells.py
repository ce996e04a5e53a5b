"""Hot cells of a grid, the share of patrol in them, and how well a choice of cells foretells where incidents happen.

Belongs here: counts by cell, the choice of hot cells, the predictive accuracy and efficiency indices. Not here: how
unevenly incidents fall on places in general (`concentration`).
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from indicators.intervals import cluster_ratio_limits, wilson_limits

CELL = ["cell_east", "cell_north"]


@dataclass(frozen=True)
class Grid:
    """Square cells; the corner of one of them is the origin of the coordinates.

    Attributes
    ----------
    side_metres : float
    cells : int
        Cells that make up the area looked at, those without any incident included.
    """

    side_metres: float
    cells: int

    def __post_init__(self) -> None:
        if not (np.isfinite(self.side_metres) and self.side_metres > 0 and self.cells >= 1):
            raise ValueError(
                f"a grid needs cells, and a side above zero, not {self.cells} of {self.side_metres} metres"
            )

    def located(self, points: pl.DataFrame) -> pl.DataFrame:
        """Points with `cell_east` and `cell_north`, the number of their cell from the origin, from `east_metres` and
        `north_metres`. A point on a border belongs to the cell east or north of it.
        """
        metres = ["east_metres", "north_metres"]
        if points.select(
            pl.any_horizontal(pl.col(metres).cast(pl.Float64).is_finite().not_().fill_null(True)).any()
        ).item():
            raise ValueError("points need finite east_metres and north_metres: leave those without coordinates out")
        cells = [
            (pl.col(m) / self.side_metres).floor().cast(pl.Int64).alias(c) for m, c in zip(metres, CELL, strict=True)
        ]
        return points.with_columns(cells)


def hot_cells(
    incidents: pl.DataFrame, start: date, grid: Grid, area_share: float = 0.05, months: int = 12
) -> pl.DataFrame:
    """Cells with most incidents in the months before a day, as many as make up a share of the area.

    Cells with equally many incidents are taken from south to north, then from west to east.

    Parameters
    ----------
    incidents : DataFrame
        `day`, `east_metres`, `north_metres`, one row per incident. For patrol to be judged by them they must be
        those that the public reported: patrol finds incidents where it goes.
    start : date
        Incidents from `months` before it to the day before it count.
    grid : Grid
    area_share : float
        Between 0 and 1; at least one cell is taken.
    months : int

    Returns
    -------
    DataFrame
        `cell_east`, `cell_north`, `incidents`, `is_tied` (a cell with as many incidents was left out): hottest first,
        fewer than asked for where fewer cells have an incident.
    """
    if not 0 < area_share <= 1:
        raise ValueError(f"area_share must lie above 0 and not above 1, not {area_share}")
    wanted = max(1, int(np.floor(area_share * grid.cells + 1e-9)))
    first = pl.lit(start).dt.offset_by(f"-{months}mo")
    counted = (
        grid.located(incidents.filter((pl.col("day") >= first) & (pl.col("day") < start)))
        .group_by(CELL)
        .agg(incidents=pl.len().cast(pl.Int64))
        .sort(pl.col("incidents"), "cell_north", "cell_east", descending=[True, False, False])
    )
    if counted.height > grid.cells:
        raise ValueError(f"incidents lie in {counted.height} cells, more than the {grid.cells} of the grid")
    next_best = counted["incidents"][wanted] if counted.height > wanted else None
    return counted.head(wanted).with_columns(
        is_tied=pl.lit(False) if next_best is None else pl.col("incidents") == next_best
    )


def patrol_in_hot_cells(
    patrols: pl.DataFrame, hot: pl.DataFrame, grid: Grid, confidence: float = 0.95
) -> dict[str, float | None]:
    """Share of the patrol minutes that were spent in hot cells.

    Limits are those of a ratio of sums over days: patrols of one day hang together. Student's t on days - 1.

    Parameters
    ----------
    patrols : DataFrame
        `day`, `east_metres`, `north_metres`, `minutes`, one row per patrol with coordinates, of the period.
    hot : DataFrame
        As `hot_cells` gives them, for the start of that period.
    grid : Grid
        The one that the hot cells are of.
    confidence : float
        Between 0 and 1.

    Returns
    -------
    dict
        `hot_minutes`, `minutes`, `share`, `lower`, `upper`, shares between 0 and 1. `share` is None without patrol,
        its limits with fewer than two days, or where days do not differ.

    References
    ----------
    Cochran (1977), Sampling Techniques, 3rd ed., sec. 6.4 and ch. 9.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, not {confidence}")
    if patrols.select((pl.col("minutes").is_null() | ~(pl.col("minutes") >= 0)).any()).item():
        raise ValueError("patrol minutes must be known and not negative")
    daily = (
        grid.located(patrols)
        .join(hot.select(*CELL, is_hot=pl.lit(True)), on=CELL, how="left")
        .group_by("day")
        .agg(
            hot_minutes=pl.col("minutes").filter(pl.col("is_hot").fill_null(False)).sum().cast(pl.Float64),
            minutes=pl.col("minutes").sum().cast(pl.Float64),
        )
        # Floats are summed in one order.
        .sort("day")
    )
    inside, whole = daily["hot_minutes"].to_numpy(), daily["minutes"].to_numpy()
    found: dict[str, float | None] = {"hot_minutes": float(inside.sum()), "minutes": float(whole.sum())}
    found |= {"share": None, "lower": None, "upper": None}
    if not whole.sum() > 0:
        return found
    found["share"] = float(inside.sum() / whole.sum())
    squares = (inside @ inside, inside @ whole, whole @ whole)
    lower, upper = cluster_ratio_limits(inside.sum(), whole.sum(), squares, len(whole), confidence)
    if np.isfinite(lower):
        found |= {"lower": float(lower), "upper": float(upper)}
    return found


def prediction_accuracy(cells: pl.DataFrame, confidence: float = 0.95) -> pl.DataFrame:
    """Predictive accuracy and efficiency of taking cells in the order of a prediction, for every number of cells.

    PAI is the share of the incidents in the cells taken ÷ their share of the area: 1 for all cells, and for cells
    taken blindly on average. PEI is that PAI ÷ the best that cells of the same area would have had; where areas
    differ, the best may take a part of a cell. Equal predictions are taken from south to north, then west to east.

    Parameters
    ----------
    cells : DataFrame
        `cell_east`, `cell_north` (once each), `observed` (incidents after the prediction was made), `predicted`
        (anything that puts them in order), `area` (above zero, in any unit; or metres of street).
    confidence : float
        Of Wilson's limits of the share of the incidents, carried over to PAI; incidents of one series hang together,
        so that they are too narrow where there are many.

    Returns
    -------
    DataFrame
        `cell_east`, `cell_north`, `area_share`, `event_share`, `pai`, `pai_lower`, `pai_upper`, `pei`, `rri` (what was
        predicted ÷ what was observed, of use where predictions are numbers of incidents; null where nothing was): one
        row per cell, figures for it and all before it. All but the areas are null without incidents.

    References
    ----------
    Chainey, Tompson & Uhlig (2008), Security Journal 21:4-28 (PAI); Hunt (2016), Do crime hot spots move? (PEI).
    """
    if cells.select(CELL).is_duplicated().any():
        raise ValueError("each cell must be given once")
    numbers = cells.select(pl.col("observed", "predicted", "area").cast(pl.Float64)).to_numpy()
    if not np.all(np.isfinite(numbers)) or np.any(numbers[:, 0] < 0) or np.any(numbers[:, 2] <= 0):
        raise ValueError("cells need finite figures: observed not negative, area above zero")
    taken = cells.sort("predicted", "cell_north", "cell_east", descending=[True, False, False])
    observed, area, predicted = (taken[c].cast(pl.Float64).to_numpy() for c in ("observed", "area", "predicted"))
    events = float(observed.sum())
    if not events > 0:
        names = ["event_share", "pai", "pai_lower", "pai_upper", "pei", "rri"]
        shares = taken.select(*CELL, area_share=pl.col("area").cum_sum() / pl.col("area").sum())
        return shares.with_columns(pl.lit(None, pl.Float64).alias(name) for name in names)
    area_share = np.cumsum(area) / area.sum()
    captured = np.cumsum(observed)
    best = np.argsort(-observed / area, kind="stable")
    most = np.interp(np.cumsum(area), np.append(0.0, np.cumsum(area[best])), np.append(0.0, np.cumsum(observed[best])))
    lower, upper = wilson_limits(np.minimum(captured, events), np.full(len(area), events), confidence)
    figures = taken.select(
        *CELL,
        area_share=pl.Series(area_share),
        event_share=pl.Series(captured / events),
        pai=pl.Series(captured / events / area_share),
        pai_lower=pl.Series(lower / area_share),
        pai_upper=pl.Series(upper / area_share),
        # Sums in another order differ in their last digit.
        pei=pl.Series(np.minimum(captured / most, 1.0)),
        rri=pl.Series(np.divide(np.cumsum(predicted), captured, out=np.full(len(area), np.nan), where=captured > 0)),
    )
    return figures.with_columns(pl.col("rri").fill_nan(None))
