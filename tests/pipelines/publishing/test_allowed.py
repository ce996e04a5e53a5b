"""A release holds the declared tables and columns, and in them what may stand there; anything else is refused."""

from pathlib import Path

import duckdb
import pytest

from pipelines.errors import ReleaseError
from pipelines.pack.city import load_city_pack
from pipelines.publishing import allowed, release, tables
from pipelines.publishing.allowed import Allowed, declared_columns, declared_words
from tests.pipelines import small_pack
from tests.pipelines.publishing.test_tables import documented
from tests.pipelines.small_pack import changed, write_pack

pytestmark = pytest.mark.slow

FIGURE = "'B1' as indicator_id, 'ward-1' as area_id, 'month' as period_kind, date '2016-03-01' as period_start"
LIMITS = (
    f"select {FIGURE}, 'level' as basis, 1.5::double as centre, 0.0::double as limit_low, 3.0::double as limit_high"
)
NAME = "张三 13800138000"


@pytest.fixture
def warehouse(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> duckdb.DuckDBPyConnection:
    small_pack.load(con, write_pack(tmp_path / "city"))
    con.execute("create table catalogue_rows as select 'B1' as indicator_id")
    return con


def publish(con: duckdb.DuckDBPyConnection, folder: Path, limits: str) -> release.Release:
    queries = {"indicator_values": f"select {FIGURE}, 1.0::double as value", "indicator_limits": limits}
    rules = Allowed.of(load_city_pack(folder / "city"))
    return release.publish(folder, con, queries, {"city": "smallville", "as_of": "2016-06-30"}, allowed=rules)


def test_the_list_is_the_data_dictionary_and_every_query_has_its_columns_on_it(tmp_path: Path) -> None:
    listed, told = declared_columns(), documented()
    assert set(listed) == set(told) == {*tables.release_queries(write_pack(tmp_path)), "release_info"}
    # What only orders the catalogue, and what the manifest says besides, need no word of their own.
    unsaid = {
        "indicator_catalogue": {"position"},
        "release_info": {"sequence", "previous", "publish_at", "catalogue_hash"},
    }
    for table, columns in told.items():
        assert set(columns) | unsaid.get(table, set()) == set(listed[table]), table


def test_what_is_declared_is_published(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    assert publish(warehouse, tmp_path, LIMITS).is_new


@pytest.mark.parametrize(
    ("limits", "named"),
    [
        (f"{LIMITS}, 7 as victims", ("indicator_limits", "victims", "allow-list")),
        (LIMITS.replace("1.5::double", "'1.5'"), ("indicator_limits", "centre", "number")),
        (LIMITS.replace("'level'", f"'{NAME}'"), ("indicator_limits", "basis", "code")),
        (LIMITS.replace("'B1'", f"'{NAME}'"), ("indicator_limits", "indicator_id", "indicator")),
        (LIMITS.replace("'ward-1'", "'ward-9'"), ("indicator_limits", "area_id", "area")),
        (LIMITS.replace("'month'", "'13800138000'"), ("indicator_limits", "period_kind", "period")),
    ],
)
def test_anything_else_is_refused_by_table_and_column_and_not_quoted(
    warehouse: duckdb.DuckDBPyConnection, tmp_path: Path, limits: str, named: tuple[str, ...]
) -> None:
    before = publish(warehouse, tmp_path, LIMITS)
    with pytest.raises(ReleaseError) as caught:
        publish(warehouse, tmp_path, limits.replace("3.0", "4.0"))
    assert all(part in str(caught.value) for part in named)
    assert caught.value.remedy
    assert "1380013" not in str(caught.value)
    served = release.current(tmp_path)
    assert served is not None
    assert served.release_id == before.release_id
    assert [each.release_id for each in release.listing(tmp_path)] == [before.release_id]


def test_a_table_too_many_is_refused(warehouse: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rules = Allowed.of(load_city_pack(tmp_path / "city"))
    queries = {"indicator_values": f"select {FIGURE}", "records": "select 'x' as note"}
    with pytest.raises(ReleaseError, match="note of table records is not on the allow-list"):
        release.publish(tmp_path, warehouse, queries, {"city": "smallville", "as_of": "2016-06-30"}, allowed=rules)
    assert release.listing(tmp_path) == []


def test_no_sort_of_content_lets_a_telephone_number_or_a_point_through(warehouse: duckdb.DuckDBPyConnection) -> None:
    for sort, pattern in allowed._PATTERNS.items():
        for text in ("+86 138 0013 8000", NAME, "zhang@example.org", "31.2304, 121.4737", "POINT(121.47 31.23)"):
            found = warehouse.execute("select regexp_full_match(?, ?)", (text, pattern)).fetchone()
            assert found == (False,), (sort, text)


def test_words_of_categories_are_those_that_the_pack_declares(tmp_path: Path) -> None:
    text = changed(
        "category: what", "category: {column: what, values: {theft: '0502', fight: '0201'}, otherwise: none}"
    )
    text = text.replace("      priority: prio\n", "      priority: prio\n      outcome: what\n")
    words = declared_words(write_pack(tmp_path, city_yml=text).sources["calls"])
    assert {word for field, word in words if field == "category"} == {"0502", "0201", "none"}
    assert {word for field, word in words if field == "priority"} == {"1", "2", "3", "4"}
    assert not [word for field, word in words if field == "outcome"]


@pytest.mark.parametrize(("profile", "named"), [("hes", None), ("internal", None), ("open", NAME)])
def test_an_unusual_category_is_named_where_the_pack_declares_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, profile: str, named: str | None
) -> None:
    text = changed("disclosure: open", f"disclosure: {profile}")
    text = text.replace("category: what", "category: {column: what, values: {theft: '0502'}}")
    pack = write_pack(tmp_path, city_yml=text.replace("      priority: prio\n", "      outcome: what\n"))
    con.execute(
        "create table quality.anomaly as select 'calls' as source, date '2016-06-30' as day, 1 as days, "
        "'mix' as metric, unnest(['category', 'outcome', 'outcome']) as field, "
        "unnest(['0502', ?, 'rare']) as value, 100 as records, "
        "unnest([0.5, 0.5, 0.03]) as observed, 0.1 as expected, 0.0 as low, 0.2 as high, 0.001 as p_value, "
        "'above' as direction",
        (NAME,),
    )
    found = con.execute(f"select field, value from ({tables.release_queries(pack)['source_anomaly']})").fetchall()
    assert sorted(found, key=str) == sorted([("category", "0502"), ("outcome", named), ("outcome", None)], key=str)
