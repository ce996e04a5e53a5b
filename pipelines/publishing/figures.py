"""Figures: measures out of the warehouse into frames, computed, and back as tables of schema `indicators`.

The statistics are in `indicators/`, which knows no database; what a failed expectation means is in `quality/gates`.
This module moves frames between them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial

import duckdb
import polars as pl

from dbt_like_sql.lineage import Lineage
from dbt_like_sql.project import Project
from indicators.catalogue.entries import Entry
from indicators.catalogue.measures import EXTRACT_TABLES
from indicators.comparison import compare
from indicators.composites.gaps_held import group_levels
from indicators.composites.index import compute_index
from indicators.compute import compute
from indicators.disclosure import EXACT, Disclosure
from indicators.feeds import Feed, find_feed, missing_needs, possible_sources, sources_beside
from indicators.inputs import Figures, Inputs
from indicators.linkage import SCHEMAS as LINKAGE_SCHEMAS
from indicators.linkage import linkage_tables
from indicators.nowcasts import DELAY_MEASURE
from indicators.survey_tables import SCHEMAS as SURVEY_SCHEMAS
from indicators.survey_tables import survey_tables
from indicators.targets import judge_targets
from indicators.year_before import compare_with_year_before
from pipelines.loading.calendar import read_calendar
from pipelines.pack.agencies import agencies_of, with_titles
from pipelines.pack.breaks import break_frame, breaks_of
from pipelines.pack.city import CityPack
from pipelines.pack.targets import targets_of
from pipelines.publishing import games, interventions, provenance, tellings
from pipelines.publishing.definitions import definitions
from pipelines.publishing.doubtful import doubtful_records
from pipelines.publishing.release import DATABASE, Release
from pipelines.quality import gates, store
from pipelines.quality.declarations import Expectation
from pipelines.quality.failures import Failure, find_failures
from pipelines.quality.resting import resting
from pipelines.quality.suite import candidate_expectations, warehouse_expectations
from pipelines.warehouse import literal, transaction

LAYER = "indicators"
# Beside the catalogue's figures: what the survey tells, and how agencies are linked.
TABLES_BESIDE = {"survey": SURVEY_SCHEMAS, "linkage": LINKAGE_SCHEMAS}
# Of what was computed, that which stands beside figures: left out where these are carried forward.
BESIDE = {"nowcasts": "computed_nowcasts", "reporting_delays": "computed_delays"}
# Computed, not yet published: judged first, then carried forward where a gate is closed.
COMPUTED = (
    "computed_values",
    "computed_limits",
    "computed_changes",
    "computed_gaps",
    "computed_alarms",
    "availability",
)
# The same from the counts that may be shown, where the pack protects them.
PROTECTED = ("protected_values", "protected_limits", "protected_changes", "protected_gaps", "protected_alarms")
# Which sources each indicator rests on, kept from computing to publishing.
SOURCES = "computed_sources"
# Figures of a measure that are also of what profiles say of residents.
_OF_RESIDENTS = ("rate", "weighted_rate", "participation")
_SOURCES_SCHEMA = pl.Schema(dict.fromkeys(("indicator_id", "source", "part"), pl.String))


def read_inputs(
    con: duckdb.DuckDBPyConnection, project: Project, pack: CityPack, as_of: date, names: Collection[str] = ()
) -> Inputs:
    """Read the pack's tables, the measures and the extracts; where `names` are given, of these only those measures."""

    def table(name: str) -> pl.DataFrame:
        return con.sql(f"select * from {name} order by all").pl()

    measures = [model.name for model in project.models if model.schema == "measures"]
    return Inputs(
        measures={name: table(f"measures.{name}") for name in names or measures},
        areas=table("staging.area"),
        profile=table("facts.fct_profile"),
        field_map=table("staging.field_map"),
        severity_weights=table("staging.severity_weight"),
        sources=table("staging.source"),
        spans=table("measures.msr_source_span"),
        doubtful=doubtful_records(con),
        as_of=as_of,
        week_start=pack.iso_week_start,
        calendar=read_calendar(pack, pack.first_day, as_of),
        questionnaire=pack.questionnaire.asked() if pack.questionnaire else None,
        extracts={} if names else {name: table(f"extracts.{name}") for name in EXTRACT_TABLES},
        breaks=breaks_of(pack),
        agencies=agencies_of(pack),
    )


