"""Whether anything that a run depends on has changed since the last one: files, pack, code and `as_of`."""

import functools
import hashlib
from datetime import date
from pathlib import Path

from pipelines.pack.city import CityPack

_PACKAGES = ("pipelines", "indicators", "dbt_like_sql")
_CODE = {".py", ".sql", ".yml"}
_COMPUTING = {".py", ".sql"}
_FILE = "last_run.txt"
_ROOT = Path(__file__).resolve().parents[1]


def fingerprint(pack: CityPack, as_of: date) -> str:
    """Hash the pack's folder, the code that makes a release, and the date that rules it."""
    digest = hashlib.sha256(as_of.isoformat().encode())
    code = [path for package in _PACKAGES for path in (_ROOT / package).rglob("*") if path.suffix in _CODE]
    for path in sorted([*code, *(path for path in pack.folder.resolve().rglob("*") if path.is_file())]):
        digest.update(f"{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@functools.cache
def code_hash() -> str:
    """Hash the code that figures are computed with; not the catalogue, of which each entry has a hash of its own."""
    digest = hashlib.sha256()
    for path in sorted(path for package in _PACKAGES for path in (_ROOT / package).rglob("*")):
        if path.suffix in _COMPUTING:
            digest.update(f"{path.relative_to(_ROOT)}\0".encode())
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def is_up_to_date(home: Path, pack: CityPack, as_of: date) -> bool:
    """Tell whether the last run in a home folder had the same files, pack, code and date, and its release is there."""
    path = home / _FILE
    return (
        any((home / "releases").glob("*/manifest.json"))
        and path.is_file()
        and path.read_text(encoding="utf-8") == fingerprint(pack, as_of)
    )


def remember(home: Path, pack: CityPack, as_of: date) -> None:
    """Note what a run that succeeded depended on."""
    (home / _FILE).write_text(fingerprint(pack, as_of), encoding="utf-8")
