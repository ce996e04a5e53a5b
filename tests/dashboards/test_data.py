"""The data layer against a release on disk."""

import re
import threading
import time
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from dashboards.access.scope import WHOLE
from dashboards.data import Release, ReleaseError
from dashboards.release_tables import TABLES
from dashboards.releases import KEPT_RELEASES, Releases
from tests.dashboards import sample_release

NOVEMBER = date(2016, 11, 1)


def _rows(release: Release, sql: str) -> list[tuple[object, ...]]:
    # The same file, read past the data layer.
    return release._con.cursor().execute(sql).fetchall()


def test_map_values_hold_every_area_of_the_level_once(release: Release) -> None:
    frame = release.map_values("B1_theft", "month", NOVEMBER, "precinct")
    assert frame.height == frame["area_id"].n_unique() == 77
    assert frame["area_id"].to_list()[:4] == ["1", "5", "6", "7"]
    told = _rows(
        release,
        "select area_id, value from indicator_values where indicator_id = 'B1_theft' and period_kind = 'month' "
        "and period_start = '2016-11-01' and area_level = 'precinct'",
    )
    assert dict(frame.select("area_id", "value").iter_rows()) == dict(told)
    withheld = frame.row(by_predicate=pl.col("area_id") == "22", named=True)
    assert (withheld["value"], withheld["status"]) == (None, "withheld")


def test_an_area_without_a_row_is_still_on_the_map(release: Release) -> None:
    frame = release.map_values("B1_theft", "month", date(1999, 1, 1), "precinct")
    assert frame.height == 77
    assert frame["value"].null_count() == 77


def test_series_come_with_their_limits_in_order(release: Release) -> None:
    frame = release.series("B1_theft", ["75", "city"], "month")
    assert frame.height == 72
    assert frame.filter(pl.col("area_id") == "75")["period_start"].is_sorted()
    above = frame.filter(pl.col("signal") == "above_limit").row(0, named=True)
    assert above["period_start"] == NOVEMBER
    assert above["value"] > above["limit_high"]


def test_changes_are_titled_and_ordered(release: Release) -> None:
    frame = release.changes(5)
    assert frame["position"].to_list() == [1, 2, 3, 4, 5]
    assert frame["area_en"].null_count() == frame["indicator_zh"].null_count() == 0


def test_failed_expectations_come_first(release: Release) -> None:
    frame = release.quality.expectations
    assert frame["exception"].is_not_null().to_list() == [True] + [False] * 7
    assert frame["success"].to_list() == [False] * 3 + [True] * 5
    assert frame["severity"].to_list()[1:3] == ["error", "warn"]


def test_the_ledger_sums_batches(release: Release) -> None:
    frame = release.quality.ledger
    parts = pl.sum_horizontal("accepted", "quarantined", "duplicate", "superseded", "merged", "deferred")
    assert frame["read"].to_list() == frame.select(parts).to_series().to_list()
    assert frame.filter(pl.col("source") == "thefts")["title_zh"].item() == "机动车盗窃"


def test_deliveries_of_the_past_count_by_what_is_left_of_them(release: Release) -> None:
    lines = {row["source"]: row for row in release.quality.ledger.to_dicts()}
    assert (lines["cases"]["read"], lines["cases"]["quarantined"]) == (68_421, 321)
    assert [lines["cases"][name] for name in ("replaced", "deleted", "in_figures")] == [39_990, 10, 41_900]
    assert [lines["thefts"][name] for name in ("replaced", "deleted", "in_figures")] == [0, 0, 20_021]


def test_the_same_change_in_several_files_is_told_once(release: Release) -> None:
    drift = {row["source"]: row for row in release.quality.drift.to_dicts()}
    assert release.quality.drift.height == len(drift) == 3
    several = drift["shootings"]
    assert (several["rows"], several["files"], several["file"]) == (4 + 5 + 6, 3, "shootings_2016.csv")
    assert "leaves out 6 texts" in several["suggestion"]
    assert (drift["cases"]["policy"], drift["cases"]["files"]) == ("quarantine", 1)


