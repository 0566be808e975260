"""Backscatter of plots from Sentinel-1: mean power per plot and acquisition, told in decibels.

Only products on a map grid can be used, terrain-corrected ones above all: slopes that face the
radar are bright whatever grows there. Power is averaged, never decibels, over the shares of pixels
that lie in the plot. One angle is not another, so every look says its orbit and pass.

Source: methodology reference 5.3; Small 2011 for gamma nought (RTC).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mrv.errors import CatalogUnreadable
from mrv.imagery.coverage import Coverage, cover, place
from mrv.imagery.grids import BandLayout, Grid, OpenedScene
from mrv.imagery.progress import Extent, Progress
from mrv.imagery.scenes import item_digest

POLARISATIONS: Final = ("vv", "vh")
COLUMNS: Final = ("plot_id", "scene_id", "item_sha256", "acquired_at", "orbit", "vv_db", "vh_db")
_DECIBEL = "db"


@dataclass(frozen=True, slots=True)
class RadarScene:
    """One acquisition on a map grid.

    Attributes:
        id: Id of the STAC item.
        collection: Id of its collection.
        acquired_at: Sensing time, UTC.
        orbit: Relative orbit and pass, as far as the item tells.
        epsg: Of its grid.
        assets: `vv` and `vh` -> href of a file.
        item_sha256: Of the canonical item.
        scale, offset: What its numbers are multiplied by, and what is added then.
        decibels: Whether that gives decibels; else it gives power.
    """

    id: str
    collection: str
    acquired_at: datetime
    orbit: str
    epsg: int
    assets: Mapping[str, str]
    item_sha256: str
    scale: float
    offset: float
    decibels: bool

    def power(self, numbers: NDArray[Any], nodata: float | None) -> NDArray[np.float64]:
        """Turn the numbers of a file into power [1]; NaN where there is none."""
        stated = numbers.astype(np.float64)
        missing = ~np.isfinite(stated)
        if nodata is not None:
            missing |= stated == nodata
        value = stated * self.scale + self.offset
        power = 10.0 ** (value / 10.0) if self.decibels else value
        return np.where(missing | (power <= 0.0), np.nan, power)


class OpenedRadar(OpenedScene, Protocol):
    """An opened acquisition, which also says how missing pixels are marked."""

    def nodata(self, band: str) -> float | None:
        """Give the number that marks missing pixels; None where the file does not say."""
        ...


RadarOpener = Callable[[RadarScene], AbstractContextManager[OpenedRadar]]


def radar_from_item(item: Mapping[str, Any]) -> RadarScene:
    """Understand a STAC item of Sentinel-1 on a map grid, whose hrefs are absolute.

    What a band's numbers are, its `unit` says (dB, or power), with `raster:scale` and
    `raster:offset`; where it says nothing they are power as they stand.

    Raises:
        CatalogUnreadable: If it lacks an id, a time, a grid or a polarisation, or its two bands
            hold different kinds of numbers.
    """
    name = str(item.get("id", "(no id)"))
    properties: Mapping[str, Any] = item.get("properties") or {}
    assets: Mapping[str, Mapping[str, Any]] = {
        key.lower(): asset for key, asset in (item.get("assets") or {}).items()
    }
    when = properties.get("datetime") or properties.get("start_datetime")
    places = [properties, *(assets[band] for band in POLARISATIONS if band in assets)]
    codes = [str(p.get("proj:code") or p.get("proj:epsg") or "") for p in places]
    epsg = next((code.removeprefix("EPSG:") for code in codes if code), "")
    lacking = [
        what
        for what, there in (
            ("an id", "id" in item),
            ("a datetime", when),
            (
                "a map grid (proj:code), as terrain-corrected products have and plain GRD has not",
                epsg.isdigit(),
            ),
            ("both vv and vh", set(POLARISATIONS) <= set(assets)),
        )
        if not there
    ]
    if lacking:
        raise CatalogUnreadable(
            f"STAC item {name} lacks {', '.join(lacking)}; it is no usable Sentinel-1 scene.",
            item=name,
            missing=lacking,
        )
    kinds = {_kind(assets[band]) for band in POLARISATIONS}
    if len(kinds) > 1:
        raise CatalogUnreadable(
            f"STAC item {name} states other units or scales for vv than for vh; correct it.",
            item=name,
        )
    ((scale, offset, decibels),) = kinds
    return RadarScene(
        id=name,
        collection=str(item.get("collection") or ""),
        acquired_at=_utc(name, str(when)),
        orbit=_orbit(properties),
        epsg=int(epsg),
        assets=MappingProxyType({band: str(assets[band]["href"]) for band in POLARISATIONS}),
        item_sha256=item_digest(item),
        scale=scale,
        offset=offset,
        decibels=decibels,
    )


def observe_radar(
    scenes: Sequence[RadarScene],
    plots: gpd.GeoDataFrame,
    open_radar: RadarOpener,
    *,
    least_fraction: float,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Average backscatter over plots, acquisition by acquisition.

    Args:
        scenes: In any order.
        plots: With `plot_id` and valid polygons in EPSG:4326.
        open_radar: Opens one.
        least_fraction: Share of a plot's area that must have numbers in both bands [1].
        progress: Told after each acquisition how far it has come.

    Returns:
        One row per plot and acquisition that saw it, `COLUMNS`, in order of time and plot.

    Raises:
        SceneUnreadable: If a file is damaged, or its bands do not share a grid.
    """
    covered: dict[Grid, tuple[NDArray[np.intp], NDArray[np.float64], Coverage]] = {}
    names = plots["plot_id"].astype(str).to_numpy()
    rows: list[tuple[object, ...]] = []
    for done, scene in enumerate(sorted(scenes, key=lambda s: (s.acquired_at, s.id)), start=1):
        with open_radar(scene) as opened:
            layouts = {band: opened.layout(band) for band in POLARISATIONS}
            grid = layouts["vv"].grid
            if grid not in covered:
                there = place(plots, grid)
                covered[grid] = (there.plots, there.outside_pixels, cover(there.shapes, grid))
            which, outside, pixels = covered[grid]
            power = {
                band: scene.power(
                    _numbers(opened, band, layouts[band], pixels), opened.nodata(band)
                )
                for band in POLARISATIONS
            }
        for plot, vv, vh in _means(pixels, power, outside, least_fraction):
            rows.append(
                (
                    names[which[plot]], scene.id, scene.item_sha256, scene.acquired_at,
                    scene.orbit, 10.0 * np.log10(vv), 10.0 * np.log10(vh),
                )
            )  # fmt: skip
        if progress is not None:
            progress(Extent(done, len(scenes), 0, 0))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    table["acquired_at"] = pd.to_datetime(table["acquired_at"], utc=True)
    return table.astype({"vv_db": float, "vh_db": float})


