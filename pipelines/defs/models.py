"""The SQL models as assets: one step a layer, every model an asset of its own with its checks."""

import graphlib
from collections.abc import Collection, Iterator, Sequence
from typing import get_args

import dagster as dg

from dbt_like_sql import built as built_models
from dbt_like_sql.dispatch import Engine
from dbt_like_sql.lineage import bundled_lineage
from dbt_like_sql.project import Identity, Model, load_project
from dbt_like_sql.run import breaches, run_model
from pipelines import location
from pipelines.defs import checks
from pipelines.defs.resources import Warehouse
from pipelines.defs.staging import staging_key
from pipelines.errors import LedgerError
from pipelines.loading import affected
from pipelines.ownership import OWNERS
from pipelines.pack.sources import Kind


def _spec(model: Model, engine: Engine, schemas: dict[str, str], absent: Collection[str]) -> dg.AssetSpec:
    upstream = {dg.AssetKey([schemas[name], name]) for name in model.depends_on}
    upstream |= {
        staging_key(table) for table in (name.rsplit(".", 1)[-1] for name in model.sources) if table not in absent
    }
    compiled = load_project(engine=engine).model(model.name)
    return dg.AssetSpec(
        key=[model.schema, model.name],
        deps=sorted(upstream),
        group_name=model.schema,
        kinds={"sql", "duckdb" if model.materialized == "view" else engine, model.materialized},
        owners=[model.owner] if model.owner else OWNERS,
        description=model.description,
        tags=dict.fromkeys(model.tags, ""),
        metadata={
            "dagster/column_schema": dg.TableSchema(
                columns=[
                    dg.TableColumn(column.name, column.data_type, description=column.description)
                    for column in model.columns
                ]
            ),
            "dagster/column_lineage": _column_lineage(model, upstream),
            "compiled_sql": dg.MetadataValue.md(f"```sql\n{compiled.compiled_sql}\n```"),
        },
    )


def _column_lineage(model: Model, upstream: Collection[dg.AssetKey]) -> dg.TableColumnLineage:
    """Return what each column is made from; columns of staging tables that the pack does not fill have no asset."""
    # In the definition, not in each run's events: all models together take a quarter of a second, and it is known
    # before the first run.
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=key, column_name=name)
                for relation, name in sorted(made_from)
                if (key := dg.AssetKey(relation.split("."))) in upstream
            ]
            for column, made_from in bundled_lineage().inputs(model).items()
        }
    )


def _last_layer(identity: Identity, order: Sequence[str], schemas: dict[str, str]) -> str:
    return max((schemas[name] for name in identity.depends_on), key=order.index)


def _ordered_layers(models: Sequence[Model], schemas: dict[str, str]) -> list[str]:
    """Return the folders of models, each after those that its models read."""
    read: dict[str, set[str]] = {}
    for model in models:
        read.setdefault(model.schema, set()).update({schemas[name] for name in model.depends_on} - {model.schema})
    return list(graphlib.TopologicalSorter(read).static_order())


def _layer(
    schema: str,
    models: Sequence[Model],
    identities: Sequence[Identity],
    engine: Engine,
    schemas: dict[str, str],
    absent: Collection[str],
) -> dg.AssetsDefinition:
    expectations = {model.name: checks.of_table(schema, model.name) for model in models}

    @dg.multi_asset(
        name=f"{schema}_models",
        specs=[_spec(model, engine, schemas, absent) for model in models],
        check_specs=[
            spec
            for model in models
            for spec in checks.check_specs(dg.AssetKey([schema, model.name]), expectations[model.name])
        ],
        can_subset=True,
    )
    def layer(
        context: dg.AssetExecutionContext, warehouse: Warehouse
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        built = [model for model in models if dg.AssetKey([schema, model.name]) in context.selected_asset_keys]
        newest = affected.newest(warehouse.con)
        with warehouse.engine.models() as spark:
            for model in built:
                done = run_model(warehouse.con, model, newest, spark)
                yield dg.MaterializeResult(
                    asset_key=[schema, model.name],
                    metadata={
                        "dagster/row_count": done.row_count,
                        "rows_made": done.rows_made,
                        "made": "whole" if done.is_whole else "affected days",
                        "seconds": round(done.seconds, 3),
                    },
                )
        affected.forget(warehouse.con, built_models.followed_by_all(warehouse.con, load_project().models))
        _check_identities(warehouse, identities)
        wanted = [
            expectation
            for model in built
            for expectation in expectations[model.name]
            if dg.AssetCheckKey(dg.AssetKey([schema, model.name]), expectation.name)
            in context.selected_asset_check_keys
        ]
        yield from checks.judged(warehouse, wanted, context.run_id)

    return layer


def _check_identities(warehouse: Warehouse, identities: Sequence[Identity]) -> None:
    """Refuse to go on where a layer does not account for all of the layer before."""
    for identity in identities:
        for account, expected, found in breaches(warehouse.con, identity):
            raise LedgerError(
                f"{account}: {expected:,} in the layer before, {found:,} here ({found - expected:+,})",
                remedy=f"nothing was published; dbt_like_sql/tests/{identity.name}.sql says what must balance, "
                "and the model's query what is lost or counted twice",
            )


@dg.definitions
def model_assets() -> dg.Definitions:
    """One multi-asset for each folder of models."""
    pack = location.city_pack()
    absent = set(get_args(Kind)) - set(pack.kinds)
    models = load_project().models
    schemas = {model.name: model.schema for model in models}
    layers = _ordered_layers(models, schemas)
    # Identities are asked of the last layer that they read.
    asked = {each: _last_layer(each, layers, schemas) for each in load_project().identities}
    return dg.Definitions(
        assets=[
            _layer(
                schema,
                [model for model in models if model.schema == schema],
                [identity for identity, last in asked.items() if last == schema],
                pack.engine,
                schemas,
                absent,
            )
            for schema in layers
        ]
    )
