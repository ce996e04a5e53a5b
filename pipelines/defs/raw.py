"""Raw assets: one a source, its files as read."""

import dagster as dg

from pipelines import location
from pipelines.city_pack import CityPack
from pipelines.defs.resources import Warehouse
from pipelines.loading import readers
from pipelines.ownership import OWNERS


def _asset(pack: CityPack, name: str) -> dg.AssetsDefinition:
    source = pack.sources[name]

    @dg.asset(
        key=["raw", name],
        group_name="raw",
        kinds={"csv", "duckdb"},
        owners=OWNERS,
        description=f"{source.title.en}, every column as text, one row per record or malformed line. "
        f"Files: {', '.join(source.files)}.",
    )
    def raw(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        batches = readers.pull(warehouse.con, pack, name, source)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(batch.read for batch in batches),
                "batches": {batch.file: batch.batch_id for batch in batches},
                "files_read": sum(batch.is_new for batch in batches),
                "files_unchanged": sum(not batch.is_new for batch in batches),
            }
        )

    return raw


@dg.definitions
def raw_assets() -> dg.Definitions:
    """One asset for each source of the pack."""
    pack = location.city_pack()
    return dg.Definitions(assets=[_asset(pack, name) for name in pack.sources])
