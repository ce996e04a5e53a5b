"""The three conventions of open-data services: what a page is asked for with, and how an answer is understood.

Socrata and ArcGIS can be asked for the rows from a key on, CKAN only for the rows from an offset on. Which pages are
asked for, and in which order, is no concern of this module.

References
----------
Socrata: https://dev.socrata.com/docs/queries/, https://dev.socrata.com/docs/response-codes.html.
CKAN: https://docs.ckan.org/en/latest/maintaining/datastore.html, `datastore_search`.
ArcGIS: https://developers.arcgis.com/rest/services-reference/enterprise/query-feature-service-layer/.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import httpx

from pipelines.pack.origins import WebApi
from pipelines.pulling.json_values import Number
from pipelines.pulling.outlines import outline
from pipelines.pulling.web_requests import PassingError, RefusalError
from pipelines.warehouse import literal

Record = dict[str, Any]
Parameters = dict[str, str]
# So much is told of what a service says about an error.


@dataclass(frozen=True)
class Page:
    """Records of one answer.

    `columns` are those that the service names, filled or not; `more` tells whether records follow; `total` is how
    many there are in all pages, where the service says so.
    """

    records: list[Record]
    columns: list[str] = field(default_factory=list)
    more: bool = False
    total: int | None = None


class KeysetConvention(Protocol):
    """A service that takes conditions: it is asked for the rows from a key on."""

    def in_days(self, column: str, first: date, after: date) -> str:
        """Return the condition that a time lies in a span of days, the last one excluded."""

    def key_from(self, key: str, value: Any) -> str:
        """Return the condition that the key is a value or comes after it."""

    def page(self, conditions: list[str]) -> Parameters:
        """Return the parameters that ask for a page of records in the order of the key."""

    def records(self, answer: Any, headers: httpx.Headers) -> Page:
        """Understand an answer with records."""

    def count(self, conditions: list[str]) -> Parameters:
        """Return the parameters that ask how many records there are."""

    def counted(self, answer: Any, headers: httpx.Headers) -> int:
        """Understand an answer with a count."""


class Socrata:
    """Socrata's SoQL. The answer's headers name the columns: null cells are left out of the records."""

    def __init__(self, origin: WebApi) -> None:
        self._origin = origin
        self._types: dict[str, str] = {}

    def in_days(self, column: str, first: date, after: date) -> str:
        """Compare as floating timestamps: local times, as written."""
        return f"{column} >= '{first}T00:00:00' AND {column} < '{after}T00:00:00'"

    def key_from(self, key: str, value: Any) -> str:
        """Socrata writes numbers as texts in JSON; only the headers tell that a column is of numbers."""
        bare = isinstance(value, Number) or self._types.get(key) == "number"
        return f"{key} >= {value if bare else literal(str(value))}"

    def page(self, conditions: list[str]) -> Parameters:
        """Ask for the system column of the key besides the rest where it is one."""
        select = {"$select": f"{self._origin.key}, *"} if self._origin.key.startswith(":") else {}
        order = {"$order": self._origin.key, "$limit": str(self._origin.page_rows)}
        return select | {"$where": " AND ".join(conditions)} | order

    def records(self, answer: Any, headers: httpx.Headers) -> Page:
        """Understand a list of objects."""
        records = _objects(answer)
        columns = _listed(headers.get("x-soda2-fields"))
        self._types = dict(zip(columns, _listed(headers.get("x-soda2-types")), strict=False)) or self._types
        window = self._origin.window_column
        if window is not None and self._types.get(window, "floating_timestamp") != "floating_timestamp":
            raise RefusalError(
                f"the column {window} is {self._types[window]}, not floating_timestamp: rows would fall between months",
                "name another window_column, or leave it out",
            )
        return Page(records, columns, more=len(records) >= self._origin.page_rows)

    def count(self, conditions: list[str]) -> Parameters:
        """Count on the server."""
        return {"$select": "count(*) as row_count"} | ({"$where": " AND ".join(conditions)} if conditions else {})

    def counted(self, answer: Any, headers: httpx.Headers) -> int:
        """Understand a list of one object."""
        records = _objects(answer)
        return _whole(records[0].get("row_count") if records else None)


class ArcGis:
    """ArcGIS layers. Points arrive as columns `geometry_x` and `geometry_y` in WGS 84, other shapes as JSON text.

    Dates arrive as they are sent: milliseconds since 1970 in UTC.
    """

    def __init__(self, origin: WebApi) -> None:
        self._origin = origin

    def in_days(self, column: str, first: date, after: date) -> str:
        """Compare as timestamps in the zone of the layer, which is UTC unless its publisher chose another."""
        return f"{column} >= timestamp '{first} 00:00:00' AND {column} < timestamp '{after} 00:00:00'"

    def key_from(self, key: str, value: Any) -> str:
        """Write the key as it came: a number or a text."""
        return f"{key} >= {value if isinstance(value, Number) else literal(str(value))}"

    def page(self, conditions: list[str]) -> Parameters:
        """Ask for all fields."""
        return {
            "f": "json",
            "where": " AND ".join(conditions),
            "outFields": "*",
            "returnGeometry": "true",
            "outSR": "4326",
            "orderByFields": self._origin.key,
            "resultRecordCount": str(self._origin.page_rows),
        }

    def records(self, answer: Any, headers: httpx.Headers) -> Page:
        """Understand a feature set; a layer may send fewer records than asked for and say that there are more."""
        features = _objects(_judged(answer).get("features"))
        records = [_feature(feature) for feature in features]
        columns = [str(named.get("name", "")) for named in _objects(answer.get("fields", []))]
        shape = answer.get("geometryType")
        if shape is not None:
            columns += ["geometry_x", "geometry_y"] if shape == "esriGeometryPoint" else ["geometry"]
        more = answer.get("exceededTransferLimit") is True or len(records) >= self._origin.page_rows
        return Page(records, columns, more=more and bool(records))

    def count(self, conditions: list[str]) -> Parameters:
        """Count on the server."""
        return {"f": "json", "where": " AND ".join(conditions) or "1=1", "returnCountOnly": "true"}

    def counted(self, answer: Any, headers: httpx.Headers) -> int:
        """Understand an object with a count."""
        return _whole(_judged(answer).get("count"))


class Ckan:
    """CKAN's datastore: pages by offset, each with the total of records at that moment."""

    def __init__(self, origin: WebApi) -> None:
        self._origin = origin

    def page(self, offset: int) -> Parameters:
        """Ask for a page and one row before it. A service lowers a limit that is above its own (32 000)."""
        filters = {"filters": self._origin.where} if self._origin.where else {}
        return filters | {
            "resource_id": str(self._origin.resource_id),
            "sort": f"{json.dumps(self._origin.key, ensure_ascii=False)} asc",
            "offset": str(max(offset - 1, 0)),
            "limit": str(self._origin.page_rows + min(offset, 1)),
        }

    def records(self, answer: Any, headers: httpx.Headers) -> Page:
        """Understand a result; `more` is left to the offset and the total."""
        if isinstance(answer, dict) and answer.get("success") is not True and "error" in answer:
            raise RefusalError(f"the service reports an error: {outline(answer['error'])}")
        if not isinstance(answer, dict) or answer.get("success") is not True:
            raise RefusalError(f"the service reports no success: {outline(answer)}")
        result = answer.get("result")
        if not isinstance(result, dict):
            raise RefusalError(f"this is no page of records: {outline(answer)}")
        columns = [str(named.get("id", "")) for named in _objects(result.get("fields", []))]
        return Page(_objects(result.get("records")), columns, total=_whole(result.get("total")))