def write_computed(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    entries: Sequence[Entry],
    inputs: Inputs,
    disclosure: Disclosure = EXACT,
) -> dict[str, int]:
    """Compute every figure and keep it as a candidate; return the row counts by table.

    Candidates are exact, and judged so. Where counts are protected, all is computed once more from those that may be
    shown: that is what is published, and nothing exact is.

    Indicators that a failure reaches are computed apart, only to know their cells: what is wrong may make that
    impossible, which must hold back nothing else.
    """
    sources = _sources(entries, inputs)
    _write(con, {SOURCES: sources})
    unfit = _affected(project, entries, _failures(con, warehouse_expectations(project)), sources)
    exact = _computed(entries, unfit, inputs)
    told = None if disclosure.is_exact else tellings.recall(con, disclosure.profile)
    shown = inputs if told is None else replace(inputs, disclosure=disclosure, tellings=told)
    protected = exact if disclosure.is_exact else _computed(entries, unfit, shown)
    for name, tables in (("survey", partial(survey_tables, entries=entries)), ("linkage", linkage_tables)):
        # Records that make a figure unfit may make these impossible; then they are not published either.
        found = _empty(name) if _resting_on_the_same(name, entries) & set(unfit) else tables(shown)
        _write(con, {f"computed_{table}": frame for table, frame in found.items()})
    _write(con, dict(zip(BESIDE.values(), (protected.nowcasts, protected.delays), strict=True)))
    if told is not None:
        _write(con, {tellings.CANDIDATE: told.noted()})
    rows = _write(con, dict(zip(PROTECTED, _candidates(protected), strict=True)))
    return rows | _write(con, dict(zip(COMPUTED, (*_candidates(exact), exact.availability), strict=True)))


def _candidates(figures: Figures) -> tuple[pl.DataFrame, ...]:
    return figures.values, figures.limits, figures.changes, figures.gaps, figures.alarms


def _computed(entries: Sequence[Entry], unfit: Mapping[str, Sequence[str]], inputs: Inputs) -> Figures:
    """Compute every entry, those that a failure reaches apart from the others."""
    figures = compute([entry for entry in entries if entry.id not in unfit], inputs)
    values, availability = [figures.values], [figures.availability]
    for entry in entries:
        if entry.id in unfit:
            try:
                apart = compute([entry], inputs)
            except ValueError:
                row = (entry.id, "available", ";".join(unfit[entry.id]), None)
                availability.append(pl.DataFrame([row], schema=figures.availability.schema, orient="row"))
            else:
                values.append(apart.values)
                availability.append(apart.availability)
    return Figures(
        pl.concat(values).sort(gates.KEY),
        figures.limits,
        figures.changes,
        figures.nowcasts,
        figures.delays,
        figures.gaps,
        figures.alarms,
        pl.concat(availability).sort("indicator_id"),
    )


def _resting_on_the_same(name: str, entries: Sequence[Entry]) -> set[str]:
    """Indicators that rest on the records of tables beside them: where a gate closes on one, it does on these."""
    if name == "survey":
        return {entry.id for entry in entries if entry.survey}
    return {entry.id for entry in entries if entry.network or (entry.measure or "").startswith("msr_handoff")}


def _empty(name: str) -> dict[str, pl.DataFrame]:
    return {table: schema.to_frame() for table, schema in TABLES_BESIDE[name].items()}


