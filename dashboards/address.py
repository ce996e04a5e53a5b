"""The view in the address: which page shows what, as a path and a query string.

Everything a reader can choose lives in a `View`; a link therefore reopens exactly what was seen, and the
browser's back button works. All links of the application are made here, so none can lead elsewhere. Whether
an indicator or an area exists is not known here: pages ask the release.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus

PAGES = (
    *("overview", "district", "trend", "compare", "cooperation", "public", "interventions", "game", "quality"),
    *("catalogue", "briefing"),
)
REACHED = ("explain",)
"""Pages that others lead to; the navigation does not name them."""
PERIOD_KINDS = ("day", "week", "month", "quarter", "year", "rolling_12m")
LANGUAGES = ("en", "zh")
SCHEMES = ("light", "dark")
AVAILABILITIES = ("available", "not_available")
MAX_AREAS = 6
"""As many areas as the trend page draws one below the other."""
MAX_SETTINGS = 40
"""As many parameters of a game as an address may hold."""
RELEASE = re.compile(r"\w[\w-]{0,79}", re.ASCII)
"""What the name of a release can look like: none leads out of their folder."""
FORMATS = ("csv", "xlsx")
"""Kinds of file that a table can be had as."""
DOWNLOADS = "/download"


@dataclass(frozen=True)
class View:
    """What a reader looks at; None means the page's own default."""

    page: str | None = "overview"
    """One of `PAGES` or `REACHED`; None for an address that leads to no page."""
    indicator: str | None = None
    areas: tuple[str, ...] = ()
    period_kind: str | None = None
    period: date | None = None
    level: str | None = None
    language: str | None = None
    scheme: str | None = None
    """Light or dark; None follows the reader's system."""
    dimension: str | None = None
    availability: str | None = None
    search: str | None = None
    topic: str | None = None
    """A question of the survey, or a foundation that it judges."""
    game: str | None = None
    settings: tuple[tuple[str, float], ...] = ()
    """Parameters of the game that are otherwise than today, by name."""
    axes: tuple[str, ...] = ()
    """The two parameters that the game's map is over."""
    release: str | None = None
    """The release that the view is of; None follows the newest."""

    def to(self, page: str, **changes: Any) -> "View":
        """Give the view of another page, keeping what the reader has chosen."""
        return replace(self, page=page, **changes)

    def bare(self) -> "View":
        """Give the view without its subject: how it is shown, and of which release."""
        return View(language=self.language, scheme=self.scheme, release=self.release)


def parse(pathname: str | None, query: str | None) -> View:
    """Read a view from an address.

    Parameters
    ----------
    pathname, query
        As the browser gives them, the query with or without its question mark.

    Returns
    -------
    View
        Values outside the known vocabularies are dropped, so an old or mistyped link still opens.
    """
    name = (pathname or "/").strip("/") or "overview"
    # Half a surrogate pair, which a script may send, stands for no letter: no page could be written with it.
    fields = parse_qs((query or "").encode(errors="replace").decode().removeprefix("?"))

    def one(key: str, allowed: Iterable[str] | None = None) -> str | None:
        value = fields.get(key, [""])[0].strip()
        return value if value and (allowed is None or value in allowed) else None

    return View(
        page=name if name in (*PAGES, *REACHED) else None,
        indicator=one("indicator"),
        areas=tuple(dict.fromkeys(fields.get("area", [])))[:MAX_AREAS],
        period_kind=one("by", PERIOD_KINDS),
        period=_day(one("period")),
        level=one("level"),
        language=one("lang", LANGUAGES),
        scheme=one("scheme", SCHEMES),
        dimension=one("dimension"),
        availability=one("status", AVAILABILITIES),
        search=one("q"),
        topic=one("topic"),
        game=one("game"),
        settings=_settings(fields.get("set", [])),
        axes=tuple(dict.fromkeys(fields.get("map", [])))[:2],
        release=release if (release := one("release")) and RELEASE.fullmatch(release) else None,
    )


def href(view: View) -> str:
    """Write a view as an address within the application; defaults are left out.

    Raises
    ------
    ValueError
        If the view names no page of the application.
    """
    if view.page not in (*PAGES, *REACHED):
        raise ValueError(f"{view.page!r} is not a page; choose one of {', '.join((*PAGES, *REACHED))}.")
    query = _query(view)
    path = "/" if view.page == "overview" else f"/{view.page}"
    return f"{path}?{query}" if query else path


def download_href(view: View, table: str, file_format: str) -> str:
    """Write the address of a file that holds a table of a view."""
    return f"{DOWNLOADS}/{file_format}/{view.page}/{quote(table, safe='')}?{_query(view)}".removesuffix("?")


def _query(view: View) -> str:
    fields: list[tuple[str, str | None]] = [
        ("indicator", view.indicator),
        *(("area", area) for area in view.areas),
        ("by", view.period_kind),
        ("period", view.period.isoformat() if view.period else None),
        ("level", view.level),
        ("dimension", view.dimension),
        ("status", view.availability),
        ("q", view.search),
        ("topic", view.topic),
        ("game", view.game),
        *(("set", f"{name}:{value:.10g}") for name, value in view.settings),
        *(("map", name) for name in view.axes),
        ("lang", view.language),
        ("scheme", view.scheme),
        ("release", view.release),
    ]
    return "&".join([f"{key}={_quoted(value)}" for key, value in fields if value])


_quoted = lru_cache(maxsize=10_000)(partial(quote_plus, errors="replace"))
"""Values as addresses hold them: the thousands of links of a page share their areas, indicators and days."""


def choose(view: View, control: str, value: Any) -> View:
    """Apply a reader's choice in one control.

    Parameters
    ----------
    control
        Name of a field of `View`.
    value
        What the control holds: text, a list of texts (or one) for `areas`, nothing when cleared.

    Notes
    -----
    A period of one kind means nothing for another, so a new kind forgets the period; so does another game parameters.
    """
    chosen: Any = value or None
    if control == "areas":
        chosen = (value,) if isinstance(value, str) and value else tuple(value or ())[:MAX_AREAS]
    elif control == "period":
        chosen = _day(value)
    elif control == "search":
        chosen = (value or "").strip() or None
    if getattr(view, control) == chosen:
        return view
    changed: View = replace(view, **{control: chosen})
    if control == "game":
        return replace(changed, settings=(), axes=())
    return replace(changed, period=None) if control == "period_kind" else changed


def _settings(given: list[str]) -> tuple[tuple[str, float], ...]:
    """Read name:value, each name once; what is no finite number is dropped."""
    found: dict[str, float] = {}
    for each in given[:MAX_SETTINGS]:
        name, _, text = each.partition(":")
        try:
            value = float(text)
        except ValueError:
            continue
        if name and math.isfinite(value):
            found.setdefault(name, value)
    return tuple(sorted(found.items()))


def _day(text: str | None) -> date | None:
    """Read a day; a month, as 2026-03, is its first one."""
    try:
        return date.fromisoformat(f"{text}-01" if len(text or "") == len("2026-03") else text) if text else None
    except ValueError:
        return None
