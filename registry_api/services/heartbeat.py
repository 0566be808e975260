"""The heartbeat of a run: tells how far it is and keeps its lease, beside the work itself.

The work only says where it stands; a thread writes that down every second or so. While the run's
own transaction is open the thread rests: it could not write, and nobody else could claim the run.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Self

from sqlalchemy.exc import DBAPIError

from registry_api.services import screening_runs
from registry_api.services.screening_runs import LEASE, Claim
from registry_api.services.unit_of_work import unit_of_work
from registry_api.settings import Settings

_LOG = logging.getLogger(__name__)
_EVERY_S = 0.5
_RENEW_S = LEASE.total_seconds() / 4


class LeaseLost(Exception):
    """The run is another worker's by now; whatever was done here is void."""


class Heartbeat:
    """Keeps a claimed run alive while it is worked on.

    Args:
        settings: Of the registry.
        held: The run.
        progress: Told the same as everybody else.
    """

    def __init__(
        self, settings: Settings, held: Claim, progress: Callable[[str, int, int], None]
    ) -> None:
        self._settings = settings
        self._held = held
        self._progress = progress
        self._now = ("reading", 0, 0)
        self._written = ("", 0, 0)
        self._written_s = 0.0
        self._lost = False
        self._stop = Event()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rest()

    def tell(self, step: str, done: int, total: int) -> None:
        """Say where the work stands.

        Raises:
            LeaseLost: If it has become another worker's.
        """
        if self._lost:
            raise LeaseLost
        changed = step != self._now[0]
        self._now = (step, done, total)
        if changed:
            self._beat()
        self._progress(step, done, total)

    def part(self, step: str) -> Callable[[int, int], None]:
        """Give a function that tells how far one step is."""
        self.tell(step, 0, 0)
        return lambda done, total: self.tell(step, done, total)

    def show(self, tables: Mapping[str, str]) -> None:
        """Let what was read be looked at."""
        with unit_of_work(self._settings) as session:
            screening_runs.show_tables(session, self._held, tables)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Rest while the run's own transaction is open, with a fresh lease."""
        self._rest()
        self._beat()
        if self._lost:
            raise LeaseLost
        try:
            yield
        finally:
            self._start()

    def _start(self) -> None:
        self._stop = Event()
        self._thread = Thread(target=self._keep, args=(self._stop,), name="heartbeat", daemon=True)
        self._thread.start()

    def _rest(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _keep(self, stop: Event) -> None:
        while not stop.wait(_EVERY_S):
            if self._now != self._written or monotonic() - self._written_s > _RENEW_S:
                self._beat()

    def _beat(self) -> None:
        now = self._now
        try:
            with unit_of_work(self._settings) as session:
                self._lost = not screening_runs.renew(session, self._held, *now)
        except DBAPIError:  # the database is busy; the lease outlasts a few missed beats
            _LOG.warning("a heartbeat of run %s was missed", self._held.run_key, exc_info=True)
            return
        self._written, self._written_s = now, monotonic()
