"""A small warehouse: source tables as declared, rows with every column that a test does not care about."""

import functools
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from dbt_like_sql.project import Project, load_project
from dbt_like_sql.run import run_model

FIRST_TIME = {
    "incident": "occurred_at",
    "patrol": "started_at",
    "service": "opened_at",
    "handoff": "requested_at",
    "participation": "started_at",
    "survey": "answered_at",
    "profile": "valid_from",
}


class Warehouse:
    def __init__(self, project: Project, database: str | Path = ":memory:") -> None:
        self.project = project
        self.con = duckdb.connect(database)
        self.con.execute("create schema staging")
        self._ids = 0
        for source in project.sources:
            columns = ", ".join(f"{name} {kind}" for name, kind in project.source_columns(source.name).items())
            self.con.execute(f"create table {source.schema}.{source.name} ({columns})")

    def insert(self, table: str, **values: Any) -> None:
        self.con.execute(
            f"insert into staging.{table} ({', '.join(values)}) values ({', '.join('?' * len(values))})",
            list(values.values()),
        )

    def insert_rows(self, table: str, rows: list[dict[str, Any]]) -> None:
        """Insert many rows at once."""
        self.con.register("given", pa.Table.from_pylist(rows))
        self.con.execute(f"insert into staging.{table} by name select * from given")
        self.con.unregister("given")

    def source(self, name: str, kind: str, geography: str = "precinct", silent_after_days: int = 14) -> None:
        self.insert("source", source=name, kind=kind, geography=geography, silent_after_days=silent_after_days)

    def run_window(self, as_of: date) -> None:
        self.insert("run_window", as_of=as_of)

    def record(self, kind: str, local: datetime, copies: int = 1, **values: Any) -> None:
        """Insert a record that starts at `local`, local time being UTC; copies get ids of their own."""
        self._ids += 1
        first = FIRST_TIME[kind].removesuffix("_at")
        for name in [name for name in values if name.endswith("_local")]:
            values[name.removesuffix("local") + "day"] = values[name].date()
            instant = name.removesuffix("_local") if "until" in name else name.removesuffix("local") + "at"
            values[instant] = values[name]
        defaults = {
            "source": f"{kind}s",
            "batch_id": "b",
            "line": self._ids,
            f"{kind}_id": f"id{self._ids}",
            "geography": "precinct",
            "area_id": "precinct:1",
            "day": local.date(),
            "known_day": local.date(),
            "settled_day": local.date(),
            "time_precision": "second",
            "required_cells": 10,
            "filled_cells": 9,
            FIRST_TIME[kind]: local,
            f"{first}_local": local,
            f"{first}_day": local.date(),
        }
        self.insert(kind, **(defaults | values))
        if copies == 1:
            return
        self.con.execute(
            f"""
            insert into staging.{kind}
            select records.* replace (records.{kind}_id || '-' || n as {kind}_id)
            from staging.{kind} as records cross join range(1, {copies}) as copies (n)
            where records.line = {self._ids}
            """
        )

    def build(self, *names: str) -> None:
        """Build the models of these names and all that they read; without names, all models."""
        wanted = set(names) or {model.name for model in self.project.models}
        for model in reversed(self.project.models):
            if model.name in wanted:
                wanted |= set(model.depends_on)
        for model in self.project.models:
            if model.name in wanted:
                run_model(self.con, model)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.sql(query).fetchall()


@pytest.fixture(scope="session")
def project() -> Project:
    return load_project()


@pytest.fixture
def warehouse(project: Project) -> Iterator[Warehouse]:
    built = Warehouse(project)
    yield built
    built.con.close()


@pytest.fixture(scope="session")
def new_warehouse(project: Project) -> Any:
    """Make warehouses inside a test that needs one per example, or one in a file."""
    return functools.partial(Warehouse, project)
