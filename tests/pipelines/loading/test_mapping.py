"""A mapping that cannot work is refused before anything runs; one that works gives fields in their types."""

from pathlib import Path

import duckdb
import pytest

from pipelines.errors import PackError, SourceError
from pipelines.loading.kinds import FIRST_TIME, kind_fields
from pipelines.loading.mapping import mapped_fields, mapped_query
from pipelines.pulling.raw_layer import headers, raw_rows
from tests.pipelines.small_pack import CITY_YML, call, changed, line_of, load, pull_all, staged, text_of, write_pack

pytestmark = pytest.mark.slow

CATEGORY = "      category: what\n"


def mapped(
    con: duckdb.DuckDBPyConnection, folder: Path, city_yml: str, columns: str, *rows: dict[str, str]
) -> list[tuple[object, ...]]:
    """Map rows of the calls, and give columns of the result in the order of the lines."""
    pack = write_pack(folder, {"calls.csv": text_of(rows)}, city_yml)
    pull_all(con, pack)
    query = mapped_query(con, pack, "calls", raw_rows("calls"), headers(con, "calls"))
    cases = ", ".join(f"case when _u_{field} then '{field}' end" for field in query.unusable)
    unusable = f"list_filter([{cases}], lambda field: field is not null) as _unusable"
    return con.execute(f"select {columns} from (select *, {unusable} from ({query.query})) order by _line").fetchall()


@pytest.mark.parametrize(
    ("part", "new", "field", "problem", "remedy"),
    [
        (CATEGORY, "      category: lower(what\n", "fields.category", "not an SQL expression", "mend"),
        (CATEGORY, "      category: what what what\n", "fields.category", "not an SQL expression", "mend"),
        (CATEGORY, "      category: waht\n", "fields.category", "waht", "the columns of the source are id, area"),
        (CATEGORY, "      category: {column: kind}\n", "fields.category", "kind", "the columns of the source are"),
        (CATEGORY, "      category: loweer(what)\n", "fields.category", "loweer", "the columns"),
        (CATEGORY, "      category: count(what)\n", "fields.category", "aggregate", "the columns"),
        (CATEGORY, "      category: random()::varchar\n", "fields.category", "volatile", "the columns"),
        (CATEGORY, "      category: (select 1)\n", "fields.category", "subquery", "the columns"),
        (CATEGORY, "      category: what || -- forgotten\n", "fields.category", "", ""),
        (
            "strptime(start, '%Y-%m-%d %H:%M')",
            "strptime(start, '%Q')",
            "fields.occurred_at",
            "format",
            "the columns",
        ),
        (CATEGORY, "      categroy: what\n", "fields.categroy", "not a field of kind incident", "category?"),
        (CATEGORY, "      xyzzy: what\n", "fields.xyzzy", "not a field of kind incident", "docs/tables.md"),
        ("      incident_id: id\n", "      incidentid: id\n", "fields.incidentid", "not a field", "incident_id?"),
        ("      incident_id: id\n", "", "fields", "does not map incident_id", "map incident_id"),
        ("occurred_at, category]", "occured_at, category]", "expected.1", "occured_at", "occurred_at?"),
        ("    area: area\n", "    area: aera\n", "area", "aera", "the columns"),
        ("{x: x, y: y}", "{x: x, y: z}", "coordinates.y", "z", "the columns"),
        ("    area: area\n", "    area: area\n    merge: {victms: sum}\n", "merge.victms", "to merge", "victims?"),
        ("    area: area\n", "    area: area\n    merge: {category: sum}\n", "merge.category", "no number", "min"),
    ],
)
def test_a_mapping_that_cannot_work_is_refused_with_its_line(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, part: str, new: str, field: str, problem: str, remedy: str
) -> None:
    text = changed(part, new)
    with pytest.raises(PackError) as caught:
        mapped(con, tmp_path, text, "*", call("1"))
    error = caught.value
    marker = "    fields:" if field == "fields" else (new.strip().splitlines() or [""])[-1]
    assert (error.file, error.line) == (str(tmp_path / "city.yml"), line_of(text, marker))
    assert error.field == f"sources.calls.{field}"
    assert problem in error.problem
    assert remedy in str(error.remedy)
    assert error.remedy


