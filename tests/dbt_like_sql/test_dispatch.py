"""Macros by engine, as dbt dispatches them: which one is taken, and what is refused with file and line."""

from pathlib import Path

import pytest

from dbt_like_sql.dispatch import ENGINES, Engine
from dbt_like_sql.errors import ProjectError
from dbt_like_sql.templates import Setting, Templates

BY_ENGINE = """\
{%- macro halved(n) -%}
{{ return(adapter.dispatch('halved')(n)) }}
{%- endmacro -%}
{%- macro default__halved(n) -%}
{{ n }} // 2
{%- endmacro -%}
{%- macro spark__halved(n) -%}
{{ n }} div 2
{%- endmacro -%}
"""
WITHOUT_DEFAULT = """\
{%- macro halved(n) -%}
{{ return(adapter.dispatch('halved')(n)) }}
{%- endmacro -%}
{%- macro spark__halved(n) -%}
{{ n }} div 2
{%- endmacro -%}
"""


def templates(folder: Path, macros: str, engine: Engine) -> Templates:
    path = folder / "macros" / "numbers.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(macros, encoding="utf-8")
    return Templates(folder, [path], {}, engine)


def compiled(folder: Path, macros: str, model: str, engine: Engine) -> str:
    path = folder / "models" / "one.sql"
    path.parent.mkdir(exist_ok=True)
    path.write_text(model, encoding="utf-8")
    setting = Setting(str, str, "this", is_incremental=False)
    return templates(folder, macros, engine).render(path, setting)


@pytest.mark.parametrize(("engine", "expected"), [("duckdb", "select 6 // 2 as n"), ("spark", "select 6 div 2 as n")])
def test_an_engine_has_its_own_macro_or_the_default(tmp_path: Path, engine: Engine, expected: str) -> None:
    assert compiled(tmp_path, BY_ENGINE, "select {{ halved('6') }} as n", engine) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_name_without_a_macro_for_every_engine_is_refused_on_each(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(ProjectError, match=r"numbers\.sql:2: .*neither duckdb__halved nor default__halved"):
        templates(tmp_path, WITHOUT_DEFAULT, engine)


@pytest.mark.parametrize(
    "body",
    [
        "{{ adapter.dispatch('halved')(n) }}",
        "{{ return(n) }}",
        "{{ return(adapter.dispatch(n)(n)) }}",
        "{{ return(adapter.dispatch('halved', 'package')(n)) }}",
        "{{ return(adapter.quote('halved')(n)) }}",
        "{{ adapter.type() }}",
    ],
)
def test_other_shapes_are_refused_with_what_to_write(tmp_path: Path, body: str) -> None:
    macros = BY_ENGINE + "{%- macro other(n) -%}\n" + body + "\n{%- endmacro -%}\n"
    with pytest.raises(ProjectError, match=r"numbers\.sql:11: .*write \{\{ return\(adapter\.dispatch\('name'\)"):
        templates(tmp_path, macros, "duckdb")


@pytest.mark.parametrize("engine", ENGINES)
def test_models_do_not_dispatch(tmp_path: Path, engine: Engine) -> None:
    path = tmp_path / "one.sql"
    path.write_text("select\n{{ adapter.dispatch('halved')('6') }} as n", encoding="utf-8")
    with pytest.raises(ProjectError, match=r"one\.sql:2: .*adapter"):
        templates(tmp_path, BY_ENGINE, engine).uses(path)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_backslash_is_refused_since_engines_read_it_differently(tmp_path: Path, engine: Engine) -> None:
    with pytest.raises(ProjectError, match=r"one\.sql:2: .*chr\(92\)"):
        compiled(tmp_path, BY_ENGINE, "select\n'a\\\\b' as n", engine)
