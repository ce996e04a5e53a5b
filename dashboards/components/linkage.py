"""The agencies of an area: their network, who is missing, what changed since last year, and delays by pair."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboards import elements as html
from dashboards.components.context import Context
from dashboards.components.cooperation_words import Row, legend
from dashboards.components.grid import grid, number_column, range_column, wrapped_column
from dashboards.components.layout import graph, panel
from dashboards.figures.network import Line, Node, network_figure

STATISTICS = ("density", "degree_centralisation", "betweenness_centralisation")
MISSING = ("absent", "gone", "alone")
"""Standings of agencies that a sentence is worth, in the order in which they are told."""
PAIRS_NAMED = 5
"""Pairs that hand nothing on which are named; the table has the others."""
KINDS_NAMED = 3
BELOW = 0.001


def linkage_panels(context: Context, area: str) -> list[Any]:
    """Lay out the linkage of the area, or of the nearest one above it that is told of; nothing where none is."""
    data = context.release.cooperation.linkage
    told = data.area(area)
    if told is None:
        return []
    words, statistics = context.words, data.statistics(told)
    agencies, pairs = data.agencies(told), data.pairs(told)
    names = {row["agency"]: words.of(row, "title") or row["agency"].replace("_", " ") for row in agencies.to_dicts()}
    period = words(
        "linkage.months",
        first=words.period("month", statistics["period_start"][0]),
        last=words.period("month", statistics["period_end"][0].replace(day=1)),
    )
    what = words("linkage.what", area=context.area_title(told), period=period)
    nodes, lines = _drawn(context, agencies, pairs, names)
    parts: list[Any] = []
    if lines:
        description = words("linkage.description", what=what, agencies=len(nodes), links=len(lines))
        parts.append(graph(network_figure(nodes, lines, context.colours), description, "linkage-network"))
        marks = [("legend-dot", "cooperation.legend.linked"), ("legend-ring", "cooperation.legend.alone")]
        parts.append(legend(context, marks, words("linkage.drawing_note")))
    told_of = (
        ("linkage-missing", words("linkage.who"), _missing(context, agencies, pairs, names)),
        ("linkage-change", words("linkage.changed"), _changes(context, statistics)),
    )
    lists = [html.Div([html.H3(head), html.Ul(items, className="prose", id=name)]) for name, head, items in told_of]
    parts.append(html.Div(lists, className="linkage-told"))
    title = words("linkage.title", what=what)
    pair_title = words("linkage.pairs", what=what)
    return [
        panel(title, *parts, note=None if told == area else words("linkage.of_above", area=context.area_title(told))),
        panel(pair_title, *_pair_table(context, pairs, names, told), note=words("linkage.pairs_note")),
    ]


def _drawn(
    context: Context, agencies: pl.DataFrame, pairs: pl.DataFrame, names: Mapping[str, str]
) -> tuple[list[Node], list[Line]]:
    words = context.words
    number = {agency: at for at, agency in enumerate(agencies["agency"])}
    together: dict[tuple[str, str], float] = {}
    texts: dict[tuple[str, str], list[str]] = {}
    for row in pairs.to_dicts():
        one, other = sorted((row["from_agency"], row["to_agency"]))
        if (one, other) not in texts:
            together[one, other] = row["together"] or 0
            texts[one, other] = [f"<b>{names[one]} – {names[other]}</b>"]
            if row["together"]:
                texts[one, other].append(words("linkage.hover_together", count=words.number(row["together"])))
        together[one, other] += row["handoffs"] or 0
        if row["handoffs"]:
            way = words("linkage.way", one=names[row["from_agency"]], other=names[row["to_agency"]])
            texts[one, other].append(words("linkage.hover_handoffs", way=way, count=words.number(row["handoffs"])))
    lines = [
        Line(number[one], number[other], cases, "<br>".join(texts[one, other]))
        for (one, other), cases in together.items()
        if cases >= context.release.cooperation.linkage.fewest_cases
    ]
    possible = max((len(number) - 1) * (len(number) - 2) / 2, 1)
    nodes = [
        Node(
            names[row["agency"]],
            "<br>".join(
                [
                    f"<b>{names[row['agency']]}</b>",
                    words(f"linkage.standing.{row['standing']}"),
                    words("linkage.hover_agency", partners=row["partners"], brokered=row["brokered_pairs"]),
                ]
            ),
            row["betweenness"] / possible,
        )
        for row in agencies.to_dicts()
    ]
    return nodes, lines


def _missing(context: Context, agencies: pl.DataFrame, pairs: pl.DataFrame, names: Mapping[str, str]) -> list[html.Li]:
    """Who is missing, and who brings others together: a sentence each."""
    words, told = context.words, []
    for standing in MISSING:
        listed = [names[agency] for agency in agencies.filter(standing=standing)["agency"]]
        if listed:
            told.append(words(f"linkage.missing.{standing}", agencies=words("list.comma").join(listed)))
    silent = [row for row in pairs.to_dicts() if row["standing"] == "nothing_handed_on"]
    if silent:
        silent.sort(key=lambda row: len(json.loads(row["shared_kinds"])), reverse=True)
        named = [
            words(
                "linkage.pair_of_kinds",
                one=names[row["from_agency"]], other=names[row["to_agency"]], kinds=_kinds(context, row),
            )
            for row in silent[:PAIRS_NAMED]
        ]  # fmt: skip
        told.append(words.counted("linkage.nothing_handed_on", len(silent), pairs=words("list.separator").join(named)))
    if not told:
        told.append(words("linkage.missing.nobody"))
    brokers = agencies.filter(pl.col("brokered_pairs") > 0).sort("brokered_pairs", "agency", descending=[True, False])
    if brokers.height:
        first = brokers.row(0, named=True)
        told.append(words("linkage.broker", agency=names[first["agency"]], count=first["brokered_pairs"]))
    return [html.Li(each) for each in told]


def _kinds(context: Context, row: Row) -> str:
    """Categories that both agencies of a pair handle, the first few by name."""
    words = context.words
    kinds = [words.known("linkage.category", each["category"]) for each in json.loads(row["shared_kinds"])]
    shown = words("list.comma").join(dict.fromkeys(kinds[:KINDS_NAMED]))
    return (
        shown if len(kinds) <= KINDS_NAMED else words("linkage.and_more", kinds=shown, count=len(kinds) - KINDS_NAMED)
    )


def _changes(context: Context, statistics: pl.DataFrame) -> list[html.Li]:
    """The figures of the network, and whether they have changed: a sentence each."""
    words = context.words
    rows = {row["statistic"]: row for row in statistics.to_dicts()}
    whole = next(iter(rows.values()))
    if whole["status"] == "withheld":
        return [html.Li(words("linkage.too_little", count=words.number(whole["cases"])))]
    told = [
        words.counted(
            "linkage.size", whole["links"], agencies=whole["agencies"], cases=words.number(whole["cases"]),
            drawn=words.number(whole["cases_drawn"]),
        )
    ]  # fmt: skip
    for name in STATISTICS:
        row = rows[name]
        now = words(
            "linkage.now",
            statistic=words(f"linkage.statistic.{name}"),
            value=words.number(row["value"], 2), low=words.number(row["lower"], 2), high=words.number(row["upper"], 2),
        )  # fmt: skip
        if row["p_value"] is not None:
            verdict = "moved" if row["q_value"] <= context.release.cooperation.linkage.level else "same"
            now += words(f"linkage.then.{verdict}", before=words.number(row["before"], 2), p=_p(context, row))
        told.append(now)
    if "mix" in rows:
        row = rows["mix"]
        verdict = "moved" if row["q_value"] <= context.release.cooperation.linkage.level else "same"
        told.append(words(f"linkage.mix.{verdict}", share=words.number(100 * row["value"]), p=_p(context, row)))
    else:
        told.append(words("linkage.no_year_before"))
    return [html.Li(each) for each in told]


def _p(context: Context, row: Row) -> str:
    words, p_value = context.words, row["p_value"]
    is_below = p_value < BELOW
    p = (
        words("linkage.p_below", p=_share(context, BELOW))
        if is_below
        else words("linkage.p", p=_share(context, p_value))
    )
    return words("linkage.p_and_q", p=p, q=_share(context, row["q_value"]))


def _share(context: Context, share: float) -> str:
    return context.words.number(share, 3 if share < 0.1 else 2)


def _pair_table(context: Context, pairs: pl.DataFrame, names: Mapping[str, str], area: str) -> list[Any]:
    words = context.words
    numbers = (
        *("handoffs", "handoffs_before", "delay_hours", "delay_lower", "delay_upper", "delay_before"),
        *("together", "together_before"),
    )
    rows = [
        {
            "from": names[row["from_agency"]],
            "to": names[row["to_agency"]],
            **{name: row[name] for name in numbers},
            "standing": words(f"linkage.pair.{row['standing']}"),
            "kinds": _kinds(context, row),
        }
        for row in pairs.to_dicts()
    ]
    columns = [
        wrapped_column("from", words("linkage.column.from"), width=150, minWidth=110),
        wrapped_column("to", words("linkage.column.to"), width=150, minWidth=110),
        number_column("handoffs", words("linkage.column.handoffs"), 0, width=96, minWidth=90),
        number_column("handoffs_before", words("linkage.column.before"), 0, width=96, minWidth=90),
        number_column("delay_hours", words("linkage.column.delay"), 1, width=110, minWidth=104),
        range_column("delay_lower", "delay_upper", words("column.interval"), 1, rows),
        number_column("delay_before", words("linkage.column.before"), 1, width=96, minWidth=90),
        number_column("together", words("linkage.column.together"), 0, width=104, minWidth=98),
        number_column("together_before", words("linkage.column.before"), 0, width=96, minWidth=90),
        wrapped_column("standing", words("linkage.column.standing"), width=150, minWidth=120),
        wrapped_column("kinds", words("linkage.column.kinds"), width=190, minWidth=140),
        *(
            number_column(name, words(f"linkage.column.{name}"), 1, hide=True)
            for name in ("delay_lower", "delay_upper")
        ),
    ]
    return [grid(context, "pairs", columns, rows, f"{area}_agency_pairs")]
