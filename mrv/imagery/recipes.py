"""What is to be made of scenes: indices, mask, and the bands these take."""

import hashlib
import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from mrv.imagery.indices import INDICES
from mrv.imagery.plan import MASK_REACH_M, VERSION
from mrv.imagery.scenes import SCL, Scene

_WITNESSES = ("blue", "red")  # bands whose dark end tells whether the offset was applied


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is made of every scene of a stack.

    Attributes:
        indices: Names out of `INDICES`, in their order.
        bands: Bands these take; a pixel counts where none of them is empty.
        cloud_buffer_m: Widening of clouds [m].
        keeps_pixels: Whether gathered pixels go to the keeper.
    """

    indices: tuple[str, ...]
    bands: tuple[str, ...]
    cloud_buffer_m: float
    keeps_pixels: bool

    @classmethod
    def of(cls, indices: Collection[str], cloud_buffer_m: float, *, keeps_pixels: bool) -> Self:
        """Work out which bands indices take."""
        names = tuple(name for name in INDICES if name in indices)
        bands = dict.fromkeys(band for name in names for band in INDICES[name].bands)
        return cls(names, tuple(bands), cloud_buffer_m, keeps_pixels)

    @property
    def reach_m(self) -> float:
        """How far around plots the classification is looked at [m]."""
        return max(MASK_REACH_M, self.cloud_buffer_m)

    def witnesses(self, scene: Scene) -> tuple[str, ...]:
        """Name the bands that judge a scene's offset: blue and red, if read; else one of them."""
        read = tuple(band for band in _WITNESSES if band in self.bands)
        return read or tuple(band for band in reversed(_WITNESSES) if band in scene.assets)[:1]

    def files(self, scene: Scene) -> tuple[str, ...]:
        """Name the bands to be read of a scene, without its classification."""
        return tuple(dict.fromkeys((*self.bands, *self.witnesses(scene))))

    def bands_needed(self, scene: Scene) -> tuple[str, ...]:
        """Name all that is read of a scene."""
        return (*self.files(scene), SCL)

    def key(self, plan_key: str, scene: Scene) -> str:
        """Name the sums of a scene by all that they depend on."""
        said = [
            VERSION, plan_key, scene.item_sha256, scene.offset.scale, scene.offset.offset,
            self.indices, self.cloud_buffer_m,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()
