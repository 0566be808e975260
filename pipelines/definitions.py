"""The Dagster entry point: everything under defs/, bound to one workspace, run in process."""

from pathlib import Path

import dagster as dg


@dg.definitions
def defs() -> dg.Definitions:
    """Collect every asset, check, job and sensor under defs/.

    The in-process executor is the default because a run's stages hand each other small files and
    starting an interpreter for each would take ten times as long as the work.
    """
    return dg.Definitions.merge(
        dg.load_from_defs_folder(path_within_project=Path(__file__).parent),
        dg.Definitions(executor=dg.in_process_executor),
    )
