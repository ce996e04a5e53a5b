"""What every part of a page says of a figure: one by one, and of many at once."""

import polars as pl
import pytest

from dashboards.address import View
from dashboards.components.context import Context
from dashboards.data import Release
from dashboards.figures.theme import palette
from dashboards.wording import Words


@pytest.fixture(params=["en", "zh"])
def context(release: Release, request: pytest.FixtureRequest) -> Context:
    return Context(release, View(language=request.param), Words(request.param), "light", palette("light"))


def test_many_figures_are_told_as_one_is(context: Context) -> None:
    told = set()
    for identity in context.release.indicator_rows:
        indicator = context.release.indicator(identity)
        assert indicator is not None
        for kind in context.release.period_kinds(identity):
            figures = context.release.series(identity, sorted(context.release.area_ids(identity)), kind)
            one_by_one = ["\n".join(context.figure_lines(row, indicator)) for row in figures.to_dicts()]
            assert context.figure_texts(figures, indicator, "\n") == one_by_one
            told |= {text.count("\n") for text in one_by_one}
    assert len(told) > 3


def test_what_the_data_brings_is_told_as_it_is(context: Context) -> None:
    """Braces in a code are no place for a number; columns that older releases lack are nothing to tell."""
    indicator = context.release.indicator("B1_theft")
    assert indicator is not None
    row = {"value": 1234.5, "lower": 1000.0, "upper": None, "status": "odd_{0}", "reason": "{1}", "unusable": 3}
    lines = context.figure_lines(row, indicator)
    assert "1,23" in lines[0]
    assert lines[1:] == ["odd {0}", "{1}"]
    assert context.figure_texts(pl.DataFrame([row]), indicator, "|") == ["|".join(lines)]
    gone = {**row, "value": None}
    assert context.figure_lines(gone, indicator) == ["odd {0}", "{1}"]
    assert context.figure_texts(pl.DataFrame([gone]), indicator, "|") == ["odd {0}|{1}"]
