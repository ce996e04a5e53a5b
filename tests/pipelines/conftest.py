"""A warehouse in memory for each test that asks for one, and how many cases a quick check takes."""

from collections import defaultdict
from collections.abc import Iterator

import duckdb
import pytest

from tests.pipelines import small_pack

# A case with a warehouse or a folder costs some hundredths to tenths of a second, and some tests have dozens of cases.
QUICK_CASES = 3


def _is_costly(item: pytest.Function) -> bool:
    return not {"con", "tmp_path"}.isdisjoint(item.fixturenames)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Call the cases of a test slow but for a few, spread evenly: a quick check takes those, a whole one all."""
    cases: dict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        if isinstance(item, pytest.Function) and _is_costly(item) and not item.get_closest_marker("slow"):
            cases[item.nodeid.partition("[")[0]].append(item)
    for found in cases.values():
        last = len(found) - 1
        taken = {last * at // (QUICK_CASES - 1) for at in range(QUICK_CASES)}
        for at, item in enumerate(found):
            if at not in taken and last >= QUICK_CASES:
                item.add_marker(pytest.mark.slow)


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with small_pack.warehouse() as opened:
        yield opened
