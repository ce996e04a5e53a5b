"""A sample release and the served dashboard, each once per session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dashboards.data import Release
from dashboards.releases import Releases
from tests.dashboards import browsing, sample_release


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    sample_release.write(folder)
    return folder


@pytest.fixture(scope="session")
def release(home: Path) -> Release:
    return Releases(home).current()


@pytest.fixture(scope="session")
def base_url(home: Path) -> Iterator[str]:
    with browsing.serve(home) as url:
        yield url
