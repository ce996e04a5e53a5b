"""Options that the commands of more than one module have."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from pipelines import location

Command = TypeVar("Command", bound=Callable[..., None])


def home_option(command: Command) -> Command:
    """Give a command `--home`, the folder that holds all state."""
    return click.option(
        "--home",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="WARDLIGHT_HOME",
        default=Path(".wardlight"),
        help="Folder that holds all state.",
    )(command)


def city_option(command: Command) -> Command:
    """Give a command `--city`, the folder of the pack."""
    return click.option(
        "--city",
        type=click.Path(path_type=Path, file_okay=False),
        envvar="WARDLIGHT_CITY",
        default=location.BUNDLED_CITY,
        help="Folder of the city pack.",
    )(command)
