"""A run is skipped only where nothing that it depends on has changed, and its release is there."""

import datetime as dt
from pathlib import Path

from pipelines import fingerprint
from pipelines.pack.city import load_city_pack
from tests.conftest import ROOT

DAY = dt.date(2015, 12, 31)


def test_up_to_date_needs_the_same_date_and_a_release(tmp_path: Path) -> None:
    pack = load_city_pack(ROOT / "cities" / "seattle")
    assert not fingerprint.is_up_to_date(tmp_path, pack, DAY)
    fingerprint.remember(tmp_path, pack, DAY)
    assert not fingerprint.is_up_to_date(tmp_path, pack, DAY), "its release was removed"
    (tmp_path / "releases" / "2016-01-01-0001-c0ffee").mkdir(parents=True)
    (tmp_path / "releases" / "2016-01-01-0001-c0ffee" / "manifest.json").touch()
    assert fingerprint.is_up_to_date(tmp_path, pack, DAY)
    assert not fingerprint.is_up_to_date(tmp_path, pack, DAY - dt.timedelta(days=1))
