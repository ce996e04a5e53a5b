"""Which units of a source are read, what becomes current, and what stays as it was."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import LedgerError, PackError, SourceError
from pipelines.pack.city import CityPack
from pipelines.pulling import files, raw_layer
from pipelines.pulling.pull import pull_source
from pipelines.pulling.raw_layer import Batch, raw_rows
from pipelines.pulling.reading import Reading
from tests.pipelines.pulling.postgres_server import PostgresServer, postgres_server
from tests.pipelines.small_pack import call, changed, pull_all, text_of, write_pack

pytestmark = pytest.mark.slow

JUNE = (date(2016, 6, 1), date(2016, 6, 30))


def listing(*listed: str, more: str = "") -> str:
    """Give the city's text with other files."""
    quoted = ", ".join(f'"{each}"' for each in listed)
    return changed("files: [calls.csv]", f"files: [{quoted}]{more}")


def ids(con: duckdb.DuckDBPyConnection) -> list[str]:
    return [str(row[0]) for row in con.execute(f"select id from {raw_rows('calls')} order by id").fetchall()]


def read_files(batches: list[Batch]) -> list[str]:
    return [batch.file for batch in batches if batch.is_new]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the files that are opened to be hashed or read."""
    names: list[str] = []
    real_hash, real_read = files.content_hash, files.read

    def content_hash(path: Path) -> bytes:
        names.append(f"hash {path.name}")
        return real_hash(path)

    def read(con: duckdb.DuckDBPyConnection, path: Path, *more: object) -> Reading:
        names.append(f"read {path.name}")
        return real_read(con, path, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(files, "content_hash", content_hash)
    monkeypatch.setattr(files, "read", read)
    return names


def test_a_missing_file_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, city_yml=listing("calls.csv", "nowhere.csv"))
    with pytest.raises(SourceError, match="missing") as caught:
        pull_all(con, pack)
    assert caught.value.file == str(tmp_path / "nowhere.csv")
    (tmp_path / "nowhere.csv").mkdir()
    with pytest.raises(SourceError, match="cannot be read"):
        pull_all(con, pack)
    assert ids(con) == ["1"]


def test_files_of_one_source_may_differ_in_columns_and_case(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"one.csv": "a,B\n1,x\n", "two.csv": "C,b,A\n5,y,2\n"}, listing("one.csv", "two.csv"))
    pull_all(con, pack)
    rows = con.execute("select _file, a, b, c from raw.calls order by a").fetchall()
    assert rows == [("one.csv", "1", "x", None), ("two.csv", "2", "y", "5")]
    assert raw_layer.source_columns(con, "calls") == ["a", "B", "C"]


def test_an_unchanged_file_is_not_read_again(con: duckdb.DuckDBPyConnection, tmp_path: Path, opened: list[str]) -> None:
    pack = write_pack(tmp_path, {"calls.csv": text_of([call("1"), call("2")])})
    [first] = pull_all(con, pack)
    [again] = pull_all(con, pack)
    assert (first.is_new, first.read) == (True, 2)
    assert again == Batch("calls", first.batch_id, "calls.csv", 2, is_new=False)
    assert con.execute("select count(*) from raw.calls").fetchall() == [(2,)]
    assert opened == ["hash calls.csv", "read calls.csv", "hash calls.csv"]


def test_a_file_is_read_again_when_the_pack_reads_it_otherwise(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = {"calls.csv": "id;x\n1;Montréal\n".encode("latin-1")}
    layouts = ("{delimiter: ;, encoding: windows-1252}", "{delimiter: ;, encoding: gbk}", "{delimiter: ;}")
    found = []
    for layout in layouts:
        pack = write_pack(tmp_path, content, listing("calls.csv", more=f"\n    format: {layout}"))
        [batch] = pull_all(con, pack)
        assert batch.is_new
        found += con.execute(f"select x, _malformed from {raw_rows('calls')}").fetchall()
    assert found == [("Montréal", None), ("Montr閍l", None), (None, "invalid encoding: 1;Montr\\xe9al")]


def test_a_file_that_goes_back_is_a_delivery_of_its_own(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    batches = []
    for rows in ([call("1")], [call("2")], [call("1")]):
        batches += pull_all(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}))
    assert len({batch.batch_id for batch in batches}) == 3
    current = con.execute("select batch_id from ledger.delivery where is_current").fetchall()
    assert current == [(batches[-1].batch_id,)]
    assert ids(con) == ["1"]


def test_source_and_file_are_part_of_a_batch(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = text_of([call("1")])
    one, two = pull_all(con, write_pack(tmp_path, {"a.csv": content, "b.csv": content}, listing("a.csv", "b.csv")))
    assert one.batch_id != two.batch_id
    assert raw_layer.content_of("a", "f", b"x") != raw_layer.content_of("b", "f", b"x")


def test_a_file_that_the_pack_no_longer_lists_counts_no_more(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    contents = {f"{name}.csv": text_of([call(name)]) for name in "ab"}
    pull_all(con, write_pack(tmp_path, contents, listing("a.csv", "b.csv")))
    pull_all(con, write_pack(tmp_path, contents, listing("b.csv")))
    assert ids(con) == ["b"]
    [a, b] = pull_all(con, write_pack(tmp_path, contents, listing("a.csv", "b.csv")))
    assert (a.is_new, b.is_new) == (True, False)
    assert ids(con) == ["a", "b"]


def test_each_delivery_is_described(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = text_of([call("1")])
    before = datetime.now(UTC).replace(tzinfo=None)
    pull_all(con, write_pack(tmp_path, {"calls-2016-02.csv": content}, listing("calls-{month}.csv")))
    [(loaded_at,)] = con.execute("select loaded_at from ledger.delivery").fetchall()
    assert before <= loaded_at <= datetime.now(UTC).replace(tzinfo=None)
    assert con.execute(
        "select file, size, first_day, last_day, personal, position from ledger.delivery"
    ).fetchall() == [("calls-2016-02.csv", len(content), date(2016, 2, 1), date(2016, 2, 29), [], 0)]


def test_records_are_counted_on_both_sides(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files.read

    def miscounting(*arguments: object) -> Reading:
        reading = real(*arguments)  # type: ignore[arg-type]
        return Reading(reading.header, reading.relation, reading.rows + 1)

    monkeypatch.setattr(files, "read", miscounting)
    with pytest.raises(LedgerError, match="2 records were read, 1 came into raw"):
        pull_all(con, write_pack(tmp_path))
    assert con.execute("select count(*) from ledger.delivery").fetchall() == [(0,)]
    assert con.execute("select count(*) from information_schema.tables where table_schema = 'raw'").fetchall() == [(0,)]


# Windows and dated files


def dated(folder: Path, *months: str) -> CityPack:
    """Write a file for each month, whose only call is named after it."""
    contents = {f"data/calls-{month}.csv": text_of([call(month)]) for month in months}
    return write_pack(folder, contents, listing("data/calls-{month}.csv"))


def test_known_months_outside_the_window_are_not_looked_at(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, opened: list[str]
) -> None:
    pack = dated(tmp_path, "2016-04", "2016-05", "2016-06")
    first = pull_source(con, pack, "calls", JUNE)
    assert read_files(first) == [f"data/calls-2016-0{month}.csv" for month in (4, 5, 6)]
    opened.clear()
    for month in ("04", "05", "06"):
        (tmp_path / f"data/calls-2016-{month}.csv").write_text(text_of([call(f"{month} anew")]))
    second = pull_source(con, pack, "calls", JUNE)
    assert opened == ["hash calls-2016-06.csv", "read calls-2016-06.csv"]
    assert ids(con) == ["06 anew", "2016-04", "2016-05"]
    assert [batch.file for batch in second] == [batch.file for batch in first]
    pull_source(con, pack, "calls", (date(2016, 4, 30), date(2016, 5, 1)))
    assert ids(con) == ["04 anew", "05 anew", "06 anew"]


def test_a_month_that_is_not_known_is_read_wherever_it_lies(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pull_source(con, dated(tmp_path, "2016-06"), "calls", JUNE)
    batches = pull_source(con, dated(tmp_path, "2016-01", "2016-06", "2016-08"), "calls", JUNE)
    assert read_files(batches) == ["data/calls-2016-01.csv", "data/calls-2016-08.csv"]


def test_without_a_window_every_file_is_looked_at(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, opened: list[str]
) -> None:
    pack = dated(tmp_path, "2016-04", "2016-06")
    pull_source(con, pack, "calls")
    opened.clear()
    pull_source(con, pack, "calls")
    assert opened == ["hash calls-2016-04.csv", "hash calls-2016-06.csv"]


def test_a_vanished_file_of_a_pattern_keeps_its_records_and_is_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    pack = dated(tmp_path, "2016-05", "2016-06")
    pull_source(con, pack, "calls", JUNE)
    (tmp_path / "data/calls-2016-05.csv").unlink()
    batches = pull_source(con, pack, "calls", JUNE)
    assert [(batch.file[-11:], batch.is_missing) for batch in batches] == [
        ("2016-06.csv", False),
        ("2016-05.csv", True),
    ]
    assert ids(con) == ["2016-05", "2016-06"]
    (tmp_path / "data/calls-2016-06.csv").unlink()
    assert all(batch.is_missing for batch in pull_source(con, pack, "calls", JUNE))
    assert ids(con) == ["2016-05", "2016-06"]


def test_a_pattern_that_nothing_matches_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, city_yml=listing("calls.csv", "more_{day}.csv"))
    with pytest.raises(PackError, match=r"no file matches 'more_\{day\}\.csv'") as caught:
        pull_all(con, pack)
    assert caught.value.field == "sources.calls.files.1"
    assert caught.value.line


# Databases


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    with postgres_server(tmp_path_factory.mktemp("postgres")) as running:
        yield running


def queried(folder: Path, server: PostgresServer, window: str = ", window_column: start") -> CityPack:
    query = f"{{connection: '{server.address}', query: 'select id, start from call'{window}}}"
    return write_pack(folder, city_yml=changed("files: [calls.csv]", f"database: {query}"))


def fill(server: PostgresServer, **starts: str | None) -> None:
    rows = [f"('{name}', {'null' if start is None else repr(start)})" for name, start in starts.items()]
    server.execute(
        "drop table if exists call",
        "create table call (id text, start timestamp)",
        f"insert into call values {', '.join(rows)}",
    )


def names_of(batches: list[Batch], *, new: bool = True) -> list[str]:
    return [batch.file for batch in batches if batch.is_new == new]


@pytest.mark.slow
def test_months_of_a_query_are_asked_for_by_window(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, server: PostgresServer
) -> None:
    fill(server, a="2016-01-31 23:59", b="2016-04-01", c="2016-06-15", d="2017-01-01", u=None)
    pack = queried(tmp_path, server)
    first = pull_source(con, pack, "calls", JUNE)
    assert names_of(first) == [*(f"2016-0{month}" for month in range(1, 7)), "undated"]
    assert {batch.file: batch.read for batch in first if batch.read} == {
        "2016-01": 1, "2016-04": 1, "2016-06": 1, "undated": 1,
    }  # fmt: skip
    assert ids(con) == ["a", "b", "c", "u"]
    assert names_of(pull_source(con, pack, "calls", JUNE)) == []

    fill(server, b="2016-04-01", e="2016-06-16", c="2016-06-15", f="2016-07-01", u=None)
    july = (date(2016, 6, 10), date(2016, 7, 31))
    second = pull_source(con, pack, "calls", july)
    assert names_of(second) == ["2016-06", "2016-07"]
    assert ids(con) == ["a", "b", "c", "e", "f", "u"]
    assert {batch.file for batch in second} == {*(f"2016-0{month}" for month in range(1, 8)), "undated"}
    assert names_of(pull_source(con, pack, "calls", (date(2016, 1, 1), date(2016, 7, 31)))) == ["2016-01"]
    assert ids(con) == ["b", "c", "e", "f", "u"]


def test_the_order_of_rows_does_not_make_another_content(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, server: PostgresServer
) -> None:
    fill(server, a="2016-01-01", b="2016-01-02", u=None)
    pack = queried(tmp_path, server, window="")
    [first] = pull_source(con, pack, "calls", JUNE)
    assert (first.file, first.read, first.is_new) == ("all", 3, True)
    fill(server, u=None, b="2016-01-02", a="2016-01-01")
    [again] = pull_source(con, pack, "calls", JUNE)
    assert again == Batch("calls", first.batch_id, "all", 3, is_new=False)
    fill(server, u=None, b="2016-01-02", a="2016-01-03")
    [other] = pull_source(con, pack, "calls", JUNE)
    assert other.is_new
    assert con.execute(f"select count(*) from {raw_rows('calls')}").fetchall() == [(3,)]


def test_units_of_another_way_to_ask_count_no_more(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, server: PostgresServer
) -> None:
    fill(server, a="2016-01-01", u=None)
    pull_all(con, write_pack(tmp_path))
    for window in ("", ", window_column: start", ""):
        pull_source(con, queried(tmp_path, server, window), "calls", JUNE)
        assert ids(con) == ["a", "u"]
    pull_all(con, write_pack(tmp_path))
    assert ids(con) == ["1"]


def test_a_secret_that_is_not_set_is_named(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALLS_PASSWORD", raising=False)
    query = "{connection: 'postgresql://a:${CALLS_PASSWORD}@localhost/x', query: 'select 1'}"
    pack = write_pack(tmp_path, city_yml=changed("files: [calls.csv]", f"database: {query}"))
    with pytest.raises(SourceError, match="CALLS_PASSWORD is not set") as caught:
        pull_all(con, pack)
    assert "export CALLS_PASSWORD" in str(caught.value.remedy)


def test_progress_is_told_in_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    contents = {f"{name}.csv": text_of([call(name)] * 1000) for name in "ab"}
    total = sum(map(len, contents.values()))
    pull_source(
        con, write_pack(tmp_path, contents, listing("a.csv", "b.csv")), "calls", report=lambda *now: told.append(now)
    )
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert all(of == total for _, of in told)
