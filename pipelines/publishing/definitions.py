"""What a figure is defined by, as hashes that are kept in each release: so that a change of definition is seen as one.

Belongs here: what of the catalogue, the pack and the code decides an indicator's figures beside the records.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from indicators.catalogue.entries import Entry
from pipelines.pack.city import CityPack

_DIGITS = 16
# What of an entry is said about a figure and changes none.
_SAID: dict[str, bool | set[str]] = {
    **dict.fromkeys(("title", "about", "caveats", "reference", "intended_use", "forbidden_use", "gaming"), True),
    **dict.fromkeys(("decimals", "unit"), True),
    # Told in one language, a formula is a definition; in another, a translation.
    "formula": {"zh"},
}
# What of a source changes no record: where its rows come from, how they are pulled, what it is called.
_PULLED = {"title", "files", "format", "database", "api", "drift", "public_record"}


def definitions(pack: CityPack, entries: Sequence[Entry], sources: pl.DataFrame) -> pl.DataFrame:
    """Return what each indicator is defined by: its entry and what the pack says, each as a hash.

    Parameters
    ----------
    sources : DataFrame
        indicator_id, source: which sources each rests on.

    Returns
    -------
    DataFrame
        indicator_id, definition_hash, settings_hash, definition (JSON: what `definition_hash` is of).
    """
    named: dict[str, set[str]] = {}
    for indicator, source in sources.select("indicator_id", "source").iter_rows():
        named.setdefault(indicator, set()).add(source)
    places = _places(pack)
    rows = []
    for entry in entries:
        definition = entry.model_dump_json(exclude=_SAID)
        rested_on = named.get(entry.id, set())
        beside = sorted(other for other, its in named.items() if its & rested_on)
        settings = _hash(_settings(pack, entry, sorted(rested_on), beside, places))
        rows.append((entry.id, _hash([definition]), settings, definition))
    return pl.DataFrame(rows, schema=("indicator_id", "definition_hash", "settings_hash", "definition"), orient="row")


def _settings(
    pack: CityPack, entry: Entry, sources: Iterable[str], beside: Iterable[str], places: Mapping[str, str]
) -> Iterable[str]:
    yield json.dumps([pack.week_start, pack.time_zone, pack.first_month])
    protection, hidden = pack.protection, pack.protection.hidden_levels.get(entry.id, frozenset())
    yield json.dumps([protection.profile, protection.finest_of.get(entry.id, protection.finest), sorted(hidden)])
    if not protection.is_exact:
        # Counts of the same records are protected by the shortest periods and the smallest areas of any of them.
        for other in beside:
            chosen = protection.finest_of.get(other), sorted(protection.hidden_levels.get(other, ()))
            if any(chosen):
                yield json.dumps([other, *chosen])
    yield json.dumps({group: each.model_dump(mode="json", exclude={"title"}) for group, each in pack.groups.items()})
    for name in sources:
        if name in pack.sources:
            yield f"{name}:{pack.sources[name].model_dump_json(exclude=_PULLED)}"
            yield places[pack.sources[name].geography]
    if entry.kind == "weighted_rate":
        yield json.dumps(pack.severity_weights, sort_keys=True)
    if entry.survey and pack.questionnaire:
        yield pack.questionnaire.model_dump_json()


def _places(pack: CityPack) -> dict[str, str]:
    """Hash the areas and residents of each geography, as declared and as in their files."""
    found = {}
    for name, geography in pack.geographies.items():
        files = [geography.file, *([geography.population.file] if geography.population else [])]
        digest = hashlib.sha256(geography.model_dump_json(exclude={"title", "title_en", "title_zh"}).encode())
        for file in files:
            digest.update(pack.path(file).read_bytes())
        found[name] = digest.hexdigest()
    return found


def _hash(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part}\0".encode())
    return digest.hexdigest()[:_DIGITS]
