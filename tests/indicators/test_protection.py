"""Protection: no withheld count is told by the others, whoever adds and subtracts."""

import os

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indicators.areas import AreaTree
from indicators.disclosure import Disclosure, Shown
from indicators.families import families
from indicators.protected_cells import protect_counts
from indicators.protection import protect_tree
from tests.indicators.attacker import attack

pytestmark = pytest.mark.slow

# Set WARDLIGHT_ATTACKED_TABLES=10000 for the claim of docs/disclosure.md.
TABLES = int(os.environ.get("WARDLIGHT_ATTACKED_TABLES", "200"))
HES = Disclosure("hes")


def tree_of(parents: dict[str, str | None], levels: dict[str, str] | None = None) -> AreaTree:
    levels = levels or {}
    rows = [(area, parent, "ward", levels.get(area, "ward"), False) for area, parent in parents.items()]
    return AreaTree(
        pl.DataFrame(
            rows,
            schema=["area_id", "parent_id", "geography", "area_level", "is_unallocated"],
            orient="row",
            schema_overrides={"parent_id": pl.String},
        )
    )


def random_city(draw: np.random.Generator) -> tuple[dict[str, str | None], list[str]]:
    """Two or three levels of areas, with the smallest ones."""
    parents: dict[str, str | None] = {"city": None}
    leaves = []
    for group in range(draw.integers(1, 4)):
        parents[f"g{group}"] = "city"
        for ward in range(draw.integers(1, 5)):
            parents[f"g{group}w{ward}"] = f"g{group}"
            leaves.append(f"g{group}w{ward}")
    return parents, leaves


def added_up(parents: dict[str, str | None], leaves: list[str], counts: np.ndarray) -> np.ndarray:
    """Counts of all areas, sorted by name, from those of the smallest, shape (leaves, periods)."""
    areas = sorted(parents)
    found = np.zeros((len(areas), counts.shape[1]), dtype=np.int64)
    for leaf, row in zip(leaves, counts, strict=True):
        area: str | None = leaf
        while area is not None:
            found[areas.index(area)] += row
            area = parents[area]
    return found


def random_table(seed: int) -> tuple[AreaTree, list[str], np.ndarray]:
    """Two or three levels of areas, with counts of which many are small."""
    draw = np.random.default_rng(seed)
    parents, leaves = random_city(draw)
    periods = int(draw.integers(1, 4))
    mean = draw.choice([0.5, 2.0, 6.0, 15.0, 60.0], size=(len(leaves), 1))
    return tree_of(parents), sorted(parents), added_up(parents, leaves, draw.poisson(mean, (len(leaves), periods)))


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
def test_an_attacker_narrows_no_withheld_count(profile: str) -> None:
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    share = {"hes": 1.0, "acro": 0.1, "census": 0.1}[profile]
    attacked = 0
    for seed in range(max(1, int(TABLES * share))):
        tree, areas, counts = random_table(seed)
        among = families(tree, areas)
        shown = protect_tree(counts, among, disclosure)
        assert np.all((shown.low <= counts) & (counts <= shown.high)), f"table {seed}"
        assert attack(shown, among) == [], f"table {seed}"
        attacked += int(shown.is_withheld.sum())
    assert attacked > 0


def test_without_protection_the_attacker_succeeds() -> None:
    tree = tree_of({"city": None, "a": "city", "b": "city"})
    among = families(tree, ["a", "b", "city"])
    counts = np.array([[1], [31], [32]])
    alone = HES.show(counts)
    exact = Shown(
        np.where(alone.is_withheld, alone.value, counts),
        np.where(alone.is_withheld, alone.low, counts),
        np.where(alone.is_withheld, alone.high, counts),
        alone.is_withheld,
    )
    assert [finding.low for finding in attack(exact, among)] == [1.0]
    assert attack(alone, among) != []
    assert attack(protect_tree(counts, among, HES), among) == []


def test_a_total_that_would_tell_a_part_is_the_sum_of_what_is_shown() -> None:
    tree = tree_of({"city": None, "a": "city", "b": "city"})
    areas = ["a", "b", "city"]
    shown = protect_tree(np.array([[1, 4], [30, 28], [31, 32]]), families(tree, areas), HES)
    # 31 would tell that a is 3 at most; 34 lies in the middle of what a and b may be together.
    assert shown.value[:, 0].tolist() == [4, 30, 34]
    assert (shown.low[2, 0], shown.high[2, 0]) == (29, 39)
    assert shown.is_withheld[:, 0].tolist() == [True, False, False]


