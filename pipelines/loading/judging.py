"""Judging: raw rows mapped, located, resolved and held against the rules, into the temporary table `judged`.

Each row is judged by itself; which of several rows of one record wins is decided in `winners`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

from pipelines.loading import areas, rules
from pipelines.loading.clock import Clock
from pipelines.loading.kinds import FORESEEN, KindFields, day_column, kind_fields, local_column
from pipelines.loading.mapping import mapped_query
from pipelines.loading.resolving import locate, resolved_query
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Source
from pipelines.warehouse import date_literal, literal, quoted, scalar

# Columns of `judged` beside the canonical ones of the kind.
_OWN = ("_batch_id", "_file", "_line", "_is_blank", "_key", "_is_deleted")


@dataclass(frozen=True)
class Judge:
    """What judging the rows of one source needs to know."""

    con: duckdb.DuckDBPyConnection
    pack: CityPack
    name: str
    headers: Mapping[str, Sequence[str]]
    as_of: date

    @property
    def source(self) -> Source:
        """The source as the pack declares it."""
        return self.pack.sources[self.name]

    @property
    def fields(self) -> KindFields:
        """The fields of the source's kind."""
        return kind_fields(self.source.kind)

    def judge(self, rows: str) -> None:
        """Make the temporary table `judged` of raw rows, given as the SQL of a relation.

        Its columns are those of the kind, with every time as it was given, `as_of` or not; `_batch_id, _file, _line`,
        `_key` (the id), `_is_blank`, `_is_deleted`, `reasons` and `fields` (broken rules), `flags`, and `status`:
        `deferred`, `quarantined` or `accepted`.

        Raises
        ------
        PackError, SourceError
            If the mapping or a rule does not work on the source's columns.
        """
        self.con.execute(f"create or replace temp table judged as {self.query(rows)}")

    def judge_further(self, rows: str) -> None:
        """Add further rows to `judged`."""
        self.con.execute(f"insert into judged {self.query(rows)}")

    def query(self, rows: str) -> str:
        """Compose the query of `judged` over raw rows, and find the areas of their points."""
        con, pack, source, fields = self.con, self.pack, self.source, self.fields
        mapped = mapped_query(con, pack, self.name, rows, self.headers)
        if source.coordinates is not None:
            locate(con, pack, self.name, mapped.query, areas.shapes(pack, source.geography))
        clock = Clock.around(pack.time_zone, pack.first_day.year, self.as_of.year)
        resolved = resolved_query(pack, source, fields, mapped, clock)
        known = rules.rules_of(pack, self.name, fields, mapped)
        rules.check_rules(con, pack, self.name, resolved)
        rejecting = [rule for rule in known if rule.severity == "reject"]
        flagging = [rule for rule in known if rule.severity == "flag"]
        columns = [quoted(column) for column in judged_columns(fields)]
        reasons, places = rules.as_list(rejecting, "reason"), rules.as_list(rejecting, "field")
        if scalar(con, "select count(*) from drifted"):
            resolved = (
                "select resolved.*, drifted.reasons as _drift, drifted.fields as _drift_fields "
                f"from ({resolved}) as resolved left join (select _batch_id, _line, list(reason) as reasons, "
                "list(field) as fields from drifted group by all) as drifted using (_batch_id, _line)"
            )
            reasons = f"list_concat({reasons}, _drift)"
            places = f"list_concat({places}, _drift_fields)"
        return f"""
            select {", ".join([*_OWN, *columns])}, reasons, fields, flags,
                case when known_day > {date_literal(self.as_of)} then 'deferred'
                    when len(reasons) > 0 then 'quarantined' else 'accepted' end as status
            from (
                select *, {reasons} as reasons, {places} as fields, {rules.as_list(flagging, "reason")} as flags
                from ({resolved})
            )
        """


def judged_columns(fields: KindFields) -> list[str]:
    """Return the canonical columns that `judged` has; the others of staging are made when a row is kept."""
    made = ("source", "batch_id", "line", fields.id_field, "flags", "required_cells", "filled_cells")
    return [column for column in fields.types if column not in made]


def kept_query(name: str, source: Source, fields: KindFields, as_of: date, judged: str = "judged") -> str:
    """Compose the query of the accepted rows of a relation such as `judged`, in the columns of the staging table.

    What happens after `as_of` has not happened yet: such times are null, but for those known before they come.
    """
    limited = {}
    for time in fields.times:
        if time not in FORESEEN and time not in fields.known_from:
            due = f"{day_column(time)} <= {date_literal(as_of)}"
            for column in (time, local_column(time), day_column(time)):
                limited[column] = f"case when {due} then {column} end"
    made = {
        "source": literal(name),
        "batch_id": "_batch_id",
        "line": "_line",
        fields.id_field: "_key",
        "required_cells": str(len(source.expected)),
        "filled_cells": " + ".join(
            f"(({limited.get(field, quoted(field))}) is not null)::integer" for field in source.expected
        )
        or "0",
    }
    columns = [
        f"{made.get(column, limited.get(column, quoted(column)))} as {quoted(column)}" for column in fields.types
    ]
    return f"select {', '.join(columns)} from {judged} where status = 'accepted'"
