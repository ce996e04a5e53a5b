"""A city pack: what `city.yml` may say, and reading it with the line of every mistake.

The pack is the only thing that a new city needs. This module knows its shape, not its files: whether the columns
that it names exist is found out by loading.
"""

import hashlib
import re
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

import pydantic
import yaml

from pipelines.errors import PackError

Kind = Literal["incident", "patrol", "service"]
Precision = Literal["second", "minute", "day"]
Aggregate = Literal["sum", "min", "max"]


class _Part(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class Text(_Part):
    """A text in both languages."""

    en: str
    zh: str


class Mapping(_Part):
    """How one canonical field comes from the source: exactly one of `sql`, `column` or `constant`."""

    sql: str | None = None
    column: str | None = None
    values: dict[str, str | int | bool | None] | None = None
    otherwise: str | int | bool | None = None
    constant: str | int | bool | None = None
    precision: Precision = "second"

    @pydantic.model_validator(mode="before")
    @classmethod
    def _short_form(cls, raw: object) -> object:
        return {"sql": raw} if isinstance(raw, str) else raw

    @pydantic.model_validator(mode="after")
    def _one_way(self) -> "Mapping":
        if sum(way is not None for way in (self.sql, self.column, self.constant)) != 1:
            raise ValueError("give exactly one of sql, column or constant")
        if self.values is not None and self.column is None:
            raise ValueError("a value table needs the column that it translates")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise goes with a value table: it stands for every text that the table leaves out")
        return self


class Coordinates(_Part):
    """Columns of a point and the reference system that they are in."""

    x: str
    y: str
    crs: str = "EPSG:4326"


Character = Annotated[str, pydantic.Field(pattern=r"^[^\r\n]$")]


class CsvFormat(_Part):
    """How a text file is written."""

    reader: Literal["csv"] = "csv"
    delimiter: Character = ","
    quote: Character = '"'
    encoding: Literal["utf-8", "utf-16", "latin-1"] = "utf-8"


class Source(_Part):
    """One stream of records of one kind."""

    kind: Kind
    title: Text
    geography: str
    files: Annotated[list[str], pydantic.Field(min_length=1)]
    format: CsvFormat = CsvFormat()
    silent_after_days: Annotated[int, pydantic.Field(ge=1)] = 14
    null_texts: list[str] = []
    coordinates: Coordinates | None = None
    area: str | None = None
    fields: dict[str, Mapping]
    expected: list[str] = []
    merge: dict[str, Aggregate] | None = None


class Population(_Part):
    """Table of residents by area."""

    file: str
    key: str
    value: str
    valid_from: date


class Geography(_Part):
    """A set of areas that tile the city, from a GeoJSON file; expressions are SQL over its properties, as text.

    With `dissolve`, features of one key are one area, with the properties of the first.
    """

    title: Text
    file: str
    key: str
    title_en: str
    title_zh: str
    parent: str | None = None
    dissolve: bool = False
    population: Population | None = None


class AreaGroup(_Part):
    """An area without a shape of its own, between the city and the geographies."""

    title: Text
    level: str


class Schedule(_Part):
    """When the nightly run starts, in the city's time zone, and how far it looks back."""

    hour: Annotated[int, pydantic.Field(ge=0, le=23)] = 3
    minute: Annotated[int, pydantic.Field(ge=0, le=59)] = 30
    lookback_days: Annotated[int, pydantic.Field(ge=1)] = 35


class CityPack(_Part):
    """Everything that Wardlight knows about one city."""

    name: Annotated[str, pydantic.Field(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    attribution: Text
    time_zone: str
    language: Literal["en", "zh"] = "en"
    week_start: Literal["monday", "sunday", "saturday"] = "monday"
    as_of: date | None = None
    first_month: Annotated[str, pydantic.Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
    last_month: Annotated[str, pydantic.Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")] | None = None
    disclosure: Literal["open"]
    schedule: Schedule = Schedule()
    groups: dict[str, AreaGroup] = {}
    geographies: Annotated[dict[str, Geography], pydantic.Field(min_length=1)]
    severity_weights: dict[str, int] = {}
    sources: Annotated[dict[str, Source], pydantic.Field(min_length=1)]

    _folder: Path = pydantic.PrivateAttr()
    _lines: dict[tuple[str, ...], int] = pydantic.PrivateAttr()

    @pydantic.field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        if name not in available_timezones():
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
        order: tuple[Kind, ...] = ("incident", "patrol", "service")
        return tuple(kind for kind in order if kind in present)

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


def _lines(path: Path, node: yaml.Node, keys: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    """Map every key path of a YAML document to its line, from 1; refuse a key that is given twice."""
    found: dict[tuple[str, ...], int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*keys, str(key.value))
            line = key.start_mark.line + 1
            if inner in found:
                raise PackError(
                    f"{key.value} is given twice, first in line {found[inner]}",
                    file=path,
                    line=line,
                    field=".".join(inner),
                    remedy="keep one",
                )
            found[inner] = line
            found |= _lines(path, value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = (*keys, str(index))
            found[inner] = value.start_mark.line + 1
            found |= _lines(path, value, inner)
    return found


class _TextLoader(yaml.SafeLoader):
    """Reads `Y`, `on`, `0101` and `2016-01-31` as the texts they are; pydantic decides about types."""


_READ_AS_TEXT = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "timestamp")}
_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _READ_AS_TEXT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))


def load_city_pack(folder: Path) -> CityPack:
    """Read and check `city.yml`.

    Raises
    ------
    PackError
        With file, line, field and remedy, if the file is missing, is not YAML, or does not say what a pack must.
    """
    path = folder / "city.yml"
    if not path.is_file():
        raise PackError("there is no city.yml here", file=folder, remedy="give the folder of a city pack")
    raw, lines = _read_yaml(path)
    try:
        pack = CityPack.model_validate(raw)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        keys = tuple(str(part) for part in first["loc"])
        at = next((lines[keys[:d]] for d in range(len(keys), 0, -1) if keys[:d] in lines), None)
        shown = repr(first["input"])
        value = "" if first["type"] == "missing" or len(shown) > 60 else f" (it says {shown})"
        raise PackError(
            f"{first['msg']}{value}",
            file=path,
            line=at,
            field=".".join(keys) or None,
            remedy="docs/city-pack.md describes every key of city.yml",
        ) from error
    pack._folder = folder
    pack._lines = lines
    _check_names(pack)
    return pack


def _read_yaml(path: Path) -> tuple[Any, dict[tuple[str, ...], int]]:
    """Return what a YAML file says, and the line of every key."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PackError(f"the file cannot be read: {error}", file=path, remedy="mend its permissions") from error
    try:
        text = data.decode("utf-8")
        node = yaml.compose(text, Loader=_TextLoader)
        lines = {} if node is None else _lines(path, node)
        return yaml.load(text, Loader=_TextLoader), lines  # noqa: S506 - a subclass of SafeLoader
    except UnicodeDecodeError as error:
        problem, line = "this is not UTF-8", data.count(b"\n", 0, error.start) + 1
    except yaml.MarkedYAMLError as error:
        problem = f"this is not valid YAML: {error.problem}"
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
    except yaml.reader.ReaderError as error:
        problem, line = f"this is not valid YAML: {error.reason}", text.count("\n", 0, error.position) + 1
    raise PackError(problem, file=path, line=line, remedy="mend the line")


def _check_names(pack: CityPack) -> None:
    """Refuse names that cannot be used, and references to what the pack does not declare."""
    for name, source in pack.sources.items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise pack.error(
                f"{name!r} cannot be a source's name", "sources", name, remedy="use a-z, 0-9 and _ (first a letter)"
            )
        if source.geography not in pack.geographies:
            raise pack.error(
                f"geography {source.geography!r} is not declared",
                *("sources", name, "geography"),
                remedy=f"declare it, or name one of {', '.join(pack.geographies)}",
            )
        twice = {file for file in source.files if source.files.count(file) > 1}
        if twice:
            raise pack.error(f"{min(twice)} is listed twice", "sources", name, "files", remedy="keep one")
    if pack.last_month is not None and pack.last_month < pack.first_month:
        raise pack.error("the last month is before the first", "last_month", remedy="mend either")
