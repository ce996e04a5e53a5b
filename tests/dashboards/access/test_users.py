"""The command for local users, typed as people type it, and what is asked of a password."""

import json
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from dashboards.access import accounts
from dashboards.access.__main__ import users
from dashboards.access.accounts import FILE, Accounts
from dashboards.access.configuration import AccessError, Grant

GOOD = "three plain words"


def _user(home: Path, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(users, [*arguments, "--home", str(home)], input=typed)


def test_users_come_change_and_go(tmp_path: Path) -> None:
    assert "There are no local users yet" in _user(tmp_path, "list").output
    added = _user(tmp_path, "add", "li.na", "--role", "analyst", "--area", "75", "--area", "22", typed=f"{GOOD}\n")
    assert (added.exit_code, added.output) == (0, "Added li.na: analyst, areas 75, 22\n")
    changed = _user(tmp_path, "add", "li.na", "--title", "李娜", typed=f"{GOOD}\n")
    assert changed.output == "Changed li.na: viewer, all areas\n"
    assert _user(tmp_path, "list").output.split() == ["li.na", "viewer,", "all", "areas"]
    assert isinstance(_user(tmp_path, "add", "bo", typed="short\n").exception, AccessError)
    assert _user(tmp_path, "remove", "li.na").output == "Removed li.na\n"
    assert "there is no user 'li.na'" in str(_user(tmp_path, "remove", "li.na").exception)


def test_an_area_that_the_release_does_not_have_is_told(zones: Path, tmp_path: Path) -> None:
    (tmp_path / "releases").symlink_to(zones / "releases")
    told = _user(tmp_path, "add", "bo", "--area", "75", "--area", "zone-41", typed=f"{GOOD}\n").stderr
    assert told == "The current release has no area '75'; it has zone-75 and others.\n"


@pytest.mark.slow
def test_the_command_is_part_of_wardlight(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli", "user", "add", "--help"], capture_output=True, text=True, check=True
    )
    assert "Usage: wardlight user add [OPTIONS] NAME" in done.stdout
    assert "--password" not in done.stdout, "others on the machine could read it"


@pytest.mark.parametrize(
    ("name", "password", "told"),
    [
        ("a b", GOOD, "is no name"),
        ("", GOOD, "is no name"),
        ("../x", GOOD, "is no name"),
        ("anna", "eleven char", "12 to 256"),
        ("anna", "x" * 257, "12 to 256"),
        ("anna", "abababababab", "easy to guess"),
        ("anna", "i am anna, hello", "easy to guess"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, name: str, password: str, told: str) -> None:
    with pytest.raises(AccessError, match=told):
        Accounts(tmp_path).put(name, name, Grant(role="viewer"), password)
    assert not (tmp_path / FILE).exists()


def test_only_a_slow_hash_of_the_password_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    known = Accounts(tmp_path)
    for name in ("anna", "bo"):
        known.put(name, name, Grant(role="viewer"), GOOD)
    path = tmp_path / FILE
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert GOOD not in path.read_text(encoding="utf-8")
    assert len({row["password"] for row in rows}) == 2, "each has a salt of its own"
    assert all(row["password"].startswith("scrypt:") for row in rows)
    assert known.verified("anna", GOOD)
    assert not known.verified("anna", GOOD + " ")
    assert not known.verified("carl", GOOD)


def test_the_method_is_as_slow_as_recommended() -> None:
    """N = 2^15, r = 8, p = 3, as OWASP's Password Storage Cheat Sheet has it; from the source, as tests patch it."""
    assert 'METHOD = "scrypt:32768:8:3"' in Path(accounts.__file__).read_text(encoding="utf-8")


def test_changes_at_once_lose_nobody(tmp_path: Path) -> None:
    def add(number: int) -> None:
        Accounts(tmp_path).put(f"user{number}", "x", Grant(role="viewer"), GOOD)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Accounts(tmp_path).all()) == 12
