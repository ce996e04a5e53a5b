"""Columns of tables, as the browser formats them."""

import pytest
from playwright.sync_api import Browser

from dashboards.components.grid import range_column

pytestmark = [pytest.mark.slow, pytest.mark.browser]

FORMAT = "(told, row) => new Function('params', 'd3', 'return ' + told)({data: row}, {format: () => n => n.toFixed(1)})"


@pytest.mark.parametrize(
    ("low", "high", "shown"),
    [(1.23, 3.4, "1.2 – 3.4"), (0, None, "0.0 – ∞"), (None, 3.4, "–"), (None, None, "–")],
)
def test_a_range_without_an_upper_end_is_open(
    browser: Browser, low: float | None, high: float | None, shown: str
) -> None:
    row = {"low": low, "high": high}
    column = range_column("low", "high", "Range", 1, [row])
    page = browser.new_page()
    told = column["valueFormatter"]["function"]
    assert page.evaluate(f"([told, row]) => ({FORMAT})(told, row)", [told, row]) == shown
    page.close()
