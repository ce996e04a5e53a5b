"""The release: an immutable copy of what is published, switched to when it is whole."""

import dagster as dg

from indicators.catalogue.reading import load_catalogue
from pipelines import location
from pipelines.defs import anomalies
from pipelines.defs.figures import PUBLISHED
from pipelines.defs.resources import Warehouse
from pipelines.defs.standing import AREA_FRESHNESS, QUALITY_SCORE
from pipelines.loading import record_changes
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.publishing import due, faulty_rows, release, retention, tables, tellings
from pipelines.publishing.allowed import Allowed
from pipelines.runs import run_as_of, run_trigger


def _release(pack: CityPack) -> dg.AssetsDefinition:
    @dg.asset(
        key=["publishing", "release"],
        deps=[
            *(dg.AssetKey(["indicators", table]) for table in PUBLISHED),
            ["staging", "receipt"],
            AREA_FRESHNESS,
            QUALITY_SCORE,
            *anomalies.KEYS.values(),
        ],
        group_name="publishing",
        kinds={"duckdb", "file"},
        owners=OWNERS,
        description="What the dashboard serves. A run that changes nothing makes no new release.",
    )
    def published_release(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        entries, as_of = load_catalogue(), run_as_of(context, pack)
        availability = warehouse.con.sql("select * from indicators.availability").pl()
        warehouse.con.register("catalogue_rows", tables.catalogue_frame(entries, availability))
        failures = faulty_rows.held_back(warehouse.con)
        if not pack.protection.is_exact:
            # Before anyone can read it: a run that ends in between must not leave told what the next one does not know.
            tellings.note(warehouse.con, pack.protection.profile)
        made = release.publish(
            warehouse.folder,
            warehouse.con,
            faulty_rows.without_held_back(warehouse.con, tables.release_queries(pack), failures),
            tables.release_facts(pack, entries, as_of),
            tables.release_about(warehouse.con, pack.protection, run_trigger(context.run.tags), context.run_id),
            allowed=Allowed.of(pack),
            publish_at=due.publish_at(pack, as_of),
        )
        warehouse.con.unregister("catalogue_rows")
        record_changes.note_release(warehouse.con, made.release_id)
        removed = retention.remove_old(warehouse.folder, pack.releases)
        record_changes.forget(warehouse.con, [each.release_id for each in release.listing(warehouse.folder)])
        return dg.MaterializeResult(
            metadata={
                "release_id": made.release_id,
                "is_new": made.is_new,
                "content_hash": made.manifest["content_hash"],
                "previous": str(made.manifest["previous"]),
                "publish_at": str(made.manifest["publish_at"] or "at once"),
                "removed": ", ".join(removed) or "none",
                "held_back": ", ".join(each.reason for each in failures) or "none",
            }
        )

    return published_release


@dg.definitions
def release_assets() -> dg.Definitions:
    """The release of the pack's city."""
    return dg.Definitions(assets=[_release(location.city_pack())])
