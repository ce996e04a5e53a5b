"""Rules: what a row must be to be accepted, as SQL over resolved rows.

A row that breaks a rule of severity *reject* is quarantined with every reason; one of severity *flag* is kept and
marked. The rules judge rows, never tables: that is what expectations are for. The built-in ones hold for every
source of a kind; a pack gives further ones, and may change the severity of a built-in one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from pipelines.loading.kinds import KindFields, kind_fields, local_column
from pipelines.loading.mapping import Mapped
from pipelines.loading.resolving import domain_breaches, out_of_order
from pipelines.pack.city import CityPack
from pipelines.pack.sources import Rule as PackRule
from pipelines.pack.sources import Severity, Source, Value
from pipelines.warehouse import literal, quoted

# A patrol leg longer than this is kept and marked: it is more likely a slip of the pen than a patrol.
LONGEST_LEG_SECONDS = 12 * 3600
# Without these a row is no record, or stands nowhere in time: no pack can wave them through.
_ALWAYS_REJECT = ("malformed_line", "blank_row", "missing_id", "missing_time", "unparseable_time")
# A row that holds something; and one that does not withdraw its record, which need say no more than which.
PRESENT = "_malformed is null and not _is_blank"
STANDING = "_is_deleted is distinct from true"


@dataclass(frozen=True)
class Rule:
    """One rule: `breaks` is the SQL condition under which a row breaks it."""

    reason: str
    field: str
    breaks: str
    severity: Severity


def rules_of(pack: CityPack, name: str, fields: KindFields, mapped: Mapped) -> list[Rule]:
    """Return every rule that rows of a source are judged by.

    Raises
    ------
    PackError
        If the pack gives a severity to a rule that there is not, or to one that must reject.
    """
    source = pack.sources[name]
    rules = [*_rejecting(pack, fields), *_flagging(source, fields, mapped)]
    known = {rule.reason for rule in rules}
    for reason in source.severities:
        if reason not in known or reason in _ALWAYS_REJECT:
            raise pack.error(
                f"{reason!r} is not a built-in rule whose severity can be changed",
                *("sources", name, "severities", reason),
                remedy=f"the rules are {', '.join(sorted(known - set(_ALWAYS_REJECT)))}",
            )
    rules = [replace(rule, severity=source.severities.get(rule.reason, rule.severity)) for rule in rules]
    for rule in (_declared(rule, fields) for rule in source.rules):
        # The pack's own word on what a built-in rule is about takes its place.
        rules = [each for each in rules if (each.reason, each.field) != (rule.reason, rule.field)] + [rule]
    return rules


def _rejecting(pack: CityPack, fields: KindFields) -> list[Rule]:
    time = fields.first_time
    dated = f"{PRESENT} and {STANDING}"
    return [
        Rule("malformed_line", "", "_malformed is not null", "reject"),
        Rule("blank_row", "", "_is_blank", "reject"),
        Rule("missing_id", fields.id_field, f"{PRESENT} and _key is null", "reject"),
        Rule("missing_time", time, f"{dated} and {time} is null and _time_text is null", "reject"),
        Rule("unparseable_time", time, f"{dated} and {time} is null and _time_text is not null", "reject"),
        Rule("before_first_month", time, f"day < date {literal(pack.first_day.isoformat())}", "reject"),
        Rule("unknown_area", "area_id", f"{dated} and _area_key is not null and not _is_known_area", "reject"),
    ]


def _flagging(source: Source, fields: KindFields, mapped: Mapped) -> list[Rule]:
    first = fields.first_time
    rules = [Rule("area_missing", "area_id", "area_id is null", "flag")]
    if source.coordinates is not None:
        rules.append(Rule("outside_area", "lat", "coords_in_area is false", "flag"))
    rules.append(Rule("clock_change", first, "time_flag is not null", "flag"))
    if fields.order:
        rules.append(Rule("times_out_of_order", first, "_out_of_order", "flag"))
    if "recorded_at" in source.fields and first != "recorded_at":
        late = out_of_order(source, first, "recorded_at", local_column)
        rules.append(Rule("future_time", first, late, "flag"))
    if "duration_seconds" in source.fields:
        rules.append(
            Rule("implausible_duration", "duration_seconds", f"duration_seconds > {LONGEST_LEG_SECONDS}", "flag")
        )
    for field in domain_breaches(fields):
        if field in source.fields:
            kind = "not_allowed" if fields.types[field] == "varchar" else "out_of_range"
            rules.append(Rule(f"{kind}:{field}", field, f"_d_{field}", "flag"))
    for field in mapped.unusable:
        unusable = f"_u_{field} or _is_off_earth" if field == "lat" else f"_u_{field}"
        # A first time that cannot be used is a reason to reject already.
        if field != first:
            rules.append(Rule(f"unusable:{field}", field, unusable, "flag"))
    return rules


def _declared(rule: PackRule, fields: KindFields) -> Rule:
    """Compose a rule that the pack gives; what a field does not say cannot break it, unless it is required."""
    field = rule.field
    column = quoted(field)
    # A value that the field cannot have is null by now, and breaks any rule about values.
    impossible = f"_d_{field} or " if field in domain_breaches(fields) else ""
    if rule.required:
        reason, breaks = "missing", f"{column} is null"
    elif rule.usable:
        reason, breaks = "unusable", f"_u_{field}" if field != "lat" else "_u_lat or _is_off_earth"
    elif rule.allowed is not None:
        reason, breaks = (
            "not_allowed",
            f"{impossible}{column}::varchar not in ({', '.join(map(_as_text, rule.allowed))})",
        )
    elif rule.range is not None:
        bounds = [
            f"{column} {sign} {end}" for sign, end in (("<", rule.range.min), (">", rule.range.max)) if end is not None
        ]
        reason, breaks = "out_of_range", impossible + (" or ".join(bounds) or "false")
    elif rule.pattern is not None:
        reason, breaks = "pattern", f"not regexp_full_match({column}::varchar, {literal(rule.pattern)})"
    elif rule.not_before is not None:
        return Rule(f"before:{rule.not_before}", field, f"_before_{field}_{rule.not_before}", rule.severity)
    else:
        reason, breaks = "condition", f"try({rule.condition}\n) is false"
    return Rule(f"{reason}:{field}", field, breaks, rule.severity)


def _as_text(value: Value) -> str:
    return literal(str(value).lower() if isinstance(value, bool) else str(value))


def check_rules(con: duckdb.DuckDBPyConnection, pack: CityPack, name: str, resolved: str) -> None:
    """Refuse rules of the pack that do not work on the resolved columns.

    Raises
    ------
    PackError
        With the rule's line.
    """
    source = pack.sources[name]
    for at, rule in enumerate(source.rules):
        breaks = _declared(rule, kind_fields(source.kind)).breaks
        try:
            con.execute(f"describe select 1 from ({resolved}) where {breaks}")
        except duckdb.Error as error:
            problem = str(error).splitlines()[0].partition(" Error: ")[2] or str(error)
            raise pack.error(
                f"the rule does not work: {problem}",
                *("sources", name, "rules", str(at)),
                remedy="docs/city-pack.md describes rules; docs/tables.md lists the fields and their types",
            ) from error


def any_broken(rules: Sequence[Rule]) -> str:
    """Compose the condition under which a row breaks any of some rules."""
    return " or ".join(f"({rule.breaks})" for rule in rules) or "false"


def as_list(rules: Sequence[Rule], part: str) -> str:
    """Compose the SQL list of reasons (or fields) of the rules that a row breaks; most rows break none."""
    cases = ", ".join(
        f"case when {rule.breaks} then {literal(rule.reason if part == 'reason' else rule.field)} end" for rule in rules
    )
    listed = f"list_filter([{cases}]::varchar[], lambda reason: reason is not null)"
    return f"case when {any_broken(rules)} then {listed} else []::varchar[] end"
