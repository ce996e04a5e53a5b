"""The briefings of all districts, as an asset, and the schedule that makes them each month."""

import dagster as dg
import pydantic

from pipelines import briefings, location
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack

BRIEFINGS = dg.AssetKey(["publishing", "briefings"])
JOB = "briefings"
DAY_OF_MONTH = 3
"""By then records that come a day or two late are there."""
HOURS_AFTER_NIGHTLY = 3


class BriefingConfig(dg.Config):
    """Which briefings; by default those of the newest month that was over, in the city's language."""

    month: str | None = None
    areas: list[str] = pydantic.Field([])
    languages: list[str] = pydantic.Field([])


@dg.asset(
    key=BRIEFINGS,
    deps=[["publishing", "release"]],
    group_name="publishing",
    kinds={"file"},
    owners=OWNERS,
    description="A page to print for every district, in briefings/ of the home folder: PDF where there is Chromium, "
    "else HTML.",
)
def monthly_briefings(context: dg.AssetExecutionContext, config: BriefingConfig) -> dg.MaterializeResult[None]:
    """Write the briefings of the served release."""
    home, browser = location.home_folder(), briefings.chromium()
    if browser is None:
        context.log.warning(f"There is no Chromium to print with: briefings are HTML. To get PDF, {briefings.INSTALL}")
    suffix = ".html" if browser is None else ".pdf"
    languages = config.languages or [location.city_pack().language]
    with briefings.documents(home, config.areas, config.month, languages) as made:
        for document in made:
            target = home / briefings.FOLDER / document.month / f"{document.path.stem}{suffix}"
            briefings.save(document, target, browser)
    return dg.MaterializeResult(
        metadata={
            "briefings": len(made),
            "month": made[0].month if made else "none",
            "release_id": made[0].release_id if made else "none",
            "format": suffix.removeprefix("."),
            "folder": dg.MetadataValue.path(str(home / briefings.FOLDER)),
        }
    )


def _schedule(pack: CityPack) -> dg.ScheduleDefinition:
    hour = (pack.schedule.hour + HOURS_AFTER_NIGHTLY) % 24

    @dg.schedule(
        name="every_month",
        job_name=JOB,
        cron_schedule=f"{pack.schedule.minute} {hour} {DAY_OF_MONTH} * *",
        execution_timezone=pack.time_zone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=f"The briefings of the month before, on day {DAY_OF_MONTH}, from the release that is served then.",
    )
    def every_month(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat())

    return every_month


@dg.definitions
def briefing_definitions() -> dg.Definitions:
    """The asset, the job that makes it alone, and when."""
    job = dg.define_asset_job(
        JOB, selection=dg.AssetSelection.assets(BRIEFINGS), description="A page to print for every district."
    )
    return dg.Definitions(assets=[monthly_briefings], jobs=[job], schedules=[_schedule(location.city_pack())])
