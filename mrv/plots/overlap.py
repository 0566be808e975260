"""Overlap of boundaries: which plots share ground, how much, how wide, and of what kind it is.

Boxes find the pairs, exact geometry decides. The same functions serve a file, a registry and an
issuance, so that all three give one answer.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from mrv.plots.measure import flat_areas_of, widths_m
from mrv.plots.rules import PlotRules
from mrv.plots.surroundings import Neighbours, Shapes

SAME_MIN_SHARE = 0.8  # of the larger plot: GPS moves a second walk around 0.2 ha about so much [P]
CONTAINED_MIN_SHARE = 0.95  # of the smaller plot; the rest is the error of a boundary [P]
EDGE_MAX_SHARE = 0.2  # of the smaller plot: a strip that takes more is no common edge [P]
DRAWING_M = (
    0.03  # three units of the seventh decimal of a degree: shared ground no wider is drawing [P]
)

WITHIN_MAX_SHARE = 0.01  # of a boundary that may lie outside the one it is held against [P]

OverlapKind = Literal["same", "contained", "partial", "sliver", "shared_edge"]
_KINDS: tuple[OverlapKind, ...] = ("same", "contained", "shared_edge", "sliver", "partial")
Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Ground that one plot shares with another.

    Attributes:
        row: Position of the plot that was asked about.
        neighbour: Position of the other one.
        kind: `same` land drawn twice; `contained`, the smaller lies in the larger; `shared_edge`,
            a strip along the boundary no wider than GPS errs; `sliver`, wider but no larger a
            share than the methodology takes; `partial`, everything else.
        share: Of the smaller of the two [1]; the methodology limits this.
        shared_ha: Shared ground [ha].
        width_m: Of the shared ground at its widest place [m].
    """

    row: int
    neighbour: int
    kind: OverlapKind
    share: float
    shared_ha: float
    width_m: float


def overlaps(shapes: Shapes, neighbours: Neighbours, *, rules: PlotRules) -> list[Overlap]:
    """Find what plots share with plots around them.

    Args:
        shapes: Valid boundaries in WGS 84; `neighbours.asked` counts them. None shares nothing.
        neighbours: Pairs whose boxes touch; others may be among them.
        rules: `overlap_max_fraction` and `gps_tolerance_m` part the kinds.

    Returns:
        Every pair that shares ground wider than `DRAWING_M`; `Overlap.neighbour` counts the
        entries of `neighbours`. Ordered by row, then neighbour.
    """
    entries = np.arange(len(neighbours.asked))
    return overlaps_of(shapes, neighbours.shape, neighbours.asked, entries, rules=rules)


def overlaps_among(shapes: Shapes, *, rules: PlotRules) -> list[Overlap]:
    """Find what plots of one table share, each pair once with the later as `Overlap.row`."""
    later, earlier = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    once = later > earlier
    return overlaps_of(shapes, shapes, later[once], earlier[once], rules=rules)


def overlaps_of(
    mine: Shapes, theirs: Shapes, rows: Positions, others: Positions, *, rules: PlotRules
) -> list[Overlap]:
    """Find what pairs share: `mine[rows[k]]` and `theirs[others[k]]` for each k."""
    meeting = shapely.intersects(mine[rows], theirs[others])
    rows, others = rows[meeting], others[meeting]
    shared = _areas_only(shapely.intersection(mine[rows], theirs[others]))
    real = shapely.area(shared) > 0.0
    rows, others, shared = rows[real], others[real], shared[real]
    width_m = widths_m(shared)
    wide = width_m > DRAWING_M
    rows, others, shared, width_m = rows[wide], others[wide], shared[wide], width_m[wide]

    # A ratio of areas so near each other is the same in degrees as in hectares.
    area, one, two = shapely.area(shared), shapely.area(mine[rows]), shapely.area(theirs[others])
    of_smaller, of_larger = area / np.minimum(one, two), area / np.maximum(one, two)
    kinds = np.select(
        [
            of_larger >= SAME_MIN_SHARE,
            of_smaller >= CONTAINED_MIN_SHARE,
            (width_m <= rules.gps_tolerance_m) & (of_smaller <= EDGE_MAX_SHARE),
            of_smaller <= rules.overlap_max_fraction,
        ],
        [0, 1, 2, 3],
        default=4,
    )
    shared_ha = flat_areas_of(shared)
    found = zip(
        *(rows.tolist(), others.tolist(), [_KINDS[kind] for kind in kinds]),
        *(of_smaller.tolist(), shared_ha.tolist(), width_m.tolist()),
        strict=True,
    )
    return sorted((Overlap(*one) for one in found), key=lambda one: (one.row, one.neighbour))


def lies_within(shape: shapely.Geometry, other: shapely.Geometry) -> bool:
    """Say whether a boundary takes no land that another does not cover, but for drawing."""
    one, two = shapely.make_valid(shape), shapely.make_valid(other)
    outside: float = shapely.difference(one, two).area
    return outside <= WITHIN_MAX_SHARE * float(one.area)


def _areas_only(shapes: Shapes) -> Shapes:
    """Leave out the points and lines at which two boundaries also touch."""
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION)
    for k in mixed:
        parts = shapely.get_parts(shapes[k])
        shapes[k] = shapely.multipolygons(parts[shapely.get_dimensions(parts) == 2])  # noqa: PLR2004  # areas
    return shapes
