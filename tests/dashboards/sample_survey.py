"""The survey of the sample release: three waves of the city, with a gap that closes and a scale that is held back."""

from datetime import date, timedelta
from typing import Any

WAVES = {"2015-05": date(2015, 5, 4), "2015-11": date(2015, 11, 2), "2016-11": date(2016, 11, 7)}
LEVELS = {
    "feels_safe": (41.0, 12.0),
    "satisfied": (50.0, 9.0),
    "aware": (33.0, 20.0),
    "takes_part": (14.0, 7.0),
    "reported": (52.0, 15.0),
    "mechanism": (63.0, 7.0),
    "social_linkage": (47.0, 12.0),
    "information_sharing": (54.0, 16.0),
    "prevention_foundation": (64.0, 8.0),
}
"""What everybody says, and how much less new citizens do."""
SCALES = {
    "mechanism": ("trust", "satisfied", "fair"),
    "social_linkage": ("met", "belongs", "takes_part"),
    "information_sharing": ("would_report", "aware", "informed"),
    "prevention_foundation": ("safe_day", "feels_safe", "watch"),
}
UNRELIABLE = "information_sharing"
IMPORTANCE = {
    "mechanism": ("keep", 63.0, 0.68),
    "social_linkage": ("improve", 47.0, 0.61),
    "prevention_foundation": ("unclear", 59.0, 0.47),
}
GROUPS = {"all": (0.0, 560), "residents": (0.3, 330), "new_citizens": (-0.7, 120)}
"""Share of the gap that a group lies above everybody, and its answers."""
FEW, FEW_REASON = "reported", "small_denominator:30"


def tables() -> dict[str, list[tuple[Any, ...]]]:
    """Rows of every table of the survey."""
    return {
        "survey_waves": [
            (wave, first, first + timedelta(days=13), 640, 590, 540.5, "converged", 4, 4e-8, 1.21)
            if wave != "2015-05"
            else (wave, first, first + timedelta(days=13), 610, 540, 500.0, "empty_class", 0, 0.02, 1.0)
            for wave, first in WAVES.items()
        ],
        "survey_margins": [
            ("2016-11", "gender", name, 0.5, before, 0.5) for name, before in (("female", 0.53), ("male", 0.47))
        ],
        "survey_estimates": [
            row for at, wave in enumerate(WAVES) for area in ("city", "75") for row in _estimates(at, wave, area)
        ],
        "survey_gaps": _gaps(),
        "survey_reliability": _reliability(),
        "survey_importance": [
            ("city", name, quarter, 2016, level, level - 1.4, level + 1.4, closely, closely - 0.04, closely + 0.04)
            for name, (quarter, level, closely) in IMPORTANCE.items()
        ],
    }


def _estimates(at: int, wave: str, area: str) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    nothing = (None,) * 13
    for measured, (level, gap) in LEVELS.items():
        for group, (above, answers) in GROUPS.items():
            key = (wave, area, group, measured)
            if measured == FEW or (area == "75" and group == "new_citizens"):
                rows += [(*key, "withheld", FEW_REASON, *nothing)] if group == "all" else []
                continue
            if measured == UNRELIABLE and at == 2:
                rows.append((*key, "not_available", "unreliable_scale:0.7", *nothing))
                continue
            rise = (9.0, 12.0, 15.0) if measured == "feels_safe" and at == 2 else (1.2, -2.8, 5.2)
            value = level + above * gap + (rise[0] if at == 2 else 0.0) + (3.0 if area == "75" else 0.0)
            error = 2.0 * (560 / answers) ** 0.5
            change = (None,) * 5
            if at:
                clear = rise[0] == 9.0
                change = (rise[0], rise[0] - 4.0, rise[0] + 4.0, 0.0004 if clear else 0.5, 0.01 if clear else 0.8)
            rows.append(
                (*key, "final", None, answers, value, value - 2 * error, value + 2 * error, error, answers / 1.2, 1.2,
                 0.12, *change)
            )  # fmt: skip
    return rows


def _gaps() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for measured in ("feels_safe", "satisfied", "aware", "takes_part"):
        level, gap = LEVELS[measured]
        for year in (2015, 2016):
            closed = 8.0 if measured == "satisfied" and year == 2016 else 0.0
            ends = (level + 4 - closed, level + 4 - gap - closed / 8)
            verdict, change = None, (None, None, None)
            if year == 2016:
                verdict, change = ("both_fell", (-7.0, -11.0, -3.0)) if closed else ("unclear", (0.4, -5.0, 5.8))
            rows.append(
                ("city", measured, "final", None, verdict, None, year, ends[0], ends[0] - 3, ends[0] + 3, ends[1],
                 ends[1] - 6, ends[1] + 6, ends[0] - ends[1], ends[0] - ends[1] - 6.5, ends[0] - ends[1] + 6.5, 0.002,
                 *change)
            )  # fmt: skip
    return [*rows, ("75", "feels_safe", "withheld", FEW_REASON, None, None, 2016, *(None,) * 13)]


def _reliability() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for foundation, items in SCALES.items():
        alpha = 0.66 if foundation == UNRELIABLE else 0.82
        key = ("city", foundation)
        rows.append((*key, None, 2016, 540, 3, alpha, alpha - 0.03, alpha + 0.025, 0.71, 850.3, 1e-180))
        rows += [(*key, item, 2016, None, None, alpha - 0.07, None, None, 0.7, None, None) for item in items]
    return rows
