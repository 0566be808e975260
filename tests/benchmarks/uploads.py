"""`make bench-uploads`: a country's upload, 50,000 plots against 1,000,000 that are registered.

The registered plots are made once and kept in a folder, because that takes minutes. Then one
command, `parkland plots upload`, takes a file to its verdicts; what it took is wall time and peak
memory of the command and all it started. Its overlaps are compared with every pair by brute force
for a random part of the file.
"""

import argparse
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from mrv.methodologies import load_methodology
from pipelines.commands.show import console, notes
from registry_api.services import plots
from registry_api.services.projects import register_project
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings
from tests.registry_api.a_registry import project_settings

Shapes = NDArray[np.object_]
WEST, SOUTH = 36.5, -1.5  # inland Kenya
VILLAGE_DEGREES, SLOT_DEGREES, SLOTS = 0.054, 0.0027, 19  # about 6 km and 300 m
VILLAGES_ACROSS = 56
DOUBLES_SHARE = 0.03  # of the new plots: mapped again by another project, 15 m beside
SHIFT_DEGREES = 15 / 111_320
M2_PER_DEGREE2 = 111_320.0**2  # near the equator
PROJECT_PLOTS = 50_000
NEW = "the-new-cooperative"
SHARES_GROUND = {
    "contained", "contained_registered", "duplicate_in_file", "duplicate_other_farmer",
    "duplicate_other_project", "duplicate_registered", "edge_cut", "overlap",
    "overlap_registered", "sliver_cut",
}  # fmt: skip


@dataclass(frozen=True)
class Land:
    """Invented plots.

    Attributes:
        registered: Of other projects.
        new: Of the file.
        doubles: Which of the new ones stand on registered land.
    """

    registered: Shapes
    new: Shapes
    doubles: NDArray[np.bool_]


def make_land(registered: int, new: int, seed: int = 5) -> Land:
    """Invent villages on a lattice: every plot has a slot of its own, save for the doubles."""
    rng = np.random.default_rng(seed)
    villages = math.ceil(registered / 200)
    doubles = int(new * DOUBLES_SHARE)
    free = new - doubles
    per_village = math.ceil(registered / villages), math.ceil(free / villages)
    old_slots, free_slots = [], []
    for village in range(villages):
        slots = village * SLOTS**2 + rng.permutation(SLOTS**2)[: sum(per_village)]
        old_slots.append(slots[: per_village[0]])
        free_slots.append(slots[per_village[0] :])
    old = _plots(np.concatenate(old_slots)[:registered], rng)
    fresh = _plots(rng.permutation(np.concatenate(free_slots))[:free], rng)
    copied = shapely.transform(
        old[rng.choice(registered, doubles, replace=False)], lambda xy: xy + SHIFT_DEGREES
    )
    order = rng.permutation(new)
    is_double = np.r_[np.zeros(free, bool), np.ones(doubles, bool)]
    return Land(old, np.r_[fresh, copied][order], is_double[order])


def _plots(slot: NDArray[np.int64], rng: np.random.Generator) -> Shapes:
    village, place = np.divmod(slot, SLOTS**2)
    row, column = np.divmod(place, SLOTS)
    lon = WEST + (village % VILLAGES_ACROSS) * VILLAGE_DEGREES + (column + 0.5) * SLOT_DEGREES
    lat = SOUTH + (village // VILLAGES_ACROSS) * VILLAGE_DEGREES + (row + 0.5) * SLOT_DEGREES
    corners = 9
    area_m2 = np.clip(rng.lognormal(np.log(1.1), 0.6, len(slot)), 0.2, 3.0) * 1e4
    angle = np.arange(corners) + rng.uniform(-0.3, 0.3, (len(slot), corners))
    angle *= 2 * np.pi / corners
    reach = rng.uniform(0.8, 1.2, (len(slot), corners))
    x, y = reach * np.cos(angle), reach * np.sin(angle)
    drawn = 0.5 * np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(axis=1))
    scale = np.sqrt(area_m2 / M2_PER_DEGREE2 / drawn)[:, None]
    rings = np.stack([lon[:, None] + scale * x, lat[:, None] + scale * y], axis=-1)
    shapes: Shapes = shapely.polygons(np.concatenate([rings, rings[:, :1]], axis=1).round(7))
    return shapes


