"""Drift of what a source sends: how far a month's distribution of a field lies from that of the year before.

Belongs here: the population stability index, its sampling noise, and both for every source, field and month. Not here:
single unusual days (`anomalies`).
"""

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from indicators.intervals import Floats

# The usual marks: below the first nothing has changed, above the second much has.
MODERATE, LARGE = 0.1, 0.25
# Added to each count, so that an empty class of one side does not make the index infinite.
PSEUDOCOUNT = 0.5
REFERENCE_MONTHS = 12
FEWEST_REFERENCE_MONTHS = 6
MONTHS = 24
# A city has some dozens of fields: of those one in three months is then told without cause.
CONFIDENCE = 0.99
DECIMALS = 4
STABILITY_SCHEMA = pl.Schema(
    {
        "source": pl.String,
        "field": pl.String,
        "month": pl.Date,
        "records": pl.Int64,
        "reference_records": pl.Int64,
        "classes": pl.Int64,
        "psi": pl.Float64,
        "noise": pl.Float64,
        "status": pl.String,
    }
)


def stability_index(counts: npt.ArrayLike, reference: npt.ArrayLike) -> float:
    """Population stability index: Σ (p - q) ln(p / q) over classes, p and q the shares of both.

    It is the symmetric Kullback-Leibler divergence of the two; each count is raised by one half.

    Parameters
    ----------
    counts, reference : array_like, shape (classes,)
        Records by class, not negative. Classes without a record on either side do not count.

    Raises
    ------
    ValueError
        If the shapes differ, a count is negative or not finite, or a side has no record.

    References
    ----------
    Jeffreys (1946), Proc. R. Soc. A 186:453-461; Siddiqi (2006), Credit Risk Scorecards, ch. 10, for its use.
    """
    a, b = (np.asarray(side, dtype=np.float64) for side in (counts, reference))
    if a.shape != b.shape or a.ndim != 1:
        raise ValueError(f"both sides need the same classes, not {a.shape} and {b.shape}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()) or (a < 0).any() or (b < 0).any():
        raise ValueError("counts must be finite and not negative")
    if not a.sum() or not b.sum():
        raise ValueError("each side needs a record")
    held = (a > 0) | (b > 0)
    p, q = (side[held] + PSEUDOCOUNT for side in (a, b))
    p, q = p / p.sum(), q / q.sum()
    return float(((p - q) * np.log(p / q)).sum())


def stability_noise(records: float, reference_records: float, classes: int, confidence: float = CONFIDENCE) -> float:
    """Index that chance alone stays below, with that confidence, where nothing has changed.

    The index is then close to (1 / records + 1 / reference_records) times a χ² of classes - 1 degrees of freedom: its
    mean, (classes - 1) (1 / records + 1 / reference_records), is what a small sample shows without any drift.

    References
    ----------
    Yurdakul (2018), Statistical Properties of Population Stability Index, dissertation, Western Michigan University.
    """
    if classes < 2:
        return 0.0
    return float(stats.chi2.ppf(confidence, classes - 1) * (1 / records + 1 / reference_records))


def stability(days: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Compare each closed month of a source's field with the twelve months before it.

    Parameters
    ----------
    days : DataFrame
        source, field, class (String), day, records: one row at most for each; of 36 months before `as_of` at least.
    as_of : date
        Months that end later are open and not judged; of the others the newest 24 are.

    Returns
    -------
    DataFrame
        `STABILITY_SCHEMA`, sorted. `noise` is what chance alone stays below in 99 months of 100. `status` is `stable`
        below 0.1 or within the noise, `moderate` up to 0.25, `large` above, and `unclear` where the noise alone
        reaches 0.25: too few records to tell. A month needs records in six of the twelve before.
    """
    month = pl.col("day").dt.truncate("1mo")
    by_class = days.group_by("source", "field", "class", month=month).agg(pl.col("records").sum())
    next_day = pl.lit(as_of).dt.offset_by("1d")
    closed = by_class.filter(pl.col("month").dt.offset_by("1mo") <= next_day)
    rows = []
    for (source, field), own in sorted(closed.partition_by("source", "field", as_dict=True).items()):
        table = own.pivot("class", index="month", values="records", aggregate_function="sum").fill_null(0).sort("month")
        months: list[date] = table["month"].to_list()
        counts = table.drop("month").to_numpy().astype(np.float64)
        number = np.array([month.year * 12 + month.month for month in months])
        newest = as_of.year * 12 + as_of.month
        for at in np.flatnonzero(number > newest - MONTHS):
            before = (number < number[at]) & (number >= number[at] - REFERENCE_MONTHS)
            if before.sum() >= FEWEST_REFERENCE_MONTHS and counts[at].sum():
                figures = _compared(counts[at], counts[before].sum(axis=0))
                rows.append((source, field, months[at], *figures))
    return pl.DataFrame(rows, schema=STABILITY_SCHEMA, orient="row").sort("source", "field", "month")


def _compared(counts: Floats, reference: Floats) -> tuple[int, int, int, float, float, str]:
    classes = int(((counts > 0) | (reference > 0)).sum())
    psi = round(stability_index(counts, reference), DECIMALS)
    noise = round(stability_noise(counts.sum(), reference.sum(), classes), DECIMALS)
    if psi < MODERATE or psi <= noise:
        status = "unclear" if noise >= LARGE else "stable"
    else:
        status = "large" if psi > LARGE else "moderate"
    return int(counts.sum()), int(reference.sum()), classes, psi, noise, status
