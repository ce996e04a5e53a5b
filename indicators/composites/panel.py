"""Published figures of one level of areas and one kind of period, as arrays.

Belongs here: which figures an index reads, and what fills a gap. Only what is published is read, so what was
suppressed or withheld is as unknown to the index as to its readers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.catalogue.entries import Entry
from indicators.composites.impute import impute_centre, impute_panel
from indicators.composites.rules import Component, Imputation, IndexRules
from indicators.intervals import Floats

USED = ("final", "provisional", "stale")
"""Statuses of figures that an index takes, from the surest down."""
FIGURES = ("value", "lower", "upper", "bound_low", "bound_high")


@dataclass(frozen=True)
class Panel:
    """Figures by period, area and component.

    Attributes
    ----------
    area_level, period_kind : str
    periods : list of date
        In order.
    area_ids : list of str
        Sorted.
    components : list of Component
        Those of which the level has any figure.
    value, lower, upper, bound_low, bound_high : array of float
        Periods by areas by components. A limit is NaN where the figure is exact; one that could not be estimated is
        the goalpost on that side.
    maturing : array of bool
        What is left out because it has yet to settle.
    gaps : array of bool
        What may be filled: not what is withheld or has yet to settle.
    imputed : array of bool
        What was filled.
    peers : array of str
        Peer group of each area, empty where it has none.
    standing : array of int
        Place in `USED` of each figure's status.
    """

    area_level: str
    period_kind: str
    periods: list[date]
    area_ids: list[str]
    components: list[Component]
    value: Floats
    lower: Floats
    upper: Floats
    bound_low: Floats
    bound_high: Floats
    maturing: npt.NDArray[np.bool_]
    gaps: npt.NDArray[np.bool_]
    imputed: npt.NDArray[np.bool_]
    peers: npt.NDArray[np.str_]
    standing: npt.NDArray[np.int64]


def panels(
    values: pl.DataFrame, entries: Sequence[Entry], parts: Sequence[Component], areas: pl.DataFrame, rules: IndexRules
) -> Iterator[Panel]:
    """Arrange the published figures, one panel per level and kind of period, sorted.

    Parameters
    ----------
    values : DataFrame
        `indicator_values` as published.
    entries : sequence of Entry
    parts : sequence of Component
    areas : DataFrame
        area_id, is_unallocated, peer_group.
    rules : IndexRules
    """
    read = _read(values, entries, parts, rules).join(
        areas.filter(~pl.col("is_unallocated")).select("area_id", "peer_group"), on="area_id"
    )
    for (kind, level), rows in read.sort("period_kind", "area_level", "area_id").group_by(
        "period_kind", "area_level", maintain_order=True
    ):
        starts = rows["period_start"].unique().sort()[-rules.periods[str(kind)] :]
        kept = rows.filter(pl.col("period_start").is_in(starts.implode()))
        have = set(kept.filter(pl.col("is_used") | pl.col("is_maturing"))["indicator_id"])
        carried = [part for part in parts if part.indicator_id in have]
        if carried:
            yield _panel(kept, str(kind), str(level), carried, entries, rules.impute)


def _read(
    values: pl.DataFrame, entries: Sequence[Entry], parts: Sequence[Component], rules: IndexRules
) -> pl.DataFrame:
    """Rows of the components; a year's figure of what is told for rolling twelve months alone is that of its window."""
    ids = [part.indicator_id for part in parts]
    rolling = [
        entry.id
        for entry in entries
        if entry.id in ids and "rolling_12m" in entry.period_kinds and "year" not in entry.period_kinds
    ]
    slow = [entry.id for entry in entries if entry.maturity_days > rules.settling_days]
    of_year = (
        pl.col("indicator_id").is_in(rolling)
        & (pl.col("period_kind") == "rolling_12m")
        & (pl.col("period_start").dt.ordinal_day() == 1)
    )
    return (
        values.filter(pl.col("indicator_id").is_in(ids))
        .with_columns(period_kind=pl.when(of_year).then(pl.lit("year")).otherwise("period_kind"))
        .filter(pl.col("period_kind").is_in([*rules.periods]))
        .with_columns(
            is_used=pl.col("status").is_in(USED) & pl.col("value").is_not_null(),
            is_maturing=(pl.col("status") == "provisional") & pl.col("indicator_id").is_in(slow),
        )
        .with_columns(is_used=pl.col("is_used") & ~pl.col("is_maturing"))
    )


