import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from indicators.catalogue.reading import load_catalogue
from indicators.composites.contribution_rows import CONTRIBUTION_SCHEMA
from indicators.composites.index import SCORE_SCHEMA, Index, compute_index
from indicators.composites.rules import DIMENSIONS, OVERALL, IndexRules, components
from tests.indicators.composites.small_index import FIRST, SECOND, areas, figure, percentage, published

pytestmark = pytest.mark.slow

NAMES = ["a", "b", "c", "d", "e"]
ENTRIES = [
    percentage("M", "mechanism"),
    percentage("L", "social_linkage"),
    percentage("F1", "information_sharing"),
    percentage("F2", "information_sharing", "lower"),
    percentage("C", "team", "context"),
]
VALUES = {"M": [80, 60, 40, 20, 10], "L": [50, 50, 50, 50, 50], "F1": [90, 80, 70, 60, 50], "F2": [10, 20, 30, 40, 50]}


def rows(half: float = 3.0, **fields):
    return [
        figure(name, area, float(value), half, **fields)
        for name, column in VALUES.items()
        for area, value in zip(NAMES, column, strict=True)
    ]


def indexed(figures, rules: IndexRules | None = None, entries=ENTRIES) -> Index:
    return compute_index(published(figures), entries, areas(NAMES), rules or IndexRules(draws=400))


def score(found: Index, area: str, scope: str = OVERALL, start=FIRST) -> dict:
    kept = found.scores.filter(area_id=area, scope=scope, period_start=start)
    assert kept.height == 1
    return kept.to_dicts()[0]


def test_a_score_is_the_mean_of_the_dimensions_means() -> None:
    found = indexed(rows())
    assert dict(found.scores.schema) == SCORE_SCHEMA
    assert dict(found.contributions.schema) == CONTRIBUTION_SCHEMA
    assert score(found, "a", "information_sharing")["score"] == pytest.approx(90)
    overall = score(found, "a")
    assert overall["score"] == pytest.approx((80 + 50 + 90) / 3)
    assert overall["lower"] < overall["score"] < overall["upper"]
    assert overall["bound_low"] <= overall["lower"]
    sure = score(indexed(rows(), IndexRules(draws=400, goalpost_noise=0, weight_noise=0)), "a")
    # Every bound lies six points away, and the score moves with them.
    assert (sure["bound_low"], sure["bound_high"]) == pytest.approx((220 / 3 - 6, 220 / 3 + 6))
    assert (overall["coverage"], overall["imputed_share"], overall["status"]) == (1.0, 0.0, "final")
    assert set(found.contributions["indicator_id"]) == {"M", "L", "F1", "F2"}


def test_contributions_sum_to_the_score_and_changes_to_the_change() -> None:
    later = [
        figure(name, area, float(value) / 2 + 20, 3.0, period_start=SECOND)
        for name, column in VALUES.items()
        for area, value in zip(NAMES, column, strict=True)
        if (name, area) != ("F2", "b")
    ]
    found = indexed([*rows(), *later], IndexRules(draws=400, least=0.5))
    sums = found.contributions.group_by("area_id", "period_start").agg(
        points=(pl.col("score") * pl.col("weight")).sum(), change=pl.col("change").sum()
    )
    both = found.scores.filter(scope=OVERALL).join(sums, on=["area_id", "period_start"])
    np.testing.assert_allclose(both["points"], both["score"], rtol=1e-9)
    changed = both.filter(period_start=SECOND)
    np.testing.assert_allclose(changed["change_right"], changed["change"], atol=1e-9)
    assert (changed["change_low"] <= changed["change"]).all()
    of_dimension = found.contributions.filter(period_start=SECOND, area_id="b", dimension="information_sharing")
    moved = score(found, "b", "information_sharing", SECOND)["change"]
    # What is gone has its part, too.
    assert of_dimension["indicator_id"].to_list() == ["F1", "F2"]
    assert of_dimension["dimension_change"].sum() == pytest.approx(moved)
    assert both.filter(period_start=FIRST)["change"].is_null().all()


def test_ranks_come_with_intervals_that_widen_with_the_figures() -> None:
    sure, unsure = indexed(rows(0.0)), indexed(rows(30.0))
    of_sure = sure.scores.filter(scope=OVERALL).sort("area_id")
    assert of_sure["rank"].to_list() == [1, 2, 3, 4, 5]
    assert of_sure["areas_ranked"].unique().to_list() == [5]
    assert of_sure.filter(pl.col("rank_low") != pl.col("rank_high")).height <= 2
    width = [
        (found.scores.filter(scope=OVERALL)["rank_high"] - found.scores.filter(scope=OVERALL)["rank_low"]).sum()
        for found in (sure, unsure)
    ]
    assert width[1] > width[0]
    assert indexed(rows(), IndexRules(draws=400, fewest_areas=6)).scores["rank"].is_null().all()


