"""Items, collection and catalog are valid STAC and say that they are simulated."""

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT7

from mrv.imagery.scenes import scene_from_item
from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.landscape import Landscape, simulate_landscape
from mrv.simulation.scenes import render_scene
from mrv.simulation.stac_items import stac_catalog, stac_collection, stac_item

CORE = "https://schemas.stacspec.org/v1.0.0"


@pytest.fixture(scope="module")
def offline(real_data: Callable[[str], Path]) -> Registry[Any]:
    """Give STAC's own schemas, from recorded answers and from pystac; nothing is fetched."""
    home = real_data("stac_schemas")
    found = {f"https://{path.relative_to(home)}": path.read_text() for path in home.rglob("*.json")}
    geojson = resources.files("pystac.validation").joinpath("jsonschemas/geojson")
    found |= {f"https://geojson.org/schema/{f.name}": f.read_text() for f in geojson.iterdir()}
    return Registry().with_resources(
        (uri, Resource(json.loads(text), DRAFT7)) for uri, text in found.items()
    )


def faults(document: dict[str, Any], uri: str, offline: Registry[Any]) -> list[str]:
    validator = Draft7Validator({"$ref": uri}, registry=offline)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.fixture(scope="module", params=["growing", "acorn-kyrgyzstan"])
def landscape(request: pytest.FixtureRequest) -> Landscape:
    """Give one landscape per collection."""
    return simulate_landscape(ARCHETYPES[request.param], seed=2)


@pytest.fixture(scope="module")
def items(landscape: Landscape) -> list[dict[str, Any]]:
    """Describe the first and the last scene."""
    looks = (landscape.acquisitions[0], landscape.acquisitions[-1])
    return [
        stac_item(landscape.spec, landscape.grid, render_scene(landscape, look)) for look in looks
    ]


def test_items_are_valid_stac(items: list[dict[str, Any]], offline: Registry[Any]) -> None:
    for item in items:
        uris = [f"{CORE}/item-spec/json-schema/item.json", *item["stac_extensions"]]
        assert {uri: faults(item, uri, offline) for uri in uris} == {uri: [] for uri in uris}
        broken = {**item, "properties": {**item["properties"], "eo:cloud_cover": "cloudy"}}
        assert any(faults(broken, uri, offline) for uri in uris)


def test_collection_and_catalog_are_valid_stac(
    landscape: Landscape, items: list[dict[str, Any]], offline: Registry[Any]
) -> None:
    collection = stac_collection(landscape.spec, landscape.grid, items)
    assert faults(collection, f"{CORE}/collection-spec/json-schema/collection.json", offline) == []
    catalog = stac_catalog(landscape.spec)
    assert faults(catalog, f"{CORE}/catalog-spec/json-schema/catalog.json", offline) == []


def test_items_say_that_they_are_simulated(items: list[dict[str, Any]]) -> None:
    for item in items:
        assert item["properties"]["parkland:simulated"] is True
        assert item["properties"]["title"].startswith("Simulated")


def test_offsets_are_stated_as_the_collection_states_them(
    landscape: Landscape, items: list[dict[str, Any]]
) -> None:
    for item in items:
        scene = scene_from_item(item)
        assert not scene.offset.contradiction
        rendered = render_scene(landscape, landscape.acquisitions[0])
        assert scene.offset.offset == rendered.offset
    flags = [item["properties"].get("earthsearch:boa_offset_applied") for item in items]
    listed = [item["assets"]["red"]["raster:bands"][0]["offset"] for item in items]
    if landscape.spec.collection == "sentinel-2-l2a":
        assert (flags, listed) == ([False, True], [0.0, -0.1])  # before and after January 2022
    else:
        assert (flags, listed) == ([None, None], [-0.1, -0.1])


def test_cloud_cover_is_that_of_the_classification(landscape: Landscape) -> None:
    for look in landscape.acquisitions[:4]:
        scene = render_scene(landscape, look)
        item = stac_item(landscape.spec, landscape.grid, scene)
        cloudy = ((scene.scl == 8) | (scene.scl == 9)).mean()
        assert item["properties"]["eo:cloud_cover"] == pytest.approx(100 * cloudy, abs=1e-4)
