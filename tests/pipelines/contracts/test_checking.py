"""Checking deliveries against contracts by any hand, with the two files alone."""

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from pipelines import cli
from pipelines.contracts.checking import Check, Verdict, check_delivery
from pipelines.contracts.reading import load_contract
from pipelines.errors import ContractError, SourceError
from tests.pipelines.small_pack import CITY_YML, call, changed, text_of, write_pack

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HEAD = "version: 1.0.0\napiVersion: v3.2.0\nkind: DataContract\nid: calls\nschema:\n- name: calls\n"


def check(tmp_path: Path, contract: str, data: str, as_of: date | None = None) -> Check:
    (tmp_path / "contract.yaml").write_text(HEAD + contract, encoding="utf-8")
    (tmp_path / "calls.csv").write_text(data, encoding="utf-8")
    return check_delivery(load_contract(tmp_path / "contract.yaml"), [tmp_path / "calls.csv"], as_of, None, NOW)


def broken(found: Check) -> dict[str, int | None]:
    return {each.rule: each.rows for each in found.verdicts if each.outcome == "broken"}


def one(found: Check, rule: str) -> Verdict:
    (verdict,) = [each for each in found.verdicts if each.rule == rule]
    return verdict


@pytest.mark.parametrize(
    ("said", "cells", "expected"),
    [
        ("required: true", "a,,b", {"required": 1}),
        ("unique: true", "a,b,a,", {"unique": 2}),
        ("logicalType: integer", "1,-2,1.5,x", {"type": 2}),
        ("logicalType: number", "1,1e3,nan,x", {"type": 2}),
        ("logicalType: boolean", "true,false,maybe", {"type": 1}),
        ("logicalType: date", "2016-02-29,2015-02-29", {"type": 1}),
        (
            "logicalType: timestamp\n    logicalTypeOptions: {format: dd.MM.yyyy HH:mm}",
            "1.2.2016 10:00,2016",
            {"type": 1},
        ),
        (
            "logicalType: integer\n    logicalTypeOptions: {minimum: 1, exclusiveMaximum: 5}",
            "0,1,4,5",
            {"minimum": 1, "exclusiveMaximum": 1},
        ),
        ("logicalType: date\n    logicalTypeOptions: {maximum: '2016-12-31'}", "2016-12-31,2017-01-01", {"maximum": 1}),
        (
            "logicalTypeOptions: {minLength: 2, maxLength: 3, pattern: '^[a-z]+$'}",
            "a,ab,ABCD",
            {"minLength": 1, "maxLength": 1, "pattern": 1},
        ),
        ("enum: [{value: 'Y'}, {value: N}]", "Y,N,y", {"enum": 1}),
    ],
)
def test_what_a_property_is_declared_as_is_asked(
    tmp_path: Path, said: str, cells: str, expected: dict[str, int]
) -> None:
    # The second column keeps rows with an empty cell from being blank.
    data = "cell,row\n" + "".join(f"{each},{at}\n" for at, each in enumerate(cells.split(",")))
    found = check(tmp_path, f"  properties:\n  - name: row\n  - name: cell\n    {said}\n", data)
    assert broken(found) == expected
    assert not found.holds


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{metric: nullValues, mustBe: 0}", {"nullValues": 1}),
        ("{metric: nullValues, mustBeLessThan: 26, unit: percent}", {}),
        ("{metric: nullValues, mustBeLessThan: 25, unit: percent}", {"nullValues": None}),
        ("{metric: missingValues, arguments: {missingValues: [x]}, mustBeLessOrEqualTo: 1}", {"missingValues": 2}),
        ("{metric: invalidValues, arguments: {validValues: [a]}, mustBe: 0}", {"invalidValues": 1}),
        ("{metric: invalidValues, arguments: {pattern: '^[a-w]$'}, mustBe: 0}", {"invalidValues": 1}),
        ("{metric: duplicateValues, mustBe: 0}", {"duplicateValues": 2}),
        ("{metric: rowCount, mustBeBetween: [1, 3]}", {"rowCount": None}),
        ("{type: sql, query: 'select count(*) from ${table} where ${column} = ''x''', mustBe: 0}", {"sql": 1}),
        ("{type: sql, query: 'select max({property}) from {object}', mustBe: x}", {}),
        ("{type: sql, query: 'select max({property}) from {object}', mustNotBe: x}", {"sql": None}),
    ],
)
def test_rules_of_the_standards_library_and_queries_are_asked(
    tmp_path: Path, rule: str, expected: dict[str, int | None]
) -> None:
    contract = f"  properties:\n  - name: row\n  - name: cell\n    quality:\n    - {rule}\n"
    found = check(tmp_path, contract, "row,cell\n1,a\n2,a\n3,x\n4,\n")
    assert broken(found) == expected
    assert found.holds == (not expected)


