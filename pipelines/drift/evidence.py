"""What drift is found in: a source's deliveries, a sample of their texts, and what the pack reads of them.

The sample is small and the same every time; what was found in it is counted in all rows of the delivery afterwards.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import duckdb

from pipelines.loading.kinds import KindFields, kind_fields
from pipelines.loading.mapping import cell, columns_read, expression_of
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Source
from pipelines.pulling.column_names import OWN_COLUMNS
from pipelines.warehouse import columns, literal, quoted

# Fewer rows than these are slips of the pen, not a change of the source.
LEAST_ROWS = 20
# Rows looked at in a delivery, or half as many: a share of 1 % of them still is about the least number of rows.
_LOOKED_AT_ROWS = 5_000
# Rows looked at in all deliveries that are new, so that a first load of many files stays quick, and in all earlier;
# in one, not fewer than show a share of 5 % with the least number of rows.
_LOOKED_AT_IN_ALL = 20_000
_LOOKED_AT_EARLIER = 5_000
_LOOKED_AT_LEAST = 20 * LEAST_ROWS
# Deliveries before it with which one is compared: a year of monthly files shows what the source is usually like.
EARLIER_DELIVERIES = 12
# Condition of a change that concerns every row.
ALL = "true"
TABLES = ("looked_at", "misplaced")


@dataclass(frozen=True)
class Delivery:
    """One batch of a source; `columns` by their names in lower case."""

    batch_id: str
    file: str
    position: int
    rows: int
    is_current: bool
    columns: dict[str, str]


@dataclass(frozen=True)
class Change:
    """A change that was found in a delivery.

    `concerned` is an SQL condition over the delivery's rows, as `Evidence.rows` gives them, and `rows` how many they
    are where that is known already; with `only_told` the pack's policy does not matter.
    """

    what: str
    delivery: Delivery
    column: str | None
    field: str | None
    concerned: str
    suggestion: str
    only_told: bool = False
    rows: int | None = None


def shape_of(text: str) -> str:
    """Return a text with every letter, of any script, as `a` and every digit as `0`: nothing that it says is left."""
    return "".join("a" if each.isalpha() else "0" if each.isnumeric() else each for each in text)


@dataclass(frozen=True)
class Evidence:
    """A source's deliveries and rows, as far as drift is to be found in them."""

    con: duckdb.DuckDBPyConnection
    pack: CityPack
    name: str
    new: tuple[Delivery, ...]
    deliveries: tuple[Delivery, ...]

    @classmethod
    def gather(cls, con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, batches: Sequence[str]) -> "Evidence":
        """Look up a source's deliveries, and sample the texts of those in question and of those before them."""
        rows = con.execute(
            'select batch_id, file, position, "read", is_current, columns from ledger.delivery where source = ? '
            "order by position",
            (name,),
        ).fetchall()
        deliveries = tuple(
            Delivery(batch, file, position, read, is_current, {column.lower(): column for column in header})
            for batch, file, position, read, is_current, header in rows
        )
        wanted = set(batches)
        new = tuple(delivery for delivery in deliveries if delivery.batch_id in wanted)
        evidence = cls(con, pack, name, new, deliveries)
        evidence._sample()
        return evidence

    @property
    def source(self) -> Source:
        """The source as the pack declares it."""
        return self.pack.sources[self.name]

    @property
    def fields(self) -> KindFields:
        """The fields of the source's kind."""
        return kind_fields(self.source.kind)

    def earlier(self, delivery: Delivery) -> list[Delivery]:
        """Return the deliveries with which one is compared, the newest first."""
        at = self._places[delivery.batch_id]
        return list(reversed(self.deliveries[max(at - EARLIER_DELIVERIES, 0) : at]))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {delivery.batch_id: at for at, delivery in enumerate(self.deliveries)}

    @cached_property
    def raw_columns(self) -> dict[str, str]:
        """Columns of the raw table, by their names in lower case."""
        return {c.lower(): c for c in columns(self.con, "raw", self.name) if c not in OWN_COLUMNS}

    @cached_property
    def expressions(self) -> dict[str, str]:
        """What the pack reads of the source's columns: SQL expressions by canonical field (or `deleted`)."""
        source = self.source
        found = {
            field: expression_of(mapping)
            for field, mapping in source.fields.items()
            if mapping.sql is not None or mapping.column is not None
        }
        if source.area is not None:
            found["area_id"] = source.area
        if source.coordinates is not None:
            found |= {"lon": quoted(source.coordinates.x), "lat": quoted(source.coordinates.y)}
        if source.deleted is not None:
            found["deleted"] = source.deleted
        return found

    @cached_property
    def reads(self) -> dict[str, list[str]]:
        """Columns that each of the expressions reads, as the raw table calls them where it has them."""
        return {
            field: [self.raw_columns.get(column.lower(), column) for column in columns_read(expression)]
            for field, expression in self.expressions.items()
        }

    def readers(self, column: str) -> list[str]:
        """Return the fields whose expressions read a column."""
        folded = column.lower()
        return [field for field, columns in self.reads.items() if folded in {each.lower() for each in columns}]

    def is_personal(self, column: str) -> bool:
        """Tell whether a column is hidden: what stands in it must not be told, not even as a hash."""
        return column.lower() in {each.lower() for each in self.source.personal}

    @cached_property
    def sampled(self) -> list[str]:
        """Columns of the sample: all that the pack reads and some delivery has."""
        read = dict.fromkeys(column for columns in self.reads.values() for column in columns)
        return [column for column in read if column.lower() in self.raw_columns]

    def text(self, column: str) -> str:
        """Compose a column's text as the mapping sees it."""
        return cell(column, self.source.null_texts)

    def rows(self, deliveries: Iterable[Delivery]) -> str:
        """Compose the relation of the rows of deliveries: `_batch_id`, `_line` and every column's text."""
        listed = ", ".join(literal(delivery.batch_id) for delivery in deliveries)
        texts = ", ".join(f"{self.text(column)} as {quoted(column)}" for column in self.raw_columns.values())
        return (
            f"(select _batch_id, _line, {texts} from raw.{quoted(self.name)} "
            f"where _batch_id in ({listed}) and _malformed is null)"
        )

    def _sample(self) -> None:
        """Make the temporary table `looked_at`: rows of the deliveries in question and of those before them."""
        wanted = {delivery.batch_id for delivery in self.new}
        older = {each.batch_id: each for new in self.new for each in self.earlier(new) if each.batch_id not in wanted}
        each_new = min(_LOOKED_AT_ROWS, max(_LOOKED_AT_IN_ALL // max(len(self.new), 1), _LOOKED_AT_LEAST))
        each_older = max(_LOOKED_AT_EARLIER // max(len(older), 1), _LOOKED_AT_LEAST)
        batches: dict[int, list[str]] = defaultdict(list)
        for each, most in (*((each, each_new) for each in self.new), *((each, each_older) for each in older.values())):
            # Steps that are powers of two are few, so that the condition stays short for any number of deliveries.
            step = 1 << (max(each.rows, 1) // most).bit_length() - 1 if each.rows > most else 1
            batches[step].append(literal(each.batch_id))
        chosen = " or ".join(
            f"(_batch_id in ({', '.join(listed)}) and hash(_line) % {step} = 0)" for step, listed in batches.items()
        )
        texts = "".join(f", {self.text(column)} as {quoted(column)}" for column in self.sampled)
        self.con.execute(
            f"create or replace temp table looked_at as select _batch_id, _line{texts} "
            f"from raw.{quoted(self.name)} where _malformed is null and ({chosen})"
        )
