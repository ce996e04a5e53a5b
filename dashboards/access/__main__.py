"""Local users from the command line: `wardlight user add|list|remove`, which runs `python -m dashboards.access`."""

import sys
from difflib import get_close_matches
from pathlib import Path

import click

from dashboards.access.accounts import Accounts
from dashboards.access.configuration import ROLES, AccessError, Grant, Role

_home = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="WARDLIGHT_HOME",
    default=Path(".wardlight"),
    help="Folder that holds all state.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def users() -> None:
    """Local users of the dashboard, for `mode: local` in access.yml (docs/access.md)."""


@users.command()
@click.argument("name")
@_home
@click.option("--role", type=click.Choice(ROLES), default="viewer", show_default=True)
@click.option("--area", "areas", multiple=True, help="Area that he is limited to, with all below; may be repeated.")
@click.option("--title", default=None, help="How he is called on screen; by default by his name.")
def add(name: str, home: Path, role: Role, areas: tuple[str, ...], title: str | None) -> None:
    """Add a user, or change one: the password is asked for, or read from a pipe."""
    for area in areas:
        _warn_of_unknown(home, area)
    is_new = name not in Accounts(home).all()
    Accounts(home).put(name, title or name, Grant(role=role, areas=areas or None), _password())
    click.echo(f"{'Added' if is_new else 'Changed'} {name}: {_told(role, areas or None)}")


@users.command("list")
@_home
def list_users(home: Path) -> None:
    """List the users and what they may."""
    known = Accounts(home).all().values()
    for account in known:
        click.echo(f"{account.name:<24} {_told(account.role, account.areas)}")
    if not known:
        click.echo("There are no local users yet: wardlight user add NAME")


@users.command()
@click.argument("name")
@_home
def remove(name: str, home: Path) -> None:
    """Remove a user; his sessions end at once."""
    Accounts(home).remove(name)
    click.echo(f"Removed {name}")


def _warn_of_unknown(home: Path, area: str) -> None:
    """Say where the current release, if there is one, has no such area: the user would see none."""
    from dashboards.data import ReleaseError  # noqa: PLC0415 - imports the engine
    from dashboards.releases import Releases  # noqa: PLC0415

    releases = Releases(home)
    try:
        known = releases.current().areas["area_id"].to_list()
    except ReleaseError:
        return
    finally:
        releases.close()
    if area not in known:
        like = [each for each in known if each.endswith(area)] or get_close_matches(area, known, 3, 0.4) or known[:3]
        click.echo(f"The current release has no area {area!r}; it has {', '.join(like[:3])} and others.", err=True)


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))


def _told(role: str, areas: tuple[str, ...] | None) -> str:
    return f"{role}, {'all areas' if areas is None else 'areas ' + ', '.join(areas)}"


def main() -> None:
    """Run the command; a mistake is told in a sentence."""
    try:
        users(prog_name="wardlight user")
    except AccessError as error:
        click.echo(f"wardlight: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
