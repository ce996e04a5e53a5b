"""The nightly run on the simulated district reports what truth.json says is planted, to the record."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipelines.publishing import release
from pipelines.warehouse import keep_raw_in
from tests.conftest import wardlight

pytestmark = pytest.mark.slow

ROWS = 20_000
Truth = dict[str, Any]
LEDGER = ("read", "accepted", "quarantined", "duplicate", "superseded", "merged", "deferred", "deleted")
SOURCES = ("incidents", "requests", "patrols", "handoffs", "activities", "survey", "profiles")


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pack and its home folder `home`, after one nightly run."""
    folder = tmp_path_factory.mktemp("heting")
    for arguments in (
        ("simulate", "--out", folder, "--rows", str(ROWS), "--seed", "7"),
        ("nightly", "--city", folder, "--home", folder / "home"),
    ):
        done = wardlight(*arguments)
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def truth(district: Path) -> Truth:
    found: Truth = json.loads((district / "truth.json").read_text(encoding="utf-8"))
    return found


def _query(district: Path, sql: str) -> list[tuple[Any, ...]]:
    served = release.current(district / "home")
    assert served is not None
    with duckdb.connect(str(served.folder / release.DATABASE), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_ledger(district: Path, truth: Truth) -> None:
    sums = ", ".join(f'sum("{column}")::bigint' for column in LEDGER)
    rows = _query(district, f"select source, {sums} from ledger group by source")
    found = {source: dict(zip(LEDGER, counts, strict=True)) for source, *counts in rows}
    assert found == {
        source: {column: told[column] for column in LEDGER} for source, told in truth["ledger"]["sources"].items()
    }
    assert sum(each["read"] for each in found.values()) == ROWS
    assert set(found) == set(SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_quarantine_by_reason(source: str, district: Path, truth: Truth) -> None:
    told = truth["ledger"]["sources"][source]["quarantined_by_reason"]
    with duckdb.connect(str(district / "home" / "warehouse.duckdb"), read_only=True) as con:
        reasons = "select unnest(reasons) as reason from quarantine.record where source = ?"
        kept = con.execute(f"select reason, count(*) from ({reasons}) group by reason", (source,)).fetchall()
    assert dict(kept) == told
    summed: Counter[str] = Counter()
    for reason, count in _query(
        district, f"select reason, row_count from quarantine_summary where source = '{source}'"
    ):
        # What a reason says of its field stands beside it there.
        summed[reason.partition(":")[0]] += count
    expected: Counter[str] = Counter()
    for reason, count in told.items():
        expected[reason.partition(":")[0]] += count
    assert summed == expected


@pytest.mark.parametrize("source", SOURCES)
def test_findings(source: str, district: Path, truth: Truth) -> None:
    told = truth["ledger"]["sources"][source]
    found = {
        (finding, field): count
        for finding, field, count in _query(
            district, f"select finding, field, count from source_finding where source = '{source}'"
        )
    }
    # Conflicts are also counted by the column in which they are.
    conflicts = {field: found.pop((finding, field)) for finding, field in list(found) if finding == "conflicting_id"}
    assert found.pop(("repeated_id", None)) == told["repeated_ids"]
    flags = {finding if field is None else f"{finding}:{field}": count for (finding, field), count in found.items()}
    assert flags == {flag: count for flag, count in told["flags"].items() if flag != "conflicting_id"}
    assert conflicts.get(None, 0) == told["conflicting_ids"] == told["flags"].get("conflicting_id", 0)


def test_the_same_warehouse_when_run_again(district: Path) -> None:
    done = wardlight("nightly", "--city", district, "--home", district / "home")
    assert done.returncode == 0, done.stderr
    assert "unchanged: nothing new to publish" in done.stdout


def test_residents_of_the_last_profile(district: Path, truth: Truth) -> None:
    rows = dict(_query(district, "select area_id, population from areas where population is not null"))
    told = truth["people"]["population"]
    assert {area: rows.get(area) for area in told} == {area: people["last"] for area, people in told.items()}


def test_no_personal_key_is_kept_in_the_clear(district: Path) -> None:
    """The warehouse holds hashes in place of addresses and of the survey's and volunteers' numbers."""
    with duckdb.connect(str(district / "home" / "warehouse.duckdb"), read_only=True) as con:
        keep_raw_in(con, district / "home" / "raw")
        kept: defaultdict[str, set[str]] = defaultdict(set)
        for source, column in (("incidents", "address"), ("activities", "person"), ("survey", "respondent")):
            values = con.execute(
                f'select distinct "{column}" from raw.{source} where "{column}" is not null'
            ).fetchall()
            kept[source] = {value for (value,) in values}
    for source, hashes in kept.items():
        assert hashes, source
        assert all(len(value) == 32 and set(value) <= set("0123456789abcdef") for value in hashes), source
