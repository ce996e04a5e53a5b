"""A small identity provider: OpenID Connect's authorization code flow with PKCE, as a process of its own.

    python -m tests.dashboards.access.provider PORT CLIENT_ID CLIENT_SECRET

It signs everybody in without asking. `POST /next` says what the next ID token is to say, or how it is to be wrong.
"""

import base64
import hashlib
import secrets
import sys
import time
from typing import Any
from urllib.parse import urlencode

from flask import Flask, abort, jsonify, redirect, request
from joserfc import jwt
from joserfc.jwk import RSAKey

KEY, OTHER_KEY = (RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}) for _ in range(2))


def provider(issuer: str, client_id: str, client_secret: str) -> Flask:
    server = Flask("provider")
    codes: dict[str, dict[str, str]] = {}
    wanted: dict[str, Any] = {"claims": {}, "wrong": None}

    @server.get("/.well-known/openid-configuration")
    def metadata() -> Any:
        return jsonify(
            issuer=f"{issuer}/other" if wanted["wrong"] == "metadata" else issuer,
            authorization_endpoint=f"{issuer}/authorize",
            token_endpoint=f"{issuer}/token",
            jwks_uri=f"{issuer}/keys",
            end_session_endpoint=f"{issuer}/end",
            id_token_signing_alg_values_supported=["RS256", "none", "HS256"],
        )

    @server.get("/keys")
    def keys() -> Any:
        return jsonify(keys=[KEY.as_dict(private=False)])

    @server.post("/next")
    def tell_next() -> Any:
        wanted.update(request.get_json())
        return "", 204

    @server.get("/authorize")
    def authorize() -> Any:
        asked = request.args.to_dict()
        if asked.get("code_challenge_method") != "S256" or "openid" not in asked["scope"].split():
            abort(400)
        code = secrets.token_urlsafe()
        codes[code] = asked
        state = asked["state"] if wanted["wrong"] != "state" else "made-up"
        answer = (
            {"error": "access_denied", "state": state}
            if wanted["wrong"] == "denied"
            else {"code": code, "state": state}
        )
        return redirect(f"{asked['redirect_uri']}?{urlencode(answer)}")

    @server.post("/token")
    def token() -> Any:
        asked = codes.pop(request.form["code"], None)
        who = request.authorization
        if asked is None or who is None or (who.username, who.password) != (client_id, client_secret):
            return jsonify(error="invalid_client"), 401
        digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return jsonify(error="invalid_grant"), 400
        if request.form["redirect_uri"] != asked["redirect_uri"]:
            return jsonify(error="invalid_grant"), 400
        wrong, now = wanted["wrong"], int(time.time())
        claims = {
            "iss": "https://other.example" if wrong == "issuer" else issuer,
            "aud": "another" if wrong == "audience" else client_id,
            "nonce": "old" if wrong == "nonce" else asked["nonce"],
            "iat": now,
            "exp": now - 3600 if wrong == "expired" else now + 300,
            "sub": "u1",
            **wanted["claims"],
        }
        key = OTHER_KEY if wrong == "key" else KEY
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        if wrong == "unsigned":
            head, body = (
                base64.urlsafe_b64encode(part).rstrip(b"=").decode()
                for part in (b'{"alg":"none","typ":"JWT"}', base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
            )
            signed = f"{head}.{body}."
        answer = {"access_token": "a", "token_type": "Bearer", "expires_in": 60}
        return jsonify(answer if wrong == "no_id_token" else answer | {"id_token": signed})

    return server


if __name__ == "__main__":
    port, name, secret = sys.argv[1:]
    provider(f"http://127.0.0.1:{port}", name, secret).run("127.0.0.1", int(port), threaded=True)
