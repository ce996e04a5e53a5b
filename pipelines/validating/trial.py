"""Trial: a pack tried on its files by a real load into a database that is thrown away afterwards.

Tells what a run would make of every source: rows by status and reason, texts and areas that the pack does not know,
fields that stay empty. It keeps nothing and prints nothing.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from secrets import token_bytes

import duckdb

from pipelines.errors import PackError, SourceError, WardlightError
from pipelines.loading import areas, context, ledger
from pipelines.loading.kinds import kind_fields
from pipelines.loading.mapping import cell, expression_of, inputs, mapped_fields
from pipelines.loading.records import load_kind
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Source
from pipelines.pulling.personal import SALT_BYTES
from pipelines.pulling.pull import pull_source
from pipelines.pulling.raw_layer import raw_rows, source_columns
from pipelines.validating.sampling import sampled
from pipelines.warehouse import literal, one_row, open_warehouse, quoted

# A pack that pins no as_of is tried on all that its files hold, but for times that are slips of the pen.
EVERYTHING = date(2100, 1, 1)
# Texts, areas and the like are listed up to here, the most frequent first; their number is told in full.
MOST_LISTED = 50
_LONGEST_VALUE = 40
WITHHELD = "(withheld)"


@dataclass(frozen=True)
class Quarantined:
    """Rows that go to quarantine for one reason, and the first of them."""

    reason: str
    field: str
    rows: int
    file: str
    line: int
    value: str


@dataclass(frozen=True)
class Flagged:
    """Accepted records that carry one flag, or another finding about the delivery."""

    finding: str
    field: str | None
    records: int


@dataclass(frozen=True)
class Listing:
    """Things of one sort with their rows, the most frequent first; `distinct` and `rows` count all of them."""

    field: str
    column: str
    distinct: int
    rows: int
    examples: dict[str, int]


@dataclass(frozen=True)
class Filled:
    """A mapped field: accepted records that hold a value, and those whose text could not be used."""

    field: str
    records: int
    unusable: int


@dataclass(frozen=True)
class Drifted:
    """A change of shape between the source's deliveries, or against what the pack declares."""

    what: str
    column: str | None
    rows: int
    suggestion: str | None
    policy: str


@dataclass(frozen=True)
class SourceTrial:
    """What a run would make of one source."""

    source: str
    kind: str
    sampled: bool
    rows: dict[str, int]
    first_day: date | None
    last_day: date | None
    quarantined: list[Quarantined]
    flagged: list[Flagged]
    left_out: list[Listing]
    unknown_areas: Listing | None
    areas: int
    areas_without_records: list[str]
    fields: list[Filled]
    drift: list[Drifted]

    @property
    def empty_fields(self) -> list[str]:
        """Mapped fields that no accepted record fills."""
        return [each.field for each in self.fields if self.rows["accepted"] and not each.records]


@dataclass(frozen=True)
class Trial:
    """What a run would make of a pack; `as_of` is None where everything counts."""

    as_of: date | None
    sources: list[SourceTrial] = field(default_factory=list)
    errors: list[WardlightError] = field(default_factory=list)


def try_pack(pack: CityPack, as_of: date | None = None, starting: Callable[[str], None] | None = None) -> Trial:
    """Load every source of a pack, one at a time, into a temporary database on disk.

    Parameters
    ----------
    as_of
        The date that rules the trial; by default the pack's, else everything counts.
    starting
        Is told the name of each source before it is tried.
    """
    ruled_by = as_of or pack.as_of
    trial = Trial(ruled_by)
    for name, source in pack.sources.items():
        if starting is not None:
            starting(name)
        try:
            with tempfile.TemporaryDirectory(prefix="wardlight-trial-") as folder:
                given = sampled(pack, name, Path(folder))
                alone = pack.model_copy(update={"sources": {name: given}})
                tried = _try_source(alone, name, ruled_by or EVERYTHING, Path(folder))
                tried = replace(tried, sampled=given is not source)
        except (PackError, SourceError) as error:
            trial.errors.append(error)
            continue
        trial.sources.append(tried)
        if tried.rows["read"] and tried.rows["accepted"] + tried.rows["deferred"] == 0:
            trial.errors.append(
                pack.error(
                    f"none of the {tried.rows['read']:,} rows of {name} is accepted",
                    *("sources", name),
                    remedy="mend the mapping: the reasons are listed with the source",
                )
            )
    return trial


