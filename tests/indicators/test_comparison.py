"""Comparison: which figures take part, and that what is published is what the methods say of them."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from indicators.catalogue.entries import Entry
from indicators.catalogue.reading import load_catalogue
from indicators.comparison import COMPARISON_SCHEMA, ComparisonRules, compare
from indicators.funnels import funnel
from indicators.inputs import VALUE_SCHEMA
from indicators.shrinkage import shrunken_rates

CATALOGUE = {entry.id: entry for entry in load_catalogue()}
RATE, SHARE, CONTEXT = CATALOGUE["B1"], CATALOGUE["K3"], CATALOGUE["patrol_stops"]
YEAR = date(2016, 1, 1)


def figures(
    entry: Entry, events: list[float], at_risk: list[float], start: date = YEAR, kind: str = "year", **changed: Any
) -> pl.DataFrame:
    rows = pl.DataFrame(
        {"numerator": events, "denominator": at_risk}, schema=dict.fromkeys(["numerator", "denominator"], pl.Float64)
    )
    named = rows.with_row_index("n").with_columns(
        indicator_id=pl.lit(entry.id),
        area_id=pl.format("area-{}", "n"),
        area_level=pl.lit("district"),
        period_kind=pl.lit(kind),
        period_start=pl.lit(start),
        value=pl.col("numerator") / pl.col("denominator") * entry.per,
        status=pl.lit("final"),
    )
    filled = named.with_columns(pl.lit(None).alias(name) for name in VALUE_SCHEMA if name not in named.columns)
    return filled.select(pl.col(name).cast(dtype) for name, dtype in VALUE_SCHEMA.items()).with_columns(**changed)


def places(count: int, **changed: Any) -> pl.DataFrame:
    return pl.DataFrame(
        {"area_id": [f"area-{n}" for n in range(count)], "is_unallocated": False, "peer_group": None},
        schema={"area_id": pl.String, "is_unallocated": pl.Boolean, "peer_group": pl.String},
    ).with_columns(**changed)


EVENTS, AT_RISK = [40.0, 55.0, 61.0, 150.0, 8.0, 30.0, 72.0], [5e4, 6e4, 5e4, 5e4, 4e4, 3e4, 9e4]


def test_a_rate_is_compared_by_the_methods_that_it_names() -> None:
    found = compare(figures(RATE, EVENTS, AT_RISK), [RATE], places(7)).sort("area_id")
    frame = pl.DataFrame({"group": "a", "events": EVENTS, "at_risk": AT_RISK})
    inner, outer = (funnel(frame, ["group"], "rate", "additive", level) for level in (0.95, 0.998))
    shrunken = shrunken_rates(frame, ["group"])
    for name, expected in {
        "target": inner["target"],
        "inner_low": inner["lower"],
        "outer_high": outer["upper"],
        "shrunken": shrunken["shrunken"],
        "shrunken_high": shrunken["upper"],
    }.items():
        assert found[name].to_numpy() == pytest.approx(expected.to_numpy() * RATE.per, rel=1e-9)
    assert found["dispersion"].to_numpy() == pytest.approx(inner["dispersion"].to_numpy())
    assert found["areas_compared"].to_list() == [7] * 7
    # Fewer are better: the quiet area comes first, the one with three times the usual last.
    assert found["rank"].to_list()[4] == 1
    assert found["rank"].to_list()[3] == 7
    assert (
        found.select((pl.col("rank_low") <= pl.col("rank")) & (pl.col("rank") <= pl.col("rank_high"))).to_series().all()
    )


def test_an_area_far_from_all_others_stands_out() -> None:
    events = [100.0 + 9 * (n % 3 - 1) for n in range(40)]
    events[7], events[20] = 260.0, 20.0
    found = compare(figures(RATE, events, [1e5] * 40), [RATE], places(40)).sort("area_id")
    standing = dict(found.select("area_id", "standing").iter_rows())
    assert standing.pop("area-7") == "high"
    assert standing.pop("area-20") == "low"
    assert set(standing.values()) == {"expected"}


def test_a_share_is_ranked_but_not_drawn_towards_all() -> None:
    found = compare(figures(SHARE, [90.0, 95.0, 80.0, 99.0, 60.0], [100.0] * 5), [SHARE], places(5)).sort("area_id")
    assert SHARE.polarity == "higher"
    assert found["rank"].to_list() == [3, 2, 4, 1, 5]
    assert found["shrunken"].null_count() == 5
    assert found["inner_high"].max() <= 100


def test_context_is_never_ranked() -> None:
    found = compare(figures(CONTEXT, EVENTS, AT_RISK), [CONTEXT], places(7))
    assert found.height == 7
    assert found["rank"].null_count() == found["rank_low"].null_count() == 7
    assert found["standing"].null_count() == 0


def test_only_final_figures_of_places_take_part() -> None:
    values = figures(RATE, EVENTS, AT_RISK).with_columns(
        status=pl.when(pl.col("area_id") == "area-0").then(pl.lit("provisional")).otherwise("status"),
        value=pl.when(pl.col("area_id") != "area-1").then("value"),
    )
    areas = places(7).with_columns(is_unallocated=pl.col("area_id") == "area-2")
    rules = ComparisonRules(fewest_areas=4)
    found = compare(values, [RATE], areas, rules)
    assert found["area_id"].sort().to_list() == ["area-3", "area-4", "area-5", "area-6"]
    assert not compare(values, [RATE], areas).height  # four are too few
    assert compare(values, [RATE], areas).schema == pl.Schema(COMPARISON_SCHEMA)


def test_areas_are_compared_with_their_peers_alone() -> None:
    values = figures(RATE, [10.0] * 5 + [90.0] * 5, [1e4] * 10)
    grouped = places(10).with_columns(peer_group=pl.when(pl.col("area_id") < "area-5").then(pl.lit("centre")))
    found = compare(values, [RATE], grouped)
    by_group = dict(found.group_by("peer_group").agg(pl.col("target").first()).iter_rows())
    assert by_group["centre"] == pytest.approx(10.0)
    assert by_group[None] == pytest.approx(90.0)


def test_only_the_latest_periods_are_compared() -> None:
    years = [date(year, 1, 1) for year in range(2008, 2017)]
    values = pl.concat(
        [figures(RATE, EVENTS, AT_RISK, start) for start in years] + [figures(RATE, EVENTS, AT_RISK, YEAR, "month")]
    )
    found = compare(values, [RATE], places(7))
    assert found["period_kind"].unique().to_list() == ["year"]
    assert found["period_start"].unique().sort().to_list() == years[-5:]


@pytest.mark.slow
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(400, 100_000)), min_size=5, max_size=20), st.randoms())
def test_order_of_rows_changes_nothing_and_no_number_is_nan(cells: list[tuple[int, int]], random: Any) -> None:
    events, at_risk = ([float(cell[n]) for cell in cells] for n in (0, 1))
    for entry in (RATE, SHARE):
        values = figures(entry, events, at_risk)
        rows = list(range(values.height))
        random.shuffle(rows)
        rules = ComparisonRules(draws=50)
        found = compare(values, [entry], places(len(cells)), rules)
        assert_frame_equal(found, compare(values[rows], [entry], places(len(cells)), rules))
        for name, dtype in COMPARISON_SCHEMA.items():
            if dtype == pl.Float64:
                assert np.isfinite(found[name].drop_nulls().to_numpy()).all()
        known = found.drop_nulls(["target", "inner_low"])
        assert (
            known.select(
                (pl.col("outer_low") <= pl.col("inner_low") + 1e-9)
                & (pl.col("inner_high") <= pl.col("outer_high") + 1e-9)
            )
            .to_series()
            .all()
        )
