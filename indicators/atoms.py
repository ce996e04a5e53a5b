"""Atoms: what a count is made of, where other published counts are disjoint parts of it.

Where one indicator counts thefts of vehicles, another shootings and a third both, what the third counts beside the
thefts is shootings. So what is shown of such a whole under disclosure control is the sum of what is shown of its parts
and of the rest: no difference tells more. Belongs here: which rows of a measure are of which atom. How counts are shown
is in `protection`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from indicators.catalogue.entries import Entry
from indicators.catalogue.parts import Alternative
from indicators.feeds import Feed, mapping_sources, missing_needs, passes
from indicators.inputs import Inputs

KINDS = ("rate", "proportion")


@dataclass(frozen=True)
class Counted:
    """A count that is published: a column of a measure, over the rows of some sources that pass every filter."""

    name: str
    measure: str
    column: str
    filters: tuple[tuple[Alternative, ...], ...]
    sources: tuple[str, ...]

    @property
    def holds(self) -> pl.Expr:
        """Whether a row is counted; never null."""
        return pl.all_horizontal(pl.col("source").is_in(self.sources), *map(passes, self.filters))


def published_counts(entries: Sequence[Entry], inputs: Inputs) -> tuple[Counted, ...]:
    """Counts of records of the entries that are available, in the entries' order; amounts of work are none."""
    return tuple(each for entry in entries for each in _counts(entry, inputs))


def _counts(entry: Entry, inputs: Inputs) -> list[Counted]:
    is_amount = entry.interval == "cluster" or (entry.kind == "rate" and entry.count is not None)
    if entry.kind not in KINDS or is_amount:
        return []
    if entry.measure is None or entry.numerator is None or missing_needs(entry, inputs):
        return []
    rows = inputs.measure(entry.measure)
    sources = tuple(sorted(mapping_sources(entry, inputs, rows)["source"]))
    filters = (tuple(entry.denominator.where),) if entry.denominator else ()
    found = [
        Counted(
            f"{entry.id} numerator",
            entry.measure,
            entry.numerator.column,
            (*filters, tuple(entry.numerator.where)),
            sources,
        )
    ]
    if entry.denominator:
        found.append(Counted(f"{entry.id} denominator", entry.measure, entry.denominator.column, filters, sources))
    return found


def atoms_of(feed: Feed, inputs: Inputs, published: Sequence[Counted], name: str) -> pl.Series:
    """Name the atom of each row of a feed: the part that it is counted in of the published count `name`, or the rest.

    All one atom, unless two counts at least share no record and have all of theirs in common with that one.
    """
    whole = next((each for each in published if each.name == name), None)
    parts = _disjoint_parts(whole, inputs, published) if whole else []
    named = pl.coalesce(*(pl.when(each.holds).then(pl.lit(each.name)) for each in parts), pl.lit("others"))
    return feed.rows.with_columns(_atom=named)["_atom"]


def _disjoint_parts(whole: Counted, inputs: Inputs, published: Sequence[Counted]) -> list[Counted]:
    """Choose counts that are disjoint parts of a whole as the records are, the small ones first; none or several."""
    others = [each for each in published if (each.measure, each.column) == (whole.measure, whole.column)]
    rows = inputs.measure(whole.measure).filter(pl.col(whole.column) > 0)
    in_whole, *inside = rows.select(each.holds.alias(str(at)) for at, each in enumerate([whole, *others])).get_columns()
    chosen, taken = [], ~in_whole
    for each, held in sorted(zip(others, inside, strict=True), key=lambda pair: (pair[1].sum(), pair[0].name)):
        if 0 < held.sum() < in_whole.sum() and not (held & taken).any():
            chosen.append(each)
            taken = taken | held
    return chosen if len(chosen) > 1 else []


def split(daily: pl.DataFrame, column: str, atoms: pl.Series) -> tuple[pl.DataFrame, dict[str, str]]:
    """Split a column of counts, a row for each row of a feed, into one for each atom of which it counts any.

    Returns
    -------
    tuple
        The frame with the further columns, and their names by that of the atom; none where there is one atom alone.
    """
    counted = sorted(atoms.filter(daily[column] > 0).unique())
    if len(counted) < 2:
        return daily, {}
    names = {atom: f"{column}_of_atom_{at}" for at, atom in enumerate(counted)}
    return daily.with_columns(
        pl.when(atoms == atom).then(pl.col(column)).otherwise(0).alias(name) for atom, name in names.items()
    ), names
