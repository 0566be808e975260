"""The errors of trees, draw by draw: what is shared, what belongs to a tree, what to a measurement.

All multiplicative errors have mean one, so that draws scatter about the point value. Which tree
gets which equation is `assignment.py`; plots and epochs are put together in
`mrv.estimation.monte_carlo`.

Every component has a random stream of its own, keyed by its name: a tree's draws do not depend on
which other plots are there, nor on how the work is cut into blocks.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.biomass.allometry import EQUATIONS, Equation
from mrv.biomass.assignment import MEASURED, ln_agb_kg
from mrv.biomass.context import BiomassContext
from mrv.biomass.heights import HeightModel, height_m
from mrv.biomass.selection import GENERIC_WITH_HEIGHT
from mrv.biomass.wood_density import LIMITS_G_CM3

Draws = NDArray[np.float32]

# Posterior of Chave et al. 2014 eq. 4 in BIOMASS (1,001 draws): SD of intercept and slope of
# ln(AGB) on ln(WD D^2 H), and their correlation; doi:10.1111/2041-210X.12753 [V].
_EQ4_COVARIANCE = (
    (0.021475**2, -0.96455 * 0.021475 * 0.002747),
    (-0.96455 * 0.021475 * 0.002747, 0.002747**2),
)
# Trees behind an equation whose number is not known [P]: few, so that its coefficients stay vague.
_TREES_UNKNOWN = 20
# BIOMASS truncates drawn diameters [cm] and heights [m above the measured one] here [V].
_DBH_LIMITS_CM = (0.1, 500.0)
_HEIGHT_ABOVE_M = 15.0
_BREAST_HEIGHT_M = 1.3
_BLOCK_NUMBERS = 200_000  # numbers held at a time: what fits a processor's cache
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
    "density_g_cm3",
    "density_sd_g_cm3",
    "origin",
)


def stream(seed: int, component: str) -> np.random.Generator:
    """Open the random stream of one component of the error, by its name."""
    digest = hashlib.sha256(component.encode()).digest()[:16]
    key = tuple(int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4))
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))


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
    rows = rows.assign(proxy_species=np.where(rows["proxy"], species, ""))
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
        d, h, weight = np.ones(shape), np.full(shape, _BREAST_HEIGHT_M), np.zeros(shape)
        at = (stem, column["epoch"][part].astype(int))
        height = column["height_m"][part].astype(float)
        d[at] = column["dbh_cm"][part]
        h[at] = np.where(np.isnan(height), _BREAST_HEIGHT_M, height)
        weight[at] = 1e-3 / (column["tree_fraction"][part].astype(float) * plot_area_ha[plot_id])
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


class SharedErrors:
    """The errors that all trees of a draw share, each drawn once, when first asked for."""

    def __init__(
        self, context: BiomassContext, height_model: HeightModel | None, draws: int, seed: int
    ) -> None:
        self.context = context
        self.height_model = height_model
        self.draws = draws
        self.seed = seed
        self._drawn: dict[str, Draws] = {}

    def normal(self, component: str) -> Draws:
        """Give a component's standard normal draws, the same ones whenever asked."""
        if component not in self._drawn:
            rng = stream(self.seed, component)
            self._drawn[component] = rng.standard_normal(self.draws, dtype=np.float32)
        return self._drawn[component]

    def ln_factor(self, component: str, sd_ln: float) -> Draws:
        """Give the logarithm of a lognormal factor of mean one."""
        return np.asarray(self.normal(component) * np.float32(sd_ln) - np.float32(sd_ln**2 / 2))

    def ln_density(self, taxon: str, mean: float, sd: float) -> Draws:
        """Give the logarithm of a taxon's wood density [ln g cm-3]."""
        drawn = np.float32(mean) + self.normal(f"wood_density/{taxon}") * np.float32(sd)
        return np.asarray(np.log(np.clip(drawn, *LIMITS_G_CM3)))

    def line(self, equation: Equation, ecoregion: str, proxy_species: str) -> tuple[Draws, Draws]:
        """Give slope and offset that turn an equation's ln(biomass) into a drawn one."""
        errors = self.context.allometry
        offset: Draws = self.ln_factor(f"site/{ecoregion}/{equation.id}", errors.site_sd_ln)
        slope: Draws = np.ones(self.draws, np.float32)
        if proxy_species:
            offset = offset + self.ln_factor(f"proxy/{proxy_species}", errors.proxy_sd_ln)
        if errors.parameters and equation.id == GENERIC_WITH_HEIGHT:
            (term,) = equation.terms
            root = np.linalg.cholesky(np.array(_EQ4_COVARIANCE)).astype(np.float32)
            z = [self.normal(f"parameters/{equation.id}/{i}") for i in (0, 1)]
            intercept = root[0, 0] * z[0]
            tilt = (root[1, 0] * z[0] + root[1, 1] * z[1]) / np.float32(term.h)
            slope = 1 + tilt
            offset = offset + intercept - tilt * np.float32(term.ln_scale)
        elif errors.parameters:
            sd = self.residual_sd_ln(equation) / np.sqrt(equation.n_trees or _TREES_UNKNOWN)
            offset = offset + self.ln_factor(f"parameters/{equation.id}", float(sd))
        return np.asarray(slope, np.float32), np.asarray(offset, np.float32)

    def residual_sd_ln(self, equation: Equation) -> float:
        """Give the SD of ln(biomass) of single trees about an equation [1]."""
        within = self.context.allometry.within_site_sd_ln
        if equation.id == GENERIC_WITH_HEIGHT or equation.residual_sd_ln is None:
            return within
        return equation.residual_sd_ln

    def ln_height(self, ln_d: Draws, ecoregion: str, species: str) -> Draws:
        """Give the logarithm of the modelled mean height of drawn diameters [ln m]."""
        model = cast("HeightModel", self.height_model)
        name = f"height_model/{model.id}/{ecoregion}"
        site = self.ln_factor(name, model.site_sd_ln)
        if model.form == "weibull":
            a, b, c = (np.float32(v) for v in model.coefficients)
            return np.asarray(np.log(-a * np.expm1(-b * np.exp(c * ln_d))) + site)
        degree = len(model.coefficients) - 1
        fitted = np.asarray(model.coefficients, np.float32)
        coefficients = np.tile(fitted, (self.draws, 1))
        if model.covariance:
            root = np.linalg.cholesky(np.reshape(model.covariance, (degree + 1, degree + 1)))
            z = np.stack([self.normal(f"{name}/{i}") for i in range(degree + 1)], axis=1)
            error = z @ root.T.astype(np.float32)
            coefficients = coefficients + error
            if departs := model.departure(species):
                site = site + self.ln_factor(f"{name}/{species}", departs.sd_ln)
                site += np.float32(departs.departure_ln)
                site -= error @ np.asarray(departs.known_at, np.float32)
        value = coefficients[:, degree] * np.ones_like(ln_d)
        for power in range(degree - 1, -1, -1):
            value = value * ln_d + coefficients[:, power]
        return np.asarray(value + np.float32(0.5 * model.tree_sd_ln**2) + site)


