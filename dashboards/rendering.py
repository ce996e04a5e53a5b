"""From an address to a page: which page, in which words and colours, and what stands there when it cannot be drawn.

A release is immutable, so the same view of it is always the same page: drawn pages are kept, as they are sent,
for as long as their release is open. What a page holds is for `pages`.
"""

import logging
import threading
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from dash import dcc
from dash.development.base_component import Component

from dashboards import elements as html
from dashboards.access.bar import account_bar
from dashboards.address import LANGUAGES, View, parse
from dashboards.components.context import Context
from dashboards.components.controls import CONTROL
from dashboards.components.first_use import first_use
from dashboards.components.header import footer, header, is_overdue, plain_header
from dashboards.components.layout import empty_state
from dashboards.data import Release, ReleaseError
from dashboards.encoding import Written, as_json, preceded
from dashboards.figures.theme import palette
from dashboards.keeping import Kept
from dashboards.pages import (
    briefing,
    catalogue,
    compare,
    cooperation,
    district,
    explain,
    game,
    interventions,
    overview,
    public,
    quality,
    trend,
)
from dashboards.releases import Releases
from dashboards.wording import Words

PAGES: dict[str, Callable[[Context], Any]] = {
    "overview": overview.page,
    "district": district.page,
    "trend": trend.page,
    "compare": compare.page,
    "cooperation": cooperation.page,
    "public": public.page,
    "interventions": interventions.page,
    "game": game.page,
    "quality": quality.page,
    "catalogue": catalogue.page,
    "explain": explain.page,
    "briefing": briefing.page,
}
SHOWN = "shown"
"""Key of the id of the store that remembers the controls as drawn."""
KEPT_PAGES = 48
"""Drawn pages kept per release, the least recently seen going first; a page takes up to 400 kB."""
KEPT_LIMITED_PAGES = 12
"""The same for each set of areas that readers are limited to: there are many of these, and few who share one."""
LOG = logging.getLogger(__name__)


class Page(NamedTuple):
    """What the browser gets for an address."""

    content: Any
    """A list of parts, or such a list as it is written for the browser (`Written`)."""
    scheme: str
    language: str
    title: str


Draw = Callable[[Release, View, str], Page]


def context_of(release: Release, view: View, scheme: str) -> Context:
    """Put together what a page is drawn with; without a choice, the words are in the city's language."""
    words = Words(view.language or (release.info.language if release.info.language in LANGUAGES else "en"))
    return Context(release, view, words, scheme, palette(scheme))


def draw_page(release: Release, view: View, scheme: str) -> Page:
    """Draw the view of a release in a colour scheme."""
    context = context_of(release, view, scheme)
    words = context.words
    if view.page is None:
        content: Any = empty_state(
            words("lost.title"), html.InnerLink(words("lost.remedy"), href=context.link("overview")), is_page=True
        )
        title = words("lost.title")
    elif release.scope.is_limited and release.areas.height < 2:
        content = empty_state(words("access.no_area"), words("access.no_area_line"), is_page=True)
        title = words("access.no_area")
    else:
        content = PAGES[view.page](context)
        title = f"{words(f'nav.{view.page}')} · {words.of(vars(release.info), 'title')}"
    whole = _whole([header(context), first_use(words)], content, footer(context))
    return Page(whole, scheme, words.language, f"{title} · Wardlight")


def render(
    releases: Releases, pathname: str | None, query: str | None, system: str = "light", draw: Draw = draw_page
) -> Page:
    """Answer an address; a reader gets a page in any case.

    Parameters
    ----------
    releases
        Of these the one that the address names is shown, else the current one.
    pathname, query
        As the browser gives them.
    system
        Colour scheme of the reader's system, followed unless the address names one.
    draw
        Draws the view of a release; `KeptPages` remembers what it has drawn.
    """
    view = parse(pathname, query)
    scheme = view.scheme or system
    try:
        page = draw(releases.named(view.release), view, scheme)
    except ReleaseError as error:
        page = _failed(view, scheme, error.code, error.detail)
    except Exception as error:
        # The cause is for the log.
        LOG.exception("The page at %s?%s could not be drawn", pathname, (query or "").lstrip("?"))
        page = _failed(view, scheme, "page", type(error).__name__)
    # Drawn pages are kept for all who see the same of a release; who asks is no part of them.
    bar, drawn = account_bar(Words(page.language), page.scheme), page.content
    return page._replace(content=preceded(bar, drawn) if isinstance(drawn, Written) else [*bar, *drawn])


class KeptPages:
    """Draws pages and keeps them, as they are written for the browser, until their release is closed.

    A release as seen through another scope is another release, so that no reader gets a page drawn for one who may
    see more.
    """

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[Release, Kept[Page]] = WeakKeyDictionary()
        self._lock = threading.Lock()

    def __call__(self, release: Release, view: View, scheme: str) -> Page:
        """Give the page of a view, drawn at most once per release while it is kept."""
        # Nothing else on a page hangs on the time.
        key = (view, scheme, is_overdue(release.info))
        with self._lock:
            pages = self._kept.setdefault(release, Kept(KEPT_LIMITED_PAGES if release.scope.is_limited else KEPT_PAGES))
        page = pages.get(key)
        if page is None:
            drawn = draw_page(release, view, scheme)
            page = drawn._replace(content=as_json(drawn.content))
            pages.put(key, page)
        return page


def control_values(content: Any) -> dict[str, Any]:
    """What the controls of a page hold as drawn, by name; a different value later is a reader's choice."""
    found: dict[str, Any] = {}
    # By hand: Dash's own way round a page of a thousand parts takes a tenth of the time that drawing it does.
    waiting = [content]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list | tuple):
            waiting += part
        elif isinstance(part, Component):
            identity = getattr(part, "id", None)
            if isinstance(identity, dict) and CONTROL in identity:
                found[identity[CONTROL]] = part.value
            waiting.append(getattr(part, "children", None))
    return found


def _failed(view: View, scheme: str, code: str, detail: str) -> Page:
    words = Words(view.language or "en")
    title = words(f"release_error.{code}")
    content = empty_state(title, words(f"release_error.{code}_remedy"), detail, is_page=True)
    whole = _whole([plain_header(words, view, scheme)], content, None)
    return Page(whole, scheme, words.language, f"{title} · Wardlight")


def _whole(head: list[Any], content: Any, foot: Any) -> Any:
    parts = content if isinstance(content, list) else [content]
    main = html.Main(parts, id="content", className="content", tabIndex=-1)
    return [*head, main, foot, dcc.Store(id={SHOWN: "controls"}, data=control_values(main))]
