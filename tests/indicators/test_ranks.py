import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from indicators.ranks import RANK_SCHEMA, peers, rank_intervals
from indicators.shrinkage import shrunken_rates

NORMAL = ("mean", "error")


def normals(means: list[float | None], errors: list[float], group: str = "a") -> pl.DataFrame:
    ids = [f"area {n:02}" for n in range(len(means))]
    return pl.DataFrame({"group": group, "area_id": ids, "mean": means, "error": errors}, strict=False)


def ranked(frame: pl.DataFrame, polarity: str = "lower", top: int = 1, **given) -> pl.DataFrame:
    return rank_intervals(frame, ["group"], "normal", NORMAL, polarity, top, **given)


def test_areas_far_apart_have_sure_ranks() -> None:
    found = ranked(normals([30.0, 10.0, 20.0], [0.1] * 3))
    assert found["rank"].to_list() == [3, 1, 2]
    assert found["rank_lower"].to_list() == found["rank_upper"].to_list() == [3, 1, 2]
    assert found["probability_best"].to_list() == [0.0, 1.0, 0.0]
    assert found["probability_worst"].to_list() == [1.0, 0.0, 0.0]


def test_equal_areas_share_their_rank_even_where_each_is_certain() -> None:
    found = ranked(normals([5.0, 5.0, 9.0], [0.0] * 3))
    assert found.select("rank", "rank_lower", "rank_upper").rows() == [(1, 1, 2), (1, 1, 2), (3, 3, 3)]


def test_polarity_turns_the_order_round() -> None:
    frame = normals([30.0, 10.0, 20.0], [8.0] * 3)
    low, high = ranked(frame, "lower"), ranked(frame, "higher")
    assert high["rank"].to_list() == [1, 3, 2]
    assert (4 - low["rank_upper"]).to_list() == high["rank_lower"].to_list()
    assert low["probability_best"].equals(high["probability_worst"].alias("probability_best"))
    with pytest.raises(ValueError, match="no better end"):
        ranked(frame, "context")


def test_two_areas_change_places_as_often_as_the_normal_distribution_says() -> None:
    found = ranked(normals([0.0, 1.0], [1.0, 1.0]), draws=40_000)
    # P(N(1, 2) > 0) = Φ(1/√2)
    assert found["probability_best"][0] == pytest.approx(0.7602, abs=0.01)
    assert found["rank_lower"].to_list() == [1, 1]
    assert found["rank_upper"].to_list() == [2, 2]


def test_areas_that_do_not_differ_may_have_any_rank() -> None:
    frame = pl.DataFrame(
        {"group": "a", "area_id": [f"{n:02}" for n in range(20)], "events": [9] * 20, "at_risk": [100] * 20}
    )
    posterior = shrunken_rates(frame, ["group"])
    found = rank_intervals(posterior, ["group"], "gamma", ("posterior_shape", "posterior_rate"), "lower", 5)
    assert (found["rank"] == 1).all()
    assert (found["rank_lower"] <= 2).all()
    assert (found["rank_upper"] >= 19).all()
    assert found["probability_best"].to_numpy() == pytest.approx(0.25, abs=0.04)


@pytest.mark.slow
def test_rank_intervals_hold_the_true_rank() -> None:
    random = np.random.default_rng(2)
    held = []
    for _ in range(40):
        true, people = random.gamma(9.0, 0.01, 30), random.integers(100, 2000, 30)
        frame = pl.DataFrame(
            {"group": "a", "area_id": np.arange(30), "events": random.poisson(true * people), "at_risk": people}
        )
        posterior = shrunken_rates(frame, ["group"])
        found = rank_intervals(posterior, ["group"], "gamma", ("posterior_shape", "posterior_rate"), "lower", 5)
        rank = true.argsort().argsort() + 1
        held.append(((found["rank_lower"].to_numpy() <= rank) & (rank <= found["rank_upper"].to_numpy())).mean())
    assert 0.93 < np.mean(held) < 0.985


