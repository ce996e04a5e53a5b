"""Importance and performance: quarters are named only where the limits lie within them."""

import pytest

from indicators.importance import Span, place


def around(value: float, reach: float = 1.0) -> Span:
    return Span(value, value - reach, value + reach)


def test_quarters_are_those_of_the_map() -> None:
    spans = [(around(40), around(0.7, 0.05)), (around(70), around(0.7, 0.05)), (around(40), around(0.3, 0.05))]
    placed = place([*spans, (around(70), around(0.3, 0.05))])
    assert [each.quarter for each in placed] == ["improve", "keep", "low", "enough"]


@pytest.mark.parametrize("reach", [16.0, 30.0])
def test_limits_over_a_mean_leave_the_quarter_unclear(reach: float) -> None:
    placed = place([(around(40, reach), around(0.7, 0.05)), (around(70), around(0.3, 0.05))])
    assert [each.quarter for each in placed] == ["unclear", "enough"]


def test_without_limits_nothing_is_named() -> None:
    nan = float("nan")
    placed = place([(Span(40, nan, nan), around(0.7)), (around(70), around(0.3, 0.05))])
    assert placed[0].quarter == "unclear"


def test_no_foundation_and_a_lone_one() -> None:
    assert place([]) == []
    assert place([(around(40), around(0.7))])[0].quarter == "unclear"
