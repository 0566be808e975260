"""One look per overpass: plots on tile borders and scenes that come twice are counted once.

Neighbouring tiles overlap by about 10 km and hold the same pass, also across a UTM border. Every
plot gets one home tile for all dates, so that its pixels stay the same. Of two scenes of that tile
in one pass (a reprocessed one, or one cut in two) the fuller counts. Two passes on one day, as of
Sentinel-2A and 2B on neighbouring orbits, are two looks.
"""

import pandas as pd

OUTSIDE_TOLERANCE = 0.001  # share of a plot's area that may be outside a grid that "covers" it [P]
PASS_GAP = pd.Timedelta(minutes=30)  # one orbit takes 100 minutes, one pass over a tile seconds [P]


def one_tile_per_plot(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the rows of each plot's home tile.

    It is the tile that covers the plot; the smallest name where several do; where none does, the
    one that covers most of it.

    Args:
        rows: With plot_id, mgrs_tile and outside_fraction.
    """
    keys = ["plot_id", "mgrs_tile"]
    tiles = rows.groupby(keys)["outside_fraction"].min().reset_index()
    # Inside the tolerance all tiles are alike, and rounding must not choose between them.
    tiles["shortfall"] = tiles["outside_fraction"].where(
        tiles["outside_fraction"] > OUTSIDE_TOLERANCE, 0.0
    )
    home = tiles.sort_values(["plot_id", "shortfall", "mgrs_tile"]).drop_duplicates("plot_id")
    return rows.merge(home[keys], on=keys)


def one_row_per_pass(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep one row per plot and pass: the one with most data, then most clear, then smallest id.

    Args:
        rows: With plot_id, acquired_at, scene_id, nodata_fraction, outside_fraction and
            clear_fraction.
    """
    ordered = rows.sort_values(["plot_id", "acquired_at", "scene_id"], ignore_index=True)
    new_plot = ordered["plot_id"] != ordered["plot_id"].shift()
    new_pass = ordered["acquired_at"].diff() > PASS_GAP
    best = ordered.assign(
        _pass=(new_plot | new_pass).cumsum(),
        _unseen=ordered["nodata_fraction"] + ordered["outside_fraction"],
    ).sort_values(
        ["_pass", "_unseen", "clear_fraction", "scene_id"], ascending=[True, True, False, True]
    )
    return best.drop_duplicates("_pass").drop(columns=["_pass", "_unseen"])
