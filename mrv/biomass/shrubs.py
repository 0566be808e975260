"""Shrubs: what they weigh, told from how much of the ground their crowns cover.

Nobody tapes shrubs, so AR-TOOL14 takes a share of what forest of that region would weigh.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mrv.biomass.carbon import co2e_t
from mrv.errors import InputRejected
from mrv.methodologies import Methodology


def shrub_agb_t_ha(
    crown_cover: ArrayLike, forest_agb_t_ha: float, methodology: Methodology
) -> NDArray[np.float64]:
    """Estimate the biomass of shrubs [t d.m./ha] from the share of ground under their crowns [1].

    Args:
        crown_cover: Shares of the ground, 0-1.
        forest_agb_t_ha: What forest of the region holds under full cover [t d.m./ha].
        methodology: Tells the share that shrubs hold of it, and the cover below which they are
            not counted.

    Returns:
        Biomass, one per cover; NaN where the cover is not known.

    Raises:
        InputRejected: If a cover is no share, or the forest holds nothing.

    Source:
        CDM AR-TOOL14 v04.2, section on shrubs: b = BDR_SF b_forest CC, zero below 5 % [V2].
    """
    cover = np.asarray(crown_cover, float)
    if ((cover < 0) | (cover > 1)).any() or not forest_agb_t_ha > 0:
        raise InputRejected(
            "Shrub cover is a share of the ground, 0-1, and forest biomass is above zero; write "
            "40 % as 0.4."
        )
    agb = methodology.number("shrubs.share_of_forest") * forest_agb_t_ha * cover
    return np.where(cover < methodology.number("shrubs.cover_min"), 0.0, agb)


def shrub_co2e_t(agb_t: ArrayLike, methodology: Methodology) -> NDArray[np.float64]:
    """Turn the biomass of shrubs [t d.m.] into the CO2 that they and their roots hold [t CO2e].

    Source:
        CDM AR-TOOL14 v04.2: CF 0.47, R_S 0.40 [V2].
    """
    root_shoot = methodology.number("shrubs.root_shoot")
    return co2e_t(agb_t, root_shoot, methodology.number("carbon.fraction_mean"))
