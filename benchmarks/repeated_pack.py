"""A city pack of any size: New York's, its records repeated under ids of their own.

Here: writing the pack's folder. Not here: timing what reads it (load).
"""

import csv
import gzip
import shutil
from pathlib import Path

# Column that tells copies apart, by the start of the file's name.
ID_COLUMNS = {
    "stops": "ser_num",
    "vehicle_thefts": "uid",
    "shooting_victims": "INCIDENT_KEY",
    "council_cases": "unique_key",
}


def write_pack(original: Path, folder: Path, rows: int) -> int:
    """Write a pack of `rows` records, whole copies and a part of one; return how many there are.

    Parameters
    ----------
    original
        New York's pack.
    folder
        Folder to make; areas and settings are New York's own.
    """
    records = {path: id_column for path in sorted((original / "data").iterdir()) if (id_column := _id_column(path))}
    shutil.copytree(original, folder, ignore=lambda _, names: {path.name for path in records} & set(names))
    contents = {path: _read(path) for path in records}
    available = sum(len(lines) - 1 for lines in contents.values())
    written = 0
    for path, (header, *lines) in contents.items():
        wanted = round(rows * len(lines) / available)
        position = header.index(records[path])
        with gzip.open(folder / "data" / path.name, "wt", encoding="utf-8", newline="", compresslevel=1) as file:
            writer = csv.writer(file)
            writer.writerow(header)
            copies, rest = divmod(wanted, len(lines))
            for copy in range(copies):
                writer.writerows(_with_id(line, position, copy) for line in lines)
            # The part of a copy is spread over the file, whatever order the file is in.
            part = (lines[number * len(lines) // rest] for number in range(rest))
            writer.writerows(_with_id(line, position, copies) for line in part)
        written += wanted
    return written


def _id_column(path: Path) -> str | None:
    return next((column for start, column in ID_COLUMNS.items() if path.name.startswith(start)), None)


def _read(path: Path) -> list[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _with_id(line: list[str], position: int, copy: int) -> list[str]:
    if copy == 0 or not line[position].strip():
        return line
    return [*line[:position], f"{line[position].strip()}-{copy}", *line[position + 1 :]]
