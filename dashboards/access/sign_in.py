"""The routes by which people show who they are, sign out, and stewards read the audit log.

Local users by name and password; the way through an identity provider is in `openid`.
"""

from typing import Any

from flask import Flask, Response, redirect, request, session

from dashboards.access import openid, pages, sessions
from dashboards.access.guard import EXTENSION, Access, current_reader, require
from dashboards.access.memory import Limit

QUARTER = 900
TRIES_OF_BOTH, TRIES_OF_ADDRESS, TRIES_OF_USER = 5, 30, 50
"""Failed tries in a quarter of an hour: for a user from one address, from an address, and for a user from anywhere.

The last is the widest, so that nobody can lock another out by a few tries, and 50 passwords a quarter are no attack on
one of twelve characters.
"""


def register(server: Flask) -> None:
    """Add the routes to a server that `guard.install` has put the door before."""
    access: Access | None = server.extensions[EXTENSION]
    if access is None:
        return
    server.add_url_rule(pages.SIGN_IN, "sign_in", lambda: _sign_in(access), methods=["GET", "POST"])
    server.add_url_rule(pages.SIGN_OUT, "sign_out", lambda: _sign_out(access), methods=["POST"])
    server.add_url_rule(pages.AUDIT, "audit", require("steward")(lambda: _audit(access)))
    if access.settings.openid_connect:
        openid.register(server, access, access.settings.openid_connect)


def _sign_in(access: Access) -> Any:
    mode = access.settings.mode
    if access.reader() is not None:
        return redirect(pages.safe_next(request.values.get("next")))
    if mode == "trusted_proxy":
        return pages.not_by_proxy()
    if request.method == "GET" or mode != "local":
        return pages.sign_in_page(200, mode, sessions.form_token())
    return _try(access)


def _try(access: Access) -> Any:
    """Hold a name and a password, as sent by the form, against the local users."""
    mode, token = access.settings.mode, sessions.form_token()
    words, name = pages.reader_words(), request.form.get("user", "").strip()
    if not sessions.is_own_form(request.form):
        return pages.sign_in_page(400, mode, token, words("access.stale_form"), name)
    known, address = name in access.accounts.all(), request.remote_addr
    limits = [
        Limit(f"sign-in:{name[:80]}:{address}", TRIES_OF_BOTH, QUARTER),
        Limit(f"sign-in:{name[:80]}", TRIES_OF_USER, QUARTER),
        Limit(f"sign-in::{address}", TRIES_OF_ADDRESS, QUARTER),
    ]
    if wait := access.memory.wait(limits):
        access.audit.write("sign_in_limited", name if known else None, address)
        text = words.counted("access.wait", max(1, round(wait / 60)))
        answer = pages.sign_in_page(429, mode, token, text, name)
        answer.headers["Retry-After"] = str(wait)
        return answer
    account = access.accounts.verified(name, request.form.get("password", ""))
    if account is None:
        access.audit.write("sign_in_refused", name if known else None, address)
        return pages.sign_in_page(401, mode, token, words("access.refused"), name)
    access.memory.forget(limit.key for limit in limits[:2])
    sessions.begin(name, account.mark)
    access.audit.write("sign_in", name, address, mode=mode, role=account.role)
    return redirect(pages.safe_next(request.form.get("next")), 303)


def _sign_out(access: Access) -> Response:
    reader = access.reader()
    if reader is None:
        return pages.signed_out(None)
    if not sessions.is_own_form(request.form):
        return pages.elsewhere()
    access.audit.write("sign_out", reader.name, request.remote_addr)
    sessions.end(access.settings, access.memory)
    proxy = access.settings.trusted_proxy
    return pages.signed_out(proxy.sign_out_address if proxy else openid.sign_out_address(access))


def _audit(access: Access) -> Response:
    months = access.audit.months()
    month = request.args.get("month", months[0] if months else "")
    user = request.args.get("user", "").strip()
    rows = (row for row in access.audit.read(month) if not user or row.get("user") == user)
    shown = [row for _, row in zip(range(pages.SHOWN_LINES), rows, strict=False)]
    return pages.audit_page(months, month, shown, user)


def form_token() -> str | None:
    """Give the token of the sign-out form; None where nobody has signed in by a session."""
    return str(session["token"]) if current_reader().name is not None and "token" in session else None
