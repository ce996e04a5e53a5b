"""The published JSON Schema is current, takes every pack that loads, and refuses what the models refuse."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pipelines.pack.marked_yaml import read_yaml
from pipelines.pack.schema import SCHEMA_NAME, city_schema, schema_text
from tests.conftest import ROOT
from tests.pipelines.small_pack import CITY_YML, changed

PUBLISHED = ROOT / "docs" / SCHEMA_NAME
PACKS = [*sorted((ROOT / "cities").glob("*/city.yml")), ROOT / "pipelines" / "pack" / "scaffold_files" / "city.yml"]
FIRST_LINE = "# yaml-language-server: $schema="


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = city_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def problems(validator: jsonschema.Draft202012Validator, raw: Any) -> list[str]:
    return [error.message for error in validator.iter_errors(raw)]


def as_an_editor_reads(text: str) -> Any:
    """Read YAML as YAML 1.2 does, which editors follow: dates are texts, `on` and `no` are texts, fractions numbers."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":timestamp", ":bool"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))
    return json.loads(json.dumps(yaml.load(text, Loader=Loader)))


def test_the_published_schema_is_current() -> None:
    assert PUBLISHED.read_text(encoding="utf-8") == schema_text(), "write it anew with `make schema`"


@pytest.mark.slow
@pytest.mark.parametrize("path", PACKS, ids=lambda path: path.parent.name)
def test_every_pack_is_valid_and_points_at_the_schema(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    text = path.read_text(encoding="utf-8")
    assert problems(validator, read_yaml(path)[0]) == []
    assert problems(validator, as_an_editor_reads(text)) == []
    first = text.splitlines()[0]
    assert first.startswith(FIRST_LINE)
    if path.parents[1].name == "cities":
        assert (path.parent / first.removeprefix(FIRST_LINE)).resolve() == PUBLISHED


FULL = """\
      priority: {column: prio, values: {high: 1, low: 3}, otherwise: 2}
      outcome: {constant: open}
    format: {delimiter: ";", encoding: gb18030}
    personal: [id]
    rules:
      - {field: priority, range: {min: 0.5, max: 3}, severity: flag}
      - {field: category, allowed: [theft, 7, true]}
    severities: {times_out_of_order: reject}
    deleted: what = 'withdrawn'
    drift: {new_column: stop}
"""


@pytest.mark.parametrize(
    "text",
    [
        CITY_YML,
        changed("      priority: prio\n", FULL),
        changed("    files: [calls.csv]\n", "    files: [c.json]\n    format: {reader: json, records: result.rows}\n"),
        changed("    files: [calls.csv]\n", "    files: ['c-*.xlsx']\n    format: {reader: excel, header_row: 2}\n"),
        changed("    files: [calls.csv]\n", '    database: {connection: "postgresql://${A}", query: select 1}\n'),
        changed(
            "    files: [calls.csv]\n",
            "    api: {style: ckan, url: https://data.example/api, key: id, resource_id: r, timeout_seconds: 2.5}\n",
        ),
    ],
    ids=["small", "full", "json", "excel", "database", "api"],
)
def test_what_the_models_take_the_schema_takes(
    text: str, validator: jsonschema.Draft202012Validator, tmp_path: Path
) -> None:
    (tmp_path / "city.yml").write_text(text, encoding="utf-8")
    assert problems(validator, read_yaml(tmp_path / "city.yml")[0]) == []
    assert problems(validator, as_an_editor_reads(text)) == []


@pytest.mark.parametrize(
    ("part", "new"),
    [
        ("disclosure: open\n", "disclosure: secret\n"),
        ("disclosure: open\n", "disclosure: open\nweek_begins: monday\n"),
        ("kind: incident", "kind: accident"),
        ("      priority: prio\n", "      prioritty: prio\n"),
        ("      incident_id: id\n", ""),
        ("      priority: prio\n", "      priority: {column: prio, sql: prio}\n"),
        ("      priority: prio\n", "      priority: {column: prio, vals: {a: 1}}\n"),
        ("first_month: 2016-01", "first_month: 2016-1"),
        ("    files: [calls.csv]\n", ""),
        ("    files: [calls.csv]\n", "    files: calls.csv\n"),
        ("    files: [calls.csv]\n", "    files: [c]\n    database: {connection: a, query: b}\n"),
        ("    files: [calls.csv]\n", "    files: [c]\n    format: {reader: excel, delimiter: ';'}\n"),
        ("    files: [calls.csv]\n", "    files: [c]\n    rules: [{field: priority}]\n"),
        ("    files: [calls.csv]\n", "    files: [c]\n    rules: [{field: a, required: true, pattern: b}]\n"),
        ("    files: [calls.csv]\n", "    files: [c]\n    drift: {new_column: ignore}\n"),
        ("  calls:\n", "  Calls!:\n"),
    ],
)
def test_what_is_wrong_fails(part: str, new: str, validator: jsonschema.Draft202012Validator, tmp_path: Path) -> None:
    (tmp_path / "city.yml").write_text(changed(part, new), encoding="utf-8")
    assert problems(validator, read_yaml(tmp_path / "city.yml")[0])


def test_every_key_is_described() -> None:
    schema = city_schema()
    bare = [
        f"{name}.{key}"
        for name, part in {"CityPack": schema, **schema["$defs"]}.items()
        for key, about in part.get("properties", {}).items()
        if not about.get("description")
    ]
    assert bare == []
    (full,) = [form for form in schema["$defs"]["Mapping"]["anyOf"] if form["type"] == "object"]
    assert all(about.get("description") for about in full["properties"].values())


def test_the_manual_names_every_key() -> None:
    manual = (ROOT / "docs" / "city-pack.md").read_text(encoding="utf-8")
    schema = city_schema()
    parts = {"CityPack": schema, **schema["$defs"]}
    parts["Mapping"] = parts["Mapping"]["anyOf"][1]
    missing = {
        f"{name}.{key}"
        for name, part in parts.items()
        for key in part.get("properties", {})
        if not re.search(rf"\b{key}\b", manual)
    }
    assert missing == set()
