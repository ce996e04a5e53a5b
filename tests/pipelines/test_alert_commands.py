"""The commands `wardlight alerts`: what they print, what they send to a receiver on this machine, how they fail."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines import cli
from tests.conftest import NYC
from tests.pipelines.alerting import homes
from tests.pipelines.alerting.receivers import Receiver, free_port, web_service


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("WARDLIGHT_ALERTS", raising=False)
    return tmp_path


@pytest.fixture
def received() -> Iterator[Receiver]:
    with web_service() as receiver:
        yield receiver


def name_channel(home: Path, port: int) -> None:
    (home / "alerts.yml").write_text(f"channels:\n  duty: json://127.0.0.1:{port}/s3cr3t\n", encoding="utf-8")


def run(home: Path, *arguments: str) -> tuple[int, str]:
    command, *rest = arguments
    done = CliRunner().invoke(cli.main, ["alerts", command, "--home", str(home), *rest])
    return done.exit_code, done.output


@pytest.mark.slow
def test_commands_list_mute_unmute_and_send(home: Path, received: Receiver) -> None:
    homes.publish(home, [homes.failed("in_order")], [homes.silent()])
    name_channel(home, received.port)
    today = datetime.now(UTC).date()
    code, output = run(home, "mute", "silence:*", "--days", "3", "--reason", "strike")
    assert (code, output) == (0, f"Muted silence:* until {today + timedelta(days=3)}: no cause that stands now\n")
    code, output = run(home, "send", "--city", str(NYC))
    assert (code, output) == (0, "2 stand, 1 of them muted; told duty.\n")
    code, output = run(home, "list")
    assert code == 0
    assert "[check:staging.incident.in_order]\n  error, told duty" in output
    assert "[silence:calls]\n  error, muted" in output
    assert "2 causes stand" in output
    assert f"Muted silence:* until {today + timedelta(days=3)}: strike" in output
    assert run(home, "unmute", "silence:*") == (0, "No longer muted: silence:*\n")
    assert run(home, "send", "--city", str(NYC)) == (0, "2 stand; told duty.\n")
    assert len(received.bodies) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("mute", "x"), "give one of --until DATE and --days N"),
        (("mute", "x", "--until", "2020-01-01"), "2020-01-01 is past"),
        (("unmute", "x"), "x is not muted"),
        (("test", "--city", str(NYC)), "there are no channels"),
    ],
)
def test_commands_say_what_is_wrong(home: Path, arguments: tuple[str, ...], told: str) -> None:
    code, output = run(home, *arguments)
    assert code == 1
    assert told in output


def test_the_channels_are_tried(home: Path, received: Receiver) -> None:
    (home / "alerts.yml").write_text(
        f"language: zh\nchannels:\n  duty: json://127.0.0.1:{received.port}/s3cr3t\n"
        f"  gone: json://127.0.0.1:{free_port()}/s3cr3t\n",
        encoding="utf-8",
    )
    code, output = run(home, "test", "--city", str(NYC))
    assert code == 1
    assert "duty: sent" in output
    assert "s3cr3t" not in output
    assert received.bodies[0]["message"] == "这是 Wardlight 告警的测试消息：渠道 duty 工作正常。"
    assert run(home, "test", "--city", str(NYC), "--channel", "duty") == (0, "duty: sent\n")
    assert "there is no channel 'x'" in run(home, "test", "--city", str(NYC), "--channel", "x")[1]


def test_looking_at_a_home_that_is_none_makes_none(tmp_path: Path) -> None:
    assert run(tmp_path / "none", "list") == (0, "0 causes stand\n")
    assert not (tmp_path / "none").exists()
