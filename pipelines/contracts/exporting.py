"""Exporting: a source of the pack as a contract in the Open Data Contract Standard, version 3.

The same pack gives the same file, byte by byte. Reading and checking contracts is done elsewhere, and knows no pack.

References
----------
Open Data Contract Standard 3.2: https://bitol-io.github.io/open-data-contract-standard/.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import yaml
from open_data_contract_standard.model import (
    DataQuality,
    Description,
    OpenDataContractStandard,
    SchemaObject,
    Server,
    ServiceLevelAgreementProperty,
    Synonym,
)

from pipelines.contracts.columns import SEVERITIES, own_property, properties_of, quality_of, quality_rule
from pipelines.contracts.rule_queries import (
    UNREADABLE,
    NotCarried,
    RuleQuery,
    columns_named,
    first_time_query,
    rule_queries,
    wanted_and_read,
)
from pipelines.contracts.wording import said
from pipelines.loading.kinds import kind_fields
from pipelines.pack.city import CityPack
from pipelines.pack.origins import FileFormat
from pipelines.pack.sources import Source
from pipelines.pulling import files

API_VERSION = "v3.2.0"
ENGINE = "wardlight"
_UNREADABLE = {
    "malformed_line": "Every line can be read: as many cells as columns, quotes closed, bytes of the encoding.",
    "blank_row": "No row is blank.",
}
_SEVERAL_ROWS = "One row a record, or several, which are put together by their id"
_SETTINGS = {"header_row": "headerRow"}
_PLACEHOLDER = re.compile(r"\{month\}|\{day\}")


def contract_of(pack: CityPack, name: str) -> OpenDataContractStandard:
    """Make the contract of a source.

    Raises
    ------
    PackError, SourceError
        If the source's mapping or rules are not of its kind, or a file's header cannot be read.
    """
    source, language = pack.sources[name], pack.language
    other = "en" if language == "zh" else "zh"
    headers = _headers(pack, name)
    columns = list({column.lower(): column for header in headers for column in header}.values())
    carried, left = rule_queries(pack, name, columns)
    delivered = SchemaObject(
        name=name,
        physicalName=name,
        physicalType="table" if source.database else "file",
        logicalType="object",
        businessName=getattr(source.title, language),
        synonyms=[Synonym(synonym=getattr(source.title, other), locale=other)],
        description=said(
            "{title}: rows of kind {kind}",
            language,
            title=f"{getattr(source.title, language)} / {getattr(source.title, other)}",
            kind=source.kind,
        ),
        dataGranularityDescription=said(_SEVERAL_ROWS if source.merge else "One row a record", language),
        properties=properties_of(pack, name, columns or columns_named(source), headers, carried),
        quality=_of_object(carried, language),
        customProperties=[own_property("nullTexts", source.null_texts)] if source.null_texts else None,
    )
    contract = OpenDataContractStandard(
        apiVersion=API_VERSION,
        kind="DataContract",
        id=f"{pack.name}-{name}",
        name=f"{getattr(pack.title, language)}: {getattr(source.title, language)}",
        version="",
        status="active",
        domain=source.kind,
        dataProduct=pack.name,
        description=Description(
            purpose=f"{source.title.en} of {pack.title.en}. {pack.title.zh}{source.title.zh}。",
            usage=f"{pack.attribution.en}. {pack.attribution.zh}。",
            limitations=_limitations(left, language),
        ),
        servers=_servers(source, language),
        schema=[delivered],
        slaProperties=_service_levels(pack, name, columns),
        customProperties=[
            own_property("timeZone", pack.time_zone, said("Zone of the local times", language)),
            *(
                [own_property("asOf", pack.as_of.isoformat(), said("Last day that counts", language))]
                if pack.as_of
                else []
            ),
            own_property(
                "notCarried",
                [_left_out(each, language) for each in left],
                said("Rules that the receiver judges besides", language),
            ),
        ],
    )
    digest = hashlib.sha256(_dumped(contract).encode()).hexdigest()[:8]
    return contract.model_copy(update={"version": f"1.0.0+{digest}"})


def contract_text(contract: OpenDataContractStandard) -> str:
    """Write a contract as YAML."""
    return (
        "# A data contract in the Open Data Contract Standard, written by `wardlight contract export`.\n"
        "# Check a delivery before it is sent: wardlight contract check THIS_FILE DATA…\n" + _dumped(contract)
    )


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as they look."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def _dumped(contract: OpenDataContractStandard) -> str:
    said = contract.model_dump(exclude_none=True, by_alias=True)
    return yaml.dump(said, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def _headers(pack: CityPack, name: str) -> list[list[str]]:
    """Return the columns of each file that is there; the contract of a source may be written before any file is."""
    source = pack.sources[name]
    if not source.files:
        return []
    there = [pack.path(unit.name) for unit in files.units(pack, name) if pack.path(unit.name).is_file()]
    return [files.read_header(path, source.format) for path in there]


def _left_out(each: NotCarried, language: str) -> dict[str, str]:
    severity, why = SEVERITIES[each.severity], said(each.why, language)
    told = {"rule": each.reason, "field": each.field, "severity": severity, "why": why}
    return {key: value for key, value in told.items() if value}


def _limitations(left: Sequence[NotCarried], language: str) -> str:
    listed = "; ".join(f"{each.reason} ({said(each.why, language)})" for each in left)
    return said(
        "Some rules need more than a delivery and are judged by the receiver alone: {listed}.", language, listed=listed
    )


def _of_object(carried: Sequence[RuleQuery], language: str) -> list[DataQuality]:
    readable = [
        quality_rule(
            type="custom",
            name=reason,
            engine=ENGINE,
            implementation={"check": reason},
            dimension="conformity",
            severity="error",
            description=said(_UNREADABLE[reason], language),
        )
        for reason in UNREADABLE
    ]
    some = quality_rule(
        type="library",
        name="some_rows",
        metric="rowCount",
        mustBeGreaterThan=0,
        unit="rows",
        dimension="completeness",
        severity="error",
        description=said("The delivery is not empty.", language),
    )
    return [*readable, some, *(quality_of(rule, language) for rule in carried if len(rule.about) != 1)]


def _servers(source: Source, language: str) -> list[Server] | None:
    """Say where the files are, from the pack's folder, and how they are written; other origins are the receiver's."""
    if not source.files:
        return None
    return [
        Server(
            server=f"files_{at}",
            type="local",
            description=said("As the pack names it", language)
            if _PLACEHOLDER.search(listed) is None
            else said("Named {listed}", language, listed=listed),
            path=_PLACEHOLDER.sub("*", listed),
            **_written(source.format),
        )
        for at, listed in enumerate(source.files, start=1)
    ]


def _written(layout: FileFormat) -> dict[str, Any]:
    """Say how a file is written; a local server of the standard has no keys of its own for it."""
    settings = {
        _SETTINGS.get(key, key): value
        for key, value in layout.model_dump(exclude={"reader"}).items()
        if value not in (None, "")
    }
    own = [own_property(key, value) for key, value in settings.items()]
    return {"format": layout.reader} | ({"customProperties": own} if own else {})


def _service_levels(pack: CityPack, name: str, columns: Sequence[str]) -> list[ServiceLevelAgreementProperty]:
    source = pack.sources[name]
    _, reads = wanted_and_read(pack, name, columns)
    first = reads[kind_fields(source.kind).first_time]
    levels = []
    if first:
        levels.append(
            ServiceLevelAgreementProperty(
                property="latency",
                value=source.silent_after_days,
                unit="d",
                element=",".join(f"{name}.{column}" for column in first),
                driver="operational",
                description=said("The newest record is no older, else the source counts as silent", pack.language),
                customProperties=[
                    own_property(
                        "query",
                        f"{first_time_query(pack, name, columns)}\n",
                        said("Time of each record", pack.language),
                    )
                ],
            )
        )
    schedule = pack.schedule
    levels.append(
        ServiceLevelAgreementProperty(
            property="frequency",
            value=1,
            unit="d",
            driver="operational",
            scheduler="cron",
            schedule=f"{schedule.minute} {schedule.hour} * * *",
            description=said(
                "The receiver reads deliveries once a day, in the zone {zone}", pack.language, zone=pack.time_zone
            ),
        )
    )
    return levels
