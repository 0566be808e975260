"""Invented Sentinel-2 tiles on disk: as large, as blocked and as hard to compress as real ones.

A landscape of several scales with sensor noise on it, so that deflate gets 1.4 to 1.8 as on real
scenes; clouds with shadows; a wedge without data where an orbit ends. Made strip by strip, so
memory stays small, and kept between runs. Only the blocks asked for are written where a whole
country would not fit the disk; the others are holes, as GDAL's sparse files have them.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.transform
import rasterio.windows
from numpy.typing import NDArray
from pyproj import Transformer

from mrv.imagery.scenes import Scene, scene_from_item

Array = NDArray[np.float32]
FIRST_DAY = datetime(2025, 1, 3, 8, 0, tzinfo=UTC)
_VERSION = 1  # of what is drawn; tiles of another version are made again
_VEGETATION = ((4, 0.10), (12, 0.25), (64, 0.35), (700, 0.5))  # scale [10 m pixel], amplitude
_TEXTURE = ((3, 0.5), (24, 0.8))
_CLOUD = ((80, 0.35), (400, 0.6), (1800, 0.7))


@dataclass(frozen=True)
class Band:
    """How a band's numbers come about: base + vegetation + season x vegetation + texture + noise.

    Attributes:
        factor: Pixels of 10 m side by side in one of its.
        base: Digital number of bare mean ground.
        vegetation: Per unit of vegetation.
        texture: Per unit of soil texture.
        noise: Standard deviation.
    """

    factor: int
    base: float
    vegetation: float
    texture: float
    noise: float


BANDS: Mapping[str, Band] = {
    "red": Band(1, 900, -260, 120, 55),
    "nir": Band(1, 2700, 520, 160, 90),
    "rededge1": Band(2, 1400, 90, 130, 60),
    "swir16": Band(2, 2200, -380, 220, 80),
}


@dataclass(frozen=True)
class Tile:
    """Where a tile lies.

    Attributes:
        name: In the MGRS grid.
        epsg: Its UTM zone.
        left: Easting of its corner [m].
        top: Northing of its corner [m].
        size: Pixels of 10 m along a side.
        block: Pixels along a side of a block.
    """

    name: str
    epsg: int
    left: float
    top: float
    size: int = 10_980
    block: int = 512

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Give west, south, east and north [m]."""
        reach = self.size * 10.0
        return self.left, self.top - reach, self.left + reach, self.top


@dataclass(frozen=True)
class Acquisition:
    """One look at a tile.

    Attributes:
        name: Of its folder.
        cloud_share: Of the tile under clouds [1].
        wedge: Whether the orbit ends within the tile.
        season: Greenness added to the mean one [1].
    """

    name: str
    cloud_share: float
    wedge: bool = False
    season: float = 0.0


ONE_TILE = Tile("36MXD", 32736, 600_000.0, 9_900_040.0)
EIGHT_DATES = tuple(
    Acquisition(f"t{n}", cloud, wedge=n % 3 == 2, season=0.25 * float(np.sin(np.pi * n / 4)))
    for n, cloud in enumerate((0.45, 0.10, 0.83, 0.22, 0.95, 0.34, 0.71, 0.58))
)
CLOUDLESS = Acquisition("cloudless", 0.0)


def on_days(folders: Sequence[Path], tile: Tile, days: int, every_days: int = 5) -> list[Scene]:
    """Let a few acquisitions stand for many days, in turn; what is read is theirs."""
    scenes = (scene_from_item(said) for said in items(folders, tile, days, every_days))
    return [replace(scene, assets=dict(scene.assets)) for scene in scenes]  # to other processes


def items(
    folders: Sequence[Path], tile: Tile, days: int, every_days: int
) -> Iterator[dict[str, Any]]:
    """Say in STAC what some acquisitions are that stand for many days, in turn."""
    for n in range(days):
        when = FIRST_DAY + timedelta(days=every_days * n)
        yield item(tile, folders[n % len(folders)], when)


def drawn(
    home: Path,
    tile: Tile,
    acquisitions: Sequence[Acquisition],
    bands: Sequence[str] = ("red", "nir"),
    only: NDArray[np.bool_] | None = None,
) -> list[Path]:
    """Draw acquisitions that are not there yet; gives the folder of each.

    Args:
        home: Folder that is kept between runs.
        tile: Where.
        acquisitions: Which.
        bands: Which beside the classification.
        only: Cells of two by two 10 m blocks that are written; all where not said.
    """
    said = json.dumps([_VERSION, asdict(tile), list(bands)]).encode()
    said += b"" if only is None else np.packbits(only).tobytes()
    place = home / "tiles" / f"{tile.name}-{hashlib.sha256(said).hexdigest()[:12]}"
    missing = [one for one in acquisitions if not _folder(place, one).exists()]
    if missing:
        _draw(place, tile, missing, bands, only)
    return [_folder(place, one) for one in acquisitions]


