"""Real scenes behind a server that fails: the table is the one that the files on disk give."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mrv.imagery.extract import Observations, observe
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.methodologies import load_methodology
from mrv.plots.rules import PlotRules
from mrv.plots.screen import screen_plots
from mrv.sources import remote_files
from mrv.sources.boundaries import parse_boundaries
from mrv.sources.cog_bands import forget_headers
from mrv.sources.rasters import open_scene
from mrv.sources.stac import SceneQuery, search_scenes
from tests.mrv.sources.range_server import Fault, RangeServer, serve

METHODOLOGY = load_methodology("agroforestry_removals", 1)
RULES = ImageryRules.of(METHODOLOGY)
FAULTS: tuple[Fault, ...] = ("refused", "cut", "short", "throttled")


def test_one_request_in_twenty_failing_gives_the_same_table(
    real_data: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = real_data("s2_flanders").resolve()
    query = SceneQuery("sentinel-2-l2a", (4.0, 50.7, 4.1, 50.8), date(2018, 8, 1), date(2019, 3, 1))
    scenes = search_scenes(str(folder / "catalog.json"), query)
    path = folder / "plots/parcels_from_label_raster.geojson"
    raw = parse_boundaries(path.read_bytes(), path.name).frame
    plots = screen_plots(raw, country="BE", rules=PlotRules.of(METHODOLOGY)).plots

    def seen(scenes: Sequence[Scene]) -> Observations:
        with ThreadPoolExecutor(1) as executor:
            return observe(
                scenes, plots, open_scene, rules=RULES, indices=("ndvi", "ndmi"), executor=executor
            )

    here = seen(scenes)
    monkeypatch.setattr(remote_files, "_FIRST_PAUSE_S", 0.01)
    forget_headers()
    with serve(RangeServer(folder)) as server:
        server.fault = lambda number: FAULTS[number // 20 % 4] if number % 20 == 0 else None
        far = [
            replace(
                scene,
                assets={
                    band: f"{server.address}/{Path(href).relative_to(folder)}"
                    for band, href in scene.assets.items()
                },
            )
            for scene in scenes
        ]
        there = seen(far)
    assert len(server.asked) > 100
    assert len(here.table) > 200
    assert here.table.equals(there.table)
    assert here.scenes.equals(there.scenes)
