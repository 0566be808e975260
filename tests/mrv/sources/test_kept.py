"""What is kept is there whole or not at all, whoever writes it, whoever is killed meanwhile."""

import hashlib
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from mrv.errors import SourceFailed
from mrv.sources.kept import FolderKeeper, StoreKeeper, keeper_at

KEY = "pixels/ab/abcd"


@pytest.fixture
def keeper(tmp_path: Path) -> FolderKeeper:
    return FolderKeeper(tmp_path / "pixels")


def files(keeper: FolderKeeper) -> list[str]:
    found = (path for path in keeper.folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(keeper.folder).as_posix() for path in found)


def test_what_is_put_is_given_back_and_nothing_else_is_there(keeper: FolderKeeper) -> None:
    assert keeper.get(KEY) is None
    keeper.put(KEY, b"one")
    keeper.put("sums/ab/abcd", b"two")
    assert (keeper.get(KEY), keeper.get("sums/ab/abcd")) == (b"one", b"two")
    keeper.put(KEY, b"mended")
    assert keeper.get(KEY) == b"mended"
    assert files(keeper) == [KEY, "sums/ab/abcd"]


def test_any_of_it_may_be_deleted(keeper: FolderKeeper) -> None:
    keeper.put(KEY, b"one")
    (keeper.folder / KEY).unlink()
    (keeper.folder / KEY).parent.rmdir()
    assert keeper.get(KEY) is None
    keeper.put(KEY, b"again")
    assert keeper.get(KEY) == b"again"


