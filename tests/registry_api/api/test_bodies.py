"""Bodies are read in pieces, to a limit, for as long as they move; what fails leaves nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
import uvicorn

from registry_api import bodies
from registry_api.app import create_app
from tests.registry_api.a_registry import DEVELOPER, VERIFIER
from tests.registry_api.api.a_desk import FOREIGN, NONE, OWN, STRANGER, Desk, some_plots

LIMIT = 1_000_000  # bytes, by the setting of the desk
ADDRESS = f"/v1/projects/{OWN}/uploads?name=plots.geojson"


@contextmanager
def on_loopback(desk: Desk) -> Iterator[int]:
    """Serve the desk over a real socket, where a body can be slow or end early."""
    server = uvicorn.Server(
        uvicorn.Config(create_app(desk.settings), host="127.0.0.1", port=0, log_level="error")
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


def request(desk: Desk, port: int, stated: int, body: bytes, *, then: str) -> bytes:
    """Send a request whose body may not be what its head says; gives what is answered."""
    head = (
        f"POST {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {stated}\r\n"
        f"Content-Type: application/octet-stream\r\nAuthorization: Bearer {desk.keys[DEVELOPER]}"
        "\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head.encode() + body)
        if then == "close":
            return b""
        return connection.recv(65_536)


def unfinished(desk: Desk) -> list[str]:
    """Wait until nothing is being written any more."""
    for _ in range(100):
        left = [path.name for path in desk.kept() if path.parent.name == "unfinished"]
        if not left:
            break
        time.sleep(0.02)
    return left


def stored(desk: Desk) -> list[str]:
    return [path.name for path in desk.kept() if path.suffix == ".age"]


def test_a_file_up_to_the_limit_is_taken_and_one_byte_more_is_not(desk: Desk) -> None:
    plots = some_plots()
    assert desk.send(plots + b" " * (LIMIT - len(plots))).status_code == 202
    kept = stored(desk)
    refused = desk.send(plots + b" " * (LIMIT - len(plots) + 1))
    assert (refused.status_code, refused.json()["type"]) == (413, "/problems/request.too_large")
    assert "1 MB" in refused.json()["detail"]
    assert (stored(desk), unfinished(desk)) == (kept, [])


def test_without_a_stated_length_the_limit_holds_too(desk: Desk) -> None:
    read = 0

    def pieces() -> Iterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 50_000

    refused = desk.client.post(
        ADDRESS,
        content=pieces(),
        headers=desk.by(DEVELOPER) | {"Content-Type": "application/octet-stream"},
    )
    assert (refused.status_code, refused.json()["type"]) == (413, "/problems/request.too_large")
    assert (stored(desk), unfinished(desk)) == ([], [])


@pytest.mark.parametrize(
    ("account", "project", "status"),
    [(None, OWN, 401), (STRANGER, OWN, 404), (DEVELOPER, FOREIGN, 404), (DEVELOPER, NONE, 404),
     (VERIFIER, OWN, 403)],
)  # fmt: skip
def test_whose_project_it_is_comes_before_the_body(
    desk: Desk, account: str | None, project: str, status: int
) -> None:
    """A body over the limit would be refused with 413 if any of it were read."""
    answer = desk.send(b"x" * (LIMIT + 1), by=account, project=project)
    assert answer.status_code == status
    assert stored(desk) == []


def test_a_name_and_a_kind_come_before_the_body(desk: Desk) -> None:
    too_much = b"x" * (LIMIT + 1)
    kinds = ("multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "text/html")
    for kind in kinds:
        answer = desk.send(too_much, **{"Content-Type": kind})
        assert (answer.status_code, answer.json()["type"]) == (415, "/problems/request.media_type")
    assert desk.send(too_much, "").status_code == 422
    assert desk.send(too_much, query={"colour": "red"}).status_code == 422


def test_a_stated_length_over_the_limit_is_answered_before_anything_is_sent(desk: Desk) -> None:
    with on_loopback(desk) as port:
        answer = request(desk, port, 10**10, b"", then="wait")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"request.too_large" in answer


def test_a_body_that_ends_early_leaves_nothing(desk: Desk) -> None:
    with on_loopback(desk) as port:
        request(desk, port, 500_000, b"x" * 100_000, then="close")
        assert (unfinished(desk), stored(desk)) == ([], [])
    assert desk.get(f"/v1/projects/{OWN}/uploads").json()["items"] == []


def test_a_body_that_stands_still_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LONGEST_SILENCE_S", 0.2)
    with on_loopback(desk) as port:
        answer = request(desk, port, 500_000, b"x" * 100, then="wait")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"request.too_slow" in answer
    assert (unfinished(desk), stored(desk)) == ([], [])


def test_a_body_that_hardly_moves_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "GRACE_S", 0.1)
    head = (
        f"POST {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n"
        f"Content-Type: text/csv\r\nAuthorization: Bearer {desk.keys[DEVELOPER]}\r\n\r\n"
    )
    with (
        on_loopback(desk) as port,
        socket.create_connection(("127.0.0.1", port), timeout=10) as connection,
    ):
        connection.sendall(head.encode())
        connection.settimeout(0.05)
        answer = b""
        for _ in range(200):
            connection.sendall(b"1\r\nx\r\n")
            with suppress(TimeoutError):
                answer = connection.recv(65_536)
                break
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert (unfinished(desk), stored(desk)) == ([], [])


def test_slow_senders_keep_nobody_else_from_an_answer(desk: Desk) -> None:
    """More of them than there are threads for ordinary requests."""
    with on_loopback(desk) as port:
        slow = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(60)]
        head = (
            f"POST {ADDRESS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n"
            f"Content-Type: text/csv\r\nAuthorization: Bearer {desk.keys[DEVELOPER]}\r\n\r\nx"
        )
        for connection in slow:
            connection.sendall(head.encode())
        time.sleep(0.5)
        with socket.create_connection(("127.0.0.1", port), timeout=5) as other:
            other.sendall(b"GET /v1/projects HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200 ")
        for connection in slow:
            connection.close()
        assert (unfinished(desk), stored(desk)) == ([], [])


def test_a_json_body_over_the_limit_says_so(desk: Desk) -> None:
    """FastAPI reads it before the route is asked, and wraps what is raised meanwhile."""

    def pieces() -> Iterator[bytes]:
        yield from [b"x" * 50_000] * 40

    for body in (b"x" * (bodies.LARGEST_BODY_BYTES + 1), pieces()):
        answer = desk.client.post(
            "/v1/batches",
            content=body,
            headers=desk.by(DEVELOPER, **{"Idempotency-Key": "a-key-of-mine"}),
        )
        assert (answer.status_code, answer.json()["type"]) == (413, "/problems/request.too_large")


def test_evidence_has_its_own_limit(desk: Desk) -> None:
    """The form is not read for who may not contest; one that is too large is refused."""
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    for account, status in ((STRANGER, 404), (VERIFIER, 403), (None, 401)):
        answer = desk.client.post(
            f"/v1/projects/{OWN}/contests", content=b"--x", headers=desk.by(account) | form
        )
        assert answer.status_code == status


def test_a_body_of_json_that_stands_still_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LONGEST_SILENCE_S", 0.2)
    head = (
        "POST /v1/retirements HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n"
        "Content-Type: application/json\r\nIdempotency-Key: slow-order\r\n"
        f"Authorization: Bearer {desk.keys['somebody-else']}\r\n\r\n{{"
    )
    began = time.monotonic()
    with on_loopback(desk) as port, socket.create_connection(("127.0.0.1", port), 10) as slow:
        slow.sendall(head.encode())
        answer = slow.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/problems/request.too_slow" in answer
    assert time.monotonic() - began < 8
