"""Matched controls: for each project plot the unplanted ones that looked most like it before.

Optimal matching without replacement (the sum of all distances is least, not each by itself), on
Mahalanobis distances of covariates that were known before the project began. Whether it worked is
told by the balance of every covariate afterwards, not by the distances.

Source: VM0047 v1.1, performance benchmark; Rosenbaum (1989), optimal matching; Stuart (2010).
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from mrv.methodologies import Methodology
from mrv.quality import Verdict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Which controls stand for which project plots.

    Attributes:
        controls: Positions of the matched controls, nearest first [project plot, neighbour].
        distance: Mahalanobis distance to each [project plot, neighbour].
        balance: One row per covariate: mean_project, mean_candidates, mean_controls, and the
            standardised differences difference_before and difference_after [1].
    """

    controls: Ints
    distance: Floats
    balance: pd.DataFrame


def match_controls(
    project: pd.DataFrame, candidates: pd.DataFrame, *, neighbours: int = 1
) -> Matching:
    """Find the controls that together lie nearest to the project plots, each used once.

    Args:
        project: Covariates of project plots before the start: one numeric column each, no gaps.
        candidates: The same columns of unplanted plots that could be controls.
        neighbours: Controls per project plot.

    Raises:
        ValueError: If columns differ, a value is missing, or there are fewer candidates than
            controls asked for.
    """
    if list(project.columns) != list(candidates.columns) or project.empty:
        raise ValueError("project plots and candidates need the same covariates, and one at least")
    ours, theirs = project.to_numpy(np.float64), candidates.to_numpy(np.float64)
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        raise ValueError("a covariate has no value on some plot; leave out the plot or fill it")
    if len(theirs) < len(ours) * neighbours:
        raise ValueError(
            f"{len(ours) * neighbours} controls are needed for {len(ours)} project plots, and "
            f"there are {len(theirs)} candidates; bring more unplanted plots"
        )
    distance = cdist(ours, theirs, "mahalanobis", VI=_inverse_covariance(ours, theirs))
    # A plot that takes several controls stands in as many rows, so the whole stays one assignment.
    rows, columns = linear_sum_assignment(np.repeat(distance, neighbours, axis=0))
    chosen = columns[np.argsort(rows)].reshape(len(ours), neighbours).astype(np.int64)
    near = np.take_along_axis(distance, chosen, axis=1)
    order = np.argsort(near, axis=1, kind="stable")
    chosen = np.take_along_axis(chosen, order, axis=1)
    return Matching(
        controls=chosen,
        distance=np.take_along_axis(near, order, axis=1),
        balance=balance_table(project, candidates, candidates.iloc[chosen.ravel()]),
    )


def balance_table(
    project: pd.DataFrame, candidates: pd.DataFrame, controls: pd.DataFrame
) -> pd.DataFrame:
    """Compare means of every covariate before and after matching.

    A standardised difference is the difference of means over the root mean of both variances; the
    spread is that of project plots and all candidates both times, so that choosing controls of
    little spread cannot make a difference look smaller.
    """
    spread = np.sqrt((project.var(ddof=1) + candidates.var(ddof=1)) / 2)
    means = {
        "mean_project": project.mean(),
        "mean_candidates": candidates.mean(),
        "mean_controls": controls.mean(),
    }
    table = pd.DataFrame(means)
    for name, other in (("before", "mean_candidates"), ("after", "mean_controls")):
        difference = table["mean_project"] - table[other]
        # A covariate that never varies differs by nothing or by more than any limit.
        table[f"difference_{name}"] = np.where(
            difference.abs() < np.finfo(np.float64).eps, 0.0, difference / spread.where(spread > 0)
        )
        table[f"difference_{name}"] = table[f"difference_{name}"].fillna(np.inf)
    return table.rename_axis("covariate")


def balanced(balance: pd.DataFrame, methodology: Methodology) -> Verdict:
    """Judge whether matched controls resemble the project plots in every covariate."""
    limit = methodology.number("benchmark.standardised_difference_max")
    size = balance["difference_after"].abs()
    worst = str(size.idxmax())
    passed = bool((size <= limit).all())
    return Verdict(
        gate="matched_controls_balanced",
        passed=passed,
        measured=float(size.max()),
        limit=limit,
        sentence=f"Project plots and matched controls differ most in {worst}, by "
        f"{size.max():.2f} standard deviations; {limit:g} is the most"
        + ("." if passed else ", so bring candidates that resemble the project more."),
        facts={str(name): float(value) for name, value in balance["difference_after"].items()},
    )


def _inverse_covariance(ours: Floats, theirs: Floats) -> Floats:
    within = np.vstack([ours - ours.mean(axis=0), theirs - theirs.mean(axis=0)])
    covariance = within.T @ within / max(len(within) - 2, 1)
    inverse: Floats = np.linalg.pinv(covariance, hermitian=True)
    return inverse
