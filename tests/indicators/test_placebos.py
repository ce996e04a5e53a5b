import numpy as np
import pytest

from indicators.evaluation import wdd
from indicators.placebos import MOST, placebo_share

TIMES = np.ones(2)


def test_every_choice_of_one_area_is_evaluated() -> None:
    random = np.random.default_rng(4)
    counts = random.poisson(50, (24, 2)).astype(float)
    sizes = counts[:, 0]
    z = [
        wdd(
            [counts[n], np.delete(counts, n, axis=0).sum(axis=0)],
            area_weights=(1, (sizes.sum() - sizes[n]) / sizes[n]),
        )["z"][0]
        for n in range(24)
    ]
    for n in range(24):
        rest = np.arange(24) != n
        share, others = placebo_share(counts[[n]], sizes[[n]], counts[rest], sizes[rest], TIMES)
        assert share == pytest.approx(np.mean(np.abs(z) >= abs(z[n]) - 1e-9))
        assert others == 23
    # As many areas as a share of 5 % needs are found at 5 %, no more.
    assert sum(np.abs(z) >= np.sort(np.abs(z))[-1]) == 1


def test_many_choices_are_drawn_the_same_way_each_time() -> None:
    counts = np.random.default_rng(4).poisson(50, (60, 2)).astype(float)
    given = (counts[:5], counts[:5, 0], counts[5:], counts[5:, 0], TIMES)
    assert placebo_share(*given) == placebo_share(*given)
    assert placebo_share(*given)[1] == MOST


@pytest.mark.parametrize(("treated", "control"), [(1, 18), (4, 7), (1, 1)])
def test_too_few_areas_have_no_placebos(treated: int, control: int) -> None:
    counts = np.full((treated + control, 2), 9.0)
    sizes = np.ones(treated + control)
    given = (counts[:treated], sizes[:treated], counts[treated:], sizes[treated:], TIMES)
    assert placebo_share(*given) == (None, None)


def test_nothing_counted_has_no_placebos_and_areas_without_size_take_no_part() -> None:
    nothing = np.zeros((24, 2))
    assert placebo_share(nothing[:1], np.ones(1), nothing[1:], np.ones(23), TIMES) == (None, None)
    counts = np.random.default_rng(4).poisson(50, (30, 2)).astype(float)
    counts[25:] = 0
    assert placebo_share(counts[:1], counts[:1, 0], counts[1:], counts[1:, 0], TIMES)[1] == 24
