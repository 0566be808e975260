"""How Dagster learns of new work: it asks the registry, the registry never calls Dagster."""

from collections.abc import Iterator

import dagster as dg

from pipelines.defs.jobs import CHIPS, DrawnPlots, issue_approved, path_of_a_tonne
from pipelines.due import Due, due_chips, due_issuances, due_periods
from pipelines.partitions import PERIODS, PROJECTS, partition_key
from pipelines.resources import WorkspaceResource


@dg.sensor(job=path_of_a_tonne, minimum_interval_seconds=30)
def new_periods(workspace: WorkspaceResource) -> dg.SensorResult:
    """Run every delivered project's periods that have ended and have no estimate yet."""
    return _requests(due_periods(workspace.workspace))


@dg.sensor(job=issue_approved, minimum_interval_seconds=30)
def approved_estimates(workspace: WorkspaceResource) -> dg.SensorResult:
    """Issue what a verifier has approved since."""
    return _requests(due_issuances(workspace.workspace))


@dg.sensor(job_name=CHIPS, minimum_interval_seconds=30)
def drawn_samples(workspace: WorkspaceResource) -> Iterator[dg.RunRequest]:
    """Cut chips of what verifiers have drawn since."""
    for work in due_chips(workspace.workspace):
        drawn = DrawnPlots(project=work.project, period=work.period)
        yield dg.RunRequest(work.because, run_config=dg.RunConfig({"cut_chips": drawn}))


def _requests(due: list[Due]) -> dg.SensorResult:
    # The run key names what the work rests on, so that each delivery and decision runs once.
    return dg.SensorResult(
        run_requests=[
            dg.RunRequest(
                run_key=work.because, partition_key=partition_key(work.project, work.period)
            )
            for work in due
        ],
        dynamic_partitions_requests=[
            PROJECTS.build_add_request(sorted({work.project for work in due})),
            PERIODS.build_add_request(sorted({work.period for work in due})),
        ]
        if due
        else [],
    )
