"""One Scene from the items of four archives and two versions of STAC."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mrv.errors import CatalogUnreadable
from mrv.imagery.scenes import REFLECTANCE_BANDS, scene_from_item

Find = Callable[[str], Path]
ALL_BANDS = {*REFLECTANCE_BANDS, "scl"}


def read(path: Path) -> dict[str, Any]:
    item: dict[str, Any] = json.loads(path.read_text())
    return item


@pytest.mark.parametrize(
    ("part", "file", "tile", "epsg", "blue"),
    [
        ("sentinel-2-l2a", "S2B_24MWV_20250731_0_L2A", "24MWV", 32724, "B02.tif"),
        ("sentinel-2-c1-l2a", "S2B_T24MWV_20250731T130245_L2A", "24MWV", 32724, "B02.tif"),
        ("sentinel-s2-l2a-cogs", "S2B_20EPT_20250731_0_L2A", "20EPT", 32720, "B02.tif"),
    ],
)
def test_earth_search(
    real_data: Find, part: str, file: str, tile: str, epsg: int, blue: str
) -> None:
    scene = scene_from_item(read(real_data(f"stac_examples/earth_search_items/{part}/{file}.json")))
    assert set(scene.assets) == ALL_BANDS
    assert (scene.mgrs_tile, scene.epsg) == (tile, epsg)
    assert scene.assets["blue"].startswith("https://")
    assert scene.assets["blue"].endswith(blue)
    assert scene.assets["scl"].endswith("SCL.tif")


def test_planetary_computer(real_data: Find) -> None:
    item = read(real_data("stac_examples/odc_stac/site2-2020_jun_jul-35MNM.geojson"))["features"][0]
    scene = scene_from_item(item)
    assert set(scene.assets) == ALL_BANDS
    assert (scene.mgrs_tile, scene.epsg) == ("35MNM", 32735)
    assert "B8A" in scene.assets["nir08"]
    assert "GS2A_20200731T080611" in scene.pass_key


def test_stac_1_1_with_bands_and_proj_code(real_data: Find) -> None:
    """The catalog of Tanzania: no visible band, no wide near infrared, projection as a code."""
    path = next(real_data("s2_tanzania/sentinel-2-l2a").glob("*/*.json"))
    scene = scene_from_item(read(path))
    assert ALL_BANDS - set(scene.assets) == {"blue", "green", "red", "nir"}
    assert scene.epsg == 32737


def test_twenty_metre_copies_are_not_taken_for_the_band(real_data: Find) -> None:
    """Some catalogs list blue, blue_20m and blue_60m side by side."""
    path = next(real_data("stac_examples/stactools_sentinel2/baseline_05.10").glob("*T34VEL*"))
    assert "R10m" in scene_from_item(read(path)).assets["blue"]


def test_the_digest_is_of_what_the_item_says_not_of_who_serves_it(real_data: Find) -> None:
    path = real_data("stac_examples/earth_search_items/sentinel-2-l2a")
    item = read(path / "S2B_24MWV_20250731_0_L2A.json")
    mirror = json.loads(json.dumps(item).replace("sentinel-cogs.s3", "mirror.example"))
    mirror["links"] = []
    mirror["assets"]["blue"]["href"] += "?signature=abc"
    assert scene_from_item(mirror).item_sha256 == scene_from_item(item).item_sha256
    mirror["properties"]["eo:cloud_cover"] += 1
    assert scene_from_item(mirror).item_sha256 != scene_from_item(item).item_sha256


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("properties", "datetime"), "a datetime"),
        (("bbox",), "a bbox"),
        (("assets",), "a Sentinel-2 band"),
    ],
)
def test_an_item_that_lacks_something_is_named(
    real_data: Find, path: tuple[str, ...], told: str
) -> None:
    home = real_data("stac_examples/earth_search_items/sentinel-2-l2a")
    item = read(home / "S2B_24MWV_20250731_0_L2A.json")
    place = item if len(path) == 1 else item[path[0]]
    place.pop(path[-1])
    with pytest.raises(CatalogUnreadable, match=f"S2B_24MWV_20250731_0_L2A lacks {told}"):
        scene_from_item(item)


def test_a_scene_travels_to_another_process(real_data: Find) -> None:
    path = "stac_examples/earth_search_items/sentinel-2-l2a/S2B_24MWV_20250731_0_L2A.json"
    scene = scene_from_item(read(real_data(path)))
    assert pickle.loads(pickle.dumps(scene)) == scene  # noqa: S301  # our own bytes
