"""Plots in numbers: strata, villages, growth with a spread and a likeness within villages."""

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from mrv.estimation.greg import Floats
from mrv.sampling.frame import Frame, frame_of

STRATA = ("bush", "homestead")


def plot_table(plots: int, villages: int, controls: int, seed: int = 4) -> gpd.GeoDataFrame:
    rng = np.random.default_rng(seed)
    village = np.sort(rng.integers(0, villages, plots))
    homes = rng.uniform(34.5, 34.8, (villages, 2)) - np.array([0.0, 34.5])
    lon, lat = (homes[village] + rng.normal(0, 0.003, (plots, 2))).T
    frame = pd.DataFrame(
        {
            "plot_id": [f"P-{i:04d}" for i in range(plots)],
            "village": [f"V{v:02d}" for v in village],
            "stratum": rng.choice(STRATA, plots, p=[0.7, 0.3]),
            "role": "enrolled",
            "area_ha": rng.lognormal(-0.5, 0.4, plots),
        }
    )
    frame.loc[rng.choice(plots, controls, replace=False), "role"] = "control"
    shapes = [shapely.box(x, y, x + 5e-4, y + 5e-4) for x, y in zip(lon, lat, strict=True)]
    return gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326")


@pytest.fixture(scope="session")
def frame() -> Frame:
    return frame_of(plot_table(plots=600, villages=40, controls=60))


@pytest.fixture(scope="session")
def growth_of() -> Callable[..., Floats]:
    """Growth of every plot of a frame [t d.m./ha]: mean 6 planted and 0.4 on controls."""

    def growth(frame: Frame, icc: float, seed: int = 1) -> Floats:
        rng = np.random.default_rng(seed)
        home = rng.standard_normal(len(frame.village_names))[frame.village]
        own = rng.standard_normal(len(frame.village))
        spread = np.sqrt(icc) * home + np.sqrt(1 - icc) * own
        control = frame.is_control[frame.group]
        mean = np.where(control, 0.4, np.array([7.0, 5.0, 0.0])[frame.group])
        sd: Floats = np.where(control, 0.5, np.array([3.5, 5.0, 0.0])[frame.group])
        return mean + sd * spread

    return growth
