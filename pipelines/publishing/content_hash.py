"""Hash of a table's content that does not depend on row order, threads or file layout."""

from collections.abc import Collection

import duckdb

from pipelines.warehouse import one_row, quoted


def content_hash(
    con: duckdb.DuckDBPyConnection, relation: str, columns: Collection[str], left_out: Collection[str] = ()
) -> str:
    """Hash a table: its row count and the sums of both halves of each row's MD5.

    A cell counts with its length, so that no text can pass for an absent cell or for the end of one. Zero counts
    without its sign: the engine may lose it in a column that holds nothing else.

    Parameters
    ----------
    relation
        Qualified and quoted name of the table.
    columns
        Its columns; their order does not matter.
    left_out
        Columns that say who made the content and when, not what it is.
    """
    kept = [name for name in sorted(columns) if name not in left_out]
    texts = [f"if({quoted(name)}::varchar = '-0.0', '0.0', {quoted(name)}::varchar)" for name in kept]
    cells = [f"coalesce(length({text}) || ':' || {text}, '-')" for text in texts]
    rows, low, high = one_row(
        con,
        "select count(*), coalesce(sum(md5_number_lower(r)::hugeint), 0), "
        "coalesce(sum(md5_number_upper(r)::hugeint), 0) "
        f"from (select concat_ws(',', {', '.join(cells)}) as r from {relation})",
    )
    return f"{rows}-{low:x}-{high:x}"
