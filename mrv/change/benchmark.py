"""The performance benchmark: how much of the project's growth its matched controls had as well.

Both are seen by the same stocking index, a satellite measure that goes with woody biomass, so what
greens everything (rain, a sensor) is in both and raises the ratio. The benchmark is a ratio of
growths with its variance; the placebo asks the same of the years before the start, where there was
no project and so must be no difference.

Source: VM0047 v1.1, area-based approach, equation 32; the form of PB_t is remembered in the
methodology reference (2.2), so a benchmark is reported beside the control plots' own growth and
replaces it only where it is the larger.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from mrv.methodologies import Methodology
from mrv.quality import Verdict

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_MIN_PAIRS = 2


@dataclass(frozen=True, slots=True)
class Benchmark:
    """Growth of the controls as a share of the project's.

    Attributes:
        ratio: PB_t, not below zero and not above one [1].
        se: Standard error of the unbounded ratio [1].
        project_growth: Mean growth of the project plots' index, in its own unit.
        control_growth: Mean growth of the matched controls' index.
        pairs: Project plots with their controls.
    """

    ratio: float
    se: float
    project_growth: float
    control_growth: float
    pairs: int


def performance_benchmark(
    project_growth: Floats, control_growth: Floats, clusters: Ints
) -> Benchmark:
    """Divide the mean growth of controls by that of the project plots.

    Nothing is credited where the index did not grow on the project's plots: the ratio is one. One
    of shrinking controls is zero: a shrinking baseline earns nothing.

    Args:
        project_growth: Change of the stocking index on each project plot [pair].
        control_growth: Mean change on its matched controls [pair].
        clusters: Village of each project plot, whose pairs err together [pair].

    Raises:
        ValueError: If there are fewer than two clusters.

    Source: linearised ratio with residuals summed by cluster (Cochran 1977, 6.13 and 9A).
    """
    count = len(np.unique(clusters))
    if count < _MIN_PAIRS:
        raise ValueError("a benchmark needs project plots in two clusters at least")
    ours, theirs = float(project_growth.mean()), float(control_growth.mean())
    if ours <= 0:
        return Benchmark(1.0, float("inf"), ours, theirs, len(project_growth))
    ratio = theirs / ours
    residual = control_growth - ratio * project_growth
    _, at = np.unique(clusters, return_inverse=True)
    sums = np.bincount(at, residual, minlength=count)
    se = float(np.sqrt(count / (count - 1) * (sums**2).sum())) / (len(residual) * ours)
    return Benchmark(min(1.0, max(0.0, ratio)), se, ours, theirs, len(residual))


def draw_benchmark(benchmark: Benchmark, draws: int, rng: np.random.Generator) -> Floats:
    """Draw the benchmark with its error [draw]; bounded above by one, as a whole by zero below.

    Single draws below zero are kept: cutting them would leave only those that err upwards.
    """
    if not np.isfinite(benchmark.se):
        return np.ones(draws)
    values: Floats = np.minimum(1.0, benchmark.ratio + benchmark.se * rng.standard_normal(draws))
    return values


def benchmark_baseline(gross_tco2e: Floats, benchmark: Floats) -> Floats:
    """Give the part of the growth that the benchmark takes as baseline [draw], t CO2e.

    Equation 32 credits min(dC, dC (1 - PB)): of a gain the share PB is baseline, of a loss none.
    """
    baseline: Floats = np.where(gross_tco2e > 0, gross_tco2e * benchmark, 0.0)
    return baseline


def placebo(project_before: Floats, control_before: Floats, clusters: Ints,
            methodology: Methodology) -> Verdict:  # fmt: skip
    """Ask whether project plots grew unlike their controls before there was a project.

    Args:
        project_before: Change of the index before the start on each project plot [pair].
        control_before: Mean change on its matched controls [pair].
        clusters: Village of each project plot [pair].
        methodology: The rules; the interval is that of the uncertainty deduction.

    Raises:
        ValueError: If there are fewer than two clusters.
    """
    _, at = np.unique(clusters, return_inverse=True)
    count = int(at.max()) + 1 if len(at) else 0
    if count < _MIN_PAIRS:
        raise ValueError("a placebo test needs project plots in two clusters at least")
    difference = project_before - control_before
    mean = float(difference.mean())
    sums = np.bincount(at, difference - mean, minlength=count)
    se = float(np.sqrt(count / (count - 1) * (sums**2).sum())) / len(difference)
    confidence = methodology.number("uncertainty.confidence")
    width = float(stats.t.ppf(0.5 + confidence / 2, count - 1)) * se
    passed = abs(mean) <= width
    return Verdict(
        gate="placebo_before_start",
        passed=passed,
        measured=abs(mean),
        limit=width,
        sentence=f"Before the start the index of project plots grew by {mean:+.4f} against their "
        f"controls, within ±{width:.4f} of nothing by chance alone."
        if passed
        else f"Before the start the index of project plots already grew by {mean:+.4f} against "
        f"their controls, more than the ±{width:.4f} of chance; match on the growth before too.",
        facts={"difference": mean, "standard_error": se, "clusters": count},
    )
