"""Textbook formulas that check the Monte Carlo from outside it (IPCC Approach 1 and its kin).

Each is golden-tested against its standard's worked numbers. None of them sets what is credited.
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy import stats

from mrv.crediting.deduction import deducted_fraction
from mrv.estimation.greg import Floats

SOC_IN_ORGANIC_MATTER: Final = 0.58
"""Carbon in soil organic matter [1] [V2, VM0042 v2.2: SOM = SOC / 0.58]."""


def combine_product(relative: Sequence[float]) -> float:
    """Combine relative half-widths of the factors of a product.

    Source:
        IPCC 2019, volume 1, equation 3.1; valid for small, uncorrelated terms.
    """
    return math.sqrt(sum(u**2 for u in relative))


def combine_sum(quantities: Sequence[float], relative: Sequence[float]) -> float:
    """Combine relative half-widths of the terms of a sum; a difference has a negative term.

    Source:
        IPCC 2019, volume 1, equation 3.2; CDM AR-TOOL14 v04.2, equation 2.
    """
    absolute = math.sqrt(sum((x * u) ** 2 for x, u in zip(quantities, relative, strict=True)))
    return absolute / abs(sum(quantities))


def paired_half_width(
    se_before: float, se_after: float, correlation: float, change: float, df: int
) -> float:
    """Give the relative half-width at 90 % of a change between two correlated estimates.

    Source:
        VM0047 v1.1, equation 28 (before its free 10 % is taken off).
    """
    variance = se_before**2 + se_after**2 - 2 * correlation * se_before * se_after
    return float(stats.t.ppf(0.95, df)) * math.sqrt(variance) / change


def exceeded_value(mean: float, sd: float, df: float = math.inf, exceeded: float = 2 / 3) -> float:
    """Give the value that the truth exceeds with a stated probability.

    Args:
        mean: Estimate.
        sd: Its standard error, in the same unit.
        df: Degrees of freedom; by default the normal distribution.
        exceeded: Probability [1].

    Source:
        VCS, probability of exceedance; VM0042 v2.2, equation 74 with one-sided t.
    """
    quantile = stats.norm.ppf(exceeded) if math.isinf(df) else stats.t.ppf(exceeded, df)
    return mean - float(quantile) * sd


def stock_with_discount(mean: float, half_width: float, *, baseline: bool = False) -> float:
    """Discount a stock for its uncertainty; a baseline stock is raised by as much instead.

    Args:
        mean: Stock.
        half_width: Of its 90 % interval, in the same unit.
        baseline: Whether it is a baseline's.

    Source:
        CDM AR-TOOL14 v04.2, appendix 2.
    """
    share = deducted_fraction(half_width / mean, "AR_TOOL14_V42")
    return mean * (1.0 + share if baseline else 1.0 - share)


def double_sampling(
    measured: Floats, auxiliary: Floats, auxiliary_mean: float, large_sample: int
) -> tuple[float, float]:
    """Estimate a mean by regression on an auxiliary known from a larger sample, such as a map.

    Args:
        measured: Values of the small sample.
        auxiliary: Of the same plots.
        auxiliary_mean: Of the large sample.
        large_sample: Its size.

    Returns:
        Mean and its standard error.

    Source:
        CDM AR-TOOL14 v04.2, double sampling.
    """
    size = len(measured)
    correlation = float(np.corrcoef(measured, auxiliary)[0, 1])
    slope = correlation * float(measured.std(ddof=1) / auxiliary.std(ddof=1))
    mean = float(measured.mean()) + slope * (auxiliary_mean - float(auxiliary.mean()))
    kept = 1.0 - (1.0 - size / large_sample) * correlation**2
    return mean, math.sqrt(float(measured.var(ddof=1)) * kept / size)


def census_half_width(
    units: int, mortality: float, unit_mean: float, unit_sd: float, sample: int
) -> float:
    """Give the relative half-width at 90 % of a census of planting units with a mortality sample.

    Args:
        units: Planting units counted.
        mortality: Share of them found dead [1].
        unit_mean: Mean carbon of a living unit [tC].
        unit_sd: Its standard deviation [tC].
        sample: Units measured.

    Source:
        VM0047 v1.1, census-based approach, in the form whose units agree; as printed it is
        `census_half_width_as_printed`.
    """
    t = float(stats.t.ppf(0.95, sample - 1))
    dead, growth_se, total = _census(units, mortality, unit_mean, unit_sd, sample)
    return t * math.hypot(growth_se, dead * total) / total


def census_half_width_as_printed(
    units: int, mortality: float, unit_mean: float, unit_sd: float, sample: int
) -> float:
    """Give the same as the standard prints it: t times a term that already contains t.

    Kept to show what the misprint amounts to; the growth term is taken for the whole census, where
    the print has that of one unit. Arguments as in `census_half_width`.

    Source:
        VM0047 v1.1, census-based approach.
    """
    t = float(stats.t.ppf(0.95, sample - 1))
    dead, growth_se, total = _census(units, mortality, unit_mean, unit_sd, sample)
    return t * math.hypot(growth_se, t * dead * total) / total


def _census(
    units: int, mortality: float, unit_mean: float, unit_sd: float, sample: int
) -> tuple[float, float, float]:
    """Give the relative SE of what is alive, the SE of growth and the total [tC]."""
    alive = units * (1.0 - mortality)
    dead = math.sqrt(mortality * (1.0 - mortality) / (sample - 1)) / (1.0 - mortality)
    return dead, unit_sd / math.sqrt(sample) * alive, alive * unit_mean


def soil_layers(
    thickness_cm: Floats, bulk_density_g_cm3: Floats, soc_pct: Floats
) -> tuple[Floats, Floats]:
    """Give cumulative mineral mass and carbon of soil layers, from the surface down [layer], t/ha.

    Soil carbon is not credited here; a change at fixed depth would credit loosened soil.

    Args:
        thickness_cm: Of each layer [layer].
        bulk_density_g_cm3: Of its fine earth [layer].
        soc_pct: Organic carbon in fine earth [layer], per cent of mass.

    Source:
        VM0042 v2.2: mineral mass = depth BD 100 - SOC / 0.58.
    """
    carbon = thickness_cm * bulk_density_g_cm3 * soc_pct
    mineral = thickness_cm * bulk_density_g_cm3 * 100.0 - carbon / SOC_IN_ORGANIC_MATTER
    return np.cumsum(mineral), np.cumsum(carbon)


def carbon_at_mass(cumulative_mineral: Floats, cumulative_carbon: Floats, mass: float) -> float:
    """Interpolate cumulative carbon at a mineral mass, so that two dates hold the same soil [t/ha].

    Source:
        Equivalent soil mass, VM0042 v2.2, linear between layers.
    """
    return float(
        np.interp(mass, np.append(0.0, cumulative_mineral), np.append(0.0, cumulative_carbon))
    )
