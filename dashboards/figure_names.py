"""Which figure somebody means who types it: an indicator, an area and a period, by their ids or their titles.

Here: reading what was typed, and telling what comes near where there is no such thing. Not here: choices made on a page
(`address`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from difflib import get_close_matches
from typing import Any

from dashboards.data import Release

FORMS = (
    "2025, 2025-Q3, 2025-09, 2025-W37, 2025-09-14, or 2025-09/12m for the twelve months that end with September 2025"
)
NEAR, SHOWN = 0.4, 5
"""How alike a name must be to be suggested, and how many are."""
THURSDAY = 4


class UnknownFigureError(Exception):
    """There is no such figure; `remedy` says what there is."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Figure:
    """The key of one figure."""

    indicator_id: str
    area_id: str
    period_kind: str
    period_start: date


def read_period(text: str) -> tuple[str, date] | None:
    """Read a period: its kind and its first day; of a week the Thursday, which every way of numbering weeks has in it.

    `2025-09/12m` are the twelve months that end with September 2025. None if it is written in no known form.
    """
    for pattern, kind in (
        (r"(\d{4})", "year"),
        (r"(\d{4})-?[Qq]([1-4])", "quarter"),
        (r"(\d{4})-?[Ww](\d{1,2})", "week"),
        (r"(\d{4})-(\d{1,2})/12[Mm]", "rolling_12m"),
        (r"(\d{4})-(\d{1,2})", "month"),
        (r"(\d{4})-(\d{1,2})-(\d{1,2})", "day"),
    ):
        matched = re.fullmatch(pattern, text.strip())
        if matched:
            numbers = [int(number) for number in matched.groups()]
            try:
                return kind, _start(kind, *numbers)
            except ValueError:
                return None
    return None


def _start(kind: str, year: int, part: int = 1, day: int = 1) -> date:
    if kind == "week":
        return date.fromisocalendar(year, part, 4)
    if kind == "quarter":
        return date(year, 3 * part - 2, 1)
    start = date(year, part, day)
    return _months_on(start, -11) if kind == "rolling_12m" else start


