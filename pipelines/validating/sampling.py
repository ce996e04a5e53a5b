"""A sample of a source that is not files: a few records of a database or a service, as a file to try the pack on.

Asks once and keeps the file where it is told to; what the records mean is for the trial.
"""

from pathlib import Path

import duckdb

from pipelines.errors import SourceError
from pipelines.location import secret
from pipelines.pack.city import CityPack
from pipelines.pack.origins import CsvFormat, Database, WebApi
from pipelines.pack.sources import Source
from pipelines.pulling import database, web_api
from pipelines.pulling.reading import Unit
from pipelines.warehouse import literal, quoted

SAMPLE_ROWS = 1000
_WHOLE = Unit("all")
_OWN = ("_line", "_malformed")


class _EnoughError(Exception):
    """The first records have come; no more are wanted."""


def sampled(pack: CityPack, name: str, folder: Path) -> Source:
    """Ask a source for some records; return the source as one of a file in a folder, which holds them.

    Raises
    ------
    PackError
        If the database or the service cannot be reached, refuses, or has no records, at the source's line.
    """
    source = pack.sources[name]
    path = folder / "sample.csv"
    origin: Database | WebApi | None = source.database or source.api
    if origin is None:
        return source
    section = "database" if source.database else "api"
    with duckdb.connect() as con:
        try:
            _ask(con, origin)
        except SourceError as error:
            field = error.field if error.field and error.field.startswith(section) else section
            raise pack.error(error.problem, "sources", name, *field.split("."), remedy=error.remedy) from error
        described = con.execute("describe temp.reading").fetchall()
        columns = [str(row[0]) for row in described if row[0] not in _OWN]
        if not columns:
            raise pack.error(
                "there is no record to look at", "sources", name, section, remedy="mend the query or the address"
            )
        listed = ", ".join(map(quoted, columns))
        con.execute(
            f"copy (select {listed} from temp.reading where _malformed is null order by _line limit {SAMPLE_ROWS}) "
            f"to {literal(str(path))} (header, quote '\"', escape '\"')"
        )
    return source.model_copy(
        update={"files": [str(path.resolve())], "format": CsvFormat(), "database": None, "api": None}
    )


def _ask(con: duckdb.DuckDBPyConnection, origin: Database | WebApi) -> None:
    """Read a sample into the temporary table `reading`."""
    if isinstance(origin, Database):
        query = f"select * from ({origin.query}\n) as asked limit {SAMPLE_ROWS}"
        database.read(con, origin.model_copy(update={"query": query, "window_column": None}), _WHOLE, secret)
        return

    def enough(rows: int, total: int | None) -> None:
        if rows and total is not None:
            raise _EnoughError

    rows = min(origin.page_rows, SAMPLE_ROWS)
    try:
        web_api.read(con, origin.model_copy(update={"page_rows": rows, "window_column": None}), _WHOLE, secret, enough)
    except _EnoughError:
        return
