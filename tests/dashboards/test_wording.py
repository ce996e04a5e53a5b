"""Words, numbers and dates in both languages; nothing untranslated, nothing left over."""

import ast
import re
from datetime import date
from pathlib import Path
from string import Formatter
from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import dashboards
from dashboards.address import LANGUAGES, PERIOD_KINDS
from dashboards.periods import period_before, period_end, year_before
from dashboards.wording import Words, texts
from indicators.grades import CAUSES
from pipelines.loading import rules
from pipelines.pack.sources import Drift, Policy

SOURCES = sorted(Path(dashboards.__file__).parent.rglob("*.py"))
CATALOGUE = Path(__file__).parents[2] / "indicators" / "catalogue"
STARTS = {
    "day": st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    "month": st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: day.replace(day=1)),
    "year": st.dates(date(2000, 1, 1), date(2099, 12, 31)).map(lambda day: day.replace(month=1, day=1)),
}


def _used() -> tuple[set[str], set[str]]:
    """Keys used as such, and the beginnings of keys that are put together."""
    keys, beginnings = set(), set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in ("words", "self"):
                for branch in [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]:
                    _collect(branch, keys, beginnings)
            elif name == "known" and isinstance(first, ast.Constant):
                beginnings.add(f"{first.value}.")
            elif name == "counted" and isinstance(first, ast.Constant):
                keys |= {f"{first.value}.one", f"{first.value}.many"}
    return keys, beginnings


def _collect(node: ast.expr, keys: set[str], beginnings: set[str]) -> None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        keys.add(node.value)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        beginnings.add(str(node.values[0].value))
    elif isinstance(node, ast.IfExp):
        _collect(node.body, keys, beginnings)
        _collect(node.orelse, keys, beginnings)


def test_both_languages_have_the_same_keys_and_fields() -> None:
    english, chinese = texts("en"), texts("zh")
    assert english.keys() == chinese.keys()
    for key, text in english.items():
        fields = [sorted({name for _, name, _, _ in Formatter().parse(t) if name}) for t in (text, chinese[key])]
        if not key.startswith("date."):
            assert fields[0] == fields[1], key


def test_every_key_in_the_code_exists_and_no_text_is_left_over() -> None:
    keys, beginnings = _used()
    known = texts("en")
    assert len(keys) > 100
    assert sorted(keys - known.keys()) == []
    for beginning in beginnings:
        assert any(key.startswith(beginning) for key in known), beginning
    # Composed in wording.py itself, from variables rather than beginnings.
    beginnings |= {"measure."}
    assert sorted(key for key in known.keys() - keys if not key.startswith(tuple(beginnings))) == []


def test_chinese_texts_are_chinese() -> None:
    same = {key for key, text in texts("en").items() if texts("zh")[key] == text}
    assert {key for key in same if re.search(r"[A-Za-z]{3}", re.sub(r"\{\w+\}", "", texts("en")[key]))} == set()


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogue_s_vocabulary_is_worded(language: str) -> None:
    words, known = Words(language), texts(language)
    entries = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(CATALOGUE.glob("*.yml"))]
    assert len(entries) > 40
    for entry in entries:
        for group, field in {"unit": "unit", "dimension": "dimension", "polarity": "polarity"}.items():
            assert f"{group}.{entry[field]}" in known, (entry["id"], entry[field])
        assert f"interval_method.{entry['interval']}" in known, (entry["id"], entry["interval"])
        assert words.measure(1234.5, entry["unit"], 1).strip()


@pytest.mark.parametrize(
    ("language", "value", "unit", "shown"),
    [
        ("en", 1234.56, "per 10 000 residents and year", "1,234.6 per 10,000 residents a year"),
        ("zh", 1234.56, "per 10 000 residents and year", "每万居民每年 1,234.6"),
        ("en", 45.25, "%", "45.2%"),
        ("zh", -3.04, "days", "−3.0 天"),
        ("en", -0.01, "days", "0.0 days"),
        ("en", None, "days", "–"),
        ("en", 2.0, "furlongs", "2.0 furlongs"),
    ],
)
def test_measures_are_written_as_the_language_does(language: str, value: float | None, unit: str, shown: str) -> None:
    assert Words(language).measure(value, unit, 1) == shown


@pytest.mark.parametrize(
    ("kind", "english", "chinese"),
    [
        ("day", "2 May 2016", "2016年5月2日"),
        ("week", "week of 2 May 2016", "2016年5月2日当周"),
        ("month", "May 2016", "2016年5月"),
        ("quarter", "quarter 2 of 2016", "2016年第2季度"),
        ("year", "2016", "2016年"),
        ("rolling_12m", "12 months from May 2016", "自2016年5月起的12个月"),
    ],
)
def test_periods_are_named(kind: str, english: str, chinese: str) -> None:
    start = date(2016, 5, 2)
    assert [Words(language).period(kind, start) for language in LANGUAGES] == [english, chinese]


