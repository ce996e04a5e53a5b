"""Preflight finds everything that does not fit between a pack and its files' headers, and says what to do."""

from pathlib import Path

import pytest

from pipelines.errors import PackError, SourceError, WardlightError
from pipelines.pack.mistakes import MistakesError, listed
from pipelines.validating.preflight import check_pack
from tests.conftest import ROOT
from tests.pipelines.small_pack import CITY_YML, COLUMNS, call, changed, line_of, text_of, write_pack

pytestmark = pytest.mark.slow

AREA = "    area: area\n"
PRIORITY = "      priority: prio\n"


def found(folder: Path, text: str, **files: str) -> tuple[WardlightError, ...]:
    pack = write_pack(folder, {name.replace("_", "."): content for name, content in files.items()}, city_yml=text)
    with pytest.raises((PackError, SourceError)) as caught:
        check_pack(pack)
    return listed(caught.value)


def test_what_fits_is_counted(tmp_path: Path) -> None:
    fit = check_pack(write_pack(tmp_path))
    # The city, the group, three wards, and where the ward is not known.
    assert (fit.files, fit.sources, fit.mapped_fields, fit.areas) == (1, 1, 7, 6)


@pytest.mark.parametrize(
    ("part", "new", "marker", "field", "problem", "remedy"),
    [
        (PRIORITY, "      prioritty: prio\n", "prioritty", "fields.prioritty", "not a field", "mean priority?"),
        (PRIORITY, "      priority: proi\n", "priority", "fields.priority", "no column 'proi'", "mean prio?"),
        (
            PRIORITY,
            "      priority: id id id\n",
            "priority",
            "fields.priority",
            "not an SQL expression: 'id id id'",
            "mend",
        ),
        (PRIORITY, "      priority: nofun(prio)\n", "priority", "fields.priority", "nofun", "columns of the source"),
        (PRIORITY, PRIORITY + "    deleted: gone = 'y'\n", "deleted", "deleted", "no column 'gone'", "columns"),
        (PRIORITY, PRIORITY + "    merge: {priority: sum, what: max}\n", "merge", "merge.what", "to merge", "tables"),
        ("      incident_id: id\n", "", "fields:", "fields", "does not map incident_id", "map incident_id"),
        (AREA, "    area: aera\n", "area: aera", "area", "no column 'aera'", "mean area?"),
        (AREA, AREA + "    personal: [idd]\n", "personal", "personal.0", "no column 'idd' to hide", "mean id?"),
        ("{x: x, y: y}", "{x: xx, y: y}", "coordinates", "coordinates.x", "no column 'xx'", "columns"),
        ("{x: x, y: y}", "{x: x, y: y, crs: EPSG:77}", "coordinates", "coordinates.crs", "EPSG:77", "EPSG:4326"),
        ("occurred_at, category]", "when]", "expected", "expected.1", "'when' is not a field", "tables"),
        (AREA, AREA + "    severities: {blank: flag}\n", "severities", "severities.blank", "'blank'", "area_missing"),
        (
            AREA,
            AREA + "    rules: [{field: prio, required: true}]\n",
            "rules",
            "rules.0.field",
            "'prio' is not a field",
            "priority",
        ),
        (
            AREA,
            AREA + "    rules: [{field: priority, condition: priority < what}]\n",
            "rules",
            "rules.0",
            "what",
            "fields",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_line_and_remedy(
    tmp_path: Path, part: str, new: str, marker: str, field: str, problem: str, remedy: str
) -> None:
    text = changed(part, new)
    (error,) = found(tmp_path, text)
    assert error.file == str(tmp_path / "city.yml")
    assert error.line == line_of(text, marker)
    assert error.field == f"sources.calls.{field}"
    assert problem in error.problem
    assert remedy in (error.remedy or "")


@pytest.mark.parametrize(
    ("part", "new", "field", "problem", "remedy"),
    [
        ("    key: ward\n", "    key: wart\n", "key", "no property 'wart'; it has ward", "identifies an area"),
        ("title_en: \"'Ward ' || ward\"", "title_en: \"'Ward ' || wart\"", "title_en", "wart", "properties are ward"),
        (
            "key: ward, value: people",
            "key: ward, value: souls",
            "population.value",
            "souls",
            "columns are ward, people",
        ),
        ("'west' else", "'east' else", "parent", "'east' is not one of `groups`", "declare"),
    ],
)
def test_a_geography_that_does_not_fit_is_named(
    tmp_path: Path, part: str, new: str, field: str, problem: str, remedy: str
) -> None:
    error, *_ = [each for each in found(tmp_path, changed(part, new)) if (each.field or "").startswith("geographies")]
    assert error.field == f"geographies.ward.{field}"
    assert error.line is not None
    assert problem in error.problem
    assert remedy in (error.remedy or "")


def test_everything_wrong_is_told_at_once_in_the_order_of_lines(tmp_path: Path) -> None:
    text = CITY_YML.replace("category: what", "category: whta").replace("area: area", "area: aera")
    text = (
        text.replace("x: x,", "x: xx,").replace("incident_id: id", "incident_id: id id id").replace("prio\n", "proi\n")
    )
    text = text.replace("key: ward\n", "key: wart\n").replace("[calls.csv]", "[calls.csv, more.csv]")
    text += "    rules: [{field: nowhere, required: true}, {field: area_id, condition: nosuch = 1}]\n"
    errors = found(tmp_path, text)
    assert [each.field for each in errors] == [
        "geographies.ward.key",
        "sources.calls.area",
        "sources.calls.coordinates.x",
        "sources.calls.fields.incident_id",
        "sources.calls.fields.category",
        "sources.calls.fields.priority",
        "sources.calls.rules.0.field",
        "sources.calls.rules.1",
        None,
    ]
    assert errors[-1].file == str(tmp_path / "more.csv")
    assert "missing" in errors[-1].problem
    lines = [each.line for each in errors[:-1]]
    assert lines == sorted(lines, key=lambda line: line or 0)
    assert all(each.remedy for each in errors)


def test_several_mistakes_are_one_error_that_lists_them(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, city_yml=changed("category: what", "category: whta").replace("prio\n", "proi\n"))
    with pytest.raises(MistakesError, match="2 mistakes:") as caught:
        check_pack(pack)
    assert "'whta'" in str(caught.value)
    assert "'proi'" in str(caught.value)


def test_a_pattern_that_matches_no_file_is_named(tmp_path: Path) -> None:
    text = changed("files: [calls.csv]", 'files: [calls.csv, "late-{month}.csv"]')
    (error,) = found(tmp_path, text)
    assert error.field == "sources.calls.files.1"
    assert "late-{month}.csv" in error.problem
    assert check_pack(write_pack(tmp_path, {"late-2016-05.csv": text_of([call("9")])}, city_yml=text)).files == 2


def test_a_file_without_the_column_of_another_is_named(tmp_path: Path) -> None:
    other = text_of([], [column for column in COLUMNS if column != "what"])
    (error,) = found(tmp_path, changed("[calls.csv]", "[calls.csv, b.csv]"), b_csv=other)
    assert isinstance(error, SourceError)
    assert (error.file, error.line) == (str(tmp_path / "b.csv"), 1)
    assert "has no column what" in error.problem


@pytest.mark.parametrize("city", ["seattle", pytest.param("nyc", marks=pytest.mark.slow)])
def test_the_bundled_packs_fit(city: str) -> None:
    from pipelines.pack.city import load_city_pack

    assert check_pack(load_city_pack(ROOT / "cities" / city)).sources > 1
