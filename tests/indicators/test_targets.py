"""Targets: statuses on the way, the baseline, and a probability that holds in simulation."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from indicators.declared import Target
from indicators.inputs import LIMIT_SCHEMA, VALUE_SCHEMA
from indicators.targets import judge_targets

AREAS = pl.DataFrame(
    [("city", "city", False), ("a", "beat", False), ("beat:unallocated", "beat", True)],
    schema=["area_id", "area_level", "is_unallocated"],
    orient="row",
)
NO_LIMITS = pl.DataFrame(schema=LIMIT_SCHEMA)


def figures(rows: list[tuple], indicator: str = "M4") -> pl.DataFrame:
    """Rows of area, kind, start, value, half width of the interval."""
    return pl.DataFrame(
        [
            {
                "indicator_id": indicator, "area_id": area, "period_kind": kind, "period_start": start, "value": value,
                "lower": value - half, "upper": value + half, "status": "final",
            }
            for area, kind, start, value, half in rows
        ],
        schema=VALUE_SCHEMA,
    )  # fmt: skip


def months(first: date, number: int) -> list[date]:
    return [date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(number)]


def judged(target: Target, values: pl.DataFrame, polarity: str = "higher", limits=NO_LIMITS, breaks=None):
    return judge_targets([target], values, limits, AREAS, {target.indicator_id: polarity}, breaks or {})


TARGET = Target("M4", 90.0, date(2024, 1, 1), date(2025, 12, 31), baseline=70.0)


def test_a_figure_stands_on_the_straight_path_beside_it_or_at_its_end() -> None:
    """On 31 December 2024 half the way is done: the path is at 80."""
    december = date(2024, 12, 1)
    cases = [(91.0, 1.0, "met"), (80.5, 1.0, "on_path"), (79.5, 1.0, "unclear"), (78.0, 1.0, "off_path")]
    for value, half, told in cases:
        found = judged(TARGET, figures([("city", "month", december, value, half)]))
        assert found.values["target_status"].to_list() == [told]
        # What is better lower is worse above its path.
        mirrored = Target("M4", 10.0, date(2024, 1, 1), date(2025, 12, 31), baseline=30.0)
        found = judged(mirrored, figures([("city", "month", december, 100 - value, half)]), "lower")
        assert found.values["target_status"].to_list() == [told]
    last = figures([("city", "month", date(2025, 12, 1), 80.0, 1.0)])
    assert judged(TARGET, last).values["target_status"].to_list() == ["missed"]


def test_days_the_time_before_and_other_areas_have_no_status() -> None:
    rows = [
        ("city", "day", date(2024, 6, 1), 80.0, 1.0),
        ("city", "week", date(2024, 6, 3), 80.0, 1.0),
        ("city", "month", date(2023, 12, 1), 80.0, 1.0),
        ("city", "rolling_12m", date(2023, 6, 1), 80.0, 1.0),
        ("a", "month", date(2024, 6, 1), 80.0, 1.0),
        ("beat:unallocated", "month", date(2024, 6, 1), 80.0, 1.0),
        ("city", "month", date(2024, 6, 1), 80.0, 1.0),
    ]
    values = figures(rows)
    assert judged(TARGET, values).values["target_status"].to_list() == [None] * 6 + ["on_path"]
    everywhere = Target("M4", 90.0, TARGET.since, TARGET.due, 70.0, everywhere=True)
    found = judged(everywhere, values)
    assert found.values["target_status"].to_list() == [None] * 4 + ["on_path", None, "on_path"]
    assert found.targets["area_id"].to_list() == ["a", "city"]
    assert found.values.drop("target_status").equals(values.drop("target_status"))
    none = judge_targets([], values, NO_LIMITS, AREAS, {}, {})
    assert none.targets.is_empty()
    assert none.values["target_status"].null_count() == 7


def test_without_a_baseline_the_way_begins_at_the_year_before() -> None:
    target = Target("M4", 90.0, date(2024, 1, 1), date(2025, 12, 31))
    rows = [("city", "rolling_12m", date(2023, 1, 1), 60.0, 1.0), ("city", "month", date(2024, 12, 1), 75.5, 0.1)]
    found = judged(target, figures(rows))
    assert found.targets["baseline"].item() == 60.0
    assert found.values["target_status"].to_list() == [None, "on_path"]
    unknown = judged(target, figures(rows[1:]))
    assert unknown.targets["baseline"].item() is None
    assert unknown.values["target_status"].to_list() == [None]


def test_progress_is_that_of_the_latest_year_and_too_few_months_have_no_probability() -> None:
    rows = [
        ("city", "rolling_12m", date(2024, 1, 1), 79.0, 1.0),
        ("city", "rolling_12m", date(2024, 2, 1), 80.0, 1.0),
        *(("city", "month", start, 80.0, 1.0) for start in months(date(2024, 4, 1), 11)),
    ]
    told = judged(TARGET, figures(rows)).targets.row(0, named=True)
    assert (told["period_kind"], told["period_start"], told["value"]) == ("rolling_12m", date(2024, 2, 1), 80.0)
    # From 70 to 80 in 13 months of the 24 in which it is to grow to 90: 13.1 % a year where 13.4 % are asked for.
    assert told["progress"] == "on_track"
    assert told["probability"] is None
    assert told["months"] is None


def test_the_probability_is_that_of_a_month_at_the_due_day() -> None:
    """Over many series, of those months that were given p, a share of p is at the target."""
    random = np.random.default_rng(1)
    starts = months(date(2024, 1, 1), 18)
    days = np.array([(start - starts[0]).days + 14 for start in starts])
    due = (TARGET.due - starts[0]).days
    names = [f"{n:03}" for n in range(400)]
    areas = pl.DataFrame({"area_id": names, "area_level": "beat", "is_unallocated": False})
    slope = random.normal(8, 6, size=(400, 1))
    values = 76 + slope * days / 365.25 + random.normal(0, 2, size=(400, 18))
    reached = 76 + slope[:, 0] * due / 365.25 + random.normal(0, 2, size=400) >= TARGET.value
    rows = [(name, "month", start, x, 1.0) for name, row in zip(names, values, strict=True)
            for start, x in zip(starts, row.tolist(), strict=True)]  # fmt: skip
    target = replace(TARGET, everywhere=True)
    given = judge_targets([target], figures(rows), NO_LIMITS, areas, {"M4": "higher"}, {}).targets["probability"]
    assert given.mean() == pytest.approx(reached.mean(), abs=0.04)
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.0)):
        among = given.is_between(low, high).to_numpy()
        assert reached[among].mean() == pytest.approx(given.filter(among).mean(), abs=0.09)
    straight = [("city", "month", start, 70.0 + n, 1.0) for n, start in enumerate(starts)]
    line = stats.linregress([(start + timedelta(days=14)).toordinal() / 365.25 for start in starts], 70 + np.arange(18))
    told = judged(TARGET, figures(straight)).targets.row(0, named=True)
    assert told["slope"] == pytest.approx(line.slope)
    assert told["predicted"] == pytest.approx(line.intercept + line.slope * TARGET.due.toordinal() / 365.25)


def test_the_season_is_taken_out_and_months_before_a_break_are_left_out() -> None:
    starts = months(date(2024, 1, 1), 20)
    wave = 1 + 0.3 * np.cos(np.array([start.month for start in starts]) * np.pi / 6)
    rows = [("city", "month", start, 60.0 * factor, 1.0) for start, factor in zip(starts, wave, strict=True)]
    limits = pl.DataFrame(
        [("M4", "city", "month", start, "season", 50.0 * factor, 0.0, 99.0)
         for start, factor in zip(starts, wave, strict=True)],
        schema=LIMIT_SCHEMA, orient="row",
    )  # fmt: skip
    told = judged(TARGET, figures(rows), limits=limits).targets.row(0, named=True)
    assert told["slope"] == pytest.approx(0, abs=1e-6)
    assert told["predicted"] == pytest.approx(60.0, rel=0.01)
    assert abs(judged(TARGET, figures(rows)).targets["slope"].item()) > 1
    jump = [("city", "month", start, 60.0 if n < 6 else 80.0, 1.0) for n, start in enumerate(starts)]
    since_break = judged(TARGET, figures(jump), breaks={"M4": [date(2024, 7, 1)]}).targets.row(0, named=True)
    assert (since_break["months"], since_break["predicted"]) == (14, pytest.approx(80.0))