def test_areas_are_ordered_by_the_numbers_in_their_ids_within_their_stem(
    tmp_path: Path, home: Path, release: Release
) -> None:
    sample_release.write_changed(
        tmp_path,
        home,
        "update areas set area_id = case when area_id::integer % 2 = 0 then 'B' else 'A' end || area_id "
        "where geometry is not null",
    )
    numbered = Releases(tmp_path).current().areas.filter("has_geometry")["area_id"].to_list()
    assert len(numbered) == 77
    assert numbered == sorted(numbered, key=lambda area: (area[0], int(area[1:])))
    plain = release.areas.filter("has_geometry")["area_id"].to_list()
    assert plain == sorted(plain, key=int)


def test_the_sample_has_the_documented_columns(release: Release) -> None:
    dictionary = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
    section = dictionary.split("\n## Release\n")[1].split("\n`status` is")[0]
    documented = {
        table: [column.split()[0] for column in re.sub(r"\([^()]*\)", "", listed).split(", ")]
        for table, listed in re.findall(r"^\| `(\w+)` \|[^|]*\| (.*) \|$", section, re.MULTILINE)
    }
    columns = "select table_name, list(column_name order by column_index) from duckdb_columns() where not internal "
    assert dict(_rows(release, f"{columns} group by all")) == documented
    assert set(documented) == set(TABLES)


def test_levels_kinds_and_areas_are_those_with_figures(release: Release) -> None:
    assert release.levels("B1_theft") == ["precinct"]
    assert release.levels("M1") == []
    assert sorted(release.period_kinds("B1_theft")) == ["month", "week", "year"]
    assert len(release.area_ids("B1_theft")) == 78
    assert release.city_id == "city"
    assert release.indicator("NOPE") is None


def test_periods_are_newest_first_and_know_what_is_final(release: Release) -> None:
    frame = release.periods("G2", "month", limit=4)
    assert frame["period_start"].to_list()[0] == date(2016, 12, 1)
    assert frame["is_final"].to_list() == [False, False, True, True]


def test_periods_without_any_figure_are_left_out_unless_there_is_none_at_all(release: Release) -> None:
    assert release.periods("X5", "month")["period_start"].to_list()[0] == date(2014, 12, 1)
    assert release.periods("B0", "month").height == 36


def test_the_newest_closed_period_was_over_when_the_figures_were_computed(
    tmp_path: Path, home: Path, release: Release
) -> None:
    closed = {"month": date(2016, 12, 1), "year": date(2016, 1, 1), "week": date(2016, 12, 19)}
    assert release.newest_closed == closed
    sample_release.write_changed(tmp_path, home, "update release_info set as_of = '2016-12-24'")
    earlier = Releases(tmp_path).current()
    assert earlier.newest_closed == {"month": NOVEMBER, "year": date(2015, 1, 1), "week": date(2016, 12, 12)}
    assert earlier.newest_figures("month")["B1_theft"] == NOVEMBER


@pytest.mark.parametrize("by_area", [False, True])
def test_newest_figures_are_each_indicator_s_own(release: Release, by_area: bool) -> None:
    told = _rows(
        release,
        "select indicator_id, max(period_start) from indicator_values where period_kind = 'month' "
        f"and value is not null and (area_id = 'city') <> {by_area} group by all",
    )
    found = release.newest_figures("month", by_area)
    assert found == dict(told)
    assert (found["B1_theft"], found["X5"]) == (date(2016, 12, 1), date(2014, 12, 1))
    assert "B0" not in found
    assert "M1" not in found


def test_troubled_sources_are_reliable_up_to_their_last_ordinary_day(
    release: Release, home: Path, tmp_path: Path
) -> None:
    assert release.quality.reliable_until == {"cases": date(2016, 9, 30), "stops_2014": date(2014, 12, 31)}
    # A month that is not over has no verdict yet, whatever its row says.
    sample_release.write_changed(
        tmp_path,
        home,
        "update release_info set as_of = '2016-12-24'; "
        "update source_month set status = 'normal' where source = 'cases' and month = '2016-12-01'",
    )
    assert Releases(tmp_path).current().quality.reliable_until["cases"] == date(2016, 9, 30)


def test_outlines_are_closed_rings_within_the_city(release: Release) -> None:
    assert len(release.outlines) == 77
    for x, y in release.outlines.values():
        assert -74.3 < np.nanmin(x) < np.nanmax(x) < -73.6
        for ring in np.split(x, np.flatnonzero(np.isnan(x))):
            edge = ring[~np.isnan(ring)]
            assert len(edge) >= 4
            assert edge[0] == edge[-1]
        assert (np.isnan(x) == np.isnan(y)).all()


