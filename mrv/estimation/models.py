"""A map of growth: ridge regression on a few dry-season features, judged on villages it never saw.

The map only sharpens the design-based total, so it stays small: with 35 to 60 measured plots, four
changes and one level are what the data can carry, and the penalty shrinks what they cannot. Ridge
is a linear smoother: predictions are a matrix times the measured values, the same for all draws.
Reading scenes is `mrv.imagery`; totals are `greg.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from mrv.estimation.greg import Floats, Ints
from mrv.methodologies import Methodology

CHANGES: Final = ("nirv_dry", "ndmi_dry", "rendvi_dry", "nbr_dry")
"""Changes over the period in expected order of use (methodology 5.5 [P]): in the dry season crops
and understorey are senesced, and what greens or moistens is trees."""
LEVELS: Final = ("nirv_dry",)
"""Level at the start: tree cover that was there already."""
PENALTIES: Final = tuple(float(p) for p in np.logspace(-2, 2, 9))
"""Ridge penalties per measured plot that blocked cross-validation chooses among [P]."""
MIN_SHARE_SEEN: Final = 0.5
"""A feature that more than half of the plots lack is left out [P]."""


@dataclass(frozen=True, slots=True)
class Features:
    """Standardised features of every enrolled plot; where one is missing it stands at the mean.

    Attributes:
        names: Of the columns.
        values: [plot, feature], mean 0 and spread 1 over the plots.
        seen: Whether the plot had every feature [plot].
    """

    names: tuple[str, ...]
    values: Floats
    seen: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MapReport:
    """How the map did on villages it had not seen.

    Attributes:
        features: Names used.
        plots: Measured plots.
        folds: Groups of villages.
        r2: Share of variance explained [1]; None where there was no map, as below.
        slope: Of observed on predicted [1].
        bias_fraction: Mean of predicted less observed over mean observed [1].
        bias_t: The same over its standard error between villages [1].
        bias_limit_t: Above it the bias differs from zero at the stated confidence [1].
        rmse_t_ha: Root mean square error [t d.m./ha].
        rrmse: The same over the mean observed [1].
        accepted: Whether the total may rest on the map.
        reason: Why, or why not.
    """

    features: tuple[str, ...]
    plots: int
    folds: int
    r2: float | None
    slope: float | None
    bias_fraction: float | None
    bias_t: float | None
    bias_limit_t: float | None
    rmse_t_ha: float | None
    rrmse: float | None
    accepted: bool
    reason: str


def change_features(
    features: pd.DataFrame | None, plot_ids: Sequence[str], start: date, end: date
) -> Features:
    """Choose and standardise the map's features for one period.

    Args:
        features: Seasonal index means by (plot_id, epoch), as `composites.season_features` gives
            them; None where no scene was to be had.
        plot_ids: Enrolled plots, in order.
        start: First epoch.
        end: Last epoch.

    Returns:
        Features in the order of the plots; no column where nothing usable was seen.
    """
    columns: dict[str, Floats] = {}
    if features is not None and len(features):
        before, after = (_at(features, plot_ids, epoch) for epoch in (start, end))
        for name in CHANGES:
            if name in before and name in after:
                columns[f"{name}_change"] = (after[name] - before[name]).to_numpy(np.float64)
        for name in LEVELS:
            if name in before:
                columns[f"{name}_start"] = before[name].to_numpy(np.float64)
    usable = {
        name: column
        for name, column in columns.items()
        if np.isfinite(column).mean() >= MIN_SHARE_SEEN and np.nanstd(column) > 0
    }
    if not usable:
        empty = np.empty((len(plot_ids), 0))
        return Features((), empty, np.zeros(len(plot_ids), dtype=np.bool_))
    values = np.column_stack(list(usable.values()))
    standard = (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)
    seen = np.asarray(np.isfinite(values).all(axis=1), dtype=np.bool_)
    return Features(tuple(usable), np.nan_to_num(standard, nan=0.0), seen)


def village_folds(villages: Sequence[str | None], sampled: Ints, folds: int) -> Ints | None:
    """Put whole villages into folds with about equally many measured plots each.

    Args:
        villages: Of each enrolled plot; None where unknown [plot].
        sampled: Positions of the measured plots.
        folds: How many.

    Returns:
        Fold of each plot, or None where measured villages are fewer than folds. Plots of unknown
        village share the first fold.
    """
    names = pd.Series([v if isinstance(v, str) and v else None for v in villages], dtype=object)
    counts = names.iloc[sampled].value_counts()
    if len(counts) < folds:
        return None
    load = np.zeros(folds)
    fold_of: dict[str, int] = {}
    order = sorted(names.dropna().unique(), key=lambda v: (-int(counts.get(v, 0)), v))
    for village in order:
        fold_of[village] = int(load.argmin())
        load[fold_of[village]] += max(int(counts.get(village, 0)), 1e-3)
    return np.array([0 if v is None else fold_of[v] for v in names], dtype=np.int64)


def ridge_smoother(train: Floats, target: Floats, penalty: float) -> Floats:
    """Give the matrix that turns measured values into ridge predictions.

    Args:
        train: Features of the measured plots [sample, feature].
        target: Features of the plots to predict [plot, feature].
        penalty: Per measured plot; the intercept is not penalised.

    Returns:
        [plot, sample]; its rows add up to one.

    Source:
        Hoerl & Kennard 1970; Hastie, Tibshirani & Friedman 2009, section 3.4.1.
    """
    size, width = train.shape
    centre = train.mean(axis=0)
    centred = train - centre
    gram = centred.T @ centred + penalty * size * np.eye(width)
    smoother: Floats = 1.0 / size + (target - centre) @ np.linalg.solve(gram, centred.T)
    return smoother


def cross_fit(values: Floats, sampled: Ints, folds: Ints, observed: Floats) -> Floats:
    """Predict every plot from the villages outside its own fold.

    The penalty is chosen anew for each fold by blocked cross-validation among the others, so that
    the held-out villages have no say in it.

    Args:
        values: Features of all plots [plot, feature].
        sampled: Positions of the measured plots.
        folds: Fold of every plot [plot].
        observed: Values of the measured plots that choose the penalty [sample].

    Returns:
        Prediction matrix [plot, sample], zero where a measured plot shares the fold.
    """
    prediction = np.zeros((len(values), len(sampled)))
    sample_folds = folds[sampled]
    for fold in np.unique(folds):
        inside = np.flatnonzero(sample_folds != fold)
        penalty = _choose_penalty(values[sampled[inside]], sample_folds[inside], observed[inside])
        rows = np.flatnonzero(folds == fold)
        prediction[np.ix_(rows, inside)] = ridge_smoother(
            values[sampled[inside]], values[rows], penalty
        )
    return prediction


def judge_map(
    observed: Floats,
    predicted: Floats,
    villages: Sequence[str | None],
    features: tuple[str, ...],
    methodology: Methodology,
) -> MapReport:
    """Hold cross-validated predictions against the methodology's acceptance rules.

    Args:
        observed: Growth of the measured plots [t d.m./ha].
        predicted: From villages outside their fold [t d.m./ha].
        villages: Of the measured plots.
        features: Names used.
        methodology: The rules of section `model`.
    """
    error = predicted - observed
    mean = float(observed.mean())
    spread = float(((observed - mean) ** 2).sum())
    r2 = 1.0 - float((error**2).sum()) / spread if spread > 0 else 0.0
    slope = _slope(observed, predicted)
    rmse = float(np.sqrt((error**2).mean()))
    bias_t, limit_t = _village_t(
        error, villages, confidence=methodology.number("uncertainty.confidence")
    )
    bias = float(error.mean()) / abs(mean) if mean else float("inf")
    faults = [
        sentence
        for failed, sentence in (
            (r2 < methodology.number("model.r2_min"), f"R2 {r2:.2f}"),
            (
                not methodology.number("model.slope_min")
                <= slope
                <= methodology.number("model.slope_max"),
                f"slope {slope:.2f}",
            ),
            (abs(bias) > methodology.number("model.bias_max_fraction"), f"bias {bias:+.0%}"),
            (abs(bias_t) > limit_t, f"bias {abs(bias_t):.1f} standard errors from zero"),
        )
        if failed
    ]
    reason = (
        "blocked cross-validation meets every rule"
        if not faults
        else "blocked cross-validation fails on " + ", ".join(faults)
    )
    return MapReport(
        features=features,
        plots=len(observed),
        folds=int(methodology.number("model.folds")),
        r2=r2,
        slope=slope,
        bias_fraction=bias,
        bias_t=bias_t,
        bias_limit_t=limit_t,
        rmse_t_ha=rmse,
        rrmse=rmse / abs(mean) if mean else None,
        accepted=not faults,
        reason=reason,
    )


def no_map(plots: int, reason: str) -> MapReport:
    """Report that there is no map, and why."""
    return MapReport(
        features=(), plots=plots, folds=0, r2=None, slope=None, bias_fraction=None, bias_t=None,
        bias_limit_t=None, rmse_t_ha=None, rrmse=None, accepted=False, reason=reason,
    )  # fmt: skip


Estimator = Literal["greg", "expansion", "none"]


def _at(features: pd.DataFrame, plot_ids: Sequence[str], epoch: date) -> pd.DataFrame:
    """Rows of one epoch in the order of the plots, NaN where a plot is missing."""
    flat = features.reset_index()
    when = pd.to_datetime(flat["epoch"]).dt.date == epoch
    return flat[when].drop_duplicates("plot_id").set_index("plot_id").reindex(list(plot_ids))


def _choose_penalty(train: Floats, folds: Ints, observed: Floats) -> float:
    """Choose by blocked cross-validation; all penalties of a fold in one stacked solve."""
    losses = np.zeros(len(PENALTIES))
    for fold in np.unique(folds):
        out = folds == fold
        centre, mean = train[~out].mean(axis=0), observed[~out].mean()
        centred = train[~out] - centre
        ridge = np.multiply.outer(np.array(PENALTIES) * len(centred), np.eye(train.shape[1]))
        moment = centred.T @ (observed[~out] - mean)
        slopes = np.linalg.solve(centred.T @ centred + ridge, moment[None, :, None])[..., 0]
        losses += ((mean + slopes @ (train[out] - centre).T - observed[out]) ** 2).sum(axis=1)
    return PENALTIES[int(losses.argmin())]


def _slope(observed: Floats, predicted: Floats) -> float:
    centred = predicted - predicted.mean()
    spread = float(centred @ centred)
    return float(centred @ observed) / spread if spread > 0 else 0.0


def _village_t(
    error: Floats, villages: Sequence[str | None], confidence: float
) -> tuple[float, float]:
    """Mean error over its between-village standard error, and the t limit of the test."""
    frame = pd.DataFrame({"error": error - error.mean(), "village": [v or "" for v in villages]})
    sums = frame.groupby("village")["error"].sum().to_numpy()
    clusters = len(sums)
    if clusters < 2 or not sums.any():  # noqa: PLR2004  one cluster has no spread
        return 0.0, float("inf")
    se = float(np.sqrt(clusters / (clusters - 1) * (sums**2).sum())) / len(error)
    return float(error.mean()) / se, float(stats.t.ppf((1 + confidence) / 2, clusters - 1))
