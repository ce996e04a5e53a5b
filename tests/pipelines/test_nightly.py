"""Whole runs on New York's records: repeatable, incremental, and honest about what it was given."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from pipelines.publishing import release
from pipelines.warehouse import open_warehouse
from tests.conftest import NYC, wardlight
from tests.pipelines.released import query

pytestmark = pytest.mark.slow


def test_two_steps_end_like_one_and_a_backfill_of_the_same_makes_no_release(
    nyc_home: Path, nyc_home_in_june: Path, tmp_path: Path
) -> None:
    home = shutil.copytree(nyc_home_in_june, tmp_path / "home", symlinks=True)
    for window in ((), ("--from", "2016-03-01", "--to", "2016-04-30")):
        done = wardlight("nightly", "--city", NYC, "--home", home, *window)
        assert done.returncode == 0, done.stderr
    assert "unchanged: nothing new to publish" in done.stdout
    found, expected = release.current(home), release.current(nyc_home)
    assert found is not None
    assert expected is not None
    # All but the memory of checks and the log of revisions, which know of both steps.
    dates = query(home, "select distinct as_of from expectation_history order by all")
    assert dates == [(date(2016, 6, 30),), (date(2016, 12, 31),)]
    tables, expected_tables = (
        {name: found for name, found in each.manifest["tables"].items() if name not in release.OF_EARLIER_RUNS}
        for each in (found, expected)
    )
    assert tables == expected_tables
    assert found.manifest["content_hash"] == expected.manifest["content_hash"]
    assert len(release.listing(home)) == 2


def test_account_says_what_the_release_holds(nyc_home: Path) -> None:
    told = wardlight("status", "--home", nyc_home, "--json")
    assert told.returncode == 0, told.stderr
    status = json.loads(told.stdout)
    records = status["records"]
    assert records["read"] == 45_787 + 12_405 + 35_746 + 27_939 + 341_299
    assert records["read"] == sum(count for name, count in records.items() if name != "read")
    # A fifth of the council cases name no district: a warning, which holds nothing back.
    assert (status["expectations_failed"], status["expectations_broken"]) == (1, 0)
    failed = query(nyc_home, "select expectation, severity from expectation_results where not success")
    assert failed == [("area_mostly_known", "warn")]
    assert status["expectations_passed"] > 100
    account = (nyc_home / "account.txt").read_text(encoding="utf-8")
    assert f"{records['read']:,} read = {records['accepted']:,} accepted" in account
    assert status["release_id"] in account


def test_known_facts_of_the_files_are_found(nyc_home: Path) -> None:
    findings = {
        (source, finding, field): count for source, finding, field, count in query(nyc_home, "from source_finding")
    }
    assert findings["cases", "repeated_id", None] == 105
    # All 105 pairs differ somewhere; 41 of them in the zip code.
    assert findings["cases", "conflicting_id", None] == 105
    assert findings["cases", "conflicting_id", "zip"] == 41
    assert findings["shootings", "repeated_id", None] == 6_036
    assert query(nyc_home, "select row_count, example_file from quarantine_summary where reason = 'blank_row'") == [
        (1, "data/stops_2016.csv.gz")
    ]
    silent = query(
        nyc_home, "select month from source_month where source = 'stops' and status = 'silent' order by month"
    )
    assert [str(month) for (month,) in silent] == [f"2015-{month:02}-01" for month in range(1, 13)]
    assert query(
        nyc_home,
        "select distinct status, reason from indicator_values "
        "where indicator_id = 'patrol_stops' and period_kind = 'year' and year(period_start) = 2015",
    ) == [("not_available", "no_records:stops")]


def test_silence_and_collapse_show_years_later(nyc_home: Path, tmp_path: Path) -> None:
    home = shutil.copytree(nyc_home, tmp_path / "home", symlinks=True)
    done = wardlight("nightly", "--city", NYC, "--home", home, "--as-of", "2025-01-09")
    assert done.returncode == 0, done.stderr
    freshness = dict(query(home, "select source, status from source_freshness"))
    assert freshness == {"stops": "silent", "thefts": "silent", "shootings": "silent", "cases": "collapsed"}
    collapsed = query(
        home,
        "select count(*) filter (where status = 'collapsed') from source_month "
        "where source = 'cases' and year(month) = 2024",
    )
    assert collapsed[0][0] >= 6  # from then on the collapsed months are themselves what is expected
    theft_2024 = query(
        home,
        "select distinct status, reason from indicator_values where indicator_id = 'B2' and area_id = 'city' "
        "and period_kind = 'year' and year(period_start) = 2024",
    )
    assert theft_2024 == [("not_available", "no_records:thefts")]


def test_ledger_breach_stops_the_run_and_the_last_release_stays(nyc_home: Path, tmp_path: Path) -> None:
    home = shutil.copytree(nyc_home, tmp_path / "home", symlinks=True)
    before = release.current(home)
    assert before is not None
    with open_warehouse(home) as con:
        con.execute("delete from staging.incident where source = 'thefts' and line = 100")
    done = wardlight("nightly", "--city", NYC, "--home", home)
    assert done.returncode == 1
    assert "35,746 records were read, 35,745 are accounted for" in done.stderr
    assert "Traceback" not in done.stderr
    after = release.current(home)
    assert after is not None
    assert after.release_id == before.release_id
    assert query(home, "select count(*) > 0 from indicator_values") == [(True,)]
    repaired = wardlight("requarantine", "--everything", "--city", NYC, "--home", home)
    assert repaired.returncode == 0, repaired.stderr
    assert "323 rows before, 323 now" in repaired.stdout
    assert "unchanged: nothing new to publish" in repaired.stdout


def test_a_failed_expectation_holds_back_only_what_rests_on_it(nyc_home: Path, tmp_path: Path) -> None:
    """Durations that turned negative behind loading's back: patrols fail, incidents and cases are published as ever."""
    home = shutil.copytree(nyc_home, tmp_path / "home", symlinks=True)
    with open_warehouse(home) as con:
        con.execute("update staging.patrol set duration_seconds = -60 where day = date '2014-03-01'")
    done = wardlight("nightly", "--city", NYC, "--home", home)
    assert done.returncode == 0, done.stderr
    assert "Gate closed" in done.stdout
    statuses = dict(
        query(
            home,
            "select indicator_id, list_sort(list(distinct status)) from indicator_values "
            "where area_id = 'city' and value is not null group by all",
        )
    )
    assert statuses["patrol_minutes"] == ["stale"]
    assert statuses["B1"] == statuses["B2"] == statuses["G2"] == ["final", "provisional"]
    reasons = query(
        home,
        "select distinct regexp_extract(reason, '^gate_failed:[a-z_]+'), regexp_extract(reason, 'stale_since:[0-9-]+') "
        "from indicator_values where indicator_id = 'patrol_minutes' and status = 'stale'",
    )
    assert len(reasons) == 1
    assert str(reasons[0][0]).startswith("gate_failed:")
    assert reasons[0][1] == "stale_since:2016-12-31"
    old = query(
        nyc_home,
        "select period_start, value from indicator_values where indicator_id = 'patrol_minutes' "
        "and area_id = 'city' and period_kind = 'month' and value is not null order by 1",
    )
    new = query(
        home,
        "select period_start, value from indicator_values where indicator_id = 'patrol_minutes' "
        "and area_id = 'city' and period_kind = 'month' and value is not null order by 1",
    )
    assert old == new


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda city: (city / "data" / "stops_2016.csv.gz").unlink(), "the file is missing"),
        (lambda city: (city / "data" / "stops_2016.csv.gz").write_bytes(b"\x1f\x8bnot gzip"), "cannot be read"),
        (
            lambda city: (city / "city.yml").write_text(
                (city / "city.yml").read_text(encoding="utf-8").replace("incident_id: uid", "incident_id: uidd"),
                encoding="utf-8",
            ),
            "uidd",
        ),
        (lambda city: (city / "data" / "precincts_77.geojson.gz").unlink(), "the file is missing"),
    ],
)
def test_a_bad_pack_gives_a_sentence_and_a_remedy(damage: object, message: str, tmp_path: Path) -> None:
    assert callable(damage)
    city = shutil.copytree(NYC, tmp_path / "nyc")
    damage(city)
    done = wardlight("nightly", "--city", city, "--home", tmp_path / "home")
    assert done.returncode == 1
    assert message in done.stderr
    assert "What to do:" in done.stderr
    assert "Traceback" not in done.stderr
    assert release.current(tmp_path / "home") is None
