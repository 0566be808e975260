"""Whose ground it is: what the registry holds, what a file replaces, what strangers are told."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely

from mrv.plots.measure import area_of, metres_per_degree
from mrv.plots.rules import PlotRules
from mrv.plots.screen import ScreenedPlots, screen_plots
from mrv.plots.surroundings import Floats, Neighbours, Shapes, Stake, Surroundings

RULES = PlotRules(0.1, 10.0, 5.0, 0.01)
LON, LAT = 34.5000003, -0.2000003
STEP = 0.001
ACROSS_M = float(metres_per_degree(np.array([LAT]))[0][0])
Registered = tuple[str, str, str, shapely.Geometry]  # project, plot, farmer, boundary


def square(x: float = 0.0, y: float = 0.0, side: float = STEP) -> shapely.Polygon:
    return shapely.box(LON + x, LAT + y, LON + x + side, LAT + y + side)


def around(*plots: Registered) -> Surroundings:
    """Surround with registered plots, found by their boxes as a registry finds them."""
    tree = shapely.STRtree([plot[3] for plot in plots])

    def neighbours(boxes: Floats) -> Neighbours:
        asked, near = tree.query(shapely.box(*boxes.T))

        def cells(column: int) -> Shapes:
            found = np.empty(len(near), dtype=object)
            found[:] = [plots[k][column] for k in near]
            return found

        return Neighbours(asked, cells(1), cells(0), cells(2), cells(3))

    return Surroundings("ours", neighbours)


def screen(plots: dict[str, shapely.Geometry], surroundings: Surroundings) -> ScreenedPlots:
    cells = {"plot_id": list(plots), "consent_given": ["yes"] * len(plots)}
    raw = gpd.GeoDataFrame(cells, geometry=list(plots.values()), crs=4326)
    return screen_plots(raw, country="KE", rules=RULES, surroundings=surroundings)


def stakes(ours: shapely.Geometry, theirs: Registered) -> tuple[Stake, Stake]:
    """Settle a contest of plot a with another."""
    return Stake("ours", "a", ours), Stake(theirs[0], theirs[1], theirs[3])


def codes(screened: ScreenedPlots) -> dict[str, str]:
    return dict(zip(screened.findings["plot_id"], screened.findings["code"], strict=True))


def test_a_plot_that_is_sent_again_is_no_neighbour_of_itself() -> None:
    screened = screen({"a": square(0.00001)}, around(("ours", "a", "", square())))
    assert codes(screened) == {}


def test_two_plots_may_move_their_common_boundary_together() -> None:
    """The new a lies where the old b was; b gives that ground up in the same file."""
    old = around(("ours", "a", "", square()), ("ours", "b", "", square(STEP)))
    new = {
        "a": shapely.box(LON, LAT, LON + 1.5 * STEP, LAT + STEP),
        "b": shapely.box(LON + 1.5 * STEP, LAT, LON + 2 * STEP, LAT + STEP),
    }
    screened = screen(new, old)
    assert codes(screened) == {}
    assert screened.plots.geometry.iloc[0].equals_exact(new["a"], 0.0)


def test_an_old_boundary_stays_in_force_where_the_new_one_is_refused() -> None:
    old = around(("ours", "a", "", square()), ("ours", "b", "", square(STEP)))
    new = {
        "a": shapely.box(LON, LAT, LON + 1.5 * STEP, LAT + STEP),
        "b": square(STEP * 1.5, side=STEP / 10),  # too small to be taken
    }
    screened = screen(new, old)
    assert codes(screened) == {"a": "overlap_registered", "b": "too_small"}
    assert "registered plot b" in screened.findings["message"].iloc[0]


def test_a_refusal_that_brings_an_old_boundary_back_is_followed_to_the_end() -> None:
    """C is too small, so old c stays, so new b is refused, so old b stays, so new a is refused."""
    old = around(*(("ours", name, "", square(STEP * k)) for k, name in enumerate("abc")))
    new = {
        "a": square(STEP * 0.5),
        "b": square(STEP * 1.5),
        "c": square(STEP * 2.5, side=STEP / 10),
    }
    screened = screen(new, old)
    assert codes(screened) == {
        "a": "overlap_registered",
        "b": "overlap_registered",
        "c": "too_small",
    }


def test_of_a_plot_of_another_project_nothing_is_told() -> None:
    theirs = around(("their-secret-project", "SECRET-7", "F-SECRET", square(STEP / 2)))
    screened = screen({"a": square()}, theirs)
    (finding,) = screened.findings.to_dict("records")
    assert finding["code"] == "overlap_registered"
    assert "a plot of another project" in finding["message"]
    assert "secret" not in " ".join(map(str, finding.values())).lower()
    # Neither how much is shared nor what would be left: both tell where the stranger's edge runs.
    assert not any(letter.isdigit() for letter in finding["message"].replace("Plot a", ""))
    assert screened.proposals.empty


@pytest.mark.parametrize(
    ("project", "farmer", "code"),
    [
        ("ours", "F1", "duplicate_registered"),
        ("ours", "", "duplicate_registered"),
        ("ours", "F2", "duplicate_other_farmer"),
        ("theirs", "F1", "duplicate_other_project"),
    ],
)
def test_the_same_land_again_is_told_by_who_holds_it(project: str, farmer: str, code: str) -> None:
    raw = gpd.GeoDataFrame(
        {"plot_id": ["a"], "farmer_id": ["F1"], "consent_given": ["yes"]},
        geometry=[square(0.00001)],
        crs=4326,
    )
    old = around((project, "old", farmer, square()))
    screened = screen_plots(raw, country="KE", rules=RULES, surroundings=old)
    assert screened.refused["codes"].tolist() == [code]


def test_a_strip_shared_with_a_stranger_is_cut_from_ours_alone() -> None:
    theirs = square(STEP - 2.0 / ACROSS_M)
    screened = screen({"a": square()}, around(("theirs", "x", "", theirs)))
    (plot,) = screened.plots.geometry
    assert codes(screened) == {"a": "edge_cut"}
    assert shapely.area(shapely.intersection(plot, theirs)) < 1e-6 * plot.area
    assert screened.plots["area_ha"].iloc[0] == area_of(plot) < area_of(square())


def test_a_cut_that_leaves_too_little_refuses_the_plot() -> None:
    small = square(side=32.0 / ACROSS_M)
    theirs = shapely.box(LON - STEP, LAT, LON + 2.5 / ACROSS_M, LAT + STEP)
    screened = screen({"a": small}, around(("theirs", "x", "", theirs)))
    assert area_of(small) > RULES.area_min_ha
    assert screened.refused["codes"].tolist() == ["too_small"]


def test_all_that_is_shared_is_told_and_one_proposal_leaves_it_all_out() -> None:
    left = shapely.box(LON - STEP, LAT, LON + STEP / 5, LAT + STEP)
    right = shapely.box(LON + STEP * 0.8, LAT, LON + 2 * STEP, LAT + STEP)
    both = around(("ours", "left", "", left), ("ours", "right", "", right))
    screened = screen({"a": square()}, both)
    assert screened.refused["codes"].tolist() == ["overlap_registered;overlap_registered"]
    (proposal,) = screened.proposals.geometry
    assert proposal.equals(shapely.box(LON + STEP / 5, LAT, LON + STEP * 0.8, LAT + STEP))


def test_a_plot_that_was_contested_with_success_goes_in_as_it_is() -> None:
    theirs = ("theirs", "x", "", square(STEP / 2))
    contested = replace(around(theirs), settled=[stakes(square(), theirs)])
    screened = screen({"a": square()}, contested)
    assert codes(screened) == {"a": "contest_upheld"}
    assert screened.plots.geometry.iloc[0].equals_exact(square(), 0.0)


def test_an_upheld_contest_hides_no_other_claim() -> None:
    """What was contested against one neighbour excuses nothing that another one holds."""
    inside = square(STEP / 4, STEP / 4, STEP / 2)
    both = around(("theirs", "1", "", square(STEP * 0.9)), ("theirs", "2", "", inside))
    settled = [stakes(square(), ("theirs", "1", "", square(STEP * 0.9)))]
    screened = screen({"a": square()}, replace(both, settled=settled))
    assert set(screened.findings["code"]) == {"contest_upheld", "contained_registered"}
    assert screened.plots.empty


def test_who_registers_after_a_contest_is_not_excused_by_it() -> None:
    """A second neighbour on the same ground, and the first one grown, were never decided about."""
    first, second = ("theirs", "1", "", square(STEP / 2)), ("theirs", "2", "", square(STEP / 2))
    settled = [stakes(square(), first)]
    screened = screen({"a": square()}, replace(around(first, second), settled=settled))
    assert sorted(screened.findings["code"]) == ["contest_upheld", "overlap_registered"]
    assert screened.plots.empty
    grown = ("theirs", "1", "", square(STEP / 4))
    screened = screen({"a": square()}, replace(around(grown), settled=settled))
    assert codes(screened) == {"a": "overlap_registered"}


def test_a_contest_is_decided_for_both_plots_whichever_comes_first() -> None:
    """Also in one file, where the plot that was there first stands behind the other."""
    settled = [stakes(square(), ("ours", "b", "", square(STEP / 2)))]
    decided = Surroundings("ours", settled=settled)
    for plots in ({"a": square(), "b": square(STEP / 2)}, {"b": square(STEP / 2), "a": square()}):
        screened = screen(plots, decided)
        assert screened.plots["plot_id"].tolist() == list(plots)
        assert codes(screened) == {list(plots)[1]: "contest_upheld"}


def test_a_day_of_leaving_carries_no_new_land_past_the_check() -> None:
    theirs = around(("theirs", "1", "", square()), ("ours", "b", "", square(2 * STEP)))
    cells = {"plot_id": ["a", "b"], "consent_given": ["yes"] * 2, "left_on": ["2024-01-01"] * 2}
    raw = gpd.GeoDataFrame(cells, geometry=[square(), square(2 * STEP)], crs=4326)
    screened = screen_plots(raw, country="KE", rules=RULES, surroundings=theirs)
    assert codes(screened) == {"a": "duplicate_other_project"}


def test_a_proposal_is_accepted_by_who_has_seen_it() -> None:
    """The repair of a bow-tie leads to a second proposal, which nobody has looked at yet."""
    tie = shapely.Polygon(
        [(LON, LAT), (LON + STEP, LAT + STEP), (LON + STEP, LAT), (LON, LAT + STEP)]
    )
    rival = around(("ours", "b", "", shapely.box(LON, LAT, LON + STEP / 3, LAT + STEP)))
    cells = {"plot_id": ["a"], "consent_given": ["yes"]}
    raw = gpd.GeoDataFrame(cells, geometry=[tie], crs=4326)

    def proposed(*accepted: int) -> list[str]:
        screened = screen_plots(
            raw, country="KE", rules=RULES, surroundings=rival, accept_proposals=accepted
        )
        return screened.proposals["code"].tolist()

    assert proposed() == ["self_crossing"]
    assert proposed(1) == ["overlap_registered"]
    assert proposed(1, 1) == []


def test_what_cannot_be_contested_is_not_upheld() -> None:
    around_nothing = Surroundings(upheld=[("a", "too_small"), ("a", "self_crossing")])
    screened = screen({"a": square(side=STEP / 10)}, around_nothing)
    assert screened.refused["codes"].tolist() == ["too_small"]


def test_a_broken_excluded_area_is_understood() -> None:
    """An operator's layer may cross itself or have an empty hole; it still keeps plots out."""
    bow_tie = [(LON, LAT), (LON + STEP, LAT + STEP), (LON + STEP, LAT), (LON, LAT + STEP)]
    hollow = shapely.from_wkt(f"POLYGON {square(STEP * 5).wkt[8:-1]}, EMPTY)")
    areas = gpd.GeoDataFrame(
        {"name": ["bow", "hollow"], "kind": ["protected", "excluded"]},
        geometry=[shapely.Polygon(bow_tie), hollow],
        crs=4326,
    )
    plots = {"a": square(), "b": square(STEP * 5.2, STEP * 0.2, STEP / 2), "c": square(STEP * 9)}
    screened = screen(plots, Surroundings(excluded=areas))
    assert codes(screened) == {"a": "excluded_area", "b": "excluded_area"}
    assert "100% of its area in hollow (excluded)" in screened.findings["message"].iloc[1]