def _panel(
    rows: pl.DataFrame, kind: str, level: str, carried: list[Component], entries: Sequence[Entry], impute: Imputation
) -> Panel:
    periods, area_ids = rows["period_start"].unique().sort().to_list(), rows["area_id"].unique().sort().to_list()
    shape = (len(periods), len(area_ids), len(carried))
    used, where = _placed(rows.filter("is_used"), periods, area_ids, carried)
    figures = {name: np.full(shape, np.nan) for name in FIGURES}
    for name, array in figures.items():
        array[where] = used[name].cast(pl.Float64).to_numpy()
    standing = np.zeros(shape, dtype=np.int64)
    standing[where] = used["status"].replace_strict({name: at for at, name in enumerate(USED)}).to_numpy()
    exact = {entry.id for entry in entries if entry.interval == "none"}
    for at, part in enumerate(carried):
        if part.indicator_id not in exact:
            there = ~np.isnan(figures["value"][:, :, at])
            for name, end in (("lower", part.low), ("upper", part.high)):
                limit = figures[name][:, :, at]
                limit[there & np.isnan(limit)] = end
    is_gap = np.isnan(figures["value"])
    # Only what is said not to be available is a gap; anything else without a figure is hidden from readers.
    hidden = ~pl.col("is_used") & (pl.col("status") != "not_available")
    _, where = _placed(rows.filter(hidden), periods, area_ids, carried)
    is_gap[where] = False
    maturing = np.zeros(shape, dtype=np.bool_)
    _, where = _placed(rows.filter("is_maturing"), periods, area_ids, carried)
    maturing[where] = True
    peers = rows.group_by("area_id").agg(pl.col("peer_group").first().fill_null("")).sort("area_id")
    groups = np.array(peers["peer_group"].to_list(), dtype=np.str_)
    imputed = _fill(figures, is_gap, impute, groups)
    return Panel(
        level,
        kind,
        periods,
        area_ids,
        carried,
        **figures,
        maturing=maturing,
        gaps=is_gap,
        imputed=imputed,
        peers=groups,
        standing=standing,
    )


def _placed(
    rows: pl.DataFrame, periods: list[date], area_ids: list[str], carried: list[Component]
) -> tuple[pl.DataFrame, tuple[npt.NDArray[np.int64], ...]]:
    """Rows of the components carried, and their places in the arrays."""
    names = [part.indicator_id for part in carried]
    kept = rows.filter(pl.col("indicator_id").is_in(names))
    places = [
        np.asarray(kept[column].replace_strict({key: at for at, key in enumerate(keys)}, return_dtype=pl.Int64))
        for column, keys in (("period_start", periods), ("area_id", area_ids), ("indicator_id", names))
    ]
    return kept, tuple(places)


def _fill(
    figures: dict[str, Floats], is_gap: npt.NDArray[np.bool_], impute: Imputation, peers: npt.NDArray[np.str_]
) -> npt.NDArray[np.bool_]:
    """Fill gaps in place; what a filled figure could be is as wide as what it was taken from."""
    imputed = np.zeros(is_gap.shape, dtype=bool)
    if impute == "none":
        return imputed
    count = len(is_gap)
    if impute == "previous":
        flat = is_gap.reshape(count, -1)
        _, filled = impute_panel(figures["value"].reshape(count, -1), flat)
        imputed = filled.reshape(is_gap.shape)
        for name, array in figures.items():
            figures[name] = impute_panel(array.reshape(count, -1), filled)[0].reshape(array.shape)
        return imputed
    groups = peers if impute == "peer_mean" else None
    for at in range(count):
        given = figures["value"][at]
        figures["value"][at], imputed[at] = impute_centre(
            given, is_gap[at], "median" if impute == "median" else "mean", groups
        )
        with np.errstate(invalid="ignore"):
            low, high = (np.broadcast_to(of(given, axis=0), given.shape) for of in (np.fmin.reduce, np.fmax.reduce))
        for name in FIGURES[1:]:
            end = low if name in ("lower", "bound_low") else high
            figures[name][at][imputed[at]] = end[imputed[at]]
    return imputed
