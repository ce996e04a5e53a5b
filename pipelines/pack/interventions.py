"""Declared interventions: what a pack may say of something new that was tried, and what cannot be evaluated.

Whether its areas exist is known once the geographies are read (`loading/areas`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import pydantic

from indicators.catalogue.reading import load_catalogue
from indicators.declared import FEWEST_CONTROLS, Intervention
from pipelines.pack.mistakes import nearest
from pipelines.pack.parts import Part, Text

if TYPE_CHECKING:
    from pipelines.errors import PackError
    from pipelines.pack.city import CityPack

_ROLES = ("treated", "buffer", "control")
_Keys = Annotated[list[str], pydantic.Field(min_length=1)]


class DeclaredIntervention(Part):
    """Something new that was tried in some areas from a day on, to be evaluated on one indicator."""

    title: Annotated[Text, pydantic.Field(description="What was done, for readers")]
    note: Annotated[
        Text | None, pydantic.Field(description="What a reader must know, such as why these areas were chosen")
    ] = None
    indicator: Annotated[str, pydantic.Field(description="Id of a rate of counted events in the catalogue, such as B2")]
    geography: Annotated[str, pydantic.Field(description="Geography of its areas, such as precinct")]
    treated: Annotated[_Keys, pydantic.Field(description="Keys of the areas in which it was done")]
    buffer: Annotated[
        list[str], pydantic.Field(description="Keys of areas that crime may have moved to, such as neighbours")
    ] = []
    control: Annotated[
        list[str] | None,
        pydantic.Field(description="Keys of comparable areas without it; by default all others of the geography"),
    ] = None
    start: Annotated[date, pydantic.Field(description="Its first day, such as 2025-03-01")]
    months: Annotated[
        int, pydantic.Field(ge=3, le=36, description="Whole months compared before, and as many after")
    ] = 12
    size: Annotated[
        Literal["events", "residents"],
        pydantic.Field(
            description="What control areas are scaled by to the size of the others: the events of the months "
            "before, so that a common change in per cent is none of the intervention's, or the residents"
        ),
    ] = "events"
    harm: Annotated[
        dict[str, Annotated[float, pydantic.Field(gt=0)]],
        pydantic.Field(
            description="Harm of one event of each of several such rates, whose counts must not overlap, such as "
            "{B1_shootings: 500, B2: 10}: their differences are also told together, so weighed"
        ),
    ] = {}

    def evaluated(self, name: str) -> Intervention:
        """Return it as the statistics take it, with the ids of its areas."""
        treated, buffer, control = (
            tuple(f"{self.geography}-{key}" for key in keys) for keys in (self.treated, self.buffer, self.control or [])
        )
        return Intervention(
            id=name,
            indicator_id=self.indicator,
            area_level=self.geography,
            treated=treated,
            buffer=buffer,
            control=control,
            start=self.start,
            months=self.months,
            size=self.size,
            harm=tuple(sorted(self.harm.items())),
        )


def wrong_interventions(pack: CityPack) -> Iterator[PackError]:
    """Find interventions that cannot be evaluated, whatever the files hold."""
    for name, declared in pack.interventions.items():
        here = ("interventions", name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            yield pack.error(f"{name!r} cannot be a name", *here, remedy="use a-z, 0-9 and _ (first a letter)")
        if declared.geography not in pack.geographies:
            yield pack.error(
                f"geography {declared.geography!r} is not declared",
                *(*here, "geography"),
                remedy=f"declare it, or name one of {', '.join(pack.geographies)}",
            )
        yield from _wrong_indicator(pack, declared.indicator, "interventions", name, "indicator")
        for indicator in declared.harm:
            yield from _wrong_indicator(pack, indicator, "interventions", name, "harm", indicator)
        yield from _wrong_areas(pack, name, declared)
        yield from _wrong_windows(pack, name, declared)


def unknown_areas(pack: CityPack, geography: str, known: set[str]) -> Iterator[PackError]:
    """Find areas of interventions that a geography does not have, and those that it has too few others for.

    Parameters
    ----------
    known
        Keys of the geography's areas.
    """
    for name, declared in pack.interventions.items():
        if declared.geography != geography:
            continue
        for role in _ROLES:
            for at, key in enumerate(getattr(declared, role) or []):
                if key not in known:
                    close = nearest(key, known)
                    yield pack.error(
                        f"{key!r} is not an area of {geography}",
                        *("interventions", name, role, str(at)),
                        remedy=(f"did you mean {close}? " if close else "")
                        + f"name its {pack.geographies[geography].key}",
                    )
        left = known - {*declared.treated, *declared.buffer}
        if declared.control is None and len(left) < FEWEST_CONTROLS:
            yield pack.error(
                f"{len(left)} other areas of {geography} are too few to compare with",
                *("interventions", name, "treated"),
                remedy=f"leave at least {FEWEST_CONTROLS} without a part in it",
            )


def _wrong_indicator(pack: CityPack, indicator: str, *where: str) -> Iterator[PackError]:
    entries = {entry.id: entry for entry in load_catalogue()}
    # The spread of amounts and weighted sums is not that of counts.
    usable = [
        each.id
        for each in entries.values()
        if (each.kind, each.interval) == ("rate", "byar") and "month" in each.period_kinds
    ]
    if indicator not in usable:
        problem = "is not a rate of counted events" if indicator in entries else "is not in the catalogue"
        yield pack.error(
            f"indicator {indicator!r} {problem}",
            *where,
            remedy=f"name one of {', '.join(usable)}",
        )


def _wrong_areas(pack: CityPack, name: str, declared: DeclaredIntervention) -> Iterator[PackError]:
    roles: dict[str, str] = {}
    for role in _ROLES:
        for at, key in enumerate(getattr(declared, role) or []):
            if key in roles:
                problem = f"{key!r} is listed twice" if roles[key] == role else f"{key!r} is under {roles[key]}, too"
                yield pack.error(problem, *("interventions", name, role, str(at)), remedy="keep it in one place")
            roles.setdefault(key, role)
    if declared.control is not None and len(declared.control) < FEWEST_CONTROLS:
        yield pack.error(
            f"{len(declared.control)} control areas are too few",
            *("interventions", name, "control"),
            remedy=f"name at least {FEWEST_CONTROLS}: from them is told how much areas vary beyond chance",
        )


def _wrong_windows(pack: CityPack, name: str, declared: DeclaredIntervention) -> Iterator[PackError]:
    window = declared.evaluated(name)
    first, last = window.months_before[0], window.months_after(date.max - timedelta(days=1))[-1]
    here = ("interventions", name, "start")
    if first < pack.first_day:
        yield pack.error(
            f"the {declared.months} months before {declared.start} begin on {first}, before the first month, "
            f"{pack.first_month}",
            *here,
            remedy="give fewer months, or mend the day",
        )
    if pack.day_after is not None and last >= pack.day_after:
        yield pack.error(
            f"the {declared.months} months after {declared.start} end with {last:%Y-%m}, after the last month, "
            f"{pack.last_month}",
            *here,
            remedy="give fewer months, or mend the day",
        )
