"""Simulated landscapes on disk: project folders, and scenes as COGs under a static STAC catalog.

What is drawn is decided in `mrv.simulation`; here it is only written, whole or not at all.
"""

import hashlib
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio import Affine

from mrv.errors import InputRejected, ProjectInvalid
from mrv.project import parse_project
from mrv.simulation.archetypes import find_archetype
from mrv.simulation.calendar import Acquisition
from mrv.simulation.geography import Grid
from mrv.simulation.landscape import Landscape, simulate_landscape
from mrv.simulation.project_files import PLOTS, PROJECT, RECORD, TRUTH, project_texts
from mrv.simulation.reflectance import BANDS
from mrv.simulation.scenes import render_scene
from mrv.simulation.spec import LandscapeSpec
from mrv.simulation.stac_items import SCL_KEY, stac_catalog, stac_collection, stac_item

Progress = Callable[[int, int], None]
CATALOG = "catalog.json"
SCENES = "scenes"
RENDERING = 2  # raise it when the same landscape is to give other pixels
_COG_OPTIONS: dict[str, Any] = {
    "driver": "COG",
    "compress": "DEFLATE",
    "level": 1,
    "predictor": "STANDARD",
    "overview_resampling": "NEAREST",
}
_BLOCK_PX = 512
_OVERVIEWS_FROM_PX = 1024  # smaller rasters are read whole: a pyramid would only double the work
_THREADS = 2  # compression releases the interpreter lock


@dataclass(frozen=True, slots=True)
class Written:
    """What was written.

    Attributes:
        folder: Of the project.
        megabytes: On disk [MB].
        truth_sha256: Digest of the sealed truth.
        catalog: Of the scenes, None where none were asked for.
    """

    folder: Path
    megabytes: float
    truth_sha256: str
    catalog: Path | None


def write_landscape(
    landscape: Landscape, out: Path, *, scenes: bool = True, progress: Progress | None = None
) -> Written:
    """Write a landscape as a project folder.

    Args:
        landscape: What to write.
        out: Folder to make; its name becomes the project's id.
        scenes: Whether to render the scenes too; without them the project asks for simulation.
        progress: Called with scenes done and scenes in all.

    Raises:
        ProjectInvalid: If the folder holds something already, or its name is no project id.
    """
    if out.exists() and any(out.iterdir()):
        raise ProjectInvalid(
            f"Folder {out} is not empty; name one that does not exist yet.", folder=str(out)
        )
    texts = project_texts(
        landscape, project_id=out.name, catalog=f"{SCENES}/{CATALOG}" if scenes else None
    )
    parse_project(texts[PROJECT])  # a folder name that is no project id is refused here
    truth = landscape.truth.to_json()
    digest = hashlib.sha256(truth.encode()).hexdigest()
    record = {
        "simulated": True,
        "archetype": landscape.spec.archetype,
        "seed": landscape.seed,
        "plots": landscape.spec.plots,
        "truth_sha256": digest,
    }
    texts |= {TRUTH: truth, RECORD: json.dumps(record, indent=1) + "\n"}
    with _whole_folder(out) as folder:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
        if scenes:
            _write_scenes(landscape, folder / SCENES, progress)
        megabytes = _megabytes(folder)
    return Written(out, megabytes, digest, out / SCENES / CATALOG if scenes else None)


def write_sample(landscape: Landscape, folder: Path) -> None:
    """Write a sample project's files, anew where they are there already.

    Scenes and truth are left out: both come from the seed that project.toml records.
    """
    folder.mkdir(parents=True, exist_ok=True)
    texts = project_texts(landscape, project_id=folder.name, catalog=None)
    for name, text in texts.items():
        temporary = folder / f".{name}"
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(folder / name)


