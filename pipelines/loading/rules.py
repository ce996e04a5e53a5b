"""Rules: what a row must be to be accepted, as SQL over mapped and located rows.

A row that breaks a rule of severity *reject* is quarantined with every reason; one of severity *flag* is kept and
marked. The rules judge rows, never tables: that is what expectations are for.
"""

from dataclasses import dataclass
from datetime import date

from pipelines.loading.mapping import KindFields
from pipelines.warehouse import literal

# A patrol leg longer than this is kept and marked: it is more likely a slip of the pen than a patrol.
LONGEST_LEG_SECONDS = 12 * 3600

# Pairs of times of a kind of which the second cannot be before the first.
_ORDER = {
    "incident": (
        ("occurred_at", "occurred_until"),
        ("reported_at", "dispatched_at"),
        ("dispatched_at", "arrived_at"),
        ("arrived_at", "closed_at"),
    ),
    "patrol": (("started_at", "ended_at"), ("planned_start", "planned_end")),
    "service": (("opened_at", "first_response_at"), ("opened_at", "closed_at")),
}


@dataclass(frozen=True)
class Rule:
    """One rule: `breaks` is the SQL condition under which a row breaks it."""

    reason: str
    field: str
    breaks: str


def rejecting(fields: KindFields, first_day: date) -> list[Rule]:
    """Return the rules whose breach sends a row to quarantine."""
    time = fields.first_time
    present = "_malformed is null and not _is_blank"
    return [
        Rule("malformed_line", "", "_malformed is not null"),
        Rule("blank_row", "", "_is_blank"),
        Rule("missing_id", fields.id_field, f"{present} and _key is null"),
        Rule("missing_time", time, f"{present} and {time} is null and _time_text is null"),
        Rule("unparseable_time", time, f"{present} and {time} is null and _time_text is not null"),
        Rule("before_first_month", time, f"day < date {literal(first_day.isoformat())}"),
        Rule("unknown_area", "area_id", f"{present} and _area_key is not null and not _is_known_area"),
    ]


def flagging(fields: KindFields) -> list[Rule]:
    """Return the rules whose breach marks a row that is kept."""
    rules = [
        Rule("area_missing", "area_id", "area_id is null"),
        Rule("outside_area", "lat", "coords_in_area is false"),
        Rule("unusable:lat", "lat", "_is_off_earth"),
        Rule("clock_change", fields.first_time, "time_flag is not null"),
        Rule("times_out_of_order", fields.first_time, "_out_of_order"),
    ]
    if fields.kind == "patrol":
        rules.append(
            Rule(
                "implausible_duration",
                "duration_seconds",
                f"duration_seconds < 0 or duration_seconds > {LONGEST_LEG_SECONDS}",
            )
        )
    return rules


def unordered_times(fields: KindFields) -> list[tuple[str, str]]:
    """Return the pairs (earlier, later) of which a later time before its earlier one is not used."""
    return list(_ORDER[fields.kind])


def as_list(rules: list[Rule], part: str) -> str:
    """Compose the SQL list of reasons (or fields) of the rules that a row breaks."""
    cases = ", ".join(
        f"case when {rule.breaks} then {literal(rule.reason if part == 'reason' else rule.field)} end" for rule in rules
    )
    return f"list_filter([{cases}]::varchar[], lambda reason: reason is not null)"
