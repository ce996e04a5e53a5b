import numpy as np
import polars as pl
import pytest

from indicators.composites.coordination import COORDINATION_SCHEMA
from indicators.composites.coupling import coupling_coordination
from indicators.composites.index import compute_index
from indicators.composites.rules import OVERALL, SUBJECTS, IndexRules
from indicators.intervals import wilson_limits
from tests.indicators.composites.small_index import FIRST, SECOND, areas, figure, percentage, published

ENTRIES = [percentage(name[0].upper(), name) for name in SUBJECTS]
IDS = [entry.id for entry in ENTRIES]
RULES = IndexRules(draws=500)


def told(*periods, half: float = 2.0, entries=ENTRIES) -> list[dict]:
    given = [
        figure(name, "a", value, half, period_start=start)
        for start, values in zip((FIRST, SECOND), periods, strict=False)
        for name, value in zip(IDS, values, strict=True)
        if value is not None
    ]
    found = compute_index(published(given), entries, areas(["a"]), RULES).coordination
    assert dict(found.schema) == COORDINATION_SCHEMA
    return found.filter(parts="subjects").to_dicts()


def test_coupling_level_and_coordination_stand_together() -> None:
    row = told([80.0, 60.0, 40.0])[0]
    adjusted, standard = (coupling_coordination([0.8, 0.6, 0.4], form=form) for form in ("adjusted", "standard"))
    assert (row["coupling"], row["level"], row["coordination"]) == pytest.approx(tuple(map(float, adjusted)))
    assert row["standard_coordination"] == pytest.approx(float(standard.coordination))
    for name in ("coupling", "level", "coordination"):
        assert row[f"{name}_low"] <= row[name] <= row[f"{name}_high"]
    assert row["movement"] is None
    assert row["reason"] is None


def test_a_class_is_named_only_where_it_is_sure() -> None:
    # D is the root of C·T, and both are about .95.
    assert told([96.0, 95.0, 95.0], half=0.5)[0]["coordination_class"] in (None, "quality_coordination")
    assert told([70.0, 60.0, 50.0], half=30.0)[0]["coordination_class"] is None
    row = told([96.0, 95.0, 95.0], half=0.5)[0]
    assert (row["coordination_class"] is not None) == (np.floor(row["coordination_low"] * 10) == 9)


def test_a_subject_without_a_score_is_named() -> None:
    row = told([80.0, None, 40.0])[0]
    assert row["reason"] == "no_score:enterprises"
    assert row["coordination"] is None
    assert row["obstacle"] == "N"


def test_the_obstacle_is_what_costs_the_most_and_how_sure_that_is() -> None:
    row = told([80.0, 60.0, 40.0])[0]
    assert row["obstacle"] == "N"
    assert row["obstacle_degree"] == pytest.approx(0.6 / 1.2)
    assert row["obstacle_certainty"] > 0.9
    assert told([60.0, 60.0, 60.0], half=10.0)[0]["obstacle_certainty"] < 0.6


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([40.0, 40.0, 40.0], [60.0, 60.0, 60.0], "together_up"),
        ([60.0, 60.0, 60.0], [40.0, 40.0, 40.0], "together_down"),
        ([60.0, 60.0, 60.0], [40.0, 80.0, 80.0], "apart"),
        ([60.0, 60.0, 60.0], [60.5, 80.0, 80.0], "indeterminate"),
    ],
)
def test_parts_move_together_only_for_sure(before, after, expected) -> None:
    row = told(before, after)[-1]
    assert row["movement"] == expected
    if expected == "indeterminate":
        assert row["synergy"] is None
    else:
        assert row["synergy"] == pytest.approx(0.2 if expected == "together_up" else -0.2, abs=0.01)


def test_a_planted_cooperation_comes_back_within_its_intervals() -> None:
    """True shares of three subjects in 120 areas, seen through 200 records each, without any noise of the choices."""
    rng = np.random.default_rng(8)
    names = [f"{n:03}" for n in range(120)]
    true = rng.uniform(0.3, 0.9, (len(names), 3))
    seen = rng.binomial(200, true)
    low, high = (100 * each for each in wilson_limits(seen, np.full(seen.shape, 200)))
    given = [
        figure(name, area, seen[a, k] / 2, lower=low[a, k], upper=high[a, k])
        for a, area in enumerate(names)
        for k, name in enumerate(IDS)
    ]
    rules = IndexRules(draws=400, weight_noise=0.0, goalpost_noise=0.0)
    found = compute_index(published(given), ENTRIES, areas(names), rules)
    planted = coupling_coordination(true)
    rows = found.coordination.filter(parts="subjects").sort("area_id")
    for name, value in planted._asdict().items():
        within = (rows[f"{name}_low"].to_numpy() <= value) & (value <= rows[f"{name}_high"].to_numpy())
        assert 0.9 <= within.mean() <= 0.995
    overall = found.scores.filter(scope=OVERALL).sort("area_id")
    level = 100 * planted.level
    assert ((overall["lower"].to_numpy() <= level) & (level <= overall["upper"].to_numpy())).mean() >= 0.9
    rank = 1 + (level[None, :] > level[:, None]).sum(axis=1)
    held = overall.select(
        (pl.col("rank_low") <= pl.lit(pl.Series(rank))) & (pl.lit(pl.Series(rank)) <= pl.col("rank_high"))
    )
    assert held.to_series().mean() >= 0.9
