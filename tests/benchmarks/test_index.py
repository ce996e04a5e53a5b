import pytest

from benchmarks.index import measure


@pytest.mark.slow
def test_true_scores_lie_within_what_is_published() -> None:
    found = measure(areas=80, indicators=22, draws=300)
    assert all(0.88 <= share <= 1 for share in found["share_within"].values())
    assert set(found["share_within"]) == {"score", "subjects", "foundations"}
