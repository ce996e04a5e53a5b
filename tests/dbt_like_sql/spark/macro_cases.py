"""Calls of every macro, over rows on which engines differ: nulls, leap days, ISO weeks at year ends, clock changes.

Here: what is asked of both engines. Not here: asking them (test_macros).
"""

# Local wall times carry no zone.
# ruff: noqa: DTZ001

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import product
from typing import Any

from tests.dbt_like_sql.generated_rows import EDGES, WORDS

DAYS = (
    *sorted({moment.date() for moment in EDGES}),
    date(1899, 12, 31),
    date(1900, 2, 28),  # 1900 has no leap day
    date(1900, 3, 1),
    date(1969, 12, 31),
    date(1970, 1, 1),
    date(2000, 2, 29),
    date(2016, 1, 31),
    date(2016, 3, 27),  # clocks change in Europe
    date(2016, 12, 26),
    date(2017, 1, 1),  # week 52 of ISO 2016
    date(2020, 12, 31),  # week 53
    date(2021, 1, 3),
    None,
)
MOMENTS = (
    *EDGES,
    datetime(1969, 12, 31, 23, 59, 59),
    datetime(1970, 1, 1),
    datetime(2016, 3, 13, 1, 59, 59),
    datetime(2016, 3, 13, 3, 0),
    datetime(2016, 3, 27, 2, 30),
    datetime(2016, 11, 6, 2, 0),
    datetime(2016, 2, 29, 12, 0, 0, 500_000),
    datetime(2016, 2, 29, 12, 0, 1, 499_999),
    None,
)
NUMBERS = (None, -13, -1, 0, 1, 2, 7, 28, 366)
SECONDS = (None, -5, 0, 1, 2, 59, 60, 3600, 86_399, 86_400, 86_401, 2**31, 2**40)
LATITUDES = (None, -90.0, -33.8688, 0.0, 29.8683, 40.7128, 69.6492, 90.0)
LONGITUDES = (None, -180.0, -74.006, 0.0, 90.0, 121.544, 180.0)
KINDS = ("incident", "survey", "profile", "事件", None)
AFFECTED = [
    {"kind": kind, "day_of": day_of, "day": day}
    for kind in ("incident", "service")
    for day_of, day in (
        ("day", date(2016, 2, 29)),
        ("possible_day", date(2015, 12, 31)),
        ("possible_day", EDGES[5].date()),
    )
]


def tables() -> dict[str, list[dict[str, Any]]]:
    """Return the rows that macros are called over, by table."""
    return {
        "days": [{"earlier": one, "later": other} for one, other in product(DAYS, DAYS)],
        "moments": [{"earlier": one, "later": other} for one, other in product(MOMENTS, MOMENTS)],
        "steps": [{"day": day, "number": number} for day, number in product(DAYS, NUMBERS)],
        "shares": [
            {"part": part, "total": total} for part, total in product(SECONDS, SECONDS) if total is None or total > 0
        ],
        # Each second of two days, and the edges of buckets up to ten years.
        "durations": [{"seconds": n} for n in (*SECONDS, *range(2 * 86_400), *_bucket_edges())],
        # Powers of two and their neighbours, as far as double precision tells these apart.
        "powers": [{"number": 2**power + off} for power in range(63) for off in ((-1, 0, 1) if power < 29 else (0,))],
        "records": [
            {"kind": kind, "geography": word, "area_id": area, "number": number, "flag": flag}
            for kind, word, area, number, flag in product(
                KINDS, (*WORDS, None), ("街道:和庭", None), (None, 0, 2**40), (None, True, False)
            )
        ],
        "fields": [
            {
                "source": "patrols",
                "known_day": EDGES[0].date(),
                "subject": subject,
                "minutes": minutes,
                "lat": lat,
                "started_at": EDGES[0],
                "ended_at": ended,
            }
            for subject, minutes, lat, ended in product(
                ("police", None), (0, 90, None), (1.5, None), (*EDGES[:2], None)
            )
        ],
        "affected": AFFECTED,
        "places": [{"lat": lat, "lon": lon} for lat, lon in product(LATITUDES, LONGITUDES)],
        "flags": [
            {"flags": flags}
            for flags in (
                None,
                [],
                ["area_missing"],
                ["times_out_of_order"],
                ["clock_change", "before:closed_at"],
                ["future_time", "outside_area"],
                ["condition:victims"],
                ["out_of_range:before"],
            )
        ],
        "lists": [{"list": words} for words in (None, [], [None], [""], ["police", "police", None, *WORDS])],
    }


def _bucket_edges() -> list[int]:
    edges = {round(1.01**bucket) for bucket in range(2000)}
    return sorted({edge + off for edge in edges for off in (-1, 0, 1) if edge < timedelta(days=3650).total_seconds()})


