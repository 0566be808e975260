"""Whether the registry can answer."""

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from registry_api.db import database, is_current
from registry_api.errors import NotReady
from registry_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Readiness:
    """The registry can answer."""

    ready: bool
    demonstration: bool


def readiness(settings: Settings) -> Readiness:
    """Look at the database.

    Raises:
        NotReady: If it cannot be reached or does not have its newest shape.
    """
    try:
        current = is_current(database(settings.database).engine)
    except (DBAPIError, OSError) as error:
        raise NotReady("The database cannot be reached.") from error
    if not current:
        raise NotReady("The database does not have its newest shape; restart the registry.")
    return Readiness(ready=True, demonstration=settings.demo)
