"""How the bands of a scene lie on each other: 10 m, 20 m and 60 m grids over the same ground."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Self

from mrv.errors import SceneUnreadable
from mrv.imagery.grids import BandLayout, Grid, OpenedScene
from mrv.imagery.scenes import SCL, Scene


@dataclass(frozen=True, slots=True)
class Frame:
    """The layouts of the bands of a scene; scenes of one tile nearly always share theirs.

    Attributes:
        layouts: Band and how it lies in its file, by name of the band.
    """

    layouts: tuple[tuple[str, BandLayout], ...]

    @classmethod
    def of(cls, scene: Scene, layouts: Mapping[str, BandLayout]) -> Self:
        """Put layouts together and see that they fit.

        Raises:
            SceneUnreadable: If the scene has no classification or its grids do not fit.
        """
        demand_classification(scene)
        frame = cls(tuple(sorted(layouts.items())))
        misfits = [band for band, layout in frame.layouts if not frame.base.factor_to(layout.grid)]
        if misfits:
            raise SceneUnreadable(
                f"In scene {scene.id} the grid of {', '.join(misfits)} does not fit on that of its "
                "finest band; the scene is damaged or put together from two products.",
                scene=scene.id,
                bands=misfits,
            )
        return frame

    @property
    def base(self) -> Grid:
        """Grid of the finest band."""
        return min((layout.grid for _, layout in self.layouts), key=lambda grid: grid.pixel_m)

    def layout(self, band: str) -> BandLayout:
        """Give the layout of a band."""
        return dict(self.layouts)[band]

    def bands(self) -> tuple[str, ...]:
        """Name the bands, without the classification."""
        return tuple(band for band, _ in self.layouts if band != SCL)

    def factor(self, layout: BandLayout) -> int:
        """Say how many pixels of the finest band lie side by side in one of a layout."""
        return round(layout.grid.pixel_m / self.base.pixel_m)


def demand_classification(scene: Scene) -> None:
    """See that clouds can be masked.

    Raises:
        SceneUnreadable: If the scene has no classification.
    """
    if SCL not in scene.assets:
        raise SceneUnreadable(
            f"Scene {scene.id} has no scene classification (scl), so its clouds cannot be "
            "masked; use a Level-2A collection that carries it.",
            scene=scene.id,
        )


def read_layouts(opened: OpenedScene, bands: Collection[str]) -> dict[str, BandLayout]:
    """Ask an opened scene how some of its bands lie.

    Raises:
        SceneUnreadable: If a file is damaged or is not what its item says.
    """
    return {band: opened.layout(band) for band in bands}
