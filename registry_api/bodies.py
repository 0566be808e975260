"""Bodies of requests: how large one may be, and reading one in pieces as it comes.

Nothing takes more than `LARGEST_BODY_BYTES` unless whoever reads it allows more first, so a limit
stands beside the reading and not in a list of addresses.
"""

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import anyio
from anyio import CapacityLimiter, from_thread, to_thread
from anyio.lowlevel import RunVar
from fastapi import Request
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from registry_api.errors import TooLarge, TooSlow, UploadRefused

Kept = TypeVar("Kept")
LARGEST_BODY_BYTES = 1_000_000
_MOST_DIGITS = 18  # Python refuses to read a number of thousands of digits

# A field team's connection is slow; one that sends a byte a second is not a connection. [P]
LONGEST_SILENCE_S = 30.0
GRACE_S = 60.0
_SLOWEST_BYTES_PER_S = 500.0
# A body that is read in pieces holds a thread for as long as its sender takes. These are not those
# that answer everybody else; the next sender waits without being read. [P]
_MOST_AT_ONCE = 16


class BodyLimit:
    """Refuses bodies that are larger than their route allows, or hardly move; reads none itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["largest_body_bytes"] = LARGEST_BODY_BYTES
        stated = _stated_bytes(Headers(scope=scope))
        read, ended, began = 0, False, 0.0

        async def receiving() -> Message:
            nonlocal read, ended, began
            began = began or time.monotonic()
            if stated > state["largest_body_bytes"]:
                raise _too_large(state["largest_body_bytes"])
            # After its end whoever listens waits for the caller to hang up, as long as it takes.
            message = await (receive() if ended else _moving(receive))
            ended = not message.get("more_body", False)
            read += len(message.get("body", b""))
            seconds = time.monotonic() - began
            if not ended and seconds > GRACE_S and read < seconds * _SLOWEST_BYTES_PER_S:
                raise TooSlow(
                    f"After {seconds:.0f} seconds only {read:,} bytes had come, so the request was "
                    "given up; send it again over a better connection."
                )
            if read > state["largest_body_bytes"]:  # in chunks, so its length was not stated
                raise _too_large(state["largest_body_bytes"])
            return message

        await self.app(scope, receiving, send)


async def _moving(receive: Receive) -> Message:
    with anyio.move_on_after(LONGEST_SILENCE_S):
        return await receive()
    raise TooSlow(
        f"Nothing came for {LONGEST_SILENCE_S:.0f} seconds, so the request was given up; send it "
        "again."
    )


def allow_body(request: Request, largest_bytes: int) -> None:
    """Take a larger body for this request; call it before anything of the body is read."""
    request.state.largest_body_bytes = largest_bytes


async def keep_body(
    request: Request, keep: Callable[[Iterator[bytes]], Kept], *, largest_bytes: int
) -> Kept:
    """Hand a body on in pieces as it comes; it is never in memory as a whole.

    Args:
        request: Nothing of its body may have been read.
        keep: Takes the pieces, in a thread of its own; it must leave nothing where they end early.
        largest_bytes: Most that is taken [byte].

    Raises:
        TooLarge: If there is more.
        TooSlow: If it comes to a standstill, or hardly moves.
        UploadRefused: If it ends before its stated length.
    """
    allow_body(request, largest_bytes)
    stream = request.stream()

    async def piece() -> bytes | None:
        return await anext(stream, None)

    def pieces() -> Iterator[bytes]:
        while (data := from_thread.run(piece)) is not None:
            if data:
                yield data

    try:
        return await to_thread.run_sync(keep, pieces(), limiter=_at_once())
    except ClientDisconnect as error:
        raise UploadRefused("cut_short", "The upload ended early; send it again.") from error


_limiter: RunVar[CapacityLimiter] = RunVar("bodies_at_once")


def _at_once() -> CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(_MOST_AT_ONCE)
        _limiter.set(limiter)
        return limiter


def _stated_bytes(headers: Headers) -> float:
    stated = headers.get("content-length", "0")
    understood = stated.isdecimal() and len(stated) <= _MOST_DIGITS
    return int(stated) if understood else float("inf")


def _too_large(limit: int) -> TooLarge:
    return TooLarge(
        f"The request is larger than {limit / 1e6:,.0f} MB, the most that is taken at this address."
    )
