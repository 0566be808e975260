"""The biomass of one plot, draw by draw, with the errors of its trees and of their measurement.

All multiplicative errors have mean one, so that draws scatter about the point value. What trees
share is `shared_errors.py`, their groups `stem_groups.py`; plots and epochs are put together in
`mrv.estimation.monte_carlo`.

Errors that belong to one stem and visit alone, of its diameter and of its height, are small beside
the tree's residual, and ln(biomass) is all but straight across them: they are drawn as one normal
number. Where that does not hold (gross errors, thin stems, the ends of an equation's range) they
are drawn one by one and put through the equation. What is shared, by trees, stems or visits, is
never merged with what is not.
"""

from dataclasses import dataclass
from typing import Any, cast

import numba
import numpy as np
from numpy.typing import NDArray

from mrv.biomass.allometry import BREAST_HEIGHT_M
from mrv.biomass.assignment import ln_agb_kg
from mrv.biomass.heights import HeightModel, height_m
from mrv.biomass.random_streams import NormalStream, RareEvents
from mrv.biomass.shared_errors import ALL, Draws, SharedErrors, Which
from mrv.biomass.stem_groups import PlotStems, StemGroup

DRAWS_AT_ONCE = 5_000
"""Draws of a block; part of what a seed means, so that memory stays flat however many there are."""

# BIOMASS truncates drawn diameters [cm] and heights [m above the measured one] here [V].
_DBH_LIMITS_CM = (0.1, 500.0)
_HEIGHT_ABOVE_M = 15.0
_BLOCK_NUMBERS = 200_000  # numbers held at a time: what fits a processor's cache
# A normal error turns lognormal without being noticed below this share of what is measured [P].
_MERGED_BELOW = 0.15
_REACH_SD = 4.0  # how far a kink or a truncation must be away for two errors to be merged [P]

_Mask = NDArray[np.bool_]
_Own = tuple[Draws, np.float32, Draws]


