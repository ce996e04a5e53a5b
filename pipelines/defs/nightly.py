"""The nightly job, from the files to a release, and its schedule in the city's time zone."""

import dagster as dg

from pipelines import location
from pipelines.defs.briefings import BRIEFINGS
from pipelines.pack.city import CityPack
from pipelines.runs import AS_OF_TAG, NIGHTLY, as_of_tick, run_tags


def _schedule(pack: CityPack) -> dg.ScheduleDefinition:
    @dg.schedule(
        name="every_night",
        job_name=NIGHTLY,
        cron_schedule=f"{pack.schedule.minute} {pack.schedule.hour} * * *",
        execution_timezone=pack.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"Every night in {pack.time_zone}: the day before and the {pack.schedule.lookback_days} days "
        "before that, or the pinned as_of of a pack of historical data.",
    )
    def every_night(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        tick = context.scheduled_execution_time
        tags = run_tags(pack, as_of_tick(pack, tick), None, None)
        return dg.RunRequest(run_key=f"{tick.isoformat()} as of {tags[AS_OF_TAG]}", tags=tags)

    return every_night


@dg.definitions
def nightly() -> dg.Definitions:
    """The job over all assets but briefings, and when it runs."""
    pack = location.city_pack()
    job = dg.define_asset_job(
        NIGHTLY,
        # Briefings have a job of their own, once a month.
        selection=dg.AssetSelection.all() - dg.AssetSelection.assets(BRIEFINGS),
        description="Files to release: load, model, judge, compute, publish.",
    )
    return dg.Definitions(jobs=[job], schedules=[_schedule(pack)])
