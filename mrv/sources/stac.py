"""Scenes from a STAC API or a static catalog, whatever the server makes of the question.

A server that lacks an extension answers wrongly in silence, so every answer is filtered again
here, what comes twice is dropped, and a server that contradicts or repeats itself stops the search.
Requests never leave the host that was asked, and the files an item names may only lie where that
kind of source may have them. Understanding an item is `mrv.imagery.scenes`.
"""

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import numpy as np
import shapely
from pystac_client import Client, ItemSearch
from pystac_client.warnings import PystacClientWarning
from shapely.geometry import box, shape

from mrv.errors import CatalogUnreadable, SearchDishonest
from mrv.imagery.radar import RadarScene, radar_from_item
from mrv.imagery.scenes import Scene, scene_from_item
from mrv.sources.catalogs import (
    UNREADABLE,
    Item,
    cap,
    open_catalog,
    require_collection,
    unreadable,
)
from mrv.sources.confined import TIMEOUT_S, FileRule, OneHostIO, host_of

Progress = Callable[[int, int], None]
_Found = TypeVar("_Found", Scene, RadarScene)

_PAGE_ITEMS = 100


@dataclass(frozen=True, slots=True)
class SceneQuery:
    """Which scenes are asked for.

    Attributes:
        collection: Id of the collection.
        bbox: West, south, east, north [degree].
        first: First day, inclusive, UTC.
        last: Last day, inclusive, UTC.
        max_cloud_percent: Scenes above are left out; one that states no cloud cover is kept [%].
    """

    collection: str
    bbox: tuple[float, float, float, float]
    first: date
    last: date
    max_cloud_percent: float = 100.0


def search_scenes(
    source: str,
    query: SceneQuery,
    progress: Progress | None = None,
    *,
    files_under: Path | None = None,
) -> list[Scene]:
    """Find the scenes of a collection over a box and a span of days.

    Args:
        source: A web address ending in `.json` or a path is a static catalog; any other web
            address is a STAC API.
        query: What is asked.
        progress: Called with items seen and items promised (0 where the source does not say).
        files_under: Items of an API may name local files only below this folder; None forbids
            them. Items of a local catalog may name files below the catalog's own folder.

    Returns:
        Scenes in order of time and id, each once.

    Raises:
        CatalogUnreadable: If nothing answers there, it is no STAC, or it lacks the collection.
        SearchDishonest: If the source contradicts itself, repeats itself without end, sends us to
            another host, or names files where it may not.
    """
    return _search(source, query, scene_from_item, progress, files_under)


def search_radar(
    source: str,
    query: SceneQuery,
    progress: Progress | None = None,
    *,
    files_under: Path | None = None,
) -> list[RadarScene]:
    """Find the acquisitions of Sentinel-1 over a box and a span of days; all as `search_scenes`."""
    return _search(source, query, radar_from_item, progress, files_under)


def _search(
    source: str,
    query: SceneQuery,
    understand: Callable[[Item], _Found],
    progress: Progress | None,
    files_under: Path | None,
) -> list[_Found]:
    is_web = urlsplit(source).scheme in ("http", "https")
    tell = progress or _silent
    if is_web and not urlsplit(source).path.endswith(".json"):
        items: Iterable[Item] = _api_items(source, query, tell)
        allowed = FileRule(host=host_of(source), folder=files_under)
    else:
        catalog = open_catalog(source)
        require_collection(source, query.collection, list(catalog.collections))
        items = catalog.items(query.collection, tell)
        folder = None if is_web else Path(source).resolve().parent
        allowed = FileRule(host=host_of(source) or None, folder=folder)
    scenes = [
        scene
        for item in _each_once(items)
        if (scene := _understood(item, query, allowed, understand)) is not None
    ]
    return sorted(scenes, key=lambda scene: (scene.acquired_at, scene.id))


def _understood(
    item: Item, query: SceneQuery, allowed: FileRule, understand: Callable[[Item], _Found]
) -> _Found | None:
    """Understand one item; None where it does not answer the question."""
    try:
        if not _matches(item, query):
            return None
        allowed.check(item)
        return understand(item)
    except (*UNREADABLE, shapely.errors.ShapelyError) as error:
        raise CatalogUnreadable(
            f"STAC item {str(item.get('id'))[:80]} cannot be understood ({type(error).__name__}: "
            f"{str(error)[:120]}); correct it or leave it out.",
            item=str(item.get("id"))[:80],
        ) from error


def _silent(_done: int, _total: int) -> None:
    pass


