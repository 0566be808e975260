"""Where the work on scenes runs: threads of this process, or the workers of a Dask cluster.

Both are the standard `concurrent.futures.Executor`, and the numbers do not depend on which. A
cluster runs whatever its scheduler is sent and reads what a project names, so it belongs on a
network of your own.
"""

import logging
import os
import socket
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from mrv.errors import SourceFailed

_RETRIES = 3  # of a window whose worker was lost or whose scene failed [P]
_CONNECT_S = 20.0  # a scheduler that is there answers within a second [P]
_WORKERS_S = 60.0  # workers of a cluster that was just started may take a while [P]


@contextmanager
def executor_at(scheduler: str = "") -> Iterator[Executor]:
    """Give an executor; leaving the block ends it, at once where something went wrong.

    Args:
        scheduler: Address of a Dask scheduler such as tcp://10.0.0.5:8786; empty means threads,
            one per processor this process may use.

    Raises:
        SourceFailed: If no cluster answers there, or it is lost before the work is done.
    """
    if scheduler:
        with _cluster(scheduler) as cluster:
            yield cluster
        return
    pool = ThreadPoolExecutor(_processors(), thread_name_prefix="scenes")
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _cluster(scheduler: str) -> Iterator[Executor]:
    try:
        from distributed import Client, KilledWorker
        from distributed.client import ClosedClientError
        from distributed.comm.core import CommClosedError
    except ImportError as error:
        raise SourceFailed(
            "PARKLAND_DASK_SCHEDULER is set and Dask is not installed; install parkland[dask] or "
            "unset it to use the threads of this machine."
        ) from error
    _demand_listener(scheduler)
    for name in ("distributed", "distributed.client"):  # we say ourselves what went wrong
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise _no_scheduler(scheduler) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKERS_S)
        except TimeoutError as error:
            raise SourceFailed(
                f"The Dask scheduler at {scheduler} has no workers; start some with `dask worker "
                f"{scheduler}`.",
                scheduler=scheduler,
            ) from error
        executor = client.get_executor(retries=_RETRIES, pure=False)
        try:
            yield executor
        except KilledWorker as error:
            raise SourceFailed(
                f"Workers of the Dask cluster at {scheduler} died again and again at the same "
                "work; look into their logs, give them more memory, and run again: it goes on "
                "where it stopped.",
                scheduler=scheduler,
            ) from error
        except (CancelledError, CommClosedError, ClosedClientError) as error:
            raise SourceFailed(
                f"The Dask cluster at {scheduler} went away; start it and run again: it goes on "
                "where it stopped.",
                scheduler=scheduler,
            ) from error
        finally:
            with suppress(ClosedClientError):  # one whose cluster is gone has nothing to call off
                executor.shutdown(wait=False)


def _demand_listener(scheduler: str) -> None:
    """Find out at once whether anybody listens: a Dask client would try for long, and noisily."""
    parts = urlsplit(scheduler)
    try:
        if parts.scheme not in ("tcp", "tls") or not parts.hostname or not parts.port:
            raise SourceFailed(
                f"'{scheduler[:120]}' is no address of a Dask scheduler; one looks like "
                "tcp://10.0.0.5:8786. Correct PARKLAND_DASK_SCHEDULER.",
                scheduler=scheduler[:500],
            )
        socket.create_connection((parts.hostname, parts.port), timeout=_CONNECT_S).close()
    except (OSError, ValueError) as error:
        raise _no_scheduler(scheduler) from error


def _no_scheduler(scheduler: str) -> SourceFailed:
    return SourceFailed(
        f"No Dask scheduler answers at {scheduler[:120]}; start one, or unset "
        "PARKLAND_DASK_SCHEDULER to use the threads of this machine.",
        scheduler=scheduler[:500],
    )


def _processors() -> int:
    """Count the processors this process may use, where the system says."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