def _sources(entries: Sequence[Entry], inputs: Inputs) -> pl.DataFrame:
    """List the sources of each indicator by the part they have in it, as `gates.Sources` names them."""
    rows = []
    profiles = inputs.sources.filter(kind="profile")["source"].unique().sort()
    for entry in entries:
        # What needs a field of another kind that nobody gives, no source could feed.
        possible = possible_sources(entry, inputs) if not missing_needs(entry, inputs) else []
        feeds = [find_feed(part, inputs) for part in entry.parts] if possible else []
        feeding = {source for feed in feeds if isinstance(feed, Feed) for source in feed.sources["source"]}
        beside = {*sources_beside(entry, inputs)["source"]} if feeding else set()
        parts = {
            "possible": sorted({*possible, *beside}),
            "feeding": possible if entry.measure is None else sorted(feeding | beside),
            "residents": profiles if entry.measure and entry.kind in _OF_RESIDENTS else [],
        }
        rows += [(entry.id, source, part) for part, named in parts.items() for source in named]
    return pl.DataFrame(rows, schema=_SOURCES_SCHEMA, orient="row")


def _failures(con: duckdb.DuckDBPyConnection, expectations: Sequence[Expectation]) -> list[Failure]:
    """Find what the newest failed verdicts on the tables of these expectations are about."""
    tables = {(each.layer, each.table) for each in expectations}
    verdicts = [each for each in store.recall(con) if each.closes_gate and (each.layer, each.table_name) in tables]
    return find_failures(con, verdicts, expectations)


def _affected(
    project: Project, entries: Sequence[Entry], failures: Sequence[Failure], sources: pl.DataFrame
) -> dict[str, tuple[str, ...]]:
    if not failures:
        return {}
    named: dict[str, dict[str, frozenset[str]]] = {}
    for (indicator, part), rows in sources.group_by("indicator_id", "part"):
        named.setdefault(str(indicator), {})[str(part)] = frozenset(rows["source"])
    by_indicator = {indicator: gates.Sources(**parts) for indicator, parts in named.items()}
    # What no source of the pack could feed has no figures to hold back.
    fed = [entry for entry in entries if "possible" in named.get(entry.id, {})]
    return gates.affected_indicators(resting(project, Lineage(project), fed), by_indicator, failures)


def write_published(
    con: duckdb.DuckDBPyConnection,
    project: Project,
    entries: Sequence[Entry],
    pack: CityPack,
    as_of: date,
    before: Release | None,
) -> dict[str, int]:
    """Write what is to be published: candidates, with the last release's figures where a gate is closed."""
    values, limits, changes, gaps, alarms = (con.sql(f"select * from indicators.{name}").pl() for name in PROTECTED)
    judged = [*warehouse_expectations(project), *candidate_expectations(entries, pack.protection)]
    failures = _failures(con, judged)
    sources = con.sql(f"select * from indicators.{SOURCES}").pl()
    affected = _affected(project, entries, failures, sources)
    held_back = [name for name in TABLES_BESIDE if _resting_on_the_same(name, entries) & set(affected)]
    tables = {
        table: frame.clear() if name in held_back else frame
        for name, schemas in TABLES_BESIDE.items()
        for table, frame in ((each, con.sql(f"select * from indicators.computed_{each}").pl()) for each in schemas)
    }
    # What was published under another profile may tell more than this one allows.
    if affected and before is not None and before.manifest.get("disclosure") == pack.protection.profile:
        earlier = _read_before(con, before, held_back)
        tables |= earlier.tables
    else:
        earlier = _Before()
    published = gates.carry_forward(values, earlier.values, affected, earlier.as_of)
    published_limits = gates.carry_forward_rows(limits, earlier.limits, affected)
    areas, availability = (
        con.sql(f"select * from {name}").pl() for name in ("staging.area", "indicators.availability")
    )
    beside = {name: con.sql(f"select * from indicators.{computed}").pl() for name, computed in BESIDE.items()}
    # Figures do not rest on the delays, so that no gate of theirs holds nowcasts back.
    if any(failure.table == DELAY_MEASURE for failure in failures):
        beside = {name: frame.clear() for name, frame in beside.items()}
    breaks = break_frame(pack, sources)
    break_days = {str(indicator): rows["start"].to_list() for (indicator,), rows in breaks.group_by(["indicator_id"])}
    aimed = judge_targets(
        targets_of(pack),
        published,
        published_limits,
        areas,
        {entry.id: entry.polarity for entry in entries},
        break_days,
    )
    published = aimed.values
    evaluated = interventions.evaluate(pack, published, areas, availability, as_of)
    levels = group_levels(published, tables["survey_gaps"], entries)
    index = compute_index(published, entries, areas, pack.index.rules(), levels)
    current = ~pl.col("indicator_id").is_in([*affected])
    frames = {
        "indicator_values": published,
        "indicator_limits": published_limits,
        "changes": changes.filter(current),
        "gap_charts": gates.carry_forward_rows(gaps, earlier.gaps, affected),
        "alarms": alarms.filter(current),
        "gates": gates.closed_gates(failures, affected),
        "comparisons": compare(published, entries, areas),
        "intervention_results": evaluated.results,
        "intervention_months": evaluated.months,
        "breaks": breaks,
        "targets": aimed.targets,
        "year_comparisons": compare_with_year_before(published, entries, areas, break_days, _moves_new_year(pack)),
        "index_scores": index.scores,
        "index_contributions": index.contributions,
        "coordination": index.coordination,
        "index_sensitivity": index.sensitivity,
        **games.played(pack, published),
        **{name: frame.filter(current) for name, frame in beside.items()},
        "definitions": definitions(pack, entries, sources),
        "indicator_sources": provenance.indicator_sources(
            entries, sources, con.sql("select source, kind from staging.source").pl()
        ),
        "indicator_checks": provenance.indicator_checks(con, project, entries),
    }
    tables["linkage_agencies"] = with_titles(pack, tables["linkage_agencies"])
    return _write(con, frames | tables)