@pytest.mark.parametrize(
    "key", ["", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", ".hidden", "a b", "unfinished/x"]
)
def test_a_key_leads_nowhere_else(keeper: FolderKeeper, key: str) -> None:
    with pytest.raises(SourceFailed, match="cannot be the key"):
        keeper.put(key, b"x")
    with pytest.raises(SourceFailed, match="cannot be the key"):
        keeper.get(key)


def test_it_travels_to_other_processes(keeper: FolderKeeper) -> None:
    keeper.put(KEY, b"one")
    assert pickle.loads(pickle.dumps(keeper)).get(KEY) == b"one"  # noqa: S301  # our own


def content(number: int, size: int = 200_000) -> bytes:
    """Give bytes that say themselves whether they are whole."""
    body = bytes([number]) * size
    return hashlib.sha256(body).digest() + body


def is_whole(data: bytes) -> bool:
    return hashlib.sha256(data[32:]).digest() == data[:32]


def test_readers_beside_writers_never_see_half_an_entry(keeper: FolderKeeper) -> None:
    done = threading.Event()

    def write(number: int) -> None:
        for _ in range(40):
            keeper.put(KEY, content(number))

    def read() -> int:
        seen = 0
        while not done.is_set():
            if (data := keeper.get(KEY)) is not None:
                assert is_whole(data)
                seen += 1
        return seen

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        list(pool.map(write, range(4)))
        done.set()
        assert sum(reader.result() for reader in readers) > 0
    assert files(keeper) == [KEY]


WRITING = """
import sys
from pathlib import Path
from mrv.sources.kept import FolderKeeper
from tests.mrv.sources.test_kept import content
keeper = FolderKeeper(Path(sys.argv[1]))
while True:
    for number in range(8):
        keeper.put(f"pixels/ab/{number}", content(number, 3_000_000))
"""


def test_a_killed_writer_leaves_whole_entries_and_its_draft_is_swept(keeper: FolderKeeper) -> None:
    for _ in range(3):
        writer = subprocess.Popen([sys.executable, "-c", WRITING, str(keeper.folder)])
        until = time.monotonic() + 30
        while keeper.get("pixels/ab/0") is None and time.monotonic() < until:
            time.sleep(0.01)
        time.sleep(0.1)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
    entries = [name for name in files(keeper) if name.startswith("pixels/")]
    assert entries
    assert all(is_whole(keeper.get(name) or b"") for name in entries)
    drafts = [name for name in files(keeper) if name.startswith("unfinished/")]
    for name in drafts:
        os.utime(keeper.folder / name, (0, 0))
    fresh = keeper.folder / "unfinished" / "of-somebody-who-lives"
    fresh.parent.mkdir(exist_ok=True)
    fresh.write_bytes(b"half")
    keeper.sweep()
    assert files(keeper) == [*entries, "unfinished/of-somebody-who-lives"]


FULL = """
import resource, sys
from pathlib import Path
from mrv.errors import SourceFailed
from mrv.sources.kept import FolderKeeper
keeper = FolderKeeper(Path(sys.argv[1]))
keeper.put("pixels/ab/small", b"x" * 1000)
if len(sys.argv) > 2:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))
try:
    keeper.put("pixels/ab/large", b"x" * 2**22)
except SourceFailed as error:
    print(error.message)
print(sorted(p.name for p in keeper.folder.rglob("*") if p.is_file()))
print(len(keeper.get("pixels/ab/small")))
"""


def test_a_file_that_may_not_grow_is_one_sentence_and_leaves_no_draft(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path), "limited"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    sentence, left, small = done.stdout.splitlines()
    assert sentence == (
        f"There is no room in {tmp_path} for what the scenes hold (File too large); make room, or "
        "name another place in PARKLAND_PIXELS, and run again: it goes on where it stopped."
    )
    assert (left, small) == ("['small']", "1000")


def test_a_full_disk_is_one_sentence_and_leaves_no_draft(tmp_path: Path) -> None:
    """On a real file system of one mebibyte, where this machine lets us mount one."""
    mounted = f'mount -t tmpfs -o size=1m none {tmp_path} && exec "$@"'
    inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted, "sh"]
    try:
        subprocess.run([*inside, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody mount a file system of their own")
    done = subprocess.run(
        [*inside, sys.executable, "-c", FULL, str(tmp_path / "pixels")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    sentence, left, small = done.stdout.splitlines()
    assert "There is no room in" in sentence
    assert "(No space left on device)" in sentence
    assert (left, small) == ("['small']", "1000")


def test_a_folder_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    keeper = keeper_at(str(tmp_path / "file"))
    with pytest.raises(SourceFailed, match=r"Pixels cannot be kept in .*Not a directory"):
        keeper.put(KEY, b"x")
    with pytest.raises(SourceFailed, match=r"Pixels cannot be kept in .*Not a directory"):
        keeper.get(KEY)


class ObjectServer(BaseHTTPRequestHandler):
    """As much of an S3 service as putting and getting takes."""

    protocol_version = "HTTP/1.1"
    objects: ClassVar[dict[str, bytes]] = {}
    failing: ClassVar[list[int]] = []

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.failing:
            self._answer(self.failing.pop())
        else:
            self.objects[self.path] = body
            self._answer(200)

    def do_GET(self) -> None:
        body = self.objects.get(self.path)
        self._answer(404 if body is None else 200, body or b"")

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", "Sun, 22 Nov 2026 14:00:00 GMT")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[StoreKeeper]:
    with ThreadingHTTPServer(("127.0.0.1", 0), ObjectServer) as server:
        for name, value in {
            "AWS_ENDPOINT": f"http://127.0.0.1:{server.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "invented",
            "AWS_SECRET_ACCESS_KEY": "invented",
            "AWS_REGION": "nowhere-1",
        }.items():
            monkeypatch.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        ObjectServer.objects.clear()
        ObjectServer.failing.clear()
        keeper = keeper_at(f"s3://bucket/{server.server_port}")
        assert isinstance(keeper, StoreKeeper)
        yield keeper
        server.shutdown()
        thread.join()


def test_an_object_store_keeps_as_well(store: StoreKeeper) -> None:
    assert store.get(KEY) is None
    store.put(KEY, b"one")
    store.put(KEY, b"two")
    assert store.get(KEY) == b"two"
    assert [path.endswith(KEY) for path in ObjectServer.objects] == [True]
    assert pickle.loads(pickle.dumps(store)).get(KEY) == b"two"  # noqa: S301  # our own


def test_a_store_that_stumbles_is_asked_again_and_one_that_refuses_is_told(
    store: StoreKeeper,
) -> None:
    ObjectServer.failing[:] = [503, 500]
    store.put(KEY, b"one")
    assert (store.get(KEY), ObjectServer.failing) == (b"one", [])
    ObjectServer.failing[:] = [403]
    with pytest.raises(SourceFailed, match=r"kept at s3://bucket/\d+ \(.*privileges"):
        store.put(KEY, b"two")


@pytest.mark.parametrize("place", ["s4://bucket/x", "s3://", "ftp://somewhere/x"])
def test_an_address_of_no_store_is_said_at_once(place: str) -> None:
    with pytest.raises(SourceFailed, match=r"neither a folder nor .* correct PARKLAND_PIXELS"):
        keeper_at(place)
