"""Nothing of a personal value reaches the warehouse."""

import hashlib
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import PackError, WardlightError
from pipelines.pulling import raw_layer
from pipelines.pulling.personal import WITHHELD, home_salt
from pipelines.pulling.pull import pull_source
from pipelines.pulling.raw_layer import raw_rows
from pipelines.warehouse import open_warehouse
from tests.pipelines.small_pack import SALT, changed, pull_all, write_pack

NAMES = "id,Name,street\n1,Ada Lovelace,High\n2,Ada Lovelace,\n3,,Low\n"


def listing(personal: str, more: str = "") -> str:
    return changed("files: [calls.csv]", f"files: [calls.csv]\n    personal: [{personal}]{more}")


def hashed(value: str, salt: bytes = SALT) -> str:
    return hashlib.sha256(salt + value.encode()).hexdigest()[:32]


def test_values_are_salted_hashes_and_null_stays_null(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pull_all(con, write_pack(tmp_path, {"calls.csv": NAMES}, listing("name")))
    rows = con.execute("select id, name, street from raw.calls order by id").fetchall()
    assert rows == [("1", hashed("Ada Lovelace"), "High"), ("2", hashed("Ada Lovelace"), None), ("3", None, "Low")]
    assert con.execute("select personal from ledger.delivery").fetchall() == [(["name"],)]


def test_other_salts_give_other_hashes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pull_source(con, write_pack(tmp_path, {"calls.csv": NAMES}, listing("name")), "calls", salt=bytes(32))
    assert con.execute("select name from raw.calls where id = '1'").fetchall() == [(hashed("Ada Lovelace", bytes(32)),)]


def test_pulling_without_the_salt_is_a_mistake_of_the_caller(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="salt"):
        pull_source(con, write_pack(tmp_path, {"calls.csv": NAMES}, listing("name")), "calls")


@pytest.mark.parametrize(
    ("content", "layout", "problem"),
    [
        ("id,name\n1,Ada\n2,Ada: Lovelace,x\n", "{}", "3 columns instead of 2"),
        ('id,name\n1,Ada\n2,"Ada: Lovelace"x\n', "{}", "',' expected after '\"'"),
        (
            '{"id": 1, "name": "Ada"}\n{"id": 2, "name": "Ada: Lovel\n',
            "{reader: ndjson}",
            "Unterminated string starting at",
        ),
        (
            '{"id": 1, "name": "Ada"}\n{"id": 2, "name": "Ada: Lovelace", "name": 1}\n',
            "{reader: ndjson}",
            "a key is given twice",
        ),
    ],
)
def test_of_a_malformed_text_only_the_problem_is_kept(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: str, layout: str, problem: str
) -> None:
    pull_all(con, write_pack(tmp_path, {"calls.csv": content}, listing("name", f"\n    format: {layout}")))
    malformed = con.execute("select _malformed from raw.calls where _malformed is not null").fetchall()
    assert malformed == [(f"{problem}: {WITHHELD}",)]


def test_no_clear_value_is_in_the_warehouse_file(tmp_path: Path) -> None:
    rows = "".join(f"{number},Lovelace{number}\n" for number in range(20_000))
    content = f"id,name\n{rows}x,Lovelace,more\n"
    with open_warehouse(tmp_path / "home") as con:
        raw_layer.ensure(con)
        pull_all(con, write_pack(tmp_path, {"calls.csv": content}, listing("name")))
        con.execute("checkpoint")
        assert con.execute("select count(distinct name) from raw.calls").fetchall() == [(20_000,)]
    for path in (tmp_path / "home").rglob("*"):
        if path.is_file():
            assert b"Lovelace" not in path.read_bytes(), path


@pytest.mark.parametrize("layout", ["{}", "{reader: json}"])
def test_a_column_that_is_not_there_is_refused_at_its_line(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, layout: str
) -> None:
    content = '[{"id": 1, "Nane": "Ada"}]' if "json" in layout else NAMES.replace("Name", "Nane")
    text = listing("street, name", f"\n    format: {layout}").replace("street, name", "id, name")
    with pytest.raises(PackError, match="no column 'name' to hide; the columns are id, Nane") as caught:
        pull_all(con, write_pack(tmp_path, {"calls.csv": content}, text))
    assert caught.value.field == "sources.calls.personal.1"
    assert caught.value.line == 1 + text[: text.index("personal:")].count("\n")
    assert con.execute("select count(*) from ledger.delivery").fetchall() == [(0,)]


def test_what_is_declared_later_is_hidden_in_what_was_read_before(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    pull_all(con, write_pack(tmp_path, {"calls.csv": NAMES + "4,Grace,x,y\n"}))
    pull_all(con, write_pack(tmp_path, {"calls.csv": NAMES}))
    [batch] = pull_all(con, write_pack(tmp_path, {"calls.csv": NAMES}, listing("name")))
    assert batch.is_new
    assert con.execute("select count(*), count(distinct _batch_id) from raw.calls").fetchall() == [(10, 3)]
    assert con.execute("select distinct name from raw.calls where name is not null").fetchall() == [
        (hashed("Ada Lovelace"),)
    ]
    assert con.execute("select _malformed from raw.calls where _malformed is not null").fetchall() == [
        (f"4 columns instead of 3: {WITHHELD}",)
    ]
    pull_all(con, write_pack(tmp_path, {"calls.csv": NAMES}, listing("street, name")))
    streets = con.execute("select distinct street from raw.calls where street is not null order by 1").fetchall()
    assert streets == [(each,) for each in sorted([hashed("High"), hashed("Low")])]
    assert con.execute(f"select distinct name from {raw_rows('calls')} where name is not null").fetchall() == [
        (hashed("Ada Lovelace"),)
    ]


def test_the_salt_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    salt = home_salt(tmp_path / "home")
    assert len(salt) == 32
    assert home_salt(tmp_path / "home") == salt != home_salt(tmp_path / "other")
    assert (tmp_path / "home" / "salt").stat().st_mode & 0o777 == 0o600


def test_a_damaged_salt_is_refused(tmp_path: Path) -> None:
    (tmp_path / "salt").write_bytes(b"short")
    with pytest.raises(WardlightError, match="5 bytes instead of 32"):
        home_salt(tmp_path)
