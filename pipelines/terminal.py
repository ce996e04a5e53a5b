"""How commands print on a terminal: a console as wide as a page, and the city's own texts as they are."""

import rich.console

_WIDEST = 100


def console() -> rich.console.Console:
    """Make a console on standard output, no wider than a page."""
    made = rich.console.Console(highlight=False)
    made.width = min(made.width, _WIDEST) if made.is_terminal else _WIDEST
    return made


def plain(text: str) -> str:
    """Keep brackets in the city's own texts from being read as styles."""
    return text.replace("[", r"\[")


def many(count: int, thing: str) -> str:
    """Count things, in the singular for one of them."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
