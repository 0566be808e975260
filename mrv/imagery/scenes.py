"""A Sentinel-2 L2A scene as its STAC item describes it, under one set of band names.

Archives name the same band `blue`, `B02` or `b02`, and state its projection in two versions of
STAC; here they become one `Scene`. Finding items is `mrv.sources.stac`; reading pixels is
`mrv.sources.rasters`; offsets are decided in `offsets.py`.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

import rfc8785

from mrv.errors import CatalogUnreadable
from mrv.imagery.offsets import OffsetRule, resolve_offset

# Our names are Earth Search's, for ESA's band numbers.
BAND_NUMBERS: Mapping[str, str] = MappingProxyType(
    {
        "B02": "blue",
        "B03": "green",
        "B04": "red",
        "B05": "rededge1",
        "B06": "rededge2",
        "B07": "rededge3",
        "B08": "nir",
        "B8A": "nir08",
        "B11": "swir16",
        "B12": "swir22",
    }
)
REFLECTANCE_BANDS = tuple(BAND_NUMBERS.values())
SCL = "scl"
_MGRS_IN_ID = re.compile(r"_T?(\d{1,2}[C-X][A-Z]{2})_")
_ZONE_OF_TILE = re.compile(r"^(\d{1,2})([C-X])")


@dataclass(frozen=True, slots=True)
class Scene:
    """One acquisition of one tile.

    Attributes:
        id: Id of the STAC item.
        collection: Id of its collection.
        acquired_at: Sensing time, UTC.
        mgrs_tile: Tile, such as 37MBS; empty where the item does not say.
        pass_key: Platform and orbit or datatake, as far as the item tells.
        epsg: Of the tile's UTM grid.
        bbox: West, south, east, north [degree].
        cloud_percent: Of the item, None where it does not say [%].
        assets: Our band name -> href of a file.
        item_sha256: Of the canonical item; hosts and links do not enter, so that the same item
            from a mirror has the same digest.
        offset: How its numbers become reflectance.
    """

    id: str
    collection: str
    acquired_at: datetime
    mgrs_tile: str
    pass_key: str
    epsg: int
    bbox: tuple[float, float, float, float]
    cloud_percent: float | None
    assets: Mapping[str, str]
    item_sha256: str
    offset: OffsetRule

    def __reduce__(self) -> tuple[object, ...]:
        """Travel to other processes: a read-only mapping cannot be pickled, a copy of it can."""
        stated = {field.name: getattr(self, field.name) for field in fields(self)}
        return partial(Scene, **stated | {"assets": dict(self.assets)}), ()


def scene_from_item(item: Mapping[str, Any]) -> Scene:
    """Understand a STAC item of Sentinel-2 L2A, version 1.0 or 1.1, whose hrefs are absolute.

    Raises:
        CatalogUnreadable: If it lacks an id, a time, a box, a projection or any band.
    """
    name = str(item.get("id", "(no id)"))
    properties: Mapping[str, Any] = item.get("properties") or {}
    keys = _asset_keys(item.get("assets") or {})
    tile = _mgrs_tile(name, properties)
    epsg = _epsg(item, keys, tile)
    bbox: tuple[float, ...] = tuple(float(v) for v in item.get("bbox") or ())
    when = properties.get("datetime") or properties.get("start_datetime")
    missing = [
        what
        for what, there in (
            ("an id", "id" in item),
            ("a datetime", when),
            ("a bbox", len(bbox) in (4, 6)),
            ("a projection (proj:code)", epsg),
            ("a Sentinel-2 band", set(keys) - {SCL}),
        )
        if not there
    ]
    if missing or epsg is None:
        raise CatalogUnreadable(
            f"STAC item {name} lacks {', '.join(missing)}; it is not a usable Sentinel-2 scene.",
            item=name,
            missing=missing,
        )
    half = len(bbox) // 2
    return Scene(
        id=name,
        collection=str(item.get("collection") or ""),
        acquired_at=_utc(name, str(when)),
        mgrs_tile=tile,
        pass_key=_pass_key(properties),
        epsg=epsg,
        bbox=(bbox[0], bbox[1], bbox[half], bbox[half + 1]),
        cloud_percent=_number(properties.get("eo:cloud_cover")),
        assets=MappingProxyType({ours: item["assets"][key]["href"] for ours, key in keys.items()}),
        item_sha256=item_digest(item),
        offset=resolve_offset(item, [key for ours, key in keys.items() if ours != SCL]),
    )


def item_digest(item: Mapping[str, Any]) -> str:
    """Give the sha-256 of what an item says, whoever serves it.

    Links are left out and each asset's href is cut to its file name: a mirror, another port or a
    signed address does not make another item.

    Raises:
        CatalogUnreadable: If the item holds something that JSON cannot.
    """
    said = {key: value for key, value in item.items() if key not in ("links", "assets")}
    said["assets"] = {
        key: {**asset, "href": str(asset.get("href", "")).split("?")[0].rsplit("/", 1)[-1]}
        for key, asset in (item.get("assets") or {}).items()
    }
    try:
        return hashlib.sha256(rfc8785.dumps(said)).hexdigest()
    except rfc8785.CanonicalizationError as error:
        raise CatalogUnreadable(
            f"STAC item {item.get('id')} is not proper JSON: {error}."
        ) from error


def _asset_keys(assets: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Our band name -> their asset key; a key that is the name itself wins over a band's label."""
    ours = {name: name for name in (*REFLECTANCE_BANDS, SCL)}
    ours |= {number.lower(): name for number, name in BAND_NUMBERS.items()}
    by_key = {ours[key.lower()]: key for key in sorted(assets) if key.lower() in ours}
    by_label: dict[str, str] = {}
    for key, asset in sorted(assets.items()):
        bands: list[Mapping[str, Any]] = asset.get("bands") or asset.get("eo:bands") or []
        label = str(bands[0].get("name", "")).lower() if len(bands) == 1 else ""
        readable = not str(asset.get("href", "")).startswith("s3://")
        if label in ours and readable and "data" in (asset.get("roles") or ("data",)):
            by_label.setdefault(ours[label], key)
    found = by_label | by_key
    return {name: found[name] for name in (*REFLECTANCE_BANDS, SCL) if name in found}


