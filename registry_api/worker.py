"""The worker: takes waiting uploads one at a time, each in a process of its own.

`python -m registry_api.worker` runs until it is stopped; the web service runs one inside itself
(`start_worker`) unless the setting `worker` says otherwise. Several may run beside each other.
"""

import json
import logging
import resource
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from time import monotonic
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from registry_api.services import erased_files, screening_runs
from registry_api.services.unit_of_work import reading, unit_of_work
from registry_api.settings import Settings

_LOG = logging.getLogger(__name__)
_EVERY_S = 0.5
_AFTER_A_FAULT_S = 5.0
_TO_STOP_S = 5.0
_ERASE_EVERY_S = 300.0
# What one run may take: fifty thousand plots against a million need a tenth of it. A boundary that
# crosses itself a million times needs more than any machine has, and would hold up everybody. [P]
_MOST_CPU_S = 3_600
_MOST_MEMORY_BYTES = 12 << 30  # of address space, of which far less is ever touched
_ONE = "--one"  # how the worker calls itself: one run, told on standard input


def start_worker(settings: Settings) -> Callable[[], None]:
    """Work on waiting uploads beside the caller.

    Returns:
        What stops it: within seconds, leaving a run that is on to be taken up later.
    """
    stopping = Event()
    thread = Thread(target=work, args=(settings, stopping), name="worker", daemon=True)
    thread.start()

    def stop() -> None:
        stopping.set()
        thread.join()

    return stop


def work(settings: Settings, stopping: Event) -> None:
    """Take one waiting run after the other until it is time to stop."""
    erased_until = 0.0
    while not stopping.is_set():
        try:
            if monotonic() >= erased_until:
                erased_files.finish(settings)
                erased_until = monotonic() + _ERASE_EVERY_S
            with reading(settings) as session:
                waiting = screening_runs.next_waiting(session)
        except DBAPIError:
            _LOG.exception("the worker cannot ask for waiting uploads")
            stopping.wait(_AFTER_A_FAULT_S)
            continue
        if waiting is None:
            stopping.wait(_EVERY_S)
        elif not _in_a_process(settings, *waiting, stopping):
            stopping.wait(_AFTER_A_FAULT_S)


def _in_a_process(settings: Settings, upload_id: str, run: int, stopping: Event) -> bool:
    """Do one run; says whether the process came to its end by itself and without a fault.

    What a run takes of memory goes with the process, and a file that kills it kills nothing else.
    """
    asked = {
        "settings": settings.model_dump(mode="json"),
        "upload": upload_id,
        "run": run,
        "limits": {resource.RLIMIT_CPU: _MOST_CPU_S, resource.RLIMIT_AS: _MOST_MEMORY_BYTES},
    }
    with subprocess.Popen(  # noqa: S603  (our own interpreter and code)
        [sys.executable, "-m", "registry_api.worker", _ONE], stdin=subprocess.PIPE
    ) as child:
        if child.stdin is not None:
            with suppress(BrokenPipeError), child.stdin as question:
                question.write(json.dumps(asked).encode())
        while child.poll() is None:
            if stopping.wait(_EVERY_S):
                child.terminate()
                try:
                    child.wait(_TO_STOP_S)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
                with unit_of_work(settings) as session:
                    screening_runs.release_any(session, UUID(upload_id), run)
                return False
    if child.returncode:
        _LOG.error("screening %s, run %s, ended with %s", upload_id, run, child.returncode)
    return child.returncode == 0


def _one() -> None:
    asked = json.load(sys.stdin)
    for what, most in asked["limits"].items():
        held = resource.getrlimit(int(what))[1]  # a container's limit stands where it is lower
        least = most if held == resource.RLIM_INFINITY else min(most, held)
        resource.setrlimit(int(what), (least, least))
    from registry_api.services.plot_screening import process  # brings the geospatial stack

    process(Settings(**asked["settings"], _env_file=None), asked["upload"], asked["run"])


def main() -> None:
    """Work until SIGTERM or SIGINT."""
    if _ONE in sys.argv:
        _one()
        return
    stopping = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    logging.basicConfig(level=logging.INFO)
    work(Settings(), stopping)


if __name__ == "__main__":
    main()
