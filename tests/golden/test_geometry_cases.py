"""Every case of broken geometry that others collected is accepted, mended or refused as it should.

`python -m tests.golden.geometry_cases` prints them.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import shapely

from mrv.methodologies import load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.plots.shapes import REPAIR_MAX_AREA_CHANGE
from mrv.sources.boundaries import parse_boundaries
from tests.golden import geometry_cases
from tests.golden.geometry_cases import Case

Find = Callable[[str], Path]
AREAS = {"Polygon", "MultiPolygon"}
IN_OTHER_WORDS = {  # GEOS's other method of repair leaves out what lies twice
    "makevalid/multipolygon/second_part_overlapping": (1.64, 1.8),
    "makevalid/multipolygon/first_part_crossing_second_part_overlapping": (1.445, 1.45),
}

pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")


@pytest.fixture(scope="module")
def found(real_data: Find) -> dict[str, list[Case]]:
    with np.errstate(invalid="ignore"):
        return geometry_cases.cases(real_data("bad_geometry"))


def test_no_fault_that_a_source_finds_passes_unseen(found: dict[str, list[Case]]) -> None:
    assert {source: len(some) for source, some in found.items()} == {
        "geojsonhint": 62,
        "fixtures": 16,
        "validity": 842,
        "repairs": 15,
        "fields": 14,
    }
    for some in found.values():
        assert [case.name for case in some if case.passes_unseen] == []


def test_good_areas_go_in_as_they_are_or_tidied(found: dict[str, list[Case]]) -> None:
    good = [case for case in found["validity"] if case.source_accepts and case.kind in AREAS]
    empty = [case for case in good if case.codes == ("no_geometry",)]
    assert (len(good), len(empty)) == (281, 2)
    for case in good:
        if case not in empty:
            assert case.ours in {"accepted", "warned", "repaired"}, case.name
        if case.ours == "repaired":
            assert set(case.codes) & {"duplicate_vertices", "empty_part", "spike_cut"}, case.name
            assert case.our_area == pytest.approx(case.source_area, rel=REPAIR_MAX_AREA_CHANGE)


def test_areas_that_are_not_valid_are_mended_or_refused(found: dict[str, list[Case]]) -> None:
    bad = [case for case in found["validity"] if not case.source_accepts and case.kind in AREAS]
    verdicts = Counter(case.ours for case in bad)
    assert set(verdicts) == {"repaired", "refused"}
    assert verdicts.total() == 47
    offered = [case for case in bad if case.ours == "refused" and np.isfinite(case.our_area)]
    nothing_left = {"zero_area", "not_finite", "at_zero"}
    for case in bad:
        if case.ours == "refused" and case not in offered:
            assert set(case.codes) & nothing_left, case.name


def test_points_and_lines_are_refused_with_their_own_code(found: dict[str, list[Case]]) -> None:
    others = [case for case in found["validity"] if case.kind not in AREAS]
    assert len(others) > 400
    for case in others:
        assert case.ours == "refused", case.name
        assert set(case.codes) & {"not_an_area", "no_geometry", "not_finite", "not_degrees"}


def test_repairs_have_the_area_of_those_of_geos(found: dict[str, list[Case]]) -> None:
    compared = 0
    for case in found["repairs"]:
        if case.source_area > 0.0 and not case.source_accepts:
            wanted, given = IN_OTHER_WORDS.get(case.name, (case.source_area, case.source_area))
            assert case.source_area == pytest.approx(wanted), case.name
            assert case.our_area == pytest.approx(given), case.name
            compared += 1
    assert compared == 5


@pytest.mark.parametrize(
    ("name", "ours", "code"),
    [
        ("bad/different-first-last", "repaired", "unclosed_ring"),
        ("bad/short-linearring", "repaired", "unclosed_ring"),
        ("bad/different-first-size", "warned", "odd_positions"),
        ("bad/polygon_winding_order", "warned", "winding"),
        ("bad/bad-polygon-interiorring-rhr", "warned", "winding"),
        ("bad/badcoordtype", "refused", "no_geometry"),
        ("bad/point-labeled-as-a-multipolygon", "refused", "no_geometry"),
        ("bad/point-toofew", "refused", "no_geometry"),
        ("bad/badfeature", "refused", "no_geometry"),
        ("bad/geometrycollection_nested", "refused", "not_an_area"),
        ("bad/featurecollection", "not read", "not_geojson"),
        ("bad/bad-json", "not read", "damaged"),
        ("bad/rootstring", "not read", "driver_mismatch"),
        ("good/good-polygon", "accepted", None),
        ("good/multipolygon", "warned", "multipart"),
        ("good/nullgeometry", "refused", "no_geometry"),
        ("good/issue82", "refused", "not_degrees"),
    ],
)
def test_a_file_of_geojsonhint(
    found: dict[str, list[Case]], name: str, ours: str, code: str | None
) -> None:
    (case,) = [case for case in found["geojsonhint"] if case.name == name]
    assert case.ours == ours
    assert code is None or code in case.codes


def test_all_fields_of_mali_are_accepted_mended_or_refused_for_a_reason(real_data: Find) -> None:
    """74 fields of the Segou region as surveyed; 14 are invalid, 4 of them enclose no land."""
    path = real_data("field_boundaries/mali_segou.geojson")
    raw = parse_boundaries(path.read_bytes(), path.name).frame
    rules = PlotRules.of(load_methodology("agroforestry_removals", 1))
    screened = screen_plots(raw, country="ML", rules=rules)
    assert screened.features == len(screened.plots) + len(screened.refused) == 74
    assert shapely.is_valid(screened.plots.geometry.to_numpy()).all()
    assert screened.refused["codes"].str.len().min() > 0
    assert screened.refused["reasons"].str.endswith(".").all()
    invalid = set(raw["plot_id"][~shapely.is_valid(raw.geometry.to_numpy())])
    assert len(invalid) == 14
    mended = set(screened.repairs["plot_id"][screened.repairs["code"] == "repaired"])
    empty = set(screened.refused["plot_id"][screened.refused["codes"] == "zero_area"])
    assert (len(mended), len(empty), mended | empty) == (10, 4, invalid)
