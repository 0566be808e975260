"""From biomass to carbon dioxide: carbon fraction, roots, molar mass.

Root:shoot ratios are one per stratum, fixed at validation; the uncertainty of both factors is
drawn here, once per draw.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mrv.errors import InputRejected, RuleMissing
from mrv.methodologies import EvidenceTag

# Molar masses of CO2 and carbon, rounded as all standards do.
CO2_PER_C = 44 / 12
# Carbon fraction of wood cannot leave this range; far tails of the draw are cut off there [P].
_FRACTION_LIMITS = (0.35, 0.60)
# A root:shoot ratio outside is a misprint: one cell of the public table reads 2.158.
_RATIO_LIMITS = (0.1, 1.0)
_STEP_T_HA = 125.0
_TABLE_4_4 = "IPCC 2019 refinement, vol. 4, table 4.4, as encoded in a public carbon tool"


@dataclass(frozen=True, slots=True)
class RootShoot:
    """A root:shoot ratio of a zone.

    Attributes:
        zone: Such as tropical_dry.africa.
        low_biomass: Ratio where above-ground biomass is at most 125 t d.m./ha [1].
        high_biomass: Ratio above that [1]; the same where the table has one value.
        source: Table and edition.
        tag: Evidence tag.
    """

    zone: str
    low_biomass: float
    high_biomass: float
    source: str = _TABLE_4_4
    tag: EvidenceTag = "V2"


def _check(row: RootShoot) -> RootShoot:
    for ratio in (row.low_biomass, row.high_biomass):
        if not _RATIO_LIMITS[0] <= ratio <= _RATIO_LIMITS[1]:
            raise RuleMissing(
                f"The root:shoot ratio of {row.zone} is {ratio:g}; outside 0.1-1.0 it is a "
                "misprint.",
                rule=row.zone,
            )
    return row


ROOT_SHOOT: Mapping[str, RootShoot] = MappingProxyType(
    {
        row.zone: _check(row)
        for row in (
            RootShoot("tropical_rainforest.africa", 0.825, 0.532),
            RootShoot("tropical_rainforest.asia", 0.207, 0.212),
            RootShoot("tropical_rainforest.asia_planted", 0.325, 0.325),
            RootShoot("tropical_rainforest.americas", 0.221, 0.221),
            RootShoot("tropical_rainforest.americas_planted", 0.170, 0.170),
            RootShoot("tropical_moist_deciduous.africa", 0.232, 0.232),
            RootShoot("tropical_moist_deciduous.asia", 0.323, 0.246),
            RootShoot("tropical_moist_deciduous.americas", 0.284, 0.284),
            RootShoot("tropical_dry.africa", 0.332, 0.379),
            RootShoot("tropical_dry.asia", 0.386, 0.362),
            RootShoot("tropical_dry.americas", 0.341, 0.331),
            RootShoot("subtropical_dry.asia", 0.44, 0.44),
            RootShoot("temperate_continental.asia", 0.225, 0.305),
            RootShoot("temperate_continental.asia_planted", 0.303, 0.221),
        )
    }
)


def find_root_shoot(zone: str) -> RootShoot:
    """Find a zone's ratios.

    Raises:
        InputRejected: If there is no such zone.
    """
    try:
        return ROOT_SHOOT[zone]
    except KeyError:
        raise InputRejected(
            f"There is no root:shoot zone '{zone}'; set ecology.root_shoot_zone to one of "
            f"{', '.join(ROOT_SHOOT)}.",
            zone=zone,
        ) from None


def root_shoot_ratio(zone: str, agb_t_ha: float = 0.0) -> float:
    """Give the ratio a stratum is validated with [1].

    Args:
        zone: Such as tropical_dry.africa.
        agb_t_ha: The stratum's above-ground biomass at validation [t d.m./ha]. It is asked once:
            a ratio that changed with the stock would make carbon fall while trees grow.

    Raises:
        InputRejected: If there is no such zone.

    Source:
        IPCC 2019 refinement, vol. 4, table 4.4 [V2].
    """
    row = find_root_shoot(zone)
    return row.low_biomass if agb_t_ha <= _STEP_T_HA else row.high_biomass


def root_shoot_ar_tool14(agb_t_ha: ArrayLike) -> NDArray[np.float64]:
    """Give the continuous ratio R_j of a stand [1] from its biomass [t d.m./ha].

    Source:
        CDM AR-TOOL14 v04.2, exp(-1.085 + 0.9256 ln b) / b [V2].
    """
    b: NDArray[np.float64] = np.asarray(agb_t_ha, float)
    return np.asarray(np.exp(-1.085 + 0.9256 * np.log(b)) / b)


def bgb_cairns_t_ha(agb_t_ha: ArrayLike) -> NDArray[np.float64]:
    """Give below-ground biomass [t d.m./ha] of a stand from above-ground biomass [t d.m./ha].

    Source:
        Cairns et al. 1997, doi:10.1007/s004420050201, exp(-1.0587 + 0.8836 ln AGB) [V2].
    """
    return np.asarray(np.exp(-1.0587 + 0.8836 * np.log(np.asarray(agb_t_ha, float))))


def draw_carbon_fraction(
    rng: np.random.Generator, draws: int, mean: float, sd: float
) -> NDArray[np.float64]:
    """Draw the carbon fraction of dry wood [tC/t d.m.], one per draw, shared by everything.

    Source:
        Normal error of BIOMASS, Réjou-Méchain et al. 2017, doi:10.1111/2041-210X.12753.
    """
    return np.clip(rng.normal(mean, sd, draws), *_FRACTION_LIMITS)


def draw_root_shoot(
    rng: np.random.Generator, draws: int, mean: float, cv: float
) -> NDArray[np.float64]:
    """Draw the root:shoot ratio of a stratum [1], lognormal with that mean, one per draw.

    Args:
        rng: Source of the draws.
        draws: How many.
        mean: Mean ratio [1].
        cv: Standard deviation over mean [1]; 0 gives the mean itself.
    """
    variance = np.log1p(cv**2)
    return mean * np.exp(rng.normal(-0.5 * variance, np.sqrt(variance), draws))


def co2e_t(
    agb_t: ArrayLike, root_shoot: ArrayLike, carbon_fraction: ArrayLike
) -> NDArray[np.float64]:
    """Turn above-ground biomass into the CO2 that trees and roots hold.

    Args:
        agb_t: Above-ground biomass [t d.m.].
        root_shoot: Ratio of below- to above-ground biomass [1].
        carbon_fraction: Carbon in dry matter [tC/t d.m.].

    Returns:
        Carbon dioxide [t CO2e], broadcast shape.

    Source:
        CDM AR-TOOL14 v04.2: C = b CF (1 + R) 44/12.
    """
    r, cf = np.asarray(root_shoot, float), np.asarray(carbon_fraction, float)
    return np.asarray(np.asarray(agb_t, float) * (1.0 + r) * cf * CO2_PER_C)
