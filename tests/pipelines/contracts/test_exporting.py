"""Contracts written from packs: valid by the standard, the same each time, and saying what the pack says."""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from open_data_contract_standard.model import DataQuality, OpenDataContractStandard, SchemaProperty

from pipelines.contracts.exporting import contract_of, contract_text
from pipelines.contracts.reading import load_contract, own_value
from pipelines.contracts.wording import _RULES, _RULES_OF_FIELDS, about_field
from pipelines.loading.kinds import FIRST_TIME, kind_fields
from pipelines.pack.city import CityPack, load_city_pack
from tests.conftest import ROOT
from tests.pipelines.small_pack import CITY_YML, call, changed, text_of, write_pack

pytestmark = pytest.mark.slow

# Its own way of reading the schema warns.
SCHEMA = json.loads(files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))


def exported(pack: CityPack, name: str = "calls") -> tuple[OpenDataContractStandard, dict[str, SchemaProperty]]:
    contract = contract_of(pack, name)
    (delivered,) = contract.schema_ or []
    return contract, {column.name or "": column for column in delivered.properties or []}


@pytest.mark.parametrize(
    ("city", "source"),
    [
        ("nyc", "shootings"),
        pytest.param("nyc", "stops", marks=pytest.mark.slow),
        pytest.param("seattle", "terry_stops", marks=pytest.mark.slow),
    ],
)
def test_a_contract_is_one_of_the_standard_and_comes_back_whole(city: str, source: str, tmp_path: Path) -> None:
    pack = load_city_pack(ROOT / "cities" / city)
    contract = contract_of(pack, source)
    text = contract_text(contract)
    jsonschema.validate(yaml.safe_load(text), SCHEMA)
    assert OpenDataContractStandard.from_string(text) == contract
    path = tmp_path / "contract.yaml"
    path.write_text(text, encoding="utf-8")
    assert load_contract(path).said.model_dump(mode="json") == json.loads(contract.model_dump_json())
    assert contract_text(contract_of(pack, source)) == text


def test_columns_say_their_types_words_units_and_keys(tmp_path: Path) -> None:
    city = changed("      category: what", "      category: {column: what, values: {T: theft, F: none}}")
    city += "    rules:\n      - {field: priority, range: {min: 1, max: 3}}\n"
    _, columns = exported(write_pack(tmp_path, city_yml=city))
    assert [columns[name].logicalType for name in ("id", "start", "prio", "x")] == [
        *("string", "timestamp", "integer", "number")
    ]
    assert columns["start"].logicalTypeOptions == {"format": "yyyy-MM-dd HH:mm"}
    assert columns["prio"].logicalTypeOptions == {"minimum": 1, "maximum": 3}
    assert [(each.value, each.label) for each in columns["what"].enum or []] == [("T", "theft"), ("F", "none")]
    assert own_value(columns["x"].customProperties, "unit") == "degree"
    assert columns["id"].required
    # Corrections share their id with what they correct: it is no key.
    assert columns["id"].unique is None
    assert str(columns["prio"].description).startswith("priority: ")


def test_an_id_is_a_key_where_no_row_corrects_another(tmp_path: Path) -> None:
    city = "\n".join(line for line in CITY_YML.splitlines() if "updated_at" not in line)
    _, columns = exported(write_pack(tmp_path, city_yml=city))
    assert (columns["id"].unique, columns["id"].primaryKey, columns["id"].primaryKeyPosition) == (True, True, 1)


def test_personal_columns_are_classified_and_rules_about_their_content_not_carried(tmp_path: Path) -> None:
    city = changed("    area: area", "    personal: [what]\n    area: area")
    city += "    rules:\n      - {field: category, allowed: [theft]}\n"
    contract, columns = exported(write_pack(tmp_path, city_yml=city))
    assert [name for name, column in columns.items() if column.classification == "personal"] == ["what"]
    left = own_value(contract.customProperties, "notCarried")
    assert next(each["why"] for each in left if each["rule"] == "not_allowed:category") == (
        "it looks into a personal column, of which only a hash is known"
    )


