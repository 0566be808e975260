"""A whole landscape from a recipe and a seed: plots, trees, field work, ground and truth.

The same recipe and seed give the same landscape, to the last digit that is written.
"""

from dataclasses import dataclass
from functools import cached_property

import geopandas as gpd
import pandas as pd

from mrv.simulation.calendar import Acquisition, acquisitions
from mrv.simulation.fieldwork import measure
from mrv.simulation.geography import Grid, grid_around
from mrv.simulation.ground import Ground, paint_ground
from mrv.simulation.plots import draw_plots
from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.trees import Trees, draw_trees
from mrv.simulation.truth import Truth, tell_truth
from mrv.simulation.weighing import adjust_scales


@dataclass(frozen=True)
class Landscape:
    """One simulated landscape; everything about it says that it is one.

    Attributes:
        spec: The recipe.
        seed: The seed.
        grid: Its 10 m grid.
        plots: The plots table in EPSG:4326, with `area_ha` and `age_y`.
        trees: Every tree.
        inventory: What the field team wrote down, in the columns of trees.csv, as text.
    """

    spec: LandscapeSpec
    seed: int
    grid: Grid
    plots: gpd.GeoDataFrame
    trees: Trees
    inventory: pd.DataFrame

    @cached_property
    def ground(self) -> Ground:
        """Maps under the scenes, painted when first looked at."""
        return paint_ground(self.spec, self.seed, self.plots, self.trees, self.grid)

    @cached_property
    def truth(self) -> Truth:
        """What is true of it: for judging an estimate, never for making one."""
        scales = adjust_scales(self.spec, self.seed)
        return tell_truth(self.spec, self.seed, self.plots, self.trees, scales)

    @property
    def acquisitions(self) -> tuple[Acquisition, ...]:
        """When its scenes are taken."""
        return acquisitions(self.spec, self.seed)


def simulate_landscape(spec: LandscapeSpec, seed: int) -> Landscape:
    """Draw one landscape.

    Args:
        spec: The recipe, for instance from `ARCHETYPES`.
        seed: Any whole number from 0.

    Raises:
        InputRejected: If the plots find no room in the recipe's area.
    """
    grid = grid_around(spec.centre, spec.side_m)
    plots = draw_plots(spec, seed, grid)
    trees = draw_trees(spec, seed, plots, grid)
    inventory = measure(spec, seed, plots, trees, grid)
    return Landscape(spec, seed, grid, plots, trees, inventory)
