"""Reading the catalogue: YAML files to entries, or an error that names file, line, field and reason.

Belongs here: the files. Not here: what a valid entry is (`entries`).
"""

import functools
from pathlib import Path

import yaml
from pydantic import ValidationError

from indicators.catalogue.entries import Entry

FOLDER = Path(__file__).parent


class CatalogueError(ValueError):
    """An entry that cannot be used; the message has one `file:line: field: reason` per fault."""


def load_catalogue(folder: Path | None = None) -> tuple[Entry, ...]:
    """Read every `*.yml` of a folder, one entry a file, named as its id.

    Parameters
    ----------
    folder : Path, optional
        The bundled catalogue by default.

    Returns
    -------
    tuple of Entry
        Sorted by id.

    Raises
    ------
    CatalogueError
        If the folder holds no entry, or an entry is not valid.
    """
    return _bundled() if folder is None else _load(folder)


@functools.cache
def _bundled() -> tuple[Entry, ...]:
    """Read the bundled catalogue once a process: it is asked for by everything, and no run changes it."""
    return _load(FOLDER)


def _load(folder: Path) -> tuple[Entry, ...]:
    files = sorted(folder.glob("*.yml"))
    if not files:
        raise CatalogueError(f"{folder}: no catalogue entry (*.yml) here")
    return tuple(sorted((read_entry(file) for file in files), key=lambda entry: entry.id))


def read_entry(file: Path) -> Entry:
    """Read one entry; errors as in `load_catalogue`."""
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise CatalogueError(f"{file}: not UTF-8 text: {error.reason} at byte {error.start}") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise CatalogueError(f"{file}:{line}: not valid YAML: {error.problem}") from None
    if not isinstance(root, yaml.MappingNode):
        raise CatalogueError(f"{file}:1: an entry is a mapping of fields, starting with id")
    _refuse_repeated_keys(file, root)
    try:
        entry = Entry.model_validate(yaml.SafeLoader("").construct_document(root))
    except ValidationError as error:
        faults = [
            f"{file}:{_line_of(root, fault['loc'])}: {'.'.join(map(str, fault['loc'])) or 'entry'}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise CatalogueError("\n".join(faults)) from None
    if entry.id != file.stem:
        raise CatalogueError(f"{file}:{_line_of(root, ('id',))}: id: {entry.id} must be the file's name, {file.stem}")
    return entry


def _line_of(root: yaml.Node, location: tuple[int | str, ...]) -> int:
    """Line of the deepest part of `location` that the file has; a missing field is placed at its parent."""
    node, line = root, root.start_mark.line
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                continue  # a step of the model, not of the file
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
    return line + 1


def _refuse_repeated_keys(file: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _refuse_repeated_keys(file, item)
    elif isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                raise CatalogueError(f"{file}:{key.start_mark.line + 1}: {key.value}: given twice")
            seen.add(key.value)
            _refuse_repeated_keys(file, value)
