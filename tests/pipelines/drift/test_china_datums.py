"""The shifted coordinates of Chinese maps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.drift.china_datums import bd09_to_wgs84, gcj02_to_wgs84, wgs84_to_bd09, wgs84_to_gcj02

LON, LAT = st.floats(73.6, 135), st.floats(18.2, 53.5)
# A hundredth of an arc second, thirty centimetres.
CLOSE = 1e-2 / 3600


@settings(deadline=None)
@given(LON, LAT)
def test_the_shift_is_undone(lon: float, lat: float) -> None:
    point = np.array([lon]), np.array([lat])
    for there, back in ((wgs84_to_gcj02, gcj02_to_wgs84), (wgs84_to_bd09, bd09_to_wgs84)):
        shifted = there(*point)
        assert np.hypot(shifted[0] - lon, shifted[1] - lat)[0] > 1e-4
        found = back(*shifted)
        assert found[0][0] == pytest.approx(lon, abs=CLOSE)
        assert found[1][0] == pytest.approx(lat, abs=CLOSE)


def test_the_shift_is_the_known_one() -> None:
    # Tian'anmen, Beijing: WGS 84, GCJ-02 and BD-09, as commonly published, to some ten metres.
    lon, lat = np.array([116.3913]), np.array([39.9075])
    gcj_lon, gcj_lat = wgs84_to_gcj02(lon, lat)
    assert (gcj_lon[0] - lon[0], gcj_lat[0] - lat[0]) == pytest.approx((0.00624, 0.00140), abs=1e-4)
    bd_lon, bd_lat = wgs84_to_bd09(lon, lat)
    assert (bd_lon[0] - gcj_lon[0], bd_lat[0] - gcj_lat[0]) == pytest.approx((0.0064, 0.0063), abs=4e-4)
