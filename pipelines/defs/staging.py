"""Staging assets: the areas, and one a record kind, partitioned by time.

The partitions say which months (or days) a run judges again whether they changed or not, so that a month can be seen,
re-run and backfilled in the UI; which days really differ is found out by the load itself.
"""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg

from pipelines import location
from pipelines.defs import checks
from pipelines.defs.resources import Warehouse
from pipelines.loading import areas, ledger, records
from pipelines.loading import context as loading_context
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Kind
from pipelines.quality import windows
from pipelines.runs import run_again, run_as_of
from pipelines.warehouse import scalar

# Tables that come from the pack alone, written in one step.
CONTEXT = {
    "area": "Areas with their place in the hierarchy, one row per area.",
    "area_shape": "Names and simplified outlines of the areas, one row per area.",
    "population": "Residents by area and the day from which they hold, as the pack's own table says.",
    "severity_weight": "Severity weights that the pack declares, one row per category.",
    "source": "The pack's sources, and how long a silence of each is believable.",
    "field_map": "Which canonical fields each source maps.",
    "run_window": "The date that rules the run.",
}
# Tables that the loads of all kinds write together.
ACCOUNT = {
    ("staging", "receipt"): "What became of every record that was read, counted by source, area, day and status; "
    "the ledger of all batches must balance before anything is built on it.",
    ("staging", "affected_day"): "Which days of which records the loads have changed, until every model has followed; "
    "one row per load, kind and day.",
    ("quarantine", "record"): "Rows that broke a rule, one row per line of a delivery, with every reason.",
    ("ledger", "batch"): "What became of the rows of each batch, one row per batch.",
    ("ledger", "delivery"): "What was delivered, one row per unit and content.",
    ("ledger", "finding"): "What was found about sources as delivered, one row per source, finding and field.",
    ("ledger", "drift"): "Changes of a source's shape, one row per delivery and change.",
}


def staging_key(table: str) -> dg.AssetKey:
    """Return the key of an asset of the staging layer."""
    return dg.AssetKey(["staging", table])


def partitions(pack: CityPack) -> dg.TimeWindowPartitionsDefinition:
    """Return the months or days of a pack: to the last one where the data end, else to the current one."""
    by_day = pack.schedule.partitions == "day"
    return (dg.DailyPartitionsDefinition if by_day else dg.MonthlyPartitionsDefinition)(
        start_date=pack.first_day.isoformat(),
        end_date=pack.day_after.isoformat() if pack.day_after else None,
        timezone=pack.time_zone,
        end_offset=0 if pack.day_after else 1,
    )


def _context(pack: CityPack) -> dg.AssetsDefinition:
    expectations = {table: checks.of_table("staging", table) for table in CONTEXT}

    @dg.multi_asset(
        name="city_pack",
        specs=[
            dg.AssetSpec(
                ["staging", table], group_name="staging", kinds={"yaml", "duckdb"}, owners=OWNERS, description=about
            )
            for table, about in CONTEXT.items()
        ],
        check_specs=[spec for table in CONTEXT for spec in checks.check_specs(staging_key(table), expectations[table])],
    )
    def city_pack(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        areas.load_areas(warehouse.con, pack)
        loading_context.write_context(warehouse.con, pack, run_as_of(context, pack))
        for table in CONTEXT:
            rows = scalar(warehouse.con, f"select count(*) from staging.{table}")
            yield dg.MaterializeResult(asset_key=staging_key(table), metadata={"dagster/row_count": rows})
        yield from checks.judged(warehouse, [each for table in CONTEXT for each in expectations[table]], context.run_id)

    return city_pack


def _account(pack: CityPack) -> dg.AssetsDefinition:
    expectations = {table: checks.of_table(*table) for table in ACCOUNT}

    @dg.multi_asset(
        name="load_account",
        specs=[
            dg.AssetSpec(
                dg.AssetKey(table),
                deps=[staging_key(kind) for kind in pack.kinds],
                group_name="staging",
                kinds={"duckdb"},
                owners=OWNERS,
                description=about,
            )
            for table, about in ACCOUNT.items()
        ],
        check_specs=[spec for table in ACCOUNT for spec in checks.check_specs(dg.AssetKey(table), expectations[table])],
    )
    def account(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        ledger.check(warehouse.con)
        lines = {f"records_{column}": count for column, count in ledger.totals(warehouse.con).items()}
        for table in ACCOUNT:
            rows = {"dagster/row_count": scalar(warehouse.con, f"select count(*) from {'.'.join(table)}")}
            told = lines if table == ("staging", "receipt") else {}
            yield dg.MaterializeResult(asset_key=dg.AssetKey(table), metadata={**rows, **told})
        yield from checks.judged(warehouse, [each for table in ACCOUNT for each in expectations[table]], context.run_id)

    return account


def _kind(pack: CityPack, kind: Kind) -> dg.AssetsDefinition:
    key = staging_key(kind)
    expectations = checks.of_table("staging", kind)

    @dg.asset(
        key=key,
        deps=[staging_key("area"), *(dg.AssetKey(["raw", name]) for name in pack.of_kind(kind))],
        group_name="staging",
        kinds={"duckdb"},
        owners=OWNERS,
        description=f"Accepted {kind} records, one row per record; the others are in quarantine, all in the ledger.",
        partitions_def=partitions(pack),
        backfill_policy=dg.BackfillPolicy.single_run(),
        check_specs=checks.check_specs(key, expectations),
    )
    def staged(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        window = context.partition_time_window
        first, last = window.start.date(), window.end.date() - timedelta(days=1)
        again = run_again(context)
        if again == "everything":
            windows.forget(warehouse.con)
        load = records.load_kind(warehouse.con, pack, kind, run_as_of(context, pack), (first, last), again)
        for drift in load.drifts:
            context.log.warning(f"{drift.source} {drift.file}: {drift.suggestion}")
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "dagster/row_count": load.rows,
                "rows_judged": load.judged,
                "drift": [f"{drift.source} {drift.file}: {drift.suggestion}" for drift in load.drifts],
                "affected_days": len(load.affected_days),
                "first_affected_day": str(min(load.affected_days, default="none")),
                "last_affected_day": str(max(load.affected_days, default="none")),
            },
        )
        yield from checks.judged(warehouse, expectations, context.run_id)

    return staged


@dg.definitions
def staging_assets() -> dg.Definitions:
    """The pack's own tables, one asset for each record kind that it has sources of, and the receipts."""
    pack = location.city_pack()
    return dg.Definitions(assets=[_context(pack), *(_kind(pack, kind) for kind in pack.kinds), _account(pack)])
