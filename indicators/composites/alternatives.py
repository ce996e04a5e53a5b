"""The other ways to make one score of a period's figures, for the Monte Carlo over all choices.

Belongs here: the alternatives at every step, and the scores that a combination of them gives. Not here: what is read
off many combinations (`choices`), and the published way (`draws`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from indicators.composites.aggregate import Mean, aggregate, copeland
from indicators.composites.draws import drawn_figures_of, weights_of
from indicators.composites.impute import Centre, impute_centre
from indicators.composites.normalise import distance_to_target, goalposts, min_max, percentile_ranks, z_scores
from indicators.composites.outliers import treat
from indicators.composites.panel import Panel
from indicators.composites.rules import IndexRules
from indicators.composites.weights import critic_weights, entropy_weights, pca_weights
from indicators.intervals import Floats

GAPS = ("left_out", "mean", "median", "peer_mean", "previous")
OUTLIERS = ("kept", "log", "box_cox")
"""Kept; or winsorised, and where that is not enough, transformed."""
SCALES = ("goalposts", "min_max", "z_scores", "ranks", "target")
WEIGHTS = ("declared", "equal", "entropy", "critic", "pca")
MEANS: tuple[Mean, ...] = ("arithmetic", "geometric", "harmonic")
SUMS = (*MEANS, "copeland")
FLOOR = 1.0
"""Least normalised figure, of 100, that a mean takes."""
_OF_OWN_UNIT = [SCALES.index(each) for each in ("goalposts", "target")]
"""Their ends are in the figures' unit, and what is beyond an end counts as the end: no outlier is treated."""
_ONE_IN = 10
"""One figure in so many may be winsorised, and one at least."""

Places = npt.NDArray[np.int64]


