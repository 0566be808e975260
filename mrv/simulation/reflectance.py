"""Sentinel-2 bands, and what soil, crops, leaves, wood and clouds reflect in them.

The spectra are round figures in the range of published libraries, chosen by this project (tag P):
they give scenes that behave like the real thing, and no estimate rests on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Band:
    """One band under its Earth Search name.

    Attributes:
        name: Earth Search v1 asset key.
        code: ESA's band number.
        title: Asset title.
        common_name: STAC electro-optical common name.
        gsd_m: Pixel size [m].
        centre_um: Centre wavelength [um].
        width_um: Full width at half maximum [um].
        soil: Reflectance of dry tropical soil with residues [1].
        crop: Of a full green crop canopy [1].
        leaf: Of a deep tree canopy in leaf [1].
        wood: Of branches without leaves [1].
        cloud: Of a thick cloud [1].
        extinction: How quickly a canopy closes in this band, per unit of leaf area [1].
    """

    name: str
    code: str
    title: str
    common_name: str
    gsd_m: int
    centre_um: float
    width_um: float
    soil: float
    crop: float
    leaf: float
    wood: float
    cloud: float
    extinction: float


# fmt: off
_ROWS = (
    # name, code, title, common name, gsd; centre, width; soil, crop, leaf, wood, cloud, extinction
    Band(
        "blue", "B02", "Blue (band 2) - 10m", "blue", 10,
        0.490, 0.098, 0.065, 0.030, 0.022, 0.055, 0.55, 0.65,
    ),
    Band(
        "green", "B03", "Green (band 3) - 10m", "green", 10,
        0.560, 0.045, 0.095, 0.070, 0.048, 0.075, 0.54, 0.62,
    ),
    Band(
        "red", "B04", "Red (band 4) - 10m", "red", 10,
        0.665, 0.038, 0.140, 0.042, 0.026, 0.095, 0.54, 0.65,
    ),
    Band(
        "rededge1", "B05", "Red edge 1 (band 5) - 20m", "rededge", 20,
        0.704, 0.019, 0.175, 0.110, 0.080, 0.120, 0.55, 0.50,
    ),
    Band(
        "rededge2", "B06", "Red edge 2 (band 6) - 20m", "rededge", 20,
        0.740, 0.018, 0.200, 0.290, 0.250, 0.155, 0.56, 0.40,
    ),
    Band(
        "rededge3", "B07", "Red edge 3 (band 7) - 20m", "rededge", 20,
        0.783, 0.028, 0.215, 0.370, 0.335, 0.175, 0.56, 0.38,
    ),
    Band(
        "nir", "B08", "NIR 1 (band 8) - 10m", "nir", 10,
        0.842, 0.145, 0.245, 0.400, 0.365, 0.190, 0.56, 0.38,
    ),
    Band(
        "nir08", "B8A", "NIR 2 (band 8A) - 20m", "nir08", 20,
        0.865, 0.033, 0.260, 0.420, 0.380, 0.205, 0.56, 0.38,
    ),
    Band(
        "swir16", "B11", "SWIR 1 (band 11) - 20m", "swir16", 20,
        1.610, 0.143, 0.340, 0.215, 0.160, 0.250, 0.36, 0.36,
    ),
    Band(
        "swir22", "B12", "SWIR 2 (band 12) - 20m", "swir22", 20,
        2.190, 0.242, 0.280, 0.110, 0.070, 0.190, 0.28, 0.42,
    ),
)
# fmt: on
BANDS: Mapping[str, Band] = {band.name: band for band in _ROWS}
