"""Linkage: how the agencies of an area work together, who is missing, and what has changed since the year before.

Belongs here: the tables `linkage`, `linkage_agencies` and `linkage_pairs`, from counts as they may be shown. Not here:
those counts (`linkage_counts`), and statistics of networks (`network`, `centrality`, `network_change`).
"""

import json
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import polars as pl
from scipy import stats

from indicators.centrality import Bools, adjacency, betweenness, brokered_pairs
from indicators.inputs import Inputs
from indicators.linkage_counts import BEFORE, FEWEST_CASES, NOW, Counts, Linked, find_years
from indicators.network import Links, Statistic, rarefied
from indicators.network_change import change_of, change_of_mix, deal_months
from indicators.rounding import SIGNIFICANT_DIGITS
from indicators.survival import kaplan_meier_quantiles

STATISTICS: tuple[Statistic, ...] = ("density", "degree_centralisation", "betweenness_centralisation")
MIX = "mix"
# Cases that a network is told from, and agencies that centralisation needs.
FEWEST_OF_NETWORK = 30
FEWEST_AGENCIES = 3
# Cases of the year before after which none is worth a word (were they as many, chance would leave none in 1 of 100),
# and cases of a category from which on an agency handles it.
FEWEST_TO_MISS = 5
# Hand-offs behind a median delay, as for the catalogue's.
FEWEST_DELAYS = 10
SECONDS_PER_HOUR = 3600.0

LINKAGE = pl.Schema(
    {
        "area_id": pl.String,
        "area_level": pl.String,
        "period_start": pl.Date,
        "period_end": pl.Date,
        "statistic": pl.String,
        "value": pl.Float64,
        "lower": pl.Float64,
        "upper": pl.Float64,
        "before": pl.Float64,
        "change": pl.Float64,
        "p_value": pl.Float64,
        "q_value": pl.Float64,
        "agencies": pl.Int64,
        "links": pl.Int64,
        "cases": pl.Int64,
        "cases_before": pl.Int64,
        "cases_drawn": pl.Int64,
        "status": pl.String,
        "reason": pl.String,
    }
)
AGENCIES = pl.Schema(
    {
        "area_id": pl.String,
        "agency": pl.String,
        "standing": pl.String,
        "is_declared": pl.Boolean,
        "cases": pl.Int64,
        "cases_before": pl.Int64,
        "partners": pl.Int64,
        "betweenness": pl.Float64,
        "brokered_pairs": pl.Int64,
    }
)
PAIRS = pl.Schema(
    {
        "area_id": pl.String,
        "from_agency": pl.String,
        "to_agency": pl.String,
        "standing": pl.String,
        "together": pl.Int64,
        "together_before": pl.Int64,
        "handoffs": pl.Int64,
        "handoffs_before": pl.Int64,
        "delay_hours": pl.Float64,
        "delay_lower": pl.Float64,
        "delay_upper": pl.Float64,
        "delay_before": pl.Float64,
        "shared_kinds": pl.String,
    }
)
SCHEMAS = {"linkage": LINKAGE, "linkage_agencies": AGENCIES, "linkage_pairs": PAIRS}
_Row = dict[str, object]


def empty_linkage() -> dict[str, pl.DataFrame]:
    """The tables of a city whose records link no agencies."""
    return {name: schema.to_frame() for name, schema in SCHEMAS.items()}


