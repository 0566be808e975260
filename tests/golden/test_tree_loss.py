"""Tree cover and its loss over a real forest, against what another project's tests hold it to.

Sierra de Neiba, Hansen Global Forest Change v1.11: the stored results of mapme.biodiversity, whose
areas are planar in UTM; ours are geodesic and came out 0.26 % lower when the data were collected.
"""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from scipy import ndimage

from mrv.errors import SceneUnreadable
from mrv.plots.measure import area_of
from mrv.plots.surroundings import LostTrees
from mrv.sources.loss_years import loss_reader

Find = Callable[[str], Path]
LOSS = "ancillary_tropics/res/gfw_lossyear/Hansen_GFC-2023-v1.11_lossyear_20N_080W.tif"
COVER = "ancillary_tropics/res/gfw_treecover/Hansen_GFC-2023-v1.11_treecover2000_20N_080W.tif"
PIXEL_HA = 0.077  # 0.00025 degrees at 18.6 N
STANDING = 99  # code of forest that was never lost


def forest_only(find: Find, folder: Path, min_cover_percent: float, min_size_ha: float) -> Path:
    """Write the loss years of forest as the source defines it in 2000; what is no forest is 0."""
    with rasterio.open(find(COVER)) as cover, rasterio.open(find(LOSS)) as loss:
        wooded, year, profile = cover.read(1) >= min_cover_percent, loss.read(1), loss.profile
    patches, _ = ndimage.label(wooded, structure=np.ones((3, 3)))
    size_ha = np.bincount(patches.ravel()) * PIXEL_HA
    wooded &= size_ha[patches] >= min_size_ha
    year = np.where(wooded, np.where(year == 0, STANDING, year), 0).astype("uint8")
    path = folder / "forest.tif"
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(year, 1)
    return path


def polygon(find: Find) -> np.ndarray:
    frame = gpd.read_file(find("ancillary_tropics/extdata/gfw_sample.gpkg"))
    return np.array(frame.geometry.to_numpy(), dtype=object)


@pytest.fixture(scope="module")
def expected(real_data: Find) -> dict[str, list[float]]:
    path = real_data("ancillary_tropics/expected_from_mapme_tests.json")
    stored: dict[str, list[float]] = json.loads(path.read_text())["treecover_area_ha"]
    return stored


@pytest.fixture(scope="module")
def forest(
    real_data: Find, tmp_path_factory: pytest.TempPathFactory, expected: dict[str, list[float]]
) -> LostTrees:
    rules = expected["min_cover_pct"], expected["min_size_ha"]
    path = forest_only(real_data, tmp_path_factory.mktemp("forest"), *rules)  # type: ignore[arg-type]  # two numbers
    return loss_reader(path, last_year=2000 + STANDING)(polygon(real_data))


def test_tree_cover_by_year_is_that_of_the_source(
    forest: LostTrees, expected: dict[str, list[float]]
) -> None:
    """Tolerance of 1 %, as the note beside the expected values says."""
    area_ha = [forest.lost_ha[0, forest.years > year].sum() for year in expected["years"]]
    assert area_ha == pytest.approx(expected["expected"], rel=0.01)
    assert area_ha[0] == pytest.approx(2051.99, abs=0.02)  # the independent computation's own value


def test_loss_by_year_is_that_of_the_source(
    forest: LostTrees, expected: dict[str, list[float]]
) -> None:
    """Differences of the source's areas from one year to the next, to 0.6 % or one pixel."""
    lost_ha = forest.lost_ha[0, : len(expected["years"]) - 1]
    assert lost_ha == pytest.approx(-np.diff(expected["expected"]), rel=0.006, abs=PIXEL_HA)


def test_the_raster_as_it_is_loses_all_it_says(real_data: Find) -> None:
    """Every pixel of the raster, counted apart from the reader, on the raster's own rectangle."""
    with rasterio.open(real_data(LOSS)) as raster:
        years, rows = raster.read(1), np.arange(raster.height)
        whole = shapely.box(*raster.bounds)
        _, north = raster.xy(rows, np.zeros_like(rows), offset="ul")
    north = np.append(north, raster.bounds.bottom)
    row_ha = [
        area_of(shapely.box(raster.bounds.left, south, raster.bounds.left + raster.res[0], top))
        for top, south in pairwise(north)
    ]
    lost = loss_reader(real_data(LOSS))(np.array([whole], dtype=object))
    assert lost.product == "Hansen GFC 2023 v1.11"
    assert lost.years.tolist() == list(range(2001, 2024))
    for year, lost_ha in zip(lost.years, lost.lost_ha[0], strict=True):
        counted = ((years == year - 2000).sum(axis=1) * row_ha).sum()
        assert lost_ha == pytest.approx(counted, rel=1e-6), year


def test_a_plot_beyond_the_raster_is_not_known(real_data: Find) -> None:
    inside, beyond = shapely.box(-71.71, 18.65, -71.709, 18.651), shapely.box(34, 0, 34.001, 0.001)
    across = shapely.box(-71.6905, 18.65, -71.6885, 18.651)  # the raster ends in it
    lost = loss_reader(real_data(LOSS))(np.array([beyond, inside, across], dtype=object))
    assert np.isnan(lost.lost_ha).all(axis=1).tolist() == [True, False, True]


def test_pixels_without_a_value_are_not_known(tmp_path: Path) -> None:
    codes = np.array([[0, 255], [7, 7]], dtype="uint8")
    path = made(tmp_path / "Hansen_GFC-2022-v1.10_lossyear_10N_030E.tif", codes)
    upper, lower = (
        shapely.box(30, 9.9995, 30.0005, 9.99975),
        shapely.box(30, 9.9995, 30.0005, 9.9997),
    )
    lost = loss_reader(path)(
        np.array([shapely.box(30, 9.9996, 30.0005, 10), lower, upper], dtype=object)
    )
    assert np.isnan(lost.lost_ha).all(axis=1).tolist() == [True, False, False]
    assert lost.years[-1] == 2022
    assert lost.lost_ha[2, 6] == pytest.approx(area_of(upper), rel=1e-4)


def made(path: Path, codes: np.ndarray, crs: str = "EPSG:4326") -> Path:
    height, width = codes.shape
    profile = {"driver": "GTiff", "dtype": codes.dtype, "count": 1, "crs": crs, "nodata": 255}
    transform = Affine(0.00025, 0.0, 30.0, 0.0, -0.00025, 10.0)
    with rasterio.open(
        path, "w", height=height, width=width, transform=transform, **profile
    ) as raster:
        raster.write(codes, 1)
    return path


def test_the_last_year_of_an_unnamed_raster_is_its_last_loss(tmp_path: Path) -> None:
    path = made(tmp_path / "alerts.tif", np.array([[0, 3], [1, 255]], dtype="uint8"))
    lost = loss_reader(path, first_year=2020)(np.array([shapely.box(30, 9.9995, 30.001, 10)]))
    assert lost.years.tolist() == [2021, 2022, 2023]
    assert lost.product == "alerts.tif"


@pytest.mark.parametrize("fault", ["text", "metres", "floats", "absent"])
def test_what_is_no_loss_raster_is_one_sentence(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "loss.tif"
    if fault == "text":
        path.write_text("<VRTDataset/>")
    elif fault == "metres":
        made(path, np.zeros((2, 2), dtype="uint8"), "EPSG:32636")
    elif fault == "floats":
        made(path, np.zeros((2, 2), dtype="float32"))
    with pytest.raises(SceneUnreadable, match=r"^loss\.tif cannot be used as a loss-year raster: "):
        loss_reader(path)