def _months_on(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def period_code(kind: str, start: date) -> str:
    """Write a period as `read_period` reads it."""
    # A week that begins on a Sunday has the number of the ISO week that its Thursday is in.
    year, week, _ = (start + timedelta(days=(THURSDAY - start.isoweekday()) % 7)).isocalendar()
    return {
        "week": f"{year}-W{week:02}",
        "rolling_12m": f"{_months_on(start, 11):%Y-%m}/12m",
        "day": f"{start:%Y-%m-%d}",
        "month": f"{start:%Y-%m}",
        "quarter": f"{start.year}-Q{(start.month + 2) // 3}",
        "year": f"{start.year}",
    }[kind]


def find_figure(release: Release, indicator: str, area: str, period: str) -> Figure:
    """Find the figure that is meant.

    Raises
    ------
    UnknownFigureError
        If the release has no such indicator, area or period, or nothing of them together.
    """
    row = _find_indicator(release, indicator)
    area_id = _find_area(release, row, area)
    kind, start = _find_period(release, row, area_id, period)
    return Figure(row["indicator_id"], area_id, kind, start)


def _find_indicator(release: Release, typed: str) -> dict[str, Any]:
    rows = {row["indicator_id"]: row for row in release.catalogue.to_dicts()}
    found = _named(typed, {identity: _titles(row) for identity, row in rows.items()})
    if found is None:
        raise UnknownFigureError(
            f"there is no indicator {typed!r} in release {release.info.release_id}",
            _suggest(typed, {identity: _titles(row) for identity, row in rows.items()}, "the catalogue's ids"),
        )
    row = rows[found]
    if row["status"] != "available":
        missing = [
            code.partition(":")[2] for code in (row["reason"] or "").split(";") if code.startswith("needs_field:")
        ]
        raise UnknownFigureError(
            f"{found} ({row['title_en']}) is not available in this city: {row['reason'] or 'nothing measures it'}",
            f"map {' and '.join(missing)} in the pack's sources and run again"
            if missing
            else f"it needs {', '.join(row['needs']) or 'no field'}; docs/tables.md says what the reason means",
        )
    return row


def _find_area(release: Release, indicator: Mapping[str, Any], typed: str) -> str:
    rows = {row["area_id"]: row for row in release.areas.to_dicts()}
    having = set(release.area_ids(indicator["indicator_id"]))
    titles = {identity: _titles(row) for identity, row in rows.items()}
    # A title may be that of areas of two levels: that which has figures is meant.
    found = _named(typed, {identity: titles[identity] for identity in rows if identity in having})
    if found is not None:
        return found
    known = _named(typed, titles)
    if known is not None:
        levels = sorted({rows[area]["area_level"] for area in having if area in rows})
        raise UnknownFigureError(
            f"{indicator['indicator_id']} is not told of {known} ({rows[known]['area_level']})",
            f"it is told of areas of the level {', '.join(levels)}, such as {', '.join(sorted(having)[:SHOWN])}",
        )
    raise UnknownFigureError(
        f"there is no area {typed!r}",
        _suggest(typed, {identity: titles.get(identity, ()) for identity in sorted(having)}, "areas"),
    )


def _find_period(release: Release, indicator: Mapping[str, Any], area_id: str, typed: str) -> tuple[str, date]:
    identity = indicator["indicator_id"]
    read = read_period(typed)
    if read is None:
        raise UnknownFigureError(f"{typed!r} is no period", f"write {FORMS}")
    kind, day = read
    kinds = release.period_kinds(identity)
    if kind not in kinds:
        raise UnknownFigureError(
            f"{identity} is not told by {kind}", f"it is told by {', '.join(sorted(kinds))}; write {FORMS}"
        )
    starts = release.series(identity, [area_id], kind)["period_start"].to_list()
    week = timedelta(days=7)
    first = next((start for start in starts if start <= day < start + week), day) if kind == "week" else day
    if first in starts:
        return kind, first
    if not starts:
        told = release.series(identity, [area_id], "month")
        raise UnknownFigureError(
            f"{identity} has no figure of {area_id} by {kind}",
            "days and weeks are told where there is enough to count, and where the pack publishes them"
            + ("; it has months" if told.height else ""),
        )
    near = sorted(starts, key=lambda start: abs(start - day))[:2]
    raise UnknownFigureError(
        f"{identity} has no row for {area_id} and {typed}",
        f"it has {period_code(kind, min(starts))} to {period_code(kind, max(starts))}; the nearest are "
        f"{', '.join(period_code(kind, start) for start in sorted(near))}",
    )


def _titles(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("title_en", "title_zh") if row[name])


def _named(typed: str, titles: Mapping[str, Iterable[str]]) -> str | None:
    """Return the id that is typed, or the only one that has what is typed as a title, whatever the case."""
    wanted = typed.strip()
    if wanted in titles:
        return wanted
    found = [
        identity
        for identity, names in titles.items()
        if wanted.casefold() in {each.casefold() for each in (identity, *names)}
    ]
    return found[0] if len(found) == 1 else None


def _suggest(typed: str, titles: Mapping[str, Iterable[str]], what: str) -> str:
    """Say what comes near to what was typed, by id or title."""
    owner = {name.casefold(): identity for identity, names in titles.items() for name in (*names, identity)}
    close = get_close_matches(typed.strip().casefold(), owner, n=2 * SHOWN, cutoff=NEAR)
    holding = [name for name in owner if len(typed.strip()) > 2 and typed.strip().casefold() in name]
    near = list(dict.fromkeys(owner[name] for name in (*holding, *close)))[:SHOWN]
    if not near:
        return f"{what}: {', '.join(list(titles)[: 4 * SHOWN])}{' …' if len(titles) > 4 * SHOWN else ''}"
    return "did you mean " + " or ".join(f"{each} ({next(iter(titles[each]), each)})" for each in near) + "?"
