"""A small but complete release with every status, reason and fault that the dashboard must show.

The figures are drawn with a fixed seed; the outlines are New York's precincts, simplified.
"""

import gzip
import json
import math
import random
import shutil
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml
from shapely.geometry import mapping, shape

from pipelines.pack.city import CityPack
from pipelines.pack.games import GameOfPack, example_game
from pipelines.publishing.games import played
from tests.dashboards import sample_index, sample_linkage, sample_provenance, sample_survey

PRECINCTS = Path(__file__).parents[2] / "cities" / "nyc" / "data" / "precincts_77.geojson.gz"
AS_OF = date(2016, 12, 31)
FIRST_YEAR = 2014
SOURCES = {
    "thefts": ("incident", "Vehicle thefts", "机动车盗窃"),
    "shootings": ("incident", "Shootings", "枪击案件"),
    "stops_2014": ("patrol", "Stops 2014", "2014 年盘查"),
    "stops_2016": ("patrol", "Stops 2016", "2016 年盘查"),
    "cases": ("service", "Council cases", "市议会个案"),
}

INDICATORS: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("sample_indicators.yml").read_text(encoding="utf-8")
)
COMPARED = ("B1_theft", "X3")
"""Indicators whose areas are compared: one that is ranked, one that is context."""
NEVER_PUBLISHED = "B0"
"""Available by its fields, yet without a single figure."""
REVISED = "X2"
"""With nowcasts of its provisional months, and figures that were revised."""
DDL = Path(__file__).with_suffix(".sql")


def write(home: Path, release_id: str = "2016-12-31-sample", city: str = "New York City", seed: int = 7) -> Path:
    """Write a release under `home` and point `current` to it, as publishing does."""
    folder = home / "releases" / release_id
    folder.mkdir(parents=True)
    rng = random.Random(seed)
    areas = _areas()
    values, limits = _figures(rng, areas)
    quality = _quality()
    tables: dict[str, list[tuple[Any, ...]]] = {
        "indicator_values": [(*row, 0.035 if row[0] == "B3" else None) for row in values],
        "indicator_limits": limits,
        "indicator_catalogue": [_entry(indicator_id) for indicator_id in INDICATORS],
        "changes": _changes(values, limits),
        "comparisons": _comparisons(values),
        "alarms": [
            ("B1_theft", "75", "month", date(2016, 12, 1), 8.1, 7.4, 5.2, 10.1, 1.4, 0.21, False),
            ("B1_theft", "city", "week", date(2016, 12, 19), 9.9, 7.7, 6.1, 9.6, 1.3, 0.0004, True),
        ],
        "gap_charts": _gaps(),
        "targets": [
            ("B1_theft", "city", 6.0, date(2014, 1, 1), date(2017, 12, 31), 8.0, "year", date(2016, 1, 1), 7.1,
             "unclear", "progress_needs_acceleration", 36, -0.2, 6.9, 5.8, 8.0, 0.07),
            ("B1_theft", "75", 6.0, date(2014, 1, 1), date(2017, 12, 31), None, None, None, None, None, None, None,
             None, None, None, None, None),
        ],
        "year_comparisons": [
            (*key, "month", date(2016, 12, 1), date(2015, 12, 1), *told, 2.1)
            for *key, told in (
                ("B1_theft", "city", (1, 79.0, 120.0, 0.658, -3.3, 0.0031)),
                ("B1_theft", "75", (1, 81.0, 80.0, 1.0125, 0.1, 0.91)),
                ("B1_shooting", "city", (2, 9.0, 11.0, 0.818, -0.4, 0.44)),
            )
        ],
        "breaks": [("law", "B3", date(2015, 7, 1), "New penal code", "新刑法")],
        **_interventions(areas),
        **sample_index.tables([area[0] for area in areas if area[3] == "precinct" and not area[7]][:8]),
        **sample_linkage.tables(),
        **sample_survey.tables(),
        **_games(values),
        **_vintages(values),
        "areas": areas,
        **quality,
        **sample_provenance.tables(INDICATORS, {source: told[0] for source, told in SOURCES.items()}, quality),
        "area_freshness": _area_freshness(areas),
        "quality_score": _scores(),
        "release_info": [
            (release_id, "nyc", city, "纽约市", AS_OF, "America/New_York", "en", "c0ffee", "open", "0.1.0", "beef",
             "Records: City of New York", "数据：纽约市", None),
        ],
    }  # fmt: skip
    with duckdb.connect(str(folder / "release.duckdb")) as con:
        con.execute(DDL.read_text(encoding="utf-8"))
        for name, rows in tables.items():
            columns = [row[1] for row in con.execute(f"pragma table_info('{name}')").fetchall()]
            con.register("frame", pl.DataFrame(rows, schema=columns, orient="row", infer_schema_length=None).to_arrow())
            con.execute(f"insert into {name} select * from frame")
            con.unregister("frame")
    manifest = {"release_id": release_id, **sample_provenance.MANIFEST}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    _publish(folder)
    return folder


