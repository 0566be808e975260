"""A web server for parts of files on loopback, with a delay per request and faults on demand.

In a test it runs in a thread; for a benchmark in a process of its own, as
`python -m tests.mrv.sources.range_server FOLDER SECONDS`, which tells its address on standard
output and, at `/-/taken`, what it was asked since it was last asked for that.
"""

import asyncio
import json
import re
import ssl
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

Fault = Literal[
    "refused",  # 503
    "throttled",  # 429
    "cut",  # the connection breaks in the middle of the body
    "short",  # half of the body, said to be all there is
    "shifted",  # other bytes than were asked for, and said so
    "missing",  # 404
    "forbidden",  # 403
    "whole",  # the whole file, as servers do that know no ranges
]
_STATUS = {"refused": 503, "throttled": 429, "missing": 404, "forbidden": 403}


@dataclass
class RangeServer:
    """What it serves, how badly, and what it was asked.

    Attributes:
        folder: Files below it are served; their entity tag changes when they are written.
        delay_s: Waited before each answer [s].
        fault: From the number of the request, counted from 1, to what is wrong with its answer.
        asked: Path and range of each request so far.
        queries: What followed the question mark of each request so far.
        bytes: Of bodies sent.
        writers: To the connections that are open.
        moved_to: Where every request is sent on to, if anywhere.
    """

    folder: Path
    delay_s: float = 0.0
    fault: Callable[[int], Fault | None] = lambda _: None
    asked: list[tuple[str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    bytes: int = 0
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    moved_to: str = ""
    address: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection."""
        self.writers.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin1").split("\r\n")
                address = urlsplit(head[0].split(" ")[1])
                path = unquote(address.path)
                asked = next((x[6:].strip() for x in head if x.lower().startswith("range:")), "")
                if path == "/-/taken":
                    told = {"requests": len(self.asked), "bytes": self.bytes}
                    self.asked, self.queries, self.bytes = [], [], 0
                    _send(writer, 200, json.dumps(told).encode())
                    continue
                self.asked.append((path, asked))
                self.queries.append(address.query)
                fault = self.fault(len(self.asked))
                await asyncio.sleep(self.delay_s)
                if not self._send_part(writer, path, asked, fault):
                    break
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            self.writers.discard(writer)

    def _send_part(
        self, writer: asyncio.StreamWriter, path: str, asked: str, fault: Fault | None
    ) -> bool:
        """Send one answer; say whether the connection may stay."""
        file = self.folder / path.lstrip("/")
        if self.moved_to:
            _send(writer, 302, b"", f"Location: {self.moved_to}{path}")
        elif fault in _STATUS or not file.is_file():
            _send(writer, _STATUS.get(fault or "missing", 404), b"")
        else:
            status = file.stat()
            size = status.st_size
            stamps = (
                f'ETag: "{status.st_mtime_ns:x}-{size:x}"',
                f"Last-Modified: {formatdate(status.st_mtime, usegmt=True)}",
            )
            found = re.fullmatch(r"bytes=(\d+)-(\d+)", asked)
            if not found or fault == "whole":
                _send(writer, 200, file.read_bytes(), *stamps)
                return True
            start, last = int(found[1]), min(int(found[2]), size - 1)
            if start >= size:
                _send(writer, 416, b"")
                return True
            if fault == "shifted":
                start += 1
            with file.open("rb") as opened:
                opened.seek(start)
                body = opened.read(last + 1 - start)
            sent = body[: len(body) // 2] if fault in ("cut", "short") else body
            self.bytes += len(sent)
            length = len(body) if fault == "cut" else len(sent)
            place = f"Content-Range: bytes {start}-{last}/{size}"
            _send(writer, 206, sent, *stamps, place, length=length)
        return fault != "cut"


def _send(
    writer: asyncio.StreamWriter, status: int, body: bytes, *headers: str, length: int | None = None
) -> None:
    length = len(body) if length is None else length
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {length}", *headers, "", ""]
    writer.write("\r\n".join(lines).encode("latin1") + body)


@contextmanager
def serve(server: RangeServer, secure: ssl.SSLContext | None = None) -> Iterator[RangeServer]:
    """Run a server in a thread; over https if a certificate is given."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def run() -> None:
        listening = await asyncio.start_server(
            server.answer, "127.0.0.1", 0, limit=2**20, ssl=secure
        )
        server.address = (
            f"{'https' if secure else 'http'}://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
        )
        ready.set()
        await stop.wait()
        listening.close()
        # A connection accepted in this very turn has a task but no writer yet: look again until
        # none is left, or it would wait for ever on a client that keeps its connection.
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for writer in list(server.writers):
                writer.transport.abort()
            await asyncio.wait(others, timeout=0.02)
        await asyncio.sleep(0.005)  # aborted transports close their sockets in a later turn

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()


@contextmanager
def serve_apart(folder: Path, delay_s: float) -> Iterator[str]:
    """Run a server in a process of its own; gives its address."""
    command = [sys.executable, "-m", __spec__.name, str(folder), str(delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def taken(address: str) -> dict[str, int]:
    """Ask a server what it was asked since the last time."""
    with urllib.request.urlopen(f"{address}/-/taken") as answer:  # noqa: S310  # our own server
        told: dict[str, int] = json.load(answer)
    return told


if __name__ == "__main__":
    with serve(RangeServer(Path(sys.argv[1]), float(sys.argv[2]))) as running:
        sys.stdout.write(f"{running.address}\n")
        sys.stdout.flush()
        threading.Event().wait()
