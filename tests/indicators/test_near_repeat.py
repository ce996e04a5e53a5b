import json
import tracemalloc
from datetime import date
from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal
from scipy.spatial.distance import pdist

from indicators import near_repeat
from indicators.near_repeat import Bands, Events, events_of, knox_table

NUMBERS = Path(__file__).parent / "conformance" / "near_repeat"
EXPECTED = json.loads((NUMBERS / "expected.json").read_text(encoding="utf-8"))
INF = float("inf")
EARTH_METRES = 6_371_008.8


def events(metres: list[tuple[float, float]], days: list[int], addresses: list[int] | None = None) -> Events:
    return Events(
        np.array(metres, dtype=float).reshape(-1, 2),
        np.array(days, dtype=np.int64),
        None if addresses is None else np.array(addresses, dtype=np.int64),
    )


def table(found: pl.DataFrame, column: str, days: int) -> np.ndarray:
    return found[column].to_numpy().reshape(-1, days)


@pytest.fixture(scope="module")
def chicago() -> Events:
    rows = [line.split(",") for line in (NUMBERS / "chicago_be_month1.csv").read_text().split()]
    return events([(float(x), float(y)) for x, y, _ in rows], [date.fromisoformat(day).toordinal() for *_, day in rows])


@pytest.mark.parametrize("case", ["A", "B", "C"])
def test_counts_equal_the_reference(chicago: Events, case: str) -> None:
    bands = Bands(*(tuple(map(float, EXPECTED[case][edges])) for edges in ("sds", "tds")))
    found = knox_table(chicago, bands, permutations=0)
    assert table(found, "observed", len(bands.days) - 1).tolist() == EXPECTED[case]["observed"]
    assert found.select("chance_low", "chance_high", "p_value").null_count().row(0) == (found.height,) * 3


def test_ratios_equal_those_of_999_permutations(chicago: Events) -> None:
    published = EXPECTED["A"]["knox_ratio_mean_999perm_seed9489_R"]
    found = knox_table(chicago, Bands((0, 0.1, 200, 400, 600), (0, 7, 14, 21)), permutations=999, seed=1)
    assert table(found, "ratio", 3) == pytest.approx(np.array(published), abs=0.1)
    p_values = table(found, "p_value", 3)
    # 28 and 141 pairs where 16 and 100 are expected.
    assert p_values[:2, 0].max() <= 0.005
    assert p_values[0, 1] > 0.9


def test_metric_and_closure_are_parameters(chicago: Events) -> None:
    def pairs(**how: str) -> int:
        return knox_table(chicago, Bands((0, 200), (0, 7), **how), permutations=0)["observed"].item()

    assert pairs() == 169
    assert pairs(closed="right") == 180
    straight = np.count_nonzero((pdist(chicago.metres) < 200) & (pdist(chicago.days[:, None]) < 7))
    assert pairs(metric="euclidean") == straight > 169


def test_a_pair_on_an_edge_belongs_to_the_closed_end() -> None:
    tiny = events([(0, 0), (0, 100)], [0, 3])
    left = knox_table(tiny, Bands((0, 100, 200), (0, 3, 6)), permutations=0)
    right = knox_table(tiny, Bands((0, 100, 200), (0, 3, 6), closed="right"), permutations=0)
    assert left["observed"].to_list() == [0, 0, 0, 1]
    assert right["observed"].to_list() == [1, 0, 0, 0]


