"""The status of a release: what is counted, and how it looks on a terminal."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from pipelines import cli
from pipelines.errors import ReleaseError
from pipelines.publishing import release, tables
from pipelines.status import Status, read_status
from pipelines.status_report import print_status
from tests.pipelines import small_pack
from tests.pipelines.deliveries import calls, content, policy
from tests.pipelines.publishing import columns
from tests.pipelines.small_pack import call, text_of, write_pack

pytestmark = pytest.mark.slow

# What these tests do not look at, as empty as a release can be.
EMPTY = {
    "indicator_values": "select 'B1' as indicator_id, 'final' as status",
    "indicator_catalogue": "select 'B1' as indicator_id, 'available' as status",
    "expectation_results": "select true as success, null::varchar as exception, 'run' as run_id",
    "gates": "select 'a table' as table_name, 'why' as reason where false",
    "source_freshness": "select 'calls' as source, 'alive' as status",
}
LOADED = ("ledger", "quarantine_summary", "source_drift")


def publish(con: duckdb.DuckDBPyConnection, home: Path) -> Status:
    """Publish what loading wrote, and read the status of it."""
    queries = {**EMPTY, **{table: tables.QUERIES[table] for table in LOADED}}
    release.publish(home, con, queries, {"city": "smallville", "as_of": "2016-06-30"}, allowed=columns.of(con, queries))
    return read_status(home)


def shown(home: Path, *arguments: str) -> str:
    done = CliRunner().invoke(cli.main, ["status", "--home", str(home), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture(scope="module")
def drifted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Deliver calls, then calls whose dates are written otherwise, with rows that cannot be used; only to be read."""
    folder = tmp_path_factory.mktemp("drifted")
    text = policy("date_format", "quarantine")
    slashes = calls(100, change=lambda at, row: {"start": row["start"].replace("-", "/")} if at % 2 else {})
    rows = [*slashes, call(None), call("x", area="secret place"), call("c0101"), call("c0102"), slashes[2]]
    with small_pack.warehouse() as con:
        for delivered in (content(calls(rows=30)), text_of(rows)):
            small_pack.load(con, write_pack(folder, {"calls.csv": delivered}, text))
        publish(con, folder / "home")
    return folder / "home"


def test_the_ledger_counts_current_deliveries_and_what_is_left_of_earlier_ones(drifted: Path) -> None:
    status = read_status(drifted)
    assert status.ledger == {
        "calls": {
            "read": 65,
            "accepted": 31,
            "quarantined": 32,
            "duplicate": 1,
            "superseded": 1,
            "merged": 0,
            "deferred": 0,
            "replaced": 0,
            "deleted": 30,
            "in_figures": 31,
        }
    }
    assert status.records.items() <= status.ledger["calls"].items()
    assert status.records["read"] == sum(count for name, count in status.records.items() if name != "read") == 65
    assert status.balances


def test_quarantine_and_drift_are_told_by_reason(drifted: Path) -> None:
    status = read_status(drifted)
    assert {(row["reason"], row["field"], row["row_count"]) for row in status.quarantine} == {
        ("drift", "occurred_at", 30),
        ("unparseable_time", "occurred_at", 30),
        ("missing_id", "incident_id", 1),
        ("unknown_area", "area_id", 1),
    }
    [drift] = status.drift
    assert (drift["what"], drift["file"], drift["rows"], drift["policy"]) == (
        "date_format",
        "calls.csv",
        30,
        "quarantine",
    )


def test_the_status_fits_a_page_and_says_that_it_balances(drifted: Path) -> None:
    told = shown(drifted)
    assert max(map(len, told.splitlines())) <= 100
    for part in (
        "The ledger balances: read = accepted + quarantined",
        "0 were replaced by a later delivery, and 30",
        "Quarantine · 32 rows",
        "unparseable_time    30  calls 30",
        "calls: date format start · 30 rows · calls.csv · set aside",
        "'%Y/%m/%d %H:%M'",
        "Sources       calls alive",
    ):
        assert part in told
    assert "secret" not in told
    line = next(line.split() for line in told.splitlines() if line.startswith("calls "))
    assert line == ["calls", "65", "31", "32", "1", "1", "30", "31"]


def test_as_json_everything_is_there(drifted: Path) -> None:
    found: dict[str, Any] = json.loads(shown(drifted, "--json"))
    assert found["ledger"]["calls"]["quarantined"] == 32
    assert found["balances"] is True
    assert found["drift"][0]["share_ppm"] == round(30 / 65 * 1_000_000)
    assert {row["reason"] for row in found["quarantine"]} >= {"drift", "missing_id"}


def test_a_source_that_does_not_balance_is_named(drifted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = read_status(drifted)
    more = {**status.ledger, "patrols": {**status.ledger["calls"], "read": 66}}
    print_status(replace(status, ledger=more, balances=False))
    told = " ".join(capsys.readouterr().out.split())
    assert "The ledger does not balance: patrols read 66, 65 accounted for" in told


def test_the_same_change_in_many_files_is_one_line(drifted: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = read_status(drifted)
    drift = [{**status.drift[0], "file": f"calls_{month}.csv", "rows": month} for month in range(1, 13)]
    print_status(replace(status, drift=drift))
    told = capsys.readouterr().out
    assert "Changes in deliveries · 1 change " in told
    assert "· 78 rows · 12 files, such as calls_12.csv ·" in told


def test_nothing_out_of_the_ordinary_is_said_in_words(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    small_pack.load(con, write_pack(tmp_path))
    publish(con, tmp_path / "home")
    told = shown(tmp_path / "home")
    assert "No row was quarantined." in told
    assert "Every delivery is what its source delivered before." in told
    assert "replaced" not in told


def test_a_release_of_another_version_is_refused_with_the_remedy(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    small_pack.load(con, write_pack(tmp_path))
    home = tmp_path / "home"
    release.publish(home, con, EMPTY, {"city": "smallville", "as_of": "2016-06-30"}, allowed=columns.of(con, EMPTY))
    with pytest.raises(ReleaseError, match="another version") as caught:
        read_status(home)
    assert "wardlight nightly" in str(caught.value.remedy)
