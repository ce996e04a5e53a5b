from datetime import date

import numpy as np
import pytest

from benchmarks.changes import LEVELS, by_moving_range, by_season, cities, listed, measure, simulate
from indicators.charts import ChartRules

pytestmark = pytest.mark.slow


def test_the_simulation_has_the_levels_and_the_changes_asked_for() -> None:
    calm, changed = (simulate(date(2024, 5, 1), 0.0, share, 7) for share in (0.0, 0.5))
    assert (calm.month, calm.days[-1]) == (date(2024, 5, 1), date(2024, 5, 31))
    assert calm.counts.reshape(len(LEVELS), -1).mean(axis=1) == pytest.approx(LEVELS, rel=0.07)
    may, before = changed.counts[:, -31:].mean(axis=1), changed.counts[:, -62:-31].mean(axis=1)
    ratio = (may / before)[len(may) // 2 :]
    is_changed = changed.is_changed[len(may) // 2 :]
    assert changed.is_changed.sum() == 50
    assert np.abs(np.log(ratio[is_changed])).mean() > 2 * np.abs(np.log(ratio[~is_changed])).mean()
    assert np.array_equal(calm.counts, simulate(date(2024, 5, 1), 0.0, 0.0, 7).counts)


def test_nothing_tested_is_nothing_listed() -> None:
    assert listed(np.array([np.nan, 0.0001, 0.9, np.nan])).tolist() == [False, True, False, False]
    assert not listed(np.full(3, np.nan)).any()


def test_of_rare_events_that_are_listed_no_more_are_false_than_promised() -> None:
    """A rise to four times as many, or none for three months."""
    (gaps,) = measure(24, 0.0, 0.1, 5, is_rare=True)
    assert gaps["false_discovery_rate"] <= ChartRules().largest_q + 2 * gaps["standard_error"]
    assert gaps["changed_listed"] > 0.3
    assert gaps["unchanged_below_5_percent"] < 0.06


@pytest.mark.slow
@pytest.mark.parametrize(("drift", "share", "found"), [(0.0, 0.0, 0.0), (0.0, 0.1, 0.5), (0.15, 0.1, 0.1)])
def test_of_what_is_listed_no_more_is_false_than_promised(drift: float, share: float, found: float) -> None:
    moving_range, season = measure(24, drift, share, 5, asked=("moving_range", "season"))
    assert season["false_discovery_rate"] <= ChartRules().largest_q + 2 * season["standard_error"]
    assert season["unchanged_listed"] < 0.02
    assert moving_range["unchanged_listed"] > 0.1
    assert (season["changed_listed"] or 0.0) >= found


@pytest.mark.slow
def test_the_season_keeps_its_level_where_the_rate_drifts() -> None:
    """Of 2 400 p-values five per cent, or fewer, within three standard errors."""
    p_values = np.concatenate([by_season(city) for city in cities(24, 0.15, 0.0, 5)])
    assert 0.03 < (p_values < 0.05).mean() < 0.064
    ranges = np.concatenate([by_moving_range(city) for city in cities(24, 0.15, 0.0, 5)])
    assert (ranges < 0.05).mean() > 0.15
