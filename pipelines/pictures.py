"""Small pictures for Dagster's metadata, where people would rather look than read.

Each function takes a table and gives a Markdown value with an inline PNG. Nothing here computes
anything that is credited.
"""

import base64
import io
from collections.abc import Sequence

import dagster as dg
import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from mrv.change.disturbance import PlotSeries, Suspect, Watch
from mrv.estimation.cross_check import Z_TWO_SIDED_90
from mrv.estimation.estimate import DAYS_PER_YEAR, ChangeEstimate
from mrv.methodologies import Methodology

_ENROLLED, _CONTROL, _REFUSED = "#1b7837", "#8c6d31", "#b2182b"


def _markdown(figure: Figure, what: str) -> dg.MarkdownMetadataValue:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90, bbox_inches="tight")
    text = base64.b64encode(buffer.getvalue()).decode()
    return dg.MetadataValue.md(f"![{what}](data:image/png;base64,{text})")


def _axes(width: float = 6.0, height: float = 4.0) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def plots_map(plots: gpd.GeoDataFrame, refused: Sequence[str] = ()) -> dg.MarkdownMetadataValue:
    """Draw plot outlines: enrolled green, control brown, refused red."""
    figure, axes = _axes()
    role = plots["role"] if "role" in plots else pd.Series("enrolled", index=plots.index)
    colour = role.map({"control": _CONTROL}).fillna(_ENROLLED)
    colour = colour.where(~plots["plot_id"].isin(list(refused)), _REFUSED)
    plots.plot(ax=axes, facecolor=colour, edgecolor=colour, alpha=0.6, linewidth=0.8)
    axes.set(xlabel="longitude [°]", ylabel="latitude [°]")
    axes.set_title(f"{len(plots)} plots: enrolled green, control brown, refused red", fontsize=9)
    return _markdown(figure, "map of the plots")


def looks_by_date(observations: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Draw how clear each scene was over the plots: median and middle half."""
    figure, axes = _axes(7, 3)
    by_date = observations.groupby("acquired_at")["clear_fraction"]
    low, middle, high = (by_date.quantile(share) for share in (0.25, 0.5, 0.75))
    axes.vlines(low.index, low, high, color="#9ecae1", linewidth=4)
    axes.plot(middle.index, middle, "o", color="#08519c", markersize=4)
    axes.set(ylabel="clear share of a plot [1]", ylim=(-0.02, 1.02))
    axes.tick_params(axis="x", rotation=30)
    return _markdown(figure, "clear share by date")


def biomass_by_plot(summary: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Draw each measured plot's biomass at first and last visit with its 90 % interval."""
    figure, axes = _axes(7, 3.5)
    for order, (_epoch, rows) in enumerate(summary.groupby("epoch")):
        ranked = rows.sort_values("agb_t_ha").reset_index(drop=True)
        below, above = (
            ranked["agb_t_ha"] - ranked["q05_t_ha"],
            ranked["q95_t_ha"] - ranked["agb_t_ha"],
        )
        axes.errorbar(
            ranked.index + 0.25 * order,
            ranked["agb_t_ha"],
            yerr=[below.clip(lower=0), above.clip(lower=0)],
            fmt="o",
            markersize=3,
            linewidth=0.8,
            label=str(_epoch),
        )
    axes.set(xlabel="measured plots, ranked", ylabel="biomass [t d.m./ha]")
    if len(summary):
        axes.legend(frameon=False, fontsize=8)
    return _markdown(figure, "biomass by plot")


def draws_histogram(draws: NDArray[np.float64], unit: str) -> dg.MarkdownMetadataValue:
    """Draw what the Monte Carlo found, with the 90 % interval marked."""
    figure, axes = _axes()
    values = pd.Series(draws)
    axes.hist(values, bins=60, color="#74a57f")
    for share in (0.05, 0.95):
        axes.axvline(float(values.quantile(share)), color="#222", linestyle="--", linewidth=1)
    axes.axvline(float(values.mean()), color="#222", linewidth=1.5)
    axes.set(xlabel=unit, ylabel="draws")
    return _markdown(figure, "distribution of the draws")


def growth_against_cap_figure(
    estimate: ChangeEstimate, methodology: Methodology, row: str
) -> Figure:
    """Draw each stratum's growth with its 90 % interval, its plots, and the cap of the place.

    What a person looks at before growth is called plausible: a whole stratum above the cap, or a
    few plots that pull it up, and whether its neighbours grew like that too.
    """
    years = (estimate.end - estimate.start).days / DAYS_PER_YEAR
    strata, cap = estimate.strata, methodology.number(f"plausibility.{row}")
    figure, axes = _axes(7, 1.6 + 0.75 * max(len(strata), 1))
    for position, stratum in enumerate(strata):
        mine = estimate.plots[estimate.plots["stratum"] == stratum.stratum]
        growth = mine["agb_change_t_ha"].to_numpy(np.float64) / years
        measured = mine["sampled"].to_numpy(bool)
        spread = 0.28 * np.sin(2.4 * np.arange(len(growth)))  # apart, and the same every time
        for here, colour, label in (
            (~measured, "#c7c7c7", "plots that were not measured"),
            (measured, "#74a57f", "plots that were measured"),
        ):
            axes.plot(
                growth[here],
                position + spread[here],
                "o",
                markersize=3,
                color=colour,
                label=label if position == 0 else None,
            )
        half = Z_TWO_SIDED_90 * stratum.agb_change_se_t_ha / years
        axes.errorbar(
            stratum.growth_t_ha_year,
            position,
            xerr=half,
            fmt="D",
            markersize=7,
            capsize=5,
            color=_REFUSED if stratum.growth_t_ha_year > cap else "#222",
            label="stratum, 90 % interval" if position == 0 else None,
        )
    axes.axvline(cap, color=_REFUSED, linewidth=1.2)
    top = len(strata) - 0.4
    axes.text(cap, top, f" cap: {row.replace('_', ' ')} ", fontsize=8, color=_REFUSED, va="top")
    axes.set_yticks(range(len(strata)), [stratum.stratum for stratum in strata])
    axes.set(ylim=(-0.6, top), xlabel="growth of above-ground biomass [t d.m./ha/year]")
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


def growth_against_cap(
    estimate: ChangeEstimate, methodology: Methodology, row: str
) -> dg.MarkdownMetadataValue:
    """The same for Dagster's metadata."""
    return _markdown(growth_against_cap_figure(estimate, methodology, row), "growth against cap")


def watched_plot_figure(series: PlotSeries, found: Watch, suspect: Suspect) -> Figure:
    """Draw what was seen of a plot, what was expected of it, and what its neighbours did."""
    names = list(found.by_index)
    figure = Figure(figsize=(8, 2.4 * len(names) + 0.6), layout="constrained")
    panels = np.atleast_1d(figure.subplots(len(names), 1, sharex=True))
    neighbours = series.group == series.group[suspect.plot]
    for axes, name in zip(panels, names, strict=True):
        departures = found.by_index[name]
        seen, expected = series.index[name][suspect.plot], departures.expected[suspect.plot]
        spread = departures.spread[suspect.plot]
        watched = np.isfinite(expected)
        others = series.index[name][neighbours]
        shown = np.isfinite(others).any(axis=0)
        axes.plot(
            series.days[shown],
            np.nanmedian(others[:, shown], axis=0),
            color="#9e9ac8",
            linewidth=0.9,
            label="median of its stratum",
        )
        axes.fill_between(
            series.days[watched],
            (expected - 3 * spread)[watched],
            (expected + 3 * spread)[watched],
            color="#c7e9c0",
            label="expected, ± 3 standard deviations",
        )
        axes.plot(series.days[watched], expected[watched], color=_ENROLLED, linewidth=1)
        axes.plot(
            series.days, seen, "o", markersize=3, color="#333", label="clear looks at the plot"
        )
        axes.axvline(np.datetime64(suspect.broke_on), color=_REFUSED, linestyle="--", linewidth=1.2)
        axes.set_ylabel(name.upper())
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_title(
        f"{suspect.plot_id}: broke on {suspect.broke_on}, noticed on {suspect.noticed_on}, "
        f"resembles {suspect.likely}",
        fontsize=10,
        loc="left",
    )
    panels[-1].legend(
        frameon=False, fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.18)
    )
    return figure


