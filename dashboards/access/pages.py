"""The pages around the dashboard, as plain HTML: sign-in, what stands where somebody may not go on, the audit log.

They run no inline script and need none. Here: what they say and how they lead on. Not here: who may see what.
"""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Response, request
from jinja2 import Environment, FileSystemLoader

from dashboards.access.headers import STRICT_POLICY
from dashboards.address import LANGUAGES, SCHEMES
from dashboards.wording import Words

SIGN_IN = "/sign-in"
SIGN_OUT = "/sign-out"
START = "/sign-in/start"
CALLBACK = "/sign-in/callback"
AUDIT = "/audit"
ENDINGS = ("expired", "ended", "changed")
TEMPLATES = Environment(loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, trim_blocks=True)
SHOWN_LINES = 500
"""As many lines of the audit log as one page shows."""


def safe_next(address: str | None) -> str:
    """Give an address of this dashboard to go on to; the start page for any other.

    Browsers read a backslash as a slash, pass over control characters, and go to another host after two slashes.
    """
    text = address or "/"
    parts = urlsplit(text)
    is_ours = text.startswith("/") and not text.startswith("//") and not parts.scheme and not parts.netloc
    is_plain = all(each > " " and each != "\\" for each in text)
    leads_on = not text.startswith((SIGN_IN, SIGN_OUT, "/_dash"))
    return text if is_ours and is_plain and leads_on else "/"


def sign_in_address(to: str, why: str | None = None) -> str:
    """Address of the sign-in page that leads to a view afterwards, in that view's language and scheme."""
    kept = parse_qs(urlsplit(to).query)
    fields = [("next", safe_next(to))] if to != "/" else []
    fields += [("why", why)] if why else []
    fields += [(name, kept[name][0]) for name in ("lang", "scheme") if name in kept]
    return f"{SIGN_IN}?{urlencode(fields)}" if fields else SIGN_IN


def reader_words() -> Words:
    """The words of the asked language: as the address says, that which it leads to, else as the browser does."""
    sought = parse_qs(urlsplit(request.values.get("next", "")).query)
    asked = request.values.get("lang") or sought.get("lang", [""])[0]
    if asked not in LANGUAGES:
        asked = request.accept_languages.best_match(["en", "zh", "zh-CN"], "en")[:2]
    return Words(asked)


def page(template: str, status: int, words: Words, **fields: Any) -> Response:
    """Write a page under the strict policy, with the switches to the other language."""
    other = "zh" if words.language == "en" else "en"
    kept = {key: value for key, value in request.values.items() if key in ("next", "why", "scheme", "month")}
    path = request.path if request.method == "GET" else SIGN_IN
    html = TEMPLATES.get_template(template).render(
        language="zh-CN" if words.language == "zh" else "en",
        other_language={"zh": "中文", "en": "English"}[other],
        other_address=f"{path}?{urlencode(kept | {'lang': other})}",
        scheme=request.values.get("scheme") if request.values.get("scheme") in SCHEMES else None,
        brand_note=words("access.brand"),
        **fields,
    )
    headers = {"Content-Security-Policy": STRICT_POLICY, "Cache-Control": "no-store"}
    return Response(html, status, headers, mimetype="text/html")


def notice(status: int, title: str, *lines: str, link: tuple[str, str] | None = None) -> Response:
    """A page that says why it goes no further, and where it does."""
    words = reader_words()
    return page("notice.html", status, words, title=title, lines=lines, link=link)


def no_role(name: str) -> Response:
    """Somebody is known, but may nothing here."""
    words = reader_words()
    return notice(403, words("access.no_role"), words("access.no_role_line", name=name), words("access.ask"))


def not_for_role(role: str) -> Response:
    """Somebody may less than this."""
    words = reader_words()
    line = words("access.not_for_role_line", role=words(f"access.role.{role}"))
    return notice(
        403,
        words("access.not_for_role"),
        line,
        words("access.ask"),
        link=(words("access.back"), f"/?lang={words.language}"),
    )


def not_by_proxy() -> Response:
    """The request did not come through the proxy that signs people in."""
    words = reader_words()
    return notice(401, words("access.not_by_proxy"), words("access.not_by_proxy_line"))


def elsewhere() -> Response:
    """Another site's page sent a request."""
    words = reader_words()
    return notice(
        403,
        words("access.elsewhere"),
        words("access.elsewhere_line"),
        link=(words("access.back"), f"/?lang={words.language}"),
    )


def only_here() -> Response:
    """Without sign-in no other machine is answered."""
    words = reader_words()
    return notice(403, words("access.only_here"), words("access.only_here_line"))


def too_many(seconds: int) -> Response:
    """Too many files in too short a time."""
    words = reader_words()
    answer = notice(429, words("access.too_many"), words.counted("access.wait", max(1, round(seconds / 60))))
    answer.headers["Retry-After"] = str(seconds)
    return answer


def signed_out(provider_address: str | None) -> Response:
    """The session is over; at an identity provider another one may go on."""
    words = reader_words()
    link = (words("access.sign_in"), f"{SIGN_IN}?lang={words.language}")
    if provider_address:
        lines = [words("access.signed_out_line"), words("access.provider_line")]
        return page(
            "notice.html", 200, words, title=words("access.signed_out"), lines=lines, link=link,
            second=(words("access.provider"), provider_address),
        )  # fmt: skip
    return notice(200, words("access.signed_out"), words("access.signed_out_line"), link=link)


def failed(line: str) -> Response:
    """Sign-in at the identity provider did not succeed."""
    words = reader_words()
    return notice(403, words("access.failed"), line, link=(words("access.again"), f"{SIGN_IN}?lang={words.language}"))


def sign_in_page(status: int, mode: str, token: str, error: str | None = None, user: str = "") -> Response:
    """The form, or the way to the identity provider, and why one is here."""
    words = reader_words()
    to, why = safe_next(request.values.get("next")), request.values.get("why")
    return page(
        "sign_in.html",
        status,
        words,
        title=words("access.sign_in"),
        lead=words(f"access.why.{why}") if why in ENDINGS else words("access.lead"),
        is_notice=why in ENDINGS,
        mode=mode,
        token=token,
        to=to,
        user=user,
        error=error,
        start=f"{START}?{urlencode({'next': to})}",
        texts={name: words(f"access.{name}") for name in ("user", "password", "sign_in", "by_provider", "forgotten")},
    )


def audit_page(months: list[str], month: str, rows: list[dict[str, Any]], user: str) -> Response:
    """The audit log of a month, the newest line first."""
    words = reader_words()
    shown = [
        {
            "time": str(row.pop("time", ""))[:19].replace("T", " "),
            "event": words.known("access.event", row.pop("event", None)),
            "user": row.pop("user", None) or "–",
            "address": row.pop("address", None) or "–",
            "more": words.join([f"{key} {value}" for key, value in row.items()]),
        }
        for row in rows
    ]
    columns = [words(f"access.column.{name}") for name in ("time", "event", "user", "address", "more")]
    texts = {name: words(f"access.{name}") for name in ("month", "who", "show", "back", "no_lines")}
    return page(
        "audit.html", 200, words, title=words("access.audit"), lead=words("access.audit_lead"), months=months,
        month=month, rows=shown, columns=columns, texts=texts, user=user,
    )  # fmt: skip
