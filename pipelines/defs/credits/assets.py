"""From the estimate to kilograms: deductions in order, then each plot's share."""

import dagster as dg
import pandas as pd

from mrv.crediting.gates import demand
from pipelines.credits import contributions_of, keep_books, keep_waterfall, waterfall_of
from pipelines.defs.change.assets import core_change__estimate
from pipelines.gates import verdicts_of
from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.pictures import waterfall_bars
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="credits",
    kinds={"json"},
    code_version="1",
    deps=[core_change__estimate],
)
def core_credits__waterfall(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Gross, baseline, uncertainty, emissions, leakage, buffer, whole credits [kg CO2e].

    The gates are demanded here again: a click on this one asset passes no check on its way.
    """
    stage = stage_of(context.partition_key, workspace)
    demand(verdicts_of(stage), demo=stage.workspace.demo)
    keep_books(stage)
    waterfall, issuance = waterfall_of(stage)
    note = keep_waterfall(stage.shelf, waterfall, issuance)
    return materialized(
        note,
        credits_t=issuance.credits_t,
        buffer_t=issuance.buffer_t,
        carried_out_kg=issuance.carried_out_kg,
        u90=waterfall.u90,
        steps=waterfall_bars([(line.key, line.quantity_kg) for line in waterfall.lines]),
    )


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="credits",
    kinds={"parquet"},
    code_version="1",
    deps=[core_credits__waterfall],
)
def core_credits__allocation(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """What each plot contributed; signed, adding up to the kilogram."""
    stage = stage_of(context.partition_key, workspace)
    shares = pd.DataFrame([share.model_dump() for share in contributions_of(stage)])
    note = stage.shelf.put_table("allocation", shares)
    return materialized(
        note,
        plots=len(shares),
        net_kg=int(shares["net_kg"].sum()),
        plots_with_a_loss=int((shares["net_kg"] < 0).sum()),
    )
