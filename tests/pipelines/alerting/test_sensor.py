"""The sensor as Dagster evaluates it, on real runs of a real instance."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.instance import instance_folder
from tests.pipelines.alerting import homes
from tests.pipelines.alerting.receivers import Receiver, web_service

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WARDLIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WARDLIGHT_ALERTS", raising=False)
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def received() -> Iterator[Receiver]:
    with web_service() as receiver:
        yield receiver


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(instance_folder(home))) as opened:
        yield opened


def name_channel(home: Path, port: int) -> None:
    (home / "alerts.yml").write_text(f"channels:\n  duty: json://127.0.0.1:{port}/s3cr3t\n", encoding="utf-8")


def evaluated(instance: dg.DagsterInstance) -> str:
    """Evaluate the sensor of the code location, as the daemon does."""
    sensor = defs.get_repository_def().get_sensor_def("alerts")
    with dg.build_sensor_context(instance=instance) as context:
        ticked = sensor.evaluate_tick(context)
    assert not ticked.run_requests
    return str(ticked.skip_message)


def a_night(instance: dg.DagsterInstance, *, succeeds: bool) -> None:
    @dg.op
    def work() -> None:
        if not succeeds:
            raise ValueError("a record of Jane Roe is broken")

    @dg.job(name="nightly")
    def nightly() -> None:
        work()

    config = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    done = nightly.execute_in_process(instance=instance, raise_on_error=False, run_config=config)
    assert done.success == succeeds


def test_the_sensor_runs_every_minute_and_is_on() -> None:
    sensor = defs.get_repository_def().get_sensor_def("alerts")
    assert sensor.minimum_interval_seconds == 60
    assert sensor.default_status == dg.DefaultSensorStatus.RUNNING


def test_without_channels_it_says_so_and_does_nothing(home: Path, instance: dg.DagsterInstance) -> None:
    assert "no channels" in evaluated(instance)
    assert not (home / "alerts").exists()


def test_a_failed_run_and_a_failed_check_are_told_once_and_over_when_they_are(
    home: Path, instance: dg.DagsterInstance, received: Receiver
) -> None:
    name_channel(home, received.port)
    homes.publish(home, [homes.failed("in_order")])
    a_night(instance, succeeds=False)
    assert evaluated(instance) == "2 stand; told duty"
    assert evaluated(instance) == "2 stand"
    assert received.paths == ["/s3cr3t"]
    assert "Runs of nightly fail: 1 in a row" in received.bodies[0]["message"]
    assert "Jane Roe" not in str(received.bodies)
    homes.publish(home)
    a_night(instance, succeeds=True)
    assert evaluated(instance) == "0 stand; told duty"
    assert received.bodies[1]["title"] == "New York City: 2 over"


def test_a_tick_on_a_bad_file_fails_without_its_secrets(home: Path, instance: dg.DagsterInstance) -> None:
    (home / "alerts.yml").write_text("channels:\n  duty: slak://s3cr3t/x\n", encoding="utf-8")
    with pytest.raises(Exception, match="channel duty") as raised:
        evaluated(instance)
    told: BaseException | None = raised.value
    while told is not None:
        assert "s3cr3t" not in str(told)
        told = told.__cause__ or told.__context__