def ensure_scenes(project_folder: Path, out: Path, progress: Progress | None = None) -> Path:
    """Render the scenes of a sample project, unless they are there already.

    Args:
        project_folder: With a project.toml that has a `[simulation]` part.
        out: Cache folder; each project and version of its scenes gets a folder below it.
        progress: Called with scenes done and scenes in all.

    Returns:
        The scenes' catalog.json.

    Raises:
        ProjectInvalid: If the project is not a simulated one, or its boundaries are not those that
            its seed gives, so that the scenes would show other plots.
    """
    settings = parse_project((project_folder / PROJECT).read_text(encoding="utf-8"))
    if settings.simulation is None:
        raise ProjectInvalid(
            f"Project {settings.id} has no [simulation] part in its project.toml; scenes can be "
            "rendered for simulated projects only.",
            project=settings.id,
        )
    made = settings.simulation
    try:
        spec = find_archetype(made.archetype, made.plots)
    except InputRejected as error:
        raise ProjectInvalid(
            f"Project {settings.id}: {error.message}", project=settings.id
        ) from error
    folder = out / f"{settings.id}-{_pixels_key(spec, made.seed)}"
    catalog = folder / CATALOG
    if catalog.is_file():
        return catalog
    landscape = simulate_landscape(spec, made.seed)
    expected = project_texts(landscape, project_id=settings.id, catalog=None)[PLOTS]
    plots = project_folder / (settings.inputs.plots or PLOTS)
    if not plots.is_file() or plots.read_text(encoding="utf-8") != expected:
        raise ProjectInvalid(
            f"The plots of {settings.id} are not those that archetype {made.archetype} gives with "
            f"seed {made.seed}; restore {plots.name} or name a catalog of scenes.",
            project=settings.id,
        )
    try:
        with _whole_folder(folder) as temporary:
            _write_scenes(landscape, temporary, progress)
    except OSError:
        if not catalog.is_file():  # somebody else was quicker: theirs is the same
            raise
    return catalog


def _pixels_key(spec: LandscapeSpec, seed: int) -> str:
    """Name what all pixels of a landscape follow from."""
    return hashlib.sha256(f"{RENDERING} {seed} {spec!r}".encode()).hexdigest()[:12]


@contextmanager
def _whole_folder(target: Path) -> Iterator[Path]:
    """Fill a temporary folder beside the target and put it there in one step, or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        temporary.chmod(0o755)
        yield temporary
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write_scenes(landscape: Landscape, folder: Path, progress: Progress | None) -> None:
    spec, grid, looks = landscape.spec, landscape.grid, landscape.acquisitions
    _ = landscape.ground  # painted before the threads ask for it
    items: list[dict[str, Any]] = []

    def write(look: Acquisition) -> dict[str, Any]:
        return _write_scene(landscape, look, folder / spec.collection)

    with ThreadPoolExecutor(_THREADS) as pool:
        for item in pool.map(write, looks):
            items.append(item)
            if progress:
                progress(len(items), len(looks))
    _write_json(folder / spec.collection / "collection.json", stac_collection(spec, grid, items))
    _write_json(folder / CATALOG, stac_catalog(spec))


def _write_scene(landscape: Landscape, look: Acquisition, collection: Path) -> dict[str, Any]:
    scene, grid = render_scene(landscape, look), landscape.grid
    item = stac_item(landscape.spec, grid, scene)
    # Whoever keeps pixels knows scenes by their items: other pixels must be another item.
    item["properties"]["parkland:pixels"] = _pixels_key(landscape.spec, landscape.seed)
    home = collection / item["id"]
    home.mkdir(parents=True)
    for name, numbers in scene.digital_numbers.items():
        _write_cog(home / f"{name}.tif", numbers, grid, BANDS[name].gsd_m)
    _write_cog(home / f"{SCL_KEY}.tif", scene.scl, grid, 20)
    _write_json(home / f"{item['id']}.json", item)
    return item


def _write_cog(
    path: Path, pixels: NDArray[np.uint16] | NDArray[np.uint8], grid: Grid, gsd_m: int
) -> None:
    height, width = pixels.shape
    blocks = math.ceil(max(height, width) / _BLOCK_PX)
    # blocks of equal size: a raster of 600 px in blocks of 512 would be mostly padding
    block_px = min(_BLOCK_PX, math.ceil(max(height, width) / blocks / 16) * 16)
    with rasterio.open(
        path,
        "w",
        width=width,
        height=height,
        count=1,
        dtype=pixels.dtype,
        crs=f"EPSG:{grid.epsg}",
        transform=Affine(gsd_m, 0, grid.left_m, 0, -gsd_m, grid.top_m),
        nodata=0,
        blocksize=block_px,
        overviews="AUTO" if max(height, width) > _OVERVIEWS_FROM_PX else "NONE",
        **_COG_OPTIONS,
    ) as file:
        file.write(pixels, 1)
        file.update_tags(PARKLAND_SIMULATED="YES")


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8", newline="\n")


def _megabytes(folder: Path) -> float:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6