def _try_source(pack: CityPack, name: str, as_of: date, folder: Path) -> SourceTrial:
    """Load the one source of a pack as a run does, and look at what came of it."""
    source = pack.sources[name]
    with open_warehouse(folder) as con:
        context.ensure_tables(con)
        areas.load_areas(con, pack)
        context.write_context(con, pack, as_of)
        pull_source(con, pack, name, salt=token_bytes(SALT_BYTES))
        load_kind(con, pack, source.kind, as_of)
        unknown = _unknown_areas(con, name, source)
        located, without = _areas(con, name, source)
        first, last, *_ = one_row(
            con, f"select min(day), max(day) from staging.{source.kind} where source = ?", (name,)
        )
        return SourceTrial(
            source=name,
            kind=source.kind,
            sampled=False,
            rows=ledger.totals(con),
            first_day=first,
            last_day=last,
            quarantined=list(_quarantined(con, name, source)),
            flagged=_flagged(con, name),
            left_out=list(_left_out(con, name, source)),
            unknown_areas=unknown,
            areas=located,
            areas_without_records=without,
            fields=_filled(con, name, source),
            drift=_drift(con, name),
        )


def _quarantined(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> Iterator[Quarantined]:
    rows = con.execute(
        """
        select reason, field, count(*), first({file: file, line: line, batch: batch_id} order by file, line)
        from (select file, line, batch_id, unnest(reasons) as reason, unnest(fields) as field from quarantine.record)
        group by reason, field
        order by count(*) desc, reason, field
        """
    ).fetchall()
    for reason, broken, count, first in rows:
        value = _offending(con, name, source, reason, broken or "", first)
        yield Quarantined(reason, broken or "", count, first["file"], first["line"], value)


def _offending(
    con: duckdb.DuckDBPyConnection, name: str, source: Source, reason: str, broken: str, first: dict[str, object]
) -> str:
    """Return the raw value of the field that breaks a rule; of a malformed line what is wrong with it, no content."""
    at = f"from raw.{quoted(name)} where _batch_id = ? and _line = ?"
    place = (first["batch"], first["line"])
    if reason == "malformed_line":
        return str(one_row(con, f"select split_part(_malformed, ': ', 1) {at}", place)[0])
    read = [column for part in _expressions(source, broken) for column in _columns(con, name, part)]
    if not read:
        return ""
    if _is_personal(source, read):
        return WITHHELD
    cells = one_row(con, f"select {', '.join(map(quoted, read))} {at}", place)
    shown = ", ".join(
        repr(cell) if len(read) == 1 else f"{column} {cell!r}"
        for column, cell in zip(read, cells, strict=True)
        if cell is not None
    )
    return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 1] + "…"


def _expressions(source: Source, canonical: str) -> list[str]:
    """Return what the pack gives for a canonical field, as SQL expressions."""
    if canonical in source.fields:
        return [expression_of(source.fields[canonical])]
    if canonical == "area_id" and source.area is not None:
        return [source.area]
    if canonical in ("lat", "lon", "area_id") and source.coordinates is not None:
        return [quoted(source.coordinates.x), quoted(source.coordinates.y)]
    return []


def _columns(con: duckdb.DuckDBPyConnection, name: str, expression: str) -> list[str]:
    """Return the source's columns that an expression reads."""
    return inputs(expression, source_columns(con, name))


def _is_personal(source: Source, columns: Sequence[str]) -> bool:
    return bool({column.lower() for column in columns} & {column.lower() for column in source.personal})


