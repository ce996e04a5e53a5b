"""The ASEM example of COINr, stage by stage: every published number."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from indicators.composites.aggregate import aggregate, aggregate_tree
from indicators.composites.impute import denominate, impute_centre
from indicators.composites.normalise import min_max, z_scores
from indicators.composites.outliers import treat
from indicators.composites.screening import available_share, has_outliers, kurtosis, screen, skewness
from indicators.composites.sensitivity import choice_sensitivity, mean_rank_shift

NUMBERS = Path(__file__).parents[1] / "conformance" / "composite_asem"


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(NUMBERS / name, null_values="NA", infer_schema_length=None)


META = read("ASEM_iMeta.csv")
LEAVES = META.filter(pl.col("Type") == "Indicator")
IDS = LEAVES["iCode"].to_list()
NODES = META.filter(pl.col("Type").is_in(["Indicator", "Aggregate"]))
PARENTS = (
    NODES.filter(pl.col("Parent").is_not_null()).select("iCode", "Parent", pl.col("Weight").cast(pl.Float64)).rows()
)
DIRECTION = LEAVES["Direction"].to_numpy()


def stage(name: str, columns: list[str] = IDS) -> np.ndarray:
    return read(f"expected_{name}.csv").sort("uCode").select(pl.col(columns).cast(pl.Float64)).to_numpy()


def given() -> pl.DataFrame:
    return read("ASEM_iData.csv").sort("uCode")


def test_the_raw_figures_have_the_published_moments() -> None:
    raw = given().select(pl.col(IDS).cast(pl.Float64)).to_numpy()
    np.testing.assert_allclose(raw, stage("Raw"), rtol=1e-12)
    stats = read("expected_stats_raw.csv")
    assert stats["iCode"].to_list() == IDS
    np.testing.assert_allclose(skewness(raw), stats["Skew"].to_numpy(), rtol=1e-9)
    np.testing.assert_allclose(kurtosis(raw), stats["Kurt"].to_numpy(), rtol=1e-9)
    assert has_outliers(raw).tolist() == (stats["Flag.SkewKurt"] == "OUT").to_list()
    # What is in the data itself, so that it is read as it was meant.
    for name, of in {"Min": np.nanmin, "Max": np.nanmax, "Mean": np.nanmean, "Median": np.nanmedian}.items():
        np.testing.assert_allclose(of(raw, axis=0), stats[name].to_numpy(), rtol=1e-12)
    np.testing.assert_allclose(np.nanstd(raw, axis=0, ddof=1), stats["Std"].to_numpy(), rtol=1e-12)


def test_the_raw_figures_are_screened_as_published() -> None:
    """By how much of each there is; nearly equal or zero figures are no reason of ours to leave one out."""
    raw, stats = given().select(pl.col(IDS).cast(pl.Float64)).to_numpy(), read("expected_stats_raw.csv")
    available = available_share(raw, 0)
    np.testing.assert_allclose(available, stats["Frc.Avail"].to_numpy(), rtol=1e-12)
    assert (available * len(raw)).round().tolist() == stats["N.Avail"].to_list()
    assert (np.nan_to_num(raw) != 0).sum(axis=0).tolist() == stats["N.NonZero"].to_list()
    assert screen(raw.T, 0.66).tolist() == (stats["Flag.Avail"] == "ok").to_list()
    assert not screen(raw.T, 0.9).all()


def test_figures_are_divided_by_their_sizes() -> None:
    data = given()
    sizes = np.stack(
        [
            np.ones(len(data)) if size is None else data[size].cast(pl.Float64).to_numpy()
            for size in LEAVES["Denominator"]
        ],
        axis=1,
    )
    np.testing.assert_allclose(denominate(stage("Raw"), sizes), stage("Denominated"), rtol=1e-9)


def test_gaps_take_the_mean_of_their_group() -> None:
    before = stage("Denominated")
    found, imputed = impute_centre(before, np.isnan(before), "mean", given()["EurAsia_group"].to_numpy())
    np.testing.assert_allclose(found, stage("Imputed"), rtol=1e-9)
    assert (imputed == np.isnan(before)).all()
    assert imputed.sum() == 65


def test_outliers_are_winsorised() -> None:
    found = treat(stage("Imputed"), most=5)
    np.testing.assert_allclose(found.values, stage("Treated"), rtol=1e-9)
    moved = {name: count for name, count in zip(IDS, found.winsorised, strict=True) if count}
    assert moved["Services"] == 4
    assert moved["CostImpEx"] == 1
    assert sum(moved.values()) == 35
    assert set(found.method) == {"none", "winsorised"}


def test_figures_are_brought_to_one_scale() -> None:
    np.testing.assert_allclose(min_max(stage("Treated"), DIRECTION), stage("Normalised"), rtol=1e-9, atol=1e-9)


def test_scores_go_up_the_tree() -> None:
    normalised = stage("Normalised")
    found = aggregate_tree(dict(zip(IDS, normalised.T, strict=True)), PARENTS)
    for table in ("Aggregated", "results_aggs"):
        expected = stage(table, [*found])
        np.testing.assert_allclose(np.stack([*found.values()], axis=1), expected, rtol=1e-9)
    np.testing.assert_allclose(normalised, stage("Aggregated"), rtol=1e-9, atol=1e-9)
    units = read("expected_Aggregated.csv").sort("uCode")["uCode"].to_list()
    scores = dict(zip(units, found["Index"], strict=True))
    assert scores["CHE"] == pytest.approx(68.38372424, abs=1e-6)
    assert scores["NLD"] == pytest.approx(64.81951617, abs=1e-6)
    assert scores["DNK"] == pytest.approx(64.80407996, abs=1e-6)
    ranks = read("expected_results_aggs.csv")
    order = sorted(units, key=lambda unit: -scores[unit])
    assert order == ranks.sort("Rank")["uCode"].to_list()


def effective(weights: dict[str, float]) -> np.ndarray:
    """Weights of the leaves when all means are arithmetic, within their parents and down from the root."""
    parent = {child: above for child, above, _ in PARENTS}
    total: dict[str, float] = {}
    for child, above in parent.items():
        total[above] = total.get(above, 0.0) + weights[child]

    def share(node: str) -> float:
        return 1.0 if node not in parent else weights[node] / total[parent[node]] * share(parent[node])

    return np.array([share(leaf) for leaf in IDS])


@pytest.mark.slow
def test_sobol_indices_say_which_choice_matters() -> None:
    imputed = stage("Imputed")
    scaled = [[scale(treat(imputed, most).values) for scale in (to_1_100, to_10_2)] for most in (1, 2, 3, 4, 5)]
    rng = np.random.default_rng(1)
    nominal = {name: 1.0 for name, _, _ in PARENTS}
    noisy_nodes = META.filter(pl.col("Level").is_in([2, 3]))["iCode"].to_list()
    noisy = np.stack([effective(nominal | {node: rng.uniform(0.75, 1.25) for node in noisy_nodes}) for _ in range(100)])
    reference = aggregate(min_max(stage("Treated"), DIRECTION), effective(nominal))

    def outcome(chosen: np.ndarray) -> np.ndarray:
        found = np.empty(chosen.shape[1])
        for at, (most, scale, weights, mean) in enumerate(chosen.T):
            score = aggregate(scaled[most][scale], noisy[weights], ("arithmetic", "geometric")[mean])
            found[at] = mean_rank_shift(score, reference)
        return found

    found = choice_sensitivity(
        [("Winmax", 5), ("Normalisation", 2), ("Weights", 100), ("Aggregation", 2)], outcome, 512
    )
    published = read("SA_results_Sensitivity.csv")
    assert [each.factor for each in found] == published["Variable"].to_list()
    for each, row in zip(found, published.to_dicts(), strict=True):
        assert row["STi_q5"] - 0.02 <= each.total <= row["STi_q95"] + 0.02
        assert row["Si_q5"] <= each.first <= row["Si_q95"]
    assert max(found, key=lambda each: each.total).factor == "Aggregation"


def to_1_100(x: np.ndarray) -> np.ndarray:
    return min_max(x, DIRECTION, (1.0, 100.0))


def to_10_2(x: np.ndarray) -> np.ndarray:
    return z_scores(x, DIRECTION, 10.0, 2.0)
