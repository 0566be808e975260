"""Gates on the scenes: offsets that agree, looks that suffice."""

import dagster as dg

from pipelines.defs.scenes.assets import core_scenes__features, core_scenes__observations
from pipelines.gates import clear_looks_of, offsets_sane_of
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of
from pipelines.verdicts import reported


@dg.asset_check(asset=core_scenes__observations)
def offsets_sane(
    context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
) -> dg.AssetCheckResult:
    """Pixels agree with the radiometric offset that every item states."""
    return reported(offsets_sane_of(stage_of(context.partition_key, workspace)))


@dg.asset_check(asset=core_scenes__features)
def clear_looks(
    context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
) -> dg.AssetCheckResult:
    """Enrolled plots were seen clearly often enough at both epochs."""
    return reported(clear_looks_of(stage_of(context.partition_key, workspace)))
