"""What a study's trials say, held against its criteria; showing it is `pages.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tests.study.designs import CRITERIA, DESIGNS
from tests.study.steps import Claim
from tests.study.trial import Trial

Floats = NDArray[np.float64]
FAST = "fast"


@dataclass(frozen=True, slots=True)
class Summary:
    """What the trials of one design say.

    Attributes:
        design: Its name.
        landscapes: How many.
        truth_t: Mean true net removals [t CO2e].
        bias: Mean error over mean truth [1]; in t CO2e where nothing grows.
        bias_se: Its standard error, in the same unit.
        coverage: Share of 90 % intervals that hold the truth [1].
        below: Share of landscapes whose truth lies below the interval [1].
        above: Share of landscapes whose truth lies above it [1].
        floor: Mean of what the floor under the baseline takes off before crediting, over mean truth
            [1]; in t CO2e where nothing grows.
        credits_t: Mean credits [t CO2e].
        above_truth: Share of landscapes with more credits than true removals [1].
        above_with_buffer: The same of credits and buffer together [1].
        greg: Share of landscapes whose total rested on the map [1].
        r2: Median of the map's R2 on unseen villages [1]; None without a map.
        failed: Names of the criteria that were missed.
    """

    design: str
    landscapes: int
    truth_t: float
    bias: float
    bias_se: float
    coverage: float
    below: float
    above: float
    floor: float
    credits_t: float
    above_truth: float
    above_with_buffer: float
    greg: float
    r2: float | None
    failed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Naive:
    """What one naive choice would have issued on the landscapes of one design.

    Attributes:
        design: Name of the design.
        choice: Name of the choice; empty for the project's own way.
        credits_t: Mean credits [t CO2e].
        false_t: Mean of the credits beyond what was truly removed [t CO2e].
        above_truth: Share of landscapes with such credits [1].
        above_with_buffer: The same of credits and buffer together [1].
        coverage: Share of its 90 % intervals that hold the truth [1].
    """

    design: str
    choice: str
    credits_t: float
    false_t: float
    above_truth: float
    above_with_buffer: float
    coverage: float


def summarize(name: str, trials: Sequence[Trial], fast_credits_t: float | None) -> Summary:
    """Hold one design's trials against the criteria.

    The mean error is taken with the trees' mean conversion to carbon as a control variate: what one
    landscape's conversion departs from the mean is drawn with mean nothing, and without it the
    error of the mean is several times smaller.

    Args:
        name: Of the design.
        trials: Of it.
        fast_credits_t: Mean credits at fast growth, which no growth is compared with; None where
            that was not run.
    """
    grows = DESIGNS[name].grows
    truth = np.array([t.truth_t for t in trials])
    estimate = np.array([t.estimate_t for t in trials])
    usual = np.array([t.usual_t for t in trials])
    credits_t = np.array([t.credits_t for t in trials], dtype=float)
    buffered = np.array([t.with_buffer_t for t in trials], dtype=float)
    covered = np.array([t.covered for t in trials])
    scale = float(usual.mean()) if grows else 1.0
    error = (estimate - usual) / scale
    bias, bias_se = float(error.mean()), float(error.std(ddof=1) / np.sqrt(len(error)))
    above_truth = float((credits_t > truth).mean())
    low, high = CRITERIA.coverage
    failed = []
    if grows:
        if abs(bias) > max(CRITERIA.bias, bias_se):
            failed.append("bias")
        if not low <= covered.mean() <= high:
            failed.append("coverage")
        if above_truth > CRITERIA.above_truth:
            failed.append("above truth")
    elif fast_credits_t is not None and credits_t.mean() > CRITERIA.at_no_growth * fast_credits_t:
        failed.append("credits without growth")
    r2 = [t.r2 for t in trials if t.r2 is not None]
    return Summary(
        design=name,
        landscapes=len(trials),
        truth_t=float(truth.mean()),
        bias=bias,
        bias_se=bias_se,
        coverage=float(covered.mean()),
        below=float(np.mean([t.truth_t < t.low_t for t in trials])),
        above=float(np.mean([t.truth_t > t.high_t for t in trials])),
        floor=float(np.mean([t.floor_t for t in trials])) / scale,
        credits_t=float(credits_t.mean()),
        above_truth=above_truth,
        above_with_buffer=float((buffered > truth).mean()),
        greg=float(np.mean([t.estimator == "greg" for t in trials])),
        r2=float(np.median(r2)) if r2 else None,
        failed=tuple(failed),
    )


def summaries(kept: Mapping[str, Sequence[Trial]]) -> list[Summary]:
    """Hold every design that was run against the criteria."""
    fast = [t.credits_t for t in kept.get(FAST, ())]
    reference = float(np.mean(fast)) if fast else None
    return [summarize(name, trials, reference) for name, trials in kept.items() if len(trials) > 1]


def naive_choices(kept: Mapping[str, Sequence[Trial]]) -> list[Naive]:
    """Count what every naive choice would have issued beyond the truth, ours beside it."""
    rows = []
    for name, trials in kept.items():
        if not trials or not trials[0].naive:
            continue
        truth = np.array([t.truth_t for t in trials])
        own = [Claim(t.credits_t, t.with_buffer_t, t.low_t, t.high_t) for t in trials]
        by_choice = {"": own} | {
            choice: [t.naive[choice] for t in trials] for choice in trials[0].naive
        }
        rows += [_naive(name, choice, claims, truth) for choice, claims in by_choice.items()]
    return rows


def _naive(design: str, choice: str, claims: Sequence[Claim], truth: Floats) -> Naive:
    credits_t, whole, low, high = (
        np.array([getattr(claim, column) for claim in claims], dtype=float)
        for column in ("credits_t", "with_buffer_t", "low_t", "high_t")
    )
    removed = np.maximum(0.0, truth)
    false_t = np.maximum(0.0, credits_t - removed)
    return Naive(
        design=design,
        choice=choice,
        credits_t=float(credits_t.mean()),
        false_t=float(false_t.mean()),
        above_truth=float((false_t > 0).mean()),
        above_with_buffer=float((whole > removed).mean()),
        coverage=float(((low <= truth) & (truth <= high)).mean()),
    )
