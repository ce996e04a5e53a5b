"""Indicators: computed from the measures, judged, and made ready to publish."""

from collections.abc import Iterator

import dagster as dg

from dbt_like_sql.project import load_project
from indicators.catalogue.reading import load_catalogue
from pipelines import location
from pipelines.defs import checks
from pipelines.defs.resources import Warehouse
from pipelines.defs.staging import staging_key
from pipelines.fingerprint import code_hash
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.publishing import figures, release, revisions
from pipelines.runs import run_as_of

COMPUTED = {
    "computed_values": "Every figure of the catalogue for every area and period, with intervals, bounds and signals; "
    "one row per indicator, area and period.",
    "computed_limits": "Centre and limits of the XmR charts, one row per charted point.",
    "computed_changes": "What changed, under one false-discovery control, one row per listed change.",
}
PUBLISHED = dg.AssetKey(["indicators", "indicator_values"])


def _computed(pack: CityPack) -> dg.AssetsDefinition:
    expectations = [each for table in COMPUTED for each in checks.of_table("indicators", table)]
    # Extracts, too: they are judged before anything is published.
    bounded = [model for model in load_project().models if model.schema in ("measures", "extracts")]
    upstream = [
        *(dg.AssetKey([model.schema, model.name]) for model in bounded),
        dg.AssetKey(["facts", "fct_profile"]),
        *(staging_key(table) for table in ("area", "severity_weight", "field_map", "source")),
    ]

    @dg.multi_asset(
        name="computed_figures",
        specs=[
            dg.AssetSpec(
                ["indicators", table],
                deps=upstream,
                group_name="indicators",
                kinds={"polars"},
                owners=OWNERS,
                description=about,
            )
            for table, about in COMPUTED.items()
        ],
        check_specs=[
            spec
            for table in COMPUTED
            for spec in checks.check_specs(
                dg.AssetKey(["indicators", table]), [each for each in expectations if each.table == table]
            )
        ],
    )
    def computed(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        inputs = figures.read_inputs(warehouse.con, load_project(), pack, run_as_of(context, pack))
        rows = figures.write_computed(warehouse.con, load_project(), load_catalogue(), inputs, pack.protection)
        for table in COMPUTED:
            yield dg.MaterializeResult(asset_key=["indicators", table], metadata={"dagster/row_count": rows[table]})
        yield from checks.judged(warehouse, expectations, context.run_id)

    return computed


def _published(pack: CityPack) -> dg.AssetsDefinition:
    @dg.asset(
        key=PUBLISHED,
        deps=[["indicators", table] for table in COMPUTED],
        group_name="indicators",
        kinds={"polars"},
        owners=OWNERS,
        description="The figures to publish: as computed, or carried forward as stale where an expectation failed.",
    )
    def published(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        before = release.linked(warehouse.folder)
        as_of = run_as_of(context, pack)
        rows = figures.write_published(warehouse.con, load_project(), load_catalogue(), pack, as_of, before)
        making = revisions.Making(release.next_sequence(warehouse.folder), as_of, code_hash(), pack.protection.profile)
        revised = revisions.write(warehouse.con, before, making, pack.releases.revision_days)
        return dg.MaterializeResult(
            metadata={"dagster/row_count": rows["indicator_values"], **rows, "revised_figures": revised}
        )

    return published


@dg.definitions
def indicator_assets() -> dg.Definitions:
    """The candidates and the figures to publish."""
    pack = location.city_pack()
    return dg.Definitions(assets=[_computed(pack), _published(pack)])
