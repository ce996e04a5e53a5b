"""Local sign-in, sessions and what stands before them, over the real application."""

import json
import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.access import audit, guard, headers, pages, sessions
from dashboards.access.accounts import Accounts
from dashboards.access.audit import AuditLog
from dashboards.access.configuration import AccessError, Grant
from dashboards.access.guard import Reader, record_download, require
from dashboards.access.memory import Limit, Memory
from dashboards.app import create_app
from dashboards.releases import Releases
from tests.dashboards import browsing
from tests.dashboards.access.conftest import PASSWORD, lines, serve, sign_in, signed_in, token_of

pytestmark = pytest.mark.slow


def _ask(client: FlaskClient, **headers: str) -> Any:
    question = browsing.question("/")
    return client.post("/_dash-update-component", data=question, content_type="application/json", headers=headers)


def test_nobody_gets_anything_before_sign_in(server: Flask) -> None:
    client = server.test_client()
    for address in (
        "/",
        "/trend?area=zone-75&lang=zh",
        "/_dash-layout",
        "/_dash-dependencies",
        "/data-docs/",
        "/audit",
    ):
        answer = client.get(address)
        assert answer.status_code in (302, 401)
        assert b"zone" not in answer.data.replace(b"area%3Dzone-75", b"")
    assert client.get("/trend?area=zone-75&lang=zh").location == (
        "/sign-in?next=%2Ftrend%3Farea%3Dzone-75%26lang%3Dzh&lang=zh"
    )
    asked = _ask(client)
    assert (asked.status_code, asked.json) == (401, {"sign_in": "/sign-in", "why": None})
    assert client.get("/health").status_code == 200


def test_every_route_is_behind_the_door(server: Flask) -> None:
    """Also one that another module adds tomorrow."""
    server.add_url_rule("/new-thing", "new_thing", lambda: "secret")
    client = server.test_client()
    for rule in server.url_map.iter_rules():
        address = str(rule).replace("<path:path>", "x").replace("<path:name>", "x").replace("<path:filename>", "x")
        if address.startswith(guard.OPEN_PATHS):
            continue
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            assert client.open(address, method=method).status_code in (302, 401), (address, method)
    assert signed_in(server, "victor").get("/new-thing").text == "secret"


def test_the_right_password_leads_on_and_is_logged(server: Flask, set_up: Path) -> None:
    client = server.test_client()
    answer = sign_in(client, "anna", to="/trend?area=zone-75")
    assert (answer.status_code, answer.location) == (303, "/trend?area=zone-75")
    assert "Sign out" in _ask(client).text
    log = lines(set_up)
    assert [(row["event"], row["user"], row["role"], row["address"]) for row in log] == [
        ("sign_in", "anna", "analyst", "127.0.0.1")
    ]


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("nobody", PASSWORD), ("anna", ""), ("", PASSWORD)])
def test_the_wrong_one_does_not_and_no_answer_tells_which_was_wrong(
    server: Flask, set_up: Path, name: str, password: str
) -> None:
    client = server.test_client()
    answer = sign_in(client, name, password)
    assert answer.status_code == 401
    assert "User name or password is wrong." in answer.text
    assert _ask(client).status_code == 401
    assert [row["user"] for row in lines(set_up)] == ["anna" if name == "anna" else None]


def test_no_password_is_ever_written_down(server: Flask, set_up: Path) -> None:
    """Nor what somebody typed as a name that nobody has: it may have been his password."""
    client = server.test_client()
    sign_in(client, "anna")
    sign_in(server.test_client(), "my secret password", PASSWORD)
    for path in set_up.rglob("*"):
        if path.is_file() and not path.is_relative_to(set_up / "releases"):
            content = path.read_bytes()
            assert PASSWORD.encode() not in content, path
            # The memory of tries holds names, as short as the quarter of an hour that they count.
            assert b"my secret password" not in content or path.name == "memory.sqlite", path


def test_a_session_is_made_anew_at_sign_in(server: Flask) -> None:
    """A cookie that somebody planted before sign-in is worth nothing after it."""
    client = server.test_client()
    token = token_of(client)
    planted = client.get_cookie("wardlight")
    sign_in(client, "anna")
    fresh = client.get_cookie("wardlight")
    assert planted
    assert fresh
    assert planted.value != fresh.value
    other = server.test_client()
    other.set_cookie("wardlight", planted.value)
    assert _ask(other).status_code == 401
    with client.session_transaction() as session:
        assert session["token"] != token