def test_the_nearest_to_the_best_is_the_best_where_one_is_best_in_everything() -> None:
    found = indexed(rows()).scores.filter(scope=OVERALL).sort("area_id")
    assert found["closeness"].to_list() == sorted(found["closeness"], reverse=True)
    assert found["closeness"][0] == pytest.approx(1)
    assert found["closeness"][-1] == pytest.approx(0)
    assert (found["closeness_low"] <= found["closeness"]).all()


def test_a_score_between_fixed_goalposts_does_not_depend_on_others() -> None:
    alone = [row for row in rows() if row["area_id"] == "c"]
    columns = ["scope", "score", "lower", "upper", "bound_low", "bound_high", "coverage"]
    whole = indexed(rows()).scores.filter(area_id="c").select(columns)
    single = indexed(alone).scores.select(columns)
    assert_frame_equal(whole.drop("lower", "upper"), single.drop("lower", "upper"))
    assert_frame_equal(whole.select("lower", "upper"), single.select("lower", "upper"), abs_tol=1.5)


def test_the_interval_of_one_exact_figure_is_that_of_the_goalposts_alone() -> None:
    exact = [figure("M", "a", 50.0, 0.0)]
    found = score(indexed(exact, entries=ENTRIES[:1]), "a")
    # Either end moves by up to a twentieth of the range.
    assert 45 < found["lower"] < 48
    assert 52 < found["upper"] < 55
    still = score(indexed(exact, IndexRules(draws=400, goalpost_noise=0.0), ENTRIES[:1]), "a")
    assert (still["lower"], still["upper"]) == pytest.approx((50, 50))


def test_the_monte_carlo_limits_are_those_of_the_normal_distribution() -> None:
    rules = IndexRules(draws=4000, goalpost_noise=0.0, weight_noise=0.0)
    found = score(indexed([figure("F1", "a", 50.0, 6.0), figure("F2", "a", 50.0, 8.0)], rules), "a")
    # The mean of two independent figures: √(6² + 8²)/2.
    assert (found["lower"], found["upper"]) == pytest.approx((45, 55), abs=0.4)


def test_too_little_covered_is_no_score() -> None:
    kept = [row for row in rows() if not (row["area_id"] == "a" and row["indicator_id"] in ("M", "L"))]
    found = indexed(kept)
    overall = score(found, "a")
    assert overall["score"] is None
    assert (overall["status"], overall["reason"]) == ("not_available", "little_coverage:33")
    assert score(found, "a", "information_sharing")["score"] == pytest.approx(90)
    assert found.scores.filter(area_id="a", scope="mechanism").is_empty()
    assert found.scores.filter(scope=OVERALL)["areas_ranked"].drop_nulls().is_empty()


def test_coverage_is_of_all_that_is_declared() -> None:
    entries = [*ENTRIES, percentage("R", "rule_of_law"), percentage("F3", "information_sharing")]
    found = indexed(rows(), entries=entries)
    assert score(found, "a")["coverage"] == pytest.approx((1 + 1 + 2 / 3) / 4)
    assert score(found, "a", "information_sharing")["coverage"] == pytest.approx(2 / 3)
    assert score(found, "a")["score"] == pytest.approx(220 / 3)


@pytest.mark.parametrize("hidden", ["withheld", "suppressed"])
@pytest.mark.parametrize(
    ("impute", "expected"), [("none", None), ("mean", 70 / 3), ("median", 20), ("peer_mean", 15), ("previous", None)]
)
def test_gaps_are_filled_as_asked_and_withheld_figures_never(impute, expected, hidden) -> None:
    given = [row for row in rows() if not (row["indicator_id"] == "M" and row["area_id"] in ("a", "b"))]
    given += [figure("M", "a", None), figure("M", "b", None, status=hidden)]
    peers = areas(NAMES, ["x", "x", "y", "x", "x"])
    found = compute_index(published(given), ENTRIES, peers, IndexRules(draws=200, impute=impute))
    mechanism = found.scores.filter(scope="mechanism")
    assert "b" not in mechanism.filter(pl.col("score").is_not_null())["area_id"]
    filled = mechanism.filter(area_id="a")
    if expected is None:
        assert filled.is_empty()
    else:
        assert filled["score"].item() == pytest.approx(expected)
        assert filled["imputed_share"].item() == 1.0
        # As unsure as those that it was taken from are apart.
        assert filled["upper"].item() - filled["lower"].item() > 8
        assert found.contributions.filter(area_id="a", indicator_id="M")["is_imputed"].item()


