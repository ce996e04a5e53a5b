"""The commands `wardlight sql`: work on the SQL models alone. What they do is done elsewhere (`sql_models`)."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.options import Command, home_option

if TYPE_CHECKING:
    import rich.table

    from dbt_like_sql.dispatch import Engine
    from dbt_like_sql.project import Model, Project
    from pipelines.sql_models import Findings


class _Words(click.Command):
    """A command whose options `--select` and `--exclude` take several words, as those of dbt do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        repeated: list[str] = []
        option = None
        for argument in args:
            if argument.startswith("-"):
                option = argument if argument in ("-s", "--select", "--exclude") else None
            elif option is not None and repeated[-1] != option:
                repeated.append(option)
            repeated.append(argument)
        return super().parse_args(ctx, repeated)


def _selection(command: Command) -> Command:
    selecting: Callable[[Command], Command] = click.option(
        "-s", "--select", "words", multiple=True, metavar="WORD…", help="Models to take; by default all."
    )
    excluding: Callable[[Command], Command] = click.option(
        "--exclude", multiple=True, metavar="WORD…", help="Models to leave out, in the same words."
    )
    return selecting(excluding(command))


def _out(text: str, *, required: bool) -> Callable[[Command], Command]:
    return click.option(
        "--out", type=click.Path(path_type=Path, file_okay=False), default=None, required=required, help=text
    )


@click.group()
def sql() -> None:
    """Work on the SQL models: compile, run and test some of them, and document all.

    \b
    Words of --select, as in dbt:
      fct_incident  fct_*  facts     a model, names that fit, a folder
      tag:facts  path:models/facts   by tag, by path
      +x  x+  2+x  x+1  @x           with what it reads, what reads it, to a depth, both
      a b   a,b                      what fits any, what fits all
    """


@sql.command(name="compile", cls=_Words)
@_selection
@_out("Folder to write <schema>/<name>.sql to; by default the terminal.", required=False)
@click.option("--engine", type=click.Choice(["duckdb", "spark"]), default="duckdb", show_default=True)
def compile_models(words: Sequence[str], exclude: Sequence[str], out: Path | None, engine: "Engine") -> None:
    """Print the SQL that an engine would run; no warehouse is needed."""
    _, models = _chosen(words, exclude, engine)
    if out is None:
        click.echo("\n\n".join(f"-- {model.relation}\n{model.compiled_sql}" for model in models))
        return
    for model in models:
        path = out / model.schema / f"{model.name}.sql"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{model.compiled_sql}\n", encoding="utf-8")
    click.echo(f"Wrote {len(models):,} models to {out}")


@sql.command(cls=_Words)
@_selection
@home_option
@click.option("--full-refresh", is_flag=True, help="Make incremental models whole, not their affected days alone.")
@click.option(
    "--city",
    type=click.Path(path_type=Path, file_okay=False),
    default=None,
    help="Folder of the city pack, whose engine is taken; by default DuckDB.",
)
def run(words: Sequence[str], exclude: Sequence[str], home: Path, full_refresh: bool, city: Path | None) -> None:
    """Build models in the home's warehouse, each after what it reads. Nothing is published."""
    import rich.console  # noqa: PLC0415

    from pipelines import engines, sql_models  # noqa: PLC0415 - imports the engine
    from pipelines.pack.city import load_city_pack  # noqa: PLC0415
    from pipelines.terminal import console, many, table_of  # noqa: PLC0415

    project, models = _chosen(words, exclude)
    table = table_of(("model", "kept as", "made", "rows", "of them now", "seconds"), (3, 4, 5))
    try:
        with (
            sql_models.opened(home.resolve(), project) as con,
            engines.opened(load_city_pack(city) if city else None, home.resolve()) as engine,
            engine.models() as spark,
            rich.console.Console(stderr=True).status(f"Building {models[0].relation} …") as status,
        ):
            building = sql_models.build(con, project, models, full_refresh=full_refresh, spark=spark)
            for at, (model, done) in enumerate(building, 1):
                made = "whole" if done.is_whole else "affected days"
                rows = (f"{done.row_count:,}", f"{done.rows_made:,}")
                table.add_row(model.relation, model.materialized, made, *rows, f"{done.seconds:.2f}")
                status.update(f"Building {models[at].relation} …" if at < len(models) else "Done")
            outdated = [model.relation for model in sql_models.outdated(con, project, models, spark)]
    finally:
        if table.row_count:
            console().print(table)
            of = "" if table.row_count == len(models) else f" {table.row_count:,} of"
            console().print(f"Built{of} {many(len(models), 'model')}; the release that is served is as it was.")
    if outdated:
        console().print(f"Not rebuilt, though they rest on what was: {', '.join(outdated)}.")


