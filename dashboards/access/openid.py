"""Sign-in at an identity provider by OpenID Connect: authorization code flow with PKCE, through Authlib.

Here: the way there and back, and what claims mean. The metadata and keys of the provider are fetched when first needed,
so that the dashboard starts while it is away.
"""

import logging
from collections.abc import Mapping
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, current_app, redirect, request, session
from joserfc.errors import JoseError

from dashboards.access import pages, sessions
from dashboards.access.configuration import OpenIdConnect, secret
from dashboards.access.guard import Access

CLIENT = "wardlight_openid"
SECONDS = 10
"""That the provider has to answer."""
SIGNATURES = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
"""Of ID tokens: keys of which the provider alone has the private half."""
LOG = logging.getLogger(__name__)


def register(server: Flask, access: Access, settings: OpenIdConnect) -> None:
    """Add the way to the provider and back to a server."""
    client = OAuth(server).register(
        "provider",
        server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
        client_id=settings.client_id,
        client_secret=secret(settings.client_secret_variable) if settings.client_secret_variable else None,
        client_kwargs={
            "scope": " ".join(settings.scopes),
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": "client_secret_basic" if settings.client_secret_variable else "none",
            "default_timeout": SECONDS,
        },
    )
    server.extensions[CLIENT] = client
    server.add_url_rule(pages.START, "sign_in_start", lambda: _start(access, settings, client))
    server.add_url_rule(pages.CALLBACK, "sign_in_callback", lambda: _come_back(access, settings, client))


def sign_out_address(access: Access) -> str | None:
    """Where the provider ends its own session, if it says so."""
    client = current_app.extensions.get(CLIENT)
    if client is None:
        return None
    try:
        return str(
            client.create_logout_url(f"{access.settings.address}{pages.SIGN_IN}", client_id=client.client_id)["url"]
        )
    except (RuntimeError, requests.RequestException):
        return None


def _start(access: Access, settings: OpenIdConnect, client: Any) -> Any:
    to = pages.safe_next(request.args.get("next"))
    # What was begun and not ended would fill the cookie up.
    for key in [key for key in session if key.startswith("_state_")]:
        session.pop(key)
    try:
        _check(client, settings)
        answer = client.authorize_redirect(f"{access.settings.address}{pages.CALLBACK}")
    except (requests.RequestException, OAuthError, ValueError) as error:
        return _refused(access, "provider", error)
    session["to"] = to
    return answer


def _come_back(access: Access, settings: OpenIdConnect, client: Any) -> Any:
    try:
        _check(client, settings)
        token = client.authorize_access_token(claims_options={"iss": {"essential": True, "value": settings.issuer}})
        claims = token["userinfo"]
    except (requests.RequestException, OAuthError, JoseError, KeyError, TypeError, ValueError) as error:
        return _refused(access, "answer", error)
    name = str(claim(claims, settings.user_claim) or "")
    if not name:
        return _refused(access, "answer", KeyError(settings.user_claim))
    grant = settings.grant(name, listed(claim(claims, settings.role_claim)), _areas(settings, claims))
    if grant is None:
        session.clear()
        access.audit.write("no_permission", name, request.remote_addr, mode=access.settings.mode)
        return pages.no_role(name)
    to = pages.safe_next(session.get("to"))
    title = str(claim(claims, settings.title_claim) or name)
    sessions.begin(name, access.settings.mark, grant, title)
    access.audit.write("sign_in", name, request.remote_addr, mode=access.settings.mode, role=grant.role)
    return redirect(to, 303)


def claim(claims: Mapping[str, Any], path: str) -> Any:
    """Look a claim up, dots leading into nested ones (`realm_access.roles`); one of that very name comes first."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def listed(value: Any) -> list[str]:
    """Read a claim as a list of texts: it may be a list, one text, or words in a row."""
    if isinstance(value, str):
        return [part for part in value.replace(",", " ").split(" ") if part]
    return [str(each) for each in value] if isinstance(value, list) else []


def _areas(settings: OpenIdConnect, claims: Mapping[str, Any]) -> list[str] | None:
    """Areas by the claim; an empty list where there should be one and is none."""
    return listed(claim(claims, settings.area_claim)) if settings.area_claim else None


def _check(client: Any, settings: OpenIdConnect) -> None:
    """Hold the provider's metadata against what is expected: its name, and signatures that it alone can make."""
    metadata = client.load_server_metadata()
    if str(metadata.get("issuer", "")).rstrip("/") != settings.issuer:
        raise ValueError(f"the metadata are of another issuer: {metadata.get('issuer')!r}")
    offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
    metadata["id_token_signing_alg_values_supported"] = [each for each in offered if each in SIGNATURES]


def _refused(access: Access, why: str, error: Exception) -> Any:
    """Tell the person that it did not succeed, and the log why."""
    LOG.warning("Sign-in at the identity provider failed (%s): %s: %s", why, type(error).__name__, error)
    session.clear()
    access.audit.write("sign_in_refused", None, request.remote_addr, mode=access.settings.mode, why=why)
    words = pages.reader_words()
    return pages.failed(words(f"access.failed_{why}"))
