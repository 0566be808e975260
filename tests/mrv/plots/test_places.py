"""Where boundaries lie: names by shape, systems by row, the date line; and when trees were lost."""

from datetime import date

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from mrv.plots.bench import Bench
from mrv.plots.measure import area_of, areas_of
from mrv.plots.places import name_by_shape
from mrv.plots.rules import PlotRules
from mrv.plots.screen import ScreenedPlots, screen_plots
from mrv.plots.surroundings import LostTrees, Shapes, Surroundings

RULES = PlotRules(0.1, 10.0, 5.0, 0.01)
LON, LAT = 34.5000003, -0.2000003
STEP = 0.001


def square(x: float = 0.0, y: float = 0.0, side: float = STEP) -> shapely.Polygon:
    return shapely.box(LON + x, LAT + y, LON + x + side, LAT + y + side)


def screen(
    cells: dict[str, list[object]], *shapes: shapely.Geometry, crs: int | None = 4326
) -> ScreenedPlots:
    cells = {"consent_given": ["yes"] * len(shapes), **cells}
    raw = gpd.GeoDataFrame(cells, geometry=list(shapes), crs=crs)
    return screen_plots(raw, country="KE", rules=RULES)


def names(*shapes: shapely.Geometry) -> list[str]:
    return name_by_shape(np.array(shapes, dtype=object))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 4), st.booleans(), st.floats(-4e-9, 4e-9))
def test_a_name_by_shape_is_that_of_the_ground(start: int, turned: bool, jitter: float) -> None:  # noqa: FBT001  # a case
    """Ring start, winding, heights and noise below the seventh decimal do not change it."""
    plot = shapely.Polygon(
        [(34.5, -0.2), (34.501, -0.2), (34.5015, -0.1995), (34.501, -0.199), (34.5, -0.199)]
    )
    corners = np.roll(shapely.get_coordinates(plot)[:-1], start, axis=0)[:: -1 if turned else 1]
    written = shapely.force_3d(shapely.Polygon(corners + jitter), 1130.0)
    (name,) = names(plot)
    assert names(written) == [name]
    assert len(name) == len("geo-") + 16
    assert names(square()) != [name]


def test_a_file_without_names_is_named_and_told_once() -> None:
    screened = screen({}, square(), square(0.01), square())
    assert screened.plots["plot_id"].tolist() == names(square(), square(0.01))
    assert screened.findings["code"].tolist() == ["named_by_shape", "duplicate_in_file"]
    assert screened.refused["feature"].tolist() == [3]


def test_rows_in_several_systems_land_in_one_place() -> None:
    utm = gpd.GeoSeries([square()], crs=4326).to_crs(32736).iloc[0]
    cells: dict[str, list[object]] = {
        "plot_id": ["a", "b", "c"],
        "geometry_crs": ["EPSG:32736", None, "no such thing"],
    }
    screened = screen(cells, utm, square(0.01), square(0.02))
    assert screened.plots["plot_id"].tolist() == ["a", "b"]
    assert screened.plots.geometry.iloc[0].equals_exact(square(), 1e-7)
    assert screened.plots.geometry.iloc[1].equals_exact(square(0.01), 0.0)
    assert screened.refused["codes"].tolist() == ["crs_unknown"]
    assert screened.refused.geometry.iloc[0] is None


