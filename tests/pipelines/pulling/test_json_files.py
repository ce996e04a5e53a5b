"""JSON arrays and NDJSON come in as written; what is broken costs itself alone."""

import gzip
import json
import tempfile
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.pack.origins import JsonFormat, NdjsonFormat
from pipelines.pulling import json_files, json_text
from pipelines.warehouse import quoted

ARRAY, LINES = JsonFormat(reader="json"), NdjsonFormat(reader="ndjson")


def read(
    con: duckdb.DuckDBPyConnection, folder: Path, content: bytes, layout: JsonFormat | NdjsonFormat = LINES
) -> list[dict[str, object]]:
    """Read a file; give its rows as they are in the table, without nulls."""
    path = folder / "records.json"
    path.write_bytes(content)
    reading = json_files.read(con, path, layout)
    assert json_files.read_header(path, layout) == reading.header
    columns = ["_line", "_malformed", *reading.header]
    rows = con.execute(f"select {', '.join(map(quoted, columns))} from {reading.relation} order by _line").fetchall()
    assert len(rows) == reading.rows
    return [{name: cell for name, cell in zip(columns, row, strict=True) if cell is not None} for row in rows]


def test_values_stay_as_they_are_written(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    record = (
        '{"price": 1.10, "id": 123456789012345678901234567890, "far": 1E+400, "zero": -0.0, "yes": true, "no": false, '
        '"none": null, "empty": "", "text": "1.10", "名称": "盗窃\\n\\ud83d\\ude00", '
        '"nested": {"a": [1.10, "é", null, {"b": 5e-1}]}, "list": []}'
    )
    expected = {
        "price": "1.10",
        "id": "123456789012345678901234567890",
        "far": "1E+400",
        "zero": "-0.0",
        "yes": "true",
        "no": "false",
        "empty": "",
        "text": "1.10",
        "名称": "盗窃\n😀",
        "nested": '{"a": [1.10, "é", null, {"b": 5e-1}]}',
        "list": "[]",
    }
    assert read(con, tmp_path, record.encode()) == [{"_line": 1, **expected}]
    assert read(con, tmp_path, f"[{record}]".encode(), ARRAY) == [{"_line": 1, **expected}]
    assert "none" in json_files.read_header(tmp_path / "records.json", ARRAY)


def test_keys_of_all_records_are_the_columns(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert read(con, tmp_path, b'{"a": 1}\n{"b": 2, "a": 3}\n{}\n\n{"c": 4}') == [
        {"_line": 1, "a": "1"},
        {"_line": 2, "a": "3", "b": "2"},
        {"_line": 3},
        {"_line": 4},
        {"_line": 5, "c": "4"},
    ]


BROKEN = {
    "cut short": (b'{"a": 1, "b', "Unterminated string starting at: "),
    "not JSON": (b"oops", "Expecting value: oops"),
    "two values": (b'{"a": 1} {"a": 2}', "more than one value: "),
    "no object": (b"[1, 2]", "not an object: [1, 2]"),
    "a key twice": (b'{"a": 1, "a": 2}', "a key is given twice: "),
    "a key twice within": (b'{"a": {"b": 1, "b": 2}}', "a key is given twice: "),
    "own column": (b'{"_line": 1}', "a key differs from another in upper and lower case only, or is one that"),
    "other case": (b'{"A": 1}', "a key differs from another in upper and lower case only, or is one that"),
    "no key": (b'{"": 1}', "a key is empty or no Unicode: "),
    "invalid byte": (b'{"a": "\xff"}', 'invalid encoding: {"a": "\\xff"}'),
    "half a character": (b'{"a": "\\ud800"}', 'invalid encoding: {"a": "\\ud800"}'),
    "half a character in a key": (b'{"\\udfff": 1}', "a key is empty or no Unicode: "),
    "too deep": (b"[" * 100_000, "nested too deeply: [[["),
}


@pytest.mark.parametrize(("fault", "malformed"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_line_costs_itself_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, fault: bytes, malformed: str
) -> None:
    before, broken, after = read(con, tmp_path, b'{"a": "x"}\n' + fault + b'\r\n{"a": "y"}\n')
    assert (before, after) == ({"_line": 1, "a": "x"}, {"_line": 3, "a": "y"})
    assert broken.keys() == {"_line", "_malformed"}
    assert str(broken["_malformed"]).startswith(malformed)
    assert len(str(broken["_malformed"])) < 3000


@pytest.mark.parametrize("chunk_bytes", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("content", "where"),
    [
        (b'[{"a": 12}, {"a": "]"}]', ""),
        (b'\xef\xbb\xbf \n[ {"a" :12 } ,{"a":"]"} ] and more', ""),
        (
            b'{"meta": {"a": [1, "]"], "b": {}}, "n": -1.5, "result": {"x": "{", "records": [{"a": 12}, {"a": "]"}]}}',
            "result.records",
        ),
        (b'{"records": [{"a": 12}, {"a": "]"}], "n": 2}', "records"),
    ],
)
def test_an_array_is_found_where_the_format_says(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    where: str,
    chunk_bytes: int,
) -> None:
    monkeypatch.setattr(json_text, "CHUNK_BYTES", chunk_bytes)
    layout = JsonFormat(reader="json", records=where)
    assert read(con, tmp_path, content, layout) == [{"_line": 1, "a": "12"}, {"_line": 2, "a": "]"}]


def test_a_document_without_records_has_none(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert read(con, tmp_path, b" [ ] ", ARRAY) == []


@pytest.mark.parametrize(
    "rest",
    [b"", b', {"a"', b", oops]", b', {"a": 3} {"a": 4}]', b"," + b"[" * 100_000, b', {"a": "\xff'],
)
def test_the_records_before_a_break_are_read(con: duckdb.DuckDBPyConnection, tmp_path: Path, rest: bytes) -> None:
    rows = read(con, tmp_path, b'[{"a": 1}, {"a": 2}' + rest, ARRAY)
    assert rows[:2] == [{"_line": 1, "a": "1"}, {"_line": 2, "a": "2"}]
    *_, last = rows
    assert last.keys() == {"_line", "_malformed"}
    assert "document" in str(last["_malformed"]).split(": ")[0]


def test_an_element_that_is_no_record_costs_itself_alone(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = read(con, tmp_path, b'[{"a": 1}, 17, {"a": 1, "a": 2}, null, {"a": 2}]', ARRAY)
    assert [row.get("_malformed") for row in rows] == [
        None, "not an object: 17", 'a key is given twice: {"a": 1, "a": 2}', "not an object: null", None,
    ]  # fmt: skip
    assert rows[-1] == {"_line": 5, "a": "2"}


@pytest.mark.parametrize(
    ("content", "where", "problem"),
    [
        (b"", "", "the file is empty"),
        (b"  \n", "", "the file is empty"),
        (b"<html>", "", "at the top there is something else, not an array"),
        (b'{"records": []}', "", "at the top there is an object, not an array"),
        (b'{"meta": 1, "data": []}', "records", "no key 'records'; the keys are meta, data"),
        (b'{"result": []}', "result.records", "at result there is an array, not an object"),
        (b'{"result": {"records": {}}}', "result.records", "at result.records there is an object, not an array"),
        (b'{"result": {"rec', "result.records", "before the records this is no JSON"),
        (b'{"result": ', "result.records", "at result there is the end of the document"),
    ],
)
def test_a_document_that_does_not_hold_the_array_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, where: str, problem: str
) -> None:
    with pytest.raises(SourceError) as caught:
        read(con, tmp_path, content, JsonFormat(reader="json", records=where))
    assert problem in caught.value.problem
    assert caught.value.file == str(tmp_path / "records.json")
    assert caught.value.remedy


def test_an_empty_file_of_lines_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for content in (b"", b"\n \n"):
        with pytest.raises(SourceError, match="empty"):
            read(con, tmp_path, content)


def test_a_damaged_file_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    packed = gzip.compress(b'{"a": 1}\n' * 50_000)
    (tmp_path / "calls.json.gz").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(SourceError, match="cannot be read"):
        json_files.read(con, tmp_path / "calls.json.gz", LINES)


words = st.text(st.characters(codec="utf-8"), max_size=6)
numbers = st.integers() | st.decimals(allow_nan=False, allow_infinity=False) | st.floats(allow_nan=False)
values = st.none() | st.booleans() | words | numbers | st.lists(st.integers(), max_size=2)
names = st.sampled_from(["id", "名称", "with space", 'a"b', "x.y"])


@pytest.mark.slow
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.dictionaries(names, values, max_size=4), min_size=1, max_size=8), st.booleans())
def test_any_records_are_read_back(
    con: duckdb.DuckDBPyConnection, records: list[dict[str, object]], is_ascii: bool
) -> None:
    texts = [
        {name: str(value) if not isinstance(value, bool | list | None) else value for name, value in record.items()}
        for record in records
    ]
    written = [json.dumps(record, ensure_ascii=is_ascii) for record in texts]
    expected = [
        {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in record.items()
            if value is not None
        }
        for record in texts
    ]
    with tempfile.TemporaryDirectory() as folder:
        document = read(con, Path(folder), f"[{', '.join(written)}]".encode(), ARRAY)
        assert [{k: v for k, v in row.items() if k != "_line"} for row in document] == expected
        if any(records):
            by_line = read(con, Path(folder), "\n".join(written).encode())
            assert by_line == document
