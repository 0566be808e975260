"""The child process in which a stranger's file is read: limits first, then the file, then nothing.

`limited` starts it. The file comes in over standard input and the table goes out over standard
output, so that the child needs no path; once it has read its input and its modules, the kernel
refuses it every further file and every connection.
"""

import gc
import json
import os
import resource
import sys
from typing import Any

import pyarrow as pa

REFUSED, OUT_OF_MEMORY, FAILED = 3, 4, 5  # exit codes


def main() -> None:
    """Read what comes in and write the table, or the refusal as JSON."""
    asked = json.loads(sys.argv[1])
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_AS, asked["memory_bytes"]),
    ):
        resource.setrlimit(what, (most, most))
    # The soft limit tells the parent that it was the time; the hard one ends what would not hear.
    resource.setrlimit(resource.RLIMIT_CPU, (asked["cpu_s"], asked["cpu_s"] + 1))
    try:
        code = _answer(asked)
    except MemoryError:
        code = OUT_OF_MEMORY
    sys.stdout.flush()
    os._exit(code)  # tidying up takes time, and threads of Arrow now and then do not survive it


def _answer(asked: dict[str, Any]) -> int:
    from mrv.errors import BoundaryFileRefused
    from mrv.sources.boundaries.formats import table_of
    from mrv.sources.boundaries.readiness import make_ready

    gc.disable()  # nothing here is a cycle, and looking for them doubles the time of large files
    data = sys.stdin.buffer.read()
    make_ready(data, asked["name"])
    # Three is the number of open files: every further one, and every socket, is refused.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    out = sys.stdout.buffer
    try:
        table = table_of(data, asked["name"], asked["crs"])
    except BoundaryFileRefused as refused:
        out.write(json.dumps({"fault": refused.fault, "message": refused.message}).encode())
        return REFUSED
    del data
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    out.flush()
    return 0
