"""A warehouse in memory, the simulated district after a night, and how many cases a quick check takes."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import filelock
import pytest

from tests.conftest import wardlight
from tests.pipelines import small_pack

# Of the simulated district that is run once a session.
ROWS = 20_000

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


@pytest.fixture(scope="session")
def district(shared_folder: Path) -> Path:
    """The simulated district's pack and its home folder `home`, after one nightly run; not to be written to."""
    folder = shared_folder / "heting"
    with filelock.FileLock(shared_folder / "heting.lock"):
        if not (folder / "home" / "releases" / "current").exists():
            for arguments in (
                ("simulate", "--out", folder, "--rows", str(ROWS), "--seed", "7"),
                ("nightly", "--city", folder, "--home", folder / "home"),
            ):
                done = wardlight(*arguments)
                assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def home(district: Path) -> Path:
    """The simulated district's home folder."""
    return district / "home"


@pytest.fixture(scope="session")
def truth(district: Path) -> dict[str, Any]:
    """What is planted in it."""
    found: dict[str, Any] = json.loads((district / "truth.json").read_text(encoding="utf-8"))
    return found
