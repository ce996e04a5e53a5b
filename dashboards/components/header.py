"""The head of every page: city, release, freshness, navigation, language and colour scheme."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from dashboards import elements as html
from dashboards.address import PAGES, View, href
from dashboards.components.context import Context
from dashboards.components.first_use import help_button
from dashboards.data import ReleaseInfo
from dashboards.wording import Words

OTHER_LANGUAGE = {"en": ("zh", "中文"), "zh": ("en", "English")}
SWITCH = "switch"
"""Key of the id of the links to the same view in the other language and in the other scheme."""


def header(context: Context) -> Any:
    """Header of a page that shows a release."""
    words, info = context.words, context.release.info
    statuses = context.release.quality.freshness["status"].to_list()
    alive = statuses.count("alive")
    fresh = words("header.sources", alive=alive, all=len(statuses))
    facts = [
        html.Span(words("header.as_of", day=words.day(info.as_of))),
        html.InnerLink(
            [
                html.Span("●" if alive == len(statuses) else "▲", className="fact-sign", **{"aria-hidden": "true"}),
                fresh,
            ],
            href=context.link("quality"),
            className="quiet-link" if alive == len(statuses) else "quiet-link warn",
        ),
        *_next_due(words, info),
        _release(context),
    ]
    return _frame(words, context.view, context.scheme, words.of(vars(info), "title"), facts)


def _release(context: Context) -> Any:
    """Which release is shown, with the way from the newest to just this one, and back."""
    words, view, release_id = context.words, context.view, context.release.info.release_id
    name = html.Span(words("header.release", release=release_id), className="release-id")
    page = view.page or "overview"
    pinned = view.release is not None
    way = html.InnerLink(
        words("header.unpin" if pinned else "header.pin"),
        href=href(view.to(page, release=None if pinned else release_id)),
        id={SWITCH: "release"},
        title=words("header.pinned" if pinned else "header.pin_note"),
        className="pin warn" if pinned else "pin",
    )
    return html.Span([name, " ", way])


def is_overdue(info: ReleaseInfo) -> bool:
    """Tell whether the release after this one should be there by now: a page that says so is drawn anew then."""
    return info.next_due is not None and datetime.fromisoformat(info.next_due) <= datetime.now(UTC)


def _next_due(words: Words, info: ReleaseInfo) -> list[Any]:
    """Say when the next release is due, or since when it is overdue; nothing where none is to come."""
    if info.next_due is None:
        return []
    due = words.moment(datetime.fromisoformat(info.next_due).astimezone(ZoneInfo(info.time_zone)))
    if is_overdue(info):
        sign = html.Span("▲", className="fact-sign", **{"aria-hidden": "true"})
        return [html.Span([sign, words("header.overdue", since=due)], className="warn")]
    return [html.Span(words("header.next_due", due=due))]


def plain_header(words: Words, view: View, scheme: str) -> Any:
    """Header for pages without a release."""
    return _frame(words, view, scheme, words("header.no_city"), [])


def footer(context: Context) -> Any:
    """Where the records come from, and which code computed the figures."""
    words, info = context.words, context.release.info
    parts = [
        words.of(vars(info), "attribution"),
        words(f"disclosure.{info.disclosure}"),
        words("footer.version", version=info.code_version),
    ]
    return html.Footer([html.P(part) for part in parts if part], className="site-footer")


def _frame(words: Words, view: View, shown_scheme: str, city: str, facts: list[Any]) -> Any:
    current = view if view.page else view.bare()
    language, language_name = OTHER_LANGUAGE[words.language]
    scheme = "light" if shown_scheme == "dark" else "dark"
    links = [
        html.InnerLink(
            words(f"nav.{page}"),
            href=href(view.bare().to(page)),
            className="nav-link active" if page == view.page else "nav-link",
        )
        for page in PAGES
    ]
    switches = [
        help_button(words),
        html.InnerLink(
            language_name,
            href=href(current.to(current.page or "overview", language=language)),
            id={SWITCH: "language"},
            className="switch",
        ),
        html.InnerLink(
            [html.Span("☀" if scheme == "light" else "☾", **{"aria-hidden": "true"}), " ", words(f"scheme.{scheme}")],
            href=href(current.to(current.page or "overview", scheme=scheme)),
            id={SWITCH: "scheme"},
            className="switch",
        ),
    ]
    brand = html.Div(
        [html.Span("Wardlight", className="brand"), html.Span(city, className="city")], className="identity"
    )
    return html.Header(
        [
            html.A(words("header.skip"), href="#content", className="skip-link"),
            html.Div([brand, html.Div(switches, className="switches")], className="header-row"),
            html.Div(
                [
                    html.Nav(links, className="nav", **{"aria-label": words("nav.label")}),
                    html.Div(facts, className="facts"),
                ],
                className="header-row nav-row",
            ),
        ],
        className="site-header",
    )
