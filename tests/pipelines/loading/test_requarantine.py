"""What lies in quarantine flows on when its reason is gone, is written down once, and is counted right meanwhile."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import SourceError
from pipelines.loading.records import load_kind
from pipelines.pack.city import CityPack
from tests.pipelines import small_pack
from tests.pipelines.deliveries import ROWS, calls, content
from tests.pipelines.small_pack import AS_OF, COLUMNS, call, changed, counts, load, staged, text_of, write_pack

pytestmark = pytest.mark.slow

FILES = "files: [one.csv, two.csv]"


def text(drift: str = "", rules: str = "") -> str:
    """Give a pack with two files, a policy and rules."""
    return changed(
        "files: [calls.csv]",
        FILES + (f"\n    drift: {{{drift}}}" * bool(drift)) + (f"\n    rules: [{rules}]" * bool(rules)),
    )


def with_more(rows: list[dict[str, str]]) -> str:
    """Write calls with a further column, filled in every other one."""
    more = [{**row, "remark": "seen" if at % 2 else ""} for at, row in enumerate(rows)]
    return text_of(more, [*COLUMNS, "remark"])


def without_priority(rows: list[dict[str, str]]) -> str:
    return content(rows, [column for column in COLUMNS if column != "prio"])


def written(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    tables = ("staging.incident", "staging.receipt", "quarantine.record", "ledger.unstaged", "ledger.finding")
    return {table: con.execute(f"from {table} order by all").fetchall() for table in tables}


def reasons(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    rows = con.execute(
        "select reason, count(*) from (select unnest(reasons) as reason from quarantine.record) group by reason"
    ).fetchall()
    return dict(rows)


def written_once(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.execute("select batch_id, line from quarantine.record").fetchall()
    assert len(rows) == len(set(rows)) == counts(con).get("quarantined", 0)


@pytest.mark.parametrize(
    ("drift", "second", "aside"),
    [
        ("new_column", with_more, ROWS // 2),
        ("missing_column", without_priority, ROWS),
    ],
)
def test_drifted_rows_flow_on_when_the_policy_is_another(
    con: duckdb.DuckDBPyConnection,
    tmp_path: Path,
    drift: str,
    second: Callable[[list[dict[str, str]]], str],
    aside: int,
) -> None:
    # The second file repeats ten ids of the first, and has a row that is wrong in itself and one of later.
    late = [*calls(ROWS - 10), call("wrong", "never", what="theft"), call("later", "2016-07-02 10:00")]
    files = {"one.csv": content(calls()), "two.csv": second(late)}
    load(con, write_pack(tmp_path, {**files, "two.csv": content([])}, text(f"{drift}: quarantine")))
    held = write_pack(tmp_path, files, text(f"{drift}: quarantine"))
    for again in (False, True, True):
        load(con, held)
        if again:
            assert load_kind(con, held, "incident", AS_OF, again="quarantined").affected_days == ()
        assert reasons(con)[f"drift:{drift}"] == (aside if drift == "new_column" else aside + 1)
        written_once(con)
    # As time goes on, the row of later is set aside as well; and back again.
    for as_of in (date(2016, 7, 3), AS_OF):
        load(con, held, as_of)
        written_once(con)
    let = write_pack(tmp_path, files, text(f"{drift}: adapt"))
    load(con, let)
    assert reasons(con)[f"drift:{drift}"] > 0, "a policy is for deliveries to come"
    done = load_kind(con, let, "incident", AS_OF, again="quarantined")
    assert done.rows == len(staged(con, "incident_id")) == ROWS + ROWS - 10
    assert reasons(con) == {"unparseable_time": 1}
    assert {row[0] for row in con.execute("select policy from ledger.drift where what = ?", (drift,)).fetchall()} == {
        "adapt"
    }
    with small_pack.warehouse() as fresh:
        load(fresh, write_pack(tmp_path, {**files, "two.csv": content([])}, text(f"{drift}: adapt")))
        load(fresh, write_pack(tmp_path, files, text(f"{drift}: adapt")))
        assert written(con) == written(fresh)


def test_rows_flow_on_when_a_rule_is_mended(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [call("1", prio=1), call("2", prio=3), call("2", prio=4), call("3", "never"), call("4", prio=4, area="9")]
    files = {"one.csv": text_of(rows[:2]), "two.csv": text_of(rows[2:])}

    def pack(most: int) -> CityPack:
        return write_pack(tmp_path, files, text(rules=f"{{field: priority, range: {{max: {most}}}}}"))

    load(con, pack(2))
    assert counts(con) == {"read": 5, "accepted": 1, "quarantined": 4}
    assert reasons(con) == {"out_of_range:priority": 3, "unparseable_time": 1, "unknown_area": 1}
    load(con, pack(3))
    assert staged(con, "incident_id, priority, flags") == [("1", 1, []), ("2", 3, [])]
    load(con, pack(4))
    # Now two rows of one id differ.
    assert [row[0] for row in staged(con, "incident_id")] == ["1", "2"]
    assert counts(con) == {"read": 5, "accepted": 2, "superseded": 1, "quarantined": 2}
    assert reasons(con) == {"unparseable_time": 1, "unknown_area": 1}
    load(con, pack(2))
    assert counts(con) == {"read": 5, "accepted": 1, "quarantined": 4}
    written_once(con)


def test_drift_that_is_gone_is_told_no_longer(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    files = {"one.csv": content(calls()), "two.csv": content(calls(ROWS)).replace("prio", "priority", 1)}
    policies = text("renamed_column: quarantine")
    load(con, write_pack(tmp_path, {**files, "two.csv": content([])}, policies))
    load(con, write_pack(tmp_path, files, policies))
    assert reasons(con) == {"drift:renamed_column": ROWS}
    assert con.execute("select what, rows from ledger.drift").fetchall() == [("renamed_column", ROWS)]
    mended = policies.replace("priority: prio", "priority: coalesce(prio, priority)")
    load(con, write_pack(tmp_path, files, mended))
    assert reasons(con) == {}
    assert counts(con)["accepted"] == 2 * ROWS
    assert con.execute("select what from ledger.drift").fetchall() == []


def test_a_refused_delivery_changes_nothing_until_the_pack_allows_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files = {"one.csv": content(calls()), "two.csv": content([])}
    load(con, write_pack(tmp_path, files, text("missing_column: stop")))
    before = written(con)
    files["two.csv"] = without_priority(calls(ROWS))
    for _ in range(2):
        with pytest.raises(SourceError, match="missing column prio"):
            load(con, write_pack(tmp_path, files, text("missing_column: stop")))
        assert written(con) == before
        assert con.execute("select count(*) from ledger.drift").fetchall() == [(0,)]
    load(con, write_pack(tmp_path, files, text("missing_column: adapt")))
    assert counts(con) == {"read": 2 * ROWS, "accepted": 2 * ROWS}
