"""Files broken in every way that chance finds: a clear error or rows in quarantine, never a traceback or a loss.

A sample by default; `make fuzz` asks for ten thousand files through WARDLIGHT_FUZZ_FILES, in chunks that run side by
side.
"""

import gzip
import io
import json
import os
import re
from pathlib import Path
from random import Random

import polars as pl
import pytest
import xlsxwriter

from pipelines.errors import LedgerError, WardlightError
from tests.pipelines import small_pack
from tests.pipelines.small_pack import COLUMNS, call, changed, load, text_of, write_pack

pytestmark = pytest.mark.slow

FILES = int(os.environ.get("WARDLIGHT_FUZZ_FILES", "240"))
MOST_AT_ONCE = 100
ROWS = 12
# Every row carries one, so that a row that is lost can be told.
TOKEN = re.compile(r"tok\d{4}x")
FORMATS = {
    "csv": ("calls.csv", ""),
    "csv.gz": ("calls.csv.gz", ""),
    "gb18030": ("calls.csv", "{encoding: gb18030}"),
    "ndjson": ("calls.ndjson", "{reader: ndjson}"),
    "json": ("calls.json", "{reader: json}"),
    "parquet": ("calls.parquet", "{reader: parquet}"),
    "excel": ("calls.xlsx", "{reader: excel}"),
}
READABLE_AS_TEXT = ("csv", "ndjson")
# What breaks the header is not what is asked here.
DRIFT = "    drift: {missing_column: adapt, renamed_column: adapt}\n"


def rows_of(chance: Random) -> list[dict[str, str]]:
    words = ("theft", 'a "quoted" word', "two\nlines", "comma, here", "盗窃", "", "Ω≈ç")
    return [
        call(
            f"tok{at:04}x",
            chance.choice(("2016-03-01 10:00", "2016-06-30 23:59", "soon", "")),
            area=chance.choice(("1", "2", "9", "")),
            what=chance.choice(words),
            prio=chance.choice(("1", "4", "urgent")),
            x=chance.choice(("0.5", "2.5", "50", "east")),
            y="0.5",
        )
        for at in range(ROWS)
    ]


def written(kind: str, rows: list[dict[str, str]]) -> bytes:
    text = text_of(rows)
    if kind == "csv":
        return text.encode()
    if kind == "csv.gz":
        return gzip.compress(text.encode(), mtime=0)
    if kind == "gb18030":
        return text.encode("gb18030")
    if kind == "ndjson":
        return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    if kind == "json":
        return json.dumps(rows, ensure_ascii=False).encode()
    out = io.BytesIO()
    if kind == "parquet":
        pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String)).write_parquet(out)
    else:
        with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            for at, cells in enumerate([list(COLUMNS), *([row[column] for column in COLUMNS] for row in rows)]):
                sheet.write_row(at, 0, cells)
    return out.getvalue()


def broken(content: bytes, chance: Random) -> bytes:
    """Break a file in one to four places."""
    mutated = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(mutated) + 1)
        upto = min(len(mutated), at + chance.randint(1, 40))
        how = chance.choice(("flip", "cut", "drop", "repeat", "insert", "punctuate", "swap line ends"))
        if how == "flip" and at < len(mutated):
            mutated[at] ^= 1 << chance.randrange(8)
        elif how == "cut":
            del mutated[at:]
        elif how == "drop":
            del mutated[at:upto]
        elif how == "repeat":
            mutated[at:at] = mutated[at:upto]
        elif how == "insert":
            mutated[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        elif how == "punctuate":
            mutated[at:at] = chance.choice(
                (b'"', b",", b"\n", b"\r", b"\0", b"{", b"]", b"\\", b"\xef\xbb\xbf", b"\xff")
            )
        elif how == "swap line ends":
            mutated = bytearray(mutated.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n"))))
    return bytes(mutated)


def chunks() -> list[range]:
    """Give the seeds of each format, in parts of about the same size."""
    files = FILES // len(FORMATS)
    parts = -(-files // MOST_AT_ONCE)
    return [range(files * part // parts, files * (part + 1) // parts) for part in range(parts)]


@pytest.mark.parametrize("seeds", chunks(), ids=str)
@pytest.mark.parametrize("kind", FORMATS)
def test_a_broken_file_is_refused_or_accounted_for(kind: str, seeds: range, tmp_path: Path) -> None:
    name, layout = FORMATS[kind]
    text = changed("files: [calls.csv]", f"files: [{name}]" + (f"\n    format: {layout}" if layout else ""))
    pack = write_pack(tmp_path, {name: b""}, text + DRIFT)
    outcomes = {"refused": 0, "loaded": 0}
    for seed in seeds:
        chance = Random(f"{kind} {seed}")
        content = broken(written(kind, rows_of(chance)), chance)
        with small_pack.warehouse() as con:
            pack.path(name).write_bytes(content)
            refusal = None
            try:
                load(con, pack)
            except WardlightError as error:
                refusal = error
            outcomes["refused" if refusal else "loaded"] += 1
            if refusal:
                assert not isinstance(refusal, LedgerError), (seed, refusal)
                assert refusal.remedy, (seed, refusal)
                assert refusal.file is not None, (seed, refusal)
                continue
            if kind in READABLE_AS_TEXT:
                names = [column for (column,) in con.execute("select column_name from (describe raw.calls)").fetchall()]
                cells = ", ".join(f'"{column}"::varchar' for column in names)
                kept = con.execute(f"select concat_ws(' ', {cells}) from raw.calls").fetchall()
                found = {token for (row,) in kept for token in TOKEN.findall(str(row))}
                below = (
                    content.decode("utf-8", "replace").splitlines()[1:]
                    if kind == "csv"
                    else [content.decode("utf-8", "replace")]
                )
                assert {token for line in below for token in TOKEN.findall(line)} <= found, seed
    # Checksums betray whatever happens to a packed file.
    assert outcomes["loaded"] or kind in ("csv.gz", "excel"), outcomes
    # Of a text, what is broken costs itself alone; few files are refused whole.
    assert outcomes["refused"] or kind in (*READABLE_AS_TEXT, "json"), outcomes
