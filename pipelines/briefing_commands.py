"""The command `wardlight briefing`: one district and month as a file."""

import re
from pathlib import Path

import click

from pipelines import briefings
from pipelines.briefings import BriefingError
from pipelines.options import home_option as _home


@click.command()
@click.argument("area")
@click.argument("month")
@_home
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write: .pdf, printed by Chromium, or .html, which needs none.",
)
@click.option("--language", type=click.Choice(["en", "zh"]), default=None, help="By default the city's.")
def briefing(area: str, month: str, home: Path, out: Path, language: str | None) -> None:
    """Write the briefing of a district (its id) and a month, such as 2026-03."""
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", month):
        raise BriefingError(f"{month!r} is not a month", field="MONTH", remedy="write it as 2026-03")
    if out.suffix not in (".pdf", ".html"):
        raise BriefingError("a briefing is a .pdf or a .html file", file=out, field="--out", remedy="name it so")
    browser = briefings.chromium()
    if out.suffix == ".pdf" and browser is None:
        remedy = f"{briefings.INSTALL}; or name a file that ends in .html"
        raise BriefingError("there is no Chromium to print it with", file=out, field="--out", remedy=remedy)
    with briefings.documents(home.resolve(), [area], month, [language] if language else []) as (document,):
        briefings.save(document, out.resolve(), browser if out.suffix == ".pdf" else None)
    click.echo(f"{out}: {document.area}, {document.month}, of release {document.release_id}")