def draw_plot(plot: PlotStems, shared: SharedErrors) -> tuple[Draws, Draws]:
    """Draw the biomass of one plot.

    Args:
        plot: Its stems.
        shared: Errors shared with other plots, for one block of draws.

    Returns:
        Two arrays [draw, epoch]: all trees, and those from before the project [t d.m./ha].
    """
    total = np.zeros((2, len(plot.epochs), shared.draws))
    streams = _PlotStreams(plot, shared)
    for group in plot.groups:
        sd = shared.residual_sd_ln(group.equation)
        sd2_half = np.float32(sd**2 / 2)
        context = _GroupErrors(group, plot, shared)
        for block in group.cut(max(1, _BLOCK_NUMBERS // shared.draws)):
            # A tree's stems share its residual, at every epoch.
            size = (int(block.tree[-1]) + 1, shared.draws)
            own = streams.residual.normal(size), np.float32(sd), context.offset - sd2_half
            own_height = None
            if block.modelled_height:
                own_height = streams.own_height.normal(size)[block.tree]
            for epoch, visit in enumerate(streams.visits):
                ln = _ln_agb(_Stems(block, epoch, own_height, context), visit, own)
                agb = np.exp(ln, out=ln)
                weight = block.t_ha_per_kg[:, epoch].copy()
                _add_up(agb, weight, total[0, epoch])
                if block.pre_existing.any():
                    _add_up(agb, weight * block.pre_existing, total[1, epoch])
    drawn = total.astype(np.float32)
    return drawn[0].T, drawn[1].T


@numba.njit(nogil=True, cache=True)
def _scatter(z: Any, point: Any, about: Any, slope: Any, own: Any, tree: Any) -> None:  # noqa: ANN401  (compiled)
    """Turn normal numbers [stem, draw] into ln(biomass), in one pass over many numbers."""
    centre, sd = about
    numbers, sd_own, offset = own
    for stem in range(z.shape[0]):
        of_tree = numbers[tree[stem]]
        for draw in range(z.shape[1]):
            ln = z[stem, draw] * sd[stem] + (point[stem, draw] + centre[stem])
            z[stem, draw] = ln * slope[draw] + (of_tree[draw] * sd_own + offset[draw])


@numba.njit(nogil=True, cache=True)
def _add_up(agb: Any, weight: Any, total: Any) -> None:  # noqa: ANN401  (compiled)
    """Add weighted stems [stem, draw] to a total [draw], always in the order of stems."""
    for stem in range(agb.shape[0]):
        if weight[stem] != 0.0:
            for draw in range(agb.shape[1]):
                total[draw] += agb[stem, draw] * weight[stem]


class _VisitStreams:
    """The random streams of one visit to a plot, for one block of draws."""

    def __init__(self, visit: str, shared: SharedErrors) -> None:
        seed, block = shared.seed, shared.block
        share = shared.context.errors.diameter_gross_share
        self.merged = NormalStream(seed, f"measurement/{visit}", block)
        self.apart = NormalStream(seed, f"measurement_apart/{visit}", block)
        self.gross = RareEvents(seed, f"diameter_gross/{visit}", block, share)


class _PlotStreams:
    """The random streams of one plot's trees, for one block of draws."""

    def __init__(self, plot: PlotStems, shared: SharedErrors) -> None:
        name, seed, block = plot.plot_id, shared.seed, shared.block
        self.residual = NormalStream(seed, f"residual/{name}", block)
        self.own_height = NormalStream(seed, f"tree_height/{name}", block)
        self.visits = [_VisitStreams(f"{name}/{day.isoformat()}", shared) for day in plot.epochs]


class _GroupErrors:
    """What the stems of a group share in a block of draws."""

    def __init__(self, group: StemGroup, plot: PlotStems, shared: SharedErrors) -> None:
        self.group = group
        self.shared = shared
        self.ecoregion = plot.ecoregion
        self.slope, self.offset = shared.line(group.equation, plot.ecoregion, group.proxy_species)
        self.ln_density = shared.ln_density(*group.density)

    def ln_agb(self, ln_d: Draws, ln_h: Draws | float, at: Which = ALL) -> Draws:
        """Give ln(biomass) before slope and residual, for the draws that the last axis is."""
        ln, taper = ln_agb_kg(
            self.group.equation, ln_d, ln_h, self.ln_density[at], self.shared.context
        )
        if not np.any(taper):
            return np.asarray(ln, np.float32)
        return np.asarray(ln + taper / self.slope[at], np.float32)  # no slope tilts the taper

    def ln_height(self, ln_d: Draws, own: Draws, sd: Draws, at: Which = ALL) -> Draws:
        """Give modelled ln(height); a tall tree stays tall: its departure is the same always."""
        held = np.maximum(ln_d, np.float32(np.log(_lowest_cm(self.group))))
        mean = self.shared.ln_height(held, self.ecoregion, self.group.height_taxon, at)
        drawn = mean + (own * sd - sd**2 / 2)
        return np.maximum(drawn, np.float32(np.log(BREAST_HEIGHT_M)))


@dataclass(frozen=True, slots=True)
class _Stems:
    """Stems of a group at one epoch.

    Attributes:
        block: The group, or a part of it.
        epoch: Position of the visit.
        own_height: How far each tree is from its modelled height [stem, draw]; else None.
        errors: Shared by the group.
    """

    block: StemGroup
    epoch: int
    own_height: Draws | None
    errors: _GroupErrors

    @property
    def dbh_cm(self) -> NDArray[np.float64]:
        return self.block.dbh_cm[:, self.epoch]

    @property
    def height_m(self) -> NDArray[np.float64]:
        return self.block.height_m[:, self.epoch]

    @property
    def sd_dbh_cm(self) -> NDArray[np.float64]:
        errors = self.errors.shared.context.errors
        return errors.diameter_proportional * self.dbh_cm + errors.diameter_constant_cm

    @property
    def sd_gross_cm(self) -> NDArray[np.float64]:
        errors = self.errors.shared.context.errors
        return np.minimum(errors.diameter_gross_sd_cm, errors.diameter_gross_cap * self.dbh_cm)

    @property
    def sd_height_m(self) -> NDArray[np.float64]:
        errors = self.errors.shared.context.errors
        return errors.height_proportional * self.height_m + errors.height_constant_m

    @property
    def takes_measured_height(self) -> bool:
        return self.own_height is None and self.block.equation.takes_height

    def sd_ln_height(self) -> Draws:
        """Give the SD of modelled ln(height) of single trees about the model [stem]."""
        model = cast("HeightModel", self.errors.shared.height_model)
        point = height_m(model, np.maximum(self.dbh_cm, _lowest_cm(self.block)))
        return model.sd_ln(point).astype(np.float32)


def _ln_agb(stems: _Stems, visit: _VisitStreams, own: _Own) -> Draws:
    """Draw ln(biomass) of stems at a visit [stem, draw].

    Args:
        stems: Which.
        visit: Its streams.
        own: What is each tree's own at all visits: normal numbers [tree, draw], their SD, and what
            the group adds to it [draw].
    """
    shape = (len(stems.dbh_cm), stems.errors.shared.draws)
    centre, sd, merges = _merged(stems)
    tree, slope = stems.block.tree, stems.errors.slope
    ln = visit.merged.normal(shape)
    point = np.ascontiguousarray(np.broadcast_to(_at_point(stems), shape))
    _scatter(ln, point, (centre.astype(np.float32), sd.astype(np.float32)), slope, own, tree)
    gross = visit.gross.among(ln.size)
    where, is_gross = gross, np.ones(len(gross), bool)
    merges |= stems.block.t_ha_per_kg[:, stems.epoch] == 0
    if not merges.all():
        apart, far_off = np.zeros(shape, bool), np.zeros(ln.size, bool)
        far_off[gross] = True
        apart[~merges] = True
        where = np.flatnonzero(apart.ravel() | far_off)
        is_gross = far_off[where]
    if len(where):
        stem = where // shape[1]  # numpy divides by one number much faster than it takes divmod
        at = where - stem * shape[1]
        numbers, sd_own, offset = own
        told = _one_by_one(stems, visit, (stem, at), is_gross)
        of_tree = numbers[tree[stem], at] * sd_own + offset[at]
        ln.reshape(-1)[where] = told * slope[at] + of_tree
    return ln


def _at_point(stems: _Stems) -> Draws:
    """Give ln(biomass) of the sizes as measured, with the errors that are shared."""
    ln_d = np.log(stems.dbh_cm).astype(np.float32)[:, None]
    ln_h: Draws | float = 0.0
    if stems.own_height is not None:
        ln_h = stems.errors.ln_height(ln_d, stems.own_height, stems.sd_ln_height()[:, None])
    elif stems.takes_measured_height:
        ln_h = np.log(stems.height_m).astype(np.float32)[:, None]
    return stems.errors.ln_agb(ln_d, ln_h)


def _merged(stems: _Stems) -> tuple[NDArray[np.float64], NDArray[np.float64], _Mask]:
    """Merge the errors of diameter and height into one normal error of ln(biomass).

    Returns:
        Three arrays [stem]: its mean, its SD, and whether it may stand for the two.

    Source:
        ln(x + e) = ln x + u - u^2 / 2 + ..., with u = e / x; independent normals add up.
    """
    d, sd_d, h, sd_h = stems.dbh_cm, stems.sd_dbh_cm, stems.height_m, stems.sd_height_m
    low, high = cast("tuple[float, float]", stems.block.equation.dbh_cm)
    kinks = (low, high * stems.errors.shared.context.allometry.extrapolation_factor)
    merges = sd_d < _MERGED_BELOW * d
    for kink in (*_DBH_LIMITS_CM, *kinks):
        merges &= np.abs(d - kink) >= _REACH_SD * sd_d
    if stems.takes_measured_height:
        merges &= (sd_h < _MERGED_BELOW * h) & (h - BREAST_HEIGHT_M >= _REACH_SD * sd_h)
        merges &= _REACH_SD * sd_h <= _HEIGHT_ABOVE_M
    u, v = np.minimum(sd_d / d, _MERGED_BELOW), np.minimum(sd_h / h, _MERGED_BELOW)
    none = np.zeros_like(u)
    ln_d = np.log(d) + np.array([[u, none], [-u, none]])
    above, below = _point_ln_agb(stems, ln_d, np.array([[none, v], [none, -v]]))
    by_diameter, by_height = (above - below) / 2  # what one SD of each makes of ln(biomass)
    mean = -(by_diameter * u + by_height * v) / 2
    return mean, np.hypot(by_diameter, by_height), merges


def _point_ln_agb(
    stems: _Stems, ln_d: NDArray[np.float64], off_ln_h: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Give ln(biomass) without any error; a measured height may be off, a modelled one follows."""
    group, shared = stems.block, stems.errors.shared
    ln_h = np.log(stems.height_m) + off_ln_h
    if stems.own_height is not None:
        model = cast("HeightModel", shared.height_model)
        ln_h = np.log(height_m(model, np.maximum(np.exp(ln_d), _lowest_cm(group))))
    ln_wood = float(np.log(group.density[1]))
    ln, taper = ln_agb_kg(group.equation, ln_d, ln_h, ln_wood, shared.context)
    return np.asarray(ln + taper, np.float64)


def _one_by_one(
    stems: _Stems,
    visit: _VisitStreams,
    where: tuple[NDArray[np.int64], NDArray[np.int64]],
    is_gross: _Mask,
) -> Draws:
    """Draw single diameters and heights in centimetres and metres, truncated as BIOMASS does.

    Args:
        stems: Whose.
        visit: Its streams.
        where: Of which stems, in which draws.
        is_gross: Whether the diameter is grossly wrong there.

    Returns:
        ln(biomass) there, before slope and residual.
    """
    stem, at = where
    z = visit.apart.normal((len(stem), 2))
    d, sd, sd_gross = (
        x.astype(np.float32) for x in (stems.dbh_cm, stems.sd_dbh_cm, stems.sd_gross_cm)
    )
    sd_drawn = sd_gross[stem] if is_gross.all() else np.where(is_gross, sd_gross[stem], sd[stem])
    drawn = d[stem] + z[:, 0] * sd_drawn
    ln_d = np.log(np.clip(drawn, *_DBH_LIMITS_CM, out=drawn), out=drawn)
    ln_h: Draws | float = 0.0
    if stems.own_height is not None:
        own, sd = stems.own_height[stem, at], stems.sd_ln_height()[stem]
        ln_h = stems.errors.ln_height(ln_d, own, sd, at)
    elif stems.takes_measured_height:
        h, sd = (x.astype(np.float32)[stem] for x in (stems.height_m, stems.sd_height_m))
        lowest = np.minimum(h, np.float32(BREAST_HEIGHT_M))
        ln_h = np.log(np.clip(h + z[:, 1] * sd, lowest, h + np.float32(_HEIGHT_ABOVE_M)))
    return stems.errors.ln_agb(ln_d, ln_h, at)


def _lowest_cm(group: StemGroup) -> float:
    return cast("tuple[float, float]", group.equation.dbh_cm)[0]
