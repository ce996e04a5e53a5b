"""How agencies are linked: who is missing, what changed, how long hand-offs wait, and what protection leaves of it."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indicators.disclosure import EXACT, Disclosure
from indicators.inputs import Inputs
from indicators.linkage import linkage_tables
from indicators.linkage_counts import protect_pairs
from tests.indicators.small_linkage import RING, STAR, Handled, city

pytestmark = pytest.mark.slow

HES = Disclosure("hes")


def told(inputs: Inputs, table: str = "linkage", area: str = "city") -> dict[Any, dict[str, Any]]:
    keys = {
        "linkage": ("statistic",), "linkage_agencies": ("agency",), "linkage_pairs": ("from_agency", "to_agency"),
    }[table]  # fmt: skip
    rows = linkage_tables(inputs)[table].filter(area_id=area).to_dicts()
    return {row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): row for row in rows}


def test_a_star_runs_through_its_hub() -> None:
    found = told(city({2020: STAR, 2021: STAR}))
    assert found["density"]["value"] == pytest.approx(0.5)
    assert found["degree_centralisation"]["value"] == found["betweenness_centralisation"]["value"] == pytest.approx(1)
    assert {(row["agencies"], row["links"], row["cases"], row["cases_before"]) for row in found.values()} == {
        (4, 3, 180, 180)
    }
    assert {row["p_value"] for row in found.values()} == {1.0}
    agencies = told(city({2020: STAR, 2021: STAR}), "linkage_agencies")
    assert (agencies["hub"]["partners"], agencies["hub"]["betweenness"], agencies["hub"]["brokered_pairs"]) == (3, 3, 3)
    assert {row["standing"] for row in agencies.values()} == {"linked"}


def test_the_same_cases_in_every_area_above() -> None:
    tables = linkage_tables(city({2020: STAR, 2021: STAR}))
    assert set(tables["linkage"]["area_id"]) == {"city", "north", "south"}
    numbers = tables["linkage"].filter(pl.col("area_id") != "south").drop("area_id", "area_level")
    assert numbers.unique().height == numbers.height / 2
    assert set(tables["linkage"].filter(area_id="south")["status"]) == {"withheld"}
    assert set(tables["linkage_agencies"].filter(area_id="south")["standing"]) == {"absent"}


def test_a_network_that_was_a_ring_has_changed() -> None:
    found = told(city({2020: RING, 2021: STAR}))
    assert found["degree_centralisation"]["change"] == pytest.approx(1 - 1 / 3, abs=0.01)
    assert found["degree_centralisation"]["p_value"] < 0.01
    assert found["mix"]["value"] == pytest.approx(2 / 3)
    assert found["mix"]["p_value"] < 0.01
    assert found["density"]["p_value"] > 0.3
    assert all(row["p_value"] <= row["q_value"] <= 1 for row in found.values())


def test_growth_alone_changes_nothing() -> None:
    grown = [(one, other, 3 * cases) for one, other, cases in STAR]
    assert {row["p_value"] for row in told(city({2020: STAR, 2021: grown})).values()} == {1.0}


def test_without_the_year_before_there_is_no_change() -> None:
    found = told(city({2021: STAR}, begun=date(2020, 9, 1)))
    assert set(found) == {"density", "degree_centralisation", "betweenness_centralisation"}
    assert {(row["status"], row["reason"]) for row in found.values()} == {("final", "no_year_before")}
    assert {(row["before"], row["p_value"], row["cases_before"]) for row in found.values()} == {(None, None, None)}


def test_sources_that_do_not_cover_the_year_tell_nothing() -> None:
    assert all(frame.is_empty() for frame in linkage_tables(city({2021: STAR}, begun=date(2021, 3, 1))).values())


def test_who_is_missing_is_told_by_why() -> None:
    handled: dict[int, Iterable[Handled]] = {
        2020: [("noise", "a", 4), ("noise", "left", 2), ("noise", "hermit", 2)],
        2021: [("noise", "a", 4), ("noise", "hermit", 2), ("smell", "b", 2)],
    }
    inputs = city({2020: STAR, 2021: STAR}, handled=handled, agencies=("a", "never"))
    agencies = told(inputs, "linkage_agencies")
    standing = {agency: row["standing"] for agency, row in agencies.items()}
    linked = dict.fromkeys(("a", "b", "c", "hub"), "linked")
    assert standing == {**linked, "hermit": "alone", "left": "gone", "never": "absent"}
    assert {agency for agency, row in agencies.items() if row["is_declared"]} == {"a", "never"}
    assert (agencies["a"]["cases"], agencies["a"]["cases_before"]) == (12 * 9, 12 * 9)
    assert (agencies["left"]["cases"], agencies["left"]["cases_before"]) == (0, 24)


def test_pairs_of_the_same_kind_that_hand_nothing_on_are_named() -> None:
    handled = [("noise", "a", 4), ("noise", "b", 4), ("smell", "c", 4), ("smell", "hub", 4)]
    pairs = told(city({2021: STAR, 2020: STAR}, handled={2021: handled}), "linkage_pairs")
    missing = {pair: json.loads(row["shared_kinds"]) for pair, row in pairs.items() if row["handoffs"] == 0}
    assert missing == {("a", "b"): [{"kind": "service", "category": "noise"}]}
    assert pairs["a", "b"]["standing"] == "nothing_handed_on"
    # The hub hands on to c, so that nothing is missing there.
    assert pairs["hub", "c"]["standing"] == "hands_on"


def test_what_is_done_together_is_a_link_without_direction() -> None:
    inputs = city({2021: [("a", "b", 5)]}, together={2021: [("b", "c", 5)]}, agencies=("c",))
    pairs = told(inputs, "linkage_pairs")
    assert {pair: (row["handoffs"], row["together"], row["standing"]) for pair, row in pairs.items()} == {
        ("a", "b"): (60, 0, "hands_on"),
        ("b", "c"): (0, 60, "together"),
    }
    assert {row["links"] for row in told(inputs).values()} == {2}


def test_delays_are_of_a_pair_and_direction_and_open_ones_count() -> None:
    waits = [
        (2021, "hub", "a", 2.0, 30), (2021, "hub", "a", 5.0, 10), (2021, "hub", "a", 9.0, 10),
        (2021, "hub", "b", 1.0, 20),
        (2021, "hub", "b", None, 30), (2020, "hub", "a", 1.0, 40), (2021, "hub", "c", 3.0, 9),
    ]  # fmt: skip
    few = [("hub", "a", 5), ("hub", "b", 5), ("hub", "c", 0)]
    one_a_month = city({2020: few, 2021: few}, waits=waits)
    pairs = told(one_a_month, "linkage_pairs")
    assert pairs["hub", "a"]["delay_hours"] == pytest.approx(2)
    assert pairs["hub", "a"]["delay_before"] == pytest.approx(1)
    assert pairs["hub", "a"]["delay_lower"] <= 2 <= pairs["hub", "a"]["delay_upper"]
    # Most are still open: half of them will not be acknowledged in any time that is known.
    assert pairs["hub", "b"]["delay_hours"] is None
    assert ("hub", "c") not in pairs


def test_protected_tables_are_the_citys_and_of_counts_that_may_be_shown() -> None:
    inputs = city({2020: STAR, 2021: STAR}, handled={2021: [("noise", "a", 9)]}, disclosure=HES)
    edges = inputs.extracts["ext_agency_edge_month"]
    rare = edges.tail(1).with_columns(from_agency=pl.lit("a"), to_agency=pl.lit("b"), cases=pl.lit(3, pl.Int64))
    inputs = replace(inputs, extracts={**inputs.extracts, "ext_agency_edge_month": pl.concat([edges, rare])})
    tables = linkage_tables(inputs)
    assert all(set(frame["area_id"]) == {"city"} for frame in tables.values())
    pairs = told(inputs, "linkage_pairs")
    counts = [row[name] for row in pairs.values() for name in ("handoffs", "together", "handoffs_before")]
    assert all(count is None or count % 5 == 0 for count in counts)
    assert [row["standing"] for row in pairs.values()].count("withheld") == 2
    assert all(row["handoffs"] is None for row in pairs.values() if row["standing"] == "withheld")
    agencies = tables["linkage_agencies"]
    assert agencies["cases"].null_count() == agencies.height


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_no_withheld_pair_can_be_told_from_the_sum(counts: list[int]) -> None:
    """Whoever knows the exact sum of all knows that of the withheld; each may still be anything from 1 to 7."""
    given_counts = np.array(counts)
    value, withheld = protect_pairs(given_counts, HES)
    assert np.all(withheld[(given_counts > 0) & (given_counts < 8)])
    assert np.all(value[withheld] == 0)
    assert np.all(np.abs(value - given_counts)[~withheld] <= 2)
    if withheld.any() and (given_counts[~withheld] > 0).any():
        hidden, others = given_counts[withheld], withheld.sum() - 1
        # As large as the others allow, which are one at least.
        assert hidden.sum() - others >= 7
        # As small as they allow, should all of them be few; if not, they are as many as you like.
        assert hidden.max() > 7 or hidden.sum() - 7 * others <= 1
    assert not protect_pairs(given_counts, EXACT)[1].any()


@pytest.mark.parametrize(
    ("counts", "withheld"),
    [
        ([1, 1, 6, 30, 90], [1, 1, 6, 30]),
        ([7] * 9 + [40, 80], [7] * 9 + [40]),
        ([2, 6, 3, 50], [2, 3, 6]),
        ([3, 50, 60], [3, 50]),
    ],
)
def test_pairs_withheld_leave_each_other_room(counts: list[int], withheld: list[int]) -> None:
    given_counts = np.array(counts)
    assert sorted(given_counts[protect_pairs(given_counts, HES)[1]]) == withheld


def test_the_order_of_records_does_not_matter() -> None:
    inputs = city({2020: RING, 2021: STAR}, handled={2021: [("noise", "a", 4), ("smell", "b", 4)]})
    shuffled = {name: frame.sample(fraction=1.0, shuffle=True, seed=3) for name, frame in inputs.extracts.items()}
    one, other = linkage_tables(inputs), linkage_tables(replace(inputs, extracts=shuffled))
    assert all(one[name].equals(other[name]) for name in one)
