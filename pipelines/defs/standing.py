"""How sources and their areas stand, as assets: judged from the measures, published as they are."""

import dagster as dg

from dbt_like_sql.project import load_project
from indicators.data_quality import DIMENSIONS
from pipelines import location
from pipelines.defs.resources import Warehouse
from pipelines.defs.staging import staging_key
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.publishing import figures
from pipelines.quality import standing
from pipelines.runs import run_as_of

AREA_FRESHNESS = dg.AssetKey(["quality", "area_freshness"])
QUALITY_SCORE = dg.AssetKey(["quality", "quality_score"])


def _area_freshness(pack: CityPack) -> dg.AssetsDefinition:
    @dg.asset(
        key=AREA_FRESHNESS,
        deps=[["measures", "msr_area_day"], ["measures", "msr_source_freshness"], staging_key("area")],
        group_name="quality",
        kinds={"polars"},
        owners=OWNERS,
        description="Which areas fell silent in which source, one row per source and area.",
    )
    def area_freshness(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        rows = standing.write_area_freshness(warehouse.con, run_as_of(context, pack))
        return dg.MaterializeResult(metadata={"dagster/row_count": rows})

    return area_freshness


def _quality_score(pack: CityPack) -> dg.AssetsDefinition:
    measures = sorted({dimension.measure for dimension in DIMENSIONS.values()})

    @dg.asset(
        key=QUALITY_SCORE,
        deps=[
            *(["measures", name] for name in (*measures, "msr_source_span")),
            ["facts", "fct_profile"],
            *(staging_key(table) for table in ("area", "field_map", "severity_weight", "source")),
        ],
        group_name="quality",
        kinds={"polars"},
        owners=OWNERS,
        description="How good the data of each source are, one row per source, area, period and dimension.",
    )
    def quality_score(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        inputs = figures.read_inputs(warehouse.con, load_project(), pack, run_as_of(context, pack), measures)
        return dg.MaterializeResult(metadata={"dagster/row_count": standing.write_quality_score(warehouse.con, inputs)})

    return quality_score


@dg.definitions
def standing_assets() -> dg.Definitions:
    """What is known of each source and area."""
    pack = location.city_pack()
    return dg.Definitions(assets=[_area_freshness(pack), _quality_score(pack)])
