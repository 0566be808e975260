"""Whose ground it is: plots against registered ones, each other, and excluded areas.

Land has one claim. A strip within the error of GPS is cut from the later plot and shown; more is
refused, with a boundary that leaves the other's land out as a proposal where enough is left. Of a
plot in another project nothing is told but that it is there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import geopandas as gpd
import numpy as np
import shapely

from mrv.plots.bench import Bench, Flags
from mrv.plots.measure import area_of, flat_areas_of
from mrv.plots.overlap import Overlap, lies_within, overlaps, overlaps_among, overlaps_of
from mrv.plots.rules import PlotRules
from mrv.plots.shapes import has_empty_parts, without_empty_parts
from mrv.plots.surroundings import Neighbours, Shapes, Surroundings

PROPOSED_MIN_SHARE = 0.5  # of the drawn area; a boundary that leaves less is another plot [P]
CRUMB_MAX_SHARE = 0.01  # of the area: a piece that a cut leaves over and nobody would manage [P]
_MINOR = ("shared_edge", "sliver")
_ELSEWHERE = "a plot of another project"


# Of these, a contest is about two plots: it is decided for both as they are, and for no third.
CONTESTED_WITH_A_RIVAL = frozenset(
    {
        "contained_registered",
        "duplicate_other_farmer",
        "duplicate_other_project",
        "overlap_registered",
    }
)

Rival = Literal["file", "project", "other"]  # a plot of this file, of the project, of another one


@dataclass(frozen=True, slots=True)
class _Claim:
    """A plot that stood before another on the same ground."""

    overlap: Overlap
    shape: shapely.Geometry
    farmer_id: str
    rival: Rival
    holder: tuple[str, str]  # project and plot
    said: str


def check_ground(bench: Bench, rules: PlotRules, around: Surroundings) -> None:
    """Hold plots against registered ones and against each other.

    A plot of the same project that the file brings again is replaced by it, so its old boundary
    stands in nobody's way, unless the new one is refused.
    """
    for row in np.flatnonzero(_among(bench.names, np.array(list(around.superseded)))).tolist():
        bench.tell(row, "superseded", "was drawn anew in a later file, whose boundary stands")
    gone = bench.texts["left_on"].notna().to_numpy(dtype=bool, copy=True)
    if around.neighbours is None:
        _hold_against_file(bench, rules, around, gone)
        return
    rows = bench.rows(bench.standing)
    near = around.neighbours(shapely.bounds(bench.shapes[rows]))
    own = near.project_id == around.project_id
    itself = own & (near.plot_id == bench.names[rows][near.asked])
    near = replace(near, asked=rows[near.asked])
    gone &= _left_as_registered(bench, around, _only(near, itself))
    near = _only(near, ~itself)
    brought = own[~itself] & _among(near.plot_id, bench.names[rows])
    _hold_against_registered(bench, rules, around, _only(near, ~(brought | gone[near.asked])))
    _hold_against_file(bench, rules, around, gone)
    waiting = brought
    while True:  # a refusal leaves an old boundary in force, which may refuse the next
        stays = waiting & ~_among(near.plot_id, bench.names[bench.rows(bench.standing)])
        if not stays.any():
            return
        waiting &= ~stays
        _hold_against_registered(bench, rules, around, _only(near, stays & ~gone[near.asked]))


def check_excluded(bench: Bench, rules: PlotRules, areas: gpd.GeoDataFrame | None) -> None:
    """Refuse what lies in a protected or excluded area by more than the error of GPS."""
    if areas is None or areas.empty:
        return
    rows = bench.rows(bench.standing)
    shapes, grounds = bench.shapes[rows], _sound(np.array(areas.geometry, dtype=object))
    tree = shapely.STRtree(shapes)  # the areas ask: each is prepared once, however large
    inside = {tuple(pair) for pair in tree.query(grounds, predicate="contains").T.tolist()}
    touched = tree.query(grounds, predicate="intersects").T.tolist()
    edges = np.array([pair for pair in touched if tuple(pair) not in inside], dtype=int)
    found = [(int(rows[k]), area, 1.0, True) for area, k in sorted(inside)]
    for one in overlaps_of(shapes, grounds, *edges.reshape(-1, 2).T[::-1], rules=rules):
        share = one.shared_ha / area_of(shapes[one.row])
        found.append((int(rows[one.row]), one.neighbour, share, one.kind not in _MINOR))
    names, kinds = areas["name"].tolist(), areas["kind"].tolist()
    for row, area, share, grave in sorted(found):
        said = f"{names[area]} ({kinds[area]})"
        if grave:
            bench.tell(row, "excluded_area", f"lies with {share:.0%} of its area in {said}")
        else:
            bench.tell(row, "near_excluded_area", f"touches {said} with {share:.1%} of its area")


def _sound(areas: Shapes) -> Shapes:
    """Make areas that an operator loaded fit for exact geometry."""
    for k in np.flatnonzero(has_empty_parts(areas)).tolist():
        areas[k] = without_empty_parts(areas[k])
    invalid = ~shapely.is_valid(areas)
    areas[invalid] = shapely.make_valid(areas[invalid], method="structure", keep_collapsed=False)
    return areas


def _hold_against_registered(
    bench: Bench, rules: PlotRules, around: Surroundings, near: Neighbours
) -> None:
    near = _only(near, (bench.standing & bench.sound)[near.asked])
    for row, found in groupby(overlaps(bench.shapes, near, rules=rules), key=lambda one: one.row):
        claims = []
        for one in found:
            project, plot = near.project_id[one.neighbour], near.plot_id[one.neighbour]
            own = project == around.project_id
            said = f"registered plot {plot}" if own else _ELSEWHERE
            shape, farmer = near.shape[one.neighbour], str(near.farmer_id[one.neighbour] or "")
            rival: Rival = "project" if own else "other"
            claims.append(_Claim(one, shape, farmer, rival, (project, plot), said))
        _settle(bench, rules, around, row, claims)


def _hold_against_file(bench: Bench, rules: PlotRules, around: Surroundings, gone: Flags) -> None:
    rows = bench.rows(bench.standing)
    farmers = bench.texts["farmer_id"].to_numpy(dtype=object)
    among = [
        one
        for one in overlaps_among(bench.shapes[rows], rules=rules)
        if not (gone[rows[one.row]] or gone[rows[one.neighbour]])
    ]
    for later, found in groupby(among, key=lambda one: one.row):
        claims = [
            _Claim(
                *(one, bench.shapes[other], farmers[other] or "", "file"),
                *((around.project_id, bench.names[other]), _before(bench, other)),
            )
            for one in found
            if bench.standing[other := int(rows[one.neighbour])]
        ]
        _settle(bench, rules, around, int(rows[later]), claims)


def _left_as_registered(bench: Bench, around: Surroundings, itself: Neighbours) -> Flags:
    """Say which plots stand in nobody's way because they left, which issuance parts by period.

    Only a plot that the registry knows, with the day or the boundary it knows, may leave by a file:
    else a stated day would carry new land past every check.
    """
    known = np.array(
        [
            day is not None and name in around.left and day == around.left[name].isoformat()
            for name, day in zip(bench.names, bench.texts["left_on"], strict=True)
        ],
        dtype=bool,
    )
    same = shapely.equals(bench.shapes[itself.asked], itself.shape)
    known[itself.asked[same]] = True
    return known


def _settle(
    bench: Bench, rules: PlotRules, around: Surroundings, row: int, claims: Sequence[_Claim]
) -> None:
    """Cut what is within the error of GPS, refuse what is not and was not decided otherwise."""
    for claim in claims:
        if claim.overlap.kind in _MINOR:
            _cut(bench, rules, row, claim)
    grave = [claim for claim in claims if claim.overlap.kind not in _MINOR]
    if not grave or not bench.standing[row]:
        return
    farmer = bench.texts["farmer_id"].iloc[row] or ""
    settled = [_is_settled(bench, around, row, claim) for claim in grave]
    for claim in (claim for claim, is_settled in zip(grave, settled, strict=True) if is_settled):
        bench.tell(row, _code(claim, farmer), _told(claim), settled=True)
    grave = [claim for claim, is_settled in zip(grave, settled, strict=True) if not is_settled]
    if not grave:
        return
    codes = [_code(claim, farmer) for claim in grave]
    left = _remainder(bench.shapes[row], [claim.shape for claim in grave])
    enough = shapely.area(left) >= PROPOSED_MIN_SHARE * shapely.area(bench.shapes[row])
    # What is left of a plot shows the boundary that took the rest, and that may be a stranger's.
    shown = all(claim.rival != "other" for claim in grave)
    if shown and enough and area_of(left) >= rules.area_min_ha:
        text = f"Leave out the shared ground; {area_of(left):.2f} ha are left."
        if bench.propose(row, codes[0], _told(grave[0]), text, left):
            return  # all of them are cut away
    else:
        bench.tell(row, codes[0], _told(grave[0]))
    for claim, code in zip(grave[1:], codes[1:], strict=True):
        bench.tell(row, code, _told(claim))


def _is_settled(bench: Bench, around: Surroundings, row: int, claim: _Claim) -> bool:
    """Say whether a contest was decided for these two plots, and neither has grown since."""
    mine = (around.project_id, bench.names[row])
    return any(
        (one.project_id, one.plot_id) == mine
        and (other.project_id, other.plot_id) == claim.holder
        and lies_within(bench.shapes[row], one.shape)
        and lies_within(claim.shape, other.shape)
        for pair in around.settled
        for one, other in (pair, pair[::-1])
    )


def _cut(bench: Bench, rules: PlotRules, row: int, claim: _Claim) -> None:
    left = _remainder(bench.shapes[row], [claim.shape])
    if shapely.area(left) >= shapely.area(bench.shapes[row]):
        return  # an earlier cut took it away
    one = claim.overlap
    code = "edge_cut" if one.kind == "shared_edge" else "sliver_cut"
    what = (
        f"shared {one.shared_ha * 10_000:.1f} m2 with {claim.said}, at most {one.width_m:.2f} m "
        "wide; they were cut off"
    )
    bench.mend(row, code, what, left)
    if flat_areas_of(np.array([left]))[0] < 1.01 * rules.area_min_ha:  # too near to guess
        area_ha = area_of(left)
        if area_ha < rules.area_min_ha:
            bench.reject(row, "too_small", f"has {area_ha:.3f} ha after that")


def _remainder(shape: shapely.Geometry, taken: Sequence[shapely.Geometry]) -> shapely.Geometry:
    """Give what is left of a boundary without crumbs; it may be empty."""
    left = shapely.difference(shape, taken[0] if len(taken) == 1 else shapely.union_all(taken))
    if shapely.get_type_id(left) == shapely.GeometryType.POLYGON:
        return shapely.orient_polygons(left)
    parts = shapely.get_parts(shapely.orient_polygons(left))
    parts = parts[shapely.area(parts) > CRUMB_MAX_SHARE * shapely.area(left)]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts.tolist())


def _code(claim: _Claim, farmer_id: str) -> str:
    registered = claim.rival != "file"
    if claim.overlap.kind != "same":
        name = "contained" if claim.overlap.kind == "contained" else "overlap"
        return f"{name}_registered" if registered else name
    if claim.rival == "other":
        return "duplicate_other_project"
    if claim.farmer_id and farmer_id and claim.farmer_id != farmer_id:
        return "duplicate_other_farmer"
    return "duplicate_registered" if registered else "duplicate_in_file"


def _told(claim: _Claim) -> str:
    one = claim.overlap
    if claim.rival == "other":  # how much would tell where the stranger's boundary runs
        return f"{'covers the same land as' if one.kind == 'same' else 'overlaps'} {claim.said}"
    if one.kind == "same":
        return f"covers the same land as {claim.said} ({one.share:.0%} of the smaller one)"
    return (
        f"shares {one.share:.0%} of the smaller plot's area ({one.shared_ha:.2f} ha) with "
        f"{claim.said}"
    )


def _before(bench: Bench, other: int) -> str:
    called = bench.called(other)
    return f"{called[0].lower()}{called[1:]}, which stands before it in the file"


def _only(near: Neighbours, where: Flags) -> Neighbours:
    return Neighbours(
        *(near.asked[where], near.plot_id[where], near.project_id[where]),
        *(near.farmer_id[where], near.shape[where]),
    )


def _among(names: Shapes, some: Shapes) -> Flags:
    known = set(some.tolist())
    return np.array([name in known for name in names.tolist()], dtype=bool)
