"""How often nowcasts hold what comes, on simulated records."""

import numpy as np
import pytest

from benchmarks.nowcasts import DAYS, WINDOW, WORLDS, coverage, seen, simulate

pytestmark = pytest.mark.slow


def test_the_simulation_records_what_happened_and_a_snapshot_lacks_what_is_late() -> None:
    counts = simulate(WORLDS["batched"], 1)
    assert np.array_equal(counts, simulate(WORLDS["batched"], 1))
    event, delay = np.nonzero(counts[:, :DAYS])
    assert not np.isin((event + delay) % 7, (5, 6)).any()
    known = seen(counts, WINDOW + 9)
    assert known.shape == (WINDOW, DAYS + 1)
    assert np.array_equal(known[: -DAYS - 1], counts[10 : WINDOW + 10 - DAYS - 1])
    assert known[-1].sum() == counts[WINDOW + 9, 0] < counts[WINDOW + 9].sum()


@pytest.mark.parametrize("name", ["plain", "batched", "clustered"])
def test_intervals_hold_what_comes(name: str) -> None:
    """19 of 20; `python -m benchmarks.nowcasts` measures it closer. Without its hindcasts, batches would break it."""
    found = coverage(WORLDS[name], 28, seeds=8)
    assert found["nowcasts"] == 160
    assert 0.9 <= found["held"] <= 1
    assert found["expected_of_what_came"] == pytest.approx(1, abs=0.02)
    assert found["counted_of_what_came"] < 0.95
