"""Uploaded plots go into estimates as the registry holds them, and nothing writes them back."""

import shutil
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest

from mrv.sources.artifacts import ArtifactStore
from pipelines.defs.plots.assets import (
    core_plots__screened,
    out_registry__plots,
    raw_plots__boundaries,
)
from pipelines.intake import delivery_of, take_in
from pipelines.partitions import add_partition, partition_key
from pipelines.plots import screened_plots
from pipelines.resources import WorkspaceResource
from pipelines.workspace import Workspace
from registry_api.errors import Contradiction
from registry_api.services import contests, plot_history
from registry_api.services.accounts import register_account
from registry_api.services.contests import Objection
from registry_api.services.deliveries import PLOTS, REGISTRY_PLOTS, TREES
from tests.registry_api.sent_plots import Sender, geojson, plot, square

PROJECT, PERIOD, DEVELOPER = "kisumu-women", "2019-2022", "nyando-growers"
SAMPLE = Path(__file__).parents[2] / "sample_plots" / PROJECT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project whose plots come by upload."""
    folder = tmp_path / PROJECT
    shutil.copytree(SAMPLE, folder)
    settings = (folder / "project.toml").read_text("utf-8")
    (folder / "project.toml").write_text(settings.replace('plots = "plots.geojson"\n', ""), "utf-8")
    return folder


@pytest.fixture
def workspace(tmp_path: Path, folder: Path) -> Workspace:
    workspace = Workspace(tmp_path / "home", demo=True)
    take_in(folder, workspace)
    return workspace


@pytest.fixture
def sender(workspace: Workspace) -> Sender:
    return Sender(workspace.settings, PROJECT, DEVELOPER)


def run(workspace: Workspace, *assets: dg.AssetsDefinition) -> None:
    """Run in a thread of its own, for the same reason as `conftest.Home.run`."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(_run, workspace, assets).result()


def _run(workspace: Workspace, assets: Sequence[dg.AssetsDefinition]) -> None:
    key = partition_key(PROJECT, PERIOD)
    resources = {"workspace": WorkspaceResource(home=str(workspace.home), demo=True)}
    with dg.DagsterInstance.ephemeral() as instance:
        add_partition(instance, PROJECT, PERIOD)
        dg.materialize(assets, partition_key=key, resources=resources, instance=instance)


def without_consent(name: str, column: float) -> dict[str, object]:
    feature = plot(name, square(column))
    for cell in ("consent_given", "consent_on"):
        del feature["properties"][cell]
    return feature


def test_plots_of_files_with_and_without_consent_are_all_estimated(
    workspace: Workspace, sender: Sender
) -> None:
    """The registry took both in: one file asked the farmers, the other had no column for it."""
    sender.send(geojson([plot("A", square(0))]), "asked.geojson")
    sender.send(geojson([without_consent("B", 1)]), "not-asked.geojson")
    run(workspace, raw_plots__boundaries, core_plots__screened, out_registry__plots)
    assert set(screened_plots(workspace.shelf(PROJECT, PERIOD))["plot_id"]) == {"A", "B"}
    with workspace.registry() as session:
        versions = plot_history.versions(
            session, workspace.settings, PROJECT, "A", by=sender.account
        )
    assert len(versions) == 1


def test_what_tells_where_plots_lie_is_kept_encrypted(workspace: Workspace, sender: Sender) -> None:
    """As delivered, as drawn and as screened; digests name it all the same."""
    sender.send(geojson([plot("A", square(0))]))
    run(workspace, raw_plots__boundaries, core_plots__screened)
    shelf = workspace.shelf(PROJECT, PERIOD)
    delivered = delivery_of(workspace, PROJECT).files
    private = [delivered[PLOTS], delivered[TREES]]
    private += [shelf.note(name).sha256 for name in ("boundaries", "plots", "plot_findings")]
    in_the_open = ArtifactStore(workspace.settings.artifact_root)
    assert [sha256 for sha256 in private if in_the_open.has(sha256)] == []
    assert all(workspace.store.has(sha256) for sha256 in private)
    assert in_the_open.has(delivered["project.toml"])


def test_a_run_honours_what_a_verifier_decided(workspace: Workspace, sender: Sender) -> None:
    """A stands before Z in the run and came after it in the registry, where both may stand."""
    sender.send(geojson([plot("Z", square(0))]), "first.geojson")
    contested = sender.send(geojson([plot("A", square(0.25))]))
    with workspace.registry() as session:
        objection = Objection(contested.id, "A", "overlap_registered", "See the deed.")
        filed = contests.file(session, workspace.settings, PROJECT, objection, by=sender.account)
        verifier = register_account(session, "independent-eyes", "Eyes", "verifier")
        contests.decide(session, filed.id, upheld=True, statement="Seen.", by=verifier)
    sender.again(contested.id, contested.run.choices)
    run(workspace, raw_plots__boundaries, core_plots__screened, out_registry__plots)
    assert set(screened_plots(workspace.shelf(PROJECT, PERIOD))["plot_id"]) == {"A", "Z"}


def test_a_run_on_older_plots_does_not_bring_them_back(
    workspace: Workspace, sender: Sender
) -> None:
    """What a plot left may be another project's by now."""
    sender.send(geojson([plot("A", square(0))]))
    run(workspace, raw_plots__boundaries, core_plots__screened)
    sender.send(geojson([plot("A", square(5))]), "moved.geojson")
    with pytest.raises(Contradiction, match=r"changed meanwhile: A\."):
        run(workspace, out_registry__plots)
    with workspace.registry() as session:
        newest, _first = plot_history.versions(
            session, workspace.settings, PROJECT, "A", by=sender.account
        )
    assert newest.geometry["coordinates"][0][0][0] == pytest.approx(square(5)[0][0], abs=0.001)


def test_new_trees_do_not_take_the_plots_away(
    workspace: Workspace, sender: Sender, folder: Path
) -> None:
    sender.send(geojson([plot("A", square(0))]))
    before = delivery_of(workspace, PROJECT)
    with (folder / "trees.csv").open("a") as trees:
        trees.write("\n")
    take_in(folder, workspace)
    after = delivery_of(workspace, PROJECT)
    assert after.files[TREES] != before.files[TREES]
    assert (after.names[PLOTS], after.files[PLOTS]) == (REGISTRY_PLOTS, before.files[PLOTS])
