"""Which city and which home folder this process works for, and its secrets: the only reading of the environment.

Nothing here is read at import, but what the code location is built from.
"""

import functools
import os
import re
from pathlib import Path

from pipelines.errors import SourceError
from pipelines.pack.city import CityPack, load_city_pack

BUNDLED_CITY = Path(__file__).resolve().parents[1] / "cities" / "nyc"


def city_folder() -> Path:
    """Return the folder of the pack that `WARDLIGHT_CITY` names, else of the bundled city."""
    return Path(os.environ.get("WARDLIGHT_CITY") or BUNDLED_CITY)


def home_folder() -> Path:
    """Return the folder that `WARDLIGHT_HOME` names, else `.wardlight` in the working folder."""
    return Path(os.environ.get("WARDLIGHT_HOME") or ".wardlight").resolve()


def alerts_file(home: Path) -> Path | None:
    """Return the file that says where alerts go: what `WARDLIGHT_ALERTS` names, else `alerts.yml` in the home folder.

    None where nobody asked for alerts.
    """
    named = os.environ.get("WARDLIGHT_ALERTS")
    if named:
        return Path(named)
    own = home / "alerts.yml"
    return own if own.is_file() else None


@functools.cache
def city_pack() -> CityPack:
    """Return the pack that the code location is built from."""
    return load_city_pack(city_folder())


def secret(text: str) -> str:
    """Return a text of the pack with each `${NAME}` replaced by that variable of the environment.

    Raises
    ------
    SourceError
        If a variable is not set, or is empty.
    """

    def value(found: re.Match[str]) -> str:
        given = os.environ.get(found[1])
        if not given:
            raise SourceError(
                f"the environment variable {found[1]} is not set",
                field=found[0],
                remedy=f"set it before the run, such as: export {found[1]}=…",
            )
        return given

    return re.sub(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", value, text)
