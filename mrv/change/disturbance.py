"""Plots on which something happened: looks that stay below their own season, and what it may be.

A suspect is found, not judged: a person confirms or clears it (`reversal.py`). The index is read on
every clear look, the radar on every acquisition; clouds make a look missing, never low.

Source:
    methodology.md 8, step 1.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.change.break_cause import Likely, evidence_after, likely_cause, near_fires
from mrv.change.permanence import PermanenceRules
from mrv.change.season_model import Days, Departures, Floats, depart

INDICES = ("ndvi", "nbr")


@dataclass(frozen=True, slots=True, eq=False)
class PlotSeries:
    """What was seen of plots over the years.

    Attributes:
        plot_ids: Names [plot].
        group: Plots that share weather and crops, as 0, 1, ... [plot].
        days: Dates, ascending [date].
        index: `ndvi` and `nbr`, and `ndmi` where it is to be had [plot, date]; NaN where the plot
            was not clearly seen.
        radar_days: Dates of radar, ascending [acquisition]; empty without radar.
        vh: Backscatter in VH, linear power averaged over the plot [plot, acquisition].
    """

    plot_ids: NDArray[np.object_]
    group: NDArray[np.int64]
    days: Days
    index: Mapping[str, Floats]
    radar_days: Days = field(default_factory=lambda: np.empty(0, dtype="datetime64[D]"))
    vh: Floats | None = None


@dataclass(frozen=True, slots=True)
class Suspect:
    """One plot on which something seems to have happened.

    Attributes:
        plot: Row of the series.
        plot_id: Its name.
        broke_on: First low look.
        noticed_on: Look that completed the run.
        signal: `ndvi`, `nbr` or `vh`.
        depth: Mean of the looks from break to notice [standard deviations]; [dB] for `vh`.
        likely: What the looks after the break resemble.
    """

    plot: int
    plot_id: str
    broke_on: date
    noticed_on: date
    signal: str
    depth: float
    likely: Likely


@dataclass(frozen=True, slots=True, eq=False)
class Watch:
    """What the watch found.

    Attributes:
        suspects: In the order of plots.
        unwatched: Plots whose history is too short to say anything.
        by_index: Departures per index, for whoever wants to see why.
        shared_drops: Dates on which a whole group lay below its season by more than its plots
            usually vary: droughts, haze, or a blow to most plots, for a person to look at.
    """

    suspects: tuple[Suspect, ...]
    unwatched: tuple[str, ...]
    by_index: Mapping[str, Departures]
    shared_drops: tuple[tuple[date, int], ...]


def series_of(
    observations: pd.DataFrame, plots: pd.DataFrame, *, clear_fraction_min: float
) -> PlotSeries:
    """Lay the table of observations out as plot by date.

    Args:
        observations: Of `mrv.imagery.extract.observe`.
        plots: plot_id, stratum, role; group is what shares both.
        clear_fraction_min: Share of a plot that must be clear for a look [1].
    """
    plot_ids = plots["plot_id"].to_numpy(dtype=object)
    group = plots.groupby([plots["stratum"].astype(str), plots["role"].astype(str)]).ngroup()
    looks = observations[
        (observations["clear_fraction"] >= clear_fraction_min)
        & observations["plot_id"].isin(plot_ids)
    ]
    at = pd.to_datetime(looks["acquired_at"], utc=True).dt.tz_localize(None)
    on = at.to_numpy().astype("datetime64[D]")
    days, column = np.unique(on, return_inverse=True)
    row = pd.Index(plot_ids).get_indexer(looks["plot_id"])
    index = {}
    for name in (*INDICES, "ndmi"):
        if name in looks:
            table = np.full((len(plot_ids), len(days)), np.nan)
            table[row, column] = looks[name].to_numpy(np.float64)
            index[name] = table
    return PlotSeries(plot_ids, group.to_numpy().astype(np.int64), np.asarray(days), index)


def watch(
    series: PlotSeries,
    watched_from: date,
    rules: PermanenceRules,
    hotspots: pd.DataFrame | None = None,
    places: pd.DataFrame | None = None,
) -> Watch:
    """Look for breaks from a day on.

    Args:
        series: What was seen.
        watched_from: First day that is watched; what lies before is history.
        rules: Limits.
        hotspots: Fires seen by other satellites: longitude, latitude [degree], acq_date; optional.
        places: Centres of the plots in the order of the series: lon, lat [degree]; needed with
            hotspots.
    """
    start = np.datetime64(watched_from, "D")
    by_index = {
        name: depart(series.index[name], series.days, series.group, start, rules)
        for name in INDICES
        if name in series.index
    }
    found: dict[int, _Break] = {}
    for name, departures in by_index.items():
        low = departures.sigmas < -rules.trigger_sigma
        first, last = runs(low, np.isfinite(departures.departure), rules.trigger_looks)
        _keep_earliest(found, name, departures.sigmas, series.days, first, last)
        _keep_earliest(found, name, departures.sigmas, series.days, *_sustained(departures, rules))
    if series.vh is not None and len(series.radar_days):
        radar = depart(_decibel(series.vh), series.radar_days, series.group, start, rules)
        low = radar.departure <= -rules.radar_drop_db
        first, last = runs(low, np.isfinite(radar.departure), rules.radar_looks)
        _keep_earliest(found, "vh", radar.departure, series.radar_days, first, last)
    breaks = {plot: found[plot].first for plot in sorted(found)}
    after = evidence_after(
        series.days, series.index, {k: v.departure for k, v in by_index.items()}, breaks
    )
    fires = near_fires(hotspots, places, breaks)
    suspects = tuple(
        Suspect(
            plot=plot,
            plot_id=str(series.plot_ids[plot]),
            broke_on=_day(found[plot].first),
            noticed_on=_day(found[plot].last),
            signal=found[plot].signal,
            depth=found[plot].depth,
            likely="fire" if plot in fires else likely_cause(after[plot]),
        )
        for plot in breaks
    )
    return Watch(
        suspects=suspects,
        unwatched=_unwatched(series, by_index, start),
        by_index=by_index,
        shared_drops=_shared(series, by_index, rules),
    )


@dataclass(frozen=True, slots=True)
class _Break:
    first: np.datetime64
    last: np.datetime64
    signal: str
    depth: float


def runs(
    low: NDArray[np.bool_], seen: NDArray[np.bool_], length: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find each plot's first run of so many low looks, with nothing but clouds between them.

    Returns:
        First and last date of the run [plot]; -1 where there is none.
    """
    plots = len(low)
    run, begun = np.zeros(plots, dtype=np.int64), np.full(plots, -1)
    first, last = np.full(plots, -1), np.full(plots, -1)
    for t in range(low.shape[1]):
        here, down = seen[:, t], seen[:, t] & low[:, t]
        begun = np.where(down & (run == 0), t, begun)
        run = np.where(down, run + 1, np.where(here, 0, run))
        complete = (run >= length) & (last < 0)
        first, last = np.where(complete, begun, first), np.where(complete, t, last)
    return first, last


