"""Reading a landscape's scenes in a process of its own, for tests that kill it or run two of it.

Every scene that is opened is told in a log that all processes share.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd

from mrv.errors import SourceFailed
from mrv.imagery.extract import observe
from mrv.imagery.grids import OpenedScene
from mrv.imagery.rules import ImageryRules
from mrv.imagery.scenes import Scene
from mrv.methodologies import load_methodology
from mrv.sources.kept import FolderKeeper
from mrv.sources.projects import read_project
from mrv.sources.rasters import open_scene
from mrv.sources.stac import SceneQuery, search_scenes
from pipelines.executors import executor_at

INDICES = ("ndvi", "ndmi")


@dataclass(frozen=True)
class CountedScenes:
    """Opens scenes as always, notes each, and takes its time so that a test can come between.

    Attributes:
        log: A line for each scene that was opened.
        wait_s: Before each [s].
    """

    log: Path
    wait_s: float = 0.0

    @contextmanager
    def __call__(self, scene: Scene) -> Iterator[OpenedScene]:
        """Open one scene."""
        with self.log.open("a", encoding="utf-8") as log:
            log.write(f"{scene.id}\n")
        time.sleep(self.wait_s)
        with open_scene(scene) as opened:
            yield opened

    def opened(self) -> list[str]:
        """Give the ids of the scenes opened so far."""
        return self.log.read_text("utf-8").split() if self.log.exists() else []


@dataclass(frozen=True)
class Place:
    """Plots and scenes of a project folder."""

    plots: gpd.GeoDataFrame
    scenes: list[Scene]

    @classmethod
    def of(cls, folder: Path) -> "Place":
        """Find them."""
        project = read_project(folder)
        west, south, east, north = project.plots_raw.total_bounds
        query = SceneQuery(
            project.settings.imagery.collection,
            (west, south, east, north),
            date(2000, 1, 1),
            date(2099, 1, 1),
        )
        return cls(project.plots_raw, search_scenes(project.catalog, query))

    def observed(self, kept: Path, opener: CountedScenes, scheduler: str = "") -> pd.DataFrame:
        """Read them on threads or on a cluster."""
        with executor_at(scheduler) as executor:
            seen = observe(
                self.scenes,
                self.plots,
                opener,
                rules=ImageryRules.of(load_methodology("agroforestry_removals", 1)),
                indices=INDICES,
                keeper=FolderKeeper(kept),
                executor=executor,
            )
        return seen.table


def main(folder: str, kept: str, log: str, wait_s: str, table: str) -> None:
    """Read, and leave the table in a file; what goes wrong is one sentence."""
    try:
        seen = Place.of(Path(folder)).observed(Path(kept), CountedScenes(Path(log), float(wait_s)))
    except SourceFailed as error:
        raise SystemExit(error.message) from None
    seen.to_pickle(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
