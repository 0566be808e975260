"""The whole science on a landscape whose truth is known, without files, Dagster or a registry.

Scenes are rendered in memory and read through the same protocol that files are read through.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from mrv.biomass.carbon import root_shoot_ratio
from mrv.biomass.context import BiomassContext
from mrv.crediting.issuance import issue
from mrv.crediting.waterfall import waterfall
from mrv.estimation.estimate import ChangeEstimate
from mrv.estimation.monte_carlo import draw_plot_biomass
from mrv.estimation.pathway import estimate_change
from mrv.field.inventory import read_inventory
from mrv.imagery.composites import season_features
from mrv.imagery.extract import observe
from mrv.imagery.grids import BandLayout, Grid
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import SCL, Scene, scene_from_item
from mrv.methodologies import load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.simulation.landscape import Landscape, simulate_landscape
from mrv.simulation.scenes import render_scene
from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.stac_items import stac_item

_BLOCK = 256  # side of a block [pixels]
METHODOLOGY = load_methodology("agroforestry_removals", 1)


@dataclass(frozen=True)
class Answer:
    """What was estimated on one landscape, and what is true [t CO2e]."""

    estimate: ChangeEstimate
    true_net_tco2e: float
    credits_t: int

    @property
    def covered(self) -> bool:
        """Whether the 90 % interval of the net change holds the truth."""
        low, high = np.quantile(self.estimate.net_tco2e, [0.05, 0.95])
        return bool(low <= self.true_net_tco2e <= high)


class _InMemory:
    def __init__(
        self, bands: Mapping[str, NDArray[np.generic]], left: float, top: float, epsg: int
    ) -> None:
        self._bands, self._left, self._top, self._epsg = bands, left, top, epsg

    def layout(self, band: str) -> BandLayout:
        height, width = self._bands[band].shape
        pixel = 10.0 * max(a.shape[0] for a in self._bands.values()) / height
        grid = Grid(self._epsg, self._left, self._top, pixel, width, height)
        return BandLayout(grid, _BLOCK, _BLOCK, self._bands[band].dtype.name)

    def blocks(
        self, band: str, numbers: Sequence[int]
    ) -> Iterator[tuple[int, NDArray[np.generic]]]:
        layout = self.layout(band)
        for number in numbers:
            window = layout.window(number)
            rows = slice(window.row, window.row + window.height)
            yield number, self._bands[band][rows, window.col : window.col + window.width]


def answer(spec: LandscapeSpec, seed: int, draws: int = 1500) -> Answer:
    """Simulate a landscape, estimate its last period from what a project would know of it."""
    landscape = simulate_landscape(spec, seed)
    start, end = spec.epochs[0], spec.epochs[-1]
    plots = screen_plots(
        landscape.plots, country=spec.country, rules=PlotRules.of(METHODOLOGY)
    ).plots
    # Crews come within days of the epoch; a day too early would turn their last visits away.
    delivered = end + timedelta(days=31)
    inventory = read_inventory(landscape.inventory, plot_ids=set(plots["plot_id"]), today=delivered)
    biomass = draw_plot_biomass(
        inventory.trees,
        dict(zip(plots["plot_id"], plots["area_ha"], strict=True)),
        (start, end),
        BiomassContext.of(spec.ecology, METHODOLOGY),
        draws=draws,
        seed=seed,
    )
    scenes, opener = _scenes(landscape)
    rules = ImageryRules.of(METHODOLOGY)
    seen = observe(scenes, plots, opener, rules=rules)
    features = season_features(
        seen.table, (start, end), spec.seasons.dry, spec.seasons.wet, seen.indices, rules=rules
    )
    estimate = estimate_change(
        biomass,
        plots,
        features,
        METHODOLOGY,
        start=start,
        end=end,
        root_shoot=root_shoot_ratio(spec.ecology.root_shoot_zone),
        seed=seed,
    )
    steps = waterfall(
        gross_tco2e=float(estimate.gross_tco2e.mean()),
        baseline_tco2e=estimate.creditable_baseline_tco2e,
        u90=estimate.u90,
        project_emissions_tco2e=sum(spec.fuel_tco2e.values()),
        methodology=METHODOLOGY,
    )
    credits_t = issue(steps.issuable_kg, cumulative_buffer_kg=steps.buffer_kg).credits_t
    truth = sum(period.additional_tco2e for period in landscape.truth.periods)
    return Answer(estimate, truth, credits_t)


def _scenes(landscape: Landscape) -> tuple[list[Scene], "_Opener"]:
    grid = landscape.grid
    bands: dict[str, _InMemory] = {}
    scenes = []
    for look in landscape.acquisitions:
        rendered = render_scene(landscape, look)
        scene = scene_from_item(stac_item(landscape.spec, grid, rendered))
        scenes.append(scene)
        arrays = {**rendered.digital_numbers, SCL: rendered.scl}
        bands[scene.id] = _InMemory(arrays, grid.left_m, grid.top_m, grid.epsg)
    return scenes, _Opener(bands)


class _Opener:
    def __init__(self, bands: Mapping[str, _InMemory]) -> None:
        self._bands = bands

    def __call__(self, scene: Scene) -> AbstractContextManager[_InMemory]:
        return self._open(scene)

    @contextmanager
    def _open(self, scene: Scene) -> Iterator[_InMemory]:
        yield self._bands[scene.id]
