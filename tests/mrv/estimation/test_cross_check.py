"""Other roads to the same total: the map alone, where plots have places and villages."""

from collections.abc import Callable
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest

from mrv.estimation import cross_check  # noqa: F401  # what is judged here, through the estimate
from tests.mrv.estimation.conftest import Invented
from tests.mrv.estimation.test_pathway import run


@pytest.fixture(scope="module")
def project(inventing: Callable[..., Invented]) -> Invented:
    """One growing project, seen and measured well."""
    return inventing(1, draws=2000)


def test_the_map_alone_is_told_where_plots_have_places_and_villages(project: Invented) -> None:
    """As a check beside the total: near it, and with an error that doubles where growth does."""
    rng = np.random.default_rng(3)
    village = project.plots["village"].str[1:].astype(int).to_numpy()
    lon = 34.6 + 0.03 * village + rng.uniform(0, 0.01, len(village))
    lat = -0.2 + rng.uniform(0, 0.01, len(village))
    placed = replace(
        project,
        plots=gpd.GeoDataFrame(project.plots, geometry=gpd.points_from_xy(lon, lat), crs=4326),
    )
    check = run(placed, placed.features).check
    assert check is not None
    assert check.greg_t is not None
    assert check.map_t == pytest.approx(check.greg_t, rel=0.1)
    assert check.map_se_t is not None
    assert 0 < check.map_se_t < 0.2 * check.map_t
    twice = replace(placed, biomass=replace(placed.biomass, agb_t_ha=2 * placed.biomass.agb_t_ha))
    double = run(twice, twice.features).check
    assert double is not None
    assert double.map_t == pytest.approx(2 * check.map_t, rel=1e-5)
    assert double.map_se_t == pytest.approx(2 * check.map_se_t, rel=1e-5)

    nowhere = run(project, project.features).check
    assert nowhere is not None
    assert nowhere.map_t is None
    one = replace(placed, plots=placed.plots.assign(village="V00"))
    alone = run(one, one.features).check
    assert alone is None or alone.map_t is None
