"""YAML whose mappings know the lines they were written on, for errors that name them.

Here: reading YAML and checking the shape of what was read. Not here: what the keys mean.
"""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from dbt_like_sql.errors import ProjectError

# libyaml's parser, where the wheel has it, is ten times quicker.
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class LinedMapping(dict[str, Any]):
    """A YAML mapping with the file and the lines of its keys.

    Attributes
    ----------
    path
        File it was read from, relative to the project's folder.
    line
        Line on which the mapping starts.
    key_lines
        Line of each key.
    """

    path: str
    line: int
    key_lines: dict[str, int]

    def refuse(self, fault: str, key: str | None = None) -> ProjectError:
        """Return the error for a fault at `key`, or in the mapping as a whole."""
        return ProjectError(self.path, self.key_lines.get(key, self.line) if key else self.line, fault)

    def only(self, *keys: str, advice: str = "remove it") -> "LinedMapping":
        """Return self, or raise when it has a key outside `keys`."""
        for key in self:
            if key not in keys:
                known = ", ".join(keys)
                raise self.refuse(f"`{key}` is not supported here: {advice} (supported: {known})", key)
        return self

    def text(self, key: str, default: str | None = None) -> str:
        """Return the text at `key`; raise when it is absent (without a default), empty or no text."""
        value = self.get(key, default)
        if not isinstance(value, str) or not value.strip():
            raise self.refuse(f"`{key}` must be given, as text", key)
        return value.strip()

    def mapping(self, key: str) -> "LinedMapping":
        """Return the mapping at `key`, an empty one when absent; raise when it is something else."""
        value = self.get(key)
        if value is None:
            value = LinedMapping()
            value.path, value.line, value.key_lines = self.path, self.key_lines.get(key, self.line), {}
        if not isinstance(value, LinedMapping):
            raise self.refuse(f"`{key}` must be a mapping (key: value)", key)
        return value

    def sequence(self, key: str) -> list[Any]:
        """Return the list at `key`, an empty one when absent; raise when it is something else."""
        value = self.get(key) or []
        if not isinstance(value, list):
            raise self.refuse(f"`{key}` must be a list", key)
        return value

    def mappings(self, key: str) -> list["LinedMapping"]:
        """Return the list of mappings at `key`, an empty one when absent; raise when it is something else."""
        values = self.sequence(key)
        if not all(isinstance(value, LinedMapping) for value in values):
            raise self.refuse(f"each item of `{key}` must be a mapping (key: value)", key)
        return values


def read_yaml(path: Path, root: Path) -> LinedMapping:
    """Read the YAML mapping in `path`, a file under the folder `root`.

    Raises
    ------
    ProjectError
        When the file is missing, is no valid YAML, repeats a key or holds no mapping.
    """
    shown = path.relative_to(root).as_posix()

    class Loader(_SafeLoader):  # type: ignore[misc]
        pass

    def construct(loader: Any, node: yaml.MappingNode) -> LinedMapping:
        keys: dict[str, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            key: Hashable = loader.construct_object(key_node)
            if not isinstance(key, str):
                raise ProjectError(shown, line, f"key `{key}` must be text: put it in quotes")
            if key in keys:
                raise ProjectError(shown, line, f"`{key}` is given twice (first on line {keys[key]})")
            keys[key] = line
        data = LinedMapping({str(key): value for key, value in loader.construct_mapping(node, deep=True).items()})
        data.path, data.line, data.key_lines = shown, node.start_mark.line + 1, keys
        return data

    Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, construct)
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader
    except FileNotFoundError as error:
        raise ProjectError(shown, None, "file not found") from error
    except yaml.MarkedYAMLError as error:
        told = _plain_fault(path) or error
        line = told.problem_mark.line + 1 if told.problem_mark else None
        raise ProjectError(shown, line, f"not valid YAML: {told.problem}") from error
    if not isinstance(content, LinedMapping):
        raise ProjectError(shown, 1, "the file must hold a mapping (key: value)")
    return content


def _plain_fault(path: Path) -> yaml.MarkedYAMLError | None:
    """Return what the parser in Python says of a file: of a bracket left open it names the line, libyaml the end."""
    try:
        yaml.compose(path.read_text(encoding="utf-8"), yaml.SafeLoader)
    except yaml.MarkedYAMLError as fault:
        return fault
    return None
