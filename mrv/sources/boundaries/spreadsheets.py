"""Spreadsheets with boundaries: XLSX, XLS and ODS, with KoboToolbox's sheets for repeats."""

import geopandas as gpd

from mrv.errors import TableInvalid
from mrv.sources.boundaries import field_exports
from mrv.sources.boundaries.field_exports import refused
from mrv.sources.workbooks import read_sheets


def read(data: bytes, name: str) -> gpd.GeoDataFrame:
    """Read boundaries from a spreadsheet.

    Args:
        data: The file.
        name: Its name, for messages.

    Returns:
        As `table.boundaries_of`: one row per boundary, all attributes as text.

    Raises:
        BoundaryFileRefused: If it cannot be read, holds no boundaries, or two tables of them.
    """
    try:
        sheets = read_sheets(data, name)
    except TableInvalid as error:
        raise refused(error, name) from error
    return field_exports.boundaries_in(sheets, name)


def make_ready() -> None:
    """Load what is loaded late, while files may still be opened."""
    field_exports.make_ready()
