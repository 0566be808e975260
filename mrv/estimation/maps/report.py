"""How a map did on villages it had not seen, held against the rules: the only numbers reported.

Random folds would let a plot be predicted from its neighbour in the same village; no function here
takes any but predictions from outside a plot's own village.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from mrv.estimation.greg import Floats
from mrv.methodologies import Methodology


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
        model: Name of the model; empty where there was no map.
        outside: Plots whose own map value is not to be believed.
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
    model: str = ""
    outside: int = 0


def judge_map(
    observed: Floats,
    predicted: Floats,
    villages: Sequence[str | None],
    features: tuple[str, ...],
    methodology: Methodology,
    *,
    model: str,
    outside: int,
) -> MapReport:
    """Hold cross-validated predictions against the methodology's acceptance rules.

    Args:
        observed: Growth of the measured plots [t d.m./ha].
        predicted: From villages outside their fold [t d.m./ha].
        villages: Of the measured plots.
        features: Names used.
        methodology: The rules of section `model`.
        model: Name of the model.
        outside: Plots whose own map value is not to be believed.
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
    verdict = "meets every rule" if not faults else "fails on " + ", ".join(faults)
    beyond = f"; {outside} plots lie beyond its reach" if outside else ""
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
        reason=f"blocked cross-validation of the {model} {verdict}{beyond}",
        model=model,
        outside=outside,
    )


def no_map(plots: int, reason: str) -> MapReport:
    """Report that there is no map, and why."""
    return MapReport(
        features=(), plots=plots, folds=0, r2=None, slope=None, bias_fraction=None, bias_t=None,
        bias_limit_t=None, rmse_t_ha=None, rrmse=None, accepted=False, reason=reason,
    )  # fmt: skip


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
