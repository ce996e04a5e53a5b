"""Which expectations look at rows one by one; in doubt the whole table is looked at."""

from typing import Any

import pytest

from dbt_like_sql.project import load_project
from pipelines.quality.declarations import SUPPORTED, Expectation
from pipelines.quality.scope import WHOLE, Scope, scope_of
from pipelines.quality.suite import warehouse_expectations


def scope(kind: str, **kwargs: Any) -> Scope:
    return scope_of(Expectation("it", "facts", "t", None, kind, kwargs))


def of_query(query: str) -> Scope:
    return scope("UnexpectedRowsExpectation", unexpected_rows_query=query)


@pytest.mark.parametrize(
    ("query", "reads"),
    [
        ("select * from {batch} where a < b", []),
        ("select a, least(b, 0) from {batch} as t where not t.a;", []),
        ("select r.* from {batch} as r cross join staging.run_window where day > as_of", ["staging.run_window"]),
        ("select * from {batch} left join other using (i) where other.i is null", ["facts.other"]),
        ("select a from {batch} where a not in (select max(a) from x.y group by b)", ["x.y"]),
    ],
)
def test_a_query_that_selects_rows_looks_at_each(query: str, reads: list[str]) -> None:
    assert of_query(query) == Scope(True, frozenset(reads))


@pytest.mark.parametrize(
    "query",
    [
        "select a from {batch} group by a having count(*) > 1",
        "select * from {batch} qualify count(*) over (partition by a) > 1",
        "select distinct a from {batch} where a < 0",
        "select count(*) from {batch}",
        "select sum(a) over () from {batch}",
        "select * from {batch} limit 1",
        "select * from {batch} using sample 10%",
        "select * from {batch} as a join {batch} as b on a.i = b.i + 1",
        "select * from {batch} where i < (select max(i) from {batch})",
        "select * from {batch} where i in (select i from {batch} where j)",
        "select * from (select * from {batch}) where a",
        "with few as (select * from {batch}) select * from few",
        "select * from other full join {batch} using (i)",
        "select * from {batch} full join other using (i)",
        "select * from {batch} right join other using (i)",
        "select * from other where i not in (select i from {batch})",
        "select * from {batch} union all select * from other",
        "select * from {batch} where i in (select i from read_csv('x.csv'))",
        "select * from {batch} where",
    ],
)
def test_a_query_of_several_rows_looks_at_the_whole(query: str) -> None:
    assert of_query(query) == WHOLE


def test_what_counts_or_tolerates_a_share_looks_at_the_whole() -> None:
    whole = {kind for kind in SUPPORTED - {"UnexpectedRowsExpectation"} if scope(kind, column="a") == WHOLE}
    assert {"ExpectCompoundColumnsToBeUnique", "ExpectColumnSumToBeBetween", "ExpectTableRowCountToEqual"} <= whole
    assert "ExpectColumnValuesToNotBeNull" not in whole
    assert scope("ExpectColumnValuesToNotBeNull", column="a", mostly=0.9) == WHOLE
    assert scope("ExpectColumnValuesToNotBeNull", column="a", mostly=1.0).by_row


def test_the_declared_expectations_of_records_are_mostly_by_row() -> None:
    """Else a nightly run would look at all records of all years again."""
    declared = [each for each in warehouse_expectations(load_project()) if each.table == "incident"]
    by_row = [each for each in declared if scope_of(each).by_row]
    assert len(by_row) > len(declared) / 2
    (later,) = [each for each in by_row if each.name == "nothing_later_than_as_of"]
    assert scope_of(later).reads == {"staging.run_window"}
