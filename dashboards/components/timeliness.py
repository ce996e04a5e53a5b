"""How far a figure lags behind the release, and why: in words that name the sources at fault."""

from typing import Any

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.periods import period_end


def why_no_newer(context: Context, indicator: dict[str, Any], row: dict[str, Any] | None) -> str:
    """Say why an indicator has no figure in the newest closed period.

    Parameters
    ----------
    indicator
        Row of the catalogue.
    row
        The city's row of that period, without a value; None if there is none.
    """
    words = context.words
    codes = [code for code in ((row or {}).get("reason") or "").split(";") if code]
    named = {code.partition(":")[2] for code in codes if code.startswith("no_records:")}
    kinds = {need.partition(".")[0] for need in indicator["needs"] or []}
    troubled = [
        trouble
        for trouble in context.release.quality.freshness.to_dicts()
        if trouble["status"] != "alive" and (trouble["source"] in named if named else trouble["kind"] in kinds)
    ]
    # A source at fault explains the rest: too few records, an open period and so on follow from it.
    phrases = [trouble_of(context, trouble) for trouble in troubled] or context.reasons(";".join(codes))
    return words.join(phrases) or words("card.no_row")


def trouble_of(context: Context, source: dict[str, Any]) -> str:
    """Say what is wrong with a source that is not alive, and since when."""
    words, title = context.words, context.source_titles[source["source"]]
    until = context.release.quality.reliable_until[source["source"]]
    if until is None:
        return words("lag.never", source=title)
    if source["status"] == "silent":
        return words("lag.silent", source=title, day=words.day(until))
    month = words.period("month", period_end("month", until.replace(day=1)))
    return words("lag.collapsed", source=title, month=month)


def alarm(context: Context) -> Any:
    """One sentence, linking to the quality page, when sources are silent or collapsed; nothing when all are alive."""
    words, release = context.words, context.release
    statuses = release.quality.freshness["status"].to_list()
    silent, collapsed, every = statuses.count("silent"), statuses.count("collapsed"), len(statuses)
    if not silent and not collapsed:
        return None
    trouble = (
        words.counted("alarm.silent", silent, every=words.number(every))
        if silent
        else words.counted("alarm.collapsed", collapsed, every=words.number(every))
    )
    if silent and collapsed:
        trouble += words.counted("alarm.and_collapsed", collapsed)
    days = [day for day in release.quality.reliable_until.values() if day]
    if not days:
        sentence = words("alarm.undated", trouble=trouble)
    elif silent + collapsed < every:
        sentence = words("alarm.some", trouble=trouble, first=words.day(min(days)))
    elif min(days) == max(days):
        sentence = words("alarm.all", trouble=trouble, last=words.day(max(days)))
    else:
        sentence = words("alarm.all_in_turn", trouble=trouble, first=words.day(min(days)), last=words.day(max(days)))
    sign = html.Span("▲", className="alarm-sign", **{"aria-hidden": "true"})
    return html.InnerLink([sign, html.Span(sentence)], href=context.link("quality"), className="alarm")
