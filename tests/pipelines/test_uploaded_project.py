"""A project that comes over HTTP is found by the pipeline, and read as if it were a folder."""

import io
import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from mrv.field.csv_text import parse_csv
from mrv.sources.boundaries import parse_boundaries
from mrv.sources.projects import read_project
from pipelines.due import due_periods
from pipelines.intake import delivery_of, take_in
from pipelines.stage import Stage
from pipelines.workspace import Workspace
from registry_api.app import create_app
from registry_api.services import accounts
from registry_api.services.deliveries import PLOTS, PROJECT, TREES

SAMPLE = Path(__file__).parents[2] / "sample_plots" / "kisumu-women"
DEVELOPER = "nyando-growers"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home", demo=True)


def upload(workspace: Workspace, folder: Path) -> Response:
    """Zip a folder as people do, and send it."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder.parent))
    with workspace.registry() as session:
        accounts.register_account(session, DEVELOPER, "Nyando growers", "developer")
        key = accounts.create_key(session, DEVELOPER)
    with TestClient(create_app(workspace.settings), base_url="http://127.0.0.1") as client:
        return client.post(
            "/v1/projects",
            content=body.getvalue(),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/zip"},
        )


def test_an_upload_is_due_and_can_be_read(workspace: Workspace) -> None:
    assert due_periods(workspace) == []
    answer = upload(workspace, SAMPLE)
    assert answer.status_code == 201, answer.text
    assert answer.json()["look_next"]["project"] == "/v1/projects/kisumu-women"
    due, *_later = due_periods(workspace)
    stage = Stage(workspace, due.project, due.period)
    folder = read_project(SAMPLE)
    assert stage.settings == folder.settings
    assert stage.period.id == due.period
    plots = parse_boundaries(stage.delivered(PLOTS), stage.delivery.names[PLOTS]).frame
    assert len(plots) == len(folder.plots_raw)
    assert folder.trees_raw is not None
    assert len(parse_csv(stage.delivered(TREES))) == len(folder.trees_raw)
    with stage.delivered_folder() as laid_out:
        again = read_project(laid_out)
    assert again.digests == folder.digests


def test_a_folder_and_its_upload_are_one_delivery(workspace: Workspace) -> None:
    take_in(SAMPLE, workspace)
    before, due = delivery_of(workspace, "kisumu-women"), due_periods(workspace)
    assert upload(workspace, SAMPLE).status_code == 200  # there is nothing new in it
    assert (delivery_of(workspace, "kisumu-women"), due_periods(workspace)) == (before, due)


def test_tables_in_folders_of_their_own_are_laid_out_there(
    workspace: Workspace, tmp_path: Path
) -> None:
    """Both have the same name, so that laying them side by side would lose one."""
    folder = tmp_path / "kisumu-women"
    for name, inside in (("plots.geojson", "plots/data.geojson"), ("trees.csv", "trees/data.csv")):
        (folder / inside).parent.mkdir(parents=True)
        (folder / inside).write_bytes((SAMPLE / name).read_bytes())
    settings = (SAMPLE / PROJECT).read_text("utf-8")
    settings = settings.replace('"plots.geojson"', '"plots/data.geojson"')
    settings = settings.replace('"trees.csv"', '"trees/data.csv"')
    (folder / PROJECT).write_text(settings, "utf-8")
    assert upload(workspace, folder).status_code == 201
    due, *_later = due_periods(workspace)
    with Stage(workspace, due.project, due.period).delivered_folder() as laid_out:
        assert read_project(laid_out).digests == read_project(folder).digests
