"""Sources: one stream of records of one kind, how its columns become canonical fields, and what its rows must be."""

from typing import Annotated, Any, Literal

import pydantic
import pydantic_core

from pipelines.pack.origins import CsvFormat, Database, FileFormat, WebApi
from pipelines.pack.parts import Part, Text

Kind = Literal["incident", "patrol", "service", "handoff", "participation", "survey", "profile"]
Precision = Literal["second", "minute", "day"]
Aggregate = Literal["sum", "min", "max"]
Severity = Literal["reject", "flag"]
Policy = Literal["stop", "quarantine", "adapt"]
Value = str | int | bool | None

_WAYS = ("sql", "column", "constant")
_CHECKS = ("required", "usable", "allowed", "range", "pattern", "not_before", "condition")


def _exactly_one(names: tuple[str, ...]) -> dict[str, Any]:
    """Say in JSON Schema that exactly one of some keys is given."""
    return {"oneOf": [{"required": [name]} for name in names]}


class Mapping(Part):
    """How one canonical field comes from the source: exactly one of `sql`, `column` or `constant`.

    A text alone is short for `sql`: `incident_id: id` is `incident_id: {sql: id}`.
    """

    model_config = pydantic.ConfigDict(json_schema_extra=_exactly_one(_WAYS))

    sql: Annotated[
        str | None,
        pydantic.Field(description="SQL scalar expression over the source's columns, which are trimmed text"),
    ] = None
    column: Annotated[str | None, pydantic.Field(description="A column taken as it is, or translated by `values`")] = (
        None
    )
    values: Annotated[
        dict[str, Value] | None,
        pydantic.Field(description="Value table: text of the column on the left, canonical value on the right"),
    ] = None
    otherwise: Annotated[
        Value, pydantic.Field(description="Value for every text that the value table leaves out; blank stays null")
    ] = None
    constant: Annotated[Value, pydantic.Field(description="The same value for every record")] = None
    precision: Annotated[Precision, pydantic.Field(description="How exact a time field is")] = "second"

    @pydantic.model_validator(mode="before")
    @classmethod
    def _short_form(cls, raw: object) -> object:
        return {"sql": raw} if isinstance(raw, str) else raw

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: pydantic_core.CoreSchema, handler: pydantic.GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Allow the short form beside the long one."""
        full = handler.resolve_ref_schema(handler(schema))
        short = {"type": "string", "description": "SQL scalar expression over the source's columns"}
        return {"anyOf": [short, full], "description": full.get("description", "")}

    @pydantic.model_validator(mode="after")
    def _one_way(self) -> "Mapping":
        if sum(getattr(self, way) is not None for way in _WAYS) != 1:
            raise ValueError("give exactly one of sql, column or constant")
        if self.values is not None and self.column is None:
            raise ValueError("a value table needs the column that it translates")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise goes with a value table: it stands for every text that the table leaves out")
        return self


class Coordinates(Part):
    """Columns of a point and the reference system that they are in."""

    x: Annotated[str, pydantic.Field(description="Column of the longitude or easting")]
    y: Annotated[str, pydantic.Field(description="Column of the latitude or northing")]
    crs: Annotated[
        str, pydantic.Field(description="Reference system that PROJ knows, such as EPSG:2263; by default WGS 84")
    ] = "EPSG:4326"


class Range(Part):
    """Least and greatest value, both allowed."""

    min: Annotated[float | None, pydantic.Field(description="Least value allowed")] = None
    max: Annotated[float | None, pydantic.Field(description="Greatest value allowed")] = None


class Rule(Part):
    """A rule of the pack's own about one canonical field: exactly one check."""

    model_config = pydantic.ConfigDict(json_schema_extra=_exactly_one(_CHECKS))

    field: Annotated[str, pydantic.Field(description="Canonical field that the rule is about")]
    severity: Annotated[
        Severity, pydantic.Field(description="reject: the row goes to quarantine; flag: it is kept and marked")
    ] = "reject"
    required: Annotated[Literal[True] | None, pydantic.Field(description="The field must hold a value")] = None
    usable: Annotated[
        Literal[True] | None, pydantic.Field(description="A text that could not be used breaks the rule")
    ] = None
    allowed: Annotated[
        list[str | int | bool] | None, pydantic.Field(min_length=1, description="The only values that are right")
    ] = None
    range: Annotated[Range | None, pydantic.Field(description="Least and greatest value")] = None
    pattern: Annotated[str | None, pydantic.Field(description="Regular expression that the whole value matches")] = None
    not_before: Annotated[str | None, pydantic.Field(description="Time field that comes first")] = None
    condition: Annotated[
        str | None, pydantic.Field(description="SQL condition over the canonical fields that must not be false")
    ] = None

    @pydantic.model_validator(mode="after")
    def _one_check(self) -> "Rule":
        if sum(getattr(self, check) is not None for check in _CHECKS) != 1:
            raise ValueError("give exactly one of required, usable, allowed, range, pattern, not_before or condition")
        return self


