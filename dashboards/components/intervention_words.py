"""What came of an intervention, in words."""

import json
from typing import Any

from dashboards.components.context import Context

NAMED_AREAS = 4
"""More areas of one role than this are counted, not named."""


def sentence(context: Context, row: dict[str, Any]) -> str:
    """What came of an intervention, or why nothing can be said."""
    words = context.words
    if row["total"] is None:
        return words("interventions.no_result", reasons=context.joined_reasons(row["reason"]))
    local = words(
        "interventions.local",
        span=months_of(context, row, "after"),
        areas=areas_of(context, row, "treated"),
        amount=amount(context, row["local"]),
        interval=interval(context, row, "local"),
    )
    parts = [local]
    if row["displaced"] is not None:
        parts.append(
            words(
                "interventions.displaced",
                amount=amount(context, row["displaced"]),
                interval=interval(context, row, "displaced"),
                total=amount(context, row["total"]),
                total_interval=interval(context, row, "total"),
            )
        )
    if row["harm"] is not None:
        parts.append(
            words(
                "interventions.harm",
                weights=words.join(_weighed(context, row["harm_weights"])),
                amount=words.number(row["harm"]),
                interval=interval(context, row, "harm"),
            )
        )
    found = "rise" if row["total_low"] > 0 else "fall" if row["total_high"] < 0 else "chance"
    parts.append(words(f"interventions.verdict.{found}"))
    return words("interventions.space").join(parts)


def months_of(context: Context, row: dict[str, Any], window: str) -> str:
    """Name the months before or after the start that are compared."""
    first, last = (context.words.period("month", row[f"{window}_{end}"]) for end in ("start", "end"))
    return context.words("trend.span", first=first, last=last)


def amount(context: Context, events: float) -> str:
    """Say how many events more or fewer."""
    count = round(abs(events))
    which = "same" if not count else "more" if events > 0 else "fewer"
    return context.words(f"interventions.amount.{which}", count=context.words.number(count))


def interval(context: Context, row: dict[str, Any], part: str) -> str:
    """Word the interval of a part of the result."""
    low, high = (context.words.number(row[f"{part}_{end}"]) for end in ("low", "high"))
    return context.words("interventions.interval", low=low, high=high)


def areas_of(context: Context, row: dict[str, Any], role: str) -> str:
    """Name the areas of a role, or count them where they are many."""
    areas = row[role]
    if len(areas) > NAMED_AREAS:
        return context.words.counted("overview.areas", len(areas))
    return context.words("list.comma").join(context.area_title(area) for area in areas)


def _weighed(context: Context, weights: str) -> list[str]:
    """Kinds of event with the harm of one."""
    words = context.words
    named = [
        (words.of(context.release.indicator(each) or {}, "title") or each, harm)
        for each, harm in json.loads(weights).items()
    ]
    return [words("interventions.weight", title=title, weight=words.number(harm)) for title, harm in named]
