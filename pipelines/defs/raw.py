"""Raw assets: one a source, its records as read."""

import dagster as dg

from pipelines import location
from pipelines.defs.resources import Warehouse
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Source
from pipelines.progress import pulling_bar
from pipelines.pulling.personal import home_salt
from pipelines.pulling.pull import pull_source
from pipelines.runs import run_window


def _origin(source: Source) -> tuple[str, str]:
    """Return the kind and the place that a source's records come from; addresses may hold secrets and stay out."""
    if source.files:
        return source.format.reader, f"Files: {', '.join(source.files)}."
    return ("sql", "A query on a database.") if source.database else ("api", "A web service.")


def _asset(pack: CityPack, name: str) -> dg.AssetsDefinition:
    source = pack.sources[name]
    kind, place = _origin(source)

    @dg.asset(
        key=["raw", name],
        group_name="raw",
        kinds={kind, "duckdb"},
        owners=OWNERS,
        description=f"{source.title.en}, every column as text, one row per record or malformed line. {place}",
    )
    def raw(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        salt = home_salt(warehouse.folder) if source.personal else None
        with pulling_bar(name) as report:
            batches = pull_source(warehouse.con, pack, name, run_window(context, pack), salt, report)
        return dg.MaterializeResult(
            metadata={
                "dagster/row_count": sum(batch.read for batch in batches),
                "batches": {batch.file: batch.batch_id for batch in batches},
                "files_read": sum(batch.is_new for batch in batches),
                "files_unchanged": sum(not batch.is_new for batch in batches),
                "files_missing": [batch.file for batch in batches if batch.is_missing],
            }
        )

    return raw


@dg.definitions
def raw_assets() -> dg.Definitions:
    """One asset for each source of the pack."""
    pack = location.city_pack()
    return dg.Definitions(assets=[_asset(pack, name) for name in pack.sources])
