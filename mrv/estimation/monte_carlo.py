"""The biomass of measured plots, drawn many times with every error that is shared drawn once.

Here visits are matched to epochs and trees added up to plots; the errors themselves are
`mrv.biomass.tree_draws`, carbon and roots `mrv.biomass.carbon`, change per stratum `pathway.py`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.assignment import MEASURED, assign_methods, tree_biomass
from mrv.biomass.context import AllometryErrors, BiomassContext, MeasurementErrors
from mrv.biomass.heights import HeightModel
from mrv.biomass.shared_errors import Draws, SharedErrors
from mrv.biomass.stem_groups import PlotStems, pack_plots
from mrv.biomass.tree_draws import DRAWS_AT_ONCE, draw_plot
from mrv.errors import InputRejected
from mrv.estimation.within_plot import within_plot_covariance
from mrv.field.fields import SPOILT
from mrv.field.visits import match_visits, number_visits

__all__ = [
    "AllometryErrors",
    "BiomassContext",
    "BiomassDraws",
    "MeasurementErrors",
    "draw_plot_biomass",
    "plot_biomass",
]

Progress = Callable[[int, int], None]

_SPOILT_REASON = "a row of this tree at another visit was rejected, so that no change can be told"


@dataclass(frozen=True, slots=True)
class BiomassDraws:
    """Above-ground biomass of measured plots, draw by draw.

    Attributes:
        plot_ids: Plots measured at every epoch, sorted.
        epochs: Dates of the stocks.
        agb_t_ha: [draw, plot, epoch], all creditable woody trees [t d.m./ha].
        pre_existing_agb_t_ha: The same shape, the part that stands in trees from before the
            project [t d.m./ha].
        n_trees: [plot, epoch], living creditable trees that were measured.
        inclusion_probability: [plot], NaN where the inventory states none.
        plot_flags: [plot], codes of what to know about its trees, ";"-joined.
        equations: species, equation_id, n_trees, flags: which equation served which species.
        excluded: species, n_trees, reason: trees that are not credited.
        unpaired: Plots asked for that were not measured at every epoch.
        height_model: Where modelled heights came from; empty where none was needed.
        within_plot: [part, plot, epoch, epoch], covariance from trees that were left out inside
            plots, planted and pre-existing [t2/ha2]; empty where every tree was measured.
    """

    plot_ids: tuple[str, ...]
    epochs: tuple[date, ...]
    agb_t_ha: Draws
    pre_existing_agb_t_ha: Draws
    n_trees: NDArray[np.int64]
    inclusion_probability: NDArray[np.float64]
    plot_flags: tuple[str, ...]
    equations: pd.DataFrame
    excluded: pd.DataFrame
    unpaired: tuple[str, ...]
    height_model: str
    within_plot: NDArray[np.float64] = field(default_factory=lambda: np.zeros((2, 0, 0, 0)))


def draw_plot_biomass(  # what is measured, where, when, with which errors
    trees: pd.DataFrame,
    plot_area_ha: Mapping[str, float],
    epochs: Sequence[date],
    ecology: BiomassContext,
    draws: int,
    seed: int,
    progress: Progress | None = None,
) -> BiomassDraws:
    """Draw the biomass of every plot that was measured at all epochs.

    Args:
        trees: Rows of `read_inventory(...).trees`.
        plot_area_ha: Area of every plot asked for [ha]; trees of other plots are left out.
        epochs: Dates at which stock is estimated; visits within half a year stand for them.
        ecology: Region, models and sizes of errors.
        draws: How many draws.
        seed: Of all random streams.
        progress: Called with plots done and plots in all.

    Returns:
        The draws; their mean is the point value.

    Raises:
        InputRejected: If region or height model is not known, or an area is not positive.

    Source:
        Réjou-Méchain et al. 2017, doi:10.1111/2041-210X.12753, with the site effect and the
        shared wood density that it lacks (methodology 4.2).
    """
    for plot_id, area_ha in plot_area_ha.items():
        if not area_ha > 0:
            raise InputRejected(
                f"Plot {plot_id} has an area of {area_ha:g} ha; biomass per hectare needs one "
                "above zero.",
                plot_id=plot_id,
            )
    asked = trees[trees["plot_id"].isin(plot_area_ha)]
    # Where visits contradict each other the earliest counts, in whatever order the file has them.
    asked = asked.sort_values(["plot_id", "measured_on", "tree_id", "stem"], kind="stable")
    epoch = match_visits(asked, epochs, ecology.epoch_tolerance_days)
    visited = asked[epoch >= 0].assign(epoch=epoch[epoch >= 0])
    seen = visited.groupby("plot_id")["epoch"].nunique()
    plot_ids = tuple(sorted(seen.index[seen == len(epochs)]))
    asked = asked[asked["plot_id"].isin(plot_ids)]
    assignment = assign_methods(asked, ecology)
    stems = assignment.stems.join(epoch)
    stems = stems[stems["epoch"] >= 0]
    spoilt = stems["flags"].str.contains(SPOILT, regex=False)
    credited = stems[(stems["equation_id"] != "") & ~spoilt]
    packed = pack_plots(credited, plot_area_ha, epochs, ecology)
    plots = [packed.get(plot_id) for plot_id in plot_ids]
    total = np.zeros((draws, len(plot_ids), len(epochs)), np.float32)
    before = np.zeros_like(total)
    blocks = draw_in_blocks(plots, ecology, assignment.height_model, draws, seed, progress)
    for which, position, agb, pre_existing in blocks:
        total[which, position], before[which, position] = agb, pre_existing
    living = credited.drop_duplicates(["plot_id", "tree_id", "epoch"])
    n_trees = np.zeros((len(plot_ids), len(epochs)), np.int64)
    np.add.at(n_trees, (pd.Index(plot_ids).get_indexer(living["plot_id"]), living["epoch"]), 1)
    probability = asked.groupby("plot_id")["inclusion_probability"].first()
    modelled = credited["height_source"].isin(["", MEASURED])
    model = assignment.height_model
    return BiomassDraws(
        plot_ids=plot_ids,
        epochs=tuple(epochs),
        agb_t_ha=total,
        pre_existing_agb_t_ha=before,
        n_trees=n_trees,
        inclusion_probability=probability.reindex(plot_ids).to_numpy(float),
        plot_flags=_plot_flags(stems, plot_ids),
        equations=_equations_used(credited),
        excluded=_excluded(stems, spoilt),
        unpaired=tuple(sorted(set(plot_area_ha) - set(plot_ids))),
        height_model=model.source if model is not None and not modelled.all() else "",
        within_plot=_within_plot(asked, credited, epoch, plot_ids, plot_area_ha, ecology, epochs),
    )


def draw_in_blocks(  # the same, for callers who keep no draw of single plots
    plots: Sequence[PlotStems | None],
    ecology: BiomassContext,
    height_model: HeightModel | None,
    draws: int,
    seed: int,
    progress: Progress | None = None,
) -> Iterator[tuple[slice, int, Draws, Draws]]:
    """Draw plots block by block of draws; memory depends on neither how many draws nor plots.

    Args:
        plots: Their stems; None for a plot without any, which is passed over.
        ecology: Region, models and sizes of errors.
        height_model: Behind modelled heights; None where there is none.
        draws: How many draws.
        seed: Of all random streams.
        progress: Called with what is done and what is to do, in plots times blocks.

    Yields:
        Which draws, the plot's position, and two arrays [draw, epoch]: all trees, and those from
        before the project [t d.m./ha].
    """
    starts = range(0, draws, DRAWS_AT_ONCE)
    for block, first in enumerate(starts):
        size = min(DRAWS_AT_ONCE, draws - first)
        shared = SharedErrors(ecology, height_model, size, seed, block)
        for position, plot in enumerate(plots):
            if plot is not None:
                yield slice(first, first + size), position, *draw_plot(plot, shared)
            if progress is not None:
                progress(block * len(plots) + position + 1, len(starts) * len(plots))


def plot_biomass(
    trees: pd.DataFrame,
    plot_area_ha: Mapping[str, float],
    ecology: BiomassContext,
    *,
    draws: int = 2000,
    seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Give the biomass of each plot at its last visit, with a 90 % interval.

    Args:
        trees: Rows of `read_inventory(...).trees`.
        plot_area_ha: Area of each plot [ha].
        ecology: Region, models and sizes of errors.
        draws: How many draws.
        seed: Of all random streams.
        progress: Called with plots done and plots in all.

    Returns:
        One row per measured plot: plot_id, measured_on, n_trees, agb_t_ha, q05_t_ha, q95_t_ha,
        flags.

    Raises:
        InputRejected: If region or height model is not known, or an area is not positive.
    """
    visit = number_visits(trees)
    last = trees[visit == visit.groupby(trees["plot_id"]).transform("max")]
    when = last.groupby("plot_id")["measured_on"].min()
    # One date for all, so that plots visited in different years stand side by side.
    day = when.max() if len(when) else pd.Timestamp("1970-01-01")
    drawn = draw_plot_biomass(
        last.assign(measured_on=day), plot_area_ha, [day.date()], ecology, draws, seed, progress
    )
    agb = drawn.agb_t_ha[:, :, 0]
    low, high = np.quantile(agb, [0.05, 0.95], axis=0) if agb.size else np.zeros((2, 0))
    return pd.DataFrame(
        {
            "plot_id": drawn.plot_ids,
            "measured_on": [when[p].date() for p in drawn.plot_ids],
            "n_trees": drawn.n_trees[:, 0],
            "agb_t_ha": agb.mean(axis=0, dtype=np.float64),
            "q05_t_ha": low,
            "q95_t_ha": high,
            "flags": drawn.plot_flags,
        }
    )


