"""Watching over a project's plots: all its scenes read, suspects found, cases kept with their days.

The watch reads scenes of every month; a run that comes before any watch looks at what the run has
read itself, which is seldom history enough, and then says so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from mrv.change import held_growth
from mrv.change.disturbance import PlotSeries, Watch, series_of, watch
from mrv.change.drop_out import judge_monitoring, watched_until
from mrv.change.permanence import PermanenceRules
from mrv.change.reversal import Case, confirm_overdue, decide, open_case
from mrv.imagery.progress import Extent
from mrv.imagery.rules import ImageryRules
from pipelines.observations import read_scenes
from pipelines.plots import screened_plots
from pipelines.scenes import scenes_between
from pipelines.shelf import Note
from pipelines.stage import Stage

OBSERVATIONS, DECISIONS, HOTSPOTS = "watch_observations", "watch_decisions", "hotspots"
_WATCH = "disturbances"
_DAYS_PER_YEAR = 365.25
_COLUMNS = ["plot_id", "acquired_at", "clear_fraction", "ndvi", "nbr", "ndmi"]


@dataclass(frozen=True, slots=True, eq=False)
class Watched:
    """What the watch says of a project.

    Attributes:
        series: What was seen.
        found: Suspects and departures.
        cases: One per suspect, with what was decided.
        table: One row per plot: plot_id, monitoring, last_seen, gap_months, lost_on, state (of its
            case; empty without one), broke_on, noticed_on, signal, depth, likely, avoidable,
            may_grow.
    """

    series: PlotSeries
    found: Watch
    cases: tuple[Case, ...]
    table: pd.DataFrame


def read_for_watch(stage: Stage, say: Callable[[str], None]) -> tuple[Note, Extent]:
    """Read the scenes of every month, from the years of history to the period's end."""
    rules = PermanenceRules.of(stage.methodology)
    first = stage.period.start - timedelta(days=round(rules.history_years * _DAYS_PER_YEAR))
    scenes = scenes_between(stage, screened_plots(stage.shelf), first, stage.period.end)
    seen, extent = read_scenes(stage, say, scenes)
    columns = [name for name in _COLUMNS if name in seen.table]
    return stage.shelf.put_table(OBSERVATIONS, seen.table[columns]), extent


def watch_plots(stage: Stage) -> Watched:
    """Find suspects in what was read, and apply what people decided of them."""
    shelf, rules = stage.shelf, PermanenceRules.of(stage.methodology)
    plots = screened_plots(shelf)
    observations = shelf.table(OBSERVATIONS if shelf.has(OBSERVATIONS) else "observations")
    least = ImageryRules.of(stage.methodology).clear_fraction_min
    series = series_of(observations, plots, clear_fraction_min=least)
    centres = plots.geometry.representative_point()
    found = watch(
        series,
        stage.period.start,
        rules,
        hotspots=shelf.table(HOTSPOTS) if shelf.has(HOTSPOTS) else None,
        places=pd.DataFrame({"lon": centres.x, "lat": centres.y}),
    )
    cases: tuple[Case, ...] = tuple(
        open_case(s.plot_id, s.broke_on, s.noticed_on, f"{s.signal} {s.depth:.1f}")
        for s in found.suspects
    )
    if shelf.has(DECISIONS):
        cases = decide(cases, shelf.table(DECISIONS))
    today = max([stage.period.end, *(day.astype(object) for day in series.days[-1:])])
    cases = tuple(confirm_overdue(case, today, rules) for case in cases)
    monitoring = judge_monitoring(
        plots.assign(enrolled_on=_enrolled_on(plots, stage.epochs[0])),
        _last_seen(observations, stage, least),
        stage.period.end,
        rules,
    )
    return Watched(series, found, cases, _table(monitoring, found, cases))


def keep_watch(stage: Stage, watched: Watched) -> Note:
    """Leave the table on the shelf."""
    return stage.shelf.put_table(_WATCH, watched.table)


def watch_table(stage: Stage) -> pd.DataFrame:
    """Take the table off the shelf."""
    return stage.shelf.table(_WATCH)


def plots_still_watched(stage: Stage) -> pd.DataFrame:
    """Take the accepted plots, with the day on which nobody watched them any more as `left_on`."""
    return watched_until(screened_plots(stage.shelf), watch_table(stage))


def held_plots(stage: Stage) -> list[str]:
    """Name the plots whose growth is not credited for now."""
    return held_growth.held_plots(watch_table(stage))


def _enrolled_on(plots: pd.DataFrame, first_epoch: date) -> "pd.Series[pd.Timestamp]":
    stated = plots.get("enrolled_on", pd.Series(pd.NaT, index=plots.index))
    return pd.to_datetime(stated, errors="coerce").fillna(pd.Timestamp(first_epoch))


def _last_seen(
    observations: pd.DataFrame, stage: Stage, clear_fraction_min: float
) -> "pd.Series[pd.Timestamp]":
    """Give the last clear look or visit of every plot that had one."""
    clear = observations[observations["clear_fraction"] >= clear_fraction_min]
    looks = clear.assign(on=pd.to_datetime(clear["acquired_at"], utc=True).dt.tz_localize(None))
    seen = [looks[["plot_id", "on"]]]
    if stage.shelf.has("trees"):
        visits = stage.shelf.table("trees")[["plot_id", "measured_on"]]
        seen.append(
            pd.DataFrame(
                {"plot_id": visits["plot_id"], "on": pd.to_datetime(visits["measured_on"])}
            )
        )
    return pd.concat(seen).groupby("plot_id")["on"].max()


def _table(monitoring: pd.DataFrame, found: Watch, cases: tuple[Case, ...]) -> pd.DataFrame:
    columns = [
        "plot_id", "state", "broke_on", "noticed_on", "signal", "depth", "likely", "cause",
        "avoidable", "case_may_grow",
    ]  # fmt: skip
    rows = [
        (
            case.plot_id, case.state, pd.Timestamp(s.broke_on), pd.Timestamp(s.noticed_on),
            s.signal, s.depth, s.likely, case.cause, case.avoidable, case.may_grow,
        )
        for s, case in zip(found.suspects, cases, strict=True)
    ]  # fmt: skip
    table = monitoring.merge(pd.DataFrame(rows, columns=columns), on="plot_id", how="left")
    table["may_grow"] &= table.pop("case_may_grow").isin([True, float("nan"), None])
    words = ["state", "signal", "likely", "cause"]
    table[words] = table[words].astype(object).fillna("").astype(str)
    table["avoidable"] = table["avoidable"].isin([True])
    table["unwatched"] = table["plot_id"].isin(found.unwatched)
    return table.astype({"depth": "float64"})