def test_beta_draws_order_shares() -> None:
    frame = pl.DataFrame({"group": "a", "area_id": ["x", "y"], "s": [90.5, 10.5], "f": [10.5, 90.5]})
    found = rank_intervals(frame, ["group"], "beta", ("s", "f"), "higher", 1)
    assert found["rank"].to_list() == [1, 2]
    assert found["probability_best"].to_list() == [1.0, 0.0]


def test_nulls_take_no_part_and_groups_do_not_touch() -> None:
    known = normals([3.0, 1.0, 2.0], [1.0] * 3)
    holed = known.vstack(normals([None], [1.0]).with_columns(area_id=pl.lit("area 99")))
    found = ranked(holed)
    assert_frame_equal(found.head(3), ranked(known))
    assert found.tail(1).select(RANK_SCHEMA.keys()).row(0) == (None,) * len(RANK_SCHEMA)
    other = normals([9.0, 8.0], [3.0, 3.0], "b")
    assert_frame_equal(ranked(pl.concat([other, known])).tail(3), ranked(known))
    assert ranked(holed.tail(1))["rank"].to_list() == [None]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 1e3)), min_size=1, max_size=9), st.randoms())
def test_order_of_rows_does_not_matter(rows: list[tuple[float, float]], random) -> None:
    frame = normals([m for m, _ in rows], [e for _, e in rows])
    found = ranked(frame, draws=200)
    order = list(range(len(rows)))
    random.shuffle(order)
    assert_frame_equal(ranked(frame[order], draws=200), found[order])
    assert (found["rank_lower"] <= found["rank_upper"]).all()
    assert found["rank_lower"].min() >= 1
    assert found["rank_upper"].max() <= len(rows)


def test_the_interval_holds_the_rank_where_it_lies_at_an_end() -> None:
    """An area of most records without a failure has the best mean, but in hardly any draw the best figure."""
    sound, failed = [10_000.5, *[9_000.5] * 60], [0.5] * 61
    frame = pl.DataFrame({"area_id": [str(at) for at in range(61)], "group": "g", "s": sound, "f": failed})
    found = rank_intervals(frame, ["group"], "beta", ("s", "f"), "higher", 1).row(0, named=True)
    assert found["rank"] == found["rank_lower"] == 1
    assert found["probability_best"] < 0.025


def test_peers_are_the_nearest_by_standardised_covariates() -> None:
    frame = pl.DataFrame(
        {
            "area_id": ["a", "b", "c", "d", "e"],
            "people": [1000.0, 1100.0, 9000.0, 9100.0, None],
            "share": [0.1, 0.2, 0.1, 0.9, 0.1],
            "same": [1.0] * 5,
        }
    )
    found = peers(frame, 2)
    assert found.filter(pl.col("position") == 1).select("area_id", "peer_id").rows() == [
        ("a", "b"), ("b", "a"), ("c", "b"), ("d", "c"),
    ]  # fmt: skip
    spread = frame.drop_nulls().select(pl.col("people", "share").std(ddof=0)).row(0)
    assert found["distance"][0] == pytest.approx(np.hypot(100 / spread[0], 0.1 / spread[1]))
    assert found.height == 8
    assert peers(frame, 99).height == 4 * 3


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ranked(normals([1.0], [-1.0])), "no parameters of a normal"),
        (lambda: ranked(normals([float("nan")], [1.0])), "must be finite"),
        (lambda: ranked(pl.concat([normals([1.0], [1.0])] * 2)), "several rows"),
        (lambda: ranked(normals([1.0], [1.0]), top=0), "at least 1"),
        (lambda: peers(pl.DataFrame({"area_id": ["a"]}), 1), "at least one covariate"),
        (lambda: peers(pl.DataFrame({"area_id": ["a", "a"], "x": [1, 2]}), 1), "several rows"),
    ],
)
def test_impossible_input_is_refused(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
