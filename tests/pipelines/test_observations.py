"""Reading scenes as a stage of Dagster: what it tells, and what a later period still reads."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

import pipelines.observations
from mrv.imagery.packing import unpack
from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.landscape import simulate_landscape
from mrv.simulation.spec import Weather
from mrv.sources.simulated import write_landscape
from pipelines.defs.plots.assets import core_plots__screened, raw_plots__boundaries
from pipelines.defs.project.assets import raw_project__settings
from pipelines.defs.scenes.assets import core_scenes__observations, raw_scenes__items
from pipelines.intake import take_in
from pipelines.partitions import add_partition, partition_key
from pipelines.resources import WorkspaceResource
from pipelines.scenes import take_scenes
from tests.pipelines.conftest import Home
from tests.pipelines.dask_cluster import dask_cluster
from tests.pipelines.observing import CountedScenes

PROJECT, FIRST, SECOND = "two-periods", "2019-2022", "2022-2025"
STAGES = (
    raw_project__settings,
    raw_plots__boundaries,
    core_plots__screened,
    raw_scenes__items,
    core_scenes__observations,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    few = Weather(dry_scenes=2, wet_scenes=1, dry_cloud=0.05)
    epochs = (date(2019, 1, 1), date(2022, 1, 1), date(2025, 1, 1))
    spec = replace(ARCHETYPES["growing"], weather=few, epochs=epochs)
    out = tmp_path_factory.mktemp("project") / PROJECT
    return write_landscape(simulate_landscape(spec, 5), out).folder


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CountedScenes:
    """Count what the stage opens."""
    counted = CountedScenes(tmp_path / "opened")
    monkeypatch.setattr(pipelines.observations, "open_scene", counted)
    return counted


def materialized(home: Home, period: str) -> dict[str, object]:
    """Run the stages up to the observations; gives what Dagster was told of them."""
    add_partition(home.instance, PROJECT, period)

    def run() -> dg.ExecuteInProcessResult:
        return dg.materialize(
            STAGES,
            partition_key=partition_key(PROJECT, period),
            instance=home.instance,
            resources={"workspace": WorkspaceResource(home=str(home.workspace.home), demo=True)},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )

    with ThreadPoolExecutor(1) as thread:  # as in Home.run
        result = thread.submit(run).result()
    (event,) = result.asset_materializations_for_node("core_scenes__observations")
    return {name: value.value for name, value in event.metadata.items()}


def scenes_of(home: Home, period: str) -> set[str]:
    return {scene.id for scene in take_scenes(home.workspace.shelf(PROJECT, period))}


@pytest.mark.slow
def test_a_second_period_reads_only_what_is_new_and_a_second_run_nothing(
    demo_home: Home, folder: Path, opener: CountedScenes
) -> None:
    take_in(folder, demo_home.workspace, allow_outside=True)
    told = materialized(demo_home, FIRST)
    first = scenes_of(demo_home, FIRST)
    assert set(opener.opened()) == first
    assert told["scenes"] == len(first) == 6
    assert int(str(told["blocks_decoded"])) >= 3 * len(first)
    assert float(str(told["megabytes_decoded"])) > 1

    opener.log.unlink()
    told = materialized(demo_home, SECOND)
    second = scenes_of(demo_home, SECOND)
    assert len(second) == 6
    assert second - first
    assert set(opener.opened()) == second - first
    assert told["scenes"] == len(second)

    opener.log.unlink()
    again = materialized(demo_home, SECOND)
    assert not opener.opened()
    assert (again["scenes"], again["blocks_decoded"], again["megabytes_decoded"]) == (6, 0, 0.0)
    assert again["sha256"] == told["sha256"]
    kept = [path for path in (demo_home.workspace.home / "pixels").rglob("*") if path.is_file()]
    assert {path.relative_to(demo_home.workspace.home).parts[1] for path in kept} >= {"plans"}
    assert all(unpack(path.read_bytes()) is None for path in kept), "not sealed"


@pytest.mark.slow
def test_a_cluster_that_is_set_makes_the_same_observations(
    demo_home: Home,
    folder: Path,
    opener: CountedScenes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    take_in(folder, demo_home.workspace, allow_outside=True)
    told = materialized(demo_home, FIRST)
    opener.log.unlink()
    with dask_cluster(tmp_path, workers=1) as cluster:
        monkeypatch.setenv("PARKLAND_DASK_SCHEDULER", cluster.address)
        monkeypatch.setenv("PARKLAND_PIXELS", str(tmp_path / "elsewhere"))
        by_cluster = materialized(demo_home, FIRST)
    assert set(opener.opened()) == scenes_of(demo_home, FIRST)
    assert by_cluster["sha256"] == told["sha256"]
    assert by_cluster["blocks_decoded"] == told["blocks_decoded"]
    assert (tmp_path / "elsewhere" / "sums").is_dir()
