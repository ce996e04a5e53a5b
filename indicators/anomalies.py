"""Days on which a source is not what it always was: how many records, and what share of them is missing or of a kind.

Belongs here: judging many series of one source together, at one rate of false alarms. Not here: which series a source
has (`source_profiles`), the regression (`regression`), drift that no single day shows (`stability`).

Judged are days, and seven days together, by which small faults are told that last. Of each series a regression on the
days before the judged ones says what weekday, holiday and season let expect; the four weeks before a day say on what
level. How much days vary around that, beyond chance, is taken from the past, and so is how often a day is unusual in a
source whose records come in bursts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import stats

from indicators.count_tails import GREATEST_SHARE, tails
from indicators.day_design import kind_columns, yearly_waves
from indicators.intervals import Floats
from indicators.regression import fit_reweighted

Booleans = npt.NDArray[np.bool_]
# Days of the past that count least for the variation: faults, as a rule.
TRIMMED_SHARE = 0.01
# The level follows the last weeks; of rare events it keeps a week of what the past lets expect.
PRIOR_EVENTS = 2.0
PRIOR_SHARE = 0.25
# Small faults that last are told by seven days together; of a share so many of them must have had a record.
WEEK_DAYS, FEWEST_OF_A_WEEK = 7, 4
# Events a day from which a series tells itself how much it varies.
FREQUENT = 5.0
# Beyond so many standard deviations a day counts as if it lay there, so that an outage does not become the level.
CLIPPED_AT = 3.0


@dataclass(frozen=True)
class AnomalyRules:
    """How a source's days are judged.

    Attributes
    ----------
    false_days : float
        Share of days with a false alarm that is allowed for all series of a source together.
    history_days : int
        Days of the past at most.
    fewest_days : int
        Observed days of the past at least.
    season_days : int
        Days from the first observed one on from which a season is told.
    level_days, fewest_level_days : int
        Days before each day that give its level, and how many of them must be observed.
    calibration_days : int
        Days of the past that say how often days of this source are unusual without being faults.
    certain : float
        Joint p-value below which a day is told whatever the past was like: a year with a long fault hides no other.
    fewest_of_a_kind : int
        Days of a kind (holidays, say) that the past must hold for such a day to be judged.
    events_per_coefficient : float
        Events of a series for each coefficient of the regression; with fewer it has one rate for all days.
    harmonics : int
        Pairs of yearly waves.
    least_records, least_share : float
        Records, and share of the day's records, by which a day must differ from what is expected: less is no news,
        however unlikely.
    down_weight_above : float
        As in `regression.fit_reweighted`.
    """

    false_days: float = 0.02
    history_days: int = 730
    fewest_days: int = 56
    season_days: int = 365
    level_days: int = 28
    fewest_level_days: int = 14
    calibration_days: int = 365
    certain: float = 1e-6
    fewest_of_a_kind: int = 3
    events_per_coefficient: float = 10.0
    harmonics: int = 2
    least_records: float = 5.0
    least_share: float = 0.05
    down_weight_above: float = 2.58

    def __post_init__(self) -> None:
        if not 0 < self.false_days < 1:
            raise ValueError(f"false_days is a share of days, not {self.false_days}")
        if not 0 < self.fewest_days <= self.history_days:
            raise ValueError("fewest_days must be above zero and no more than history_days")
        if not 0 < self.certain <= self.false_days:
            raise ValueError("certain must be above zero and no more than false_days")


@dataclass(frozen=True)
class Judged:
    """Series on the judged days; arrays of shape (2, series, judged days), NaN where there is no verdict.

    First the days themselves, then the seven days that end with each.

    Attributes
    ----------
    counts, totals, expected : array
        Records of the series, records that could have been among them, and records that were to be expected.
    p_value : array
        Two-sided, of the series alone.
    joint_p : array
        After Holm's control over all that was judged on a day.
    dispersion : array
        Variance of the counts over that of Poisson or binomial ones.
    tested : array of int, shape (judged days,)
        Verdicts on a day.
    alarm : array of bool
        The joint p-value is below `limit`, and the difference no small one. Seven days are told where none of them was,
        and once.
    limit : float
        `false_days`, or less where more past days than that were below it.
    """

    counts: Floats
    totals: Floats
    expected: Floats
    p_value: Floats
    joint_p: Floats
    dispersion: Floats
    tested: npt.NDArray[np.int64]
    alarm: Booleans
    limit: float


@dataclass(frozen=True)
class _Model:
    """What the past lets expect of all days, and the variance of its logarithm but for the dispersion."""

    mean: Floats
    error: Floats


@dataclass(frozen=True)
class _Usual:
    """Counts with what was to be expected of them on the level before, how sure that is, and their past dispersion.

    `tested` are the counts with which days that are outliers by themselves are clipped.
    """

    counts: Floats
    tested: Floats
    totals: Floats
    expected: Floats
    error: Floats
    dispersion: Floats


def judge_days(
    days: pl.Series,
    counts: Floats,
    totals: Floats,
    is_share: Booleans,
    calendar: pl.DataFrame | None,
    first: int,
    rules: AnomalyRules | None = None,
) -> Judged:
    """Judge the days from position `first` on by all days before it.

    Parameters
    ----------
    days : Series of Date, named day
        Without a gap.
    counts : array, shape (series, days)
        Records of the series.
    totals : array, shape (series, days)
        Records that could have been among them; 1 for a series that is itself a total; 0 where nothing was observed.
    is_share : array of bool, shape (series,)
        Whether a series counts some of `totals`.
    calendar : DataFrame, optional
        As in `day_design.kind_columns`.
    first : int
        Position of the first judged day.
    rules : AnomalyRules, optional

    Returns
    -------
    Judged

    References
    ----------
    Holm (1979), Scand. J. Statist. 6:65-70.
    Farrington et al. (1996), J. R. Statist. Soc. A 159:547-563, for the regression with past outbreaks weighted down.
    Korn & Graubard (1998), Survey Methodology 24:193-201, for binomial tails with the effective number of records.
    """
    rules = rules or AnomalyRules()
    # The rarer side of a share is judged: means on a logarithmic scale are made for it.
    is_turned = is_share & (2 * counts[:, :first].sum(axis=1) > totals[:, :first].sum(axis=1))
    rarer = np.where(is_turned[:, None], totals - counts, counts)
    model = _fitted(days, kind_columns(days, calendar), rarer, totals, first, rules)
    daily, weekly = _levelled(model, rarer, totals, is_share, first, rules)
    # The past is judged, too: it says how often a day is unusual that nobody would have called a fault.
    begin = max(min(rules.level_days, first), first - rules.calibration_days)
    counts, y, n, mu, error = (
        np.stack([getattr(daily, name), getattr(weekly, name)])[:, :, begin:]
        for name in ("counts", "tested", "totals", "expected", "error")
    )
    spread = np.stack([daily.dispersion, weekly.dispersion])[:, :, None] * (1 + mu * error)
    below, above = tails(y, n, mu, spread, is_share)
    observed = (totals > 0).astype(np.float64)
    able = (n > 0) & np.isfinite(mu) & (observed[:, begin:] > 0)
    able &= observed[:, :first].sum(axis=1, keepdims=True) >= rules.fewest_days
    able &= _sum_before(observed, rules.level_days)[:, begin:] >= rules.fewest_level_days
    p_value = np.where(able, np.minimum(2 * np.minimum(below, above), 1.0), np.nan)
    joint = _holm(p_value.reshape(-1, p_value.shape[2])).reshape(p_value.shape)
    news = np.maximum(rules.least_records, np.where(is_share[:, None], rules.least_share * n, 0.0))
    is_news = np.abs(y - mu) >= news
    past = slice(0, first - begin)
    limit = _calibrated(joint[:, :, past], is_news[:, :, past], rules)
    judged = slice(first - begin, None)

    def straight(count: Floats) -> Floats:
        return np.where(is_turned[:, None], n - count, count)[:, :, judged]

    return Judged(
        counts=straight(counts),
        totals=n[:, :, judged],
        expected=np.where(able[:, :, judged], straight(mu), np.nan),
        p_value=p_value[:, :, judged],
        joint_p=joint[:, :, judged],
        dispersion=spread[:, :, judged],
        tested=able[:, :, judged].sum(axis=(0, 1)),
        alarm=_told_once((joint < limit) & is_news)[:, :, judged],
        limit=limit,
    )


def _told_once(is_unusual: Booleans) -> Booleans:
    """Leave out seven days of which one is told by itself, or which the day before told already."""
    daily, weekly = is_unusual
    told = _sum_of_last(daily.astype(np.float64), WEEK_DAYS) > 0
    yesterday = np.pad(weekly, ((0, 0), (1, 0)))[:, :-1]
    return np.stack([daily, weekly & ~told & ~yesterday])


def _calibrated(joint: Floats, is_news: Booleans, rules: AnomalyRules) -> float:
    """P-value that no more than the allowed share of past days came below, where the model is too sure of itself."""
    judged = np.isfinite(joint).any(axis=(0, 1))
    if not judged.any():
        return rules.false_days
    held = np.where(is_news & np.isfinite(joint), joint, 1.0)
    # Seven days overlap with those of the day before: they are told once.
    held[1, :, np.arange(held.shape[2]) % WEEK_DAYS > 0] = 1.0
    least = held.min(axis=(0, 1))[judged]
    return float(np.clip(np.quantile(least, rules.false_days, method="lower"), rules.certain, rules.false_days))


def _fitted(days: pl.Series, kinds: Floats, counts: Floats, totals: Floats, first: int, rules: AnomalyRules) -> _Model:
    """Regression of each series on the days before `first`, or one rate for all days where events are too few."""
    waves = yearly_waves(days, rules.harmonics)
    past, size = counts[:, :first], totals[:, :first]
    weights = (size > 0).astype(np.float64)
    events = past.sum(axis=1)
    # Without a year of the past, the level alone has to follow the season.
    length = np.where(weights.any(axis=1), first - weights.argmax(axis=1), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = (events + 0.5) / size.sum(axis=1)
    mean, error = totals * rate[:, None], np.repeat(1 / (events + 0.5), len(days)).reshape(counts.shape)
    known = weights @ kinds[:first] >= rules.fewest_of_a_kind
    for has_season in (True, False):
        design = np.column_stack([kinds, waves]) if has_season else kinds
        is_chosen = (length >= rules.season_days) == has_season
        rows = np.flatnonzero(is_chosen & (events >= rules.events_per_coefficient * design.shape[1]))
        if not len(rows):
            continue
        exposure = np.where(size[rows] > 0, size[rows], 1.0)
        fit = fit_reweighted(design[:first], past[rows], weights[rows], rules.down_weight_above, exposure)
        rates = np.exp(fit.coefficients @ design.T)
        of_known_kind = ~((kinds > 0) @ ~known[rows].T).T
        able = of_known_kind & (fit.is_converged & (fit.degrees > 0))[:, None]
        mean[rows] = np.where(able, totals[rows] * rates, np.nan)
        error[rows] = np.einsum("dp,bpq,dq->bd", design, fit.covariance, design, optimize=True)
    return _Model(mean, error)


def _levelled(
    model: _Model, counts: Floats, totals: Floats, is_share: Booleans, first: int, rules: AnomalyRules
) -> tuple[_Usual, _Usual]:
    """What was to be expected of each day, and of the seven days that end with it, on the level of those before."""
    usable = (totals > 0) & np.isfinite(model.mean)
    mean, seen = np.where(usable, model.mean, 0.0), np.where(usable, counts, 0.0)
    past = slice(min(rules.level_days, first - 1), first)

    def usual(counts: Floats, tested: Floats, totals: Floats, expected: Floats, error: Floats) -> tuple[_Usual, Floats]:
        # No more than all; a share of nearly all leaves next to no variance.
        expected = np.where(is_share[:, None], np.minimum(expected, GREATEST_SHARE * totals), expected)
        share = np.divide(expected, totals, out=np.zeros_like(expected), where=is_share[:, None] & (totals > 0))
        variance = expected * (1 - share)
        squared = np.divide((tested - expected) ** 2, variance, out=np.full_like(mean, np.nan), where=variance > 0)
        dispersion = _pooled(_dispersion(squared[:, past]), expected[:, past], totals[:, past], is_share)
        return _Usual(counts, tested, totals, expected, error, dispersion), variance

    clipped, level = seen, np.ones_like(mean)
    for _ in range(2):
        expected_before = _sum_before(mean, rules.level_days)
        prior = np.minimum(PRIOR_EVENTS, PRIOR_SHARE * expected_before)
        total = _sum_before(clipped, rules.level_days) + prior
        level = np.divide(total, expected_before + prior, out=np.ones_like(mean), where=expected_before > 0)
        daily, variance = usual(seen, seen, np.where(usable, totals, 0.0), mean * level, model.error)
        reach = CLIPPED_AT * np.sqrt(daily.dispersion[:, None] * variance)
        clipped = np.clip(seen, daily.expected - reach, daily.expected + reach)
    # Of seven days none may outweigh the others: one that could is told by itself.
    whole = (
        _sum_of_last(usable.astype(np.float64), WEEK_DAYS) >= np.where(is_share, FEWEST_OF_A_WEEK, WEEK_DAYS)[:, None]
    )
    before = np.pad(level, ((0, 0), (WEEK_DAYS - 1, 0)))[:, : level.shape[1]]
    size = np.where(is_share[:, None], _sum_of_last(np.where(usable, totals, 0.0), WEEK_DAYS), 1.0)
    sevenfold = _sum_of_last(mean, WEEK_DAYS)
    # Errors of days of one kind go together: those of a sum are no greater than this.
    deviation = _sum_of_last(mean * np.sqrt(np.where(usable, model.error, 0.0)), WEEK_DAYS)
    error = np.divide(deviation, sevenfold, out=np.zeros_like(mean), where=sevenfold > 0) ** 2
    weekly, _ = usual(
        _sum_of_last(seen, WEEK_DAYS),
        _sum_of_last(clipped, WEEK_DAYS),
        np.where(whole, size, 0.0),
        np.where(whole, sevenfold * before, 0.0),
        error,
    )
    return daily, weekly


def _dispersion(squared: Floats) -> Floats:
    """Mean squared deviation without the largest, as if they were normal; at least 1, shape (series,)."""
    most = stats.chi2.ppf(1 - TRIMMED_SHARE, 1)
    kept_mean = stats.chi2.cdf(most, 3) / (1 - TRIMMED_SHARE)
    found = np.ones(len(squared))
    for at, row in enumerate(squared):
        ordered = np.sort(row[np.isfinite(row)])
        kept = ordered[: int(np.ceil(len(ordered) * (1 - TRIMMED_SHARE)))]
        if len(kept):
            found[at] = max(1.0, float(kept.mean() / kept_mean))
    return found


def _pooled(dispersion: Floats, expected: Floats, totals: Floats, is_share: Booleans) -> Floats:
    """Let rare events vary at least as the source's frequent ones do.

    The records of a day have things in common, by which shares vary more the more records there are: the variance is
    1 + (records - 1) x correlation times a binomial one. Of what hardly ever happens the past cannot tell how much.
    """
    days = np.maximum((totals > 0).sum(axis=1), 1)
    size = totals.sum(axis=1) / days
    frequent = is_share & (np.nan_to_num(expected).sum(axis=1) / days >= FREQUENT) & (size > 1)
    if not frequent.any():
        return dispersion
    correlation = float(np.median((dispersion[frequent] - 1) / (size[frequent] - 1)))
    least = 1 + correlation * np.maximum(size - 1, 0)
    return np.where(is_share & ~frequent, np.maximum(dispersion, least), dispersion)


def _sum_before(values: Floats, days: int) -> Floats:
    """Sums of what is not negative over the days before each day, that day left out."""
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    at = np.arange(values.shape[1])
    # Of sums of fractions the difference may come out a hair below zero.
    return np.asarray(np.maximum(total[:, at] - total[:, np.maximum(at - days, 0)], 0.0))


def _sum_of_last(values: Floats, days: int) -> Floats:
    """Sums over so many days, each day's own the last."""
    return _sum_before(np.pad(values, ((0, 0), (0, 1))), days)[:, 1:]


def _holm(p_value: Floats) -> Floats:
    """Adjust p-values for all series of a day, so that the chance of any false alarm among them is bounded."""
    order = np.argsort(p_value, axis=0)
    ordered = np.take_along_axis(p_value, order, axis=0)
    tested = np.isfinite(p_value).sum(axis=0)
    rank = np.arange(len(p_value))[:, None]
    raised = np.where(np.isfinite(ordered), np.minimum(ordered * (tested - rank), 1.0), 0.0)
    adjusted = np.where(np.isfinite(ordered), np.maximum.accumulate(raised, axis=0), np.nan)
    joint = np.empty_like(p_value)
    np.put_along_axis(joint, order, adjusted, axis=0)
    return joint
