"""STAC items, collection and catalog of simulated scenes, under Earth Search v1 names.

They are shaped like the real ones, so that whatever reads Earth Search reads these too; each says
that it is simulated. Files are written by `mrv.sources.simulated`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mrv.simulation.calendar import Acquisition, processing_baseline
from mrv.simulation.geography import Grid, mgrs_tile
from mrv.simulation.reflectance import BANDS, Band
from mrv.simulation.scenes import SCALE, Scene
from mrv.simulation.spec import LandscapeSpec

Json = dict[str, Any]
_STAC_VERSION = "1.0.0"
_COG = "image/tiff; application=geotiff; profile=cloud-optimized"
_EXTENSIONS = [
    f"https://stac-extensions.github.io/{name}/schema.json"
    for name in (
        "eo/v1.1.0", "projection/v1.0.0", "raster/v1.1.0", "grid/v1.1.0", "mgrs/v1.0.0",
        "processing/v1.1.0",
    )
]  # fmt: skip
_SCL_SHARES = {
    "s2:cloud_shadow_percentage": (3,),
    "s2:vegetation_percentage": (4,),
    "s2:not_vegetated_percentage": (5,),
    "s2:medium_proba_clouds_percentage": (8,),
    "s2:high_proba_clouds_percentage": (9,),
    "s2:nodata_pixel_percentage": (0,),
}
SCL_KEY = "scl"


def item_id(spec: LandscapeSpec, grid: Grid, look: Acquisition) -> str:
    """Name a scene as its collection would."""
    tile = mgrs_tile(grid, spec.centre[1])
    platform = look.platform[-2:].upper()
    if spec.collection == "sentinel-2-c1-l2a":
        return f"S{platform}_T{tile}_{look.at:%Y%m%dT%H%M%S}_L2A"
    return f"S{platform}_{tile}_{look.at:%Y%m%d}_0_L2A"


def stac_item(spec: LandscapeSpec, grid: Grid, scene: Scene) -> Json:
    """Describe one scene; hrefs are relative to the item's own file."""
    look = scene.acquisition
    tile = mgrs_tile(grid, spec.centre[1])
    ring, bbox = _footprint(grid)
    baseline = processing_baseline(spec, look.at.date())
    carries = float(baseline) >= 4.0  # noqa: PLR2004 (the baseline that brought the offset)
    properties: Json = {
        "title": f"Simulated Sentinel-2 L2A, {spec.region}, {look.at:%Y-%m-%d}",
        "description": "Invented by Parkland's simulation; nothing in it was seen by a satellite.",
        "parkland:simulated": True,
        "parkland:archetype": spec.archetype,
        "datetime": _time(look),
        "created": _time(look),
        "platform": look.platform,
        "constellation": "sentinel-2",
        "instruments": ["msi"],
        "gsd": 10,
        "eo:cloud_cover": _percent(scene.scl, (8, 9, 10)),
        "proj:epsg": grid.epsg,
        "grid:code": f"MGRS-{tile}",
        "mgrs:utm_zone": grid.epsg % 100,
        "mgrs:latitude_band": tile[2],
        "mgrs:grid_square": tile[3:],
        "s2:product_type": "S2MSI2A",
        "s2:processing_baseline": baseline,
        "s2:datatake_id": f"G{_esa_name(look)}_{look.at:%Y%m%dT%H%M%S}_000000_N{baseline}",
        "processing:software": {"parkland-simulation": "1"},
        **{name: _percent(scene.scl, classes) for name, classes in _SCL_SHARES.items()},
    }
    if spec.collection == "sentinel-2-l2a":
        properties["earthsearch:boa_offset_applied"] = carries
    # Earth Search goes on listing ESA's offset beside the flag that says it is taken out.
    offset = -0.1 if carries else 0.0
    assets = {band.name: _band_asset(band, grid, offset) for band in BANDS.values()}
    assets[SCL_KEY] = _scl_asset(grid)
    return {
        "type": "Feature",
        "stac_version": _STAC_VERSION,
        "stac_extensions": _EXTENSIONS,
        "id": item_id(spec, grid, look),
        "collection": spec.collection,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": bbox,
        "properties": properties,
        "assets": assets,
        "links": [
            {"rel": "root", "href": "../../catalog.json", "type": "application/json"},
            {"rel": "parent", "href": "../collection.json", "type": "application/json"},
            {"rel": "collection", "href": "../collection.json", "type": "application/json"},
        ],
    }


