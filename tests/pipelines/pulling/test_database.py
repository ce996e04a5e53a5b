"""Queries on a real PostgreSQL server, read into `reading`."""

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from urllib.parse import quote

import duckdb
import pytest

from pipelines.errors import SourceError
from pipelines.pack.origins import Database
from pipelines.pulling import database
from pipelines.pulling.reading import Reading, Unit
from pipelines.warehouse import quoted, scalar
from tests.pipelines.pulling.postgres_server import PASSWORD, USER, PostgresServer, postgres_server

pytestmark = pytest.mark.slow

ALL = Unit("all")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


def variables(**values: str) -> Callable[[str], str]:
    """Fill in `${NAME}` from the values given."""

    def fill_in(text: str) -> str:
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    return fill_in


def origin(server: PostgresServer, query: str, **further: object) -> Database:
    """Ask as the user who needs a password, which the pack does not hold."""
    address = f"postgresql://{USER}:${{PASSWORD}}@/postgres?host={server.socket}"
    return Database.model_validate({"connection": address, "query": query, **further})


def read(con: duckdb.DuckDBPyConnection, asked: Database, unit: Unit = ALL) -> Reading:
    return database.read(con, asked, unit, variables(PASSWORD=quote(PASSWORD)), None)


def rows(con: duckdb.DuckDBPyConnection, reading: Reading, *columns: str) -> list[tuple[object, ...]]:
    listed = ", ".join(map(quoted, columns or reading.header))
    return con.execute(f"select {listed} from {reading.relation} order by _line").fetchall()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1::int2", "1"),
        ("9223372036854775807::int8", "9223372036854775807"),
        ("1.10::numeric(6, 2)", "1.10"),
        ("123456789012345678901234567890.123456789::numeric", "123456789012345678901234567890.123456789"),
        ("'NaN'::numeric", "NaN"),
        ("'Infinity'::numeric", "Infinity"),
        ("0.1::float8 + 0.2::float8", "0.30000000000000004"),
        ("0.1::float4", "0.1"),
        ("'-Infinity'::float8", "-Infinity"),
        ("'12.5'::money", "$12.50"),
        ("true", "true"),
        ("timestamp '2016-11-06 01:30:00.123456'", "2016-11-06 01:30:00.123456"),
        ("timestamptz '2016-11-06 01:30:00+08'", "2016-11-05 17:30:00+00"),
        ("'infinity'::timestamptz", "infinity"),
        ("date '0044-03-15 BC'", "0044-03-15 BC"),
        ("date '2016-02-29'", "2016-02-29"),
        ("time '23:59:59.5'", "23:59:59.5"),
        ("timetz '10:00+08'", "10:00:00+08"),
        ("interval '1 month 2 days 03:04:05'", "1 mon 2 days 03:04:05"),
        ("""json '{"b": 1.10, "a": null}'""", '{"b": 1.10, "a": null}'),
        ("""jsonb '{"b": 1.10, "a": null}'""", '{"a": null, "b": 1.10}'),
        ("array[1, null, 3]", "[1,null,3]"),
        ("array[[1, 2], [3, 4]]", "[[1,2],[3,4]]"),
        ("array['a\"b', '东路']", '["a\\"b","东路"]'),
        ("array[1.10]::numeric[]", "[1.10]"),
        ("row(1, 'x')", '{"f1":1,"f2":"x"}'),
        (r"'\xdeadbeef'::bytea", "deadbeef"),
        ("'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        ("'closed'::state", "closed"),
        ("b'101'", "101"),
        ("inet '192.168.0.1/24'", "192.168.0.1/24"),
        ("point(1.5, 2)", "(1.5,2)"),
        ("int4range(1, 3)", "[1,3)"),
        ("'a b'::tsvector", "'a' 'b'"),
        ("'n'::name", "n"),
        ("'王府井 💡\t\n'::text", "王府井 💡\t\n"),
        ("''", ""),
        ("null", None),
        ("null::int[]", None),
        ("null::bytea", None),
    ],
)
def test_every_type_becomes_its_text(
    con: duckdb.DuckDBPyConnection, server: PostgresServer, value: str, text: str | None
) -> None:
    server.execute("do $$ begin create type state as enum ('open', 'closed'); exception when others then null; end $$")

    reading = read(con, origin(server, f"select {value} as value"))

    assert (reading.header, reading.rows) == (["value"], 1)
    assert rows(con, reading) == [(text,)]
    if text is not None and value.startswith("array"):
        assert isinstance(json.loads(text), list)
    kinds = {str(kind) for (kind,) in con.execute(f"select typeof(value) from {reading.relation}").fetchall()}
    assert kinds == {"VARCHAR"}


