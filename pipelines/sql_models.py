"""Working with the SQL models of a home alone, outside the nightly job: building them, and asking what they hold.

Here: what must be there first, and whom a fault is told to. Not here: which models (`dbt_like_sql.selection`),
how one is built (`dbt_like_sql.run`) or judged (`quality`), and printing (`sql_commands`).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dbt_like_sql import built
from dbt_like_sql.project import Identity, Model, Project
from dbt_like_sql.run import ModelError, ModelRun, breaches, run_model
from dbt_like_sql.selection import select
from dbt_like_sql.spark.models import SparkModels
from pipelines.errors import WardlightError
from pipelines.loading import affected
from pipelines.loading import context as loading_context
from pipelines.quality.declarations import Expectation
from pipelines.quality.expectations import Verdict, judge
from pipelines.quality.suite import warehouse_expectations
from pipelines.warehouse import has_table, open_warehouse, writing


@contextmanager
def opened(home: Path, project: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """Hold a home's lock and its warehouse, which has the source tables of the models.

    Raises
    ------
    WardlightError
        If there is no warehouse, it lacks a source table or another version made it, if another run holds the
        lock, or if the file cannot be opened.
    """
    remedy = "run `wardlight nightly` first: it loads the records that the models are made of"
    if not (home / "warehouse.duckdb").exists():
        raise WardlightError("there is no warehouse yet", file=home, remedy=remedy)
    with writing(home), open_warehouse(home) as con:
        absent = _absent(con, ((source.schema, source.name) for source in project.sources))
        if absent:
            raise WardlightError(
                f"the warehouse has no {', '.join(absent)}", file=home / "warehouse.duckdb", remedy=remedy
            )
        loading_context.ensure_tables(con)
        yield con


def build(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    models: Sequence[Model],
    *,
    full_refresh: bool,
    spark: SparkModels | None = None,
) -> Iterator[tuple[Model, ModelRun]]:
    """Build models in the order given, and yield each as it is done.

    Parameters
    ----------
    full_refresh
        Make incremental models whole, too, where the days that loads have affected would do.
    spark
        Where to compute the rows of tables; without it, in DuckDB.

    Raises
    ------
    WardlightError
        If a model reads one that is neither built nor to be built, or DuckDB would silently take over from Spark
        (then nothing was done), or if one cannot be built: it is left as it was, and those after it are not built.
    """
    if spark is None and not full_refresh and (theirs := built.of_spark(con, models)):
        raise WardlightError(
            f"{', '.join(theirs)}: Spark built this here, and DuckDB would have to make it whole",
            remedy="give --city with the pack that says engine: spark, or --full-refresh to build it with DuckDB",
        )
    chosen = {model.name for model in models}
    read = {name for model in models for name in model.depends_on} - chosen
    absent = _absent(con, ((model.schema, model.name) for model in project.models if model.name in read))
    if absent:
        raise WardlightError(
            f"the selected models read {', '.join(absent)}, not built here yet",
            remedy="put + before the models' names: what they read is then built before them",
        )
    load = None if full_refresh else affected.newest(con)
    for model in models:
        with _told(f"correct {model.path.name} or the yml beside it; the model is left as it was"):
            done = run_model(con, model, load, spark)
        yield model, done


def outdated(
    con: duckdb.DuckDBPyConnection, project: Project, models: Sequence[Model], spark: SparkModels | None = None
) -> list[Model]:
    """Return the tables that were not built now, though they rest on a table that was, or on SQL that has changed."""
    fingerprints = {
        each.name: each.fingerprint if spark is None else spark.fingerprint(each.name) for each in project.models
    }
    chosen = {model.name for model in models}
    tables = [f"{model.name}+" for model in models if model.materialized != "view"]
    resting = {model.name for model in select(project, tables)} if tables else set()
    return [
        model
        for model in project.models
        if model.name not in chosen
        and model.materialized != "view"
        and (model.name in resting or built.is_of_other_sql(con, model, fingerprints[model.name]))
    ]


def expectations_of(project: Project, models: Sequence[Model]) -> list[Expectation]:
    """Return the data tests and expectations that are declared of models, and of the source tables if those are all."""
    chosen = {(model.schema, model.name) for model in models}
    if len(models) == len(project.models):
        chosen |= {(source.schema, source.name) for source in project.sources}
    return [each for each in warehouse_expectations(project) if (each.layer, each.table) in chosen]


def identities_of(project: Project, models: Sequence[Model]) -> list[Identity]:
    """Return the identities that read any of the models."""
    chosen = {model.name for model in models}
    return [identity for identity in project.identities if not chosen.isdisjoint(identity.depends_on)]


@dataclass(frozen=True)
class Findings:
    """What asking built models gave.

    Attributes
    ----------
    verdicts
        One for each expectation.
    imbalances
        Accounts out of balance: identity, account, expected, found.
    """

    verdicts: Sequence[Verdict]
    imbalances: Sequence[tuple[str, str, int, int]]

    @property
    def failed(self) -> list[Verdict]:
        """The verdicts on expectations that failed or could not be judged."""
        return [verdict for verdict in self.verdicts if not verdict.success]

    @property
    def is_sound(self) -> bool:
        """Whether nothing of severity error failed, and every account balances."""
        return not self.imbalances and not any(verdict.closes_gate for verdict in self.verdicts)


def ask(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    models: Sequence[Model],
    expectations: Sequence[Expectation],
    identities: Sequence[Identity],
) -> Findings:
    """Ask built models whether expectations and identities hold; the answers are not kept.

    Raises
    ------
    WardlightError
        If one of the models, or one that an identity reads, is not built, or an identity cannot be asked.
    """
    read = {model.name for model in models}.union(*(identity.depends_on for identity in identities))
    absent = _absent(con, ((model.schema, model.name) for model in project.models if model.name in read))
    if absent:
        raise WardlightError(
            f"the selected models and the identities about them read {', '.join(absent)}, not built here yet",
            remedy="build all models with `wardlight sql run`",
        )
    imbalances = []
    for identity in identities:
        with _told(f"correct {identity.name}.sql in the project's folder of tests"):
            imbalances += [(identity.name, *account) for account in breaches(con, identity)]
    return Findings(judge(con, expectations, "sql test"), imbalances)


def _absent(con: duckdb.DuckDBPyConnection, relations: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{schema}.{name}" for schema, name in relations if not has_table(con, schema, name)]


@contextmanager
def _told(remedy: str) -> Iterator[None]:
    """Tell what the models' own project refuses as an error for people."""
    try:
        yield
    except ModelError as error:
        raise WardlightError(str(error), remedy=remedy) from error
