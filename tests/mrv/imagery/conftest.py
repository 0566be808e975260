"""Scenes in memory: small grids whose pixels a test can set by hand."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from mrv.imagery.grids import BandLayout, Grid
from mrv.imagery.offsets import OffsetRule
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene

EPSG = 32736
LEFT, TOP = 700_000.0, 9_990_000.0  # western Kenya, just south of the equator
TEN_METRE = ("blue", "green", "red", "nir")


@dataclass
class Sky:
    """Scenes and their pixels; opens them as `mrv.sources.rasters.open_scene` would."""

    grids: dict[str, dict[str, Grid]] = field(default_factory=dict)
    pixels: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    scenes: list[Scene] = field(default_factory=list)
    block: int = 16  # side of a file's blocks; 40 is no multiple of it
    opened: list[str] = field(default_factory=list)
    fetched: list[tuple[str, str, int]] = field(default_factory=list)

    def add(
        self,
        name: str,
        when: str,
        bands: Mapping[str, Any],
        *,
        scl: int | NDArray[Any] = 4,
        left: float = LEFT,
        epsg: int = EPSG,
        tile: str = "36MYE",
        offset: OffsetRule | None = None,
    ) -> Scene:
        """Add a scene of 40 x 40 pixels of 10 m; a single number fills a band."""
        rule = offset or OffsetRule(1e-4, 0.0, "raster offset", "stated", 2.14)
        self.grids[name], self.pixels[name] = {}, {}
        for band, value in {**bands, "scl": scl}.items():
            step = 1 if band in TEN_METRE else 2
            side = 40 // step
            self.grids[name][band] = Grid(epsg, left, TOP, 10.0 * step, side, side)
            array = np.zeros((side, side), np.uint8 if band == "scl" else np.uint16)
            array[:] = value
            self.pixels[name][band] = array
        scene = Scene(
            id=name,
            collection="sentinel-2-l2a",
            acquired_at=datetime.fromisoformat(when).replace(tzinfo=UTC),
            mgrs_tile=tile,
            pass_key="",
            epsg=epsg,
            bbox=(0.0, 0.0, 0.0, 0.0),
            cloud_percent=None,
            assets={band: f"{name}/{band}" for band in self.pixels[name]},
            item_sha256=hashlib.sha256(name.encode()).hexdigest(),
            offset=rule,
        )
        self.scenes.append(scene)
        return scene

    @contextmanager
    def open(self, scene: Scene) -> Iterator["_Opened"]:
        self.opened.append(scene.id)
        yield _Opened(self, scene.id)


@dataclass
class _Opened:
    sky: Sky
    name: str

    def layout(self, band: str) -> BandLayout:
        grid, dtype = self.sky.grids[self.name][band], self.sky.pixels[self.name][band].dtype
        return BandLayout(grid, self.sky.block, self.sky.block, dtype.name)

    def blocks(self, band: str, numbers: Sequence[int]) -> Iterator[tuple[int, NDArray[Any]]]:
        """Hand out one buffer again and again, as readers may."""
        layout, array = self.layout(band), self.sky.pixels[self.name][band]
        buffer = np.empty(self.sky.block**2, array.dtype)
        for number in numbers:
            window = layout.window(number)
            self.sky.fetched.append((self.name, band, number))
            block = buffer[: window.height * window.width].reshape(window.height, window.width)
            block[:] = array[
                window.row : window.row + window.height, window.col : window.col + window.width
            ]
            yield number, block
        buffer[:] = 77


@pytest.fixture
def sky() -> Sky:
    return Sky()


@pytest.fixture
def rules() -> ImageryRules:
    """No cloud buffer, so that a test sees exactly the pixels it sets."""
    return ImageryRules(
        cloud_buffer_m=0.0,
        clear_fraction_min=0.5,
        clear_looks_min=2,
        clear_plots_min_fraction=0.8,
        offset_sanity_low=0.0,
        offset_sanity_high=0.06,
    )


@pytest.fixture
def plots_at() -> Callable[..., gpd.GeoDataFrame]:
    """Plots from shapes in metres right and down of the grid's upper left corner."""

    def make(epsg: int = EPSG, **shapes: shapely.Geometry) -> gpd.GeoDataFrame:
        placed = [
            shapely.affinity.affine_transform(shape, (1, 0, 0, -1, LEFT, TOP))
            for shape in shapes.values()
        ]
        table = gpd.GeoDataFrame({"plot_id": list(shapes)}, geometry=placed, crs=epsg)
        return table.to_crs(epsg=4326)

    return make
