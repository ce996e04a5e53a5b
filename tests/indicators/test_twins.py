"""Twins: cities with other small counts, of which every figure is the same.

Whatever an attacker computes of figures, limits, charts, comparisons, shrunken values and ranks, it computes the same
of a city in which a withheld count is the least that it can be, and of one in which it is the most.
"""

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl
import pytest

from indicators.comparison import compare
from indicators.compute import compute
from indicators.disclosure import Disclosure
from indicators.families import families
from indicators.inputs import Inputs
from indicators.protection import Known, protect_tree
from tests.indicators.conftest import make_entry, make_inputs
from tests.indicators.small_city import M, incident, reports
from tests.indicators.test_protection import added_up, tree_of
from tests.indicators.twins import Twins, laid_over

pytestmark = pytest.mark.slow

MONTHS = [date(2021, month, 1) for month in range(1, 13)]
PARENTS: dict[str, str | None] = {"city": None}
PARENTS |= {f"g{group}": "city" for group in range(5)}
PARENTS |= {f"g{group}w{ward}": f"g{group}" for group in range(5) for ward in range(8)}
AREAS, LEAVES = sorted(PARENTS), sorted(area for area, parent in PARENTS.items() if parent not in (None, "city"))
AMONG = families(tree_of(PARENTS), AREAS)
AT = [AREAS.index(leaf) for leaf in LEAVES]
THEFTS, OTHERS, DUE, ANSWERED = range(4)
EVERY_LENGTH = {"period_kinds": ["month", "quarter", "year", "rolling_12m"], "decimals": 6}
ENTRIES = [
    make_entry(id="all", unit="per_10k_year", **EVERY_LENGTH),
    make_entry(
        id="thefts",
        unit="per_10k_year",
        numerator={"column": "incidents_ppm", "where": [{"category": {"values": ["0502"]}}]},
        **EVERY_LENGTH,
    ),
    make_entry(id="harm", kind="weighted_rate", interval="gamma", unit="per_10k_year", **EVERY_LENGTH),
    make_entry(
        id="in_time",
        kind="proportion",
        interval="wilson",
        measure="msr_service_due_day",
        numerator={"column": "answered_in_time"},
        denominator={"column": "due"},
        polarity="higher",
        scale=1,
        per=100,
        min_denominator=1,
        **EVERY_LENGTH,
    ),
]


def random_city() -> np.ndarray:
    """Counts of the four columns, shape (4, leaves, months)."""
    draw = np.random.default_rng(3)
    means = draw.choice([0.5, 3.0, 7.0, 20.0, 60.0], size=(2, len(LEAVES), 1))
    thefts, others = draw.poisson(means, (2, len(LEAVES), len(MONTHS)))
    due = draw.poisson(draw.choice([4.0, 12.0, 60.0], size=(len(LEAVES), 1)), (len(LEAVES), len(MONTHS)))
    return np.stack([thefts, others, due, draw.binomial(due, 0.6)])


def figures(counts: np.ndarray, disclosure: Disclosure) -> dict[str, pl.DataFrame]:
    """All that the engine tells of a city with these counts."""
    incidents, requests = [], []
    for at, leaf in enumerate(LEAVES):
        for month, start in enumerate(MONTHS):
            thefts, others, due, answered = (int(each) for each in counts[:, at, month])
            incidents += [incident(leaf, start, n * M, category=c) for n, c in ((thefts, "0502"), (others, "0101"))]
            requests.append(
                {"source": "calls", "area_id": leaf, "day": start, "due": due, "answered_in_time": answered}
            )
    small = make_inputs(
        {"msr_incident_day": incidents, "msr_service_due_day": requests},
        [*reports(), ("calls", "service", MONTHS[0], date(2021, 12, 31))],
        population=dict.fromkeys(LEAVES, 60_000),
        weights={"0502": 7, "0101": 900},
    )
    levels = {None: "city", "city": "borough"}
    rows = [
        (each, of, "beat" if each in LEAVES else None, levels.get(of, "beat"), False) for each, of in PARENTS.items()
    ]
    areas = pl.DataFrame(rows, schema=small.areas.schema, orient="row")
    found = compute(ENTRIES, Inputs(**{**vars(small), "areas": areas, "disclosure": disclosure}))
    compared = compare(found.values, ENTRIES, areas.with_columns(peer_group=pl.lit(None, pl.String)))
    return {**vars(found), "comparisons": compared}


def searches(counts: np.ndarray, column: int, disclosure: Disclosure) -> Iterator[Twins]:
    """Search the twins of a column, month by month."""
    over_areas = [added_up(PARENTS, LEAVES, each) for each in counts]
    for month in range(len(MONTHS)):
        whole = None
        if column == ANSWERED:
            due = over_areas[DUE][:, [month]]
            whole = Known.of(protect_tree(due, AMONG, disclosure), AMONG), due[:, 0]
        yield Twins(over_areas[column][:, month], AMONG, disclosure, month, whole)


@pytest.mark.parametrize("profile", ["hes", "acro"])
@pytest.mark.parametrize(("column", "least_found"), [(THEFTS, 0.97), (OTHERS, 0.97), (ANSWERED, 0.4)])
def test_every_figure_of_a_twin_is_the_same(profile: str, column: int, least_found: float) -> None:
    """Nearly each small count has twins at both ends, and parts where there are as many of the whole.

    What has none is told of by a sum that stands in for a total, to whoever knows when it does (docs/disclosure.md).
    """
    disclosure = Disclosure(profile)  # type: ignore[arg-type]
    counts = random_city()
    of_city = figures(counts, disclosure)
    assert not of_city["comparisons"].is_empty()
    assert not of_city["limits"].is_empty()
    assert of_city["values"].drop_nulls("value")["indicator_id"].n_unique() == len(ENTRIES)
    months = list(searches(counts, column, disclosure))
    ends, found = sum(len(each.ends()) for each in months), 0
    for twin, held in laid_over(months, counts[column], AT):
        changed = counts.copy()
        changed[column] = twin
        assert not np.array_equal(changed, counts)
        of_twin = figures(changed, disclosure)
        for name, frame in of_city.items():
            assert frame.equals(of_twin[name], null_equal=True), name
        found += held
    assert ends > 300
    assert found >= least_found * ends


def test_of_a_city_that_is_shown_otherwise_figures_differ() -> None:
    """By the same eyes, and without protection those of a twin do."""
    counts = random_city()
    (twin, _), *_ = laid_over(list(searches(counts, THEFTS, Disclosure("hes"))), counts[THEFTS], AT)
    changed = counts.copy()
    changed[THEFTS] = twin
    of_city, of_twin = (figures(each, Disclosure("open")) for each in (counts, changed))
    for name in ("values", "limits", "comparisons"):
        assert not of_city[name].equals(of_twin[name]), name