def _flagged(con: duckdb.DuckDBPyConnection, name: str) -> list[Flagged]:
    rows = con.execute(
        "select finding, field, count from ledger.finding where source = ? and finding <> 'unusable' "
        "order by count desc, finding, field",
        (name,),
    ).fetchall()
    return [Flagged(*row) for row in rows]


def _left_out(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> Iterator[Listing]:
    """Find the texts that value tables without `otherwise` leave out: their fields become null."""
    known = {column.lower() for column in source_columns(con, name)}
    for canonical, mapping in source.fields.items():
        if mapping.values is None or mapping.otherwise is not None or mapping.column is None:
            continue
        if mapping.column.lower() not in known or _is_personal(source, [mapping.column]):
            continue
        keys = ", ".join(map(literal, mapping.values))
        texts = (
            f"select text, count(*) as rows from (select {cell(mapping.column, source.null_texts)} as text from "
            f"{raw_rows(name)} as raw where _malformed is null) where text not in ({keys}) group by text"
        )
        found = _listing(con, canonical, mapping.column, texts)
        if found is not None:
            yield found


def _unknown_areas(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> Listing | None:
    """Find the keys of areas that the geography does not have."""
    if source.area is None or _is_personal(source, _columns(con, name, source.area)):
        return None
    cells = ", ".join(f"{cell(column, source.null_texts)} as {quoted(column)}" for column in source_columns(con, name))
    return _listing(
        con,
        "area_id",
        "area",
        f"select try(cast(({source.area}\n) as varchar)) as text, count(*) as rows from (select {cells} "
        f"from raw.{quoted(name)} as raw semi join (select * from quarantine.record "
        "where list_contains(reasons, 'unknown_area')) as refused on refused.batch_id = raw._batch_id "
        "and refused.line = raw._line) as cleaned group by text",
    )


def _listing(con: duckdb.DuckDBPyConnection, canonical: str, column: str, texts: str) -> Listing | None:
    distinct, rows = one_row(con, f"select count(*), coalesce(sum(rows), 0)::bigint from ({texts})")
    if not distinct:
        return None
    most = con.execute(f"select text, rows from ({texts}) order by rows desc, text limit {MOST_LISTED}").fetchall()
    return Listing(canonical, column, distinct, rows, {str(text): int(count) for text, count in most})


def _areas(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> tuple[int, list[str]]:
    """Count the areas of the source's geography; list the keys of those that no accepted record lies in."""
    rows = con.execute(
        f"select substr(area_id, {len(source.geography) + 2}), area_id in "
        f"(select area_id from staging.{source.kind} where source = ?) "
        "from staging.area where geography = ? and not is_unallocated order by area_id",
        (name, source.geography),
    ).fetchall()
    return len(rows), [str(key) for key, has_records in rows if not has_records]


def _filled(con: duckdb.DuckDBPyConnection, name: str, source: Source) -> list[Filled]:
    kind = kind_fields(source.kind)
    given = mapped_fields(source)
    names = [each for each in ("area_id", *kind.times, *kind.others, "lat") if each in given and each in kind.types]
    if not names:
        return []
    unusable = dict(
        con.execute(
            "select field, sum(count)::bigint from ledger.finding where source = ? and finding = 'unusable' "
            "group by field",
            (name,),
        ).fetchall()
    )
    counts = one_row(
        con,
        f"select {', '.join(f'count({quoted(each)})' for each in names)} from staging.{source.kind} where source = ?",
        (name,),
    )
    return [Filled(each, count, unusable.get(each, 0)) for each, count in zip(names, counts, strict=True)]


def _drift(con: duckdb.DuckDBPyConnection, name: str) -> list[Drifted]:
    rows = con.execute(
        "select what, column_name, rows, suggestion, policy from ledger.drift where source = ? order by all", (name,)
    ).fetchall()
    return [Drifted(*row) for row in rows]
