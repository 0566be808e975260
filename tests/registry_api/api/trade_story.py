"""A trade from offer to retirement, as every address of it answers; for the examples and tests."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from registry_api.app import create_app
from registry_api.db import database
from registry_api.services import accounts
from registry_api.services.supply_statements import state_supply
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_market import BUYERS, SECOND_REGISTRAR, stock
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER, make_settings

EVERYBODY = (DEVELOPER, *BUYERS, VERIFIER, REGISTRAR, SECOND_REGISTRAR)
TERMS = {
    "beneficiary": "Lakeside Hotel",
    "purpose": "voluntary",
    "reason": "Heating of 2025",
    "consumed_from": "2025-01-01",
    "consumed_until": "2025-12-31",
    "country": "KE",
}


@dataclass
class Market:
    """A served registry with credits and everybody's keys."""

    client: TestClient
    batch: dict[str, Any]
    keys: dict[str, str]
    numbers: Iterator[int]

    def lots(self, quantity_t: int) -> list[dict[str, Any]]:
        """So many credits of the one issuance."""
        return [{"batch_id": self.batch["id"], "quantity_t": quantity_t}]

    def get(self, address: str, *, by: str | None = None) -> Response:
        """Ask."""
        return self.client.get(address, headers=self._headers(by))

    def post(
        self, address: str, body: Mapping[str, Any], *, by: str | None, key: str = ""
    ) -> Response:
        """Order, under a key of its own unless one is given."""
        headers = self._headers(by) | {"Idempotency-Key": key or f"order-{next(self.numbers):05d}"}
        return self.client.post(address, json=body, headers=headers)

    def _headers(self, by: str | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[by]}"} if by else {}


@contextmanager
def a_market(home: Path) -> Iterator[Market]:
    """Serve a registry with one issuance."""
    settings = make_settings(home)
    opened = database(settings.database)
    stock(opened, home)
    with unit_of_work(settings) as session:
        keys = {account: accounts.create_key(session, account) for account in EVERYBODY}
        state_supply(session, settings)
    with TestClient(create_app(settings), base_url="http://127.0.0.1") as client:
        batch = client.get("/v1/batches").json()["items"][0]
        yield Market(client, batch, keys, count())
    opened.close()


def tell(market: Market) -> Mapping[str, Any]:
    """Offer, take and retire; gives each answer by the name of its example."""
    offered = _ok(
        market.post(
            "/v1/transfers",
            {"lots": market.lots(5), "to_account_id": BUYERS[0], "note": "As agreed in May"},
            by=DEVELOPER,
        )
    )
    _ok(market.post(f"/v1/orders/{offered['id']}/answer", {"outcome": "accepted"}, by=BUYERS[0]))
    retired = _ok(market.post("/v1/retirements", {"lots": market.lots(2), **TERMS}, by=BUYERS[0]))
    made = _ok(
        market.post(
            "/v1/keys",
            {"name": "nightly export", "scopes": ["registry:read"], "days": 90},
            by=BUYERS[0],
        )
    )
    serial = market.batch["credits"]["text"]
    sale = _ok(
        market.post(
            "/v1/listings",
            {
                "lots": market.lots(8),
                "price": "12.50",
                "currency": "USD",
                "note": "Delivery at once",
            },
            by=DEVELOPER,
        )
    )
    reserved = _ok(
        market.post(
            "/v1/reservations",
            {"listing_id": sale["id"], "quantity_t": 3, "hours": 48, "note": "Purchase order 17"},
            by=BUYERS[1],
        )
    )
    quote = _ok(
        market.post(
            "/v1/quotes",
            {
                "account_id": DEVELOPER,
                "project_id": market.batch["project_id"],
                "quantity_t": 10,
                "note": "For our travel of 2025",
            },
            by=BUYERS[1],
        )
    )
    return {
        "listed_order": sale,
        "reservation": reserved,
        "quote": quote,
        "listings": _ok(market.get("/v1/listings")),
        "listing": _ok(market.get(f"/v1/listings/{sale['id']}")),
        "order": offered,
        "retired_order": retired,
        "orders": _ok(market.get("/v1/orders", by=BUYERS[0])),
        "holdings": _ok(market.get("/v1/holdings", by=BUYERS[0])),
        "retirement": _ok(market.get(f"/v1/retirements/{retired['id']}")),
        "state": _ok(market.get(f"/v1/serials/{serial}/state")),
        "supply": _ok(market.get("/v1/supply")),
        "supply_statements": (days := _ok(market.get("/v1/supply/statements"))),
        "supply_statement": _ok(market.get(f"/v1/supply/statements/{days['items'][0]['day']}")),
        "new_key": made,
        "keys": _ok(market.get("/v1/keys", by=BUYERS[0])),
    }


def _ok(answer: Response) -> Any:  # noqa: ANN401  (any JSON)
    assert answer.is_success, answer.text
    return answer.json()
