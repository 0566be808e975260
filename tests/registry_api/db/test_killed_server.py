"""A server killed under a load of orders: what it acknowledged is there, and nothing is half."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Event, Lock
from typing import Any

import pytest
from sqlalchemy import func, select

from registry_api.db import Database
from registry_api.db.models import CreditOrder, Holding, IdempotencyKey, LedgerEntry
from registry_api.services import accounts, holding_views, ledger
from tests.registry_api.a_market import replayed, whereabouts
from tests.registry_api.a_registry import DEVELOPER, evidence, found, issue, make_settings

NET_KG = (260_000, 190_000, 150_000)
CLIENTS = 6
KILLS = 2
ACKNOWLEDGED_BEFORE_A_KILL = 15
ROOT = Path(__file__).parents[3]


class Traffic:
    """Clients that each retire one credit after the other, and remember what they were answered."""

    def __init__(self, port: int, key: str, batch: str) -> None:
        self.port, self.key, self.batch = port, key, batch
        self.names, self.lock = count(), Lock()
        self.asked: set[str] = set()
        self.acknowledged: dict[str, dict[str, Any]] = {}

    def retire(self, name: str) -> dict[str, Any]:
        """Retire one credit under a key."""
        body = {
            "lots": [{"batch_id": self.batch, "quantity_t": 1}],
            "beneficiary": f"Customer {name}",
            "purpose": "voluntary",
        }
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/v1/retirements",
            json.dumps(body).encode(),
            {
                "Authorization": f"Bearer {self.key}",
                "Idempotency-Key": name,
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  (our own server)
            return dict(json.load(answer))

    def go_on(self, ended: Event) -> None:
        """Retire until the server is gone."""
        while not ended.is_set():
            with self.lock:
                name = f"one-credit-{next(self.names):05d}"
                self.asked.add(name)
            try:
                answer = self.retire(name)
            except urllib.error.HTTPError:
                raise
            except (OSError, ValueError):  # cut off before or in the middle of the answer
                return
            with self.lock:
                self.acknowledged[name] = answer


@contextmanager
def a_served(url: str, home: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the service as it is run, in a process of its own."""
    environment = {
        **os.environ,
        "PARKLAND_HOME": str(home),
        "PARKLAND_DATABASE_URL": url,
        "PARKLAND_DEMO": "1",
        "PARKLAND_WORKER": "0",
        "PYTHONPATH": str(ROOT),
    }
    program = ["-m", "uvicorn", "--factory", "registry_api.app:create_app", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, *program, "--log-level", "error"], cwd=ROOT, env=environment
    ) as server:
        try:
            _wait(port, server)
            yield server
        finally:
            server.kill()


@pytest.mark.slow
def test_what_was_acknowledged_outlives_kill_9_and_nothing_is_half_there(
    either: Database, tmp_path: Path
) -> None:
    with either.writing() as session:
        farm = found(session, make_settings(tmp_path, of=either), plots=len(NET_KG))
        batch = issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        key = accounts.create_key(session, DEVELOPER)
    url, port = either.engine.url.render_as_string(hide_password=False), _free_port()
    traffic = Traffic(port, key, batch.id)
    for kill in range(1, KILLS + 1):
        with a_served(url, tmp_path, port) as server, ThreadPoolExecutor(CLIENTS) as pool:
            ended = Event()
            clients = [pool.submit(traffic.go_on, ended) for _ in range(CLIENTS)]
            until = time.monotonic() + 60
            while len(traffic.acknowledged) < kill * ACKNOWLEDGED_BEFORE_A_KILL:
                assert time.monotonic() < until, "the service answers too slowly"
                time.sleep(0.001)
            server.send_signal(signal.SIGKILL)
            server.wait()
            ended.set()
            for client in clients:
                client.result()
        _nothing_is_half_there(either, traffic)
    cut_off = traffic.asked - traffic.acknowledged.keys()
    assert cut_off, "no order was on its way when the server was killed"
    with a_served(url, tmp_path, port):
        for name, answer in traffic.acknowledged.items():
            assert traffic.retire(name) == answer
        for name in sorted(cut_off):
            assert traffic.retire(name) == traffic.retire(name)
    with either.reading() as session:
        assert holding_views.supply(session).retired == len(traffic.asked)


def _nothing_is_half_there(opened: Database, traffic: Traffic) -> None:
    with opened.reading() as session:
        assert ledger.verify_chain(session).first_bad is None
        assert holding_views.supply(session).reconciles
        orders = {str(one.id): one for one in session.scalars(select(CreditOrder))}
        keys = session.scalars(
            select(IdempotencyKey).where(IdempotencyKey.operation == "retire")
        ).all()
        assert {one.answer for one in keys} == orders.keys()
        for answer in traffic.acknowledged.values():
            assert orders[answer["id"]].sequence == answer["sequence"]
        for placed in orders.values():
            moved = session.scalar(
                select(func.sum(Holding.quantity_t)).where(
                    Holding.sequence == placed.sequence, Holding.state == "retired"
                )
            )
            assert moved == placed.quantity_t
        entries = session.scalar(
            select(func.count())
            .select_from(LedgerEntry)
            .where(LedgerEntry.kind == "credits_retired")
        )
        assert entries == len(orders)
    assert replayed(opened) == whereabouts(opened)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=5).close()
        except OSError:
            assert server.poll() is None, "the service did not start"
            assert time.monotonic() < until, "the service did not start in time"
            time.sleep(0.05)
        else:
            return
