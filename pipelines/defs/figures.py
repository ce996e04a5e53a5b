"""Indicators: computed from the measures, judged, and made ready to publish."""

from collections.abc import Iterator, Mapping, Sequence

import dagster as dg

from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from indicators.footprints import FOOTPRINTS
from pipelines import location
from pipelines.defs import checks
from pipelines.defs.resources import Warehouse
from pipelines.defs.staging import staging_key
from pipelines.fingerprint import code_hash
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.publishing import figures, release, revisions
from pipelines.quality.declarations import Expectation
from pipelines.runs import run_as_of
from pipelines.warehouse import scalar

COMPUTED = {
    "computed_values": "Every figure of the catalogue for every area and period, with intervals, bounds and signals; "
    "one row per indicator, area and period.",
    "computed_limits": "Centre and limits of the XmR charts, one row per charted point.",
    "computed_changes": "What changed, under one false-discovery control, one row per listed change.",
}
PROTECTED = {
    "protected_values": "The same figures from the counts that may be shown; as computed where the pack protects none.",
    "protected_limits": "Charts of the figures from the counts that may be shown.",
}
PUBLISHED = {
    "indicator_values": "The figures to publish: as computed, or carried forward as stale where an expectation failed.",
    "indicator_limits": "Centre and limits of the charts to publish, one row per charted point.",
    "changes": "What changed, without what a gate holds back, one row per listed change.",
    "gap_charts": "Days between events too rare for a chart by the month, one row per gap.",
    "alarms": "The latest week and month held against season and weekday, one row per series.",
    "gates": "Gates that failed expectations have closed, one row per gate.",
    "comparisons": "Areas within their funnels, with rank intervals, one row per indicator, period and area.",
    "intervention_results": "What declared interventions did, one row per intervention.",
    "intervention_months": "Months before and after, one row per intervention and month.",
    "breaks": "Breaks that the pack declares, one row per break and indicator.",
    "targets": "Declared targets and how far they are, one row per indicator and area.",
    "year_comparisons": "Figures beside those of a year before, one row per indicator, period and area.",
    "index_scores": "Composite scores with intervals and ranks, one row per area, period and scope.",
    "index_contributions": "What each indicator gives to a score, one row per area, period and indicator.",
    "coordination": "How well dimensions do together, one row per area, period and set of dimensions.",
    "index_sensitivity": "Which choice of method ranks hang on, one row per level, period and choice.",
    "linkage": "How closely agencies work together, with change, one row per area and statistic.",
    "linkage_agencies": "Agencies and how they are linked, one row per area and agency.",
    "linkage_pairs": "Ways of hand-off and their delays, one row per area and way.",
    "survey_waves": "Waves of the survey and their weighting, one row per wave.",
    "survey_margins": "Classes of the population before and after weighting, one row per wave, margin and class.",
    "survey_estimates": "Weighted answers with intervals, one row per wave, area, group and question.",
    "survey_gaps": "Residents less new citizens, one row per area, question and year.",
    "survey_reliability": "Reliability of scales, one row per area, year, foundation and item.",
    "survey_importance": "Importance and performance, one row per area, year and foundation.",
    "games": "Games that the pack declares, or the example, one row per game.",
    "game_parameters": "Parameters of games and where they come from, one row per game and parameter.",
    "game_scenarios": "Where games end in each scenario, one row per game and scenario.",
    "game_rest_points": "States in which nothing moves, one row per game, scenario and state.",
    "game_thresholds": "Ranges of parameters in which a profile is stable, one row per range.",
    "game_sensitivity": "What a parameter moves, one row per game, scenario and parameter.",
    "nowcasts": "What recent counts will be at maturity, one row per indicator, area and period.",
    "reporting_delays": "How late records are made, one row per indicator and delay.",
    "definitions": "Hashes of what defines each indicator, one row per indicator.",
    "indicator_sources": "Sources behind each indicator and how they count, one row per indicator, source and part.",
    "indicator_checks": "Expectations that would hold an indicator back, one row per indicator and expectation.",
    "revisions": "Figures of periods that were over that have changed since an earlier release, one row per revision.",
}


def _specs(
    tables: Mapping[str, str], deps: Sequence[dg.AssetKey | list[str]]
) -> tuple[list[dg.AssetSpec], list[dg.AssetCheckSpec], list[Expectation]]:
    """Return the specs of tables of the layer, those of their checks, and the expectations behind these."""
    expectations = {table: checks.of_table("indicators", table) for table in tables}
    specs = [
        dg.AssetSpec(
            ["indicators", table],
            deps=deps,
            group_name="indicators",
            kinds={"polars"},
            owners=OWNERS,
            description=about,
        )
        for table, about in tables.items()
    ]
    asked = [
        spec
        for table, of_table in expectations.items()
        for spec in checks.check_specs(dg.AssetKey(["indicators", table]), of_table)
    ]
    return specs, asked, [each for of_table in expectations.values() for each in of_table]


def _computed(pack: CityPack) -> dg.AssetsDefinition:
    tables = COMPUTED if pack.protection.is_exact else COMPUTED | PROTECTED
    # Extracts, too: they are judged before anything is published.
    bounded = [model for model in load_project().models if model.schema in ("measures", "extracts")]
    upstream = [
        *(dg.AssetKey([model.schema, model.name]) for model in bounded),
        dg.AssetKey(["facts", "fct_profile"]),
        *(staging_key(table) for table in ("area", "severity_weight", "field_map", "source")),
    ]

    specs, asked, expectations = _specs(tables, upstream)

    @dg.multi_asset(name="computed_figures", specs=specs, check_specs=asked)
    def computed(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        inputs = figures.read_inputs(warehouse.con, load_project(), pack, run_as_of(context, pack))
        rows = figures.write_computed(warehouse.con, load_project(), load_catalogue(), inputs, pack.protection)
        for table in tables:
            yield dg.MaterializeResult(asset_key=["indicators", table], metadata={"dagster/row_count": rows[table]})
        yield from checks.judged(warehouse, expectations, context.run_id)

    return computed


def _published(pack: CityPack) -> dg.AssetsDefinition:
    specs, asked, expectations = _specs(PUBLISHED, [["indicators", table] for table in COMPUTED])

    @dg.multi_asset(name="published_figures", specs=specs, check_specs=asked)
    def published(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        before = release.linked(warehouse.folder)
        as_of = run_as_of(context, pack)
        catalogue = load_catalogue()
        rows = figures.write_published(warehouse.con, load_project(), catalogue, pack, as_of, before)
        making = revisions.Making(
            release.next_sequence(warehouse.folder),
            as_of,
            code_hash(),
            pack.protection.profile,
            {entry.id: FOOTPRINTS[entry.kind] for entry in catalogue if entry.is_computed},
        )
        revised = revisions.write(warehouse.con, before, making, pack.releases.revision_days)
        rows["revisions"] = scalar(warehouse.con, f"select count(*) from {revisions.TABLE}")
        for table in PUBLISHED:
            told = {"revised_figures": revised} if table == "revisions" else {}
            yield dg.MaterializeResult(
                asset_key=["indicators", table], metadata={"dagster/row_count": rows[table], **told}
            )
        yield from checks.judged(warehouse, expectations, context.run_id)

    return published


@dg.definitions
def indicator_assets() -> dg.Definitions:
    """The candidates and the figures to publish."""
    pack = location.city_pack()
    return dg.Definitions(assets=[_computed(pack), _published(pack)])
