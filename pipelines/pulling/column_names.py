"""Names of columns as a file gives them: each once, none of Wardlight's own, none left out."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.errors import SourceError

# What every raw table has beside the columns of its files.
OWN_COLUMNS = ("_batch_id", "_file", "_line", "_malformed")
# No column may be called like these; the last is the engine's name for a row's place in a file of the raw layer.
TAKEN_NAMES = (*OWN_COLUMNS, "file_row_number")


def checked_header(names: Sequence[str], path: Path, line: int) -> list[str]:
    """Return a file's column names; a column without a name is called after its position.

    Raises
    ------
    SourceError
        If a column is named twice (upper and lower case are one), or like one of Wardlight's own.
    """
    header = [name or f"column_{position}" for position, name in enumerate(names, start=1)]
    folded = [name.lower() for name in header]
    refused = {name for name in header if folded.count(name.lower()) > 1 or name.lower() in TAKEN_NAMES}
    if refused:
        raise SourceError(
            f"the header names {', '.join(sorted(refused))} more than once, or uses a name that Wardlight needs",
            file=path,
            line=line,
            remedy="rename the columns in the file",
        )
    return header
