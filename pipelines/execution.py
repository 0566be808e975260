"""Running the whole path in this process, and what came of it."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterAssetCheckFailedError
from dagster._core.instance import InstanceRef

from mrv.imagery.progress import Extent
from mrv.quality import Verdict
from pipelines.definitions import defs
from pipelines.defs.jobs import WATCH, WHOLE_PATH
from pipelines.gates import verdicts_of
from pipelines.partitions import add_partition, partition_key
from pipelines.progress import RunProgress
from pipelines.resources import WorkspaceResource
from pipelines.stage import Stage
from pipelines.steps import Listener, listening
from pipelines.workspace import Workspace

_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
_INSTANCE_FILE = Path(__file__).parents[1] / "dagster.yaml"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run led to.

    Attributes:
        stage: The project and period it was about.
        finished: Steps that finished, in order.
        verdicts: Every gate's answer.
        refused: Whether all went well and the rules allow no credits.
    """

    stage: Stage
    finished: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    refused: bool


@cache
def _whole_path() -> dg.JobDefinition:
    return defs().resolve_job_def(WHOLE_PATH)


@contextmanager
def dagster_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """Open the run records under a home folder, as `dagster dev` sees them too."""
    home.mkdir(parents=True, exist_ok=True)
    logging.getLogger("dagster").setLevel(logging.CRITICAL)
    logging.getLogger("alembic").setLevel(logging.WARNING)

    reference = InstanceRef.from_dir(
        str(home.resolve()), config_dir=str(_INSTANCE_FILE.parent), config_filename="dagster.yaml"
    )
    with (
        _interrupts_heard(),
        _home_named(home),
        dg.DagsterInstance.from_ref(reference) as instance,
    ):
        yield instance


@contextmanager
def _interrupts_heard() -> Iterator[None]:
    """Take SIGINT as usual meanwhile, also where whoever started us ignores it, as scripts do.

    Dagster gives SIGTERM what SIGINT has, and its helpers inherit that: ignored, no run could end
    them, and each would wait for half a minute and leave one behind.
    """
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if not ignored or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _home_named(home: Path) -> Iterator[None]:
    """Set PARKLAND_HOME meanwhile: dagster.yaml can name its folder in no other way."""
    before = os.environ.get("PARKLAND_HOME")
    os.environ["PARKLAND_HOME"] = str(home.resolve())
    try:
        yield
    finally:
        if before is None:
            del os.environ["PARKLAND_HOME"]
        else:
            os.environ["PARKLAND_HOME"] = before


def run_whole_path(
    workspace: Workspace,
    instance: dg.DagsterInstance,
    project: str,
    period: str,
    progress: RunProgress | None = None,
) -> Outcome:
    """Run every stage for one project and period, in this process.

    Raises:
        MrvError: What stopped a stage, if it was not a refusal to credit.
    """
    add_partition(instance, project, period)
    stage = Stage(workspace, project, period)
    job = _whole_path()
    finished: list[str] = []

    def step_done(step: str) -> None:
        finished.append(step)
        if progress is not None:
            progress.steps(len(finished), len(job.nodes))

    def scenes_read(extent: Extent) -> None:
        if progress is not None:
            progress.scenes(extent)

    refused = False
    try:
        with listening(Listener(step_done, scenes_read)):
            job.execute_in_process(
                run_config=_QUIET,
                instance=instance,
                partition_key=partition_key(project, period),
                resources={"workspace": _resource(workspace)},
            )
    except DagsterAssetCheckFailedError:
        refused = True  # the blocking check has demanded the gates; nothing went wrong
    return Outcome(stage, tuple(finished), verdicts_of(stage), refused)


def run_watch(
    workspace: Workspace, instance: dg.DagsterInstance, project: str, period: str
) -> None:
    """Look for disturbances of one project and period, in this process, as a stage of its own."""
    add_partition(instance, project, period)
    defs().resolve_job_def(WATCH).execute_in_process(
        run_config=_QUIET,
        instance=instance,
        partition_key=partition_key(project, period),
        resources={"workspace": _resource(workspace)},
    )


def _resource(workspace: Workspace) -> WorkspaceResource:
    return WorkspaceResource(
        home=str(workspace.home.resolve()),
        demo=workspace.demo,
        stac_url=workspace.stac_url,
        draws=workspace.draws,
    )