def linkage_tables(inputs: Inputs) -> dict[str, pl.DataFrame]:
    """How agencies are linked in the latest twelve whole months, beside the twelve before.

    Two agencies are linked by what both take part in (incidents, requests) and by what one hands on to the other,
    from FEWEST_CASES on. The agencies are the same in every area: those that the pack declares and those that had
    cases in the city in either year. Figures of networks are rarefied to as many cases of both years, so that growth
    alone makes none denser; whether they have changed is told by dealing the months out anew.

    Parameters
    ----------
    inputs : Inputs
        With `agencies`, the declared ones. Of protected counts the tables are the whole city's alone.

    Returns
    -------
    dict of str to DataFrame
        By name and with the columns of docs/tables.md, in a fixed order of rows.
    """
    years = find_years(inputs)
    if not years.sources:
        return empty_linkage()
    linked = Linked(inputs, years)
    if len(linked.agencies) < 2:
        return empty_linkage()
    delays = _delays(linked, inputs)
    found: dict[str, list[_Row]] = {name: [] for name in SCHEMAS}
    for area, level, counts in linked.counts():
        place: _Row = {"area_id": area}
        network = _Network(counts, years.is_compared)
        found["linkage"] += [
            place
            | {"area_level": level, "period_start": years.first, "period_end": years.end - timedelta(days=1)}
            | row
            for row in network.statistics()
        ]
        found["linkage_agencies"] += [place | row for row in network.agencies(linked, inputs.agencies)]
        found["linkage_pairs"] += [place | row for row in network.pairs(linked, delays.get(area, {}))]
    # Adding zero turns -0.0 into 0.0.
    rounded = (pl.col(pl.Float64).fill_nan(None).round_sig_figs(SIGNIFICANT_DIGITS) + 0.0).name.keep()
    _with_q_values(found["linkage"])
    return {
        name: pl.DataFrame(
            [{column: row.get(column) for column in schema} for row in found[name]], schema
        ).with_columns(rounded)
        for name, schema in SCHEMAS.items()
    }


def _with_q_values(rows: list[_Row]) -> None:
    """Add the share of false finds among all changes at least as clear (Benjamini & Hochberg 1995)."""
    tested = [row for row in rows if row.get("p_value") is not None]
    if tested:
        found = stats.false_discovery_control([float(str(row["p_value"])) for row in tested])
        for row, q_value in zip(tested, found.tolist(), strict=True):
            row["q_value"] = q_value


