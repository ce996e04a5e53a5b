"""Reading the project: what it holds, and what it refuses, naming file, line and remedy."""

from pathlib import Path
from typing import Any

import pytest

from dbt_like_sql.errors import ProjectError
from dbt_like_sql.project import Project, load_project

SETTINGS = """\
name: small
models:
  small:
    facts:
      +materialized: table
vars:
  limit_days: 7
"""
DECLARATION = """\
version: 2

models:
  - name: {name}
    description: One row per number.
    columns:
      - name: n
        description: A number
        data_type: integer
        data_tests:
          - not_null
"""
FILES = {
    "dbt_project.yml": SETTINGS,
    "macros/numbers.sql": "{%- macro double(x) -%}\n2 * {{ x }}\n{%- endmacro -%}\n",
    "models/facts/one.sql": "select 1 as n\n",
    "models/facts/one.yml": DECLARATION.format(name="one"),
    "models/facts/two.sql": "select\n    {{ double('n') }} as n\nfrom {{ ref('one') }}\n",
    "models/facts/two.yml": DECLARATION.format(name="two"),
}


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """Write the small project with some of its files replaced, removed (None) or added, and load it."""

    def load(**changes: str | None) -> Project:
        for name, content in {**FILES, **changes}.items():
            if content is not None:
                path = tmp_path / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
        return load_project(tmp_path)

    return load


def test_models_come_after_what_they_read(project: Project) -> None:
    seen: set[str] = set()
    for model in project.models:
        assert seen.issuperset(model.depends_on)
        seen.add(model.name)
    assert {model.schema for model in project.models} == {"staging", "facts", "measures", "extracts", "profiles"}


def test_only_staging_models_read_source_tables(project: Project) -> None:
    for model in project.models:
        assert bool(model.sources) == (model.schema == "staging"), model.name


def test_every_model_states_its_grain_and_owner(project: Project) -> None:
    for model in project.models:
        assert model.description.startswith("One row per "), model.name
        assert model.owner == "team:data-engineering"
        assert model.tags == (model.schema,)


def test_source_columns_are_declared_with_their_types(project: Project) -> None:
    columns = project.source_columns("incident")
    assert columns["occurred_until_local"] == "timestamp"
    assert columns["flags"] == "varchar[]"
    assert list(project.source_columns("run_window")) == ["as_of"]
    with pytest.raises(KeyError):
        project.source_columns("no_such_table")


def test_declarations_carry_tests_and_expectations(project: Project) -> None:
    model = project.model("fct_incident")
    tests = {(test.column, test.name): test for test in model.tests}
    assert tests["source", "relationships"].arguments == {"to": "ref('stg_source')", "field": "source"}
    assert tests["area_id", "not_null"].severity == "error"
    assert any(item.expectation == "ExpectCompoundColumnsToBeUnique" for item in model.expectations)


def test_small_project_compiles(small: Any) -> None:
    project = small()
    assert [model.name for model in project.models] == ["one", "two"]
    two = project.model("two")
    assert two.compiled_sql == "select\n    2 * n as n\nfrom facts.one"
    assert (two.relation, two.materialized, two.depends_on) == ("facts.two", "table", ("one",))
    assert project.compile(two) == two.compiled_sql


def test_variables_and_config(small: Any) -> None:
    one = "{{ config(materialized='view') }}\nselect {{ var('limit_days') }} + {{ var('other', 3) }} as n"
    model = small(**{"models/facts/one.sql": one}).model("one")
    assert model.compiled_sql.strip() == "select 7 + 3 as n"
    assert model.materialized == "view"


