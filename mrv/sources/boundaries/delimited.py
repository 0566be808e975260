"""Delimited text with boundaries: CSV as crews, spreadsheets, PostGIS and KoboToolbox write it."""

import geopandas as gpd

from mrv.errors import TableInvalid
from mrv.field.csv_text import parse_csv
from mrv.sources.boundaries import field_exports
from mrv.sources.boundaries.field_exports import refused


def read(data: bytes, name: str) -> gpd.GeoDataFrame:
    """Read boundaries from a CSV file.

    Args:
        data: The file; any encoding, delimiter and line end that `parse_csv` takes.
        name: Its name, for messages.

    Returns:
        As `table.boundaries_of`: one row per boundary, all attributes as text.

    Raises:
        BoundaryFileRefused: If it cannot be read as a table, or holds no boundaries.
    """
    try:
        table = parse_csv(data)
    except TableInvalid as error:
        raise refused(error, name) from error
    return field_exports.boundaries_in({name: table}, name)


def make_ready() -> None:
    """Load what is loaded late, while files may still be opened."""
    field_exports.make_ready()
