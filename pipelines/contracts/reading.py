"""Reading a contract: whether a file is a contract of the standard that can be checked, with the line of each mistake.

Contracts may be written by anyone, with any tool. What they ask of a delivery is for `questions`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydantic
from open_data_contract_standard.model import (
    CustomProperty,
    DataQuality,
    OpenDataContractStandard,
    SchemaObject,
    SchemaProperty,
)

from pipelines.errors import ContractError, PackError
from pipelines.pack.marked_yaml import read_yaml
from pipelines.pack.mistakes import nearest, refuse

LOGICAL_TYPES = (
    *("string", "date", "timestamp", "time", "number", "integer", "boolean"),
    *("object", "array", "map", "vector"),
)
QUALITY_TYPES = ("library", "sql", "custom", "text")
METRICS = ("nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount")
OPERATORS = (
    *("mustBe", "mustNotBe", "mustBeGreaterThan", "mustBeGreaterOrEqualTo", "mustBeLessThan"),
    *("mustBeLessOrEqualTo", "mustBeBetween", "mustNotBeBetween"),
)
_STANDARD = "https://bitol-io.github.io/open-data-contract-standard describes every key"
# Where the standard's library takes any text, and a wrong one would be passed over in silence.
_ROOT = ("version", "kind", "apiVersion", "id")
Keys = tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """A contract, the file that it was read from, and the line of each of its keys."""

    said: OpenDataContractStandard
    path: Path
    lines: dict[Keys, int]

    def error(self, problem: str, *keys: str, remedy: str | None = None) -> ContractError:
        """Make an error that points at a key of the file."""
        line = next((self.lines[keys[:at]] for at in range(len(keys), 0, -1) if keys[:at] in self.lines), None)
        return ContractError(problem, file=self.path, line=line, field=".".join(keys) or None, remedy=remedy)

    def object_named(self, name: str | None) -> tuple[int, SchemaObject]:
        """Return the object of that name with its position; without a name the only one.

        Raises
        ------
        ContractError
            If there is no such object, or no name is given and there are several.
        """
        objects = self.said.schema_ or []
        found = [(at, each) for at, each in enumerate(objects) if name is None or each.name == name]
        if len(found) != 1:
            problem = f"the contract has {len(objects)} objects" if name is None else f"there is no object {name!r}"
            listed = ", ".join(each.name or "" for each in objects)
            raise self.error(problem, "schema", remedy=f"name one with --object: {listed}")
        return found[0]


def load_contract(path: Path) -> Contract:
    """Read and check a contract.

    Raises
    ------
    ContractError
        With file, line, field and remedy, if the file is missing, is not YAML or no contract that can be checked;
        several mistakes are told at once.
    """
    if not path.is_file():
        raise ContractError("there is no such file", file=path, remedy="give the file of a contract")
    try:
        raw, lines = read_yaml(path)
    except PackError as error:
        raise ContractError(
            error.problem, file=error.file, line=error.line, field=error.field, remedy=error.remedy
        ) from error
    if not isinstance(raw, dict):
        raise ContractError("this is no contract: it has no keys", file=path, line=1, remedy=_STANDARD)
    blank = Contract(OpenDataContractStandard(), path, lines)
    refuse([blank.error(f"{key} is missing", key, remedy=f"add {key}; {_STANDARD}") for key in _ROOT if key not in raw])
    try:
        # The library's own models pass over keys that they do not know, and with them a misspelt check.
        said = OpenDataContractStandard.model_validate(raw, extra="forbid")
    except pydantic.ValidationError as error:
        refuse(list(_mistakes(error, blank)))
        raise
    contract = Contract(said, path, lines)
    refuse(list(_unusable(contract)))
    return contract


def own_value(properties: list[CustomProperty] | None, name: str) -> Any:
    """Return the value of a custom property, None where it is not there."""
    return next((each.value for each in properties or [] if each.property == name), None)


def _mistakes(error: pydantic.ValidationError, contract: Contract) -> Iterator[ContractError]:
    seen: set[Keys] = set()
    for each in error.errors():
        keys: Keys = ()
        for part in each["loc"]:
            # Pydantic names the chosen form of a part besides.
            if (*keys, str(part)) in contract.lines:
                keys = (*keys, str(part))
        if keys in seen:
            continue
        seen.add(keys)
        if each["type"] == "extra_forbidden":
            model = _model_at(keys)
            close = nearest(keys[-1], model) if model else None
            remedy = (f"did you mean {close}? " if close else "") + _STANDARD
            yield contract.error(f"there is no key {keys[-1]!r} here", *keys, remedy=remedy)
        else:
            yield contract.error(each["msg"].removeprefix("Value error, "), *keys, remedy=_STANDARD)


def _model_at(keys: Keys) -> list[str]:
    """Return the keys that may stand where one does, as far as contracts are checked."""
    above = [key for key in keys[:-1] if not key.isdecimal()]
    models: dict[str, type[pydantic.BaseModel]] = {
        "schema": SchemaObject,
        "properties": SchemaProperty,
        "quality": DataQuality,
        "customProperties": CustomProperty,
    }
    model = models.get(above[-1]) if above else OpenDataContractStandard
    return [] if model is None else [field.alias or name for name, field in model.model_fields.items()]


def _unusable(contract: Contract) -> Iterator[ContractError]:
    """Find what the standard's library takes and nobody could check."""
    said = contract.said
    if said.kind != "DataContract":
        yield contract.error(f"{said.kind!r} is no data contract", "kind", remedy="write kind: DataContract")
    if not (said.apiVersion or "").startswith("v3."):
        yield contract.error(
            f"version {said.apiVersion} of the standard is not known here", "apiVersion", remedy="write v3.2.0"
        )
    if not said.schema_:
        yield contract.error("the contract has no schema", "schema", remedy="list one object with its properties")
    for at, each in enumerate(said.schema_ or []):
        place = ("schema", str(at))
        if not each.name:
            yield contract.error("the object has no name", *place, remedy="add name")
        if not each.properties:
            yield contract.error("the object has no properties", *place, remedy="list the columns of the delivery")
        yield from _wrong_quality(contract, each.quality, place)
        seen: set[str] = set()
        for position, column in enumerate(each.properties or []):
            inner = (*place, "properties", str(position))
            name = column.name or ""
            if not name or name.lower() in seen:
                problem = f"{name!r} is listed twice" if name else "the property has no name"
                yield contract.error(problem, *inner, remedy="give each property a name of its own")
            seen.add(name.lower())
            if column.logicalType is not None and column.logicalType not in LOGICAL_TYPES:
                yield contract.error(
                    f"{column.logicalType!r} is no logical type",
                    *inner,
                    "logicalType",
                    remedy=f"write one of {', '.join(LOGICAL_TYPES)}",
                )
            yield from _wrong_quality(contract, column.quality, inner)


