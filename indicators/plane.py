"""Places on the Earth as metres on a plane.

Belongs here: from the extracts' geocentric metres to east and north. Not here: coordinates as cities publish them
(pipelines), and the SQL that makes them geocentric.
"""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def east_north(geocentric: npt.ArrayLike, centre: npt.ArrayLike | None = None) -> Floats:
    """Geocentric metres as metres east and north on the plane that touches the Earth at a point.

    Distances on the plane fall short of those on the ground by 0.003 % at 50 km from the point.

    Parameters
    ----------
    geocentric : array_like, shape (n, 3)
        From the Earth's centre towards latitude and longitude 0, latitude 0 and longitude 90, and the North Pole.
    centre : array_like, shape (3,), optional
        Where the plane touches, geocentric; else the middle of the places. Cells of a grid that are to stay the same
        from month to month need one.

    Returns
    -------
    array, shape (n, 2)

    Raises
    ------
    ValueError
        If a place is not finite, or the centre is the Earth's own.
    """
    places = np.asarray(geocentric, dtype=np.float64).reshape(-1, 3)
    if not np.all(np.isfinite(places)):
        raise ValueError("geocentric places must be finite")
    if not len(places):
        return np.empty((0, 2))
    up = places.mean(axis=0) if centre is None else np.asarray(centre, dtype=np.float64)
    if not np.linalg.norm(up) > 0:
        raise ValueError("a plane needs a point on the Earth to touch it at, not its centre")
    up = up / np.linalg.norm(up)
    # At a pole every direction is south: any east will do.
    east = np.array([-up[1], up[0], 0.0]) if np.hypot(up[0], up[1]) > 1e-12 else np.array([0.0, 1.0, 0.0])
    east /= np.linalg.norm(east)
    plane: Floats = places @ np.column_stack([east, np.cross(up, east)])
    return plane
