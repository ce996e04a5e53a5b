"""Protection: counts of areas and periods shown so that none gives another away.

A withheld count is worth nothing if the total of its area and the other areas' counts tell it. Belongs here: which
totals may be shown as they are, and what stands in for the others. What one count may be shown as is in `disclosure`.

Every count has a *range*, the least and the most that a reader can know it to be. Of the shortest periods that are
published, areas are gone through from the smallest up. An area's own count is shown (rounded; of the city unrounded,
where the profile says so) if it narrows the range of no withheld count under it, nor is narrowed by them where it is
withheld itself; else the sum of what is shown of its parts stands in for it, which can tell nothing new. As the areas
are a tree, looking at one sum after the other finds all that linear programming over all sums would find. Counts of
longer periods are the sums of what is shown of the shorter ones, and tell nothing new either.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.entries import Entry
from indicators.disclosure import Disclosure, Ints, Shown
from indicators.periods import period_start
from indicators.unusable import PERIOD

# What is counted of unusable records, beside what lies elsewhere.
DOUBTS = ("missing", "refused", "contested", "located")

# Kinds of periods that are published under protection, and what each can be added up from.
PARTS: dict[str, tuple[str, ...]] = {
    "month": (),
    "quarter": ("month",),
    "year": ("quarter", "month"),
    "rolling_12m": ("month",),
}
# A sum of which half of what it may be lies further off than this share of it is withheld as well.
WIDEST_SHARE = 0.25
_NO_LIMIT = np.iinfo(np.int64).max // 4
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Family:
    """An area with the areas under it, as positions in the order of a frame of areas; deepest first.

    `has_hidden` says that further areas under it are not published.
    """

    area: int
    parts: tuple[int, ...]
    has_hidden: bool
    is_top: bool


def families(tree: AreaTree, areas: list[str], hidden: frozenset[str] = frozenset()) -> list[Family]:
    """Return every area with those under it, parts before wholes.

    Parameters
    ----------
    tree : AreaTree
    areas : list of str
        Areas that an indicator counts in, in the order that positions refer to.
    hidden : frozenset of str
        Area levels that are not published.
    """
    position = {area: at for at, area in enumerate(areas)}
    rows = tree.areas.select("area_id", "parent_id", "area_level").filter(pl.col("area_id").is_in(areas))
    parent = dict(rows.select("area_id", "parent_id").iter_rows())
    level = dict(rows.select("area_id", "area_level").iter_rows())

    def depth(area: str) -> int:
        above = parent[area]
        return 0 if above is None or above not in position else 1 + depth(above)

    parts: dict[str, list[str]] = {area: [] for area in areas}
    for area in areas:
        if parent[area] in position:
            parts[str(parent[area])].append(area)
    found = []
    for area in sorted(areas, key=lambda each: (-depth(each), each)):
        if level[area] in hidden:
            continue
        shown = [position[part] for part in parts[area] if level[part] not in hidden]
        found.append(Family(position[area], tuple(shown), len(shown) < len(parts[area]), parent[area] not in position))
    return found


@dataclass(frozen=True)
class _Under:
    """What is known of the counts under an area, by period: their sum's least and most, and which are tender.

    `width` is the widest range of a tender one.
    """

    least: Ints
    most: Ints
    width: Ints
    has_tender: Bools

    def allows(self, low: Ints, high: Ints, is_withheld: Bools) -> Bools:
        """Tell where the area's own count, known to lie from `low` to `high`, narrows no tender range."""
        narrows = self.has_tender & ((high - self.least < self.width) | (self.most - low < self.width))
        is_narrowed = is_withheld & ((self.least > low) | (self.most < high))
        return np.asarray(~narrows & ~is_narrowed)


def _under(parts: list[int], has_hidden: bool, low: Ints, high: Ints, is_tender: Bools) -> _Under:
    """Put together what is known of parts; of those hidden nothing is."""
    least = low[parts].sum(axis=0)
    most = np.full_like(least, _NO_LIMIT) if has_hidden else high[parts].sum(axis=0)
    tender = is_tender[parts]
    return _Under(least, most, np.where(tender, high[parts] - low[parts], 0).max(axis=0), np.logical_or.reduce(tender))


