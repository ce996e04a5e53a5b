"""Files come into the raw table whole: every record and malformed line once, with the line it starts on."""

import gzip
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.city_pack import CityPack, CsvFormat
from pipelines.errors import SourceError
from pipelines.loading import readers
from tests.pipelines import small_pack
from tests.pipelines.small_pack import call, changed, pull, text_of, write_pack

Raw = list[tuple[int, str | None, str | None, str | None]]


def raw(con: duckdb.DuckDBPyConnection, pack: CityPack) -> Raw:
    """Pull the only source; give line, both columns and malformed text of its current rows."""
    readers.pull(con, pack, "calls", pack.sources["calls"])
    query = f"select _line, a, b, _malformed from {readers.raw_rows('calls')} order by _line"
    return con.execute(query).fetchall()


def pack_of(folder: Path, content: bytes, layout: str = "{}", name: str = "calls.csv") -> CityPack:
    text = changed("files: [calls.csv]", f"files: [{name}]\n    format: {layout}")
    return write_pack(folder, {name: content}, text)


def read(con: duckdb.DuckDBPyConnection, folder: Path, content: bytes, layout: str = "{}") -> Raw:
    return raw(con, pack_of(folder, content, layout))


WRITTEN = {
    "plain": (b"a,b\n1,x\n2,y\n", "{}"),
    "last line without its end": (b"a,b\n1,x\n2,y", "{}"),
    "CRLF": (b"a,b\r\n1,x\r\n2,y\r\n", "{}"),
    "CR": (b"a,b\r1,x\r2,y\r", "{}"),
    "mixed line ends": (b"a,b\r\n1,x\n2,y\r\n", "{}"),
    "byte order mark": (b"\xef\xbb\xbfa,b\n1,x\n2,y\n", "{}"),
    "byte order mark, by line": (b"\xef\xbb\xbfa,b\r\n1,x\n2,y\n", "{}"),
    "semicolons": (b"a;b\n1;x\n2;y\n", '{delimiter: ";"}'),
    "tabs and apostrophes": (b"a\tb\n'1'\tx\n2\t'y'\n", '{delimiter: "\\t", quote: "\'"}'),
    "UTF-16": ("a,b\n1,x\n2,y\n".encode("utf-16"), "{encoding: utf-16}"),
    "header with blanks around": (b" a , b\n1,x\n2,y\n", "{}"),
    "further empty cells": (b"a,b\n1,x,,\n2,y,\n", "{}"),
    "further empty cells, by line": (b"a,b\r\n1,x,,\n2,y,\n", "{}"),
}


@pytest.mark.parametrize(("content", "layout"), WRITTEN.values(), ids=WRITTEN.keys())
def test_one_content_however_it_is_written(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, layout: str
) -> None:
    assert read(con, tmp_path, content, layout) == [(2, "1", "x", None), (3, "2", "y", None)]


