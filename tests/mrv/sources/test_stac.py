"""Searching scenes: a real API, real catalogs, and one answer from both."""

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mrv.errors import CatalogUnreadable, SearchDishonest
from mrv.sources.stac import SceneQuery, search_scenes
from pipelines.stac_api import serve_items

Find = Callable[[str], Path]
FLANDERS_2018 = SceneQuery(
    "sentinel-2-l2a", (3.0, 50.0, 5.0, 51.0), date(2018, 1, 1), date(2018, 12, 31)
)


@pytest.fixture(scope="module")
def flanders(real_data: Find) -> Path:
    return real_data("s2_flanders") / "catalog.json"


@pytest.fixture(scope="module")
def api(flanders: Path, real_data: Find) -> Iterator[str]:
    """A real stac-fastapi server over both real catalogs, seven items a page."""
    tanzania = real_data("s2_tanzania") / "catalog.json"
    with serve_items([flanders, tanzania], page_limit=7) as address:
        yield address


def test_an_api_and_a_static_catalog_give_the_same_scenes(api: str, flanders: Path) -> None:
    query = replace(FLANDERS_2018, max_cloud_percent=40.0)
    told: list[tuple[int, int]] = []
    from_api = search_scenes(
        api, query, lambda *step: told.append(step), files_under=flanders.parent
    )
    from_files = search_scenes(str(flanders), query)
    assert from_api == from_files
    assert len(from_api) > 30
    assert told[-1] == (len(from_api), len(from_api))
    assert [s.acquired_at for s in from_api] == sorted(s.acquired_at for s in from_api)
    assert all(s.cloud_percent is not None and s.cloud_percent <= 40 for s in from_api)


def test_paging_loses_nothing(api: str, flanders: Path) -> None:
    scenes = search_scenes(api, FLANDERS_2018, files_under=flanders.parent)
    assert len(scenes) == len(search_scenes(str(flanders), FLANDERS_2018)) > 100


def test_box_and_days_are_both_inclusive_and_exact(flanders: Path) -> None:
    day = SceneQuery(
        "sentinel-2-l2a", (3.02, 50.81, 3.03, 50.82), date(2018, 8, 7), date(2018, 8, 7)
    )
    (scene,) = search_scenes(str(flanders), day)
    assert scene.id == "S2_31UDS_20180807T105912_L2A"
    assert search_scenes(str(flanders), replace(day, bbox=(3.1, 50.8, 3.2, 50.9))) == []


def test_two_acquisitions_on_one_day_both_come(real_data: Find) -> None:
    """Tanzania has 136 items on 134 days."""
    query = SceneQuery(
        "sentinel-2-l2a", (36.0, -4.0, 37.0, -3.0), date(2019, 1, 1), date(2021, 12, 31)
    )
    scenes = search_scenes(str(real_data("s2_tanzania") / "catalog.json"), query)
    assert len(scenes) == 136
    assert len({s.acquired_at.date() for s in scenes}) == 134


def test_a_missing_collection_is_not_an_empty_answer(api: str, flanders: Path) -> None:
    wrong = replace(FLANDERS_2018, collection="sentinel-2-l3")
    for source in (api, str(flanders)):
        with pytest.raises(CatalogUnreadable, match="no collection 'sentinel-2-l3'"):
            search_scenes(source, wrong, files_under=flanders.parent)


def test_no_scene_in_the_box_is_an_empty_answer(api: str, flanders: Path) -> None:
    elsewhere = replace(FLANDERS_2018, bbox=(10.0, 0.0, 11.0, 1.0))
    assert search_scenes(api, elsewhere, files_under=flanders.parent) == []


def test_files_named_by_an_api_are_refused_unless_their_folder_is_allowed(
    api: str, tmp_path: Path
) -> None:
    for allowed in (None, tmp_path):
        with pytest.raises(SearchDishonest, match="may not have files"):
            search_scenes(api, FLANDERS_2018, files_under=allowed)


