"""The loopback STAC API answers as pystac-client expects, extensions and all."""

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pystac_client import Client

from pipelines.stac_api import build_app, serve_app, serve_items

Json = dict[str, Any]


@pytest.fixture(scope="module")
def catalog(real_data: Callable[[str], Path]) -> Path:
    return real_data("s2_flanders") / "catalog.json"


@pytest.fixture(scope="module")
def client(catalog: Path) -> Iterator[Client]:
    with serve_items([catalog], page_limit=5) as address:
        yield Client.open(address)


def truth(catalog: Path, wanted: Callable[[Json], bool]) -> set[str]:
    items = [
        json.loads(path.read_text()) for path in catalog.parent.glob("sentinel-2-l2a/*/*.json")
    ]
    return {item["id"] for item in items if wanted(item)}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_kind_of_question(client: Client, catalog: Path, method: str) -> None:
    everything = client.search(collections=["sentinel-2-l2a"], method=method, limit=50)
    assert everything.matched() == 190
    assert {item.id for item in everything.items()} == truth(catalog, lambda _: True)
    box = client.search(bbox=(4.0, 50.7, 4.2, 50.8), method=method)
    assert {i.id for i in box.items()} == truth(catalog, lambda i: "31UES" in i["id"])
    area = {"type": "Point", "coordinates": [3.0238, 50.816]}
    here = client.search(intersects=area, method=method, limit=200)
    assert {i.id for i in here.items()} == truth(catalog, lambda i: "31UDS" in i["id"])
    month = client.search(datetime="2018-08", method=method, limit=3)
    assert {i.id for i in month.items()} == truth(
        catalog, lambda i: i["properties"]["datetime"].startswith("2018-08")
    )
    one = client.search(ids=["S2_31UDS_20180807T105912_L2A"], method=method)
    assert [i.id for i in one.items()] == ["S2_31UDS_20180807T105912_L2A"]


def test_extensions_filter_and_sort(client: Client, catalog: Path) -> None:
    clear = truth(catalog, lambda i: i["properties"]["eo:cloud_cover"] <= 10)
    query = client.search(query={"eo:cloud_cover": {"lte": 10}}, limit=200)
    assert {i.id for i in query.items()} == clear
    cql = {"op": "<=", "args": [{"property": "eo:cloud_cover"}, 10]}
    filtered = client.search(filter=cql, filter_lang="cql2-json", limit=200)
    assert {i.id for i in filtered.items()} == clear
    client.add_conforms_to("SORT")  # its class carries a version that pystac-client does not know
    newest = client.search(sortby=["-properties.datetime"], limit=50, max_items=60)
    dates = [i.datetime for i in newest.items() if i.datetime]
    assert len(dates) == 60
    assert dates == sorted(dates, reverse=True)


def test_collections_and_items_have_addresses(client: Client) -> None:
    collection = client.get_collection("sentinel-2-l2a")
    item = collection.get_item("S2_31UDS_20180807T105912_L2A")
    assert item is not None
    assert Path(item.assets["red"].href).is_file()  # files by absolute path


def test_no_page_is_longer_than_the_limit(client: Client) -> None:
    pages = list(client.search(limit=100, max_items=12).pages_as_dicts())
    assert [len(page["features"]) for page in pages] == [5, 5, 2]


def test_one_id_for_two_items_is_not_served() -> None:
    item = {"id": "a", "collection": "c", "properties": {}}
    other = copy.deepcopy(item) | {"properties": {"x": 1}}
    with pytest.raises(ValueError, match="item a is there twice"):
        build_app([{"id": "c"}], [item, other])


def test_two_servers_at_once_and_none_after() -> None:
    app = build_app([{"id": "c"}], [])
    with serve_app(app) as one, serve_app(app) as other:
        assert one != other
    with pytest.raises(Exception, match=r"refused|Max retries"):
        Client.open(one)
