"""Preflight: whether a pack fits its files, found out in a second, before a run reads or writes anything.

Headers, mappings and areas are tried on an empty database in memory; what is in the rows is for loading to judge.
"""

from dataclasses import dataclass

import duckdb

from pipelines.city_pack import CityPack
from pipelines.loading import areas, context
from pipelines.loading.mapping import mapped_query
from pipelines.loading.readers import OWN_COLUMNS, read_header
from pipelines.warehouse import SCHEMAS, quoted


@dataclass(frozen=True)
class Fit:
    """What a pack that fits its files declares."""

    files: int
    sources: int
    mapped_fields: int
    areas: int


def check_pack(pack: CityPack) -> Fit:
    """Try a pack on its files.

    Raises
    ------
    PackError, SourceError
        The first thing that does not fit: with file, line, field and remedy.
    """
    with duckdb.connect() as con:
        for schema in SCHEMAS:
            con.execute(f"create schema {schema}")
        context.ensure_tables(con)
        for name, source in pack.sources.items():
            headers = {file: read_header(pack.path(file), source.format) for file in source.files}
            named = {column.lower(): column for header in headers.values() for column in header}
            nothing = ", ".join(f"null::varchar as {quoted(column)}" for column in (*named.values(), *OWN_COLUMNS))
            mapped_query(con, pack, name, f"(select {nothing})", headers)
        known = areas.load_areas(con, pack)
    return Fit(
        files=sum(len(source.files) for source in pack.sources.values()),
        sources=len(pack.sources),
        mapped_fields=sum(len(source.fields) for source in pack.sources.values()),
        areas=known,
    )
