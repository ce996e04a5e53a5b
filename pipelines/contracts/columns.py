"""Columns of a source as properties of a contract: their types, words, units, and the rules that are about one alone.

Here: what the pack says of a column. Not here: the contract around it, which is `exporting`'s.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from open_data_contract_standard.model import CustomProperty, DataQuality, EnumValue, SchemaProperty

from pipelines.contracts.formats import jdk_format
from pipelines.contracts.rule_queries import RuleQuery, is_column, wanted_and_read
from pipelines.contracts.wording import about_field, about_rule, said
from pipelines.loading.areas import WGS84
from pipelines.loading.kinds import kind_fields, models
from pipelines.loading.mapping import Wanted
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Rule, Source

VENDOR = "wardlight"
PERSONAL = "personal"
_LOGICAL = {
    "integer": "integer",
    "bigint": "integer",
    "double": "number",
    "boolean": "boolean",
    "varchar": "string",
    "timestamp": "timestamp",
}
_UNITS = {"_seconds": "s", "minutes": "min", "_km2": "km2"}
_STRPTIME = re.compile(r"""strptime\(\s*"?([^"(),]+?)"?\s*,\s*'([^']*)'\s*\)""", re.IGNORECASE)
SEVERITIES = {"reject": "error", "flag": "warning"}


def own_property(name: str, value: Any, description: str | None = None) -> CustomProperty:
    """Make a custom property of Wardlight's own."""
    return CustomProperty(property=name, value=value, vendor=VENDOR, description=description)


def quality_rule(**said: Any) -> DataQuality:
    """Make a rule of what is said of it; the rest is left open."""
    return DataQuality.model_validate(said)


def properties_of(
    pack: CityPack, name: str, columns: Sequence[str], headers: Sequence[Sequence[str]], carried: Sequence[RuleQuery]
) -> list[SchemaProperty]:
    """Make the properties of a source's columns.

    Parameters
    ----------
    headers
        Columns of each file that is there: those that not all of them have may be missing.
    carried
        The source's rules; each is said of the property that it is about, if that is one.
    """
    source = pack.sources[name]
    wanted, reads = wanted_and_read(pack, name, columns)
    personal = {column.lower() for column in source.personal}
    read = {column.lower() for each in reads.values() for column in each}
    is_lenient = source.drift.missing_column != "stop"
    made = []
    for column in columns:
        given = {key: want for key, want in wanted.items() if reads[key] == (column,)}
        rules = [each for each in carried if each.about == (column,)]
        in_all = all(column.lower() in {each.lower() for each in header} for header in headers)
        own = [own_property("unit", unit) for unit in [_unit(source, column, given)] if unit]
        if is_lenient or not in_all:
            own.append(
                own_property("mayBeMissing", True, said("A delivery without the column is taken", pack.language))
            )
        if column.lower() not in read:
            own.append(own_property("isRead", False, said("Delivered, and used by no figure", pack.language)))
        # Rows that are put together, or that correct each other, share their id.
        is_key = (
            is_column(wanted["_key"].expression, reads["_key"])
            and reads["_key"] == (column,)
            and source.merge is None
            and "updated_at" not in source.fields
        )
        logical, options = _type(source, column, given)
        made.append(
            SchemaProperty(
                name=column,
                physicalName=column,
                physicalType="text",
                logicalType=logical,
                logicalTypeOptions=options or None,
                description=_description(pack, name, given),
                required=True if any(_requires(rule) for rule in rules) else None,
                unique=True if is_key else None,
                primaryKey=True if is_key else None,
                primaryKeyPosition=1 if is_key else None,
                classification=PERSONAL if column.lower() in personal else None,
                tags=["personal"] if column.lower() in personal else None,
                enum=_words(source, column, given, pack.language),
                quality=[quality_of(each, pack.language) for each in rules] or None,
                customProperties=own or None,
            )
        )
    return made


def _requires(rule: RuleQuery) -> bool:
    # A row that withdraws its record need not say when: such a rule is not that the column is filled.
    return rule.severity == "reject" and rule.reason.startswith("missing") and "_is_deleted" not in rule.query


def _type(source: Source, column: str, given: Mapping[str, Wanted]) -> tuple[str, dict[str, Any]]:
    """Return the logical type of a column's texts, and what the pack says about its values."""
    for key, want in given.items():
        found = _STRPTIME.fullmatch(want.expression.strip())
        pattern = jdk_format(found[2]) if found else None
        if pattern is not None and found is not None and found[1].lower() == column.lower():
            is_day = source.fields[key].precision == "day"
            return ("date" if is_day else "timestamp"), {"format": pattern}
    for key, want in given.items():
        logical = _LOGICAL.get(want.type_name)
        if logical in ("integer", "number", "boolean") and is_column(want.expression, [column]):
            return logical, _bounds(source.rules, key)
    for key, want in given.items():
        patterns = [rule.pattern for rule in source.rules if rule.field == key and rule.pattern is not None]
        if patterns and is_column(want.expression, [column]):
            return "string", {"pattern": f"^(?:{patterns[-1]})$"}
    return "string", {}


def _bounds(rules: Sequence[Rule], field: str) -> dict[str, Any]:
    ranges = [rule.range for rule in rules if rule.field == field and rule.range is not None]
    if not ranges:
        return {}
    ends = {"minimum": ranges[-1].min, "maximum": ranges[-1].max}
    return {key: int(end) if end == int(end) else end for key, end in ends.items() if end is not None}


def _words(source: Source, column: str, given: Mapping[str, Wanted], language: str) -> list[EnumValue] | None:
    """Return the texts that a value table knows, unless it takes any other as well."""
    for key in given:
        mapping = source.fields.get(key)
        if mapping is not None and mapping.values and mapping.otherwise is None and mapping.column == column:
            return [
                EnumValue(value=text, label=said("nothing", language) if value is None else str(value))
                for text, value in mapping.values.items()
            ]
    for rule in source.rules:
        want = given.get(rule.field)
        if rule.allowed is not None and want is not None and is_column(want.expression, [column]):
            return [EnumValue(value=value if isinstance(value, str) else str(value).lower()) for value in rule.allowed]
    return None


def _unit(source: Source, column: str, given: Mapping[str, Wanted]) -> str | None:
    if source.coordinates is not None and column in (source.coordinates.x, source.coordinates.y):
        return "degree" if source.coordinates.crs == WGS84 else source.coordinates.crs
    for key, want in given.items():
        if is_column(want.expression, [column]):
            for ending, unit in _UNITS.items():
                if key.endswith(ending):
                    return unit
    return None


def _description(pack: CityPack, name: str, given: Mapping[str, Wanted]) -> str | None:
    source = pack.sources[name]
    (table,) = [each for each in models().sources if each.name == source.kind]
    known = {each.name: each.description for each in table.columns}
    own = {"_key": kind_fields(source.kind).id_field, "_area_key": "area_id", "_x": "lon", "_y": "lat"}
    names = [own.get(key, key) for key in given]
    told = [
        f"{field}: {about_field(field, str(known[field]).removesuffix(', UTC instant'), pack.language)}"
        for field in names
        if known.get(field)
    ]
    return "; ".join(told) or None


def quality_of(rule: RuleQuery, language: str) -> DataQuality:
    """Make the rule of the standard that a query is."""
    dimension, description = about_rule(rule.reason, rule.field, language)
    return quality_rule(
        type="sql",
        name=rule.reason,
        description=description,
        dimension=dimension,
        severity=SEVERITIES[rule.severity],
        unit="rows",
        query=f"{rule.query}\n",
        mustBe=0,
    )
