"""What the modules of questions to a release have in common: that they ask one release, and nothing else."""

from collections.abc import Callable

import polars as pl


class Questions:
    """Questions of one subject to one release.

    Parameters
    ----------
    query
        Asks the release: SQL and its parameters.
    """

    def __init__(self, query: Callable[..., pl.DataFrame]) -> None:
        self._query = query

    def _of_indicator(self, table: str, indicator_id: str, order: str) -> pl.DataFrame:
        """All rows that a table has of an indicator: few, and kept, since readers go on to other areas and periods.

        Parameters
        ----------
        table, order
            As SQL names the table and orders its rows.
        """
        return self._query(f"select * from {table} where indicator_id = ? order by {order}", indicator_id)
