"""What a release holds: its tables as queries on the warehouse, and the facts of its manifest.

What may stand in the columns is declared in `allowed.yml`: free text, keys and exact coordinates may not.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib.metadata import version

import duckdb
import polars as pl

from indicators.catalogue.entries import Entry
from indicators.disclosure import Disclosure
from pipelines.fingerprint import code_hash
from pipelines.pack.city import CityPack
from pipelines.publishing import due
from pipelines.publishing.allowed import declared_words
from pipelines.publishing.protecting import protected
from pipelines.publishing.provenance import batch_months
from pipelines.quality import store
from pipelines.warehouse import literal, one_row

FIGURES_ORDER = "order by period_kind, year(period_start), indicator_id, area_id, period_start"
"""Order of the long tables: what is asked for together lies together, be it all areas in a period, or all indicators
of an area; of a series there is a piece in every year. By indicator first, reading a scorecard took thrice as long.
"""
QUERIES = {
    "indicator_values": f"select * from indicators.indicator_values {FIGURES_ORDER}",
    "indicator_limits": f"select * from indicators.indicator_limits {FIGURES_ORDER}",
    "changes": "select * from indicators.changes order by position",
    "comparisons": f"select * from indicators.comparisons {FIGURES_ORDER}",
    "intervention_results": "select * from indicators.intervention_results order by intervention_id",
    "intervention_months": "select * from indicators.intervention_months order by intervention_id, month",
    "index_scores": "select * from indicators.index_scores "
    "order by area_level, period_kind, period_start, area_id, scope",
    "index_contributions": "select * from indicators.index_contributions "
    "order by area_level, period_kind, period_start, area_id, indicator_id",
    "coordination": "select * from indicators.coordination "
    "order by area_level, period_kind, period_start, area_id, parts",
    "index_sensitivity": "select * from indicators.index_sensitivity "
    "order by area_level, period_kind, period_start, choice",
    "survey_waves": "select * from indicators.survey_waves order by first_day, wave",
    "survey_margins": "select * from indicators.survey_margins order by all",
    "survey_estimates": "select * from indicators.survey_estimates order by all",
    "survey_gaps": "select * from indicators.survey_gaps order by all",
    "survey_reliability": "select * from indicators.survey_reliability order by all",
    "survey_importance": "select * from indicators.survey_importance order by all",
    "linkage": "select * from indicators.linkage order by area_level, area_id, statistic",
    "linkage_agencies": "select * from indicators.linkage_agencies order by area_id, agency",
    "linkage_pairs": "select * from indicators.linkage_pairs order by area_id, from_agency, to_agency",
    "games": "select * from indicators.games order by position",
    "game_parameters": "select * from indicators.game_parameters order by game_id, position",
    "game_scenarios": "select * from indicators.game_scenarios order by game_id, position",
    "game_rest_points": "select * from indicators.game_rest_points order by game_id, scenario_id, point",
    "game_thresholds": "select * from indicators.game_thresholds "
    "order by game_id, scenario_id, parameter_id, profile, low nulls first",
    "game_sensitivity": "select * from indicators.game_sensitivity order by game_id, scenario_id, parameter_id",
    "nowcasts": "select * from indicators.nowcasts order by area_id, indicator_id, period_kind, period_start",
    "reporting_delays": "select * from indicators.reporting_delays order by indicator_id, delay_days",
    "revisions": "select * from indicators.revisions "
    "order by area_id, indicator_id, period_kind, period_start, sequence",
    "alarms": "select * from indicators.alarms order by area_id, indicator_id, period_kind",
    "gap_charts": "select * from indicators.gap_charts order by area_id, indicator_id, day, is_open",
    "breaks": "select * from indicators.breaks order by indicator_id, start, break_id",
    "targets": "select * from indicators.targets order by indicator_id, area_id",
    "year_comparisons": "select * from indicators.year_comparisons "
    "order by area_id, indicator_id, period_kind, period_start",
    "areas": """
        with resident as (
            select area_id, arg_max(population, valid_from) as population from facts.fct_profile group by area_id
        )
        select area.area_id, area.parent_id, area.geography, area.area_level, shape.title_en, shape.title_zh,
            resident.population, area.is_unallocated, shape.geometry
        from staging.area as area
        join staging.area_shape as shape using (area_id)
        left join resident using (area_id)
        order by area.area_level, shape.position, area.area_id
    """,
    # Of a file that the pack names by a path of this machine only the name is told.
    "ledger": """
        select source, batch_id, batch."read", accepted, quarantined, duplicate, superseded, merged, deferred,
            replaced, deleted, coalesce(is_current, false) as is_current,
            case when regexp_matches(file, '^([/\\\\~]|[A-Za-z]:)') then parse_filename(file) else file end as file,
            loaded_at
        from ledger.batch as batch left join ledger.delivery as delivery using (source, batch_id)
        order by source, batch_id
    """,
    "batch_months": batch_months(),
    "indicator_sources": "select * from indicators.indicator_sources order by all",
    "indicator_checks": "select * from indicators.indicator_checks order by all",
    "quarantine_summary": """
        select source, kind, reason, nullif(field, '') as field, count(*) as row_count,
            arg_min(file, (file, line)) as example_file, arg_min(line, (file, line)) as example_line
        from (
            select source, kind, split_part(unnest(reasons), ':', 1) as reason, unnest(fields) as field, file, line
            from quarantine.record
        )
        group by source, kind, reason, field order by row_count desc, source, reason
    """,
    "expectation_results": f"""
        select newest.* exclude (as_of), failing_since
        from ({store.NEWEST}) as newest
        left join ({store.FAILING_SINCE}) using (layer, table_name, expectation)
        order by layer, table_name, expectation
    """,
    "expectation_history": f"""
        select as_of, layer, table_name, expectation, severity, success, exception is null as was_judged, failed_count
        from ({store.BY_DATE}) order by as_of, layer, table_name, expectation
    """,
    "gates": "select * from indicators.gates order by all",
    "source_span": "select source, first_day, last_day, records from measures.msr_source_span order by all",
    "source_month": "select source, month, records, expected, status from measures.msr_source_month order by all",
    "area_freshness": "select * from quality.area_freshness order by source, area_id",
    "quality_score": "select * from quality.quality_score "
    "order by source, period_kind, area_id, period_start, dimension",
    "source_finding": "select * from ledger.finding order by all",
    "source_stability": "select * from quality.stability order by all",
    "source_drift": """
        select drift.source, delivery.file, drift.what, drift.column_name, drift.field, drift.rows, drift.share_ppm,
            drift.suggestion, drift.policy
        from ledger.drift as drift
        join ledger.delivery as delivery using (source, batch_id)
        where delivery.is_current order by all
    """,
}


def _anomalies(pack: CityPack) -> str:
    """Compose the query of unusual days: a category is named where none or at least 8 of the records have it.

    Never by a salted hash; and where not every record is public already, by no word but those that the pack declares.
    """
    may_be_named = "not regexp_full_match(value, '[0-9a-f]{32}')"
    if pack.protection.profile != "open":
        declared = ", ".join(
            f"({literal(name)}, {literal(field)}, {literal(word)})"
            for name, source in pack.sources.items()
            for field, word in declared_words(source)
        )
        may_be_named = f"field = 'area_id' or {f'(source, field, value) in ({declared})' if declared else 'false'}"
    return f"""
        select source, day, days, metric, field,
            case when metric <> 'mix' then value
                when round(observed * records) between 1 and 7 then null
                when {may_be_named} then value end as value,
            records, observed, expected, low, high, p_value, direction
        from quality.anomaly order by all
    """


def release_queries(pack: CityPack) -> dict[str, str]:
    """Return the query of every table, in the order in which they are written.

    `indicator_catalogue` reads `catalogue_rows`, which the caller registers from `catalogue_frame`.
    """
    titles = ", ".join(
        f"({literal(name)}, {literal(source.title.en)}, {literal(source.title.zh)})"
        for name, source in pack.sources.items()
    )
    return {
        **protected({**QUERIES, "source_anomaly": _anomalies(pack)}, pack.protection),
        "source_freshness": f"""
            select source, title_en, title_zh, kind, geography, first_day, last_day, days_behind, status,
                silent_after_days
            from measures.msr_source_freshness
            join (values {titles}) as titled(source, title_en, title_zh) using (source)
            order by source
        """,
        "indicator_catalogue": "select catalogue_rows.*, definition_hash, settings_hash, definition "
        "from catalogue_rows left join indicators.definitions using (indicator_id) order by position",
    }


def catalogue_frame(entries: Sequence[Entry], availability: pl.DataFrame) -> pl.DataFrame:
    """Return `indicator_catalogue`: the entries, in the catalogue's order, with what this pack can carry."""
    rows = [
        {
            "position": position,
            "indicator_id": entry.id,
            "title_en": entry.title.en,
            "title_zh": entry.title.zh,
            "about_en": entry.about.en,
            "about_zh": entry.about.zh,
            "dimension": entry.dimension,
            "subject": entry.subject,
            "polarity": entry.polarity,
            "unit": entry.unit,
            "decimals": entry.decimals,
            "formula_en": entry.formula.en,
            "formula_zh": entry.formula.zh,
            "interval_method": entry.interval,
            "min_denominator": entry.min_denominator,
            "needs": json.dumps(list(entry.needs)),
            "period_kinds": json.dumps(list(entry.period_kinds)),
            "reference": entry.reference,
            "caveats_en": entry.caveats.en,
            "caveats_zh": entry.caveats.zh,
            "intended_use_en": entry.intended_use.en,
            "intended_use_zh": entry.intended_use.zh,
            "forbidden_use_en": entry.forbidden_use.en,
            "forbidden_use_zh": entry.forbidden_use.zh,
            "gaming_en": entry.gaming.en,
            "gaming_zh": entry.gaming.zh,
        }
        for position, entry in enumerate(entries)
    ]
    return pl.DataFrame(rows).join(availability, on="indicator_id", how="left", maintain_order="left")


