"""A run that is killed leaves nothing half done; a home folder may be moved; what has not changed is not read again."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import WardlightError
from pipelines.loading import context
from pipelines.loading.records import load_kind
from pipelines.warehouse import open_warehouse, raw_folder
from tests.conftest import ROOT
from tests.pipelines import small_pack
from tests.pipelines.small_pack import AS_OF, call, changed, load, pull_all, staged, text_of, write_pack

pytestmark = pytest.mark.slow

TABLES = (
    *("staging.incident", "staging.receipt", "quarantine.record", "ledger.unstaged", "ledger.batch", "ledger.finding"),
    *("ledger.displaced", "ledger.repeated", "ledger.judged", "ledger.judged_batch"),
)
FIRST = text_of([call("1"), call("2"), call("2"), call("3", "never"), call("4", "2016-07-01 10:00")])
SECOND = text_of([call("2", what="new"), call("5"), call("6", area="9"), call("1"), call("1")])
# Kills itself the first time that it comes to a place of the code.
KILLED = """\
import importlib, os, signal, sys
from pathlib import Path
from pipelines.pack.city import load_city_pack
from pipelines.warehouse import open_warehouse
from tests.pipelines.small_pack import load

home, city, module, name = sys.argv[1:]

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

setattr(importlib.import_module(module), name, die)
load(open_warehouse(Path(home)), load_city_pack(Path(city)))
"""
# Before the delivery is entered, after it, before a load is committed.
PLACES = {
    "between the raw file and its delivery": ("pipelines.pulling.raw_layer", "transaction"),
    "before the raw layer shows the delivery": ("pipelines.pulling.raw_layer", "show"),
    "in the middle of a load": ("pipelines.loading.findings", "enter"),
    "at the end of a load": ("pipelines.loading.ledger", "check"),
}


def opened(home: Path) -> duckdb.DuckDBPyConnection:
    con = open_warehouse(home)
    context.ensure_tables(con)
    return con


def written(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[object, ...]]]:
    return {table: con.execute(f"from {table} order by all").fetchall() for table in TABLES}


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_run_leaves_nothing_half_done(tmp_path: Path, place: str) -> None:
    home, city = tmp_path / "home", tmp_path / "city"
    with opened(home) as con:
        load(con, write_pack(city, {"calls.csv": FIRST}))
        before = written(con)
    pack = write_pack(city, {"calls.csv": SECOND})
    done = subprocess.run(
        [sys.executable, "-c", KILLED, home, city, *PLACES[place]],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("COV")},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    with opened(home) as con:
        assert written(con) == before
        load(con, pack)
        found = written(con)
        assert con.execute("select count(*) from raw.calls").fetchall() == [(10,)]
    with small_pack.warehouse() as undisturbed:
        load(undisturbed, write_pack(city, {"calls.csv": FIRST}))
        load(undisturbed, write_pack(city, {"calls.csv": SECOND}))
        assert found == written(undisturbed)


def test_a_home_folder_may_be_moved(tmp_path: Path) -> None:
    city = tmp_path / "city"
    with opened(tmp_path / "here") as con:
        load(con, write_pack(city, {"calls.csv": FIRST}))
    shutil.move(tmp_path / "here", tmp_path / "there")
    with opened(tmp_path / "there") as con:
        load_kind(con, write_pack(city, {"calls.csv": FIRST}), "incident", AS_OF, again="everything")
        load(con, write_pack(city, {"calls.csv": SECOND}))
        assert con.execute("select count(*) from raw.calls").fetchall() == [(10,)]
        assert staged(con, "incident_id, category") == [("1", None), ("2", "new"), ("5", None)]
    assert not (tmp_path / "here").exists()


def test_what_has_not_changed_is_not_read_again(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    two = changed("files: [calls.csv]", "files: [one.csv, two.csv]")
    files = {"one.csv": text_of([call("1"), call("1"), call("3", "never")]), "two.csv": SECOND}
    load(con, write_pack(tmp_path, files, two))
    before = written(con)
    kept = list(raw_folder(con).glob("calls/*.parquet"))
    assert len(kept) == 2
    for path in kept:
        path.write_bytes(b"nothing that can be read")
    idle = load(con, write_pack(tmp_path, files, two))
    assert (idle.judged, idle.affected_days) == (0, ())
    assert written(con) == before
    # Nothing is due on the day, either.
    assert load(con, write_pack(tmp_path, files, two), AS_OF.replace(day=29)).judged == 0
    before = written(con)
    # What must be judged again is read: were it not, the test would show nothing.
    with pytest.raises(WardlightError, match="source calls is lost or damaged") as caught:
        load_kind(con, write_pack(tmp_path, files, two), "incident", AS_OF, again="quarantined")
    assert caught.value.remedy
    files["two.csv"] = FIRST
    with pytest.raises(WardlightError, match="source calls is lost or damaged"):
        load(con, write_pack(tmp_path, files, two))
    assert written(con) == before


def test_a_raw_file_without_a_delivery_does_no_harm(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, {"calls.csv": FIRST})
    [batch] = pull_all(con, pack)
    (raw_folder(con) / "calls" / f"{batch.batch_id}-2.unfinished").write_bytes(b"half")
    (raw_folder(con) / "calls" / "0123456789abcdef.parquet").write_bytes(b"of no delivery")
    load(con, pack)
    load(con, write_pack(tmp_path, {"calls.csv": SECOND}))
    load(con, write_pack(tmp_path, {"calls.csv": FIRST}))
    assert staged(con, "incident_id") == [("1",), ("2",)]