ONE, TWO = "models/facts/one.sql", "models/facts/two.sql"
YML = "models/facts/one.yml"
INCREMENTAL = (
    "{{{{ config(materialized='incremental', incremental_strategy='append', pre_hook=\"{}\") }}}} select 1 as n"
)
DECLARED, THREE = DECLARATION.format(name="one"), DECLARATION.format(name="three")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({TWO: "select n\nfrom {{ ref('onne') }}"}, "models/facts/two.sql:2: ref('onne') is not known: did you mean"),
        ({TWO: "select n\nfrom {{ source('raw', 'x') }}"}, "models/facts/two.sql:2: source('raw', 'x') is not known"),
        ({ONE: "\nselect n from {{ ref('two') }}"}, "models/facts/one.sql:2: models read each other in a circle"),
        ({ONE: "select n from {{ ref('one') }}"}, "models/facts/one.sql:1: models read each other in a circle "),
        ({TWO: "select 1 as n,\n\n{{ triple('n') }} as m"}, "models/facts/two.sql:3: `triple` is not defined: define"),
        ({TWO: "select 1 as n\n{% if execute %}{% endif %}"}, "two.sql:2: `execute` is not defined: a model is one"),
        ({"macros/more.sql": "{% macro one() %}\n{{ this }}{% endmacro %}"}, "more.sql:2: `this` is not defined: it "),
        ({TWO: "select {{ dbt_utils.star() }}"}, "two.sql:1: `dbt_utils` is not defined: packages are not installed"),
        ({TWO: "{% set name = 'one' %}\nselect n from {{ ref(name) }}"}, "two.sql:2: ref() takes constants only"),
        ({TWO: "select\n  n,\n  n n n from {{ ref('one') }}"}, "models/facts/two.sql:3: not valid SQL"),
        ({TWO: "select (n\nfrom {{ ref('one') }}\nwhere n = 1"}, "models/facts/two.sql:"),
        ({TWO: "select 'n"}, "models/facts/two.sql:1: not valid SQL"),
        ({TWO: "select 1 as n; select 2 as n"}, "models/facts/two.sql:1: a model is exactly one select"),
        ({TWO: "drop table x"}, "models/facts/two.sql:1: a model is exactly one select"),
        ({TWO: "select 1\n{% if %}"}, "models/facts/two.sql:2: not valid Jinja"),
        ({TWO: "select 1\n{% snapshot x %}"}, "models/facts/two.sql:2: not valid Jinja"),
        ({TWO: "{% include 'one.sql' %}"}, "models/facts/two.sql:1: include, import, extends and block are not"),
        ({TWO: "select\n{{ double() }} as n"}, "models/facts/two.sql:2: cannot be compiled"),
        ({TWO: "select\n{{ var('nothing') }} as n"}, "two.sql:2: cannot be compiled: var('nothing') has no value"),
        ({TWO: "{{ config(materialized='ephemeral') }} select 1 as n"}, "two.sql:1: `materialized` must be table, vie"),
        ({TWO: "{{ config(unique_key='n') }} select 1 as n"}, "two.sql:1: config() has no `unique_key` here: append"),
        ({TWO: "\n{{ config(materialized='incremental') }} select 1 as n"}, "two.sql:2: an incremental model appends"),
        ({TWO: INCREMENTAL.format("deleet from {{ this }}")}, "two.sql:1: the hook is not valid SQL"),
        ({TWO: INCREMENTAL.format("delete from {{ this")}, "two.sql:1: the hook is not valid Jinja"),
        ({TWO: INCREMENTAL.format("delete from {{ that }}")}, "two.sql:1: cannot be compiled: 'that' is undefined"),
        ({"macros/more.sql": "{% macro double(y) %}{% endmacro %}"}, "numbers.sql:1: macro `double` is already in"),
        ({"macros/more.sql": "{% macro one() %}\n{{ ref('one') }}{% endmacro %}"}, "more.sql:2: ref() belongs"),
        ({"macros/numbers.sql": "{% macro double(x) %}\nselect from where {{ x }}\n{% endmacro %}"}, "not valid SQL"),
        ({"models/facts/three.sql": "select 1 as n"}, "models/facts/three.sql: model is not declared: describe it"),
        ({"models/other/one.sql": "select 1 as n"}, "there are two models named one"),
        ({"models/facts/three.yml": THREE}, "three.yml:4: model `three` has no three.sql"),
        ({"models/facts/three.yml": DECLARED}, "three.yml:4: model `one` is declared in"),
        ({YML: DECLARED.replace("not_null", "is_prime")}, "one.yml:10: data test `is_prime` is"),
        ({YML: DECLARED.replace("data_tests", "tests")}, "one.yml:10: `tests` is not supported "),
        ({YML: DECLARED.replace("data_type: integer", "quote: true")}, "one.yml:9: `quote` is not supported"),
        ({YML: DECLARED.replace("One row per number.", "''")}, "one.yml:5: `description` must be given"),
        ({YML: DECLARED.replace("not_null", "unique: {arguments: {x: 1}}")}, "one.yml:10: data test `unique`"),
        ({YML: "version: 2\nseeds: []"}, "one.yml:2: `seeds` is not supported here"),
        ({YML: "version: 2\nmodels: [a"}, "one.yml:2: not valid YAML"),
        ({YML: "version: 2\nversion: 2"}, "one.yml:2: `version` is given twice"),
        ({YML: "- a"}, "one.yml:1: the file must hold a mapping"),
        ({"dbt_project.yml": SETTINGS.replace("table", "ephemeral")}, "project.yml:5: `+materialized` must be"),
        ({"dbt_project.yml": SETTINGS + "seeds: {}\n"}, "dbt_project.yml:8: `seeds` is not supported here"),
        ({"dbt_project.yml": SETTINGS.replace("+materialized: table", "+schema: other")}, "project.yml:5: the schema"),
        ({"dbt_project.yml": None}, "dbt_project.yml: file not found"),
    ],
)  # fmt: skip
def test_refusals_name_file_line_and_remedy(small: Any, changes: dict[str, str | None], message: str) -> None:
    with pytest.raises(ProjectError) as refused:
        small(**changes)
    assert message in str(refused.value)


def test_syntax_error_inside_a_macro_names_the_macros_line(small: Any) -> None:
    macro = "{%- macro double(x) -%}\ncase\n  when when {{ x }}\nend\n{%- endmacro -%}\n"
    with pytest.raises(ProjectError, match=r"macros/numbers\.sql:3: not valid SQL"):
        small(**{"macros/numbers.sql": macro})