@pytest.mark.parametrize("part", ["sign-in", "sign-out"])
def test_forms_that_were_not_given_to_this_browser_are_refused(server: Flask, part: str) -> None:
    client = server.test_client()
    token_of(client)
    if part == "sign-in":
        for token in ("", "made up"):
            form = {"user": "anna", "password": PASSWORD, "token": token}
            assert client.post("/sign-in", data=form).status_code == 400
        assert _ask(client).status_code == 401
    else:
        sign_in(client, "anna")
        assert client.post("/sign-out", data={"token": "made up"}).status_code == 403
        assert _ask(client).status_code == 200, "and the session goes on"


@pytest.mark.parametrize(
    ("given", "is_refused"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, False),
        ({"Origin": "http://localhost"}, False),
        ({}, False),
    ],
)
@pytest.mark.parametrize("is_open", [True, False])
def test_what_another_sites_page_sends_is_refused(
    server: Flask, zones: Path, given: dict[str, str], is_refused: bool, is_open: bool
) -> None:
    client = create_app(Releases(zones)).server.test_client() if is_open else signed_in(server, "anna")
    assert _ask(client, **given).status_code == (403 if is_refused else 200)
    if not is_open:
        assert sign_in(server.test_client(), "anna", **given).status_code == (403 if is_refused else 303)


