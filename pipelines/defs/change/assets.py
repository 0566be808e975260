"""The stock change of the project since its first epoch, with one honest variance."""

import dagster as dg

from mrv.change.before_enrolment import counts
from mrv.change.held_growth import hold_growth
from pipelines.baselines import estimate_of
from pipelines.before_enrolment import keep_before_enrolment, look_before_enrolment
from pipelines.defs.scenes.assets import core_scenes__features
from pipelines.defs.trees.assets import core_trees__biomass
from pipelines.defs.watch.assets import core_watch__disturbances
from pipelines.estimates import keep_estimate
from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.pictures import before_enrolment, draws_histogram, growth_against_cap
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of
from pipelines.stocking import HISTORY, history_of
from pipelines.watching import held_plots


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="change",
    kinds={"parquet"},
    code_version="1",
    deps=[core_trees__biomass, core_scenes__features],
)
def core_change__before_enrolment(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """What stood on each plot before it was enrolled, as far as anybody looked."""
    stage = stage_of(context.partition_key, workspace)
    table = look_before_enrolment(stage)
    note = keep_before_enrolment(stage, table)
    return materialized(
        note,
        **{f"plots_{verdict}": count for verdict, count in counts(table).items()},
        greenness=before_enrolment(table),
    )


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="change",
    kinds={"parquet"},
    code_version="1",
    deps=[core_scenes__features],
)
def core_change__stocking_history(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """The stocking index of every plot and year; empty where no control is to be matched."""
    stage = stage_of(context.partition_key, workspace)
    table = history_of(stage, context.log.info)
    note = stage.shelf.put_table(HISTORY, table)
    return materialized(note, years=int(table["year"].nunique()))


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="change",
    kinds={"numpy", "json"},
    code_version="2",
    deps=[
        core_trees__biomass,
        core_scenes__features,
        core_watch__disturbances,
        core_change__stocking_history,
        core_change__before_enrolment,  # a gate on the estimate asks for it
    ],
)
def core_change__estimate(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Gross, baseline and net removals per draw, per stratum and per plot [t CO2e]."""
    stage = stage_of(context.partition_key, workspace)
    estimate = estimate_of(stage)
    held = held_plots(stage)
    estimate = hold_growth(estimate, held)
    note = keep_estimate(stage.shelf, estimate)
    return materialized(
        note,
        estimator=estimate.estimator,
        why=estimate.map.reason,
        gross_tco2e=float(estimate.gross_tco2e.mean()),
        baseline_tco2e=estimate.creditable_baseline_tco2e,
        net_tco2e=estimate.creditable_net_tco2e,
        growth_held=len(held),
        u90=str(round(estimate.u90, 4)),
        net=draws_histogram(estimate.net_tco2e, "net removals [t CO2e]"),
        plausible=growth_against_cap(
            estimate, stage.methodology, stage.settings.ecology.growth_cap
        ),
    )
