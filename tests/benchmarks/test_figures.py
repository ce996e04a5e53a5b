"""The simulated city feeds every indicator that the benchmark counts, at every level."""

import polars as pl
import pytest

from benchmarks.figures import LEVELS, entries, simulate
from indicators.compute import compute

pytestmark = pytest.mark.slow


def test_every_indicator_is_computed_at_every_level() -> None:
    chosen = entries(47)
    assert len({entry.id for entry in chosen}) == 47
    figures = compute(chosen, simulate(areas=12, years=1))
    assert figures.availability["status"].unique().to_list() == ["available"]
    located = figures.values.filter((pl.col("indicator_id") == "K3") & (pl.col("period_kind") == "year"))
    levels = located.group_by("area_level").len().sort("area_level").rows()
    # The unallocated beat is the thirteenth.
    assert levels == [("beat", 13), ("city", 1), ("district", 10)]
    # As many incidents as the level says, those of unknown area among them.
    expected = LEVELS["incident"] * 366 * 12 * 1.02
    assert abs(located.filter(area_level="city")["denominator"].item() - expected) < 5 * expected**0.5
