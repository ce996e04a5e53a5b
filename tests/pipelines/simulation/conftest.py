"""One simulated district for the tests of this folder, and what it is known to hold."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.simulation.simulate import simulate

ROWS = 20_000


@pytest.fixture(scope="session")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("heting")
    simulate(folder, ROWS, seed=7)
    return folder


@pytest.fixture(scope="session")
def truth(district: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((district / "truth.json").read_text(encoding="utf-8"))
    return found
