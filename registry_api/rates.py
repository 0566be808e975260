"""How often somebody may ask: so many calls a minute for each key, and for each address without.

Answers say what is left in the fields `RateLimit` and `RateLimit-Policy` (IETF draft
draft-ietf-httpapi-ratelimit-headers-10); who asks more is answered 429 with `Retry-After`. What is
counted is in this process: with several, each counts for itself. A caller takes about 200 bytes,
and the `MOST_CALLERS` that asked last are remembered, so memory stays under 5 MB.

A key is not looked up here. So that made-up keys are no way around the limit, an answer of 401
counts against the address, and an address that has used up its own is not heard with a key either.
"""

import hashlib
import ipaddress
import json
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_CALLERS = 20_000
WINDOW_S = 60.0
_NOT_COUNTED = ("/static/", "/assets/", "/v1/health", "/v1/ready")
_A_WRONG_KEY_COUNTS = 10  # calls: guessing is dearer than asking [P]
_IPV6_SITE = 64  # bits of an address that belong to one customer


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands.

    Attributes:
        granted: Whether there was a call left.
        left: Calls that are left now.
        wait_s: Until the next call is free [s]; 0 where one is left.
        full_s: Until all are free again [s].
    """

    granted: bool
    left: int
    wait_s: float
    full_s: float


class Budget:
    """A bucket of calls for each caller, that fills up steadily; the least recent are forgotten.

    Args:
        calls: In a minute, and at once.
        now: Seconds that never go back.
    """

    def __init__(self, name: str, calls: int, *, now: Callable[[], float] = time.monotonic) -> None:
        self.name, self.calls, self.now = name, calls, now
        self._spent: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def spend(self, caller: bytes, calls: int) -> Standing:
        """Take calls from a caller's bucket, where there are any; 0 only looks."""
        with self._lock:
            now = self.now()
            spent, at = self._spent.pop(caller, (0.0, now))
            spent = max(0.0, spent - (now - at) * self.calls / WINDOW_S)
            granted = spent + 1 <= self.calls
            if granted:
                spent = min(spent + calls, float(self.calls))
            self._spent[caller] = (spent, now)
            while len(self._spent) > MOST_CALLERS:
                self._spent.popitem(last=False)
        per_call_s = WINDOW_S / self.calls
        return Standing(
            granted=granted,
            left=math.floor(self.calls - spent),
            wait_s=max(0.0, spent + 1 - self.calls) * per_call_s,
            full_s=spent * per_call_s,
        )

    def __len__(self) -> int:
        """Count the callers that are remembered."""
        return len(self._spent)


class RateLimits:
    """Answers 429 to who asks too often, and tells everybody what is left.

    Args:
        app: What is limited.
        per_address: Calls in a minute without a key.
        per_key: Calls in a minute with one.
    """

    def __init__(self, app: ASGIApp, *, per_address: int, per_key: int) -> None:
        self.app = app
        self.addresses = Budget("address", per_address)
        self.keys = Budget("key", per_key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"].startswith(_NOT_COUNTED):
            await self.app(scope, receive, send)
            return
        address = _address(scope)
        sent = Headers(scope=scope).get("authorization", "")
        budget = self.addresses
        standing = self.addresses.spend(address, 0 if sent else 1)
        if sent and standing.granted:
            budget, caller = self.keys, hashlib.sha256(sent.encode("latin-1")).digest()[:16]
            standing = self.keys.spend(caller, 1)
        if not standing.granted:
            await _refuse(scope, send, budget, standing)
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] == HTTPStatus.UNAUTHORIZED:
                    self.addresses.spend(address, _A_WRONG_KEY_COUNTS)
                _tell(MutableHeaders(scope=message), budget, standing)
            await send(message)

        await self.app(scope, receive, sending)


def _tell(headers: MutableHeaders, budget: Budget, standing: Standing) -> None:
    headers["RateLimit-Policy"] = f'"{budget.name}";q={budget.calls};w={WINDOW_S:.0f}'
    headers["RateLimit"] = f'"{budget.name}";r={standing.left};t={math.ceil(standing.full_s)}'


async def _refuse(scope: Scope, send: Send, budget: Budget, standing: Standing) -> None:
    wait_s = max(1, math.ceil(standing.wait_s))
    problem = {
        "type": "/problems/request.too_often",
        "title": HTTPStatus.TOO_MANY_REQUESTS.phrase,
        "status": HTTPStatus.TOO_MANY_REQUESTS.value,
        "detail": f"This {budget.name} has asked more than {budget.calls} times in a minute; ask "
        f"again in {wait_s} s.",
        "instance": scope["path"].encode("utf-8", "replace").decode(),
        "errors": [],
    }
    body = json.dumps(problem).encode()
    start: Message = {
        "type": "http.response.start",
        "status": HTTPStatus.TOO_MANY_REQUESTS.value,
        "headers": [],
    }
    headers = MutableHeaders(scope=start)
    headers["Content-Type"] = "application/problem+json"
    headers["Content-Length"] = str(len(body))
    headers["Cache-Control"] = "no-store"
    headers["Retry-After"] = str(wait_s)
    _tell(headers, budget, standing)
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _address(scope: Scope) -> bytes:
    """Name where a request comes from; of IPv6 the site, whose addresses are one customer's."""
    host = scope["client"][0] if scope.get("client") else ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return host.encode()
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.packed[: _IPV6_SITE // 8] if found.version == 6 else found.packed  # noqa: PLR2004
