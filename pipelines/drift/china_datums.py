"""GCJ-02 and BD-09: the shifted coordinates that maps in China are obliged to use, turned into WGS 84.

PROJ does not know them. Only the arithmetic is here; whether points are in such a system is for others to find out.
"""

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]

# Krasovsky 1940, the ellipsoid of the shift.
_SEMI_MAJOR_METRES = 6378245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
_BD09_TURN = np.pi * 3000 / 180
# The shift changes so slowly that each round takes the error down a thousandfold: three leave less than a millimetre.
_ROUNDS = 3


def gcj02_to_wgs84(lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    """Turn GCJ-02 degrees into WGS 84 degrees, by undoing the published approximation of the shift step by step."""
    true_lon, true_lat = lon, lat
    for _ in range(_ROUNDS):
        east, north = _shift(true_lon, true_lat)
        true_lon, true_lat = lon - east, lat - north
    return true_lon, true_lat


def wgs84_to_gcj02(lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    """Turn WGS 84 degrees into GCJ-02 degrees."""
    east, north = _shift(lon, lat)
    return lon + east, lat + north


def bd09_to_wgs84(lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    """Turn BD-09 degrees, a further shift of GCJ-02, into WGS 84 degrees."""
    x, y = lon - 0.0065, lat - 0.006
    radius = np.hypot(x, y) - 0.00002 * np.sin(y * _BD09_TURN)
    angle = np.arctan2(y, x) - 0.000003 * np.cos(x * _BD09_TURN)
    return gcj02_to_wgs84(radius * np.cos(angle), radius * np.sin(angle))


def wgs84_to_bd09(lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    """Turn WGS 84 degrees into BD-09 degrees."""
    x, y = wgs84_to_gcj02(lon, lat)
    radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD09_TURN)
    angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD09_TURN)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006


def _shift(lon: Numbers, lat: Numbers) -> tuple[Numbers, Numbers]:
    """Return the shift of GCJ-02 in degrees, eastward and northward."""
    x, y = lon - 105, lat - 35
    common = (20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)) * 2 / 3
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + common
    north += (20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi)) * 2 / 3
    north += (160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + common
    east += (20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi)) * 2 / 3
    east += (150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    radians = np.radians(lat)
    flat = 1 - _ECCENTRICITY_SQUARED * np.sin(radians) ** 2
    metres_north = _SEMI_MAJOR_METRES * (1 - _ECCENTRICITY_SQUARED) / flat**1.5
    metres_east = _SEMI_MAJOR_METRES / np.sqrt(flat) * np.cos(radians)
    return np.degrees(east / metres_east), np.degrees(north / metres_north)