@sql.command(cls=_Words)
@_selection
@home_option
def test(words: Sequence[str], exclude: Sequence[str], home: Path) -> None:
    """Ask whether built models hold what is declared of them; exit code 1 if not, warnings aside.

    Without a selection the source tables are asked, too.
    """
    import rich.console  # noqa: PLC0415

    from pipelines import sql_models  # noqa: PLC0415 - imports the engine
    from pipelines.terminal import console, many  # noqa: PLC0415

    project, models = _chosen(words, exclude)
    expectations = sql_models.expectations_of(project, models)
    identities = sql_models.identities_of(project, models)
    sources = len({(each.layer, each.table) for each in expectations} - {(m.schema, m.name) for m in models})
    asked = f"{many(len(expectations), 'expectation')} of {many(len(models), 'model')}"
    if sources:
        asked += f" and {many(sources, 'source table')}"
    with (
        rich.console.Console(stderr=True).status(f"Judging {asked} …"),
        sql_models.opened(home.resolve(), project) as con,
    ):
        found = sql_models.ask(con, project, models, expectations, identities)
    out = console()
    if found.failed or found.imbalances:
        out.print(_failures(found))
    broken = sum(verdict.exception is not None for verdict in found.failed)
    warned = sum(not verdict.closes_gate for verdict in found.failed)
    out.print(
        f"{asked}: {len(found.verdicts) - len(found.failed):,} passed, {len(found.failed) - broken:,} failed, "
        f"{broken:,} could not be judged{f'; {warned:,} of these only warn' if warned else ''}."
    )
    balances = many(len(found.imbalances), "account") + " out of balance" if found.imbalances else "all balance"
    out.print(f"Accounts of one layer against another, {many(len(identities), 'query', 'queries')}: {balances}.")
    if not found.is_sound:
        raise click.exceptions.Exit(1)


@sql.command()
@_out("Folder of the site.", required=True)
def docs(out: Path) -> None:
    """Write a site about all models and source tables: open its index.html in a browser."""
    from dbt_like_sql.declarations import Expectation  # noqa: PLC0415 - imports the SQL parser
    from dbt_like_sql.docs.site import write_site  # noqa: PLC0415
    from dbt_like_sql.project import load_project  # noqa: PLC0415
    from pipelines.quality.suite import loading_expectations  # noqa: PLC0415

    further: dict[str, list[Expectation]] = {}
    for each in loading_expectations():
        declared = Expectation(each.kind, each.kwargs, each.severity)
        further.setdefault(f"{each.layer}.{each.table}", []).append(declared)
    pages = write_site(load_project(), out, further)
    click.echo(f"Wrote {pages} pages; open {out / 'index.html'}")


def _chosen(
    words: Sequence[str], exclude: Sequence[str], engine: "Engine" = "duckdb"
) -> tuple["Project", tuple["Model", ...]]:
    """Return the project and the models that the options select; a word may hold several, with spaces."""
    from dbt_like_sql.project import load_project  # noqa: PLC0415 - imports the SQL parser
    from dbt_like_sql.selection import select  # noqa: PLC0415

    project = load_project(engine=engine)
    # A word that is empty, as of a shell's unset variable, is kept and refused: it does not mean all models.
    taken, left_out = ([part for word in given for part in word.split() or [word]] for given in (words, exclude))
    return project, select(project, taken, left_out)


def _failures(found: "Findings") -> "rich.table.Table":
    import rich.text  # noqa: PLC0415

    from pipelines.terminal import many, table_of  # noqa: PLC0415

    table = table_of(("table", "expected", "severity", "found"), ())
    for verdict in found.failed:
        rows = None if verdict.failed_count is None else f"{many(verdict.failed_count, 'row')} otherwise"
        told = (verdict.expectation, verdict.severity, verdict.exception or rows or verdict.observed or "")
        table.add_row(f"{verdict.layer}.{verdict.table_name}", *map(rich.text.Text, told))
    for identity, account, expected, counted in found.imbalances:
        told = (account, "error", f"{counted:,} for {expected:,} ({counted - expected:+,})")
        table.add_row(identity, *map(rich.text.Text, told))
    return table
