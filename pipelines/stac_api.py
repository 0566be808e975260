"""A STAC API on loopback over the items of static catalogs, for the demonstration and the tests.

The protocol (routes, models, conformance, validation) is stac-fastapi's own and CQL2 is evaluated
by the cql2 library; only what stac-fastapi leaves to a backend is here. A deployment searches a
public API instead.
"""

import json
import operator
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, cast

import attrs
import uvicorn
from cql2 import Expr
from fastapi import FastAPI, Request
from shapely import Geometry, intersects
from shapely.geometry import box, shape
from stac_fastapi.api.app import StacApi
from stac_fastapi.api.models import create_get_request_model, create_post_request_model
from stac_fastapi.extensions.filter import SearchFilterExtension
from stac_fastapi.extensions.pagination import TokenPaginationExtension
from stac_fastapi.extensions.query import QueryExtension
from stac_fastapi.extensions.sort import SortExtension
from stac_fastapi.types.config import ApiSettings
from stac_fastapi.types.core import BaseCoreClient
from stac_fastapi.types.errors import NotFoundError
from stac_fastapi.types.links import CollectionLinks, ItemLinks
from stac_fastapi.types.rfc3339 import str_to_interval
from stac_fastapi.types.search import BaseSearchPostRequest
from stac_fastapi.types.stac import Collection, Collections, Item, ItemCollection

from mrv.sources.catalogs import open_catalog

Json = dict[str, Any]
_START_TIMEOUT_S = 30.0
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "eq": operator.eq,
        "neq": operator.ne,
        "lt": operator.lt,
        "lte": operator.le,
        "gt": operator.gt,
        "gte": operator.ge,
        "in": lambda value, allowed: value in allowed,
        "startsWith": lambda value, start: str(value).startswith(start),
    }
)


def build_app(
    collections: Sequence[Json], items: Sequence[Json], *, page_limit: int = 100
) -> FastAPI:
    """Make a STAC API over items held in memory.

    Args:
        collections: STAC collections.
        items: STAC items of those collections, files by absolute address.
        page_limit: Most items on a page, whatever a request asks.

    Raises:
        ValueError: If an id stands for two different items or an item's collection is not there.
    """
    held = {collection["id"]: dict(collection) for collection in collections}
    by_id: dict[tuple[str, str], Json] = {}
    for item in items:
        key = (item["collection"], item["id"])
        if item["collection"] not in held or by_id.setdefault(key, item) != item:
            raise ValueError(f"item {key[1]} is there twice, or without its collection {key[0]}")
    extensions = [
        QueryExtension(),
        SortExtension(),
        SearchFilterExtension(),
        TokenPaginationExtension(),
    ]
    api = StacApi(
        app=FastAPI(openapi_url="/api"),
        settings=ApiSettings(
            stac_fastapi_title="Parkland scenes",
            stac_fastapi_description="Scenes of the sample projects, on this machine only.",
            stac_fastapi_landing_id="parkland-scenes",
            stac_fastapi_version="1.0.0",
        ),
        extensions=extensions,
        client=_MemoryClient(held=held, items=list(by_id.values()), page_limit=page_limit),
        search_get_request_model=create_get_request_model(extensions),
        search_post_request_model=create_post_request_model(extensions),
    )
    return api.app


@contextmanager
def serve_items(catalogs: Sequence[Path], port: int = 0, *, page_limit: int = 100) -> Iterator[str]:
    """Serve the items of static catalogs on loopback for the length of a block.

    Collections of the same id become one. Files are not served: items name them by absolute path.

    Args:
        catalogs: Paths of catalog.json files.
        port: To listen on; any free one where 0.
        page_limit: Most items on a page, whatever a request asks.

    Yields:
        The base address of the API.
    """
    collections: dict[str, Json] = {}
    items: list[Json] = []
    for path in catalogs:
        catalog = open_catalog(path)
        for name, collection in catalog.collections.items():
            collections.setdefault(name, collection)
            items += catalog.items(name)
    app = build_app(list(collections.values()), items, page_limit=page_limit)
    with serve_app(app, port) as address:
        yield address


@contextmanager
def serve_app(app: FastAPI, port: int = 0) -> Iterator[str]:
    """Run an application on loopback in a thread for the length of a block; yield its address.

    Raises:
        RuntimeError: If it does not start.
    """
    listener = socket.create_server(("127.0.0.1", port))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        patience = time.monotonic() + _START_TIMEOUT_S
        while not server.started:
            if not thread.is_alive() or time.monotonic() > patience:
                raise RuntimeError("the STAC API did not start")
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=_START_TIMEOUT_S)
        listener.close()


