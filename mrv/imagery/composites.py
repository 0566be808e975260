"""Seasons: observations of many dates in, one dry and one wet value per plot and epoch out.

In the dry season crops and understorey are dead and what is green are trees; the wet season and the
amplitude between both tell them from evergreen bush. Values are medians over the clear looks of the
season nearest to the epoch. Radar sees the wood through clouds; its looks are averaged as power,
from one orbit and pass per plot, because another angle is another number.

Source: methodology reference 5.3.
"""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd

from mrv.imagery.rules import ImageryRules
from mrv.project import Season
from mrv.quality import Verdict


def season_features(
    observations: pd.DataFrame,
    epochs: Sequence[date],
    dry: Season,
    wet: Season | None,
    indices: Collection[str],
    *,
    rules: ImageryRules,
    backscatter: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Reduce observations to seasonal features.

    A date counts as a look at a plot where at least `rules.clear_fraction_min` of it is clear.

    Args:
        observations: Table of `mrv.imagery.extract.observe`.
        epochs: Dates at which stock is estimated.
        dry: First and last day of the dry season; may run over the new year.
        wet: The same for the wet season; None where the project states none.
        indices: Names of the columns to reduce.
        rules: What counts as clear.
        backscatter: Sentinel-1 of the plots where there is any: plot_id, acquired_at, orbit
            (relative orbit and pass), vv_db and vh_db (terrain-corrected gamma nought) [dB].

    Returns:
        Index (plot_id, epoch), every plot of the observations at every epoch; columns
        `<index>_dry`, and with a wet season `<index>_wet` and `<index>_amplitude` (wet - dry);
        `clear_looks` and `clear_looks_wet`, the number of dates they rest on. NaN where there was
        no look: no value, never zero.
    """
    names = list(indices)
    looks = observations[observations["clear_fraction"] >= rules.clear_fraction_min]
    days = pd.to_datetime(looks["acquired_at"]).dt.tz_localize(None).dt.normalize()
    plots = pd.Index(observations["plot_id"].unique(), name="plot_id")
    parts = []
    for epoch in epochs:
        features = pd.DataFrame(index=plots)
        medians, counts = _season(looks, days, plots, names, nearest_season(epoch, dry))
        features[[f"{name}_dry" for name in names]] = medians
        features["clear_looks"] = counts
        if wet is not None:
            medians, counts = _season(looks, days, plots, names, nearest_season(epoch, wet))
            features[[f"{name}_wet" for name in names]] = medians
            for name in names:
                features[f"{name}_amplitude"] = features[f"{name}_wet"] - features[f"{name}_dry"]
            features["clear_looks_wet"] = counts
        parts.append(features.assign(epoch=epoch).set_index("epoch", append=True))
    table = pd.concat(parts)
    return table if backscatter is None else table.join(_radar(backscatter, epochs, dry))


def nearest_season(epoch: date, season: Season) -> tuple[date, date]:
    """Give first and last day of the season whose middle is nearest to a date.

    The earlier of two that are equally near; 29 February becomes the 28th in other years.
    """

    def in_year(year: int) -> tuple[date, date]:
        first = _day(year, season.first)
        last = _day(year, season.last)
        return (first, last) if first <= last else (first, _day(year + 1, season.last))

    candidates = [in_year(epoch.year + shift) for shift in (-2, -1, 0, 1)]
    return min(candidates, key=lambda days: (abs(_middle(days) - epoch), days[0]))


def clear_looks(features: pd.DataFrame, plot_ids: Collection[str], rules: ImageryRules) -> Verdict:
    """Judge whether enough plots were seen often enough at every epoch.

    Args:
        features: Of `season_features`.
        plot_ids: Plots that are to be credited; one that no scene covers counts as not seen.
        rules: How often and how many.
    """
    features = features[features.index.get_level_values("plot_id").isin(plot_ids)]
    seen = features["clear_looks"] >= rules.clear_looks_min
    by_plot = seen.groupby(level="plot_id").all().reindex(sorted(plot_ids), fill_value=False)
    share = float(by_plot.mean()) if len(by_plot) else 0.0
    passed = share >= rules.clear_plots_min_fraction
    fewest = features["clear_looks"].groupby(level="epoch").median()
    facts: dict[str, float | int | str] = {
        "plots": len(by_plot),
        "plots_seen_enough": int(by_plot.sum()),
        **{f"median_looks_{epoch}": float(count) for epoch, count in fewest.items()},
    }
    mend = "" if passed else "; widen the dry season window or add another source of scenes"
    return Verdict(
        gate="clear_looks",
        passed=passed,
        measured=share,
        limit=rules.clear_plots_min_fraction,
        sentence=(
            f"{int(by_plot.sum())} of {len(by_plot)} plots have at least {rules.clear_looks_min} "
            f"clear looks in the dry season of every epoch; "
            f"{rules.clear_plots_min_fraction:.0%} of them must{mend}."
        ),
        facts=facts,
    )


def _season(
    looks: pd.DataFrame,
    days: "pd.Series[pd.Timestamp]",
    plots: pd.Index,
    names: list[str],
    season: tuple[date, date],
) -> tuple[np.ndarray, np.ndarray]:
    first, last = (pd.Timestamp(day) for day in season)
    inside = looks[(days >= first) & (days <= last)]
    grouped = inside.groupby("plot_id")
    medians = grouped[names].median().reindex(plots)
    counts = grouped.size().reindex(plots, fill_value=0)
    return medians.to_numpy(dtype=np.float64), counts.to_numpy(dtype=np.int64)


def _radar(backscatter: pd.DataFrame, epochs: Sequence[date], dry: Season) -> pd.DataFrame:
    """Average radar looks of the dry seasons by (plot_id, epoch) [dB].

    Of the orbits that saw a plot in every season, the one with the most looks in the worst season
    serves it; a plot that none saw in every season has no value.
    """
    days = pd.to_datetime(backscatter["acquired_at"]).dt.tz_localize(None).dt.normalize()
    power = 10.0 ** (backscatter[["vv_db", "vh_db"]] / 10.0)
    looks = backscatter[["plot_id", "orbit"]].join(power)
    seasons = []
    for epoch in epochs:
        first, last = (pd.Timestamp(day) for day in nearest_season(epoch, dry))
        seasons.append(looks[(days >= first) & (days <= last)].assign(epoch=epoch))
    inside = pd.concat(seasons).dropna()
    means = inside.groupby(["plot_id", "orbit", "epoch"])[["vv_db", "vh_db"]].mean()
    counts = inside.groupby(["plot_id", "orbit", "epoch"]).size().reset_index(name="looks")
    of_orbit = counts.groupby(["plot_id", "orbit"])["looks"].agg(["size", "min"])
    always = of_orbit[of_orbit["size"] == len(epochs)].reset_index()
    best = always.sort_values(["plot_id", "min", "orbit"], ascending=[True, False, True])
    chosen = best.drop_duplicates("plot_id")[["plot_id", "orbit"]]
    kept = means.reset_index().merge(chosen).set_index(["plot_id", "epoch"])
    return pd.DataFrame(
        {f"{band}_dry": 10.0 * np.log10(kept[f"{band}_db"]) for band in ("vv", "vh")}
    )


def _day(year: int, month_day: str) -> date:
    month, day = (int(part) for part in month_day.split("-"))
    while True:
        try:
            return date(year, month, day)
        except ValueError:
            day -= 1


def _middle(days: tuple[date, date]) -> date:
    return days[0] + timedelta(days=(days[1] - days[0]).days // 2)
