"""Outlines from GeoJSON."""

import numpy as np

from dashboards.geometry import outline, rings

SQUARE = [[0, 0], [1, 0], [1, 1], [0, 0]]
POLYGON = {"type": "Polygon", "coordinates": [SQUARE, SQUARE]}
LINE = {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}


def test_rings_are_joined_with_a_gap_between() -> None:
    x, y = outline({"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]})
    assert np.isnan(x).nonzero()[0].tolist() == np.isnan(y).nonzero()[0].tolist() == [4]
    assert x[:4].tolist() == [0, 1, 1, 0]


def test_lines_beside_polygons_are_not_drawn() -> None:
    assert rings({"type": "GeometryCollection", "geometries": [LINE, POLYGON]}) == rings(POLYGON)
    assert len(rings(POLYGON)) == 2


def test_a_geometry_without_polygons_is_empty() -> None:
    assert [axis.size for axis in outline(LINE)] == [0, 0]