def _within_plot(
    asked: pd.DataFrame,
    credited: pd.DataFrame,
    epoch: "pd.Series[int]",
    plot_ids: Sequence[str],
    plot_area_ha: Mapping[str, float],
    ecology: BiomassContext,
    epochs: Sequence[date],
) -> NDArray[np.float64]:
    if not (credited["tree_fraction"] < 1.0).any():
        return np.zeros((2, 0, 0, 0))
    stems = tree_biomass(asked, ecology).join(epoch)
    stems = stems.loc[stems.index.isin(credited.index)]
    return within_plot_covariance(stems, plot_ids, plot_area_ha, len(epochs))


def _plot_flags(stems: pd.DataFrame, plot_ids: Sequence[str]) -> tuple[str, ...]:
    said: dict[str, set[str]] = {plot_id: set() for plot_id in plot_ids}
    columns = ["plot_id", "flags", "method_flags"]
    for plot_id, flags, method in stems[columns].drop_duplicates().itertuples(index=False):
        said[plot_id].update(f"{flags};{method}".split(";"))
    return tuple(";".join(sorted(said[plot_id] - {""})) for plot_id in plot_ids)


def _equations_used(credited: pd.DataFrame) -> pd.DataFrame:
    by = ["species", "equation_id"]
    once = credited.drop_duplicates(["plot_id", "tree_id"]).fillna({"species": ""})
    return once.groupby(by, as_index=False).agg(
        n_trees=("tree_id", "size"),
        flags=("method_flags", lambda f: ";".join(sorted(set(";".join(f).split(";")) - {""}))),
    )


def _excluded(stems: pd.DataFrame, spoilt: pd.Series) -> pd.DataFrame:
    left_out = stems[(stems["equation_id"] == "") | spoilt]
    left_out = left_out.drop_duplicates(["plot_id", "tree_id"]).fillna({"species": ""})
    reason = left_out["reason"].where(left_out["equation_id"] == "", _SPOILT_REASON)
    counted = left_out.assign(reason=reason).groupby(["species", "reason"], as_index=False)
    return counted.agg(n_trees=("tree_id", "size"))[["species", "n_trees", "reason"]]
