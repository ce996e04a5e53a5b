"""Which city and which home folder this process works for: the only reading of the environment by definitions."""

import functools
import os
from pathlib import Path

from pipelines.city_pack import CityPack, load_city_pack

BUNDLED_CITY = Path(__file__).resolve().parents[1] / "cities" / "nyc"


def city_folder() -> Path:
    """Return the folder of the pack that `WARDLIGHT_CITY` names, else of the bundled city."""
    return Path(os.environ.get("WARDLIGHT_CITY") or BUNDLED_CITY)


def home_folder() -> Path:
    """Return the folder that `WARDLIGHT_HOME` names, else `.wardlight` in the working folder."""
    return Path(os.environ.get("WARDLIGHT_HOME") or ".wardlight").resolve()


@functools.cache
def city_pack() -> CityPack:
    """Return the pack that the code location is built from."""
    return load_city_pack(city_folder())
