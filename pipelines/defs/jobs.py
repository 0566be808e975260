"""The jobs: the whole path of a tonne; the watch alone; the issuance once somebody has signed."""

import dagster as dg

from pipelines.defs.registry.assets import out_registry__credits
from pipelines.defs.watch.assets import core_watch__disturbances
from pipelines.openlineage import tell_catalogue_done, tell_catalogue_failed
from pipelines.steps import tell_listener

WHOLE_PATH = "path_of_a_tonne"
ISSUANCE = "issue_approved"
WATCH = "watch_plots"

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
