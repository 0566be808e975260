"""What lies around plots, from files, for a check that has no registry to ask."""

from collections.abc import Callable, Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from mrv.errors import TableInvalid
from mrv.plots.mapping import apply_columns, guess_columns, samples_of
from mrv.plots.surroundings import Floats, LostTrees, Neighbours, Shapes, Surroundings
from mrv.sources.boundaries import read_boundaries

_DEGREES = "EPSG:4326"


def surroundings(
    *,
    project_id: str,
    against: Path | None,
    columns: Mapping[str, str],
    excluded: Path | None,
    loss_raster: Path | None,
) -> Surroundings:
    """Read what there is; each file is asked about only where it was given.

    Args:
        project_id: The plots of `against` are taken for plots of the same project.
        against: Boundaries that were accepted before.
        columns: Our column -> theirs, as stated for the plots; holds for `against` where it has
            that column.
        excluded: Areas where no plot may lie, with `name` and `kind` where they have them.
        loss_raster: Year in which each pixel lost its trees, as Hansen et al. publish it.

    Raises:
        TableInvalid: If a file cannot be read or does not say where it lies.
        SourceFailed: If the raster cannot be read.
    """
    return Surroundings(
        project_id=project_id,
        neighbours=None
        if against is None
        else neighbours_in(plots_of(against, columns), project_id),
        excluded=None if excluded is None else areas_of(excluded),
        lost_trees=None if loss_raster is None else _lost_trees(loss_raster),
    )


def _lost_trees(raster: Path) -> Callable[[Shapes], LostTrees]:
    from mrv.sources.loss_years import loss_reader  # opens rasters, which few checks ask for

    return loss_reader(raster)


def plots_of(file: Path, columns: Mapping[str, str]) -> gpd.GeoDataFrame:
    """Read boundaries that are somebody's already: `plot_id`, `farmer_id`, valid shapes, WGS 84.

    Args:
        file: In any format of boundaries.
        columns: Our column -> theirs, where it is not the one that would be guessed; what the file
            has no such column for is guessed.
    """
    frame = _placed(file)
    guesses = {g.ours: g.theirs for g in guess_columns(list(frame.columns), samples_of(frame))}
    stated = {ours: theirs for ours, theirs in columns.items() if theirs in {"", *frame.columns}}
    named = apply_columns(
        frame, {ours: stated.get(ours, guesses[ours]) for ours in ("plot_id", "farmer_id")}
    )
    texts = {
        ours: named[ours].fillna("").astype(str)
        if ours in named.columns
        else pd.Series("", named.index)
        for ours in ("plot_id", "farmer_id")
    }
    return gpd.GeoDataFrame(texts, geometry=frame.geometry, crs=_DEGREES)


def areas_of(file: Path, *, name: str = "", kind: str = "excluded") -> gpd.GeoDataFrame:
    """Read areas where no plot may lie: `name`, `kind`, valid shapes, WGS 84.

    Args:
        file: In any format of boundaries.
        name: Of areas that have no column `name`; by default the file's.
        kind: Of areas that have no column `kind`.
    """
    frame = _placed(file)
    told = {"name": name or file.stem, "kind": kind}
    texts = {
        column: frame[column].fillna(instead).astype(str).replace("", instead)
        if column in frame.columns
        else pd.Series(instead, frame.index)
        for column, instead in told.items()
    }
    return gpd.GeoDataFrame(texts, geometry=frame.geometry, crs=_DEGREES)


def neighbours_in(plots: gpd.GeoDataFrame, project_id: str) -> Callable[[Floats], Neighbours]:
    """Give a function that finds plots by boxes."""
    shapes = np.asarray(plots.geometry.to_numpy(), dtype=object)
    tree = shapely.STRtree(shapes)
    plot_ids, farmers = (plots[name].to_numpy(dtype=object) for name in ("plot_id", "farmer_id"))

    def find(boxes: Floats) -> Neighbours:
        asked, found = tree.query(shapely.box(*boxes.T))
        return Neighbours(
            asked=asked.astype(np.int64),
            plot_id=plot_ids[found],
            project_id=np.full(len(found), project_id, dtype=object),
            farmer_id=farmers[found],
            shape=shapes[found],
        )

    return find


def _placed(file: Path) -> gpd.GeoDataFrame:
    frame = read_boundaries(file, file.name).frame
    if frame.crs is None:
        raise TableInvalid(
            f"{file.name} does not say in which coordinate system it is; save it in WGS 84.",
            file=file.name,
        )
    frame = frame[frame.geometry.notna() & ~frame.geometry.is_empty].to_crs(_DEGREES)
    frame.geometry = shapely.make_valid(shapely.force_2d(frame.geometry.to_numpy()))
    return frame.reset_index(drop=True)
