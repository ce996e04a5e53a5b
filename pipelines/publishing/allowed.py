"""The allow-list of a release: its tables and columns as `allowed.yml` declares them, and what may stand in each.

Belongs here: refusing a release that holds anything else, be it a table, a column, a type or a text. What a refused
text says is not told: it may be somebody's name. Not here: the queries that fill the tables (`tables`).
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import yaml

from pipelines.errors import ReleaseError
from pipelines.loading.kinds import FIRST_TIME, RANGES, VOCABULARIES, kind_fields
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Source, Value
from pipelines.warehouse import literal, one_row, quoted

FILE = Path(__file__).with_name("allowed.yml")
_TYPES = {
    "number": ("DOUBLE",),
    "count": ("BIGINT", "INTEGER"),
    "date": ("DATE",),
    "moment": ("TIMESTAMP",),
    "flag": ("BOOLEAN",),
}
_TEXT = ("VARCHAR",)
# What a text of some contents looks like; a detail of a code names tables, fields, days and numbers.
_PATTERNS = {
    "code": r"[A-Za-z][A-Za-z0-9_]{0,63}",
    "codes": r"[a-z][a-z0-9_]*(:[A-Za-z0-9_./%,+-]*)?(;[a-z][a-z0-9_]*(:[A-Za-z0-9_./%,+-]*)?)*",
    "hash": r"[0-9a-f]+(-[0-9a-f]+)*",
    "release": r"\d{4}-\d{2}-\d{2}-\d{4,}-[0-9a-f]{8}",
    "observed": r"-?[0-9.]+([eE][+-]?\d+)?",
    "period": r"day|week|month|quarter|year|rolling_12m|all",
    # Outlines, and the lines to which simplifying may thin their narrow parts; no point.
    "shape": r'\{"type": ?"(GeometryCollection|(Multi)?(Polygon|LineString))", ?"(coordinates|geometries)": ?\['
    r'(\{|\}|\[|\]|,| |:|"type"|"coordinates"|"(Multi)?(Polygon|LineString)"|-?\d+(\.\d+)?([eE][+-]?\d+)?)+\}',
}
# Fewer digits than a telephone number has.
_NUMBER = r"-?\d{1,10}(\.\d+)?"
_REMEDY = "nothing was published, the release before stays served; please report it"

Columns = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Allowed:
    """What a release may hold.

    Attributes
    ----------
    columns : mapping of str to mapping of str to str
        By table and column, the sort of its content, as `allowed.yml` lists them.
    listed : mapping of str to str
        By sort of content, the SQL of a query on the warehouse that gives every text which may stand there. Sorts
        without one are held to their pattern, or to their type alone.
    """

    columns: Columns
    listed: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, pack: CityPack) -> "Allowed":
        """Return what a release of a pack may hold."""
        fields = {name for kind in FIRST_TIME for name in kind_fields(kind).types}
        listed = {
            "indicator": "select indicator_id from catalogue_rows",
            "area": "select area_id from staging.area",
            "level": "select area_level from staging.area",
            "geography": "select geography from staging.area where geography is not null",
            "source": "select source from ledger.batch union select source from staging.source",
            "file": "select file from ledger.delivery",
            # Messages of the engine quote values, never these.
            "field": f"select unnest({_listed(fields)}) union select unnest(columns) from ledger.delivery",
        }
        if pack.protection.profile != "open":
            words = {word for source in pack.sources.values() for _, word in declared_words(source)}
            listed["category"] = f"select unnest({_listed(words)}) union select area_id from staging.area"
        return cls(declared_columns(), listed)

    def check_table(self, con: duckdb.DuckDBPyConnection, prefix: str, table: str) -> None:
        """Refuse a table with a column too many or of another type, or in which a text stands that may not.

        Parameters
        ----------
        con
            The warehouse's connection, to which the new release is attached.
        prefix
            Its name there.

        Raises
        ------
        ReleaseError
            Naming table and column.
        """
        described = con.execute(f"describe {prefix}.{quoted(table)}").fetchall()
        sorts = {column: self._sort(table, column, data_type) for column, data_type, *_ in described}
        conditions = {
            column: condition
            for column, sort in sorts.items()
            if (condition := self._condition(quoted(column), sort)) is not None
        }
        if not conditions:
            return
        counts = ", ".join(f"count_if(not ({condition}))" for condition in conditions.values())
        wrong = one_row(con, f"select {counts} from {prefix}.{quoted(table)}")
        for column, count in zip(conditions, wrong, strict=True):
            if count:
                raise ReleaseError(
                    f"{count:,} rows of table {table} of the new release hold something in column {column} that is no "
                    f"{sorts[column]}",
                    remedy=_REMEDY,
                )

    def check_columns(self, con: duckdb.DuckDBPyConnection) -> None:
        """Refuse a finished release that has a table or a column too many, or one of another type.

        Raises
        ------
        ReleaseError
            Naming table and column.
        """
        for (table,) in con.execute("select table_name from duckdb_tables()").fetchall():
            for column, data_type, *_ in con.execute(f"describe {quoted(table)}").fetchall():
                self._sort(table, column, data_type)

    def _sort(self, table: str, column: str, data_type: str) -> str:
        """Return what may stand in a column; refuse one that is not listed, or of another type."""
        sort = self.columns.get(table, {}).get(column)
        if sort is None:
            problem = f"column {column} of table {table} is not on the allow-list of a release"
            raise ReleaseError(problem, file=FILE.name, remedy=_REMEDY)
        if data_type not in _TYPES.get(sort, _TEXT):
            problem = f"column {column} of table {table} is {data_type}, which a {sort} is not"
            raise ReleaseError(problem, file=FILE.name, remedy=_REMEDY)
        return sort

    def _condition(self, column: str, sort: str) -> str | None:
        """Compose the condition under which a text may stand in a column; None where its type says all."""
        if sort in self.listed:
            number = f" or regexp_full_match({column}, {literal(_NUMBER)})" if sort == "category" else ""
            return f"{column} is null or {column} in ({self.listed[sort]}){number}"
        if sort in _PATTERNS:
            return f"{column} is null or regexp_full_match({column}, {literal(_PATTERNS[sort])})"
        return None


@functools.cache
def declared_columns() -> Columns:
    """Read the declared columns, by table: the sort of content of each."""
    declared = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return {
        table: {column: sort for sort, columns in sorts.items() for column in columns}
        for table, sorts in declared.items()
    }


def declared_words(source: Source) -> list[tuple[str, str]]:
    """List the words that a pack and the record kinds declare for fields of a source: (field, word), as text.

    Those of value tables, constants, rules about what is allowed, and closed vocabularies. What else stands in a field
    is the source's own, and may be anything.
    """
    found: list[tuple[str, Value]] = []
    for name, mapping in source.fields.items():
        found += [(name, value) for value in (mapping.values or {}).values()]
        found += [(name, mapping.otherwise), (name, mapping.constant)]
        if kind_fields(source.kind).types.get(name) == "boolean":
            found += [(name, True), (name, False)]
    found += [(rule.field, value) for rule in source.rules for value in rule.allowed or ()]
    found += [(name, word) for name, words in VOCABULARIES.get(source.kind, {}).items() for word in words]
    for name, (least, greatest) in RANGES.get(source.kind, {}).items():
        found += [(name, number) for number in range(least, (least if greatest is None else greatest) + 1)]
    given = ((name, value) for name, value in found if value is not None)
    return list(dict.fromkeys((n, str(value).lower() if isinstance(value, bool) else str(value)) for n, value in given))


def _listed(texts: Iterable[str]) -> str:
    return f"[{', '.join(map(literal, sorted(texts)))}]::varchar[]"
