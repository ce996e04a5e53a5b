"""Drift of columns and texts, and what each policy makes of it."""

import re
from pathlib import Path

import duckdb
import pytest

from pipelines.drift import detection
from pipelines.errors import SourceError
from pipelines.loading import areas
from pipelines.pack.city import load_city_pack
from tests.pipelines import small_pack
from tests.pipelines.deliveries import ROWS, calls, content, deliver, detected, newest, policy, set_aside
from tests.pipelines.small_pack import CITY_YML, COLUMNS, changed, text_of, write_pack

pytestmark = pytest.mark.slow

CITIES = Path(__file__).parents[3] / "cities"
TABLE = changed("category: what", "category: {column: what, values: {theft: '0502', fight: '0201', noise: '0601'}}")


def renamed(old: str, new: str, first: int = 100) -> str:
    """Write later calls under a header in which one column is called otherwise."""
    rows = [{new if column == old else column: cell for column, cell in row.items()} for row in calls(first)]
    return text_of(rows, [new if column == old else column for column in COLUMNS])


def without(column: str, first: int = 100) -> str:
    return content(calls(first), [each for each in COLUMNS if each != column])


def told(drifts: list[detection.Drift]) -> list[tuple[str, str | None, str | None, int]]:
    return [(each.what, each.column, each.field, each.rows) for each in drifts]


@pytest.mark.parametrize(
    "later", [calls(100), calls(100, 5), calls(100, 2, lambda *_: {"start": "never", "prio": "?"})]
)
def test_more_of_the_same_and_slips_of_the_pen_are_no_drift(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, later: list[dict[str, str]]
) -> None:
    assert detected(con, tmp_path, content(calls())) == []
    assert detected(con, tmp_path, content(later)) == []
    assert con.execute("from drifted").fetchall() == []


