"""What is known of growth before it is measured: its mean, its spread, and errors all plots share.

From a pilot that was measured twice, real or simulated, or from stated coefficients of variation.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from mrv.errors import InputRejected
from mrv.estimation.greg import Floats, Ints
from mrv.estimation.paired import PairedGrowth
from mrv.methodologies import Methodology
from mrv.sampling.frame import Frame

ICC_UNKNOWN: Final = 0.10
"""Correlation of two plots of one village, where too few villages say [P]: of the size that village
effects of farm surveys commonly have."""
CONTROL_SPREAD: Final = 0.25
"""Spread of what comes up on controls, as a share of that of planted growth, where it was not
measured [P]."""
_ICC_LIMITS = (0.0, 0.9)
_MIN_FOR_SPREAD = 2
_NEIGHBOURS = 15  # plots that are not their village's only one, before they tell likeness [P]


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """Growth between two visits, as far as it is known beforehand.

    Attributes:
        net_t_ha: Mean change of above-ground biomass less baseline, enrolled land [t d.m./ha].
        sd_t_ha: Spread of a plot's contribution about its stratum's mean, per hectare of a plot of
            mean size; unequal plot sizes widen it [stratum], t d.m./ha.
        icc: Correlation of two plots of one village within a stratum [1].
        shared_cv: Standard error of the errors that all plots share, as a share of the net change;
            no sample makes it smaller [1].
        source: Where this is known from, for people.
        notes: What had to be assumed, one sentence each.
        trees_sd_t_ha: What measuring only a part of a plot's trees leaves unsure of its
            contribution, per hectare of a plot of mean size [stratum], t d.m./ha; None where all
            are measured. It is in the spread too, of which a large sample leaves less.
    """

    net_t_ha: float
    sd_t_ha: Floats
    icc: float
    shared_cv: float
    source: str
    notes: tuple[str, ...] = ()
    trees_sd_t_ha: Floats | None = None


def from_pilot(
    frame: Frame, growth: PairedGrowth, conversion_cv: float, *, source: str
) -> Expected:
    """Learn spread and shared errors from plots that were measured at two epochs.

    Args:
        frame: All plots; rows of the growth are positions in it.
        growth: Draws of growth on the measured ones, controls among them.
        conversion_cv: As `conversion_cv` gives it.
        source: For people.

    Raises:
        InputRejected: If fewer than two plots of every stratum but one were measured, or nothing
            grew.
    """
    values, rows = growth.additional_t_ha, growth.rows
    point, group = values.mean(axis=0), frame.group[rows]
    measured = np.bincount(group, minlength=len(frame.names))
    notes = []
    means, sd = np.zeros(len(frame.names)), np.full(len(frame.names), np.nan)
    standard = np.full(len(rows), np.nan)
    for h in np.flatnonzero(measured >= _MIN_FOR_SPREAD):
        of = group == h
        area = frame.area_ha[rows[of]]
        means[h] = area @ point[of] / area.sum()
        residual = area / frame.area_ha[frame.group == h].mean() * (point[of] - means[h])
        sd[h] = np.sqrt((residual**2).sum() / (of.sum() - 1))
        standard[of] = residual / sd[h] if sd[h] > 0 else np.nan
    planted = ~frame.is_control
    known = planted & np.isfinite(sd)
    if not known.any():
        raise InputRejected(
            "A pilot needs two plots of a stratum that were measured at both epochs; measure more, "
            "or state --growth and --cv."
        )
    share = frame.stands_for_ha * known / (frame.stands_for_ha @ known)
    # A baseline that falls earns nothing.
    net = float(share @ means) - max(0.0, float(means[frame.is_control].sum()))
    if net <= 0:
        raise InputRejected(
            f"The pilot shows no net growth ({net:.2f} t d.m./ha), and no sample tells nothing "
            "from nothing within a share of it; state --growth and --cv, or wait for growth."
        )
    for h in np.flatnonzero(~np.isfinite(sd)):
        sd[h] = np.nanmax(sd[known]) * (CONTROL_SPREAD if frame.is_control[h] else 1.0)
        notes.append(f"Spread of {frame.names[h]} was not measured; {sd[h]:.2f} t/ha is assumed.")
    inside = planted[group] & np.isfinite(standard)
    icc = village_correlation(standard[inside], frame.village[rows[inside]])
    if icc is None:
        notes.append(f"Too few villages tell how alike their plots are; {ICC_UNKNOWN} is assumed.")
    shared = _shared_cv(values, frame.area_ha[rows], group, share, net)
    return Expected(
        net_t_ha=net,
        sd_t_ha=sd,
        icc=ICC_UNKNOWN if icc is None else icc,
        shared_cv=float(np.hypot(shared, conversion_cv)),
        source=source,
        notes=tuple(notes),
        trees_sd_t_ha=_trees_sd(frame, growth),
    )


def from_stated(
    frame: Frame, *, net_t_ha: float, cv: float, icc: float, shared_cv: float
) -> Expected:
    """Take stated figures: growth over the period and the coefficient of variation among plots.

    Raises:
        InputRejected: If growth or spread is not above zero.
    """
    if not (net_t_ha > 0 and cv > 0):
        raise InputRejected("--growth and --cv must be above zero; a sample of nothing needs none.")
    sizes = np.array([_unequal(frame.area_ha[frame.group == h]) for h in range(len(frame.names))])
    sd = net_t_ha * cv * np.where(frame.is_control, CONTROL_SPREAD, 1.0) * sizes
    assumed = f"Controls are taken to vary {CONTROL_SPREAD:.0%} as much as planted plots."
    return Expected(
        net_t_ha=net_t_ha,
        sd_t_ha=sd,
        icc=_likeness(icc),
        shared_cv=shared_cv,
        source=f"stated: growth {net_t_ha:.2f} t d.m./ha over the period, CV {cv:.0%}",
        notes=(assumed,) if frame.is_control.any() else (),
    )


def with_likeness(expected: Expected, icc: float) -> Expected:
    """Take a stated correlation of two plots of one village instead of the pilot's."""
    told = f"Plots of one village are stated to be alike by {icc:g}, not taken from the pilot."
    return replace(expected, icc=_likeness(icc), notes=(*expected.notes, told))


