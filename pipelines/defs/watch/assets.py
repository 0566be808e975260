"""The disturbance watch: plots that fell below their own season, and plots nobody sees any more."""

import dagster as dg

from pipelines.defs.scenes.assets import core_scenes__observations
from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.pictures import watched_plot
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of
from pipelines.watching import keep_watch, watch_plots

_PICTURES = 6


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="watch",
    kinds={"parquet"},
    code_version="1",
    deps=[core_scenes__observations],
)
def core_watch__disturbances(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Suspects, cases and drop-outs: one row per plot, and whether it may grow."""
    stage = stage_of(context.partition_key, workspace)
    watched = watch_plots(stage)
    note = keep_watch(stage, watched)
    table = watched.table
    pictures = {
        f"plot_{suspect.plot_id}": watched_plot(watched.series, watched.found, suspect)
        for suspect in watched.found.suspects[:_PICTURES]
    }
    return materialized(
        note,
        suspects=len(watched.found.suspects),
        growth_held=int((~table["may_grow"]).sum()),
        history_too_short=int(table["unwatched"].sum()),
        nobody_watches=int(table["monitoring"].isin(["lost", "left"]).sum()),
        shared_drops=len(watched.found.shared_drops),
        **pictures,
    )
