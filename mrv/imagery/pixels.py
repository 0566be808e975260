"""The pixels of one scene that lie under plots, gathered from windows of its bands.

Bands of 10 m and 20 m meet here: a coarse band is looked up by parent pixel. Scale and offset are
applied here and nowhere else. What is made of the pixels is `extract.py`.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mrv.errors import SceneUnreadable
from mrv.imagery.cloud_mask import VEGETATION, clear_mask
from mrv.imagery.coverage import CoverageBlock
from mrv.imagery.grids import Grid, OpenedScene, Window
from mrv.imagery.scenes import SCL, Scene

OFFSET_WITNESSES = ("blue", "red")  # bands whose dark end tells whether the offset was applied


@dataclass(frozen=True, slots=True)
class Layout:
    """How the bands of a scene lie on each other.

    Attributes:
        base: Grid of the finest band.
        factors: Band -> pixels of the base grid side by side in one of its pixels.
    """

    base: Grid
    factors: Mapping[str, int]

    @classmethod
    def of(cls, scene: Scene, opened: OpenedScene, bands: Collection[str]) -> Self:
        """Find it out, for those of the bands that the scene has and for its classification.

        Raises:
            SceneUnreadable: If the scene has no classification or its grids do not fit.
        """
        if SCL not in scene.assets:
            raise SceneUnreadable(
                f"Scene {scene.id} has no scene classification (scl), so its clouds cannot be "
                "masked; use a Level-2A collection that carries it.",
                scene=scene.id,
            )
        wanted = dict.fromkeys((*bands, SCL))
        grids = {band: opened.grid(band) for band in wanted if band in scene.assets}
        base = min(grids.values(), key=lambda grid: grid.pixel_m)
        factors = {band: base.factor_to(grid) for band, grid in grids.items()}
        misfits = sorted(band for band, factor in factors.items() if factor is None)
        if misfits:
            raise SceneUnreadable(
                f"In scene {scene.id} the grid of {', '.join(misfits)} does not fit on that of its "
                "finest band; the scene is damaged or put together from two products.",
                scene=scene.id,
                bands=misfits,
            )
        return cls(base, {band: factor for band, factor in factors.items() if factor})


@dataclass(frozen=True, slots=True)
class PlotPixels:
    """Pixels of a block of plots, in the order of the block's arrays.

    Attributes:
        block: The plots and their shares of the pixels.
        has_data: No band in use and no classification is empty.
        clear: Has data and the ground is seen.
        reflectance: Band -> reflectance, may be slightly negative over dark ground.
        vegetated: Offset witness -> clear, classified as vegetation, and not empty in that band.
    """

    block: CoverageBlock
    has_data: NDArray[np.bool_]
    clear: NDArray[np.bool_]
    reflectance: Mapping[str, NDArray[np.float64]]
    vegetated: Mapping[str, NDArray[np.bool_]]


def gather(
    scene: Scene,
    opened: OpenedScene,
    layout: Layout,
    block: CoverageBlock,
    bands: Collection[str],
    cloud_buffer_m: float,
) -> PlotPixels:
    """Read the windows that hold a block of plots and keep the pixels under them.

    Args:
        scene: Whose scale and offset apply.
        opened: Its bands.
        layout: How they lie on each other.
        block: Which pixels to keep.
        bands: Those that must have data in a pixel for it to count.
        cloud_buffer_m: Widening of clouds [m]; the classification is read this much wider.
    """
    step = max(layout.factors.values())
    reach = ceil(cloud_buffer_m / layout.base.pixel_m)
    around = block.window.grown(reach, layout.base, step)
    classes = opened.read(SCL, around.coarsened(layout.factors[SCL]))
    seen = clear_mask(classes, layout.base.pixel_m * layout.factors[SCL], cloud_buffer_m)
    scl = _under(block, classes, around, layout.factors[SCL])
    clear = _under(block, seen, around, layout.factors[SCL])
    has_data = scl != 0
    window = block.window.grown(0, layout.base, step)
    numbers = {
        band: _under(block, opened.read(band, window.coarsened(factor)), window, factor)
        for band, factor in layout.factors.items()
        if band != SCL
    }
    for band in bands:
        has_data &= numbers[band] != 0
    clear &= has_data
    return PlotPixels(
        block=block,
        has_data=has_data,
        clear=clear,
        reflectance={
            band: values * scene.offset.scale + scene.offset.offset
            for band, values in numbers.items()
        },
        vegetated={
            band: clear & (scl == VEGETATION) & (numbers[band] != 0)
            for band in OFFSET_WITNESSES
            if band in numbers
        },
    )


def _under(block: CoverageBlock, array: NDArray[Any], window: Window, factor: int) -> NDArray[Any]:
    """Take an array's values at the block's pixels, by parent pixel where the array is coarser."""
    rows = block.rows // factor - window.row // factor
    cols = block.cols // factor - window.col // factor
    return array[rows, cols]
