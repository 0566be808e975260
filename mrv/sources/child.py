"""The child process in which a stranger's file is read: limits first, then the file, then nothing.

`limited` starts it. The file comes in over standard input and the table goes out over standard
output, so that the child needs no path; once it has read its input and its modules, the kernel
refuses it every further file and every connection.
"""

import codecs
import gc
import json
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

import pyarrow as pa

REFUSED, OUT_OF_MEMORY, FAILED = 3, 4, 5  # exit codes
Asked = dict[str, Any]
_CODECS = (  # Python loads each of them from a file when it is first used
    *("ascii", "latin-1", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"),
    *("cp437", "cp850", "cp866", "cp874", "cp1250", "cp1251", "cp1252", "cp1254", "cp1256"),
    *("cp1258", "iso8859-2", "iso8859-5", "iso8859-9", "iso8859-15", "koi8-r", "mac-roman"),
    *("cp932", "cp936", "cp949", "cp950", "gb18030", "big5", "shift-jis", "idna"),
)


def answer(
    make_ready: Callable[[bytes, Asked], None], read: Callable[[bytes, Asked], pa.Table]
) -> None:
    """Read what comes in and write the table, or the refusal as JSON; then end.

    Args:
        make_ready: Loads whatever reading may need, while files may still be opened.
        read: Gives the table, or raises TableInvalid.
    """
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
        code = _answer(asked, make_ready, read)
    except MemoryError:
        code = OUT_OF_MEMORY
    sys.stdout.flush()
    os._exit(code)  # tidying up takes time, and threads of Arrow now and then do not survive it


def _answer(
    asked: Asked,
    make_ready: Callable[[bytes, Asked], None],
    read: Callable[[bytes, Asked], pa.Table],
) -> int:
    from mrv.errors import TableInvalid

    gc.disable()  # nothing here is a cycle, and looking for them doubles the time of large files
    data = sys.stdin.buffer.read()
    for codec in _CODECS:
        codecs.lookup(codec)
    make_ready(data, asked)
    # Three is the number of open files: every further one, and every socket, is refused.
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    out = sys.stdout.buffer
    try:
        table = read(data, asked)
    except TableInvalid as refused:
        fault = str(getattr(refused, "fault", "") or refused.facts.get("fault", "damaged"))
        out.write(json.dumps({"fault": fault, "message": refused.message}).encode())
        return REFUSED
    del data
    with pa.ipc.new_stream(out, table.schema) as stream:
        stream.write_table(table)
    out.flush()
    return 0