def test_a_comment_ends_with_its_expression(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed(CATEGORY, '      category: "lower(what) -- as the city writes it"\n')
    assert mapped(con, tmp_path, text, "category", call("1", what="THEFT")) == [("theft",)]


def test_value_tables_constants_and_expressions(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    more = (
        "      category: {column: what, values: {theft: '0502', it's: '0601'}, otherwise: none}\n"
        "      outcome: {column: what, values: {theft: open, assault: null}}\n"
        "      found_by: {constant: call}\n      victims: {constant: 2}\n      is_dispute: {constant: false}\n"
    )
    rows = [call(str(at), what=what) for at, what in enumerate(("theft", "it's", "assault", ""))]
    columns = "category, outcome, found_by, victims, is_dispute, _unusable"
    assert mapped(con, tmp_path, changed(CATEGORY, more), columns, *rows) == [
        ("0502", "open", "call", 2, False, []),
        ("0601", None, "call", 2, False, ["outcome"]),
        ("none", None, "call", 2, False, []),  # the table says that it means nothing
        (None, None, "call", 2, False, []),
    ]


def test_a_text_that_cannot_be_used_is_null_and_remembered(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("1", prio="urgent", closed="soon", x="east", y="1.5"),
        call("2", prio=" 3 ", closed="2016-03-02 11:00", x="0.5", y=""),
    ]
    found = mapped(con, tmp_path, CITY_YML, "priority, closed_at is null, _x, _y, _unusable", *rows)
    assert found == [(None, True, None, 1.5, ["lon", "closed_at", "priority"]), (3, False, 0.5, None, [])]


@pytest.mark.parametrize("start", ["290000-01-01 10:00", "infinity", "0044-03-15 (BC) 10:00"])
def test_a_time_beyond_the_calendar_is_unusable(con: duckdb.DuckDBPyConnection, tmp_path: Path, start: str) -> None:
    text = CITY_YML.replace("strptime(start, '%Y-%m-%d %H:%M')", "start::timestamp")
    assert mapped(con, tmp_path, text, "occurred_at, _time_text", call("1", start)) == [(None, start)]


def test_words_for_nothing_are_null_and_a_row_of_them_is_blank(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("    area: area\n", '    area: area\n    null_texts: ["NULL", "-"]\n')
    rows = [call("NULL", "-", area=" - ", what="NULL"), call("1", what="NULL"), call("2", what="null")]
    found = mapped(con, tmp_path, text, "_key, _area_key, category, _is_blank, _unusable", *rows)
    assert found == [(None, None, None, True, []), ("1", "1", None, False, []), ("2", "1", "null", False, [])]


def test_a_field_named_like_a_column_does_not_hide_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = "incident_id,category,occurred_at\n7,x,2016-03-01\n"
    fields = "    fields: {incident_id: category, category: incident_id, occurred_at: occurred_at}\n"
    text = CITY_YML[: CITY_YML.index("    area: area")] + fields
    pack = write_pack(tmp_path, {"calls.csv": content}, text)
    load(con, pack)
    assert staged(con, "incident_id, category") == [("x", "7")]


def test_a_file_without_any_column_of_a_field_is_refused(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    text = changed("files: [calls.csv]", "files: [old.csv, new.csv]")
    old, new = text_of([call("1")]), text_of([call("2")]).replace("closed", "closed_on")
    pack = write_pack(tmp_path, {"old.csv": old, "new.csv": new}, text)
    with pytest.raises(SourceError, match="column closed seems to be called closed_on") as caught:
        load(con, pack)
    assert (caught.value.file, caught.value.field) == ("new.csv", "closed_at")
    adapting = text + "    drift: {renamed_column: adapt}\n"
    with pytest.raises(SourceError, match="no column closed") as caught:
        load(con, write_pack(tmp_path, {"old.csv": old, "new.csv": new}, adapting))
    assert (caught.value.file, caught.value.line) == (str(tmp_path / "new.csv"), 1)
    assert caught.value.field == "closed_at"
    both = text.replace("strptime(closed,", "strptime(coalesce(closed, closed_on),")
    load(con, write_pack(tmp_path, {"old.csv": old, "new.csv": new}, both))
    assert staged(con, "incident_id") == [("1",), ("2",)]


def test_a_column_that_a_file_has_lost_is_missed_though_an_earlier_delivery_had_it(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1", closed="2016-03-02 10:00")])}))
    renamed = text_of([call("1", closed="2016-03-02 10:00")]).replace("closed", "closed_on")
    with pytest.raises(SourceError, match="closed"):
        load(con, write_pack(tmp_path, {"calls.csv": renamed}))
    assert staged(con, "incident_id, closed_at is null") == [("1", False)]


def test_every_kind_has_its_id_its_first_time_and_both_columns_of_each_time() -> None:
    for kind in FIRST_TIME:
        fields = kind_fields(kind)
        assert fields.first_time in fields.times
        assert fields.id_field in fields.types
        for time in fields.times:
            stem = time.removesuffix("_at")
            assert {f"{stem}_local", f"{stem}_day"} <= set(fields.types)
        assert not {"area_id", "day", "lat", *fields.times} & set(fields.others)


def test_place_counts_as_mapped_where_the_source_gives_it(tmp_path: Path) -> None:
    calls = write_pack(tmp_path).sources["calls"]
    assert {"area_id", "lat", "coords_in_area", "category"} <= mapped_fields(calls)
    assert "area_id" not in mapped_fields(calls.model_copy(update={"area": None, "coordinates": None}))