def with_map(expected: Expected, frame: Frame, r2: float) -> Expected:
    """Take off what a map explains of the spread among enrolled plots.

    Args:
        expected: Without a map.
        frame: All plots.
        r2: Of the map in blocked cross-validation [1].

    Source:
        CDM AR-TOOL14 v04.2, double sampling, with the map known everywhere: s^2 (1 - rho^2).
    """
    if not 0 <= r2 < 1:
        raise InputRejected(f"--map-r2 lies from 0 to below 1; {r2:g} does not.")
    left = np.where(frame.is_control, 1.0, np.sqrt(1.0 - r2))
    told = f"A map of R2 {r2:g} is counted on; if it is refused, the interval is wider than this."
    notes = (*expected.notes, told) if r2 else expected.notes
    return replace(expected, sd_t_ha=expected.sd_t_ha * left, notes=notes)


def conversion_cv(methodology: Methodology, root_shoot: float) -> float:
    """Give the relative error of turning biomass into CO2e: roots and carbon, as drawn [1]."""
    roots = methodology.number("carbon.root_shoot_cv") * root_shoot / (1.0 + root_shoot)
    carbon = methodology.number("carbon.fraction_sd") / methodology.number("carbon.fraction_mean")
    return float(np.hypot(roots, carbon))


def village_correlation(standard: Floats, village: Ints) -> float | None:
    """Estimate how alike plots of one village are [1]; None where too few villages tell.

    Args:
        standard: Residuals in standard deviations [plot].
        village: Of each [plot].

    Source:
        Analysis of variance of unequal groups, Donner 1986, International Statistical Review 54,
        67-82; below zero counts as zero.
    """
    _, of = np.unique(village, return_inverse=True)
    size = np.bincount(of)
    villages, plots = len(size), len(of)
    if villages <= _MIN_FOR_SPREAD or plots - villages < _NEIGHBOURS:
        return None
    mean = np.bincount(of, standard) / size
    between = float((size * (mean - standard.mean()) ** 2).sum()) / (villages - 1)
    within = float(((standard - mean[of]) ** 2).sum()) / (plots - villages)
    usual = (plots - float((size**2).sum()) / plots) / (villages - 1)
    found = (between - within) / (between + (usual - 1.0) * within)
    return float(np.clip(found, *_ICC_LIMITS))


def _trees_sd(frame: Frame, growth: PairedGrowth) -> Floats:
    """Average what was left out of the pilot's plots [stratum]; none on controls, as estimated."""
    group, area_ha = frame.group[growth.rows], frame.area_ha[growth.rows]
    sd = np.zeros(len(frame.names))
    for h in np.flatnonzero(~frame.is_control & (np.bincount(group, minlength=len(sd)) > 0)):
        of = group == h
        size = frame.area_ha[frame.group == h].mean()
        sd[h] = np.sqrt((area_ha[of] ** 2 * growth.within_plot[0, of]).mean()) / size
    return sd


def _likeness(icc: float) -> float:
    if not _ICC_LIMITS[0] <= icc <= _ICC_LIMITS[1]:
        raise InputRejected(f"--icc lies from 0 to {_ICC_LIMITS[1]:g}; {icc:g} does not.")
    return icc


def _unequal(area_ha: Floats) -> float:
    """Give by how much unequal plot sizes widen the spread of totals [1]."""
    return float(np.sqrt((area_ha**2).mean()) / area_ha.mean())


def _shared_cv(values: Floats, area_ha: Floats, group: Ints, share: Floats, net: float) -> float:
    """Find errors that all plots share: what two halves of the pilot have in common, draw by draw.

    Args:
        values: Growth [draw, plot], t d.m./ha.
        area_ha: Of the plots [plot].
        group: Stratum of the plots [plot].
        share: Of the enrolled land in each stratum [stratum].
        net: Mean net change [t d.m./ha].
    """
    halves = np.zeros((2, len(values)))
    for h in np.flatnonzero(share > 0):
        of = np.flatnonzero(group == h)
        for half in (0, 1):
            some = of[half::2]
            halves[half] += share[h] * (values[:, some] @ area_ha[some]) / area_ha[some].sum()
    together = float(np.cov(halves)[0, 1])
    return float(np.sqrt(max(0.0, together))) / net
