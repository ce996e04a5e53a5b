"""Outlines of areas: from GeoJSON to lines that can be drawn; no projection, no drawing."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Ring = list[tuple[float, float]]
"""Closed line of (longitude, latitude) in degrees, WGS 84."""
Outline = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Longitudes and latitudes of all rings of an area, in degrees, a NaN between two rings."""


def outline(geometry: dict[str, Any]) -> Outline:
    """Join all rings of a GeoJSON geometry, to about a metre; empty where it holds no polygon."""
    points = [point for ring in rings(geometry) for point in [*ring, (np.nan, np.nan)]][:-1]
    x, y = np.array(points, dtype=np.float64).reshape(-1, 2).T.round(5)
    return x, y


def rings(geometry: dict[str, Any]) -> list[Ring]:
    """List the rings of all polygons of a geometry; simplifying may leave lines and points beside them."""
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return [ring for part in geometry["geometries"] for ring in rings(part)]
    polygons = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}.get(kind, [])
    return [[(x, y) for x, y, *_ in ring] for polygon in polygons for ring in polygon]
