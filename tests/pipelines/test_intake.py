"""Taking a folder in: whole or not at all, once, and then it is due."""

import shutil
from pathlib import Path

import pytest

from mrv.errors import MrvError
from pipelines.due import due_periods
from pipelines.intake import delivered_projects, delivery_of, take_in
from pipelines.workspace import Workspace
from registry_api.errors import NotFound
from registry_api.services import deliveries
from registry_api.services.projects import list_projects

SAMPLE = Path(__file__).parents[2] / "sample_plots" / "kisumu-women"
PROJECT = "kisumu-women"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home", demo=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SAMPLE, tmp_path / "brought"))


def _known(workspace: Workspace) -> list[str]:
    with workspace.reading() as session:
        return [card.id for card in list_projects(session).items]


def test_a_folder_is_delivered_by_content_and_then_due(workspace: Workspace, folder: Path) -> None:
    assert due_periods(workspace) == []
    assert take_in(folder, workspace) == PROJECT
    delivery = delivery_of(workspace, PROJECT)
    assert delivered_projects(workspace) == [PROJECT]
    assert set(delivery.files) == {"project.toml", "plots", "trees"}
    assert delivery.names["plots"] == "plots.geojson"
    assert workspace.store.get_bytes(delivery.files["trees"]) == (folder / "trees.csv").read_bytes()
    (due, *_more) = due_periods(workspace)
    assert due.project == PROJECT
    assert not (workspace.home / "deliveries").exists()


def test_the_same_folder_again_is_the_same_cause(workspace: Workspace, folder: Path) -> None:
    take_in(folder, workspace)
    due, delivery = due_periods(workspace), delivery_of(workspace, PROJECT)
    take_in(folder, workspace)
    assert (due_periods(workspace), delivery_of(workspace, PROJECT)) == (due, delivery)


def test_changed_trees_are_another_cause(workspace: Workspace, folder: Path) -> None:
    take_in(folder, workspace)
    before = due_periods(workspace)
    with (folder / "trees.csv").open("a", encoding="utf-8") as file:
        file.write("\n")
    take_in(folder, workspace)
    after = due_periods(workspace)
    assert [due.period for due in after] == [due.period for due in before]
    assert {due.because for due in after}.isdisjoint(due.because for due in before)


def test_nothing_is_half_taken_in(
    workspace: Workspace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The project is not registered either, where its delivery cannot be taken down."""

    def killed(*_args: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "record_delivery", killed)
        with pytest.raises(KeyboardInterrupt):
            take_in(folder, workspace)
    assert _known(workspace) == []
    take_in(folder, workspace)
    assert _known(workspace) == [PROJECT]


def test_a_folder_that_contradicts_the_register_changes_nothing(
    workspace: Workspace, folder: Path
) -> None:
    take_in(folder, workspace)
    before = delivery_of(workspace, PROJECT)
    settings = (folder / "project.toml").read_text("utf-8")
    (folder / "project.toml").write_text(
        settings.replace('developer = "nyando-growers"', 'developer = "somebody-else"'), "utf-8"
    )
    with pytest.raises(MrvError, match="another developer"):
        take_in(folder, workspace)
    assert delivery_of(workspace, PROJECT) == before


def test_a_project_that_never_came_is_a_sentence(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="Nothing was delivered here for a project 'never-seen'"):
        delivery_of(workspace, "never-seen")
