"""The worker: takes waiting uploads one at a time, each in a process of its own.

`python -m registry_api.worker` runs until it is stopped; the web service runs one inside itself
(`start_worker`) unless the setting `worker` says otherwise. Several may run beside each other.
"""

from collections.abc import Callable

from registry_api.settings import Settings


def start_worker(settings: Settings) -> Callable[[], None]:
    """Work on waiting uploads beside the caller.

    Returns:
        What stops it: within seconds, leaving a run that is on to be taken up later.
    """
    raise NotImplementedError
