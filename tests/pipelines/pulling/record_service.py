"""A real web service on loopback that speaks the three conventions, and misbehaves when told to.

Conditions are evaluated by an SQL engine over the rows (id, opened, body); `body` is the JSON of the record, sent
byte by byte as it is kept.
"""

import json
import re
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb

PATHS = {
    "socrata": "/resource/abcd-1234.json",
    "ckan": "/api/3/action/datastore_search",
    "arcgis": "/arcgis/rest/services/x/FeatureServer/0/query",
}

Answer = tuple[int, dict[str, str], bytes]
# What happens instead of, or before, an answer; None lets the answer through.
Step = Callable[["_Handler"], Answer | None]


@dataclass(frozen=True)
class Request:
    """A request as it arrived."""

    path: str
    parameters: dict[str, str]
    headers: dict[str, str]
    at: float

    @property
    def is_count(self) -> bool:
        """Whether it asks for the number of records only."""
        return "returnCountOnly" in self.parameters or "count" in self.parameters.get("$select", "")


class RecordService:
    """Rows, the steps to come, and the requests that came."""

    def __init__(self, key_type: str = "bigint", largest_page: int = 50_000) -> None:
        self.largest_page = largest_page
        self.key_type = key_type
        self.steps: deque[Step | None] = deque()
        self.on_page: Callable[[int], None] | None = None
        self.requests: list[Request] = []
        self.ignores_conditions = False
        self.geometry: dict[str, object] | None = None
        self._lock = threading.Lock()
        self._con = duckdb.connect()
        self._con.execute(f"create table record (id {key_type}, opened timestamp, body varchar, always_null varchar)")
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.service = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def url(self, style: str) -> str:
        """Return the address of the records in a convention."""
        return f"http://127.0.0.1:{self._server.server_port}{PATHS[style]}"

    def put(self, number: object, opened: str | None = None, **cells: object) -> None:
        """Add a record."""
        self.put_written(number, opened, json.dumps({"id": number, "opened": opened, **cells}))

    def put_written(self, number: object, opened: str | None, body: str) -> None:
        """Add a record whose JSON is written already."""
        self.execute("insert into record values (?, ?, ?, null)", number, opened, body)

    def clear(self) -> None:
        """Forget rows, steps and requests."""
        self.execute("delete from record")
        self.steps.clear()
        self.requests.clear()
        self.on_page = None

    def execute(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Run a statement over the rows."""
        with self._lock:
            return self._con.execute(statement, parameters).fetchall()

    def pages(self) -> list[Request]:
        """Return the requests for records."""
        return [request for request in self.requests if not request.is_count]

    def answer(self, request: Request) -> Answer:
        """Answer as a service in good order does."""
        if self.on_page is not None and not request.is_count:
            self.on_page(len(self.pages()))
        style = next(style for style, path in PATHS.items() if path == request.path)
        headers, body = getattr(self, f"_{style}")(request.parameters)
        return 200, {"Content-Type": "application/json"} | headers, body.encode("utf-8", "surrogatepass")

    def stop(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)
        self._con.close()

    def _where(self, written: str | None) -> str:
        if self.ignores_conditions or not written:
            return "true"
        return re.sub(r":id\b", "id", written)

    def _socrata(self, asked: dict[str, str]) -> tuple[dict[str, str], str]:
        where = self._where(asked.get("$where"))
        if "count" in asked.get("$select", ""):
            ((count,),) = self.execute(f"select count(*) from record where {where}")
            return {}, f'[{{"row_count": "{count}"}}]'
        order, limit = self._where(asked["$order"]), min(int(asked["$limit"]), self.largest_page)
        rows = self.execute(f"select body from record where {where} order by {order} limit {limit}")
        number = "number" if self.key_type == "bigint" else "text"
        headers = {
            "X-SODA2-Fields": '["id", "opened", "always_null"]',
            "X-SODA2-Types": f'["{number}", "floating_timestamp", "text"]',
        }
        return headers, f"[{', '.join(body for (body,) in rows)}]"

    def _arcgis(self, asked: dict[str, str]) -> tuple[dict[str, str], str]:
        where = self._where(asked["where"])
        ((count,),) = self.execute(f"select count(*) from record where {where}")
        if asked.get("returnCountOnly") == "true":
            return {}, f'{{"count": {count}}}'
        limit = min(int(asked["resultRecordCount"]), self.largest_page)
        rows = self.execute(f"select body from record where {where} order by {asked['orderByFields']} limit {limit}")
        shape = "" if self.geometry is None else f', "geometry": {json.dumps(self.geometry)}'
        features = ", ".join(f'{{"attributes": {body}{shape}}}' for (body,) in rows)
        kind = "" if self.geometry is None else '"geometryType": "esriGeometryPoint", '
        exceeded = '"exceededTransferLimit": true, ' if count > limit else ""
        fields = '"fields": [{"name": "id"}, {"name": "opened"}, {"name": "always_null"}], ' if rows else ""
        return {}, f'{{{kind}{exceeded}{fields}"features": [{features}]}}'

    def _ckan(self, asked: dict[str, str]) -> tuple[dict[str, str], str]:
        ((count,),) = self.execute("select count(*) from record")
        limit, offset = min(int(asked["limit"]), self.largest_page), int(asked["offset"])
        offset = 0 if self.ignores_conditions else offset
        rows = self.execute(f"select body from record order by {asked['sort']} limit {limit} offset {offset}")
        records = ", ".join(body for (body,) in rows)
        fields = '"fields": [{"id": "id"}, {"id": "opened"}, {"id": "always_null"}]'
        return {}, f'{{"success": true, "result": {{{fields}, "records": [{records}], "total": {count}}}}}'


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    service: RecordService

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave are meant to."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        service = self.server.service
        parts = urlsplit(self.path)
        request = Request(parts.path, dict(parse_qsl(parts.query)), dict(self.headers.items()), time.monotonic())
        service.requests.append(request)
        step = service.steps.popleft() if service.steps else None
        answer = step(self) if step is not None else None
        if self.close_connection is False or answer is not None:
            self.send(*(answer or service.answer(request)))

    def good_answer(self) -> Answer:
        return self.server.service.answer(self.server.service.requests[-1])

    def send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def status(code: int, body: str = "oops", **headers: str) -> Step:
    """Answer with a status."""
    return lambda _: (code, {name.replace("_", "-"): value for name, value in headers.items()}, body.encode())


def retry_at(seconds_from_now: float) -> Step:
    """Answer 429 with the time, as a date, from which to ask again."""

    def step(handler: _Handler) -> Answer:
        return 429, {"Retry-After": handler.date_time_string(time.time() + seconds_from_now)}, b""

    return step


def written(body: str | bytes) -> Step:
    """Answer 200 with this body."""
    return lambda _: (200, {}, body.encode() if isinstance(body, str) else body)


def slow(seconds: float) -> Step:
    """Wait before the answer."""

    def step(_: _Handler) -> None:
        time.sleep(seconds)

    return step


def truncated(handler: _Handler) -> None:
    """Promise the whole answer, send half of it, and hang up."""
    code, headers, body = handler.good_answer()
    handler.close_connection = True
    handler.send(code, {"Content-Length": str(len(body))} | headers, body[: len(body) // 2])


def cut_json(handler: _Handler) -> Answer:
    """Answer with half of the JSON as if that were all."""
    code, headers, body = handler.good_answer()
    return code, headers, body[: len(body) // 2]


def reset(handler: _Handler) -> None:
    """Reset the connection."""
    handler.close_connection = True
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def trickle(handler: _Handler) -> None:
    """Send an answer that never gets anywhere."""
    handler.close_connection = True
    handler.send(200, {"Content-Length": "1000000"}, b"[")
    for _ in range(200):
        time.sleep(0.02)
        handler.wfile.write(b" ")
        handler.wfile.flush()


@contextmanager
def record_service(key_type: str = "bigint", largest_page: int = 50_000) -> Iterator[RecordService]:
    """Run a service inside a `with`."""
    service = RecordService(key_type, largest_page)
    try:
        yield service
    finally:
        service.stop()