def _checks_by_night() -> list[tuple[Any, ...]]:
    """Make three weeks of verdicts: one failure that lasts, one of a night, and one night without a run."""
    nights = [AS_OF - timedelta(days=back) for back in range(20, -1, -1) if back != 12]
    return [
        row
        for night in nights
        for row in (
            (night, "staging", "service", "not_be_null", "error", night < date(2016, 12, 22), True, 1425),
            (night, "staging", "service", "not_null_service_id", "error", True, True, 0),
            (night, "staging", "patrol", "row_count_between", "warn", night != AS_OF, True, 1),
            (night, "measures", "msr_incident_day", "no_rows", "error", night < date(2016, 12, 27),
             night < date(2016, 12, 27), None),
            (night, "indicators", "indicator_values", "be_between", "error", True, True, 0),
        )
    ]  # fmt: skip


def _area_freshness(areas: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Let two precincts be silent in thefts, one never have had any, and the rest of a source be silent with it."""
    special = {
        ("thefts", "75"): (AS_OF - timedelta(days=30), 30, 16, "silent"),
        ("thefts", "120"): (AS_OF - timedelta(days=61), 61, 12, "silent"),
        ("thefts", "22"): (None, None, None, "never"),
        ("shootings", "17"): (None, None, None, "too_few"),
    }
    precincts = [area[0] for area in areas if area[3] == "precinct" and not area[7]]
    return [
        (source, area, *special.get((source, area), (None, None, None, usual)))
        for source, usual in {"thefts": "alive", "shootings": "alive", "stops_2014": "source_silent"}.items()
        for area in precincts
    ]


def _scores() -> list[tuple[Any, ...]]:
    """Score two sources by month: thefts worse in completeness each year, cases without coordinates and too few."""
    rows: list[tuple[Any, ...]] = []
    for source, area, year, month in product(
        ("thefts", "cases"), ("city", "75"), range(FIRST_YEAR, 2017), range(1, 13)
    ):
        start = date(year, month, 1)
        key = (source, area, "month", start)
        if source == "cases" and area == "75":
            rows.append((*key, "overall", None, None, None, None, None, "too_few", None))
            continue
        filled, grade = {
            2014: (996, "A"),
            2015: (960, "B"),
            2016: (850, "C") if area == "city" else (700, "D"),
        }[year]
        rows += [
            (*key, "completeness", filled, 1000, filled / 10, grade, None, "final", None),
            (*key, "validity", 200, 200, 100.0, "A", None, "final", None),
            (*key, "uniqueness", 199, 200, 99.5, "A", None, "final", None),
        ]
        if source == "thefts":
            rows.append((*key, "timeliness", 120, 200, 60.0, "C", None, "final", None))
        known = 4 if source == "thefts" else 3
        worst = "timeliness" if source == "thefts" and grade < "D" else "completeness"
        rows.append((*key, "overall", known, 6, 90.0, "C", worst, "final", None))
    rows += [
        ("cases", "city", "all", date(FIRST_YEAR, 1, 1), name, None, None, None, None, None, "not_available", why)
        for name, why in (("timeliness", "needs_field:service.recorded_at"), ("accuracy", "needs_field:service.lat"))
    ]
    return rows


def write_changed(home: Path, like: Path, sql: str) -> None:
    """Write a release as in the home folder `like`, its tables changed by SQL: a release in another state."""
    folder = home / "releases" / "changed"
    shutil.copytree((like / "releases" / "current").resolve(), folder)
    with duckdb.connect(str(folder / "release.duckdb")) as con:
        con.execute(sql)
    _publish(folder)


def _publish(folder: Path) -> None:
    fresh = folder.with_name("current.new")
    fresh.symlink_to(folder.name)
    fresh.replace(folder.with_name("current"))


def _areas() -> list[tuple[Any, ...]]:
    features = json.loads(gzip.decompress(PRECINCTS.read_bytes()))["features"]
    rows: list[tuple[Any, ...]] = [
        ("city", None, "city", "city", "New York City", "纽约市", 8_500_000, False, None),
        ("precinct:unallocated", "city", "precinct", "precinct", "Precinct not known", "分局不详", None, True, None),
    ]  # fmt: skip
    for feature in features:
        number = feature["properties"]["police_precinct_id"]
        outline = json.dumps(mapping(shape(feature["geometry"]).simplify(0.001)))
        population = 129 if number == "22" else 60_000 + 1000 * int(number)
        rows.append(
            (
                number,
                "city",
                "precinct",
                "precinct",
                f"Precinct {number}",
                f"第{number}分局",
                population,
                False,
                outline,
            )
        )
    return rows


def _figures(rng: random.Random, areas: list[tuple[Any, ...]]) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    values: list[tuple[Any, ...]] = []
    limits: list[tuple[Any, ...]] = []
    months = [date(year, month, 1) for year in range(FIRST_YEAR, 2017) for month in range(1, 13)]
    weeks = [date(2016, 1, 4) + timedelta(weeks=week) for week in range(52)]
    years = [date(year, 1, 1) for year in range(FIRST_YEAR, 2017)]
    for indicator_id, indicator in INDICATORS.items():
        for area_id, _, _, level, _, _, _, is_unallocated, _ in areas:
            if is_unallocated or (indicator["reason"] and area_id != "city"):
                continue
            spread = 0.45 if indicator["unit"] != "%" else 0.05
            base = indicator["usual"] * (1 if area_id == "city" else rng.lognormvariate(0, spread))
            kinds = {"month": months, "year": years} | ({"week": weeks} if indicator_id == "B1_theft" else {})
            for kind, starts in kinds.items():
                for start in starts:
                    row, limit = _figure(rng, indicator_id, area_id, level, kind, start, base)
                    values.append(row)
                    limits.extend([limit] if limit else [])
    return values, limits


def _status(indicator_id: str, area_id: str, kind: str, start: date) -> tuple[str, str]:
    """Status of a figure and the codes of its reason: the first rule that applies."""
    source, reason = (INDICATORS[indicator_id][k] for k in ("source", "reason"))
    failed = "gate_failed:service.expect_column_values_to_not_be_null;stale_since:2016-11-30"
    rules = (
        (bool(reason), "not_available", reason),
        (source == "stops_2014" and start.year > 2014, "not_available", "no_records:stops_2014"),
        (source == "stops_2016" and start.year == 2015, "not_available", "no_records:stops_2016"),
        (indicator_id == NEVER_PUBLISHED, "not_available", "needs_population"),
        (area_id == "22", "withheld", "small_denominator:1000"),
        (indicator_id in ("G2", "X2") and start >= date(2016, 11, 1), "provisional", "maturing:30"),
        (indicator_id == "F5", "stale", failed),
        ((indicator_id, kind, start) == ("X3", "month", date(2014, 1, 1)), "provisional", "partial_records:20/31"),
    )
    return next(((status, why) for applies, status, why in rules if applies), ("final", ""))


def _figure(
    rng: random.Random, indicator_id: str, area_id: str, level: str, kind: str, start: date, base: float
) -> tuple[tuple[Any, ...], tuple[Any, ...] | None]:
    unit, decimals = (INDICATORS[indicator_id][k] for k in ("unit", "decimals"))
    status, reason = _status(indicator_id, area_id, kind, start)
    grade = "A" if area_id != "75" else "C"
    if status in ("not_available", "withheld"):
        missing = (None,) * 7
        return (
            indicator_id,
            area_id,
            level,
            kind,
            start,
            *missing,
            0,
            *(None,) * 4,
            status,
            reason,
        ), None
    spread = 0.05 if area_id == "city" else 0.15
    value = base * rng.gauss(1, spread if unit != "%" else spread / 10)
    signal = None
    limit = None
    if kind in ("month", "week"):
        limit = (
            indicator_id,
            area_id,
            kind,
            start,
            "season" if indicator_id == "B1_theft" else "level",
            *(round(base * _wave(indicator_id, start) * (1 + wide * spread), 4) for wide in (0, -3, 3)),
        )
        signal = "none"
        if area_id == "75" and start == date(2016, 11, 1) and unit != "%":
            value, signal = base * (1 + 4 * spread), "above_limit"
        elif area_id == "1" and start >= date(2016, 5, 1) and unit != "%":
            value, signal = base * (1 - spread), "shift_down"
        elif area_id == "city" and start == date(2016, 12, 1) and indicator_id == "B1_shooting":
            value, signal = base * (1 - 3.5 * spread), "below_limit"
    ceiling = 100.0 if unit == "%" else float("inf")
    value = round(min(max(value, 0.0), ceiling), decimals + 2)
    half = max(value * spread, 0.1)
    low, high = round(max(value - half, 0.0), 4), round(min(value + half, ceiling), 4)
    bounds = (round(max(low - half / 2, 0.0), 4), round(min(high + half, ceiling), 4))
    unusable = 3 if area_id == "75" else 0
    return (
        indicator_id, area_id, level, kind, start, value, low, high, *bounds, round(value * 10), 1000.0, unusable,
        grade, None if grade == "A" else "refused:3.0;area_unknown:8.5", signal,
        "off_path" if (indicator_id, area_id) == ("B1_theft", "city") and kind in ("month", "year") else None,
        status, reason or None,
    ), limit  # fmt: skip


def _gaps() -> list[tuple[Any, ...]]:
    """Days between shootings in two precincts: one with a long gap, days in a row and a long wait, one quite usual."""
    rows: list[tuple[Any, ...]] = []
    for area, days in (("75", [3, 9, 1, 0, 14, 0, 0, 0, 6, 61, 2, 11, 5, 4, 8]), ("1", [20, 4, 33, 9, 15, 2] * 3)):
        day = date(2014, 2, 1)
        for place, gap in enumerate(days):
            day += timedelta(days=gap + 1)
            signal = "none" if area == "1" else {5: "short_gap", 6: "short_gap", 7: "short_gap"}.get(place, "none")
            key = ("B1_shooting", area, day, gap, False)
            rows.append((*key, 5.0, 0.0, 48.0, "long_gap" if gap > 48 else signal))
        waiting = 90 if area == "75" else 12
        rows.append(
            ("B1_shooting", area, day + timedelta(days=waiting), waiting, True, 5.0, 0.0, 48.0,
             "long_gap" if waiting > 48 else "none")
        )  # fmt: skip
    return rows


def _wave(indicator_id: str, start: date) -> float:
    """Season of the limits of one indicator."""
    return 1 + 0.08 * math.cos((start.month - 7) * math.pi / 6) if indicator_id == "B1_theft" else 1.0


def _entry(indicator_id: str) -> tuple[Any, ...]:
    own = INDICATORS[indicator_id]
    kind = SOURCES[own["source"]][0]
    return (
        indicator_id, own["title_en"], own["title_zh"], f"What {own['title_en'].lower()} tells, in one sentence.",
        f"{own['title_zh']}说明什么。", own["dimension"], own["subject"], own["polarity"], own["unit"], own["decimals"],
        f"sum({kind}) / sum(population)", f"Σ {kind} ÷ Σ 人口", "byar", 1000.0,
        json.dumps([f"{kind}.occurred_at", f"{kind}.area_id"]),
        json.dumps(["month", "year"]), "ISO 37120", "Counts records, not events.", "统计的是记录，而非事件。",
        "To see a change early.", "及早发现变化。", "To rank officers.", "给民警排名。",
        "Recording less; the share of unusable records would rise.", "少记录；无法使用的记录比例会上升。",
        "precinct", "not_available" if own["reason"] else "available", own["reason"] or None, "d0", "5e",
        sample_provenance.definition(own["unit"], kind),
    )  # fmt: skip


def _changes(values: list[tuple[Any, ...]], limits: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    centre = {row[:4]: row[5] for row in limits}
    found = [
        row for row in values
        if row[15] not in (None, "none") and row[3] == "month" and row[4] >= date(2016, 11, 1)
    ]  # fmt: skip
    found.sort(key=lambda row: (row[15], row[0], row[4]))
    return [
        (n, *row[:2], *row[3:5], *_test_of(row), row[5], centre[row[0], row[1], row[3], row[4]], 0.0004, 0.03, 2.4, 812)
        for n, row in enumerate(found[:9], start=1)
    ]  # fmt: skip


def _test_of(row: tuple[Any, ...]) -> tuple[str, str]:
    """Signal and method: one indicator is held against its season, the others against their charts."""
    return ("above_season", "season") if row[0] == "B3" and row[15] == "above_limit" else (row[15], "moving_range")


def _comparisons(values: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Make the comparisons of a ranked indicator and of one that is context, year by year."""
    rows = []
    for indicator_id in COMPARED:
        is_ranked = INDICATORS[indicator_id]["polarity"] != "context"
        for start in sorted({row[4] for row in values if row[3] == "year"}):
            found = sorted(
                (row for row in values if row[0] == indicator_id and row[2:5] == ("precinct", "year", start)
                 and row[17] == "final"),
                key=lambda row: row[5],
            )  # fmt: skip
            if not found:
                continue
            middle = sum(row[5] for row in found) / len(found)
            for rank, row in enumerate(found, start=1):
                inner, outer = (0.4 * middle, 1.8 * middle), (0.2 * middle, 2.4 * middle)
                standing = (
                    "high" if row[5] > outer[1] else "rather_high" if row[5] > inner[1]
                    else "low" if row[5] < outer[0] else "rather_low" if row[5] < inner[0] else "expected"
                )  # fmt: skip
                ranks = (rank, max(rank - 9, 1), min(rank + 9, len(found))) if is_ranked else (None, None, None)
                shrunken = tuple(0.8 * x + 0.2 * middle for x in row[5:8]) if is_ranked else (None, None, None)
                rows.append(
                    (indicator_id, row[1], "precinct", None, "year", start, len(found), middle, *inner, *outer, 4.2,
                     standing, *shrunken, *ranks)
                )  # fmt: skip
    return rows


HARM = {"lights": '{"B1_theft": 10, "B3": 500}'}


def _interventions(areas: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Make three interventions: one found to work, one still open and against chance, one that has just begun."""
    precincts = [row[0] for row in areas if row[3] == "precinct" and not row[7]]
    rng = random.Random(11)
    results: list[tuple[Any, ...]] = []
    months: list[tuple[Any, ...]] = []
    for name, title, treated, buffer, start, length, compared, effect, status, reason in (
        ("lights", ("Street lights", "路灯"), ["75"], ["73", "77"], date(2016, 1, 1), 12, 12, -24, "final", None),
        ("patrols", ("Foot patrols", "步行巡逻"), ["40", "41"], [], date(2016, 5, 16), 12, 7, 3, "provisional",
         "period_open"),
        ("cameras", ("Cameras", "摄像头"), ["1"], ["5"], date(2016, 12, 20), 6, 0, None, "not_available",
         "no_month_after:2017-01-31"),
    ):  # fmt: skip
        control = [area for area in precincts if area not in (*treated, *buffer)]
        first = start.year * 12 + start.month - 1
        first_after = first + (start.day > 1)
        before = [first - back for back in range(length, 0, -1)]
        after = [first_after + ahead for ahead in range(compared)]
        for at in [*before, *([first] if start.day > 1 and compared else []), *after]:
            phase = "before" if at < first else "start" if at < first_after else "after"
            usual, moved = 14 + rng.randint(-3, 3), (30 + rng.randint(-4, 4) if buffer else None)
            added = (effect or 0) / compared if phase == "after" else 0
            months.append(
                (name, date(at // 12, at % 12 + 1, 1), phase, usual + added, usual + 0.5, moved,
                 None if moved is None else moved - 0.5, 900.0, added - 0.5, -7.5, 7.5)
            )  # fmt: skip
        areas_of = [json.dumps(each) for each in (treated, buffer, control)]
        declared = (
            name,
            *title,
            None,
            None,
            "B1_theft",
            "precinct",
            *areas_of,
            HARM.get(name),
            start,
            length,
            compared,
        )
        if effect is None:
            results.append((*declared, *[None] * 28, 0.41, None, None, status, reason))
            continue
        spans = [date(before[-compared] // 12, before[-compared] % 12 + 1, 1), date(start.year, start.month, 1)]
        after_end = date((after[-1] + 1) // 12, (after[-1] + 1) % 12 + 1, 1) - timedelta(days=1)
        moved_part = (360.0, 352.0) if buffer else (None, None)
        displaced = (-6.0, -31.0, 19.0) if buffer else (None, None, None)
        total = effect + (displaced[0] or 0.0)
        width = 9.0 if name == "lights" else 20.0
        results.append(
            (*declared, spans[0], spans[1] - timedelta(days=1), date(after[0] // 12, after[0] % 12 + 1, 1), after_end,
             168.0, 168.0 + effect, *moved_part, 10_800.0, 10_700.0, effect, effect - width, effect + width,
             *displaced, total, total - 1.5 * width, total + 1.5 * width, 0.004 if name == "lights" else 0.77, 1.8,
             *((-1240.0, -4100.0, 1620.0, 0.39) if name in HARM else [None] * 4), 72,
             0.012 if name == "lights" else None, 999 if name == "lights" else None,
             0.41 if name == "lights" else 0.01, 21.0 if name == "lights" else None,
             0.125 if name == "lights" else None, status, reason)
        )  # fmt: skip
    return {"intervention_results": results, "intervention_months": months}


def _games(values: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Make three games as publishing does: of three subjects, of two, and one whose figure is missing."""
    figures = pl.DataFrame(
        [(row[0], row[1], *row[3:6], row[17]) for row in values if row[0] == "X3"],
        schema={
            "indicator_id": pl.String, "area_id": pl.String, "period_kind": pl.String, "period_start": pl.Date,
            "value": pl.Float64, "status": pl.String,
        },
        orient="row",
    )  # fmt: skip
    example = example_game()
    kept = {"double_reward": example.scenarios["double_reward"]}
    declared = yaml.safe_load(Path(__file__).with_name("sample_games.yml").read_text(encoding="utf-8"))
    games = {
        "cooperation": example.model_copy(update={"scenarios": kept}),
        **{name: GameOfPack.model_validate(game) for name, game in declared.items()},
    }
    made = played(CityPack.model_construct(games=games), figures)
    return {name: frame.rows() for name, frame in made.items()}


def _vintages(values: list[tuple[Any, ...]]) -> dict[str, list[tuple[Any, ...]]]:
    """Foretell the provisional figures of one indicator, and revise some of its figures twice."""
    young = [row for row in values if row[0] == REVISED and row[17] == "provisional" and row[3] == "month"]
    nowcasts = []
    for row in young:
        # The older of the two months is nearly all there.
        share = 0.97 if row[4].month == 11 else 0.8
        counts = (row[10], row[10] / share, row[10] / share * 0.97, row[10] / share * 1.04)
        figures = [row[5] * count / row[10] for count in counts[1:]]
        nowcasts.append((*row[:2], row[3], row[4], *counts, *figures, share, AS_OF))
    shares = (0.42, 0.71, 0.86, 0.92, 0.95, 0.97, 0.985, 0.992, 1.0)
    delays = [
        (REVISED, day, share, share * 0.99, min(share * 1.01, 1.0), 25_300.0, 1.4, AS_OF)
        for day, share in enumerate(shares)
    ]
    published = {(row[1], row[4]): row for row in values if row[0] == REVISED and row[3] == "month"}
    steps = (
        (3, date(2016, 12, 15), "city", date(2016, 11, 1), 0.91, "new_records"),
        (5, date(2016, 12, 30), "city", date(2016, 11, 1), 0.97, "new_records;corrected_records"),
        (5, date(2016, 12, 30), "city", date(2016, 2, 1), 1.01, "corrected_records"),
        (5, date(2016, 12, 30), "75", date(2016, 10, 1), 1.08, "definition:pack"),
    )
    revisions = []
    for (sequence, as_of, area, month, factor, reason), now in zip(steps, (0.97, 1.0, 1.0, 1.0), strict=True):
        value, numerator, night = published[area, month][5], published[area, month][10], as_of - timedelta(days=1)
        made = (sequence, as_of, f"{night}-{sequence - 1:04d}-abcdef01", night)
        values_then = (value * factor, value * now, numerator * factor, numerator * now)
        revisions.append((*made, REVISED, area, "month", month, *values_then, "provisional", "final", reason))
    return {"nowcasts": nowcasts, "reporting_delays": delays, "revisions": revisions}


def _quality() -> dict[str, list[tuple[Any, ...]]]:
    counts = {
        "thefts": (26_100, 20_021, 0, 6_036, 0, 43, 0), "shootings": (14_810, 12_400, 10, 0, 0, 2_400, 0),
        "stops_2014": (45_787, 45_787, 0, 0, 0, 0, 0), "stops_2016": (12_405, 12_404, 1, 0, 0, 0, 0),
        "cases": (68_421, 41_900, 321, 64, 41, 0, 26_095),
    }  # fmt: skip
    freshness, spans, months = [], [], []
    for source, (kind, title_en, title_zh) in SOURCES.items():
        first = date(2014, 1, 1) if source != "stops_2016" else date(2016, 1, 1)
        last, status = AS_OF, "alive"
        if source == "stops_2014":
            last, status = date(2014, 12, 31), "silent"
        elif source == "cases":
            status = "collapsed"
        geography = "community_district" if kind == "service" else "precinct"
        freshness.append((source, title_en, title_zh, kind, geography, first, last, (AS_OF - last).days, status, 14))
        spans.append((source, first, last, counts[source][1]))
        for index in range((last.year - first.year) * 12 + last.month):
            month = date(first.year + index // 12, index % 12 + 1, 1)
            state = "collapsed" if source == "cases" and month >= date(2016, 10, 1) else "normal"
            if source == "thefts" and month == date(2015, 7, 1):
                state = "surge"
            records = {"collapsed": 90, "surge": 2_600, "normal": 1_000 + 37 * (index % 7)}[state]
            months.append((source, month, records, 1_100 if index >= 12 else None, state))
        if status == "silent":
            months.extend((source, date(2015, month, 1), 0, 1_100, "silent") for month in range(1, 4))
    return {
        "ledger": [
            *((source, f"b-{source}", *row, 0, 0, True) for source, row in counts.items()),
            # The file of cases as it was before: most of its records came again, a few did not.
            ("cases", "b-before", 41_000, 40_000, 1_000, 0, 0, 0, 0, 39_990, 10, False),
        ],
        "quarantine_summary": [
            ("cases", "service", "unparseable_time", "opened_at", 300, "cases.csv", 812),
            ("cases", "service", "missing_id", "service_id", 21, "cases.csv", 40_001),
            ("shootings", "incident", "unknown_area", "area_id", 10, "shootings.csv", 7),
            ("stops_2016", "patrol", "blank_row", None, 1, "stops.csv", 12_406),
        ],
        "expectation_results": [
            ("run", "service", "staging", "not_be_null", "area_id", "error", False, "3.4 %", 1425, None, None,
             "completeness", "whole", date(2016, 12, 22)),
            ("run", "patrol", "staging", "row_count_between", None, "warn", False, "58191", 1, None,
             "min_value 60000", "completeness", "whole", AS_OF),
            ("run", "msr_incident_day", "measures", "no_rows", None, "error", False, None, None, "Binder Error", None,
             "validity", "whole", date(2016, 12, 27)),
            ("run", "incident", "staging", "not_null_incident_id", "incident_id", "error", True, "0", 0, None, None,
             "completeness", "whole", None),
            ("run", "msr_service_day", "measures", "expect_column_pair_values_a_to_be_greater_than_b_opened_closed",
             None, "error", True, None, 0, None, None, "consistency", "whole", None),
            ("run", "service", "measures", "not_null_closed", "closed", "error", True, None, 0, None, None,
             "completeness", "whole", None),
            ("run", "service", "measures", "not_null_opened", "opened", "error", True, None, 0, None, None,
             "completeness", "whole", None),
            ("run", "indicator_values", "indicators", "be_between", "value", "error", True, "0", 0, None, None,
             "validity", "whole", None),
        ],
        "expectation_history": _checks_by_night(),
        "gates": [
            ("service", "area_id", "cases", "F5", "gate_failed:service.expect_column_values_to_not_be_null"),
        ],
        "source_freshness": freshness,
        "source_span": spans,
        "source_month": months,
        "source_drift": [
            *(
                ("shootings", f"shootings_{year}.csv", "unknown_category", "offence", "category", year - 2010, 2_000,
                 f"the value table of category leaves out {year - 2010} texts of column offence: add them", "adapt")
                for year in (2014, 2015, 2016)
            ),
            ("cases", "cases.csv", "date_format", "opened", "opened_at", 300, 4_384,
             "column opened is written as '%d/%m/%Y' now: write strptime(opened, '%d/%m/%Y')", "quarantine"),
            ("thefts", "thefts.csv", "new_column", "beat", None, 26_100, 1_000_000, "column beat has come", "adapt"),
        ],
        "source_anomaly": [
            ("cases", date(2016, 12, 29), 1, "volume", None, None, 900, 900.0, 176.8, 57.0, 381.0, 1e-9, "above"),
            ("cases", date(2016, 12, 29), 1, "mix", "category", "Transportation", 887, 0.39, 0.13, 0.04, 0.27, 1e-8,
             "above"),
            ("cases", date(2016, 12, 29), 1, "mix", "area_id", "75", 642, 0.59, 0.05, 0.01, 0.13, 1e-7, "above"),
            ("cases", date(2016, 12, 5), 1, "mix", "lead_agency", None, 305, 0.006, 0.16, 0.03, 0.4, 0.004, "below"),
            ("thefts", date(2016, 12, 6), 1, "delay", "occurred_until", "8192", 25, 0.9, 0.4, 0.1, 0.7, 0.001, "above"),
            ("thefts", date(2016, 12, 6), 1, "missing", "place_kind", None, 25, 0.4, 0.02, 0.0, 0.2, 0.002, "above"),
            ("stops_2016", date(2016, 11, 3), 7, "size", "duration_seconds", "1024", 31, 0.0, 0.3, 0.06, 0.61, 0.01,
             "below"),
        ],
        "source_stability": [
            ("cases", "category", date(2016, 11, 1), 4_000, 51_000, 30, 0.05, 0.01, "stable"),
            ("cases", "category", date(2016, 12, 1), 4_134, 51_341, 30, 0.3434, 0.0111, "large"),
            ("cases", "channel", date(2016, 12, 1), 4_224, 52_060, 1, 0.0, 0.0, "stable"),
            ("shootings", "area_id", date(2016, 12, 1), 64, 1_028, 69, 0.3783, 1.4648, "unclear"),
            ("thefts", "area_id", date(2016, 12, 1), 658, 8_907, 77, 0.1475, 0.1189, "moderate"),
            ("thefts", "place_kind", date(2016, 12, 1), 658, 8_906, 8, 0.0123, 0.023, "stable"),
        ],
        "source_finding": [
            ("cases", "conflicting_id", "service_id", 41), ("thefts", "repeated_id", "incident_id", 6_036),
        ],
    }  # fmt: skip
