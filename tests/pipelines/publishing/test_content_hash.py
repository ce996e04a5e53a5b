"""A content hash depends on every cell of a table and on nothing else."""

import functools
from collections.abc import Sequence
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipelines.publishing.content_hash import content_hash

pytestmark = pytest.mark.slow

Row = tuple[str | None, str | None]
cells = st.sampled_from([None, "", "a", "b", "-", "NULL", "1:a", "a,1:b", ",", "\x1e", "\x1f", "a\x1f", "\x1fa", "é"])
tables = st.lists(st.tuples(cells, cells), max_size=6)


@functools.cache
def engine() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def hashed(rows: Sequence[Row], names: tuple[str, str] = ("x", "y")) -> str:
    engine().execute(f"create or replace table t ({names[0]} varchar, {names[1]} varchar)")
    if rows:
        engine().execute(f"insert into t values {', '.join(['(?, ?)'] * len(rows))}", [c for row in rows for c in row])
    return content_hash(engine(), "t", names)


@settings(deadline=None, max_examples=60)
@given(tables, st.randoms(use_true_random=False))
def test_row_order_does_not_matter(rows: list[Row], chance: Random) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)
    assert hashed(mixed) == hashed(rows)


@settings(deadline=None, max_examples=100)
@given(tables, tables)
def test_other_rows_have_another_hash(one: list[Row], other: list[Row]) -> None:
    assume(sorted(one, key=repr) != sorted(other, key=repr))
    assert hashed(one) != hashed(other)


@settings(deadline=None, max_examples=80)
@given(tables.filter(bool), st.data())
def test_any_cell_matters(rows: list[Row], data: st.DataObject) -> None:
    at, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, 1))
    other = data.draw(cells.filter(lambda cell: cell != rows[at][column]))
    changed = list(rows)
    changed[at] = (other, rows[at][1]) if column == 0 else (rows[at][0], other)
    assert hashed(changed) != hashed(rows)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ([(None, "a")], [("", "a")]),
        ([("", "a")], [("NULL", "a")]),
        ([(None, "a")], [("\x1e", "a")]),
        ([("a\x1fb", "c")], [("a", "b\x1fc")]),
        ([("a,b", "c")], [("a", "b,c")]),
        ([("a", None)], [("a", "-")]),
        ([("a,1:b", None)], [("a", "b,-")]),
        ([("a", None)], [(None, "a")]),
        ([("a", "a")], [("a", "a"), ("a", "a")]),
        ([("a", "b"), ("c", "d")], [("a", "d"), ("c", "b")]),
    ],
)
def test_tables_that_look_alike_differ(one: list[Row], other: list[Row]) -> None:
    assert hashed(one) != hashed(other)


def test_columns_count_by_name_not_by_position() -> None:
    assert hashed([("a", "b")], ("x", "y")) == hashed([("b", "a")], ("y", "x"))
    assert hashed([("a", "b")], ("x", "y")) != hashed([("b", "a")], ("x", "y"))


def test_columns_that_are_left_out_do_not_count() -> None:
    with duckdb.connect() as con:
        con.execute("create table t as select 1 as x, 'first run' as run_id")
        first = content_hash(con, "t", ["x", "run_id"], {"run_id"})
        con.execute("update t set run_id = 'second run'")
        assert content_hash(con, "t", ["x", "run_id"], {"run_id"}) == first
        assert content_hash(con, "t", ["x", "run_id"]) != first


@pytest.mark.slow
def test_threads_do_not_matter() -> None:
    query = (
        "create table t as select i, i / 7.0 as quotient, case when i % 5 > 0 then md5(i::varchar) end as text, "
        "[i, i + 1] as list, date '2016-01-01' + (i % 366)::integer as day from range(130_000) as numbers(i)"
    )
    found = set()
    for threads in (1, 4):
        for order in ("", " order by hash(i)"):
            with duckdb.connect(config={"threads": threads}) as con:
                con.execute(query + order)
                found.add(content_hash(con, "t", ["i", "quotient", "text", "list", "day"]))
    assert len(found) == 1


def test_a_zero_whose_sign_the_engine_loses_is_the_same(tmp_path: Path) -> None:
    """In a column of nothing but zeros one sign is kept for all."""
    zeros = "create table {}t as select if(i % 7 = 3, -0.0, 0.0)::double as x from range(1000) as each (i)"
    with duckdb.connect() as con:
        con.execute(f"attach '{tmp_path / 'kept.duckdb'}' as kept")
        con.execute(zeros.format("kept."))
        written = content_hash(con, "kept.t", ["x"])
        con.execute("detach kept")
    with duckdb.connect(str(tmp_path / "kept.duckdb"), read_only=True) as con:
        assert con.execute("select count(*) from t where x::varchar = '-0.0'").fetchall() == [(0,)]
        assert content_hash(con, "t", ["x"]) == written
