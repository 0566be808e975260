"""Handing the estimate to the registry, issuing what a verifier approved, and the bundle of it."""

import dagster as dg

from pipelines.bundles import keep_bundle
from pipelines.defs.evidence.assets import out_evidence__document
from pipelines.defs.plots.assets import out_registry__plots
from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.registry import issue_if_approved, issued_batch, submit
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="registry",
    kinds={"sql"},
    code_version="1",
    deps=[out_evidence__document, out_registry__plots],
)
def out_registry__estimate(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """The evidence in the registry, waiting for a verifier."""
    stage = stage_of(context.partition_key, workspace)
    submission = submit(stage)
    if submission is None:
        note = stage.shelf.put_json("submission", {"estimate": None})
        return materialized(note, state="the period was issued before, on other evidence")
    note = stage.shelf.put_json("submission", {"estimate": submission.sha256})
    return materialized(note, estimate=submission.sha256, state=submission.state)


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="registry",
    kinds={"sql"},
    code_version="1",
    deps=[out_registry__estimate],
)
def out_registry__credits(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Issued credits, once a verifier who is not the developer has approved.

    A demonstration registry signs for itself and says so. Without an approval nothing is issued
    and this asset says that it waits; the sensor `approved_estimates` comes back to it.
    """
    stage = stage_of(context.partition_key, workspace)
    submitted = stage.shelf.json("submission")["estimate"]
    batch = issue_if_approved(stage, submitted) if submitted else issued_batch(stage)
    if batch is None:
        note = stage.shelf.put_json("credits", {"state": "waiting for a verifier"})
        return materialized(note, state="waiting for a verifier's decision")
    state = "issued" if submitted else "issued before, on other evidence"
    note = stage.shelf.put_json(
        "credits",
        {
            "state": state,
            "batch": batch.id,
            "credits_t": batch.credits_t,
            "buffer_t": batch.buffer_t,
            "serial": batch.credits.text if batch.credits else None,
        },
    )
    return materialized(
        note,
        state=state,
        credits_t=batch.credits_t,
        buffer_t=batch.buffer_t,
        serials=batch.credits.text if batch.credits else "none",
    )


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="registry",
    kinds={"zip"},
    code_version="1",
    deps=[out_registry__credits],
)
def out_registry__bundle(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Everything the credits stand on in one RO-Crate, for `parkland verify`; kept encrypted."""
    stage = stage_of(context.partition_key, workspace)
    return materialized(keep_bundle(stage))
