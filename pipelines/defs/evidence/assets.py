"""The evidence document: everything the credits would stand on, named by content."""

import dagster as dg

from pipelines.defs.credits.assets import core_credits__allocation
from pipelines.evidence import write_document
from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of


@dg.asset(
    partitions_def=PROJECT_PERIOD,
    group_name="evidence",
    kinds={"json"},
    code_version="1",
    deps=[core_credits__allocation],
)
def out_evidence__document(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """One document with the digests of inputs, scenes, tables and code behind the number."""
    stage = stage_of(context.partition_key, workspace)
    document = write_document(stage)
    note = stage.shelf.put_json("evidence", document.model_dump(mode="json", by_alias=True))
    return materialized(
        note,
        artifacts=len(document.artifacts),
        scenes=len(document.scenes),
        code=document.run.code_version,
    )
