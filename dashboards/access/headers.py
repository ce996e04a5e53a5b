"""What the headers of every answer say: what a page may load and run, and who may embed or keep it.

Here too: whether a request comes from a page of ours. Not here: who asks.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, request

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
POLICY = (
    "default-src 'self'",
    # Charts and grids style their own elements; scripts stay restricted.
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "object-src 'none'",
    "frame-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
STRICT_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; font-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Of the pages around sign-in, which are plain HTML: nothing inline at all."""
HSTS = "max-age=31536000"
"""A year; other hosts of the domain are not spoken for."""
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def register(server: Flask, script_hashes: Iterable[str]) -> None:
    """Add the headers to every answer of a server.

    Parameters
    ----------
    script_hashes
        Of the inline scripts that Dash writes; no other inline script runs.
    """
    policy = "; ".join([*POLICY, f"script-src 'self' {' '.join(script_hashes)}"])

    def secure(response: Any) -> Any:
        for name, value in {**HEADERS, "Content-Security-Policy": policy}.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        return response

    server.after_request(secure)


def is_from_elsewhere(asked: Request, address: str | None = None) -> bool:
    """Whether a page of another origin made the browser send a request that changes something.

    Parameters
    ----------
    address
        Under which browsers reach the dashboard, where a proxy in front calls it by another name.

    Notes
    -----
    The rule of Go's `http.CrossOriginProtection` (after F. Valsorda, 2025): current browsers say by `Sec-Fetch-Site`
    where a request comes from, older ones by `Origin`. What says neither is no browser, and carries nobody's cookie.
    """
    if asked.method in SAFE_METHODS:
        return False
    site = asked.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = asked.headers.get("Origin")
    return origin not in (None, address) and urlsplit(str(origin)).netloc != asked.host
