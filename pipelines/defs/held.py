"""The sensor that moves `current` to a held release once its time has come; readers serve it from then on anyway."""

from datetime import UTC, datetime

import dagster as dg

from pipelines import location
from pipelines.errors import WardlightError
from pipelines.publishing import holding, release
from pipelines.warehouse import writing

EVERY_SECONDS = 60


@dg.sensor(
    name="held_releases",
    minimum_interval_seconds=EVERY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Enters a held release as the current one when its time has come. Starts no run.",
)
def held_releases(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Look once; while a run writes, the next look will do: what is served does not depend on it."""
    del context
    home = location.home_folder()
    if holding.come(home, datetime.now(UTC)) is None:
        return dg.SkipReason(f"{len(holding.held(home))} held, none is due")
    try:
        with writing(home, wait_seconds=0):
            published = release.promote(home)
    except WardlightError:
        return dg.SkipReason("a run is writing; it enters what is due as it begins")
    return dg.SkipReason(f"published {published.release_id}" if published else "nothing is due any more")


@dg.definitions
def held_sensor() -> dg.Definitions:
    """The sensor, where the pack holds releases."""
    return dg.Definitions(sensors=[held_releases] if location.city_pack().releases.hold_until else [])