def test_pieces_give_the_same_table(chicago: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    told_apart = Events(chicago.metres, chicago.days, np.unique(chicago.metres, axis=0, return_inverse=True)[1])
    bands = Bands((0, 200, 600), (0, 7, 14))
    whole = knox_table(told_apart, bands, permutations=19)
    monkeypatch.setattr(near_repeat, "PAIRS_AT_ONCE", 40)
    assert knox_table(told_apart, bands, permutations=19).equals(whole)


def test_pieces_bound_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    crowded = Events(random.uniform(0, 100, (3000, 2)), random.integers(0, 30, 3000), random.integers(0, 9, 3000))
    monkeypatch.setattr(near_repeat, "PAIRS_AT_ONCE", 30_000)
    tracemalloc.start()
    found = knox_table(crowded, Bands((0, 200), (0, 31)), permutations=0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found["observed"].sum() == 3000 * 2999 // 2
    # Four and a half million pairs are 36 MB as one column.
    assert peak < 8e6


def test_pairs_at_one_address_are_apart() -> None:
    # Twice at one flat, once next door (another flat of the same house), and one far off.
    house = events([(0, 0), (0, 0), (0, 0), (5000, 0)], [0, 1, 3, 300], [1, 1, 2, 3])
    found = knox_table(house, Bands((0, 100), (0, 2, 7)), permutations=9)
    assert found.select("is_same_address", "metres_to", "days_to", "observed").rows() == [
        (True, None, 2.0, 1),
        (True, None, 7.0, 0),
        (False, 100.0, 2.0, 0),
        (False, 100.0, 7.0, 2),
    ]


def test_an_address_known_at_two_points_is_one() -> None:
    found = knox_table(events([(0, 0), (0, 9000)], [0, 0], [1, 1]), Bands((0, 100, INF), (0, 7)), permutations=0)
    assert found["observed"].to_list() == [1, 0, 0]


def test_expected_counts_are_the_mean_of_all_permutations() -> None:
    metres, days = [(0.0, 0.0), (30.0, 0.0), (90.0, 0.0), (400.0, 0.0)], [0, 2, 9, 9]
    bands = Bands((0, 100, 500), (0, 7, 14))
    found = knox_table(events(metres, days), bands, permutations=0)["expected"].to_numpy()
    every = [knox_table(events(metres, list(dealt)), bands, 0)["observed"].to_numpy() for dealt in permutations(days)]
    assert found == pytest.approx(np.mean(every, axis=0))


def test_p_value_is_the_exact_one_of_few_dates() -> None:
    # One of the three pairs is close; its dates are the close ones in a third of the permutations.
    found = knox_table(events([(0, 0), (0, 10), (0, 9000)], [0, 0, 90]), Bands((0, 100), (0, 7)), permutations=9999)
    assert found["ratio"].item() == pytest.approx(3)
    assert found["p_value"].item() == pytest.approx(1 / 3, abs=0.02)


def poisson_events(random: np.random.Generator, n: int) -> Events:
    return Events(random.uniform(0, 2000, (n, 2)), random.integers(0, 365, n))


@pytest.mark.slow
def test_without_interaction_p_values_reject_at_their_nominal_rate() -> None:
    random, bands = np.random.default_rng(5), Bands((0, 200), (0, 14))
    found = pl.concat([knox_table(poisson_events(random, 300), bands, 99, seed) for seed in range(300)])
    assert 0.02 < found.select((pl.col("p_value") <= 0.05).mean()).item() < 0.09
    by_chance = found.select(pl.col("ratio").is_between("chance_low", "chance_high").mean()).item()
    assert 0.90 < by_chance < 0.99
    assert found["ratio"].mean() == pytest.approx(1, abs=0.02)


def test_planted_near_repeats_are_found() -> None:
    random = np.random.default_rng(8)
    first = poisson_events(random, 300)
    again = random.choice(300, 60, replace=False)
    metres = np.vstack([first.metres, first.metres[again] + random.uniform(-50, 50, (60, 2))])
    days = np.append(first.days, first.days[again] + random.integers(0, 7, 60))
    found = knox_table(Events(metres, days), Bands((0, 200), (0, 7, 14)), 999).row(0, named=True)
    assert found["p_value"] == 0.001
    assert 1 < found["lower"] < found["ratio"] < found["upper"]
    assert found["chance_low"] < 1 < found["chance_high"] < found["ratio"]


def test_the_seed_decides_the_permutations(chicago: Events) -> None:
    bands = Bands((0, 200, 400), (0, 7, 14))
    once, again, other = (knox_table(chicago, bands, 99, seed)["p_value"].to_list() for seed in (3, 3, 4))
    assert once == again != other


def test_nothing_is_null_and_never_nan() -> None:
    for few in (events([], []), events([(0, 0)], [0]), events([(0, 0), (1, 0)], [0, 0])):
        found = knox_table(few, Bands((0, 100, INF), (0, 7, INF)), permutations=9)
        assert found.height == 4
        assert found.select(pl.col(pl.Float64).is_nan().any()).row(0) == (False,) * 11
        assert found["lower"].null_count() == 4
        assert found["ratio"].null_count() >= 3


points = st.lists(
    st.tuples(st.integers(-300, 300), st.integers(-300, 300), st.integers(0, 40), st.integers(0, 5)), max_size=40
)
edges = st.lists(st.integers(1, 500), min_size=1, max_size=3, unique=True).map(sorted)
hows = st.tuples(st.sampled_from(["manhattan", "euclidean"]), st.sampled_from(["left", "right"]))


@given(points, edges, edges, hows)
def test_bands_that_cover_everything_hold_every_pair_once(rows: list, metres: list, days: list, how: tuple) -> None:
    bands = Bands((0, *metres, INF), (0, *days, INF), *how)
    n = len(rows)
    some = events([row[:2] for row in rows], [row[2] for row in rows], [row[3] for row in rows])
    for told in (some, Events(some.metres, some.days)):
        found = knox_table(told, bands, permutations=0)
        assert found["observed"].sum() == n * (n - 1) // 2
        assert found["observed"].min() >= 0
        assert found["expected"].sum() == pytest.approx(n * (n - 1) / 2)


@given(points, edges, edges, hows)
def test_counts_are_those_of_every_pair_looked_at(rows: list, metres: list, days: list, how: tuple) -> None:
    metric, closed = how
    some = events([row[:2] for row in rows], [row[2] for row in rows])
    found = knox_table(some, Bands((0, *metres), (0, *days), metric, closed), permutations=0)
    apart = pdist(some.metres, "cityblock" if metric == "manhattan" else "euclidean") if len(rows) > 1 else np.empty(0)
    later = pdist(some.days[:, None].astype(float)) if len(rows) > 1 else np.empty(0)
    side = closed == "right"
    both = [
        ((apart >= a) & (apart < b) if not side else ((apart > a) | (a == 0)) & (apart <= b))
        & ((later >= c) & (later < d) if not side else ((later > c) | (c == 0)) & (later <= d))
        for a, b in zip([0, *metres], metres, strict=False)
        for c, d in zip([0, *days], days, strict=False)
    ]
    assert found["observed"].to_list() == [int(each.sum()) for each in both]


@given(
    points, st.tuples(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6)), st.integers(0, 9999), st.randoms()
)
def test_moving_and_reordering_events_changes_nothing(rows: list, shift: tuple, later: int, random) -> None:
    bands = Bands((0, 100, 250), (0, 7, 14), "euclidean")
    moved = [(x + shift[0], y + shift[1], day + later, address) for x, y, day, address in rows]
    random.shuffle(moved)
    here, there = (
        knox_table(events([r[:2] for r in each], [r[2] for r in each], [r[3] for r in each]), bands, permutations=0)
        for each in (rows, moved)
    )
    assert_frame_equal(here, there)


def extract(*rows: tuple[str | None, date, date, float, float, int]) -> pl.DataFrame:
    """Rows of `ext_near_repeat_point` at latitude and longitude."""
    full = []
    for address, day, last_day, lat, lon, incidents in rows:
        up, round_axis = np.radians(lat), np.radians(lon)
        place = np.array([np.cos(up) * np.cos(round_axis), np.cos(up) * np.sin(round_axis), np.sin(up)])
        full.append(("beat", day, last_day, address, *np.rint(EARTH_METRES * place).astype(int).tolist(), incidents))
    schema = {
        "geography": pl.String, "day": pl.Date, "last_day": pl.Date, "address_key": pl.String,
        "x_metres": pl.Int64, "y_metres": pl.Int64, "z_metres": pl.Int64, "incidents": pl.Int64,
    }  # fmt: skip
    return pl.DataFrame(full, schema=schema, orient="row")


D = date(2016, 3, 1)


def test_distances_of_the_extract_are_those_on_the_ground() -> None:
    rows = extract(*((None, D, D, 40.7 + n / 10**4, -74 + n**2 / 10**4, 1) for n in range(6)))
    straight = pdist(rows.select("x_metres", "y_metres", "z_metres").to_numpy().astype(float))
    # Whole metres from the Earth's centre leave up to half a metre of height on each side.
    assert sorted(pdist(events_of(rows).metres)) == pytest.approx(sorted(straight), abs=0.5)


def test_each_incident_of_the_extract_is_an_event() -> None:
    later = date(2016, 3, 9)
    found = events_of(
        extract(
            ("a", D, D, 40.7, -74.0, 3),
            (None, D, D, 40.7, -74.0, 1),  # at a's very point
            (None, later, later, 40.8, -74.0, 1),
            (None, D, D, 40.8, -74.0, 1),
            ("b", D, later, 40.9, -74.0, 2),  # a window of eight days
        )
    )
    assert (len(found.days), found.left_out) == (6, 2)
    assert np.bincount(found.addresses).tolist() == [0, 2, 4]
    same = knox_table(found, Bands((0, 100), (0, 7)), permutations=0)["observed"].to_list()
    assert same == [6, 0]


def test_an_extract_in_any_order_gives_the_same_events() -> None:
    rows = [(f"{n % 5}" if n % 3 else None, D, D, 40.7 + n / 1000, -74.0, 1 + n % 2) for n in range(12)]
    here, there = events_of(extract(*rows)), events_of(extract(*rows[::-1]))
    assert here.metres.tolist() == there.metres.tolist()
    assert here.addresses.tolist() == there.addresses.tolist()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Bands((0, 100, 100), (0, 7)), "bands of metres must start at 0 and rise"),
        (lambda: Bands((0, 100), (1, 7)), "bands of days must start at 0"),
        (lambda: Bands((0, 100), (0, 7), metric="cosine"), "metric"),
        (lambda: Bands((0, 100), (0, 7), closed="both"), "closed on the"),
        (lambda: events([(0, np.nan)], [0]), "finite coordinates"),
        (lambda: events([(0, 0)], [0], [1, 2]), "as many as days"),
        (lambda: Events(np.zeros((1, 2)), np.array([0.5])), "whole numbers"),
        (lambda: knox_table(events([], []), Bands((0, 1), (0, 1)), permutations=-1), "not be negative"),
        (lambda: knox_table(events([], []), Bands((0, 1), (0, 1)), confidence=95), "confidence"),
        (
            lambda: events_of(
                pl.concat([extract(("a", D, D, 1, 1, 1)).with_columns(geography=pl.lit(g)) for g in "xy"])
            ),
            "choose one geography",
        ),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
