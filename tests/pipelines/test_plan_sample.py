"""`parkland plan-sample`: what it promises, what it writes, and how it refuses."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyogrio
import pytest
from defusedxml import ElementTree

from mrv.biomass.carbon import root_shoot_ratio
from mrv.biomass.context import BiomassContext
from mrv.crediting.deduction import Z_TWO_SIDED_90
from mrv.errors import InputRejected, MrvError
from mrv.estimation.monte_carlo import draw_plot_biomass
from mrv.estimation.pathway import estimate_change
from mrv.field.inventory import read_inventory
from mrv.sampling.frame import frame_of
from mrv.sampling.plan import Costs, sampling_half_width
from mrv.sources.sample_files import LAYERS, LIST, RECORD, WAYPOINTS
from mrv.sources.tree_tables import parse_trees
from pipelines.commands.plan_sample import plan
from pipelines.commands.sample_basis import Asked, expect, find_place

SAMPLES = Path(__file__).parents[2] / "sample_plots"
KEPT = (LIST, WAYPOINTS, RECORD, "curve.svg", "curve.png", "map.svg", "map.png")
KISUMU = SAMPLES / "kisumu-women"


def told(capsys: pytest.CaptureFixture[str], asked: Asked) -> dict[str, object]:
    plan(asked, as_json=True)
    found: dict[str, object] = json.loads(capsys.readouterr().out)
    return found


def stated(**others: object) -> Asked:
    """A plan from stated figures, which needs no tree to be weighed."""
    return Asked(project=KISUMU, growth_t_ha_year=3.0, cv=0.8, icc=0.1, shared_cv=0.04, **others)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "sample"
    plan(stated(u90=0.25, out=folder), as_json=False)
    return folder


@pytest.mark.parametrize("project", ["kisumu-women", "acorn-lao"])
def test_the_half_width_planned_is_the_one_the_estimate_finds(project: str) -> None:
    """At the size that was truly measured, each sample project, the whole estimate beside it."""
    place = find_place(Asked(project=SAMPLES / project))
    frame = frame_of(place.plots)
    expected = expect(Asked(project=SAMPLES / project), place, frame)
    inventory = read_inventory(place.trees, plot_ids=set(frame.plots["plot_id"]), today=place.today)
    biomass = draw_plot_biomass(
        inventory.trees,
        dict(zip(frame.plots["plot_id"], frame.area_ha.tolist(), strict=True)),
        (place.start, place.end),
        BiomassContext.of(place.ecology, place.methodology),
        800,
        5,
    )
    estimate = estimate_change(
        biomass,
        place.plots,
        None,
        place.methodology,
        start=place.start,
        end=place.end,
        root_shoot=root_shoot_ratio(place.ecology.root_shoot_zone),
        seed=5,
    )
    measured = np.isin(frame.plots["plot_id"], biomass.plot_ids)
    sampling = sampling_half_width(frame, expected, np.bincount(frame.group[measured]), None)
    planned = float(np.hypot(sampling, Z_TWO_SIDED_90 * expected.shared_cv))
    assert planned == pytest.approx(estimate.u90, rel=0.12)


def test_layers_open_in_qgis(sample: Path) -> None:
    layers = {name for name, _ in pyogrio.list_layers(sample / LAYERS)}
    assert layers == {"plots", "waypoints", "routes"}
    plots, points, routes = (
        pyogrio.read_dataframe(sample / LAYERS, layer=name)
        for name in ("plots", "waypoints", "routes")
    )
    assert plots.crs == points.crs == routes.crs == "EPSG:4326"
    assert plots["plot_id"].is_unique
    assert plots.geometry.contains(points.geometry).all(), "a waypoint lies in its plot"
    assert routes["stops"].sum() == len(plots)
    assert set(routes.geometry.geom_type) == {"LineString"}


def test_a_gps_reads_a_waypoint_per_plot_and_a_route_per_village(sample: Path) -> None:
    root = ElementTree.parse(sample / WAYPOINTS).getroot()
    of = "{http://www.topografix.com/GPX/1/1}"
    listed = pd.read_csv(sample / LIST)
    names = [point.findtext(f"{of}name") for point in root.findall(f"{of}wpt")]
    assert names == listed["waypoint"].tolist()
    points = [(float(p.get("lat", 0)), float(p.get("lon", 0))) for p in root.findall(f"{of}wpt")]
    assert np.array(points) == pytest.approx(listed[["lat", "lon"]].to_numpy(), abs=1e-7)
    routes = root.findall(f"{of}rte")
    assert len(routes) == listed["village"].nunique()
    walked = [p.findtext(f"{of}name") for rte in routes for p in rte.findall(f"{of}rtept")]
    assert walked == names


def test_the_map_shows_every_plot_once_and_numbers_the_stops_of_each_walk(sample: Path) -> None:
    """Read from the drawing itself: texts are shapes there, so that marks are counted."""
    stops = pyogrio.read_dataframe(sample / LAYERS, layer="plots")
    frame = frame_of(find_place(Asked(project=KISUMU)).plots)
    drawing = ElementTree.parse(sample / "map.svg").getroot()
    of = "{http://www.w3.org/2000/svg}"
    marks = drawing.findall(f".//{of}g[@id='axes_1']//{of}use")
    legend = drawing.findall(f".//{of}g[@id='legend_1']//{of}use")
    kinds = stops["role"].nunique() + len(set(frame.plots["role"]))
    told = [u for u in legend if "#m" in (u.get("{http://www.w3.org/1999/xlink}href") or "")]
    assert len(told) == kinds
    points = [u for u in marks if "#m" in (u.get("{http://www.w3.org/1999/xlink}href") or "")]
    assert len(points) == len(frame.plots) + len(told)
    walks = int((stops.groupby("route").size() > 1).sum())
    panels = [g for g in drawing.iter(f"{of}g") if (g.get("id") or "").startswith("axes_")]
    assert len(panels) == 1 + walks


def test_the_list_fits_the_tree_inventory(sample: Path) -> None:
    """A crew copies plot_id and inclusion_probability; the reader takes them as they are."""
    listed = pd.read_csv(sample / LIST, dtype=str)
    lines = ["plot_id,tree_id,species,dbh_cm,measured_on,inclusion_probability"]
    lines += [
        f"{row.plot_id},T1,Grevillea robusta,12.5,2024-01-10,{row.inclusion_probability}"
        for row in listed.itertuples()
    ]
    raw = parse_trees("\n".join(lines).encode(), "trees.csv", {})
    inventory = read_inventory(raw, plot_ids=set(listed["plot_id"]), today=pd.Timestamp(2024, 2, 1))
    assert len(inventory.trees) == len(listed)
    assert not (inventory.findings["severity"] == "error").any()
    recorded = json.loads((sample / RECORD).read_text("utf-8"))
    chance = inventory.trees["inclusion_probability"].astype(float)
    drawn, plots = recorded["chosen"]["drawn"], recorded["frame"]["plots"]
    planted = (listed["role"] == "enrolled").to_numpy()
    assert chance[planted].to_numpy() == pytest.approx(
        drawn["maize-agroforestry"] / plots["maize-agroforestry"], rel=1e-6
    )


def test_the_same_plan_draws_the_same_plots_and_another_seed_others(
    sample: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = shutil.copytree(sample, tmp_path / "sample")
    before = {name: (sample / name).read_bytes() for name in KEPT}
    plan(stated(u90=0.25, out=again), as_json=False)
    assert {name: (again / name).read_bytes() for name in before} == before
    plan(stated(u90=0.25, out=again, seed=12), as_json=False)
    assert (again / LIST).read_bytes() != before[LIST]
    recorded = json.loads((again / RECORD).read_text("utf-8"))
    assert recorded["draw"]["stated_by"] == "--seed"
    assert "seed 12" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["sample"], "no draft stays behind"


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("mine", "utf-8")
    with pytest.raises(InputRejected, match="something else"):
        plan(stated(u90=0.25, out=tmp_path), as_json=False)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_what_cannot_be_reached_is_shown_and_refused_and_not_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputRejected, match=r"reaches a half-width of 5\.0%"):
        plan(stated(u90=0.05, out=tmp_path / "sample"), as_json=False)
    assert "the sharpest there is" in capsys.readouterr().out
    assert not (tmp_path / "sample").exists()


def test_a_simulated_landscape_is_a_pilot(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, Asked(archetype="growing", plots=80, landscape_seed=2, u90=0.6))
    assert found["reached"] is True
    assert "simulated" in str(found["of"])
    assert found["chosen"]["u90"] <= 0.6  # type: ignore[index]


def test_more_money_for_the_same_credits_is_never_chosen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    wide = told(capsys, stated(u90=0.3))["chosen"]
    asked = told(capsys, stated(u90=0.3))["ar_am_tool03_plots"]
    assert isinstance(asked, int)
    assert 12 < asked < 30, "CV 80 % widened by plot size, t, 30 %: n of about (1.7 0.9 / 0.3)^2"
    dear = told(capsys, stated(u90=0.3, costs=Costs(village=600.0)))["chosen"]
    assert dear["villages"] <= wide["villages"]  # type: ignore[index]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(), "Name a project folder"),
        (Asked(project=KISUMU, archetype="growing"), "Name a project folder"),
        (Asked(project=KISUMU, growth_t_ha_year=2.0), "go together"),
        (Asked(project=KISUMU, design="farms"), "--design is either"),
        (Asked(archetype="nowhere"), "no landscape 'nowhere'"),
        (Asked(project=SAMPLES), "no project.toml"),
        (stated(map_r2=1.0), "--map-r2"),
        (Asked(project=KISUMU, growth_t_ha_year=2.0, cv=0.5, icc=2.0), "--icc"),
    ],
)
def test_what_makes_no_sense_costs_one_sentence(asked: Asked, said: str) -> None:
    with pytest.raises(MrvError, match=said) as refused:
        plan(asked, as_json=False)
    assert refused.value.message.endswith(".")


def test_from_the_terminal() -> None:
    done = subprocess.run(
        [
            sys.executable, "-m", "pipelines.cli", "plan-sample", "-p", KISUMU,
            "--growth", "3", "--cv", "0.8", "--u90", "0.3", "--shared-cv", "0.04",
        ],
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "What to measure" in done.stdout
    assert "→" in done.stdout
