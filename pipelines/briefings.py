"""Briefings as files: a process of the dashboard writes the documents, Chromium prints them; each file appears whole.

What a briefing says is the dashboard's. When they are made is for the schedule (`defs/briefings`).
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import WardlightError

FOLDER = "briefings"
"""In the home folder: a folder per month."""
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = "install Chromium, such as: apt-get install chromium"
_SECONDS = 120


class BriefingError(WardlightError):
    """A briefing that cannot be made."""


@dataclass(frozen=True)
class Document:
    """A briefing as the dashboard wrote it."""

    path: Path
    area: str
    month: str
    """Such as 2026-03."""
    language: str
    release_id: str


def chromium() -> str | None:
    """Return the path of an installed Chromium or Chrome."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


@contextmanager
def documents(
    home: Path, areas: Sequence[str] = (), month: str | None = None, languages: Sequence[str] = ()
) -> Iterator[list[Document]]:
    """Have the dashboard write briefings, each a HTML file that needs no other; they are gone afterwards.

    Parameters
    ----------
    areas, month, languages
        By default every district, the newest month that was over, the city's language.

    Raises
    ------
    BriefingError
        If there is no such area, month or release.
    """
    with tempfile.TemporaryDirectory(prefix="wardlight-briefing-") as folder:
        command = [sys.executable, "-m", "dashboards.write_briefings", "--home", str(home), "--out", folder]
        for option, values in (("--area", areas), ("--month", [month] if month else []), ("--language", languages)):
            command += [word for value in values for word in (option, value)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own module
        if done.returncode != 0:
            told = done.stderr.strip().splitlines() or ["the dashboard gave no reason"]
            raise BriefingError(
                f"there is no such briefing: {told[-1]}",
                file=home,
                remedy="the pages District and Briefing of the dashboard name the areas and months that there are",
            )
        yield [Document(path=Path(folder) / each.pop("file"), **each) for each in json.loads(done.stdout)]


def save(document: Document, target: Path, browser: str | None) -> None:
    """Write a briefing to a file, at once and whole; what was there before stays until then.

    Parameters
    ----------
    browser
        Chromium, which prints it as PDF; without it the document itself is written.

    Raises
    ------
    BriefingError
        If Chromium fails.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside the target: a rename is atomic within one file system alone.
    with tempfile.TemporaryDirectory(prefix=".writing-", dir=target.parent) as aside:
        made = Path(aside) / target.name
        if browser is None:
            shutil.copyfile(document.path, made)
        else:
            _print(browser, document.path, made)
        with made.open("rb") as file:
            os.fsync(file.fileno())
        made.replace(target)


def _print(browser: str, document: Path, pdf: Path) -> None:
    # Its profile is new each time, so that several may print at once and none opens a window that is there already.
    with tempfile.TemporaryDirectory(prefix="wardlight-chromium-") as profile:
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--no-first-run",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={pdf}",
            document.as_uri(),
        ]
        # Chromium's sandbox refuses to start for root; what it opens is our own file, without any script.
        command[1:1] = ["--no-sandbox"] if os.geteuid() == 0 else []
        try:
            done = subprocess.run(  # noqa: S603 - the browser on the path, and our own file
                command, capture_output=True, text=True, check=False, timeout=_SECONDS
            )
        except subprocess.TimeoutExpired as error:
            raise BriefingError(f"{browser} did not print within {_SECONDS} s", file=pdf, remedy=INSTALL) from error
    if done.returncode != 0 or not pdf.exists():
        told = done.stderr.strip().splitlines()
        raise BriefingError(
            f"{browser} did not print: {told[-1] if told else 'no reason given'}",
            file=pdf,
            remedy="name a file that ends in .html to get the document itself",
        )
