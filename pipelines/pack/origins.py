"""Where a source's records come from: files in their formats, a database, or a web service.

The models say only what a pack may write; reading is `pipelines.pulling`. Texts marked as secrets may hold
`${NAME}`, which stands for a variable of the environment, so that no secret is in the pack.
"""

from typing import Annotated, Literal

import pydantic

from pipelines.pack.parts import Character, Part


class CsvFormat(Part):
    """A text file of lines and cells, plain, gzipped (`.gz`) or zstandard (`.zst`)."""

    reader: Annotated[Literal["csv"], pydantic.Field(description="csv, the format where none is named")] = "csv"
    delimiter: Annotated[Character, pydantic.Field(description="One character between cells")] = ","
    quote: Annotated[Character, pydantic.Field(description="One character around a cell that holds delimiters")] = '"'
    encoding: Annotated[
        Literal["utf-8", "utf-16", "latin-1", "windows-1252", "gb18030", "gbk", "big5", "shift_jis"],
        pydantic.Field(description="Encoding of the text; a byte order mark may stand before it"),
    ] = "utf-8"


class JsonFormat(Part):
    """A JSON document with an array of records, plain, gzipped or zstandard; nested values arrive as JSON text."""

    reader: Annotated[Literal["json"], pydantic.Field(description="json: one document with an array of records")]
    records: Annotated[
        str, pydantic.Field(description="Where the array of records is, such as result.records; empty: at the top")
    ] = ""


class NdjsonFormat(Part):
    """One JSON object a line, plain, gzipped or zstandard; nested values arrive as JSON text."""

    reader: Annotated[Literal["ndjson"], pydantic.Field(description="ndjson: one object a line")]


class ParquetFormat(Part):
    """A Parquet file."""

    reader: Annotated[Literal["parquet"], pydantic.Field(description="parquet: a Parquet file")]


class ExcelFormat(Part):
    """A sheet of a workbook (xlsx, xls, xlsb, ods)."""

    reader: Annotated[Literal["excel"], pydantic.Field(description="excel: a sheet of a workbook")]
    sheet: Annotated[str | None, pydantic.Field(description="Name of the sheet; by default the first")] = None
    header_row: Annotated[int, pydantic.Field(ge=1, description="Row that names the columns, from 1")] = 1


def _reader(raw: object) -> str:
    """Tell which format is meant: CSV where none is named."""
    named = raw.get("reader", "csv") if isinstance(raw, dict) else getattr(raw, "reader", "csv")
    return str(named)


FileFormat = Annotated[
    Annotated[CsvFormat, pydantic.Tag("csv")]
    | Annotated[JsonFormat, pydantic.Tag("json")]
    | Annotated[NdjsonFormat, pydantic.Tag("ndjson")]
    | Annotated[ParquetFormat, pydantic.Tag("parquet")]
    | Annotated[ExcelFormat, pydantic.Tag("excel")],
    pydantic.Discriminator(_reader),
]


class Database(Part):
    """A query on a database; the rows stream in as Arrow batches."""

    connection: Annotated[
        str, pydantic.Field(description="Address, such as postgresql://…; ${NAME} is a variable of the environment")
    ]
    driver: Annotated[
        str, pydantic.Field(pattern=r"^[a-z][a-z0-9_]*$", description="Python module of the ADBC driver")
    ] = "adbc_driver_postgresql"
    query: Annotated[str, pydantic.Field(description="A select statement, without a semicolon")]
    window_column: Annotated[
        str | None,
        pydantic.Field(
            description="Column of the query whose local day puts a row into a month; then only months of "
            "the run's window are asked for again"
        ),
    ] = None
    time_zone: Annotated[
        str,
        pydantic.Field(
            description="Zone in which PostgreSQL tells the day of a timestamp with time zone; by default the city's"
        ),
    ] = "UTC"
    timeout_seconds: Annotated[
        float, pydantic.Field(gt=0, description="Longest wait for the connection and for the next rows")
    ] = 600.0


class WebApi(Part):
    """A paged HTTP service of records, in one of three conventions."""

    style: Annotated[
        Literal["socrata", "ckan", "arcgis"], pydantic.Field(description="Convention that the service pages by")
    ]
    url: Annotated[
        str,
        pydantic.Field(
            pattern=r"^https?://",
            description="socrata: …/resource/<id>.json; ckan: …/api/3/action/datastore_search; "
            "arcgis: …/FeatureServer/<layer>/query",
        ),
    ]
    resource_id: Annotated[str | None, pydantic.Field(description="ckan: the resource")] = None
    key: Annotated[
        str,
        pydantic.Field(
            description="Column that identifies a row: pages are ordered by it (socrata: best :id; ckan: must be "
            "unique, best _id; arcgis: best the object id)"
        ),
    ]
    window_column: Annotated[
        str | None,
        pydantic.Field(
            description="Column whose local day puts a row into a month; then only months of the run's "
            "window are asked for again (socrata and arcgis)"
        ),
    ] = None
    where: Annotated[
        str | None,
        pydantic.Field(
            description="A further condition in the service's own language (ckan: a JSON object of filters)"
        ),
    ] = None
    page_rows: Annotated[int, pydantic.Field(ge=2, le=50_000, description="Records asked for at once")] = 1000
    headers: Annotated[
        dict[str, str], pydantic.Field(description="Such as X-App-Token: ${NAME}, a variable of the environment")
    ] = {}
    requests_per_second: Annotated[
        float, pydantic.Field(gt=0, le=100, description="The most requests that the service is sent in a second")
    ] = 5.0
    timeout_seconds: Annotated[
        float, pydantic.Field(gt=0, description="How long an answer may take before it is asked for again")
    ] = 30.0
    tries: Annotated[int, pydantic.Field(ge=1, le=20, description="How often a page is asked for")] = 6

    @pydantic.model_validator(mode="after")
    def _as_the_style_can(self) -> "WebApi":
        if (self.style == "ckan") != (self.resource_id is not None):
            raise ValueError("resource_id goes with style ckan, and ckan needs it")
        if self.style == "ckan" and self.window_column is not None:
            raise ValueError("a ckan service cannot be asked for months: leave window_column out")
        return self
