"""Every code of the catalogue comes up for a plot that has that fault, and for it alone."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely

from mrv.plots.catalogue import CATALOGUE, or_accept
from mrv.plots.measure import metres_per_degree
from mrv.plots.report import FOLDER_CODE, LEFT_CODE
from mrv.plots.rules import PlotRules
from mrv.plots.screen import ScreenedPlots, screen_plots
from mrv.plots.surroundings import Floats, LostTrees, Neighbours, Shapes, Surroundings

RULES = PlotRules(0.1, 10.0, 5.0, 0.01)
LON, LAT = 34.5000003, -0.2000003  # near Kisumu, to seven decimals
STEP = 0.001  # about 111 m
TODAY = date(2026, 11, 22)
ACROSS_M = float(metres_per_degree(np.array([LAT]))[0][0])


def square(x: float = 0.0, y: float = 0.0, side: float = STEP) -> shapely.Polygon:
    return shapely.box(LON + x, LAT + y, LON + x + side, LAT + y + side)


def ring(*corners: tuple[float, float], holes: tuple[shapely.Polygon, ...] = ()) -> shapely.Polygon:
    """Draw corners in thousandths of a degree from the origin."""
    shell = [(LON + x * STEP, LAT + y * STEP) for x, y in corners]
    return shapely.Polygon(shell, [hole.exterior.coords[::-1] for hole in holes])


def moved(shape: shapely.Geometry, to: Callable[[Floats], Floats]) -> shapely.Geometry:
    return shapely.transform(shape, to)


def track(corners: int, jitter_m: float) -> shapely.Polygon:
    """Walk around a field with a receiver that errs by so much."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    noise = np.random.default_rng(1).uniform(-1, 1, corners) * jitter_m / 111_000
    reach = STEP / 2 + noise
    return shapely.Polygon(np.c_[LON + reach * np.cos(angles), LAT + reach * np.sin(angles)])


def registered(
    shape: shapely.Geometry, *, project: str = "ours", farmer: str = "", name: str = "old"
) -> Surroundings:
    """Surround with one registered plot."""

    def neighbours(boxes: Floats) -> Neighbours:
        touching = shapely.intersects(shapely.box(*boxes.T), shapely.box(*shape.bounds))
        asked = np.flatnonzero(touching)

        def of(value: object) -> Shapes:
            cells = np.empty(len(asked), dtype=object)
            cells[:] = [value] * len(asked)
            return cells

        return Neighbours(asked, of(name), of(project), of(farmer), of(shape))

    return Surroundings("ours", neighbours)


def losing(hectares: float, year: int = 2019, *, known: bool = True) -> Surroundings:
    """Surround with a raster that saw so much lost in every plot."""

    def lost_trees(shapes: Shapes) -> LostTrees:
        years = np.arange(2001, 2024)
        lost_ha = np.zeros((len(shapes), len(years)))
        lost_ha[:, years == year] = hectares
        return LostTrees(years, lost_ha if known else lost_ha * np.nan, "a test raster")

    return Surroundings(lost_trees=lost_trees)


def excluded(shape: shapely.Geometry) -> Surroundings:
    columns = {"name": ["Kibos"], "kind": ["protected"]}
    return Surroundings(excluded=gpd.GeoDataFrame(columns, geometry=[shape], crs=4326))


@dataclass(frozen=True)
class Example:
    """Plots of which the last one has the fault; columns hold the cells of that one."""

    shapes: tuple[Any, ...] = (square(),)
    columns: dict[str, Any] = field(default_factory=dict)
    around: Surroundings = field(default_factory=Surroundings)
    accept: tuple[int, ...] = ()
    without: tuple[str, ...] = ()
    crs: int | None = 4326
    country: str = "KE"
    beside: frozenset[str] = frozenset()


BOW_TIE = ring((0, 0), (1, 1), (1, 0), (0, 1))
INNER = square(STEP / 4, STEP / 4, STEP / 2)
HALF = square(STEP / 2)
FIJI = shapely.Polygon(
    [(179.9995001, -17), (-179.9995, -17), (-179.9995, -16.999), (179.9995001, -16.999)]
)
with np.errstate(invalid="ignore"):
    BROKEN = ring((0, 0), (1, 0), (1, float("nan")), (0, 1))
