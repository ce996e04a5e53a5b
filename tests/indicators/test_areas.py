import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.areas import AREA_COLUMNS, AreaTree

AREAS = pl.DataFrame(
    [
        ("city", None, None, "city", False),
        ("north", "city", None, "borough", False),
        ("n1", "north", "beat", "beat", False),
        ("n2", "north", "beat", "beat", False),
        ("south", "city", None, "borough", False),
        ("s1", "south", "beat", "beat", False),
        ("beat:unallocated", "city", "beat", "beat", True),
        ("w1", "north", "ward", "ward", False),
        ("ward:unallocated", "city", "ward", "ward", True),
    ],
    schema=list(AREA_COLUMNS),
    orient="row",
)
leaves = st.sampled_from(["n1", "n2", "s1", "beat:unallocated", "w1", "ward:unallocated"])
some_counts = st.lists(st.tuples(leaves, st.integers(1, 3), st.integers(0, 50)), max_size=30)


def frame(rows: list[tuple[str, int, int]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"area_id": pl.String, "k": pl.Int64, "n": pl.Int64}, orient="row")


def total(found: pl.DataFrame, area: str) -> int:
    return found.filter(pl.col("area_id") == area)["n"].sum()


@given(some_counts)
def test_children_and_unallocated_add_up_to_the_parent(rows: list[tuple[str, int, int]]) -> None:
    found = AreaTree(AREAS).roll_up(frame(rows), ["k"], ["n"])
    assert total(found, "north") == sum(total(found, a) for a in ("n1", "n2", "w1"))
    assert total(found, "city") == sum(
        total(found, a) for a in ("north", "south", "beat:unallocated", "ward:unallocated")
    )
    assert total(found, "city") == sum(n for _, _, n in rows)


@given(some_counts)
def test_rolling_up_commutes_with_summing_over_keys(rows: list[tuple[str, int, int]]) -> None:
    tree, counts = AreaTree(AREAS), frame(rows)
    summed_after = tree.roll_up(counts, ["k"], ["n"]).group_by("area_id").agg(pl.col("n").sum()).sort("area_id")
    summed_before = tree.roll_up(counts, [], ["n"]).sort("area_id")
    assert summed_after.equals(summed_before)


def test_areas_of_one_geography_and_above() -> None:
    assert AreaTree(AREAS).under(["ward"])["area_id"].to_list() == ["city", "north", "w1", "ward:unallocated"]


def test_an_unknown_area_is_named() -> None:
    with pytest.raises(ValueError, match="area n9, which is not among the areas"):
        AreaTree(AREAS).roll_up(frame([("n9", 1, 1)]), ["k"], ["n"])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("a", None), ("a", None)], "area a appears twice"),
        ([("a", "b")], "area a has the parent b, which is no area"),
        ([("a", "b"), ("b", "a")], "circle"),
    ],
)
def test_a_broken_tree_is_refused(rows: list[tuple[str, str | None]], message: str) -> None:
    areas = pl.DataFrame(
        [(area, parent, "g", "beat", False) for area, parent in rows], schema=list(AREA_COLUMNS), orient="row"
    )
    with pytest.raises(ValueError, match=message):
        _ = AreaTree(areas).lineage
