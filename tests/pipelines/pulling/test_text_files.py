"""Text files come into the raw table whole: every record and malformed line once, with the line it starts on."""

import csv
import gzip
import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from backports import zstd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import SourceError
from pipelines.pack.city import CityPack
from pipelines.pack.origins import CsvFormat
from pipelines.pulling import raw_layer, sifting, text_files
from pipelines.pulling.recovery import line_ends, read_records
from pipelines.warehouse import quoted
from tests.pipelines.small_pack import changed, pull_all, write_pack

pytestmark = pytest.mark.slow

Raw = list[tuple[int, str | None, str | None, str | None]]


def raw(con: duckdb.DuckDBPyConnection, pack: CityPack) -> Raw:
    """Pull the only source; give line, both columns and malformed text of its current rows."""
    pull_all(con, pack)
    query = f"select _line, a, b, _malformed from {raw_layer.raw_rows('calls')} order by _line"
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


IN_CHINESE = '编号,名称\n1,盗窃\n2,"噪音，\n扰民"\n3,㐀𠮷\n'
OTHERS = {
    "gb18030": IN_CHINESE,
    "gbk": IN_CHINESE.replace("㐀𠮷", "镕"),
    "utf-16": IN_CHINESE,
    "big5": '編號,名稱\n1,竊盜\n2,"噪音，\n擾民"\n3,功\n',
    "shift_jis": '番号,名称\n1,窃盗\n2,"騒音、\n表ソ"\n3,ｶﾅ\n',
    "windows-1252": 'number,name\n1,Montréal\n2,"“quoted”\n€"\n3,ž\n',
    "latin-1": 'number,name\n1,Montréal\n2,"ñ\nß"\n3,\xa0ÿ\n',
}


