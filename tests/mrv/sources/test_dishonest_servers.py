"""Servers that ignore the question, repeat themselves, contradict themselves or send us elsewhere.

Each is a real web server on loopback; only its honesty is missing.
"""

import copy
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse

from mrv.errors import CatalogUnreadable, SearchDishonest
from mrv.sources.stac import SceneQuery, search_scenes
from pipelines.stac_api import serve_app

Json = dict[str, Any]
Page = Callable[[int, str], Json]
CORE = ("https://api.stacspec.org/v1.0.0/core", "https://api.stacspec.org/v1.0.0/item-search")
QUERY_CLASS = "https://api.stacspec.org/v1.0.0/item-search#query"
ASKED = SceneQuery(
    "sentinel-2-l2a", (-42.0, -7.0, -37.0, -4.0), date(2025, 7, 31), date(2025, 7, 31), 60.0
)


@pytest.fixture
def items(real_data: Callable[[str], Path]) -> list[Json]:
    """Real items of Earth Search of one day; two of them fit the question."""
    home = real_data("stac_examples/earth_search_items/sentinel-2-l2a")
    return [json.loads(path.read_text()) for path in sorted(home.glob("*.json"))]


@contextmanager
def server(
    page: Page, conforms: Sequence[str] = CORE, heard: list[str] | None = None
) -> Iterator[str]:
    """A STAC API whose every page `page(number, address)` makes up; `heard` keeps the questions."""
    app = FastAPI()

    @app.get("/")
    def landing(request: Request) -> Json:
        address = str(request.base_url)
        links = [
            {"rel": "self", "href": address},
            {"rel": "root", "href": address},
            {"rel": "data", "href": f"{address}collections"},
            *(
                {"rel": "search", "href": f"{address}search", "type": "application/geo+json"}
                | {"method": method}
                for method in ("GET", "POST")
            ),
        ]
        head = {"type": "Catalog", "stac_version": "1.0.0", "id": "liar", "description": "-"}
        return {**head, "links": links, "conformsTo": list(conforms)}

    @app.get("/collections")
    def collections() -> Json:
        return {"collections": [], "links": []}

    @app.api_route("/search", methods=["GET", "POST"])
    async def search(request: Request, n: int = 1) -> Json:
        if heard is not None:
            heard.append((await request.body()).decode())
        return page(n, str(request.base_url))

    @app.get("/moved")
    def moved() -> RedirectResponse:
        return RedirectResponse("http://elsewhere.example/search")

    with serve_app(app) as address:
        yield address


def answer(features: list[Json], next_href: str | None = None, **more: object) -> Json:
    links = [{"rel": "next", "href": next_href, "method": "GET"}] if next_href else []
    return {"type": "FeatureCollection", "features": features, "links": links, **more}


def test_a_server_that_ignores_every_filter_is_filtered_again(items: list[Json]) -> None:
    """It says it can query, and returns everything it has, of all collections and years."""
    strangers = copy.deepcopy(items)
    for stranger in strangers:
        stranger["id"] += "-old"
        stranger["properties"]["datetime"] = "2019-07-31T13:03:24Z"
    others = [{**copy.deepcopy(item), "collection": "sentinel-2-l1c"} for item in items]
    with server(lambda *_: answer(strangers + others + items), [*CORE, QUERY_CLASS]) as address:
        scenes = search_scenes(address, ASKED)
    assert {s.id for s in scenes} == {
        item["id"]
        for item in items
        if item["properties"]["eo:cloud_cover"] <= 60 and item["id"].startswith("S2B_24M")
    }
    assert len(scenes) >= 2


def test_a_filter_the_server_does_not_know_is_not_sent(items: list[Json]) -> None:
    """One such server answers an unknown query with nothing at all, and a warning nobody reads."""
    heard: list[str] = []
    with server(lambda *_: answer(items), heard=heard) as address:
        assert search_scenes(address, ASKED)
    with server(lambda *_: answer(items), [*CORE, QUERY_CLASS], heard) as address:
        assert search_scenes(address, ASKED)
    assert ["eo:cloud_cover" in body for body in heard] == [False, True]


