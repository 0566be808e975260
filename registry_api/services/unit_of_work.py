"""One transaction for callers without a web request: pipelines and the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from registry_api.db import database
from registry_api.settings import Settings


@contextmanager
def unit_of_work(settings: Settings) -> Iterator[Session]:
    """Open one transaction that commits as a whole or not at all; makes the database if needed."""
    with database(settings.database).writing() as session:
        yield session


@contextmanager
def reading(settings: Settings) -> Iterator[Session]:
    """Open a transaction that only reads, beside any writer."""
    with database(settings.database).reading() as session:
        yield session
