"""`access.yml`: what it may hold, and that a mistake is told with file, line and field."""

from pathlib import Path

import pytest

from dashboards.access.configuration import AccessError, Configuration, OpenIdConnect, check, find, read

WHOLE = """
mode: openid_connect
address: https://dashboard.example.org
session: {idle_minutes: 30, hours: 10}
city_figures: hidden
openid_connect:
  issuer: https://login.example.org/realm
  client_id: wardlight
  client_secret_variable: WARDLIGHT_OIDC_SECRET
  role_claim: realm_access.roles
  area_claim: districts
  roles: {everyone: viewer, data-team: steward}
  users:
    mayor: {role: analyst, areas: ["75"]}
"""


def _written(folder: Path, text: str) -> Path:
    path = folder / "access.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    found = read(_written(tmp_path, WHOLE))
    assert found.openid_connect is not None
    assert (found.session.idle_minutes, found.is_encrypted) == (30, True)
    assert found.openid_connect.users["mayor"].areas == ("75",)
    assert find(tmp_path, None) == found, "the home folder's is found without being named"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("mode: ldap", "access.yml:1, field mode: "),
        ("mode: local\nroles: {a: viewer}", "access.yml:2, field roles: there is no such setting"),
        ("mode: local\nsession:\n  hours: 0", "access.yml:3, field session.hours: "),
        ("mode: local\nsession:\n  hours: '8'", "access.yml:3, field session.hours: "),
        ("mode: trusted_proxy", "`trusted_proxy` goes with `mode: trusted_proxy`"),
        ("mode: local\naddress: http://dashboard.example.org", "access.yml:2, field address: only https"),
        ("mode: local\naddress: dashboard", "access.yml:2, field address: give an address"),
        (WHOLE.replace("role: analyst", "role: king"), "access.yml:14, field openid_connect.users.mayor.role: "),
        (WHOLE.replace('["75"]', "[]"), "access.yml:14, field openid_connect.users.mayor.areas: "),
        (WHOLE.replace("WARDLIGHT_OIDC_SECRET", "s3cret value"), "client_secret_variable: "),
        (WHOLE.replace("address: https://dashboard.example.org\n", ""), "`address` is needed"),
        ("mode: [local", "access.yml:1: this is no YAML"),
        ("- local", "access.yml:1: expected `mode:`"),
        ("", "access.yml:1: expected `mode:`"),
    ],
)
def test_a_mistake_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(AccessError) as error:
        read(_written(tmp_path, text))
    assert told in str(error.value)


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    assert find(tmp_path, None) is None
    with pytest.raises(AccessError, match="there is no such file"):
        find(tmp_path, tmp_path / "other.yml")


@pytest.mark.parametrize(
    ("settings", "host", "told"),
    [
        (None, "0.0.0.0", "no sign-in is set up"),
        ({"mode": "local"}, "0.0.0.0", "nothing says that it is by https"),
        ({"mode": "local"}, None, "nothing says that it is by https"),
        (
            {"mode": "trusted_proxy", "address": "https://a.b", "trusted_proxy": {"secret_variable": "WARDLIGHT_NONE"}},
            "127.0.0.1",
            "WARDLIGHT_NONE holds no secret",
        ),
    ],
)
def test_what_could_not_hold_is_refused(settings: dict[str, object] | None, host: str | None, told: str) -> None:
    with pytest.raises(AccessError, match=told):
        check(Configuration.model_validate(settings) if settings else None, host)


def test_what_holds_is_not_refused() -> None:
    check(None, "127.0.0.1")
    check(Configuration(mode="local"), "::1")
    check(Configuration(mode="local", address="https://a.b"), "0.0.0.0")


def test_a_short_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARDLIGHT_PROXY_SECRET", "short")
    part = {"secret_variable": "WARDLIGHT_PROXY_SECRET"}
    settings = Configuration.model_validate({"mode": "trusted_proxy", "trusted_proxy": part})
    with pytest.raises(AccessError, match="too short a secret"):
        check(settings, "127.0.0.1")


def test_what_others_say_of_a_person_becomes_what_he_may() -> None:
    part = OpenIdConnect.model_validate(
        {
            "issuer": "https://a.b",
            "client_id": "c",
            "roles": {"all": "viewer", "team": "steward"},
            "users": {"mayor": {"role": "analyst", "areas": ["75"]}},
        }
    )

    def granted(*arguments: object) -> tuple[str, tuple[str, ...] | None] | None:
        found = part.grant(*arguments)  # type: ignore[arg-type]
        return None if found is None else (found.role, found.areas)

    assert granted("mayor", ["team"], None) == ("analyst", ("75",)), "by name first"
    assert granted("a", ["all", "team", "other"], None) == ("steward", None), "that which may most"
    assert granted("a", ["all"], ["22", "75"]) == ("viewer", ("22", "75"))
    assert granted("a", ["all"], ["*"]) == ("viewer", None)
    assert granted("a", ["all"], []) is None, "limited to nothing is no limit to nothing"
    assert granted("a", ["other"], None) is None