def test_text_in_latin_1(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = "a,b\n1,Montréal\n\n2,\xa8\n".encode("latin-1")
    rows = read(con, tmp_path, content, "{encoding: latin-1}")
    assert rows == [(2, "1", "Montréal", None), (3, None, None, None), (4, "2", "\xa8", None)]


def test_a_file_with_only_a_header_is_read(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for at, content in enumerate((b"a,b\n", b"a,b", b"a,b\r\n")):
        assert read(con, tmp_path / str(at), content) == []


FAULTS = {
    "too few columns": (b"3\n", "1 columns instead of 2: 3"),
    "too many columns": (b"4,5,6\n", "3 columns instead of 2: 4,5,6"),
    "text after a quote": (b'5,"a"b\n', "',' expected after '\"': 5,\"a\"b"),
    "invalid byte": (b"6,\xa8x\n", "invalid encoding: 6,\\xa8x"),
    "invalid byte in quotes": (b'7,"\xa8"\n', 'invalid encoding: 7,"\\xa8"'),
    "unclosed quote": (b'8,"x\n', None),
}


@pytest.mark.parametrize(("fault", "text"), FAULTS.values(), ids=FAULTS.keys())
def test_a_malformed_line_costs_itself_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, fault: bytes, text: str | None
) -> None:
    rows = read(con, tmp_path, b'a,b\n1,"line\nbreak"\n' + fault + b'9,"also\nbroken"\n10,y\n')
    malformed = [row for row in rows if row[3] is not None]
    assert [row[:3] for row in malformed] == [(4, None, None)]
    assert malformed[0][3] == text or (text is None and str(malformed[0][3]).endswith(': 8,"x'))
    sound = [row for row in rows if row[3] is None]
    assert sound == [(2, "1", "line\nbreak", None), (5, "9", "also\nbroken", None), (7, "10", "y", None)]


def test_an_unclosed_quote_does_not_swallow_the_lines_after_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    lines = [b"%d,x" % number for number in range(2, 3000)]
    lines[1], lines[5], lines[-3], lines[-2] = b'3,"x', b'7,"x', b'2997,"y"z"', b'2998,"x'
    rows = read(con, tmp_path, b"a,b\n" + b"\n".join(lines) + b"\n")
    assert [row[0] for row in rows] == list(range(2, 3000))
    assert [row[0] for row in rows if row[3] is not None] == [3, 7, 2997, 2998]
    assert all(row[1] == str(row[0]) for row in rows if row[3] is None)


def test_a_quote_that_is_not_closed_before_the_longest_field_is_malformed(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    long = b"x" * 200_000
    rows = read(con, tmp_path, b'a,b\n1,"' + long + b'"\n2,y\n')
    assert [(row[0], row[1]) for row in rows] == [(2, None), (3, "2")]
    assert str(rows[0][3]).endswith('x"')


def test_a_stray_carriage_return_is_no_line_end(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = read(con, tmp_path, b'a,b\n1,"x\ry"\n2,"x\ny"\n3,z\r4,w\n5,v\n')
    assert [row[:3] for row in rows] == [(2, "1", "x\ry"), (3, "2", "x\ny"), (5, None, None), (6, "5", "v")]
    assert str(rows[2][3]).endswith(": 3,z\r4,w")


def test_empty_lines_are_rows(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = read(con, tmp_path, b"a,b\n\n1,x\n,\n\n2,y\n\n")
    assert [row[:3] for row in rows] == [
        (2, None, None),
        (3, "1", "x"),
        (4, None, None),
        (5, None, None),
        (6, "2", "y"),
        (7, None, None),
    ]


@dataclass(frozen=True)
class Written:
    """A file as it was written, and what must be read from it: line, id and second cell, both None where malformed."""

    content: bytes
    expected: list[tuple[int, str | None, str | None]]


@st.composite
def written(draw: st.DrawFn) -> Written:
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    content, line = b"id,what,more" + end, 2
    expected: list[tuple[int, str | None, str | None]] = []
    kinds = st.sampled_from(["plain", "plain", "break", "quotes", "few", "many", "stray", "byte", "empty"])
    for number, kind in enumerate(draw(st.lists(kinds, max_size=14))):
        name = f"r{number}"
        breaks = draw(st.integers(1, 3)) if kind == "break" else 0
        inside = b"one" + end * breaks + b"two"
        text, what = {
            "plain": (b"x,y", "x"),
            "break": (b'"%s","z"' % inside, inside.decode()),
            "quotes": (b'"say ""hi"", then","\xc3\xa9"', 'say "hi", then'),
            "few": (b"x", None),
            "many": (b"x,y,z", None),
            "stray": (b'"x"y,z', None),
            "byte": (b"\xff,z", None),
            "empty": (b"", ""),
        }[kind]
        content += (name.encode() + b"," + text if kind != "empty" else b"") + end
        expected.append((line, name if what else what, what))
        line += 1 + breaks
    if draw(st.booleans()) and expected:
        content = content.removesuffix(end)
        if expected[-1][1] == "":
            expected.pop()  # the end of the line before was all that there was of it
    return Written(content, expected)


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written())
def test_every_record_is_read_with_the_line_where_it_was_written(con: duckdb.DuckDBPyConnection, file: Written) -> None:
    with tempfile.TemporaryDirectory() as folder:
        pack = pack_of(Path(folder), file.content)
        con.execute("drop table if exists raw.calls; delete from ledger.delivery")
        [batch] = pull(con, pack)
        cells = ", ".join(f"case when _malformed is null then coalesce({name}, '') end" for name in ("id", "what"))
        assert con.execute(f"select _line, {cells} from raw.calls order by _line").fetchall() == file.expected
        assert batch.read == len(file.expected)


def test_lines_of_a_large_file_read_by_several_threads(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = b"".join(b"%d,%s\n" % (line, b"x" * 40) for line in range(2, 200_002))
    pack = pack_of(tmp_path, b"a,b\n" + rows)
    pull(con, pack)
    assert con.execute("select count(*), count(*) filter (where _line = a::bigint) from raw.calls").fetchall() == [
        (200_000, 200_000)
    ]


def damaged() -> Iterator[tuple[str, bytes]]:
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(20_000)))
    yield "cut short", whole[: len(whole) // 2]
    yield "checksum cut off", whole[:-5]
    yield "wrong checksum", whole[:-6] + bytes([whole[-6] ^ 255]) + whole[-5:]
    yield "no gzip", b"a,b\n1,2\n"
    middle = len(whole) // 2
    yield "flipped byte", whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]


@pytest.mark.parametrize("content", [content for _, content in damaged()], ids=[name for name, _ in damaged()])
def test_a_damaged_file_is_refused_and_nothing_of_it_kept(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes
) -> None:
    pack = pack_of(tmp_path, content, name="calls.csv.gz")
    with pytest.raises(SourceError, match="cannot be read") as caught:
        pull(con, pack)
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "calls.csv.gz"), 1)
    assert "fetch the file again" in str(caught.value.remedy)
    assert con.execute("select count(*) from ledger.delivery").fetchall() == [(0,)]
    assert con.execute("select count(*) from information_schema.tables where table_schema = 'raw'").fetchall() == [(0,)]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"\n1,2\n", "empty"),
        (b" , \n1,2\n", "empty"),
        (b"a,b,A\n1,2,3\n", "A, a more than once"),
        (b"a,_line\n1,2\n", "_line"),
        (b"a,\xff\n1,2\n", "cannot be read"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, problem: str
) -> None:
    with pytest.raises(SourceError) as caught:
        pull(con, pack_of(tmp_path, content))
    assert problem in caught.value.problem
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "calls.csv"), 1)
    assert caught.value.remedy


