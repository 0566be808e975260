"""Where a project's scenes come from, and how their list is kept on a shelf.

The list holds the addresses that were read on this machine, so it is no part of the evidence: there
every scene is named by the digest of its item.
"""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from pathlib import Path

import geopandas as gpd

from mrv.imagery.composites import nearest_season
from mrv.imagery.offsets import OffsetRule
from mrv.imagery.radar import RadarScene
from mrv.imagery.scenes import Scene
from mrv.sources.simulated import ensure_scenes
from mrv.sources.stac import SceneQuery, search_radar, search_scenes
from pipelines.shelf import Note, Shelf
from pipelines.stage import Stage

_MARGIN_DEGREES = 0.001


def find_scenes(stage: Stage, plots: gpd.GeoDataFrame) -> list[Scene]:
    """Search once from the first season to the last, and keep the seasons of both epochs.

    One search and a filter, because a static catalog is read whole for every question.
    """
    seasons = stage.settings.seasons
    windows = [
        nearest_season(epoch, season)
        for epoch in stage.epochs
        for season in (seasons.dry, seasons.wet)
        if season is not None
    ]
    begin, end = min(first for first, _ in windows), max(last for _, last in windows)
    return [
        scene
        for scene in scenes_between(stage, plots, begin, end)
        if any(first <= scene.acquired_at.date() <= last for first, last in windows)
    ]


def find_radar(stage: Stage, plots: gpd.GeoDataFrame) -> list[RadarScene]:
    """Search for radar of the dry seasons of both epochs; none where the project names none."""
    collection = stage.settings.imagery.radar_collection
    if plots.empty or not collection:
        return []
    windows = [nearest_season(epoch, stage.settings.seasons.dry) for epoch in stage.epochs]
    begin, end = min(first for first, _ in windows), max(last for _, last in windows)
    source, files_under = scene_source(stage)
    query = SceneQuery(collection, _box(plots), begin, end)
    return [
        scene
        for scene in search_radar(source, query, files_under=files_under)
        if any(first <= scene.acquired_at.date() <= last for first, last in windows)
    ]


def scenes_between(stage: Stage, plots: gpd.GeoDataFrame, first: date, last: date) -> list[Scene]:
    """Search for all scenes over the plots from one day to another."""
    if plots.empty:
        return []
    imagery = stage.settings.imagery
    query = SceneQuery(imagery.collection, _box(plots), first, last, imagery.max_cloud_percent)
    source, files_under = scene_source(stage)
    return list(search_scenes(source, query, files_under=files_under))


def _box(plots: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    west, south, east, north = plots.total_bounds
    return (
        west - _MARGIN_DEGREES,
        south - _MARGIN_DEGREES,
        east + _MARGIN_DEGREES,
        north + _MARGIN_DEGREES,
    )


def scene_source(stage: Stage) -> tuple[str, Path | None]:
    """Say where to search, and below which folder an API may name local files."""
    imagery = stage.settings.imagery
    if imagery.source != "simulation":
        return stage.delivery.catalog, None
    rendered = stage.workspace.home / "scenes"
    if stage.workspace.stac_url:
        return stage.workspace.stac_url, rendered
    return str(rendered_catalog(stage)), None


def rendered_catalog(stage: Stage) -> Path:
    """Give the catalog of a simulated project's scenes, rendering them where they are not yet."""
    with stage.delivered_folder() as folder:
        return ensure_scenes(folder, stage.workspace.home / "scenes")


def keep_radar(shelf: Shelf, scenes: Sequence[RadarScene]) -> Note:
    """Leave the list of radar scenes on a shelf."""
    return shelf.put_json(
        "radar_scenes",
        [
            {field.name: getattr(scene, field.name) for field in fields(scene)}
            | {"acquired_at": scene.acquired_at.isoformat(), "assets": dict(scene.assets)}
            for scene in scenes
        ],
    )


def take_radar(shelf: Shelf) -> list[RadarScene]:
    """Take the list of radar scenes off a shelf."""
    return [
        RadarScene(**row | {"acquired_at": datetime.fromisoformat(row["acquired_at"])})
        for row in shelf.json("radar_scenes")
    ]


def keep_scenes(shelf: Shelf, scenes: Sequence[Scene]) -> Note:
    """Leave the list of scenes on a shelf."""
    return shelf.put_json(
        "scenes",
        [
            {field.name: getattr(scene, field.name) for field in fields(scene)}
            | {
                "acquired_at": scene.acquired_at.isoformat(),
                "assets": dict(scene.assets),
                "offset": asdict(scene.offset),
            }
            for scene in scenes
        ],
    )


def take_scenes(shelf: Shelf) -> list[Scene]:
    """Take the list of scenes off a shelf."""
    return [
        Scene(
            **row
            | {
                "acquired_at": datetime.fromisoformat(row["acquired_at"]),
                "bbox": tuple(row["bbox"]),
                "offset": OffsetRule(**row["offset"]),
            }
        )
        for row in shelf.json("scenes")
    ]
