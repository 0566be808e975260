"""What a project states about itself, as the run will use it."""

import dagster as dg

from pipelines.materialized import materialized
from pipelines.partitions import PROJECT_PERIOD
from pipelines.resources import WorkspaceResource
from pipelines.stage import stage_of


@dg.asset(
    partitions_def=PROJECT_PERIOD, group_name="project", kinds={"toml", "json"}, code_version="1"
)
def raw_project__settings(
    context: dg.AssetExecutionContext, workspace: WorkspaceResource
) -> dg.MaterializeResult[None]:
    """Settings of the project, the period, and the digests of what was delivered."""
    stage = stage_of(context.partition_key, workspace)
    note = stage.shelf.put_json(
        "settings",
        {
            "settings": stage.settings.model_dump(mode="json", by_alias=True),
            "period": stage.period.model_dump(mode="json"),
            "files": dict(stage.delivery.files),
            "methodology": stage.methodology.digest,
        },
    )
    return materialized(
        note,
        project=stage.settings.name,
        methodology=f"{stage.methodology.id} v{stage.methodology.version}",
        unverified_rules=len(stage.methodology.unverified),
        start=str(stage.period.start),
        end=str(stage.period.end),
    )