def test_the_city_is_exact_where_that_tells_nothing() -> None:
    tree = tree_of({"city": None, **{f"a{at}": "city" for at in range(6)}})
    areas = sorted(tree.areas["area_id"])
    counts = np.array([[3], [20], [31], [44], [52], [61], [211]])
    shown = protect_tree(counts, families(tree, areas), HES)
    assert shown.value[-1, 0] == 211
    assert shown.low[-1, 0] == shown.high[-1, 0] == 211


def test_zeros_are_withheld_where_they_would_tell_a_total_or_a_part() -> None:
    tree = tree_of({"city": None, "a": "city", "b": "city", "c": "city", "d": "city"})
    areas = ["a", "b", "c", "city", "d"]
    among = families(tree, areas)
    # That three are not zero and all are 7 at most would tell that none of them is above 5.
    shown = protect_tree(np.array([[1], [2], [1], [4], [0]]), among, HES)
    assert shown.is_withheld.all()
    assert shown.low[[0, 1, 2, 4], 0].tolist() == [0, 0, 0, 0]
    assert shown.high[[0, 1, 2, 4], 0].tolist() == [7, 7, 7, 7]
    assert (shown.low[3, 0], shown.high[3, 0]) == (1, 7)
    assert attack(shown, among) == []
    # Where nothing of the kind would be told zeros are shown.
    assert protect_tree(np.array([[30], [2], [30], [62], [0]]), among, HES).low[4, 0] == 0
    assert not protect_tree(np.array([[30], [2], [30], [62], [0]]), among, HES).is_withheld[4, 0]


def test_levels_that_are_not_published_are_not_added_up() -> None:
    tree = tree_of({"city": None, "g": "city", "w": "g", "v": "g"}, {"city": "city", "g": "group"})
    areas = ["city", "g", "v", "w"]
    among = families(tree, areas, frozenset({"ward"}))
    assert [areas[family.area] for family in among] == ["g", "city"]
    shown = protect_tree(np.array([[12], [12], [5], [7]]), among, HES)
    assert shown.value[1, 0] == 10
    assert shown.is_withheld[2:, 0].all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 5_000_000), min_size=1, max_size=30), st.sampled_from(["hes", "acro", "census"]))
def test_what_is_shown_may_stand_for_what_there_is(counts: list[int], profile: str) -> None:
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    shown = disclosure.show(counts)
    assert np.all((shown.low <= counts) & (counts <= shown.high))
    # Two counts that are shown alike may stand for the same.
    ranges = {}
    for value, low, high, hidden in zip(shown.value, shown.low, shown.high, shown.is_withheld, strict=True):
        assert ranges.setdefault((value, hidden), (low, high)) == (low, high)
    assert np.all(shown.low[shown.is_withheld] <= 1)


@pytest.mark.parametrize(
    ("profile", "count", "value", "low", "high"),
    [
        ("hes", 0, 0, 0, 0),
        ("hes", 8, 10, 8, 12),
        ("hes", 12, 10, 8, 12),
        ("hes", 13, 15, 13, 17),
        ("acro", 10, 10, 10, 12),
        ("census", 15, 20, 15, 24),
        ("census", 99, 100, 95, 124),
        ("census", 100, 100, 95, 124),
        ("census", 1_234_567, 1_235_000, 1_234_500, 1_235_499),
        ("open", 3, 3, 3, 3),
    ],
)
def test_published_rules(profile: str, count: int, value: int, low: int, high: int) -> None:
    shown = Disclosure(profile).show([count])  # type: ignore[arg-type]
    assert (shown.value[0], shown.low[0], shown.high[0]) == (value, low, high)


@pytest.mark.parametrize(("profile", "first", "last"), [("hes", 1, 7), ("acro", 1, 9), ("census", 0, 14)])
def test_small_counts_are_withheld(profile: str, first: int, last: int) -> None:
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    shown = disclosure.show(np.arange(40))
    assert np.flatnonzero(shown.is_withheld).tolist() == [*range(first, last + 1)]
    assert disclosure.smallest_shown == last + 1


