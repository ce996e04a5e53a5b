"""Sources judged by their own past: which days of them are unusual, and which of their fields have drifted."""

from collections.abc import Iterator

import dagster as dg
import polars as pl

from dbt_like_sql.project import load_project
from pipelines import location
from pipelines.defs import checks
from pipelines.defs.resources import Warehouse
from pipelines.ownership import OWNERS
from pipelines.pack.city import CityPack
from pipelines.quality import anomalies
from pipelines.runs import run_as_of

KEYS = {table: dg.AssetKey(["quality", table]) for table in (anomalies.ANOMALY, anomalies.STABILITY)}
ABOUT = {
    anomalies.ANOMALY: "Days of the current quarter and the one before on which a source was not what weekday, season "
    "and its last weeks let expect; one row per source, day, metric and field.",
    anomalies.STABILITY: "Population stability index of each closed month against the twelve before it; one row per "
    "source, field and month.",
}
SHOWN_ROWS = 20


def _checks(source: str) -> dict[str, dg.AssetCheckSpec]:
    """Return the checks of a source by the table that each is about."""
    severity = {"severity": "warn"}
    return {
        anomalies.ANOMALY: dg.AssetCheckSpec(
            f"{source}_as_usual",
            asset=KEYS[anomalies.ANOMALY],
            description=f"No day of the last {anomalies.CHECKED_DAYS} was unusual",
            metadata=severity,
        ),
        anomalies.STABILITY: dg.AssetCheckSpec(
            f"{source}_stable",
            asset=KEYS[anomalies.STABILITY],
            description="No field has drifted much in the newest month",
            metadata=severity,
        ),
    }


def _judged(pack: CityPack) -> dg.AssetsDefinition:
    specs = {source: _checks(source) for source in anomalies.streams(pack)}
    expectations = {key: checks.of_table(*key.path) for key in KEYS.values()}
    upstream = [
        dg.AssetKey([model.schema, model.name]) for model in load_project().models if model.schema == "profiles"
    ]
    upstream += [dg.AssetKey(["measures", name]) for name in ("msr_source_day", "msr_source_span")]

    @dg.multi_asset(
        name="judged_sources",
        specs=[
            dg.AssetSpec(
                KEYS[table], deps=upstream, group_name="quality", kinds={"polars"}, owners=OWNERS, description=about
            )
            for table, about in ABOUT.items()
        ],
        check_specs=[
            *(spec for of_source in specs.values() for spec in of_source.values()),
            *(spec for key, of_table in expectations.items() for spec in checks.check_specs(key, of_table)),
        ],
    )
    def judged(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        as_of = run_as_of(context, pack)
        found = anomalies.judge_sources(warehouse.con, pack, as_of)
        for table, rows in ((anomalies.ANOMALY, found.anomalies), (anomalies.STABILITY, found.stability)):
            yield dg.MaterializeResult(asset_key=KEYS[table], metadata={"dagster/row_count": rows.height})
        for source, of_source in specs.items():
            yield _result(of_source[anomalies.ANOMALY], found.recent(source, as_of).sort("day", descending=True))
            yield _result(of_source[anomalies.STABILITY], found.drifted(source))
        yield from checks.judged(warehouse, [each for own in expectations.values() for each in own], context.run_id)

    return judged


def _result(spec: dg.AssetCheckSpec, rows: pl.DataFrame) -> dg.AssetCheckResult:
    # Values stay in the warehouse, where small counts do no harm.
    told = [name for name in rows.columns if name not in ("source", "value")]
    lines = [" ".join(f"{name} {row[name]}" for name in told if row[name] is not None) for row in rows.to_dicts()]
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=rows.is_empty(),
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"found": rows.height, "rows": lines[:SHOWN_ROWS]},
    )


@dg.definitions
def anomaly_assets() -> dg.Definitions:
    """Unusual days and drift of the pack's sources."""
    return dg.Definitions(assets=[_judged(location.city_pack())])