def test_rows_keep_their_order_and_columns_their_names(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    told: list[tuple[int, int | None]] = []
    asked = origin(
        server,
        'select n, repeat(\'x\', 500) as "Says ""So""" from generate_series(1, 70000) as n order by n desc -- so far',
    )

    reading = database.read(con, asked, ALL, variables(PASSWORD=quote(PASSWORD)), lambda *at: told.append(at))

    assert reading == Reading(["n", 'Says "So"'], "temp.reading", 70_000)
    assert con.execute(
        "select count(*), count(*) filter (n::int + _line = 70001), min(_line), max(_line), count(_malformed) "
        "from temp.reading"
    ).fetchone() == (70_000, 70_000, 1, 70_000, 0)
    assert len(told) > 1
    assert told[-1] == (70_000, None)
    assert [done for done, _ in told] == sorted({done for done, _ in told})


def test_no_rows_still_have_columns(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    assert read(con, origin(server, "select 1 as a, 'x' as b where false")) == Reading(["a", "b"], "temp.reading", 0)


@pytest.mark.parametrize("kind", ["date", "timestamp", "timestamptz"])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Shanghai", "America/New_York"])
def test_months_and_undated_rows_are_all_rows_once(
    con: duckdb.DuckDBPyConnection, server: PostgresServer, kind: str, zone: str
) -> None:
    server.execute(
        "drop table if exists event",
        f"create table event (id int, at {kind})",
        "insert into event select n, timestamptz '2016-10-01 00:00+00' + n * interval '97 minutes' "
        "from generate_series(0, 1300) as n",
        "insert into event values (-1, null), (-2, 'infinity'), (-3, '-infinity')",
    )
    asked = origin(server, "select * from event", window_column="at", time_zone=zone)
    months = ["2016-09", "2016-10", "2016-11", "2016-12"]

    units = database.units(asked, months)
    found: dict[str, list[int]] = {}
    for unit in units:
        reading = read(con, asked, unit)
        found[unit.name] = sorted(int(str(number)) for (number,) in rows(con, reading, "id"))
        if unit.days is not None:
            outside = f"select count(*) from {reading.relation} where {quoted('at')}[:7] <> '{unit.name}'"
            assert kind == "timestamptz" or scalar(con, outside) == 0

    assert [unit.name for unit in units] == [*months, "undated"]
    assert found["undated"] == [-3, -2, -1]
    assert sorted(number for numbers in found.values() for number in numbers) == [-3, -2, -1, *range(1301)]
    expected = server.execute(
        f"set time zone '{zone}'",
        "select id from event where isfinite(at) and to_char(at, 'YYYY-MM') = '2016-11' order by id",
    )
    assert found["2016-11"] == [number for (number,) in expected]


def test_without_a_window_column_there_is_one_unit(server: PostgresServer) -> None:
    assert database.units(origin(server, "select 1"), None) == [ALL]
    assert database.units(origin(server, "select 1"), ["2016-11"]) == [ALL]


@pytest.mark.parametrize("column", ["said", "absent"])
def test_a_window_column_must_be_a_day(con: duckdb.DuckDBPyConnection, server: PostgresServer, column: str) -> None:
    asked = origin(server, "select '2016-11-01' as said", window_column=column)
    for unit in database.units(asked, ["2016-11"]):
        with pytest.raises(SourceError, match=rf"no column {column} that is a date.*its columns are said(.|\n)*cast"):
            read(con, asked, unit)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("delete from pg_class", "is not one select"),
        ("select 1; select 2", "is not one select"),
        ("with gone as (delete from event returning *) select * from gone", "is not one select"),
        ("select 1 into other", "is not one select"),
        ("select 1 for update", "is not one select"),
        ("copy event to stdout", "is not one select"),
        ("vacuum", "is not one select"),
        ("select 1) as asked; drop table event; --", "cannot be parsed"),
        ("", "is not one select"),
    ],
)
def test_what_is_not_a_select_is_refused_before_it_is_sent(
    con: duckdb.DuckDBPyConnection, query: str, problem: str
) -> None:
    nowhere = Database(connection="postgresql:///nowhere?host=/nonexistent", query=query)
    with pytest.raises(SourceError, match=f"refused: it {problem}"):
        read(con, nowhere)