def cells_of(counts: dict[str, list[int]], kinds: tuple[str, ...]) -> pl.DataFrame:
    months = pl.DataFrame(
        [(area, at, count) for area, row in counts.items() for at, count in enumerate(row)],
        schema=["area_id", "at", "numerator"],
        orient="row",
    ).with_columns(start=pl.date(2024 + pl.col("at") // 12, pl.col("at") % 12 + 1, 1))
    truncated = {"month": "1mo", "quarter": "1q", "year": "1y"}
    parts = [
        months.group_by("area_id", period_start=pl.col("start").dt.truncate(truncated[kind]))
        .agg(pl.col("numerator").sum())
        .with_columns(period_kind=pl.lit(kind))
        for kind in kinds
    ]
    return pl.concat(parts).sort("area_id", "period_kind", "period_start")


def rolling(months: pl.DataFrame) -> pl.DataFrame:
    """Add the twelve months from each month on, where there are as many."""
    starts = months["period_start"].unique().sort()
    return pl.concat(
        months.filter(pl.col("period_start").is_between(start, starts[at + 11]))
        .group_by("area_id")
        .agg(pl.col("numerator").sum(), period_start=pl.lit(start), period_kind=pl.lit("rolling_12m"))
        .select(months.columns)
        for at, start in enumerate(starts[:-11])
    )


def test_longer_periods_add_up_what_is_shown() -> None:
    tree = tree_of({"a": None})
    cells = cells_of({"a": [21, 33, 47, 3, 50, 8]}, ("month", "quarter"))
    shown = protect_counts(cells, ["numerator"], tree, HES, "X")
    quarters = shown.filter(period_kind="quarter").sort("period_start")
    assert quarters["numerator"].to_list() == [20 + 35 + 45, 4 + 50 + 10]
    assert quarters["numerator_least"].to_list() == [94, 1 + 48 + 8]
    assert quarters["is_withheld"].to_list() == [False, False]


def test_a_long_period_of_withheld_ones_is_withheld() -> None:
    cells = cells_of({"a": [1, 2, 3]}, ("month", "quarter"))
    shown = protect_counts(cells, ["numerator"], tree_of({"a": None}), HES, "X")
    assert shown["is_withheld"].all()


def test_an_indicator_may_be_published_by_the_quarter_alone() -> None:
    cells = cells_of({"a": [4, 5, 6, 30, 31, 32]}, ("month", "quarter", "year"))
    rarely = Disclosure("hes", finest_of={"X": "quarter"})
    shown = protect_counts(cells, ["numerator"], tree_of({"a": None}), rarely, "X").sort("period_kind", "period_start")
    assert shown.select("period_kind", "numerator").rows() == [("quarter", 15), ("quarter", 95), ("year", 110)]
    assert protect_counts(cells, ["numerator"], tree_of({"a": None}), rarely, "Y")["period_kind"].n_unique() == 3


def test_days_and_weeks_are_not_published() -> None:
    cells = cells_of({"a": [40, 50]}, ("month",))
    days = cells.with_columns(period_kind=pl.lit("day"))
    shown = protect_counts(pl.concat([cells, days]), ["numerator"], tree_of({"a": None}), HES, "X")
    assert shown["period_kind"].unique().to_list() == ["month"]


@pytest.mark.parametrize("profile", ["hes", "acro", "census"])
def test_periods_tell_nothing_that_their_parts_do_not(profile: str) -> None:
    """Quarters, and twelve months from each month on, which overlap."""
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    parents: dict[str, str | None] = {"city": None, "a": "city", "b": "city", "c": "city"}
    tree, areas, months, withheld = tree_of(parents), sorted(parents), 15, 0
    quarters = [(start, start + 3) for start in range(0, months, 3)]
    windows = [(start, start + 12) for start in range(months - 11)]
    for seed in range(max(1, TABLES // (10 if profile == "hes" else 40))):
        draw = np.random.default_rng(seed)
        counts = draw.poisson(draw.choice([1.0, 5.0, 20.0], size=(3, 1)), (3, months))
        table = np.vstack([counts, counts.sum(axis=0)])
        cells = cells_of({area: row.tolist() for area, row in zip(areas, table, strict=True)}, ("month", "quarter"))
        cells = pl.concat([cells, rolling(cells.filter(period_kind="month"))])
        shown = protect_counts(cells, ["numerator"], tree, disclosure, "X").sort("area_id", "period_start")
        month, quarter, window = (
            _as_shown(shown.filter(period_kind=kind), len(areas)) for kind in ("month", "quarter", "rolling_12m")
        )
        longer = Shown(*(np.hstack([getattr(each, name) for each in (quarter, window)]) for name in vars(quarter)))
        withheld += int(month.is_withheld.sum())
        assert attack(month, families(tree, areas), (longer, [*quarters, *windows])) == [], f"table {seed}"
    assert withheld > 100


def test_a_year_of_its_own_rounding_would_tell_its_months() -> None:
    """The same attacker, where twelve months together are shown as counted."""
    counts = np.array([[1] * 11 + [2]])
    months, year = (HES.show(each) for each in (counts, counts.sum(axis=1, keepdims=True)))
    found = attack(months, families(tree_of({"a": None}), ["a"]), (year, [(0, 12)]))
    assert {each.high for each in found} == {6.0}


def _as_shown(frame: pl.DataFrame, areas: int) -> Shown:
    columns = ("numerator", "numerator_least", "numerator_most", "is_withheld")
    return Shown(*(frame[name].to_numpy().reshape(areas, -1) for name in columns))
