"""The dialect against a real DuckDB, without Great Expectations."""

from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from pipelines.quality import dialect


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("create schema facts; create table facts.t as select i from range(5) r(i)")
    con.execute("create table main.t as select 'elsewhere' as word; create table main.only_there as select 1 as i")
    return con


def engine(con: duckdb.DuckDBPyConnection) -> sa.Engine:
    dialect.register()
    return sa.create_engine(dialect.URL, creator=dialect.connector(con, "facts"))


def test_a_result_outlives_the_next_statement_and_its_connection(con: duckdb.DuckDBPyConnection) -> None:
    with engine(con).connect() as connection:
        first = connection.execute(sa.text("select i from t order by i"))
        connection.execute(sa.text("select 'other'"))
    assert first.scalars().all() == [0, 1, 2, 3, 4]


def test_names_are_those_of_the_schema(con: duckdb.DuckDBPyConnection) -> None:
    with engine(con).connect() as connection:
        assert list(connection.execute(sa.text("select * from t limit 1")).keys()) == ["i"]
    assert dialect.tables(con, "facts") == {"t"}


def test_uncommitted_work_is_neither_seen_nor_rolled_back(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("begin")
    con.execute("insert into facts.t values (99)")
    with engine(con).connect() as connection:
        assert connection.execute(sa.text("select max(i) from t")).scalar() == 4
        connection.rollback()
    con.execute("commit")
    assert con.execute("select max(i) from facts.t").fetchall() == [(99,)]


def test_a_disposed_engine_lets_go_of_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "w.duckdb")
    con = duckdb.connect(path)
    con.execute("create schema facts; create table facts.t as select 1 as i")
    source = engine(con)
    with source.connect() as connection:
        connection.execute(sa.text("select * from t"))
    source.dispose()
    con.close()
    duckdb.connect(path, read_only=True).close()  # refused while a writing handle is open