def test_a_repeated_item_counts_once(items: list[Json]) -> None:
    with server(lambda *_: answer(items + items)) as address:
        once = search_scenes(address, ASKED)
    assert len({s.id for s in once}) == len(once) > 0


def test_one_id_with_two_contents_is_refused(items: list[Json]) -> None:
    forged = copy.deepcopy(items[1])
    forged["properties"]["eo:cloud_cover"] = 0.0
    with (
        server(lambda *_: answer([*items, forged])) as address,
        pytest.raises(SearchDishonest, match="twice with different content") as caught,
    ):
        search_scenes(address, ASKED)
    assert caught.value.facts["item"] == items[1]["id"]


def test_a_page_that_leads_back_to_itself_is_refused(items: list[Json]) -> None:
    with (
        server(lambda _, address: answer(items, f"{address}search?n=1")) as address,
        pytest.raises(SearchDishonest, match="page 2 brings nothing new"),
    ):
        search_scenes(address, ASKED)


def test_a_search_without_end_is_capped(items: list[Json], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page invents new items and promises another."""
    monkeypatch.setattr("mrv.sources.catalogs.MAX_ITEMS", 50)

    def page(number: int, address: str) -> Json:
        invented = [{**item, "id": f"{item['id']}-{number}"} for item in items]
        return answer(invented, f"{address}search?n={number + 1}")

    with server(page) as address, pytest.raises(SearchDishonest, match="more than 50 items"):
        search_scenes(address, ASKED)


def test_the_next_page_on_another_host_is_not_fetched(items: list[Json]) -> None:
    with (
        server(lambda *_: answer(items, "http://169.254.169.254/latest/meta-data")) as address,
        pytest.raises(SearchDishonest, match=r"169\.254\.169\.254"),
    ):
        search_scenes(address, ASKED)


def test_a_redirect_to_another_host_is_not_followed(items: list[Json]) -> None:
    with (
        server(lambda _, address: answer(items, f"{address}moved")) as address,
        pytest.raises(SearchDishonest, match=r"elsewhere\.example"),
    ):
        search_scenes(address, ASKED)


def test_fewer_items_than_promised_are_not_taken_for_all(items: list[Json]) -> None:
    """Missing scenes would read as missing loss."""
    with (
        server(lambda *_: answer(items, numberMatched=len(items) + 3)) as address,
        pytest.raises(SearchDishonest, match=f"promised {len(items) + 3} items"),
    ):
        search_scenes(address, ASKED)


@pytest.mark.parametrize("conforms", [[], ["https://api.stacspec.org/v1.0.0/core"]])
def test_a_server_that_cannot_search_is_one_sentence(
    items: list[Json], conforms: list[str]
) -> None:
    with (
        server(lambda *_: answer(items), conforms) as address,
        pytest.raises(CatalogUnreadable, match="cannot be searched"),
    ):
        search_scenes(address, ASKED)


@pytest.mark.parametrize(
    "href",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "http://localhost/b.tif",
        "http://10.0.0.1/b.tif",
        "https://10.0.0.1/b.tif",
        "http://archive.example/b.tif",
    ],
)
def test_an_item_may_not_name_files_inside_our_network(items: list[Json], href: str) -> None:
    """Nor at a stranger's plain http address, which could send us there."""
    for item in items:
        item["assets"]["red"]["href"] = href
    with (
        server(lambda *_: answer(items)) as address,
        pytest.raises(SearchDishonest, match="may not have files"),
    ):
        search_scenes(address, ASKED)


@pytest.mark.parametrize("body", ["{}", "[]", '{"features": [{"id": "x"}]}', "not json"])
def test_an_answer_that_is_no_answer_is_one_sentence(body: str) -> None:
    app = FastAPI()

    @app.get("/")
    def landing() -> Any:  # noqa: ANN401  # whatever the body is
        return json.loads(body) if body != "not json" else body

    with serve_app(app) as address, pytest.raises(CatalogUnreadable):
        search_scenes(address, ASKED)
