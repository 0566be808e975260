"""Plots on a shelf: GeoParquet in, a frame with geometry out."""

import io

import geopandas as gpd

from mrv.sources.boundaries.write import to_geoparquet
from pipelines.shelf import PARQUET, Note, Shelf


def keep_plots(shelf: Shelf, name: str, plots: gpd.GeoDataFrame) -> Note:
    """Leave plots on a shelf."""
    return shelf.put_bytes(name, to_geoparquet(plots), PARQUET, len(plots))


def drawn_plots(shelf: Shelf) -> gpd.GeoDataFrame:
    """Take the boundaries as they were delivered."""
    return gpd.read_parquet(io.BytesIO(shelf.data("boundaries")))


def screened_plots(shelf: Shelf) -> gpd.GeoDataFrame:
    """Take the accepted plots."""
    return gpd.read_parquet(io.BytesIO(shelf.data("plots")))
