"""Growth of the plots that were measured at both epochs, lined up with the plots table.

The same plots and the same draws at both dates: errors that the dates share scale the change
instead of adding to it. Drawing the biomass is `monte_carlo.py`.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from mrv.estimation.greg import Floats, Ints
from mrv.estimation.monte_carlo import BiomassDraws
from mrv.estimation.within_plot import change_variance


@dataclass(frozen=True, slots=True, eq=False)
class PairedGrowth:
    """Draws of growth on measured plots.

    Attributes:
        rows: Positions of the measured plots in the plots table [sample].
        total_t_ha: Change of above-ground biomass [draw, sample], t d.m./ha.
        pre_existing_t_ha: The part in trees that stood there before [draw, sample], t d.m./ha.
        inclusion_probability: As recorded; NaN where it was not [sample].
        within_plot: Variance of the change because trees inside plots were left out [part, sample],
            of planted and of pre-existing trees [t2/ha2].
    """

    rows: Ints
    total_t_ha: Floats
    pre_existing_t_ha: Floats
    inclusion_probability: Floats
    within_plot: Floats

    @property
    def additional_t_ha(self) -> Floats:
        """Change in trees that are not pre-existing [draw, sample], t d.m./ha."""
        return self.total_t_ha - self.pre_existing_t_ha


def paired_growth(
    biomass: BiomassDraws, plots: pd.DataFrame, start: date, end: date
) -> PairedGrowth:
    """Take the change between two epochs for those plots of a table that were measured.

    Raises:
        ValueError: If the draws lack one of the epochs.
    """
    missing = [str(epoch) for epoch in (start, end) if epoch not in biomass.epochs]
    if missing:
        raise ValueError(f"no biomass was drawn for {' and '.join(missing)}")
    before, after = biomass.epochs.index(start), biomass.epochs.index(end)
    column = {plot_id: j for j, plot_id in enumerate(biomass.plot_ids)}
    rows = np.array([i for i, p in enumerate(plots["plot_id"]) if p in column], dtype=np.int64)
    columns = [column[p] for p in plots["plot_id"].iloc[rows]]
    within_plot = np.zeros((2, len(rows)))
    if biomass.within_plot.size:
        within_plot = change_variance(biomass.within_plot, before, after)[:, columns]
    return PairedGrowth(
        rows=rows,
        total_t_ha=_change(biomass.agb_t_ha, columns, before, after),
        pre_existing_t_ha=_change(biomass.pre_existing_agb_t_ha, columns, before, after),
        inclusion_probability=np.asarray(biomass.inclusion_probability, np.float64)[columns],
        within_plot=within_plot,
    )


def _change(
    agb_t_ha: np.ndarray[tuple[int, int, int], np.dtype[np.float32]],
    columns: list[int],
    before: int,
    after: int,
) -> Floats:
    stock = agb_t_ha[:, columns, :].astype(np.float64)
    change: Floats = stock[:, :, after] - stock[:, :, before]
    return change
