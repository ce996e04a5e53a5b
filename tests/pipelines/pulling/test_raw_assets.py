"""Raw assets pull within the run's months, with the home folder's salt, and tell what they did."""

from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import (
    ASSET_PARTITION_RANGE_END_TAG,
    ASSET_PARTITION_RANGE_START_TAG,
    PARTITION_NAME_TAG,
)

from pipelines.defs.raw import _asset
from pipelines.defs.resources import Warehouse
from pipelines.errors import WardlightError
from pipelines.pack.city import CityPack
from pipelines.progress import pulling_bar
from pipelines.runs import run_window
from pipelines.warehouse import open_warehouse
from tests.pipelines.small_pack import CITY_YML, call, changed, text_of, write_pack

pytestmark = pytest.mark.slow


def run(pack: CityPack, home: Path, tags: dict[str, str]) -> dict[str, object]:
    """Materialize the raw asset of the calls; give its metadata."""
    done = dg.materialize([_asset(pack, "calls")], resources={"warehouse": Warehouse(home=str(home))}, tags=tags)
    [event] = done.get_asset_materialization_events()
    return {name: value.value for name, value in event.materialization.metadata.items()}


def months(first: str, last: str) -> dict[str, str]:
    return {ASSET_PARTITION_RANGE_START_TAG: first, ASSET_PARTITION_RANGE_END_TAG: last}


def test_a_run_reads_its_months_and_hides_personal_columns(tmp_path: Path) -> None:
    contents = {f"calls-2016-0{month}.csv": text_of([call(f"call of {month}")]) for month in (4, 5, 6)}
    text = changed("files: [calls.csv]", 'files: ["calls-{month}.csv"]\n    personal: [id]')
    pack, home = write_pack(tmp_path / "pack", contents, text), tmp_path / "home"
    first = run(pack, home, months("2016-06-01", "2016-06-01"))
    assert (first["files_read"], first["files_unchanged"], first["dagster/row_count"]) == (3, 0, 3)

    for name in contents:
        (tmp_path / "pack" / name).write_text(text_of([call("anew"), call("anew too")]))
    (tmp_path / "pack" / "calls-2016-04.csv").unlink()
    second = run(pack, home, months("2016-05-01", "2016-05-01"))
    assert (second["files_read"], second["files_missing"]) == (1, ["calls-2016-04.csv"])
    with open_warehouse(home) as con:
        read = con.execute('select file, "read" from ledger.delivery where is_current order by file').fetchall()
        assert read == [("calls-2016-04.csv", 1), ("calls-2016-05.csv", 2), ("calls-2016-06.csv", 1)]
        assert con.execute("select count(*) from raw.calls where length(id) <> 32 or id like '%call%'").fetchall() == [
            (0,)
        ]
    assert len((home / "salt").read_bytes()) == 32


@pytest.mark.parametrize(
    ("partitions", "tags", "window"),
    [
        ("month", months("2016-02-01", "2016-02-01"), (date(2016, 2, 1), date(2016, 2, 29))),
        ("month", months("2015-11-01", "2016-12-01"), (date(2015, 11, 1), date(2016, 12, 31))),
        ("month", {PARTITION_NAME_TAG: "2016-12-01"}, (date(2016, 12, 1), date(2016, 12, 31))),
        ("month", {}, None),
        ("day", months("2016-02-01", "2016-02-07"), (date(2016, 2, 1), date(2016, 2, 7))),
        ("day", {PARTITION_NAME_TAG: "2016-12-31"}, (date(2016, 12, 31), date(2016, 12, 31))),
    ],
)
def test_the_window_of_a_run_is_its_partitions(
    tmp_path: Path, partitions: str, tags: dict[str, str], window: tuple[date, date] | None
) -> None:
    pack = write_pack(tmp_path, city_yml=CITY_YML + f"schedule: {{partitions: {partitions}}}\n")
    found = []

    @dg.asset
    def probe(context: dg.AssetExecutionContext) -> None:
        found.append(run_window(context, pack))

    dg.materialize([probe], tags=tags)
    assert found == [window]


def test_a_range_that_is_none_is_refused(tmp_path: Path) -> None:
    pack = write_pack(tmp_path)

    @dg.asset
    def probe(context: dg.AssetExecutionContext) -> None:
        run_window(context, pack)

    with pytest.raises(WardlightError, match="'2016' to '2017' is not a range of partitions"):
        dg.materialize([probe], tags=months("2016", "2017"))


def test_the_bar_is_for_terminals_alone(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pulling_bar("calls") as report:
        assert report is None
    monkeypatch.setenv("FORCE_COLOR", "1")
    with pulling_bar("calls") as report:
        assert report is not None
        report(512, 1024)
        report(7, None)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "pull calls" in shown.err
