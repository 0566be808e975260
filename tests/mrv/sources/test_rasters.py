"""Scene files that are damaged, or not what their item says."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from mrv.errors import SceneUnreadable
from mrv.imagery.scenes import Scene, scene_from_item
from mrv.sources.rasters import open_scene

Find = Callable[[str], Path]


@pytest.fixture
def scene(real_data: Find) -> Scene:
    home = real_data("s2_flanders/sentinel-2-l2a/S2_31UDS_20180807T105912_L2A")
    item = json.loads((home / f"{home.name}.json").read_text())
    for asset in item["assets"].values():
        asset["href"] = str(home / asset["href"])
    return scene_from_item(item)


def with_band(scene: Scene, path: Path, band: str = "red") -> Scene:
    return replace(scene, assets={**scene.assets, band: str(path)})


def write(path: Path, array: NDArray[Any], **profile: Any) -> Path:  # noqa: ANN401  # rasterio's own options
    height, width = array.shape
    base: dict[str, Any] = {"driver": "GTiff"}
    base |= {"crs": "EPSG:32631", "transform": Affine(10, 0, 501360, 0, -10, 5629680), "nodata": 0}
    chosen = {**base, "count": 1, "dtype": array.dtype, "width": width, "height": height, **profile}
    with rasterio.open(path, "w", **chosen) as file:
        file.write(array, 1)
    return path


def test_blocks_hold_digital_numbers_as_stored(scene: Scene) -> None:
    with open_scene(scene) as opened:
        layout = opened.layout("red")
        blocks = {number: block.copy() for number, block in opened.blocks("red", [0])}
    with rasterio.open(scene.assets["red"]) as file:
        whole = file.read(1)
    assert (layout.grid.epsg, layout.grid.pixel_m, layout.grid.width) == (32631, 10.0, 64)
    assert (layout.block_height, layout.block_width, layout.dtype) == (64, 64, "uint16")
    assert np.array_equal(blocks[0], whole)
    assert blocks[0].dtype == np.uint16


SHAPES = {
    "small tiles": {"tiled": True, "blockxsize": 64, "blockysize": 32, "compress": "deflate"},
    "large tiles": {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "zstd"},
    "strips": {"compress": "lzw"},
    "one strip": {"blockysize": 700, "compress": "deflate"},
    "no compression": {"tiled": True, "blockxsize": 128, "blockysize": 128},
    "JPEG 2000": {"driver": "JP2OpenJPEG", "quality": 100, "reversible": True},
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("noise", [3000, 3], ids=["large", "small"])
def test_every_block_is_where_it_belongs(
    scene: Scene, tmp_path: Path, shape: dict[str, Any], noise: int
) -> None:
    """Also those cut at the edges; in any order, whoever reads the file."""
    rng = np.random.default_rng(1)
    array = rng.integers(1, 1 + noise, (700, 500), dtype=np.uint16)
    name = "red.jp2" if shape.get("driver") else "red.tif"
    asked = with_band(scene, write(tmp_path / name, array, **shape))
    with open_scene(asked) as opened:
        layout = opened.layout("red")
        numbers = rng.permutation(layout.blocks_across * layout.blocks_down).tolist()
        found = np.zeros_like(array)
        for number, block in opened.blocks("red", numbers):
            at = layout.window(number)
            found[at.row : at.row + at.height, at.col : at.col + at.width] = block
        again = dict(opened.blocks("red", numbers[:1]))
    assert np.array_equal(found, array)
    assert list(again) == numbers[:1]


PIXELS = np.ones((8, 8), np.uint16)


@pytest.mark.parametrize(
    ("profile", "array", "told"),
    [
        ({"crs": "EPSG:32632"}, PIXELS, "the item says EPSG:32631"),
        ({"nodata": 65535}, PIXELS, "marks missing pixels with 65535"),
        ({}, PIXELS.astype(np.float32), "holds float32"),
        ({"transform": Affine(10, 0, 0, 0, -20, 0)}, PIXELS, "not north-up squares"),
        (
            {"transform": Affine(10, 1, 0, 1, -10, 0)},
            PIXELS,
            "not north-up squares",
        ),
    ],
)
def test_a_file_that_is_not_what_its_item_says(
    scene: Scene, tmp_path: Path, profile: dict[str, Any], array: NDArray[Any], told: str
) -> None:
    wrong = with_band(scene, write(tmp_path / "red.tif", array, **profile))
    with open_scene(wrong) as opened, pytest.raises(SceneUnreadable, match=told) as caught:
        opened.layout("red")
    assert caught.value.facts == {"scene": scene.id, "band": "red"}


def test_a_truncated_file_is_one_sentence(scene: Scene, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = write(tmp_path / "red.tif", rng.integers(1, 4000, (400, 400), dtype=np.uint16))
    path.write_bytes(path.read_bytes()[:100_000])
    with (
        open_scene(with_band(scene, path)) as opened,
        pytest.raises(SceneUnreadable, match=r"Band red of scene .* damaged"),
    ):
        list(opened.blocks("red", range(opened.layout("red").blocks_down)))


def test_a_raster_that_points_elsewhere_is_not_opened(scene: Scene, tmp_path: Path) -> None:
    """A VRT named .tif would read any file it names."""
    path = tmp_path / "red.tif"
    path.write_text(
        '<VRTDataset rasterXSize="64" rasterYSize="64"><VRTRasterBand dataType="UInt16" band="1">'
        f"<SimpleSource><SourceFilename>{scene.assets['red']}</SourceFilename></SimpleSource>"
        "</VRTRasterBand></VRTDataset>"
    )
    for href in (path, Path("/vsicurl/http://127.0.0.1:9/red.tif"), tmp_path / "absent.tif"):
        with open_scene(with_band(scene, href)) as opened, pytest.raises(SceneUnreadable):
            opened.layout("red")


def test_a_file_that_opens_others_by_its_name_is_not_opened(scene: Scene) -> None:
    """GDAL would take such a name apart and follow it."""
    other = f"GTIFF_DIR:1:{scene.assets['red']}"
    with (
        open_scene(replace(scene, assets={**scene.assets, "red": other})) as opened,
        pytest.raises(SceneUnreadable, match="not a plain file or web address"),
    ):
        opened.layout("red")
