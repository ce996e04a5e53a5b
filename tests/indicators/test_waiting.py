"""How long new citizens wait, and residents, among like requests."""

import math
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest

from indicators.catalogue.entries import Entry
from indicators.catalogue.parts import Waiting
from indicators.compute import compute
from indicators.inputs import Figures, Inputs
from indicators.survival import kaplan_meier_quantiles, standardised_quantiles
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import DEC, JAN, row

pytestmark = pytest.mark.slow

DAY = 86_400
SCHEMA = {
    "geography": pl.String, "area_id": pl.String, "day": pl.Date, "source": pl.String, "requester_group": pl.String,
    "category": pl.String, "bucket": pl.Int32, "requests": pl.Int64, "closed_seconds": pl.Int64,
}  # fmt: skip


def waiting(statistic: Any, **changed: Any) -> Entry:
    return make_entry(
        id=statistic, kind="waiting_gap", interval="kaplan_meier", measure="msr_service_day", numerator=None, per=1.0,
        needs=["service.requester_group"], period_kinds=["year"], waiting=Waiting(statistic=statistic),
        **{"scale": 1.0 if statistic == "gap" else float(DAY), "min_denominator": 4, **changed},
    )  # fmt: skip


def asked(group: str, category: str, *days: float | None, area: str = "n1", opened: date = JAN) -> list[dict[str, Any]]:
    """Requests that were closed after so many days; None: still open."""
    return [
        {
            "geography": "beat", "area_id": area, "day": opened, "source": "s", "requester_group": group,
            "category": category, "bucket": None if each is None else round(math.log(each * DAY) / math.log(1.01)),
            "requests": 1, "closed_seconds": 0 if each is None else round(each * DAY),
        }
        for each in days
    ]  # fmt: skip


def city(rows: list[dict[str, Any]], doubtful: list[dict[str, Any]] | None = None) -> Inputs:
    counted = [
        {"area_id": each["area_id"], "day": each["day"], "source": "s", "opened": each["requests"]} for each in rows
    ]
    inputs = make_inputs(
        {"msr_service_day": counted}, [("s", "service", JAN, DEC)], mapped=[("service", "requester_group", "s")],
        doubtful=doubtful or [],
    )  # fmt: skip
    return Inputs(**{**vars(inputs), "extracts": {"ext_service_wait_day": pl.DataFrame(rows, schema=SCHEMA)}})


def figures(rows: list[dict[str, Any]], doubtful: list[dict[str, Any]] | None = None, **changed: Any) -> Figures:
    entries = [waiting(each, **changed) for each in ("gap", "new_citizen", "resident")]
    return compute(entries, city(rows, doubtful))


SAME_FOR_BOTH = [
    *asked("resident", "noise", 1, 1, 1, 1, 1, 1),
    *asked("resident", "labour", 8, 8),
    *asked("new_citizen", "noise", 1, 1),
    *asked("new_citizen", "labour", 8, 8, 8, 8, 8, 8),
]


def test_groups_that_wait_alike_for_the_like_have_no_gap() -> None:
    """Residents ask mostly for what is done in a day, new citizens for what takes eight: the medians of all are 1 and
    8. With 8 of the 16 in either category, half of both is closed after a day."""
    found = figures(SAME_FOR_BOTH)
    gap = row(found, "n1", JAN, "year", "gap")
    assert (gap["value"], gap["lower"]) == (0.0, 0.0)
    assert [row(found, "n1", JAN, "year", each)["value"] for each in ("new_citizen", "resident")] == [1.0, 1.0]


def test_a_gap_is_the_logarithm_of_the_ratio_of_medians() -> None:
    """Medians 2 and 6 days, whichever waits longer; the category that one group alone asks for counts for neither."""
    one, other = asked("resident", "noise", 1, 2, 3, None), asked("new_citizen", "noise", 3, 6, 9, 12, None)
    rows = [*one, *other, *asked("resident", "trees", *[0.5] * 50)]
    found = figures(rows)
    gap = row(found, "n1", JAN, "year", "gap")
    assert (gap["numerator"], gap["denominator"]) == (3, 4)
    # Of four 1, 2 and 3 days are closed: half of them at 2. Of five half are not before the third, at 9.
    assert row(found, "n1", JAN, "year", "resident")["value"] == 2.0
    assert row(found, "n1", JAN, "year", "new_citizen")["value"] == 9.0
    assert gap["value"] == pytest.approx(math.log(9 / 2))
    turned = [
        each | {"requester_group": {"resident": "new_citizen"}.get(each["requester_group"], "resident")}
        for each in rows
    ]
    assert row(figures(turned), "n1", JAN, "year", "gap")["value"] == gap["value"]


