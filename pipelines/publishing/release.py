"""Releases: built aside, made complete, checked, made durable, and pointed to by one atomic rename.

A release is a folder `releases/<release_id>/` with `release.duckdb` and `manifest.json`. Its id comes from its
content, so identical content makes no new release. What goes into the tables is decided in `tables.py`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import ReleaseError
from pipelines.publishing.content_hash import content_hash
from pipelines.warehouse import columns, literal, quoted, scalar

DATABASE = "release.duckdb"
MANIFEST = "manifest.json"
CURRENT = "current"
# Columns that say which run wrote a row and what earlier ones found, not what it holds.
LEFT_OUT = frozenset({"run_id", "failing_since", "examined", "loaded_at"})
# Tables of what earlier runs found: their hashes are in the manifest, yet another past is no other content.
OF_EARLIER_RUNS = frozenset({"expectation_history", "revisions"})


@dataclass(frozen=True)
class Release:
    """A published release."""

    release_id: str
    folder: Path
    manifest: dict[str, Any]
    is_new: bool


def _releases(home: Path) -> Path:
    return home / "releases"


def current(home: Path) -> Release | None:
    """Return the release that is served, or None before the first."""
    link = _releases(home) / CURRENT
    if not link.is_symlink():
        return None
    return load(home, link.readlink().name)


def load(home: Path, release_id: str) -> Release:
    """Return a release by its id.

    Raises
    ------
    ReleaseError
        If there is no such release, or it is not whole.
    """
    folder = _releases(home) / release_id
    try:
        if release_id == CURRENT or Path(release_id).name != release_id:
            raise ValueError(f"{release_id!r} is no release id")
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReleaseError(
            f"there is no whole release {release_id}",
            file=folder,
            remedy="`wardlight release list` shows the releases that there are",
        ) from error
    return Release(release_id, folder, manifest, is_new=False)


def listing(home: Path) -> list[Release]:
    """Return every release, the newest last."""
    found = [
        load(home, path.parent.name)
        for path in _releases(home).glob(f"[!.]*/{MANIFEST}")
        if path.parent.name != CURRENT
    ]
    return sorted(found, key=lambda release: int(release.manifest["sequence"]))


def next_sequence(home: Path) -> int:
    """Return the number that the next release will have; numbers are not used again while the last release stays."""
    return max((int(release.manifest["sequence"]) for release in listing(home)), default=0) + 1


def publish(
    home: Path,
    con: duckdb.DuckDBPyConnection,
    queries: Mapping[str, str],
    facts: Mapping[str, object],
    about: Mapping[str, object] | None = None,
) -> Release:
    """Make a release of the results of `queries` on the warehouse, and switch to it.

    Parameters
    ----------
    queries
        SQL of each table of the release, in the order in which its rows are to lie.
    facts
        What the manifest and `release_info` say of the release beside its id and hashes: city, as_of, hashes of
        pack and catalogue, code version.
    about
        What the manifest says besides of how it came about, such as what triggered the run: no part of the content.

    Returns
    -------
    Release
        The new release, or the current one if its content is the same.
    """
    folder = _releases(home)
    folder.mkdir(parents=True, exist_ok=True)
    # The caller holds the writer's lock: what another run was building, it will not finish.
    for abandoned in folder.glob(".building-*"):
        shutil.rmtree(abandoned)
    building = folder / f".building-{os.getpid()}"
    building.mkdir()
    try:
        hashes = _build(building / DATABASE, con, queries)
        content = {table: found for table, found in hashes.items() if table not in OF_EARLIER_RUNS}
        stated = json.dumps({"tables": content, "facts": dict(facts)}, sort_keys=True, default=str)
        whole = hashlib.sha256(stated.encode()).hexdigest()
        before = current(home)
        if before is not None and before.manifest["content_hash"] == whole:
            return before
        sequence = next_sequence(home)
        release_id = f"{facts['as_of']}-{sequence:04d}-{whole[:8]}"
        manifest: dict[str, Any] = {
            "release_id": release_id,
            "sequence": sequence,
            "content_hash": whole,
            "previous": None if before is None else before.release_id,
            "tables": hashes,
            "columns_left_out_of_hash": sorted(LEFT_OUT),
            **{key: str(value) for key, value in facts.items()},
        }
        _describe(building / DATABASE, manifest)
        manifest |= about or {}
        (building / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
        _check(building / DATABASE, hashes)
        for path in (building / DATABASE, building / MANIFEST, building):
            _sync(path)
        building.rename(folder / release_id)
        _sync(folder)
        switch(home, release_id)
        return Release(release_id, folder / release_id, manifest, is_new=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def switch(home: Path, release_id: str) -> None:
    """Point `releases/current` to a release, atomically."""
    load(home, release_id)
    folder = _releases(home)
    link = folder / f".{CURRENT}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(release_id)
    link.replace(folder / CURRENT)
    _sync(folder)


def _build(path: Path, con: duckdb.DuckDBPyConnection, queries: Mapping[str, str]) -> dict[str, str]:
    """Write the tables into a new database file through the warehouse's connection; return their hashes."""
    con.execute(f"attach {literal(str(path))} as release")
    try:
        for table, query in queries.items():
            con.execute(f"create table release.{quoted(table)} as {query}")
        return {table: _hash(con, f"release.{quoted(table)}", _columns(con, table)) for table in queries}
    finally:
        con.execute("detach release")


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    rows = con.execute(f"describe release.{quoted(table)}").fetchall()
    return [str(row[0]) for row in rows]


def _hash(con: duckdb.DuckDBPyConnection, relation: str, names: Iterable[str]) -> str:
    return content_hash(con, relation, list(names), LEFT_OUT)


def _describe(path: Path, manifest: Mapping[str, Any]) -> None:
    """Add `release_info`, one row, and fold the write-ahead log into the file."""
    told = {key: value for key, value in manifest.items() if isinstance(value, str | int)}
    with duckdb.connect(str(path)) as con:
        listed = ", ".join(f"{quoted(key)} {'date' if key == 'as_of' else 'varchar'}" for key in told)
        con.execute(f"create table release_info ({listed})")
        con.execute(
            f"insert into release_info values ({', '.join('?' for _ in told)})", [str(value) for value in told.values()]
        )
        con.execute("checkpoint")


def _check(path: Path, hashes: Mapping[str, str]) -> None:
    """Open the finished file as a reader would and compare every hash."""
    remedy = "nothing was published; check the disk and run again"
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            found = {table: _hash(con, quoted(table), columns(con, "main", table)) for table in hashes}
            figures = scalar(con, "select count(*) from indicator_values")
    except duckdb.Error as error:
        raise ReleaseError(
            f"the new release cannot be read back: {str(error).splitlines()[0]}", file=path, remedy=remedy
        ) from error
    for table, expected in hashes.items():
        if found[table] != expected:
            raise ReleaseError(
                f"table {table} of the new release does not hold what was written", file=path, remedy=remedy
            )
    if figures == 0:
        raise ReleaseError(
            "the new release holds no figure",
            file=path,
            remedy="look at the quarantine: `wardlight status` tells why no record was accepted",
        )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
