"""JSON Schema of `city.yml`, from the pack's models and the fields of each record kind, for editors.

An editor that knows JSON Schema completes keys and fields, shows what each is for and underlines mistakes. What a
schema cannot say (that files exist, that expressions work) is for `wardlight validate`.
"""

import json
from typing import Any

import pydantic.json_schema
import pydantic_core.core_schema

from pipelines.loading.kinds import kind_fields, models
from pipelines.pack.city import KINDS, CityPack
from pipelines.pack.sources import Kind

SCHEMA_NAME = "city.schema.json"
_NAMES = {"propertyNames": {"pattern": "^[a-z][a-z0-9_]*$"}}


class _Generator(pydantic.json_schema.GenerateJsonSchema):
    """Allows for how packs are read: a fraction is a text to our YAML reader and a number to an editor's."""

    def float_schema(self, schema: pydantic_core.core_schema.FloatSchema) -> dict[str, Any]:
        """Describe a fraction."""
        return {"anyOf": [super().float_schema(schema), {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}]}

    def field_title_should_be_set(self, schema: object) -> bool:
        """Leave out titles that only repeat the key."""
        return False


def city_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a pack's `city.yml`."""
    schema = CityPack.model_json_schema(schema_generator=_Generator)
    for name in ("sources", "geographies", "interventions", "games"):
        schema["properties"][name] |= _NAMES
    schema["$defs"]["Source"]["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
            "then": {"properties": {"fields": _fields(kind)}},
        }
        for kind in KINDS
    ]
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Wardlight city pack",
        "description": "city.yml: everything that Wardlight knows about one city",
    }
    return {**schema, **about}


def _fields(kind: Kind) -> dict[str, Any]:
    """Describe the mapping of a record kind: its canonical fields and nothing else."""
    fields = kind_fields(kind)
    (table,) = [source for source in models().sources if source.name == kind]
    described = {column.name: column.description for column in table.columns}
    return {
        "properties": {
            field: {"description": described[field].removesuffix(", UTC instant"), "$ref": "#/$defs/Mapping"}
            for field in (fields.id_field, *fields.times, *fields.others)
        },
        "required": [fields.id_field, fields.first_time],
        "additionalProperties": False,
    }


def schema_text() -> str:
    """Return the schema as the text of a file."""
    return json.dumps(city_schema(), indent=1, ensure_ascii=False) + "\n"
