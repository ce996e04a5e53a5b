"""What of a release a reader may see, held at one place: the tables that his questions are answered from.

Every question to a release goes through one connection. For a reader who may not see everything, each table is hidden
behind a view of the same name that lets through only his rows; a table that no rule here names lets through none. So
a question cannot forget the limit. Who the reader is, is for `guard`; nothing here knows a request.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb

BY_AREA = frozenset(
    {
        *("indicator_values", "indicator_limits", "changes", "comparisons", "nowcasts", "revisions", "alarms"),
        *("gap_charts", "targets", "year_comparisons", "index_scores", "index_contributions", "coordination"),
        *("survey_estimates", "survey_gaps", "survey_reliability", "survey_importance"),
        *("area_freshness", "quality_score", "linkage", "linkage_agencies", "linkage_pairs"),
    }
)
"""One row per area and what else: the rows of his areas, and of the whole city unless that is hidden."""
OF_THE_CITY = frozenset({"survey_waves", "survey_margins", "index_sensitivity", "reporting_delays"})
"""Figures of the whole city without an area: all rows or, where the city's figures are hidden, none."""
OPEN = frozenset(
    {
        *("indicator_catalogue", "breaks", "release_info", "ledger", "gates", "expectation_history"),
        *("batch_months", "indicator_sources", "indicator_checks"),
        *("source_freshness", "source_span", "source_month", "source_stability", "source_finding"),
    }
)
"""What figures mean and whether to believe them: definitions, and sources as a whole. Everybody sees these."""
GAMES = frozenset(
    {"games", "game_parameters", "game_scenarios", "game_rest_points", "game_thresholds", "game_sensitivity"}
)
INTERNALS = {
    "quarantine_summary": ("example_file", "example_line"),
    "expectation_results": ("observed",),
    "source_drift": ("suggestion",),
    "source_anomaly": (),
}
"""Columns that quote from records and deliveries, by table: for stewards without a limit alone."""
INTERVENTIONS = ("intervention_results", "intervention_months")
LEAST_OUTSIDE = 5
"""An intervention is told with control areas outside the limit only as the sum of so many at least."""


@dataclass(frozen=True)
class Scope:
    """What of a release a reader may see, and take along.

    Attributes
    ----------
    areas : frozenset of str, optional
        Areas that he is limited to, with all below them; None for no limit.
    city : bool
        Whether a limited reader sees the figures of the whole city beside his own.
    internals : bool
        Whether he sees what quotes from the records: where refused rows lie, and what checks and deliveries showed.
    downloads : bool
        Whether he is offered files.
    """

    areas: frozenset[str] | None = None
    city: bool = True
    internals: bool = True
    downloads: bool = True

    @property
    def is_limited(self) -> bool:
        """Whether some areas are not for him."""
        return self.areas is not None

    @property
    def documents(self) -> bool:
        """Whether he may read the site about the expectations: it is of the whole city, and cannot be cut."""
        return self.downloads and not self.is_limited


WHOLE = Scope()


class NarrowCursors:
    """Cursors of one connection that see a scope alone; to be asked for from any thread.

    Parameters
    ----------
    con
        Sees everything, and is closed by who opened it.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, scope: Scope) -> None:
        self._con = con
        self._scope = scope
        self._of_thread = threading.local()
        self._made: list[duckdb.DuckDBPyConnection] = []

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Give a cursor of this thread: its views are made once, where there are any."""
        if self._scope == WHOLE:
            return self._con.cursor()
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._of_thread, "cursor", None)
        if cursor is None:
            cursor = self._con.cursor()
            narrow(cursor, self._scope)
            self._of_thread.cursor = cursor
            self._made.append(cursor)
        return cursor

    def close(self) -> None:
        """Close the cursors; the engine's threads go with the last of a file."""
        for cursor in self._made:
            cursor.close()


