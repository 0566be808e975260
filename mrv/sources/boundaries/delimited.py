"""Delimited text with boundaries: CSV as crews, spreadsheets, PostGIS and KoboToolbox write it."""

import geopandas as gpd

from mrv.field.csv_text import parse_csv
from mrv.field.odk import unfold
from mrv.sources.boundaries.table import boundaries_of


def read(data: bytes, name: str) -> gpd.GeoDataFrame:
    """Read boundaries from a CSV file.

    Args:
        data: The file; any encoding, delimiter and line end that `parse_csv` takes.
        name: Its name, for messages.

    Returns:
        As `table.boundaries_of`: one row per boundary, all attributes as text.

    Raises:
        TableInvalid: If the file cannot be read as a table.
        BoundaryFileRefused: If it holds no boundaries.
    """
    return boundaries_of(unfold(parse_csv(data)), name)