def _objects(answer: Any) -> list[Record]:
    if isinstance(answer, list) and all(isinstance(record, dict) for record in answer):
        return answer
    raise RefusalError(f"this is no page of records: {outline(answer)}", "mend style and url of the api in city.yml")


def _judged(answer: Any) -> Record:
    """Return an ArcGIS answer if it is none of the errors that come as HTTP 200."""
    if not isinstance(answer, dict):
        raise RefusalError(
            f"this is no page of records: {outline(answer)}", "mend style and url of the api in city.yml"
        )
    error = answer.get("error")
    if error is None:
        return answer
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    if code == "429" or code.startswith("5"):
        raise PassingError(f"the service reports an error: {outline(error)}")
    raise RefusalError(f"the service reports an error: {outline(error)}")


def _feature(feature: Record) -> Record:
    attributes, geometry = feature.get("attributes"), feature.get("geometry")
    if not isinstance(attributes, dict):
        raise RefusalError(f"this is no feature: {outline(feature)}", "mend style and url of the api in city.yml")
    if isinstance(geometry, dict) and "x" in geometry:
        return attributes | {f"geometry_{axis}": geometry[axis] for axis in "xyzm" if axis in geometry}
    return attributes if geometry is None else attributes | {"geometry": geometry}


def _listed(header: str | None) -> list[str]:
    try:
        listed = json.loads(header or "[]")
    except ValueError:
        return []
    return [str(name) for name in listed] if isinstance(listed, list) else []


def _whole(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    raise RefusalError(f"this is no count of records: {outline(value)}", "mend style and url of the api in city.yml")