@dataclass(frozen=True)
class _Before:
    """What the release before published of what is carried forward; None where it did not, or nothing is carried."""

    values: pl.DataFrame | None = None
    limits: pl.DataFrame | None = None
    gaps: pl.DataFrame | None = None
    as_of: date | None = None
    tables: dict[str, pl.DataFrame] = field(default_factory=dict)


def _read_before(con: duckdb.DuckDBPyConnection, before: Release, held_back: Sequence[str]) -> _Before:
    """Read what a release published, and of the tables beside figures those that are held back now."""
    con.execute(f"attach {literal(str(before.folder / DATABASE))} as before (read_only)")
    try:
        # A release of an older version has none.
        has_gaps = con.sql(
            "from duckdb_tables() where database_name = 'before' and table_name = 'gap_charts'"
        ).fetchall()
        return _Before(
            values=con.sql("select * from before.indicator_values").pl(),
            limits=con.sql("select * from before.indicator_limits").pl(),
            gaps=con.sql("select * from before.gap_charts").pl() if has_gaps else None,
            as_of=date.fromisoformat(before.manifest["as_of"]),
            tables={table: rows for name in held_back for table, rows in _tables_before(con, name).items()},
        )
    finally:
        con.execute("detach before")


def _tables_before(con: duckdb.DuckDBPyConnection, name: str) -> dict[str, pl.DataFrame]:
    """Read tables beside figures of the attached release; one that is older than they are has none."""
    found = con.execute("select table_name from duckdb_tables() where database_name = 'before'").fetchall()
    held = {table for (table,) in found}
    return {
        table: con.sql(f"select * from before.{table}").pl() if table in held else frame
        for table, frame in _empty(name).items()
    }


def _moves_new_year(pack: CityPack) -> bool:
    """Tell whether the city's calendar has the Spring Festival, which lies in January or in February."""
    return pack.calendar is not None and pack.calendar.country == "CN"


def _write(con: duckdb.DuckDBPyConnection, frames: dict[str, pl.DataFrame]) -> dict[str, int]:
    with transaction(con):
        for name, frame in frames.items():
            con.register("new_rows", frame)
            con.execute(f"create or replace table indicators.{name} as from new_rows")
            con.unregister("new_rows")
    return {name: len(frame) for name, frame in frames.items()}
