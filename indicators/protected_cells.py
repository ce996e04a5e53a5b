"""Cells under disclosure control: an indicator's counts, of areas and of periods, as they may be shown.

Belongs here: which cells are published, sums over periods, how what is unusable is rounded. How counts of areas hang
together is in `protection`, what one count may be shown as in `disclosure`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.entries import Entry
from indicators.disclosure import Disclosure, Shown
from indicators.families import Family, families
from indicators.inputs import Inputs
from indicators.periods import period_start
from indicators.protection import WIDEST_SHARE, Known
from indicators.tellings import Series, Tellings
from indicators.unusable import PERIOD

# Kinds of periods that are published under protection, and what each can be added up from.
PARTS: dict[str, tuple[str, ...]] = {
    "month": (),
    "quarter": ("month",),
    "year": ("quarter", "month"),
    "rolling_12m": ("month",),
}
# What is counted of unusable records, beside what lies elsewhere.
DOUBTS = ("missing", "refused", "contested", "located")


def protect_counts(
    cells: pl.DataFrame,
    columns: list[str],
    tree: AreaTree,
    disclosure: Disclosure,
    indicator: str,
    tellings: Tellings | None = None,
    atoms: Mapping[str, Mapping[str, str]] | None = None,
    whole_of: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Counts of cells as they may be shown, and only those cells that may be.

    Parameters
    ----------
    cells : DataFrame
        area_id, period_kind, period_start and `columns`: counts that add up over areas and days, in records. What is
        counted in parts of a record is taken to the nearest whole one, and at least one.
    columns : list of str
    tree : AreaTree
    disclosure : Disclosure
    indicator : str
    tellings : Tellings, optional
        What earlier releases told; notes what this one is to tell.
    atoms : mapping of str to mapping of str to str, optional
        Of a column that has several atoms, their names and the columns that count them.
    whole_of : mapping of str to str, optional
        Of a column that counts a part of another, that other one; it comes first in `columns`.

    Returns
    -------
    DataFrame
        The cells of publishable periods and levels, in their order, with the `columns` as shown, `<column>_least` and
        `<column>_most`, and `is_withheld` (any of the columns).
    """
    hidden = disclosure.hidden_levels.get(indicator, frozenset())
    asked = disclosure.finest_of.get(indicator, disclosure.finest)
    kinds = _publishable(cells, asked)
    by, hidden_from_all = disclosure.counted_by.get(indicator, (asked, hidden))
    finest = next(iter(_publishable(cells, by)), by)
    apart = tree.areas.filter(pl.col("area_level").is_in(list(hidden))).select("area_id")
    told = cells.with_row_index("_row").filter(pl.col("period_kind").is_in(kinds)).join(apart, on="area_id", how="anti")
    if told.is_empty():
        names = [name for c in columns for name in (f"{c}_least", f"{c}_most")]
        empty = told.clear().drop("_row")
        return empty.with_columns(
            *(pl.lit(None, pl.Int64).alias(name) for name in names), is_withheld=pl.lit(None, pl.Boolean)
        )
    # Cells of every area, those hidden too: a parent adds them up.
    whole = cells.filter(period_kind=finest)
    areas, starts = whole["area_id"].unique().sort(), whole["period_start"].unique().sort()
    grid = areas.to_frame().join(starts.to_frame(), how="cross").join(whole, on=["area_id", "period_start"], how="left")
    among = families(tree, areas.to_list(), hidden_from_all)
    protecting = _Protecting(grid, among, disclosure, indicator, finest, tellings or Tellings())
    shown, found = grid.select("area_id", "period_start"), dict[str, Shown]()
    for column in columns:
        of_whole = (whole_of or {}).get(column)
        pieces = (atoms or {}).get(column) or {"": column}
        found[column], bounded = protecting.column(column, pieces, found[of_whole] if of_whole else None)
        shown = shown.with_columns(bounded)
    longer = (_summed(shown, columns, kind) for kind in kinds if kind != finest)
    counted = pl.concat([shown.with_columns(period_kind=pl.lit(finest)), *longer], how="diagonal")
    return (
        told.drop(columns)
        .join(counted, on=["area_id", *PERIOD], how="left")
        .sort("_row")
        .with_columns(is_withheld=pl.any_horizontal(f"{c}_withheld" for c in columns).fill_null(True))
        .drop("_row", *(f"{c}_withheld" for c in columns))
    )


