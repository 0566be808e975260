"""What goes back to whoever drew the plots: refused features with their own attributes and why.

Mended and sent again as it is, the table is read as any other; its own columns are passed over.
"""

import geopandas as gpd
import pandas as pd

PREFIX = "parkland_"
REASONS = {"codes": "parkland_codes", "reasons": "parkland_reasons", "hints": "parkland_hints"}
_READERS_OWN = ("geometry_problem", "geometry_note", "geometry_crs")


def to_mend(raw: gpd.GeoDataFrame, refused: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Lay out the refused features of a file for mending.

    Args:
        raw: The file as it was read, one row per feature, under its own column names.
        refused: Of `ScreenedPlots`: feature (from 1), codes, reasons, hints, and geometry in WGS 84
            where it could be placed.

    Returns:
        One row per refused feature in the order of the file: its attributes, `parkland_codes`,
        `parkland_reasons`, `parkland_hints`, and its geometry in EPSG:4326.
    """
    rows = refused[refused["feature"] > 0].sort_values("feature", kind="stable")
    attributes = pd.DataFrame(raw.drop(columns=raw.geometry.name)).iloc[rows["feature"] - 1]
    ours = [name for name in attributes.columns if str(name).startswith(PREFIX)]
    attributes = attributes.drop(columns=[*ours, *_READERS_OWN], errors="ignore")
    told = rows[list(REASONS)].rename(columns=REASONS)
    return gpd.GeoDataFrame(
        pd.concat([attributes.reset_index(drop=True), told.reset_index(drop=True)], axis=1),
        geometry=rows.geometry.reset_index(drop=True),
        crs="EPSG:4326",
    )
