"""Who asks, and whether he may: looked at before every request, and by routes that ask for more.

Here: readers, roles, and the door that nothing but a few plain files lies before. Not here: how people show who they
are (`sign_in`, `openid`), how a limit to areas is held (`scope`).

A route of another module says what it needs, and tells what was taken along::

    @require("analyst")
    def give_file(name: str) -> Response:
        content = ...
        record_download(name, rows=len(content))
"""

import functools
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, abort, current_app, g, jsonify, redirect, request, session
from werkzeug.middleware.proxy_fix import ProxyFix

from dashboards.access import pages, sessions
from dashboards.access.accounts import Accounts
from dashboards.access.audit import AuditLog
from dashboards.access.configuration import (
    LOOPBACK,
    ROLES,
    Configuration,
    Grant,
    Role,
    TrustedProxy,
    check,
    is_loopback,
    secret,
)
from dashboards.access.headers import HSTS, is_from_elsewhere
from dashboards.access.memory import Limit, Memory
from dashboards.access.scope import Scope

P = ParamSpec("P")
R = TypeVar("R")
OPEN_PATHS = ("/assets/", "/health", "/sign-in", "/sign-out", "/_favicon.ico")
"""What is answered before sign-in: the looks of the pages around it, and whether the server lives."""
LEAST_ROLES: dict[str, Role] = {"/download": "analyst", "/data-docs": "analyst", "/audit": "steward"}
"""Least role by the beginning of a path; a route may ask for more by `require`."""
DOWNLOADS_A_MINUTE = 60
EXTENSION = "wardlight_access"


@dataclass(frozen=True)
class Reader:
    """Who asks.

    Attributes
    ----------
    name : str, optional
        As he signed in; None for whoever sits at this machine, where no sign-in is set up.
    """

    name: str | None
    title: str
    role: Role
    areas: tuple[str, ...] | None = None

    def may(self, role: Role) -> bool:
        """Whether he may what is for a role."""
        return ROLES.index(self.role) >= ROLES.index(role)


AT_THIS_MACHINE = Reader(None, "", "steward")


class Access:
    """Sign-in as set up for a home folder.

    Parameters
    ----------
    host
        Address that the server listens on; None where that is not known.

    Raises
    ------
    AccessError
        If a secret is missing, or sessions could travel unencrypted.
    """

    def __init__(self, home: Path, settings: Configuration, host: str | None) -> None:
        self.home = home
        self.settings = settings
        check(settings, host)
        self.is_loopback = is_loopback(settings, host)
        self.accounts = Accounts(home)
        self.memory = Memory(home)
        self.audit = AuditLog(home)
        proxy = settings.trusted_proxy
        self.proxy_secret = secret(proxy.secret_variable) if proxy else ""

    def scope(self) -> Scope:
        """What of releases the reader of this request may see.

        Raises
        ------
        PermissionError
            If nobody has been let in.
        """
        reader = current_reader()
        if reader.areas is None:
            return Scope(internals=reader.may("steward"), downloads=reader.may("analyst"))
        return Scope(
            frozenset(reader.areas),
            self.settings.city_figures == "shown",
            internals=reader.may("steward"),
            downloads=reader.may("analyst"),
        )

    def reader(self) -> Reader | None:
        """Tell who asks, None if he has not shown it; a session that is over is ended."""
        if self.settings.trusted_proxy:
            return self._named_by(self.settings.trusted_proxy)
        if "user" not in session:
            return None
        name, grant, title = str(session["user"]), None, session.get("title")
        if self.settings.mode == "local":
            account = self.accounts.all().get(name)
            mark = account.mark if account else None
            grant, title = (account.grant, account.title) if account else (None, None)
        else:
            mark = self.settings.mark
            grant = Grant.model_validate(session["grant"]) if "grant" in session else None
        over = sessions.ending(self.settings, self.memory, mark)
        if over or grant is None:
            g.ending = over or "changed"
            self.audit.write("session_ended", name, request.remote_addr, why=g.ending)
            session.clear()
            return None
        return Reader(name, title or name, grant.role, grant.areas)

    def _named_by(self, proxy: TrustedProxy) -> Reader | None:
        given = request.headers.get(proxy.secret_header, "")
        if not hmac.compare_digest(given.encode(), self.proxy_secret.encode()):
            return None
        name = request.headers.get(proxy.user_header, "").strip()
        if not name:
            return None
        groups = _listed(request.headers.get(proxy.role_header, "")) if proxy.role_header else []
        areas = _listed(request.headers.get(proxy.areas_header, "")) if proxy.areas_header else None
        grant = proxy.grant(name, groups, areas)
        if grant is None:
            g.no_role = name
            return None
        known = "user" in session and session["user"] == name
        if not known or sessions.ending(self.settings, self.memory, self.settings.mark):
            sessions.begin(name, self.settings.mark)
            self.audit.write("sign_in", name, request.remote_addr, mode=self.settings.mode, role=grant.role)
        return Reader(name, name, grant.role, grant.areas)