@pytest.mark.parametrize("packing", [bytes, gzip.compress, zstd.compress], ids=["plain", "gzip", "zstd"])
@pytest.mark.parametrize("ends", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize(("encoding", "text"), OTHERS.items(), ids=OTHERS.keys())
def test_other_encodings(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    encoding: str,
    text: str,
    ends: str,
    packing: Callable[[bytes], bytes],
) -> None:
    suffix = {gzip.compress: ".gz", zstd.compress: ".zst"}.get(packing, "")
    name = f"calls.csv{suffix}"
    pack = pack_of(tmp_path, packing(text.replace("\n", ends).encode(encoding)), f"{{encoding: {encoding}}}", name)
    pull_all(con, pack)
    header, *expected = csv.reader(io.StringIO(text))
    listed = ", ".join(map(quoted, header))
    found = con.execute(f"select _line, {listed} from raw.calls order by _line").fetchall()
    assert found == [
        (line, *cells)
        for line, cells in zip((2, 3, 5), ([cell.replace("\n", ends) for cell in row] for row in expected), strict=True)
    ]


def test_bytes_that_are_not_of_the_encoding_cost_their_line_alone(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    content = "a,b\n1,盗窃\n2,".encode("gb18030") + b"\x81\n3,\xff\n" + "4,噪音\n".encode("gb18030")
    assert read(con, tmp_path, content, "{encoding: gb18030}") == [
        (2, "1", "盗窃", None),
        (3, None, None, "invalid encoding: 2,\\x81"),
        (4, None, None, "invalid encoding: 3,\\xff"),
        (5, "4", "噪音", None),
    ]


def test_undecodable_bytes_do_not_become_other_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    # 81 is undefined in windows-1252; escaped byte by byte, C3 81 would be the UTF-8 of another letter.
    rows = read(con, tmp_path, b"a,b\n1,\xc3\x81\n2,\x80\n", "{encoding: windows-1252}")
    assert rows == [(2, None, None, "invalid encoding: 1,\xc3\\x81"), (3, "2", "€", None)]


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


def test_a_header_that_a_carriage_return_alone_ends_is_refused_where_other_lines_end_otherwise(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match="first line ends in a carriage return") as refused:
        read(con, tmp_path, b"a,b\r1,x\n2,y\n")
    assert refused.value.line == 1


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


def test_blanks_around_quotes_are_no_part_of_a_cell(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    sound = b'a,b\n1, "x, y"\n"2" , y\n'
    for at, content in enumerate((sound, sound + b"broken\n")):
        rows = read(con, tmp_path / str(at), content)
        assert rows[:2] == [(2, "1", "x, y", None), (3, "2", " y", None)]


def test_a_zero_byte_is_text(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert read(con, tmp_path, b"a,b\n1,\0,\0\n2,x\0y\n") == [
        (2, None, None, "3 columns instead of 2: 1,\0,\0"),
        (3, "2", "x\0y", None),
    ]


def test_a_delimiter_of_several_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = "a，b\n1，x\n2\n3，“y，z“\n".encode()
    rows = read(con, tmp_path, content, "{delimiter: ，, quote: “}")
    assert rows == [(2, "1", "x", None), (3, None, None, "1 columns instead of 2: 2"), (4, "3", "y，z", None)]


pieces = st.sampled_from(
    [b"a", b",", b",", b'"', b'"', b" ", b"\n", b"\n", b"\r\n", b"\xc3\xa9", b"\0", b"\r", b"\xff"]
)
cells = st.sampled_from([b"a", b'"a"', b'"a,b"', b'"a\nb"', b"", b'""', b'"a""b"', b" a", b'a"b', b' "a"', b'"a'])
lines = st.lists(cells, min_size=1, max_size=3).map(lambda row: b",".join(row) + b"\n")


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(pieces | lines, max_size=14).map(b"".join), st.sampled_from([5, 16, 64, 1 << 20]))
def test_the_ways_to_read_agree_on_any_bytes(con: duckdb.DuckDBPyConnection, body: bytes, chunk_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sifting, "CHUNK_BYTES", chunk_bytes)
        path = Path(folder) / "calls.csv"
        con.execute("drop view if exists raw.calls; delete from ledger.delivery")
        found = read(con, Path(folder), b"a,b\n" + body)
        by_record = read_records(path, CsvFormat(), 2, line_ends(path, CsvFormat()))
        assert found == [(each.line, *(cell or None for cell in each.cells), each.malformed) for each in by_record]


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
        con.execute("drop view if exists raw.calls; delete from ledger.delivery")
        [batch] = pull_all(con, pack)
        cells = ", ".join(f"case when _malformed is null then coalesce({name}, '') end" for name in ("id", "what"))
        assert con.execute(f"select _line, {cells} from raw.calls order by _line").fetchall() == file.expected
        assert batch.read == len(file.expected)


def test_lines_of_a_large_file_read_by_several_threads(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = b"".join(b"%d,%s\n" % (line, b"x" * 40) for line in range(2, 200_002))
    pack = pack_of(tmp_path, b"a,b\n" + rows)
    pull_all(con, pack)
    assert con.execute("select count(*), count(*) filter (where _line = a::bigint) from raw.calls").fetchall() == [
        (200_000, 200_000)
    ]


def test_few_odd_lines_of_a_large_file(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    odd = {50_000: b"50000\n", 150_000: b'150000,"x\ny"\n', 180_000: b'180000,"x\n'}
    body, expected, line = b"", [], 2
    parts = []
    for number in range(200_000):
        text = odd.get(number, b"%d,%s\n" % (number, b"x" * 60))
        expected.append((line, None if number in (50_000, 180_000) else str(number)))
        line += 2 if number == 150_000 else 1
        parts.append(text)
    body = b"".join(parts)
    pack = pack_of(tmp_path, b"a,b\n" + body)
    [batch] = pull_all(con, pack)
    assert con.execute("select _line, a from raw.calls order by _line").fetchall() == expected
    assert batch.read == 200_000


def damaged() -> Iterator[tuple[str, bytes]]:
    whole = gzip.compress(b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(20_000)))
    yield "cut short", whole[: len(whole) // 2]
    yield "checksum cut off", whole[:-5]
    yield "wrong checksum", whole[:-6] + bytes([whole[-6] ^ 255]) + whole[-5:]
    yield "no gzip", b"a,b\n1,2\n"
    middle = len(whole) // 2
    yield "flipped byte", whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :]


def test_a_damaged_zstandard_file_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7919) for n in range(20_000))
    whole = zstd.compress(text, options={zstd.CompressionParameter.checksum_flag: 1})
    for content in (whole[: len(whole) // 2], whole[:9000] + b"\0" * 40 + whole[9040:], b"a,b\n1,2\n"):
        with pytest.raises(SourceError, match="cannot be read"):
            pull_all(con, pack_of(tmp_path, content, name="calls.csv.zst"))


@pytest.mark.parametrize("content", [content for _, content in damaged()], ids=[name for name, _ in damaged()])
def test_a_damaged_file_is_refused_and_nothing_of_it_kept(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes
) -> None:
    pack = pack_of(tmp_path, content, name="calls.csv.gz")
    with pytest.raises(SourceError, match="cannot be read") as caught:
        pull_all(con, pack)
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
        (b"a,File_Row_Number\n1,2\n", "File_Row_Number"),
        (b"a,\xff\n1,2\n", "cannot be read"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, content: bytes, problem: str
) -> None:
    with pytest.raises(SourceError) as caught:
        pull_all(con, pack_of(tmp_path, content))
    assert problem in caught.value.problem
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "calls.csv"), 1)
    assert caught.value.remedy


@pytest.mark.parametrize("layout", ["{}", "{encoding: gb18030}", "{reader: json}"])
def test_a_column_that_cannot_be_named_is_refused_with_its_file(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, layout: str
) -> None:
    content = b'[{"a": 1, "b\\u0000": 2}]' if "json" in layout else b"a,b\0\n1,2\n"
    with pytest.raises(SourceError, match=r"column named 'b.x00'") as caught:
        pull_all(con, pack_of(tmp_path, content, layout))
    assert caught.value.file == str(tmp_path / "calls.csv")
    assert caught.value.remedy


def test_another_encoding_than_declared_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        pull_all(con, pack_of(tmp_path, b"a,b\n1,2\n3", "{encoding: utf-16}"))


def test_a_column_without_a_name_is_called_after_its_position(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(',"a b",\n1,2,3\n', encoding="utf-8")
    assert text_files.read_header(tmp_path / "r.csv", CsvFormat()) == ["column_1", "a b", "column_3"]