@attrs.define(slots=False, kw_only=True)
class _MemoryClient(BaseCoreClient):
    """What stac-fastapi asks of a backend, answered from memory."""

    held: dict[str, Json]
    items: list[Json]
    page_limit: int

    _ASKED: ClassVar = (
        *("collections", "ids", "bbox", "intersects", "datetime", "limit", "token", "query"),
        *("sortby", "filter_expr"),
    )

    def post_search(self, search_request: BaseSearchPostRequest, **kwargs: Any) -> ItemCollection:  # noqa: ANN401  # as declared
        """Answer a search that came as JSON."""
        asked = {name: getattr(search_request, name, None) for name in self._ASKED}
        return self._search(kwargs["request"], **asked)

    def get_search(self, *_: Any, **asked: Any) -> ItemCollection:  # noqa: ANN401  # as declared
        """Answer a search that came as an address."""
        return self._search(**asked)

    def get_item(self, item_id: str, collection_id: str, **kwargs: Any) -> Item:  # noqa: ANN401  # as declared
        """Give one item."""
        for item in self.items:
            if (item["collection"], item["id"]) == (collection_id, item_id):
                return cast("Item", _linked_item(item, kwargs["request"]))
        raise NotFoundError(f"no item {item_id} in collection {collection_id}")

    def all_collections(self, **kwargs: Any) -> Collections:  # noqa: ANN401  # as declared
        """Give all collections."""
        every = [self.get_collection(name, **kwargs) for name in self.held]
        return cast("Collections", {"collections": every, "links": []})

    def get_collection(self, collection_id: str, **kwargs: Any) -> Collection:  # noqa: ANN401  # as declared
        """Give one collection."""
        if collection_id not in self.held:
            raise NotFoundError(f"no collection {collection_id}")
        links = CollectionLinks(collection_id, str(kwargs["request"].base_url)).create_links()
        return cast("Collection", {**self.held[collection_id], "links": links})

    def item_collection(self, collection_id: str, *_: Any, **asked: Any) -> ItemCollection:  # noqa: ANN401  # as declared
        """Give the items of one collection."""
        self.get_collection(collection_id, request=asked["request"])
        return self._search(**{**asked, "collections": [collection_id]})

    def _search(self, request: Request, **asked: Any) -> ItemCollection:  # noqa: ANN401  # parameters
        hits = list(filter(_wanted(asked), self.items))
        for order in reversed(_orders(asked.get("sortby"))):
            hits.sort(key=lambda item: _value(item, order[0]), reverse=order[1])
        start = int(asked.get("token") or 0)
        end = start + min(int(asked.get("limit") or self.page_limit), self.page_limit)
        page = {
            "type": "FeatureCollection",
            "features": [_linked_item(item, request) for item in hits[start:end]],
            "links": [_next_link(request, end)] if end < len(hits) else [],
            "numberMatched": len(hits),
            "numberReturned": len(hits[start:end]),
        }
        return cast("ItemCollection", page)


def _wanted(asked: Mapping[str, Any]) -> Callable[[Json], bool]:
    """Turn the parameters of a search into a test of one item."""
    first, last = _interval(asked.get("datetime"))
    area = _area(asked.get("bbox"), asked.get("intersects"))
    query = asked.get("query") or {}
    predicates = json.loads(query) if isinstance(query, str) else query
    expression = Expr(asked["filter_expr"]) if asked.get("filter_expr") else None

    def test(item: Json) -> bool:
        when = datetime.fromisoformat(item["properties"]["datetime"])
        return (
            (not asked.get("collections") or item["collection"] in asked["collections"])
            and (not asked.get("ids") or item["id"] in asked["ids"])
            and (first is None or when >= first)
            and (last is None or when <= last)
            and (area is None or bool(intersects(shape(item["geometry"]), area)))
            and all(_holds(item, name, tests) for name, tests in predicates.items())
            and (expression is None or bool(expression.matches(item)))
        )

    return test


def _holds(item: Json, name: str, tests: Mapping[str, Any]) -> bool:
    value = _value(item, name)
    return value is not None and all(_OPERATORS[op](value, other) for op, other in tests.items())


def _value(item: Json, name: str) -> Any:  # noqa: ANN401  # any JSON value
    plain = name.removeprefix("properties.")
    return item.get(plain) if plain in ("id", "collection") else item["properties"].get(plain)


def _interval(asked: Any) -> tuple[datetime | None, datetime | None]:  # noqa: ANN401  # text, time or pair
    found = str_to_interval(asked) if isinstance(asked, str) else asked
    first, last = found if isinstance(found, tuple | list) else (found, found)
    return _time(first), _time(last)


def _time(value: datetime | str | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _area(bbox: Sequence[float] | None, shape_asked: Any) -> Geometry | None:  # noqa: ANN401  # text or model
    if shape_asked is not None:
        if isinstance(shape_asked, str):
            return shape(json.loads(shape_asked))
        return shape(
            shape_asked.model_dump() if hasattr(shape_asked, "model_dump") else shape_asked
        )
    if not bbox:
        return None
    half = len(bbox) // 2
    return box(bbox[0], bbox[1], bbox[half], bbox[half + 1])


def _orders(sortby: Sequence[Any] | None) -> list[tuple[str, bool]]:
    """Name and direction (True is descending) of each sort key, in either form of the extension."""
    orders = []
    for key in sortby or []:
        if isinstance(key, str):
            orders.append((key.lstrip("+-"), key.startswith("-")))
        else:
            plain = key if isinstance(key, dict) else key.model_dump(mode="json")
            orders.append((plain["field"], plain["direction"] == "desc"))
    return orders


def _linked_item(item: Json, request: Request) -> Json:
    links = ItemLinks(item["collection"], str(request.base_url), item["id"]).create_links()
    return {**item, "links": links}


def _next_link(request: Request, start: int) -> Json:
    link: Json = {"rel": "next", "type": "application/geo+json", "method": request.method}
    if request.method == "POST":
        return {**link, "href": str(request.url), "merge": True, "body": {"token": str(start)}}
    return {**link, "href": str(request.url.include_query_params(token=start))}
