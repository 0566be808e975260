"""Reading scenes: killed and resumed, twice, two at once, damaged, full, and on a real cluster."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from mrv.errors import SceneUnreadable
from mrv.simulation.archetypes import ARCHETYPES
from mrv.simulation.landscape import simulate_landscape
from mrv.simulation.spec import Weather
from mrv.sources.simulated import write_landscape
from tests.pipelines.dask_cluster import ROOT, dask_cluster
from tests.pipelines.observing import CountedScenes, Place

pytestmark = pytest.mark.xdist_group("extraction")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a landscape with twelve scenes in some six months."""
    few = Weather(dry_scenes=4, wet_scenes=2, dry_cloud=0.05)
    spec = replace(ARCHETYPES["growing"], weather=few)
    written = write_landscape(simulate_landscape(spec, 5), tmp_path_factory.mktemp("sky") / "sky")
    return written.folder


@pytest.fixture(scope="module")
def place(folder: Path) -> Place:
    return Place.of(folder)


@pytest.fixture(scope="module")
def truth(place: Place, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """What an undisturbed run on threads says."""
    scratch = tmp_path_factory.mktemp("undisturbed")
    opener = CountedScenes(scratch / "opened")
    table = place.observed(scratch / "kept", opener)
    assert_each_once(opener.opened(), place)
    return table


def assert_each_once(opened: list[str], place: Place) -> None:
    """Every scene, and the first once more: it says beforehand how the tile lies in its files."""
    assert set(opened) == {scene.id for scene in place.scenes}
    assert len(opened) == len(place.scenes) + 1


@dataclass(frozen=True)
class Work:
    """Where one test keeps what it reads and counts what it opens."""

    place: Place
    folder: Path
    scratch: Path

    @property
    def kept(self) -> Path:
        return self.scratch / "kept"

    def opener(self, name: str = "opened", wait_s: float = 0.0) -> CountedScenes:
        return CountedScenes(self.scratch / name, wait_s)

    def again(self, name: str) -> tuple[pd.DataFrame, list[str]]:
        """Read on threads; gives the table and the scenes that were opened."""
        opener = self.opener(name)
        return self.place.observed(self.kept, opener), opener.opened()

    def program(self, name: str, wait_s: float = 0.0) -> list[str]:
        """Give the command that reads in a process of its own."""
        arguments = (self.folder, self.kept, self.scratch / name, wait_s, self.scratch / "table")
        return [sys.executable, "-m", "tests.pipelines.observing", *map(str, arguments)]

    def start(self, name: str, wait_s: float = 0.0) -> subprocess.Popen[str]:
        """Read in a process of its own."""
        return subprocess.Popen(
            self.program(name, wait_s), cwd=ROOT, stderr=subprocess.PIPE, text=True
        )

    def entries(self, kind: str) -> list[Path]:
        """List what is kept; there is one entry of sums for each scene that is done."""
        return sorted(path for path in (self.kept / kind).rglob("*") if path.is_file())


@pytest.fixture
def work(place: Place, folder: Path, tmp_path: Path) -> Work:
    return Work(place, folder, tmp_path)


def wait_until(something: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not something():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.01)


def test_a_second_time_opens_nothing(work: Work, truth: pd.DataFrame) -> None:
    first, opened = work.again("first")
    assert_each_once(opened, work.place)
    second, opened_again = work.again("second")
    assert not opened_again
    assert_same(first, truth)
    assert_same(second, truth)


def assert_same(table: pd.DataFrame, truth: pd.DataFrame) -> None:
    """Equal to the last bit."""
    assert_frame_equal(table, truth, check_exact=True)
    assert len(truth) > 0


def test_killed_in_the_middle_it_reads_only_what_is_missing(
    work: Work, truth: pd.DataFrame
) -> None:
    killed = work.start("killed", wait_s=0.25)
    wait_until(lambda: len(work.entries("sums")) >= 3)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    bands = Counter(entry.name[:64] for entry in work.entries("pixels"))
    whole = {item for item, kept in bands.items() if kept == max(bands.values())}
    done = len(work.entries("sums"))
    assert 3 <= done <= len(whole) < len(work.place.scenes)
    table, opened = work.again("resumed")
    # Of a scene that was fetched but not yet summed when the end came, nothing is fetched again.
    missing = [scene.id for scene in work.place.scenes if scene.item_sha256 not in whole]
    assert sorted(opened) == sorted(missing)
    assert_same(table, truth)


def test_two_at_once_agree_and_leave_nothing_half_done(work: Work, truth: pd.DataFrame) -> None:
    other = work.start("other", wait_s=0.05)
    wait_until((work.scratch / "other").exists)
    table, _ = work.again("mine")
    _, said = other.communicate(timeout=120)
    assert (other.returncode, said) == (0, "")
    assert_same(table, truth)
    assert_same(pd.read_pickle(work.scratch / "table"), truth)  # noqa: S301  # our own
    assert not [path for path in (work.kept / "unfinished").glob("*") if path.is_file()]
    assert not work.again("after")[1]


@pytest.mark.parametrize("damage", ["cut", "changed", "emptied"])
def test_damaged_entries_are_made_again(work: Work, truth: pd.DataFrame, damage: str) -> None:
    work.again("first")
    spoilt = {kind: work.entries(kind)[0] for kind in ("pixels", "layouts", "plans")}
    for entry in (*spoilt.values(), *work.entries("sums")):
        data = bytearray(entry.read_bytes())
        if damage == "changed":
            data[len(data) // 2] ^= 1
        entry.write_bytes(bytes(data[: {"cut": len(data) // 2, "emptied": 0}.get(damage)]))
    table, opened = work.again("after")
    assert_same(table, truth)
    of_pixels, of_layout = (spoilt[kind].name[:64] for kind in ("pixels", "layouts"))
    items = {scene.id: scene.item_sha256 for scene in work.place.scenes}
    assert of_pixels in {items[scene] for scene in opened}
    assert {items[scene] for scene in opened} <= {of_pixels, of_layout}
    assert not work.again("and once more")[1]


def test_anything_that_was_kept_may_be_deleted(work: Work, truth: pd.DataFrame) -> None:
    work.again("first")
    for kind in ("sums", "plans", "layouts"):
        for entry in work.entries(kind):
            entry.unlink()
    table, _ = work.again("after")
    assert_same(table, truth)


def test_a_damaged_scene_is_named_and_the_others_are_kept(work: Work, truth: pd.DataFrame) -> None:
    scene = max(work.place.scenes, key=lambda scene: scene.acquired_at)
    file = Path(scene.assets["nir"])
    whole = file.read_bytes()
    try:
        file.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(SceneUnreadable, match=scene.id):
            work.again("damaged")
    finally:
        file.write_bytes(whole)
    done = len(work.entries("sums"))
    assert done > 0
    table, opened = work.again("mended")
    assert len(opened) == len(work.place.scenes) - done
    assert_same(table, truth)


SMALL = """
set -e
mount -t tmpfs -o size=$1 none $2
shift 2
"$@"
"""


def test_without_room_it_says_so(work: Work) -> None:
    """On a file system of its own that is too small, where this machine lets us mount one."""
    work.kept.mkdir()
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", SMALL, "sh"]
    try:
        subprocess.run([*inside, "1m", work.kept, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody mount a file system of their own")
    done = subprocess.run(
        [*inside, "500k", work.kept, *work.program("small")],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith(f"There is no room in {work.kept} for what the scenes hold")
    assert len(done.stderr.splitlines()) == 1
    assert work.opener("small").opened(), "it had begun"


@pytest.mark.slow
def test_a_cluster_gives_the_same_bits_also_when_a_worker_is_killed(
    work: Work, truth: pd.DataFrame
) -> None:
    with dask_cluster(work.scratch) as cluster:
        table = work.place.observed(work.kept, work.opener("all"), cluster.address)
        assert_same(table, truth)
        slow = work.opener("with a death", wait_s=0.25)

        def kill_one_in_the_middle() -> None:
            wait_until(lambda: len(slow.opened()) >= 3)
            os.kill(cluster.workers[0].pid, signal.SIGKILL)

        killer = threading.Thread(target=kill_one_in_the_middle)
        killer.start()
        table = work.place.observed(work.scratch / "kept apart", slow, cluster.address)
        killer.join()
        assert cluster.workers[0].wait(10) == -signal.SIGKILL
        assert_same(table, truth)
        opened = slow.opened()
        assert set(opened) == {scene.id for scene in work.place.scenes}
        # One says how the tile lies, and at most the one in the dead worker's hand is read again.
        assert len(opened) <= len(work.place.scenes) + 2
        idle = work.opener("a second time")
        assert_same(work.place.observed(work.kept, idle, cluster.address), truth)
        assert not idle.opened()
