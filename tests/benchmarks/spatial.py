"""Errors that neighbours share: drawn village by village, against the usual whole matrix.

The spread of the total is held against the sum over all pairs, and against what independent errors
would say.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mrv.estimation.covariance import Correlogram, variance_of_sum
from mrv.estimation.village_errors import VillageErrors, correlate_villages, draw_totals
from tests.benchmarks.ratios import QUICK, Comparison, Figure, Target, cpu_seconds

VILLAGES, PLOTS_EACH = (20, 60) if QUICK else (334, 150)
SMALL_VILLAGES = 8 if QUICK else 20  # what a whole matrix can be made for
DRAWS, SEED = 4_000, 1
CORRELATION = Correlogram((0.3, 0.7), (2_000.0, 20_000.0))
_ACROSS_M, _VILLAGE_M = 110_000.0, 1_200.0


def comparisons(_home: Path) -> Iterator[Comparison | Figure]:
    """Draw 50,000 plots; set a part of them against a Cholesky factor of everything."""
    xy, villages, weight = _land(VILLAGES)
    exact = float(np.sqrt(variance_of_sum(xy, weight, CORRELATION)))
    drawn = draw_totals(_prepared(xy, villages, weight), weight, DRAWS, SEED).std()
    size = f"{len(xy):,} plots, {DRAWS:,} draws"
    yield Figure(
        f"SD of the total, {size}: how far from the sum over all pairs",
        "share",
        lambda: abs(drawn / exact - 1),
        Target(16, 0.05),
        f"drawn {drawn:,.0f} ha, exact {exact:,.0f} ha, independent errors would say "
        f"{np.sqrt((weight**2).sum()):,.0f} ha",
    )
    yield Figure(
        f"to draw them, {size}",
        "s",
        lambda: cpu_seconds(
            lambda: draw_totals(_prepared(xy, villages, weight), weight, DRAWS, SEED)
        ),
    )
    xy, villages, weight = _land(SMALL_VILLAGES)
    rng = np.random.default_rng(SEED)

    def whole() -> NDArray[np.float64]:
        factor = np.linalg.cholesky(CORRELATION.among(xy) + 1e-6 * np.eye(len(xy)))
        return weight @ (factor @ rng.standard_normal((len(xy), DRAWS)))

    def ours() -> NDArray[np.float64]:
        return draw_totals(_prepared(xy, villages, weight), weight, DRAWS, SEED)[:, 0]

    yield Comparison(
        what=f"totals of {len(xy):,} plots, {DRAWS:,} draws",
        peer="a Cholesky factor of all plots",
        ours=lambda: cpu_seconds(ours),
        theirs=lambda: cpu_seconds(whole),
        agreement=f"SD of the total {ours().std() / whole().std() - 1:+.1%} from theirs",
    )


def _land(villages: int) -> tuple[NDArray[np.float64], list[str], NDArray[np.float64]]:
    rng = np.random.default_rng(SEED)
    of = np.repeat(np.arange(villages), PLOTS_EACH)
    centre = rng.uniform(0, _ACROSS_M, (villages, 2))
    xy = centre[of] + rng.uniform(-_VILLAGE_M, _VILLAGE_M, (len(of), 2))
    area_ha = np.clip(rng.lognormal(0.1, 0.6, len(of)), 0.2, 10.0)
    return xy, [f"V{n:03d}" for n in of], area_ha


def _prepared(
    xy: NDArray[np.float64], villages: list[str], weight: NDArray[np.float64]
) -> VillageErrors:
    return correlate_villages(xy, villages, CORRELATION, weight)