def release_facts(pack: CityPack, entries: Sequence[Entry], as_of: date) -> dict[str, object]:
    """Return what the manifest and `release_info` say beside id and hashes."""
    catalogue = json.dumps([entry.model_dump(mode="json") for entry in entries], sort_keys=True)
    return {
        "city": pack.name,
        "title_en": pack.title.en,
        "title_zh": pack.title.zh,
        "as_of": as_of.isoformat(),
        "time_zone": pack.time_zone,
        "language": pack.language,
        "attribution_en": pack.attribution.en,
        "attribution_zh": pack.attribution.zh,
        "publish_at": _instant(due.publish_at(pack, as_of)),
        "next_due": _instant(due.next_due(pack, as_of)),
        "disclosure": pack.protection.profile,
        "code_version": version("wardlight"),
        "pack_hash": pack.pack_hash,
        "catalogue_hash": hashlib.sha256(catalogue.encode()).hexdigest()[:16],
    }


def _instant(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat()


def release_about(
    con: duckdb.DuckDBPyConnection, disclosure: Disclosure, trigger: str, run_id: str
) -> dict[str, object]:
    """Return what the manifest says of how a release came about: code, data window, quality, trigger and run."""
    first, last = one_row(con, "select min(first_day), max(last_day) from measures.msr_source_span")
    passed, failed, broken = one_row(
        con,
        "select count(*) filter (where success), count(*) filter (where not success and exception is null), "
        f"count(*) filter (where exception is not null) from ({store.NEWEST})",
    )
    ledger = protected({"ledger": QUERIES["ledger"]}, disclosure)["ledger"]
    read, accepted, quarantined = one_row(
        con,
        f'select sum("read")::bigint, sum(accepted)::bigint, sum(quarantined)::bigint from ({ledger}) where is_current',
    )
    figures = con.execute("select status, count(*) from indicators.indicator_values group by all order by all")
    return {
        "code_hash": code_hash(),
        "data_window": {"first_day": first and first.isoformat(), "last_day": last and last.isoformat()},
        "quality": {
            "records": {"read": read, "accepted": accepted, "quarantined": quarantined},
            "expectations": {"passed": passed, "failed": failed, "broken": broken},
            "figures": dict(figures.fetchall()),
        },
        "trigger": trigger,
        "run_id": run_id,
    }