def _mgrs_tile(name: str, properties: Mapping[str, Any]) -> str:
    if code := str(properties.get("grid:code") or ""):
        return code.removeprefix("MGRS-")
    if tile := str(properties.get("s2:mgrs_tile") or ""):
        return tile.removeprefix("T")
    for prefix in ("mgrs", "sentinel"):
        zone, band, square = (
            properties.get(f"{prefix}:{part}")
            for part in ("utm_zone", "latitude_band", "grid_square")
        )
        if zone and band and square:
            return f"{int(zone):02d}{band}{square}"
    match = _MGRS_IN_ID.search(f"_{name}_")
    return match[1] if match else ""


def _epsg(item: Mapping[str, Any], keys: Mapping[str, str], tile: str) -> int | None:
    places = [item.get("properties") or {}, *(item["assets"][key] for key in keys.values())]
    for place in places:
        code = str(place.get("proj:code") or place.get("proj:epsg") or "").removeprefix("EPSG:")
        if code.isdigit():
            return int(code)
    if zone := _ZONE_OF_TILE.match(tile):  # MGRS bands from N on lie north of the equator
        return (32600 if zone[2] >= "N" else 32700) + int(zone[1])
    return None


def _pass_key(properties: Mapping[str, Any]) -> str:
    orbit = properties.get("s2:datatake_id") or properties.get("sat:relative_orbit")
    return "/".join(str(part) for part in (properties.get("platform"), orbit) if part)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _utc(name: str, text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise CatalogUnreadable(f"STAC item {name} has no proper datetime: '{text}'.") from error
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
