"""What is known of each indicator in an area at a period: figure, course, target, place among peers; no layout here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards.components.context import Context
from dashboards.periods import last_period, period_end

KINDS = ("month", "quarter", "year", "rolling_12m")
"""Kinds of period that a scorecard is of."""
POSITION_KINDS = ("rolling_12m", "year", "quarter")
"""Kinds of period that areas are compared in, the steadiest first."""
PERIODS_SHOWN = 24
"""As many as a word-sized line holds."""
_YEARS_BACK = {"month": 2, "quarter": 6, "rolling_12m": 3}


@dataclass(frozen=True)
class Score:
    """One indicator in one area at one period."""

    area_id: str
    indicator: dict[str, Any]
    """Row of the catalogue."""
    kind: str
    period: date
    row: dict[str, Any] | None
    """Row of `indicator_values`, None where there is none of the period."""
    history: list[dict[str, Any]]
    """Figures and signals up to the period, oldest first: rows of `DistrictData.courses`."""
    target: dict[str, Any] | None
    """Row of `targets`."""
    position: dict[str, Any] | None
    """Row of `comparisons`."""
    is_of_other_kind: bool = False
    """Whether the period is of another kind than was asked for, since the indicator is not published by that."""

    @property
    def indicator_id(self) -> str:
        """Id of the indicator."""
        return str(self.indicator["indicator_id"])

    @property
    def value(self) -> float | None:
        """The figure, None where there is none."""
        return None if self.row is None else self.row["value"]

    @property
    def status(self) -> str | None:
        """Whether the figure is final, provisional and so on; None where there is no row."""
        return None if self.row is None else self.row["status"]

    @property
    def signal(self) -> str | None:
        """The special cause of the period; None where there is none or no chart is drawn."""
        signal = None if self.row is None else self.row["signal"]
        return None if signal == "none" else signal

    @property
    def side(self) -> str | None:
        """On which side of the limits among its peers the figure lies, `better` or `worse`; None within them."""
        standing, polarity = (self.position or {}).get("standing"), self.indicator["polarity"]
        if standing in (None, "expected") or polarity not in ("higher", "lower"):
            return None
        return "better" if (standing in ("high", "rather_high")) == (polarity == "higher") else "worse"

    @property
    def is_charted(self) -> bool:
        """Whether a chart says what is usual."""
        return self.row is not None and self.row["signal"] is not None


def chosen_period(context: Context) -> tuple[str, date] | None:
    """Kind and first day of the period that the view asks for, else of the newest one that was over."""
    periods = context.release.districts.periods_of
    present = [kind for kind in KINDS if kind in periods]
    if not present:
        return None
    asked = context.view.period_kind
    kind = asked if asked in present else present[0]
    period = context.chosen_period(kind, periods[kind])
    return None if period is None else (kind, period)


@dataclass(frozen=True)
class Scores:
    """What is known of an area and of the areas in it."""

    own: list[Score]
    parts: list[Score]
    """Of each part, one indicator."""
    causes: list[Score]
    """Of all parts, figures with a special cause."""


def scores(
    context: Context,
    area_id: str,
    kind: str,
    period: date,
    part_ids: Sequence[str] = (),
    part_indicator: str | None = None,
) -> Scores:
    """What is known in an area, indicators about incidents first.

    An indicator that is not published by `kind` is shown in the last period of another kind that was over by the
    end of `period`. Left out are indicators that have no rows of the area at all, such as those of another geography.
    """
    districts, end = context.release.districts, period_end(kind, period)
    indicators = {row["indicator_id"]: row for row in context.available_indicators}
    periods: dict[str, tuple[str, date]] = {}
    for identity, row in indicators.items():
        own = next((each for each in (kind, *KINDS) if each in (row["period_kinds"] or [])), None)
        if own is not None:
            periods[identity] = (own, period if own == kind else last_period(own, end))
    spans = {
        identity: (own, date(start.year - _YEARS_BACK.get(own, PERIODS_SHOWN), 1, 1), start)
        for identity, (own, start) in periods.items()
    }
    figures = {
        (row["area_id"], row["indicator_id"]): row
        for row in districts.figures(periods, area_id, part_ids, part_indicator).to_dicts()
    }
    courses: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in districts.courses(spans, area_id, part_ids, part_indicator).to_dicts():
        courses.setdefault((row["area_id"], row["indicator_id"]), []).append(row)
    newest = {each: last_period(each, end) for each in POSITION_KINDS}
    places = {
        (row["area_id"], row["indicator_id"]): row
        for row in districts.positions(newest, (kind, period), area_id, part_ids, part_indicator).to_dicts()
    }

    def score(area: str, identity: str) -> Score:
        own, start = periods[identity]
        key = (area, identity)
        return Score(
            area,
            indicators[identity],
            own,
            start,
            figures.get(key),
            courses.get(key, [])[-PERIODS_SHOWN:],
            context.release.trends.target(identity, area),
            places.get(key),
            is_of_other_kind=own != kind,
        )

    known = figures.keys() | courses.keys()
    marked = [key for key, row in figures.items() if row["signal"] not in (None, "none") and key[0] != area_id]
    return Scores(
        own=[score(area_id, identity) for identity in periods if (area_id, identity) in known],
        parts=[score(area, part_indicator) for area in part_ids if part_indicator and (area, part_indicator) in known],
        causes=[score(*key) for key in marked],
    )


def grades(found: Sequence[Score]) -> dict[str, int]:
    """How many figures there are of each quality grade, in order."""
    given = [each.row["quality_grade"] for each in found if each.row and each.row["quality_grade"]]
    return {grade: given.count(grade) for grade in sorted(set(given))}
