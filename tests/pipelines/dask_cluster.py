"""A Dask cluster on loopback: one scheduler and its workers, each a process of its own.

Started as an operator would, with the commands of the README.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parents[2]
# Dask's own setting makes glibc map and unmap every block that is decoded; see the README.
ALLOCATOR = {"MALLOC_TRIM_THRESHOLD_": "268435456", "MALLOC_MMAP_THRESHOLD_": "33554432"}
_START_S = 60.0


@dataclass
class Cluster:
    """Processes that belong to a test, and where they listen."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@contextmanager
def dask_cluster(
    folder: Path,
    workers: int = 2,
    *,
    nanny: bool = False,
    allocator: Mapping[str, str] = MappingProxyType(ALLOCATOR),
) -> Iterator[Cluster]:
    """Start a scheduler and workers of one thread each; stop them all at the end.

    Args:
        folder: For what they write; each cluster its own.
        workers: How many.
        nanny: Whether each worker has a process that starts it again, as is Dask's default;
            without one a killed worker stays away.
        allocator: Settings of glibc's malloc.
    """
    where = folder / "scheduler.json"
    processes: list[subprocess.Popen[bytes]] = []

    def start(kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments]
        with (folder / f"{kind}{len(processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, **allocator, "PYTHONPATH": str(ROOT)},
            )
        processes.append(process)
        return process

    try:
        scheduler = start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
            "--scheduler-file", str(where),
        )  # fmt: skip
        address = _address(where, scheduler)
        started = [
            start(
                "worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-dashboard",
                "--nanny" if nanny else "--no-nanny", "--local-directory", str(folder),
            )
            for _ in range(workers)
        ]  # fmt: skip
        yield Cluster(address, scheduler, started)
    finally:
        for process in reversed(processes):
            process.send_signal(signal.SIGTERM)
        for process in reversed(processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _address(where: Path, scheduler: subprocess.Popen[bytes]) -> str:
    """Wait until the scheduler has written down where it listens."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until and scheduler.poll() is None:
        try:
            return str(json.loads(where.read_text("utf-8"))["address"])
        except (FileNotFoundError, json.JSONDecodeError):
            time.sleep(0.05)
    raise RuntimeError((where.parent / "scheduler0.log").read_text("utf-8"))
