"""What a plot's biomass is unsure of because only a part of its trees was measured.

A nested plot measures small trees on a part of its area, a crowded one every so many trees. The
draws expand each tree by that part (`mrv.biomass`); how many it might have been otherwise is told
here. Errors of the trees that were measured are `mrv.biomass.tree_draws`.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from mrv.estimation.greg import Floats


def within_plot_covariance(
    stems: pd.DataFrame, plot_ids: Sequence[str], plot_area_ha: Mapping[str, float], epochs: int
) -> Floats:
    """Give the covariance of plot biomass over epochs, from the trees that were left out.

    A tree counts as one at all epochs, with all its stems: what it weighs at one visit goes with
    what it weighs at the next, so that a change is far surer than either stock.

    Args:
        stems: Point biomass of measured stems: plot_id, tree_id, epoch, agb_kg, tree_fraction,
            origin.
        plot_ids: In order.
        plot_area_ha: Area of each plot [ha].
        epochs: How many.

    Returns:
        [part, plot, epoch, epoch] in squared t d.m./ha: planted trees first, pre-existing second.

    Source:
        Poisson sampling of trees, V = sum of (1 - f) (y / f)^2, f the share measured (Särndal,
        Swensson & Wretman 1992, section 3.5); with f constant it bounds a systematic sample's
        variance from above wherever the number of trees is itself estimated.
    """
    part = stems[(stems["tree_fraction"] < 1.0) & stems["agb_kg"].notna()]
    covariance = np.zeros((2, len(plot_ids), epochs, epochs))
    if part.empty:
        return covariance
    share = part["tree_fraction"].to_numpy(float)
    area_ha = part["plot_id"].map(plot_area_ha).to_numpy(float)
    t_ha = np.sqrt(1.0 - share) * part["agb_kg"].to_numpy(float) / 1000.0 / share / area_ha
    tree = part.groupby(["plot_id", "tree_id"], sort=False).ngroup().to_numpy()
    by_epoch = np.zeros((int(tree.max()) + 1, epochs))
    np.add.at(by_epoch, (tree, part["epoch"].to_numpy(int)), t_ha)
    _, first = np.unique(tree, return_index=True)
    plot = pd.Index(plot_ids).get_indexer(pd.Index(part["plot_id"].iloc[first]))
    old = (part["origin"].iloc[first] == "pre_existing").to_numpy(int)
    np.add.at(covariance, (old, plot), by_epoch[:, :, None] * by_epoch[:, None, :])
    return covariance


def change_variance(covariance: Floats, before: int, after: int) -> Floats:
    """Give the variance of the change between two epochs [part, plot]."""
    variance: Floats = (
        covariance[..., before, before]
        + covariance[..., after, after]
        - 2.0 * covariance[..., before, after]
    )
    return variance
