"""The command `wardlight`: what people and schedulers type. The work is done elsewhere.

Dagster takes seconds to import, so commands that need it import it themselves.
"""

import json
import os
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbt_like_sql.errors import ProjectError
from indicators.catalogue.reading import CatalogueError
from pipelines.alert_commands import alerts
from pipelines.briefing_commands import briefing
from pipelines.contract_commands import contract
from pipelines.errors import WardlightError
from pipelines.failing_command import failing
from pipelines.fingerprint import is_up_to_date
from pipelines.options import Command
from pipelines.options import city_option as _city
from pipelines.options import home_option as _home
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.release_commands import release
from pipelines.sql_commands import sql

if TYPE_CHECKING:
    from pipelines.nightly import Account

DASHBOARD_PORT = 8050
DAGSTER_PORT = 3000


class _Errors(click.Group):
    """Shows our own errors as a sentence and a remedy; the exit code tells."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Exception as error:
            told = _told(error)
            if told is None:
                raise
            click.echo(f"wardlight: {told}", err=True)
            ctx.exit(1)


def _told(error: BaseException) -> BaseException | None:
    """Return the error meant for people among an error and what caused it."""
    found: BaseException | None = error
    while found is not None and not isinstance(found, WardlightError | ProjectError | CatalogueError):
        found = found.__cause__ or found.__context__
    return found


@click.group(cls=_Errors, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """District public-safety records, accounted for, as indicators that admit what is missing."""
    warnings.simplefilter("ignore")


main.add_command(sql)
main.add_command(contract)
main.add_command(alerts)
main.add_command(release)
main.add_command(briefing)
main.add_command(failing)


def _day(name: str, text: str) -> Callable[[Command], Command]:
    return click.option(name, type=click.DateTime(["%Y-%m-%d"]), default=None, help=text)


@main.command()
@_city
@_home
@_day("--as-of", "Date that rules the run; by default the pack's.")
@_day("--from", "First day to rewrite even where nothing changed.")
@_day("--to", "Last day to rewrite.")
def nightly(city: Path, home: Path, as_of: datetime | None, **window: datetime | None) -> None:
    """Run the nightly job: files to release."""
    pack, ruled_by = _for(city, home, as_of)
    from pipelines.nightly import run_nightly  # noqa: PLC0415 - imports Dagster

    _print_account(run_nightly(pack, home.resolve(), ruled_by, _date(window["from"]), _date(window["to"])))


@main.command()
@_city
@_home
@_day("--as-of", "Date that rules the run; by default the pack's.")
@click.option("--everything", is_flag=True, help="Judge every row again, not only those in quarantine.")
def requarantine(city: Path, home: Path, as_of: datetime | None, everything: bool) -> None:
    """Judge again what lies in quarantine; what passes now flows on to a new release."""
    pack, ruled_by = _for(city, home, as_of)
    from pipelines.nightly import run_nightly  # noqa: PLC0415 - imports Dagster
    from pipelines.status import read_status  # noqa: PLC0415 - imports the engine

    before = read_status(home.resolve()).records["quarantined"]
    account = run_nightly(pack, home.resolve(), ruled_by, None, None, "everything" if everything else "quarantined")
    click.echo(f"In quarantine  {before:,} rows before, {account.status.records['quarantined']:,} now")
    _print_account(account)


def _for(city: Path, home: Path, as_of: datetime | None) -> tuple[CityPack, date]:
    """Set the process up for a city and a home, and find the date that rules the run."""
    pack = load_city_pack(city)
    # The code location is built for the city and the home of the process.
    os.environ["WARDLIGHT_CITY"] = str(city.resolve())
    os.environ["WARDLIGHT_HOME"] = str(home.resolve())
    ruled_by = as_of.date() if as_of else pack.as_of
    if ruled_by is None:
        raise pack.error(
            "the pack pins no as_of", "as_of", remedy="give --as-of with the last day that counts, such as yesterday"
        )
    return pack, ruled_by


def _date(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _print_account(account: "Account") -> None:
    status = account.status
    records = status.records
    others = sum(records[column] for column in ("superseded", "merged", "deferred"))
    note = "" if account.is_new else "  (unchanged: nothing new to publish)"
    if account.held_until is not None:
        note += f"  (held until {account.held_until:%Y-%m-%d %H:%M} in the city)"
    click.echo(
        f"""
