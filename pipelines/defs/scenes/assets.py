"""Satellite scenes: found by STAC, averaged over plots, reduced to seasonal features."""

import dagster as dg

from mrv.imagery.composites import season_features
from mrv.imagery.indices import INDICES
from mrv.imagery.rules import ImageryRules
from pipelines.defs.plots.assets import core_plots__screened
from pipelines.features import keep_features
from pipelines.materialized import materialized
from pipelines.observations import read_radar, read_scenes
from pipelines.partitions import PROJECT_PERIOD
from pipelines.pictures import looks_by_date
from pipelines.plots import screened_plots
from pipelines.resources import WorkspaceResource
from pipelines.scenes import find_radar, find_scenes, keep_radar, keep_scenes
from pipelines.stage import stage_of


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="scenes",
    kinds={"stac"},
    code_version="1",
    deps=[core_plots__screened],
)
def raw_scenes__items(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Scenes of the two epochs over the plots, with the offset that each one needs."""
    stage = stage_of(context.partition_key, workspace)
    plots = screened_plots(stage.shelf)
    scenes, radar = find_scenes(stage, plots), find_radar(stage, plots)
    note = keep_scenes(stage.shelf, scenes)
    keep_radar(stage.shelf, radar)
    return materialized(
        note,
        scenes=len(scenes),
        radar_scenes=len(radar),
        tiles=", ".join(sorted({scene.mgrs_tile for scene in scenes})),
        offsets=", ".join(sorted({f"{scene.offset.offset:+.1f}" for scene in scenes})),
    )


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="scenes",
    kinds={"parquet", "cog"},
    code_version="2",
    deps=[raw_scenes__items],
)
def core_scenes__observations(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """What every scene says of every plot: clear share and mean indices."""
    stage = stage_of(context.partition_key, workspace)
    seen, extent = read_scenes(stage, context.log.info)
    stage.shelf.put_table("backscatter", read_radar(stage, context.log.info))
    note = stage.shelf.put_table("observations", seen.table)
    stage.shelf.put_table("scenes_read", seen.scenes)
    stage.shelf.put_table("plots_seen", seen.plots)
    stage.shelf.put_json("missing_indices", seen.missing_indices)
    metadata: dict[str, dg.MetadataValue] = {}
    if len(seen.table):
        metadata["clear_share"] = looks_by_date(seen.table)
    return materialized(
        note,
        indices=", ".join(seen.indices) or "none",
        missing=seen.missing_sentence() or "none",
        scenes=extent.scenes,
        blocks_decoded=extent.blocks,  # 0 where all of it was kept from before
        megabytes_decoded=extent.bytes / 1e6,
        **metadata,
    )


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="scenes",
    kinds={"parquet"},
    code_version="1",
    deps=[core_scenes__observations],
)
def core_scenes__features(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Dry-season, wet-season and amplitude of every index per plot and epoch."""
    stage = stage_of(context.partition_key, workspace)
    observations = stage.shelf.table("observations")
    backscatter = stage.shelf.table("backscatter")
    missing = stage.shelf.json("missing_indices")
    seasons = stage.settings.seasons
    features = season_features(
        observations,
        stage.epochs,
        seasons.dry,
        seasons.wet,
        [name for name in INDICES if name not in missing],
        rules=ImageryRules.of(stage.methodology),
        backscatter=backscatter if len(backscatter) else None,
    )
    note = keep_features(stage.shelf, features)
    return materialized(
        note,
        features=", ".join(features.columns),
        clear_looks_median=float(features["clear_looks"].median()) if len(features) else 0.0,
    )
