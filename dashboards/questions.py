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
