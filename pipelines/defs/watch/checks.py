"""Whether somebody has to go and look: a warning, because growth is held meanwhile anyway."""

import dagster as dg

from pipelines.defs.watch.assets import core_watch__disturbances
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of
from pipelines.watching import watch_table


@dg.asset_check(asset=core_watch__disturbances)
def suspects_looked_at(
    context: dg.AssetCheckExecutionContext, workspace: WorkspaceResource
) -> dg.AssetCheckResult:
    """Every suspect was confirmed or cleared, and every plot has history enough to be watched."""
    table = watch_table(stage_of(context.partition_key, workspace))
    waiting = table.loc[table["state"] == "suspect", "plot_id"]
    overdue = table.loc[table["cause"] == "not_confirmed", "plot_id"]
    blind = int(table["unwatched"].sum())
    passed = not len(waiting) and not len(overdue)
    told = f"{len(waiting)} suspects wait for an image or a visit, {len(overdue)} waited too long"
    if len(waiting) or len(overdue):
        told += f", first of them {[*overdue, *waiting][0]}; look at them with `parkland watch`"
    if blind:
        told += f"; {blind} of {len(table)} plots have too short a history to be watched"
    return dg.AssetCheckResult(
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=told + ".",
        metadata={"suspects": len(waiting), "overdue": len(overdue), "unwatched": blind},
    )