@dataclass(frozen=True)
class Case:
    """A query that calls a macro; `{{ … }}` is filled in as in a model."""

    macro: str
    query: str
    is_incremental: bool = False


def _each(macro: str, table: str, call: str) -> Case:
    return Case(macro, f"select *, {{{{ {call} }}}} as value from {table}")


FIELD_ROW = "field_row('fields', 'patrol', 'subject', 'category', 'subject', 'subject', 'minutes')"
EACH_FIELD = (
    "each_field('fields', 'patrol', {'subject': 'subject'}, ['minutes'], {'ended_at': ('started_at', 'ended_at')}, "
    "{'lat': 'lat'})"
)
CASES = (
    _each("days_between", "days", "days_between('earlier', 'later')"),
    _each("days_between", "moments", "days_between('earlier', 'later')"),
    _each("seconds_between", "moments", "seconds_between('earlier', 'later')"),
    _each("seconds_between", "days", "seconds_between('cast(earlier as timestamp)', 'cast(later as timestamp)')"),
    _each("months_between", "days", "months_between('earlier', 'later')"),
    _each("add_days", "steps", "add_days('day', 'number')"),
    _each("add_months", "steps", "add_months('day', 'number')"),
    _each("first_of_month", "steps", "first_of_month('day')"),
    _each("first_of_month", "moments", "first_of_month('earlier')"),
    _each("first_of_year", "steps", "first_of_year('day')"),
    _each("first_of_year", "moments", "first_of_year('earlier')"),
    _each("each_number_to", "steps", "each_number_to('number')"),
    _each("each_of", "lists", "each_of('list')"),
    _each("geocentric_x", "places", "geocentric_x('lat', 'lon')"),
    _each("geocentric_y", "places", "geocentric_y('lat', 'lon')"),
    _each("geocentric_z", "places", "geocentric_z('lat')"),
    _each("whole_metres", "places", "whole_metres('lat / 90')"),
    _each("joined", "lists", "joined('list')"),
    _each("contradicts_itself", "flags", "contradicts_itself('flags')"),
    *(
        Case(
            "is_recorded_in_time",
            "select *, {{ is_recorded_in_time('event_at') }} as value from (select earlier as event_at, "
            "cast(earlier as date) as day, later as recorded_at, cast(later as date) as recorded_day, "
            f"'{precision}' as time_precision from moments) as records",
        )
        for precision in ("second", "day")
    ),
    _each("log_bucket", "durations", "log_bucket('seconds')"),
    _each("power_of_two", "durations", "power_of_two('seconds')"),
    _each("power_of_two", "powers", "power_of_two('number')"),
    _each("known_area", "records", "known_area()"),
    Case("field_row", f"select * from ({{{{ {FIELD_ROW} }}}})"),
    Case("each_field", f"select * from ({{{{ {EACH_FIELD} }}}})"),
    _each("ppm_passed", "shares", "ppm_passed('part', 'total')"),
    _each("is_stream", "records", "is_stream('kind')"),
    _each("unallocated", "records", "unallocated('geography')"),
    _each("allocated_area", "records", "allocated_area()"),
    Case("sum_of", "select geography, {{ sum_of('number') }} as value from records group by geography"),
    Case("count_where", "select geography, {{ count_where('flag') }} as value from records group by geography"),
    Case("affected_days", "{{ affected_days('affected', 'incident', 'possible_day') }}"),
    Case("affected_days", "{{ affected_days('affected', none, 'possible_day') }}"),
    Case("affected_months", "select * from ({{ affected_months('affected', 'incident') }}) as months (day)"),
    Case("affected_months", "select * from ({{ affected_months('affected', none) }}) as months (day)"),
    Case("affected_years", "select * from ({{ affected_years('affected', 'incident') }}) as years (day)"),
    # Conditions keep rows: of one that is null, Spark says false where `in` is a value.
    *(
        Case(macro, f"select * from steps where {{{{ {call} }}}}", incremental)
        for macro, call in (
            ("is_affected", "is_affected('day', 'affected', 'incident', 'possible_day')"),
            ("is_affected_month", "is_affected_month('day', 'affected', 'incident')"),
            ("is_affected_year", "is_affected_year('day', 'affected', 'incident')"),
            ("may_be_affected", "may_be_affected('day', 'number', 'affected', 'incident')"),
        )
        for incremental in (False, True)
    ),
)
# Statements of hooks: DuckDB, which keeps the tables, executes them with either engine.
HOOKS = {
    "delete_affected": "{{ delete_affected('t', 'day', 'affected', 'incident', 'day') }}",
    "delete_undated": "{{ delete_undated('t', 'day') }}",
    "delete_affected_months": "{{ delete_affected_months('t', 'day', 'affected', 'incident') }}",
    "delete_affected_years": "{{ delete_affected_years('t', 'day', 'affected', 'incident') }}",
}
# Asked by dbt itself, never in SQL.
OF_DBT = {"generate_schema_name"}
