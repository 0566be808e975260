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
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

import pyarrow as pa

from mrv.sources import child

_ROOT = str(Path(__file__).resolve().parents[2])
_START = (
    "import importlib, sys; sys.path.append(sys.argv.pop()); "
    "reader = importlib.import_module(sys.argv.pop()); reader.main()"
)
MAX_BYTES = 512_000_000
_LARGEST_ANSWER_BYTES = 2 << 30
_LARGEST_REFUSAL_BYTES = 20_000
_LONGEST_WORD = 255
_LONGEST_SHOWN = 80
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


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file was not read: a word for programs and a sentence for people."""

    fault: str
    message: str


def read_limited(
    data: bytes | Path,
    name: str,
    *,
    reader: str,
    limits: Limits,
    asked: Mapping[str, object] | None = None,
) -> pa.Table | Refusal:
    """Have a file that somebody else made read by a child.

    Args:
        data: The file, or where it lies.
        name: As its sender calls it; the extension says the format.
        reader: Module whose `main` calls `child.answer`.
        limits: What reading may take.
        asked: What the reader wants to know besides the name.
    """
    shown = shown_name(name)
    size = _size(data)
    if size is None:
        return Refusal("unreadable", f"{shown} is no file that can be read.")
    if size > limits.file_bytes:
        return Refusal(
            "too_large",
            f"{shown} has {size / 1e6:,.0f} MB, and at most {limits.file_bytes / 1e6:,.0f} MB are "
            "read; split it.",
        )
    cpu_s = limits.time_s + limits.time_s_per_mb * size / 1e6
    told = {
        **(asked or {}),
        "name": name[-_LONGEST_WORD:],  # the end is what says the format
        "cpu_s": math.ceil(cpu_s),
        "memory_bytes": limits.memory_bytes,
    }
    command = [sys.executable, "-I", "-X", "utf8", "-c", _START, json.dumps(told), reader, _ROOT]
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


def shown_name(name: str) -> str:
    """Give a file's name as it may stand in a sentence: no path, nothing unprintable, not long."""
    last = PurePosixPath(name.replace("\\", "/")).name
    plain = "".join(sign for sign in last if sign.isprintable()) or "The file"
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]}..."


def out_of_memory(shown: str) -> Refusal:
    """Say that a file took more memory than it may."""
    return Refusal(
        "out_of_memory",
        f"{shown} needs more memory than reading a file may take; split it.",
    )


def _size(data: bytes | Path) -> int | None:
    """Give the size of a file; None where there is none to read."""
    if isinstance(data, bytes):
        return len(data)
    return data.stat().st_size if data.is_file() else None


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


def _understood(code: int, answer: bytearray, name: str, *, late: bool) -> pa.Table | Refusal:
    """Make of the child's end and its last words a table or a refusal."""
    if code == 0:
        try:
            with pa.ipc.open_stream(answer) as stream:
                table = stream.read_all()
            table.validate(full=True)
        except (pa.ArrowException, ValueError, KeyError):
            code = child.FAILED
        else:
            return table
    if code == child.REFUSED:
        told = json.loads(answer[:_LARGEST_REFUSAL_BYTES])
        fault = str(told["fault"])
        if _FAULT.fullmatch(fault):
            return Refusal(fault, str(told["message"]))
    if late or code == -signal.SIGXCPU:
        return Refusal(
            "timeout",
            f"{name} takes longer to read than a file of its size may; export it again, or split "
            "it.",
        )
    if code == child.OUT_OF_MEMORY:
        return out_of_memory(name)
    return damaged(name)


def damaged(name: str) -> Refusal:
    """Say that what came back makes no sense."""
    return Refusal("damaged", f"{name} cannot be read to its end; export it again.")
