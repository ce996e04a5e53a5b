"""The project as a whole: its settings, its models in the order in which they run, its source tables.

Here: putting files, declarations and templates together. Not here: reading one file (declarations,
templates) and touching a database (run).
"""

import difflib
import functools
import graphlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dbt_like_sql.declarations import Declaration, read_declarations
from dbt_like_sql.dispatch import Engine
from dbt_like_sql.errors import ProjectError
from dbt_like_sql.model_config import Config
from dbt_like_sql.templates import Setting, Templates, Use
from dbt_like_sql.unit_tests import Input, UnitTest, read_unit_test
from dbt_like_sql.yaml_lines import LinedMapping, read_yaml


@dataclass(frozen=True)
class Source(Declaration):
    """A table that is written outside the project and read by its models."""

    source_name: str
    schema: str
    path: Path

    @property
    def relation(self) -> str:
        """Schema-qualified name of the table."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Build:
    """How a model is made: its query, and statements to execute before and after, in one transaction."""

    query: str
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Model(Declaration):
    """A model: one query, kept as a table or view `schema.name`.

    Attributes
    ----------
    depends_on
        Names of the models that it reads.
    sources
        Names of the source tables that it reads.
    compiled_sql
        The query that the project's engine runs to make it whole.
    before, after
        Statements around that, from the hooks of its config().
    increment
        How the affected days alone are made anew: its query gives their rows, a hook before it deletes the old
        ones. None where the model is always made whole.
    fingerprint
        Hash of all that decides what is in it but the data: its SQL and columns, and those of what it reads; after
        the name of the engine, where that is not DuckDB.
    """

    schema: str
    depends_on: tuple[str, ...]
    sources: tuple[str, ...]
    raw_sql: str
    compiled_sql: str
    materialized: str
    path: Path
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    increment: Build | None = None
    fingerprint: str = ""

    @property
    def relation(self) -> str:
        """Schema-qualified name of the model's table or view."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class Identity:
    """A query that must give no row: sums of one layer against those of the layer before.

    Its columns are `account`, `expected` and `found`. To dbt it is a singular test.
    """

    name: str
    depends_on: tuple[str, ...]
    compiled_sql: str


@dataclass(frozen=True)
class Project:
    """Models in an order in which each follows all that it reads, source tables, identities and unit tests.

    `engine` is the one that their SQL is for.
    """

    models: tuple[Model, ...]
    sources: tuple[Source, ...]
    identities: tuple[Identity, ...]
    unit_tests: tuple[UnitTest, ...]
    engine: Engine = "duckdb"

    def compile(self, model: Model) -> str:
        """Return the SQL of a model with its templates filled in."""
        return model.compiled_sql

    def model(self, name: str) -> Model:
        """Return a model by its name; raise KeyError when there is none."""
        return {model.name: model for model in self.models}[name]

    def source_columns(self, table: str) -> dict[str, str]:
        """Return the columns of a source table and their types, in declared order; KeyError when unknown."""
        columns = {source.name: source.columns for source in self.sources}[table]
        return {column.name: column.data_type for column in columns}


def in_sql(relation: str, engine: Engine) -> str:
    """Return how SQL for an engine names a relation `schema.name`: Spark has views of the session, without schemas."""
    return f"`{relation}`" if engine == "spark" else relation


def load_project(folder: Path | None = None, engine: Engine = "duckdb") -> Project:
    """Read, compile and check a project.

    Parameters
    ----------
    folder
        Folder with `dbt_project.yml`; by default the models that Wardlight comes with.
    engine
        The engine to compile for.

    Raises
    ------
    ProjectError
        Naming file, line, fault and remedy: anything outside the supported subset of dbt, models without
        declaration or declarations without model, unknown references, cycles, SQL that does not parse.
    """
    return _bundled(engine) if folder is None else _load(folder.resolve(), engine)


@functools.cache
def _bundled(engine: Engine) -> Project:
    """Return the models that Wardlight comes with, read once a process and engine."""
    return _load(Path(__file__).parent.resolve(), engine)