def test_nothing_new_is_no_drift_and_lists_nothing(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = deliver(con, tmp_path, content(calls()))
    con.execute("create temp table drifted as select 'left' as _batch_id")
    assert detection.detect(con, pack, "calls", []) == []
    assert con.execute("from drifted").fetchall() == []


def test_a_new_column_is_told_with_the_rows_that_fill_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [row | {"beat": str(at) if at % 2 else ""} for at, row in enumerate(calls(100))]
    [found] = detected(con, tmp_path, content(calls()), text_of(rows, [*COLUMNS, "beat"]))
    assert told([found]) == [("new_column", "beat", None, ROWS // 2)]
    assert (found.share, found.policy, found.batch_id, found.file) == (0.5, "adapt", *newest(con), "calls.csv")
    assert "beat" in found.suggestion


def test_a_column_that_has_gone_stops(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = detected(con, tmp_path, content(calls()), without("prio"))
    assert told(found) == [("missing_column", "prio", "priority", ROWS)]
    assert (found[0].share, found[0].policy) == (1, "stop")
    error = detection.refusal(found)
    assert isinstance(error, SourceError)
    assert (error.file, error.field) == ("calls.csv", "priority")
    assert "prio" in error.problem
    assert "60 rows (100.0%)" in error.problem
    assert "sources.calls.drift.missing_column" in str(error.remedy)


def test_a_column_that_nothing_reads_is_missed_too(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("      priority: prio\n", "")
    found = detected(con, tmp_path, content(calls()), without("prio"), city_yml=text)
    assert told(found) == [("missing_column", "prio", None, ROWS)]


def test_the_first_delivery_lacks_what_the_pack_reads(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert told(detected(con, tmp_path, without("prio"))) == [("missing_column", "prio", "priority", ROWS)]


@pytest.mark.parametrize("new", ["start_time", "Start", "begun"])
def test_a_renamed_column_is_paired_by_its_name_or_its_texts(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, new: str
) -> None:
    found = detected(con, tmp_path, content(calls()), renamed("start", new))
    if new == "Start":  # Upper and lower case are one.
        assert found == []
    else:
        assert told(found) == [("renamed_column", "start", "occurred_at", ROWS)]
        assert f'write "{new}" in place of "start" in occurred_at' in found[0].suggestion
        assert found[0].policy == "stop"


def test_a_renamed_column_of_the_first_delivery_is_paired_by_its_name(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    found = detected(con, tmp_path, renamed("updated", "updated_on"))
    assert told(found) == [("renamed_column", "updated", "updated_at", ROWS)]


def test_columns_that_are_nothing_alike_are_no_pair(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [{**row, "remark": f"x{at * 7}"} for at, row in enumerate(calls(100))]
    kept = [each for each in COLUMNS if each != "what"]
    found = detected(con, tmp_path, content(calls()), content(rows, [*kept, "remark"]))
    assert told(found) == [("missing_column", "what", "category", ROWS), ("new_column", "remark", None, ROWS)]


def test_a_mapping_that_knows_of_the_new_name_is_no_drift(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first, second, third = content(calls()), renamed("what", "kind"), renamed("what", "kind", 200)
    assert told(detected(con, tmp_path, first, second)) == [("renamed_column", "what", "category", ROWS)]
    for mapping in ("coalesce(what, kind)", "kind"):
        text = changed("category: what", f"category: {mapping}")
        pack = write_pack(tmp_path, {"calls.csv": second}, text)
        assert detection.detect(con, pack, "calls", newest(con)) == []
    assert detected(con, tmp_path, third, city_yml=text) == []


@pytest.mark.parametrize(
    ("write", "suggestion"),
    [
        (lambda n: f"{n},5", "a decimal comma: write replace(\"prio\", ',', '.') in priority"),
        (lambda n: f"{n},000", "thousands separators: write replace(\"prio\", ',', '') in priority"),
        (lambda n: f"{n}.000,5", "thousands points and a decimal comma"),
        (lambda n: f"{n} km", 'a unit: write regexp_extract("prio"'),
        (lambda n: "high", "looks like aaaa"),
    ],
)
@pytest.mark.parametrize("has_earlier", [True, False])
def test_numbers_written_otherwise_are_retyped(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, write: object, suggestion: str, has_earlier: bool
) -> None:
    later = content(calls(100, change=lambda at, row: {"prio": write(at % 4 + 1)}))  # type: ignore[operator]
    found = detected(con, tmp_path, *([content(calls())] if has_earlier else []), later)
    assert told(found) == [("retyped_column", "prio", "priority", ROWS)]
    assert suggestion in found[0].suggestion


def test_separators_are_noticed_though_few_numbers_are_large_enough(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    later = calls(1000, 1000, lambda at, row: {"prio": f"{at},000" if at % 40 == 0 else at % 4 + 1})
    found = detected(con, tmp_path, content(calls()), content(later))
    assert told(found) == [("retyped_column", "prio", "priority", 25)]


def test_a_wider_range_of_numbers_is_the_same_type(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    flags = content(calls(change=lambda at, row: {"prio": at % 2}))
    assert detected(con, tmp_path, flags, content(calls(100, change=lambda at, row: {"prio": at}))) == []
    words = content(calls(200, change=lambda at, row: {"prio": "NY"[at % 2]}))
    assert detected(con, tmp_path / "words", flags, words) != []
    assert detected(con, tmp_path / "flags", flags) == []


def test_flags_may_be_written_as_words_or_numbers(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("category: what", "category: what\n      is_dispute: closed\n").replace(
        "      closed_at: \"strptime(closed, '%Y-%m-%d %H:%M')\"\n", ""
    )
    words = content(calls(change=lambda at, row: {"closed": ("yes", "no")[at % 2]}))
    numbers = content(calls(100, change=lambda at, row: {"closed": at % 2}))
    assert detected(con, tmp_path, words, numbers, city_yml=text) == []
    names = content(calls(200, change=lambda at, row: {"closed": ("maria", "zhang")[at % 2]}))
    [found] = detected(con, tmp_path, names, city_yml=text)
    assert told([found]) == [("retyped_column", "closed", "is_dispute", ROWS)]


@pytest.mark.parametrize("has_earlier", [True, False])
def test_texts_that_a_value_table_leaves_out_are_counted_and_none_is_quoted(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, has_earlier: bool
) -> None:
    later = calls(100, change=lambda at, row: {"what": {100: "Fight", 101: "fraud", 102: "fraud"}.get(at, row["what"])})
    contents = ([content(calls())] if has_earlier else []) + [content(later)]
    [found] = detected(con, tmp_path, *contents, city_yml=TABLE)
    assert told([found]) == [("unknown_category", "what", "category", 3)]
    assert "leaves out 2 texts of column what: `wardlight validate` shows what they say" in found.suggestion
    assert not {"fraud", "Fight"} & set(re.findall(r"\w+", found.suggestion))
    assert found.policy == "adapt"


def test_a_value_table_for_all_other_texts_leaves_none_out(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = TABLE.replace("'0601'}}", "'0601'}, otherwise: none}")
    later = content(calls(100, change=lambda at, row: {"what": "fraud"}))
    assert detected(con, tmp_path, content(calls()), later, city_yml=text) == []


def test_a_new_large_category_is_only_told(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = policy("unknown_category", "stop")
    rare = content(calls(1000, 100, lambda at, row: {"what": "fraud" if at % 10 == 0 else row["what"]}))
    large = content(calls(2000, 100, lambda at, row: {"what": "scam" if at % 3 else row["what"]}))
    assert detected(con, tmp_path, content(calls(0, 300)), rare, city_yml=text) == []
    [found] = detected(con, tmp_path, large, city_yml=text)
    assert (found.what, found.column, found.policy) == ("unknown_category", "what", "adapt")
    assert "has 1 new and frequent text: " in found.suggestion
    assert "scam" not in found.suggestion
    assert set_aside(con) == []


@pytest.mark.parametrize(
    ("what", "later", "city_yml", "lines"),
    [
        ("new_column", text_of([{**row, "beat": "1"} for row in calls(100)], [*COLUMNS, "beat"]), CITY_YML, ROWS),
        ("missing_column", without("prio"), CITY_YML, ROWS),
        ("renamed_column", renamed("start", "start_time"), CITY_YML, ROWS),
        ("retyped_column", content(calls(100, change=lambda at, row: {"prio": "1,5" if at % 2 else 1})), CITY_YML, 30),
        (
            "unknown_category",
            content(calls(100, change=lambda at, row: {"what": "odd" if at % 4 == 0 else row["what"]})),
            TABLE,
            15,
        ),
    ],
)
@pytest.mark.parametrize("do", ["stop", "quarantine", "adapt"])
def test_the_policy_says_which_rows_are_set_aside(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, what: str, later: str, city_yml: str, lines: int, do: str
) -> None:
    text = policy(what, do, city_yml)
    found = detected(con, tmp_path, content(calls()), later, city_yml=text)
    assert [(each.what, each.policy, each.rows) for each in found] == [(what, do, lines)]
    assert len(set_aside(con)) == (lines if do == "quarantine" else 0)
    if do == "quarantine":
        reasons = con.execute("select distinct reason, _batch_id from drifted").fetchall()
        assert reasons == [(f"drift:{what}", *newest(con))]


def test_drift_is_written_to_the_ledger_once(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    found = detected(con, tmp_path, content(calls()), without("prio"))
    for _ in range(2):
        detection.record(con, "calls", newest(con), found)
    assert con.execute("from ledger.drift").fetchall() == [
        ("calls", *newest(con), "missing_column", "prio", "priority", ROWS, 1_000_000, found[0].suggestion, "stop")
    ]


def test_every_delivery_is_held_against_those_before_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = deliver(con, tmp_path, content(calls()), without("prio"), without("prio", 200))
    batches = [row[0] for row in con.execute("select batch_id from ledger.delivery order by position").fetchall()]
    together = detection.detect(con, pack, "calls", batches)
    assert [(each.batch_id, each.what) for each in together] == [
        (batches[1], "missing_column"),
        (batches[2], "missing_column"),
    ]
    assert together == [each for batch in batches for each in detection.detect(con, pack, "calls", [batch])]


def test_a_load_sets_drifted_rows_aside_and_stops_where_the_pack_says(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    later = calls(100, change=lambda at, row: {"start": row["start"].replace("-", "/")})
    text = policy("date_format", "quarantine")
    for each in (calls(), later):
        small_pack.load(con, write_pack(tmp_path, {"calls.csv": content(each)}, text))
    assert small_pack.counts(con) == {"read": ROWS, "quarantined": ROWS, "deleted": ROWS}
    reasons = {(*reasons,) for reasons, *_ in small_pack.quarantined(con)}
    assert reasons == {("unparseable_time", "drift:date_format")}
    ledger = "select what, policy, rows from ledger.drift"
    assert con.execute(ledger).fetchall() == [("date_format", "quarantine", ROWS)]

    before = small_pack.quarantined(con)
    with pytest.raises(SourceError, match="missing column prio"):
        small_pack.load(con, write_pack(tmp_path, {"calls.csv": without("prio", 300)}, text))
    assert small_pack.quarantined(con) == before
    assert small_pack.staged(con, "incident_id") == []


@pytest.mark.slow
@pytest.mark.parametrize("city", ["nyc", "seattle"])
def test_the_bundled_cities_do_not_drift(city: str) -> None:
    pack = load_city_pack(CITIES / city)
    with small_pack.warehouse() as con:
        areas.load_areas(con, pack)
        batches = small_pack.pull_all(con, pack)
        assert {batch.source for batch in batches} == {*pack.sources}
        for batch in batches:
            assert detection.detect(con, pack, batch.source, [batch.batch_id]) == []