@pytest.mark.parametrize("place", ["nowhere.json", "catalog.json"])
def test_nothing_there_is_one_sentence(tmp_path: Path, place: str) -> None:
    (tmp_path / "catalog.json").write_text('{"type": "FeatureCollection"}')
    with pytest.raises(CatalogUnreadable, match="No STAC catalog or API"):
        search_scenes(str(tmp_path / place), FLANDERS_2018)


def test_nobody_listening_is_one_sentence() -> None:
    with pytest.raises(CatalogUnreadable, match="No STAC catalog or API"):
        search_scenes("http://127.0.0.1:9/", FLANDERS_2018)


@pytest.fixture
def small_catalog(flanders: Path, tmp_path: Path) -> Path:
    """Three items of the real catalog, for damaging; their files stay away."""
    home = tmp_path / "catalog"
    shutil.copytree(flanders.parent, home, ignore=shutil.ignore_patterns("*.tif", "plots", "*.csv"))
    collection = home / "sentinel-2-l2a/collection.json"
    document = json.loads(collection.read_text())
    items = [link for link in document["links"] if link["rel"] == "item"][:3]
    document["links"] = [link for link in document["links"] if link["rel"] != "item"] + items
    collection.write_text(json.dumps(document))
    return home / "catalog.json"


def item_paths(catalog: Path) -> list[Path]:
    collection = catalog.parent / "sentinel-2-l2a/collection.json"
    links = json.loads(collection.read_text())["links"]
    return [collection.parent / link["href"] for link in links if link["rel"] == "item"]


EVERYTHING = SceneQuery(
    "sentinel-2-l2a", (-180.0, -90.0, 180.0, 90.0), date(2000, 1, 1), date(2100, 1, 1)
)


@pytest.mark.parametrize(
    "href",
    [
        "/etc/passwd",
        "file:///etc/passwd",
        "../../../secret.tif",
        "http://169.254.169.254/b.tif",
        "/vsicurl/http://127.0.0.1/b.tif",
    ],
)
def test_an_item_of_a_folder_may_not_point_out_of_it(small_catalog: Path, href: str) -> None:
    path = item_paths(small_catalog)[1]
    item = json.loads(path.read_text())
    item["assets"]["red"]["href"] = href
    path.write_text(json.dumps(item))
    with pytest.raises(SearchDishonest, match="Asset red of item"):
        search_scenes(str(small_catalog), EVERYTHING)


@pytest.mark.parametrize("href", ["../../outside.json", "http://127.0.0.1:9/item.json"])
def test_a_catalog_may_not_link_out_of_its_folder(
    small_catalog: Path, href: str, tmp_path: Path
) -> None:
    (tmp_path / "outside.json").write_text("{}")
    collection = small_catalog.parent / "sentinel-2-l2a/collection.json"
    document = json.loads(collection.read_text())
    document["links"].append({"rel": "item", "href": href})
    collection.write_text(json.dumps(document))
    with pytest.raises(SearchDishonest, match="which lies elsewhere"):
        search_scenes(str(small_catalog), EVERYTHING)


def test_a_catalog_that_links_to_itself_comes_to_an_end(small_catalog: Path) -> None:
    document = json.loads(small_catalog.read_text())
    document["links"].append({"rel": "child", "href": "./catalog.json"})
    small_catalog.write_text(json.dumps(document))
    assert len(search_scenes(str(small_catalog), EVERYTHING)) == 3


def test_an_item_listed_twice_comes_once(small_catalog: Path) -> None:
    collection = small_catalog.parent / "sentinel-2-l2a/collection.json"
    document = json.loads(collection.read_text())
    document["links"].append(document["links"][-1])
    collection.write_text(json.dumps(document))
    assert len(search_scenes(str(small_catalog), EVERYTHING)) == 3


def test_a_broken_item_is_one_sentence(small_catalog: Path) -> None:
    path = item_paths(small_catalog)[0]
    path.write_text(path.read_text()[:-200])
    with pytest.raises(CatalogUnreadable, match=r"JSONDecodeError"):
        search_scenes(str(small_catalog), EVERYTHING)
