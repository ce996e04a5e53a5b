"""YAML with the line of every key, read so that texts stay the texts they are."""

import re
from pathlib import Path
from typing import Any

import yaml

from pipelines.errors import PackError


def key_lines(path: Path, node: yaml.Node, keys: tuple[str, ...] = ()) -> dict[tuple[str, ...], int]:
    """Map every key path of a YAML document to its line, from 1; refuse a key that is given twice."""
    found: dict[tuple[str, ...], int] = {}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*keys, str(key.value))
            line = key.start_mark.line + 1
            if inner in found:
                raise PackError(
                    f"{key.value} is given twice, first in line {found[inner]}",
                    file=path,
                    line=line,
                    field=".".join(inner),
                    remedy="keep one",
                )
            found[inner] = line
            found |= key_lines(path, value, inner)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            inner = (*keys, str(index))
            found[inner] = value.start_mark.line + 1
            found |= key_lines(path, value, inner)
    return found


class _TextLoader(yaml.SafeLoader):
    """Reads `Y`, `on`, `0101` and `2016-01-31` as the texts they are; pydantic decides about types."""


_READ_AS_TEXT = {f"tag:yaml.org,2002:{kind}" for kind in ("bool", "int", "float", "timestamp")}
_TextLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _READ_AS_TEXT]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_TextLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^-?(?:0|[1-9][0-9]*)$"), list("-0123456789"))


def read_yaml(path: Path) -> tuple[Any, dict[tuple[str, ...], int]]:
    """Return what a YAML file says, and the line of every key."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PackError(f"the file cannot be read: {error}", file=path, remedy="mend its permissions") from error
    try:
        text = data.decode("utf-8")
        loader = _TextLoader(text)
        node = loader.get_single_node()
        return (None, {}) if node is None else (loader.construct_document(node), key_lines(path, node))
    except UnicodeDecodeError as error:
        problem, line = "this is not UTF-8", data.count(b"\n", 0, error.start) + 1
    except yaml.MarkedYAMLError as error:
        problem = f"this is not valid YAML: {error.problem}"
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
    except yaml.reader.ReaderError as error:
        problem, line = f"this is not valid YAML: {error.reason}", text.count("\n", 0, error.position) + 1
    except RecursionError:
        problem, line = "this is nested too deeply", 1
    raise PackError(problem, file=path, line=line, remedy="mend the line")
