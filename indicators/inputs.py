"""What the engine takes and gives: frames as docs/tables.md defines them.

Belongs here: the two containers, their columns, and the check that the frames have them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import polars as pl

from indicators.areas import AREA_COLUMNS
from indicators.catalogue.measures import MEASURES
from indicators.declared import Break
from indicators.disclosure import EXACT, Disclosure
from indicators.questionnaire import Questionnaire
from indicators.survey_answers import Sample, Wave, read_waves, samples_by_year
from indicators.tellings import Tellings

VALUE_SCHEMA = {
    "indicator_id": pl.String,
    "area_id": pl.String,
    "area_level": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "value": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "bound_low": pl.Float64,
    "bound_high": pl.Float64,
    "numerator": pl.Float64,
    "denominator": pl.Float64,
    "unusable": pl.Int64,
    "quality_grade": pl.String,
    "grade_reason": pl.String,
    "signal": pl.String,
    "target_status": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "p_value": pl.Float64,
}
LIMIT_SCHEMA = {
    "indicator_id": pl.String,
    "area_id": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "basis": pl.String,
    "centre": pl.Float64,
    "limit_low": pl.Float64,
    "limit_high": pl.Float64,
}
CHANGE_SCHEMA = {
    "position": pl.Int32,
    "indicator_id": pl.String,
    "area_id": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "signal": pl.String,
    "method": pl.String,
    "value": pl.Float64,
    "centre": pl.Float64,
    "p_value": pl.Float64,
    "q_value": pl.Float64,
    "expected_false": pl.Float64,
    "series_tested": pl.Int32,
}
# A series whose latest period was tested, before it is known which are listed.
TESTED_SCHEMA = {
    name: dtype
    for name, dtype in CHANGE_SCHEMA.items()
    if name not in ("position", "q_value", "expected_false", "series_tested")
}
ALARM_SCHEMA = {
    "indicator_id": pl.String,
    "area_id": pl.String,
    "period_kind": pl.String,
    "period_start": pl.Date,
    "value": pl.Float64,
    "centre": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "dispersion": pl.Float64,
    "p_value": pl.Float64,
    "alarm": pl.Boolean,
}
GAP_SCHEMA = {
    "indicator_id": pl.String,
    "area_id": pl.String,
    "day": pl.Date,
    "days": pl.Int64,
    "is_open": pl.Boolean,
    "centre": pl.Float64,
    "limit_low": pl.Float64,
    "limit_high": pl.Float64,
    "signal": pl.String,
}
AVAILABILITY_SCHEMA = {
    "indicator_id": pl.String,
    "status": pl.String,
    "reason": pl.String,
    "geography": pl.String,
}
DOUBTFUL_COLUMNS = (
    *("source", "kind", "geography", "area_id", "day", "last_day", "due_day", "field"),
    *("refused", "contested"),
)


@dataclass(frozen=True)
class Inputs:
    """Everything that figures are computed from.

    Attributes
    ----------
    measures : mapping of str to DataFrame
        The `msr_*` tables that the entries name.
    extracts : mapping of str to DataFrame
        The `ext_*` tables that the entries rest on.
    areas, profile, field_map, severity_weights, sources : DataFrame
        `staging.area`, `facts.fct_profile`, `staging.field_map`, `severity_weight` and `source`.
    spans : DataFrame
        `msr_source_span`.
    doubtful : DataFrame
        Records in doubt: source, kind, geography, area_id, day, last_day, due_day (null where not known), `refused`
        (counted nowhere, though they may belong there) and `contested` (counted there, though they may not belong);
        with a `field`, only to whom that field matters.
    as_of : date
        The last day that counts.
    week_start : int
        ISO weekday on which weeks start, 1 for Monday to 7 for Sunday.
    calendar : DataFrame, optional
        Types of all days up to `as_of`, as `day_types` gives them; without it, weekdays and weekends are told apart.
    disclosure : Disclosure, optional
        How counts are protected; without it figures are exact.
    tellings : Tellings, optional
        What earlier releases told of protected counts; takes note of what is to be told now.
    questionnaire : Questionnaire, optional
        What the pack says of its survey.
    breaks : tuple of Break
        Declared changes: charts begin anew at each.
    agencies : tuple of str
        Agencies that the pack declares: those that are to work together.

    Raises
    ------
    ValueError
        If a frame lacks a column, or `week_start` is no weekday.
    """

    measures: Mapping[str, pl.DataFrame]
    areas: pl.DataFrame
    profile: pl.DataFrame
    field_map: pl.DataFrame
    severity_weights: pl.DataFrame
    spans: pl.DataFrame
    sources: pl.DataFrame
    doubtful: pl.DataFrame
    as_of: date
    week_start: int = 1
    calendar: pl.DataFrame | None = None
    extracts: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    disclosure: Disclosure = EXACT
    tellings: Tellings | None = None
    questionnaire: Questionnaire | None = None
    breaks: tuple[Break, ...] = ()
    agencies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.week_start <= 7:
            raise ValueError(f"week_start must be an ISO weekday, 1 (Monday) to 7 (Sunday), not {self.week_start}")
        needed: dict[str, tuple[pl.DataFrame, tuple[str, ...]]] = {
            "areas": (self.areas, AREA_COLUMNS),
            "profile": (self.profile, ("area_id", "valid_from", "population")),
            "field_map": (self.field_map, ("kind", "field", "source", "is_mapped")),
            "severity_weights": (self.severity_weights, ("category", "weight")),
            "spans": (self.spans, ("source", "kind", "first_day", "last_day", "records")),
            "sources": (self.sources, ("source", "kind", "silent_after_days")),
            "doubtful": (self.doubtful, DOUBTFUL_COLUMNS),
        }
        for name, frame in self.measures.items():
            if name in MEASURES:
                measure = MEASURES[name]
                needed[name] = (frame, ("geography", "area_id", "day", *measure.dimensions, *measure.counts))
        for name, (frame, columns) in needed.items():
            missing = [column for column in columns if column not in frame.columns]
            if missing:
                raise ValueError(f"{name} lacks {', '.join(missing)}: give it the columns of docs/tables.md")

    def measure(self, name: str) -> pl.DataFrame:
        """Rows of a measure with its `kind`, counts as 64-bit integers.

        Raises
        ------
        ValueError
            If the measure was not given.
        """
        if name not in self.measures:
            raise ValueError(f"the measure {name} is not among the inputs: {', '.join(sorted(self.measures))}")
        frame, measure = self.measures[name], MEASURES[name]
        if measure.kind:
            frame = frame.with_columns(kind=pl.lit(measure.kind))
        return frame.with_columns(pl.col(measure.counts).cast(pl.Int64).fill_null(0))

    def extract(self, name: str) -> pl.DataFrame:
        """Rows of an extract.

        Raises
        ------
        ValueError
            If the extract was not given.
        """
        if name not in self.extracts:
            raise ValueError(f"the extract {name} is not among the inputs: {', '.join(sorted(self.extracts))}")
        return self.extracts[name]

    @cached_property
    def waves(self) -> list[Wave]:
        """The waves of the pack's survey; none without a questionnaire."""
        asked = self.questionnaire
        return read_waves(self.extract("ext_survey_answer"), asked, self.as_of) if asked else []

    @cached_property
    def samples(self) -> list[tuple[int, Sample]]:
        """Each year's waves as one sample."""
        return samples_by_year(self.waves, self.questionnaire) if self.questionnaire else []


@dataclass(frozen=True)
class Figures:
    """What the engine gives, each frame in a fixed order of rows.

    Attributes
    ----------
    values, limits, changes, nowcasts, delays, gaps, alarms : DataFrame
        `indicator_values`, `indicator_limits`, `changes`, `nowcasts`, `reporting_delays`, `gap_charts` and `alarms`.
    availability : DataFrame
        One row per entry: indicator_id, status (`available`, `not_available`), reason, geography (joined by
        `,` where several).
    """

    values: pl.DataFrame
    limits: pl.DataFrame
    changes: pl.DataFrame
    nowcasts: pl.DataFrame
    delays: pl.DataFrame
    gaps: pl.DataFrame
    alarms: pl.DataFrame
    availability: pl.DataFrame