def draw_plot(plot: PlotStems, shared: SharedErrors) -> tuple[Draws, Draws]:
    """Draw the biomass of one plot.

    Args:
        plot: Its stems.
        shared: Errors shared with other plots, and the number of draws.

    Returns:
        Two arrays [draw, epoch]: all trees, and those from before the project [t d.m./ha].
    """
    total = np.zeros((2, len(plot.epochs), shared.draws))
    streams = _PlotStreams(plot, shared.seed)
    for group in plot.groups:
        slope, offset = shared.line(group.equation, plot.ecoregion, group.proxy_species)
        ln_density = shared.ln_density(*group.density)
        sd = shared.residual_sd_ln(group.equation)
        for block in group.cut(max(1, _BLOCK_NUMBERS // shared.draws)):
            # A tree's stems share its residual, at every epoch.
            size = (int(block.tree[-1]) + 1, shared.draws)
            own = streams.residual.standard_normal(size, np.float32)
            own *= np.float32(sd)
            own += offset - np.float32(sd**2 / 2)
            own = own[block.tree] if size[0] < len(block.tree) else own
            own_height = None
            if block.modelled_height:
                own_height = streams.own_height.standard_normal(size, np.float32)[block.tree]
            for epoch in range(len(plot.epochs)):
                d = _drawn_diameters(block, epoch, streams, shared)
                ln_d = np.log(d, out=d)
                ln_h: Draws | float = 0.0
                if own_height is not None:
                    ln_h = _modelled_ln_heights(block, epoch, ln_d, own_height, shared, plot)
                elif block.equation.takes_height:
                    ln_h = _measured_ln_heights(block, epoch, streams, shared)
                ln, taper = ln_agb_kg(block.equation, ln_d, ln_h, ln_density, shared.context)
                ln = ln * slope + own + taper
                agb = np.exp(ln, out=ln)
                agb *= block.t_ha_per_kg[:, epoch, None].astype(np.float32)
                total[0, epoch] += agb.sum(axis=0)
                total[1, epoch] += agb[block.pre_existing].sum(axis=0)
    drawn = total.astype(np.float32)
    return drawn[0].T, drawn[1].T


class _PlotStreams:
    """The random streams of one plot's trees."""

    def __init__(self, plot: PlotStems, seed: int) -> None:
        self.residual = stream(seed, f"residual/{plot.plot_id}")
        self.own_height = stream(seed, f"tree_height/{plot.plot_id}")
        visits = [f"{plot.plot_id}/{day.isoformat()}" for day in plot.epochs]
        self.diameter = [stream(seed, f"diameter/{v}") for v in visits]
        self.gross = [stream(seed, f"diameter_gross/{v}") for v in visits]
        self.height = [stream(seed, f"height/{v}") for v in visits]


def _drawn_diameters(
    block: StemGroup, epoch: int, streams: _PlotStreams, shared: SharedErrors
) -> Draws:
    errors = shared.context.errors
    d = block.dbh_cm[:, epoch].astype(np.float32)[:, None]
    size = (len(d), shared.draws)
    sd = np.float32(errors.diameter_proportional) * d + np.float32(errors.diameter_constant_cm)
    z = streams.diameter[epoch].standard_normal(size, np.float32)
    if errors.diameter_gross_share > 0:
        gross = streams.gross[epoch].random(size, np.float32) < errors.diameter_gross_share
        cap = np.float32(errors.diameter_gross_cap) * d
        z *= np.where(gross, np.minimum(np.float32(errors.diameter_gross_sd_cm), cap), sd)
    else:
        z *= sd
    z += d
    return np.clip(z, *_DBH_LIMITS_CM, out=z)


def _modelled_ln_heights(
    block: StemGroup,
    epoch: int,
    ln_d: Draws,
    own_height: Draws,
    shared: SharedErrors,
    plot: PlotStems,
) -> Draws:
    # A tall tree stays tall: its departure from the model is the same at every epoch.
    model = cast("HeightModel", shared.height_model)
    low = cast("tuple[float, float]", block.equation.dbh_cm)[0]
    point = height_m(model, np.maximum(block.dbh_cm[:, epoch], low))
    sd = model.sd_ln(point).astype(np.float32)[:, None]
    held = np.maximum(ln_d, np.float32(np.log(low)))
    ln = shared.ln_height(held, plot.ecoregion, block.height_taxon)
    ln += own_height * sd - sd**2 / 2
    return np.maximum(ln, np.float32(np.log(_BREAST_HEIGHT_M)), out=ln)


def _measured_ln_heights(
    block: StemGroup, epoch: int, streams: _PlotStreams, shared: SharedErrors
) -> Draws:
    errors = shared.context.errors
    h = block.height_m[:, epoch].astype(np.float32)[:, None]
    z = streams.height[epoch].standard_normal((len(h), shared.draws), np.float32)
    z *= np.float32(errors.height_proportional) * h + np.float32(errors.height_constant_m)
    z += h
    lowest = np.minimum(h, np.float32(_BREAST_HEIGHT_M))
    np.clip(z, lowest, h + np.float32(_HEIGHT_ABOVE_M), out=z)
    return np.log(z, out=z)
