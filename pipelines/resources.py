"""The resource that assets work with: the workspace, configured from the environment by Dagster."""

import os
from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import Field

from pipelines.partitions import project_and_period
from pipelines.shelf import Shelf
from pipelines.workspace import Workspace


class WorkspaceResource(dg.ConfigurableResource):
    """Names the home folder and gives out what lies in it."""

    home: str = Field(description="folder of registry, artifacts, scenes and shelves")
    demo: bool = Field(default=False, description="whether the registry is a demonstration")
    stac_url: str = Field(default="", description="STAC API with the scenes of simulated projects")
    draws: int = Field(default=0, description="Monte Carlo draws; 0 as the methodology says")

    @cached_property
    def workspace(self) -> Workspace:
        """Give the workspace itself."""
        return Workspace(Path(self.home), self.demo, self.stac_url, self.draws)

    def shelf(self, partition_key: str) -> Shelf:
        """Give the shelf of a partition."""
        return self.workspace.shelf(*project_and_period(partition_key))


def workspace_from_environment() -> WorkspaceResource:
    """Bind the resource the way `dagster dev` finds it; the command line passes its own."""
    return WorkspaceResource(
        home=os.environ.get("PARKLAND_HOME", ".parkland"),
        demo=os.environ.get("PARKLAND_DEMO", "").lower() in {"1", "true", "yes"},
        stac_url=os.environ.get("PARKLAND_STAC_URL", ""),
    )