def test_the_figure_of_the_period_before_fills_a_gap() -> None:
    later = [{**row, "period_start": SECOND} for row in rows() if (row["indicator_id"], row["area_id"]) != ("M", "a")]
    found = indexed([*rows(), *later], IndexRules(draws=200, impute="previous"))
    assert score(found, "a", "mechanism", SECOND)["score"] == pytest.approx(80)
    assert score(found, "a", "mechanism", SECOND)["imputed_share"] == 1.0
    assert score(found, "a", OVERALL, SECOND)["imputed_share"] == pytest.approx(1 / 3)


def test_areas_are_not_ranked_by_what_was_filled_in_for_all_of_them() -> None:
    later = [{**row, "period_start": SECOND} for row in rows() if row["indicator_id"] != "M"]
    found = indexed([*rows(), *later], IndexRules(draws=200, impute="previous"))
    mechanism = found.scores.filter(scope="mechanism", period_start=SECOND)
    assert mechanism["score"].null_count() == 0
    assert mechanism["rank"].is_null().all()
    assert found.scores.filter(scope=OVERALL, period_start=SECOND)["rank"].null_count() == 0


def test_weights_goalposts_and_the_mean_may_be_declared() -> None:
    rules = IndexRules(draws=200, weights={"mechanism": 2, "F2": 0}, goalposts={"M": (0, 160)}, left_out=("L",))
    found = indexed(rows(), rules)
    assert score(found, "a", "mechanism")["score"] == pytest.approx(50)
    assert score(found, "a")["score"] == pytest.approx((2 * 50 + 90) / 3)
    assert set(found.contributions["indicator_id"]) == {"M", "F1"}
    geometric = indexed(rows(), IndexRules(draws=200, aggregation="geometric"))
    assert score(geometric, "a")["score"] == pytest.approx((80 * 50 * 90) ** (1 / 3))
    with pytest.raises(ValueError, match="context"):
        components(ENTRIES, IndexRules(goalposts={"C": (0, 1)}))
    with pytest.raises(ValueError, match="no indicator Z"):
        components(ENTRIES, IndexRules(left_out=("Z",)))


def test_a_limit_that_could_not_be_estimated_reaches_the_goalpost() -> None:
    open_ended = [figure("F2", "a", 50.0, 1.0, upper=None)]
    rules = IndexRules(draws=4000, goalpost_noise=0.0)
    found = score(indexed(open_ended, rules, [ENTRIES[3]]), "a")
    assert found["lower"] == pytest.approx(0, abs=3)
    assert found["upper"] == pytest.approx(51, abs=0.2)


def test_a_worst_case_that_is_not_known_is_the_goalpost() -> None:
    open_ended = [figure("F2", "a", 50.0, 1.0, bound_low=0.0, bound_high=None)]
    rules = IndexRules(draws=200, goalpost_noise=0.0)
    found = score(indexed(open_ended, rules, [ENTRIES[3]]), "a")
    assert (found["bound_low"], found["bound_high"]) == (0.0, 100.0)
    unknown = [figure("F2", "a", 50.0, 1.0, bound_low=None, bound_high=None)]
    found = score(indexed(unknown, rules, [ENTRIES[3]]), "a")
    assert (found["bound_low"], found["bound_high"]) == pytest.approx((49, 51), abs=0.3)


def test_a_year_takes_the_twelve_months_of_what_is_told_for_nothing_else() -> None:
    entries = [percentage("N", "new_citizens", period_kinds=["rolling_12m"])]
    given = [
        figure("N", "a", 40.0, period_kind="rolling_12m"),
        figure("N", "a", 90.0, period_kind="rolling_12m", period_start=SECOND),
    ]
    found = indexed(given, entries=entries)
    assert found.scores.select("period_kind", "period_start", "score").unique().rows() == [("year", FIRST, 40.0)]


def test_the_least_sure_figure_decides_the_status() -> None:
    given = [{**row, "status": "stale" if row["area_id"] == "a" else row["status"]} for row in rows()]
    given = [{**row, "status": "provisional" if row["area_id"] == "b" else row["status"]} for row in given]
    found = indexed(given)
    assert [score(found, area)["status"] for area in "abc"] == ["stale", "provisional", "final"]


def test_nothing_depends_on_the_order_of_rows_and_all_repeats() -> None:
    given = published(rows())
    first = compute_index(given, ENTRIES, areas(NAMES), IndexRules(draws=200))
    second = compute_index(
        given.sample(fraction=1, shuffle=True, seed=1), ENTRIES[::-1], areas(NAMES[::-1]), IndexRules(draws=200)
    )
    for name in ("scores", "contributions", "coordination", "sensitivity"):
        assert_frame_equal(getattr(first, name), getattr(second, name), check_exact=True)


def test_nothing_published_is_no_index() -> None:
    found = compute_index(published([]), ENTRIES, areas(NAMES))
    assert found.scores.is_empty()
    assert found.coordination.is_empty()