def _publishable(cells: pl.DataFrame, asked: str) -> list[str]:
    """The kinds of periods of cells that are published if none shorter than `asked` is, the shortest first."""
    there = set(cells["period_kind"].unique())
    finest = next((kind for kind in PARTS if kind in there and (kind == asked or asked in PARTS[kind])), asked)
    return [kind for kind, parts in PARTS.items() if kind in there and (kind == finest or finest in parts)]


@dataclass(frozen=True)
class _Protecting:
    """The cells of the shortest periods, laid out by area and period, and what they are shown by."""

    grid: pl.DataFrame
    among: list[Family]
    disclosure: Disclosure
    indicator: str
    finest: str
    tellings: Tellings

    def column(self, column: str, pieces: Mapping[str, str], whole: Shown | None) -> tuple[Shown, list[pl.Series]]:
        """Show a column as the sum of its pieces; with it, its values, their least and most and which are withheld."""
        keys = self.grid.select("area_id", "period_start")
        known = Known.of(whole, self.among) if whole else None
        shape = (keys["area_id"].n_unique(), keys["period_start"].n_unique())
        shown, is_whole = [], True
        for atom, counting in pieces.items():
            counts = self.grid[counting].fill_null(0).cast(pl.Float64).to_numpy()
            whole_counts = np.where(counts > 0, np.maximum(np.rint(counts), 1), 0).astype(np.int64)
            is_whole &= not np.any(counts != whole_counts)
            series = Series(self.indicator, f"{column}: {atom}" if atom else column, self.finest)
            laid_out = whole_counts.reshape(shape)
            shown.append(self.tellings.protect(series, laid_out, keys, self.among, self.disclosure, known))
        protected = added_up(shown, self.among)
        # What was taken to the nearest whole one may be less by up to one, more by up to a half.
        less, more = (0.0, 0.0) if is_whole else (1.0 * len(shown), 0.5 * len(shown))
        is_withheld = protected.is_withheld
        if len(shown) > 1:
            is_withheld = is_withheld & ((protected.high - protected.low) / 2 > WIDEST_SHARE * protected.value)
        return protected, [
            pl.Series(column, protected.value.ravel()),
            pl.Series(f"{column}_least", np.maximum(protected.low.ravel() - less, 0)),
            pl.Series(f"{column}_most", protected.high.ravel() + more),
            pl.Series(f"{column}_withheld", is_withheld.ravel()),
        ]


def _summed(shown: pl.DataFrame, columns: list[str], kind: str) -> pl.DataFrame:
    """What is shown of longer periods; withheld where that could be much more or much less."""
    if kind == "rolling_12m":
        windows = pl.DataFrame({"back": range(12)})
        parts = shown.join(windows, how="cross").with_columns(
            pl.col("period_start").dt.offset_by(pl.format("-{}mo", "back"))
        )
    else:
        parts = shown.with_columns(period_start(pl.col("period_start"), kind, 1))
    half = {c: (pl.col(f"{c}_most") - pl.col(f"{c}_least")) / 2 for c in columns}
    return (
        parts.group_by("area_id", "period_start")
        .agg(pl.col(name).sum() for c in columns for name in (c, f"{c}_least", f"{c}_most"))
        .with_columns(
            *((half[c] > WIDEST_SHARE * pl.col(c)).alias(f"{c}_withheld") for c in columns),
            period_kind=pl.lit(kind),
        )
    )


