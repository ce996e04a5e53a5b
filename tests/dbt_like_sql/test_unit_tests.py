"""The models' own unit tests, one by one; and what declaring and running unit tests refuses and tells."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dbt_like_sql.errors import ProjectError
from dbt_like_sql.project import load_project
from dbt_like_sql.unit_test_run import UnitTestError, run_unit_test
from dbt_like_sql.unit_tests import UnitTest

UNIT_TESTS = load_project().unit_tests

EXPECT = """\
    expect:
      rows:
        - {n: 7, day: "2016-02-29"}
        - {n: 9, day: null}
"""
EXPECT_CSV = """\
    expect:
      format: csv
      rows: |
"""
INCREMENTAL = """\
    overrides: {macros: {is_incremental: true}}
    given:
      - {input: this, rows: []}
"""
NONE = "        rows: []"
YML = f"""\
version: 2
unit_tests:
  - name: limit
    description: Seven is not less than seven.
    model: late
    given:
      - input: source('raw', 'number')
        rows:
          - {{n: 9, word: nine}}
          - {{n: 6, day: "2016-02-28"}}
          - {{n: 7, day: "2016-02-29"}}
      - input: ref("other")
        rows: []
{EXPECT}
sources:
  - name: raw
    tables:
      - name: number
        description: Numbers
        columns: &columns
          - {{name: n, description: A number, data_type: integer}}
          - {{name: word, description: A word, data_type: varchar}}
          - {{name: day, description: A day, data_type: date}}
models:
  - name: late
    description: One row per number from a limit on.
    columns: *columns
  - name: other
    description: One row per number.
    columns: *columns
