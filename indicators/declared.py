"""What is declared: interventions with their areas and months, breaks after which figures are another series, targets.

Belongs here: the declarations and their windows. Not here: how a city writes them, the evaluation (`interventions`),
charts that begin anew (`charts`), and progress (`targets`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from indicators.periods import month_before

FEWEST_CONTROLS = 2
"""From the control areas is told how much areas vary beyond chance: one tells nothing of that."""


@dataclass(frozen=True)
class Intervention:
    """What was done where, from when on.

    Parameters
    ----------
    id, indicator_id : str
        The indicator is a rate of counted events with monthly figures.
    area_level : str
        Level of all its areas.
    treated, buffer, control : tuple of str
        Ids of the areas with the intervention, of those that crime may have moved to, and of comparable ones;
        without `control`, all others of the level but for those that another intervention on the same
        indicator concerns, if it begins in the months compared.
    start : date
        First day. Where it is not a month's first, that month counts neither before nor after.
    months : int
        Whole months in each of the two windows.
    size : {"events", "residents"}
        What the control areas are scaled by to the size of the others: the events of all months before, so that a
        common change in per cent is none of the intervention's, or the residents.
    harm : tuple of (str, float)
        Indicators whose counts do not overlap, each with the harm of one of its events, above zero: their differences,
        so weighed, are added up beside that of `indicator_id`.
    """

    id: str
    indicator_id: str
    area_level: str
    treated: tuple[str, ...]
    start: date
    months: int
    buffer: tuple[str, ...] = ()
    control: tuple[str, ...] = ()
    size: Literal["events", "residents"] = "events"
    harm: tuple[tuple[str, float], ...] = ()

    @property
    def first_after(self) -> date:
        """First month that counts as after."""
        month = self.start.replace(day=1)
        return month if self.start.day == 1 else month_before(month, -1)

    @property
    def months_before(self) -> list[date]:
        """Months that count as before, in order."""
        return [month_before(self.start.replace(day=1), back) for back in range(self.months, 0, -1)]

    def holds_start_of(self, other: "Intervention") -> bool:
        """Whether another intervention begins within the months that are compared here."""
        return self.months_before[0] < other.start < month_before(self.first_after, -self.months)

    def months_after(self, as_of: date) -> list[date]:
        """Months that count as after and had ended by the end of `as_of`, in order."""
        every = [month_before(self.first_after, -ahead) for ahead in range(self.months)]
        return [month for month in every if last_day(month) <= as_of]


@dataclass(frozen=True)
class Break:
    """A change of how things are counted or done, from which on figures are another series.

    Parameters
    ----------
    id : str
    start : date
        First day. A week or month begun before it belongs to what was before.
    indicators, sources : collection of str
        What it concerns: these indicators, and all that these sources feed.
    """

    id: str
    start: date
    indicators: Collection[str] = ()
    sources: Collection[str] = ()

    def concerns(self, indicator_id: str, sources: Collection[str]) -> bool:
        """Whether it changes an indicator that these sources feed."""
        return indicator_id in self.indicators or not set(self.sources).isdisjoint(sources)


@dataclass(frozen=True)
class Target:
    """What an indicator that is better higher or lower is to reach.

    Parameters
    ----------
    indicator_id : str
    value : float
        In the indicator's unit.
    since, due : date
        First day of the way, and the day by which it ends.
    baseline : float, optional
        Where the way begins; without it, at the figure of the twelve months that end before `since`.
    everywhere : bool
        Whether it holds for every area, not for the city alone.
    """

    indicator_id: str
    value: float
    since: date
    due: date
    baseline: float | None = None
    everywhere: bool = False


def last_day(month: date) -> date:
    """Last day of the month that begins on `month`."""
    return month_before(month, -1) - timedelta(days=1)
