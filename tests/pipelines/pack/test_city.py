"""A pack that is wrong is refused with file, line, field and what to do; one that is right says what it says."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipelines.errors import PackError
from pipelines.pack.city import load_city_pack
from pipelines.pack.mistakes import MistakesError, listed
from tests.pipelines.small_pack import CITY_YML, changed, line_of, write_pack

PRIORITY = "      priority: prio\n"


def refusal(folder: Path, text: str | bytes) -> PackError:
    with pytest.raises(PackError) as caught:
        write_pack(folder, {"city.yml": text})
    assert caught.value.file == str(folder / "city.yml")
    assert caught.value.remedy
    return caught.value


@pytest.mark.parametrize(
    ("part", "new", "marker", "field", "problem"),
    [
        ("time_zone: America/New_York", "time_zone: Mars/Olympus", "time_zone", "time_zone", "IANA"),
        ("time_zone: America/New_York", "time_zone: America", "time_zone", "time_zone", "IANA"),
        ("as_of: 2016-06-30", "as_of: 2016-13-45", "as_of", "as_of", "date"),
        ("as_of: 2016-06-30", "as_of: yesterday", "as_of", "as_of", "date"),
        ("as_of:", "calendar: {country: XX}\nas_of:", "calendar", "calendar.country", "'XX'"),
        ("as_of:", "calendar: {overrides: days.csv}\nas_of:", "calendar", "calendar.country", "missing"),
        ("first_month: 2016-01", "first_month: 2016-1", "first_month", "first_month", "pattern"),
        ("first_month: 2016-01", "first_month: 2016-05\nlast_month: 2016-04", "last_month", "last_month", "before"),
        ("first_month: 2016-01", "first_month: 2016-09", "as_of", "as_of", "before the first month"),
        ("disclosure: open\n", "disclosure: open\nweek_begin: monday\n", "week_begin", "week_begin", "no key"),
        ("level: side, ", "level: side, parent: nowhere, ", "level: side", "groups.west.parent", "nowhere"),
        ("level: side, ", "level: side, parent: west, ", "level: side", "groups.west.parent", "above itself"),
        ("kind: incident", "kind: accident", "kind: acc", "sources.calls.kind", "accident"),
        ("    geography: ward\n", "    geography: wart\n", "geography: wart", "sources.calls.geography", "wart"),
        ("files: [calls.csv]", "files: []", "calls:", "sources.calls", "exactly one of files, database or api"),
        ("files: [calls.csv]", "files: calls.csv", "files: calls", "sources.calls.files", "list"),
        ("files: [calls.csv]", "files: [a.csv, a.csv]", "files: [a", "sources.calls.files", "twice"),
        ("  calls:\n", "  Calls!:\n", "Calls!", "sources.Calls!", "name"),
        (PRIORITY, "      priority: 3\n", "priority: 3", "sources.calls.fields.priority", "Mapping"),
        (PRIORITY, "      priority: {column: prio, constant: 1}\n", "{column", "sources.calls.fields.priority", "one"),
        (PRIORITY, "      priority: {constant: 1, otherwise: 2}\n", "{const", "sources.calls.fields.priority", "table"),
        (PRIORITY, PRIORITY + PRIORITY, None, "sources.calls.fields.priority", "twice"),
        (
            "    area: area\n",
            "    area: area\n    silent_after_days: many\n",
            "silent",
            "sources.calls.silent_after_days",
            "integer",
        ),
        (
            "    area: area\n",
            '    area: area\n    format: {delimiter: "||"}\n',
            "format",
            "sources.calls.format.delimiter",
            "pattern",
        ),
        (
            "    area: area\n",
            "    area: area\n    format: {encoding: ebcdic}\n",
            "format",
            "sources.calls.format.encoding",
            "latin-1",
        ),
        (
            "valid_from: 2016-01-01}",
            "valid_from: someday}",
            "someday",
            "geographies.ward.population.valid_from",
            "date",
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, part: str, new: str, marker: str | None, field: str, problem: str
) -> None:
    text = changed(part, new)
    error = refusal(tmp_path, text)
    assert error.field == field
    assert problem in error.problem
    if problem == "twice" and marker is None:
        assert error.line == line_of(text, "priority") + 1
        assert f"first in line {line_of(text, 'priority')}" in error.problem
    else:
        assert error.line == (None if marker is None else line_of(text, marker))
    assert str(error).startswith(f"{tmp_path / 'city.yml'}")
    assert "What to do: " in str(error)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "line"),
    [
        (CITY_YML.replace("groups:", "groups: [", 1), None),
        (CITY_YML + "\tname: tab\n", CITY_YML.count("\n") + 1),
        (CITY_YML + "title: \x00\n", CITY_YML.count("\n") + 1),
        (CITY_YML.encode() + b"# caf\xe9\n", CITY_YML.count("\n") + 1),
        ("a: *unknown\n", 1),
        ("a: " + "[" * 2000 + "\n", 1),
    ],
)
def test_what_is_not_yaml_is_refused_with_its_line(tmp_path: Path, text: str | bytes, line: int | None) -> None:
    error = refusal(tmp_path, text)
    assert error.line is not None
    assert line is None or error.line == line


@pytest.mark.parametrize("text", ["", "just a text", "- a\n- list\n", "null\n"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    assert "valid dictionary" in refusal(tmp_path, text).problem


def test_a_folder_without_a_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="there is no") as caught:
        load_city_pack(tmp_path / "nowhere")
    assert caught.value.file == str(tmp_path / "nowhere")


def test_codes_and_flags_stay_the_texts_they_are(tmp_path: Path) -> None:
    text = changed(PRIORITY, "      outcome: {column: what, values: {Y: 0101, no: open, 017: on, '12': null, x: 5}}\n")
    pack = write_pack(tmp_path, city_yml=text.replace("sources:", "severity_weights: {0501: 84}\nsources:"))
    assert pack.sources["calls"].fields["outcome"].values == {
        "Y": "0101",
        "no": "open",
        "017": "on",
        "x": 5,
        "12": None,
    }
    assert pack.severity_weights == {"0501": 84}
    assert pack.as_of == date(2016, 6, 30)


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = CITY_YML.replace("Smallville, zh: 小城}", "Smallville}").replace("time_zone: ", "time_zon: ")
    text = text.replace("kind: incident", "kind: accident").replace("prio\n", "{column: [1], values: {A: [1]}}\n")
    error = refusal(tmp_path, text)
    assert isinstance(error, MistakesError)
    assert listed(error) == error.found
    assert [(each.field, each.line) for each in error.found] == [
        ("time_zone", None),
        ("title.zh", line_of(text, "title:")),
        ("time_zon", line_of(text, "time_zon")),
        ("sources.calls.kind", line_of(text, "kind: acc")),
        ("sources.calls.fields.priority.column", line_of(text, "priority")),
        ("sources.calls.fields.priority.values.A", line_of(text, "priority")),
    ]
    told = str(error)
    assert told.startswith("6 mistakes:\n")
    for each in error.found:
        assert str(each) in told
        assert each.remedy


@pytest.mark.parametrize(
    ("part", "new", "suggested"),
    [
        ("disclosure: open\n", "disclosure: open\nweek_begins: monday\n", "week_start"),
        ("    area: area\n", "    area: area\n    silent_after: 3\n", "silent_after_days"),
        ("    area: area\n", "    area: area\n    format: {reader: excel, sheets: A}\n", "sheet"),
        ("    area: area\n", "    area: area\n    rules: [{field: priority, alowed: [1]}]\n", "allowed"),
        (PRIORITY, "      priority: {colunm: prio}\n", "column"),
        ("{x: x, y: y}", "{x: x, y: y, CRS: EPSG:2263}", "crs"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_one(tmp_path: Path, part: str, new: str, suggested: str) -> None:
    first, *_ = [each for each in listed(refusal(tmp_path, changed(part, new))) if "there is no key" in each.problem]
    assert f"did you mean {suggested}?" in (first.remedy or "")


def test_a_key_like_no_other_is_answered_with_all_of_them(tmp_path: Path) -> None:
    error = refusal(tmp_path, changed("{x: x, y: y}", "{x: x, y: y, qqq: 1}"))
    assert error.remedy == "the keys here are x, y, crs"


def test_what_a_key_is_for_is_told_with_its_mistake(tmp_path: Path) -> None:
    assert "IANA name, such as Asia/Shanghai" in str(refusal(tmp_path, changed("time_zone: America/New_York\n", "")))
    assert "First month of the data" in str(refusal(tmp_path, changed("first_month: 2016-01", "first_month: x")))


def test_an_error_found_later_points_at_the_nearest_line(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)
    error = pack.error("wrong", "sources", "calls", "fields", "category", "deeper")
    assert error.line == line_of(CITY_YML, "category: what")


def test_the_pack_hash_follows_its_text(tmp_path: Path) -> None:
    first = write_pack(tmp_path / "a").pack_hash
    assert write_pack(tmp_path / "b").pack_hash == first
    assert write_pack(tmp_path / "c", city_yml=CITY_YML + "# more\n").pack_hash != first


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(CITY_YML) - 1), st.sampled_from(list("{}[]:,-#&*!|>'\"%@`\n\t 0aé\x07")), st.integers(0, 5))
def test_any_slip_of_the_pen_gives_a_pack_or_a_refusal(tmp_path: Path, at: int, typed: str, removed: int) -> None:
    text = CITY_YML[:at] + typed + CITY_YML[at + removed :]
    refused = None
    try:
        write_pack(tmp_path, city_yml=text)
    except PackError as error:
        refused = error
    if refused is not None:
        assert refused.file == str(tmp_path / "city.yml")
        assert refused.line is None or 1 <= refused.line <= text.count("\n") + 1