"""
FILES = {
    "dbt_project.yml": "name: small\nvars: {limit: 7}\n",
    "models/facts/other.sql": "select * from {{ source('raw', 'number') }}\n",
    "models/facts/late.sql": (
        "select * from {{ source('raw', 'number') }} where n >= {{ var('limit') }}\n"
        "union all select * from {{ ref('other') }}\n"
    ),
}


def overriding(what: str) -> str:
    return f"    overrides: {{{what}}}\n{EXPECT}"


@pytest.fixture
def declared(tmp_path: Path) -> Callable[..., UnitTest]:
    """Write a small project with a part of its declarations replaced, and read its unit test."""

    def read(part: str = "", new: str = "") -> UnitTest:
        assert part in YML
        for name, content in {**FILES, "models/facts/late.yml": YML.replace(part, new, 1)}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        (unit_test,) = load_project(tmp_path).unit_tests
        return unit_test

    return read


@pytest.mark.slow
@pytest.mark.parametrize("unit_test", UNIT_TESTS, ids=[each.name for each in UNIT_TESTS])
def test_model(unit_test: UnitTest) -> None:
    run_unit_test(unit_test)


def test_unit_test_is_read(declared: Callable[..., UnitTest]) -> None:
    unit_test = declared()
    assert (unit_test.name, unit_test.model, unit_test.is_incremental) == ("limit", "late", False)
    assert unit_test.given["raw.number"].rows[0] == {"n": 9, "word": "nine"}
    assert unit_test.given["facts.other"].rows == ()
    assert [column.name for column in unit_test.expected.columns] == ["n", "day"]
    run_unit_test(unit_test)


@pytest.mark.parametrize(
    ("part", "new"),
    [
        # The word of row 7 is not compared; the order of rows and a row without a day do not matter.
        ("{n: 7, day", "{n: 7, word: seven, day"),
        (EXPECT, f"{EXPECT_CSV}        n,word,day\n        9,nine,\n        7,,2016-02-29\n"),
        (NONE, "        format: csv\n        rows: n"),
        # A variable has the value that the unit test gives it; no row at all may be expected.
        (EXPECT, "    overrides: {vars: {limit: 10}}\n    expect: {rows: []}\n"),
        (EXPECT, overriding("macros: {is_incremental: false}")),
    ],
)  # fmt: skip
def test_what_holds(declared: Callable[..., UnitTest], part: str, new: str) -> None:
    run_unit_test(declared(part, new))


def test_failure_shows_expected_and_found_rows(declared: Callable[..., UnitTest]) -> None:
    unit_test = declared(
        '{n: 6, day: "2016-02-28"}', '{n: 7, day: "2016-02-29"}\n          - {n: 8, day: "2017-01-01"}'
    )
    with pytest.raises(UnitTestError) as failed:
        run_unit_test(unit_test)
    assert str(failed.value).splitlines() == [
        "models/facts/late.yml:3: unit test `limit` does not hold: Seven is not less than seven.",
        "(- expected, not found; + found, not expected)",
        "   n  day",
        "   7  2016-02-29",
        "   9  null",
        "+  7  2016-02-29",
        "+  8  2017-01-01",
    ]


@pytest.mark.parametrize(
    ("part", "new", "told"),
    [
        ("n: 9, word: nine", "n: 6, word: nine", "-  9  null"),
        ('n: 9, word: nine', 'n: 9, day: "29 February"', "could not be run: Conversion Error"),
        ("n: 9, day: null", "n: many, day: null", "could not be run: Conversion Error"),
    ],
)  # fmt: skip
def test_what_does_not_hold(declared: Callable[..., UnitTest], part: str, new: str, told: str) -> None:
    with pytest.raises(UnitTestError, match=r"^models/facts/late\.yml:3: unit test `limit` ") as failed:
        run_unit_test(declared(part, new))
    assert told in str(failed.value)


@pytest.mark.parametrize(
    ("part", "new", "message"),
    [
        ("    description: Seven is not less than seven.\n", "", "3: `description` must be given"),
        ("model: late", "model: lat", "5: model `lat` is not known: did you mean late?"),
        ("    model: late", "    versions: {}\n    model: late", "5: `versions` is not supported here"),
        ("source('raw', 'number')", "raw.number", "7: `input` must be ref('model') or source('source', 'table')"),
        ("source('raw', 'number')", "ref('raw', 'number')", "7: `input` must be ref('model') or source("),
        ("source('raw', 'number')", "ref('late')", "7: late does not read ref('late'): give rows of what it reads"),
        ("source('raw', 'number')", "this", "7: late does not read this: give rows"),
        ('ref("other")', "source('raw', 'number')", "12: rows of source('raw', 'number') are given twice"),
        ('      - input: ref("other")\n        rows: []\n', "", "6: late reads ref('other'): give its rows too"),
        (NONE, "", "12: `rows` must be given, `rows: []` for none"),
        (NONE, "        fixture: some_file", "13: `fixture` is not supported here: write the rows here"),
        (NONE, "        format: sql\n        rows: select 1", "13: format `sql` is not supported: write"),
        (NONE, "        format: csv\n        rows: []", "14: `rows` must be given, as text"),
        (NONE, "        rows: [7]", "13: each item of `rows` must be a mapping"),
        ("word: nine", "wort: nine", "9: source('raw', 'number') has no column `wort`: did you mean word?"),
        (NONE, '        format: csv\n        rows: "wort\\n1"', "12: ref('other') has no column `wort`: did you mean"),
        ('day: "2016-02-29"', "day: 2016-02-29", "11: `day` must be text, a number, a boolean or null: put"),
        ("day: null", "month: null", "17: late has no column `month`: there are n, word, day"),
        ("n: 9, day: null", "day: null, n: 9", "17: each expected row must give the columns of the first, in the same"),
        ("n: 9, day: null", "n: 9", "17: each expected row must give the columns of the first"),
        (EXPECT, "    expect: {}\n", "14: `rows` must be given"),
        (EXPECT, overriding("env_vars: {}"), "14: `env_vars` is not supported here: give what differs"),
        (EXPECT, overriding("vars: {limits: 8}"), "14: there is no variable `limits`: give it under"),
        (EXPECT, overriding("macros: {sum_of: 1}"), "14: `sum_of` is not supported here: test the"),
        (EXPECT, overriding("macros: {is_incremental: 1}"), "14: `is_incremental` must be true or false"),
        ("    given:\n", INCREMENTAL, "6: `is_incremental` cannot be true: late is always made whole"),
        (EXPECT, f"{EXPECT}  - name: limit\n    model: late\n", "18: there are two unit tests named limit"),
    ],
)  # fmt: skip
def test_refusals_name_file_line_and_alternative(
    declared: Callable[..., UnitTest], part: str, new: str, message: str
) -> None:
    with pytest.raises(ProjectError) as refused:
        declared(part, new)
    assert str(refused.value).startswith("models/facts/late.yml:")
    assert message in str(refused.value)
