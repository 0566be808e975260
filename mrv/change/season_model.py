"""What a plot should look like on a day, from its own history: a level and two waves of the year.

Fitted per plot by robust least squares on clear looks of the years before, all plots at once. What
many plots lack on the same day is taken off all of them (a drought is no felling), and the spread
of what is left is told per plot and month: fields differ more while crops grow.

Source:
    methodology.md 8, step 1; harmonic seasons and breaks as in Verbesselt et al. 2012 (BFAST
    Monitor), the weights of Tukey's biweight.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.change.permanence import PermanenceRules

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

HARMONICS = 2
_DAYS_PER_YEAR = 365.25
_ROUNDS = 6
_BIWEIGHT = 4.685  # 95 % efficient for normal errors
_MAD_TO_SD = 1.4826
_RIDGE = 1e-3  # so small that it matters only where a part of the year was never seen
_SPREAD_MIN = 0.015  # an index is not known better: calibration and registration (policy)
_MONTH_LOOKS = 30
_DROUGHT_SIGMA = 1.0
_PLOTS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Departures:
    """How far each look lies from what was expected of it.

    Attributes:
        expected: What the season and the region let expect [plot, date]; NaN without a history.
        departure: Seen less expected [plot, date], in the signal's unit; NaN where not seen.
        spread: Its standard deviation [plot, date].
        region: Drop that the plots of a group share, zero or below [group, date].
        history_looks: Clear looks the first watched year rests on [plot].
    """

    expected: Floats
    departure: Floats
    spread: Floats
    region: Floats
    history_looks: NDArray[np.int64]

    @property
    def sigmas(self) -> Floats:
        """Departures in standard deviations [plot, date]."""
        return self.departure / self.spread


def depart(
    seen: Floats, days: Days, group: NDArray[np.int64], watched_from: np.datetime64,
    rules: PermanenceRules,
) -> Departures:  # fmt: skip
    """Hold every watched look against the plot's own years before.

    Watched time is cut into years; each rests on the `history_years` before it, so that trees may
    grow and crops may change. Looks before `watched_from` get no departure.

    Args:
        seen: One signal of every plot [plot, date]; NaN where the plot was not clearly seen.
        days: Dates, ascending [date].
        group: Plots that share weather and crops, as 0, 1, ... [plot].
        watched_from: First day that is watched.
        rules: Length of the history, and what it must hold.
    """
    expected = np.full(seen.shape, np.nan)
    spread = np.full(seen.shape, np.nan)
    region = np.zeros((int(group.max(initial=0)) + 1, len(days)))
    history_looks = np.zeros(len(seen), dtype=np.int64)
    year = np.timedelta64(round(_DAYS_PER_YEAR), "D")
    history = np.timedelta64(round(rules.history_years * _DAYS_PER_YEAR), "D")
    begin, first = watched_from, True
    while len(days) and begin <= days[-1]:
        before = (days >= begin - history) & (days < begin)
        now = (days >= begin) & (days < begin + year)
        part = before | now
        fitted = _fit(seen[:, part], days[part], before[part], rules)
        shared = _shared_drop(seen[:, part] - fitted, group, len(region), rules)
        rest = seen[:, part] - fitted - shared[group]
        wide = _spread(rest, before[part], days[part], group)
        wide *= _unevenness(rest / wide, shared[group] / wide, group, rules)[group]
        inside = now[part]
        expected[:, now] = (fitted + shared[group])[:, inside]
        spread[:, now] = wide[:, inside]
        region[:, now] = shared[:, inside]
        if first:
            history_looks = np.isfinite(seen[:, before]).sum(axis=1)
        begin, first = begin + year, False
    return Departures(expected, seen - expected, spread, region, history_looks)


def seasons(days: Days) -> Floats:
    """Give a level and the waves of the year on each day [date, coefficient]."""
    angle = 2 * np.pi * days.astype("datetime64[D]").astype(np.float64) / _DAYS_PER_YEAR
    waves = [f(k * angle) for k in range(1, HARMONICS + 1) for f in (np.cos, np.sin)]
    return np.column_stack([np.ones(len(days)), *waves])


def _fit(seen: Floats, days: Days, history: NDArray[np.bool_], rules: PermanenceRules) -> Floats:
    """Predict all days from the history's looks [plot, date]; NaN where it is too short."""
    basis = seasons(days)
    result = np.empty_like(seen)
    for start in range(0, len(seen), _PLOTS_AT_ONCE):
        rows = slice(start, start + _PLOTS_AT_ONCE)
        result[rows] = _robust(seen[rows][:, history], basis[history]) @ basis.T
    looks = np.isfinite(seen[:, history])
    on = days[history].astype("datetime64[D]").astype(np.float64)
    last = np.where(looks, on, -np.inf).max(axis=1, initial=-np.inf)
    first = np.where(looks, on, np.inf).min(axis=1, initial=np.inf)
    short = (last - first) < rules.history_span_years * _DAYS_PER_YEAR * 0.9
    result[short | (looks.sum(axis=1) < rules.history_looks_min)] = np.nan
    return result


