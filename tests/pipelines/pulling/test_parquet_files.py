"""Parquet files come in as text that loses nothing."""

import datetime
import decimal
import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.pulling import parquet_files

Columns = dict[str, pa.Array]


def read(con: duckdb.DuckDBPyConnection, folder: Path, columns: Columns) -> list[tuple[object, ...]]:
    path = folder / "calls.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=3)
    reading = parquet_files.read(con, path)
    assert reading.header == parquet_files.read_header(path) == list(columns)
    rows = con.execute(f"select * exclude (_malformed) from {reading.relation} order by _line").fetchall()
    assert len(rows) == reading.rows
    return rows


UTC_INSTANT = datetime.datetime(2016, 11, 30, 23, 59, 59, 123456, datetime.UTC)
TYPES = {
    "integer": (pa.array([2**63 - 1], pa.int64()), "9223372036854775807"),
    "unsigned": (pa.array([2**64 - 1], pa.uint64()), "18446744073709551615"),
    "decimal": (pa.array([decimal.Decimal("1.10")], pa.decimal128(5, 2)), "1.10"),
    "long decimal": (
        pa.array([decimal.Decimal("12345678901234567890123456789.123456789")], pa.decimal128(38, 9)),
        "12345678901234567890123456789.123456789",
    ),
    "float": (pa.array([0.1], pa.float32()), "0.1"),
    "double": (pa.array([0.1 + 0.2], pa.float64()), "0.30000000000000004"),
    "boolean": (pa.array([True]), "true"),
    "date": (pa.array([datetime.date(2016, 2, 29)]), "2016-02-29"),
    "time": (pa.array([datetime.time(9, 5, 1)]), "09:05:01"),
    "timestamp": (pa.array([datetime.datetime(2016, 11, 30, 9, 5)]), "2016-11-30 09:05:00"),  # noqa: DTZ001 - meant
    "nanoseconds": (pa.array([1_480_496_700_123_456_789], pa.timestamp("ns")), "2016-11-30 09:05:00.123456789"),
    "instant": (pa.array([UTC_INSTANT], pa.timestamp("us", "Asia/Shanghai")), "2016-11-30 23:59:59.123456+00"),
    "binary": (pa.array([b"\x00\xabz"]), "00ab7a"),
    "text": (pa.array(['盗窃, \n"x"']), '盗窃, \n"x"'),
    "empty": (pa.array([""]), ""),
    "null": (pa.array([None], pa.string()), None),
    "category": (pa.array(["theft"]).dictionary_encode(), "theft"),
    "list": (pa.array([["a", None]]), '["a",null]'),
    "struct": (pa.array([{"a": 1, "b": datetime.date(2016, 1, 1)}]), '{"a":1,"b":"2016-01-01"}'),
    "map": (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int32())), '{"k":1}'),
    "decimals in a list": (
        pa.array([[decimal.Decimal("1234567890123456.70")]], pa.list_(pa.decimal128(18, 2))),
        '["1234567890123456.70"]',
    ),
}


@pytest.mark.parametrize(("cells", "text"), TYPES.values(), ids=TYPES.keys())
def test_every_type_becomes_text(con: duckdb.DuckDBPyConnection, tmp_path: Path, cells: pa.Array, text: str) -> None:
    assert read(con, tmp_path, {"a": cells}) == [(text, 1)]


def test_a_file_without_rows_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert read(con, tmp_path, {"a": pa.array([], pa.string())}) == []


@pytest.mark.slow
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*[st.none() | st.text(st.characters(codec="utf-8"), max_size=8)] * 2), max_size=12))
def test_any_texts_are_read_back_with_their_rows(
    con: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, str | None]]
) -> None:
    columns = {name: pa.array([row[at] for row in rows], pa.string()) for at, name in enumerate(("a", "名称"))}
    with tempfile.TemporaryDirectory() as folder:
        assert read(con, Path(folder), columns) == [(*row, line) for line, row in enumerate(rows, start=1)]


def test_what_is_no_parquet_file_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    pq.write_table(pa.table({"a": list(map(str, range(10_000)))}), path)
    whole = path.read_bytes()
    for content in (b"", b"a,b\n1,2\n", whole[:-40], whole[:200] + bytes(4000) + whole[4200:]):
        path.write_bytes(content)
        with pytest.raises(SourceError, match=r"cannot be read|is empty") as caught:
            parquet_files.read(con, path)
        assert caught.value.file == str(path)
        assert caught.value.remedy
    path.unlink()
    with pytest.raises(SourceError, match="missing"):
        parquet_files.read_header(path)
    assert con.execute("select 1").fetchall() == [(1,)]


def test_columns_that_cannot_be_told_apart_are_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for name in ("A", "_line"):
        with pytest.raises(SourceError, match=name):
            read(con, tmp_path, {"a": pa.array(["x"]), name: pa.array(["y"])})
