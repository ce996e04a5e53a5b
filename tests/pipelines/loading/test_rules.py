"""A row that breaks a rule is in quarantine with every reason, its file, its line and its text; no other row is."""

import json
from datetime import date
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import PackError
from pipelines.loading import rules
from pipelines.loading.kinds import kind_fields
from tests.pipelines.small_pack import (
    CITY_YML,
    COLUMNS,
    call,
    changed,
    counts,
    load,
    quarantined,
    staged,
    text_of,
    write_pack,
)

pytestmark = pytest.mark.slow

GOOD = [call("good 1"), call("good 2", "2016-06-30 23:59")]


def test_every_kind_of_bad_row_is_quarantined_with_reason_place_and_text(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    first, second = text_of(GOOD).splitlines(keepends=True)[1:]
    header = text_of([])
    lines = [
        first,
        "too,few\n",
        '"never closed,1,2016-03-01 10:00,,,,,,,\n',
        ",,,,,,,,,\n",
        "\n",
        ",1,2016-03-01 10:00,,,,,,,\n",
        "undated,1,,,,,,,,\n",
        "misdated,1,2016-02-30 10:00,,,,,,,\n",
        "old,1,2015-12-31 23:59,,,,,,,\n",
        "astray,9,2016-03-01 10:00,,,,,,,\n",
        ",9,never,,,,,,,\n",
    ]
    content = (header + "".join(lines)).encode() + b"byte\xa8,1,2016-03-01 10:00,,,,,,,\n" + second.encode()
    load(con, write_pack(tmp_path, {"calls.csv": content}))
    expected = {
        3: (["malformed_line"], [""]),
        4: (["malformed_line"], [""]),
        5: (["blank_row"], [""]),
        6: (["blank_row"], [""]),
        7: (["missing_id"], ["incident_id"]),
        8: (["missing_time"], ["occurred_at"]),
        9: (["unparseable_time"], ["occurred_at"]),
        10: (["before_first_month"], ["occurred_at"]),
        11: (["unknown_area"], ["area_id"]),
        12: (["missing_id", "unparseable_time", "unknown_area"], ["incident_id", "occurred_at", "area_id"]),
        13: (["malformed_line"], [""]),
    }
    assert {line: (reasons, fields) for reasons, fields, _, line in quarantined(con)} == expected
    assert {file for _, _, file, _ in quarantined(con)} == {"calls.csv"}
    assert staged(con, "incident_id") == [("good 1",), ("good 2",)]
    assert counts(con) == {"read": 13, "accepted": 2, "quarantined": 11}
    texts = dict(con.execute("select line, raw_text from quarantine.record").fetchall())
    for line, part in ((3, "too,few"), (4, '"never closed'), (9, "2016-02-30"), (11, "astray"), (13, "byte\\xa8")):
        assert part in texts[line]


def test_the_text_of_a_row_in_quarantine_is_that_of_its_file(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """Neither our own columns nor those of other files stand in it."""
    files = {"calls.csv": text_of([call("1", "soon")]), "more.csv": 'note,start,id\n"so, so",soon,2\n'}
    load(
        con,
        write_pack(
            tmp_path, files, changed("[calls.csv]", "[calls.csv, more.csv]") + "    drift: {missing_column: adapt}\n"
        ),
    )
    texts = dict(con.execute("select file, raw_text from quarantine.record").fetchall())
    told = {column: text or None for column, text in call("1", "soon").items()}
    assert json.loads(texts["calls.csv"]) == told
    assert list(json.loads(texts["calls.csv"])) == list(COLUMNS)
    assert texts["more.csv"] == '{"note":"so, so","start":"soon","id":"2"}'


def test_a_blank_row_is_told_apart_in_the_receipts(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    content = text_of(GOOD) + "\n,,,,,,,,,\nno date,1,,,,,,,,\n"
    load(con, write_pack(tmp_path, {"calls.csv": content}))
    receipts = "select status, is_blank, area_id, sum(row_count)::bigint from staging.receipt group by all order by all"
    assert con.execute(receipts).fetchall() == [
        ("accepted", False, "ward-1", 2),
        ("quarantined", False, "ward-1", 1),
        ("quarantined", True, None, 2),
    ]


@pytest.mark.parametrize(
    ("zone", "start", "is_kept"),
    [
        ("America/New_York", "2015-12-31 23:30", False),  # 2016 by UTC
        ("America/New_York", "2016-01-01 00:00", True),
        ("Asia/Shanghai", "2016-01-01 00:30", True),  # 2015 by UTC
        ("Asia/Shanghai", "2015-12-31 23:30", False),
    ],
)
def test_the_first_month_begins_at_local_midnight(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, zone: str, start: str, is_kept: bool
) -> None:
    pack = write_pack(tmp_path, {"calls.csv": text_of([call("1", start)])}, changed("America/New_York", zone))
    load(con, pack)
    assert counts(con) == {"read": 1, "accepted" if is_kept else "quarantined": 1}
    assert bool(staged(con, "*")) == is_kept


def test_a_row_without_a_date_is_quarantined_whatever_the_date_of_the_run(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = [call("1", None), call("2", "soon"), call(None, "2016-06-01 10:00"), call("4", "2016-06-01 10:00", area=9)]
    pack = write_pack(tmp_path, {"calls.csv": text_of(rows)})
    load(con, pack, date(2016, 1, 1))
    assert counts(con) == {"read": 4, "quarantined": 2, "deferred": 2}
    assert [line for _, _, _, line in quarantined(con)] == [2, 3]
    load(con, pack)
    assert counts(con) == {"read": 4, "quarantined": 4}


def test_a_long_patrol_is_kept_and_a_negative_one_has_no_duration(
    con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    fields = "    fields: {patrol_id: id, started_at: start::timestamp, duration_seconds: prio}\n"
    text = CITY_YML[: CITY_YML.index("    expected:")].replace("kind: incident", "kind: patrol") + fields
    limit = rules.LONGEST_LEG_SECONDS
    rows = [call(str(at), prio=prio) for at, prio in enumerate((limit, limit + 1, -1, 0))]
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}, text))
    assert staged(con, "patrol_id, duration_seconds, flags", "patrol") == [
        ("0", limit, []),
        ("1", limit + 1, ["implausible_duration"]),
        ("2", None, ["out_of_range:duration_seconds"]),
        ("3", 0, []),
    ]


@pytest.mark.parametrize("kind", ["incident", "patrol", "service"])
def test_the_order_of_times_is_between_times_of_the_kind(kind: str) -> None:
    fields = kind_fields(kind)
    for earlier, later in fields.order:
        assert {earlier, later} <= set(fields.times)


def with_rules(rules: str, severities: str = "{}") -> str:
    return CITY_YML + f"    rules:\n{rules}    severities: {severities}\n"


DECLARED = {
    "required": ("{field: category, required: true}", {"what": None}, "missing:category"),
    "allowed": ("{field: category, allowed: [theft, assault]}", {"what": "arson"}, "not_allowed:category"),
    "allowed numbers": ("{field: priority, allowed: [1, 2]}", {"prio": "3"}, "not_allowed:priority"),
    "range beyond the field's own": ("{field: priority, range: {min: 2}}", {"prio": "7"}, "out_of_range:priority"),
    "allowed beyond the field's own": ("{field: priority, allowed: [1, 2]}", {"prio": "9"}, "not_allowed:priority"),
    "range": ("{field: priority, range: {min: 2, max: 4}}", {"prio": "1"}, "out_of_range:priority"),
    "pattern": ("{field: category, pattern: '[a-z]+'}", {"what": "Theft!"}, "pattern:category"),
    "usable": ("{field: priority, usable: true}", {"prio": "urgent"}, "unusable:priority"),
    "order": (
        "{field: closed_at, not_before: occurred_at}",
        {"closed": "2016-02-29 09:00"},
        "before:occurred_at",
    ),
    "order that the kind keeps": (
        "{field: occurred_until, not_before: occurred_at}",
        {"until": "2016-02-29 09:00"},
        "before:occurred_at",
    ),
    "condition": (
        "{field: category, condition: \"category <> 'test' or priority = 1\"}",
        {"what": "test", "prio": 2},
        "condition:category",
    ),
    "place": ("{field: coords_in_area, condition: coords_in_area}", {"x": 1.5, "y": 0.5}, "condition:coords_in_area"),
}


@pytest.mark.parametrize(("rule", "cells", "reason"), DECLARED.values(), ids=DECLARED.keys())
@pytest.mark.parametrize("severity", ["reject", "flag"])
def test_a_rule_of_the_pack_rejects_or_flags(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rule: str, cells: dict[str, object], reason: str, severity: str
) -> None:
    good = call("good", what="theft", prio=2, closed="2016-03-01 11:00", until="2016-03-01 10:30", x=0.5, y=0.5)
    bad = call("bad", **({"what": "theft", "prio": 2, "closed": "2016-03-01 11:00", "x": 0.5, "y": 0.5} | cells))
    text = with_rules(f"      - {rule[:-1]}, severity: {severity}}}\n")
    load(con, write_pack(tmp_path, {"calls.csv": text_of([good, bad])}, text))
    flagged = dict(staged(con, "incident_id, flags"))
    assert flagged["good"] == []
    if severity == "flag":
        assert reason in list(flagged["bad"])
        assert quarantined(con) == []
    else:
        assert [reasons for reasons, *_ in quarantined(con)] == [[reason]]
        assert counts(con) == {"read": 2, "accepted": 1, "quarantined": 1}


def test_what_a_field_does_not_say_breaks_no_rule_but_required(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rules_without_required = "".join(
        f"      - {rule}\n" for name, (rule, *_) in DECLARED.items() if name not in ("required", "place")
    )
    load(con, write_pack(tmp_path, {"calls.csv": text_of([call("1")])}, with_rules(rules_without_required)))
    assert counts(con) == {"read": 1, "accepted": 1}


def test_a_built_in_rule_takes_the_severity_that_the_pack_gives(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    rows = [
        call("astray", area=9, x=0.5, y=0.5),
        call("early", "2015-12-31 23:59"),
        call("backwards", until="2016-02-28 10:00"),
        call("doubtful", "2016-03-13 02:30"),
    ]
    text = with_rules("      []\n", "{unknown_area: flag, times_out_of_order: reject, clock_change: reject}")
    load(con, write_pack(tmp_path, {"calls.csv": text_of(rows)}, text))
    assert staged(con, "incident_id, area_id, flags") == [("astray", "ward-1", ["unknown_area"])]
    assert sorted(str(reasons[0]) for reasons, *_ in quarantined(con)) == [  # type: ignore[index]
        "before_first_month",
        "clock_change",
        "times_out_of_order",
    ]


@pytest.mark.parametrize(
    ("rules_text", "severities", "field", "problem"),
    [
        ("      - {field: categry, required: true}\n", "{}", "sources.calls.rules.0.field", "categry"),
        ("      - {field: category, condition: nonsense > 1}\n", "{}", "sources.calls.rules.0", "nonsense"),
        ("      - {field: category, range: {min: 1}}\n", "{}", "sources.calls.rules.0", "does not work"),
        ("      - {field: category, not_before: category}\n", "{}", "sources.calls.rules.0.not_before", "category"),
        ("      - {field: category}\n", "{}", "sources.calls.rules.0", "exactly one"),
        ("      []\n", "{missing_id: flag}", "sources.calls.severities.missing_id", "missing_id"),
        ("      []\n", "{clock_chnge: flag}", "sources.calls.severities.clock_chnge", "clock_chnge"),
    ],
)
def test_a_rule_that_cannot_work_is_refused_with_its_line(
    con: duckdb.DuckDBPyConnection, tmp_path: Path, rules_text: str, severities: str, field: str, problem: str
) -> None:
    text = with_rules(rules_text, severities)
    with pytest.raises(PackError) as caught:
        load(con, write_pack(tmp_path, {"calls.csv": text_of(GOOD)}, text))
    assert caught.value.field == field
    assert caught.value.line is not None
    assert text.splitlines()[caught.value.line - 1].strip()
    assert problem in str(caught.value)
    assert caught.value.remedy
