"""The worker: finds what waits, does it in a process of its own, and stops when it is told to."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from threading import Event
from time import monotonic, sleep
from typing import TypeVar

import pytest
from sqlalchemy import text

from registry_api import worker
from registry_api.services.unit_of_work import reading
from registry_api.services.upload_views import UploadView
from registry_api.worker import start_worker
from tests.registry_api.a_registry import Stage
from tests.registry_api.sent_plots import Sender, geojson, plot, square

_LONGEST_S = 120
Seen = TypeVar("Seen")


@pytest.fixture
def sender(founded: Stage) -> Sender:
    return Sender(founded.settings)


def wait_for(look: Callable[[], Seen]) -> Seen:
    """Look until there is something to be seen."""
    until = monotonic() + _LONGEST_S
    while not (seen := look()):
        assert monotonic() < until, "nothing happened"
        sleep(0.05)
    return seen


def ended(sender: Sender, upload: UploadView) -> UploadView | None:
    now = sender.upload(upload.id)
    return now if now.run.state in ("done", "failed") else None


def test_uploads_are_worked_on_beside_the_service(sender: Sender) -> None:
    """One that waits already and one that comes later; a bad file holds up nobody."""
    waiting = sender.receive(geojson([plot("A", square(0))]), "first.geojson")
    bad = sender.receive(b"no plots", "second.geojson")
    stop = start_worker(sender.settings)
    try:
        later = sender.receive(geojson([plot("B", square(1))]), "third.geojson")
        states = [
            wait_for(lambda one=one: ended(sender, one)).run.state for one in (waiting, bad, later)
        ]
    finally:
        stop()
    assert states == ["done", "failed", "done"]


def test_a_run_that_takes_too_long_is_ended(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its file waits for its next attempt, and meanwhile others have their turn."""
    monkeypatch.setattr(worker, "_MOST_CPU_S", 1)
    upload = sender.receive(geojson([plot("A", square(0))]))
    assert not worker._in_a_process(sender.settings, upload.id, 1, Event())
    assert sender.upload(upload.id).run.state not in ("done", "failed")


def test_a_worker_stops_at_once_and_leaves_the_run_to_the_next(sender: Sender) -> None:
    """What was stopped on purpose counts as no attempt, and no lease has to run out first."""
    many = [plot(f"A-{n}", square(n % 100, n // 100)) for n in range(8000)]
    upload = sender.receive(geojson(many))
    stop = start_worker(sender.settings)
    wait_for(lambda: sender.upload(upload.id).run.state == "working")
    begun = monotonic()
    stop()
    assert monotonic() - begun < 10
    left = sender.upload(upload.id)
    assert left.run.state == "waiting"
    with reading(sender.settings) as session:
        attempt = session.execute(text("SELECT attempt FROM upload_run_states")).scalar_one()
    assert attempt == 0
    stop = start_worker(sender.settings)
    try:
        done = wait_for(lambda: ended(sender, upload))
    finally:
        stop()
    assert done.run.tally is not None
    assert done.run.tally.new == 8000


def test_a_worker_of_its_own_obeys_sigterm(sender: Sender) -> None:
    """As an operator would run it, with the settings in the environment."""
    upload = sender.receive(geojson([plot("A", square(0))]))
    stated = {
        "PARKLAND_HOME": str(sender.settings.home),
        "PARKLAND_DATABASE_URL": sender.settings.database_url,
        "PARKLAND_DEMO": "yes",
    }
    with subprocess.Popen(
        [sys.executable, "-m", "registry_api.worker"],
        env={**os.environ, **stated},
        stderr=subprocess.PIPE,
    ) as worker:
        try:
            assert wait_for(lambda: ended(sender, upload)).run.state == "done"
        finally:
            worker.send_signal(signal.SIGTERM)
        assert worker.wait(15) == 0