def _api_items(source: str, query: SceneQuery, progress: Progress) -> Iterator[Item]:
    """Page through a STAC API; the cloud filter is only sent to servers that promise to know it."""
    io = OneHostIO(source)
    with warnings.catch_warnings():
        # pystac-client warns and goes on where a server cannot answer; for us that is an error.
        warnings.simplefilter("error", PystacClientWarning)
        try:
            client = Client.open(source, stac_io=io, timeout=TIMEOUT_S)
            span = f"{query.first.isoformat()}T00:00:00Z/{query.last.isoformat()}T23:59:59.999Z"
            cloud = {"eo:cloud_cover": {"lte": query.max_cloud_percent}}
            asks_cloud = query.max_cloud_percent < 100 and client.conforms_to("QUERY")  # noqa: PLR2004  # percent
            offered = {link.extra_fields.get("method") for link in client.get_links("search")}
            search: ItemSearch = client.search(
                method="POST" if "POST" in offered else "GET",
                collections=[query.collection],
                bbox=query.bbox,
                datetime=span,
                query=cloud if asks_cloud else None,
                limit=_PAGE_ITEMS,
            )
            seen = 0
            for item in _paged(search, source, progress):
                seen += 1
                yield item
            if seen == 0:
                known = [collection.id for collection in client.get_collections()]
                require_collection(source, query.collection, known)
        except PystacClientWarning as warning:
            raise CatalogUnreadable(
                f"The server at {source} cannot be searched: {warning}; give the address of a "
                "STAC API, or that of a static catalog ending in .json.",
                source=source,
            ) from warning
        except UNREADABLE as error:
            raise unreadable(source, error) from error


def _paged(search: ItemSearch, source: str, progress: Progress) -> Iterator[Item]:
    """Walk the pages of an answer and stop where the server goes round in circles."""
    known: set[str] = set()
    returned, promised = 0, 0
    for number, page in enumerate(search.pages_as_dicts(), start=1):
        items = page.get("features") or []
        promised = max(promised, _matched(page))
        fresh = {f"{item.get('collection')}/{item.get('id')}" for item in items} - known
        if not fresh:
            raise SearchDishonest(
                f"The search at {source} repeats itself: page {number} brings nothing new and "
                "there is no end; report it to whoever runs the server.",
                source=source,
                page=number,
            )
        known |= fresh
        returned += len(items)
        cap(source, returned)
        progress(returned, promised)
        yield from items
    if len(known) < promised:
        raise SearchDishonest(
            f"The search at {source} promised {promised} items and gave {len(known)}; scenes "
            "would be missing, so nothing is used. Try again or ask whoever runs the server.",
            source=source,
            promised=promised,
            given=len(known),
        )


def _each_once(items: Iterable[Item]) -> list[Item]:
    """Drop items that come twice; refuse one id with two contents."""
    first: dict[tuple[str, str], Item] = {}
    for item in items:
        key = (str(item.get("collection")), str(item.get("id")))
        earlier = first.setdefault(key, item)
        if _content(earlier) != _content(item):
            raise SearchDishonest(
                f"Item {key[1]} of collection {key[0]} came twice with different content; it is "
                "not clear which is true, so nothing is used. Ask whoever runs the server.",
                item=key[1],
                collection=key[0],
            )
    return list(first.values())


def _content(item: Item) -> Item:
    return {key: value for key, value in item.items() if key != "links"}


def _matches(item: Item, query: SceneQuery) -> bool:
    """Ask the question again, of the item itself."""
    properties = item.get("properties") or {}
    when = datetime.fromisoformat(
        str(properties.get("datetime") or properties.get("start_datetime") or "")
    )
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    cloud = properties.get("eo:cloud_cover")
    return (
        item.get("collection") == query.collection
        and datetime.combine(query.first, time.min, UTC) <= when
        and when <= datetime.combine(query.last, time.max, UTC)
        and (cloud is None or float(cloud) <= query.max_cloud_percent)
        and bool(shapely.intersects(_footprint(item), box(*query.bbox)))
    )


def _footprint(item: Item) -> shapely.Geometry:
    if item.get("geometry"):
        with np.errstate(invalid="ignore"):  # a corner that is no number is refused, not warned of
            return shape(item["geometry"])
    corners = item.get("bbox") or (0.0, 0.0, 0.0, 0.0)
    half = len(corners) // 2
    return box(corners[0], corners[1], corners[half], corners[half + 1])


def _matched(page: Mapping[str, Any]) -> int:
    told = page.get("numberMatched", (page.get("context") or {}).get("matched"))
    return told if isinstance(told, int) else 0