def watched_plot(series: PlotSeries, found: Watch, suspect: Suspect) -> dg.MarkdownMetadataValue:
    """The same for Dagster's metadata."""
    return _markdown(
        watched_plot_figure(series, found, suspect), f"greenness of plot {suspect.plot_id}"
    )


def waterfall_bars(lines: Sequence[tuple[str, int]]) -> dg.MarkdownMetadataValue:
    """Draw the steps from gross to issuable [kg CO2e given, t CO2e drawn]."""
    figure, axes = _axes(7, 3.5)
    level = 0.0
    for position, (name, quantity_kg) in enumerate(lines):
        tonnes = quantity_kg / 1000
        total = name in {"gross", "net_benefit", "issuable"}
        bottom = 0.0 if total else level
        colour = _ENROLLED if total else _REFUSED
        axes.bar(position, tonnes, bottom=bottom, color=colour, alpha=0.75)
        level = tonnes if total else level + tonnes
    axes.set_xticks(range(len(lines)), [name.replace("_", " ") for name, _ in lines], fontsize=8)
    axes.set_ylabel("t CO2e")
    return _markdown(figure, "waterfall")


_BEFORE = {
    "open": "#dfc27d",
    "scattered_trees": "#80cdc1",
    "canopy": "#01665e",
    "lost_trees": _REFUSED,
    "unseen": "#bdbdbd",
}


def before_enrolment(table: pd.DataFrame) -> dg.MarkdownMetadataValue:
    """Draw how green every plot was before it was enrolled, by what is said to have stood there."""
    figure, axes = _axes(6, 3)
    seen = table.dropna(subset=["ndvi"])
    parts = [seen.loc[seen["verdict"] == verdict, "ndvi"] for verdict in _BEFORE]
    said = table["verdict"].value_counts()
    names = [f"{verdict.replace('_', ' ')} ({said.get(verdict, 0)})" for verdict in _BEFORE]
    axes.hist(parts, bins=20, stacked=True, color=list(_BEFORE.values()), label=names)
    axes.set(xlabel="dry-season NDVI before enrolment [1]", ylabel="plots")
    axes.legend(frameon=False, fontsize=8)
    return _markdown(figure, "what stood before")
