"""The map of a drawn sample: all plots and those to measure, then each village with its walk."""

import io
import math
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from mrv.estimation.greg import Floats
from mrv.plots.measure import metres_per_degree
from mrv.sampling.frame import CONTROL, Frame

_GREEN, _BROWN, _GREY, _PALE, _INK = "#1b7837", "#8c510a", "#4a5750", "#c9d1cd", "#1f2a24"
_COLUMNS: Final = 4
_MOST_VILLAGES: Final = 48  # beyond, a sheet of paper is too small; the GeoPackage has them all
_ROUND: Final = (1, 2, 5)


def map_picture(frame: Frame, stops: gpd.GeoDataFrame, kind: str) -> bytes:
    """Draw where the sample lies as PNG or SVG; the same draw gives the same bytes.

    Above all plots from far away, those that were drawn filled, villages numbered as the routes.
    Below each village that has a walk, as large as fits: boundaries, stops numbered in their order.

    Args:
        frame: All plots that could be drawn.
        stops: As `mrv.sampling.route.field_list` gives them.
        kind: File format, png or svg.
    """
    villages = [part for _, part in stops.groupby("route", sort=True) if len(part) > 1]
    shown = villages[:_MOST_VILLAGES]
    rows = math.ceil(len(shown) / _COLUMNS)
    # What matplotlib draws as text must not turn names with dollars into formulas.
    with rc_context({"svg.hashsalt": "parkland", "text.parse_math": False}):
        figure = Figure(figsize=(8.3, 5.4 + 2.2 * rows), layout="constrained")
        grid = figure.add_gridspec(
            1 + rows, _COLUMNS, height_ratios=[5.0, *[2.0] * rows], hspace=0.03
        )
        _overview(figure.add_subplot(grid[0, :]), frame, stops)
        for i, part in enumerate(shown):
            axes = figure.add_subplot(grid[1 + i // _COLUMNS, i % _COLUMNS])
            _village(axes, frame, part)
        if len(villages) > len(shown):
            figure.supxlabel(
                f"{len(villages) - len(shown)} more villages are in sample.gpkg", fontsize=8
            )
        buffer = io.BytesIO()
        dated = "Date" if kind == "svg" else "Software"
        figure.savefig(buffer, format=kind, dpi=130, metadata={dated: None})
    return buffer.getvalue()


def _overview(axes: Axes, frame: Frame, stops: gpd.GeoDataFrame) -> None:
    drawn = np.isin(frame.plots["plot_id"].astype(str), stops["plot_id"])
    control = (frame.plots["role"] == CONTROL).to_numpy()
    x, y = frame.xy_m.T
    for of, colour, name in (
        (~control, _GREEN, "enrolled"),
        (control, _BROWN, "control"),
    ):
        rest, taken = of & ~drawn, of & drawn
        if rest.any():
            axes.plot(
                x[rest], y[rest], "o", markersize=3.5, markerfacecolor="none",
                markeredgecolor=colour, alpha=0.6, label=f"{rest.sum()} {name}, not drawn",
            )  # fmt: skip
        if taken.any():
            axes.plot(
                x[taken], y[taken], "o", markersize=4.5, color=colour,
                label=f"{taken.sum()} {name}, to measure",
            )  # fmt: skip
    order = frame.plots["plot_id"].astype(str).to_list()
    at = {plot_id: i for i, plot_id in enumerate(order)}
    for number, part in stops.groupby("route", sort=True):
        places = frame.xy_m[[at[plot_id] for plot_id in part["plot_id"]]]
        above = (places[:, 0].mean(), places[:, 1].max())
        axes.annotate(
            str(number), above, textcoords="offset points", xytext=(0, 5), fontsize=9,
            ha="center", weight="bold", color=_INK,
        )  # fmt: skip
    _as_map(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), fontsize=8, frameon=False)
    axes.set_title(
        f"{len(stops)} of {len(frame.plots)} plots, in the order of the routes; north is up",
        fontsize=10,
        loc="left",
    )


def _village(axes: Axes, frame: Frame, part: gpd.GeoDataFrame) -> None:
    """Draw one village: its plots, and the walk from stop to stop."""
    here = frame.village_names.index(str(part["village"].iloc[0]))
    table = frame.plots[frame.village == here]
    origin = part[["lon", "lat"]].to_numpy(np.float64).mean(axis=0)
    taken = set(part["plot_id"])
    for plot_id, role, shape in zip(table["plot_id"], table["role"], table.geometry, strict=True):
        colour = _BROWN if role == CONTROL else _GREEN
        rings = [np.asarray(p.exterior.coords)[:, :2] for p in shapely.get_parts(shape)]
        patches = PatchCollection(
            [Polygon(_metres(ring, origin)) for ring in rings],
            facecolor=colour if str(plot_id) in taken else "none",
            edgecolor=colour if str(plot_id) in taken else _PALE,
            alpha=0.75,
            linewidth=0.8,
        )
        axes.add_collection(patches)
    walk = _metres(part[["lon", "lat"]].to_numpy(np.float64), origin)
    axes.plot(*walk.T, color=_INK, linewidth=0.8)
    for stop, place in zip(part["stop"], walk, strict=True):
        axes.annotate(
            str(stop), tuple(place), fontsize=6.5, ha="center", va="center", color=_INK,
            bbox={"boxstyle": "circle,pad=0.12", "fc": "white", "ec": _INK, "lw": 0.5},
        )  # fmt: skip
    axes.autoscale_view()
    _as_map(axes)
    axes.set_title(
        f"{int(part['route'].iloc[0])}  {part['village'].iloc[0]}", fontsize=8, loc="left"
    )


def _metres(lonlat: Floats, origin: Floats) -> Floats:
    across, along = metres_per_degree(origin[1:])
    metres: Floats = (lonlat - origin) * np.array([across[0], along[0]])
    return metres


def _as_map(axes: Axes) -> None:
    """Take degrees away, keep shapes true, and say how long a stretch is."""
    axes.set_aspect("equal", adjustable="datalim")
    axes.margins(0.06)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    left, right = axes.get_xlim()
    low, high = axes.get_ylim()
    span = max(right - left, high - low)
    length = _round_length(span / 3)
    told = f"{length / 1000:g} km" if length >= 1000 else f"{length:g} m"  # noqa: PLR2004
    y = low - 0.08 * span  # below everything that is drawn
    axes.plot([left, left + length], [y, y], color=_GREY, linewidth=2, solid_capstyle="butt")
    axes.annotate(
        told, (left + length, y), textcoords="offset points", xytext=(4, -2), fontsize=7,
        color=_GREY,
    )  # fmt: skip


def _round_length(wanted_m: float) -> float:
    """Give the largest of 1, 2, 5, 10, ... m that is not above a length."""
    power = 10.0 ** math.floor(math.log10(max(wanted_m, 1.0)))
    return max(step * power for step in _ROUND if step * power <= max(wanted_m, 1.0))
