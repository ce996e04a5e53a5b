"""Days on which a source is not what it always was: how many records, and what share of them is missing or of a kind.

Belongs here: judging many series of one source together, at one rate of false alarms. Not here: which series a source
has (`source_profiles`), the regression (`regression`), drift that no single day shows (`stability`).

Of each series a regression on the days before the judged ones says what weekday, holiday and season let expect; the
four weeks before a day say on what level. How much days vary around that, beyond chance, is taken from the past, and so
is how often a day is unusual in a source whose records come in bursts.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy import special, stats

from indicators.day_design import kind_columns, yearly_waves
from indicators.intervals import Floats
from indicators.regression import count_quantile, count_upper_tail, fit_reweighted

Booleans = npt.NDArray[np.bool_]
# Days of the past that count least for the variation: faults, as a rule.
TRIMMED_SHARE = 0.01
# The level follows the last weeks; of rare events it keeps a week of what the past lets expect.
PRIOR_EVENTS = 2.0
PRIOR_SHARE = 0.25
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
    """Series on the judged days; arrays of shape (series, judged days), NaN where there is no verdict.

    Attributes
    ----------
    expected : array
        Records.
    p_value : array
        Two-sided, of the series alone.
    joint_p : array
        After Holm's control over the series of a day.
    dispersion : array
        Variance of a day's records over that of a Poisson or binomial count.
    tested : array of int, shape (judged days,)
        Series that were judged on a day.
    alarm : array of bool
        The joint p-value is below `limit`, and the difference no small one.
    limit : float
        `false_days`, or less where more past days than that were below it.
    """

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
    mean, dispersion = _levelled(model, rarer, totals, is_share, first, rules)
    # The past is judged, too: it says how often a day is unusual that nobody would have called a fault.
    begin = max(min(rules.level_days, first), first - rules.calibration_days)
    y, n, mu = rarer[:, begin:], totals[:, begin:], mean[:, begin:]
    spread = dispersion[:, None] * (1 + mu * model.error[:, begin:])
    below, above = _tails(y, n, mu, spread, is_share)
    observed = (totals > 0).astype(np.float64)
    able = (n > 0) & np.isfinite(mu)
    able &= observed[:, :first].sum(axis=1, keepdims=True) >= rules.fewest_days
    able &= _sum_before(observed, rules.level_days)[:, begin:] >= rules.fewest_level_days
    p_value = np.where(able, np.minimum(2 * np.minimum(below, above), 1.0), np.nan)
    joint = _holm(p_value)
    news = np.maximum(rules.least_records, np.where(is_share[:, None], rules.least_share * n, 0.0))
    is_news = np.abs(y - mu) >= news
    limit = _calibrated(joint[:, : first - begin], is_news[:, : first - begin], rules)
    expected = np.where(able, np.where(is_turned[:, None], n - mu, mu), np.nan)
    judged = slice(first - begin, None)
    return Judged(
        expected=expected[:, judged],
        p_value=p_value[:, judged],
        joint_p=joint[:, judged],
        dispersion=spread[:, judged],
        tested=able[:, judged].sum(axis=0),
        alarm=(joint[:, judged] < limit) & is_news[:, judged],
        limit=limit,
    )


def _calibrated(joint: Floats, is_news: Booleans, rules: AnomalyRules) -> float:
    """P-value that no more than the allowed share of past days came below, where the model is too sure of itself."""
    judged = np.isfinite(joint).any(axis=0)
    if not judged.any():
        return rules.false_days
    least = np.where(is_news & np.isfinite(joint), joint, 1.0).min(axis=0)[judged]
    return float(np.clip(np.quantile(least, rules.false_days, method="lower"), rules.certain, rules.false_days))


def limits(
    expected: Floats, total: Floats, dispersion: Floats, is_share: Booleans, tail: Floats
) -> tuple[Floats, Floats]:
    """Least and greatest count whose two-sided p-value is at least `tail`; arrays of shape (rows,)."""
    low, high = expected.copy(), expected.copy()
    for at, (mu, n, phi, p) in enumerate(zip(expected, total, dispersion, tail, strict=True)):
        if is_share[at]:
            # On the rarer side, as days are judged.
            is_turned = 2 * mu > n
            counts = np.arange(n + 1.0)
            mean = np.full_like(counts, n - mu if is_turned else mu)
            below, above = _share_tails(counts, np.full_like(counts, n), mean, np.full_like(counts, phi))
            usual = counts[2 * np.minimum(below, above) >= p]
            ends = (usual[0], usual[-1]) if len(usual) else (mean[0], mean[0])
            low[at], high[at] = (n - ends[1], n - ends[0]) if is_turned else ends
        else:
            low[at], high[at] = (float(count_quantile(q, mu, phi)) for q in (p / 2, 1 - p / 2))
    return low, high


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
) -> tuple[Floats, Floats]:
    """Expected counts on the level of the days before each, and their dispersion in the past."""
    usable = (totals > 0) & np.isfinite(model.mean)
    mean, seen = np.where(usable, model.mean, 0.0), np.where(usable, counts, 0.0)
    clipped = seen
    dispersion = np.ones(len(counts))
    for _ in range(2):
        expected_before = _sum_before(mean, rules.level_days)
        prior = np.minimum(PRIOR_EVENTS, PRIOR_SHARE * expected_before)
        total = _sum_before(clipped, rules.level_days) + prior
        level = np.divide(total, expected_before + prior, out=np.ones_like(mean), where=expected_before > 0)
        expected = mean * level
        # No more than all; a share of nearly all leaves next to no variance.
        expected = np.where(is_share[:, None], np.minimum(expected, 0.999 * totals), expected)
        share = np.divide(expected, totals, out=np.zeros_like(mean), where=is_share[:, None] & (totals > 0))
        variance = expected * (1 - share)
        squared = np.divide((seen - expected) ** 2, variance, out=np.full_like(mean, np.nan), where=variance > 0)
        past = slice(min(rules.level_days, first - 1), first)
        dispersion = _pooled(_dispersion(squared[:, past]), expected[:, past], totals[:, past], is_share)
        reach = CLIPPED_AT * np.sqrt(dispersion[:, None] * variance)
        clipped = np.clip(seen, expected - reach, expected + reach)
    return np.where(usable, expected, np.nan), dispersion


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


def _tails(y: Floats, n: Floats, mu: Floats, phi: Floats, is_share: Booleans) -> tuple[Floats, Floats]:
    """Probabilities of a count as small, and of one as large."""
    able = np.isfinite(mu) & (n > 0)
    mean, size = np.where(able, mu, 0.5), np.where(able, n, 1.0)
    count, spread = np.where(able, y, 0.0), np.where(np.isfinite(phi), phi, 1.0)
    mean = np.maximum(mean, 1e-9)
    below, above = _share_tails(np.minimum(count, size), size, np.minimum(mean, 0.999 * size), spread)
    total_above = count_upper_tail(count, mean, spread)
    total_below = 1 - count_upper_tail(count + 1, mean, spread)
    rows = is_share[:, None]
    return np.where(rows, below, total_below), np.where(rows, above, total_above)


def _share_tails(count: Floats, size: Floats, mean: Floats, phi: Floats) -> tuple[Floats, Floats]:
    """Tails of a count with the variance `phi` x that of a binomial one.

    Where that is the variance of a Poisson count or more, of a negative binomial, whose long tail is that of faults
    in clumps; else of a binomial out of as many records as tell as much as these do, `size` / `phi`.
    """
    share = mean / size
    ratio = phi * (1 - share)
    is_wide = ratio >= 1
    wide_above = count_upper_tail(count, mean, np.maximum(ratio, 1.0))
    wide_below = 1 - count_upper_tail(count + 1, mean, np.maximum(ratio, 1.0))
    k, n = count / phi, size / phi
    above = np.where(count > 0, special.betainc(np.maximum(k, 1e-9), n - k + 1, share), 1.0)
    below = np.where(count < size, special.betainc(np.maximum(n - k, 1e-9), k + 1, 1 - share), 1.0)
    return np.where(is_wide, wide_below, below), np.where(is_wide, wide_above, above)


def _sum_before(values: Floats, days: int) -> Floats:
    """Sums of what is not negative over the days before each day, that day left out."""
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(values, axis=1)], axis=1)
    at = np.arange(values.shape[1])
    # Of sums of fractions the difference may come out a hair below zero.
    return np.asarray(np.maximum(total[:, at] - total[:, np.maximum(at - days, 0)], 0.0))


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
