"""`parkland plots upload` and `parkland areas load`: to the registry of a home, and over HTTP."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pytest
import uvicorn
from sqlalchemy import text

from mrv.errors import MrvError
from mrv.sources import boundaries
from pipelines.commands.areas import load_areas
from pipelines.commands.plots_upload import upload_plots
from registry_api.app import create_app
from registry_api.services import plot_screening
from registry_api.services.unit_of_work import reading
from tests.registry_api.a_registry import DEVELOPER
from tests.registry_api.api.a_desk import (
    FOREIGN,
    OWN,
    Desk,
    bow_tie,
    collection,
    opened_desk,
    some_plots,
    square,
)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A registry in a home, read in this process."""
    monkeypatch.setattr(boundaries, "read_boundaries", boundaries.parse_boundaries)
    with opened_desk(tmp_path / "home") as desk:
        yield desk


@pytest.fixture
def file(tmp_path: Path) -> Path:
    place = tmp_path / "plots.geojson"
    place.write_bytes(some_plots())
    return place


@dataclass
class Sender:
    """Calls the command as the command line does."""

    home: Path
    registry: str = ""
    key: str = ""

    def __call__(
        self, file: Path, project: str = OWN, *, columns: tuple[str, ...] = (),
        report: Path | None = None, as_json: bool = False,
    ) -> int:  # fmt: skip
        return upload_plots(
            file,
            project,
            registry=self.registry,
            key=self.key,
            home=self.home,
            crs="",
            columns=columns,
            report=report,
            as_json=as_json,
        )


@pytest.fixture(params=["here", "elsewhere"])
def send(request: pytest.FixtureRequest, desk: Desk) -> Iterator[Sender]:
    """The two ways to a registry; the one elsewhere has a worker that screens beside it."""
    if request.param == "here":
        yield Sender(desk.settings.home)
        return
    config = uvicorn.Config(create_app(desk.settings), host="127.0.0.1", port=0, log_level="error")
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run)
    serving.start()
    stop = threading.Event()
    screening = threading.Thread(target=screen_what_waits, args=(desk, stop))
    screening.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Sender(Path("nowhere"), f"http://127.0.0.1:{port}", desk.keys[DEVELOPER])
    stop.set()
    server.should_exit = True
    screening.join()
    serving.join()


def screen_what_waits(desk: Desk, stop: threading.Event) -> None:
    """Work as the worker does, in this process, which starts quicker."""
    waiting = text(
        "SELECT r.upload_id, r.number FROM upload_runs r JOIN upload_run_states s "
        "ON s.run_key = r.id WHERE s.state = 'waiting'"
    )
    while not stop.wait(0.05):
        with reading(desk.settings) as session:
            found = session.execute(waiting).all()
        for upload, number in found:
            plot_screening.process(desk.settings, str(upload), number)


def test_a_file_is_sent_followed_and_told(
    send: Sender, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "to-mend.gpkg"
    assert send(file, report=report) == 1
    page = capsys.readouterr().out
    assert "3 of 4 plots can go in" in page
    assert "self_crossing" in page
    assert f"In {OWN}: 3 new, 0 with another boundary, 0 known already." in page
    assert f"/projects/{OWN}/uploads/" in page
    assert list(gpd.read_file(report)["plot_id"]) == ["K/004"]
    assert send(file) == 1
    assert "was sent before" in capsys.readouterr().out

    mended = gpd.read_file(report)
    mended.geometry = [gpd.GeoDataFrame.from_features([square(4)]).geometry[0]]
    mended.to_file(tmp_path / "mended.gpkg")
    assert send(tmp_path / "mended.gpkg", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["upload"]["tally"]["new"] == 1
    assert [row for row in told["findings"] if row["severity"] == "error"] == []


def test_columns_are_handed_on(
    send: Sender, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "named.geojson"
    feature = bow_tie(1, parcel="Z-9")
    file.write_bytes(collection(feature))
    assert send(file, columns=("plot_id=parcel",), as_json=True) == 1
    told = json.loads(capsys.readouterr().out)
    assert {row["plot_id"] for row in told["findings"] if row["feature"]} == {"Z-9"}


def test_a_file_that_cannot_be_read_is_one_sentence(send: Sender, tmp_path: Path) -> None:
    file = tmp_path / "cut.geojson"
    file.write_bytes(some_plots()[:200])
    with pytest.raises(MrvError) as refused:
        send(file)
    assert refused.value.code.startswith("boundaries.")


def test_a_project_that_is_not_there(send: Sender, file: Path) -> None:
    with pytest.raises(MrvError, match="no project 'nowhere-at-all'") as refused:
        send(file, "nowhere-at-all")
    assert refused.value.code == "registry.not_found"


def test_a_key_does_not_travel_in_the_clear(desk: Desk, file: Path) -> None:
    for address, key, told in (
        ("http://registry.example", "k", "https"),
        ("registry.example", "k", "https"),
        ("http://127.0.0.1.evil.example", "k", "https"),
        ("https://registry.example", "", "PARKLAND_KEY"),
    ):
        with pytest.raises(MrvError, match=told):
            Sender(desk.settings.home, address, key)(file)


def test_a_registry_that_does_not_answer(file: Path, desk: Desk) -> None:
    with pytest.raises(MrvError, match="does not answer") as failed:
        Sender(desk.settings.home, "http://127.0.0.1:9", "k")(file)
    assert failed.value.code == "source.failed"


def test_areas_are_loaded_and_held_against_what_comes(
    desk: Desk, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forest = gpd.GeoDataFrame.from_features([square(2)], crs="EPSG:4326")[["geometry"]]
    forest["name"] = "Kolwa Forest"
    forest.to_file(tmp_path / "forests.gpkg")
    home = desk.settings.home
    for _ in range(2):
        load_areas(tmp_path / "forests.gpkg", home, name="forests", kind="protected", source="us")
        assert "1 areas of 'forests' (protected, version 1)" in capsys.readouterr().out
    assert Sender(home)(file) == 1
    page = capsys.readouterr().out
    assert "2 of 4 plots can go in" in page
    assert "Kolwa Forest" in page
    with pytest.raises(MrvError):
        load_areas(tmp_path / "forests.gpkg", home, name="forests", kind="holy", source="us")
    assert desk.get(f"/v1/projects/{FOREIGN}/uploads").status_code == 404
