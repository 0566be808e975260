"""Shares of pixels against areas worked out by others and by hand."""

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from mrv.imagery.coverage import cover, place
from mrv.imagery.grids import Grid
from mrv.sources.boundaries import parse_boundaries

Find = Callable[[str], Path]


def test_the_exact_parcel_of_flanders_has_its_registered_area(real_data: Find) -> None:
    """LPIS states 25,215.464506 m2 in EPSG:32631: an area nobody here computed."""
    path = real_data("s2_flanders/plots/lpis_parcel_exact.geojson")
    parcel = parse_boundaries(path.read_bytes(), path.name).frame
    grid = Grid(32631, 501360.0, 5629680.0, 10.0, 64, 64)
    placed = place(parcel, grid)
    coverage = cover(placed.shapes, grid)
    assert coverage.shares.sum() * 100 == pytest.approx(25215.464506, rel=5e-6)
    assert placed.outside_fraction[0] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("name", ["regression4", "regression6", "russia", "antarctica"])
def test_hard_polygons_of_exactextract_keep_their_area(real_data: Find, name: str) -> None:
    """Their own regression shapes, laid on a grid around them: coverage adds up to the area."""
    raw = shapely.from_wkt(
        real_data(f"golden/exactextract/{name}.wkt").read_text().strip().strip('"')
    )
    shape = shapely.make_valid(raw)
    west, south, east, north = shape.bounds
    # A hectare or so in the middle of a UTM zone, whatever the size of the original.
    factor = 2000.0 / max(east - west, north - south)
    small = shapely.affinity.affine_transform(
        shape, (factor, 0, 0, factor, 700_003.7 - west * factor, 9_900_001.3 - south * factor)
    )
    plots = gpd.GeoDataFrame({"plot_id": ["p"]}, geometry=[small], crs=32736).to_crs(epsg=4326)
    grid = Grid(32736, 699_900.0, 9_902_500.0, 10.0, 260, 260)
    placed = place(plots, grid)
    covered = cover(placed.shapes, grid).shares.sum()
    assert covered * 100 == pytest.approx(placed.shapes[0].area, rel=1e-9)
    assert covered * 100 == pytest.approx(small.area, rel=1e-5)


def test_a_plot_elsewhere_in_the_world_is_outside() -> None:
    """No projection error and no pixel, even on the other side of the earth."""
    shapes = [shapely.box(lon, 10, lon + 0.001, 10.001) for lon in (-179.9, -60, 100, 179.8)]
    plots = gpd.GeoDataFrame({"plot_id": list("abcd")}, geometry=shapes, crs=4326)
    grid = Grid(32736, 700_000.0, 9_900_000.0, 10.0, 100, 100)
    placed = place(plots, grid)
    assert len(placed.plots) == 0
    assert len(cover(placed.shapes, grid).shares) == 0
