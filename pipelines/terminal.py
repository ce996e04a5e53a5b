"""How commands print on a terminal: a console as wide as a page, and the city's own texts as they are."""

from collections.abc import Container, Iterable

import rich.box
import rich.console
import rich.table

_WIDEST = 100


def console() -> rich.console.Console:
    """Make a console on standard output, no wider than a page."""
    made = rich.console.Console(highlight=False)
    made.width = min(made.width, _WIDEST) if made.is_terminal else _WIDEST
    return made


def plain(text: str) -> str:
    """Keep brackets in the city's own texts from being read as styles."""
    return text.replace("[", r"\[")


def many(count: int, thing: str, things: str | None = None) -> str:
    """Count things, in the singular for one of them."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"


def table_of(header: Iterable[str], numbers: Container[int]) -> rich.table.Table:
    """Make an empty narrow table; `numbers` are the columns, from 0, that hold numbers."""
    table = rich.table.Table(
        box=rich.box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="dim", padding=(0, 1, 0, 0)
    )
    for at, name in enumerate(header):
        is_number = at in numbers
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number, overflow="fold")
    return table
