"""An invented country: twelve neighbouring tiles, villages of smallholders, a year of scenes.

Of each tile three acquisitions are drawn, and only the blocks that plots touch; they stand in turn
for the 70 dates of the year, each under an item of its own. So decoding, masking and adding up are
the real work of a year, while the disk holds a twentieth of it.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from mrv.imagery.plan import MASK_REACH_M
from pipelines.commands.show import notes
from tests.benchmarks.farms import make_plots
from tests.benchmarks.ground import touched_blocks
from tests.benchmarks.ratios import QUICK
from tests.benchmarks.tiles import (
    FIRST_DAY,
    ONE_TILE,
    Acquisition,
    Tile,
    drawn,
    items,
    touched_cells,
)

_COLUMNS = {"U": 300_000.0, "V": 399_960.0, "W": 499_980.0, "X": 600_000.0}
_ROWS = {"E": 10_000_000.0, "D": 9_900_040.0, "C": 9_800_020.0}
_TILES = tuple(
    replace(ONE_TILE, name=f"36M{col}{row}", left=left, top=top)
    for row, top in _ROWS.items()
    for col, left in _COLUMNS.items()
)
TILES = tuple(replace(tile, size=2_048) for tile in _TILES[:2]) if QUICK else _TILES
SIZES = (150, 600) if QUICK else (1_000, 5_000, 20_000, 50_000)  # plots
DATES, EVERY_DAYS = (12, 30) if QUICK else (70, 5)
BANDS = ("red", "nir", "rededge1", "swir16")
INDICES = ("ndvi", "kndvi", "nirv", "ndrei", "cire", "ndmi")
_ACQUISITIONS = (
    Acquisition("clear", 0.10, season=-0.2),
    Acquisition("mixed", 0.40, wedge=True),
    Acquisition("cloudy", 0.75, season=0.2),
)
CATALOG, COLLECTION = "catalog.json", "sentinel-2-l2a"


def country_plots(count: int = SIZES[-1]) -> gpd.GeoDataFrame:
    """Give the plots of a country; those of a smaller one are the first of a larger one."""
    return make_plots(count, TILES)


def blocks_by_density() -> dict[str, dict[str, int]]:
    """Count the 10 m blocks that plots touch on one tile, as dense as here and with all plots."""
    densities = {"few": SIZES[-1] // len(TILES), "many": SIZES[-1]}
    return {
        name: {"plots": plots, "blocks": _blocks(TILES[0], plots)}
        for name, plots in densities.items()
    }


def written_catalog(home: Path) -> Path:
    """Draw the country's scenes where they are not yet; gives its static STAC catalog."""
    folder = home / ("country-quick" if QUICK else "country")
    catalog = folder / CATALOG
    if catalog.exists():
        return catalog
    bounds = shapely.bounds(country_plots().to_crs(epsg=TILES[0].epsg).geometry.to_numpy())
    links = []
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        works = [(tile, executor.submit(_drawn, folder, tile, bounds)) for tile in TILES]
        for n, (tile, work) in enumerate(works, start=1):
            links += [
                _written(folder / "items" / f"{said['id']}.json", said)
                for said in items(work.result(), tile, DATES, EVERY_DAYS)
            ]
            notes.print(f"  {n} of {len(works)} tiles drawn")
    collection = {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": COLLECTION,
        "description": "Invented scenes of an invented country.",
        "license": "Apache-2.0",
        "extent": {
            "spatial": {"bbox": [[-180.0, -90.0, 180.0, 90.0]]},
            "temporal": {"interval": [[FIRST_DAY.isoformat(), None]]},
        },
        "links": [{"rel": "item", "href": f"items/{name}"} for name in links],
    }
    _written(folder / "collection.json", collection)
    root = {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "invented-country",
        "description": "Invented scenes of an invented country.",
        "links": [{"rel": "child", "href": "collection.json"}],
    }
    _written(catalog, root)
    return catalog


def _blocks(tile: Tile, plots: int) -> int:
    shapes = make_plots(plots, [tile]).to_crs(epsg=tile.epsg).geometry.to_numpy()
    return len(touched_blocks(tile, shapes, 1))


def _drawn(folder: Path, tile: Tile, bounds: NDArray[np.float64]) -> list[Path]:
    only = touched_cells(tile, bounds, MASK_REACH_M)
    return drawn(folder, tile, _ACQUISITIONS, BANDS, only)


def _written(path: Path, document: Mapping[str, Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")
    return path.name