def _robust(seen: Floats, basis: Floats) -> Floats:
    """Fit coefficients by iteratively reweighted least squares [plot, coefficient]."""
    looked = np.isfinite(seen)
    value = np.where(looked, seen, 0.0)
    k = basis.shape[1]
    squares = (basis[:, :, None] * basis[:, None, :]).reshape(len(basis), k * k)
    ridge = _RIDGE * np.diag([0.0, *np.ones(k - 1)]) + 1e-12 * np.eye(k)
    weight = looked.astype(np.float64)
    for _ in range(_ROUNDS):
        normal = (weight @ squares).reshape(-1, k, k)
        normal += ridge * np.maximum(weight.sum(axis=1), 1.0)[:, None, None]
        right = (weight * value) @ basis
        fitted = np.linalg.solve(normal, right[:, :, None])[:, :, 0]
        residual = np.abs(value - fitted @ basis.T)
        scale = _MAD_TO_SD * _median(np.where(looked, residual, np.nan))
        u = residual / (_BIWEIGHT * np.maximum(scale, _SPREAD_MIN / 3))[:, None]
        weight = np.where(looked & (u < 1), (1 - u**2) ** 2, 0.0)
    return np.asarray(fitted)


def _shared_drop(
    residual: Floats, group: NDArray[np.int64], groups: int, rules: PermanenceRules
) -> Floats:
    """Give what the plots of a group lack on a day, as a median [group, date]; gains are left in.

    A common gain (trees that grow everywhere) taken off would make a loser of whoever stands still.
    """
    shared = np.zeros((groups, residual.shape[1]))
    for g in range(groups):
        rows = residual[group == g]
        enough = np.isfinite(rows).sum(axis=0) >= rules.region_plots_min
        shared[g, enough] = np.minimum(0.0, _median(rows[:, enough].T))
    return shared


def _unevenness(
    sigmas: Floats, shared: Floats, group: NDArray[np.int64], rules: PermanenceRules
) -> Floats:
    """Say how much wider than usual the plots of a group lie apart on a day [group, date], from 1.

    Asked only on days with a shared drop: a drought strikes one field harder than the next, and
    what is left of it is no felling either. On other days plots that stand apart are suspects.

    Args:
        sigmas: Departures in standard deviations [plot, date].
        shared: What was taken off as shared, in the same [plot, date].
        group: Of each plot [plot].
        rules: Plots needed to tell.
    """
    factor = np.ones((int(group.max(initial=0)) + 1, sigmas.shape[1]))
    for g in range(len(factor)):
        rows = sigmas[group == g]
        enough = np.isfinite(rows).sum(axis=0) >= rules.region_plots_min
        dropped = enough & (_median(shared[group == g].T) < -_DROUGHT_SIGMA)
        there = rows[:, dropped].T
        apart = _MAD_TO_SD * _median(np.abs(there - _median(there)[:, None]))
        factor[g, dropped] = np.maximum(1.0, apart)
    return factor


def _spread(
    rest: Floats, history: NDArray[np.bool_], days: Days, group: NDArray[np.int64]
) -> Floats:
    """Give the standard deviation of a look: the plot's own, shaped by month as in its group."""
    looks = np.where(history, rest, np.nan)
    count = np.isfinite(looks).sum(axis=1)
    freedom = np.sqrt(count / np.maximum(count - (1 + 2 * HARMONICS), 1))
    month = pd.DatetimeIndex(days).month.to_numpy() - 1
    shape = np.ones((int(group.max(initial=0)) + 1, len(days)))
    for g in range(len(shape)):
        rows = np.abs(looks[group == g])
        whole = _median(rows.reshape(1, -1))[0]
        for m in range(12):
            in_month = rows[:, month == m]
            if np.isfinite(in_month).sum() >= _MONTH_LOOKS and whole > 0:
                shape[g, month == m] = _median(in_month.reshape(1, -1))[0] / whole
    own = _MAD_TO_SD * _median(np.abs(looks / shape[group])) * freedom
    return np.asarray(np.maximum(own[:, None] * shape[group], _SPREAD_MIN))


def _median(values: Floats) -> Floats:
    """Give the median of every row's finite values [row]; NaN for a row without one.

    Sorting puts NaN last; numpy's own nanmedian goes through rows one by one.
    """
    if not values.size:
        return np.full(len(values), np.nan)
    ordered = np.sort(values, axis=1)
    count = np.isfinite(ordered).sum(axis=1)
    rows = np.arange(len(values))
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = (ordered[rows, low] + ordered[rows, np.minimum(high, values.shape[1] - 1)]) / 2
    return np.where(count > 0, middle, np.nan)
