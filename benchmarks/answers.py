"""Time the dashboard's answers on a release of 100 areas, 47 indicators and ten years: `python -m benchmarks.answers`.

Prints JSON: for every page, and for what follows a choice or a slider, the median, the 95th percentile and the most
milliseconds of processor time (and of the clock) that one answer takes, over addresses drawn by chance, none asked
twice, so that no kept page answers. Requests are those of a browser, put to the WSGI application in this process;
compressing is part of it. Beside them stands how much slower this computer is than the one that time budgets are for.
Here: asking and timing. Not here: the release (wide_release).
"""

import argparse
import gc
import json
import math
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl
from flask.testing import FlaskClient

from benchmarks import wide_release
from dashboards.address import FORMATS, LANGUAGES, PAGES, REACHED, SCHEMES, View, download_href, href
from dashboards.app import create_app
from dashboards.components.controls import CONTROL
from dashboards.data import Release
from dashboards.releases import Releases
from dashboards.rendering import SHOWN
from tests.dashboards.browsing import question
from tests.pace import pace

NO_TABLE = 404
"""Where an indicator has no figures in an area, there is no table."""
ENCODINGS = "gzip, deflate, br, zstd"
JSON_HEADERS = {"Content-Type": "application/json", "Accept-Encoding": ENCODINGS}


@dataclass(frozen=True)
class Answer:
    """What one request took and brought."""

    address: str
    processor: float
    clock: float
    size: int


class Reader:
    """Asks the application what a browser asks, and times the answers."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client
        self.answers: defaultdict[str, list[Answer]] = defaultdict(list)

    def _timed(self, kind: str, address: str, **request: Any) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        response = self._client.open(**request)
        spent = time.process_time() - processor, time.perf_counter() - clock
        if response.status_code == NO_TABLE and kind.startswith("download"):
            return
        if response.status_code not in (200, 204):
            raise RuntimeError(f"{address}: {response.status}")
        self.answers[kind].append(Answer(address, *spent, len(response.data)))

    def _ask(self, kind: str, address: str, body: dict[str, Any] | str) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self._timed(kind, address, path="/_dash-update-component", method="POST", data=text, headers=JSON_HEADERS)

    def see(self, view: View) -> None:
        """Open an address."""
        address = href(view)
        path, _, query = address.partition("?")
        self._ask(str(view.page), address, question(path, f"?{query}" if query else ""))

    def choose(self, view: View, control: str, value: Any) -> None:
        """Choose in a control of a page that is open."""
        path, _, query = href(view).partition("?")
        changed = {"id": {CONTROL: control}, "property": "value", "value": value}
        body = {
            "output": "navigate.href",
            "outputs": {"id": "navigate", "property": "href"},
            "inputs": [[changed], []],
            "changedPropIds": [json.dumps({CONTROL: control}) + ".value"],
            "state": [
                [{"id": {SHOWN: "controls"}, "property": "data", "value": {}}],
                {"id": "address", "property": "pathname", "value": path},
                {"id": "address", "property": "search", "value": f"?{query}" if query else ""},
            ],
        }
        self._ask("choosing", href(view), body)

    def download(self, view: View, table: str, file_format: str) -> None:
        """Fetch a table as a file."""
        address = download_href(view, table, file_format)
        self._timed(f"download {file_format}", address, path=address, method="GET")


def views(release: Release, rng: random.Random, count: int) -> Iterator[View]:
    """Addresses of every page, `count` each, drawn by chance from what the release holds and a reader can choose."""
    indicators = release.catalogue.filter(status="available")["indicator_id"].to_list()
    areas = release.areas.filter(~pl.col("is_unallocated"))["area_id"].to_list()
    levels = release.areas.filter(pl.col("has_geometry"))["area_level"].unique().sort().to_list()
    kinds = sorted(release.newest_closed)
    dimensions = release.catalogue["dimension"].unique().sort().to_list()
    periods = {kind: release.periods(indicators[0], kind)["period_start"].to_list() for kind in kinds}
    seen: set[View] = set()
    for page in (*PAGES, *REACHED):
        made = 0
        for _ in range(count * 20):
            if made == count:
                break
            kind = rng.choice(kinds)
            view = View(
                page=page,
                indicator=rng.choice(indicators),
                areas=tuple(rng.sample(areas, rng.choice((1, 1, 1, 2, 6)) if page == "trend" else 1)),
                period_kind=kind,
                period=rng.choice([None, *periods[kind]]),
                level=rng.choice([None, *levels]),
                language=rng.choice(LANGUAGES),
                scheme=rng.choice(SCHEMES),
                dimension=rng.choice([None, None, *dimensions]) if page == "catalogue" else None,
            )
            if page in ("briefing", "cooperation"):
                view = replace(view, period_kind=None, period=rng.choice(periods["month"]))
            if view not in seen:
                seen.add(view)
                made += 1
                yield view


def percentile(values: list[float], share: float) -> float:
    """The least value that a share of all does not exceed."""
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


def summary(answers: list[Answer]) -> dict[str, Any]:
    """Milliseconds and kilobytes of the answers of one kind."""
    spent = [1000 * answer.processor for answer in answers]
    waited = [1000 * answer.clock for answer in answers]
    slowest = max(answers, key=lambda answer: answer.processor)
    return {
        "answers": len(answers),
        "processor_ms": {
            "median": round(statistics.median(spent), 1),
            "p95": round(percentile(spent, 0.95), 1),
            "max": round(max(spent), 1),
        },
        "clock_ms": {"median": round(statistics.median(waited), 1), "p95": round(percentile(waited, 0.95), 1)},
        "largest_kb": round(max(answer.size for answer in answers) / 1000),
        "slowest": slowest.address,
    }


def ask(home: Path, count: int, seed: int = 1) -> dict[str, list[Answer]]:
    """Ask everything of the current release of a home folder; answers by page and kind."""
    releases = Releases(home)
    rng = random.Random(seed)
    try:
        client = create_app(releases).server.test_client()
        # As the server does.
        gc.collect()
        gc.freeze()
        warm = Reader(client)
        # What a release is asked but once, by whoever comes first after it was published.
        for page in (*PAGES, *REACHED):
            warm.see(View(page=page))
        reader = Reader(client)
        reader.answers["the first of a release"] = [answer for found in warm.answers.values() for answer in found]
        for view in views(releases.current(), rng, count):
            reader.see(view)
            reader.choose(view, "period", "2015-01-01")
            if view.page == "trend":
                reader.download(view, "trend", rng.choice(FORMATS))
        return dict(reader.answers)
    finally:
        gc.unfreeze()
        releases.close()


def main() -> None:
    """Parse the arguments, make the release, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--views", type=int, default=40, help="addresses per page (default: 40)")
    parser.add_argument("--home", type=Path, help="ask the release of this home folder, instead of making one")
    options = parser.parse_args()
    if options.views < 1:
        parser.error("--views must be positive")
    with tempfile.TemporaryDirectory(prefix="wardlight-bench-") as folder:
        home = options.home or Path(folder)
        if options.home is None:
            wide_release.write(home)
            print("release written", file=sys.stderr)
        before = pace()
        found = ask(home, options.views)
        slower = (before + pace()) / 2
        shown = [answer for page in (*PAGES, *REACHED) for answer in found[page]]
        result = {
            "slower_than_usual": round(slower, 2),
            "pages": {page: summary(found[page]) for page in (*PAGES, *REACHED)},
            "others": {kind: summary(answers) for kind, answers in found.items() if kind not in (*PAGES, *REACHED)},
            "all_pages": summary(shown),
        }
        print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
