"""The Monte Carlo over all choices: each alternative is what its function gives, and what none may touch stays."""

import numpy as np
import pytest

from indicators.composites.aggregate import aggregate, copeland
from indicators.composites.alternatives import GAPS, OUTLIERS, SCALES, SUMS, WEIGHTS, Alternatives
from indicators.composites.choices import CHOICES, drawn_by_choices
from indicators.composites.normalise import distance_to_target, min_max, percentile_ranks, z_scores
from indicators.composites.outliers import treat
from indicators.composites.panel import panels
from indicators.composites.rules import OVERALL, IndexRules, components
from indicators.composites.uncertainty import rank_limits
from indicators.composites.weights import critic_weights, entropy_weights, pca_weights
from tests.indicators.composites.small_index import FIRST, SECOND, areas, figure, percentage, published

NAMES = [f"{n:02}" for n in range(12)]
ENTRIES = [percentage("M", "mechanism"), percentage("L", "social_linkage"), percentage("K", "technology", "lower")]
RNG = np.random.default_rng(7)
FIGURES = np.column_stack([RNG.uniform(20, 80, 12), RNG.uniform(20, 80, 12), np.append(RNG.uniform(2, 4, 11), 90.0)])
DIRECTION = [1, 1, -1]
RULES = IndexRules(draws=200, least=0.5)


def panel(change=None, half: float = 0.0, rules: IndexRules = RULES, before=None):
    """The panel of two periods; `change` takes the rows of the second."""
    given = []
    for start, figures in ((FIRST, FIGURES if before is None else before), (SECOND, FIGURES)):
        rows = [
            figure(name, area, float(figures[a, k]), half, period_start=start)
            for a, area in enumerate(NAMES)
            for k, name in enumerate("MLK")
        ]
        given += change(rows) if change and start == SECOND else rows
    peers = ["x"] * 6 + ["y"] * 6
    (found,) = panels(published(given), ENTRIES, components(ENTRIES, rules), areas(NAMES, peers), rules)
    return found


def ways(found, draws: int = 4) -> Alternatives:
    return Alternatives(found, 1, np.arange(12), np.arange(3), RULES, draws)


def chosen(figure: int = 0, **names: str) -> np.ndarray:
    told = {"gaps": "left_out", "outliers": "kept", "scale": "goalposts", "weights": "equal", "sums": "arithmetic"}
    known = {"gaps": GAPS, "outliers": OUTLIERS, "scale": SCALES, "weights": WEIGHTS, "sums": SUMS}
    return np.array([[figure, *(known[each].index((told | names)[each]) for each in known)]]).T


# Components go by dimension: mechanism, linkage, technology.
def test_the_published_way_is_among_them() -> None:
    goalposts = np.column_stack([FIGURES[:, :2], 100 - FIGURES[:, 2]])
    for weights in ("declared", "equal"):
        found = ways(panel()).scores(chosen(weights=weights))
        np.testing.assert_allclose(found, [goalposts.mean(axis=1)])


@pytest.mark.parametrize(
    ("scale", "expected"),
    [
        ("min_max", lambda x: min_max(x, DIRECTION)),
        ("z_scores", lambda x: z_scores(x, DIRECTION, 50, 15)),
        ("ranks", lambda x: percentile_ranks(x, DIRECTION)),
        ("target", lambda x: distance_to_target(x, [100, 100, 0], DIRECTION)),
    ],
)
def test_every_scale_is_its_function_and_a_treated_outlier_is_felt_where_there_are_no_ends(scale, expected) -> None:
    given = ways(panel())
    by_treatment = []
    for outliers in OUTLIERS:
        treated = FIGURES if outliers == "kept" or scale == "target" else treat(FIGURES, 1, outliers).values
        found = given.scores(chosen(scale=scale, outliers=outliers))
        np.testing.assert_allclose(found, [aggregate(np.maximum(expected(treated), 1.0), [1 / 3] * 3)])
        by_treatment.append(found[0])
    # What is drawn in to the next one shares its rank, and a rank is all that it had.
    assert (scale != "target") == (not np.allclose(by_treatment[0], by_treatment[1]))


def test_every_weight_and_every_way_to_put_together_is_its_function() -> None:
    scores = np.column_stack([FIGURES[:, :2], 100 - FIGURES[:, 2]]) / 100
    scaled = min_max(scores, [1, 1, 1], (0, 1))
    expected = {"entropy": entropy_weights(scores), "critic": critic_weights(scaled), "pca": pca_weights(scores)[0]}
    for weights, given in expected.items():
        for sums in SUMS:
            found = ways(panel()).scores(chosen(weights=weights, sums=sums))
            told = copeland(100 * scores, given) if sums == "copeland" else aggregate(100 * scores, given, sums)
            np.testing.assert_allclose(found[0], told)


@pytest.mark.parametrize(
    ("gaps", "value"),
    [
        ("mean", FIGURES[1:, 0].mean()),
        ("median", np.median(FIGURES[1:, 0])),
        ("peer_mean", FIGURES[1:6, 0].mean()),
        ("previous", FIGURES[0, 0] / 2),
    ],
)
def test_a_gap_is_filled_every_way_and_what_is_withheld_never(gaps, value) -> None:
    def gone(status):
        def change(rows):
            return [
                {**row, "value": None, "status": status}
                if (row["indicator_id"], row["area_id"]) == ("M", "00")
                else row
                for row in rows
            ]

        return change

    others = (FIGURES[0, 1] + 100 - FIGURES[0, 2]) / 2
    given = ways(panel(gone("not_available"), before=FIGURES / 2))
    assert given.scores(chosen())[0, 0] == pytest.approx(others)
    assert given.scores(chosen(gaps=gaps))[0, 0] == pytest.approx((2 * others + value) / 3)
    assert given.scores(chosen(gaps=gaps, weights="declared"))[0, 0] == pytest.approx((2 * others + value) / 3)
    withheld = ways(panel(gone("suppressed"), before=FIGURES / 2))
    assert withheld.scores(chosen(gaps=gaps))[0, 0] == pytest.approx(others)


def test_a_combination_is_the_same_alone_and_among_others() -> None:
    given = ways(panel(half=5.0), draws=30)
    many = np.random.default_rng(1).integers(0, np.array(given.counts)[:, None], (6, 60))
    together = given.scores(many)
    for at in range(60):
        np.testing.assert_allclose(given.scores(many[:, [at]])[0], together[at])


def test_ranks_over_all_choices_are_less_sure_than_over_figures_alone() -> None:
    """With exact figures only the choices are left: who is best at everything stays first, others change places."""
    figures = FIGURES.copy()
    figures[0] = [95.0, 95.0, 1.0]
    rows = [figure(n, a, float(figures[i, k])) for i, a in enumerate(NAMES) for k, n in enumerate("MLK")]
    rules = IndexRules(draws=200, goalpost_noise=0.0)
    (found,) = panels(published(rows), ENTRIES, components(ENTRIES, rules), areas(NAMES), rules)
    drawn = drawn_by_choices(found, 0, OVERALL, np.arange(12), rules)
    assert drawn is not None
    limits = rank_limits(drawn)
    assert (limits.lower[0], limits.upper[0]) == (1, 1)
    assert (limits.upper[1:] > limits.lower[1:]).sum() >= 8
    # One indicator alone is in the same order whatever is done with it, but for ties that a treatment makes.
    of_one = drawn_by_choices(found, 0, "mechanism", np.arange(12), rules)
    assert of_one is not None
    alone = rank_limits(of_one)
    assert (alone.upper == alone.lower).sum() >= 10
    assert len(CHOICES) == len(ways(panel()).counts)