def item(tile: Tile, folder: Path, when: datetime) -> dict[str, Any]:
    """Say in STAC what a folder of bands is; the same folder can stand for several days."""
    to_degrees = Transformer.from_crs(tile.epsg, 4326, always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*tile.bounds)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "stac_extensions": [],
        "id": f"S2A_{tile.name}_{when:%Y%m%d}_0_L2A",
        "collection": "sentinel-2-l2a",
        "bbox": [west, south, east, north],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "datetime": when.isoformat(),
            "platform": "sentinel-2a",
            "proj:code": f"EPSG:{tile.epsg}",
            "grid:code": f"MGRS-{tile.name}",
            "eo:cloud_cover": 0.0,
            "s2:processing_baseline": "05.11",
            "earthsearch:boa_offset_applied": True,
            # Whoever keeps pixels knows scenes by their items: other pixels, another item.
            "parkland:pixels": f"{folder.parent.name}/{folder.name}",
        },
        "assets": {
            path.stem: {"href": str(path), "type": "image/tiff; application=geotiff"}
            for path in sorted(folder.glob("*.tif"))
        },
        "links": [],
    }


def touched_cells(tile: Tile, bounds: NDArray[np.float64], reach_m: float) -> NDArray[np.bool_]:
    """Say which cells of two by two 10 m blocks plots touch, or come near.

    Args:
        tile: Where.
        bounds: West, south, east and north of each plot in the tile's zone [m].
        reach_m: How near counts [m].
    """
    side_m = 20.0 * tile.block
    count = -(-tile.size // (2 * tile.block))
    touched = np.zeros((count, count), bool)
    west, south, east, north = bounds.T
    first_col, last_col = ((edge - tile.left) / side_m for edge in (west - reach_m, east + reach_m))
    first_row, last_row = (
        (tile.top - edge) / side_m for edge in (north + reach_m, south - reach_m)
    )
    inside = (last_col > 0) & (first_col < count) & (last_row > 0) & (first_row < count)
    edges = np.stack([first_row, last_row, first_col, last_col], axis=1)[inside]
    corners = np.unique(np.clip(np.floor(edges).astype(int), 0, count - 1), axis=0)
    for top, bottom, left, right in corners:
        touched[top : bottom + 1, left : right + 1] = True
    return touched


def _folder(place: Path, acquisition: Acquisition) -> Path:
    said = f"{acquisition.cloud_share}{acquisition.wedge}{acquisition.season:.4f}"
    return place / f"{acquisition.name}-{hashlib.sha256(said.encode()).hexdigest()[:6]}"


def _draw(
    place: Path,
    tile: Tile,
    acquisitions: Sequence[Acquisition],
    bands: Sequence[str],
    only: NDArray[np.bool_] | None,
) -> None:
    root = abs(hash((tile.left, tile.top, tile.epsg))) % 2**32
    vegetation, texture = (
        _Field(tile.size, scales, np.random.default_rng((root, n)))
        for n, scales in enumerate((_VEGETATION, _TEXTURE))
    )
    drafts = [_folder(place, one).with_suffix(".draft") for one in acquisitions]
    with ExitStack() as stack:
        looks = []
        for one, draft in zip(acquisitions, drafts, strict=True):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            rng = np.random.default_rng((root, *one.name.encode()))
            files = {
                band: stack.enter_context(_file(draft, tile, band)) for band in (*bands, "scl")
            }
            looks.append(_Look(tile, one, rng, files))
        for rows, cols in _cells(tile, only):
            green, soil = vegetation.window(rows, cols), texture.window(rows, cols)
            for look in looks:
                look.write(rows, cols, green, soil)
    for one, draft in zip(acquisitions, drafts, strict=True):
        draft.rename(_folder(place, one))


def _cells(tile: Tile, only: NDArray[np.bool_] | None) -> Iterator[tuple[range, range]]:
    """Strips of the whole tile, or the cells asked for; in pixels of 10 m."""
    side = 2 * tile.block
    starts = range(0, tile.size, side)
    for i, top in enumerate(starts):
        rows = range(top, min(top + side, tile.size))
        if only is None:
            yield rows, range(tile.size)
            continue
        for j in np.flatnonzero(only[i]).tolist():
            yield rows, range(starts[j], min(starts[j] + side, tile.size))


class _Field:
    """Smooth noise of several scales that can be had for any window."""

    def __init__(
        self, size: int, scales: Sequence[tuple[int, float]], rng: np.random.Generator
    ) -> None:
        self._low = [
            (scale, rng.standard_normal((size // scale + 2,) * 2, dtype=np.float32) * amplitude)
            for scale, amplitude in scales
        ]

    def window(self, rows: range, cols: range) -> Array:
        total = np.zeros((len(rows), len(cols)), np.float32)
        for scale, low in self._low:
            row, down = _between(rows, scale)
            col, across = _between(cols, scale)
            part = low[row] * (1 - down[:, None]) + low[row + 1] * down[:, None]
            total += part[:, col] * (1 - across) + part[:, col + 1] * across
        return total


def _between(pixels: range, scale: int) -> tuple[NDArray[np.intp], Array]:
    place = np.arange(pixels.start, pixels.stop, pixels.step) / scale
    below = np.floor(place).astype(np.intp)
    return below, (place - below).astype(np.float32)


class _Look:
    """An acquisition that is being written."""

    def __init__(
        self, tile: Tile, acquisition: Acquisition, rng: np.random.Generator, files: dict[str, Any]
    ) -> None:
        self._tile, self._acquisition, self._rng, self._files = tile, acquisition, rng, files
        self._cloud = _Field(tile.size, _CLOUD, rng)
        sample = range(0, tile.size, 32)
        self._level = float(
            np.quantile(self._cloud.window(sample, sample), 1 - acquisition.cloud_share)
            if acquisition.cloud_share
            else np.inf
        )

    def write(self, rows: range, cols: range, green: Array, soil: Array) -> None:
        classes, cloud = self._sky(rows, cols, green[::2, ::2])
        self._write("scl", rows, cols, 2, classes)
        for name in self._files:
            if name == "scl":
                continue
            band = BANDS[name]
            step = band.factor
            size = 2 // step
            numbers = (
                band.base
                + band.vegetation * (1 + self._acquisition.season) * (green[::step, ::step])
            )
            numbers += band.texture * soil[::step, ::step]
            numbers += band.noise * self._rng.standard_normal(numbers.shape, dtype=np.float32)
            numbers += 0.8 * (6500 - numbers) * _enlarged(cloud, size, numbers.shape)
            np.clip(numbers, 1, 16_000, out=numbers)
            digital = numbers.astype(np.uint16)
            digital[_enlarged(classes == 0, size, numbers.shape)] = 0
            self._write(name, rows, cols, step, digital)

    def _sky(self, rows: range, cols: range, green: Array) -> tuple[NDArray[np.uint8], Array]:
        above = self._cloud.window(rows[::2], cols[::2]) - self._level
        classes = np.where(green > 0, 4, 5).astype(np.uint8)
        for height, scl in ((-0.12, 3), (0.0, 8), (0.25, 9)):
            classes[above > height] = scl
        if self._acquisition.cloud_share:
            classes[self._rng.random(classes.shape, dtype=np.float32) < 0.01] = 7  # unclassified
        if self._acquisition.wedge:
            down, right = (np.arange(along.start, along.stop, 2) for along in (rows, cols))
            classes[right > 0.35 * down[:, None] + 0.72 * self._tile.size] = 0
        return classes, np.clip(np.nan_to_num(above, neginf=0.0) * 6, 0, 1).astype(np.float32)

    def _write(
        self, band: str, rows: range, cols: range, factor: int, numbers: NDArray[Any]
    ) -> None:
        height, width = numbers.shape
        window = rasterio.windows.Window(cols.start // factor, rows.start // factor, width, height)
        self._files[band].write(numbers, 1, window=window)


def _enlarged(array: NDArray[Any], step: int, shape: tuple[int, ...]) -> NDArray[Any]:
    whole = array if step == 1 else array.repeat(step, axis=0).repeat(step, axis=1)
    return whole[: shape[0], : shape[1]]


def _file(folder: Path, tile: Tile, band: str) -> Any:  # noqa: ANN401  # rasterio ships no types
    factor = 2 if band == "scl" else BANDS[band].factor
    side = -(-tile.size // factor)
    return rasterio.open(
        folder / f"{band}.tif",
        "w",
        driver="GTiff",
        width=side,
        height=side,
        count=1,
        dtype="uint8" if band == "scl" else "uint16",
        crs=f"EPSG:{tile.epsg}",
        transform=rasterio.transform.from_origin(tile.left, tile.top, 10 * factor, 10 * factor),
        tiled=True,
        blockxsize=tile.block,
        blockysize=tile.block,
        compress="deflate",
        zlevel=6,
        predictor=2,
        num_threads=2,
        sparse_ok=True,
        nodata=0,
    )