def protect_tree(counts: Ints, among: list[Family], disclosure: Disclosure) -> Shown:
    """Show counts of areas that add up over the tree.

    Parameters
    ----------
    counts : int array, shape (areas, periods)
        The count of an area is that of its parts together, where none is hidden.
    among : list of Family
        As `families` gives them.
    disclosure : Disclosure

    Returns
    -------
    Shown
        Of the same shape; areas that belong to no family are withheld and may be anything.
    """
    own = disclosure.show(counts)
    value, low, high, is_withheld = own.value.copy(), own.low.copy(), own.high.copy(), own.is_withheld.copy()
    # Counts that must not become narrower: those withheld, and those with such under them.
    is_tender = own.is_withheld.copy()
    reach_low, reach_high = own.low.copy(), own.high.copy()
    everywhere = np.zeros(len(counts), dtype=np.bool_)
    leaves = {family.area for family in among if not family.parts}
    for family in among:
        area, parts = family.area, list(family.parts)
        everywhere[area] = True
        if not parts:
            continue
        under = _under(parts, family.has_hidden, reach_low, reach_high, is_tender)
        is_own = under.allows(own.low[area], own.high[area], own.is_withheld[area])
        if leaves.issuperset(parts) and not is_own.all():
            # Not to be told which of the small parts are zero leaves more room: a total is worth more than its zeros.
            is_small = (own.is_withheld | (counts == 0))[parts] & ~is_own & (own.is_withheld[parts].any(axis=0))
            hidden_low = np.where(is_small, 0, reach_low[parts])
            hidden_high = np.where(is_small, disclosure.smallest_shown - 1, reach_high[parts])
            wider = _under(
                list(range(len(parts))), family.has_hidden, hidden_low, hidden_high, is_tender[parts] | is_small
            )
            is_better = ~is_own & wider.allows(own.low[area], own.high[area], own.is_withheld[area])
            hides = is_small & is_better
            for shown, hidden in (
                (reach_low, hidden_low),
                (low, hidden_low),
                (reach_high, hidden_high),
                (high, hidden_high),
                (value, np.full_like(hidden_low, disclosure.smallest_shown // 2)),
                (is_withheld, np.ones_like(hides)),
                (is_tender, np.ones_like(hides)),
            ):
                shown[parts] = np.where(hides, hidden, shown[parts])
            is_own |= is_better
            under = _under(parts, family.has_hidden, reach_low, reach_high, is_tender)
        least, most = under.least, under.most
        stands_in = value[parts].sum(axis=0)
        is_wide = (most - least) / 2 > WIDEST_SHARE * stands_in
        value[area] = np.where(is_own, own.value[area], stands_in)
        low[area] = np.where(is_own, own.low[area], least)
        high[area] = np.where(is_own, own.high[area], most)
        is_withheld[area] = np.where(is_own, own.is_withheld[area], is_wide)
        if family.is_top and disclosure.is_top_exact:
            exact = counts[area]
            is_exact = under.allows(exact, exact, np.zeros(exact.shape, dtype=np.bool_)) & ~own.is_withheld[area]
            for shown, as_counted in ((value, exact), (low, exact), (high, exact), (is_withheld, False)):
                shown[area] = np.where(is_exact, as_counted, shown[area])
        is_tender[area] |= under.has_tender
        reach_low[area] = np.maximum(low[area], least)
        reach_high[area] = np.minimum(high[area], most)
    is_withheld[~everywhere] = True
    low[~everywhere], high[~everywhere] = 0, _NO_LIMIT
    return Shown(value, low, high, is_withheld)


def protect_counts(
    cells: pl.DataFrame, columns: list[str], tree: AreaTree, disclosure: Disclosure, indicator: str
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

    Returns
    -------
    DataFrame
        The cells of publishable periods and levels, in their order, with the `columns` as shown, `<column>_least` and
        `<column>_most`, and `is_withheld` (any of the columns).
    """
    hidden = disclosure.hidden_levels.get(indicator, frozenset())
    levels = tree.areas.select("area_id", "area_level")
    there = set(cells["period_kind"].unique())
    asked = disclosure.finest_of.get(indicator, disclosure.finest)
    finest = next((kind for kind in PARTS if kind in there and (kind == asked or asked in PARTS[kind])), asked)
    kinds = [kind for kind, parts in PARTS.items() if kind == finest or finest in parts]
    told = (
        cells.with_row_index("_row")
        .filter(pl.col("period_kind").is_in(kinds))
        .join(levels.filter(~pl.col("area_level").is_in(list(hidden))).select("area_id"), on="area_id", how="semi")
    )
    base = told.filter(pl.col("period_kind") == finest)
    key = ["area_id", *PERIOD]
    if base.is_empty():
        names = [name for c in columns for name in (f"{c}_least", f"{c}_most")]
        empty = told.clear().drop("_row")
        return empty.with_columns(
            *(pl.lit(None, pl.Int64).alias(name) for name in names), is_withheld=pl.lit(None, pl.Boolean)
        )
    # Cells of every area, those hidden too: a parent adds them up.
    whole = cells.filter(pl.col("period_kind") == finest)
    areas, starts = whole["area_id"].unique().sort(), whole["period_start"].unique().sort()
    among = families(tree, areas.to_list(), hidden)
    grid = areas.to_frame().join(starts.to_frame(), how="cross").join(whole, on=["area_id", "period_start"], how="left")
    shape = (len(areas), len(starts))
    shown = grid.select("area_id", "period_start")
    for column in columns:
        counts = grid[column].fill_null(0).cast(pl.Float64).to_numpy()
        whole_counts = np.where(counts > 0, np.maximum(np.rint(counts), 1), 0).astype(np.int64)
        protected = protect_tree(whole_counts.reshape(shape), among, disclosure)
        # What was taken to the nearest whole one may be less by up to one, more by up to a half.
        less, more = (1.0, 0.5) if np.any(counts != whole_counts) else (0.0, 0.0)
        shown = shown.with_columns(
            pl.Series(column, protected.value.ravel()),
            pl.Series(f"{column}_least", np.maximum(protected.low.ravel() - less, 0)),
            pl.Series(f"{column}_most", protected.high.ravel() + more),
            pl.Series(f"{column}_withheld", protected.is_withheld.ravel()),
        )
    counted = pl.concat(
        [
            shown.with_columns(period_kind=pl.lit(finest)),
            *(_summed(shown, columns, kind) for kind in kinds if kind != finest),
        ],
        how="diagonal",
    )
    return (
        told.drop(columns)
        .join(counted, on=key, how="left")
        .sort("_row")
        .with_columns(is_withheld=pl.any_horizontal(f"{c}_withheld" for c in columns).fill_null(True))
        .drop("_row", *(f"{c}_withheld" for c in columns))
    )


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
    cells: pl.DataFrame, entry: Entry, tree: AreaTree, disclosure: Disclosure, counts: Mapping[str, float]
) -> pl.DataFrame:
    """Cells of an indicator with the counts that may be shown in place of those there are.

    Parameters
    ----------
    cells : DataFrame
        With `counts` and what is unusable.
    entry : Entry
    tree : AreaTree
    disclosure : Disclosure
    counts : mapping of str to float
        The columns that are counts of records, and in how many of their units one record counts.

    Returns
    -------
    DataFrame
        With an exact profile the same cells. Else as `protect_counts` gives them, in the columns' units; what is
        unusable is rounded up, so that no bound gets narrower.
    """
    if disclosure.is_exact:
        return cells
    scaled = cells.with_columns(pl.col(column) / unit for column, unit in counts.items())
    shown = protect_counts(scaled, list(counts), tree, disclosure, entry.id)
    shown = shown.with_columns(
        (pl.col(f"{column}{end}") * unit) for column, unit in counts.items() for end in ("", "_least", "_most")
    )
    doubts = {name: 1.0 for name in DOUBTS if name in shown.columns}
    for column in shown.columns:
        if column.endswith(("_elsewhere", "_everywhere")):
            is_counted_in_units = column.startswith(("numerator", "denominator", "failures"))
            doubts[column] = entry.scale if is_counted_in_units else 1.0
    return shown.with_columns(
        pl.Series(name, disclosure.show(np.ceil(shown[name].cast(pl.Float64).to_numpy() / unit)).high * unit)
        for name, unit in doubts.items()
    )


def least_and_most(cells: pl.DataFrame, column: str) -> tuple[pl.Expr, pl.Expr]:
    """How much lower and how much higher than shown a count may be, in its units; not negative."""
    if f"{column}_least" not in cells.columns:
        return pl.lit(0.0), pl.lit(0.0)
    below, above = pl.col(column) - pl.col(f"{column}_least"), pl.col(f"{column}_most") - pl.col(column)
    return below.cast(pl.Float64), above.cast(pl.Float64)


def of_the_top(cells: pl.DataFrame, tree: AreaTree) -> pl.DataFrame:
    """Cells of the areas that lie in no other: of figures that cannot be told from protected counts."""
    tops = tree.areas.filter(pl.col("parent_id").is_null()).select("area_id")
    return cells.join(tops, on="area_id", how="semi", maintain_order="left")


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