class Drift(Part):
    """What to do when a source is no longer what it was.

    `stop` refuses the delivery and the run; `quarantine` reads it and sets the rows concerned aside; `adapt` goes on.
    Whatever is done is reported with a suggestion.
    """

    new_column: Annotated[Policy, pydantic.Field(description="A column that was not there before")] = "adapt"
    missing_column: Annotated[
        Policy, pydantic.Field(description="A column is gone that the pack reads or that was there before")
    ] = "stop"
    renamed_column: Annotated[
        Policy, pydantic.Field(description="A column is gone and one like it in name or content has come")
    ] = "stop"
    retyped_column: Annotated[
        Policy, pydantic.Field(description="Texts of another shape: a decimal comma, say, or words for numbers")
    ] = "adapt"
    unknown_category: Annotated[
        Policy, pydantic.Field(description="A text that the value table leaves out, or a new one that is frequent")
    ] = "adapt"
    reference_system: Annotated[
        Policy, pydantic.Field(description="Points that now lie outside the city: swapped, or in another system")
    ] = "quarantine"
    date_format: Annotated[Policy, pydantic.Field(description="Times that the mapping can read no longer")] = (
        "quarantine"
    )


class Source(Part):
    """One stream of records of one kind; its records come from exactly one of `files`, `database` or `api`."""

    model_config = pydantic.ConfigDict(json_schema_extra=_exactly_one(("files", "database", "api")))

    kind: Annotated[Kind, pydantic.Field(description="Record kind: decides which fields there are")]
    title: Annotated[Text, pydantic.Field(description="Name of the source for readers")]
    geography: Annotated[str, pydantic.Field(description="Geography that locates the source's records")]
    files: Annotated[
        list[str],
        pydantic.Field(
            description="Files in the pack's folder. `*` stands for any text, {month} for 2016-11 and {day} for "
            "2016-11-30: a dated file outside the run's window is not read again"
        ),
    ] = []
    format: Annotated[FileFormat, pydantic.Field(description="Format of the files; by default CSV in UTF-8")] = (
        CsvFormat()
    )
    database: Annotated[Database | None, pydantic.Field(description="A query on a database, in place of files")] = None
    api: Annotated[WebApi | None, pydantic.Field(description="A paged HTTP service, in place of files")] = None
    silent_after_days: Annotated[
        int, pydantic.Field(ge=1, description="Days without a record after which the source counts as silent")
    ] = 14
    null_texts: Annotated[
        list[str], pydantic.Field(description='Texts that mean nothing in this source, such as "NULL" or "-"')
    ] = []
    public_record: Annotated[
        bool, pydantic.Field(description="Every record is public already, one by one: counts may be shown exactly")
    ] = False
    personal: Annotated[
        list[str],
        pydantic.Field(description="Columns that could identify a person or an address: replaced by salted hashes"),
    ] = []
    coordinates: Annotated[
        Coordinates | None, pydantic.Field(description="Where the record's point is; gives lat, lon and coords_in_area")
    ] = None
    area: Annotated[
        str | None,
        pydantic.Field(
            description="SQL expression that gives the area's key; where it is null or absent, the point decides"
        ),
    ] = None
    fields: Annotated[
        dict[str, Mapping],
        pydantic.Field(description="The mapping: canonical field on the left, where it comes from on the right"),
    ]
    expected: Annotated[
        list[str], pydantic.Field(description="Fields that every record should fill, for the completeness indicator")
    ] = []
    merge: Annotated[
        dict[str, Aggregate] | None,
        pydantic.Field(description="Rows with one id are one record, their fields combined: sum, min or max"),
    ] = None
    deleted: Annotated[
        str | None,
        pydantic.Field(description="SQL condition over the columns: the row says that its record is withdrawn"),
    ] = None
    rules: Annotated[
        list[Rule], pydantic.Field(description="Rules of this source's own, beside the built-in ones")
    ] = []
    severities: Annotated[
        dict[str, Severity], pydantic.Field(description="Built-in rules whose severity is another one here")
    ] = {}
    drift: Annotated[Drift, pydantic.Field(description="What to do when the source changes its shape")] = Drift()

    @pydantic.model_validator(mode="after")
    def _one_origin(self) -> "Source":
        if sum(bool(origin) for origin in (self.files, self.database, self.api)) != 1:
            raise ValueError("give exactly one of files, database or api")
        return self
