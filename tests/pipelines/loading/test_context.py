"""The warehouse's own tables: made once, kept as they are, and refused when another version made them."""

import duckdb
import pytest

from pipelines.errors import WardlightError
from pipelines.loading import context


def test_tables_are_made_once(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("insert into ledger.displaced values ('calls', 'b', 1, 2)")
    context.ensure_tables(con)
    assert con.execute("from ledger.displaced").fetchall() == [("calls", "b", 1, 2)]


@pytest.mark.parametrize(
    "change",
    [
        "alter table staging.incident add column further integer",
        "alter table staging.incident drop column line",
        "alter table ledger.unstaged alter column line type varchar",
    ],
)
def test_tables_of_another_version_are_refused(con: duckdb.DuckDBPyConnection, change: str) -> None:
    con.execute(change)
    with pytest.raises(WardlightError, match="another version") as caught:
        context.ensure_tables(con)
    assert caught.value.remedy
