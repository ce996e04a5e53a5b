"""What agencies did together in two years of twelve months: counts by pair, agency and kind of case.

Belongs here: which agencies, months and areas there are, and how counts may be shown. Not here: what they tell
(`linkage`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl

from indicators.areas import AreaTree
from indicators.catalogue.measures import AGENCY_CASES, EXTRACTS, HANDOFF_WAITS
from indicators.disclosure import WITHHELD, Disclosure
from indicators.durations import SECONDS_PER_DAY
from indicators.inputs import Inputs

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
# One case may be a slip of the pen.
FEWEST_CASES = 2
MONTHS = 12
NOW, BEFORE = 0, 1


@dataclass(frozen=True)
class Years:
    """The latest twelve whole months, and those before them, by the sources that spoke throughout.

    Attributes
    ----------
    first : date
        First day of the latest twelve months.
    end : date
        Day after their last.
    sources : frozenset of str
        Sources that cover the latest twelve months, of links or of what agencies handle; none where no agency is
        linked in them.
    is_compared : bool
        Whether all of them cover the twelve months before, too.
    """

    first: date
    end: date
    sources: frozenset[str]
    is_compared: bool

    @property
    def before(self) -> date:
        """First day of the twelve months before."""
        return self.first.replace(year=self.first.year - 1)


@dataclass(frozen=True)
class Counts:
    """Cases of one area.

    Attributes
    ----------
    together : array of int, shape (2, n, n)
        Incidents and requests that two agencies take part in, by year (NOW, BEFORE); symmetric.
    handed : array of int, shape (2, n, n)
        Hand-offs from one to the other.
    monthly : array of int, shape (2, 12, n, n)
        Both, without direction: the upper triangle.
    handled : array of int, shape (2, n)
        Incidents and requests that an agency takes part in, alone or not, and its hand-offs.
    kinds : dict of (str, str) to array of int, shape (n,)
        Of the latest year, by kind and category of the record.
    withheld : array of bool, shape (2, n, n)
        Where hand-offs may not be shown; `together_withheld` of cases together.
    """

    together: Ints
    handed: Ints
    monthly: Ints
    handled: Ints
    kinds: dict[tuple[str, str], Ints]
    withheld: Bools
    together_withheld: Bools


def find_years(inputs: Inputs) -> Years:
    """Find the latest twelve months that are over, and which sources of linked agencies cover them."""
    end = (inputs.as_of + timedelta(days=1)).replace(day=1)
    first = end.replace(year=end.year - 1)
    before = first.replace(year=first.year - 1)
    linking, handling = (inputs.extract(name)["source"].unique() for name in (EXTRACTS["network"].table, AGENCY_CASES))
    patience = inputs.sources.select("source", patience=pl.col("silent_after_days").fill_null(0)).unique("source")
    spans = inputs.spans.filter(pl.col("source").is_in([*linking, *handling])).join(patience, on="source")

    def covering(start: date, until: date) -> frozenset[str]:
        late = pl.duration(days="patience")
        whole = (pl.col("first_day") <= pl.lit(start) + late) & (pl.col("last_day") >= pl.lit(until) - late)
        return frozenset(spans.filter(whole)["source"])

    last = end - timedelta(days=1)
    sources = covering(first, last)
    if sources.isdisjoint(linking):
        return Years(first, end, frozenset(), is_compared=False)
    return Years(first, end, sources, sources <= covering(before, first - timedelta(days=1)))


class Linked:
    """The agencies of a city, and what they did in each area.

    Parameters
    ----------
    inputs : Inputs
    years : Years
    """

    def __init__(self, inputs: Inputs, years: Years) -> None:
        self._inputs, self._years = inputs, years
        self.tree = AreaTree(inputs.areas)
        self.disclosure: Disclosure = inputs.disclosure

    @cached_property
    def areas(self) -> list[tuple[str, str]]:
        """Areas that are told of with their level: those made up of others; of protected counts the whole city's."""
        above = self.tree.areas["parent_id"].drop_nulls().unique()
        is_top = pl.col("parent_id").is_null()
        told = is_top if not self.disclosure.is_exact else is_top | pl.col("area_id").is_in(above.implode())
        return self.tree.areas.filter(told).select("area_id", "area_level").sort("area_id").rows()

    @cached_property
    def agencies(self) -> list[str]:
        """All that the pack declares or that had enough cases in the city to be named in either year; sorted."""
        fewest = max(FEWEST_CASES, self.disclosure.smallest_shown)
        cases = self._cases.select("year", "agency", "cases")
        seen = (
            pl.concat([cases, self._giving, self._taking])
            .group_by("year", "agency")
            .agg(pl.col("cases").sum())
            .filter(pl.col("cases") >= fewest)
        )
        return sorted({*self._inputs.agencies, *seen["agency"]})

    def counts(self) -> Iterator[tuple[str, str, Counts]]:
        """Count what happened in each area: its id, its level and its counts as they may be shown."""
        number = {agency: at for at, agency in enumerate(self.agencies)}
        n, known = len(number), pl.Series([*number])
        edges = self.tree.roll_up(
            self._edges.filter(pl.all_horizontal(pl.col("from_agency", "to_agency").is_in(known.implode()))),
            ["year", "month", "is_handoff", "from_agency", "to_agency"],
            ["cases"],
        )
        handled = self.tree.roll_up(
            self._cases.filter(pl.col("agency").is_in(known.implode())),
            ["year", "kind", "category", "agency"],
            ["cases"],
        )
        for area, level in self.areas:
            monthly = np.zeros((2, MONTHS, 2, n, n), dtype=np.int64)
            for year, month, is_handoff, one, other, cases in (
                edges.filter(area_id=area)
                .drop("area_id")
                .select("year", "month", "is_handoff", "from_agency", "to_agency", "cases")
                .iter_rows()
            ):
                monthly[year, month, int(is_handoff), number[one], number[other]] += cases
            kinds: dict[tuple[str, str], Ints] = {}
            by_agency = np.zeros((2, n), dtype=np.int64)
            for year, kind, category, agency, cases in (
                handled.filter(area_id=area).select("year", "kind", "category", "agency", "cases").iter_rows()
            ):
                by_agency[year, number[agency]] += cases
                if year == NOW and category is not None:
                    kinds.setdefault((kind, category), np.zeros(n, dtype=np.int64))[number[agency]] += cases
            yield area, level, self._shown(monthly, by_agency, kinds)

    def _shown(self, monthly: Ints, handled: Ints, kinds: dict[tuple[str, str], Ints]) -> Counts:
        whole = monthly.sum(axis=1)
        upper, handed = np.triu(whole[:, 0] + whole[:, 0].transpose(0, 2, 1), 1), whole[:, 1]
        handled = handled + handed.sum(axis=1) + handed.sum(axis=2)
        shown = [(protect_pairs(each[year], self.disclosure)) for each in (upper, handed) for year in (NOW, BEFORE)]
        (together, together_withheld), (passed, withheld) = (
            (np.stack([value for value, _ in pair]), np.stack([is_withheld for _, is_withheld in pair]))
            for pair in (shown[:2], shown[2:])
        )
        undirected = np.triu((monthly + monthly.transpose(0, 1, 2, 4, 3)).sum(axis=2), 1)
        return Counts(
            together + together.transpose(0, 2, 1),
            passed,
            self.disclosure.show(undirected).value,
            handled,
            kinds,
            withheld,
            together_withheld | together_withheld.transpose(0, 2, 1),
        )

    def waits(self) -> pl.DataFrame:
        """Hand-offs by area told of, year, pair and time: area_id, year, ends, time (seconds), events, censored."""
        is_closed = pl.col("bucket").is_not_null()
        age = (pl.lit(self._inputs.as_of) - pl.col("day")).dt.total_days() * SECONDS_PER_DAY
        rows = self._of_years(self._inputs.extract(HANDOFF_WAITS)).select(
            "area_id",
            "year",
            "from_agency",
            "to_agency",
            bucket=pl.when(is_closed).then(pl.col("bucket").cast(pl.Int64)),
            age=pl.when(~is_closed).then(age),
            handoffs=pl.col("handoffs").cast(pl.Int64),
            seconds=pl.col("closed_seconds").cast(pl.Int64),
        )
        by = ["year", "from_agency", "to_agency", "bucket", "age"]
        spread = self.tree.roll_up(rows, by, ["handoffs", "seconds"])
        return spread.filter(pl.col("area_id").is_in([area for area, _ in self.areas])).select(
            "area_id",
            "year",
            "from_agency",
            "to_agency",
            time=pl.coalesce(pl.col("age").cast(pl.Float64), pl.col("seconds") / pl.col("handoffs")),
            events=pl.when(pl.col("bucket").is_not_null()).then("handoffs").otherwise(0),
            censored=pl.when(pl.col("bucket").is_null()).then("handoffs").otherwise(0),
        )

    def _of_years(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Rows of the sources and of both years, with `year` and `month` of it, from 0."""
        years, day = self._years, pl.col("day")
        is_told = day.is_between(years.before if years.is_compared else years.first, years.end, closed="left")
        back = (years.end.year - day.dt.year()) * MONTHS + years.end.month - day.dt.month() - 1
        return (
            rows.filter(pl.col("source").is_in([*years.sources]) & is_told)
            .with_columns(back=back.cast(pl.Int64))
            .with_columns(year=pl.col("back") // MONTHS, month=MONTHS - 1 - pl.col("back") % MONTHS)
            .drop("back")
        )

    @cached_property
    def _edges(self) -> pl.DataFrame:
        rows = self._of_years(self._inputs.extract(EXTRACTS["network"].table))
        return rows.filter(pl.col("from_agency") != pl.col("to_agency")).select(
            "area_id",
            "year",
            "month",
            "from_agency",
            "to_agency",
            is_handoff=pl.col("kind") == "handoff",
            cases=pl.col("cases").cast(pl.Int64),
        )

    @cached_property
    def _cases(self) -> pl.DataFrame:
        return self._of_years(self._inputs.extract(AGENCY_CASES)).select(
            "area_id", "year", "kind", "category", "agency", cases=pl.col("cases").cast(pl.Int64)
        )

    @property
    def _giving(self) -> pl.DataFrame:
        return (
            self._edges.filter("is_handoff")
            .select("year", "cases", agency="from_agency")
            .select("year", "agency", "cases")
        )

    @property
    def _taking(self) -> pl.DataFrame:
        return (
            self._edges.filter("is_handoff")
            .select("year", "cases", agency="to_agency")
            .select("year", "agency", "cases")
        )


def protect_pairs(counts: Ints, disclosure: Disclosure) -> tuple[Ints, Bools]:
    """Counts of pairs as they may be shown, 0 where withheld, and where they are withheld.

    Each is rounded by itself. As their sum may be known from elsewhere, those withheld must leave each other room: each
    may be the least and the most that a withheld count can be, whatever of the others that takes. Where they do not,
    the next smallest is withheld with them, of which nobody can tell how large it is.

    Parameters
    ----------
    counts : array of int
        Not negative.
    disclosure : Disclosure
    """
    shown = disclosure.show(counts)
    withheld = shown.is_withheld.copy()
    if withheld.any() and not disclosure.is_exact:
        first, last = WITHHELD[disclosure.profile]
        flat, hidden = counts.ravel(), withheld.ravel()
        for at in np.argsort(flat, kind="stable"):
            spare, lacking = (flat[hidden] - first).sum(), (last - flat[hidden]).clip(min=0).sum()
            is_any_large = (flat[hidden] > last).any()
            if spare >= last - first and (is_any_large or lacking >= last - first):
                break
            if flat[at] > last:
                hidden[at] = True
        withheld = hidden.reshape(counts.shape)
    return np.where(withheld, 0, shown.value), withheld
