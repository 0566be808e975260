"""Screening many plots, or one with very many crossings, takes seconds on one core."""

import time

import geopandas as gpd
import numpy as np
import pytest
import shapely

from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots

PLOTS = 50_000
LIMIT_S = 20.0


def villages() -> gpd.GeoDataFrame:
    """Lay out fields of 8 to 29 corners so close that a third share an edge by mistake."""
    rng = np.random.default_rng(3)
    side, across = 0.0006, int(np.ceil(np.sqrt(PLOTS)))
    row, column = np.divmod(np.arange(PLOTS), across)
    corners = rng.integers(8, 30, PLOTS)
    of = np.repeat(np.arange(PLOTS), corners)
    angles = rng.uniform(0, 2 * np.pi, len(of))
    angles = angles[np.lexsort((angles, of))]
    reach = side / 2 * (1 + 0.08 * rng.uniform(-1, 1, len(of)))
    lon = 34.0 + column[of] * side * 1.02 + reach * np.cos(angles)
    lat = 0.05 + row[of] * side * 1.02 + reach * np.sin(angles)
    rings = shapely.linearrings(np.round(np.column_stack((lon, lat)), 7), indices=of)
    cells = {
        "plot_id": [f"P-{k:05d}" for k in range(PLOTS)],
        "farmer_id": [f"F-{k // 2:05d}" for k in range(PLOTS)],
        "planted_on": ["2021-03-01"] * PLOTS,
        "enrolled_on": ["2021-04-01"] * PLOTS,
        "consent_given": ["yes"] * PLOTS,
    }
    return gpd.GeoDataFrame(cells, geometry=shapely.polygons(rings), crs=4326)


@pytest.mark.slow
def test_fifty_thousand_plots_take_less_than_twenty_seconds() -> None:
    raw = villages()
    begin = time.process_time()
    screened = screen_plots(raw, country="KE", rules=PlotRules(0.1, 10.0, 5.0, 0.01))
    took_s = time.process_time() - begin
    assert len(screened.plots) + len(screened.refused) == PLOTS
    assert (screened.findings["code"] == "edge_cut").sum() > PLOTS / 4
    assert took_s < LIMIT_S


def test_a_star_that_crosses_itself_a_million_times_is_not_repaired() -> None:
    """A repair would take minutes and gigabytes; honest boundaries cross themselves rarely."""
    turns = np.arange(1_501) * (750 / 1_501) * 2 * np.pi
    star = shapely.Polygon(np.c_[34.5 + np.cos(turns) / 1000, -0.2 + np.sin(turns) / 1000])
    raw = gpd.GeoDataFrame({"plot_id": ["a"]}, geometry=[star], crs=4326)
    screened = screen_plots(raw, country="KE", rules=PlotRules(0.1, 10.0, 5.0, 0.01))
    assert "has 1502 corners" in screened.refused["reasons"].item()
    assert screened.proposals.empty
