"""Sign-in at a real identity provider on loopback, and every way in which its answer can be wrong."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient

from dashboards.access.openid import claim, listed
from tests.dashboards import browsing
from tests.dashboards.access.conftest import lines, serve

SECRET = "the client's own secret"
HERE = "http://127.0.0.1:8050"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.dashboards.access.provider", str(port), "wardlight", SECRET],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(150):
        try:
            requests.get(f"{url}/keys", timeout=1).raise_for_status()
            break
        except requests.ConnectionError:
            time.sleep(0.2)
    yield url
    process.terminate()
    process.wait(10)


@pytest.fixture
def asking(issuer: str, set_up: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setenv("WARDLIGHT_OIDC_SECRET", SECRET)
    _next(issuer)
    part = {
        "issuer": issuer,
        "client_id": "wardlight",
        "client_secret_variable": "WARDLIGHT_OIDC_SECRET",
        "role_claim": "realm_access.roles",
        "area_claim": "districts",
        "roles": {"police": "viewer", "data-team": "steward"},
    }
    return serve(set_up, mode="openid_connect", address=HERE, openid_connect=part)


def _next(issuer: str, wrong: str | None = None, **claims: Any) -> None:
    who = {"name": "Li Na", "realm_access": {"roles": ["police"]}, "districts": ["zone-75"]} | claims
    requests.post(f"{issuer}/next", json={"wrong": wrong, "claims": who}, timeout=5).raise_for_status()


def _go(client: FlaskClient, to: str = "/") -> Any:
    """Go to the provider and come back, as a browser is led."""
    start = client.get("/sign-in/start", query_string={"next": to}, base_url=HERE)
    assert start.status_code == 302, start.text
    back = requests.get(start.location, allow_redirects=False, timeout=5)
    parts = urlsplit(back.headers["Location"])
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{HERE}/sign-in/callback"
    return client.get("/sign-in/callback", query_string=parse_qs(parts.query), base_url=HERE)


def _page(client: FlaskClient) -> Any:
    question = browsing.question("/")
    return client.post("/_dash-update-component", data=question, content_type="application/json", base_url=HERE)


@pytest.mark.slow
def test_a_person_of_the_provider_is_led_in_and_back(asking: Flask, issuer: str, set_up: Path) -> None:
    client = asking.test_client()
    door = client.get("/trend?area=zone-75", base_url=HERE, follow_redirects=True)
    assert "Sign in with your organisation" in door.text
    assert 'type="password"' not in door.text
    answer = _go(client, "/trend?area=zone-75")
    assert (answer.status_code, answer.location) == (303, "/trend?area=zone-75")
    page = _page(client)
    assert page.status_code == 200
    for said in ("Li Na", "Viewer", "limited to one area"):
        assert said in page.text
    assert "zone-73" not in page.text
    assert [(row["event"], row["user"], row["role"]) for row in lines(set_up)] == [("sign_in", "u1", "viewer")]


def test_the_way_there_is_proof_against_others(asking: Flask) -> None:
    start = asking.test_client().get("/sign-in/start?next=//evil.example", base_url=HERE)
    asked = parse_qs(urlsplit(start.location).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["redirect_uri"] == [f"{HERE}/sign-in/callback"]
    for secret in ("state", "nonce", "code_challenge"):
        assert len(asked[secret][0]) >= 20


@pytest.mark.parametrize(
    "wrong",
    ["issuer", "audience", "nonce", "expired", "key", "unsigned", "no_id_token", "state", "denied"],
)
def test_an_answer_that_does_not_fit_is_refused(asking: Flask, issuer: str, set_up: Path, wrong: str) -> None:
    _next(issuer, wrong)
    client = asking.test_client()
    answer = _go(client)
    assert answer.status_code == 403, answer.text
    assert "You could not be signed in" in answer.text
    assert _page(client).status_code == 401
    assert [row["event"] for row in lines(set_up)] == ["sign_in_refused"]


def test_tries_that_were_not_ended_do_not_fill_the_cookie(asking: Flask) -> None:
    client = asking.test_client()
    for _ in range(25):
        client.get("/sign-in/start", base_url=HERE)
    cookie = client.get_cookie("wardlight", domain="127.0.0.1")
    assert cookie
    assert len(cookie.value) < 1000
    assert _go(client).status_code == 303


def test_metadata_of_another_issuer_are_refused(asking: Flask, issuer: str) -> None:
    _next(issuer, "metadata")
    assert asking.test_client().get("/sign-in/start", base_url=HERE).status_code == 403


def test_an_answer_counts_once_and_for_the_browser_that_asked(asking: Flask) -> None:
    client = asking.test_client()
    start = client.get("/sign-in/start", base_url=HERE)
    back = requests.get(start.location, allow_redirects=False, timeout=5).headers["Location"]
    given = parse_qs(urlsplit(back).query)
    other = asking.test_client()
    assert other.get("/sign-in/callback", query_string=given, base_url=HERE).status_code == 403, "a planted answer"
    assert client.get("/sign-in/callback", query_string=given, base_url=HERE).status_code == 303
    again = asking.test_client()
    assert again.get("/sign-in/callback", query_string=given, base_url=HERE).status_code == 403


@pytest.mark.parametrize(
    "claims",
    [{"realm_access": {"roles": ["other"]}}, {"realm_access": None}, {"districts": None}, {"districts": []}],
)
def test_who_has_no_role_or_no_area_may_nothing(asking: Flask, issuer: str, set_up: Path, claims: Any) -> None:
    _next(issuer, **claims)
    client = asking.test_client()
    answer = _go(client)
    assert (answer.status_code, "You have no role" in answer.text) == (403, True)
    assert _page(client).status_code == 401
    assert [row["event"] for row in lines(set_up)] == ["no_permission"]


def test_a_steward_of_all_areas_sees_all(asking: Flask, issuer: str) -> None:
    _next(issuer, realm_access={"roles": ["police", "data-team"]}, districts="*")
    client = asking.test_client()
    _go(client)
    assert "zone-73" in _page(client).text
    assert client.get("/audit", base_url=HERE).status_code == 200


def test_sign_out_leads_to_the_providers_own(asking: Flask, issuer: str) -> None:
    client = asking.test_client()
    _go(client)
    with client.session_transaction(base_url=HERE) as session:
        token = session["token"]
    answer = client.post("/sign-out", data={"token": token}, base_url=HERE)
    assert f'href="{issuer}/end?' in answer.text
    assert _page(client).status_code == 401


def test_a_provider_that_is_away_is_told(asking: Flask, set_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = {"issuer": "http://127.0.0.1:9", "client_id": "wardlight"}
    away = serve(set_up, mode="openid_connect", address=HERE, openid_connect=part)
    answer = away.test_client().get("/sign-in/start", base_url=HERE)
    assert (answer.status_code, "cannot be reached" in answer.text) == (403, True)


def test_claims_are_found_and_read_in_their_shapes() -> None:
    claims = {"a": {"b": ["x", 1]}, "a.c": "y z", "d": None}
    assert listed(claim(claims, "a.b")) == ["x", "1"]
    assert listed(claim(claims, "a.c")) == ["y", "z"]
    assert [listed(claim(claims, name)) for name in ("d", "e.f", "a")] == [[], [], []]
