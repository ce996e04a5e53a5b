"""Worst cases that have no closed form: what one record in doubt could do to such a figure is as good as anything.

Belongs here: bounds that are the limits while no record is in doubt, and else the ends of what the figure can be. Which
records are in doubt each kind of figure says itself. Not here: bounds that hold it closer (`bounds`).
"""

import polars as pl


def open_bounds(in_doubt: pl.Expr, low: float, high: float | None) -> dict[str, pl.Expr]:
    """Columns `bound_low` and `bound_high` of figures with value, lower and upper; null where there is no value.

    Parameters
    ----------
    in_doubt : Expr
        Whether any record in doubt could touch the figure.
    low, high : float
        The ends of what the figure can be; None where it ends nowhere, and the bound is null.
    """
    return {
        name: pl.when(pl.col("value").is_not_null()).then(
            pl.when(in_doubt).then(pl.lit(end, pl.Float64)).otherwise(limit)
        )
        for name, limit, end in (("bound_low", "lower", low), ("bound_high", "upper", high))
    }
