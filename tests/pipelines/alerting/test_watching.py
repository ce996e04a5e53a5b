"""Whole looks: from a release and runs to what a receiver on this machine is sent, once per cause."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.alerting import looking, memory
from pipelines.alerting.causes import Run
from pipelines.alerting.channels import Settings
from pipelines.alerting.watching import Watch, watch
from pipelines.errors import WardlightError
from pipelines.pack.city import CityPack
from tests.pipelines.alerting import homes
from tests.pipelines.alerting.receivers import Receiver, web_service
from tests.pipelines.small_pack import changed, write_pack

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 10, 15, tzinfo=UTC)


@pytest.fixture
def pack(tmp_path: Path) -> CityPack:
    return write_pack(tmp_path / "pack")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def received() -> Iterator[Receiver]:
    with web_service() as receiver:
        yield receiver


def settings(receiver: Receiver, **said: object) -> Settings:
    return Settings.model_validate({"channels": {"duty": f"json://127.0.0.1:{receiver.port}/duty"}, **said})


def look(home: Path, pack: CityPack, asked: Settings, *, runs: tuple[Run, ...] = (), now: datetime = NOW) -> Watch:
    found = watch(home, pack, asked, runs, now)
    assert found is not None
    return found


def texts(receiver: Receiver) -> list[str]:
    return [f"{body['title']}\n{body['message']}" for body in receiver.bodies]


def test_many_causes_at_once_are_one_message_without_anything_of_a_record(
    home: Path, pack: CityPack, received: Receiver
) -> None:
    results = [homes.HELD, homes.failed("in_order"), homes.failed("known", rows=None), homes.failed("mild", "warn")]
    homes.publish(home, results, [homes.silent("collapsed")])
    failure = Run("0123456789", "nightly", succeeded=False, ended_at=NOW, as_of=None)
    for _ in range(3):
        found = look(home, pack, settings(received), runs=(failure,))
    assert texts(received) == [
        "Smallville: 4 new\n"
        "New:\n"
        "• Check in_order of staging.incident fails: 3 rows (since 2016-06-29) [check:staging.incident.in_order]\n"
        "• Check known of staging.incident could not be judged (since 2016-06-29) [check:staging.incident.known]\n"
        "• Runs of nightly fail: 1 in a row, the last is 01234567 (since 2026-01-10 10:00) [run:nightly]\n"
        "• Calls: far fewer records than is usual; the last is of 2016-06-10 [silence:calls]\n"
        "\n"
        "To mute: wardlight alerts mute KEY --days 7"
    ]
    assert "Roe" not in str(received.bodies)
    assert (found.standing, found.muted, found.sent) == (4, 0, {})


def test_what_is_over_is_told_and_the_language_is_the_pack_s(home: Path, tmp_path: Path, received: Receiver) -> None:
    pack = write_pack(tmp_path / "pack", city_yml=changed("as_of:", "language: zh\nas_of:"))
    homes.publish(home, freshness=[homes.silent()])
    look(home, pack, settings(received))
    homes.publish(home)
    look(home, pack, settings(received))
    assert texts(received) == [
        "小城：新增 1 项\n新增：\n• 报警：已中断，20 天没有记录；最后一条记录的日期为 2016-06-10 [silence:calls]\n\n"
        "静音：wardlight alerts mute KEY --days 7",
        "小城：已恢复 1 项\n已恢复：\n• 报警：已中断，20 天没有记录；最后一条记录的日期为 2016-06-10 [silence:calls]",
    ]
    assert [body["type"] for body in received.bodies] == ["failure", "success"]
    assert memory.recall(home, NOW).known == {}


def test_a_receiver_that_is_down_is_told_later_and_the_others_not_twice(
    home: Path, pack: CityPack, received: Receiver
) -> None:
    homes.publish(home, [homes.failed("in_order")])
    with web_service() as other:
        asked = Settings.model_validate(
            {"channels": {"duty": f"json://127.0.0.1:{received.port}", "other": f"json://127.0.0.1:{other.port}"}}
        )
        received.status = 503
        found = look(home, pack, asked)
        assert not found.sent["duty"].succeeded
        assert "could not reach duty" in str(found)
        look(home, pack, asked)
        received.status = 200
        assert list(look(home, pack, asked).sent) == ["duty"]
        look(home, pack, asked)
        assert (len(received.bodies), len(other.bodies)) == (1, 1)


def test_what_stands_is_told_again_after_the_days_asked_for_or_never(
    home: Path, pack: CityPack, received: Receiver
) -> None:
    homes.publish(home, [homes.failed("in_order")])
    for days in range(10):
        look(home, pack, settings(received, again_after_days=4), now=NOW + timedelta(days=days))
    assert [text.splitlines()[0] for text in texts(received)] == [
        *("Smallville: 1 new", "Smallville: 1 still standing", "Smallville: 1 still standing")
    ]
    look(home, pack, settings(received, again_after_days=0), now=NOW + timedelta(days=99))
    assert len(received.bodies) == 3


def test_muted_causes_wait_and_channels_hear_of_their_kinds_alone(
    home: Path, pack: CityPack, received: Receiver
) -> None:
    homes.publish(home, [homes.failed("in_order")], [homes.silent()])
    memory.write_mutes(home, [memory.Mute("check:*", date(2026, 1, 11), "known")])
    found = look(home, pack, settings(received))
    assert (found.standing, found.muted) == (2, 1)
    assert "silence:calls" in texts(received)[0]
    assert "check:" not in texts(received)[0]
    look(home, pack, settings(received), now=NOW + timedelta(days=2))
    assert "check:staging.incident.in_order" in texts(received)[1]
    only = settings(received)
    only = Settings.model_validate(
        {"channels": {"new": {"url": only.channels["duty"].url.get_secret_value(), "kinds": ["silence"]}}}
    )
    look(home, pack, only)
    assert texts(received)[2].startswith("Smallville: 1 new")
    assert "check:" not in texts(received)[2]


def test_warnings_and_silent_areas_are_told_where_asked_for(home: Path, pack: CityPack, received: Receiver) -> None:
    areas = [("calls", "silent"), ("calls", "silent"), ("calls", "alive")]
    homes.publish(home, [homes.failed("mild", "warn")], areas=areas)
    assert look(home, pack, settings(received)).sent == {}
    look(home, pack, settings(received, warnings=True))
    assert "Calls: 2 areas fell silent [silence:calls.areas]" in texts(received)[0]
    assert [body["type"] for body in received.bodies] == ["warning"]


def test_a_late_night_is_told_and_over_when_it_has_succeeded(home: Path, tmp_path: Path, received: Receiver) -> None:
    pack = write_pack(tmp_path / "pack", city_yml=changed("as_of: 2016-06-30\n", ""))
    homes.publish(home, as_of="2026-01-08")
    look(home, pack, settings(received), now=NOW - timedelta(days=1))
    assert received.bodies == []
    look(home, pack, settings(received))
    assert texts(received)[0].splitlines()[2] == (
        "• The nightly run of 2026-01-09 is late: it was due at 2026-01-10 03:30; the last that succeeded is of "
        "2026-01-08 [late:nightly]"
    )
    # A run that changes nothing makes no release: the run itself counts.
    night = Run("1", "nightly", succeeded=True, ended_at=NOW, as_of=date(2026, 1, 9))
    look(home, pack, settings(received), runs=(night,))
    assert texts(received)[1].startswith("Smallville: 1 over")


def test_a_release_of_another_version_leaves_its_causes_as_they_were(
    home: Path, pack: CityPack, received: Receiver
) -> None:
    homes.publish(home, [homes.failed("in_order")])
    look(home, pack, settings(received))
    for manifest in home.glob("releases/current/manifest.json"):
        (manifest.parent / "release.duckdb").write_bytes(b"no database")
    found = look(home, pack, settings(received))
    assert found.unread is not None
    assert (found.standing, len(received.bodies)) == (1, 1)


def test_nothing_is_sent_before_there_is_anything_to_tell(home: Path, pack: CityPack, received: Receiver) -> None:
    assert str(look(home, pack, settings(received))) == "0 stand"
    assert received.bodies == []


def test_a_long_list_is_cut_and_counted(home: Path, pack: CityPack, received: Receiver) -> None:
    homes.publish(home, [homes.failed(f"check_{at:02}") for at in range(25)])
    look(home, pack, settings(received))
    (text,) = texts(received)
    assert text.startswith("Smallville: 25 new")
    assert text.count("•") == 20
    assert "… and 5 more: wardlight alerts list" in text


def test_damaged_memory_is_told(home: Path, pack: CityPack, received: Receiver) -> None:
    look(home, pack, settings(received))
    (home / "alerts" / "told.json").write_text('{"known": 1}', encoding="utf-8")
    with pytest.raises(WardlightError, match="damaged") as raised:
        look(home, pack, settings(received))
    assert raised.value.file == str(home / "alerts" / "told.json")


def test_memory_holds_no_address(home: Path, pack: CityPack, received: Receiver) -> None:
    homes.publish(home, [homes.failed("in_order")])
    look(home, pack, settings(received))
    for path in (home / "alerts").iterdir():
        assert str(received.port) not in path.read_text(encoding="utf-8")


@pytest.mark.slow
def test_what_is_looked_at_is_in_a_real_release(nyc_home: Path) -> None:
    served = looking.served(nyc_home)
    assert served is not None
    failed, sources, as_of = served
    # The warning that New York's cases earn by naming no district so often.
    assert [(each.expectation, each.severity, each.was_judged) for each in failed] == [
        ("area_mostly_known", "warn", True)
    ]
    assert as_of == date(2016, 12, 31)
    assert [(each.source, each.status) for each in sources] == [
        (name, "alive") for name in ("cases", "shootings", "stops", "thefts")
    ]
