"""Opening files: unpacked as their names say, decoded from their encodings; what cannot be opened is refused clearly.

Lines, cells and records are no concern of this module.
"""

import codecs
import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from backports import zstd

from pipelines.errors import SourceError

CHUNK_BYTES = 1 << 20
_DAMAGED: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    zlib.error,
    zstd.ZstdError,
    lzma.LZMAError,
    zipfile.BadZipFile,
    UnicodeError,
)


def open_binary(path: Path) -> IO[bytes]:
    """Open a file for reading bytes: unpacked where its name ends in `.gz` or `.zst`."""
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path))
    if path.suffix == ".zst":
        return cast(IO[bytes], zstd.open(path))
    return path.open("rb")


def packed_position(handle: Any) -> int:
    """Return how many bytes of the file under a handle have been read, unpacked or not."""
    packed = getattr(handle, "fileobj", None) or getattr(handle, "_fp", None) or handle
    return int(packed.tell())


@contextmanager
def reading_file(path: Path, *more: type[Exception]) -> Iterator[None]:
    """Say of a file that cannot be opened, unpacked or decoded what to do about it.

    Parameters
    ----------
    more
        Errors of the file's own format, beside those of opening, unpacking and decoding.
    """
    try:
        yield
    except FileNotFoundError:
        raise missing_file(path) from None
    except (*_DAMAGED, *more) as error:
        raise SourceError(
            f"the file cannot be read: {str(error).strip().splitlines()[0] if str(error).strip() else error!r}",
            file=path,
            line=1,
            remedy="fetch the file again, or mend `format` in city.yml (reader, encoding, delimiter, quote)",
        ) from error


def missing_file(path: Path) -> SourceError:
    """Make the error for a file that is not there."""
    return SourceError("the file is missing", file=path, remedy="put the file there, or mend its name in city.yml")


def decode_to_utf8(path: Path, encoding: str, out: IO[bytes]) -> bool:
    """Write a file's text as UTF-8, unpacked and without byte order mark; tell whether all of it was text.

    Bytes that are not of the encoding become lone surrogates, in the way of `surrogatepass`: no valid UTF-8, so that
    whoever reads on finds them, and they still say which bytes they were.
    """
    decoder = codecs.getincrementaldecoder(encoding)("surrogateescape")
    is_sound, is_first, at_end = True, True, False
    with open_binary(path) as handle:
        while not at_end:
            chunk = handle.read(CHUNK_BYTES)
            at_end = not chunk
            text = decoder.decode(chunk, at_end)
            if is_first and text:
                text, is_first = text.removeprefix("\ufeff"), False
            try:
                written = text.encode("utf-8")
            except UnicodeEncodeError:
                written, is_sound = text.encode("utf-8", "surrogatepass"), False
            out.write(written)
    return is_sound