def _load(root: Path, engine: Engine) -> Project:
    settings = _Settings.read(root)
    templates = Templates(root, _files(root, settings.macro_paths, "*.sql"), settings.variables, engine)
    declared, sources, tests = _declarations(root, settings)
    paths = _model_paths(root, settings, declared)
    relations = _Relations(
        {name: f"{path.parent.name}.{name}" for name, path in paths.items()},
        {(source.source_name, source.name): source.relation for source in sources},
        engine,
    )
    uses = {name: templates.uses(path) for name, path in paths.items()}
    models = {}
    for name, path in paths.items():
        shown = templates.shown(path)
        read, tables = relations.read(uses[name], shown)
        config = Config.of(uses[name], settings.materialized.get(path.parent.name, "view"), shown)
        whole = _build(templates, path, config, relations.setting(name, False))
        is_incremental = config.materialized == "incremental"
        models[name] = Model(
            **vars(declared[name]),
            schema=path.parent.name,
            depends_on=read,
            sources=tables,
            raw_sql=path.read_text(encoding="utf-8"),
            compiled_sql=whole.query,
            materialized=config.materialized,
            path=path,
            before=whole.before,
            after=whole.after,
            increment=_build(templates, path, config, relations.setting(name, True)) if is_incremental else None,
        )
    identities = [
        Identity(
            path.stem,
            relations.read(templates.uses(path), templates.shown(path))[0],
            templates.render(path, relations.setting(path.stem, False)),
        )
        for path in _files(root, settings.test_paths, "*.sql")
    ]
    unit_tests = []
    for test in _unit_tests(tests, models, sources, settings.variables):
        model = models[test.model]
        if test.variables:
            own = replace(relations.setting(model.name, test.is_incremental), variables=test.variables)
            sql = templates.render(model.path, own)
        elif test.is_incremental and model.increment is not None:
            sql = model.increment.query
        else:
            sql = model.compiled_sql
        unit_tests.append(replace(test, compiled_sql=sql))
    ordered = tuple(_fingerprinted(_ordered(models, templates, uses), engine))
    return Project(ordered, sources, tuple(identities), tuple(unit_tests), engine)


def _build(templates: Templates, path: Path, config: Config, setting: Setting) -> Build:
    hooks = (
        tuple(filter(None, (templates.render_hook(path, hook, config.line, setting) for hook in listed)))
        for listed in (config.pre_hooks, config.post_hooks)
    )
    return Build(templates.render(path, setting), *hooks)


def _fingerprinted(models: Iterable[Model], engine: Engine) -> Iterator[Model]:
    """Give each model its fingerprint, in an order in which each follows what it reads."""
    mark = "" if engine == "duckdb" else f"{engine}:"
    known: dict[str, str] = {}
    for model in models:
        columns = [(column.name, column.data_type) for column in model.columns]
        said = (model.materialized, model.compiled_sql, model.before, model.after, model.increment, columns)
        digest = hashlib.sha256(repr((said, [known[name] for name in model.depends_on])).encode())
        known[model.name] = mark + digest.hexdigest()[:16]
        yield replace(model, fingerprint=known[model.name])


