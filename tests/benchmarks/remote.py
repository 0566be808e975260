"""Scenes behind HTTP: the blocks that hold plots, fetched and decoded, at three distances.

The server is a process of its own on loopback that waits before each answer. The peer is GDAL's
own way over HTTP, block after block, with its directory listings off; a new address for each turn
keeps it from answering out of its cache.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import rasterio
import rasterio.windows

from mrv.imagery.scenes import SCL, Scene
from mrv.sources import cog_bands
from mrv.sources.rasters import open_scene
from tests.benchmarks.ground import MANY, Ground, ground, touched
from tests.benchmarks.ratios import Comparison, Figure, Target, wall_seconds
from tests.mrv.sources.range_server import serve_apart, taken

DATES, THREADS = 4, 2
DELAYS_MS = (0, 30, 100)
BANDS = (SCL, "red", "nir")
_CURL = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",
    "GDAL_INGESTED_BYTES_AT_OPEN": 32_768,
    "GDAL_HTTP_MERGE_CONSECUTIVE_RANGES": "YES",
    "VSI_CACHE": "FALSE",
}


@contextmanager
def comparisons(home: Path) -> Iterator[Iterator[Comparison | Figure]]:
    """Start one server per distance and compare against them."""
    on = ground(home, MANY)
    on = on.on(on.scenes[:DATES])
    folder = Path(on.scenes[0].assets[SCL]).parents[1]
    with (
        serve_apart(folder, DELAYS_MS[0] / 1000) as here,
        serve_apart(folder, DELAYS_MS[1] / 1000) as far,
        serve_apart(folder, DELAYS_MS[2] / 1000) as farther,
    ):
        yield _all(on, folder, (here, far, farther))


def _all(
    on: Ground, folder: Path, addresses: tuple[str, str, str]
) -> Iterator[Comparison | Figure]:
    blocks = {band: _numbers(on, band) for band in BANDS}
    many = sum(map(len, blocks.values())) * len(on.scenes)
    here, far, farther = (
        [_served(scene, folder, address) for scene in on.scenes] for address in addresses
    )
    size = f"{many:,} blocks of {len(on.scenes)} dates"
    checks = {_fetched(scenes, blocks) for scenes in (on.scenes, here, far)}
    checks.add(_curled(here, blocks))
    same = "every block is the same" if len(checks) == 1 else "SOME BLOCKS DIFFER"

    def figure(key: str, per: float) -> Callable[[], float]:
        def measure() -> float:
            taken(addresses[0])
            _fetched(here, blocks)
            return taken(addresses[0])[key] / per

        return measure

    yield Figure(f"requests, {size}", "per block", figure("requests", many), Target(12, 0.5))
    yield Figure(
        f"bytes fetched, {size}",
        "per byte of these blocks",
        figure("bytes", _compressed_bytes(on.scenes, blocks)),
        Target(12, 1.25),
    )
    yield Comparison(
        what=f"{size}, {DELAYS_MS[1]} ms away",
        peer=f"ours {DELAYS_MS[0]} ms away",
        ours=lambda: wall_seconds(lambda: _fetched(far, blocks)),
        theirs=lambda: wall_seconds(lambda: _fetched(here, blocks)),
        target=Target(13, 1.4),
        clock="wall",
        agreement=same,
    )
    yield Comparison(
        what=f"{size}, {DELAYS_MS[2]} ms away",
        peer=f"ours {DELAYS_MS[0]} ms away",
        ours=lambda: wall_seconds(lambda: _fetched(farther, blocks)),
        theirs=lambda: wall_seconds(lambda: _fetched(here, blocks)),
        clock="wall",
    )
    for away, scenes, target in (
        (DELAYS_MS[0], here, None),
        (DELAYS_MS[1], far, Target(13, 1 / 10)),
    ):
        yield Comparison(
            what=f"{size}, {away} ms away",
            peer="GDAL's /vsicurl block by block",
            ours=lambda scenes=scenes: wall_seconds(lambda: _fetched(scenes, blocks)),
            theirs=lambda scenes=scenes: wall_seconds(lambda: _curled(scenes, blocks)),
            target=target,
            clock="wall",
            most_turns=3,
        )


def _numbers(on: Ground, band: str) -> list[int]:
    factor = 2 if band == SCL else 1
    across = -(-on.tile.size // (factor * on.tile.block))
    return [row * across + col for row, col in touched(on, factor)]


def _served(scene: Scene, folder: Path, address: str) -> Scene:
    """Give the same scene with its files behind a server."""
    assets = {
        band: f"{address}/{Path(href).relative_to(folder)}" for band, href in scene.assets.items()
    }
    return replace(scene, assets=assets)


def _fetched(scenes: list[Scene], blocks: dict[str, list[int]]) -> int:
    """Fetch and decode all blocks our way, as a first run does; gives the sum of some numbers."""
    cog_bands.forget_headers()

    def scene_sum(scene: Scene) -> int:
        with open_scene(scene) as opened:
            return sum(
                _witness(array)
                for band, numbers in blocks.items()
                for _, array in opened.blocks(band, numbers)
            )

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(scene_sum, scenes))


_turns = count()


def _curled(scenes: list[Scene], blocks: dict[str, list[int]]) -> int:
    found, turn = 0, next(_turns)
    with rasterio.Env(**_CURL):
        for scene in scenes:
            for band, numbers in blocks.items():
                with rasterio.open(f"/vsicurl/{scene.assets[band]}?turn={turn}") as file:
                    (height, width), across = file.block_shapes[0], -(-file.width // 512)
                    for number in numbers:
                        row, col = number // across * height, number % across * width
                        window = rasterio.windows.Window(
                            col, row, min(width, file.width - col), min(height, file.height - row)
                        )
                        found += _witness(file.read(1, window=window))
    return found


def _witness(array: np.ndarray) -> int:
    return int(array[::61, ::61].sum(dtype=np.int64))


def _compressed_bytes(scenes: list[Scene], blocks: dict[str, list[int]]) -> int:
    """Say how many bytes the blocks take in their files."""
    total = 0
    for scene in scenes:
        for band, numbers in blocks.items():
            with rasterio.open(scene.assets[band]) as file:
                across = -(-file.width // file.block_shapes[0][1])
                for number in numbers:
                    place = f"BLOCK_SIZE_{number % across}_{number // across}"
                    total += int(file.get_tag_item(place, "TIFF", bidx=1) or 0)
    return total