LINE = shapely.LineString([(LON, LAT), (LON + STEP, LAT)])
STRIP = square(STEP - 2 / ACROSS_M)  # shares 2 m with a square
EXAMPLES: dict[str, Example] = {
    "superseded": Example(around=Surroundings(superseded=("p0",))),
    "missing_plot_id": Example((square(0.01), square()), {"plot_id": None}),
    "bad_plot_id": Example(columns={"plot_id": "x" * 65}),
    "bad_farmer_id": Example(columns={"farmer_id": "F" * 121}),
    "bad_stratum": Example(columns={"stratum": "terraces " * 14}),
    "bad_role": Example(columns={"role": "owner"}),
    "bad_planted_on": Example(columns={"planted_on": "01/02/2021"}),
    "bad_enrolled_on": Example(columns={"enrolled_on": "soon"}),
    "bad_consent_given": Example(
        columns={"consent_given": "perhaps"}, beside=frozenset({"no_consent"})
    ),
    "bad_consent_on": Example(columns={"consent_on": "2021-02-30"}),
    "duplicate_id": Example((square(0.01), square()), {"plot_id": "p0"}),
    "named_by_shape": Example(without=("plot_id",)),
    "no_geometry": Example((None,)),
    "not_an_area": Example((LINE,)),
    "not_finite": Example((BROKEN,)),
    "self_crossing": Example((BOW_TIE,)),
    "hole_outside": Example((ring((0, 0), (1, 0), (1, 1), (0, 1), holes=(square(0.01),)),)),
    "nested_parts": Example((shapely.MultiPolygon([square(), INNER]),)),
    "zero_area": Example((ring((0, 0), (1, 1), (0, 0)),)),
    "invalid_boundary": Example((shapely.MultiPolygon([ring((3, 3), (3, 3), (3, 3)), BOW_TIE]),)),
    "too_many_vertices": Example((track(20_100, 12.0),)),
    "repaired": Example((ring((0, 0), (1, 0), (1, 1), (0.5, 1), (0.5, 2), (0.5, 1), (0, 1)),)),
    "unclosed_ring": Example(columns={"geometry_note": "unclosed_ring"}),
    "odd_positions": Example(columns={"geometry_note": "mixed_dimensions;extra_numbers"}),
    "empty_part": Example((shapely.from_wkt(f"POLYGON {square().wkt[8:-1]}, EMPTY)"),)),
    "duplicate_vertices": Example((ring((0, 0), (1, 0), (1, 0), (1, 1), (0, 1)),)),
    "spike_cut": Example(
        (ring((0, 0), (1, 0), (1, 1), (0.5005, 1), (0.5, 1.1), (0.4995, 1), (0, 1)),)
    ),
    "spike": Example((ring((0, 0), (1, 0), (1, 1), (0.51, 1), (0.5, 2), (0.49, 1), (0, 1)),)),
    "simplified": Example((track(50_000, 0.05),)),
    "many_vertices": Example((track(2_100, 6.0),), beside=frozenset({"spike", "thin_plot"})),
    "proposal_accepted": Example((BOW_TIE,), accept=(1,), beside=frozenset({"multipart"})),
    "few_vertices": Example((ring((0, 0), (1, 0), (0, 1)),)),
    "thin_plot": Example((ring((0, 0), (4, 0), (4, 0.03), (0, 0.03)),)),
    "multipart": Example((shapely.MultiPolygon([square(), square(0.01)]),)),
    "small_hole": Example(
        (ring((0, 0), (1, 0), (1, 1), (0, 1), holes=(square(STEP / 2, STEP / 2, 0.00002),)),)
    ),
    "coarse_coordinates": Example((shapely.box(34.5, -0.2, 34.501, -0.199),)),
    "winding": Example((square().reverse(),)),
    "three_dimensional": Example((shapely.force_3d(square(), 1200.0),)),
    "gps_poor": Example(columns={"gps_accuracy_m": 25.0}),
    "crs_missing": Example(
        (square(0.01), square()), {"geometry_crs": [("EPSG:4326"), None]}, crs=None
    ),
    "crs_unknown": Example(columns={"geometry_crs": "EPSG:999999"}),
    "not_degrees": Example((shapely.box(635_000, 59_000, 635_100, 59_100),)),
    "at_zero": Example((shapely.box(-0.0005001, -0.0005001, 0.0005001, 0.0005001),)),
    "axes_swapped": Example((moved(square(), lambda c: c[:, ::-1]),)),
    "wrong_hemisphere": Example((moved(square(y=-2.0), lambda c: c * [1.0, -4.0]),), country="TZ"),
    "outside_country": Example((square(60.0),)),
    "antimeridian": Example(
        (FIJI,), country="FJ", beside=frozenset({"country_unknown", "multipart"})
    ),
    "near_border": Example((square(-0.62),)),
    "country_unknown": Example(country="ZZ"),
    "reprojected": Example((shapely.box(699_000, 9_977_000, 699_100, 9_977_100),), crs=32736),
    "mixed_crs": Example(
        (square(0.01), shapely.box(699_000, 9_977_000, 699_100, 9_977_100)),
        {"geometry_crs": "EPSG:32736"},
        beside=frozenset({"reprojected"}),
    ),
    "too_small": Example((square(side=STEP / 8),)),
    "too_large": Example((square(side=STEP * 4),)),
    "duplicate_in_file": Example((square(), square(0.00001))),
    "duplicate_other_farmer": Example((square(), square()), {"farmer_id": ["F1", "F2"]}),
    "duplicate_registered": Example(around=registered(square())),
    "duplicate_other_project": Example(around=registered(square(), project="theirs")),
    "contained": Example((square(side=2 * STEP), INNER)),
    "contained_registered": Example(around=registered(square(side=2 * STEP))),
    "overlap": Example((square(), HALF)),
    "overlap_registered": Example(around=registered(HALF)),
    "edge_cut": Example((square(), STRIP)),
    "sliver_cut": Example((square(), square(STEP * 0.95, STEP * 0.95))),
    "excluded_area": Example(around=excluded(HALF)),
    "near_excluded_area": Example(around=excluded(STRIP)),
    "tree_loss": Example(around=losing(0.3), columns={"enrolled_on": "2021-04-01"}),
    "tree_loss_small": Example(around=losing(0.03), columns={"enrolled_on": "2021-04-01"}),
    "tree_loss_unknown": Example(around=losing(0.0, known=False)),
    "contest_upheld": Example(
        columns={"enrolled_on": "2021-04-01"},
        around=Surroundings(lost_trees=losing(0.3).lost_trees, upheld=[("p0", "tree_loss")]),
    ),
    "planted_early": Example(columns={"planted_on": "2014-01-01", "enrolled_on": "2021-01-01"}),
    "planted_future": Example(columns={"planted_on": "2027-01-01"}),
    "left_before": Example(columns={"left_on": "2020-01-01", "enrolled_on": "2021-04-01"}),
    "left_future": Example(columns={"left_on": "2027-01-01"}),
    "bad_left_on": Example(columns={"left_on": "last year"}),
    "enrolled_future": Example(columns={"enrolled_on": "2027-01-01"}),
    "no_consent": Example(columns={"consent_given": "no"}),
    "consent_future": Example(columns={"consent_on": "2027-01-01"}),
    "consent_late": Example(columns={"consent_on": "2021-05-01", "enrolled_on": "2021-04-01"}),
    "consent_unknown": Example(without=("consent_given",)),
}


