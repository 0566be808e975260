"""Landscapes on disk: whole project folders, readable scenes, and samples that their seed gives."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio

from mrv.errors import ProjectInvalid
from mrv.imagery.scenes import item_digest
from mrv.project import parse_project
from mrv.simulation.archetypes import ARCHETYPES, SAMPLE_PROJECTS, find_archetype
from mrv.simulation.landscape import Landscape, simulate_landscape
from mrv.simulation.project_files import project_texts
from mrv.simulation.scenes import render_scene
from mrv.simulation.spec import LandscapeSpec, Weather
from mrv.sources import simulated
from mrv.sources.projects import read_project
from mrv.sources.rasters import open_scene
from mrv.sources.simulated import Written, ensure_scenes, write_landscape
from mrv.sources.stac import SceneQuery, search_scenes

SAMPLES = Path(__file__).parents[3] / "sample_plots"
FEW = Weather(dry_scenes=2, wet_scenes=1)


def few_scenes(name: str) -> LandscapeSpec:
    return replace(ARCHETYPES[name], weather=FEW, side_m=3000, collection="sentinel-2-l2a")


@pytest.fixture(scope="module")
def landscape() -> Landscape:
    """Give a landscape with six scenes."""
    return simulate_landscape(few_scenes("growing"), seed=11)


@pytest.fixture(scope="module")
def written(landscape: Landscape, tmp_path_factory: pytest.TempPathFactory) -> Written:
    """Write it."""
    return write_landscape(landscape, tmp_path_factory.mktemp("out") / "small-place")


def test_the_folder_is_a_project(written: Written, landscape: Landscape) -> None:
    project = read_project(written.folder)
    assert project.settings.id == "small-place"
    assert project.settings.simulation is not None
    assert set(project.plots_raw["plot_id"]) == set(landscape.plots["plot_id"])
    assert project.trees_raw is not None
    assert len(project.trees_raw) == len(landscape.inventory)
    assert Path(project.catalog) == written.catalog


def test_the_truth_is_sealed_beside_it(written: Written, landscape: Landscape) -> None:
    sealed = (written.folder / "truth.json").read_bytes()
    record = json.loads((written.folder / "simulation.json").read_text())
    assert record["truth_sha256"] == hashlib.sha256(sealed).hexdigest() == written.truth_sha256
    assert record["simulated"] is True
    told = json.loads(sealed)["periods"][0]["additional_tco2e"]
    assert told == pytest.approx(landscape.truth.periods[0].additional_tco2e)


def test_scenes_are_found_and_their_pixels_are_those_rendered(
    written: Written, landscape: Landscape
) -> None:
    assert written.catalog is not None
    looks = landscape.acquisitions
    west, south, east, north = landscape.plots.total_bounds
    query = SceneQuery(
        "sentinel-2-l2a", (west, south, east, north), looks[0].at.date(), looks[-1].at.date()
    )
    scenes = search_scenes(str(written.catalog), query)
    assert [scene.acquired_at for scene in scenes] == [look.at for look in looks]
    assert {scene.offset.offset for scene in scenes} == {0.0}
    assert (
        min(s.offset.baseline or 9 for s in scenes)
        < 4
        <= max(s.offset.baseline or 0 for s in scenes)
    )
    rendered = render_scene(landscape, looks[2])
    with open_scene(scenes[2]) as opened:
        grid = opened.layout("nir").grid
        assert (grid.height, grid.width) == rendered.digital_numbers["nir"].shape
        assert (grid.left, grid.top) == (landscape.grid.left_m, landscape.grid.top_m)
    for name in ("red", "swir16"):
        with rasterio.open(scenes[2].assets[name]) as file:
            assert np.array_equal(file.read(1), rendered.digital_numbers[name])
            assert (file.nodata, file.tags()["PARKLAND_SIMULATED"]) == (0, "YES")
            assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
            assert file.crs.to_epsg() == landscape.grid.epsg
    with rasterio.open(scenes[2].assets["scl"]) as file:
        assert np.array_equal(file.read(1), rendered.scl)


def test_the_same_seed_gives_the_same_files(
    written: Written, landscape: Landscape, tmp_path: Path
) -> None:
    again = simulate_landscape(landscape.spec, seed=11)
    other = write_landscape(again, tmp_path / "small-place")
    assert digests(other.folder) == digests(written.folder)
    assert other.megabytes == pytest.approx(written.megabytes)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest()
        for f in sorted(folder.rglob("*"))
        if f.is_file()
    }


def test_pixels_rendered_otherwise_are_other_items(
    written: Written, landscape: Landscape, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pixels are kept by the digest of their item; what stands for other pixels must differ."""
    monkeypatch.setattr(simulated, "RENDERING", simulated.RENDERING + 1)
    other = write_landscape(landscape, tmp_path / "rendered-otherwise")
    one, two = (items_of(place.folder / "scenes") for place in (written, other))
    assert one.keys() == two.keys()
    assert one
    assert not set(one.values()) & set(two.values())


