"""Telling whoever started a run in this process how far it has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import dagster as dg

from mrv.imagery.progress import Extent


@dataclass(frozen=True, slots=True)
class Listener:
    """Who wants to hear of a run.

    Attributes:
        step_done: Called with the name of every step that finishes.
        scenes_read: Called as scenes are read.
    """

    step_done: Callable[[str], None]
    scenes_read: Callable[[Extent], None]


_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@dg.success_hook
def tell_listener(context: dg.HookContext) -> None:
    """Pass the name of a finished step on; a run elsewhere has no listener."""
    listener = _LISTENER.get()
    if listener is not None:
        listener.step_done(context.op.name)


def tell_scenes_read(extent: Extent) -> None:
    """Pass on how many scenes were read; a run elsewhere has no listener."""
    listener = _LISTENER.get()
    if listener is not None:
        listener.scenes_read(extent)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have a listener told of what happens meanwhile."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)
