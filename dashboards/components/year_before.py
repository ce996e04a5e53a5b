"""A figure against that of the same period a year before, in words: by how much, and whether chance explains it."""

from typing import Any

from dashboards.components.context import Context

UNLIKELY = 0.05


def against_last_year(context: Context, row: dict[str, Any]) -> str:
    """Word one row of `year_comparisons`."""
    words = context.words
    before = words.period(row["period_kind"], row["prior_start"])
    if row["period_kind"] == "month" and row["months"] == 2:
        before = words("last_year.joint", year=row["prior_start"].year)
    ratio = row["rate_ratio"]
    percent = None if ratio is None else round(100 * (ratio - 1))
    if percent is None:
        change = words("last_year.none_before", period=before)
    elif percent == 0:
        change = words("last_year.same", period=before)
    else:
        amount = words.number(abs(percent))
        change = words("last_year.more" if percent > 0 else "last_year.less", percent=amount, period=before)
    return words.join([change, verdict(context, row["p_value"])])


def verdict(context: Context, p_value: float) -> str:
    """Whether chance explains a difference, with its p-value."""
    return context.words("last_year.unlikely" if p_value < UNLIKELY else "last_year.chance", p=p_text(p_value))


def p_text(p_value: float) -> str:
    """Write a p-value with its relation: = 0.031, < 0.001."""
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.3f}" if p_value < 0.1 else f"= {p_value:.2f}"
