"""Near repeats and repeats at one address as figures of areas and periods."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from indicators.catalogue.parts import Near
from indicators.compute import compute
from indicators.inputs import Figures, Inputs
from indicators.near_pairs import near_pairs
from indicators.near_repeat import Bands, Events, events_of, knox_table
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import row

pytestmark = pytest.mark.slow

AS_OF = date(2022, 12, 31)
YEAR = date(2021, 1, 1)
EARTH = 6_371_009
POINT_SCHEMA = {
    "geography": pl.String, "area_id": pl.String, "day": pl.Date, "last_day": pl.Date, "source": pl.String,
    "category": pl.String, "address_key": pl.String, "x_metres": pl.Int64, "y_metres": pl.Int64, "z_metres": pl.Int64,
    "incidents": pl.Int64,
}  # fmt: skip


def strewn(n: int, seed: int, follow: float = 0.0, metres: int = 3000) -> Iterator[tuple[date, int, int]]:
    """Day and place of incidents of a year; such a share is near the one before, at 50 m within three days."""
    random = np.random.default_rng(seed)
    place, day = random.integers(0, metres, (n, 2)), random.integers(0, 360, n)
    for number in np.flatnonzero(random.random(n) < follow):
        if number:
            place[number] = place[number - 1] + random.integers(-35, 36, 2)
            day[number] = min(day[number - 1] + random.integers(0, 4), 364)
    return ((YEAR + timedelta(days=int(d)), int(x), int(y)) for d, (x, y) in zip(day, place, strict=True))


def point(area: str, day: date, east: int, north: int, **changed: Any) -> dict[str, Any]:
    given = {
        "geography": "beat", "area_id": area, "day": day, "last_day": day, "source": "s", "category": "0501",
        "address_key": f"{east},{north}", "x_metres": EARTH, "y_metres": east, "z_metres": north, "incidents": 1,
    }  # fmt: skip
    return {**given, **changed}


def burglaries(**changed: Any) -> Any:
    return make_entry(
        kind="near_repeat", interval="cluster", measure="msr_incident_basis_day", numerator=None, scale=1.0,
        per=1.0, min_denominator=5, period_kinds=["year", "rolling_12m"], needs=["incident.lat"],
        where={"category": {"prefix": ["05"]}}, near=Near(metres=200, days=14), **changed,
    )  # fmt: skip


def city(points: list[dict[str, Any]], lost: int = 0, mapped: bool = True) -> Inputs:
    """Inputs with these points, and so many more incidents of n1 without one."""
    basis = [{**each, "incidents": 1, "with_point": 1, "with_address": 1} for each in points]
    basis += [{"area_id": "n1", "day": YEAR, "source": "s", "category": "0501", "incidents": 1}] * lost
    where = [("incident", "lat", "s")]
    inputs = make_inputs(
        {"msr_incident_basis_day": basis}, [("s", "incident", YEAR, AS_OF)],
        mapped=where if mapped else (), unmapped=() if mapped else where, as_of=AS_OF,
    )  # fmt: skip
    frame = pl.DataFrame(points, schema=POINT_SCHEMA)
    return Inputs(**{**vars(inputs), "extracts": {"ext_near_repeat_point": frame}})


def figures(*given: Any, **changed: Any) -> Figures:
    return compute([burglaries()], city(*given, **changed))


def test_the_figure_of_an_area_is_that_of_the_knox_table() -> None:
    points = [point(area, *each) for seed, area in enumerate(("n1", "n2")) for each in strewn(300, seed, 0.3)]
    found = figures(points)
    for area, there in (("n1", points[:300]), ("north", points), ("city", points)):
        events = events_of(pl.DataFrame(there, schema=POINT_SCHEMA))
        table = knox_table(events, Bands((0, 200), (0, 14), "euclidean"), permutations=199)
        near = table.filter(~pl.col("is_same_address")).row(0, named=True)
        figure = row(found, area, YEAR, "year")
        assert figure["numerator"] == near["observed"]
        assert figure["denominator"] == pytest.approx(near["expected"])
        assert figure["value"] == pytest.approx(near["ratio"])
        limits = near_pairs(events, 200, 14, permutations=0)
        assert (figure["lower"], figure["upper"]) == pytest.approx((limits.lower, limits.upper))
        assert 1 < figure["lower"] < figure["value"] < figure["upper"]
        assert figure["p_value"] == near["p_value"] == pytest.approx(1 / 200)
    # Of what is withheld, chance tells nothing either.
    assert row(found, "s1", YEAR, "year")["p_value"] is None
    assert row(found, "s1", YEAR, "year")["reason"] == "small_denominator:5"


def test_other_categories_places_known_to_a_week_and_pairs_at_one_address_do_not_count() -> None:
    points = [point("n1", *each) for each in strewn(300, 1)]
    base = row(figures(points), "n1", YEAR, "year")
    other = [point("n1", *each, category="0201") for each in strewn(300, 2)]
    vague = [point("n1", d, x, y, last_day=d + timedelta(days=7)) for d, x, y in strewn(30, 3)]
    found = row(figures([*points, *other, *vague], lost=5), "n1", YEAR, "year")
    for column in ("value", "lower", "upper", "numerator", "denominator"):
        assert found[column] == base[column], column
    assert (base["unusable"], base["quality_grade"]) == (0, "A")
    assert (found["unusable"], found["quality_grade"]) == (35, "C")
    assert (base["bound_low"], base["bound_high"]) == (base["lower"], base["upper"])
    assert (found["bound_low"], found["bound_high"]) == (0, None)
    again = [{**each, "day": each["day"], "x_metres": EARTH} for each in points[:20]]
    same = row(figures([*points, *again]), "n1", YEAR, "year")
    # A second incident at an address, on the same day, is no near pair with the first.
    twice = near_pairs(events_of(pl.DataFrame([*points, *again], schema=POINT_SCHEMA)), 200, 14, permutations=0)
    assert same["numerator"] == twice.observed


def test_a_window_of_twelve_months_has_its_own_incidents_alone() -> None:
    points = [point("n1", *each) for each in strewn(300, 4)]
    later = [point("n1", d + timedelta(days=365), x, y) for d, x, y in strewn(300, 5)]
    found = figures([*points, *later])
    assert row(found, "n1", YEAR, "year")["value"] == row(figures(points), "n1", YEAR, "year")["value"]
    assert (
        row(found, "n1", date(2022, 1, 1), "year")["value"]
        == row(found, "n1", date(2022, 1, 1), "rolling_12m")["value"]
    )
    assert found.values["period_kind"].unique().sort().to_list() == ["rolling_12m", "year"]


def test_without_its_fields_it_is_not_available() -> None:
    points = [point("n1", *each) for each in strewn(50, 1)]
    availability = compute([burglaries()], city(points, mapped=False)).availability
    assert availability.row(0)[1:3] == ("not_available", "needs_field:incident.lat")


def test_an_extract_that_was_not_given_is_named() -> None:
    points = [point("n1", *each) for each in strewn(50, 1)]
    inputs = Inputs(**{**vars(city(points)), "extracts": {}})
    with pytest.raises(ValueError, match="ext_near_repeat_point is not among the inputs"):
        compute([burglaries()], inputs)


def test_of_many_incidents_a_sample_has_the_same_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    given = list(strewn(4000, 6, follow=0.5, metres=6000))
    metres = np.array([each[1:] for each in given], dtype=np.float64)
    events = Events(metres, np.array([(each[0] - YEAR).days for each in given]))
    whole = near_pairs(events, 200, 14)
    for limit, most in (("MOST_PAIRS", 4000), ("MOST_EVENTS", 1500)):
        monkeypatch.setattr(f"indicators.near_pairs.{limit}", most)
        sample = near_pairs(events, 200, 14)
        monkeypatch.undo()
        assert sample.expected < whole.expected / 3
        assert sample.observed / sample.expected == pytest.approx(whole.observed / whole.expected, rel=0.2)
        assert sample.p_value == whole.p_value == 1 / 200


@pytest.mark.parametrize("n", [0, 1, 2])
def test_few_incidents_are_no_error(n: int) -> None:
    found = near_pairs(Events(np.zeros((n, 2)), np.arange(n)), 200, 14)
    assert (found.observed, found.expected) == (n // 2, n // 2)


@pytest.mark.slow
def test_without_near_repeats_one_in_twenty_intervals_leaves_out_one() -> None:
    outside = 0
    for seed in range(400):
        given = list(strewn(250, seed))
        metres = np.array([each[1:] for each in given], dtype=np.float64)
        near = near_pairs(Events(metres, np.array([(each[0] - YEAR).days for each in given])), 200, 14, permutations=0)
        outside += not near.lower <= 1 <= near.upper
    # 400 draws of 5 % are 9 to 32 with 99 %.
    assert 9 <= outside <= 32


def repeats(**changed: Any) -> Any:
    return make_entry(
        kind="repeat_addresses", interval="permutation", measure="msr_incident_basis_day", numerator=None, scale=1.0,
        per=1.0, min_denominator=1, period_kinds=["month", "quarter"], needs=["incident.address_key"], **changed,
    )  # fmt: skip


def addressed(incidents: Sequence[tuple[str, date, str | None]], as_of: date = AS_OF, undated: int = 0) -> Figures:
    """Figures of incidents of an area, day and address, through an extract as the SQL model makes it."""
    frame = pl.DataFrame(incidents, schema=["area_id", "when", "address_key"], orient="row")
    rows = [
        {"area_id": area, "day": day, "source": "s", "incidents": 1, "with_address": int(key is not None)}
        for area, day, key in incidents
    ]
    kept = frame.drop_nulls().filter(pl.len().over("area_id", "address_key", pl.col("when").dt.year()) >= 2)
    extract = kept.group_by("area_id", "address_key", day=pl.col("when").dt.truncate("1mo")).agg(incidents=pl.len())
    inputs = make_inputs(
        {"msr_incident_basis_day": rows}, [("s", "incident", YEAR, as_of)],
        mapped=[("incident", "address_key", "s")], as_of=as_of,
        doubtful=[{"source": "s", "kind": "incident", "area_id": "n1", "refused": undated}] * (undated > 0),
    )  # fmt: skip
    extracts = {"ext_repeat_place_month": extract.with_columns(geography=pl.lit("beat"), source=pl.lit("s"))}
    return compute([repeats()], Inputs(**{**vars(inputs), "extracts": extracts}))


def test_repeats_at_an_address_count_beyond_what_the_year_brings() -> None:
    # Two on one day and two far apart; singles on other days.
    june, days = date(2021, 6, 10), [date(2021, month, 15) for month in range(1, 13)]
    repeated = [("n1", june, "a"), ("n1", june, "a"), ("n2", days[0], "b"), ("n2", days[8], "b")]
    found = addressed([*repeated, *(("n1", day, f"single {day}") for day in days), ("n1", june, None)])
    month = row(found, "n1", date(2021, 6, 1), "month")
    # Of 14 incidents of n1 three fall into June: both of an address 3 * 2 of 14 * 13 times.
    assert (month["numerator"], month["denominator"], month["unusable"]) == (1, 3, 1)
    assert month["value"] == pytest.approx(1 - 6 / 182)
    assert month["lower"] <= month["value"] <= month["upper"] == 1
    # Of the city's 16 three fall into June, and both addresses might have.
    assert row(found, "city", date(2021, 6, 1), "month")["value"] == pytest.approx(1 - 2 * 6 / 240)
    quarter = row(found, "city", date(2021, 1, 1), "quarter")
    assert quarter["value"] == pytest.approx(0 - 2 * 4 * 3 / 240)
    assert month["status"] == "final"


def test_bounds_of_repeats_let_each_incident_in_doubt_make_or_undo_one() -> None:
    june, days = date(2021, 6, 10), [date(2021, month, 15) for month in range(1, 13)]
    sure = [("n1", june, "a"), ("n1", june, "a"), *(("n1", day, f"single {day}") for day in days)]
    month = row(addressed(sure), "n1", date(2021, 6, 1), "month")
    assert (month["bound_low"], month["bound_high"]) == (month["lower"], month["upper"])
    # Two without an address in June and one in March: of 14 incidents 3 fall into June, and 5 of 15 at most.
    lost: list[tuple[str, date, str | None]] = [("n1", june, None), ("n1", june, None), ("n1", days[2], None)]
    found = addressed([*sure, *lost])
    month = row(found, "n1", date(2021, 6, 1), "month")
    reach = 2 + 5 / 15
    assert month["bound_low"] == pytest.approx(min(month["lower"], month["value"]) - reach)
    assert month["bound_high"] == pytest.approx(month["upper"] + reach)
    # In the first quarter lies one; of the year's others two.
    quarter = row(found, "n1", date(2021, 1, 1), "quarter")
    assert quarter["bound_high"] == pytest.approx(quarter["upper"] + 1 + 2 * (3 + 1) / (14 + 1 - 2))
    # What has no day lies in June or elsewhere, but not in both.
    dateless = row(addressed(sure, undated=4), "n1", date(2021, 6, 1), "month")
    assert dateless["bound_high"] == pytest.approx(dateless["upper"] + 4)
    # At another address than thought is what the city holds and no area does.
    stray = row(addressed([*sure, ("beat:unallocated", june, "b")]), "city", date(2021, 6, 1), "month")
    assert stray["bound_high"] == pytest.approx(stray["upper"] + 2)
    truths = [
        [*sure, *(("n1", day, key) for (_, day, _), key in zip(lost, keys, strict=True))]
        for keys in (("a", "a", "a"), ("b", "b", "b"), ("c", "d", "e"), ("single 2021-06-15", "x", "a"))
    ]
    for truth in truths:
        value = row(addressed(truth), "n1", date(2021, 6, 1), "month")["value"]
        assert month["bound_low"] <= value <= month["bound_high"]


def test_repeats_of_a_year_that_has_not_ended_are_provisional() -> None:
    incidents = [("n1", date(2022, 2, 3), "a"), ("n1", date(2022, 2, 4), "a"), ("n1", date(2022, 4, 4), "b")]
    month = row(addressed(incidents, date(2022, 6, 30)), "n1", date(2022, 2, 1), "month")
    assert (month["status"], month["reason"]) == ("provisional", "year_open")
    empty = row(addressed(incidents, date(2022, 6, 30)), "n1", date(2022, 5, 1), "month")
    assert (empty["status"], empty["denominator"]) == ("withheld", 0)
