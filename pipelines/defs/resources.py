"""The workspace that assets, checks and sensors work in."""

import dagster as dg

from pipelines.resources import workspace_from_environment


@dg.definitions
def resources() -> dg.Definitions:
    """Bind the workspace from the environment."""
    return dg.Definitions(resources={"workspace": workspace_from_environment()})
