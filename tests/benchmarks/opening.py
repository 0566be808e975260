"""Small files of real scenes: what an item costs when opening files costs more than decoding them.

The peer opens each file of 64 x 64 pixels with GDAL, as Parkland did before; what is checked of a
file and what becomes of its pixels is the same.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from mrv.imagery.extract import observe
from mrv.imagery.grids import BandLayout, OpenedScene, SceneOpener
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.methodologies import load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.sources.boundaries import parse_boundaries
from mrv.sources.gdal_bands import GdalBand
from mrv.sources.rasters import open_scene
from mrv.sources.stac import SceneQuery, search_scenes
from tests.benchmarks.ratios import QUICK, Comparison, Figure, cpu_seconds
from tests.conftest import real_data_home

_EVERYWHERE = SceneQuery(
    "sentinel-2-l2a", (2.5, 50.0, 6.0, 52.0), date(2017, 1, 1), date(2020, 12, 31)
)
_METHODOLOGY = load_methodology("agroforestry_removals", 1)
_RULES = ImageryRules.of(_METHODOLOGY)
_GDAL = "GDAL opens each file"


def comparisons(_home: Path) -> Iterator[Comparison | Figure]:
    """Compare on the items of Flanders, if the real data are here."""
    folder = real_data_home() / "s2_flanders"
    if not folder.exists():
        return
    scenes = search_scenes(str(folder / "catalog.json"), _EVERYWHERE)[: 20 if QUICK else None]
    plots = _parcels(folder / "plots/parcels_from_label_raster.geojson")
    size = f"{len(scenes)} real items of {len(scenes[0].assets)} bands"
    alike = _sums(scenes, open_scene) == _sums(scenes, open_by_gdal)
    yield Comparison(
        what=f"{size}, opened and read",
        peer=_GDAL,
        ours=lambda: cpu_seconds(lambda: _sums(scenes, open_scene)),
        theirs=lambda: cpu_seconds(lambda: _sums(scenes, open_by_gdal)),
        agreement=f"the numbers of all bands are {'the same' if alike else 'NOT THE SAME'}",
    )
    yield Figure(
        f"{size}, opened and read",
        "ms per item",
        lambda: 1000 * cpu_seconds(lambda: _sums(scenes, open_scene)) / len(scenes),
    )

    def table(opener: SceneOpener) -> pd.DataFrame:
        return observe(scenes, plots, opener, rules=_RULES).table

    equal = table(open_scene).equals(table(open_by_gdal))
    yield Comparison(
        what=f"{size}, from files to a table of {len(plots)} parcels",
        peer=_GDAL,
        ours=lambda: cpu_seconds(lambda: table(open_scene)),
        theirs=lambda: cpu_seconds(lambda: table(open_by_gdal)),
        agreement=f"the tables are {'equal' if equal else 'NOT EQUAL'}",
    )
    yield Figure(
        f"{size}, from files to a table",
        "ms per item",
        lambda: 1000 * cpu_seconds(lambda: table(open_scene)) / len(scenes),
    )


def _parcels(path: Path) -> gpd.GeoDataFrame:
    raw = parse_boundaries(path.read_bytes(), path.name).frame
    return screen_plots(raw, country="BE", rules=PlotRules.of(_METHODOLOGY)).plots


def _sums(scenes: Sequence[Scene], opener: SceneOpener) -> list[int]:
    """Read all bands of all scenes; gives the sum of each block."""
    found = []
    for scene in scenes:
        with opener(scene) as opened:
            for band in scene.assets:
                layout = opened.layout(band)
                numbers = range(layout.blocks_across * layout.blocks_down)
                found += [int(block.sum()) for _, block in opened.blocks(band, numbers)]
    return found


@contextmanager
def open_by_gdal(scene: Scene) -> Iterator[OpenedScene]:
    """Open a scene with GDAL alone."""
    with ExitStack() as stack:
        yield _ByGdal(scene, stack)


class _ByGdal:
    def __init__(self, scene: Scene, stack: ExitStack) -> None:
        self._scene, self._stack = scene, stack
        self._bands: dict[str, GdalBand] = {}

    def layout(self, band: str) -> BandLayout:
        if band not in self._bands:
            self._bands[band] = GdalBand(self._scene.assets[band], self._stack)
        return self._bands[band].facts.layout(self._scene.epsg)

    def blocks(
        self, band: str, numbers: Sequence[int]
    ) -> Iterator[tuple[int, np.ndarray[Any, Any]]]:
        self.layout(band)
        return self._bands[band].blocks(numbers)
