"""Dagster learns of new work by asking the registry, and asks for each piece of it once."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.defs.sensors import approved_estimates, new_periods
from pipelines.execution import dagster_instance
from pipelines.intake import take_in
from pipelines.partitions import PERIODS, PROJECTS, project_and_period
from pipelines.resources import WorkspaceResource
from pipelines.workspace import Workspace
from registry_api.services.issuance import issue
from tests.registry_api import a_registry

SAMPLE = Path(__file__).parents[2] / "sample_plots" / "kisumu-women"
ENDED = {"2019-2022", "2022-2025"}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home", demo=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "brought"))


@pytest.fixture
def instance(workspace: Workspace) -> Iterator[dg.DagsterInstance]:
    with dagster_instance(workspace.home) as opened:
        yield opened


def tick(
    sensor: dg.SensorDefinition, workspace: Workspace, instance: dg.DagsterInstance
) -> dict[str, tuple[str, str]]:
    """Let a sensor look once, as the daemon does, and give run key -> (project, period)."""
    resource = WorkspaceResource(home=str(workspace.home), demo=workspace.demo)
    # `build_sensor_context` cannot check the key of a dynamic partition: it names no instance.
    with dg.SensorEvaluationContext(
        instance_ref=instance.get_ref(),
        last_tick_completion_time=None,
        last_run_key=None,
        cursor=None,
        repository_name=None,
        definitions=defs(),
        resources={"workspace": resource.get_resource_definition()},
    ) as context:
        found = sensor.evaluate_tick(context)
    for request in found.dynamic_partitions_requests or ():
        instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
    keys = {run.run_key: run.partition_key for run in found.run_requests or ()}
    assert len(keys) == len(found.run_requests or ())
    return {str(key): project_and_period(str(at)) for key, at in keys.items()}


def test_a_new_delivery_is_asked_for_once(
    workspace: Workspace, folder: Path, instance: dg.DagsterInstance
) -> None:
    assert tick(new_periods, workspace, instance) == {}
    take_in(folder, workspace)
    asked = tick(new_periods, workspace, instance)
    assert set(asked.values()) == {("kisumu-women", period) for period in ENDED}
    assert instance.get_dynamic_partitions(str(PROJECTS.name)) == ["kisumu-women"]
    assert set(instance.get_dynamic_partitions(str(PERIODS.name))) == ENDED

    # Dagster starts no second run for a run key it has seen.
    take_in(folder, workspace)
    assert tick(new_periods, workspace, instance) == asked


def test_changed_trees_are_asked_for_anew(
    workspace: Workspace, folder: Path, instance: dg.DagsterInstance
) -> None:
    take_in(folder, workspace)
    before = tick(new_periods, workspace, instance)
    with (folder / "trees.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    take_in(folder, workspace)
    after = tick(new_periods, workspace, instance)
    assert set(after.values()) == set(before.values())
    assert set(after).isdisjoint(before)


def test_a_period_that_still_runs_is_not_asked_for(
    workspace: Workspace, folder: Path, instance: dg.DagsterInstance
) -> None:
    settings = (folder / "project.toml").read_text("utf-8")
    ahead = datetime.now(UTC).year + 2
    period = f"2025-{ahead}"
    running = f'[[periods]]\nid = "{period}"\nstart = 2025-01-01\nend = {ahead}-01-01\n'
    (folder / "project.toml").write_text(f"{settings}\n{running}", "utf-8")
    take_in(folder, workspace)
    asked = tick(new_periods, workspace, instance)
    assert {period for _project, period in asked.values()} == ENDED


def test_only_an_approved_estimate_asks_for_issuance_and_only_until_it_is_issued(
    workspace: Workspace, instance: dg.DagsterInstance
) -> None:
    with workspace.registry() as session:
        farm = a_registry.found(session, workspace.settings)
        sha256 = a_registry.submit(session, farm, a_registry.evidence(farm, a_registry.NET_KG))
    assert tick(approved_estimates, workspace, instance) == {}
    with workspace.registry() as session:
        a_registry.approve(session, sha256)
    asked = tick(approved_estimates, workspace, instance)
    assert asked == {f"issue {sha256}": ("lakeside-grevillea", "2021-2023")}
    assert tick(approved_estimates, workspace, instance) == asked
    with workspace.registry() as session:
        issue(session, sha256, "key-of-issuance", by=a_registry.REGISTRAR, settings=farm.settings)
    assert tick(approved_estimates, workspace, instance) == {}