class Alternatives:
    """Scores of some areas in one period, over some components, whichever way they are made.

    Parameters
    ----------
    panel : Panel
    at : int
        Period.
    known, own : array of int
        Places of the areas and of the components.
    rules : IndexRules
    draws : int
        Figures drawn within their intervals, with goalposts moved; figure 0 is the published one.
    """

    def __init__(self, panel: Panel, at: int, known: Places, own: Places, rules: IndexRules, draws: int) -> None:
        self.counts = (1 + draws, len(GAPS), len(OUTLIERS), len(SCALES), len(WEIGHTS), len(SUMS))
        self._panel, self._known, self._own, self._rules = panel, known, own, rules
        parts = [panel.components[each] for each in own]
        self._direction = np.array([part.direction for part in parts], dtype=np.float64)
        self._figures, self._low, self._high = self._drawn(at, draws)
        self._gaps = panel.gaps[at][np.ix_(known, own)]
        # What fills a gap is drawn with the rest; without a period before there is nothing of it.
        self._before = self._drawn(at - 1, draws)[0] if at and self._gaps.any() else np.full_like(self._figures, np.nan)
        self._due = ~panel.maturing[at][np.ix_(known, own)]
        self._weights: dict[int, Sequence[Floats]] = {}

    def scores(self, chosen: npt.ArrayLike) -> Floats:
        """Scores of the areas, the higher the better, on whatever scale the choices bring.

        Parameters
        ----------
        chosen : array_like of int, shape (6, combinations)
            Of figures (0: as published), `GAPS`, `OUTLIERS`, `SCALES`, `WEIGHTS`, `SUMS`.

        Returns
        -------
        array of float, shape (combinations, areas)
        """
        figure, gap, outlier, scale, weight, mean = np.asarray(chosen, dtype=np.int64)
        gap = gap if self._gaps.any() else np.zeros_like(gap)
        outlier = np.where(np.isin(scale, _OF_OWN_UNIT), 0, outlier)
        found = np.empty((len(figure), len(self._known)))
        steps, group = np.unique(np.stack([gap, outlier]), axis=1, return_inverse=True)
        for at, (filling, treating) in enumerate(steps.T):
            own = np.flatnonzero(group.ravel() == at)
            figures, which = np.unique(figure[own], return_inverse=True)
            # Once for all scales: it takes most of the time.
            values = self._treated(self._filled(figures, int(filling)), int(treating))
            for scaling in np.unique(scale[own]):
                on_scale = scale[own] == scaling
                used, back = np.unique(which[on_scale], return_inverse=True)
                scaled = self._scaled(values[used], figures[used], int(scaling))[back]
                mine = own[on_scale]
                weights = np.stack([self._weighed(int(filling))[each] for each in weight[mine]])
                found[mine] = _put_together(scaled, weights, mean[mine])
        return found

    def _drawn(self, at: int, draws: int) -> tuple[Floats, Floats, Floats]:
        """Figures (draws by areas by components) and goalposts (draws by components), as published first."""
        panel = self._panel
        drawn = [drawn_figures_of(panel, at, int(each), self._rules, draws) for each in self._own]
        values = np.where(panel.imputed[at], np.nan, panel.value[at])[np.ix_(self._known, self._own)]
        # What the published way has filled is as much a gap as what it has not.
        figures = np.where(
            np.isnan(values), np.nan, np.stack([each.figures[:, self._known] for each in drawn], axis=-1)
        )
        parts = [panel.components[each] for each in self._own]
        return (
            np.concatenate([values[None], figures]),
            np.stack([np.append(part.low, each.low) for part, each in zip(parts, drawn, strict=True)], axis=1),
            np.stack([np.append(part.high, each.high) for part, each in zip(parts, drawn, strict=True)], axis=1),
        )

    def _filled(self, figures: Places, gap: int) -> Floats:
        """Figures with their gaps filled; what is withheld stays unknown."""
        given, how = self._figures[figures], GAPS[gap]
        if how == "left_out":
            return given
        if how == "previous":
            return np.where(self._gaps & np.isnan(given), self._before[figures], given)
        centre: Centre = "median" if how == "median" else "mean"
        peers = self._panel.peers[self._known] if how == "peer_mean" else None
        side_by_side, shape = _columns(given)
        return _restored(impute_centre(side_by_side, np.tile(self._gaps, len(given)), centre, peers)[0], shape)

    def _treated(self, filled: Floats, outlier: int) -> Floats:
        """Figures with what lies far out brought in."""
        if not outlier:
            return filled
        values, shape = _columns(filled)
        return _restored(treat(values, max(len(values) // _ONE_IN, 1), OUTLIERS[outlier]).values, shape)

    def _scaled(self, figures: Floats, drawn: Places, scale: int) -> Floats:
        """Figures, drawn as told, from about 0 to 100 (figures by areas by components); NaN where there is none."""
        values, shape = _columns(figures)
        direction = np.tile(self._direction, len(figures))
        low, high = self._low[drawn].ravel(), self._high[drawn].ravel()
        if SCALES[scale] == "goalposts":
            found = 100 * goalposts(values, low, high, direction)
        elif SCALES[scale] == "target":
            found = distance_to_target(values, np.where(direction > 0, high, low), direction)
        elif SCALES[scale] == "min_max":
            found = min_max(values, direction)
        elif SCALES[scale] == "z_scores":
            found = z_scores(values, direction, 50.0, 15.0)
        else:
            found = percentile_ranks(values, direction)
        # What does not vary between areas puts none of them before another.
        return _restored(np.where(np.isnan(found) & ~np.isnan(values), 50.0, found), shape)

    def _weighed(self, gap: int) -> Sequence[Floats]:
        """Weights by `WEIGHTS`, areas by components: from the published figures, drawn ones not changing them."""
        if gap not in self._weights:
            filled = self._filled(np.array([0]), gap)[0]
            scores = goalposts(filled, self._low[0], self._high[0], self._direction)
            parts = [self._panel.components[each] for each in self._own]
            declared = weights_of(~np.isnan(filled), self._due, parts, self._rules).in_whole
            # Weights by figures need them all; where none may be filled in, the mean says nothing of its own.
            whole = impute_centre(scores, np.isnan(scores))[0]
            scaled = min_max(whole, np.ones(len(parts)), (0.0, 1.0))
            flat = (
                np.full(len(parts), 1 / len(parts)),
                entropy_weights(whole),
                critic_weights(np.nan_to_num(scaled)),
                pca_weights(whole)[0],
            )
            self._weights[gap] = [declared, *(np.broadcast_to(each, scores.shape) for each in flat)]
        return self._weights[gap]


def _put_together(scaled: Floats, weights: Floats, mean: Places) -> Floats:
    """Scores (combinations by areas) of scaled figures, each by its own mean."""
    found = np.empty(scaled.shape[:2])
    for at, name in enumerate(SUMS):
        own = np.flatnonzero(mean == at)
        if name == "copeland":
            for each in own:
                found[each] = copeland(scaled[each], weights[each].mean(axis=0))
        elif len(own):
            found[own] = aggregate(np.maximum(scaled[own], FLOOR), weights[own], MEANS[at])
    return found


def _columns(figures: Floats) -> tuple[Floats, tuple[int, ...]]:
    """All columns of several matrices side by side, and the shape that they had."""
    return np.moveaxis(figures, 0, 1).reshape(figures.shape[1], -1), figures.shape


def _restored(columns: Floats, shape: tuple[int, ...]) -> Floats:
    return np.moveaxis(columns.reshape(shape[1], shape[0], shape[2]), 1, 0)