def test_a_missing_file_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, city_yml=changed("files: [calls.csv]", "files: [calls.csv, nowhere.csv]"))
    with pytest.raises(SourceError, match="missing") as caught:
        pull(con, pack)
    assert caught.value.file == str(tmp_path / "nowhere.csv")
    (tmp_path / "nowhere.csv").mkdir()
    with pytest.raises(SourceError, match="cannot be read"):
        pull(con, pack)


def test_another_encoding_than_declared_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        pull(con, pack_of(tmp_path, b"a,b\n1,2\n3", "{encoding: utf-16}"))


def test_a_column_without_a_name_is_called_after_its_position(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(',"a b",\n1,2,3\n', encoding="utf-8")
    assert readers.read_header(tmp_path / "r.csv", CsvFormat()) == ["column_1", "a b", "column_3"]


def test_files_of_one_source_may_differ_in_columns_and_case(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("files: [calls.csv]", "files: [one.csv, two.csv]")
    pack = write_pack(tmp_path, {"one.csv": "a,B\n1,x\n", "two.csv": "C,b,A\n5,y,2\n"}, text)
    pull(con, pack)
    rows = con.execute("select _file, a, b, c from raw.calls order by a").fetchall()
    assert rows == [("one.csv", "1", "x", None), ("two.csv", "2", "y", "5")]
    assert readers.source_columns(con, "calls") == ["a", "B", "C"]


def test_an_unchanged_file_is_not_read_again(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [call("1"), call("2")]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    [first] = pull(con, pack)
    [again] = pull(con, pack)
    assert (first.is_new, first.read) == (True, 2)
    assert again == readers.Batch("calls", first.batch_id, "calls.csv", 2, is_new=False)
    assert con.execute("select count(*) from raw.calls").fetchall() == [(2,)]


def test_a_file_that_goes_back_is_a_delivery_of_its_own(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    batches = []
    for rows in ([call("1")], [call("2")], [call("1")]):
        pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
        batches += pull(con, pack)
    assert len({batch.batch_id for batch in batches}) == 3
    current = con.execute("select batch_id from ledger.delivery where is_current").fetchall()
    assert current == [(batches[-1].batch_id,)]
    assert con.execute(f"select id from {readers.raw_rows('calls')}").fetchall() == [("1",)]


def test_the_source_is_part_of_a_batch(tmp_path: Path) -> None:
    (tmp_path / "f.csv").write_text(small_pack.PEOPLE, encoding="utf-8")
    identities = {
        readers.batch_id(source, file, tmp_path / "f.csv") for source in ("a", "b") for file in ("f.csv", "g.csv")
    }
    assert len(identities) == 4
