"""Sessions: begun anew at every sign-in, carried by a signed cookie, and over when idle, old, ended or overtaken.

Here: the key that signs, the cookie's settings, and what a session holds. Not here: who may begin one.
"""

import hmac
import os
import secrets
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from flask import Flask, session

from dashboards.access.configuration import AccessError, Configuration, Grant
from dashboards.access.memory import Memory

KEY_FILE = Path("access") / "session-key"
SEEN_EVERY_SECONDS = 30
"""How often a session is marked as alive: not with every of a page's requests."""
Ending = Literal["expired", "ended", "changed"]


def signing_key(home: Path) -> bytes:
    """Read the key of a home folder, made at first use.

    Raises
    ------
    AccessError
        If others than its owner can read the file.
    """
    path = home / KEY_FILE
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f"{path.name}-{os.getpid()}")
    if not path.exists():
        handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(32))
        try:
            # Linked, not moved: of two workers that begin together the first one's key holds.
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    if path.stat().st_mode & 0o077:
        raise AccessError(f"{path}: others can read this key\n  What to do: chmod 600 {path}")
    return path.read_bytes()


def prepare(server: Flask, home: Path, settings: Configuration, is_loopback: bool) -> None:
    """Set a server up to carry sessions.

    The cookie may travel unencrypted only where it does not leave the machine.
    """
    secure = settings.is_encrypted or not is_loopback
    server.secret_key = signing_key(home)
    server.config.update(
        # Browsers take a cookie of this prefix only over https, from this very host, for all of it.
        SESSION_COOKIE_NAME="__Host-wardlight" if secure else "wardlight",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_PATH="/",
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=timedelta(hours=settings.session.hours),
    )


def begin(user: str, mark: str, grant: Grant | None = None, title: str | None = None) -> None:
    """Begin a session: whatever the browser brought is thrown away.

    Parameters
    ----------
    mark
        Of what decides what the user may; when it changes, the session is over.
    grant
        What he may, where that is told at sign-in alone.
    """
    now = time.time()
    session.clear()
    session.permanent = True
    session.update(
        id=secrets.token_urlsafe(18), user=user, mark=mark, begun=now, seen=now, token=secrets.token_urlsafe(18)
    )
    if grant is not None:
        session["grant"] = grant.model_dump()
    if title:
        session["title"] = title[:80]


def ending(settings: Configuration, memory: Memory, mark: str | None) -> Ending | None:
    """Why the session is over, None while it lives; marks it as seen.

    Parameters
    ----------
    mark
        What it would be now; None where the user is no more.
    """
    now, times = time.time(), settings.session
    if not now - 60 * times.idle_minutes < session["seen"] or not now - 3600 * times.hours < session["begun"]:
        return "expired"
    if memory.has_ended(session["id"]):
        return "ended"
    if mark is None or not hmac.compare_digest(session["mark"], mark):
        return "changed"
    if now - session["seen"] > SEEN_EVERY_SECONDS:
        session["seen"] = now
    return None


def end(settings: Configuration, memory: Memory) -> None:
    """End the session, also for whoever has copied its cookie."""
    if "id" in session:
        memory.end(session["id"], session["begun"] + 3600 * settings.session.hours)
    session.clear()


def form_token() -> str:
    """Give the token that forms of this browser must bring back."""
    if "token" not in session:
        session["token"] = secrets.token_urlsafe(18)
    return str(session["token"])


def is_own_form(form: Any) -> bool:
    """Whether a form was given out to this browser."""
    return hmac.compare_digest(str(form.get("token", "")).encode(), str(session.get("token", " ")).encode())
