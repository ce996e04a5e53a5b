"""A contract and the run judge alike: the rows that a run would refuse are those that a check counts."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.contracts.checking import Check, check_delivery
from pipelines.contracts.exporting import contract_of, contract_text
from pipelines.contracts.reading import load_contract
from pipelines.pack.city import CityPack, load_city_pack
from pipelines.pulling import files
from pipelines.validating.trial import SourceTrial, try_pack
from tests.conftest import ROOT, wardlight
from tests.pipelines.small_pack import CITY_YML, call, text_of, write_pack

pytestmark = pytest.mark.slow

# Nothing is deferred: a check judges every row that is to be sent.
NO_END = date(9999, 12, 30)
NOW = datetime(2026, 11, 26, tzinfo=UTC)


def checked(pack: CityPack, name: str, folder: Path) -> Check:
    """Check a source's own files, from a folder in which there is nothing but the contract."""
    path = folder / f"{name}.odcs.yaml"
    path.write_text(contract_text(contract_of(pack, name)), encoding="utf-8")
    data = [pack.path(unit.name).resolve() for unit in files.units(pack, name)]
    return check_delivery(load_contract(path), data, None, None, NOW)


def refused(tried: SourceTrial) -> dict[str, tuple[int, str, int]]:
    """Give rows, and file and line of the first, by reason."""
    return {each.reason: (each.rows, Path(each.file).name, each.line) for each in tried.quarantined}


def counted(check: Check) -> dict[str, tuple[int, str, int]]:
    return {
        each.rule: (each.rows, Path(each.examples[0].file).name, each.examples[0].line)
        for each in check.verdicts
        if each.severity == "error" and each.rows
    }


RULES = """\
    null_texts: ["-"]
    deleted: what = 'gone'
    severities: {times_out_of_order: reject, "out_of_range:priority": reject, "unusable:priority": reject}
    rules:
      - {field: category, allowed: [theft, fraud, gone]}
      - {field: closed_at, not_before: occurred_at}
      - {field: category, pattern: '[a-z]+'}
      - {field: occurred_until, required: true}
      - {field: priority, condition: "priority < 4 or category = 'fraud'"}
"""
GOOD = {"until": "2016-03-01 11:00", "what": "theft", "prio": 2}


def test_every_sort_of_rule_is_judged_as_a_run_does(tmp_path: Path) -> None:
    city = CITY_YML.replace("    expected:", RULES + "    expected:")
    rows = [
        call("1", **GOOD),
        call(None, **GOOD),
        call("3", None, **GOOD),
        call("4", "yesterday", **GOOD),
        call("5", "1999-01-01 00:00", **GOOD),
        call("6", area="9", **GOOD),
        call("7", **GOOD | {"until": "2016-02-01 00:00"}),
        call("8", **GOOD | {"until": None}),
        call("9", **GOOD | {"what": "riot"}),
        call("10", **GOOD | {"prio": 9}),
        call("11", **GOOD | {"prio": "high"}),
        call("12", **GOOD | {"prio": 4}),
        call("13", **GOOD | {"prio": 4, "what": "fraud"}),
        call("14", closed="2016-02-01 00:00", **GOOD),
        call("15", **GOOD | {"what": "THEFT"}),
        call("16", "-", **GOOD | {"what": "gone"}),
        call("17", "-", **GOOD),
    ]
    pack = write_pack(tmp_path / "pack", {"calls.csv": text_of(rows)}, city)
    trial = try_pack(pack, NO_END)
    assert not trial.errors
    (tried,) = trial.sources
    expected = refused(tried)
    # See to it that every sort is there.
    assert {"missing_id", "missing_time", "unparseable_time", "before_first_month", "unknown_area"} <= set(expected)
    assert {"times_out_of_order", "before:occurred_at", "missing:occurred_until", "pattern:category"} <= set(expected)
    assert {"not_allowed:category", "out_of_range:priority", "unusable:priority", "condition:priority"} <= set(expected)
    assert counted(checked(pack, "calls", tmp_path)) == expected


def test_broken_lines_and_blank_rows_are_those_of_a_run(tmp_path: Path) -> None:
    text = text_of([call("1"), call("2")]) + ",,,,,,,,,\n" + '3,"open quote\n' + text_of([call("4")]).split("\n", 1)[1]
    pack = write_pack(tmp_path / "pack", {"calls.csv": text})
    (tried,) = try_pack(pack, NO_END).sources
    check = checked(pack, "calls", tmp_path)
    assert set(refused(tried)) == {"malformed_line", "blank_row"}
    assert counted(check) == refused(tried)
    assert check.delivery.rows == tried.rows["read"] - 2


@pytest.mark.slow
@pytest.mark.parametrize("city", ["nyc", "seattle", "heting"])
def test_whole_cities_agree_in_every_count_and_first_line(city: str, tmp_path: Path) -> None:
    folder = ROOT / "cities" / city
    if city == "heting":
        folder = tmp_path / "heting"
        done = wardlight("simulate", "--out", folder, "--rows", "20000", "--seed", "1")
        assert done.returncode == 0, done.stderr
    pack = load_city_pack(folder)
    trial = try_pack(pack, NO_END)
    assert [each.source for each in trial.sources] == list(pack.sources)
    for tried in trial.sources:
        check = checked(pack, tried.source, tmp_path)
        assert counted(check) == refused(tried), tried.source
        assert not [each for each in check.verdicts if each.outcome == "not judged"], tried.source
        assert check.holds == (not tried.quarantined), tried.source