Release        {status.release_id}{note}
Records        {records["read"]:,} read = {records["accepted"]:,} accepted + {records["quarantined"]:,} quarantined \
+ {records["duplicate"]:,} duplicates + {others:,} others
               (others: {records["superseded"]:,} superseded, {records["merged"]:,} further rows of a record, \
{records["deferred"]:,} after {status.as_of})
Expectations   {status.expectations_passed} passed, {status.expectations_failed} failed, \
{status.expectations_broken} could not be judged
Indicators     {status.indicators_published} published, {status.indicators_not_available} not available here; \
{sum(status.figures.values()):,} figures
Sources        {", ".join(f"{source} {state}" for source, state in status.sources.items())}
Took           {account.seconds:.0f} s, {account.peak_mebibytes:,.0f} MiB at most"""
    )
    for reason in status.gates_closed:
        click.echo(f"Gate closed    {reason}: the figures that rest on it are carried forward as stale")


@main.command()
@_city
@_day("--as-of", "Date that rules the trial; by default the pack's, else everything counts.")
@click.option("--quick", is_flag=True, help="Headers, mappings and areas alone; no file is read through.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def validate(city: Path, as_of: datetime | None, quick: bool, as_json: bool) -> None:
    """Try a city pack on its files, before anything is kept: what would be accepted, quarantined, left out."""
    from pipelines.validating import report  # noqa: PLC0415 - imports the engine

    errors = report.validate(city, _date(as_of), quick=quick, as_json=as_json)
    if errors:
        sys.exit(1)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--from",
    "table",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="A CSV file to draft the pack for; its columns, times and codes are guessed.",
)
def init(folder: Path, table: Path | None) -> None:
    """Start a city pack: one that runs at once, to replace piece by piece, or a draft for your own file."""
    from pipelines.pack import drafting, scaffold  # noqa: PLC0415 - imports the engine

    if table is None:
        scaffold.write(folder)
        click.echo(f"Wrote a pack that runs to {folder}. Look at {folder / 'city.yml'}, then:")
    else:
        drafting.write(folder, table)
        click.echo(f"Wrote a draft for {table.name} to {folder}. Look for CHECK in {folder / 'city.yml'}, then:")
    click.echo(f"  wardlight validate --city {folder}\n  wardlight nightly --city {folder} --home {folder}-home")


@main.command()
@click.option(
    "--out",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="File; by default the terminal.",
)
def schema(path: Path | None) -> None:
    """Write the JSON Schema of city.yml, with which editors complete and check it."""
    from pipelines.pack.schema import schema_text  # noqa: PLC0415 - imports the engine

    if path is None:
        click.echo(schema_text(), nl=False)
    else:
        path.write_text(schema_text(), encoding="utf-8")


@main.command()
@_home
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(home: Path, as_json: bool) -> None:
    """Tell what the served release holds: ledger, quarantine, changes in deliveries, checks, figures."""
    from pipelines.status import read_status  # noqa: PLC0415 - imports the engine
    from pipelines.status_report import print_status  # noqa: PLC0415

    found = read_status(home.resolve())
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2, ensure_ascii=False))
    else:
        print_status(found)


@main.command()
@_home
@click.argument("indicator")
@click.argument("area")
@click.argument("period")
@click.option("--release", "release_id", default=None, help="A release's id; by default the served one.")
@click.option("--language", type=click.Choice(["en", "zh"]), default=None, help="By default the city's.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, whole.")
def explain(
    home: Path, indicator: str, area: str, period: str, release_id: str | None, language: str | None, as_json: bool
) -> None:
    """Tell where a figure comes from: its definition, counts, files, checks and run.

    Indicator and area by their ids or titles. PERIOD is written 2025, 2025-Q3, 2025-09, 2025-W37, 2025-09-14, or
    2025-09/12m for the twelve months that end with September 2025.
    """
    given = {"--release": release_id, "--language": language}
    command = [sys.executable, "-m", "dashboards.explain_command", "--home", str(home.resolve())]
    command += [part for name, value in given.items() if value for part in (name, value)]
    command += [*(["--json"] if as_json else []), "--", indicator, area, period]
    os.execv(sys.executable, command)  # noqa: S606 - our own module


@main.command()
@_home
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to bind; off loopback with sign-in only.")
@click.option("--port", default=DASHBOARD_PORT, show_default=True)
@click.option(
    "--access",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="How people sign in (docs/access.md); by default access.yml in the home folder, where there is one.",
)
def serve(home: Path, host: str, port: int, access: Path | None) -> None:
    """Serve the dashboard on the current release."""
    where = ["--home", str(home.resolve()), "--host", host, "--port", str(port)]
    signing_in = [] if access is None else ["--access", str(access.resolve())]
    os.execv(sys.executable, [sys.executable, "-m", "dashboards", *where, *signing_in])  # noqa: S606 - our own module


@main.command(add_help_option=False, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def user(arguments: tuple[str, ...]) -> None:
    """Add, list and remove local users of the dashboard: wardlight user --help."""
    os.execv(sys.executable, [sys.executable, "-m", "dashboards.access", *arguments])  # noqa: S606 - our own module


@main.command()
@_city
@_home
@click.option("--port", default=DASHBOARD_PORT, show_default=True, help="Port of the dashboard.")
@click.option("--dagster-port", default=DAGSTER_PORT, show_default=True, help="Port of the Dagster UI.")
def demo(city: Path, home: Path, port: int, dagster_port: int) -> None:
    """Run the nightly job, then serve dashboard and Dagster UI until Ctrl-C."""
    from pipelines.demo import refuse_taken, serve_both  # noqa: PLC0415 - imports network modules

    refuse_taken(port, "--port")
    refuse_taken(dagster_port, "--dagster-port")
    pack, ruled_by = _for(city, home, None)
    if is_up_to_date(home.resolve(), pack, ruled_by):
        click.echo("Files, pack and code are those of the last run: nothing to run.")
    else:
        from pipelines.nightly import run_nightly  # noqa: PLC0415 - imports Dagster

        _print_account(run_nightly(pack, home.resolve(), ruled_by, None, None))
    serve_both(city, home.resolve(), port, dagster_port)


@main.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("cities/heting"),
    show_default=True,
    help="Folder of the pack; its data are replaced.",
)
@click.option("--rows", type=click.IntRange(min=10_000), default=200_000, show_default=True, help="Records in all.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The same seed, the same bytes.")
def simulate(out: Path, rows: int, seed: int) -> None:
    """Write the simulated district: records of every kind, with defects, and the truth about them."""
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    from pipelines.simulation.simulate import simulate as write_district  # noqa: PLC0415 - imports numpy and polars

    started = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("Simulating", total=rows)
        truth = write_district(out, rows, seed, lambda lines: progress.advance(task, lines))
    sources = truth["ledger"]["sources"].values()
    click.echo(
        f"{out / 'city.yml'}: {sum(each['read'] for each in sources):,} records of {len(sources)} sources, "
        f"{sum(each['quarantined'] for each in sources):,} of them to be quarantined, in "
        f"{time.monotonic() - started:.1f} s; {out / 'truth.json'} says what is planted"
    )


if __name__ == "__main__":
    main()