def _means(
    pixels: Coverage,
    power: Mapping[str, NDArray[np.float64]],
    outside: NDArray[np.float64],
    least_fraction: float,
) -> Iterator[tuple[int, float, float]]:
    """Give plot, and its mean power in both bands over the pixels that have both."""
    both = np.isfinite(power["vv"]) & np.isfinite(power["vh"])
    count = len(outside)
    share = np.where(both, pixels.shares, 0.0)
    seen = np.bincount(pixels.plots, share, count)
    area = np.bincount(pixels.plots, pixels.shares, count) + outside
    sums = [
        np.bincount(pixels.plots, share * np.nan_to_num(power[band]), count)
        for band in POLARISATIONS
    ]
    for plot in np.flatnonzero((seen > 0) & (seen >= least_fraction * area)):
        yield int(plot), float(sums[0][plot] / seen[plot]), float(sums[1][plot] / seen[plot])


def _numbers(opened: OpenedRadar, band: str, layout: BandLayout, pixels: Coverage) -> NDArray[Any]:
    """Read a band's numbers at the plots' pixels, each block once."""
    number = (pixels.rows // layout.block_height) * layout.blocks_across + (
        pixels.cols // layout.block_width
    )
    values = np.zeros(len(number), np.dtype(layout.dtype))
    for block_number, block in opened.blocks(band, np.unique(number).tolist()):
        window, here = layout.window(block_number), number == block_number
        values[here] = block[pixels.rows[here] - window.row, pixels.cols[here] - window.col]
    return values


def _kind(asset: Mapping[str, Any]) -> tuple[float, float, bool]:
    said: dict[str, Any] = {}
    for part in (asset, *(asset.get("raster:bands") or [])[:1], *(asset.get("bands") or [])[:1]):
        said |= part
    scale = said.get("raster:scale", said.get("scale", 1.0))
    offset = said.get("raster:offset", said.get("offset", 0.0))
    return float(scale), float(offset), str(said.get("unit", "")).lower() == _DECIBEL


def _orbit(properties: Mapping[str, Any]) -> str:
    parts = (properties.get("sat:relative_orbit"), properties.get("sat:orbit_state"))
    return " ".join(str(part) for part in parts if part is not None)


def _utc(name: str, text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise CatalogUnreadable(f"STAC item {name} has no proper datetime: '{text}'.") from error
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
