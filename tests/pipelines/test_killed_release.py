"""A night that is killed after noting what its release tells, before anyone can read it: the next one is sound."""

import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from indicators.areas import AreaTree
from indicators.disclosure import Disclosure, Shown
from indicators.families import families
from indicators.protection import protect_tree
from pipelines.publishing import release, tellings
from tests.conftest import ROOT, wardlight
from tests.indicators.attacker import attack_releases
from tests.pipelines.released import query
from tests.pipelines.small_pack import CITY_YML, text_of, write_pack

pytestmark = pytest.mark.slow

JANUARY = date(2016, 1, 1)
# Ward 1 is withheld; the city can be told exactly, as the other two leave enough open.
THEFTS = {"1": 7, "2": 18, "3": 28}
CITY = CITY_YML.replace("disclosure: open", "disclosure: hes")
KILLED = """
import os, signal, sys
from pipelines.cli import main
from pipelines.publishing import release

release.publish = lambda *arguments, **options: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""


def pack(folder: Path, more: int) -> tuple[str, ...]:
    """Write the city with so many more thefts of January in ward 1; return the arguments of its night."""
    counts = {(month, ward): count for month in range(1, 7) for ward, count in THEFTS.items()}
    counts[1, "1"] += more
    rows = [
        {**dict.fromkeys(("end", "closed", "updated", "prio", "x", "y"), ""), "id": f"{month}-{ward}-{at}"}
        | {"area": ward, "start": f"2016-{month:02}-{at + 1:02} 12:00", "what": "050211"}
        for (month, ward), count in counts.items()
        for at in range(count)
    ]
    people = "ward,people\n1,100000\n2,200000\n3,300000\n"
    write_pack(folder, {"calls.csv": text_of(rows), "people.csv": people}, CITY)
    return ("nightly", "--city", str(folder), "--home", str(folder / "home"))


def noted(home: Path) -> pl.DataFrame:
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        told = tellings.recall(con, "hes").earlier
    january = told.filter(indicator_id="B2", counted="numerator", period_kind="month", period_start=JANUARY)
    return january.sort("telling", "area_id")


def test_a_night_killed_before_it_publishes_leaves_the_next_one_nothing_to_give_away(tmp_path: Path) -> None:
    folder, home = tmp_path / "city", tmp_path / "city" / "home"
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, *pack(folder, 0)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=ROOT,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    # Noted, and nothing of it can be read.
    assert noted(home)["telling"].unique().to_list() == [1]
    assert release.current(home) is None

    done = wardlight(*pack(folder, 1))
    assert done.returncode == 0, done.stderr
    told = noted(home)
    assert told["telling"].unique().to_list() == [1, 2]
    rows = query(home, "select area_id, parent_id, geography, area_level, is_unallocated from areas")
    schema = dict.fromkeys(("area_id", "parent_id", "geography", "area_level"), pl.String)
    tree = AreaTree(pl.DataFrame(rows, schema={**schema, "is_unallocated": pl.Boolean}, orient="row"))
    areas = told["area_id"].unique().sort().to_list()
    among = families(tree, areas)

    both = [told.filter(telling=each) for each in (1, 2)]
    columns = ("value", "least", "most", "is_withheld")
    shown = [Shown(*(each[name].to_numpy().reshape(-1, 1) for name in columns)) for each in both]
    assert shown[0].is_withheld.any()
    assert attack_releases(shown, among, True) == []
    # Had the killed night's telling not been kept, the two would have told that ward 1 had seven.
    counts = [each["count"].to_numpy().reshape(-1, 1) for each in both]
    assert np.any(counts[0] != counts[1])
    apart = [protect_tree(each, among, Disclosure("hes")) for each in counts]
    assert attack_releases(apart, among, True) != []
    # What is served is what was noted last.
    served = query(
        home,
        "select area_id, numerator from indicator_values where indicator_id = 'B2' and period_kind = 'month' "
        "and period_start = '2016-01-01' and numerator is not null order by area_id",
    )
    last = dict(both[1].select("area_id", "value").rows())
    assert served
    assert {area: last[area] for area, _ in served} == dict(served)
