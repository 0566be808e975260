"""Measured trees: as delivered, checked row by row, turned into draws of plot biomass."""

import dagster as dg
import pandas as pd

from mrv.biomass.assignment import tree_biomass
from mrv.biomass.context import BiomassContext
from mrv.estimation.by_baseline import trees_that_count
from mrv.estimation.monte_carlo import draw_plot_biomass
from mrv.estimation.written import biomass_summary
from mrv.field.fields import BY_NAME
from mrv.field.inventory import read_inventory
from mrv.sources.inventories import read_trees
from pipelines.defs.plots.assets import core_plots__screened
from pipelines.defs.project.assets import raw_project__settings
from pipelines.draws import keep_draws
from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.pictures import biomass_by_plot
from pipelines.plots import screened_plots
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of
from registry_api.services.deliveries import TREES


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="trees",
    kinds={"csv", "parquet"},
    code_version="1",
    deps=[raw_project__settings],
)
def raw_trees__inventory(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """The inventory as crews wrote it, every cell as text; empty where there is none."""
    stage = stage_of(context.partition_key, workspace)
    rows = pd.DataFrame(columns=list(BY_NAME), dtype=str).rename_axis("row")
    name = stage.delivery.names.get(TREES, "none")
    if TREES in stage.delivery.files:
        rows = read_trees(stage.delivered(TREES), name, stage.settings.inputs.tree_columns)
    note = stage.shelf.put_table("inventory", rows)
    return materialized(note, file=name)


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="trees",
    kinds={"parquet"},
    code_version="1",
    deps=[raw_trees__inventory, core_plots__screened],
)
def core_trees__checked(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Usable tree rows, and a finding for every row that is wrong or looks wrong."""
    stage = stage_of(context.partition_key, workspace)
    rows = stage.shelf.table("inventory").set_index("row")
    plots = screened_plots(stage.shelf)
    inventory = read_inventory(
        rows, plot_ids=set(plots["plot_id"]), today=stage.delivery.taken_in_on
    )
    stage.shelf.put_table("tree_findings", inventory.findings)
    note = stage.shelf.put_table("checked_trees", inventory.trees)
    errors = int((inventory.findings["severity"] == "error").sum())
    return materialized(
        note,
        rows_delivered=len(rows),
        rows_refused=len(rows) - len(inventory.trees),
        errors=errors,
        warnings=len(inventory.findings) - errors,
        species=int(inventory.trees["species"].nunique()),
    )


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="trees",
    kinds={"numpy"},
    code_version="1",
    deps=[core_trees__checked],
)
def core_trees__biomass(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Biomass of every measured plot at both epochs, drawn with all errors [t d.m./ha]."""
    stage = stage_of(context.partition_key, workspace)
    plots = screened_plots(stage.shelf)
    trees = trees_that_count(stage.of, stage.shelf.table("checked_trees"))
    ecology = BiomassContext.of(stage.settings.ecology, stage.methodology)
    biomass = draw_plot_biomass(
        trees,
        dict(zip(plots["plot_id"], plots["area_ha"], strict=True)),
        stage.epochs,
        ecology,
        draws=stage.draws,
        seed=stage.seed,
    )
    weighed = tree_biomass(trees, ecology)[["row", "equation_id", "agb_kg"]]
    stage.shelf.put_table("trees", trees.merge(weighed, on="row", how="left"))
    stage.shelf.put_table("equations", biomass.equations)
    stage.shelf.put_table("excluded_trees", biomass.excluded)
    summary = biomass_summary(biomass)
    stage.shelf.put_table("biomass", summary)
    note = keep_draws(stage.shelf, biomass)
    return materialized(
        note,
        plots_measured=len(biomass.plot_ids),
        plots_unpaired=len(biomass.unpaired),
        trees=int(biomass.n_trees.sum()),
        draws=stage.draws,
        height_model=biomass.height_model or "none needed",
        equations=dg.MetadataValue.md(biomass.equations.to_markdown(index=False) or "none"),
        biomass=biomass_by_plot(summary),
    )