def test_looks_at_all_rows_do_not_grow_with_the_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that names another system in each row would else take rows times rows."""
    looks = []
    rows = Bench.rows
    monkeypatch.setattr(Bench, "rows", lambda *asked: looks.append(1) or rows(*asked))
    counts = []
    for systems in (1, 60):
        stated: list[object] = [f"EPSG:{32701 + row % systems}" for row in range(120)]
        looks.clear()
        screen({"geometry_crs": stated}, *[shapely.box(5e5, 9e6, 500_100, 9_000_100)] * 120)
        counts.append(len(looks))
    assert counts[0] == counts[1] > 0


def test_many_systems_are_told_in_a_sentence() -> None:
    stated: list[object] = [f"EPSG:{32701 + zone}" for zone in range(60)]
    cells = {"plot_id": [f"p{zone}" for zone in range(60)], "geometry_crs": stated}
    screened = screen(cells, *[shapely.box(500_000, 9e6, 500_100, 9_000_100)] * 60)
    told = screened.findings.set_index("code")["message"]
    assert "and 54 more" in told["mixed_crs"]
    assert len(told["mixed_crs"]) < 300


def test_a_definition_in_a_row_is_not_followed() -> None:
    cells: dict[str, list[object]] = {
        "plot_id": ["a"],
        "geometry_crs": ["https://example.org/crs.xml"],
    }
    assert screen(cells, square()).refused["codes"].tolist() == ["crs_unknown"]


@pytest.mark.parametrize("written", ["across", "beyond", "below"])
def test_a_plot_on_the_date_line_keeps_its_ground(written: str) -> None:
    """Taveuni, Fiji: written from 179.9995 to -179.9995, to 180.0005, or from -180.0005."""
    west, east = {
        "across": (179.9995, -179.9995),
        "beyond": (179.9995, 180.0005),
        "below": (-180.0005, -179.9995),
    }[written]
    plot = shapely.Polygon([(west, -16.8), (east, -16.8), (east, -16.799), (west, -16.799)])
    raw = gpd.GeoDataFrame({"plot_id": ["a"]}, geometry=[plot], crs=4326)
    (mended,) = screen_plots(raw, country="FJ", rules=RULES).plots.geometry
    straight = shapely.box(10.0, -16.8, 10.001, -16.799)
    assert area_of(mended) == pytest.approx(area_of(straight), rel=1e-6)
    assert shapely.get_num_geometries(mended) == 2
    assert np.abs(shapely.get_coordinates(mended)[:, 0]).max() <= 180.0


def test_a_plot_across_the_border_near_the_equator_is_not_moved_over_it() -> None:
    """0.41 N in Uganda mirrors to 0.41 S in Kenya, 90 km away; a lost sign is further off."""
    beside = shapely.box(33.9, 0.41, 33.901, 0.411)
    lost_sign = shapely.box(-37.5, -1.2, -37.499, -1.199)
    screened = screen({}, beside, lost_sign)
    assert screened.refused["codes"].tolist() == ["outside_country", "wrong_hemisphere"]
    assert screened.proposals["feature"].tolist() == [2]


def test_an_accepted_place_is_judged_where_it_is_and_not_where_it_was() -> None:
    turned = shapely.transform(square(), lambda corners: corners[:, ::-1])
    raw = gpd.GeoDataFrame(
        {"plot_id": ["a"], "consent_given": ["yes"]}, geometry=[turned], crs=4326
    )
    screened = screen_plots(raw, country="KE", rules=RULES, accept_proposals=[1])
    assert screened.plots.geometry.iloc[0].equals_exact(square(), 1e-9)
    assert "near_border" not in set(screened.findings["code"])


def test_people_are_kept_apart_and_only_those_of_accepted_plots() -> None:
    cells: dict[str, list[object]] = {
        "plot_id": ["a", "b", "c"],
        "farmer_id": ["F1", "F2", "F3"],
        "farmer_name": ["Invented One", None, "Invented Three"],
        "farmer_phone": [None, None, "+254700000000"],
    }
    screened = screen(cells, square(), square(0.01), square(0.02, side=STEP / 10))
    assert screened.people.to_dict("records") == [
        {"plot_id": "a", "farmer_id": "F1", "farmer_name": "Invented One", "farmer_phone": None}
    ]
    assert not {"farmer_name", "farmer_phone"} & set(screened.plots.columns)


def test_progress_grows_to_the_number_of_features() -> None:
    told: list[tuple[int, int]] = []
    raw = gpd.GeoDataFrame({"plot_id": ["a", "b"]}, geometry=[square(), square(0.01)], crs=4326)
    screen_plots(raw, country="KE", rules=RULES, progress=lambda done, of: told.append((done, of)))
    assert told == sorted(told)
    assert told[-1] == (2, 2)


@pytest.mark.parametrize(
    ("enrolled_on", "lost_in", "refused"),
    [
        ("2021-04-01", 2015, False),
        ("2021-04-01", 2016, True),
        ("2021-04-01", 2021, True),
        ("2021-04-01", 2022, False),  # felled afterwards: a matter of monitoring
        (None, 2019, False),
        (None, 2021, True),  # five years before today
    ],
)
def test_loss_counts_from_five_years_before_enrolment(
    enrolled_on: str | None,
    lost_in: int,
    refused: bool,  # noqa: FBT001  # a case
) -> None:
    def lost_trees(shapes: Shapes) -> LostTrees:
        years = np.arange(2001, 2027)
        return LostTrees(years, (years == lost_in) * areas_of(shapes)[:, None], "a test raster")

    raw = gpd.GeoDataFrame(
        {"plot_id": ["a"], "enrolled_on": [enrolled_on]}, geometry=[square()], crs=4326
    )
    screened = screen_plots(
        raw,
        country="KE",
        rules=RULES,
        today=date(2026, 11, 22),
        surroundings=Surroundings(lost_trees=lost_trees),
    )
    assert (screened.refused["codes"].tolist() == ["tree_loss"]) == refused
    if refused:
        assert (
            f"(100% of it) in {lost_in}, says a test raster." in screened.refused["reasons"].iloc[0]
        )


def test_a_raster_that_ends_before_enrolment_is_told() -> None:
    def lost_trees(shapes: Shapes) -> LostTrees:
        years = np.arange(2001, 2024)
        return LostTrees(years, np.zeros((len(shapes), len(years))), "a test raster")

    raw = gpd.GeoDataFrame(
        {"plot_id": ["a", "b"], "enrolled_on": ["2023-12-31", "2025-01-01"]},
        geometry=[square(), square(0.01)],
        crs=4326,
    )
    around = Surroundings(lost_trees=lost_trees)
    found = screen_plots(raw, country="KE", rules=RULES, surroundings=around).findings
    told = found.set_index("code").loc["tree_loss_unknown", "message"]
    assert told.startswith("a test raster ends in 2023; 1 of the plots enrolled later")
