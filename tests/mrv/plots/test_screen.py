"""Screening plots: every bad one with its reason, every good one in, nothing mended in silence."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from mrv.errors import BoundaryFileRefused
from mrv.methodologies import load_methodology
from mrv.plots.countries import country_boxes, lies_in
from mrv.plots.measure import area_of
from mrv.plots.rules import PlotRules
from mrv.plots.screen import ScreenedPlots, screen_plots
from mrv.sources.boundaries import parse_boundaries

Find = Callable[[str], Path]
RULES = PlotRules(0.1, 10.0, 5.0, 0.01)
LON, LAT = 34.5000003, -0.2000003  # near Kisumu, to seven decimals
STEP = 0.001  # about 111 m


def square(x: float = 0.0, y: float = 0.0, side: float = STEP) -> shapely.Polygon:
    return shapely.box(LON + x, LAT + y, LON + x + side, LAT + y + side)


def table(*shapes: object, **columns: list[object]) -> gpd.GeoDataFrame:
    names: list[object] = [f"p{k}" for k in range(len(shapes))]
    cells = {"plot_id": names, "consent_given": ["yes"] * len(names), **columns}
    return gpd.GeoDataFrame(cells, geometry=list(shapes), crs=4326)


def screen(plots: gpd.GeoDataFrame, country: str = "KE") -> ScreenedPlots:
    return screen_plots(plots, country=country, rules=RULES)


def codes(screened: ScreenedPlots) -> dict[str, str]:
    return dict(zip(screened.findings["plot_id"], screened.findings["code"], strict=True))


def test_a_good_plot_goes_in_with_its_geodesic_area() -> None:
    screened = screen(table(square(), village=["Kanyakwar"], planted_on=["2021-03-01"]))
    (plot,) = screened.plots.to_dict("records")
    assert screened.findings.empty
    assert plot["area_ha"] == pytest.approx(1.2308, abs=2e-3)  # 111.32 m x 110.57 m
    assert plot["village"] == "Kanyakwar"
    assert plot["planted_on"] == date(2021, 3, 1)
    assert (plot["stratum"], plot["role"], plot["farmer_id"]) == ("all", "enrolled", None)


def test_the_exact_parcel_of_flanders_has_its_registered_area(real_data: Find) -> None:
    """25,215.46 m2 in UTM 31, where the scale is 0.9996: geodesic 0.08 % more."""
    path = real_data("s2_flanders/plots/lpis_parcel_exact.geojson")
    shape = parse_boundaries(path.read_bytes(), path.name).frame.geometry.iloc[0]
    assert area_of(shape) == pytest.approx(2.5215464506 / 0.9996**2, rel=2e-5)


LINE = shapely.LineString([(LON, LAT), (LON + STEP, LAT)])
BOW_TIE = shapely.Polygon(
    [(LON, LAT), (LON + STEP, LAT + STEP), (LON + STEP, LAT), (LON, LAT + STEP)]
)
SPIKE = shapely.Polygon(
    [
        (LON, LAT),
        (LON + STEP, LAT),
        (LON + STEP, LAT + STEP),
        (LON + STEP / 2, LAT + STEP),
        (LON + STEP / 2, LAT + 2 * STEP),
        (LON + STEP / 2, LAT + STEP),
        (LON, LAT + STEP),
    ]
)


@pytest.mark.parametrize(
    ("shape", "code"),
    [
        (None, "no_geometry"),
        (shapely.Polygon(), "no_geometry"),
        (LINE, "not_an_area"),
        (shapely.Point(LON, LAT), "not_an_area"),
        (shapely.GeometryCollection([square()]), "not_an_area"),
        (BOW_TIE, "self_crossing"),
        (shapely.MultiPolygon([square(), square(STEP / 2)]), "self_crossing"),
        (square(side=0.0001), "too_small"),
        (square(side=0.01), "too_large"),
        (shapely.box(-0.002, -0.002, 0.002, 0.002), "at_zero"),
        (shapely.box(LAT, LON, LAT + STEP, LON + STEP), "axes_swapped"),
        (shapely.box(105.0, 12.0, 105.001, 12.001), "outside_country"),
        (shapely.box(635_000, 59_000, 635_100, 59_100), "not_degrees"),
    ],
)
def test_a_bad_shape_is_refused_and_its_neighbour_is_not(shape: object, code: str) -> None:
    screened = screen(table(square(0.01), shape))
    assert screened.plots["plot_id"].tolist() == ["p0"]
    (finding,) = screened.findings.to_dict("records")
    assert (finding["plot_id"], finding["code"], finding["severity"]) == ("p1", code, "error")
    assert finding["message"].startswith("Plot p1 ")
    assert finding["message"].endswith(".")
    assert finding["hint"]


def test_a_repair_that_keeps_the_area_is_made_and_told() -> None:
    screened = screen(table(SPIKE))
    assert codes(screened) == {"p0": "repaired"}
    assert screened.findings["severity"].tolist() == ["repair"]
    (repair,) = screened.repairs.to_dict("records")
    assert (repair["feature"], repair["plot_id"], repair["code"]) == (1, "p0", "repaired")
    assert shapely.from_wkb(repair["before"]).equals_exact(SPIKE, 0.0)
    assert abs(repair["area_change"]) < 1e-9
    (plot,) = screened.plots.geometry
    assert plot.is_valid
    assert plot.equals(square())


def test_a_third_dimension_is_dropped_and_nothing_else() -> None:
    screened = screen(table(shapely.force_3d(square(), 1200.0)))
    assert codes(screened) == {"": "three_dimensional"}
    assert screened.plots.geometry.iloc[0].equals_exact(square(), 0.0)


def test_cells_are_checked_all_at_once() -> None:
    plots = table(
        *(square(0.01 * k) for k in range(5)),
        role=["enrolled", "owner", "control", None, "enrolled"],
        planted_on=["2021-02-30", "2021-01-01", "soon", None, "2021-01-01"],
    )
    plots.loc[4, "plot_id"] = " "
    screened = screen(plots)
    assert screened.plots["plot_id"].tolist() == ["p3"]
    found = set(zip(screened.findings["plot_id"], screened.findings["code"], strict=True))
    assert found == {
        ("p0", "bad_planted_on"),
        ("p1", "bad_role"),
        ("p2", "bad_planted_on"),
        ("", "missing_plot_id"),
    }


def test_an_id_that_stands_for_two_boundaries_is_refused_for_both() -> None:
    plots = table(square(), square(0.01), square(0.02))
    plots["plot_id"] = ["a", "b", "a"]
    screened = screen(plots)
    assert screened.plots["plot_id"].tolist() == ["b"]
    assert screened.findings["code"].tolist() == ["duplicate_id", "duplicate_id"]


def test_numbers_and_dates_in_cells_become_text_as_people_wrote_them() -> None:
    plots = table(
        square(), square(0.01), enrolled_on=list(pd.to_datetime(["2021-04-01", "2022-04-01"]))
    )
    plots["plot_id"] = [7.0, 8.0]
    screened = screen(plots)
    assert screened.plots["plot_id"].tolist() == ["7", "8"]
    assert screened.plots["enrolled_on"].tolist() == [date(2021, 4, 1), date(2022, 4, 1)]


@pytest.mark.parametrize(
    ("shift", "code"),
    [(0.97, "overlap"), (0.985, "edge_cut"), (0.995, "edge_cut"), (1.0, None), (1.0 - 1e-5, None)],
)
def test_an_overlap_counts_above_its_width(shift: float, code: str | None) -> None:
    """Of 111 m: 3.3 m are refused, 1.7 m are cut off, a millimetre is drawing."""
    screened = screen(table(square(), square(STEP * shift)))
    assert screened.plots["plot_id"].tolist() == (["p0"] if code == "overlap" else ["p0", "p1"])
    assert codes(screened) == ({"p1": code} if code else {})


def test_a_strip_within_the_error_of_gps_is_cut_from_the_later_plot_and_shown() -> None:
    screened = screen(table(square(), square(STEP * 0.985)))
    first, second = screened.plots.geometry
    assert first.equals_exact(square(), 0.0)
    assert shapely.area(shapely.intersection(first, second)) < 1e-6 * first.area
    assert screened.plots["area_ha"].tolist() == [area_of(first), area_of(second)]
    assert screened.repairs["area_change"].tolist() == pytest.approx([-0.015], rel=1e-3)
    assert screened.repairs.geometry.iloc[0].equals_exact(second, 0.0)


def test_a_small_plot_inside_a_large_one_is_an_overlap() -> None:
    """It is 4 % of the large one, but all of the small one."""
    screened = screen(table(square(side=2.5 * STEP), square(STEP, STEP, STEP / 2)))
    assert codes(screened) == {"p1": "contained"}
    assert "shares 100%" in screened.findings["message"].iloc[0]


def test_a_refused_plot_takes_no_ground_from_others() -> None:
    screened = screen(table(BOW_TIE, square()))
    assert screened.plots["plot_id"].tolist() == ["p1"]


def test_early_planting_is_told_and_goes_in() -> None:
    plots = table(
        square(),
        square(0.01),
        planted_on=["2014-01-01", "2017-01-01"],
        enrolled_on=["2021-01-01"] * 2,
    )
    screened = screen(plots)
    assert len(screened.plots) == 2
    assert codes(screened) == {"p0": "planted_early"}
    assert "7.0 years before enrolment" in screened.findings["message"].iloc[0]


def test_another_coordinate_system_is_brought_to_wgs84_and_told() -> None:
    plots = table(square()).to_crs(epsg=32736)
    screened = screen(plots)
    assert screened.findings["code"].tolist() == ["reprojected"]
    assert screened.plots.crs.to_epsg() == 4326
    assert screened.plots.geometry.iloc[0].equals_exact(square(), 1e-7)


def test_an_unknown_country_is_told_not_guessed() -> None:
    screened = screen(table(square()), country="ZZ")
    assert len(screened.plots) == 1
    assert screened.findings["code"].tolist() == ["country_unknown"]


def test_plots_in_no_known_system_are_asked_for_it_by_all_its_names() -> None:
    with pytest.raises(BoundaryFileRefused, match="which coordinate system") as refused:
        screen(gpd.GeoDataFrame({"plot_id": ["a"]}, geometry=[square()]))
    assert refused.value.fault == "crs_missing"  # by which the page knows to ask
    assert all(way in refused.value.message for way in (".prj", "--crs", "page", "WGS 84"))


def test_an_open_ring_among_several_parts_is_shown_where_it_gaped_most() -> None:
    parts = shapely.MultiPolygon([square(side=STEP / 4), square(x=2 * STEP)])
    (repair,) = screen(table(parts, geometry_note=["unclosed_ring"])).repairs.to_dict("records")
    assert repair["code"] == "unclosed_ring"
    (finding,) = (
        f
        for f in screen(table(parts, geometry_note=["unclosed_ring"])).findings.to_dict("records")
        if f["code"] == "unclosed_ring"
    )
    assert "over 111.3 m" in finding["message"]


@pytest.mark.parametrize("lost", [np.inf, -np.inf])
def test_corners_that_are_nowhere_refuse_their_plot_alone(lost: float) -> None:
    nowhere = [shapely.Polygon([(lost, LAT), (lost, lost), (LON, lost), (lost, LAT)])] * 2
    nowhere[1] = shapely.Polygon([(lost, LAT), (lost, LAT + 1), (lost, LAT + 2), (lost, LAT)])
    screened = screen(table(*nowhere, square()))
    assert codes(screened) == {"p0": "not_finite", "p1": "not_finite"}
    assert list(screened.plots["plot_id"]) == ["p2"]


def test_real_fields_of_kenya_are_sorted_by_size_and_ground(real_data: Find) -> None:
    """319 surveyed fields of Busia: many below 0.1 ha, some mapped twice."""
    path = real_data("field_boundaries/kenya_busia.geojson")
    rules = PlotRules.of(load_methodology("agroforestry_removals", 1))
    raw = parse_boundaries(path.read_bytes(), path.name).frame
    screened = screen_plots(raw, country="KE", rules=rules)
    errors = screened.findings[screened.findings["severity"] == "error"]
    assert len(screened.plots) + errors["plot_id"].nunique() == len(raw) == 319
    stated = dict(zip(raw["plot_id"], raw["area_ha_utm36n"].astype(float), strict=True))
    assert screened.plots["area_ha"].to_numpy() == pytest.approx(
        screened.plots["plot_id"].map(stated).to_numpy(), rel=0.01, abs=2e-4
    )
    assert screened.plots["area_ha"].between(0.1, 10.0).all()
    small = errors[errors["code"] == "too_small"]["plot_id"]
    assert all(stated[plot] < 0.101 for plot in small)
    assert not set(errors["code"]) - {"too_small", "overlap", "self_crossing"}


def test_the_same_fields_in_utm_give_the_same_answer(real_data: Find) -> None:
    answers = []
    for name in ("kenya_busia.geojson", "kenya_busia_utm36n.gpkg"):
        path = real_data(f"field_boundaries/{name}")
        raw = parse_boundaries(path.read_bytes(), path.name).frame
        answers.append(set(screen_plots(raw, country="KE", rules=RULES).plots["plot_id"]))
    assert answers[0] == answers[1]


def test_every_really_invalid_field_of_mali_is_repaired_or_refused(real_data: Find) -> None:
    """Fourteen fields of the Segou region, as surveyed."""
    path = real_data("bad_geometry/real_invalid_fields_mali.geojson")
    raw = parse_boundaries(path.read_bytes(), path.name).frame
    rules = replace(RULES, area_min_ha=0.0, area_max_ha=1e9)
    screened = screen_plots(raw, country="ML", rules=rules)
    shown = set(screened.repairs["plot_id"]) | set(screened.refused["plot_id"])
    assert shown == set(raw["plot_id"])
    assert screened.refused["codes"].tolist().count("zero_area") == 4
    assert screened.plots.geometry.is_valid.all()


def test_plots_of_the_world_lie_in_their_countries(real_data: Find) -> None:
    """A country's box must not refuse fields that were really surveyed there."""
    boxes = country_boxes()
    for path, country in (
        ("kenya_busia", "KE"),
        ("mali_segou", "ML"),
        ("togo_crop", "TG"),
        ("ethiopia_crop", "ET"),
        ("central_asia_fergana", "UZ"),
    ):
        file = real_data(f"field_boundaries/{path}.geojson")
        plots = parse_boundaries(file.read_bytes(), file.name).frame.to_crs(epsg=4326)
        west, south, east, north = plots.total_bounds
        assert lies_in(boxes[country], west, south), country
        assert lies_in(boxes[country], east, north), country


@settings(deadline=None, max_examples=60)
@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(10, 500), st.floats(10, 500))
def test_area_is_that_of_a_geodesic_rectangle(
    lon: float, lat: float, width_m: float, height_m: float
) -> None:
    geod = Geod(ellps="WGS84")
    corners = [
        geod.fwd(lon, lat, azimuth, np.hypot(width_m, height_m) / 2)[:2]
        for azimuth in np.degrees(
            np.arctan2([1, 1, -1, -1] * np.array(width_m), [1, -1, -1, 1] * np.array(height_m))
        )
    ]
    expected_ha = width_m * height_m / 10_000
    clockwise = shapely.Polygon(corners)
    assert area_of(clockwise) == pytest.approx(expected_ha, rel=1e-4)
    assert area_of(clockwise.reverse()) == pytest.approx(expected_ha, rel=1e-4)
