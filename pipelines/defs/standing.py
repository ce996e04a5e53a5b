"""How sources and their areas stand, as assets: computed from the measures, published as they are."""

import dagster as dg

from pipelines import location
from pipelines.defs.resources import Warehouse
from pipelines.defs.staging import staging_key
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.quality import standing
from pipelines.runs import run_as_of

AREA_FRESHNESS = dg.AssetKey(["quality", "area_freshness"])


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


@dg.definitions
def standing_assets() -> dg.Definitions:
    """What is known of each source and area."""
    return dg.Definitions(assets=[_area_freshness(location.city_pack())])
