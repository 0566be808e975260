"""Coordinate systems to offer where a file does not say its own: degrees, and the country's UTM.

A zone is six degrees wide, the first from 180 degrees west; north of the equator EPSG calls it
32600 + zone, south of it 32700 + zone (EPSG registry, WGS 84 / UTM) [V].
"""

from gettext import NullTranslations

_ZONE_WIDTH = 6
_NORTH, _SOUTH = 32600, 32700


def near(country: str, texts: NullTranslations) -> list[tuple[str, str]]:
    """List codes with a name for people, the likeliest first.

    Args:
        country: ISO 3166-1 alpha-2; without a box of it, degrees alone are offered.
        texts: The reader's language.
    """
    from mrv.plots.countries import country_boxes  # brings numpy, which start-up does without

    offered = [("EPSG:4326", texts.gettext("degrees, WGS 84: phones and GPS"))]
    box = country_boxes().get(country)
    if box is None:
        return offered
    west, south, east, north = box
    first, last = (int((lon + 180) // _ZONE_WIDTH) + 1 for lon in (west, east))
    for zone in range(first, last + 1):
        if north > 0:
            offered.append((f"EPSG:{_NORTH + zone}", texts.gettext("UTM zone %sN, metres") % zone))
        if south < 0:
            offered.append((f"EPSG:{_SOUTH + zone}", texts.gettext("UTM zone %sS, metres") % zone))
    return offered