def protect_cells(
    cells: pl.DataFrame,
    entry: Entry,
    tree: AreaTree,
    inputs: Inputs,
    counts: Mapping[str, float],
    atoms: Mapping[str, Mapping[str, str]] | None = None,
    whole_of: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Cells of an indicator with the counts that may be shown in place of those there are.

    Parameters
    ----------
    cells : DataFrame
        With `counts` and what is unusable.
    entry : Entry
    tree : AreaTree
    inputs : Inputs
        Whose disclosure and tellings hold.
    counts : mapping of str to float
        The columns that are counts of records, and in how many of their units one record counts.
    atoms, whole_of : mapping, optional
        As `protect_counts` takes them.

    Returns
    -------
    DataFrame
        With an exact profile the same cells. Else as `protect_counts` gives them, in the columns' units; what is
        unusable is rounded up, so that no bound gets narrower.
    """
    disclosure = inputs.disclosure
    if disclosure.is_exact:
        return cells
    split = {name: counts[column] for column, named in (atoms or {}).items() for name in named.values()}
    scaled = cells.with_columns(pl.col(column) / unit for column, unit in {**counts, **split}.items())
    shown = protect_counts(scaled, list(counts), tree, disclosure, entry.id, inputs.tellings, atoms, whole_of)
    shown = shown.drop(*split, *(f"{name}_elsewhere" for name in split))
    shown = shown.with_columns(
        (pl.col(f"{column}{end}") * unit) for column, unit in counts.items() for end in ("", "_least", "_most")
    )
    doubts = dict.fromkeys(DOUBTS, 1.0)
    for column in shown.columns:
        if column.endswith(("_elsewhere", "_everywhere")):
            is_counted_in_units = column.startswith(("numerator", "denominator", "failures"))
            doubts[column] = entry.scale if is_counted_in_units else 1.0
    return _at_most(shown, disclosure, doubts)


def _at_most(cells: pl.DataFrame, disclosure: Disclosure, doubts: Mapping[str, float]) -> pl.DataFrame:
    """Cells with the most that amounts of doubt may be, by their columns and what one record counts there."""
    return cells.with_columns(
        pl.Series(name, disclosure.show(np.ceil(cells[name].cast(pl.Float64).to_numpy() / unit)).high * unit)
        for name, unit in doubts.items()
        if name in cells.columns
    )


def least_and_most(cells: pl.DataFrame, column: str) -> tuple[pl.Expr, pl.Expr]:
    """How much lower and how much higher than shown a count may be, in its units; not negative."""
    if f"{column}_least" not in cells.columns:
        return pl.lit(0.0), pl.lit(0.0)
    below, above = pl.col(column) - pl.col(f"{column}_least"), pl.col(f"{column}_most") - pl.col(column)
    return below.cast(pl.Float64), above.cast(pl.Float64)


def of_the_top(cells: pl.DataFrame, tree: AreaTree) -> pl.DataFrame:
    """Cells of the areas that lie in no other, by the month and longer: for what protected counts cannot tell."""
    tops = tree.areas.filter(pl.col("parent_id").is_null()).select("area_id")
    long = cells.filter(pl.col("period_kind").is_in(list(PARTS)))
    return long.join(tops, on="area_id", how="semi", maintain_order="left")


def protect_weighted(
    cells: pl.DataFrame, entry: Entry, tree: AreaTree, inputs: Inputs, weights: Mapping[str, int]
) -> pl.DataFrame:
    """Weighted sums of the whole city: of what is shown of the records of each category, with `is_withheld`.

    Withheld where a sum could be much more or much less, which that of a few grave records can, and where the profile
    knows dominance and a grave record or two may be most of it: so is a longer period that holds such a month.

    Parameters
    ----------
    cells : DataFrame
        With records, numerator (sum of weights) and squares (of their squares), both in the entry's units.
    entry : Entry
    tree : AreaTree
    inputs : Inputs
        Whose disclosure and tellings hold.
    weights : mapping of str to int
        The columns that count the records of a category, and its weight.
    """
    disclosure = inputs.disclosure
    sums, squares = (cells[name].cast(pl.Float64).to_numpy() / entry.scale for name in ("numerator", "squares"))
    is_dominated = (sums > 0) & disclosure.is_dominated(sums, squares)
    given = cells.with_columns(is_dominated=pl.Series(is_dominated))
    shown = of_the_top(protect_counts(given, list(weights), tree, disclosure, entry.id, inputs.tellings), tree)
    shown = _at_most(shown, disclosure, dict.fromkeys(DOUBTS, 1.0))
    shown = shown.with_columns(
        *((_weighed(weights, end) * entry.scale).alias(f"numerator{end}") for end in ("", "_least", "_most")),
        squares=_weighed({column: weight**2 for column, weight in weights.items()}, "") * entry.scale,
        records=pl.sum_horizontal(*weights),
    )
    is_wide = (pl.col("numerator_most") - pl.col("numerator_least")) / 2 > WIDEST_SHARE * pl.col("numerator")
    finest = min(shown["period_kind"].unique(), key=[*PARTS].index, default="")
    holding = _holding(shown.filter("is_dominated", period_kind=finest), shown["period_kind"].unique().to_list())
    return (
        shown.join(holding, on=["area_id", *PERIOD], how="left", maintain_order="left")
        .with_columns(is_withheld=is_wide | pl.col("is_dominated") | pl.col("holds_dominated").fill_null(False))
        .drop("is_dominated", "holds_dominated")
    )


def _weighed(weights: Mapping[str, int], end: str) -> pl.Expr:
    return pl.sum_horizontal(pl.col(f"{column}{end}").cast(pl.Float64) * weight for column, weight in weights.items())


def _holding(of_finest: pl.DataFrame, kinds: Sequence[str]) -> pl.DataFrame:
    """The periods of some kinds that hold one of the shortest, with `holds_dominated`."""
    windows = of_finest.select("area_id", "period_start").join(pl.DataFrame({"back": range(12)}), how="cross")
    found = [
        (
            windows.select("area_id", pl.col("period_start").dt.offset_by(pl.format("-{}mo", "back")))
            if kind == "rolling_12m"
            else of_finest.select("area_id", period_start(pl.col("period_start"), kind, 1))
        ).with_columns(period_kind=pl.lit(kind), holds_dominated=pl.lit(True))
        for kind in kinds
    ]
    empty = of_finest.select("area_id", *PERIOD, holds_dominated="is_dominated").clear()
    return pl.concat([empty, *(each.select(empty.columns) for each in found)]).unique()


def protect_whole(figures: pl.DataFrame, disclosure: Disclosure) -> pl.DataFrame:
    """Figures of the whole city that hang together with no others: their counts rounded one by one.

    A figure of which one of the counts may not be shown is withheld.
    """
    columns = [name for name in ("numerator", "denominator") if name in figures.columns]
    withheld = pl.Series(np.zeros(figures.height, dtype=np.bool_))
    for name in columns:
        shown = disclosure.show(np.rint(figures[name].cast(pl.Float64).fill_null(0).clip(0).to_numpy()))
        figures = figures.with_columns(pl.Series(name, shown.value.astype(np.float64)))
        withheld |= pl.Series(shown.is_withheld)
    return figures.with_columns(is_withheld=withheld)


def added_up(atoms: Sequence[Shown], among: Sequence[Family]) -> Shown:
    """Add up what is shown of atoms (`atoms`) and may be known of them; withheld where any atom is."""
    if len(atoms) == 1:
        return atoms[0]
    known = [Known.of(each, among) for each in atoms]
    return Shown(
        np.sum([each.value for each in atoms], axis=0),
        np.sum([each.low for each in known], axis=0),
        np.sum([each.high for each in known], axis=0),
        np.logical_or.reduce([each.is_withheld for each in atoms]),
    )
