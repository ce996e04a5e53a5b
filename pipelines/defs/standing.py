"""How sources and their areas stand, as assets: judged from the measures, published as they are."""

from collections.abc import Iterator

import dagster as dg

from dbt_like_sql.project import load_project
from indicators.data_quality import DIMENSIONS
from pipelines import location
from pipelines.defs import checks
from pipelines.defs.resources import Warehouse
from pipelines.defs.staging import staging_key
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.publishing import figures
from pipelines.quality import standing
from pipelines.runs import run_as_of

AREA_FRESHNESS = dg.AssetKey(["quality", "area_freshness"])
QUALITY_SCORE = dg.AssetKey(["quality", "quality_score"])
Result = dg.MaterializeResult[None] | dg.AssetCheckResult


def _area_freshness(pack: CityPack) -> dg.AssetsDefinition:
    expectations = checks.of_table(*AREA_FRESHNESS.path)

    @dg.asset(
        key=AREA_FRESHNESS,
        deps=[["measures", "msr_area_day"], ["measures", "msr_source_freshness"], staging_key("area")],
        group_name="quality",
        kinds={"polars"},
        owners=OWNERS,
        description="Which areas fell silent in which source, one row per source and area.",
        check_specs=checks.check_specs(AREA_FRESHNESS, expectations),
    )
    def area_freshness(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Result]:
        rows = standing.write_area_freshness(warehouse.con, run_as_of(context, pack))
        yield dg.MaterializeResult(metadata={"dagster/row_count": rows})
        yield from checks.judged(warehouse, expectations, context.run_id)

    return area_freshness


def _quality_score(pack: CityPack) -> dg.AssetsDefinition:
    measures = sorted({dimension.measure for dimension in DIMENSIONS.values()})
    expectations = checks.of_table(*QUALITY_SCORE.path)

    @dg.asset(
        key=QUALITY_SCORE,
        deps=[
            *(["measures", name] for name in (*measures, "msr_source_span")),
            AREA_FRESHNESS,
            ["facts", "fct_profile"],
            *(staging_key(table) for table in ("area", "field_map", "severity_weight", "source")),
        ],
        group_name="quality",
        kinds={"polars"},
        owners=OWNERS,
        description="How good the data of each source are, one row per source, area, period and dimension.",
        check_specs=checks.check_specs(QUALITY_SCORE, expectations),
    )
    def quality_score(context: dg.AssetExecutionContext, warehouse: Warehouse) -> Iterator[Result]:
        inputs = figures.read_inputs(warehouse.con, load_project(), pack, run_as_of(context, pack), measures)
        rows = standing.write_quality_score(warehouse.con, load_project(), inputs)
        yield dg.MaterializeResult(metadata={"dagster/row_count": rows})
        yield from checks.judged(warehouse, expectations, context.run_id)

    return quality_score


@dg.definitions
def standing_assets() -> dg.Definitions:
    """What is known of each source and area."""
    pack = location.city_pack()
    return dg.Definitions(assets=[_area_freshness(pack), _quality_score(pack)])
