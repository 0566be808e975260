"""The stems of measured plots, sorted into groups that are computed alike.

Which tree gets which equation is `assignment.py`; how a group is drawn is `tree_draws.py`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.allometry import BREAST_HEIGHT_M, EQUATIONS, Equation
from mrv.biomass.assignment import MEASURED
from mrv.biomass.context import BiomassContext

_KEY = (
    "plot_id",
    "equation_id",
    "density_taxon",
    "height_source",
    "proxy_species",
    "height_taxon",
    "tree_id",
    "stem",
)
_GROUPED = 6  # so many of them make a group of stems that are computed alike
_VALUES = (
    "epoch",
    "dbh_cm",
    "height_m",
    "tree_fraction",
    "subplot_ha",
    "density_g_cm3",
    "density_sd_g_cm3",
    "origin",
)


@dataclass(frozen=True, slots=True)
class StemGroup:
    """Stems of one plot that are computed alike; arrays are [stem] or [stem, epoch].

    Attributes:
        equation: That all of them use.
        density: Taxon, mean and SD of the wood density [g cm-3].
        modelled_height: Whether their heights come from the height model.
        proxy_species: Species for which another stands in; empty if none does.
        height_taxon: Species whose modelled height they get; empty if all have the same.
        tree: Number of the tree that a stem belongs to, from 0, rising.
        dbh_cm: Diameter [cm]; 1 where the stem was not measured.
        height_m: Measured height [m]; 1.3 where it was not measured.
        t_ha_per_kg: What a kilogram on the stem is in the plot [t/ha]; 0 where not measured.
        pre_existing: Whether the tree stood before the project.
    """

    equation: Equation
    density: tuple[str, float, float]
    modelled_height: bool
    proxy_species: str
    height_taxon: str
    tree: NDArray[np.int64]
    dbh_cm: NDArray[np.float64]
    height_m: NDArray[np.float64]
    t_ha_per_kg: NDArray[np.float64]
    pre_existing: NDArray[np.bool_]

    def cut(self, most: int) -> Iterator["StemGroup"]:
        """Cut into groups of whole trees with at most so many stems, if a tree allows it."""
        ends = np.append(np.flatnonzero(np.diff(self.tree)) + 1, len(self.tree))
        begin = 0
        while begin < len(self.tree):
            fitting = ends[(ends > begin) & (ends <= begin + most)]
            end = int(fitting[-1] if len(fitting) else ends[ends > begin][0])
            part = slice(begin, end)
            yield replace(
                self,
                tree=self.tree[part] - self.tree[begin],
                dbh_cm=self.dbh_cm[part],
                height_m=self.height_m[part],
                t_ha_per_kg=self.t_ha_per_kg[part],
                pre_existing=self.pre_existing[part],
            )
            begin = end


@dataclass(frozen=True, slots=True)
class PlotStems:
    """The creditable stems of one plot at all epochs.

    Attributes:
        plot_id: Of the plot.
        ecoregion: Whose site effects it shares.
        epochs: Dates of the stocks.
        groups: Stems that are computed alike.
    """

    plot_id: str
    ecoregion: str
    epochs: tuple[date, ...]
    groups: tuple[StemGroup, ...]


def pack_plots(
    rows: pd.DataFrame,
    plot_area_ha: Mapping[str, float],
    epochs: Sequence[date],
    context: BiomassContext,
) -> dict[str, PlotStems]:
    """Sort the stems of all plots into groups that are computed alike.

    Args:
        rows: Credited rows of `assign_methods` with `epoch`, a position in `epochs`.
        plot_area_ha: Area of each plot [ha].
        epochs: Dates of the stocks.
        context: Tells the ecoregion of each plot.

    Returns:
        The plots that have such stems, by plot id.
    """
    species = rows["species"].fillna("").replace("", "unknown")
    circle = rows.get("subplot_ha", np.nan)
    rows = rows.assign(proxy_species=np.where(rows["proxy"], species, ""), subplot_ha=circle)
    # Sorted codes and whole arrays: a thousand small tables would take longer than the draws.
    codes = np.stack([pd.factorize(rows[column], sort=True)[0] for column in _KEY])
    order = np.lexsort(codes[::-1])
    codes = codes[:, order]
    column = {name: rows[name].to_numpy()[order] for name in {*_KEY, *_VALUES}}
    packed: dict[str, list[StemGroup]] = {}
    for start, end in pairwise(_starts(codes[:_GROUPED])):
        part = slice(start, end)
        tree, stem = (
            np.searchsorted(_starts(codes[:depth, part]), np.arange(end - start), side="right") - 1
            for depth in (len(_KEY) - 1, len(_KEY))
        )
        first = _starts(codes[:, part])[:-1]
        plot_id, equation_id, taxon, source, proxy, height_taxon = (
            str(column[name][start]) for name in _KEY[:_GROUPED]
        )
        shape = (len(first), len(epochs))
        d, h, weight = np.ones(shape), np.full(shape, BREAST_HEIGHT_M), np.zeros(shape)
        at = (stem, column["epoch"][part].astype(int))
        height = column["height_m"][part].astype(float)
        d[at] = column["dbh_cm"][part]
        h[at] = np.where(np.isnan(height), BREAST_HEIGHT_M, height)
        share_ha = column["tree_fraction"][part].astype(float) * plot_area_ha[plot_id]
        # A circle that is larger than its plot holds the plot.
        circle_ha = column["subplot_ha"][part].astype(float)
        weight[at] = 1e-3 / np.fmin(circle_ha, share_ha)
        mean, sd = (float(column[f"density_{name}"][start]) for name in ("g_cm3", "sd_g_cm3"))
        packed.setdefault(plot_id, []).append(
            StemGroup(
                equation=EQUATIONS[equation_id],
                density=(taxon, mean, sd),
                modelled_height=source not in {"", MEASURED},
                proxy_species=proxy,
                height_taxon=height_taxon,
                tree=tree[first],
                dbh_cm=d,
                height_m=h,
                t_ha_per_kg=weight,
                pre_existing=column["origin"][part][first] == "pre_existing",
            )
        )
    elsewhere = context.plot_ecoregions
    return {
        plot_id: PlotStems(
            plot_id, elsewhere.get(plot_id, context.ecoregion), tuple(epochs), tuple(groups)
        )
        for plot_id, groups in packed.items()
    }


def _starts(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find where sorted columns of codes change, with the end."""
    n = codes.shape[1]
    changes = np.flatnonzero((np.diff(codes, axis=1) != 0).any(axis=0)) + 1
    return np.unique(np.concatenate([[0], changes, [n]])).astype(np.int64)