def test_a_warning_is_told_and_holds(tmp_path: Path) -> None:
    rule = "{metric: nullValues, mustBe: 0, severity: warning, name: gaps}"
    found = check(
        tmp_path, f"  properties:\n  - name: row\n  - name: cell\n    quality:\n    - {rule}\n", "row,cell\n1,\n"
    )
    assert broken(found) == {"gaps": 1}
    assert found.holds


def test_a_property_s_own_rule_takes_the_place_of_what_it_is_declared_as(tmp_path: Path) -> None:
    rule = "{metric: invalidValues, arguments: {pattern: '^[0-9.]+$'}, mustBe: 0, dimension: conformity, name: mine}"
    contract = f"  properties:\n  - name: cell\n    logicalType: integer\n    quality:\n    - {rule}\n"
    assert broken(check(tmp_path, contract, "cell\n1.5\nx\n")) == {"mine": 1}


def test_examples_are_lines_and_nothing_of_classified_columns(tmp_path: Path) -> None:
    contract = """\
  properties:
  - {name: person, classification: restricted, logicalType: integer}
  - {name: age, logicalType: integer}
  quality:
  - {type: sql, name: both, query: "select count(*) from calls where person <> '1' and age <> '1'", mustBe: 0}
"""
    found = check(tmp_path, contract, "person,age\n1,1\nJane Roe,old\n")
    path = str(tmp_path / "calls.csv")
    shown = [(each.file, each.line, each.value) for verdict in found.verdicts for each in verdict.examples]
    assert shown == [(path, 3, "(withheld)"), (path, 3, "(withheld)"), (path, 3, "'old'")]
    assert "Jane" not in repr(found)


