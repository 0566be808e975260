"""Loss-year rasters: how much tree cover each plot lost in which year.

Such a raster (Hansen et al. 2013, Global Forest Change) holds in each pixel 0 where no trees were
lost, else the year of loss counted from a first year. Pixels count by the share of them that lies
in the plot, with their area on the ellipsoid. Only GeoTIFF in degrees of WGS 84 is opened.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import exactextract
import geopandas as gpd
import numpy as np
import rasterio
import shapely
from exactextract.raster import RasterioRasterSource
from rasterio.errors import RasterioError

from mrv.errors import SceneUnreadable
from mrv.plots.measure import M2_PER_HA, flat_areas_of, metres_per_degree
from mrv.plots.surroundings import LostTrees, Shapes

SEEN_MIN_SHARE = 0.99  # of a plot must lie on pixels with a value, else it was not looked at [P]
_RELEASE = re.compile(r"GFC-(\d{4})-(v[\d.]*\d)")  # as the files of Global Forest Change are named


def loss_reader(
    path: Path,
    *,
    first_year: int = 2000,
    last_year: int | None = None,
    product: str = "",
) -> Callable[[Shapes], LostTrees]:
    """Make a function that looks up plots in a loss-year raster.

    Args:
        path: GeoTIFF of whole numbers in EPSG:4326.
        first_year: What 0 would stand for: value v is a loss in `first_year` + v.
        last_year: Last year the product knows. By default the one in the name of a Hansen file,
            else the last loss anywhere in the raster, which is read whole for it.
        product: For sentences; by default the release in the name of a Hansen file, else the name.

    Raises:
        SceneUnreadable: If it is no such raster; also later, if its pixels are damaged.
    """
    named = _RELEASE.search(path.name)
    with _opened(path) as raster:
        if raster.count != 1 or not np.issubdtype(np.dtype(raster.dtypes[0]), np.integer):
            raise _unreadable(path, "it is not one band of whole numbers")
        if raster.crs is None or raster.crs.to_epsg() != 4326:  # noqa: PLR2004  # WGS 84
            raise _unreadable(path, "it is not in WGS 84 (EPSG:4326)")
    if last_year is None:
        last_year = int(named[1]) if named else first_year + _highest(path)
    said = product or (f"Hansen GFC {named[1]} {named[2]}" if named else path.name)
    years = np.arange(first_year + 1, last_year + 1)

    def lost_trees(shapes: Shapes) -> LostTrees:
        return LostTrees(years, _lost_ha(path, shapes, first_year, years), said)

    return lost_trees


def _lost_ha(path: Path, shapes: Shapes, first_year: int, years: np.ndarray) -> np.ndarray:
    lost_ha = np.full((len(shapes), len(years)), np.nan)
    with _opened(path) as raster:
        across_degrees, down_degrees = raster.res
        inside = np.flatnonzero(_touch(shapes, raster.bounds))
        if not len(inside):
            return lost_ha
        plots = gpd.GeoDataFrame({"plot": inside}, geometry=list(shapes[inside]), crs=4326)
        try:
            found = exactextract.exact_extract(
                RasterioRasterSource(raster),
                plots,
                ["values", "coverage", "center_y"],
                output="pandas",
                include_cols=["plot"],
            )
        except (RasterioError, RuntimeError) as error:
            raise _unreadable(path, f"its pixels are damaged ({error})") from error
    areas_ha = flat_areas_of(shapes[inside])
    for plot, area_ha, values, coverage, lat in zip(
        *(found["plot"], areas_ha, found["values"], found["coverage"], found["center_y"]),
        strict=True,
    ):
        across_m, down_m = metres_per_degree(np.asarray(lat, dtype=float))
        weights_ha = coverage * across_m * down_m * across_degrees * down_degrees / M2_PER_HA
        known = ~np.ma.getmaskarray(values)
        if weights_ha[known].sum() >= SEEN_MIN_SHARE * area_ha:
            codes = np.ma.getdata(values)[known].astype(int)
            by_code = np.bincount(codes, weights_ha[known], minlength=years[-1] - first_year + 1)
            lost_ha[plot] = by_code[years - first_year]
    return lost_ha


def _touch(shapes: Shapes, bounds: rasterio.coords.BoundingBox) -> np.ndarray:
    west, south, east, north = shapely.bounds(shapes).T
    beside = (west >= bounds.right) | (east <= bounds.left)
    touching: np.ndarray = ~(beside | (south >= bounds.top) | (north <= bounds.bottom))
    return touching


def _highest(path: Path) -> int:
    with _opened(path) as raster:
        blocks = (
            raster.read(1, window=window, masked=True) for _, window in raster.block_windows(1)
        )
        return max((int(block.max()) for block in blocks if block.count()), default=0) or 1


@contextmanager
def _opened(path: Path) -> Iterator[rasterio.DatasetReader]:
    try:
        with rasterio.open(path, driver="GTiff") as raster:
            yield raster
    except RasterioError as error:
        raise _unreadable(path, f"it is not to be opened as a GeoTIFF ({error})") from error


def _unreadable(path: Path, why: str) -> SceneUnreadable:
    return SceneUnreadable(
        f"{path.name} cannot be used as a loss-year raster: {why}.", file=path.name
    )