def _wrong_quality(contract: Contract, rules: list[DataQuality] | None, place: Keys) -> Iterator[ContractError]:
    for at, rule in enumerate(rules or []):
        keys = (*place, "quality", str(at))
        kind = kind_of(rule)
        operators = [name for name in OPERATORS if getattr(rule, name) is not None]
        if kind not in QUALITY_TYPES:
            yield contract.error(
                f"{kind!r} is no type of rule", *keys, "type", remedy=f"write one of {', '.join(QUALITY_TYPES)}"
            )
        elif kind == "library" and (rule.metric or rule.rule) not in METRICS:
            yield contract.error(
                f"{rule.metric or rule.rule!r} is no metric of the standard",
                *keys,
                "metric",
                remedy=f"write one of {', '.join(METRICS)}",
            )
        elif kind == "sql" and not rule.query:
            yield contract.error("a rule of type sql needs a query", *keys, remedy="add query")
        elif kind == "custom" and not (rule.engine and rule.implementation):
            yield contract.error(
                "a rule of type custom needs engine and implementation", *keys, remedy="add what is missing"
            )
        elif kind in ("library", "sql") and len(operators) != 1:
            problem = f"{' and '.join(operators)} are given" if operators else "the rule does not say what must be"
            yield contract.error(problem, *keys, remedy=f"give exactly one of {', '.join(OPERATORS)}")
        elif kind in ("library", "sql"):
            yield from _wrong_bound(contract, rule, operators[0], keys)


def _wrong_bound(contract: Contract, rule: DataQuality, operator: str, keys: Keys) -> Iterator[ContractError]:
    bound = getattr(rule, operator)
    if operator in ("mustBeBetween", "mustNotBeBetween"):
        if bound[0] > bound[1]:
            yield contract.error("the first number is the greater", *keys, operator, remedy="smallest number first")
    elif kind_of(rule) == "library" and not _is_number(bound):
        yield contract.error(f"{bound!r} is no number to compare with", *keys, operator, remedy="write a number")


def kind_of(rule: DataQuality) -> str:
    """Return the type of a rule, `library` where it names none."""
    return rule.type or "library"


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return not isinstance(value, bool)
