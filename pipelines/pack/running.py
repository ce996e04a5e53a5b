"""How runs go, as a pack declares it: schedule, engine, calendar, and which releases stay."""

from typing import Annotated, Literal

import pydantic

from indicators.day_types import is_known_country
from pipelines.pack.parts import Part


class Schedule(Part):
    """When the nightly run starts, in the city's time zone, and how far it looks back."""

    hour: Annotated[int, pydantic.Field(ge=0, le=23, description="Hour of the day, 0 to 23")] = 3
    minute: Annotated[int, pydantic.Field(ge=0, le=59, description="Minute of the hour")] = 30
    lookback_days: Annotated[
        int, pydantic.Field(ge=1, description="Days before as_of that are rewritten whether they changed or not")
    ] = 35
    partitions: Annotated[
        Literal["month", "day"],
        pydantic.Field(
            description="What Dagster shows, runs and backfills apart; days make a run of years slower to record"
        ),
    ] = "month"


class Spark(Part):
    """Where Spark runs, for `engine: spark`."""

    master: Annotated[
        str,
        pydantic.Field(
            description="Spark that a run starts: local[4] for four threads, local-cluster[2,1,1024] for two workers "
            "of one core and 1024 MiB on this machine, spark://host:7077 for a cluster"
        ),
    ] = "local[*]"
    remote: Annotated[
        str | None,
        pydantic.Field(
            pattern="^sc://",
            description="Spark Connect server in place of a master, such as sc://spark.example:15002; ${NAME} is a "
            "variable of the environment",
        ),
    ] = None
    exchange: Annotated[
        str | None,
        pydantic.Field(
            pattern="^/",
            description="Folder through which tables go to Spark and back, under one path here and on its workers; "
            "by default in the home folder",
        ),
    ] = None

    @pydantic.model_validator(mode="after")
    def _one_of_both(self) -> "Spark":
        if self.remote is not None and "master" in self.model_fields_set:
            raise ValueError("give master or remote, not both")
        return self


class Calendar(Part):
    """Public holidays of the city: counts of those days are no surprise."""

    country: Annotated[
        str, pydantic.Field(description="Country whose public holidays the city keeps, by ISO 3166, such as CN or US")
    ]
    overrides: Annotated[
        str | None,
        pydantic.Field(description="CSV file of days that are otherwise than the country's, in columns day, day_type"),
    ] = None

    @pydantic.field_validator("country")
    @classmethod
    def _known_country(cls, country: str) -> str:
        if not is_known_country(country):
            raise ValueError(f"no public holidays are known for {country!r}: give two letters of ISO 3166, such as CN")
        return country


class Weekly(Part):
    """Releases come once a week."""

    weekly: Annotated[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        pydantic.Field(description="Day of the week on which a release is served from hold_until on"),
    ]


class Monthly(Part):
    """Releases come once a month."""

    monthly: Annotated[
        int, pydantic.Field(ge=1, le=28, description="Day of the month on which a release is served from hold_until on")
    ]


class Releases(Part):
    """When releases are served, and which stay beside the served one, those pinned, and those a reader has open."""

    hold_until: Annotated[
        str | None,
        pydantic.Field(
            pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
            description="Time of the day in the city, such as 09:00, before which a new release is held and not served",
        ),
    ] = None
    calendar: Annotated[
        Literal["nightly"] | Weekly | Monthly,
        pydantic.Field(description="On which days: nightly, {weekly: monday} or {monthly: 5}; with hold_until"),
    ] = "nightly"
    keep_last: Annotated[int, pydantic.Field(ge=1, description="How many of the newest stay")] = 30
    keep_month_ends: Annotated[
        int, pydantic.Field(ge=0, description="Of how many months, the newest first, the last release stays")
    ] = 24
    revision_days: Annotated[
        int,
        pydantic.Field(ge=1, description="For how many days the log of revisions is carried from release to release"),
    ] = 400

    @pydantic.model_validator(mode="after")
    def _held_until_a_time(self) -> "Releases":
        if self.calendar != "nightly" and self.hold_until is None:
            raise ValueError("a calendar needs hold_until: the time of the day from which releases are served")
        return self
