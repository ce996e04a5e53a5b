"""Read pages as drawn, without a browser: their texts and the parts that carry an id."""

from collections.abc import Iterator
from typing import Any

import polars as pl


def parts(content: Any) -> Iterator[Any]:
    """Every component of a page, from the top down."""
    for part in content if isinstance(content, (list, tuple)) else [content]:
        if hasattr(part, "_traverse"):
            yield part
            yield from part._traverse()


def find(content: Any, identity: Any) -> Any:
    """The part with an id, None if there is none."""
    return next((part for part in parts(content) if getattr(part, "id", None) == identity), None)


def rows(grid: Any) -> list[dict[str, Any]]:
    """Rows of a grid, which holds them as a list or a frame."""
    held: list[dict[str, Any]] = grid.rowData.to_dicts() if isinstance(grid.rowData, pl.DataFrame) else grid.rowData
    return held


def by_class(content: Any, name: str) -> list[Any]:
    """All parts that have a class."""
    return [part for part in parts(content) if name in (getattr(part, "className", None) or "").split()]


def words(content: Any) -> str:
    """All text of a part, joined by spaces."""
    if isinstance(content, str):
        return content
    if isinstance(content, (list, tuple)):
        return " ".join(filter(None, map(words, content)))
    return words(getattr(content, "children", None) or "")
