"""Atoms: the pieces that all published counts together cut the records into.

Where one indicator counts thefts of vehicles, another shootings and a third both, what the third counts beside the
thefts is shootings. So what is shown of a count under disclosure control is the sum of what is shown of its pieces: no
difference tells more, be it of parts that share no record, of one part and the rest, or of parts that overlap. Belongs
here: which rows of a measure are of which atom. How counts are shown is in `protection`.
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
    """A count that is published: a column of a measure, over the rows of some sources that pass every filter.

    `part_of` names the whole of a share whose part it is, where both are counted in one column.
    """

    name: str
    measure: str
    column: str
    filters: tuple[tuple[Alternative, ...], ...]
    sources: tuple[str, ...]
    part_of: str | None = None

    @property
    def indicator_id(self) -> str:
        """The indicator that it is a count of."""
        return self.name.rsplit(" ", 1)[0]

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
    counted, of = entry.numerator, entry.denominator
    filters = (tuple(of.where),) if of else ()
    name, whole = f"{entry.id} numerator", f"{entry.id} denominator"
    part_of = whole if of and of.column == counted.column else None
    found = [Counted(name, entry.measure, counted.column, (*filters, tuple(counted.where)), sources, part_of)]
    return [*found, Counted(whole, entry.measure, of.column, filters, sources)] if of else found


def atoms_of(feed: Feed, inputs: Inputs, published: Sequence[Counted], name: str) -> pl.Series:
    """Name the atom of each row of a feed that the published count `name` is made of: which other counts it stands in.

    All one atom, unless other counts tell some of the rows apart.
    """
    whole = next((each for each in published if each.name == name), None)
    telling = _telling_apart(whole, inputs, published) if whole else []
    names = [pl.when(each.holds).then(pl.lit(each.name)) for each in telling]
    stands_in = pl.concat_str(names, separator=" and ", ignore_nulls=True) if names else pl.lit("")
    return feed.rows.with_columns(_atom=pl.when(stands_in == "").then(pl.lit("others")).otherwise(stands_in))["_atom"]


def _telling_apart(whole: Counted, inputs: Inputs, published: Sequence[Counted]) -> list[Counted]:
    """Choose the counts that tell the records of a whole apart, of those that hold the same ones the first.

    The part of a share is among them only beside another part of the same: one alone is shown after its whole, as far
    as what is known of that allows, and is itself not told apart.
    """
    alike = [each for each in published if (each.measure, each.column) == (whole.measure, whole.column)]
    rows = inputs.measure(whole.measure).filter(pl.col(whole.column) > 0)
    columns = rows.select(each.holds.alias(str(at)) for at, each in enumerate(alike)).get_columns()
    held = {each.name: column.to_numpy() for each, column in zip(alike, columns, strict=True)}
    parts: dict[bytes, set[bytes]] = {}
    for each in alike:
        if each.part_of is not None:
            parts.setdefault(held[each.part_of].tobytes(), set()).add(held[each.name].tobytes())
    alone = {each.name for each in alike if each.part_of and len(parts[held[each.part_of].tobytes()]) == 1}
    if whole.name in alone:
        return []
    in_whole = held[whole.name]
    of_whole = {each.name: held[each.name][in_whole] for each in reversed(alike) if each.name not in alone}
    some = {mask.tobytes(): name for name, mask in of_whole.items() if 0 < mask.sum() < in_whole.sum()}
    return [each for each in alike if each.name in some.values()]


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
