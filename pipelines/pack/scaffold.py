"""Starting a pack: writes a small commented one that runs as it is, for the user to replace piece by piece."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from pipelines.errors import PackError
from pipelines.pack.schema import SCHEMA_NAME, schema_text

_FILES = Path(__file__).parent / "scaffold_files"


def write(folder: Path) -> None:
    """Write the made-up pack into a folder.

    Raises
    ------
    PackError
        If one of its files is there already; nothing is written then.
    """
    files = {str(path.relative_to(_FILES)): path.read_bytes() for path in sorted(_FILES.rglob("*")) if path.is_file()}
    write_files(folder, files)


def write_files(folder: Path, files: Mapping[str, bytes], copied: Mapping[str, Path] | None = None) -> None:
    """Write a pack's files and, beside them, the schema that its first line points editors at; overwrite nothing.

    Parameters
    ----------
    files
        Contents by name in the folder.
    copied
        Files of the user to copy, by their name in the folder.
    """
    files = {**files, SCHEMA_NAME: schema_text().encode("utf-8")}
    copied = copied or {}
    for name in (*files, *copied):
        if (folder / name).exists():
            raise PackError(
                "this is here already, and is not overwritten",
                file=folder / name,
                remedy="give another folder, or move the file away",
            )
    try:
        for name in (*files, *copied):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        for name, origin in copied.items():
            shutil.copyfile(origin, folder / name)
    except OSError as error:
        raise PackError(
            f"the folder cannot be written to: {error}", file=folder, remedy="give one that you may write to"
        ) from error
