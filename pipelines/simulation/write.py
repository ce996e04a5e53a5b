"""Files: frames as CSV or NDJSON in a layout, plain or gzipped, by month or in one, written as they come."""

import gzip
import io
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

import polars as pl
import pyarrow as pa

_GZIP_LEVEL = 1
# Arrow writes times of this form in half the time that formatting by a pattern takes; it pays from so many rows on.
_ARROW_MOMENT, _ARROW_ROWS = "%Y-%m-%d %H:%M:%S", 1000


@dataclass(frozen=True)
class Layout:
    """How a source is written. `{month}` in the file's name makes a file a month; `.ndjson` makes a line an object."""

    file: str
    delimiter: str = ","
    encoding: str = "utf-8"
    moment: str = "%Y-%m-%d %H:%M:%S"

    @property
    def is_ndjson(self) -> bool:
        """Whether each line is a JSON object."""
        return self.file.endswith(".ndjson")

    def lines(self, frame: pl.DataFrame) -> bytes:
        """Return the lines of a frame, without a header; columns that begin with `_` are left out."""
        shown = frame.select(name for name in frame.columns if not name.startswith("_"))
        buffer = io.BytesIO()
        if self.moment == _ARROW_MOMENT and frame.height >= _ARROW_ROWS:
            times = shown.select(pl.col(pl.Datetime)).to_arrow()
            seconds, text = pa.timestamp("s"), pa.string()
            shown = shown.with_columns(
                pl.Series(name, times[name].cast(seconds).cast(text)) for name in times.column_names
            )
        if self.is_ndjson:
            times = [name for name, kind in shown.schema.items() if isinstance(kind, pl.Datetime)]
            shown.with_columns(pl.col(times).dt.strftime(self.moment)).write_ndjson(buffer)
        else:
            shown.write_csv(
                buffer,
                include_header=False,
                separator=self.delimiter,
                quote_style="never",  # no text that is made here holds a delimiter, a quote or a line break
                datetime_format=self.moment,
                date_format="%Y-%m-%d",
            )
        return self.encoded(buffer.getvalue())

    def encoded(self, text: bytes) -> bytes:
        """Return UTF-8 text in the layout's encoding."""
        return text if self.encoding == "utf-8" else text.decode("utf-8").encode(self.encoding)

    def header(self, columns: Sequence[str]) -> bytes:
        """Return the line that names the columns; NDJSON has none."""
        shown = [name for name in columns if not name.startswith("_")]
        return b"" if self.is_ndjson else self.encoded((self.delimiter.join(shown) + "\n").encode("utf-8"))


class Sink:
    """The files of a source, written one after another; a new month begins a new one where the layout says so."""

    def __init__(self, folder: Path, layout: Layout) -> None:
        self._folder = folder
        self._layout = layout
        self._path: Path | None = None
        self._open = ExitStack()

    def write(self, month: str, columns: Sequence[str], lines: bytes) -> None:
        """Append lines of a month, after the header where its file is new."""
        path = self._folder / self._layout.file.replace("{month}", month)
        if path != self._path:
            self.close()
            self._path = path
            self._handle: IO[bytes] = self._open.enter_context(path.open("wb"))
            if path.suffix == ".gz":
                # Without a name and a time, so that equal content makes equal bytes.
                packed = gzip.GzipFile("", "wb", _GZIP_LEVEL, self._handle, mtime=0)
                self._handle = cast(IO[bytes], self._open.enter_context(packed))
            self._handle.write(self._layout.header(columns))
        self._handle.write(lines)

    def close(self) -> None:
        """Finish the open file."""
        self._open.close()
