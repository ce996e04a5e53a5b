"""What drift tells of personal columns: that they changed, never what stands in them, not even as a hash."""

from pathlib import Path

import duckdb
import pytest

from pipelines.drift.evidence import shape_of
from tests.pipelines.deliveries import ROWS, calls, content, detected
from tests.pipelines.small_pack import changed

NAMES = ("Zhang San", "Li Si", "Wang Wu", "张三", "李四")
PERSONAL = "    personal: [WHAT, Prio]\n"  # as a pack may write it: upper and lower case are one
PLAIN = changed("    expected:", PERSONAL + "    expected:")
TABLE = PLAIN.replace("category: what", "category: {column: what, values: {theft: '0502', fight: '0201'}}")


def suggestions(con: duckdb.DuckDBPyConnection, folder: Path, columns: tuple[str, ...], city_yml: str) -> list[str]:
    """Tell of a delivery in which columns hold names, after one in which they held words and numbers."""
    before = content(calls(0, 300))
    later = content(calls(1000, ROWS, lambda at, row: dict.fromkeys(columns, NAMES[at % len(NAMES)])))
    return [each.suggestion for each in detected(con, folder, before, later, city_yml=city_yml)]


@pytest.mark.parametrize(
    ("city_yml", "told"),
    [
        (TABLE, ["the value table of category leaves out 5 texts of column what, which is personal"]),
        (PLAIN, []),
    ],
)
def test_no_value_of_a_personal_column_is_told(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, city_yml: str, told: list[str]
) -> None:
    found = suggestions(con, tmp_path, ("what", "prio"), city_yml)
    assert [part in text for part, text in zip(told, found, strict=True)] == [True] * len(told)
    rows = con.execute("select distinct what from raw.calls union select distinct prio from raw.calls").fetchall()
    hashes = [str(row[0]) for row in rows]
    assert {len(each) for each in hashes} == {32}
    for text in found:
        assert not [each for each in (*NAMES, *hashes) if each in text], text


def test_the_same_columns_are_told_of_where_they_are_not_personal_and_no_text_is_quoted(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    found = suggestions(con, tmp_path, ("what", "prio"), TABLE.replace(PERSONAL, ""))
    assert any("leaves out 5 texts of column what: " in text for text in found), found
    # Of a column of another type only the shape is told: what stands in it may be anything.
    assert any("column prio was a number and now looks like aa" in text for text in found), found
    assert not [text for text in found if any(name in text for name in NAMES)]


@pytest.mark.parametrize(("field", "is_told"), [("outcome", True), ("address_key", False)])
def test_a_key_is_no_category(con: duckdb.DuckDBPyConnection, tmp_path: Path, field: str, is_told: bool) -> None:
    found = suggestions(con, tmp_path, ("what",), changed("category: what", f"{field}: what"))
    assert any("has 5 new and frequent texts" in text for text in found) == is_told


def test_the_most_frequent_text_is_held_against_the_words_of_the_table(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    later = content(calls(100, change=lambda at, row: {"what": "Thefts"}))
    [found] = detected(con, tmp_path, content(calls()), later, city_yml=TABLE.replace(PERSONAL, ""))
    assert "(the most frequent is perhaps 'theft', written otherwise)" in found.suggestion
    assert "Thefts" not in found.suggestion


def test_shapes_say_nothing_of_the_text() -> None:
    assert {shape_of(name) for name in NAMES} == {"aaaaa aaa", "aa aa", "aaaa aa", "aa"}
    assert shape_of("Ünal 12-３, ٤٥.6") == "aaaa 00-0, 00.0"