def stac_collection(spec: LandscapeSpec, grid: Grid, items: Sequence[Json]) -> Json:
    """Describe the collection of a landscape's scenes."""
    times = sorted(item["properties"]["datetime"] for item in items)
    _, bbox = _footprint(grid)
    return {
        "type": "Collection",
        "stac_version": _STAC_VERSION,
        "id": spec.collection,
        "title": f"Simulated Sentinel-2 L2A, {spec.region}",
        "description": "Scenes of a simulated landscape under Earth Search asset names. Not real.",
        "keywords": ["simulated", "sentinel-2", "l2a"],
        "license": "Apache-2.0",
        "extent": {
            "spatial": {"bbox": [bbox]},
            "temporal": {"interval": [[times[0], times[-1]] if times else [None, None]]},
        },
        "summaries": {"constellation": ["sentinel-2"], "gsd": [10, 20], "instruments": ["msi"]},
        "links": [
            {"rel": "root", "href": "../catalog.json", "type": "application/json"},
            {"rel": "parent", "href": "../catalog.json", "type": "application/json"},
            *(
                {
                    "rel": "item",
                    "href": f"./{item['id']}/{item['id']}.json",
                    "type": "application/geo+json",
                }
                for item in items
            ),
        ],
    }


def stac_catalog(spec: LandscapeSpec) -> Json:
    """Describe the catalog at the root."""
    return {
        "type": "Catalog",
        "stac_version": _STAC_VERSION,
        "id": f"simulated-{spec.archetype}",
        "title": f"Simulated scenes: {spec.title}",
        "description": "A static STAC catalog written by Parkland's simulation. Nothing is real.",
        "links": [
            {"rel": "root", "href": "./catalog.json", "type": "application/json"},
            {
                "rel": "child",
                "href": f"./{spec.collection}/collection.json",
                "type": "application/json",
                "title": spec.collection,
            },
        ],
    }


def _time(look: Acquisition) -> str:
    return f"{look.at:%Y-%m-%dT%H:%M:%S}Z"


def _esa_name(look: Acquisition) -> str:
    return f"S{look.platform[-2:].upper()}"


def _percent(scl: NDArray[np.uint8], classes: tuple[int, ...]) -> float:
    return round(100 * float(np.isin(scl, classes).mean()), 4)


def _footprint(grid: Grid) -> tuple[list[list[float]], list[float]]:
    side = 10 * grid.size
    x = grid.left_m + np.array([0, side, side, 0, 0], dtype=float)
    y = grid.top_m - np.array([side, side, 0, 0, side], dtype=float)
    lon, lat = (values.round(7) for values in grid.to_lonlat(x, y))
    ring = [[float(a), float(b)] for a, b in zip(lon, lat, strict=True)]
    return ring, [float(v) for v in (lon.min(), lat.min(), lon.max(), lat.max())]


def _on_grid(grid: Grid, gsd_m: int) -> Json:
    size = grid.size * 10 // gsd_m
    return {
        "gsd": gsd_m,
        "proj:shape": [size, size],
        "proj:transform": [gsd_m, 0, grid.left_m, 0, -gsd_m, grid.top_m],
    }


def _band_asset(band: Band, grid: Grid, offset: float) -> Json:
    return {
        "href": f"./{band.name}.tif",
        "type": _COG,
        "title": band.title,
        "roles": ["data", "reflectance"],
        **_on_grid(grid, band.gsd_m),
        "eo:bands": [
            {
                "name": band.name,
                "common_name": band.common_name,
                "description": band.title.split(" - ")[0],
                "center_wavelength": band.centre_um,
                "full_width_half_max": band.width_um,
            }
        ],
        "raster:bands": [
            {
                "nodata": 0,
                "data_type": "uint16",
                "bits_per_sample": 15,
                "spatial_resolution": band.gsd_m,
                "scale": SCALE,
                "offset": offset,
            }
        ],
    }


def _scl_asset(grid: Grid) -> Json:
    return {
        "href": f"./{SCL_KEY}.tif",
        "type": _COG,
        "title": "Scene classification map (SCL)",
        "roles": ["data"],
        **_on_grid(grid, 20),
        "raster:bands": [{"nodata": 0, "data_type": "uint8", "spatial_resolution": 20}],
    }