def test_what_a_delivery_does_not_show_is_named(tmp_path: Path) -> None:
    city = CITY_YML + "    rules:\n      - {field: closed_at, condition: closed_at - occurred_at < interval 1 day}\n"
    contract, _ = exported(write_pack(tmp_path, city_yml=city))
    left = {each["rule"] for each in own_value(contract.customProperties, "notCarried")}
    assert left == {"conflicting_id", "drift", "area_missing", "outside_area", "clock_change", "condition:closed_at"}
    assert contract.description is not None
    assert all(rule in str(contract.description.limitations) for rule in left)


def test_a_column_of_only_some_files_may_be_missing(tmp_path: Path) -> None:
    city = changed("files: [calls.csv]", "files: [calls.csv, more.csv]")
    more = text_of([call("2")]).replace("prio", "extra")
    _, columns = exported(write_pack(tmp_path, {"more.csv": more}, city))
    lacking = [name for name, column in columns.items() if own_value(column.customProperties, "mayBeMissing")]
    assert sorted(lacking) == ["extra", "prio"]


def test_both_languages_and_the_service_level_are_said(tmp_path: Path) -> None:
    contract, _ = exported(write_pack(tmp_path))
    (delivered,) = contract.schema_ or []
    assert delivered.businessName == "Calls"
    assert [(each.synonym, each.locale) for each in delivered.synonyms or []] == [("报警", "zh")]
    levels: dict[Any, Any] = {each.property: each for each in contract.slaProperties or []}
    assert (levels["latency"].value, levels["latency"].unit, levels["latency"].element) == (14, "d", "calls.start")
    assert levels["frequency"].schedule == "30 3 * * *"


def test_a_contract_is_written_before_any_file_is_there_and_of_what_is_no_file(tmp_path: Path) -> None:
    before = changed("files: [calls.csv]", "files: ['calls_{month}.csv']")
    contract, columns = exported(write_pack(tmp_path, city_yml=before))
    assert [server.path for server in contract.servers or []] == ["calls_*.csv"]
    assert set(columns) == {"id", "start", "end", "closed", "updated", "what", "prio", "area", "x", "y"}
    database = "database: {connection: 'postgresql://reader:hunter2@db/x', query: select 1}"
    contract, columns = exported(write_pack(tmp_path, city_yml=changed("files: [calls.csv]", database)))
    assert contract.servers is None
    assert "id" in columns
    assert "hunter2" not in contract_text(contract)


def test_a_contract_is_in_the_language_of_its_pack(tmp_path: Path) -> None:
    """Of a Chinese city every description is in Chinese, but for names; what is agreed is the same."""
    chinese = contract_of(write_pack(tmp_path / "zh", city_yml=f"language: zh\n{CITY_YML}"), "calls")
    english = contract_of(write_pack(tmp_path / "en"), "calls")
    told = dict(_descriptions(yaml.safe_load(contract_text(chinese))))
    assert len(told) > 30
    assert [(at, text) for at, text in told.items() if text.isascii()] == []
    assert told.keys() == dict(_descriptions(yaml.safe_load(contract_text(english)))).keys()
    assert [rule.query for rule in _rules(chinese)] == [rule.query for rule in _rules(english)]


def test_every_field_and_rule_has_chinese_words() -> None:
    words = yaml.safe_load((ROOT / "pipelines" / "contracts" / "zh.yml").read_text(encoding="utf-8"))
    fields = {field for kind in FIRST_TIME for field in (*kind_fields(kind).times, *kind_fields(kind).others)}
    assert {each for each in fields if about_field(each, each, "zh") == each} == set()
    assert set(words["rules"]) == {*_RULES, *_RULES_OF_FIELDS}


def _descriptions(said: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Find the sentences of a contract, with their places."""
    if isinstance(said, dict):
        for key, value in said.items():
            if key in ("description", "why", "dataGranularityDescription") and isinstance(value, str):
                yield f"{at}/{key}", value
            else:
                yield from _descriptions(value, f"{at}/{key}")
    elif isinstance(said, list):
        for number, value in enumerate(said):
            yield from _descriptions(value, f"{at}/{number}")


def _rules(contract: OpenDataContractStandard) -> list[DataQuality]:
    (delivered,) = contract.schema_ or []
    own = [rule for column in delivered.properties or [] for rule in column.quality or []]
    return [*own, *(delivered.quality or [])]
