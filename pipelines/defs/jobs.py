"""The jobs: the path of a tonne; the watch alone; the issuance once signed; pictures of plots."""

import dagster as dg

from pipelines.chips import cut_wanted
from pipelines.defs.registry.assets import out_registry__credits
from pipelines.defs.watch.assets import core_watch__disturbances
from pipelines.openlineage import tell_catalogue_done, tell_catalogue_failed
from pipelines.resources import WorkspaceResource
from pipelines.stage import Stage
from pipelines.steps import tell_listener

WHOLE_PATH = "path_of_a_tonne"
ISSUANCE = "issue_approved"
WATCH = "watch_plots"
CHIPS = "chips_of_drawn_plots"

path_of_a_tonne = dg.define_asset_job(
    WHOLE_PATH,
    selection=dg.AssetSelection.all(),
    hooks={tell_listener, tell_catalogue_done, tell_catalogue_failed},
    description="From delivered files to issued credits, for one project and period.",
)

issue_approved = dg.define_asset_job(
    ISSUANCE,
    selection=dg.AssetSelection.assets(out_registry__credits),
    hooks={tell_catalogue_done, tell_catalogue_failed},
    description="Issue an estimate that a verifier has approved.",
)

watch_plots = dg.define_asset_job(
    WATCH,
    selection=dg.AssetSelection.assets(core_watch__disturbances),
    hooks={tell_catalogue_done, tell_catalogue_failed},
    description="Look for plots on which something happened, between two runs of the whole path.",
)


class DrawnPlots(dg.Config):
    """Whose drawn plots are cut."""

    project: str
    period: str


@dg.op
def cut_chips(
    context: dg.OpExecutionContext, config: DrawnPlots, workspace: WorkspaceResource
) -> None:
    """Cut the plots that a verifier drew out of every scene; what is there already is left."""
    stage = Stage(workspace.workspace, config.project, config.period)
    context.log.info("Chips of %d plots were cut.", cut_wanted(stage, context.log.info))


@dg.job(name=CHIPS)
def chips_of_drawn_plots() -> None:
    """Pictures for a verifier's desk; they are looked at and credit nothing, so are no asset."""
    cut_chips()
