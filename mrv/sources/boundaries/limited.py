"""Reading in a limited child process: whatever a file does, it does not do it here.

The child gets so much memory and so much time, no environment, no network and no file but the one
that is handed to it. One that is stopped by a limit becomes a sentence.
"""

import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

from mrv.errors import BoundaryFileRefused
from mrv.sources.boundaries import child
from mrv.sources.boundaries.features import MAX_BYTES, BoundaryFile, to_frame
from mrv.sources.boundaries.formats import out_of_memory, shown_name

_ROOT = str(Path(__file__).resolve().parents[3])
_START = (
    "import sys; sys.path.append(sys.argv.pop()); "
    "from mrv.sources.boundaries.child import main; main()"
)
_LARGEST_ANSWER_BYTES = 2 << 30
_LARGEST_REFUSAL_BYTES = 20_000
_LONGEST_NAME = 255
_PIECE_BYTES = 1 << 20
_FAULT = re.compile(r"[a-z_]{1,40}")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may take.

    Attributes:
        file_bytes: Largest file that is handed to it at all.
        memory_bytes: Its address space, libraries included, so that it never holds more.
        time_s: Processor time for the smallest file.
        time_s_per_mb: Processor time on top, for each MB of the file.
        patience: How many times its processor time a child may take by the clock on the wall.
    """

    file_bytes: int = MAX_BYTES
    memory_bytes: int = 2 << 30
    time_s: float = 10.0
    time_s_per_mb: float = 0.2
    patience: float = 4.0


def read_boundaries(
    data: bytes | Path, name: str, *, crs: str = "", limits: Limits | None = None
) -> BoundaryFile:
    """Read a boundary file that somebody else made.

    Args:
        data: The file, or where it lies.
        name: As its sender calls it; the extension says the format.
        crs: Coordinate system such as "EPSG:32636", for a file that states none.
        limits: What reading may take.

    Raises:
        BoundaryFileRefused: If the file as a whole cannot be taken in, or took too much.
    """
    limits = limits or Limits()
    shown = shown_name(name)
    size = _size(data, shown)
    if size > limits.file_bytes:
        raise BoundaryFileRefused(
            "too_large",
            f"{shown} has {size / 1e6:,.0f} MB, and at most {limits.file_bytes / 1e6:,.0f} MB are "
            "read; split it.",
            file=shown,
        )
    cpu_s = limits.time_s + limits.time_s_per_mb * size / 1e6
    asked = {
        "name": name[-_LONGEST_NAME:],  # the end is what says the format
        "crs": crs[:_LONGEST_NAME],
        "cpu_s": math.ceil(cpu_s),
        "memory_bytes": limits.memory_bytes,
    }
    command = [sys.executable, "-I", "-X", "utf8", "-c", _START, json.dumps(asked), _ROOT]
    with ExitStack() as open_files:
        source = open_files.enter_context(data.open("rb")) if isinstance(data, Path) else None
        process = open_files.enter_context(
            subprocess.Popen(  # noqa: S603  # our own interpreter and code
                command,
                stdin=source or subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=_ENVIRONMENT,
                cwd="/",
            )
        )
        answer, late = _converse(process, data, limits.patience * cpu_s)
    return _understood(process.returncode, answer, shown, late=late)


def _size(data: bytes | Path, shown: str) -> int:
    if isinstance(data, bytes):
        return len(data)
    if not data.is_file():
        raise BoundaryFileRefused("unreadable", f"{shown} is no file that can be read.", file=shown)
    return data.stat().st_size


# Nothing of ours goes in: no address of a database, no key, no proxy that would be asked.
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_ARENA_MAX": "2",
    "PROJ_NETWORK": "OFF",
    "PYTHONDONTWRITEBYTECODE": "1",
}


def _converse(
    process: subprocess.Popen[bytes], data: bytes | Path, most_s: float
) -> tuple[bytearray, bool]:
    """Hand the file over and take the answer, for so long and of such a size and no more."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        process.kill()

    clock = threading.Timer(most_s, stop)
    feeder = threading.Thread(target=_feed, args=(process.stdin, data))
    answer = bytearray()
    clock.start()
    feeder.start()
    try:
        while process.stdout and (piece := process.stdout.read(_PIECE_BYTES)):
            answer += piece
            if len(answer) > _LARGEST_ANSWER_BYTES:
                break
    finally:
        clock.cancel()
        if len(answer) > _LARGEST_ANSWER_BYTES or sys.exc_info()[0] is not None:
            process.kill()
        process.wait()
        feeder.join()
    return answer, late.is_set()


def _feed(pipe: IO[bytes] | None, data: bytes | Path) -> None:
    if pipe is not None and isinstance(data, bytes):
        with suppress(OSError), pipe:  # a child that was stopped hears nothing more
            pipe.write(data)


def _understood(code: int, answer: bytearray, name: str, *, late: bool) -> BoundaryFile:
    """Make of the child's end and its last words a table or a refusal.

    Raises:
        BoundaryFileRefused: If it refused, or was stopped by a limit.
    """
    if code == 0:
        try:
            with pa.ipc.open_stream(answer) as stream:
                table = stream.read_all()
            table.validate(full=True)
            return to_frame(table)
        except (pa.ArrowException, ValueError, KeyError):
            code = child.FAILED
    if code == child.REFUSED:
        told = json.loads(answer[:_LARGEST_REFUSAL_BYTES])
        fault = str(told["fault"])
        if _FAULT.fullmatch(fault):
            raise BoundaryFileRefused(fault, str(told["message"]), file=name)
    if late or code == -signal.SIGXCPU:
        raise BoundaryFileRefused(
            "timeout",
            f"{name} takes longer to read than a file of its size may; export it again, or split "
            "it.",
            file=name,
        )
    if code == child.OUT_OF_MEMORY:
        raise out_of_memory(name)
    raise BoundaryFileRefused(
        "damaged", f"{name} cannot be read to its end; export it again.", file=name
    )
