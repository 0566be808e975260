"""Cutting an act off between two statements, sending it often at once, and what is there then."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from registry_api.db import Database
from registry_api.db.models import Base

Answer = TypeVar("Answer")


class Cut(Exception):
    """The power went."""


@contextmanager
def cut_before(opened: Database, statement: int) -> Iterator[dict[str, int]]:
    """Cut the power before a statement; says afterwards whether there were that many."""
    sent = {"statements": 0}

    def count(*_: object) -> None:
        sent["statements"] += 1
        if sent["statements"] == statement:
            raise Cut

    event.listen(opened.engine, "before_cursor_execute", count)
    try:
        yield sent
    finally:
        event.remove(opened.engine, "before_cursor_execute", count)


def cut_everywhere(opened: Database, act: Callable[[Session], object]) -> int:
    """Cut an act before each of its statements in turn, let it through at last, and count them.

    Raises:
        AssertionError: If a cut left anything behind, or the act as a whole did nothing.
    """
    before, statement = everything(opened), 0
    while True:
        statement += 1
        with cut_before(opened, statement):
            try:
                with opened.writing() as session:
                    act(session)
            except Cut:
                assert everything(opened) == before, f"cut before statement {statement}"
                continue
        assert everything(opened) != before
        return statement - 1


def at_once(times: int, opened: Database, act: Callable[[Session], Answer]) -> list[Answer]:
    """Send an act so many times, ten of them in the same moment."""
    together = threading.Barrier(10)

    def one(_: int) -> Answer:
        together.wait(30)
        with opened.writing() as session:
            return act(session)

    with ThreadPoolExecutor(10) as pool:
        return list(pool.map(one, range(times)))


def everything(opened: Database) -> dict[str, int]:
    """Count the rows of every table."""
    with opened.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
        }
