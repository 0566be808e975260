"""Telling whoever started a run in this process which steps are done."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import dagster as dg

Listener = Callable[[str], None]
_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@dg.success_hook
def tell_listener(context: dg.HookContext) -> None:
    """Pass the name of a finished step on; a run elsewhere has no listener."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(context.op.name)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have a function called with the name of every step that finishes meanwhile."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)
