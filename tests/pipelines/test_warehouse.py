"""The warehouse: one writer, whole transactions, and names that cannot break out of their quotes."""

import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import warehouse
from pipelines.errors import WardlightError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys
from pathlib import Path
from pipelines.warehouse import open_warehouse, writing

home = Path(sys.argv[1])
with writing(home), open_warehouse(home):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_new_warehouse_has_its_schemas_and_keeps_what_is_written(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    with warehouse.open_warehouse(home) as con:
        con.execute("create table raw.t as select 1 as x")
    with warehouse.open_warehouse(home) as con:
        assert warehouse.scalar(con, "select x from raw.t") == 1
        found = {row[0] for row in con.execute("select schema_name from information_schema.schemata").fetchall()}
        assert set(warehouse.SCHEMAS) <= found
        assert con.execute("select current_setting('TimeZone')").fetchall() == [("UTC",)]
        assert str(con.execute("select current_setting('temp_directory')").fetchall()[0][0]) == str(home / "spill")


def test_a_damaged_warehouse_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(WardlightError, match="cannot be opened") as caught:
        warehouse.open_warehouse(tmp_path)
    assert caught.value.file == str(tmp_path / "warehouse.duckdb")
    assert "remove it" in str(caught.value.remedy)


def test_one_process_writes_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "LOCK_WAIT_SECONDS", 0.2)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(WardlightError, match="another run") as caught, warehouse.writing(tmp_path):
            pass
        assert caught.value.remedy
        with pytest.raises(WardlightError, match="cannot be opened"):
            warehouse.open_warehouse(tmp_path)
    finally:
        holder.communicate("", timeout=30)
    with warehouse.writing(tmp_path), warehouse.open_warehouse(tmp_path):
        pass


def test_a_killed_writer_does_not_keep_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "LOCK_WAIT_SECONDS", 5)
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    holder.kill()
    holder.communicate(timeout=30)
    with warehouse.writing(tmp_path), warehouse.open_warehouse(tmp_path):
        pass


def test_the_lock_is_released_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warehouse, "LOCK_WAIT_SECONDS", 0.2)
    with pytest.raises(ValueError, match="wrong"), warehouse.writing(tmp_path):
        raise ValueError("wrong")
    with warehouse.writing(tmp_path):
        pass


def write_and_fail(con: duckdb.DuckDBPyConnection, error: type[BaseException]) -> None:
    with warehouse.transaction(con):
        con.execute("insert into t values (2); create table u (x integer)")
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_transaction_is_whole_or_not_at_all(error: type[BaseException]) -> None:
    with duckdb.connect() as con:
        con.execute("create table t (x integer)")
        with warehouse.transaction(con):
            con.execute("insert into t values (1)")
        with pytest.raises(error):
            write_and_fail(con, error)
        assert con.execute("from t").fetchall() == [(1,)]
        assert not warehouse.has_table(con, "main", "u")
        with pytest.raises(duckdb.Error), warehouse.transaction(con):
            con.execute("insert into t values (3); insert into nowhere values (3)")
        assert con.execute("from t").fetchall() == [(1,)]


@settings(deadline=None, max_examples=50)
@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_names_and_texts_stay_what_they_are(text: str) -> None:
    with duckdb.connect() as con:
        cursor = con.execute(f"select {warehouse.literal(text)} as {warehouse.quoted(text)}")
        assert cursor.description[0][0] == text
        assert cursor.fetchall() == [(text,)]


def test_small_questions() -> None:
    with duckdb.connect() as con:
        con.execute('create schema s; create table s.t as select 1 as b, 2 as "A"; create view s.v as from s.t')
        assert warehouse.columns(con, "s", "t") == ["b", "A"]
        assert [warehouse.has_table(con, "s", name) for name in ("t", "v", "w")] == [True, True, False]
        assert not warehouse.has_table(con, "main", "t")
        assert warehouse.one_row(con, "select b, ? from s.t", (7,)) == (1, 7)
        with pytest.raises(LookupError, match="no row"):
            warehouse.scalar(con, "select b from s.t where b > 1")
        assert con.execute(f"select {warehouse.date_literal(date(2016, 2, 29))}").fetchall() == [(date(2016, 2, 29),)]