def test_the_cookie_is_out_of_reach(server: Flask, set_up: Path) -> None:
    answer = sign_in(server.test_client(), "anna")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("wardlight=")
    for flag in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie
    assert "Secure" not in cookie, "on loopback there is no encryption"
    outside = serve(set_up, "0.0.0.0", address="https://dashboard.example.org").test_client()
    cookie = outside.get("/sign-in", base_url="https://dashboard.example.org").headers["Set-Cookie"]
    assert cookie.startswith("__Host-wardlight=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    # A proxy may call it by another name, and not say that it has ended TLS.
    behind = {"Origin": "https://dashboard.example.org"}
    assert _ask(outside, **behind).status_code == 401
    assert _ask(outside, Origin="https://other.example.org").status_code == 403
    assert outside.get("/sign-in").headers["Strict-Transport-Security"] == headers.HSTS


def test_a_session_ends_when_idle_and_after_its_day(
    server: Flask, monkeypatch: pytest.MonkeyPatch, set_up: Path
) -> None:
    client, begun = signed_in(server, "anna"), time.time()

    def at(minutes: float) -> int:
        monkeypatch.setattr(sessions.time, "time", lambda: begun + 60 * minutes)
        return int(_ask(client).status_code)

    assert [at(minutes) for minutes in (1, 59, 117)] == [200, 200, 200], "each request keeps it alive"
    assert at(117 + 61) == 401
    assert at(117 + 62) == 401, "and it stays over"
    assert client.get("/trend").location == "/sign-in?next=%2Ftrend"
    assert [(row["event"], row["why"]) for row in lines(set_up) if "why" in row] == [("session_ended", "expired")]
    begun += 24 * 3600 * 10
    monkeypatch.setattr(sessions.time, "time", lambda: begun)
    sign_in(client, "anna")
    assert {at(minutes) for minutes in range(1, 12 * 60, 50)} == {200}
    assert at(12 * 60 + 1) == 401, "however busy"


def test_an_ended_session_says_so_and_leads_back(server: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client, begun = signed_in(server, "anna"), time.time()
    monkeypatch.setattr(sessions.time, "time", lambda: begun + 3600 * 2)
    answer = client.get("/trend?area=zone-75", follow_redirects=True)
    assert "Your session has ended because nothing was asked" in answer.text
    assert 'value="/trend?area=zone-75"' in answer.text


def test_sign_out_ends_it_for_a_copied_cookie_too(server: Flask, set_up: Path) -> None:
    client = signed_in(server, "anna")
    copied = client.get_cookie("wardlight")
    assert copied
    with client.session_transaction() as session:
        token = session["token"]
    answer = client.post("/sign-out", data={"token": token})
    assert "You have signed out" in answer.text
    thief = server.test_client()
    thief.set_cookie("wardlight", copied.value)
    assert _ask(thief).status_code == 401
    assert [row["event"] for row in lines(set_up)] == ["sign_in", "sign_out", "session_ended"]


def test_a_change_of_rights_holds_at_once(server: Flask, set_up: Path) -> None:
    known = Accounts(set_up)
    client = signed_in(server, "anna")
    known.put("anna", "Anna", Grant(role="viewer"), PASSWORD)
    assert _ask(client).json == {"sign_in": "/sign-in", "why": "changed"}
    sign_in(client, "anna")
    known.remove("anna")
    assert _ask(client).status_code == 401
    assert sign_in(client, "anna").status_code == 401


def test_a_forged_cookie_is_none(server: Flask) -> None:
    other = Flask("other")
    other.secret_key = "guessed"
    serializer = other.session_interface.get_signing_serializer(other)  # type: ignore[attr-defined]
    client = server.test_client()
    client.set_cookie("wardlight", serializer.dumps({"user": "stella", "id": "x", "seen": time.time(), "mark": ""}))
    assert _ask(client).status_code == 401


def test_tries_are_limited_by_user_and_address(server: Flask, set_up: Path) -> None:
    client = server.test_client()
    answers = [sign_in(client, "anna", f"wrong {number}").status_code for number in range(6)]
    assert answers == [401] * 5 + [429]
    limited = sign_in(client, "anna")
    assert limited.status_code == 429, "even with the right one"
    assert 0 < int(limited.headers["Retry-After"]) <= 900
    assert "Too many tries. Wait 15 minutes" in limited.text
    assert sign_in(server.test_client(), "victor").status_code == 303, "others at the same address go on"
    elsewhere = serve(set_up, proxies=1).test_client()
    assert sign_in(elsewhere, "anna", **{"X-Forwarded-For": "192.0.2.7"}).status_code == 303, "as does she elsewhere"
    assert [row["event"] for row in lines(set_up)][5:7] == ["sign_in_limited"] * 2
    for number in range(40):
        last = sign_in(client, f"guess{number}", PASSWORD).status_code
    assert last == 429, "and an address that tries many names is stopped, too"


def test_limits_are_shared_and_forgotten_in_time(tmp_path: Path) -> None:
    one, other = Memory(tmp_path), Memory(tmp_path)
    limit = Limit("k", 2, 60)
    assert [one.wait([limit], 1000.0), other.wait([limit], 1010.0), one.wait([limit], 1020.0)] == [0, 0, 40]
    assert other.wait([limit], 1061.0) == 0
    other.forget(["k"])
    assert one.wait([limit], 1062.0) == 0
    assert stat.S_IMODE((tmp_path / "access" / "memory.sqlite").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "address",
    [
        *("https://evil.example", "//evil.example", "/\\evil.example", "\\/evil.example", "javascript:alert(1)"),
        *("/\t/evil.example", "/\n/evil.example", " //evil.example", "///evil.example", "http:evil.example", "evil"),
        *("/sign-out", "/sign-in?next=/", "/_dash-layout", "", "//evil.example/%2f..", "/%0d%0aSet-Cookie:x=1\r\nx: y"),
    ],
)
def test_no_address_leads_elsewhere_after_sign_in(server: Flask, address: str) -> None:
    answer = sign_in(server.test_client(), "anna", to=address)
    assert (answer.status_code, answer.location) == (303, "/")


@settings(max_examples=60)
@given(st.text(max_size=30))
def test_whatever_next_says_it_stays_here(text: str) -> None:
    safe = pages.safe_next(text)
    assert safe.startswith("/")
    assert not safe.startswith(("//", "/\\"))
    assert safe in (text, "/")


def test_views_survive_sign_in(server: Flask) -> None:
    view = "/trend?indicator=B1_theft&area=zone-75&by=month&lang=zh&scheme=dark"
    assert pages.safe_next(view) == view
    page = server.test_client().get(server.test_client().get(view).location).text
    assert 'lang="zh-CN" data-scheme="dark"' in page
    assert "登录" in page


ROLES = {
    "/data-docs/": ("anna", "stella"),
    "/audit": ("stella",),
    "/download/x.csv": ("anna", "lian", "stella", "lost"),
}


@pytest.mark.parametrize("address", ROLES)
def test_each_role_may_what_is_its(server: Flask, set_up: Path, address: str) -> None:
    server.add_url_rule("/download/<path:name>", "download_here", lambda name: name)
    for name in ("victor", "anna", "lian", "stella"):
        answer = signed_in(server, name).get(address)
        assert answer.status_code == (200 if name in ROLES[address] else 403), name
        if name not in ROLES[address]:
            assert "This is not for your role" in answer.text
            assert lines(set_up)[-1]["event"] == "no_permission"


@pytest.mark.parametrize(("name", "is_led"), [("anna", True), ("lian", False), ("victor", False)])
def test_only_who_may_read_data_docs_is_led_there(server: Flask, name: str, is_led: bool) -> None:
    question = browsing.question("/quality")
    answer = signed_in(server, name).post("/_dash-update-component", data=question, content_type="application/json")
    assert ("/data-docs/" in json.dumps(answer.json)) == is_led


@pytest.mark.parametrize("path", ["/quality", "/compare"])
def test_viewers_are_offered_no_file(server: Flask, path: str) -> None:
    def page(name: str) -> str:
        question = browsing.question(path)
        client = signed_in(server, name)
        answer = client.post("/_dash-update-component", data=question, content_type="application/json")
        return json.dumps(answer.json)

    assert "/download/csv" in page("anna")
    assert "/download/csv" not in page("victor")


FILE = "/download/csv/overview/map?indicator=B1_theft&by=month"


def test_files_are_cut_logged_and_not_for_everybody(server: Flask, set_up: Path) -> None:
    whole = signed_in(server, "anna").get(FILE)
    cut = signed_in(server, "lian").get(FILE)
    assert (whole.status_code, cut.status_code) == (200, 200)
    assert "zone-73" in whole.text
    assert "zone-75" in cut.text
    assert "zone-73" not in cut.text
    row = lines(set_up)[-1]
    assert (row["event"], row["user"], row["path"]) == ("download", "lian", FILE)
    assert row["what"].endswith(".csv")
    assert signed_in(server, "victor").get(FILE).status_code == 403


def test_a_route_can_ask_for_a_role_and_log_what_is_taken(server: Flask, set_up: Path) -> None:
    """As the exporter does."""

    @require("analyst")
    def give(name: str) -> str:
        record_download(name, release="r1", rows=3)
        return "a,b"

    server.add_url_rule("/files/<name>", "files", give)
    assert signed_in(server, "victor").get("/files/trend.csv").status_code == 403
    client = signed_in(server, "anna")
    assert client.get("/files/trend.csv?area=zone-75").text == "a,b"
    row = lines(set_up)[-1]
    assert {key: row[key] for key in ("event", "user", "what", "path", "release", "rows")} == {
        "event": "download",
        "user": "anna",
        "what": "trend.csv",
        "path": "/files/trend.csv?area=zone-75",
        "release": "r1",
        "rows": 3,
    }
    answers = [client.get("/files/trend.csv").status_code for _ in range(guard.DOWNLOADS_A_MINUTE)]
    assert answers[-1] == 429
    assert answers.count(200) == guard.DOWNLOADS_A_MINUTE - 1


def test_without_sign_in_routes_that_ask_for_a_role_are_open_here(zones: Path) -> None:
    server = create_app(Releases(zones)).server

    @require("steward")
    def give() -> str:
        record_download("all.csv")
        return "a,b"

    server.add_url_rule("/files", "files", give)
    assert server.test_client().get("/files").text == "a,b"


@pytest.mark.parametrize(
    ("remote", "host", "status"),
    [
        ("127.0.0.1", "localhost:8050", 200),
        ("127.0.0.1", "127.0.0.1:8050", 200),
        ("::1", "[::1]:8050", 200),
        ("192.0.2.7", "localhost", 403),
        ("127.0.0.1", "evil.example", 403),
    ],
)
def test_without_sign_in_this_machine_alone_is_answered(zones: Path, remote: str, host: str, status: int) -> None:
    """Not another, and not by a name that somebody else has bent to this one."""
    client = create_app(Releases(zones)).server.test_client()
    answer = client.get("/_dash-layout", headers={"Host": host}, environ_overrides={"REMOTE_ADDR": remote})
    assert answer.status_code == status


def test_the_proxy_says_who_asks_by_its_secret(set_up: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDLIGHT_PROXY_SECRET", "a secret of the proxy")
    part = {
        "secret_variable": "WARDLIGHT_PROXY_SECRET",
        "role_header": "X-Groups",
        "areas_header": "X-Areas",
        "roles": {"police": "analyst"},
        "sign_out_address": "https://proxy.example/logout",
    }
    server = serve(set_up, mode="trusted_proxy", trusted_proxy=part)
    right = {"X-Wardlight-Secret": "a secret of the proxy", "X-Forwarded-User": "lian", "X-Groups": "a,police"}
    client = server.test_client()
    asked = _ask(client, **right, **{"X-Areas": "zone-75"})
    assert asked.status_code == 200
    assert "limited to one area" in asked.text
    assert "zone-73" not in asked.text
    assert "zone-73" in _ask(client, **right, **{"X-Areas": "*"}).text
    for wrong in ({}, {"X-Wardlight-Secret": "guess"}, {"X-Forwarded-User": ""}):
        given = {"X-Forwarded-User": "lian", "X-Groups": "police", "X-Areas": "*"} | (right if wrong else {}) | wrong
        assert _ask(client, **given).status_code == 401, "with the session's cookie, too"
    assert "come by the usual address" in client.get("/").text
    for part_missing in ({"X-Groups": "none", "X-Areas": "*"}, {"X-Areas": ""}):
        answer = client.get("/", headers=right | part_missing)
        assert (answer.status_code, "You have no role" in answer.text) == (403, True)
    events = [(row["event"], row["user"]) for row in lines(set_up)]
    assert events == [("sign_in", "lian"), ("no_permission", "lian"), ("no_permission", "lian")]


def test_answers_say_what_may_run_and_be_kept(server: Flask) -> None:
    client = signed_in(server, "anna")
    page = client.get("/")
    for name, value in headers.HEADERS.items():
        assert page.headers[name] == value
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    scripts = policy["script-src"].split()
    assert scripts[0] == "'self'"
    assert all(each.startswith("'sha256-") for each in scripts[1:]), "no inline script but those known by hash"
    assert page.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" not in page.headers
    assert client.get("/", base_url="https://localhost").headers["Strict-Transport-Security"] == headers.HSTS
    door = server.test_client().get("/sign-in")
    assert "unsafe" not in door.headers["Content-Security-Policy"]
    assert "<script>" not in door.text
    assert "style=" not in door.text


def test_what_people_type_is_text_on_the_page(server: Flask) -> None:
    nasty = "<script>alert(1)</script>"
    client = server.test_client()
    answer = client.post(
        "/sign-in", data={"user": nasty, "password": "x", "token": token_of(client), "next": f"/{nasty}"}
    )
    assert nasty not in answer.text
    assert nasty not in client.get("/sign-in", query_string={"next": f"/x?q={nasty}", "why": nasty, "lang": nasty}).text
    log = signed_in(server, "stella").get("/audit", query_string={"user": nasty, "month": "../../access/users"})
    assert nasty not in log.text
    assert "scrypt" not in log.text


def test_stewards_read_the_log(server: Flask, set_up: Path) -> None:
    sign_in(server.test_client(), "victor", "wrong")
    log = AuditLog(set_up)
    client = signed_in(server, "stella")
    page = client.get("/audit?lang=zh").text
    for said in ("登录被拒", "victor", "stella", "127.0.0.1"):
        assert said in page
    assert "victor" not in client.get("/audit?user=stella").text
    assert log.months() == [f"{time.gmtime().tm_year}-{time.gmtime().tm_mon:02}"]
    path = next((set_up / "audit").iterdir())
    assert [stat.S_IMODE(each.stat().st_mode) for each in (path, path.parent)] == [0o600, 0o700]
    with path.open("a") as file:
        file.write('half a line\n["no row"]\n')
    assert len(list(log.read(log.months()[0]))) == len(path.read_text().splitlines()) - 2


def test_the_log_has_a_file_a_month(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in (datetime(2026, 11, 30, 23, 59, tzinfo=UTC), datetime(2026, 12, 1, 0, 0, tzinfo=UTC)):
        fixed = type("Fixed", (datetime,), {"now": classmethod(lambda _cls, _zone, day=day: day)})
        monkeypatch.setattr(audit, "datetime", fixed)
        AuditLog(tmp_path).write("sign_in", "anna\nforged", None)
    assert AuditLog(tmp_path).months() == ["2026-12", "2026-11"]
    assert len((tmp_path / "audit" / "2026-11.jsonl").read_text().splitlines()) == 1, "no name makes a line of its own"


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    key = sessions.signing_key(tmp_path)
    assert key == sessions.signing_key(tmp_path)
    assert len(key) == 32
    path = tmp_path / "access" / "session-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(AccessError, match="chmod 600"):
        sessions.signing_key(tmp_path)


def test_roles_are_in_order() -> None:
    may = {role: [Reader("a", "a", role).may(needed) for needed in guard.ROLES] for role in guard.ROLES}
    assert may == {
        "viewer": [True, False, False],
        "analyst": [True, True, False],
        "steward": [True, True, True],
    }
