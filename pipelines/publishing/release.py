"""Releases: built aside, made complete, checked, made durable, and pointed to by one atomic rename, at once or later.

A release is a folder `releases/<release_id>/` with `release.duckdb` and `manifest.json`. Its id comes from its
content, so identical content makes no new release. What goes into the tables is decided in `tables.py`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

from pipelines.errors import ReleaseError
from pipelines.publishing import holding
from pipelines.publishing.allowed import Allowed
from pipelines.publishing.content_hash import content_hash
from pipelines.warehouse import STORAGE_VERSION, columns, literal, quoted, scalar

DATABASE = "release.duckdb"
MANIFEST = "manifest.json"
CURRENT = "current"
# A page asks for few rows of long tables: in groups of a quarter of the usual size fewer others are looked through.
STORED = f"row_group_size 30720, storage_version '{STORAGE_VERSION}'"
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


def current(home: Path, now: datetime | None = None) -> Release | None:
    """Return the release that is served, by default at this moment; None before the first."""
    come = holding.come(home, now or datetime.now(UTC))
    return linked(home) if come is None else load(home, come)


def served(home: Path) -> Release:
    """Return the release that is served at this moment.

    Raises
    ------
    ReleaseError
        If there is none; where one is held, until when.
    """
    found = current(home)
    if found is not None:
        return found
    waiting = holding.held(home)
    if not waiting:
        raise ReleaseError("there is no release yet", file=home, remedy="run `make nightly` or `wardlight nightly`")
    first = min(waiting)
    told = load(home, waiting[first])
    until = first.astimezone(ZoneInfo(told.manifest.get("time_zone") or "UTC"))
    raise ReleaseError(
        f"no release is served yet: {told.release_id} is held until {until:%Y-%m-%d %H:%M} ({until.tzname()})",
        file=home,
        remedy="wait until then, or serve it now with `wardlight release publish`",
    )


def linked(home: Path) -> Release | None:
    """Return the release that `current` points to: for a run the one before its own, whatever the clock says."""
    link = _releases(home) / CURRENT
    if not link.is_symlink():
        return None
    return load(home, link.readlink().name)


def newest(home: Path) -> Release | None:
    """Return the release that is served last as things stand: the last one held, else the one that is served."""
    waiting = holding.held(home)
    return load(home, waiting[max(waiting)]) if waiting else linked(home)


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
    *,
    allowed: Allowed,
    publish_at: datetime | None = None,
) -> Release:
    """Make a release of the results of `queries` on the warehouse, and switch to it, or hold it.

    Parameters
    ----------
    queries
        SQL of each table of the release, in the order in which its rows are to lie.
    facts
        What the manifest and `release_info` say of the release beside its id and hashes: city, as_of, hashes of
        pack and catalogue, code version.
    about
        What the manifest says besides of how it came about, such as what triggered the run: no part of the content.
    allowed
        What a release may hold: all else is refused.
    publish_at
        From when it is served; at once where that is over.

    Returns
    -------
    Release
        The new release, or the current or a held one if its content is the same.

    Raises
    ------
    ReleaseError
        If the release holds what it may not, is not whole, or has no figure; nothing has changed then.
    """
    folder = _releases(home)
    folder.mkdir(parents=True, exist_ok=True)
    # The caller holds the writer's lock: what another run was building, it will not finish.
    for abandoned in folder.glob(".building-*"):
        shutil.rmtree(abandoned)
    building = folder / f".building-{os.getpid()}"
    building.mkdir()
    try:
        hashes = _build(building / DATABASE, con, queries, allowed)
        content = {table: found for table, found in hashes.items() if table not in OF_EARLIER_RUNS}
        stated = json.dumps({"tables": content, "facts": dict(facts)}, sort_keys=True, default=str)
        whole = hashlib.sha256(stated.encode()).hexdigest()
        before = linked(home)
        waiting = [load(home, release_id) for release_id in holding.held(home).values()]
        for known in (before, *waiting):
            if known is not None and known.manifest["content_hash"] == whole:
                return known
        sequence = next_sequence(home)
        release_id = f"{facts['as_of']}-{sequence:04d}-{whole[:8]}"
        manifest: dict[str, Any] = {
            "release_id": release_id,
            "sequence": sequence,
            "content_hash": whole,
            "previous": None if before is None else before.release_id,
            "tables": hashes,
            "columns_left_out_of_hash": sorted(LEFT_OUT),
            **{key: None if value is None else str(value) for key, value in facts.items()},
        }
        _describe(building / DATABASE, manifest)
        manifest |= about or {}
        (building / MANIFEST).write_text(json.dumps(manifest, indent=2, ensure_ascii=False), encoding="utf-8")
        _check(building / DATABASE, hashes, allowed)
        for path in (building / DATABASE, building / MANIFEST, building):
            _sync(path)
        building.rename(folder / release_id)
        _sync(folder)
        if publish_at is None or publish_at <= datetime.now(UTC):
            switch(home, release_id)
        else:
            holding.hold(home, release_id, publish_at)
        return Release(release_id, folder / release_id, manifest, is_new=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def switch(home: Path, release_id: str) -> None:
    """Point `releases/current` to a release, atomically, and hold none any longer that it takes the place of.

    Those are what is served, and what is held of the same `as_of` or an earlier one. The caller holds the lock.
    """
    target, folder = load(home, release_id), _releases(home)
    waiting = {publish_at: load(home, each) for publish_at, each in holding.held(home).items()}
    link = folder / f".{CURRENT}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(release_id)
    link.replace(folder / CURRENT)
    _sync(folder)
    now = datetime.now(UTC)
    for publish_at, each in waiting.items():
        if publish_at <= now or _age(each) <= _age(target):
            holding.let_go(home, publish_at)


def promote(home: Path) -> Release | None:
    """Point `current` to the held release whose time has come; return it, None where there is none.

    Readers serve it by then in any case. The caller holds the writer's lock.
    """
    release_id = holding.come(home, datetime.now(UTC))
    if release_id is None:
        return None
    switch(home, release_id)
    return load(home, release_id)


def _age(release: Release) -> tuple[str, int]:
    return str(release.manifest["as_of"]), int(release.manifest["sequence"])


def _build(path: Path, con: duckdb.DuckDBPyConnection, queries: Mapping[str, str], allowed: Allowed) -> dict[str, str]:
    """Write the tables into a new database file through the warehouse's connection; return their hashes."""
    con.execute(f"attach {literal(str(path))} as release ({STORED})")
    try:
        for table, query in queries.items():
            con.execute(f"create table release.{quoted(table)} as {query}")
            allowed.check_table(con, "release", table)
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
    told = {key: value for key, value in manifest.items() if value is None or isinstance(value, str | int)}
    with duckdb.connect() as con:
        # Opened without saying so, the groups of its tables would be put together again.
        con.execute(f"attach {literal(str(path))} as release ({STORED})")
        con.execute("use release")
        listed = ", ".join(f"{quoted(key)} {'date' if key == 'as_of' else 'varchar'}" for key in told)
        con.execute(f"create table release_info ({listed})")
        values = [None if value is None else str(value) for value in told.values()]
        con.execute(f"insert into release_info values ({', '.join('?' for _ in told)})", values)
        con.execute("checkpoint")


def _check(path: Path, hashes: Mapping[str, str], allowed: Allowed) -> None:
    """Open the finished file as a reader would and compare every hash."""
    remedy = "nothing was published; check the disk and run again"
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            allowed.check_columns(con)
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
