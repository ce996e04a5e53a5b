"""Which files a source's list names, and every format read through one door."""

import gzip
import json
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from backports import zstd

from pipelines.errors import SourceError
from pipelines.pack.city import CityPack
from pipelines.pulling import files
from pipelines.pulling.raw_layer import raw_rows
from pipelines.pulling.reading import Unit
from tests.pipelines.small_pack import changed, pull_all, write_pack


def pack_with(folder: Path, listed: list[str], *present: str) -> CityPack:
    text = changed("files: [calls.csv]", f"files: {json.dumps(listed)}")
    return write_pack(folder, dict.fromkeys(present, "id\n1\n"), text)


def names(folder: Path, listed: list[str], *present: str) -> list[str]:
    return [unit.name for unit in files.units(pack_with(folder, listed, *present), "calls")]


def test_a_star_is_any_text_but_a_slash(tmp_path: Path) -> None:
    present = ("data/a.csv", "data/b.csv", "data/more/c.csv", "data/a.csv.gz", "data/a[1].csv")
    assert names(tmp_path, ["data/*.csv"], *present) == ["data/a.csv", "data/a[1].csv", "data/b.csv"]
    assert names(tmp_path, ["*/more/*"], *present) == ["data/more/c.csv"]
    assert names(tmp_path, ["data/a[1]*"], *present) == ["data/a[1].csv"]


def test_a_file_is_listed_once_and_literal_ones_always(tmp_path: Path) -> None:
    assert names(tmp_path, ["b.csv", "*.csv", "gone.csv"], "a.csv", "b.csv") == [
        "b.csv", "a.csv", "calls.csv", "people.csv", "gone.csv",
    ]  # fmt: skip


def test_dated_names_have_their_days(tmp_path: Path) -> None:
    pack = pack_with(
        tmp_path, ["m_{month}.csv", "{day}/*.csv"], "m_2016-02.csv", "m_2016-2.csv", "m_all.csv", "2016-11-30/x.csv"
    )
    assert files.units(pack, "calls") == [
        Unit("m_2016-02.csv", (date(2016, 2, 1), date(2016, 2, 29))),
        Unit("2016-11-30/x.csv", (date(2016, 11, 30), date(2016, 11, 30))),
    ]


def test_a_date_that_comes_twice_is_the_same(tmp_path: Path) -> None:
    present = ("2016-01/c_2016-01.csv", "2016-01/c_2016-02.csv")
    assert names(tmp_path, ["{month}/c_{month}.csv"], *present) == ["2016-01/c_2016-01.csv"]


@pytest.mark.parametrize("name", ["c_2016-13.csv", "c_2016-00.csv"])
def test_a_month_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceError, match="no day or month") as caught:
        files.units(pack_with(tmp_path, ["c_{month}.csv"], name), "calls")
    assert caught.value.file == str(tmp_path / name)


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="2016-02-30"):
        files.units(pack_with(tmp_path, ["c_{day}.csv"], "c_2016-02-30.csv"), "calls")


ROWS = [{"id": "1", "名称": "盗窃"}, {"id": "2", "名称": '噪音, "loud"\nat night'}]
CSV = 'id,名称\n1,盗窃\n2,"噪音, ""loud""\nat night"\n'


def as_excel(path: Path) -> None:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("calls")
        for at, row in enumerate([list(ROWS[0]), *(list(row.values()) for row in ROWS)]):
            sheet.write_row(at, 0, row)


FORMATS = {
    "csv": ("calls.csv", "{}", CSV.encode()),
    "csv.gz": ("calls.csv.gz", "{}", gzip.compress(CSV.encode())),
    "csv.zst": ("calls.csv.zst", "{}", zstd.compress(CSV.encode())),
    "csv in GB18030": ("calls.csv", "{encoding: gb18030}", CSV.encode("gb18030")),
    "json": ("calls.json", "{reader: json, records: a.b}", json.dumps({"a": {"b": ROWS}}).encode()),
    "json.gz": ("calls.json.gz", "{reader: json}", gzip.compress(json.dumps(ROWS).encode())),
    "ndjson.zst": (
        "calls.jsonl.zst",
        "{reader: ndjson}",
        zstd.compress("\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()),
    ),
    "parquet": ("calls.parquet", "{reader: parquet}", None),
    "excel": ("calls.xlsx", "{reader: excel, sheet: calls}", None),
}


@pytest.mark.parametrize(("name", "layout", "content"), FORMATS.values(), ids=FORMATS.keys())
def test_every_format_comes_into_the_raw_table(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, name: str, layout: str, content: bytes | None
) -> None:
    pack = write_pack(tmp_path, city_yml=changed("files: [calls.csv]", f"files: [{name}]\n    format: {layout}"))
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    elif name.endswith(".xlsx"):
        as_excel(path)
    else:
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    assert files.read_header(path, pack.sources["calls"].format) == ["id", "名称"]
    [batch] = pull_all(con, pack)
    assert batch.read == 2
    rows = con.execute(f'select id, "名称", _malformed from {raw_rows("calls")} order by _line').fetchall()
    assert rows == [(*row.values(), None) for row in ROWS]


def test_an_empty_array_is_a_delivery_without_columns(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("files: [calls.csv]", "files: [calls.json]\n    format: {reader: json}")
    [empty] = pull_all(con, write_pack(tmp_path, {"calls.json": "[]"}, text))
    assert (empty.read, empty.is_new) == (0, True)
    pull_all(con, write_pack(tmp_path, {"calls.json": '[{"id": 7}]'}, text))
    assert con.execute(f"select id from {raw_rows('calls')}").fetchall() == [("7",)]
