"""What an indicator rests on: tables, columns of them, and sources.

Here: from its catalogue entry, by the lineage of the SQL models, to all that a failure could reach it by. Not here:
failures themselves (`failures`), and what follows from them (`gates`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from dbt_like_sql.dependence import Dependence, dependence
from dbt_like_sql.lineage import ColumnRef, Lineage
from dbt_like_sql.project import Project
from indicators.catalogue.entries import Entry
from indicators.catalogue.measures import AREA, EXTRACTS, KINDS_BESIDE, MEASURES, STAFFED, VOLUNTEERS
from pipelines.loading.kinds import FIRST_TIME

_KEYS = ("geography", "area_id", "day", "source")
_RATES = ("rate", "weighted_rate")
# Loading counts what it received by these, from the records of every kind: no model shows that.
_RECEIPTS, _RECEIVED = "staging.receipt", ("source", "area_id", "day")
# What tells which days a source covers, of each record.
_COVERAGE = ("source", "geography", "known_day")


@dataclass(frozen=True)
class Rest:
    """What one indicator rests on.

    Attributes
    ----------
    columns, relations
        Columns, and relations whose rows as such.
    choosing
        Those columns among them that decide which rows count: where they are wrong, rows may be missing.
    joining
        Columns that it rests on beside them if it has several sources: which of these continue one another.
    """

    columns: frozenset[ColumnRef] = frozenset()
    relations: frozenset[str] = frozenset()
    choosing: frozenset[ColumnRef] = frozenset()
    joining: frozenset[ColumnRef] = frozenset()


@dataclass
class _Collected:
    columns: set[ColumnRef] = field(default_factory=set)
    relations: set[str] = field(default_factory=set)

    def add(self, found: Dependence) -> None:
        self.columns |= found.columns
        self.relations |= found.relations


def resting(project: Project, lineage: Lineage, entries: Iterable[Entry]) -> dict[str, Rest]:
    """Find what each computed indicator rests on; others are left out."""
    return {entry.id: _rest(project, lineage, entry) for entry in entries if entry.is_computed}


def _rest(project: Project, lineage: Lineage, entry: Entry) -> Rest:
    found, choosing, joining = _Collected(), _Collected(), _Collected()
    for part in entry.parts:
        for relation, columns in used_columns(part).items():
            found.add(dependence(project, lineage, relation, columns))
        for ref in _coverage(project, lineage, part):
            found.add(dependence(project, lineage, ref.relation, [ref.column]))
    if _RECEIPTS in found.relations:
        for kind in FIRST_TIME:
            found.add(dependence(project, lineage, f"staging.{kind}", _RECEIVED))
    for part in entry.parts:
        for measure in filter(None, (part.measure, part.opened_measure)):
            categories = {"category"} & set(MEASURES[measure].dimensions)
            choosing.add(dependence(project, lineage, f"measures.{measure}", _filtered_by(part)))
            joining.add(dependence(project, lineage, f"measures.{measure}", categories))
    return Rest(
        columns=frozenset(found.columns),
        relations=frozenset(found.relations),
        choosing=frozenset(choosing.columns),
        joining=frozenset(joining.columns),
    )


def used_columns(entry: Entry) -> dict[str, set[str]]:
    """Name the columns that an entry, or one part of it, is computed from, by the relation that polars reads."""
    used: dict[str, set[str]] = {}
    filtered = _filtered_by(entry)
    if entry.extract:
        extract = EXTRACTS[entry.kind]
        used[f"extracts.{extract.table}"] = {*_KEYS, *filtered, *extract.columns}
        if entry.measure:
            used[f"measures.{entry.measure}"] = {*_KEYS, *filtered, *extract.measures[entry.measure]}
        if extract.beside and (entry.kind, entry.measure) in KINDS_BESIDE:
            used[f"extracts.{extract.beside[0]}"] = {*_KEYS, *extract.beside[1]}
    elif entry.opened_measure:
        used[f"measures.{entry.measure}"] = {*_KEYS, *filtered, "bucket", "closed", "closed_seconds"}
        used[f"measures.{entry.opened_measure}"] = {*_KEYS, *filtered, "opened", "open_now"}
    elif entry.measure:
        selections = [each.column for each in (entry.numerator, entry.denominator) if each]
        counts = [*selections, *filter(None, (entry.count, entry.unusable.missing))]
        kind = [] if MEASURES[entry.measure].kind else ["kind"]
        used[f"measures.{entry.measure}"] = {*_KEYS, *kind, *counts, *filtered}
    if entry.kind == "concentration" and entry.measure:
        used[f"measures.{STAFFED[0]}"] = {*_KEYS, STAFFED[1]}
    stocks = {"population"} if entry.kind in _RATES else set()
    stocks |= {"participation": {VOLUNTEERS}, "hot_cells": {AREA}}.get(entry.kind, set())
    if entry.stock:
        stocks = {entry.stock.numerator, entry.stock.denominator}
    if stocks:
        used["facts.fct_profile"] = {"area_id", "valid_from", *stocks}
    if entry.kind == "weighted_rate":
        used["staging.severity_weight"] = {"category", "weight"}
    return used


def _filtered_by(entry: Entry) -> set[str]:
    """Name the dimensions by which an entry chooses and weighs rows."""
    chosen = [entry.where, *(each.where for each in (entry.numerator, entry.denominator) if each)]
    named = {dimension for where in chosen for alternative in where for dimension in alternative}
    return named | ({"category"} if entry.kind == "weighted_rate" else set())


def _coverage(project: Project, lineage: Lineage, entry: Entry) -> Iterator[ColumnRef]:
    """Columns of its own kind's records by which the days are known that the sources cover."""
    if entry.measure is None:
        return
    kind = MEASURES[entry.measure].kind
    records: Mapping[str, frozenset[ColumnRef]] = lineage.inputs(project.model("fct_record"))
    for column in _COVERAGE:
        for ref in records[column]:
            of_kinds = {relation for relation, _ in lineage.upstream(*ref)}
            if kind is None or of_kinds == {f"staging.{kind}"}:
                yield ref
