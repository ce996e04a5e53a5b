"""A city pack: what `city.yml` may say, and reading it with the line of every mistake.

The pack is the only thing that a new city needs. This module knows its shape, not its files: whether the columns
that it names exist is found out by loading.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

import pydantic

from indicators.disclosure import Disclosure
from pipelines.errors import PackError
from pipelines.pack.agencies import DeclaredAgency
from pipelines.pack.areas import AreaGroup, Geography
from pipelines.pack.breaks import DeclaredBreak, wrong_breaks
from pipelines.pack.disclosure import ProfileName, Protection, declared, wrong_disclosure
from pipelines.pack.games import GameOfPack, wrong_games
from pipelines.pack.index import DeclaredIndex, wrong_index
from pipelines.pack.interventions import DeclaredIntervention, wrong_interventions
from pipelines.pack.marked_yaml import read_yaml
from pipelines.pack.mistakes import of_validation, refuse
from pipelines.pack.parts import Part, Text
from pipelines.pack.questionnaire import DeclaredQuestionnaire, wrong_questionnaire
from pipelines.pack.running import Calendar, Releases, Schedule, Spark
from pipelines.pack.sources import Kind, Source
from pipelines.pack.targets import DeclaredTarget, wrong_targets

# The order in which everything lists the record kinds.
KINDS: tuple[Kind, ...] = ("incident", "patrol", "service", "handoff", "participation", "survey", "profile")


_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


@cache
def _zones() -> set[str]:
    """Names of the time zones of this machine; finding them reads hundreds of files."""
    return available_timezones()


class CityPack(Part):
    """Everything that Wardlight knows about one city."""

    name: Annotated[
        str,
        pydantic.Field(pattern=r"^[a-z][a-z0-9_]*$", description="Short name: a-z, 0-9 and _, first a letter"),
    ]
    title: Annotated[Text, pydantic.Field(description="The city's name for readers")]
    attribution: Annotated[Text, pydantic.Field(description="Whose data these are; shown below every page")]
    time_zone: Annotated[
        str, pydantic.Field(description="IANA name, such as Asia/Shanghai; local times of all sources are in it")
    ]
    language: Annotated[Literal["en", "zh"], pydantic.Field(description="First language of the dashboard")] = "en"
    week_start: Annotated[
        Literal["monday", "sunday", "saturday"], pydantic.Field(description="First day of the week")
    ] = "monday"
    calendar: Annotated[
        Calendar | None, pydantic.Field(description="Public holidays; without it, weekdays and weekends alone")
    ] = None
    as_of: Annotated[
        date | None,
        pydantic.Field(
            description="Last day that counts, pinned only where the data are historical; otherwise the nightly run "
            "takes the day before it starts"
        ),
    ] = None
    first_month: Annotated[
        str, pydantic.Field(pattern=_MONTH, description="First month of the data, such as 2016-01; earlier is refused")
    ]
    last_month: Annotated[
        str | None, pydantic.Field(pattern=_MONTH, description="Last month, such as 2017-09, where the data end")
    ] = None
    disclosure: Annotated[ProfileName | Protection, pydantic.Field(description="How small counts are protected")] = (
        "hes"
    )
    releases: Annotated[Releases, pydantic.Field(description="Which releases stay")] = Releases()
    schedule: Annotated[Schedule, pydantic.Field(description="When the nightly run starts")] = Schedule()
    engine: Annotated[
        Literal["duckdb", "spark"],
        pydantic.Field(description="What computes the SQL models: DuckDB in the run's process, or Apache Spark"),
    ] = "duckdb"
    spark: Annotated[Spark, pydantic.Field(description="Where Spark runs, for engine: spark")] = Spark()
    groups: Annotated[
        dict[str, AreaGroup],
        pydantic.Field(description="Areas without a shape of their own, such as boroughs, by id"),
    ] = {}
    geographies: Annotated[
        dict[str, Geography],
        pydantic.Field(min_length=1, description="Sets of areas that tile the city, by name, such as precinct"),
    ]
    agencies: Annotated[
        dict[str, DeclaredAgency],
        pydantic.Field(
            description="Agencies that are to work together, by the name that records have for them: the linkage tells "
            "which of them are missing"
        ),
    ] = {}
    severity_weights: Annotated[
        dict[str, int], pydantic.Field(description="Weight by ICCS category, for the severity-weighted rate")
    ] = {}
    interventions: Annotated[
        dict[str, DeclaredIntervention],
        pydantic.Field(description="Something new that was tried and is to be evaluated, by name"),
    ] = {}
    index: Annotated[
        DeclaredIndex, pydantic.Field(description="How scores of dimensions and of the whole are made")
    ] = DeclaredIndex()
    questionnaire: Annotated[
        DeclaredQuestionnaire | None,
        pydantic.Field(description="What the survey of the public asks: figures of public perception need it"),
    ] = None
    games: Annotated[
        dict[str, GameOfPack] | None,
        pydantic.Field(
            description="Illustrative games of who has reason to cooperate, by name; without the key a documented "
            "example, with {} none"
        ),
    ] = None
    breaks: Annotated[
        dict[str, DeclaredBreak],
        pydantic.Field(description="Lasting changes from which on charts begin anew, by name"),
    ] = {}
    targets: Annotated[
        dict[str, DeclaredTarget],
        pydantic.Field(description="What indicators are to reach, by indicator, such as M4"),
    ] = {}
    sources: Annotated[
        dict[str, Source], pydantic.Field(min_length=1, description="Streams of records, by name, such as calls")
    ]

    _folder: Path = pydantic.PrivateAttr()
    _lines: dict[tuple[str, ...], int] = pydantic.PrivateAttr()

    @pydantic.field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in _zones():
            raise ValueError(f"{name!r} is not an IANA time zone, such as Asia/Shanghai")
        return name

    @property
    def folder(self) -> Path:
        """The pack's folder."""
        return self._folder

    @property
    def first_day(self) -> date:
        """First day of the pack's first month; earlier records are refused."""
        return date.fromisoformat(f"{self.first_month}-01")

    @property
    def day_after(self) -> date | None:
        """First day after the pack's last month; None where data keep coming."""
        if self.last_month is None:
            return None
        year, month = map(int, self.last_month.split("-"))
        return date(year + month // 12, month % 12 + 1, 1)

    @property
    def iso_week_start(self) -> int:
        """First day of the week, 1 (Monday) to 7 (Sunday)."""
        return {"monday": 1, "saturday": 6, "sunday": 7}[self.week_start]

    @property
    def protection(self) -> Disclosure:
        """How counts are protected, as the statistics take it."""
        return declared(self.disclosure)

    @cached_property
    def pack_hash(self) -> str:
        """Hash of `city.yml`, which decides how the files are read."""
        return hashlib.sha256((self.folder / "city.yml").read_bytes()).hexdigest()[:16]

    def of_kind(self, kind: Kind) -> dict[str, Source]:
        """Return the sources of one record kind, by name."""
        return {name: source for name, source in self.sources.items() if source.kind == kind}

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """Record kinds that the pack has sources of, in a fixed order."""
        present = {source.kind for source in self.sources.values()}
        return tuple(kind for kind in KINDS if kind in present)

    def path(self, relative: str) -> Path:
        """Return the path of a file that the pack names."""
        return self.folder / relative

    def line(self, *keys: str) -> int | None:
        """Return the line of `city.yml` at which a key stands, or its nearest parent's."""
        for depth in range(len(keys), 0, -1):
            if keys[:depth] in self._lines:
                return self._lines[keys[:depth]]
        return None

    def error(self, problem: str, *keys: str, remedy: str | None = None) -> PackError:
        """Make an error that points at a key of `city.yml`."""
        return PackError(
            problem,
            file=self.folder / "city.yml",
            line=self.line(*keys),
            field=".".join(keys),
            remedy=remedy,
        )


def load_city_pack(folder: Path) -> CityPack:
    """Read and check `city.yml`.

    Raises
    ------
    PackError
        With file, line, field and remedy, if the file is missing, is not YAML, or does not say what a pack must;
        several mistakes are told at once.
    """
    path = folder / "city.yml"
    if not path.is_file():
        raise PackError("there is no city.yml here", file=folder, remedy="give the folder of a city pack")
    raw, lines = read_yaml(path)
    try:
        pack = CityPack.model_validate(raw)
    except pydantic.ValidationError as error:
        refuse(of_validation(error, CityPack, path, lines))
        raise
    pack._folder = folder
    pack._lines = lines
    refuse(
        [
            *_wrong_names(pack),
            *_wrong_months(pack),
            *wrong_interventions(pack),
            *wrong_disclosure(pack),
            *wrong_index(pack),
            *wrong_questionnaire(pack),
            *wrong_games(pack),
            *wrong_breaks(pack),
            *wrong_targets(pack),
        ]
    )
    return pack


def _wrong_names(pack: CityPack) -> Iterator[PackError]:
    """Find names that cannot be used, and references to what the pack does not declare."""
    for section, named in (("sources", pack.sources), ("geographies", pack.geographies)):
        for name in named:
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                yield pack.error(
                    f"{name!r} cannot be a name", section, name, remedy="use a-z, 0-9 and _ (first a letter)"
                )
    for name, source in pack.sources.items():
        if source.geography not in pack.geographies:
            yield pack.error(
                f"geography {source.geography!r} is not declared",
                *("sources", name, "geography"),
                remedy=f"declare it, or name one of {', '.join(pack.geographies)}",
            )
        twice = {file for file in source.files if source.files.count(file) > 1}
        if twice:
            yield pack.error(f"{min(twice)} is listed twice", "sources", name, "files", remedy="keep one")
    for group in pack.groups:
        above, seen = pack.groups[group].parent, {group}
        while above is not None and above in pack.groups and above not in seen:
            seen.add(above)
            above = pack.groups[above].parent
        if above in seen:
            yield pack.error(f"{above} is above itself", "groups", group, "parent", remedy="mend one of the parents")
        elif above is not None and pack.groups[group].parent not in pack.groups:
            yield pack.error(
                f"group {pack.groups[group].parent!r} is not declared",
                *("groups", group, "parent"),
                remedy=f"declare it, or name one of {', '.join(pack.groups)}",
            )


def _wrong_months(pack: CityPack) -> Iterator[PackError]:
    """Find months and days that cannot be together."""
    if pack.last_month is not None and pack.last_month < pack.first_month:
        yield pack.error("the last month is before the first", "last_month", remedy="mend either")
    if pack.as_of is not None and pack.as_of < pack.first_day:
        yield pack.error(
            f"as_of {pack.as_of} is before the first month, {pack.first_month}: nothing would count",
            "as_of",
            remedy="mend either",
        )