def test_the_choice_that_matters_is_found() -> None:
    found = indexed(rows(1.0)).sensitivity
    assert found["choice"].to_list() == ["figures", "gaps", "mean", "normalisation", "outliers", "weights"]
    assert found["areas_ranked"].unique().to_list() == [5]
    # All indicators put the areas in the same order, whatever is done with them.
    assert found["mean_rank_shift"][0] == pytest.approx(0, abs=0.1)


def test_every_indicator_of_the_catalogue_with_a_better_end_has_goalposts_or_a_reason() -> None:
    entries = load_catalogue()
    without = {entry.id for entry in entries if entry.polarity != "context" and entry.goalposts is None}
    # Parts of B1, another view of G2, and what stands beside N1 and N4: counted twice otherwise.
    assert without == {"B1_shootings", "G2_median_days", "N1_volunteers", "N4_new_citizens", "N4_residents"}
    assert {entry.dimension for entry in entries} <= set(DIMENSIONS)


SLOW = percentage("R", "rule_of_law").model_copy(update={"maturity_days": 210})
QUICK = percentage("R4", "rule_of_law").model_copy(update={"maturity_days": 30})


def maturing(status: str):
    """R falls to 5 while what it counts is still open; R4 is as settled as all others."""
    held = [figure("R4", area, 70.0, 2.0, period_start=start) for area in NAMES for start in (FIRST, SECOND)]
    slow = [figure("R", area, 60.0, 2.0) for area in NAMES]
    slow += [figure("R", area, 5.0, 2.0, period_start=SECOND, status=status) for area in NAMES]
    return [*rows(), *rows(period_start=SECOND), *held, *slow]


def test_what_has_yet_to_settle_is_left_out_and_not_missed() -> None:
    """A score of the newest period does not fall because cases are still open; it says what it leaves out."""
    found = indexed(maturing("provisional"), entries=[*ENTRIES, SLOW, QUICK])
    before, now = (score(found, "a", "rule_of_law", start) for start in (FIRST, SECOND))
    assert (before["score"], before["status"], before["reason"]) == (pytest.approx(65), "final", None)
    assert (now["score"], now["status"], now["reason"]) == (pytest.approx(70), "provisional", "left_out:R")
    assert now["coverage"] == pytest.approx(0.5)
    overall = score(found, "a", start=SECOND)
    assert overall["score"] == pytest.approx((80 + 50 + 90 + 70) / 4)
    assert (overall["status"], overall["reason"]) == ("provisional", "left_out:R")
    assert score(found, "a", "mechanism", SECOND)["status"] == "final"
    # What came of it is told as a change of weights.
    gone = found.contributions.filter(area_id="a", period_start=SECOND, indicator_id="R").row(0, named=True)
    assert gone["change"] == pytest.approx(gone["change_by_weight"])


def test_once_it_has_settled_it_counts_and_whoever_waits_longer_takes_it_at_once() -> None:
    entries = [*ENTRIES, SLOW, QUICK]
    settled = indexed(maturing("final"), entries=entries)
    patient = indexed(maturing("provisional"), IndexRules(draws=400, settling_days=210), entries)
    for found, status in ((settled, "final"), (patient, "provisional")):
        now = score(found, "a", "rule_of_law", SECOND)
        assert (now["score"], now["status"], now["reason"]) == (pytest.approx(37.5), status, None)


def test_a_dimension_of_nothing_settled_is_not_missed_either() -> None:
    given = [each for each in maturing("provisional") if each["indicator_id"] != "R4"]
    found = indexed(given, IndexRules(draws=400, least=1.0), [*ENTRIES, SLOW])
    overall = score(found, "a", start=SECOND)
    assert overall["score"] == pytest.approx((80 + 50 + 90) / 3)
    assert overall["reason"] == "left_out:R"
    assert found.scores.filter(scope="rule_of_law", period_start=SECOND).is_empty()


def test_what_has_yet_to_settle_is_never_filled() -> None:
    found = indexed(maturing("provisional"), IndexRules(draws=400, impute="previous"), [*ENTRIES, SLOW, QUICK])
    assert score(found, "a", "rule_of_law", SECOND)["score"] == pytest.approx(70)
    assert score(found, "a", start=SECOND)["imputed_share"] == 0


def test_a_period_of_nothing_settled_has_no_rows_and_stops_nothing() -> None:
    slow = [figure("R", area, 60.0, 2.0) for area in NAMES]
    slow += [figure("R", area, 5.0, 2.0, period_start=SECOND, status="provisional") for area in NAMES]
    for given in (slow, slow[len(NAMES) :]):
        found = indexed(given, IndexRules(draws=400, least=0.0), [SLOW])
        assert set(found.contributions.schema.items()) == set(pl.Schema(CONTRIBUTION_SCHEMA).items())
        assert found.scores.filter(period_start=SECOND).is_empty()
