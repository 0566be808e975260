"""Radiometric offsets of real STAC items, resolved by what each says and never by its date."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mrv.errors import OffsetsMixed
from mrv.imagery.offsets import OffsetRule, check_stack, first_percentile, offsets_sane
from mrv.imagery.scenes import Scene, scene_from_item

Find = Callable[[str], Path]
LOW, HIGH = 0.0, 0.06


def read(path: Path) -> dict[str, Any]:
    item: dict[str, Any] = json.loads(path.read_text())
    return item


@pytest.fixture
def earth_search(real_data: Find) -> dict[str, list[Scene]]:
    """The same passes as three collections of one archive keep them."""
    home = real_data("stac_examples/earth_search_items")
    return {
        folder.name: [scene_from_item(read(path)) for path in sorted(folder.glob("*.json"))]
        for folder in home.iterdir()
        if "l2a" in folder.name
    }


def test_earth_search_l2a_is_not_corrected_again(earth_search: dict[str, list[Scene]]) -> None:
    """Its bands still list -0.1, but the flag says that the archive took it out."""
    assert {s.offset.offset for s in earth_search["sentinel-2-l2a"]} == {0.0}
    assert {s.offset.source for s in earth_search["sentinel-2-l2a"]} == {
        "earthsearch:boa_offset_applied"
    }


def test_earth_search_collection_1_is_corrected(earth_search: dict[str, list[Scene]]) -> None:
    assert {s.offset.offset for s in earth_search["sentinel-2-c1-l2a"]} == {-0.1}


def test_earth_search_v0_is_not_corrected_again(earth_search: dict[str, list[Scene]]) -> None:
    (scene,) = earth_search["sentinel-s2-l2a-cogs"]
    assert scene.offset.offset == 0.0
    assert scene.offset.scale == 1e-4


def test_planetary_computer_is_decided_by_baseline(real_data: Find) -> None:
    """Raw numbers and no offset in the item: baseline 02.12 has none, 05.09 has it."""
    items = read(real_data("stac_examples/odc_stac/site2-2020_jun_jul-35MNM.geojson"))["features"]
    old = [scene_from_item(item) for item in items]
    assert {s.offset.offset for s in old} == {0.0}
    assert {s.mgrs_tile for s in old} == {"35MNM"}
    reprocessed = json.loads(json.dumps(items[0]))
    reprocessed["properties"]["s2:processing_baseline"] = "05.09"
    assert scene_from_item(reprocessed).offset.offset == -0.1  # same sensing date, 2020
    check_stack(old)


def test_all_baselines_of_real_product_metadata(real_data: Find) -> None:
    """From 04.00 on the metadata state an offset, before none; one product states -0.7."""
    home = real_data("stac_examples/stactools_sentinel2")
    seen = {}
    for path in sorted(home.glob("baseline_*/*.json")):
        scene = scene_from_item(read(path))
        seen[path.name] = scene.offset
        expected = 0.0 if float(path.parent.name.removeprefix("baseline_")) < 4.0 else -0.1
        if "T34LBQ" in path.name:
            expected = -0.7
        assert scene.offset.offset == pytest.approx(expected), path.name
        assert not scene.offset.contradiction
    assert len(seen) == 17


def test_a_neighbour_with_another_offset_is_named(real_data: Find) -> None:
    home = real_data("stac_examples/stactools_sentinel2/baseline_04.00")
    pair = [
        replace(scene_from_item(read(path)), collection="sentinel-2-l2a")
        for path in sorted(home.glob("*VGS1*.json"))
    ]
    with pytest.raises(OffsetsMixed, match="T34LBQ") as caught:
        check_stack(pair)
    assert "offset -0.7" in caught.value.message


def test_two_collections_in_one_stack_are_refused(earth_search: dict[str, list[Scene]]) -> None:
    """The same pass corrected in one and not in the other: a doubly corrected stack."""
    mixed = earth_search["sentinel-2-l2a"] + earth_search["sentinel-2-c1-l2a"][:1]
    with pytest.raises(OffsetsMixed) as caught:
        check_stack(mixed)
    assert caught.value.facts["items"] == [earth_search["sentinel-2-c1-l2a"][0].id]
    assert "sentinel-2-c1-l2a" in caught.value.message


def altered(real_data: Find, **properties: object) -> Scene:
    item = read(
        real_data("stac_examples/earth_search_items/sentinel-2-l2a/S2B_24MWV_20250731_0_L2A.json")
    )
    for asset in item["assets"].values():
        asset["href"] = asset["href"].replace("sentinel-cogs", "another-archive")
    for name, value in properties.items():
        key = name.replace("__", ":")
        item["properties"].pop(key, None)
        if value is not None:
            item["properties"][key] = value
    return scene_from_item(item)


def test_a_flag_that_says_not_removed_is_believed(real_data: Find) -> None:
    scene = altered(real_data, earthsearch__boa_offset_applied=False)
    assert scene.offset.offset == -0.1


def test_flags_that_differ_within_one_era_are_refused(real_data: Find) -> None:
    """Known from 2022: some items of one collection carry the wrong flag."""
    right = altered(real_data)
    wrong = replace(altered(real_data, earthsearch__boa_offset_applied=False), id="wrong-flag")
    with pytest.raises(OffsetsMixed, match="wrong-flag"):
        check_stack([right, wrong])


@pytest.mark.parametrize(
    ("properties", "told"),
    [
        (
            {"earthsearch__boa_offset_applied": None, "s2__processing_baseline": "02.14"},
            "does not belong to processing baseline 02.14",
        ),
    ],
)
def test_an_item_that_contradicts_itself_is_named(
    real_data: Find, properties: dict[str, object], told: str
) -> None:
    scene = altered(real_data, **properties)
    assert np.isnan(scene.offset.offset)
    with pytest.raises(OffsetsMixed, match=told) as caught:
        check_stack([scene])
    assert caught.value.facts["items"] == [scene.id]


def test_an_item_that_says_nothing_is_named(real_data: Find) -> None:
    item = read(real_data("stac_examples/odc_stac/site2-2020_jun_jul-35MNM.geojson"))["features"][0]
    for key in ("s2:processing_baseline", "s2:product_uri"):
        item["properties"].pop(key)
    with pytest.raises(OffsetsMixed, match="neither an offset nor a processing baseline"):
        check_stack([scene_from_item(item)])


def test_bands_of_one_item_with_different_offsets_are_named(real_data: Find) -> None:
    item = read(
        real_data("stac_examples/earth_search_items/sentinel-2-c1-l2a")
        / "S2B_T24MWV_20250731T130245_L2A.json"
    )
    item["assets"]["red"]["raster:bands"][0]["offset"] = 0
    with pytest.raises(OffsetsMixed, match="different offsets"):
        check_stack([scene_from_item(item)])


def levels(*p01: float, offset: float = -0.1) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "scene_id": [f"s{k}" for k in range(len(p01))],
            "offset": offset,
            "blue_p01": p01,
            "red_p01": [value + 0.005 for value in p01],
        }
    )


def test_pixels_in_the_plausible_range_pass() -> None:
    verdict = offsets_sane(levels(0.01, 0.02, 0.03), LOW, HIGH)
    assert verdict.passed
    assert verdict.measured == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("shift", "list_name", "words"),
    [(0.1, "too_bright", "missing"), (-0.1, "too_dark", "taken off twice")],
)
def test_one_scene_corrected_never_or_twice_fails(shift: float, list_name: str, words: str) -> None:
    verdict = offsets_sane(levels(0.01, 0.02, 0.02 + shift), LOW, HIGH)
    assert not verdict.passed
    assert verdict.facts[list_name] == "s2"
    assert words in verdict.sentence
    assert "s2" in verdict.sentence


def test_a_hazy_scene_is_told_but_is_no_offset_error() -> None:
    verdict = offsets_sane(levels(0.01, 0.02, 0.075), LOW, HIGH)
    assert verdict.passed
    assert verdict.facts["hazy_or_shaded"] == "s2"


def test_what_could_not_be_looked_at_has_not_passed() -> None:
    nothing = offsets_sane(levels(np.nan, np.nan), LOW, HIGH)
    assert not nothing.passed
    assert nothing.measured is None
    half = pd.concat([levels(0.02), levels(np.nan, offset=0.0)])
    verdict = offsets_sane(half, LOW, HIGH)
    assert not verdict.passed
    assert "no scene with offset 0 " in verdict.sentence


def test_a_percentile_of_a_handful_of_pixels_is_none() -> None:
    level, count = first_percentile(np.array([0, 10]), 199, OffsetRule(1e-4, 0.0, "", ""))
    assert np.isnan(level)
    assert count == 10


def test_the_percentile_of_counted_numbers_is_that_of_the_numbers() -> None:
    numbers = np.random.default_rng(4).integers(900, 1400, 777)
    rule = OffsetRule(1e-4, -0.1, "", "")
    level, count = first_percentile(np.bincount(numbers, minlength=2000)[800:], 800, rule)
    assert level == pytest.approx(np.percentile(numbers * 1e-4 - 0.1, 1), abs=1e-12)
    assert count == 777
