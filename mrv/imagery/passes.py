"""One look per overpass: plots on tile borders and scenes that come twice are counted once.

Neighbouring tiles overlap by about 10 km and hold the same pass, also across a UTM border. Every
plot gets one home tile for all dates, so that its pixels stay the same and are fetched once. Of two
scenes of that tile in one pass (a reprocessed one, or one cut in two) the fuller counts. Two passes
on one day, as of Sentinel-2A and 2B on neighbouring orbits, are two looks.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from mrv.imagery.coverage import Footing

OUTSIDE_TOLERANCE = 0.001  # share of a plot's area that may be outside a grid that "covers" it [P]
PASS_GAP = np.timedelta64(30, "m")  # one orbit takes 100 minutes, one pass over a tile seconds [P]


def home_tiles(tiles: Iterable[tuple[str, Footing]], plots: int) -> NDArray[np.object_]:
    """Choose each plot's home tile.

    It is the tile that covers the plot; the smallest name where several do; where none does, the
    one that covers most of it.

    Args:
        tiles: Name of a tile, and which plots touch one of its grids.
        plots: Number of plots.

    Returns:
        Per plot the name of its tile; empty where no tile touches it.
    """
    home = np.full(plots, "", dtype=np.object_)
    least = np.full(plots, np.inf)
    for tile, footing in sorted(tiles, key=lambda found: found[0]):
        # Inside the tolerance all tiles are alike, and rounding must not choose between them.
        outside = footing.outside_fraction
        shortfall = np.where(outside > OUTSIDE_TOLERANCE, outside, 0.0)
        better = shortfall < least[footing.plots]
        home[footing.plots[better]] = tile
        least[footing.plots[better]] = shortfall[better]
    return home


def one_row_per_pass(
    plots: NDArray[np.int32],
    times: NDArray[np.datetime64],
    ids: NDArray[np.int32],
    unseen: NDArray[np.float64],
    clear: NDArray[np.float64],
) -> NDArray[np.intp]:
    """Choose one row per plot and pass: the one with most data, most clear, smallest id.

    Args:
        plots: Of each row, which plot.
        times: Of each row, when the scene was taken.
        ids: Of each row, the rank of the scene's id.
        unseen: Of each row, the share without data or outside the grid [1].
        clear: Of each row, the clear share [1].

    Returns:
        The chosen rows, by plot, time and id.
    """
    order = np.lexsort((ids, times, plots))
    plot, time = plots[order], times[order]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (plot[1:] != plot[:-1]) | (np.diff(time) > PASS_GAP)
    first = np.flatnonzero(begins)
    rows = np.diff(first, append=len(order))
    chosen = order[first]
    # Nearly every pass has one row; only the others are compared.
    if (shared := np.flatnonzero(rows > 1)).size:
        passes = np.repeat(shared, rows[shared])
        within = order[np.isin(np.cumsum(begins) - 1, shared, kind="table")]
        best = np.lexsort((ids[within], -clear[within], unseen[within], passes))
        chosen[shared] = within[best[np.searchsorted(passes, shared)]]
    return chosen
