"""Times that the mapping reads no longer, and the format that is suggested for them."""

# Local wall times carry no zone.
# ruff: noqa: DTZ001, DTZ007

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from tests.pipelines.deliveries import ROWS, calls, content, detected, policy, set_aside
from tests.pipelines.small_pack import changed

pytestmark = pytest.mark.slow

Write = Callable[[datetime], str]
QUARANTINE = policy("date_format", "quarantine")
ZONE = ZoneInfo("America/New_York")


def start(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M")


def written(write: Write, first: int = 100, every: int = 1, rows: int = ROWS) -> str:
    """Write later calls, of which every so many-th has its start written otherwise."""
    return content(
        calls(first, rows, lambda at, row: {"start": write(start(row["start"])) if at % every == 0 else row["start"]})
    )


def instant(local: datetime) -> float:
    return local.replace(tzinfo=ZONE).timestamp()


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda at: at.strftime("%d/%m/%Y %H:%M"), "'%d/%m/%Y %H:%M'"),
        (lambda at: at.strftime("%m/%d/%Y %I:%M %p"), "'%m/%d/%Y %I:%M %p'"),
        (lambda at: at.strftime("%d.%m.%y %H:%M"), "'%d.%m.%y %H:%M'"),
        (lambda at: at.strftime("%Y/%m/%d %H:%M:%S"), "'%Y/%m/%d %H:%M:%S'"),
        (lambda at: at.strftime("%Y%m%d%H%M%S"), "'%Y%m%d%H%M%S'"),
        (lambda at: at.strftime("%Y年%m月%d日 %H:%M"), "'%Y年%m月%d日 %H:%M'"),
        (lambda at: at.isoformat(), "'%Y-%m-%dT%H:%M:%S'"),
        (lambda at: at.replace(tzinfo=ZONE).isoformat(), "'%Y-%m-%dT%H:%M:%S%z'"),
        (lambda at: at.replace(tzinfo=ZONE).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "'%Y-%m-%dT%H:%M:%SZ'"),
        (lambda at: f"{instant(at):.0f}", "Unix seconds"),
        (lambda at: f"{instant(at) * 1000:.0f}", "Unix milliseconds"),
        (lambda at: f"{(at - datetime(1899, 12, 30)).total_seconds() / 86400:.6f}", "serial days of a spreadsheet"),
    ],
)
@pytest.mark.parametrize("has_earlier", [True, False])
def test_a_new_format_is_suggested_and_reads_the_times_right(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, write: Write, name: str, has_earlier: bool
) -> None:
    later = written(write)
    [found] = detected(con, tmp_path, *([content(calls())] if has_earlier else []), later, city_yml=QUARANTINE)
    assert (found.what, found.column, found.field, found.rows) == ("date_format", "start", "occurred_at", ROWS)
    assert f"column start is written as {name}" in found.suggestion
    assert len(set_aside(con)) == ROWS
    # What is suggested is an expression that works.
    expression = found.suggestion.partition(": write ")[2]
    read = con.execute(
        f"select {expression} from raw.calls where _batch_id = ? order by _line", (found.batch_id,)
    ).fetchall()
    assert [row[0] for row in read] == [start(row["start"]) for row in calls(100)]


def test_only_the_rows_that_are_written_otherwise_are_set_aside(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    later = written(lambda at: at.strftime("%d.%m.%Y %H:%M"), every=2)
    [found] = detected(con, tmp_path, content(calls()), later, city_yml=QUARANTINE)
    assert (found.what, found.rows, found.share) == ("date_format", ROWS // 2, 0.5)
    assert set_aside(con) == list(range(2, ROWS + 2, 2))


def test_a_later_part_of_a_large_file_is_noticed(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = 30_000

    def change(at: int, row: dict[str, str]) -> dict[str, str]:
        return {"start": start(row["start"]).strftime("%d.%m.%Y %H:%M")} if at >= rows * 9 // 10 else {}

    [found] = detected(con, tmp_path, content(calls(0, rows, change)), city_yml=QUARANTINE)
    assert (found.what, found.rows) == ("date_format", rows // 10)
    assert set_aside(con) == list(range(rows * 9 // 10 + 2, rows + 2))


def test_day_and_month_the_other_way_round_concern_every_row(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    # The days up to the twelfth can be read, as the wrong day.
    american = changed("strptime(start, '%Y-%m-%d %H:%M')", "strptime(start, '%m/%d/%Y %H:%M')")
    before, after = (written(lambda at, f=form: at.strftime(f)) for form in ("%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"))
    [found] = detected(con, tmp_path, before, after, city_yml=policy("date_format", "quarantine", american))
    assert (found.what, found.rows) == ("date_format", ROWS)
    assert "write strptime(\"start\", '%d/%m/%Y %H:%M')" in found.suggestion
    assert len(set_aside(con)) == ROWS


def test_where_the_days_do_not_tell_both_orders_are_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    later = written(lambda at: at.replace(day=at.day % 12 + 1).strftime("%d-%m-%Y %H:%M"))
    [found] = detected(con, tmp_path, content(calls()), later)
    assert "'%d-%m-%Y %H:%M' or '%m-%d-%Y %H:%M'" in found.suggestion


def test_a_column_beside_others_is_named(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    # Day and time of day in two columns, of which one changes.
    text = changed("strptime(start, '%Y-%m-%d %H:%M')", "strptime(start || ' ' || closed, '%Y-%m-%d %H:%M')").replace(
        "      closed_at: \"strptime(closed, '%Y-%m-%d %H:%M')\"\n", ""
    )

    def parts(form: str, first: int) -> str:
        return content(
            calls(
                first,
                change=lambda at, row: {
                    "start": start(row["start"]).strftime(form),
                    "closed": start(row["start"]).strftime("%H:%M"),
                },
            )
        )

    [found] = detected(con, tmp_path, parts("%Y-%m-%d", 0), parts("%d.%m.%Y", 100), city_yml=text)
    assert (found.what, found.column, found.rows) == ("date_format", "start", ROWS)
    assert "'%d.%m.%Y'" in found.suggestion


def test_times_that_no_format_reads_are_retyped(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    later = written(lambda at: "in the morning")
    [found] = detected(con, tmp_path, content(calls()), later, city_yml=policy("retyped_column", "quarantine"))
    assert (found.what, found.column, found.field, found.rows) == ("retyped_column", "start", "occurred_at", ROWS)
    assert len(set_aside(con)) == ROWS


def test_dirt_that_was_always_there_is_no_drift(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first, later = (written(lambda at: at.strftime("%d.%m.%Y"), at, every=3) for at in (0, 100))
    assert [each.what for each in detected(con, tmp_path, first)] == ["date_format"]
    assert detected(con, tmp_path, later) == []
