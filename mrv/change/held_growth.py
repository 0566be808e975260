"""Growth that is not credited for now: of plots that are suspect, or that were not seen of late.

Their value stays where it was last confirmed; what they lost stays lost. What is held comes back by
itself with the next estimate, once a plot is cleared or seen again.

Source:
    methodology.md 8, step 2 (frozen at the last confirmed value) and non-response.
"""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pandas as pd

from mrv.change.drop_out import carried_change
from mrv.estimation.estimate import ChangeEstimate


def held_plots(watched: pd.DataFrame) -> list[str]:
    """Name the plots whose growth is not credited for now.

    Args:
        watched: What the watch says of each plot: plot_id, may_grow.
    """
    return [str(name) for name in watched.loc[~watched["may_grow"], "plot_id"]]


def hold_growth(estimate: ChangeEstimate, plot_ids: Collection[str]) -> ChangeEstimate:
    """Take the net growth of some plots out of an estimate, so that all its parts still add up.

    The spread of the draws stays, so that a smaller gain is relatively less certain.

    Args:
        estimate: Of `mrv.estimation.pathway.estimate_change`.
        plot_ids: Plots whose growth is held.
    """
    free = ~estimate.plots["plot_id"].isin(list(plot_ids)).to_numpy()
    if estimate.estimator == "none" or free.all():
        return estimate
    plots = estimate.plots.copy()
    net = plots["net_tco2e"].to_numpy(np.float64)
    held = net - carried_change(net, free)
    plots["net_tco2e"] = net - held
    plots["gross_tco2e"] = plots["gross_tco2e"].to_numpy(np.float64) - held
    by_stratum = {
        str(name): float(part.sum())
        for name, part in plots.assign(held=held).groupby("stratum")["held"]
    }
    return replace(
        estimate,
        plots=plots,
        strata=tuple(
            replace(s, gross_tco2e=s.gross_tco2e - by_stratum.get(s.stratum, 0.0))
            for s in estimate.strata
        ),
        gross_tco2e=estimate.gross_tco2e - held.sum(),
        net_tco2e=estimate.net_tco2e - held.sum(),
    )
