"""What tests of several folders share: the city's release, made once a session, and a browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import filelock
import hypothesis
import pytest
from playwright.sync_api import Browser

from tests.dashboards import browsing

ROOT = Path(__file__).resolve().parents[1]
NYC = ROOT / "cities" / "nyc"

# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("patient", deadline=None)
# For `make check`: fewer examples of each property; `make test` tries them all.
hypothesis.settings.register_profile("quick", deadline=None, max_examples=15)
hypothesis.settings.load_profile("patient")


# Files whose tests take longest, longest first: a worker that begins one of them last would keep all others waiting.
# Those that look at New York's release come after those that need none, while the first one makes it.
LONGEST = (
    *("pipelines/test_nightly.py", "pipelines/test_gating.py", "pipelines/test_revised_releases.py"),
    *(
        "pipelines/test_incremental_models.py",
        "pipelines/loading/test_histories.py",
        "pipelines/test_killed_release.py",
    ),
    *("pipelines/test_simulated_district.py", "dashboards/test_browser.py", "dashboards/test_budgets.py"),
    *("dashboards/test_controls.py", "pipelines/test_released_pages.py"),
    *("benchmarks/test_anomalies.py", "pipelines/test_demo.py", "pipelines/test_planted_bounds.py"),
    *("pipelines/test_no_personal_data.py", "pipelines/test_mutated_files.py", "test_own_city.py"),
    *("pipelines/contracts/test_agreement.py", "pipelines/test_web_server.py", "benchmarks/test_silence.py"),
    *("dashboards/access/test_browser.py", "pipelines/test_planted_survey.py", "pipelines/test_cli.py"),
)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first; `make test` hands files out in this order."""
    rank = {ROOT / "tests" / file: at for at, file in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(LONGEST)))


def wardlight(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )


def _once(shared: Path, name: str, *arguments: str) -> Path:
    """Run the nightly job into a folder that the session's workers share, once."""
    home = shared / name
    with filelock.FileLock(shared / f"{name}.lock"):
        if not (home / "releases" / "current").exists():
            done = wardlight("nightly", "--city", NYC, "--home", home, *arguments)
            assert done.returncode == 0, done.stderr
            (home / "account.txt").write_text(done.stdout, encoding="utf-8")
    return home


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the workers of this session have in common."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def nyc_home(shared_folder: Path) -> Path:
    """A home folder with New York's release, as the first nightly run leaves it; not to be written to."""
    return _once(shared_folder, "nyc")


@pytest.fixture(scope="session")
def nyc_home_in_june(shared_folder: Path) -> Path:
    """The same as things stood on 30 June 2016; not to be written to."""
    return _once(shared_folder, "nyc-june", "--as-of", "2016-06-30")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real browser; gone after the module, since Playwright's event loop would be in the way of Dagster's."""
    executable = browsing.chromium()
    if executable is None:
        if os.environ.get("CI"):
            pytest.fail(browsing.MISSING)
        pytest.skip(browsing.MISSING)
    with browsing.browser(executable) as launched:
        yield launched
