"""The run of Great Expectations inside DuckDB.

What belongs here: everything that knows Great Expectations. Importing this module imports it, which takes
seconds: import it inside the function that needs it. What does not: what a declaration means, or what
follows from a failure.
"""

import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import duckdb
import sqlalchemy

from pipelines.errors import without_values
from pipelines.quality import dialect
from pipelines.quality.changes import Days, in_days
from pipelines.quality.declarations import Expectation

with warnings.catch_warnings():
    # It imports deprecated modules of the standard library.
    warnings.filterwarnings("ignore", "module 'sre_.*' is deprecated", DeprecationWarning)
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

# BASIC gives counts; a partial list of length 0 keeps rows of the table from being fetched.
_COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}
# Of a tolerated number of rows, so that 0.95 of 20 rows tolerates one.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Outcome:
    """What one expectation came to; fields as in `Verdict`."""

    success: bool
    observed: str | None = None
    failed_count: int | None = None
    exception: str | None = None


class ExpectQueryToFindNoRows(gxe.UnexpectedRowsExpectation):  # type: ignore[misc]
    """An `UnexpectedRowsExpectation` that counts the rows in DuckDB and fetches none of them.

    Of the rows of its table, or of as many as the query `out_of` says, it tolerates all but the share `mostly`.
    """

    mostly: float = 1
    out_of: str | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count", "table.row_count")

    def _validate(
        self, metrics: Mapping[str, Any], runtime_configuration: Any = None, execution_engine: Any = None
    ) -> dict[str, Any]:
        del runtime_configuration
        count = metrics["unexpected_rows_query.row_count"]
        rows = metrics["table.row_count"]
        if self.out_of is not None:
            rows = execution_engine.execute_query(sqlalchemy.text(_escaped(self.out_of))).scalar() or 0
        is_tolerated = count <= (1 - self.mostly) * rows + _ROUNDING
        return {"success": is_tolerated, "result": {"unexpected_count": count}}


def validate(
    con: duckdb.DuckDBPyConnection, expectations: Sequence[Expectation], days: Sequence[Days | None]
) -> list[Outcome]:
    """Judge expectations, each by the rows of its days, through cursors of `con`; the outcomes are in their order."""
    by_layer: dict[str, dict[tuple[str, Days | None], dict[int, Expectation]]] = {}
    for position, (expectation, window) in enumerate(zip(expectations, days, strict=True)):
        batches = by_layer.setdefault(expectation.layer, {})
        batches.setdefault((expectation.table, window), {})[position] = expectation
    outcomes: dict[int, Outcome] = {}
    dialect.register()
    with _quiet():
        context = _context()
        for layer, batches in by_layer.items():
            existing = dialect.tables(con, layer)
            relations: dict[str, dict[int, Expectation]] = {}
            views: dict[str, str] = {}
            for (table, window), chosen in batches.items():
                if table not in existing:
                    absent = Outcome(False, exception=f"{layer}.{table} does not exist, or is not committed")
                    outcomes |= dict.fromkeys(chosen, absent)
                    continue
                relation = table
                if window is not None:
                    relation = f"{table}_window_{len(views)}"
                    views[relation] = f'select * from "{layer}"."{table}" where {in_days(window)}'
                relations[relation] = chosen
            if not relations:
                continue
            source = context.data_sources.add_sql(
                name=layer, connection_string=dialect.URL, kwargs={"creator": dialect.connector(con, layer, views)}
            )
            for relation, chosen in relations.items():
                outcomes |= _validate_table(source, relation, chosen)
            source.get_engine().dispose()
    return [outcomes[position] for position in range(len(expectations))]


def _context() -> Any:
    """Make a context that lives in memory alone and sends nothing anywhere."""
    return gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False),
        ),
    )


def _validate_table(source: Any, table: str, expectations: Mapping[int, Expectation]) -> dict[int, Outcome]:
    """Judge one table in one run, so that its counts and scans are shared."""
    outcomes: dict[int, Outcome] = {}
    judged = []
    for position, expectation in expectations.items():
        try:
            judged.append(_translated(expectation, meta={"position": position}))
        except (TypeError, ValueError) as error:
            outcomes[position] = Outcome(False, exception=_one_line(str(error)))
    asset = source.add_table_asset(table, table_name=table)
    batch = asset.add_batch_definition_whole_table("whole").get_batch()
    suite = gx.ExpectationSuite(name=table, expectations=judged)
    for result in batch.validate(suite, result_format=_COUNTS_ONLY).results:
        outcomes[result.expectation_config.meta["position"]] = _outcome(result)
    return outcomes


def _translated(expectation: Expectation, meta: Mapping[str, Any]) -> Any:
    """Make the expectation of Great Expectations."""
    kwargs = dict(expectation.kwargs)
    if expectation.kind != "UnexpectedRowsExpectation":
        return getattr(gxe, expectation.kind)(**kwargs, meta=meta)
    # The table is named once, as a common table expression that the query may alias and use again.
    query = kwargs.pop("unexpected_rows_query").rstrip("; \n").replace("{batch}", "batch")
    table = "with batch as not materialized (select * from {batch})"
    whole = f"{table} select * from (\n{query}\n) as unexpected"
    return ExpectQueryToFindNoRows(unexpected_rows_query=_escaped(whole), **kwargs, meta=meta)


def _escaped(query: str) -> str:
    """Escape colons before words, which would be read as bound parameters."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", query)


def _outcome(result: Any) -> Outcome:
    """Read a result; an exception inside is an error, never merely a failure."""
    exception = "; ".join(dict.fromkeys(_exceptions(result.exception_info or {})))
    if exception:
        return Outcome(False, exception=exception)
    found = result.result
    observed = found.get("observed_value")
    # Of no row at all some kinds count none, others nothing.
    failed = int(found["unexpected_count"] or 0) if "unexpected_count" in found else None
    return Outcome(
        success=bool(result.success), observed=None if observed is None else str(observed), failed_count=failed
    )


def _exceptions(info: Mapping[str, Any]) -> Iterator[str]:
    """Find the messages in an `exception_info`, which is flat or holds one such mapping per metric."""
    if info.get("raised_exception"):
        yield _one_line(str(info.get("exception_message") or "unknown error"))
    for part in info.values():
        if isinstance(part, Mapping):
            yield from _exceptions(part)


def _one_line(message: str) -> str:
    """Shorten a message of SQLAlchemy or pydantic to what a reader of the quality page needs."""
    return without_values(re.sub(r"\s+", " ", message.partition("[SQL:")[0]).strip())


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Great Expectations from logging what the verdicts say."""
    logger = logging.getLogger("great_expectations")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