def screened(example: Example) -> ScreenedPlots:
    count = len(example.shapes)
    cells: dict[str, list[object]] = {
        "plot_id": [f"p{k}" for k in range(count)],
        "consent_given": ["yes"] * count,
    }
    for name, value in example.columns.items():
        blank = cells.get(name, [None] * count)
        cells[name] = value if isinstance(value, list) else [*blank[:-1], value]
    for name in example.without:
        del cells[name]
    raw = gpd.GeoDataFrame(cells, geometry=list(example.shapes), crs=example.crs)
    return screen_plots(
        raw,
        country=example.country,
        rules=RULES,
        today=TODAY,
        surroundings=example.around,
        accept_proposals=example.accept,
    )


def test_every_code_has_an_example() -> None:
    # Those of the registry, which knows who left and what came before.
    assert set(EXAMPLES) == set(CATALOGUE) - {FOLDER_CODE, LEFT_CODE}


@pytest.mark.parametrize("code", sorted(EXAMPLES))
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_a_fault_is_found_told_and_placed(code: str) -> None:
    example, entry = EXAMPLES[code], CATALOGUE[code]
    answer = screened(example)
    found = answer.findings
    assert set(found["code"]) - example.beside == {code} - example.beside
    told = found[found["code"].isin({code} | example.beside)]
    assert told["message"].str.endswith(".").all()
    assert told["message"].str.count("\n").sum() == 0
    assert told["hint"].str.endswith(".").all()
    if code in set(found["code"]):
        last = told[told["code"] == code].iloc[-1]
        proposed = {(one.feature, one.code) for one in answer.proposals.itertuples()}
        offered = (last["feature"], code) in proposed
        hint = or_accept(entry.hint) if offered else entry.hint
        assert (last["severity"], last["hint"]) == (entry.severity, hint)
        assert ("accept the proposed" in last["hint"]) == offered
        placed = last["feature"] > 0 and code not in NOWHERE
        assert bool(np.isfinite(last["lon"])) == bool(np.isfinite(last["lat"])) == placed
    refused = entry.severity == "error"
    count = len(example.shapes)
    assert len(answer.plots) + len(answer.refused) == answer.features == count
    assert (count in set(answer.refused["feature"])) == refused
    assert (count in set(answer.plots["feature"])) == (not refused)
    if entry.severity == "repair":
        assert code in set(answer.repairs["code"])


NOWHERE = {"no_geometry", "not_finite", "not_degrees", "crs_missing", "crs_unknown"}
PROPOSED = {
    *("self_crossing", "hole_outside", "nested_parts", "axes_swapped", "wrong_hemisphere"),
    *("overlap", "overlap_registered"),
}


@pytest.mark.parametrize("code", sorted(PROPOSED))
def test_a_proposal_that_is_accepted_goes_in(code: str) -> None:
    example = EXAMPLES[code]
    refused = screened(example)
    (proposal,) = refused.proposals.to_dict("records")
    feature = len(example.shapes)
    assert "accept the proposed boundary." in refused.refused["hints"].iloc[-1]
    assert (proposal["feature"], proposal["code"]) == (feature, code)
    accepted = screened(Example(**{**vars(example), "accept": (feature,)}))
    assert accepted.refused.empty
    (plot,) = accepted.plots[accepted.plots["feature"] == feature].geometry
    assert plot.normalize().equals_exact(proposal["geometry"].normalize(), 1e-12)
    assert accepted.repairs["code"].tolist() == ["proposal_accepted"]
