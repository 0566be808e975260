"""Pictures of drawn plots: laid out on one sheet, cut once, and asked for by the sensor."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from mrv.errors import InputRejected
from mrv.imagery.chips import Chip
from pipelines.chips import chips_wanted, cut_wanted, lay_out
from pipelines.definitions import defs
from pipelines.defs.jobs import CHIPS
from pipelines.defs.sensors import drawn_samples
from pipelines.due import due_chips
from pipelines.execution import Outcome
from pipelines.resources import WorkspaceResource
from registry_api.services import plot_chips
from tests.pipelines.conftest import PERIOD, PROJECT, Home

pytestmark = [pytest.mark.xdist_group("whole_path"), pytest.mark.slow]


def a_chip(seen: np.ndarray, shade: int) -> Chip:
    return Chip(
        plot_id="A",
        scene_id=f"scene-{shade}",
        acquired_at=datetime(2021, 2, 1 + shade % 28, tzinfo=UTC),
        pixel_m=10.0,
        colour=np.full((*seen.shape, 3), shade, np.uint8),
        seen=seen,
        outline=(((1.0, 1.0), (2.5, 1.0), (2.0, 2.0)),),
    )


@given(nps.arrays(bool, nps.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)))
def test_rectangles_cover_what_is_left_out_and_nothing_twice(seen: np.ndarray) -> None:
    sheet, _ = lay_out("A", [a_chip(seen, 7)])
    covered = np.zeros(seen.shape, int)
    for col, row, run, down in re.findall(r"M(\d+),(\d+)h(\d+)v(\d+)h-\d+z", sheet.chips[0].masked):
        covered[int(row) : int(row) + int(down), int(col) : int(col) + int(run)] += 1
    np.testing.assert_array_equal(covered, ~seen)


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=30))
def test_each_chip_is_where_the_sheet_says_and_no_neighbour_shines_in(
    shapes: list[tuple[int, int]],
) -> None:
    chips = [a_chip(np.ones(shape, bool), 10 + n) for n, shape in enumerate(shapes)]
    sheet, png = lay_out("A", chips)
    drawn = np.rint(matplotlib.image.imread(io.BytesIO(png))[..., :3] * 255).astype(int)
    assert drawn.shape[:2] == (sheet.height, sheet.width)
    for chip, view in zip(chips, sheet.chips, strict=True):
        rim = drawn[view.y - 1 : view.y + view.height + 1, view.x - 1 : view.x + view.width + 1]
        assert (rim == chip.colour[0, 0, 0]).all()
        assert rim.shape[:2] == (chip.seen.shape[0] + 2, chip.seen.shape[1] + 2)
        assert view.outline == "M1,1L2.5,1L2,2z"


def test_drawn_plots_are_cut_once_and_the_sensor_asks_until_then(
    run_home: Home, outcome: Outcome
) -> None:
    """On the real run: every drawn plot in every scene, with the boundary in the picture."""
    workspace, stage = run_home.workspace, outcome.stage
    wanted = chips_wanted(stage)
    assert len(wanted.plot_ids) > 10
    (due,) = due_chips(workspace)
    assert (due.project, due.period) == (PROJECT, PERIOD)
    resource = WorkspaceResource(home=str(workspace.home), demo=True)
    (asked,) = drawn_samples(None, workspace=resource)  # type: ignore[misc]
    drawn = {"project": PROJECT, "period": PERIOD}
    assert asked.run_config["ops"] == {"cut_chips": {"config": drawn}}

    with ThreadPoolExecutor(1) as thread:  # as `Home.run` does
        run = partial(
            defs().resolve_job_def(CHIPS).execute_in_process,
            run_config=asked.run_config,
            resources={"workspace": resource},
            instance=run_home.instance,
        )
        done = thread.submit(run).result()
    assert done.success
    assert chips_wanted(stage).plot_ids == ()
    assert due_chips(workspace) == []
    assert cut_wanted(stage, print) == 0
    scenes = stage.shelf.json("scenes")
    for plot_id in wanted.plot_ids:
        sheet = plot_chips.sheet_of(workspace.settings, wanted.estimate_sha256, plot_id)
        assert sheet is not None
        assert {chip.scene_id for chip in sheet.chips} == {scene["id"] for scene in scenes}
        assert [c.acquired_at for c in sheet.chips] == sorted(c.acquired_at for c in sheet.chips)
    kept = [path for path in (workspace.home / "pixels" / "chips").rglob("*") if path.is_file()]
    assert len(kept) == len(wanted.plot_ids) + 1
    assert not any(b"PNG" in path.read_bytes() for path in kept), "they lie encrypted"


def test_another_run_on_the_shelf_is_not_cut_as_if_it_were_the_one(
    outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = plot_chips.Wanted("f" * 64, ("P-1",))
    monkeypatch.setattr(plot_chips, "wanted", lambda *_args: other)
    with pytest.raises(InputRejected, match="run the period again"):
        cut_wanted(outcome.stage, print)