class _Network:
    """The network of one area in both years."""

    def __init__(self, counts: Counts, is_compared: bool) -> None:
        self._counts, self._is_compared = counts, is_compared
        n = counts.handled.shape[1]
        self._ends = np.argwhere(np.triu(np.ones((n, n), dtype=np.bool_), 1))
        both_ways = counts.handed + counts.handed.transpose(0, 2, 1)
        self._cases = (counts.together + both_ways)[:, self._ends[:, 0], self._ends[:, 1]]
        self._linked: Bools = adjacency(self._cases[NOW] >= FEWEST_CASES, self._ends, n)

    def statistics(self) -> Iterator[_Row]:
        """Rows of `linkage`, one per statistic."""
        cases, before = (int(each.sum()) for each in self._cases)
        n = len(self._linked)
        shared: _Row = {"agencies": n, "links": int(self._linked.sum()) // 2, "cases": cases}
        if self._is_compared:
            shared |= {"cases_before": before}
        if cases < FEWEST_OF_NETWORK or n < FEWEST_AGENCIES:
            reason = f"small_denominator:{FEWEST_OF_NETWORK}" if cases < FEWEST_OF_NETWORK else "few_agencies"
            for statistic in STATISTICS:
                yield shared | {"statistic": statistic, "status": "withheld", "reason": reason}
            return
        links = Links(self._ends, self._cases[NOW], n)
        earlier = Links(self._ends, self._cases[BEFORE], n)
        monthly = self._counts.monthly[:, :, self._ends[:, 0], self._ends[:, 1]]
        years = deal_months(monthly[NOW], monthly[BEFORE])
        drawn = min(years.drawn, cases, before) if self._is_compared else cases
        is_tested = self._is_compared and drawn >= FEWEST_OF_NETWORK
        drawn = drawn if is_tested else cases
        shared |= {"cases_drawn": drawn, "status": "final", "reason": None if is_tested else "no_year_before"}
        for statistic in STATISTICS:
            now = rarefied(links, statistic, drawn, FEWEST_CASES)
            row = shared | {"statistic": statistic, "value": now.value, "lower": now.lower, "upper": now.upper}
            if is_tested:
                then = rarefied(earlier, statistic, drawn, FEWEST_CASES, resamples=0)
                tested = change_of(years, links, statistic, FEWEST_CASES)
                row |= {"before": then.value, "change": now.value - then.value, "p_value": tested.p_value}
            yield row
        if is_tested:
            mix = change_of_mix(years)
            yield shared | {"statistic": MIX, "value": mix.now, "p_value": mix.p_value}

    def agencies(self, linked: Linked, declared: tuple[str, ...]) -> Iterator[_Row]:
        """Rows of `linkage_agencies`, by name."""
        partners, between, brokered = (
            each.tolist()
            for each in (self._linked.sum(axis=1), betweenness(self._linked), brokered_pairs(self._linked))
        )
        smallest = linked.disclosure.smallest_shown
        for at, agency in enumerate(linked.agencies):
            now, before = (int(each) for each in self._counts.handled[:, at])
            row: _Row = {"agency": agency, "is_declared": agency in declared, "partners": partners[at]}
            row |= {"standing": _standing(now, before, partners[at], smallest)}
            row |= {"betweenness": between[at], "brokered_pairs": int(brokered[at])}
            if linked.disclosure.is_exact:
                # Of protected counts not even rounded: other agencies' cases and the city's could tell them.
                row |= {"cases": now, "cases_before": before if self._is_compared else None}
            yield row

    def pairs(self, linked: Linked, delays: dict[tuple[str, str], _Row]) -> Iterator[_Row]:
        """Rows of `linkage_pairs`, by name: ways that are used, and pairs that use none."""
        counts, names = self._counts, linked.agencies
        fewest = max(FEWEST_TO_MISS, linked.disclosure.smallest_shown)
        is_used = (counts.handed[NOW] > 0) | counts.withheld[NOW]
        meet = (counts.together[NOW] > 0) | counts.together_withheld[NOW]
        for one, other in np.argwhere(~np.eye(len(names), dtype=np.bool_)).tolist():
            kinds = [kind for kind, cases in sorted(counts.kinds.items()) if min(cases[one], cases[other]) >= fewest]
            if is_used[one, other]:
                standing = "withheld" if counts.withheld[NOW, one, other] else "hands_on"
            elif one > other or is_used[other, one]:
                continue
            elif kinds and is_used.any():
                standing = "nothing_handed_on"
            elif meet[one, other]:
                standing = "together"
            else:
                continue
            row: _Row = {"from_agency": names[one], "to_agency": names[other], "standing": standing}
            row |= _shown(counts, NOW, one, other, "")
            row |= _shown(counts, BEFORE, one, other, "_before") if self._is_compared else {}
            row |= {"shared_kinds": json.dumps([{"kind": kind, "category": name} for kind, name in kinds])}
            told = delays.get((names[one], names[other]), {})
            if counts.handed[NOW, one, other] >= FEWEST_DELAYS:
                row |= {name: hours for name, hours in told.items() if name != "delay_before"}
            if counts.handed[BEFORE, one, other] >= FEWEST_DELAYS:
                row |= {"delay_before": told.get("delay_before")}
            yield row


def _shown(counts: Counts, year: int, one: int, other: int, end: str) -> _Row:
    """Cases of a pair in a year, null where they may not be shown."""
    handed, together = int(counts.handed[year, one, other]), int(counts.together[year, one, other])
    return {
        f"handoffs{end}": None if counts.withheld[year, one, other] else handed,
        f"together{end}": None if counts.together_withheld[year, one, other] else together,
    }


def _standing(now: int, before: int, partners: int, smallest: int) -> str:
    """Tell whether an agency is `linked`, `alone` with its cases, has `few`, is `gone` since last year or `absent`."""
    if partners:
        return "linked"
    if now >= max(FEWEST_CASES, smallest):
        return "alone"
    if now:
        return "few"
    return "gone" if before >= max(FEWEST_TO_MISS, smallest) else "absent"


def _delays(linked: Linked, inputs: Inputs) -> dict[str, dict[tuple[str, str], _Row]]:
    """Median hours until a hand-off is acknowledged, of both years, by area and pair."""
    by = ["area_id", "year", "from_agency", "to_agency"]
    found: dict[str, dict[tuple[str, str], _Row]] = {}
    waits = linked.waits()
    if waits.is_empty():
        return found
    medians = kaplan_meier_quantiles(waits, by)
    for area, year, one, other, *limits in medians.select(*by, "quantile", "lower", "upper").iter_rows():
        hours = [None if each is None else each / SECONDS_PER_HOUR for each in limits]
        row = found.setdefault(area, {}).setdefault((one, other), {})
        if year == NOW:
            row |= dict(zip(("delay_hours", "delay_lower", "delay_upper"), hours, strict=True))
        else:
            row |= {"delay_before": hours[0]}
    return found
