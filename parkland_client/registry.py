"""Calls to a registry: read lists page by page, send orders once, wait where it asks to."""

import ipaddress
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import requests

from parkland_client.answers import Credit, Holding, Order, Retirement, Supply, Whereabouts, read
from parkland_client.problems import Problem, Refused, TooOften, Unreachable

Item = TypeVar("Item")
_PROBLEM = "application/problem+json"
_PATIENCE_S = (10.0, 60.0)  # to connect, and for an answer
_PAGE = 200
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.5, 30.0
_CERTIFICATES = {
    "json": "/v1/retirements/{}/certificate",
    "pdf": "/retirements/{}/certificate.pdf",
    "html": "/retirements/{}",
}
_AGAIN = frozenset({429, 502, 503, 504})


class Registry:
    """A registry at an address.

    What fails on the way is tried again: reading always, and orders too, because each carries an
    idempotency key under which the registry does it once.

    Args:
        address: https, or http on this machine.
        key: Of an account; reading what is public needs none.
        tries: How often a call is made before it is given up.
        sleep: How to wait [s].

    Raises:
        Problem: If a key would travel in the clear.
    """

    def __init__(
        self,
        address: str,
        key: str = "",
        *,
        tries: int = 5,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.address = address.rstrip("/")
        parts = urlsplit(self.address)
        if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(parts.hostname)):
            raise Problem(
                f"A registry needs an https address, not '{address}': a key must not travel in the "
                "clear."
            )
        self.tries, self._sleep = tries, sleep
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy and no .netrc learns the key
        if key:
            self._session.headers["Authorization"] = f"Bearer {key}"

    def credits(self, **filters: str | int) -> Iterator[Credit]:
        """Go through the credits that fit, page by page.

        Args:
            filters: As `GET /v1/credits` has them: country, project, vintage, status, q, ...
        """
        return self._pages("/v1/credits", Credit, filters)

    def holdings(self, **filters: str | int) -> Iterator[Holding]:
        """Go through one's own credits."""
        return self._pages("/v1/holdings", Holding, filters)

    def where(self, serial: str) -> Whereabouts:
        """Follow a serial: where its credits are, and how they came there."""
        return read(Whereabouts, self._json("GET", f"/v1/serials/{_segment(serial)}/state"))

    def supply(self) -> Supply:
        """Count all credits by state."""
        return read(Supply, self._json("GET", "/v1/supply"))

    def retire(
        self,
        lots: Sequence[str | tuple[str, int]],
        *,
        beneficiary: str,
        purpose: str = "voluntary",
        idempotency_key: str = "",
        **terms: str,
    ) -> Order:
        """Use credits up, for good.

        Args:
            lots: Serials, or (batch id, tonnes) of which those with the lowest numbers go first.
            beneficiary: Who may say that they were used for them.
            purpose: As `POST /v1/retirements` has it.
            idempotency_key: Your name for this order. The same again does nothing twice, also
                from another process; without one, each call is another order.
            terms: reason, country, beneficiary_lei, consumed_from, consumed_until.

        Raises:
            Refused: If the registry says no.
            Unreachable: If nobody knows whether it was done; call again under the same key.
        """
        body = {
            "lots": [
                {"serial": lot}
                if isinstance(lot, str)
                else {"batch_id": lot[0], "quantity_t": lot[1]}
                for lot in lots
            ],
            "beneficiary": beneficiary,
            "purpose": purpose,
            **{name: value for name, value in terms.items() if value},
        }
        key = idempotency_key or secrets.token_urlsafe(24)
        return read(Order, self._json("POST", "/v1/retirements", body=body, key=key))

    def retirement(self, retirement_id: str) -> Retirement:
        """Read a retirement, which anybody may."""
        return read(Retirement, self._json("GET", f"/v1/retirements/{_segment(retirement_id)}"))

    def certificate_address(self, retirement_id: str) -> str:
        """Say where a person reads a retirement's certificate, and a scanner leads."""
        return f"{self.address}/retirements/{_segment(retirement_id)}"

    def certificate(self, retirement_id: str, kind: str = "json") -> bytes:
        """Take home a retirement's certificate, which anybody may.

        Args:
            retirement_id: Of the order.
            kind: `json` for the signed W3C credential, `pdf` or `html` for people.

        Raises:
            Problem: If it is kept in no such kind.
            Refused: If there is no such retirement.
        """
        if kind not in _CERTIFICATES:
            raise Problem(f"A certificate is {', '.join(_CERTIFICATES)}, not '{kind}'.")
        path = _CERTIFICATES[kind].format(_segment(retirement_id))
        return self._call("GET", path).content

    def _pages(
        self, path: str, kind: type[Item], filters: Mapping[str, str | int]
    ) -> Iterator[Item]:
        asked: dict[str, str | int] = {"limit": _PAGE, **filters}
        while True:
            page = self._json("GET", path, params=asked)
            for told in page["items"]:
                yield read(kind, told)
            if page["next_cursor"] is None:
                return
            asked["cursor"] = page["next_cursor"]

    def _json(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        body: object = None,
        key: str = "",
    ) -> Any:  # noqa: ANN401  # any JSON
        headers = {"Accept": "application/json"} | ({"Idempotency-Key": key} if key else {})
        return self._call(method, path, params=params, json=body, headers=headers).json()

    def _call(self, method: str, path: str, **asked: Any) -> requests.Response:  # noqa: ANN401  # as requests has it
        for attempt in range(1, self.tries + 1):
            last = attempt == self.tries
            wait_s = min(_FIRST_WAIT_S * 2.0 ** (attempt - 1), _LONGEST_WAIT_S)
            try:
                answer = self._session.request(
                    method,
                    self.address + path,
                    timeout=_PATIENCE_S,
                    allow_redirects=False,  # the key is for this address and no other
                    **asked,
                )
            except requests.RequestException as error:
                if last:
                    raise Unreachable(
                        f"{self.address} does not answer ({type(error).__name__})."
                    ) from error
            else:
                if answer.status_code not in _AGAIN or last:
                    return self._accepted(answer)
                wait_s = _asked_to_wait_s(answer, wait_s)
            self._sleep(wait_s)
        raise Unreachable(f"{self.address} was not called: tries must be 1 at least.")

    def _accepted(self, answer: requests.Response) -> requests.Response:
        if answer.headers.get("Content-Type", "").startswith(_PROBLEM):
            problem = answer.json()
            kind = TooOften if answer.status_code == requests.codes.too_many_requests else Refused
            raise kind(
                answer.status_code,
                str(problem["type"]).removeprefix("/problems/"),
                str(problem["detail"]),
                tuple((fault["pointer"], fault["detail"]) for fault in problem["errors"]),
            )
        if not answer.ok or answer.is_redirect:
            raise Unreachable(
                f"{self.address} answered {answer.status_code}, which a registry does not; check "
                "the address."
            )
        return answer


def _asked_to_wait_s(answer: requests.Response, otherwise_s: float) -> float:
    asked = answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_WAIT_S) if asked.isdecimal() else otherwise_s


def _segment(text: str) -> str:
    return quote(text, safe="")


def _is_here(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