def test_reasons_become_words_and_an_unknown_one_stays_visible() -> None:
    codes = "partial_records:20/31;no_records:stops;no_records:cases;stale_since:2016-11-30;brand_new:7"
    assert Words("en").reasons(codes, {"stops": "Stop reports"}) == [
        "the sources cover 20 of the period's 31 days",
        "no records from the source Stop reports, cases in this period",
        "last computed with the figures of 30 November 2016",
        "brand_new:7",
    ]
    assert Words("en").reasons(None, {}) == []


def test_a_grade_s_reason_is_put_into_words() -> None:
    codes = "partial_records:20/31;refused:3.0;area_unknown:8.5"
    assert Words("en").reasons(codes, {})[1:] == [
        "3.0% of its records refused or not readable",
        "8.5% of the records in no known area",
    ]
    assert Words("zh").reasons(codes, {})[1:] == ["其记录中 3.0% 被拒收或无法读取", "8.5% 的记录区域不明"]
    # Of the causes that the engine knows, every one has its words.
    assert [cause for cause in CAUSES if f"reason.{cause}" not in texts("en")] == []


def test_every_documented_reason_is_worded() -> None:
    tables = (Path(__file__).parents[2] / "docs" / "tables.md").read_text(encoding="utf-8")
    codes = re.findall(r"^\| `([a-z_]+)(?::[^`]*)?` \|", tables.split("`reason` holds codes")[1], re.MULTILINE)
    assert len(codes) > 10
    assert [code for code in codes if f"reason.{code}" not in texts("en")] == []


def _reasons_of_the_code() -> set[str]:
    """Read from the code of the rules what a reason can begin with, whatever form it is given in."""
    tree = ast.parse(Path(rules.__file__).read_text(encoding="utf-8"))
    named: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            # `reason, breaks = "missing", …` and `kind = "a" if … else "b"`
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                target, value = target.elts[0], value.elts[0]
            if isinstance(target, ast.Name):
                texts_ = [each.value for each in _branches(value) if isinstance(each, ast.Constant)]
                named.setdefault(target.id, set()).update(text for text in texts_ if isinstance(text, str))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Rule":
            first = node.args[0]
            part = first.values[0] if isinstance(first, ast.JoinedStr) else first
            if isinstance(part, ast.FormattedValue):
                assert isinstance(part.value, ast.Name)
                found |= named[part.value.id]
            else:
                assert isinstance(part, ast.Constant)
                found.add(str(part.value).partition(":")[0])
    return found


def _branches(node: ast.expr) -> list[ast.expr]:
    return [*_branches(node.body), *_branches(node.orelse)] if isinstance(node, ast.IfExp) else [node]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_rules_is_worded(language: str) -> None:
    reasons = _reasons_of_the_code()
    # What the pack alone can bring about, and what every kind of source can.
    assert reasons >= {"missing", "unusable", "not_allowed", "out_of_range", "pattern", "before", "condition"}
    assert reasons >= {"malformed_line", "blank_row", "missing_id", "unknown_area", "future_time", "times_out_of_order"}
    # Drift sets rows aside, too; repeated and conflicting ids are findings.
    every = reasons | {"drift", "repeated_id", "conflicting_id"}
    worded = {key.removeprefix("rule.") for key in texts(language) if key.startswith("rule.")}
    assert worded == every


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_change_of_a_delivery_and_every_policy_is_worded(language: str) -> None:
    known = texts(language)
    assert {key.removeprefix("drift.") for key in known if key.startswith("drift.")} == set(Drift.model_fields)
    assert {key.removeprefix("policy.") for key in known if key.startswith("policy.")} == set(get_args(Policy))


@pytest.mark.parametrize("kind", ["day", "month", "year"])
@given(data=st.data())
def test_periods_follow_each_other(kind: str, data: st.DataObject) -> None:
    start = data.draw(STARTS[kind])
    assert period_before(kind, period_end(kind, start)) == start


def test_every_kind_of_period_has_an_end_and_a_year_before() -> None:
    start = date(2016, 1, 1)
    assert {kind: period_end(kind, start).isoformat() for kind in PERIOD_KINDS} == {
        "day": "2016-01-02",
        "week": "2016-01-08",
        "month": "2016-02-01",
        "quarter": "2016-04-01",
        "year": "2017-01-01",
        "rolling_12m": "2017-01-01",
    }
    assert year_before("month", start) == date(2015, 1, 1)
    assert year_before("week", date(2016, 1, 4)) == date(2015, 1, 5)
    assert year_before("year", start) is None