def narrow(con: duckdb.DuckDBPyConnection, scope: Scope) -> None:
    """Let a connection to a release see a scope alone.

    Parameters
    ----------
    con
        Its temporary views hide the tables of the same names; other connections to the same file do not have them.

    Notes
    -----
    Areas below those named are told by `parent_id`, without end or loop, from the release itself.
    """
    if scope == WHOLE:
        return
    # By the name of the file's own catalogue: that of a schema alone would lead back to the temporary views.
    (catalogue,) = con.execute("select current_database()").fetchone() or ("",)
    tables = f'"{catalogue}".main.'
    own = None if scope.areas is None else _with_all_below(con, scope.areas)
    rows = _rows(con, scope, own, tables)
    for table in _listed(con, "select table_name from duckdb_tables() where not temporary"):
        seen = f"select {_columns(table, scope, own)} from {tables}{table} where {rows.get(table, 'false')}"
        con.execute(f'create temp view "{table}" as {seen}')


def _rows(con: duckdb.DuckDBPyConnection, scope: Scope, own: list[str] | None, tables: str) -> dict[str, str]:
    """Say by table which rows are let through."""
    if own is None:
        known = BY_AREA | OF_THE_CITY | OPEN | GAMES | INTERNALS.keys() | {*INTERVENTIONS, "areas"}
        return dict.fromkeys(known, "true")
    # The city's own row stays in any case: pages are titled by it.
    named = [*own, *_listed(con, "select area_id from areas where area_level = 'city' and not is_unallocated")]
    figures = _literals(named if scope.city else own)
    # A game is whole or is not there: without one of its amounts it could not be played.
    elsewhere = f"select game_id from {tables}game_parameters where area_id not in ({figures})"
    told = f"select intervention_id from {tables}intervention_results where {_tellable(_literals(own), scope.city)}"
    return {
        **dict.fromkeys(OPEN | INTERNALS.keys(), "true"),
        **dict.fromkeys(BY_AREA, f"area_id in ({figures})"),
        **dict.fromkeys(OF_THE_CITY, str(scope.city)),
        **dict.fromkeys(GAMES, f"game_id not in ({elsewhere})"),
        **dict.fromkeys(INTERVENTIONS, f"intervention_id in ({told})"),
        "areas": f"area_id in ({_literals(named)})",
    }


def _columns(table: str, scope: Scope, own: list[str] | None) -> str:
    """The columns of a table, those emptied that are not for the reader."""
    empty = [] if scope.internals and not scope.is_limited else [f"null as {name}" for name in INTERNALS.get(table, ())]
    if table == "expectation_results" and empty:
        # That a check could not be asked stays known.
        empty.append("case when exception is not null then '…' end as exception")
    if own is not None and table == "source_anomaly":
        # Of an unusual mix of areas the value is an area.
        empty.append("case when field is distinct from 'area_id' then value end as value")
    if own is not None and table == "areas":
        empty.append(f"case when parent_id in ({_literals(own)}) then parent_id end as parent_id")
    if own is not None and table == "intervention_results":
        # How many areas there are stays known, those outside are not named.
        named = f"case when each in ({_literals(own)}) then each else '' end"
        empty.append(f"to_json(list_transform({_parsed('control')}, lambda each: {named}))::varchar as control")
    return f"* replace ({', '.join(empty)})" if empty else "*"


def _tellable(own: str, city: bool) -> str:
    """Interventions that tell of no single area outside: those treated and beside are his, the others a sum."""
    treated, buffer, control = (
        f"len(list_filter({_parsed(role)}, lambda each: each not in ({own})))"
        for role in ("treated", "buffer", "control")
    )
    several = f"or {control} >= {LEAST_OUTSIDE}" if city else ""
    return f"{treated} = 0 and {buffer} = 0 and ({control} = 0 {several})"


def _parsed(column: str) -> str:
    return f"""from_json({column}, '["VARCHAR"]')"""


def _with_all_below(con: duckdb.DuckDBPyConnection, areas: Iterable[str]) -> list[str]:
    return _listed(
        con,
        f"""with recursive own as (
          select area_id from areas where area_id in ({_literals(areas)})
          union select a.area_id from areas a join own on a.parent_id = own.area_id
        )
        select area_id from own order by area_id""",
    )


def _listed(con: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [str(row[0]) for row in con.execute(sql).fetchall()]


def _literals(values: Iterable[str]) -> str:
    """List texts for SQL; no area is called by the one that stands for an empty list."""
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in sorted(values))
    return quoted or "''"