def register(settings: Settings, land: Land) -> None:
    """Register everything that is not of the file, project by project; done ones are skipped."""
    begin = time.monotonic()
    for start in range(0, len(land.registered), PROJECT_PLOTS):
        project = f"cooperative-{start // PROJECT_PLOTS:03d}"
        shapes = land.registered[start : start + PROJECT_PLOTS]
        wkbs = shapely.to_wkb(shapes)
        areas_ha = shapely.area(shapes) * M2_PER_DEGREE2 / 1e4
        records = [
            plots.PlotRecord(f"{project}-{n}", "all", "enrolled", wkb, float(area_ha))
            for n, (wkb, area_ha) in enumerate(zip(wkbs, areas_ha, strict=True))
        ]
        with unit_of_work(settings) as session:
            stated = project_settings(project, developer=f"{project}-dev")
            register_project(session, stated, "0" * 64)
            plots.register_plots(session, project, records)
        notes.print(f"{start + len(records):,} registered, {time.monotonic() - begin:.0f} s")
    with unit_of_work(settings) as session:
        register_project(session, project_settings(NEW, developer=f"{NEW}-dev"), "0" * 64)


def write_file(path: Path, land: Land) -> None:
    """Write the new plots as a field team would bring them, names and phones included."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"type": "FeatureCollection", "features": [\n')
        file.write(",\n".join(_features(land)))
        file.write("\n]}\n")


def _features(land: Land) -> Iterator[str]:
    for n, geometry in enumerate(shapely.to_geojson(land.new)):
        properties = {
            "plot_id": f"N-{n:06d}",
            "farmer_id": f"F-{n // 2:06d}",
            "farmer_name": f"Invented Farmer {n // 2}",
            "farmer_phone": f"+25470{n // 2:07d}",
            "village": f"V-{n % 5000:04d}",
            "practice": "trees on maize plots",
            "planted_on": "2023-03-15",
            "enrolled_on": "2023-06-01",
            "consent_given": "yes",
            "consent_on": "2023-05-20",
        }
        yield (
            f'{{"type": "Feature", "properties": {json.dumps(properties)}, "geometry": {geometry}}}'
        )


def upload(home: Path, file: Path) -> tuple[dict[str, Any], float, float]:
    """Run the one command; gives its answer, wall time [s] and peak memory [GiB] of all of it."""
    command = [
        Path(sys.executable).with_name("parkland"),
        *("plots", "upload", file, "--project", NEW, "--home", home, "--json"),
    ]
    begin = time.monotonic()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | {"COLUMNS": "100"}
    )
    took_s = time.monotonic() - begin
    if done.returncode not in (0, 1):
        raise SystemExit(f"the upload ended with {done.returncode}: {done.stderr[-2000:]}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    return json.loads(done.stdout), took_s, peak


def sharing_ground(land: Land, sample: int, seed: int = 1) -> dict[int, bool]:
    """Say for some new plots whether they share ground with any other, looking at every pair.

    No index is asked: every registered and every new plot's box is compared, then shapes exactly.
    """
    limit = load_methodology("agroforestry_removals", 1).number("eligibility.overlap_max_fraction")
    others = np.r_[land.registered, land.new]
    boxes = shapely.bounds(others)
    sharing = {}
    for row in np.random.default_rng(seed).choice(len(land.new), sample, replace=False).tolist():
        west, south, east, north = shapely.bounds(land.new[row])
        near = (boxes[:, 0] <= east) & (boxes[:, 2] >= west)
        near &= (boxes[:, 1] <= north) & (boxes[:, 3] >= south)
        near[len(land.registered) + row] = False
        shared = shapely.area(shapely.intersection(land.new[row], others[near]))
        smaller = np.minimum(shapely.area(land.new[row]), shapely.area(others[near]))
        sharing[row] = bool((shared > limit * smaller).any())
    return sharing


def main() -> None:
    """Make the land, register most of it, upload the rest, compare."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--registered", type=int, default=1_000_000)
    asked.add_argument("--new", type=int, default=50_000)
    asked.add_argument("--sample", type=int, default=2_000)
    asked.add_argument("--home", type=Path, required=True)
    options = asked.parse_args()
    land = make_land(options.registered, options.new)
    register(Settings(home=options.home), land)
    file = options.home / f"new-{options.new}.geojson"
    write_file(file, land)
    answer, took_s, peak_gib = upload(options.home, file)
    console.print(answer["upload"])
    console.print(
        f"{options.new:,} plots ({file.stat().st_size / 1e6:.0f} MB) against "
        f"{options.registered:,} registered: {took_s:.0f} s from the command to the verdicts, "
        f"at most {peak_gib:.2f} GiB in one process."
    )
    told = {
        int(str(finding["plot_id"]).removeprefix("N-"))
        for finding in answer["findings"]
        if finding["code"] in SHARES_GROUND
    }
    sharing = sharing_ground(land, options.sample)
    wrong = [row for row, shares in sharing.items() if shares != (row in told)]
    console.print(
        f"Overlaps of {options.sample:,} of them against every pair: {sum(sharing.values())} share "
        f"ground, {len(wrong)} answers differ."
    )
    if wrong:
        raise SystemExit(f"these differ: {wrong[:20]}")


if __name__ == "__main__":
    main()
