"""Paged web services, asked over real connections to a service on loopback."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.pack.origins import WebApi
from pipelines.pulling import web_api
from pipelines.pulling.reading import Reading, Unit
from pipelines.pulling.web_requests import Waits
from pipelines.warehouse import quoted
from tests.pipelines.pulling import record_service as misbehaviour
from tests.pipelines.pulling.record_service import RecordService, record_service

pytestmark = pytest.mark.slow

STYLES = ["socrata", "ckan", "arcgis"]
KEYSET_STYLES = ["socrata", "arcgis"]
ALL = Unit("all")
HASTY = Waits(first_seconds=0.001, longest_seconds=0.005)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def service() -> Iterator[RecordService]:
    with record_service() as running:
        yield running


def origin(service: RecordService, style: str, **further: object) -> WebApi:
    settings = {
        "style": style,
        "url": service.url(style),
        "key": "id",
        "page_rows": 4,
        "requests_per_second": 100,
        "timeout_seconds": 5,
        **({"resource_id": "r-1"} if style == "ckan" else {}),
        **further,
    }
    return WebApi.model_validate(settings)


def no_secrets(text: str) -> str:
    return text


def read(con: duckdb.DuckDBPyConnection, asked: WebApi, unit: Unit = ALL, waits: Waits = HASTY) -> Reading:
    return web_api.read(con, asked, unit, no_secrets, None, waits)


def rows(con: duckdb.DuckDBPyConnection, reading: Reading, *columns: str) -> list[tuple[Any, ...]]:
    listed = ", ".join(map(quoted, columns or reading.header))
    return con.execute(f"select {listed} from {reading.relation} order by _line").fetchall()


def ids(con: duckdb.DuckDBPyConnection, reading: Reading) -> list[int]:
    return [int(number) for (number,) in rows(con, reading, "id")]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 8, 11])
def test_every_row_comes_once_in_the_order_of_the_key(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str, count: int
) -> None:
    for number in reversed(range(count)):
        service.put(number, "2016-11-30T08:00:00")
    told: list[tuple[int, int | None]] = []

    reading = web_api.read(con, origin(service, style), ALL, no_secrets, lambda *at: told.append(at), HASTY)

    if count or style != "arcgis":  # a layer without features does not name its fields
        assert reading.header == ["id", "opened", "always_null"]
    assert reading.rows == count
    if count:
        assert ids(con, reading) == list(range(count))
        assert rows(con, reading, "_line", "_malformed") == [(line, None) for line in range(1, count + 1)]
    assert told[-1] == (count, count)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize("style", STYLES)
def test_values_arrive_as_they_were_written(con: duckdb.DuckDBPyConnection, service: RecordService, style: str) -> None:
    service.put_written(
        1,
        None,
        '{"id": 1, "share": 1.10, "big": 12345678901234567890123, "tiny": 1e-7, "yes": true, "none": null, '
        '"text": "王府井 \\ud83d\\udca1\t\\u0000 1.10", "empty": "", '
        '"list": [1.10, "a", null], "object": {"é": {"n": 2.0}}}',
    )
    service.put_written(2, None, '{"id": 2, "new": "x"}')

    reading = read(con, origin(service, style))

    assert reading.header[-9:] == ["share", "big", "tiny", "yes", "none", "text", "empty", "list", "object"] or (
        reading.header[-1] == "new"
    )
    columns = ["id", "share", "big", "tiny", "yes", "none", "text", "empty", "list", "object", "new"]
    assert set(reading.header) == {*columns, "opened", "always_null"}
    assert rows(con, reading, *columns) == [
        ("1", "1.10", "12345678901234567890123", "1e-7", "true", None, "王府井 💡\t\0 1.10", "", '[1.10, "a", null]',
         '{"é": {"n": 2.0}}', None),
        ("2", *[None] * 9, "x"),
    ]  # fmt: skip
    kinds = con.execute(f"select distinct typeof(columns(* exclude _line)) from {reading.relation}").fetchall()
    assert {kind for row in kinds for kind in row} == {"VARCHAR"}


@pytest.mark.parametrize("style", STYLES)
def test_a_record_that_is_no_unicode_is_a_malformed_row(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str
) -> None:
    service.put(1, None, name="before")
    service.put_written(2, None, '{"id": 2, "name": "half \\ud83d of a pair"}')
    service.put(3, None, name="after")

    reading = read(con, origin(service, style))

    assert reading.rows == 3
    assert rows(con, reading, "id", "name", "_line", "_malformed") == [
        ("1", "before", 1, None),
        (None, None, 2, 'invalid encoding: {"id": 2, "name": "half \\ud83d of a pair"}'),
        ("3", "after", 3, None),
    ]


@pytest.mark.parametrize("style", KEYSET_STYLES)
def test_months_and_undated_rows_are_all_rows_once(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str
) -> None:
    days = ["2016-09-30T23:59:59", "2016-10-01T00:00:00", "2016-10-31T23:59:59", "2016-11-01T00:00:00", None, None]
    for number in range(60):
        service.put(number, days[number % 6])
    asked = origin(service, style, window_column="opened", where="id < 54 or id > 100")

    units = web_api.units(asked, ["2016-09", "2016-10", "2016-11", "2016-12"])
    found = {unit.name: ids(con, reading) if (reading := read(con, asked, unit)).rows else [] for unit in units}

    numbers = range(54)
    assert found == {
        "2016-09": [number for number in numbers if number % 6 == 0],
        "2016-10": [number for number in numbers if number % 6 in (1, 2)],
        "2016-11": [number for number in numbers if number % 6 == 3],
        "2016-12": [],
        "undated": [number for number in numbers if number % 6 in (4, 5)],
    }


def test_a_text_column_cannot_tell_months(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    asked = origin(service, "socrata", window_column="always_null")
    with pytest.raises(SourceError, match="always_null is text, not floating_timestamp"):
        read(con, asked, Unit("undated"))


PASSING: dict[str, Callable[[str], misbehaviour.Step]] = {
    "500": lambda _: misbehaviour.status(500),
    "502": lambda _: misbehaviour.status(502),
    "503": lambda _: misbehaviour.status(503, Retry_After="0"),
    "202": lambda _: misbehaviour.status(202, "working on it"),
    "429": lambda _: misbehaviour.status(429),
    "429, wait unreadable": lambda _: misbehaviour.status(429, Retry_After="soon"),
    "429, time gone by": lambda _: misbehaviour.retry_at(-5),
    "slow": lambda _: misbehaviour.slow(0.7),
    "truncated": lambda _: misbehaviour.truncated,
    "cut": lambda _: misbehaviour.cut_json,
    "reset": lambda _: misbehaviour.reset,
    "empty": lambda _: misbehaviour.written(""),
    "web page": lambda _: misbehaviour.written("<html>back soon</html>"),
    "bad compression": lambda _: misbehaviour.status(200, "x", Content_Encoding="gzip"),
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", PASSING)
@pytest.mark.parametrize("at", [0, 2])
def test_what_passes_is_waited_out_and_no_other_page_is_asked_for_again(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str, name: str, at: int
) -> None:
    for number in range(10):
        service.put(number)
    read(con, origin(service, style))
    undisturbed = [request.parameters for request in service.requests]
    service.requests.clear()
    service.steps.extend([*[None] * at, PASSING[name](style), PASSING[name](style)])

    reading = read(con, origin(service, style, timeout_seconds=0.5 if name == "slow" else 5, tries=3))

    assert ids(con, reading) == list(range(10))
    asked = [request.parameters for request in service.requests]
    assert asked == [*undisturbed[:at], *[undisturbed[at]] * 3, *undisturbed[at + 1 :]]


def test_arcgis_errors_in_good_answers_pass_or_stay(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    service.put(1)
    service.steps.append(misbehaviour.written('{"error": {"code": 504, "message": "timed out", "details": []}}'))
    assert ids(con, read(con, origin(service, "arcgis"))) == [1]

    service.requests.clear()
    service.steps.append(misbehaviour.written('{"error": {"code": 400, "message": "Invalid field: nid"}}'))
    with pytest.raises(SourceError, match='code "400"') as refused:
        read(con, origin(service, "arcgis"))
    assert "nid" not in str(refused.value), "a service may quote a record's text"
    assert len(service.requests) == 1


@pytest.mark.parametrize("step", [misbehaviour.status(429, Retry_After="1"), misbehaviour.retry_at(2)])
def test_a_service_is_left_alone_for_as_long_as_it_asks(
    con: duckdb.DuckDBPyConnection, service: RecordService, step: misbehaviour.Step
) -> None:
    service.put(1)
    service.steps.append(step)
    assert ids(con, read(con, origin(service, "ckan"))) == [1]
    first, second = service.requests
    # A date has whole seconds: two seconds from now may be one second and a bit.
    assert 1.0 <= second.at - first.at < 4


def test_no_service_is_waited_for_longer_than_the_longest_wait(
    con: duckdb.DuckDBPyConnection, service: RecordService
) -> None:
    service.put(1)
    service.steps.append(misbehaviour.status(429, Retry_After="86400"))
    started = time.monotonic()
    assert ids(con, read(con, origin(service, "ckan"), waits=Waits(0.001, 0.005, longest_asked_seconds=0.2))) == [1]
    assert 0.2 <= time.monotonic() - started < 5


def test_waits_double_up_to_the_longest(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    service.put(1)
    service.steps.extend([misbehaviour.status(500)] * 5)
    read(con, origin(service, "ckan"), waits=Waits(first_seconds=0.05, longest_seconds=0.2))
    at = [request.at for request in service.requests]
    gaps = [later - earlier for earlier, later in itertools.pairwise(at)]
    least = [0.05, 0.1, 0.2, 0.2, 0.2]
    assert all(gap >= wait for gap, wait in zip(gaps, least, strict=True))
    assert sum(gaps) < 3


@pytest.mark.parametrize("style", STYLES)
def test_it_gives_up_after_the_tries_without_showing_secrets(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str
) -> None:
    for number in range(10):
        service.put(number)
    service.steps.extend([None, None, *[misbehaviour.status(503, "busy, dear t0p-secret")] * 3])
    asked = origin(
        service,
        style,
        tries=3,
        url=f"{service.url(style)}?token=wr1tten",
        headers={"X-App-Token": "${TOKEN}", "Authorization": "Bearer ${OTHER}"},
    )

    with pytest.raises(SourceError) as caught:
        web_api.read(
            con,
            asked,
            ALL,
            lambda text: text.replace("${TOKEN}", "t0p-secret").replace("${OTHER}", "öther"),
            None,
            HASTY,
        )

    message = str(caught.value)
    page = "page 3 of all" if style == "ckan" else "page 2 of all"
    for part in (
        service.url(style),
        page,
        "asked 3 times",
        "HTTP 503",
        "bytes that are no JSON",
        "What to do: run again",
    ):
        assert part in message
    assert "t0p-secret" not in message
    assert "wr1tten" not in message
    assert len(service.requests) == 5
    assert service.requests[-1].headers["X-App-Token"] == "t0p-secret"
    assert service.requests[-1].headers["Authorization"].encode("latin-1").decode() == "Bearer öther"
    assert service.requests[-1].parameters["token"] == "wr1tten"


@pytest.mark.parametrize(
    ("step", "problem", "remedy"),
    [
        (
            misbehaviour.status(400, '{"code": "query.no-such-column", "message": "no such column: nid"}'),
            'HTTP 400 Bad Request.*code "query.no-such-column"',
            "mend the api",
        ),
        (misbehaviour.status(401), "HTTP 401", "headers"),
        (misbehaviour.status(403), "HTTP 403", "headers"),
        (misbehaviour.status(404), "HTTP 404", "mend the url"),
        (misbehaviour.status(304), "HTTP 304", "mend the api"),
        (misbehaviour.written('{"rows": 3}'), "no page of records|no success|no count", "mend"),
        (misbehaviour.written('["a", "b"]'), "no page of records|no success", "mend"),
        (misbehaviour.written("17"), "no page of records|no success", "mend"),
        (misbehaviour.written("null"), "no page of records|no success", "mend"),
        (
            misbehaviour.written('{"success": false, "error": {"message": "gone"}}'),
            "no success|no count|reports an error|no page of records",
            "mend",
        ),
        (misbehaviour.written('{"success": true, "result": {"records": 3, "total": 1}}'), "no page|no count", "mend"),
        (misbehaviour.written("[" * 100_000), "nested too deeply", "mend"),
    ],
)
@pytest.mark.parametrize("style", STYLES)
def test_what_would_come_again_is_not_asked_for_again(
    con: duckdb.DuckDBPyConnection,
    service: RecordService,
    style: str,
    step: misbehaviour.Step,
    problem: str,
    remedy: str,
) -> None:
    service.put(1)
    service.steps.append(step)
    with pytest.raises(SourceError, match=rf"(?s){problem}.*What to do:.*{remedy}"):
        read(con, origin(service, style))
    assert len(service.requests) == 1


PERSON = "Zhang San, +86 139 0013 9000"


@pytest.mark.parametrize(
    "step",
    [
        *(misbehaviour.status(code, f"cannot read the row {PERSON}") for code in (400, 401, 404, 500, 503)),
        misbehaviour.status(400, json.dumps({"message": PERSON, "code": PERSON, PERSON: 1})),
        *(
            misbehaviour.written(json.dumps(answer))
            for answer in (
                PERSON,
                [PERSON],
                {PERSON: PERSON},
                {"error": {"code": 400, "message": PERSON}},
                {"error": PERSON},
                {"success": False, "error": {"message": PERSON}},
                {"success": True, "result": {"records": [PERSON], "total": PERSON}},
                {"features": [PERSON], "rows": [PERSON]},
                {"features": [{PERSON: PERSON}]},
            )
        ),
    ],
)
@pytest.mark.parametrize("style", STYLES)
def test_no_answer_brings_the_text_of_a_record_into_a_message(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str, step: misbehaviour.Step
) -> None:
    service.put(1)
    service.steps.extend([step] * 3)
    with pytest.raises(SourceError) as caught:
        read(con, origin(service, style, tries=2))
    assert "Zhang" not in str(caught.value)
    assert "9000" not in str(caught.value)


def test_redirects_stay_with_the_service(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    service.put(1)
    asked = origin(service, "ckan", headers={"X-App-Token": "t0p-secret"})
    service.steps.append(misbehaviour.status(302, Location=f"{service.url('ckan')}?limit=9&offset=0&sort=id"))
    assert ids(con, read(con, asked)) == [1]

    with record_service() as elsewhere:
        for place in (elsewhere.url("ckan"), elsewhere.url("ckan").replace("127.0.0.1", "localhost")):
            service.steps.append(misbehaviour.status(307, Location=place))
            with pytest.raises(SourceError, match=r"redirects to http://[a-z0-9.]+:\d+, which is elsewhere"):
                read(con, asked)
        assert elsewhere.requests == []

    service.requests.clear()
    service.steps.extend([misbehaviour.status(302, Location=service.url("ckan"))] * 50)
    with pytest.raises(SourceError, match="redirects more than 5 times"):
        read(con, asked)
    assert len(service.requests) == 5


def test_nobody_there(con: duckdb.DuckDBPyConnection) -> None:
    with record_service() as gone:
        asked = origin(gone, "socrata", tries=2)
    with pytest.raises(SourceError, match="asked 2 times, the last time: the connection failed"):
        read(con, asked)


def test_an_answer_that_trickles_is_not_waited_for(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    service.steps.append(misbehaviour.trickle)
    started = time.monotonic()
    with pytest.raises(SourceError, match="trickles in too slowly"):
        read(con, origin(service, "socrata", tries=1, timeout_seconds=0.1))
    assert time.monotonic() - started < 3


def test_the_pace_is_kept(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    for number in range(20):
        service.put(number)
    read(con, origin(service, "ckan", requests_per_second=20))
    at = [request.at for request in service.requests]
    assert len(at) == 5
    assert at[-1] - at[0] >= 4 / 20 - 0.02


@pytest.mark.parametrize("style", STYLES)
def test_a_service_may_send_smaller_pages_than_asked_for(con: duckdb.DuckDBPyConnection, style: str) -> None:
    with record_service(largest_page=3) as service:
        for number in range(20):
            service.put(number)
        asked = origin(service, style, page_rows=1000)
        if style == "socrata":  # nothing in Socrata's answer tells a short page from the last one
            with pytest.raises(SourceError, match="3 rows came of the 20"):
                read(con, asked)
        else:
            assert ids(con, read(con, asked)) == list(range(20))


@pytest.mark.parametrize("style", STYLES)
def test_a_service_that_ignores_what_is_asked_is_found_out(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str
) -> None:
    for number in range(20):
        service.put(number)
    service.ignores_conditions = True
    with pytest.raises(SourceError, match=r"no further than id 3|rows moved between two pages"):
        read(con, origin(service, style))
    assert len(service.requests) < 10


@pytest.mark.parametrize("style", KEYSET_STYLES)
@pytest.mark.parametrize("key_type", ["bigint", "varchar"])
def test_rows_that_share_a_key_or_have_none_are_not_lost(
    con: duckdb.DuckDBPyConnection, style: str, key_type: str
) -> None:
    shared = [1, 1, 2, 2, 2, 3, 4, 4, 4, 5, 5, 5, 9, 10, 10, None, None, None]
    keys = shared if key_type == "bigint" else [None if key is None else f"it's {key:03}" for key in shared]
    with record_service(key_type) as service:
        for at, key in enumerate(keys):
            service.put(key, None, at=at)
        reading = read(con, origin(service, style))
        assert reading.rows == len(keys)
        assert sorted(int(at) for (at,) in rows(con, reading, "at")) == list(range(len(keys)))


@pytest.mark.parametrize(("style", "keys"), [("socrata", [1, *[7] * 5]), ("arcgis", [None] * 5), ("ckan", [1, None])])
def test_a_key_that_does_not_tell_rows_apart_is_refused(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str, keys: list[int | None]
) -> None:
    for key in keys:
        service.put(key)
    with pytest.raises(SourceError, match=r"(?s)(no further than id 7|no id).*What to do: name a key that is unique"):
        read(con, origin(service, style))


def test_ckan_keys_must_be_unique(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    for key in (1, 2, 2, 3):
        service.put(key)
    with pytest.raises(SourceError, match=r"read 3 times, and each time the key id came more than once, such as 2"):
        read(con, origin(service, "ckan"))


def test_socrata_system_keys_are_asked_for(con: duckdb.DuckDBPyConnection) -> None:
    with record_service("varchar") as service:
        for number in range(9):
            service.put_written(f"row-{number}", None, f'{{":id": "row-{number}", "n": {number}}}')
        reading = read(con, origin(service, "socrata", key=":id"))
        assert rows(con, reading, ":id", "n") == [(f"row-{number}", str(number)) for number in range(9)]
        assert {page.parameters["$select"] for page in service.pages()} == {":id, *"}


@pytest.mark.parametrize(("key_type", "condition"), [("bigint", "id >= 3"), ("varchar", "id >= '3'")])
def test_socrata_numbers_are_compared_as_numbers_though_they_come_as_texts(
    con: duckdb.DuckDBPyConnection, key_type: str, condition: str
) -> None:
    with record_service(key_type) as service:
        for number in range(6):
            service.put_written(number, None, f'{{"id": "{number}"}}')
        assert ids(con, read(con, origin(service, "socrata"))) == list(range(6))
        assert service.pages()[1].parameters["$where"] == f"id IS NOT NULL AND {condition}"


def test_points_are_columns_and_other_shapes_json(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    service.put(1)
    service.geometry = {"x": 116.40, "y": 39.9}
    assert rows(con, read(con, origin(service, "arcgis")), "id", "geometry_x", "geometry_y") == [("1", "116.4", "39.9")]
    assert service.pages()[0].parameters["outSR"] == "4326"
    service.geometry = {"paths": [[[1, 2.50]]]}
    assert rows(con, read(con, origin(service, "arcgis")), "geometry") == [('{"paths": [[[1, 2.5]]]}',)]


@pytest.mark.parametrize("name", ["ID", "", "_line", "half \ud83d", "nul\0"])
def test_columns_without_a_name_of_their_own_are_refused(
    con: duckdb.DuckDBPyConnection, service: RecordService, name: str
) -> None:
    service.put(1, None, **{name: "b"})
    with pytest.raises(SourceError, match="column named "):
        read(con, origin(service, "socrata"))


Change = tuple[str, int]


def _apply(service: RecordService, change: Change) -> None:
    what, number = change
    if what == "delete":
        service.execute("delete from record where id = ?", number)
    elif not service.execute("select 1 from record where id = ?", number):
        service.put(number)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    "changes",
    [
        [("delete", 0)],
        [("insert", 1)],
        [("delete", 0), ("insert", 99)],
        [("delete", 6)],
        [("delete", 8), ("delete", 10), ("insert", 9)],
        [("delete", 38)],
    ],
)
def test_changes_between_pages_neither_lose_nor_repeat_a_row(
    con: duckdb.DuckDBPyConnection, service: RecordService, style: str, changes: list[Change]
) -> None:
    stable = set(range(0, 40, 2)) - {number for _, number in changes}
    for number in range(0, 40, 2):
        service.put(number)

    def between(page: int) -> None:
        if page == 3:
            for change in changes:
                _apply(service, change)

    service.on_page = between
    found = ids(con, read(con, origin(service, style)))

    assert len(found) == len(set(found))
    assert stable <= set(found)
    assert set(found) <= stable | {number for _, number in changes}


def test_a_ckan_service_that_never_rests_is_given_up(con: duckdb.DuckDBPyConnection, service: RecordService) -> None:
    for number in range(20):
        service.put(number)
    service.on_page = lambda page: _apply(service, ("delete", page - 1))
    with pytest.raises(SourceError, match=r"(?s)read 3 times, and each time rows moved.*not being written to"):
        read(con, origin(service, "ckan"))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    style=st.sampled_from(STYLES),
    first=st.sets(st.integers(0, 40), max_size=25),
    scripts=st.lists(
        st.lists(st.tuples(st.sampled_from(["insert", "delete"]), st.integers(0, 40)), max_size=3), max_size=8
    ),
)
def test_rows_that_stay_come_once_whatever_else_changes(
    service: RecordService, style: str, first: set[int], scripts: list[list[Change]]
) -> None:
    """For any changes before any pages: a row there all the time is read once, one never there is not."""
    service.clear()
    for number in first:
        service.put(number)
    with duckdb.connect() as con:

        def between(page: int) -> None:
            for change in scripts[page - 1] if page <= len(scripts) else []:
                _apply(service, change)

        service.on_page = between
        try:
            reading = read(con, origin(service, style))
        except SourceError as error:
            if "read 3 times" not in str(error):
                raise
            return  # the service did not rest: said, not hidden
        found = ids(con, reading) if reading.rows else []
        changed = {number for script in scripts for _, number in script}
        assert len(found) == len(set(found)) == reading.rows
        assert first - changed <= set(found) <= first | changed


@pytest.mark.parametrize(
    "further",
    [
        {"resource_id": None},
        {"window_column": "opened"},
        {"page_rows": 50_001},
        {"page_rows": 1},
        {"url": "ftp://x"},
        {"pages": 3},
    ],
)
def test_what_a_style_cannot_do_is_refused_in_the_pack(service: RecordService, further: dict[str, object]) -> None:
    with pytest.raises(pydantic.ValidationError):
        origin(service, "ckan", **further)
