"""What lies around a plot and is asked while screening: other plots, excluded areas, lost trees.

Screening needs none of it; whoever has a registry, a layer of protected areas or a loss raster
hands over a function that answers.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shapes = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Registered plots whose box touches a box that was asked about; one entry per pair.

    Attributes:
        asked: Position of the box in the question.
        plot_id, project_id, farmer_id: Of the registered plot; farmer_id "" where not known.
        shape: Its boundary in force, WGS 84.
    """

    asked: NDArray[np.int64]
    plot_id: Shapes
    project_id: Shapes
    farmer_id: Shapes
    shape: Shapes


@dataclass(frozen=True, slots=True)
class LostTrees:
    """Tree cover lost inside plots, by year.

    Attributes:
        years: Calendar years, shape [year].
        lost_ha: Area lost [ha], shape [plot, year]; NaN where the raster does not reach.
        product: What the raster is, for the sentence.
    """

    years: NDArray[np.int64]
    lost_ha: Floats
    product: str


@dataclass(frozen=True, slots=True)
class Stake:
    """A plot as it was when a contest over its ground was filed; `shape` in WGS 84."""

    project_id: str
    plot_id: str
    shape: shapely.Geometry


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything around plots that screening may ask about.

    Attributes:
        project_id: The project the plots are for; its own plot of the same name is no neighbour.
        neighbours: Boxes of shape [n, 4] (west, south, east, north) -> registered plots there.
        excluded: Areas where no plot may lie: columns `name`, `kind`, and geometry in WGS 84.
        lost_trees: Boundaries -> tree cover lost in each.
        upheld: (plot_id, code) of findings on a plot by itself that were contested with success;
            they do not refuse.
        settled: Pairs of plots that may share ground because a contest over it had success, as far
            as both still lie within these boundaries. Whoever came later is not excused by it.
        left: Plots of the project that left, and when; their land may be another's since.
        named_by_shape: Names that plots of the project were given by their shape in earlier years.
        superseded: Plots of the project whose boundary a later file has drawn anew.
    """

    project_id: str = ""
    neighbours: Callable[[Floats], Neighbours] | None = None
    excluded: gpd.GeoDataFrame | None = None
    lost_trees: Callable[[Shapes], LostTrees] | None = None
    upheld: Collection[tuple[str, str]] = ()
    settled: Collection[tuple[Stake, Stake]] = ()
    left: Mapping[str, date] = field(default_factory=dict)
    superseded: Collection[str] = ()
    named_by_shape: Collection[str] = ()
