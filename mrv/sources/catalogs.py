"""Static STAC catalogs: walks the links of a folder or a website and gives its items as they are.

Items stay the JSON they are (pystac would bring them to the newest STAC, and change their
digest); only the addresses of their files are made absolute. Searching is `stac.py`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pystac
from pystac.utils import make_absolute_href
from pystac_client.errors import ClientTypeError
from pystac_client.exceptions import APIError
from requests import RequestException

from mrv.errors import CatalogUnreadable, SearchDishonest
from mrv.sources.confined import OneFolderIO, OneHostIO, host_of

MAX_ITEMS = 20_000  # ten years of one tile are about 1,500
Item = dict[str, Any]

# What the STAC libraries raise on answers that are no STAC, from broken JSON to lists for objects.
UNREADABLE = (
    *(APIError, ClientTypeError, RequestException, OSError),
    *(pystac.STACError, pystac.STACTypeError),
    *(ValueError, LookupError, TypeError, AttributeError),
)


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a static catalog holds.

    Attributes:
        source: Its address or path.
        collections: Id -> the collection as it is.
        item_links: Id of a collection -> addresses of its items; "" for items outside of any.
        read: Reads the text at an address of this catalog.
    """

    source: str
    collections: dict[str, dict[str, Any]]
    item_links: dict[str, list[str]]
    read: Callable[[str], str]

    def items(
        self, collection: str, progress: Callable[[int, int], None] | None = None
    ) -> Iterator[Item]:
        """Read the items of a collection, files by absolute address.

        Raises:
            CatalogUnreadable: If an item cannot be read.
        """
        links = self.item_links.get(collection, [])
        for done, href in enumerate(links, start=1):
            try:
                item = json.loads(self.read(href))
                for asset in (item.get("assets") or {}).values():
                    asset["href"] = make_absolute_href(str(asset.get("href", "")), href)
            except UNREADABLE as error:
                raise unreadable(href, error) from error
            if progress is not None:
                progress(done, len(links))
            yield item


def open_catalog(source: str | Path) -> Catalog:
    """Walk a static catalog, following links within its host or folder only.

    Args:
        source: Path or web address of its catalog.json.

    Raises:
        CatalogUnreadable: If it is not there or no STAC.
        SearchDishonest: If it links elsewhere or has no end.
    """
    address = str(source)
    is_web = bool(host_of(address))
    place = address if is_web else str(Path(address).resolve())
    io: pystac.StacIO = OneHostIO(address) if is_web else OneFolderIO(Path(place).parent)
    catalog = Catalog(address, {}, {}, lambda href: str(io.read_text(href)))
    try:
        root = pystac.Catalog.from_file(place, stac_io=io)
        _walk(root, "", catalog, set())
    except UNREADABLE as error:
        raise unreadable(address, error) from error
    return catalog


def unreadable(source: str, error: Exception) -> CatalogUnreadable:
    """Say in one sentence that there is no STAC to be read at an address."""
    return CatalogUnreadable(
        f"No STAC catalog or API can be read at {source} ({type(error).__name__}: "
        f"{str(error)[:160]}); check the address.",
        source=source,
    )


def require_collection(source: str, wanted: str, known: list[str]) -> None:
    """Refuse a source that lacks the collection: an empty answer would pass for "no scenes".

    Raises:
        CatalogUnreadable: Naming the collections that are there.
    """
    if wanted not in known:
        raise CatalogUnreadable(
            f"There is no collection '{wanted}' at {source}; it has {', '.join(known) or 'none'}. "
            "Correct imagery.collection in project.toml.",
            source=source,
            collections=known,
        )


def cap(source: str, items: int) -> None:
    """Stop a source that does not end.

    Raises:
        SearchDishonest: Above `MAX_ITEMS`.
    """
    if items > MAX_ITEMS:
        raise SearchDishonest(
            f"The source at {source} gave more than {MAX_ITEMS} items and did not end; ask for "
            "fewer days or a smaller area.",
            source=source,
        )


def _walk(node: pystac.Catalog, inside: str, catalog: Catalog, visited: set[str]) -> None:
    href = str(node.get_self_href())
    if href in visited:
        return
    visited.add(href)
    if isinstance(node, pystac.Collection):
        inside = node.id
        catalog.collections[inside] = json.loads(catalog.read(href))
    links = catalog.item_links.setdefault(inside, [])
    links += [str(link.get_absolute_href()) for link in node.get_item_links()]
    cap(catalog.source, sum(map(len, catalog.item_links.values())))
    for child in node.get_children():
        _walk(child, inside, catalog, visited)
