"""Cutting chips: the plots that a verifier drew, out of every scene of the run they stand in."""

import io
from collections.abc import Callable, Iterator, Sequence

import matplotlib.image
import numpy as np
from numpy.typing import NDArray

from mrv.errors import InputRejected
from mrv.evidence.digest import document_digest
from mrv.evidence.documents import EvidenceDocument
from mrv.imagery.chips import Chip, Ring, cut_chips
from mrv.imagery.progress import Extent
from mrv.imagery.rules import ImageryRules
from mrv.sources.rasters import open_scene
from pipelines.plots import screened_plots
from pipelines.progress import Pace
from pipelines.scenes import take_scenes
from pipelines.stage import Stage
from pipelines.steps import tell_scenes_read
from registry_api.services import plot_chips
from registry_api.services.plot_chips import ChipSheet, ChipView

_ACROSS = 12  # chips side by side on a sheet
_RIM = 1  # of repeated pixels around each, so that scaling mixes no neighbour in


def chips_wanted(stage: Stage) -> plot_chips.Wanted:
    """Ask the registry which drawn plots of a period have no chips yet.

    Raises:
        NotFound: If no estimate of the period was handed in.
    """
    with stage.workspace.reading() as session:
        return plot_chips.wanted(
            session, stage.workspace.settings, stage.project_id, stage.period_id
        )


def cut_wanted(stage: Stage, say: Callable[[str], None]) -> int:
    """Cut chips of the drawn plots that have none yet, and keep them.

    Args:
        stage: Project and period, with the run on its shelf.
        say: Hears now and then how far it has come.

    Returns:
        Of how many plots.

    Raises:
        NotFound: If no estimate of the period was handed in.
        InputRejected: If the shelf holds another run than the one that was handed in.
        SceneUnreadable: If a scene is damaged or cannot be reached; cut again, nothing is lost.
    """
    wanted = chips_wanted(stage)
    if not wanted.plot_ids:
        return 0
    document = EvidenceDocument.model_validate(stage.shelf.json("evidence"))
    if document_digest(document) != wanted.estimate_sha256:
        raise InputRejected(
            f"What was run last of {stage.project_id}, {stage.period_id} is not what was handed in "
            f"last ({wanted.estimate_sha256[:12]}…); run the period again, then cut the chips."
        )
    plots = screened_plots(stage.shelf)
    plots = plots[plots["plot_id"].isin(wanted.plot_ids)]
    scenes = sorted(take_scenes(stage.shelf), key=lambda scene: (scene.acquired_at, scene.id))
    buffer_m = ImageryRules.of(stage.methodology).cloud_buffer_m
    pace = Pace(say)
    found: dict[str, list[Chip]] = {plot_id: [] for plot_id in plots["plot_id"]}
    for done, scene in enumerate(scenes, start=1):
        for chip in cut_chips(scene, plots, open_scene, buffer_m):
            found[chip.plot_id].append(chip)
        so_far = Extent(done, len(scenes), 0, 0)
        tell_scenes_read(so_far)
        pace(so_far)
    kept = 0
    for plot_id, chips in found.items():
        if chips:
            sheet, png = lay_out(plot_id, chips)
            plot_chips.keep(stage.workspace.settings, wanted.estimate_sha256, sheet, png)
            kept += 1
    plot_chips.note_cut(stage.workspace.settings, wanted.estimate_sha256, list(found))
    return kept


def lay_out(plot_id: str, chips: Sequence[Chip]) -> tuple[ChipSheet, bytes]:
    """Lay chips out on one sheet, row by row, and write it as a PNG."""
    high = max(chip.colour.shape[0] for chip in chips) + 2 * _RIM
    wide = max(chip.colour.shape[1] for chip in chips) + 2 * _RIM
    rows, columns = -(-len(chips) // _ACROSS), min(len(chips), _ACROSS)
    canvas = np.zeros((rows * high, columns * wide, 3), np.uint8)
    views = []
    for number, chip in enumerate(chips):
        height, width = chip.seen.shape
        y, x = number // _ACROSS * high, number % _ACROSS * wide
        rimmed = np.pad(chip.colour, ((_RIM, _RIM), (_RIM, _RIM), (0, 0)), mode="edge")
        canvas[y : y + height + 2 * _RIM, x : x + width + 2 * _RIM] = rimmed
        views.append(
            ChipView(
                scene_id=chip.scene_id,
                acquired_at=chip.acquired_at,
                x=x + _RIM,
                y=y + _RIM,
                width=width,
                height=height,
                masked="".join(_rectangles(~chip.seen)),
                outline="".join(_ring(ring) for ring in chip.outline),
            )
        )
    written = io.BytesIO()
    matplotlib.image.imsave(written, canvas, format="png")
    sheet = ChipSheet(plot_id, chips[0].pixel_m, canvas.shape[1], canvas.shape[0], tuple(views))
    return sheet, written.getvalue()


def _rectangles(marked: NDArray[np.bool_]) -> Iterator[str]:
    """Cover marked pixels by rectangles for an SVG path: runs of a row, grown down while alike."""
    left = marked.copy()
    for row, col in np.argwhere(marked):
        if not left[row, col]:
            continue
        run = marked.shape[1] - col if left[row, col:].all() else int(left[row, col:].argmin())
        below = np.asarray(left[row:, col : col + run].all(axis=1), np.bool_)
        down = len(below) if below.all() else int(below.argmin())
        left[row : row + down, col : col + run] = False
        yield f"M{col},{row}h{run}v{down}h-{run}z"


def _ring(ring: Ring) -> str:
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in ring) + "z"
