"""Guessing from a table what its columns are: encoding, delimiter, times, numbers, codes, ids, places, persons.

Belongs here: what the texts and the column names suggest. How a suggestion is written down is `drafting`.
"""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.errors import SourceError
from pipelines.pack.sources import Kind

# Rows looked at; a longer file is told of.
SAMPLE_ROWS = 200_000
_SAMPLE_BYTES = 64 << 20
# A guess about the texts of a column must fit so many of them: some cells of a real table are always wrong.
_FIT = 0.95
# Texts tried against every time format.
_TRIED_TEXTS = 500
_MOST_CODES = 15
_LAST_ASCII = 127
# Share of its characters that a table with Chinese texts has beyond ASCII, at the least.
_LEAST_CHINESE = 0.01
_NULL_TEXTS = ("NULL", "null", "N/A", "n/a", "NA", "None", "(null)", "-", "--", "?", "unknown", "Unknown", "UNKNOWN")
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y%m%d", "%d-%b-%Y")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%H%M")
_YEARS_2 = ("%m/%d/%y", "%d/%m/%y", "%d.%m.%y")
_FORMATS = (
    *(f"{day}{gap}{clock}" for day in (*_DAYS, *_YEARS_2) for gap in (" ", "T") for clock in _CLOCKS),
    *("%Y年%m月%d日 %H:%M", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日", "%Y%m%d%H%M%S"),
    *_DAYS,
    *_YEARS_2,
)
_PERSONAL = (
    r"(^|first|last|full|given|family|victim|suspect|caller|person|contact|officer)_?name$|surname|phone|mobile|e_?mail|"
    r"address|passport|birth|^caller$|person_?(id|key)|姓名|电话|地址"
)
_AREA = r"district|precinct|ward|beat|neighbou?rhood|borough|sector|zone|area|community|quarter|区|街道|辖区|社区"
_ID = r"(^|_)(id|no|nr|num|number|key|uid|uuid|ref|reference|case)($|_)|(id|no|number)$|编号|号$"
_KIND_WORDS: dict[Kind, str] = {
    "incident": r"offen[cs]e|crime|incident|victim|weapon|dispatch|occur|burglary|theft|homicide|iucr|ucr|案",
    "patrol": r"patrol|officer|stop|frisk|search|subject|personnel|patrulla|巡逻",
    "service": r"request|complaint|service|agency|channel|resolution|due|satisf|ticket|opened|诉求|工单",
    "handoff": r"from_agency|to_agency|handoff|referral|acknowledg|转办",
    "participation": r"volunteer|activity|minutes|hours|enterprise|志愿",
    "survey": r"respondent|wave|item|answer|stratum|weight|问卷",
    "profile": r"population|residents|officers|cameras|staff|valid_from|人口",
}


@dataclass(frozen=True)
class Column:
    """A column of a table: its texts, and what they suggest.

    `time_format` is a strptime format; `is_ambiguous` says that day and month could as well change places; `clock`
    is the format of a column that holds times of day alone; `codes` are its texts where they are few.
    """

    name: str
    filled: int
    distinct: int
    time_format: str | None
    is_ambiguous: bool
    clock: str | None
    span: tuple[float, float] | None
    codes: tuple[str, ...]

    def says(self, pattern: str) -> bool:
        """Tell whether the column's name matches a pattern, whatever its case."""
        return re.search(pattern, re.sub(r"[\s.\-]+", "_", self.name), re.IGNORECASE) is not None

    @property
    def is_personal(self) -> bool:
        """Whether the name suggests that the column could identify a person or an address."""
        return self.says(_PERSONAL)


@dataclass(frozen=True)
class Table:
    """A sample of a CSV file and how it was read."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    rows: list[list[str]]
    is_whole: bool
    null_texts: tuple[str, ...]
    columns: tuple[Column, ...]

    def texts(self, column: Column) -> list[str]:
        """Return the filled cells of a column."""
        return _filled(self.rows, self.header.index(column.name), self.null_texts)


def read_table(path: Path) -> Table:
    """Read the first rows of a CSV file, gzipped or not, and look at its columns.

    Raises
    ------
    SourceError
        If it cannot be read or is no table of two columns at least.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as handle:
            data = handle.read(_SAMPLE_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"the file cannot be read: {error}", file=path, remedy="mend its name") from error
    is_cut = len(data) > _SAMPLE_BYTES
    if is_cut:
        data = data[: data.rfind(b"\n") + 1]
    encoding = _encoding(data)
    text = data.decode(encoding, errors="replace")
    delimiter = _delimiter(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    header = tuple(name.strip() for name in next(reader, []))
    if len(header) < 2 or not all(header):
        raise SourceError(
            "no table with named columns is recognised",
            file=path,
            line=1,
            remedy="give a CSV file whose first line names its columns (delimiters , ; | or tab)",
        )
    rows: list[list[str]] = []
    for row in reader:
        if len(rows) == SAMPLE_ROWS:
            break
        if len(row) == len(header):
            rows.append([cell.strip() for cell in row])
    if not rows:
        raise SourceError("the file has no rows", file=path, line=2, remedy="give a file with some records to look at")
    seen = Counter(cell for row in rows for cell in row if cell in _NULL_TEXTS)
    null_texts = tuple(text for text in _NULL_TEXTS if seen[text])
    columns = tuple(_column(name, _filled(rows, at, null_texts)) for at, name in enumerate(header))
    named = {"utf-8-sig": "utf-8", "cp1252": "windows-1252"}.get(encoding, encoding)
    return Table(named, delimiter, header, rows, not is_cut and next(reader, None) is None, null_texts, columns)


def guess_kind(columns: Sequence[Column], file: str) -> Kind:
    """Return the record kind that most of the names point to; where none does, an incident."""

    def score(kind: Kind) -> int:
        words = _KIND_WORDS[kind]
        return sum(column.says(words) for column in columns) + 2 * bool(re.search(words, file, re.IGNORECASE))

    return max(_KIND_WORDS, key=score)


def guess_id(table: Table) -> Column | None:
    """Return the column that identifies a record: one whose name says so, filled and mostly different, is best."""
    filled = [c for c in table.columns if c.filled >= _FIT * len(table.rows) and c.time_format is None]
    unique = [c for c in filled if c.distinct == len(table.rows)]
    named = [c for c in filled if c.says(_ID) and c.distinct >= len(table.rows) / 2]
    best = [c for c in named if c in unique]
    return next(iter([*best, *named, *unique]), None)


def guess_area(columns: Iterable[Column]) -> Column | None:
    """Return the column that names the area: few texts, and a name that says so."""
    return next((c for c in columns if c.codes and c.says(_AREA) and c.time_format is None), None)


def guess_point(columns: Sequence[Column]) -> tuple[Column, Column] | None:
    """Return the columns of longitude (or easting) and latitude (or northing)."""

    def first(pattern: str) -> Column | None:
        return next((c for c in columns if c.span is not None and c.says(pattern)), None)

    pairs = (
        (first(r"^(lon|lng|long)|longitude|经度"), first(r"^lat|latitude|纬度")),
        (first(r"^x$|x_?coord|coord_?x|easting"), first(r"^y$|y_?coord|coord_?y|northing")),
    )
    return next(((x, y) for x, y in pairs if x is not None and y is not None), None)


def _filled(rows: Iterable[Sequence[str]], at: int, null_texts: Sequence[str]) -> list[str]:
    return [row[at] for row in rows if row[at] and row[at] not in null_texts]


def _column(name: str, texts: Sequence[str]) -> Column:
    counted = Counter(texts)
    tried = list(counted)[:_TRIED_TEXTS]
    formats = _fitting(tried, _FORMATS)
    swapped = (
        any(re.sub("[dm]", "", one) == re.sub("[dm]", "", formats[0]) for one in formats[1:]) if formats else False
    )
    clocks = [] if formats else _fitting(tried, _CLOCKS)
    few = 0 < len(counted) <= _MOST_CODES and len(texts) >= 2 * len(counted)
    return Column(
        name=name,
        filled=len(texts),
        distinct=len(counted),
        time_format=formats[0] if formats else None,
        is_ambiguous=swapped,
        clock=clocks[0] if clocks else None,
        span=None if formats or clocks else _span(tried),
        codes=tuple(text for text, _ in counted.most_common()) if few else (),
    )


def _fitting(texts: Sequence[str], formats: Iterable[str]) -> list[str]:
    """Return the formats that fit nearly all of some texts, those that fit most first."""
    fits = {}
    # Digits alone are times only in the shape that the format fixes: strptime would take 1234 for %H%M and %Y%m%d.
    shaped = {"%Y%m%d": 8, "%Y%m%d%H%M%S": 14, "%H%M": 4}
    for form in formats:
        width = shaped.get(form)
        fit = sum((width is None or len(text) == width) and parses(text, form) for text in texts)
        if texts and fit >= _FIT * len(texts):
            fits[form] = fit
    return sorted(fits, key=lambda form: -fits[form])


def parses(text: str, form: str) -> bool:
    """Tell whether a text is a time in a format, of a year that a record may have."""
    try:
        year = datetime.strptime(text, form).year  # noqa: DTZ007 - local wall time
    except ValueError:
        return False
    return 1950 <= year <= 2100 or ("%Y" not in form and "%y" not in form)


def _span(texts: Sequence[str]) -> tuple[float, float] | None:
    """Return the least and the greatest of a column's numbers; None where it is not of numbers."""
    numbers = [float(text) for text in texts if re.fullmatch(r"-?\d+(\.\d+)?", text)]
    return (min(numbers), max(numbers)) if numbers and len(numbers) >= _FIT * len(texts) else None


def _encoding(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    for encoding in ("utf-8-sig", "gb18030", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Western texts decode as GB18030 by chance, to characters that nobody uses.
        if encoding != "gb18030" or _is_chinese(text):
            return encoding
    return "latin-1"


def _is_chinese(text: str) -> bool:
    """Tell whether a good part of a text is not ASCII, nearly all of that everyday Chinese characters (GB 2312)."""
    other = [letter for letter in text if ord(letter) > _LAST_ASCII]
    everyday = 0
    for letter in other:
        try:
            everyday += bool(letter.encode("gb2312"))
        except UnicodeEncodeError:
            continue
    return len(other) >= _LEAST_CHINESE * len(text) and everyday >= _FIT * len(other)


def _delimiter(text: str) -> str:
    """Return the delimiter under which most lines have as many cells as the first, and that is more than one."""

    def score(delimiter: str) -> tuple[float, int]:
        rows = list(csv.reader(io.StringIO(text[:65536], newline=""), delimiter=delimiter))[:200]
        width = len(rows[0]) if rows else 0
        return (sum(len(row) == width for row in rows) / max(len(rows), 1) if width > 1 else 0.0, width)

    return max((",", ";", "\t", "|"), key=score)