def test_a_missing_column_breaks_and_what_rests_on_it_is_not_judged(tmp_path: Path) -> None:
    contract = """\
  properties:
  - {name: id, required: true}
  - {name: gone, required: true}
  - {name: spare, customProperties: [{property: mayBeMissing, value: true}]}
"""
    found = check(tmp_path, contract, "id,new\n1,x\n")
    assert one(found, "columns").observed.endswith("has no column gone")
    assert [(each.columns, each.outcome) for each in found.verdicts if each.rule == "required"] == [
        (("id",), "holds"),
        (("gone",), "not judged"),
    ]
    assert found.delivery.further == {str(tmp_path / "calls.csv"): ["new"]}
    assert not found.holds


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("copy calls to 'stolen.csv'", "not one select statement"),
        ("select 1; drop table calls", "not one select statement"),
        ("select count(*) from read_csv('contract.yaml')", "disabled"),
        ("select count(*) from nothing", "nothing"),
        ("select id, id from calls", "something else than one value"),
    ],
)
def test_a_query_that_does_more_than_ask_or_does_not_work_is_not_judged(
    tmp_path: Path, query: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rule = f'{{type: sql, name: mine, query: "{query}", mustBe: 0}}'
    found = check(tmp_path, f"  properties:\n  - name: id\n  quality:\n  - {rule}\n", "id\n1\n")
    verdict = one(found, "mine")
    assert verdict.outcome == "not judged"
    assert told in verdict.observed
    assert not found.holds
    assert not (tmp_path / "stolen.csv").exists()


def test_rules_for_people_and_other_engines_are_left_to_them(tmp_path: Path) -> None:
    contract = """\
  properties: [{name: id}]
  quality:
  - {type: text, name: kind words, description: Be kind.}
  - {type: custom, name: theirs, engine: soda, implementation: row_count > 0}
"""
    found = check(tmp_path, contract, "id\n1\n")
    assert {each.rule for each in found.verdicts if each.outcome == "left out"} == {"kind words", "theirs"}
    assert found.holds


@pytest.mark.parametrize(
    ("newest", "as_of", "holds"),
    [
        ("2026-03-08", None, True),
        ("2026-03-07", None, False),
        ("2026-03-11", None, False),
        ("2016-06-29", date(2016, 6, 30), True),
        ("never", None, False),
    ],
)
def test_freshness_is_that_of_the_newest_record_that_can_be(
    tmp_path: Path, newest: str, as_of: date | None, holds: bool
) -> None:
    contract = """\
  properties:
  - {name: day, physicalType: text}
slaProperties:
- {property: latency, value: 2, unit: d, element: calls.day}
"""
    found = check(tmp_path, contract, f"day\n2001-01-01\n{newest}\n", as_of)
    assert (one(found, "freshness").outcome == "holds") == holds
    assert found.holds == holds


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A folder with a contract and a delivery, and nothing of the pack that it was written from."""
    rows = [call("1", "2016-06-29 10:00"), call("2", "2016-06-29 11:00")]
    write_pack(
        tmp_path / "pack", {"calls.csv": text_of(rows)}, changed("area: area\n", "personal: [what]\n    area: area\n")
    )
    out = tmp_path / "alone"
    done = CliRunner().invoke(cli.main, ["contract", "export", "--city", str(tmp_path / "pack"), "--out", str(out)])
    assert done.output == f"Wrote {out / 'smallville-calls.odcs.yaml'}\n"
    shutil.move(tmp_path / "pack" / "calls.csv", out / "calls.csv")
    shutil.rmtree(tmp_path / "pack")
    return out


def run(*arguments: str | Path) -> tuple[int, str]:
    done = CliRunner().invoke(cli.main, ["contract", *map(str, arguments)])
    return done.exit_code, done.output


def test_the_sender_checks_with_two_files_and_the_exit_code_tells(alone: Path) -> None:
    contract = alone / "smallville-calls.odcs.yaml"
    code, output = run("check", contract)
    assert code == 0, output
    assert "The delivery holds: 0 errors" in output
    assert "The receiver judges besides: conflicting_id, drift" in output
    bad = text_of([call("1", what="J. Roe"), call(None, what="Jane Roe"), call("3", "soon")])
    (alone / "bad.csv").write_text(bad, encoding="utf-8")
    code, output = run("check", contract, alone / "bad.csv")
    assert code == 1
    assert "missing_id" in output
    assert "bad.csv:4 'soon'" in output
    assert "Roe" not in output
    code, output = run("check", contract, alone / "bad.csv", "--json")
    said = json.loads(output)
    assert (code, said["holds"], said["rows"]) == (1, False, 3)
    rows = {each["rule"]: each["rows"] for each in said["verdicts"] if each["outcome"] == "broken"}
    assert rows == {"missing_id": 1, "unparseable_time": 1, "freshness": None}


def test_commands_say_what_is_wrong(alone: Path, tmp_path: Path) -> None:
    write_pack(tmp_path / "pack", city_yml=CITY_YML)
    code, output = run("export", "--city", tmp_path / "pack", "--source", "cals")
    assert (code, "there is no source 'cals'" in output, "did you mean calls?" in output) == (1, True, True)
    (alone / "calls.csv").unlink()
    code, output = run("check", alone / "smallville-calls.odcs.yaml")
    assert code == 1
    assert "the contract names calls.csv, and nothing of that is beside it" in output
    code, output = run("check", alone / "smallville-calls.odcs.yaml", alone / "other.csv")
    assert code == 1
    assert "the file is missing" in output
    assert "city.yml" not in output


def test_a_delivery_in_another_format_is_read_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "contract.yaml").write_text(HEAD + "  properties: [{name: id, unique: true}]\n", encoding="utf-8")
    (tmp_path / "calls.ndjson").write_text('{"id": 1}\n{"id": 1}\n', encoding="utf-8")
    contract = load_contract(tmp_path / "contract.yaml")
    assert broken(check_delivery(contract, [tmp_path / "calls.ndjson"], None, None, NOW)) == {"unique": 2}
    (tmp_path / "calls").write_text("id\n1\n", encoding="utf-8")
    with pytest.raises(ContractError, match="which format it is"):
        check_delivery(contract, [tmp_path / "calls"], None, None, NOW)
    with pytest.raises(SourceError, match="missing"):
        check_delivery(contract, [tmp_path / "none.csv"], None, None, NOW)