def moving_mean(sigmas: Floats, looks: int) -> Floats:
    """Give the mean of the last so many clear looks on each of them [plot, date]; else NaN."""
    means = np.full(sigmas.shape, np.nan)
    latest = np.zeros((len(sigmas), looks))  # a ring of each plot's last looks
    count = np.zeros(len(sigmas), dtype=np.int64)
    for t in range(sigmas.shape[1]):
        seen = np.flatnonzero(np.isfinite(sigmas[:, t]))
        latest[seen, count[seen] % looks] = sigmas[seen, t]
        count[seen] += 1
        full = seen[count[seen] >= looks]
        means[full, t] = latest[full].mean(axis=1)
    return means


def _sustained(
    departures: Departures, rules: PermanenceRules
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find where a plot's moving mean first lies too low: break and date, -1 where it does not.

    The break is where the sum of what lies below half the limit begins, as in a CUSUM chart.
    """
    sigmas = departures.sigmas
    low = moving_mean(sigmas, rules.sustained_looks) < -rules.sustained_sigma
    first, last = np.full(len(low), -1), np.full(len(low), -1)
    hit = np.flatnonzero(low.any(axis=1))
    last[hit] = [low[plot].argmax() for plot in hit]
    for plot in hit:
        until = sigmas[plot, : last[plot] + 1]
        seen = np.flatnonzero(np.isfinite(until))[-2 * rules.sustained_looks :]
        below = np.cumsum((until[seen] + rules.sustained_sigma / 2)[::-1])[::-1]
        first[plot] = seen[np.argmin(below)]
    return first, last


def _keep_earliest(
    found: dict[int, _Break],
    signal: str,
    depth: Floats,
    days: Days,
    first: NDArray[np.int64],
    last: NDArray[np.int64],
) -> None:
    """Keep of all breaks of a plot the one that was noticed first."""
    for plot in map(int, np.flatnonzero(last >= 0)):
        begun, noticed = (days[t[plot]].astype("datetime64[D]") for t in (first, last))
        if plot not in found or noticed < found[plot].last:
            mean = float(np.nanmean(depth[plot, first[plot] : last[plot] + 1]))
            found[plot] = _Break(begun, noticed, signal, mean)


def _day(day: np.datetime64) -> date:
    return date.fromisoformat(str(day.astype("datetime64[D]")))


def _decibel(power: Floats) -> Floats:
    return np.where(power > 0, 10.0 * np.log10(np.where(power > 0, power, 1.0)), np.nan)


def _unwatched(
    series: PlotSeries, by_index: Mapping[str, Departures], start: np.datetime64
) -> tuple[str, ...]:
    if not by_index:
        return tuple(map(str, series.plot_ids))
    watched = np.zeros(len(series.plot_ids), dtype=bool)
    for departures in by_index.values():
        watched |= np.isfinite(departures.expected[:, series.days >= start]).any(axis=1)
    return tuple(str(name) for name in series.plot_ids[~watched])


def _shared(
    series: PlotSeries, by_index: Mapping[str, Departures], rules: PermanenceRules
) -> tuple[tuple[date, int], ...]:
    drops = set()
    for departures in by_index.values():
        for g in range(len(departures.region)):
            rows = departures.spread[series.group == g]
            if not np.isfinite(rows).any():
                continue
            usual = np.nanmedian(np.where(np.isfinite(rows), rows, np.nan))
            below = departures.region[g] < -rules.trigger_sigma * usual
            drops |= {(_day(series.days[t]), g) for t in np.flatnonzero(below)}
    return tuple(sorted(drops))