def test_the_transaction_cannot_write(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    server.execute("create sequence if not exists counted", f"grant usage on sequence counted to {USER}")
    with pytest.raises(SourceError, match="read-only transaction"):
        read(con, origin(server, "select nextval('counted')"))


@pytest.mark.parametrize(
    ("query", "problem", "remedy"),
    [
        ("select nothing from nowhere", 'not understood.*"nowhere" does not exist', "mend database.query"),
        ("select 1 / (3 - n) as x from generate_series(1, 5) as n", "division by zero", "calculation"),
        ("select cast(t as int) as x from (values ('1'), ('eleven')) as v (t)", "invalid input syntax .*: …", "cast"),
        ("select 1 as a, 2 as a", '"a" is ambiguous', "mend database.query"),
        ('select 1 as a, 2 as "A"', "column named 'A'", "a name of its own"),
        ("select 1 as _line", "column named '_line'", "a name of its own"),
        ("select pg_read_file('x')", "permission denied", "grant"),
    ],
)
def test_a_query_that_fails_says_why(
    con: duckdb.DuckDBPyConnection, server: PostgresServer, query: str, problem: str, remedy: str
) -> None:
    with pytest.raises(SourceError, match=rf"(?s){problem}.*What to do:.*{remedy}") as caught:
        read(con, origin(server, query))
    # A value may be somebody's name: what cannot be converted is not quoted.
    assert "eleven" not in str(caught.value)


def test_a_wrong_password_is_not_shown(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    for asked, secrets in (
        (origin(server, "select 1"), variables(PASSWORD="wr0ng")),
        (
            Database(connection=f"postgresql://{USER}:wr0ng@/postgres?host={server.socket}", query="select 1"),
            variables(),
        ),
        (
            Database(connection="${ALL}", query="select 1"),
            variables(ALL=f"host={server.socket} user={USER} password=wr0ng"),
        ),
    ):
        with pytest.raises(SourceError, match=r"no connection: .*password authentication failed") as caught:
            database.read(con, asked, ALL, secrets)
        assert "wr0ng" not in str(caught.value)
        assert "check address, user and password" in str(caught.value)


def test_a_driver_that_quotes_the_password_is_not_repeated(con: duckdb.DuckDBPyConnection) -> None:
    """A space in a password that is not quoted: the driver complains of the word after it."""
    asked = Database(connection="host=/nonexistent password=${PASSWORD}", query="select 1")
    with pytest.raises(SourceError, match=r'no connection: .*missing "=" after "\$\{PASSWORD\}"') as caught:
        database.read(con, asked, ALL, variables(PASSWORD="wr0ng w0rds"))
    assert "w0rds" not in str(caught.value)


def test_no_server_and_no_driver(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no connection: .*No such file"):
        read(con, Database(connection=f"postgresql:///x?host={tmp_path}", query="select 1"))
    with pytest.raises(SourceError, match="no ADBC driver adbc_driver_nowhere"):
        read(con, Database(connection="x", driver="adbc_driver_nowhere", query="select 1"))


ENDLESS = "select n, repeat('x', 1000) as filler from generate_series(1, 10000) as n, generate_series(1, 10000) as m"


def test_a_connection_cut_in_the_middle_is_an_error(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    def cut(done: int, _total: int | None) -> None:
        for process in server.readers():
            server.execute(f"select pg_terminate_backend({process})")

    with pytest.raises(SourceError, match=r"rows broke off in the middle(.|\n)*run again") as caught:
        database.read(con, origin(server, ENDLESS), ALL, variables(PASSWORD=quote(PASSWORD)), cut)
    assert PASSWORD not in str(caught.value)


def test_a_server_killed_in_the_middle_is_an_error(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with (
        postgres_server(tmp_path / "postgres") as doomed,
        pytest.raises(SourceError, match="rows broke off in the middle"),
    ):
        database.read(con, origin(doomed, ENDLESS), ALL, variables(PASSWORD=quote(PASSWORD)), lambda *_: doomed.kill())


def test_a_silent_server_is_not_waited_for(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    frozen: list[int] = []

    def freeze(done: int, _total: int | None) -> None:
        if not frozen:
            frozen.extend(server.readers())
            for process in frozen:
                os.kill(process, signal.SIGSTOP)

    started = time.monotonic()
    try:
        with pytest.raises(SourceError, match=r"silent for 0.5 seconds(.|\n)*timeout_seconds"):
            database.read(
                con,
                origin(server, ENDLESS, timeout_seconds=0.5),
                ALL,
                variables(PASSWORD=quote(PASSWORD)),
                freeze,
            )
    finally:
        for process in frozen:
            os.kill(process, signal.SIGCONT)
    assert time.monotonic() - started < 10


def test_a_slow_query_is_cancelled_at_the_server(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    with pytest.raises(SourceError, match=r"silent for 0.5 seconds"):
        read(con, origin(server, "select pg_sleep(60)", timeout_seconds=0.5))
    until = time.monotonic() + 10
    while server.readers() and time.monotonic() < until:
        time.sleep(0.05)
    assert server.readers() == []


def test_leaving_off_leaves_no_connection(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    def give_up(_done: int, _total: int | None) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.read(con, origin(server, ENDLESS), ALL, variables(PASSWORD=quote(PASSWORD)), give_up)
    until = time.monotonic() + 10
    while server.readers() and time.monotonic() < until:
        time.sleep(0.05)
    assert server.readers() == []


def test_what_is_written_while_reading_is_not_seen(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    server.execute("create table grown as select n, repeat('x', 1000) as filler from generate_series(1, 60000) as n")

    def change(done: int, _total: int | None) -> None:
        server.execute("delete from grown where n % 2 = 0", "insert into grown select -n from generate_series(1, 9) n")

    reading = database.read(
        con, origin(server, "select * from grown"), ALL, variables(PASSWORD=quote(PASSWORD)), change
    )

    assert reading.rows == 60_000
    assert scalar(con, "select count(distinct n) from temp.reading where n::int between 1 and 60000") == 60_000


def test_functions_of_the_query_see_the_same_snapshot(con: duckdb.DuckDBPyConnection, server: PostgresServer) -> None:
    server.execute(
        "create table watched as select 1 as n",
        "create function seen() returns bigint language plpgsql volatile as "
        "'begin return (select count(*) from watched); end'",
    )

    def change(_done: int, _total: int | None) -> None:
        server.execute("insert into watched values (2)")

    query = "select seen() as seen, repeat('x', 1000) as filler from generate_series(1, 40000)"
    database.read(con, origin(server, query), ALL, variables(PASSWORD=quote(PASSWORD)), change)

    assert server.execute("select count(*) > 1 from watched") == [(True,)]
    assert con.execute("select distinct seen from temp.reading").fetchall() == [("1",)]


def test_another_driver_needs_nothing_of_its_own(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """DuckDB itself, through ADBC."""
    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as other:
        other.execute(
            "create table event as select n as id, date '2016-10-31' + n::int as day, 1.10::decimal(4, 2) as x, "
            "[1, 2] as xs from range(3) as t (n)"
        )
    asked = Database(
        connection=str(path), driver="adbc_driver_duckdb", query="select * from event order by id", window_column="day"
    )

    found = [rows(con, read(con, asked, unit)) for unit in database.units(asked, ["2016-10", "2016-11"])]

    assert found == [
        [("0", "2016-10-31", "1.10", "[1, 2]")],
        [("1", "2016-11-01", "1.10", "[1, 2]"), ("2", "2016-11-02", "1.10", "[1, 2]")],
        [],
    ]


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def pass_a_million(warm: Database, asked: Database, folder: Path) -> tuple[int | None, float, float]:
    """Read in a process of its own; return the rows, the megabytes that passed, and by how many it grew meanwhile."""
    highest = 0.0

    def note(_done: int, _total: int | None) -> None:
        nonlocal highest
        highest = max(highest, _resident_megabytes())

    with duckdb.connect(str(folder / "warehouse.duckdb")) as con:
        con.execute("set memory_limit = '150MB'")
        con.execute(f"set temp_directory = '{folder / 'spill'}'")
        read(con, warm)
        before = _resident_megabytes()
        reading = database.read(con, asked, ALL, variables(PASSWORD=quote(PASSWORD)), note)
        passed = scalar(con, "select sum(length(a) + length(b) + length(id)) from temp.reading") / 1e6
    return reading.rows, passed, highest - before


def test_a_million_rows_pass_through_bounded_memory(server: PostgresServer, tmp_path: Path) -> None:
    """What the process holds grows by far less than the 670 MB that pass through it."""
    query = (
        "select n as id, timestamp '2016-01-01' + n * interval '30 seconds' as at, md5(n::text) as a, "
        "repeat(md5((n + 1)::text), 20) as b, n / 7.0 as share from generate_series(1, 1000000) as n"
    )
    # What tests before have freed is still this process's, and comes and goes.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as beside:
        asked = (origin(server, "select 1 as warm"), origin(server, query))
        rows_read, passed, grown = beside.submit(pass_a_million, *asked, tmp_path).result()
    assert rows_read == 1_000_000
    assert passed > 670
    assert grown < 450