def test_one_request_in_doubt_leaves_the_gap_unbounded_as_it_may_bring_in_a_whole_category() -> None:
    """Fifty requests of residents for trees do not count, as no new citizen asked for any; one that did makes them."""
    alike = [*asked("resident", "noise", 1, 2, 3, None), *asked("new_citizen", "noise", 3, 6, 9, 12, None)]
    rows = [*alike, *asked("resident", "trees", *[0.5] * 50)]
    sure = figures(rows)
    for each in ("gap", "new_citizen", "resident"):
        found = row(sure, "n1", JAN, "year", each)
        assert (found["unusable"], found["bound_low"], found["bound_high"]) == (0, found["lower"], found["upper"])
    refused = {"source": "s", "kind": "service", "area_id": "n1", "day": JAN, "refused": 1}
    doubtful = figures(rows, doubtful=[refused])
    for each in ("gap", "new_citizen", "resident"):
        found = row(doubtful, "n1", JAN, "year", each)
        assert (found["unusable"], found["bound_low"], found["bound_high"]) == (1, 0.0, None)
    truth = figures([*rows, *asked("new_citizen", "trees", 200)])
    told = row(sure, "n1", JAN, "year", "new_citizen")
    assert row(truth, "n1", JAN, "year", "new_citizen")["value"] == pytest.approx(200)
    assert told["value"] == 9.0


def test_few_requests_of_a_group_are_neither_a_figure_nor_counted() -> None:
    rows = [*asked("resident", "noise", *range(1, 40)), *asked("new_citizen", "noise", 3, 6, 9)]
    for each in ("gap", "new_citizen", "resident"):
        found = row(figures(rows), "n1", JAN, "year", each)
        assert found["status"] == "withheld"
        assert [found[name] for name in ("value", "numerator", "denominator", "unusable")] == [None] * 4
    # With the beat beside it there are enough.
    found = figures([*rows, *asked("new_citizen", "noise", 12, area="n2")])
    assert row(found, "north", JAN, "year", "gap")["denominator"] == 4


def test_too_many_open_requests_leave_a_gap_not_reached() -> None:
    rows = [*asked("resident", "noise", 1, 2, 3, 4), *asked("new_citizen", "noise", 1, None, None, None, None)]
    found = row(figures(rows), "n1", JAN, "year", "gap")
    assert (found["status"], found["reason"]) == ("not_available", "not_reached")


def test_the_limits_hold_the_planted_gap_in_19_of_20_samples() -> None:
    """Longer waits by half for the same, in three categories of which the groups ask differently often."""
    random = np.random.default_rng(5)
    groups, categories = np.array(["resident", "new_citizen"]), np.array(["a", "b", "c"])
    rows = []
    for sample in range(60):
        for n, share in enumerate(((0.6, 0.3, 0.1), (0.2, 0.3, 0.5))):
            asks = random.choice(3, 120, p=share)
            days = np.array([1, 3, 9])[asks] * (1.5**n) * random.lognormal(0, 0.8, 120)
            for which, long in zip(asks, days, strict=True):
                rows.append((sample, groups[n], categories[which], long, int(random.random() > 0.1)))
    samples = pl.DataFrame(rows, schema=["sample", "group", "category", "time", "events"], orient="row").with_columns(
        censored=1 - pl.col("events"),
        weight=pl.len().over("sample", "category") / pl.len().over("sample"),
    )
    found = standardised_quantiles(samples, ["sample", "group"], "category")
    new, other = (found.filter(group=each) for each in ("new_citizen", "resident"))
    both = new.join(other, on="sample", suffix="_other")
    log = {name: both[name].log() for name in both.columns if name not in ("sample", "group", "group_other")}
    ratio = log["quantile"] - log["quantile_other"]
    low = ratio - ((log["quantile"] - log["lower"]) ** 2 + (log["upper_other"] - log["quantile_other"]) ** 2).sqrt()
    high = ratio + ((log["upper"] - log["quantile"]) ** 2 + (log["quantile_other"] - log["lower_other"]) ** 2).sqrt()
    planted = math.log(1.5)
    assert 0.88 <= float(((low <= planted) & (planted <= high)).mean() or 0) <= 1
    assert float(ratio.mean() or 0) == pytest.approx(planted, abs=0.05)  # type: ignore[arg-type]


def test_one_stratum_is_an_ordinary_curve() -> None:
    random = np.random.default_rng(2)
    counts = pl.DataFrame(
        {
            "g": random.integers(0, 5, 400),
            "time": np.round(random.exponential(10, 400)),
            "events": random.integers(0, 3, 400),
            "censored": random.integers(0, 2, 400),
            "stratum": ["all"] * 400,
            "weight": [1.0] * 400,
        }
    )
    for probability in (0.25, 0.5, 0.9):
        found = standardised_quantiles(counts, ["g"], "stratum", probability)
        assert found.equals(kaplan_meier_quantiles(counts, ["g"], probability))


def test_open_requests_count_as_old_as_they_are() -> None:
    """Opened 10 days before `as_of`: closed ones of 2 and 4 days come before, those of 20 after they drop out."""
    late = DEC - timedelta(days=10)
    new = [*asked("new_citizen", "noise", 2, 4, 20, 20), *asked("new_citizen", "noise", None, None, opened=late)]
    found = figures([*new, *asked("resident", "noise", 1, 1, 1, 1)])
    # Of six four are left after 4 days; then two drop out, and half of what is left is closed at 20.
    assert row(found, "n1", JAN, "year", "new_citizen")["value"] == 20.0
