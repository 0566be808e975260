"""One small landscape, and one run of the whole path over it, shared by the tests here."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.landscape import simulate_landscape
from mrv.sources.simulated import write_landscape
from pipelines.execution import Outcome, dagster_instance, run_whole_path
from pipelines.intake import take_in
from pipelines.openlineage import SINK
from pipelines.workspace import Workspace

PROJECT, PERIOD, SEED, DRAWS = "growing-landscape", "2021-2024", 3, 400


@pytest.fixture(scope="session")
def landscape_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("landscape") / PROJECT
    write_landscape(simulate_landscape(ARCHETYPES["growing"], SEED), folder)
    return folder


@dataclass(frozen=True)
class Home:
    """An installation with its run records open."""

    workspace: Workspace
    instance: dg.DagsterInstance

    def run(self, project: str = PROJECT, period: str = PERIOD) -> Outcome:
        """Run in a thread of its own.

        Dagster closes an event loop after a run, and cannot where one is running already, as
        Playwright's is on the thread of a worker that has driven a browser.
        """
        with ThreadPoolExecutor(1) as thread:
            run = thread.submit(run_whole_path, self.workspace, self.instance, project, period)
            return run.result()


def open_home(folder: Path, *, demo: bool) -> Iterator[Home]:
    with dagster_instance(folder) as instance:
        yield Home(Workspace(folder, demo=demo, draws=DRAWS), instance)


@pytest.fixture(scope="session")
def run_home(tmp_path_factory: pytest.TempPathFactory, landscape_folder: Path) -> Iterator[Home]:
    """A demonstration registry in which the landscape's period has been run once."""
    for home in open_home(tmp_path_factory.mktemp("home"), demo=True):
        take_in(landscape_folder, home.workspace, allow_outside=True)
        yield home


@pytest.fixture(scope="session")
def outcome(run_home: Home) -> Outcome:
    """The one run, told to a catalogue; runs of other tests in this process are not."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(SINK, str(run_home.workspace.home / "openlineage.jsonl"))
        return run_home.run()


@pytest.fixture
def demo_home(tmp_path: Path) -> Iterator[Home]:
    yield from open_home(tmp_path / "home", demo=True)


@pytest.fixture
def real_home(tmp_path: Path) -> Iterator[Home]:
    yield from open_home(tmp_path / "home", demo=False)