@dataclass(frozen=True)
class _Relations:
    """Names of tables and views by what ref and source call them."""

    models: Mapping[str, str]
    tables: Mapping[tuple[str, str], str]
    engine: Engine

    def ref(self, name: str) -> str:
        return in_sql(self.models[name], self.engine)

    def source(self, name: str, table: str) -> str:
        return in_sql(self.tables[name, table], self.engine)

    def setting(self, name: str, is_incremental: bool) -> Setting:
        """Return what the template of a model or test is filled in with."""
        return Setting(self.ref, self.source, self.models.get(name, name), is_incremental)

    def read(self, uses: Iterable[Use], shown: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the models and source tables that a template reads; raise when one is not known."""
        known: dict[str, list[tuple[str, ...]]] = {
            "ref": [(name,) for name in self.models],
            "source": list(self.tables),
        }
        read: dict[str, list[str]] = {"ref": [], "source": []}
        for use in uses:
            if use.function in known:
                if use.options or use.arguments not in known[use.function]:
                    names = sorted(".".join(key) for key in known[use.function])
                    near = difflib.get_close_matches(".".join(map(str, use.arguments)), names, n=1)
                    remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
                    call = f"{use.function}({', '.join(map(repr, use.arguments))})"
                    raise ProjectError(shown, use.line, f"{call} is not known: {remedy}")
                read[use.function].append(use.arguments[-1])
        return tuple(dict.fromkeys(read["ref"])), tuple(dict.fromkeys(read["source"]))


@dataclass(frozen=True)
class _Settings:
    """What `dbt_project.yml` says."""

    model_paths: list[str]
    macro_paths: list[str]
    test_paths: list[str]
    materialized: Mapping[str, str]
    variables: Mapping[str, Any]

    @classmethod
    def read(cls, root: Path) -> "_Settings":
        keys = (
            "name",
            "version",
            "config-version",
            "profile",
            "model-paths",
            "macro-paths",
            "test-paths",
            "models",
            "vars",
        )
        top = read_yaml(root / "dbt_project.yml", root).only(*keys)
        name = top.text("name")
        folders = top.mapping("models").only(name, advice="settings are under the project's name").mapping(name)
        materialized = {}
        for folder in folders:
            settings = folders.mapping(folder).only("+schema", "+materialized", advice="set it in the model's yml")
            if settings.get("+schema", folder) != folder:
                raise settings.refuse(f"the schema of a model is its folder: write `{folder}`", "+schema")
            materialized[folder] = settings.get("+materialized", "view")
            if materialized[folder] not in ("table", "view"):
                raise settings.refuse(
                    "`+materialized` must be table or view; a model's config() may be incremental", "+materialized"
                )
        return cls(
            top.sequence("model-paths") or ["models"],
            top.sequence("macro-paths") or ["macros"],
            top.sequence("test-paths") or ["tests"],
            materialized,
            top.mapping("vars"),
        )


def _files(root: Path, folders: Iterable[str], pattern: str) -> list[Path]:
    return sorted(path for folder in folders for path in (root / folder).rglob(pattern))


def _declarations(
    root: Path, settings: _Settings
) -> tuple[dict[str, Declaration], tuple[Source, ...], list[LinedMapping]]:
    declared: dict[str, Declaration] = {}
    sources = []
    unit_tests = []
    for path in _files(root, settings.model_paths, "*.yml"):
        models, tables, tests = read_declarations(path, root)
        unit_tests += tests
        for model in models:
            if model.name in declared:
                first = declared[model.name].at.path
                raise model.at.refuse(f"model `{model.name}` is declared in {first} too: keep one")
            declared[model.name] = model
        for name, schema, table in tables:
            sources.append(Source(**vars(table), source_name=name, schema=schema, path=path))
    return declared, tuple(sources), unit_tests


def _unit_tests(
    items: Iterable[LinedMapping], models: Mapping[str, Model], sources: Iterable[Source], variables: Iterable[str]
) -> Iterator[UnitTest]:
    names: set[str] = set()
    for item in items:
        if (name := item.text("name")) in names:
            raise item.refuse(f"there are two unit tests named {name}: rename one", "name")
        names.add(name)
        model = models.get(item.text("model"))
        if model is None:
            near = difflib.get_close_matches(item.text("model"), models, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(models)}"
            raise item.refuse(f"model `{item.text('model')}` is not known: {remedy}", "model")
        inputs = {f"ref('{read}')": Input(models[read].relation, models[read].columns) for read in model.depends_on}
        for table in sources:
            if table.name in model.sources:
                call = f"source('{table.source_name}', '{table.name}')"
                inputs[call] = Input(f"{table.schema}.{table.name}", table.columns)
        inputs["this"] = Input(model.relation, model.columns)
        unit_test = read_unit_test(item, model, inputs, variables)
        if unit_test.is_incremental and model.increment is None:
            fault = f"`is_incremental` cannot be true: {model.name} is always made whole"
            raise item.refuse(fault, "overrides")
        yield unit_test


def _model_paths(root: Path, settings: _Settings, declared: Mapping[str, Declaration]) -> dict[str, Path]:
    paths: dict[str, Path] = {}
    for path in _files(root, settings.model_paths, "*.sql"):
        shown = path.relative_to(root).as_posix()
        if path.stem in paths:
            raise ProjectError(shown, None, f"there are two models named {path.stem}: rename one")
        if path.stem not in declared:
            fault = f"model is not declared: describe it and its columns in {path.stem}.yml beside it"
            raise ProjectError(shown, None, fault)
        paths[path.stem] = path
    for name, declaration in declared.items():
        if name not in paths:
            raise declaration.at.refuse(f"model `{name}` has no {name}.sql: write it or remove this", "name")
    return paths


def _ordered(models: Mapping[str, Model], templates: Templates, uses: Mapping[str, list[Use]]) -> Iterator[Model]:
    try:
        order = graphlib.TopologicalSorter({name: models[name].depends_on for name in models}).static_order()
        yield from [models[name] for name in order]
    except graphlib.CycleError as error:
        *_, read, reader = error.args[1]
        line = next(use.line for use in uses[reader] if use.arguments == (read,))
        cycle = " → ".join(reversed(error.args[1]))
        shown = templates.shown(models[reader].path)
        raise ProjectError(shown, line, f"models read each other in a circle ({cycle})") from error
