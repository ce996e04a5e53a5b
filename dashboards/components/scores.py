"""What is known of each indicator in an area at a period: figure, course, target, place among peers; no layout here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dashboards.components.context import Context
from dashboards.periods import period_end

KINDS = ("month", "quarter", "year", "rolling_12m")
"""Kinds of period that a scorecard is of."""
POSITION_KINDS = ("rolling_12m", "year", "quarter")
"""Kinds of period that areas are compared in, the steadiest first."""
PERIODS_SHOWN = 24
"""As many as a word-sized line holds."""
_YEARS_BACK = {"day": 1, "week": 1, "month": 2, "quarter": 6, "rolling_12m": 3}


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
    """Rows up to the period, oldest first."""
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
    def signal(self) -> str | None:
        """The special cause of the period; None where there is none or no chart is drawn."""
        signal = None if self.row is None else self.row["signal"]
        return None if signal == "none" else signal

    @property
    def is_charted(self) -> bool:
        """Whether a chart says what is usual."""
        return self.row is not None and self.row["signal"] is not None


def chosen_period(context: Context) -> tuple[str, date] | None:
    """Kind and first day of the period that the view asks for, else of the newest one that was over."""
    periods = context.release.districts.periods
    present = [kind for kind in KINDS if kind in periods["period_kind"]]
    if not present:
        return None
    asked = context.view.period_kind
    kind = asked if asked in present else present[0]
    period = context.chosen_period(kind, periods.filter(period_kind=kind))
    return None if period is None else (kind, period)


def scores(context: Context, area_ids: Sequence[str], kind: str, period: date) -> dict[str, list[Score]]:
    """What is known in each area, those about incidents first.

    An indicator that is not published by `kind` is shown in the newest period of another kind that was over by the
    end of `period`. Left out are indicators that have no rows of the area at all, such as those of another geography.

    Returns
    -------
    dict
        Area to its scores, an entry for each of `area_ids`.
    """
    release, end = context.release, period_end(kind, period)
    indicators = {row["indicator_id"]: row for row in context.available_indicators()}
    spans = {}
    for identity, row in indicators.items():
        offered = row["period_kinds"] or []
        own = next((each for each in (kind, *KINDS) if each in offered), None)
        if own is not None:
            years = _YEARS_BACK.get(own, PERIODS_SHOWN)
            spans[identity] = (own, date(period.year - years, 1, 1), period if own == kind else end)
    histories: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in release.districts.figures(spans, area_ids).to_dicts():
        if period_end(row["period_kind"], row["period_start"]) <= end:
            histories.setdefault((row["area_id"], row["indicator_id"]), []).append(row)
    targets = {(row["indicator_id"], row["area_id"]): row for row in release.trends.targets.to_dicts()}
    places = _positions(context, area_ids, kind, period)
    found: dict[str, list[Score]] = {area: [] for area in area_ids}
    for area in area_ids:
        for identity, indicator in indicators.items():
            history = histories.get((area, identity))
            if not history:
                continue
            own, newest = history[-1]["period_kind"], history[-1]["period_start"]
            at = period if own == kind else newest
            found[area].append(
                Score(
                    area,
                    indicator,
                    own,
                    at,
                    history[-1] if newest == at else None,
                    history[-PERIODS_SHOWN:],
                    targets.get((identity, area)),
                    places.get((area, identity)),
                    is_of_other_kind=own != kind,
                )
            )
    return found


def _positions(
    context: Context, area_ids: Sequence[str], kind: str, period: date
) -> dict[tuple[str, str], dict[str, Any]]:
    """The comparison of each area and indicator that fits best: of the period itself, else the newest before its end."""
    end = period_end(kind, period)
    best: dict[tuple[str, str], tuple[tuple[bool, int, int], dict[str, Any]]] = {}
    for row in context.release.districts.positions(area_ids).to_dicts():
        own, start = row["period_kind"], row["period_start"]
        if own not in POSITION_KINDS or period_end(own, start) > end:
            continue
        key = (row["area_id"], row["indicator_id"])
        fit = ((own, start) == (kind, period), -POSITION_KINDS.index(own), start.toordinal())
        if key not in best or fit > best[key][0]:
            best[key] = (fit, row)
    return {key: row for key, (_, row) in best.items()}


def grades(found: Sequence[Score]) -> dict[str, int]:
    """How many figures there are of each quality grade, in order."""
    given = [each.row["quality_grade"] for each in found if each.row and each.row["quality_grade"]]
    return {grade: given.count(grade) for grade in sorted(set(given))}
