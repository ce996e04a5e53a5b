"""Contracts that cannot be used: each mistake with its line, its field and what to do."""

from pathlib import Path

import pytest

from pipelines.contracts.reading import load_contract
from pipelines.errors import ContractError, WardlightError
from pipelines.pack.mistakes import listed

PLAIN = """\
version: 1.0.0
apiVersion: v3.1.0
kind: DataContract
id: calls
schema:
- name: calls
  properties:
  - name: id
    required: true
  - name: prio
    logicalType: integer
    quality:
    - metric: nullValues
      mustBe: 0
"""


def refused(tmp_path: Path, text: str) -> list[tuple[int | None, str | None, str, str]]:
    path = tmp_path / "calls.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WardlightError) as raised:
        load_contract(path)
    found = listed(raised.value)
    assert all(isinstance(each, ContractError) for each in found)
    assert all(each.file == str(path) for each in found)
    return [(each.line, each.field, each.problem, each.remedy or "") for each in found]


def test_a_contract_by_another_hand_is_read(tmp_path: Path) -> None:
    path = tmp_path / "calls.yaml"
    path.write_text(PLAIN, encoding="utf-8")
    contract = load_contract(path)
    assert contract.said.id == "calls"
    assert contract.lines["schema", "0", "properties", "1", "logicalType"] == 11


@pytest.mark.parametrize(
    ("part", "instead", "line", "field", "problem", "remedy"),
    [
        ("mustBe: 0", "mustBee: 0", 14, "schema.0.properties.1.quality.0.mustBee", "no key 'mustBee'", "mean mustBe"),
        ("mustBe: 0", "unit: rows", 13, "schema.0.properties.1.quality.0", "does not say", "exactly one of mustBe"),
        ("mustBe: 0", "mustBe: few", 14, "schema.0.properties.1.quality.0.mustBe", "'few' is no number", "number"),
        ("nullValues", "nulls", 13, "schema.0.properties.1.quality.0.metric", "'nulls' is no metric", "nullValues"),
        ("integer", "int", 11, "schema.0.properties.1.logicalType", "'int' is no logical type", "integer"),
        ("name: prio", "name: ID", 10, "schema.0.properties.1", "'ID' is listed twice", "name of its own"),
        ("required: true", "required: perhaps", 9, "schema.0.properties.0.required", "valid boolean", "standard"),
        ("v3.1.0", "v2.2.2", 2, "apiVersion", "version v2.2.2", "v3.2.0"),
        ("DataContract", "Contract", 3, "kind", "no data contract", "DataContract"),
        ("id: calls\n", "", None, "id", "id is missing", "add id"),
        ("  properties:", " properties:", 7, None, "not valid YAML", "mend the line"),
    ],
)
def test_a_mistake_is_told_with_its_place(
    tmp_path: Path, part: str, instead: str, line: int, field: str, problem: str, remedy: str
) -> None:
    assert PLAIN.count(part) >= 1
    ((told_line, told_field, told, what),) = refused(tmp_path, PLAIN.replace(part, instead, 1))
    assert (told_line, told_field) == (line, field)
    assert problem in told
    assert remedy in what


def test_several_mistakes_are_told_at_once(tmp_path: Path) -> None:
    found = refused(tmp_path, PLAIN.replace("integer", "int").replace("nullValues", "nulls"))
    assert [line for line, *_ in found] == [11, 13]


@pytest.mark.parametrize("text", ["", "- one\n- two\n", "just words"])
def test_what_is_no_contract_at_all_is_refused(tmp_path: Path, text: str) -> None:
    ((_, _, told, _),) = refused(tmp_path, text)
    assert "no contract" in told


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such file"):
        load_contract(tmp_path / "nothing.yaml")
