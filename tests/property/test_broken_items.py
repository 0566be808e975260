"""Whatever stands in a STAC item, a search gives scenes or one sentence, never a traceback."""

import copy
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.errors import MrvError
from mrv.imagery.radar import RadarScene, radar_from_item
from mrv.imagery.scenes import Scene, scene_from_item
from mrv.sources.confined import FileRule
from mrv.sources.stac import SceneQuery, _understood

ITEM: dict[str, Any] = {
    "type": "Feature",
    "stac_version": "1.1.0",
    "id": "S2A_36MYE_20210201_0_L2A",
    "collection": "sentinel-2-l2a",
    "bbox": [34.0, -1.0, 35.0, 0.0],
    "geometry": {
        "type": "Polygon",
        "coordinates": [[[34, -1], [35, -1], [35, 0], [34, 0], [34, -1]]],
    },
    "properties": {
        "datetime": "2021-02-01T08:00:00Z",
        "eo:cloud_cover": 12.5,
        "grid:code": "MGRS-36MYE",
        "proj:code": "EPSG:32736",
        "s2:processing_baseline": "05.09",
    },
    "assets": {
        "red": {
            "href": "/scenes/red.tif",
            "bands": [{"name": "B04", "raster:scale": 0.0001, "raster:offset": -0.1}],
        },
        "nir": {"href": "/scenes/nir.tif", "raster:bands": [{"scale": 0.0001, "offset": -0.1}]},
        "scl": {"href": "/scenes/scl.tif"},
    },
}
QUERY = SceneQuery(
    "sentinel-2-l2a", (34.0, -1.0, 35.0, 0.0), date(2021, 1, 1), date(2021, 12, 31), 60.0
)
RADAR: dict[str, Any] = {
    **{key: ITEM[key] for key in ("type", "stac_version", "bbox", "geometry")},
    "id": "S1A_IW_GRDH_1SDV_20210105_rtc",
    "collection": "sentinel-1-rtc",
    "properties": {
        "datetime": "2021-01-05T15:55:41Z",
        "proj:code": "EPSG:32736",
        "sat:orbit_state": "ascending",
        "sat:relative_orbit": 87,
    },
    "assets": {
        band: {
            "href": f"/scenes/{band}.tif",
            "bands": [{"unit": "dB", "raster:scale": 0.0001, "raster:offset": 0.0}],
        }
        for band in ("vv", "vh")
    },
}
RADAR_QUERY = SceneQuery("sentinel-1-rtc", QUERY.bbox, QUERY.first, QUERY.last)
ALLOWED = FileRule(host=None, folder=Path("/scenes"))

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=10),
    st.lists(st.integers(), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def paths(node: object, at: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
    """List every place in a document."""
    children = node.items() if isinstance(node, dict) else enumerate(node)  # type: ignore[call-overload]
    found: list[tuple[Any, ...]] = []
    for key, child in children:
        found.append((*at, key))
        if isinstance(child, dict | list):
            found += paths(child, (*at, key))
    return found


def test_the_item_as_it_is_makes_a_scene() -> None:
    scene = _understood(copy.deepcopy(ITEM), QUERY, ALLOWED, scene_from_item)
    assert isinstance(scene, Scene)
    assert scene.offset.offset == -0.1
    radar = _understood(copy.deepcopy(RADAR), RADAR_QUERY, ALLOWED, radar_from_item)
    assert isinstance(radar, RadarScene)
    assert radar.orbit == "87 ascending"


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(paths(ITEM)), junk, st.booleans())
def test_junk_anywhere_is_a_scene_or_one_sentence(
    path: tuple[Any, ...],
    value: object,
    remove: bool,  # noqa: FBT001  # drawn
) -> None:
    item = spoilt(ITEM, path, value, remove=remove)
    try:
        scene = _understood(item, QUERY, ALLOWED, scene_from_item)
    except MrvError as error:
        assert error.message.endswith(".")  # noqa: PT017  # any of several errors will do
    else:
        assert scene is None or scene.assets


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(paths(RADAR)), junk, st.booleans())
def test_junk_anywhere_is_radar_or_one_sentence(
    path: tuple[Any, ...],
    value: object,
    remove: bool,  # noqa: FBT001  # drawn
) -> None:
    item = spoilt(RADAR, path, value, remove=remove)
    try:
        scene = _understood(item, RADAR_QUERY, ALLOWED, radar_from_item)
    except MrvError as error:
        assert error.message.endswith(".")  # noqa: PT017  # any of several errors will do
    else:
        assert scene is None or set(scene.assets) == {"vv", "vh"}


def spoilt(
    whole: dict[str, Any], path: tuple[Any, ...], value: object, *, remove: bool
) -> dict[str, Any]:
    """Put something else in one place of an item, or nothing."""
    item = copy.deepcopy(whole)
    place: Any = item
    for key in path[:-1]:
        place = place[key]
    if remove:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return item
