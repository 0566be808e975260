"""Answers over HTTP on loopback: a registry with issued credits, and a route that says nothing."""

import http.client
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from mrv.crediting.serials import format_serial, parse_serial
from registry_api.app import create_app
from registry_api.services.unit_of_work import unit_of_work
from tests.benchmarks.ratios import Comparison
from tests.registry_api import a_registry

REQUESTS = 40


@contextmanager
def comparisons(_home: Path) -> Iterator[list[Comparison]]:
    """Serve both for the length of a block."""
    with tempfile.TemporaryDirectory(prefix="parkland-bench-") as scratch:
        yield from _asked(Path(scratch))


def _asked(scratch: Path) -> Iterator[list[Comparison]]:
    settings = a_registry.make_settings(scratch / "registry")
    with unit_of_work(settings) as session:
        farm = a_registry.found(session, settings)
        document = a_registry.evidence(farm, a_registry.NET_KG)
        batch = a_registry.issue(session, farm, document, "first-issuance")
    serial = format_serial(parse_serial(str(batch.credits and batch.credits.text)).single(5))
    with served(create_app(settings)) as registry, served(_silent()) as silent:
        empty = p50(silent, "/")
        yield [
            Comparison(
                what=f"GET {path.replace(serial, 'SERIAL')}, median of {REQUESTS}",
                peer="a route that says nothing",
                ours=p50(registry, path),
                theirs=empty,
                clock="wall",
            )
            for path in ("/", "/v1/credits", f"/v1/serials/{serial}")
        ]


def _silent() -> Starlette:
    def nothing(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("")

    return Starlette(routes=[Route("/", nothing)])


@contextmanager
def served(app: ASGIApp) -> Iterator[int]:
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield int(server.servers[0].sockets[0].getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(10)


def p50(port: int, path: str) -> Callable[[], float]:
    def ask() -> float:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        taken = []
        for _ in range(REQUESTS):
            begin = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            taken.append(time.perf_counter() - begin)
            if answer.status != http.client.OK:
                raise RuntimeError(f"GET {path} answered {answer.status}")
        connection.close()
        return median(taken)

    ask()  # templates and statements are prepared once
    return ask
