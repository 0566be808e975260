"""Work on threads and on a real Dask cluster; whatever goes wrong is one sentence."""

import operator
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

import pytest

from mrv.errors import SceneUnreadable, SourceFailed
from pipelines.executors import executor_at
from tests.pipelines.dask_cluster import dask_cluster


def fail(scene: str) -> None:
    raise SceneUnreadable(f"Scene {scene} is damaged; fetch it again.", scene=scene)


def test_threads_are_the_default_and_what_waits_is_dropped_when_something_fails() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        time.sleep(0.05)

    with pytest.raises(SceneUnreadable), executor_at() as executor:  # noqa: PT012  # the block is the test
        assert isinstance(executor, ThreadPoolExecutor)
        futures = [executor.submit(work, number) for number in range(1000)]
        fail("S2A")
    assert len(begun) < 100
    assert sum(future.cancelled() for future in futures) == 1000 - len(begun)


@pytest.mark.parametrize("address", ["tcp://", "10.0.0.5:8786", "http://127.0.0.1:80", "tcp://a:b"])
def test_an_address_of_no_scheduler_is_a_sentence(address: str) -> None:
    with pytest.raises(SourceFailed, match="PARKLAND_DASK_SCHEDULER"), executor_at(address):
        pass


def work_until(executor: Executor, something_happens: Callable[[], None]) -> None:
    threading.Timer(0.5, something_happens).start()
    executor.submit(time.sleep, 60).result(timeout=60)


def refusal(address: str) -> str:
    """Ask for a cluster that cannot be had, and give the sentence."""
    with pytest.raises(SourceFailed) as told, executor_at(address):
        pass
    return told.value.message


def test_where_nobody_listens_is_said_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        begin = time.monotonic()
        assert f"No Dask scheduler answers at {address};" in refusal(address)
        assert time.monotonic() - begin < 5


def test_without_dask_installed_it_says_how_to_install_it() -> None:
    """In a process that cannot import it."""
    probe = (
        "import sys; sys.modules['distributed'] = None\n"
        "from mrv.errors import SourceFailed\n"
        "from pipelines.executors import executor_at\n"
        "with executor_at() as threads: print(threads.submit(abs, -1).result())\n"
        "try:\n"
        "    with executor_at('tcp://127.0.0.1:1'): pass\n"
        "except SourceFailed as error: print(error.message)\n"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    number, sentence = done.stdout.splitlines()
    assert number == "1"
    assert "install parkland[dask]" in sentence


def test_a_cluster_without_workers_is_not_waited_for_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.executors._WORKERS_S", 0.5)
    with dask_cluster(tmp_path, workers=0) as cluster:
        assert f"has no workers; start some with `dask worker {cluster.address}`" in refusal(
            cluster.address
        )


@pytest.mark.slow
def test_a_cluster_works_and_what_goes_wrong_with_it_is_a_sentence_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one cluster that gives work up at the first worker it kills; by default at the fourth."""
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with dask_cluster(tmp_path) as cluster:
        with executor_at(cluster.address) as executor:
            assert list(executor.map(operator.add, [1, 2], [10, 20])) == [11, 22]
            with pytest.raises(SceneUnreadable) as told:
                executor.submit(fail, "S2A").result(timeout=60)
            assert told.value.facts == {"scene": "S2A"}
            assert told.value.message == "Scene S2A is damaged; fetch it again."
        with (
            pytest.raises(SourceFailed, match="again and again"),
            executor_at(cluster.address) as e,
        ):
            e.submit(os.abort).result(timeout=60)
        with pytest.raises(SourceFailed, match="went away"), executor_at(cluster.address) as e:
            work_until(e, cluster.scheduler.kill)
        assert "No Dask scheduler answers" in refusal(cluster.address)