def test_series_start_where_asked(release: Release) -> None:
    frame = release.series("B1_theft", ["city"], "month", NOVEMBER)
    assert frame["period_start"].to_list() == [NOVEMBER, date(2016, 12, 1)]
    frame = release.city.series("F3", "month", date(2016, 10, 1), NOVEMBER)
    assert frame.select("indicator_id", "area_id", "period_start").rows() == [
        ("F3", "city", date(2016, 10, 1)),
        ("F3", "city", NOVEMBER),
    ]
    assert release.city.series("NOPE", "month", date.min, date.max).columns == frame.columns


def test_a_figure_of_the_city_is_a_row_of_the_release(release: Release) -> None:
    row = release.city.figure("B1_theft", "month", NOVEMBER)
    (told,) = release._query(
        "select * from indicator_values where indicator_id = 'B1_theft' and area_id = 'city' "
        "and period_kind = 'month' and period_start = ?",
        NOVEMBER,
    ).to_dicts()
    assert row == told
    assert release.city.figure("B1_theft", "month", date(1900, 1, 1)) is None
    assert release.city.figure("NOPE", "month", NOVEMBER) is None


def test_a_target_is_found_by_indicator_and_area(release: Release) -> None:
    targets = release.trends.targets.to_dicts()
    assert targets
    assert [release.trends.target(row["indicator_id"], row["area_id"]) for row in targets] == targets
    assert release.trends.target("NOPE", "city") is None


@pytest.mark.slow
def test_answers_that_are_kept_hold_no_room_for_a_million_rows(release: Release) -> None:
    """A process with more addresses than the machine has memory can start no other."""

    def megabytes() -> float:
        told = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.findall(r"VmSize:\s+(\d+) kB", told)[0]) / 1024

    def ask(first: date) -> int:
        return release.series("F3", ["city"], "month", first).height

    assert ask(date.min) > 0
    before = megabytes()
    for day in range(1, 29):
        assert ask(date(2016, 1, day)) > 0
    assert megabytes() - before < 500


def test_a_new_release_appears_while_the_old_one_is_read(tmp_path: Path) -> None:
    sample_release.write(tmp_path, "one")
    releases = Releases(tmp_path)
    old = releases.current()
    assert releases.current() is old
    sample_release.write(tmp_path, "two", seed=8)
    new = releases.current()
    assert (old.info.release_id, new.info.release_id) == ("one", "two")
    values = [r.map_values("B1_theft", "month", NOVEMBER, "precinct")["value"].to_list() for r in (old, new)]
    assert values[0] != values[1]


def test_a_release_is_looked_through_before_its_first_reader_comes(tmp_path: Path) -> None:
    """So is one that appears later; that there is none at first ends nothing."""
    others = set(threading.enumerate())
    releases = Releases(tmp_path)
    releases.keep_ready(every=0.02)
    (ahead,) = (thread for thread in set(threading.enumerate()) - others if thread.name == "wardlight-ahead")
    for title in ("2016-12-31-0001-a", "2016-12-31-0002-b"):
        sample_release.write(tmp_path, title)
        until = time.monotonic() + 30
        while "_newest_figures" not in vars(releases.current()):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert releases.current().info.release_id == title
    assert ahead.is_alive()
    releases.close()
    assert not ahead.is_alive()


def test_only_a_few_releases_stay_open(home: Path) -> None:
    releases = Releases(home)
    releases.current()
    for number in range(KEPT_RELEASES + 2):
        releases._open[Path(f"gone-{number}"), WHOLE] = releases.current()
    releases.current()
    assert len(releases._open) == KEPT_RELEASES


def test_no_release_is_said_clearly(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError) as error:
        Releases(tmp_path).current()
    assert error.value.code == "none"


def test_a_release_without_tables_is_incomplete(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "release.duckdb")) as con:
        con.execute("create table areas (area_id varchar)")
    with pytest.raises(ReleaseError, match="indicator_values") as error:
        Release(tmp_path)
    assert error.value.code == "incomplete"


def test_a_file_that_is_no_database_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "release.duckdb").write_text("not a database", encoding="utf-8")
    with pytest.raises(ReleaseError) as error:
        Release(tmp_path)
    assert error.value.code == "unreadable"


def test_a_release_cannot_be_written_to(release: Release) -> None:
    with pytest.raises(duckdb.Error, match="read-only"):
        _rows(release, "delete from areas")