def items_of(scenes: Path) -> dict[str, str]:
    items = (json.loads(path.read_text("utf-8")) for path in scenes.glob("*/*/*.json"))
    return {item["id"]: item_digest(item) for item in items}


def test_a_folder_in_use_is_left_alone(landscape: Landscape, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(ProjectInvalid, match="not empty"):
        write_landscape(landscape, tmp_path)
    assert [f.name for f in tmp_path.iterdir()] == ["note.txt"]


def test_a_folder_name_that_is_no_project_id_is_refused(
    landscape: Landscape, tmp_path: Path
) -> None:
    with pytest.raises(ProjectInvalid, match="id:"):
        write_landscape(landscape, tmp_path / "Not A Slug")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_write_leaves_nothing(landscape: Landscape, tmp_path: Path) -> None:
    def interrupt(done: int, _total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_landscape(landscape, tmp_path / "half-place", progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_scenes_can_be_left_out(landscape: Landscape, tmp_path: Path) -> None:
    written = write_landscape(landscape, tmp_path / "no-scenes", scenes=False)
    settings = parse_project((written.folder / "project.toml").read_text())
    assert settings.imagery.source == "simulation"
    assert written.catalog is None
    assert not (written.folder / "scenes").exists()


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a sample project whose recipe has few scenes."""
    spec = replace(few_scenes("growing"), archetype="few")
    monkeypatch.setattr("mrv.sources.simulated.find_archetype", lambda _name, _plots: spec)
    folder = tmp_path / "few-place"
    return write_landscape(simulate_landscape(spec, 3), folder, scenes=False).folder


def test_scenes_of_a_sample_are_rendered_once(sample: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    catalog = ensure_scenes(sample, tmp_path / "cache", lambda *step: seen.append(step))
    assert catalog.is_file()
    assert seen[-1] == (6, 6)
    before = catalog.stat().st_mtime_ns
    seen.clear()
    assert ensure_scenes(sample, tmp_path / "cache", lambda *step: seen.append(step)) == catalog
    assert (seen, catalog.stat().st_mtime_ns) == ([], before)
    assert len(list((tmp_path / "cache").iterdir())) == 1  # no temporary folder is left


def test_two_at_once_agree(sample: Path, tmp_path: Path) -> None:
    """Somebody else finishes the same scenes while ours are being rendered."""
    theirs = ensure_scenes(sample, tmp_path / "other")
    ours = tmp_path / "cache" / theirs.parent.name

    def overtaken(done: int, _total: int) -> None:
        if done == 1:
            shutil.copytree(theirs.parent, ours)

    assert ensure_scenes(sample, tmp_path / "cache", overtaken) == ours / "catalog.json"
    assert [f.name for f in (tmp_path / "cache").iterdir()] == [ours.name]


def test_scenes_are_not_made_for_other_plots(sample: Path, tmp_path: Path) -> None:
    plots = sample / "plots.geojson"
    plots.write_text(plots.read_text().replace("TG-0001", "TG-9999"))
    with pytest.raises(ProjectInvalid, match="not those that archetype few gives with seed 3"):
        ensure_scenes(sample, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_scenes_are_made_for_simulated_projects_only(sample: Path, tmp_path: Path) -> None:
    settings = sample / "project.toml"
    settings.write_text(settings.read_text().split("[simulation]")[0])
    with pytest.raises(ProjectInvalid, match=r"no \[simulation\] part"):
        ensure_scenes(sample, tmp_path / "cache")


@pytest.mark.parametrize("name", SAMPLE_PROJECTS)
def test_sample_projects_are_what_their_seed_gives(name: str) -> None:
    folder = SAMPLES / name
    settings = parse_project((folder / "project.toml").read_text(encoding="utf-8"))
    assert settings.id == name
    made = settings.simulation
    assert made is not None
    landscape = simulate_landscape(find_archetype(made.archetype, made.plots), made.seed)
    for file, text in project_texts(landscape, project_id=name, catalog=None).items():
        assert (folder / file).read_text(encoding="utf-8") == text, f"{name}/{file}"
        assert len(text) < 350_000
