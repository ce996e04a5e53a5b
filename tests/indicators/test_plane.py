import numpy as np
import pytest
from scipy.spatial.distance import pdist

from indicators.plane import east_north

EARTH_METRES = 6_371_008.8
DEGREE = np.pi * EARTH_METRES / 180


def geocentric(*places: tuple[float, float]) -> np.ndarray:
    lat, lon = np.radians(np.array(places, dtype=float)).T
    return EARTH_METRES * np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


@pytest.mark.parametrize(("lat", "lon"), [(40.7, -74.0), (-33.9, 151.2), (89.99, 10.0), (0.0, 180.0)])
def test_distances_are_those_on_the_ground(lat: float, lon: float) -> None:
    places = geocentric(*((lat + n / 10**4, lon + n**2 / 10**4) for n in range(6)))
    assert pdist(east_north(places)) == pytest.approx(pdist(places), rel=1e-6)


def test_east_is_the_first_axis_and_north_the_second() -> None:
    here, north, east = east_north(geocentric((0, 10), (0.01, 10), (0, 10.01)))
    assert north - here == pytest.approx([0, 0.01 * DEGREE], abs=0.1)
    assert east - here == pytest.approx([0.01 * DEGREE, 0], abs=0.1)


def test_distances_fall_short_by_no_more_than_said_at_50_km() -> None:
    centre = geocentric((45, 7))[0]
    away = 50_000 / DEGREE
    near, far = east_north(geocentric((45 + away, 7), (45 + away + 0.01, 7)), centre)
    assert 1 - 3.2e-5 < np.linalg.norm(far - near) / (0.01 * DEGREE) < 1 - 2.8e-5


def test_a_given_centre_stays_where_further_places_come() -> None:
    centre = geocentric((30, 120))[0]
    few = east_north(geocentric((30.01, 120.02)), centre)
    more = east_north(geocentric((30.01, 120.02), (30.5, 121)), centre)
    # As near as sums of several places and of one are.
    assert few[0] == pytest.approx(more[0], rel=1e-9)
    assert east_north([centre], centre) == pytest.approx(np.zeros((1, 2)), abs=1e-6)


def test_a_pole_has_a_plane_too() -> None:
    pole = [0.0, 0.0, EARTH_METRES]
    assert np.linalg.norm(east_north(geocentric((89, 33)), pole)) == pytest.approx(DEGREE, rel=1e-4)


def test_no_place_is_no_place() -> None:
    assert east_north(np.empty((0, 3))).shape == (0, 2)


@pytest.mark.parametrize(
    ("places", "message"), [([[np.nan, 0, 0]], "finite"), ([[1.0, 0, 0], [-1.0, 0, 0]], "not its centre")]
)
def test_impossible_input_is_refused(places: list, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        east_north(places)
