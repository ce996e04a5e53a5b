"""Write briefings as files: `python -m dashboards.write_briefings --home DIR --out DIR [--area A] [--month 2026-03]`.

What a schedule or a command line starts instead of a server: no port, nobody to sign in, the same documents. Prints
what it has written as JSON. Turning them into PDF is the caller's.
"""

import argparse
import json
import re
import sys
from datetime import date
from pathlib import Path

from dashboards.address import LANGUAGES, View
from dashboards.components.area_tree import districts
from dashboards.components.context import Context
from dashboards.data import Release, ReleaseError
from dashboards.document import BriefingError, document
from dashboards.figures.theme import palette
from dashboards.releases import Releases
from dashboards.wording import Words


def main() -> int:
    """Write the documents asked for; 1, and the reason on standard error, where one cannot be."""
    parser = argparse.ArgumentParser(prog="python -m dashboards.write_briefings", description=__doc__.splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="state folder that holds releases/")
    parser.add_argument("--out", type=Path, required=True, help="folder to write into")
    parser.add_argument("--area", action="append", default=[], help="id of an area; by default every district")
    parser.add_argument("--month", type=_month, help="such as 2026-03; by default the newest one that was over")
    parser.add_argument("--language", action="append", default=[], choices=LANGUAGES, help="by default the city's")
    options = parser.parse_args()
    releases = Releases(options.home.resolve())
    try:
        written = write(releases, options.out, options.area, options.month, options.language)
    except BriefingError as error:
        print(error, file=sys.stderr)
        return 1
    except ReleaseError as error:
        words = Words(next(iter(options.language), "en"))
        print(words(f"release_error.{error.code}"), file=sys.stderr)
        return 1
    finally:
        releases.close()
    print(json.dumps(written, ensure_ascii=False, indent=2))
    return 0


def write(
    releases: Releases, folder: Path, areas: list[str], month: date | None, languages: list[str]
) -> list[dict[str, str]]:
    """Write a document per area and language.

    Parameters
    ----------
    areas, month, languages
        By default every district, the newest month that was over, the city's language.

    Returns
    -------
    list of dict
        file (its name in `folder`), area, month, language, release_id of each.

    Raises
    ------
    BriefingError
        If there is no such area, or nothing can be told of the month.
    ReleaseError
        If there is no release that can be read.
    """
    release = releases.current()
    month = month or release.newest_closed.get("month")
    if month is None:
        raise BriefingError("This release holds no figures by month.")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for area in areas or _districts(release):
        for language in languages or [release.info.language]:
            view = View("briefing", areas=(area,), period=month, language=language)
            # Of an id, what any file system takes.
            name = f"{re.sub(r'[^A-Za-z0-9_-]+', '_', area)}_{language}.html"
            (folder / name).write_text(document(releases, view), encoding="utf-8")
            of = {"area": area, "month": month.strftime("%Y-%m"), "language": language}
            written.append({"file": name, **of, "release_id": release.info.release_id})
    return written


def _districts(release: Release) -> list[str]:
    context = Context(release, View("briefing"), Words("en"), "light", palette("light"))
    return [str(area) for area in districts(context)["area_id"]]


def _month(text: str) -> date:
    return date.fromisoformat(f"{text}-01")


if __name__ == "__main__":
    sys.exit(main())
