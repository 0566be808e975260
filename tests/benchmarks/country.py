"""`make bench-country`: a year over 50,000 plots and 12 tiles, on two threads of one process.

Covers the path from STAC items to features and the register: search, observations (decode, mask,
six indices, sums), season features, rows of plots; then the same observations under another mask
from kept pixels. Smaller countries show whether it stays linear. Each size runs in a process of its
own, whose peak memory is told. A run that was killed goes on where it was: what was read is kept,
and what it took until then is counted. Trees and their errors are measured by `make bench`.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from mrv.imagery.composites import season_features
from mrv.imagery.extract import observe
from mrv.imagery.keeping import Keeper, MemoryKeeper
from mrv.imagery.progress import Extent
from mrv.imagery.scenes import Scene
from mrv.project import Season
from mrv.sources.kept import FolderKeeper
from mrv.sources.rasters import open_scene
from mrv.sources.stac import SceneQuery, search_scenes
from pipelines.commands.show import console, notes
from pipelines.commands.show import table as laid_out
from registry_api.services import plots as register
from registry_api.services.projects import register_project
from registry_api.services.unit_of_work import unit_of_work
from tests.benchmarks import records
from tests.benchmarks.countryside import (
    COLLECTION,
    DATES,
    INDICES,
    SIZES,
    TILES,
    blocks_by_density,
    country_plots,
    written_catalog,
)
from tests.benchmarks.ground import RULES
from tests.benchmarks.ratios import QUICK
from tests.registry_api.a_registry import make_settings, project_settings

THREADS = 2
_ANOTHER_BUFFER_M = 160.0
_EPOCH, _DRY = date(2025, 2, 15), Season(first="01-01", last="03-31")
_PROJECT = "the-country"
_COUNTED = ("wall_s", "cpu_s", "read_bytes", "blocks", "bytes")


def main() -> None:
    """Draw the country once, run every size that is not done, and tell all of them."""
    asked = argparse.ArgumentParser(prog="make bench-country", description=__doc__)
    asked.add_argument("--home", type=Path, default=Path(".bench"))
    asked.add_argument("--plots", type=int, help="run this size in this process, and nothing else")
    options = asked.parse_args()
    home = options.home.resolve()
    if options.plots:
        _run(home, options.plots)
        return
    notes.print(f"{len(TILES)} tiles, drawn once …")
    written_catalog(home)
    for size in SIZES:
        if not _result(home, size).exists():
            command = [sys.executable, "-m", "tests.benchmarks.country", "--home", str(home)]
            subprocess.run([*command, "--plots", str(size)], cwd=records.ROOT, check=True)
    rows = [json.loads(_result(home, size).read_text("utf-8")) for size in SIZES]
    told = {
        "machine": records.machine(),
        "threads": THREADS,
        "dates": DATES,
        "sizes": rows,
        "blocks_by_density": blocks_by_density(),
    }
    kept = home / ("country-quick.json" if QUICK else "country.json")
    kept.write_text(json.dumps(told, indent=1), "utf-8")
    console.print(_table(rows))
    console.print(f"Kept as {kept}; remove {_state(home)} to measure again.")


def _run(home: Path, size: int) -> None:
    """Take one size through all stages; what is done of it is kept beside."""
    spent = Spent(_state(home) / f"{size}.partial.json")
    plots = country_plots(size)
    with spent.on("search"):
        scenes = _found(written_catalog(home), plots)
    with spent.on("compile"):
        _observed(scenes[:1], plots.iloc[:2], MemoryKeeper(), RULES.cloud_buffer_m)
    kept = FolderKeeper(_state(home) / f"{size}-kept")
    with spent.on("observe") as tell:
        seen = _observed(scenes, plots, kept, RULES.cloud_buffer_m, tell)
    with spent.on("features"):
        features = season_features(seen, [_EPOCH], _DRY, None, INDICES, rules=RULES)
    with spent.on("once more") as tell:
        _observed(scenes, plots, kept, RULES.cloud_buffer_m, tell)
    with spent.on("register"):
        _register(home / f"registry-{size}", plots)
    with spent.on("another mask") as tell:
        again = _observed(scenes, plots, kept, _ANOTHER_BUFFER_M, tell)
    facts = {
        "plots": size,
        "area_ha": float(shapely.area(plots.to_crs(epsg=TILES[0].epsg).geometry.to_numpy()).sum())
        / 1e4,
        "tiles": len({scene.mgrs_tile for scene in scenes}),
        "scenes": len(scenes),
        "observations": len(seen),
        "another_mask_observations": len(again),
        "features": int(features.notna().all(axis=1).sum()),
        "kept_bytes": sum(f.stat().st_size for f in kept.folder.rglob("*") if f.is_file()),
    }
    draft = _result(home, size).with_suffix(".draft")
    draft.write_text(json.dumps(facts | spent.told(), indent=1), "utf-8")
    draft.replace(_result(home, size))
    shutil.rmtree(kept.folder)


def _found(catalog: Path, plots: gpd.GeoDataFrame) -> list[Scene]:
    year = date(2025, 1, 1), date(2026, 1, 1)
    query = SceneQuery(COLLECTION, tuple(plots.total_bounds), *year, 100.0)
    return search_scenes(str(catalog), query)


def _observed(
    scenes: list[Scene],
    plots: gpd.GeoDataFrame,
    keeper: Keeper,
    cloud_buffer_m: float,
    tell: Callable[[Extent], None] | None = None,
) -> pd.DataFrame:
    with ThreadPoolExecutor(THREADS) as executor:
        return observe(
            scenes,
            plots,
            open_scene,
            rules=replace(RULES, cloud_buffer_m=cloud_buffer_m),
            indices=INDICES,
            keeper=keeper,
            executor=executor,
            progress=tell,
        ).table


def _register(folder: Path, plots: gpd.GeoDataFrame) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    areas_ha = shapely.area(plots.to_crs(epsg=TILES[0].epsg).geometry.to_numpy()) / 1e4
    wkbs = shapely.to_wkb(plots.geometry.to_numpy())
    rows = [
        register.PlotRecord(plot_id, "all", "enrolled", wkb, float(area_ha))
        for plot_id, wkb, area_ha in zip(plots["plot_id"], wkbs, areas_ha, strict=True)
    ]
    with unit_of_work(make_settings(folder)) as session:
        register_project(session, project_settings(_PROJECT), "0" * 64)
        register.register_plots(session, _PROJECT, rows)
    shutil.rmtree(folder)


class Spent:
    """What the stages of a size took, over all tries, kept in a file as it goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._stages: dict[str, dict[str, Any]] = (
            json.loads(path.read_text("utf-8")) if path.exists() else {}
        )
        self._kept_at = 0.0

    @contextmanager
    def on(self, stage: str) -> Iterator[Callable[[Extent], None]]:
        """Count a stage; hand back what takes the extent reached."""
        before = self._stages.get(stage) or dict.fromkeys(_COUNTED, 0.0)
        begin, cpu, read = time.monotonic(), time.process_time(), _read_bytes()
        extent = Extent(0, 0, 0, 0)

        def count(*, done: bool = False) -> None:
            if before.get("done"):  # of an earlier try; what is done once more now is not counted
                return
            now = (
                *(time.monotonic() - begin, time.process_time() - cpu, _read_bytes() - read),
                *(extent.blocks, extent.bytes),
            )
            sums = {name: before[name] + more for name, more in zip(_COUNTED, now, strict=True)}
            peak_mb = max(before.get("peak_mb", 0.0), _peak_mb())
            self._stages[stage] = sums | {"peak_mb": peak_mb, "done": done}
            draft = self._path.with_suffix(".draft")
            draft.write_text(json.dumps(self._stages), "utf-8")
            draft.replace(self._path)

        def tell(reached: Extent) -> None:
            nonlocal extent
            extent = reached
            if time.monotonic() - self._kept_at > 1:
                self._kept_at = time.monotonic()
                count()
                notes.print(
                    f"  {stage}: {reached.scenes_done} of {reached.scenes} scenes, "
                    f"{reached.blocks:,} blocks, {reached.bytes / 1e9:.1f} GB decoded, "
                    f"{time.monotonic() - begin:.0f} s",
                    end="\r" if notes.is_terminal else "\n",
                )

        yield tell
        count(done=True)
        notes.print(f"{stage}: {self._stages[stage]['wall_s']:.1f} s, {_peak_mb():,.0f} MB so far")

    def told(self) -> dict[str, Any]:
        """Give all stages."""
        return {"stages": self._stages}


