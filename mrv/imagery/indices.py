"""Spectral indices of Sentinel-2: surface reflectance in, one number per pixel out.

One entry per index with its bands, its formula and the range outside which a pixel is an artefact.
`N` is band 8 throughout; indices ending in `_8a` use the narrow band 8A instead and are indices of
their own, because the two bands differ and must not be mixed in one series. Which pixels count is
`cloud_mask.py`; plot means are `extract.py`.

Source: Awesome Spectral Indices (methodology reference 5.2) [V]; the ranges are ours [P]. Lambert's
continued fraction of the hyperbolic tangent: NIST Digital Library of Mathematical Functions,
section 4.39 [V].
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from math import nan
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.compiled import elementwise

Reflectance = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Index:
    """A spectral index.

    Attributes:
        name: As used in column names.
        bands: Our names of the bands, in the order the formula takes them.
        formula: Reflectances in, index out.
        valid: Least and largest believable value; pixels outside are left out.
        meaning: What it follows.
    """

    name: str
    bands: tuple[str, ...]
    formula: Callable[..., Reflectance]
    valid: tuple[float, float]
    meaning: str

    def of(self, bands: Mapping[str, Reflectance]) -> Reflectance:
        """Compute the index for each pixel; NaN where it has no believable value."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            value = self.formula(*(bands[band] for band in self.bands))
            low, high = self.valid
            return np.where((value >= low) & (value <= high), value, np.nan)


@elementwise
def _normalised_difference(a: float, b: float) -> float:
    return (a - b) / (a + b)


@elementwise
def _evi(nir: float, red: float, blue: float) -> float:
    return 2.5 * (nir - red) / (nir + 6.0 * red - 7.5 * blue + 1.0)


@elementwise
def _kndvi(nir: float, red: float) -> float:
    # tanh by Lambert's continued fraction, cut off where the tenth term no longer counts between 0
    # and 1: without a call to a library many pixels are worked on at a time.
    nd = (nir - red) / (nir + red)
    x = nd * nd if abs(nd) <= 1.0 else nan
    v = x * x
    over = (((55.0 * v + 25740.0) * v + 2837835.0) * v + 91891800.0) * v + 654729075.0
    under = ((v + 1485.0) * v + 315315.0) * v + 18918900.0
    return x * over / ((under * v + 310134825.0) * v + 654729075.0)


@elementwise
def _nirv(nir: float, red: float) -> float:
    return (nir - red) / (nir + red) * nir


@elementwise
def _ireci(re3: float, red: float, re1: float, re2: float) -> float:
    return (re3 - red) / (re1 / re2)


@elementwise
def _cire(nir: float, re1: float) -> float:
    return nir / re1 - 1.0


_ND = (-1.0, 1.0)
_ALL = (
    Index("ndvi", ("nir", "red"), _normalised_difference, _ND, "green cover"),
    Index("evi", ("nir", "red", "blue"), _evi, (-1.0, 1.5), "green cover, less soil and haze"),
    Index("ndrei", ("nir", "rededge1"), _normalised_difference, _ND, "chlorophyll of the canopy"),
    Index("ndrei_8a", ("nir08", "rededge1"), _normalised_difference, _ND, "as ndrei, with band 8A"),
    Index("rendvi", ("rededge2", "rededge1"), _normalised_difference, _ND, "chlorophyll"),
    Index("ndmi", ("nir", "swir16"), _normalised_difference, _ND, "water in the canopy"),
    Index("ndmi_8a", ("nir08", "swir16"), _normalised_difference, _ND, "as ndmi, with band 8A"),
    Index("nbr", ("nir", "swir22"), _normalised_difference, _ND, "burning and clearing"),
    Index("nbr_8a", ("nir08", "swir22"), _normalised_difference, _ND, "as nbr, with band 8A"),
    Index("kndvi", ("nir", "red"), _kndvi, (0.0, 1.0), "green cover, saturating later"),
    Index("nirv", ("nir", "red"), _nirv, (-1.5, 1.5), "light reflected by leaves"),
    Index(
        "ireci", ("rededge3", "red", "rededge1", "rededge2"), _ireci, (-10.0, 10.0), "chlorophyll"
    ),
    Index("cire", ("nir", "rededge1"), _cire, (-1.0, 50.0), "chlorophyll of the canopy"),
    Index("cire_8a", ("nir08", "rededge1"), _cire, (-1.0, 50.0), "as cire, with band 8A"),
)
INDICES: Mapping[str, Index] = MappingProxyType({index.name: index for index in _ALL})


def missing_bands(names: Collection[str], available: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Name the indices that cannot be had, each with the bands that are missing for it."""
    lacking = {
        name: tuple(band for band in INDICES[name].bands if band not in available) for name in names
    }
    return {name: bands for name, bands in lacking.items() if bands}
