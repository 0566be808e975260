"""What the public may know of a plot: a coarse cell, an area band, and a commitment.

The commitment binds the public record to one exact boundary without showing it: whoever holds the
boundary and the salt can prove that they belong together, nobody can find the boundary from it.
Who may see the exact boundary is the registry's business.
"""

import hashlib
import hmac
from math import floor

import shapely

CELL_DEGREES = 0.1  # about 11 km at the equator [P]
AREA_BANDS_HA = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0)  # [P]
_MIN_SALT_BYTES = 16


def coarse_cell(lon: float, lat: float) -> tuple[float, float]:
    """Give the centre of the cell a point lies in, longitude and latitude [degree]."""
    return _centre(lon), _centre(lat)


def area_band(area_ha: float) -> str:
    """Give the band an area lies in, such as "0.5-1 ha"; a band holds its lower limit."""
    below = [limit for limit in AREA_BANDS_HA if limit <= area_ha]
    above = [limit for limit in AREA_BANDS_HA if limit > area_ha]
    if not below:
        return f"below {above[0]:g} ha"
    if not above:
        return f"{below[-1]:g} ha or more"
    return f"{below[-1]:g}-{above[0]:g} ha"


def commit_boundary(boundary: shapely.Geometry, salt: bytes) -> str:
    """Commit to an exact boundary.

    The first corner, the direction of rings and the order of parts do not matter.

    Args:
        boundary: In WGS 84, as accepted.
        salt: At least 16 random bytes, kept with the boundary and never published.

    Returns:
        sha-256 of the salt and the normalised two-dimensional WKB, in hexadecimal.

    Raises:
        ValueError: If the salt is too short to hide anything.
    """
    if len(salt) < _MIN_SALT_BYTES:
        raise ValueError(f"a salt needs at least {_MIN_SALT_BYTES} bytes, not {len(salt)}")
    plain = shapely.normalize(shapely.force_2d(boundary))
    return hashlib.sha256(salt + shapely.to_wkb(plain, byte_order=1)).hexdigest()


def matches_commitment(commitment: str, boundary: shapely.Geometry, salt: bytes) -> bool:
    """Say whether a boundary and its salt are the ones that were committed to."""
    return hmac.compare_digest(commitment, commit_boundary(boundary, salt))


def _centre(degrees: float) -> float:
    return round((floor(degrees / CELL_DEGREES) + 0.5) * CELL_DEGREES, 2)