def install(server: Flask, access: Access | None) -> None:
    """Put the door in front of everything that a server answers.

    Parameters
    ----------
    access
        None where no sign-in is set up: then this machine alone is answered.
    """
    server.extensions[EXTENSION] = access
    if access is None:
        server.before_request(_only_this_machine)
        return
    if access.settings.proxies:
        hops = access.settings.proxies
        server.wsgi_app = ProxyFix(server.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    sessions.prepare(server, access.home, access.settings, access.is_loopback)
    server.before_request(_admit)
    server.after_request(_keep_private)


def current_reader() -> Reader:
    """Tell who asks.

    Raises
    ------
    PermissionError
        If nobody has been let in.
    """
    reader: Reader | None = g.get("reader")
    if reader is None:
        raise PermissionError("nobody has signed in")
    return reader


def require(role: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let only readers of a role, or of one that may more, into a route."""

    def decorate(route: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(route)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if not current_reader().may(role):
                abort(_not_for_him())
            return route(*args, **kwargs)

        return guarded

    return decorate


def record_download(what: str, **detail: Any) -> None:
    """Write into the audit log that the reader takes a file along; refuse it where he may not, or takes too many.

    Parameters
    ----------
    what
        Name of the file; `detail` says more of it: release, page, rows.
    """
    access: Access | None = current_app.extensions[EXTENSION]
    if access is None:
        return
    reader = current_reader()
    if not reader.may("analyst"):
        abort(_not_for_him())
    wait = access.memory.wait([Limit(f"download:{reader.name}", DOWNLOADS_A_MINUTE, 60)])
    if wait:
        abort(pages.too_many(wait))
    access.audit.write("download", reader.name, request.remote_addr, what=what, path=request.full_path, **detail)


def _only_this_machine() -> Response | None:
    """Without sign-in, answer this machine alone: by its own names, so that no name of others is bent to it."""
    if is_from_elsewhere(request):
        abort(403, "A page of another site sent this request.")
    host = urlsplit(f"//{request.host}").hostname
    try:
        is_here = ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        is_here = False
    if not is_here or host not in LOOPBACK:
        return pages.only_here()
    g.reader = AT_THIS_MACHINE
    return None


def _admit() -> Any:
    access: Access = current_app.extensions[EXTENSION]
    if is_from_elsewhere(request, access.settings.address):
        return pages.elsewhere()
    g.reader = None if request.path.startswith("/assets/") or request.path == "/health" else access.reader()
    if request.path.startswith(OPEN_PATHS):
        return None
    if g.reader is None:
        return _not_signed_in(access)
    needed = next((role for path, role in LEAST_ROLES.items() if request.path.startswith(path)), "viewer")
    is_whole = not request.path.startswith("/data-docs") or g.reader.areas is None
    return None if g.reader.may(needed) and is_whole else _not_for_him()


def _not_signed_in(access: Access) -> Any:
    if name := g.get("no_role"):
        if not request.path.startswith("/_dash"):
            access.audit.write("no_permission", name, request.remote_addr, path=request.path)
        return pages.no_role(name)
    if access.settings.mode == "trusted_proxy":
        return pages.not_by_proxy()
    if request.method not in ("GET", "HEAD") or request.path.startswith("/_dash"):
        # Asked by a page that is open: its script leads to the sign-in page, and back.
        return jsonify(sign_in=pages.SIGN_IN, why=g.get("ending")), 401
    return redirect(pages.sign_in_address(request.full_path.rstrip("?"), g.get("ending")))


def _not_for_him() -> Response:
    access: Access | None = current_app.extensions[EXTENSION]
    reader = current_reader()
    if access is not None:
        access.audit.write("no_permission", reader.name, request.remote_addr, path=request.path, role=reader.role)
    return pages.not_for_role(reader.role)


def _keep_private(response: Response) -> Response:
    """Keep what is for one reader out of every cache, and on an encrypted way."""
    if not request.path.startswith(("/assets/", "/_dash-component-suites/")):
        response.headers["Cache-Control"] = "no-store"
        response.headers.setdefault("Vary", "Cookie")
    access: Access = current_app.extensions[EXTENSION]
    if access.settings.is_encrypted:
        # Also where the proxy that ends TLS does not say that it did.
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
