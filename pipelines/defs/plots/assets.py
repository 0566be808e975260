"""Plot boundaries: as delivered, screened, and known to the registry."""

import dagster as dg
import geopandas as gpd

from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots, without_people
from mrv.plots.surroundings import Surroundings
from mrv.sources.boundaries import read_boundaries
from mrv.sources.tables import rename_columns
from pipelines.defs.project.assets import raw_project__settings
from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.pictures import plots_map
from pipelines.plots import drawn_plots, keep_plots, screened_plots
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of
from registry_api.services import contested_ground, plot_history
from registry_api.services.deliveries import PLOTS, REGISTRY_PLOTS
from registry_api.services.plots import (
    Registration,
    demand_in_force,
    records_of,
    register_plots,
)


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="plots",
    kinds={"geoparquet"},
    code_version="1",
    deps=[raw_project__settings],
)
def raw_plots__boundaries(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Boundaries as the field team drew them, columns under our names, without who farms them."""
    stage = stage_of(context.partition_key, workspace)
    brought, name = stage.delivered(PLOTS), stage.delivery.names[PLOTS]
    drawn = read_boundaries(brought, name).frame
    if name != REGISTRY_PLOTS:  # whose columns are ours already
        drawn = gpd.GeoDataFrame(rename_columns(drawn, stage.settings.inputs.plot_columns, name))
    note = keep_plots(stage.shelf, "boundaries", without_people(drawn))
    return materialized(note, file=name, features=len(drawn))


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="plots",
    kinds={"geoparquet"},
    code_version="1",
    deps=[raw_plots__boundaries],
)
def core_plots__screened(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Plots that may take part, and a finding for everything to mend."""
    stage = stage_of(context.partition_key, workspace)
    drawn = drawn_plots(stage.shelf)
    if stage.delivery.names[PLOTS] == REGISTRY_PLOTS:
        # Each file was asked for consent when it came; here those that had no column for it stand
        # beside others that had.
        drawn = drawn.drop(columns="consent_given", errors="ignore")
    with stage.workspace.reading() as session:
        settled = contested_ground.settled(session, stage.project_id)
    screened = screen_plots(
        drawn,
        country=stage.settings.country,
        rules=PlotRules.of(stage.methodology),
        surroundings=Surroundings(stage.project_id, settled=settled),
    )
    stage.shelf.put_table("plot_findings", screened.findings)
    with stage.workspace.reading() as session:
        gone = plot_history.exits(session, stage.project_id)
    plots = screened.plots
    plots["left_on"] = [
        gone.get(plot_id, plots["left_on"][row]) for row, plot_id in enumerate(plots["plot_id"])
    ]
    note = keep_plots(stage.shelf, "plots", plots)
    return materialized(
        note,
        accepted=len(plots),
        refused=len(drawn) - len(plots),
        findings=len(screened.findings),
        map=plots_map(plots),
    )


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="plots",
    kinds={"sql"},
    code_version="1",
    deps=[core_plots__screened],
)
def out_registry__plots(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Accepted plots in the registry: exact boundary for verifiers, coarse cell for the public.

    Plots that are from the registry are not written back: somebody may have changed one since.
    """
    stage = stage_of(context.partition_key, workspace)
    records = records_of(screened_plots(stage.shelf))
    with stage.workspace.registry() as session:
        if stage.delivery.names[PLOTS] == REGISTRY_PLOTS:
            demand_in_force(session, stage.project_id, records)
            registration = Registration(0, 0, len(records))
        else:
            registration = register_plots(session, stage.project_id, records)
    return materialized(
        stage.shelf.note("plots"),
        new=registration.new,
        changed=registration.changed,
        unchanged=registration.unchanged,
    )
