"""The sensor that tells of failed checks, silent sources, failed and late runs. What it does is done in `alerting`."""

from datetime import UTC, datetime

import dagster as dg

from pipelines import location
from pipelines.alerting import looking
from pipelines.alerting.channels import load_settings
from pipelines.alerting.watching import watch

EVERY_SECONDS = 60


@dg.sensor(
    name="alerts",
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the channels of alerts.yml what has gone wrong and what is over. Starts no run.",
)
def alerts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look once; a channel that cannot be reached is told at a later look."""
    home = location.home_folder()
    path = location.alerts_file(home)
    if path is None:
        return dg.SkipReason("no channels: docs/alerts.md says how to name some in alerts.yml")
    found = watch(
        home, location.city_pack(), load_settings(path), looking.finished_runs(context.instance), datetime.now(UTC)
    )
    return dg.SkipReason("somebody else is looking" if found is None else str(found))


@dg.definitions
def alert_sensor() -> dg.Definitions:
    """The sensor, running unless it is switched off in the UI."""
    return dg.Definitions(sensors=[alerts])
