"""The measures that entries may count: their dimensions, and their additive columns; extracts; stocks of `fct_profile`.

Belongs here: what docs/tables.md fixes about these tables, as far as a catalogue entry can name it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """Columns of a measure table.

    Attributes
    ----------
    kind : str or None
        Record kind that is counted; None where the table covers several and has a column `kind`.
    dimensions : tuple of str
        Columns that a filter may name.
    counts : tuple of str
        Integer columns that may be summed over areas and days.
    days : tuple of str
        Which days of a record (`day`, `last_day`, `due_day`) are the first and the last that it may count on.
    """

    kind: str | None
    dimensions: tuple[str, ...]
    counts: tuple[str, ...]
    days: tuple[str, str] = ("day", "day")


MEASURES = {
    "msr_incident_day": Measure(
        "incident",
        ("source", "category", "local_category", "found_by"),
        (
            "incidents_ppm",
            "victims_ppm",
            "victims_killed_ppm",
            "with_coordinates_ppm",
            "valid_coordinates_ppm",
        ),
        ("day", "last_day"),
    ),
    "msr_incident_stage_day": Measure(
        "incident", ("source", "found_by", "priority", "stage"), ("opened", "closed", "open_now")
    ),
    "msr_incident_duration_month": Measure(
        "incident", ("source", "found_by", "priority", "stage"), ("closed", "closed_seconds")
    ),
    "msr_incident_basis_day": Measure(
        "incident",
        ("source", "category", "local_category"),
        (
            *("incidents", "with_agency", "joint", "joint_duty", "joint_duty_met", "with_address", "with_point"),
            *("clearance_known", "clearance_unknown", "cleared_in_time"),
            *("settlement_known", "settlement_unknown", "settled"),
        ),
    ),
    "msr_handoff_day": Measure("handoff", ("source",), ("opened", "closed", "open_now")),
    "msr_handoff_due_day": Measure("handoff", ("source",), ("due", "acknowledged_in_time"), ("due_day", "due_day")),
    "msr_handoff_duration_month": Measure("handoff", ("source",), ("closed", "closed_seconds")),
    "msr_participation_day": Measure("participation", ("source", "subject"), ("activities", "with_level")),
    "msr_patrol_day": Measure(
        "patrol",
        ("source", "subject"),
        (
            "patrols",
            "patrol_seconds",
            "duration_missing",
            "staffed_seconds",
            "staffing_missing",
            "planned",
            "planned_seconds",
            "patrolled_as_planned_seconds",
            "plan_unknown",
            "self_initiated",
            "initiation_known",
            "initiation_missing",
            "with_finding",
            "finding_known",
            "finding_missing",
        ),
    ),
    "msr_service_day": Measure(
        "service",
        ("source",),
        (
            *("opened", "closed", "open_now", "complaints", "closed_with_basis"),
            *("followed_up", "satisfied", "satisfaction_known", "satisfaction_unknown"),
            *("overturned", "review_known", "review_unknown"),
        ),
    ),
    "msr_service_due_day": Measure(
        "service",
        ("source", "channel"),
        ("due", "resolved_in_time", "answered_in_time", "confirmed_solved"),
        ("due_day", "due_day"),
    ),
    "msr_service_duration_month": Measure("service", ("source",), ("closed", "closed_seconds")),
    "msr_receipt_day": Measure(None, ("source", "kind"), ("received", "duplicates", "unusable")),
    "msr_record_quality_day": Measure(
        None,
        ("source", "kind"),
        (
            "records",
            "recording_known",
            "recording_unknown",
            "recorded_in_time",
            "contradictory",
            "located",
            "located_in_area",
        ),
    ),
    "msr_completeness_day": Measure(None, ("source", "kind"), ("required_cells", "filled_cells")),
}


@dataclass(frozen=True)
class Extract:
    """What a kind of figure reads beside a measure.

    Attributes
    ----------
    table : str
    columns : tuple of str
        Those of its columns that are read.
    measures : dict of str to tuple of str
        Measures of the records that it was made of, and the columns that are read there; none where it is read alone.
    dimensions : tuple of str
        Columns that a filter may name: those of both.
    period_kinds : tuple of str
        Periods that its rows can tell of.
    beside : tuple of (str, tuple of str)
        Another extract that is read with it, and its columns; none by default.
    """

    table: str
    columns: tuple[str, ...]
    measures: dict[str, tuple[str, ...]]
    dimensions: tuple[str, ...]
    period_kinds: tuple[str, ...]
    beside: tuple[str, tuple[str, ...]] | None = None


_ANSWERS = Extract(
    "ext_survey_answer",
    (
        *("survey_id", "wave", "respondent_key", "person_group", "stratum", "cluster", "weight"),
        *("margin_age", "margin_gender", "margin_residence", "margin_education", "item", "answer"),
    ),
    {},
    (),
    ("year",),
)
EXTRACTS = {
    "near_repeat": Extract(
        "ext_near_repeat_point",
        ("last_day", "address_key", "x_metres", "y_metres", "z_metres", "incidents"),
        {"msr_incident_basis_day": ("incidents",)},
        ("source", "category"),
        ("year", "rolling_12m"),
    ),
    "repeat_addresses": Extract(
        "ext_repeat_place_month",
        ("address_key", "incidents"),
        {"msr_incident_basis_day": ("incidents", "with_address")},
        ("source",),
        ("month", "quarter"),
    ),
    "waiting_gap": Extract(
        "ext_service_wait_day",
        ("requester_group", "category", "bucket", "requests", "closed_seconds"),
        {"msr_service_day": ("opened",)},
        ("source",),
        # None that is charted: a gap that closes because one group waits longer is no improvement.
        ("quarter", "year"),
    ),
    "hot_cells": Extract(
        "ext_near_repeat_point",
        ("found_by", "x_metres", "y_metres", "z_metres", "incidents"),
        {"msr_patrol_day": ("patrols",), "msr_incident_basis_day": ("incidents",)},
        ("source",),
        ("month", "quarter", "year"),
        beside=("ext_patrol_point", ("x_metres", "y_metres", "z_metres", "patrols", "patrol_seconds")),
    ),
    "participation": Extract(
        "ext_volunteer_level_month",
        ("person_key", "level"),
        {"msr_participation_day": ("activities", "with_level")},
        ("source", "subject"),
        ("rolling_12m",),
    ),
    "network": Extract(
        "ext_agency_edge_month",
        ("kind", "from_agency", "to_agency", "cases"),
        {"msr_incident_basis_day": ("incidents", "with_agency"), "msr_handoff_day": ("opened",)},
        ("source",),
        ("month", "quarter", "year", "rolling_12m"),
    ),
    "survey_proportion": _ANSWERS,
    "survey_mean": _ANSWERS,
    "survey_gap": _ANSWERS,
}
# By kind of figure and measure, the other kind of records that it rests on.
KINDS_BESIDE = {
    ("hot_cells", "msr_patrol_day"): "incident",
    ("concentration", "msr_incident_basis_day"): "patrol",
}
# Staffed hours, for figures of concentration: the measure of patrols, and its columns.
STAFFED = ("msr_patrol_day", "staffed_seconds")
# Of agencies' linkage, which no entry tells: what each handles, and how long hand-offs wait by pair.
AGENCY_CASES, HANDOFF_WAITS = "ext_agency_case_month", "ext_handoff_wait_day"
EXTRACT_TABLES = sorted(
    {each.table for each in EXTRACTS.values()}
    | {each.beside[0] for each in EXTRACTS.values() if each.beside}
    | {AGENCY_CASES, HANDOFF_WAITS}
)
# The stock that a figure of participation is of.
VOLUNTEERS = "registered_volunteers"
# The stock by which a grid of cells is made.
AREA = "area_km2"
# Columns of `fct_profile` that add up over areas.
STOCKS = (
    "population",
    "new_citizens",
    "estimated_new_citizens",
    "registered_new_citizens",
    "officers",
    "grid_staff",
    "staff",
    "staff_trained",
    "cameras_installed",
    "cameras_online",
    "camera_area_km2",
    "area_km2",
    "key_enterprises",
    "enterprises_in_copatrol",
    "registered_volunteers",
)
