"""The commands `wardlight sql`, on a small home: what they print, what they change, and how they fail."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from dbt_like_sql.project import load_project
from pipelines import cli, sql_models
from pipelines.errors import WardlightError
from pipelines.warehouse import open_warehouse, writing
from tests.pipelines import small_pack
from tests.pipelines.small_pack import call, text_of, write_pack

pytestmark = pytest.mark.slow

CALLS = text_of([call("1"), call("2"), call("3", start="2016-03-02 11:00")])


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli.main, ["sql", *map(str, arguments)])
    return done.exit_code, done.output


def asked(home: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        return con.execute(query).fetchall()


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with three calls in staging, and no model; not to be written to."""
    folder = tmp_path_factory.mktemp("loaded")
    with open_warehouse(folder / "home") as con:
        sql_models.loading_context.ensure_tables(con)
        small_pack.load(con, write_pack(folder / "pack", {"calls.csv": CALLS}))
    return folder / "home"


@pytest.fixture
def home(loaded: Path, tmp_path: Path) -> Path:
    return shutil.copytree(loaded, tmp_path / "home")


@pytest.fixture(scope="module")
def all_built(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with all models; not to be written to."""
    folder = shutil.copytree(loaded, tmp_path_factory.mktemp("built") / "home")
    code, output = run("run", "--home", folder)
    assert code == 0, output
    return folder


@pytest.fixture
def built(all_built: Path, tmp_path: Path) -> Path:
    return shutil.copytree(all_built, tmp_path / "built")


def test_compile_prints_runnable_queries_under_their_names() -> None:
    code, output = run("compile", "--select", "fct_patrol", "stg_patrol", "--exclude", "stg_*")
    assert code == 0
    name, query = output.split("\n", 1)
    assert name == "-- facts.fct_patrol"
    assert "from staging.stg_patrol" in query
    assert "{{" not in query
    assert [line for line in run("compile", "-s", "tag:facts")[1].splitlines() if line.startswith("-- facts.")] == [
        f"-- {model.relation}" for model in load_project().models if model.schema == "facts"
    ]


def test_compile_writes_files_that_build_the_models(home: Path, tmp_path: Path) -> None:
    code, output = run("compile", "--select", "+fct_incident", "--out", tmp_path / "sql")
    assert (code, output) == (0, f"Wrote 3 models to {tmp_path / 'sql'}\n")
    files = sorted(path.relative_to(tmp_path / "sql").as_posix() for path in (tmp_path / "sql").rglob("*.sql"))
    assert files == ["facts/fct_incident.sql", "staging/stg_affected_day.sql", "staging/stg_incident.sql"]
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        for schema, name in (("staging", "stg_incident"), ("facts", "fct_incident")):
            query = (tmp_path / "sql" / schema / f"{name}.sql").read_text(encoding="utf-8")
            con.execute(f"create view {schema}.{name} as {query}")
        assert con.execute("select count(*) from facts.fct_incident").fetchall() == [(3,)]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ("compile", "-s", "fct_incidnt"),
            "wardlight: --select fct_incidnt: no model is called fct_incidnt: did",
        ),
        (("compile", "--select", "facts", "tag:fact"), "--select tag:fact: no model has the tag fact"),
        (("compile", "--select", "facts tag:fact"), "--select tag:fact: no model has the tag fact"),
        (("compile", "--exclude", "fct_x", "facts"), "--exclude fct_x: no model"),
        (("compile", "--select", ""), "`` is not understood"),
    ],
)
def test_a_word_that_fits_nothing_is_named(arguments: tuple[str, ...], told: str) -> None:
    code, output = run(*arguments)
    assert code == 1
    assert told in output


@pytest.mark.parametrize("command", ["run", "test"])
def test_without_a_warehouse_nothing_is_made(command: str, tmp_path: Path) -> None:
    code, output = run(command, "--home", tmp_path / "none")
    assert code == 1
    assert "there is no warehouse yet\n  What to do: run `wardlight nightly` first" in output
    assert not (tmp_path / "none").exists()


def test_a_warehouse_without_staging_tables_is_refused(home: Path) -> None:
    asked(home, "drop table staging.survey")
    code, output = run("run", "--home", home)
    assert code == 1
    assert "the warehouse has no staging.survey" in output
    assert "run `wardlight nightly` first" in output


def test_a_warehouse_of_another_version_is_refused(home: Path) -> None:
    asked(home, "alter table staging.survey add column more varchar")
    code, output = run("run", "--home", home)
    assert code == 1
    assert "made by another version of Wardlight" in output


def test_run_builds_what_is_selected_and_tells_what_is_out_of_date(home: Path) -> None:
    code, output = run("run", "--select", "+fct_incident", "--home", home)
    assert code == 0, output
    table, _, outdated = output.partition("Not rebuilt")
    lines = [line.split() for line in table.splitlines()]
    assert sorted(line[:-1] for line in lines if line and "." in line[0]) == [
        ["facts.fct_incident", "incremental", "whole", "3", "3"],
        ["staging.stg_affected_day", "view", "whole", "8", "8"],
        ["staging.stg_incident", "view", "whole", "3", "3"],
    ]
    assert "Built 3 models" in output
    assert "measures.msr_incident_day" in outdated
    assert "fct_record" not in outdated  # a view
    assert "patrol" not in outdated
    assert asked(home, "select count(*) from facts.fct_incident") == [(3,)]
    assert not (home / "releases").exists()


def test_run_tells_of_tables_that_rest_on_sql_that_has_changed(built: Path) -> None:
    code, output = run("run", "--select", "stg_patrol", "--home", built)
    assert (code, "Not rebuilt" in output) == (0, False)
    with duckdb.connect(str(built / "warehouse.duckdb")) as con:
        con.execute("update models.built set fingerprint = 'of before' where model = 'fct_patrol'")
    code, output = run("run", "--select", "stg_patrol", "--home", built)
    assert (code, "Not rebuilt, though they rest on what was: facts.fct_patrol." in output) == (0, True)


@pytest.mark.parametrize(("option", "made"), [((), "affected days"), (("--full-refresh",), "whole")])
def test_run_makes_a_model_of_the_same_sql_in_part_unless_asked(
    built: Path, option: tuple[str, ...], made: str
) -> None:
    code, output = run("run", "--select", "fct_incident", "--home", built, *option)
    assert code == 0, output
    assert re.search(rf"facts\.fct_incident +incremental +{made} +3 +3", output), output


def test_run_refuses_models_whose_parents_are_not_built(home: Path) -> None:
    code, output = run("run", "--select", "facts", "--home", home)
    assert code == 1
    assert re.search(
        r"the selected models read .*staging\.stg_incident, .*staging\.stg_patrol.*, not built here", output
    )
    assert "put + before" in output
    assert asked(home, "select count(*) from information_schema.tables where table_schema = 'facts'") == [(0,)]


def test_run_stops_at_a_model_that_cannot_be_built_and_leaves_it(built: Path) -> None:
    asked(built, "create or replace view staging.stg_service as select 1 as n")
    code, output = run("run", "--select", "fct_incident", "fct_service", "fct_patrol", "--home", built)
    assert code == 1
    assert "facts.fct_incident" in output
    assert "Built 2 of 3 models" in output
    assert "facts.fct_service (fct_service.sql) could not be built: Binder Error" in output
    assert "What to do: correct fct_service.sql" in output
    assert asked(built, "select count(*) from facts.fct_service") == [(0,)]


def test_run_waits_for_the_writers_lock(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipelines.warehouse.LOCK_WAIT_SECONDS", 0.1)
    with writing(built):
        code, output = run("run", "--home", built)
    assert code == 1
    assert "another run is writing to this home folder" in output


def test_test_refuses_models_that_are_not_built(built: Path) -> None:
    asked(built, "drop table measures.msr_receipt_day")
    # The identity about the incident's measure reads the table too.
    for selected in ("msr_receipt_day", "msr_incident_day"):
        code, output = run("test", "--select", selected, "--home", built)
        assert code == 1
        assert "measures.msr_receipt_day, not built here yet" in output


@pytest.fixture
def unbalanced(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    asked(built, "delete from facts.fct_incident where incident_id = '1'")
    with sql_models.opened(built, load_project()) as con:
        yield con


def test_accounts_out_of_balance_are_found(unbalanced: duckdb.DuckDBPyConnection) -> None:
    project = load_project()
    models = [project.model("fct_incident")]
    identities = sql_models.identities_of(project, models)
    assert [identity.name for identity in identities] == ["facts_account_for_staging"]
    found = sql_models.ask(unbalanced, project, models, [], identities)
    assert not found.is_sound
    assert set(found.imbalances) == {
        ("facts_account_for_staging", "fct_incident", 3, 2),
        ("facts_account_for_staging", "fct_record", 3, 2),
        ("facts_account_for_staging", "fct_incident_day, parts per million", 2_000_000, 3_000_000),
    }


def test_an_identity_that_cannot_be_asked_is_told(built: Path) -> None:
    project = load_project()
    asked(built, "create or replace table facts.fct_incident_day as select 1 as n")
    with (
        sql_models.opened(built, project) as con,
        pytest.raises(WardlightError, match="identity facts_account_for_staging could not be asked"),
    ):
        sql_models.ask(con, project, [], [], project.identities)


@pytest.mark.slow  # imports Great Expectations
def test_test_tells_what_fails_and_the_exit_code_counts_errors_alone(built: Path) -> None:
    code, output = run("test", "--select", "msr_patrol_day", "msr_incident_day", "--home", built)
    assert code == 0, output
    assert "of 2 models" in output
    assert ", 0 failed, 0 could not be judged." in output
    assert "1 query: all balance" in output

    asked(built, "update measures.msr_incident_day set victims_ppm = null")
    code, output = run("test", "--select", "msr_incident_day", "--home", built)
    assert code == 1
    failed = next(line for line in output.splitlines() if "not_null_victims_ppm" in line)
    assert failed.split() == ["measures.msr_incident_day", "not_null_victims_ppm", "error", "2", "rows", "otherwise"]
    assert "1 failed" in output


@pytest.mark.slow  # imports Great Expectations
def test_test_without_a_selection_asks_the_source_tables_too(built: Path) -> None:
    asked(built, "update staging.incident set day = null")
    code, output = run("test", "--home", built)
    assert code == 1
    project = load_project()
    assert f"of {len(project.models)} models and {len(project.sources)} source tables" in output
    (failed,) = [line for line in output.splitlines() if re.match(r"staging\.incident +not_null_day ", line)]
    assert "error" in failed
    code, output = run("test", "--select", "fct_patrol", "--home", built)
    assert "source table" not in output


@pytest.mark.slow  # imports Great Expectations
def test_a_failed_warning_is_told_but_fails_nothing(built: Path) -> None:
    asked(built, "update measures.msr_source_freshness set status = 'silent'")
    code, output = run("test", "--select", "msr_source_freshness", "--home", built)
    assert code == 0
    assert "1 failed, 0 could not be judged; 1 of these only warn." in output
    failed = next(line for line in output.splitlines() if line.startswith("measures.msr_source_freshness"))
    assert failed.split()[-4:] == ["warn", "1", "row", "otherwise"]


def test_what_spark_has_built_is_not_taken_over_unasked(built: Path) -> None:
    asked(built, "update models.built set fingerprint = 'spark:of before' where model = 'fct_patrol'")
    code, output = run("run", "--select", "fct_patrol", "fct_incident", "--home", built)
    assert code == 1
    assert "facts.fct_patrol: Spark built this here" in output
    assert "--city" in output
    code, output = run("run", "--select", "fct_patrol", "--home", built, "--full-refresh")
    assert code == 0, output
    code, output = run("run", "--select", "fct_patrol", "--home", built)
    assert code == 0, output


def test_compile_gives_the_sql_of_either_engine() -> None:
    duckdb_code, ours = run("compile", "--select", "fct_incident")
    spark_code, theirs = run("compile", "--select", "fct_incident", "--engine", "spark")
    assert (duckdb_code, spark_code) == (0, 0)
    assert "date_diff('second'" in ours
    assert "date_diff" not in theirs
    assert "from `staging.stg_incident`" in theirs


def test_docs_writes_the_site(tmp_path: Path) -> None:
    code, output = run("docs", "--out", tmp_path / "site")
    assert code == 0
    assert output.endswith(f" pages; open {tmp_path / 'site' / 'index.html'}\n")
    # An expectation of what loading writes is declared outside the models' project.
    page = (tmp_path / "site" / "staging.incident.html").read_text(encoding="utf-8")
    assert "interval ends after it starts" in page