def _read_bytes() -> int:
    """Bytes this process has read from files, from the cache or not; 0 where no one counts them."""
    told = Path("/proc/self/io")
    return int(told.read_text("ascii").split()[1]) if told.exists() else 0


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _state(home: Path) -> Path:
    return home / ("country-run-quick" if QUICK else "country-run")


def _result(home: Path, size: int) -> Path:
    return _state(home) / f"{size}.json"


def _table(rows: list[dict[str, Any]]) -> Any:  # noqa: ANN401
    return laid_out(
        f"A year of {DATES} dates over {len(TILES)} tiles, {THREADS} threads",
        ("plots", "ha", "scenes", "blocks", "GB decoded", "CPU s", "CPU ms a block",
         "wall s in all", "peak MB", "MB kept", "another mask, CPU s"),
        [_cells(row, row["stages"], row["stages"]["observe"]) for row in rows],
        text=0,
    )  # fmt: skip


def _cells(
    row: dict[str, Any], stages: dict[str, dict[str, Any]], observe: dict[str, Any]
) -> tuple[str, ...]:
    return (
        *(f"{row[name]:,.0f}" for name in ("plots", "area_ha", "scenes")),
        f"{observe['blocks']:,}",
        f"{observe['bytes'] / 1e9:,.1f}",
        f"{observe['cpu_s']:,.0f}",
        f"{1e3 * observe['cpu_s'] / observe['blocks']:.2f}",
        f"{sum(stage['wall_s'] for stage in stages.values()):,.0f}",
        f"{max(stage['peak_mb'] for stage in stages.values()):,.0f}",
        f"{row['kept_bytes'] / 1e6:,.0f}",
        f"{stages['another mask']['cpu_s']:,.0f}",
    )


if __name__ == "__main__":
    main()
