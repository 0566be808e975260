"""Screening an upload: one run from the file to registered plots, once, whatever happens meanwhile.

A run belongs to whoever holds its lease. Everything it decides is written in one transaction, so a
process that dies leaves a run that another takes up from its start, and nothing is there twice.
"""

from collections.abc import Callable

from registry_api.services.upload_views import RunView
from registry_api.settings import Settings


def process(
    settings: Settings,
    upload_id: str,
    run: int,
    progress: Callable[[str, int, int], None] | None = None,
) -> RunView:
    """Do one run of an upload; what another holds or has ended is left as it is.

    Args:
        settings: Of the registry.
        upload_id: The upload.
        run: Number of the run, from 1.
        progress: Told the step, what is done of it, and its total.

    Returns:
        The run as it is afterwards.

    Raises:
        NotFound: If there is no such run.
    """
    raise NotImplementedError
