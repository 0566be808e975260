"""What would have grown without the project: trees that stood there, and what comes up unplanted.

Two parts. Pre-existing trees on enrolled plots: their own growth, measured on the same plots in the
same draws and expanded with the same weights as gross growth (that is done where the weights are,
in `mrv.estimation.pathway`). New trees that come up on control plots: their growth per hectare,
taken to the enrolled area; this module. Leakage and emissions are lines of the waterfall.
"""

import numpy as np

from mrv.estimation.greg import Floats, LinearEstimator, Population, expansion_estimator


def control_growth_t_ha(new_growth_t_ha: Floats, area_ha: Floats, multipliers: Floats) -> Floats:
    """Estimate what comes up per hectare where nobody plants.

    Controls stand for what enrolled land would have done, not for themselves, so their mean keeps
    its full variance: no finite population correction however many of them were measured. They
    are pooled over strata because they are few.

    Args:
        new_growth_t_ha: Growth of trees that are not pre-existing [draw, control plot], t d.m./ha.
        area_ha: Of the control plots [control plot].
        multipliers: From `greg.sampling_multipliers` [draw, control plot].

    Returns:
        Mean growth with its sampling error [draw], t d.m./ha; zero where there is no control plot
        (the gates then refuse).
    """
    if len(area_ha) == 0:
        return np.zeros(len(new_growth_t_ha))
    controls = expansion_estimator(
        Population(
            area_ha=area_ha,
            stratum=np.zeros(len(area_ha), dtype=np.int64),
            sampled=np.arange(len(area_ha)),
            inclusion_probability=np.ones(len(area_ha)),
        )
    )
    unlimited = LinearEstimator(
        controls.weights,
        controls.residual,
        controls.expansion,
        np.ones(len(area_ha)),
        controls.stratum,
    )
    total = unlimited.totals(new_growth_t_ha) + unlimited.noise(new_growth_t_ha, multipliers)
    per_ha: Floats = total[:, 0] / area_ha.sum()
    return per_ha


def lacking_to_zero(baseline: Floats) -> float:
    """Say how much a part of the baseline lacks to a mean of zero; nothing where it has one.

    A shrinking baseline would earn credits for what the project did not do, so crediting takes the
    programme's as zero at least. It is no part of the estimate, which stays unbiased with an
    interval that means what it says; and no single draw is cut at zero, which would leave only
    those that err upwards and so invent growth (methodology 4.5).

    Args:
        baseline: Draws of one total [draw].
    """
    return max(0.0, -float(baseline.mean()))
