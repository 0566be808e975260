"""A registry in which credits are traded, served on loopback, and everybody's keys."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from registry_api.db import database
from registry_api.services import accounts, listings, orders
from registry_api.services.holdings import Lot
from registry_api.services.listings import Price
from registry_api.services.retirement_terms import RetirementTerms
from registry_api.services.views import BatchCard
from tests.browser.a_site import serving
from tests.registry_api import a_registry
from tests.registry_api.a_market import BUYERS, SECOND_REGISTRAR
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, VERIFIER

SELLER, BUYER, OTHER = DEVELOPER, *BUYERS
NET_KG = ((41_000, 33_000, 28_500, -700), (12_000, 9_000, 8_000, 100))  # of two periods


@dataclass(frozen=True)
class MarketSite:
    """Where the pages are, and who may sign in.

    Attributes:
        batches: Two issuances of one project, the older first.
        offered: Order of five credits that waits for the first buyer.
        doubted: Order of a cancellation that waits for a registrar.
        retired: Retirement by the first buyer.
        listing: Of thirty credits for anybody.
        reserved: Order of four of them for the first buyer.
        asked: Order of the second buyer, who asks for a quote.
    """

    url: str
    keys: dict[str, str] = field(repr=False)
    batches: tuple[BatchCard, ...]
    offered: str
    doubted: str
    retired: str
    listing: str
    reserved: str
    asked: str

    @property
    def pages(self) -> dict[str, tuple[str, str]]:
        """One address of every kind of page, and who looks at it; "" for anybody."""
        return {
            "holdings": (SELLER, "/holdings"),
            "nothing": (OTHER, "/holdings"),
            "choose": (BUYER, f"/retire?batch={self.batches[0].id}"),
            "offer": (SELLER, "/offer"),
            "orders": (BUYER, "/orders"),
            "offered": (BUYER, f"/orders/{self.offered}"),
            "own_offer": (SELLER, f"/orders/{self.offered}"),
            "doubted": (REGISTRAR, f"/orders/{self.doubted}"),
            "retired": (BUYER, f"/orders/{self.retired}"),
            "reserved": (SELLER, f"/orders/{self.reserved}"),
            "own_reservation": (BUYER, f"/orders/{self.reserved}"),
            "asked": (SELLER, f"/orders/{self.asked}"),
            "listed": (SELLER, f"/orders/{self.listing}"),
            "list": (SELLER, f"/list?asked={self.asked}"),
            "listings": ("", "/listings"),
            "listing": (BUYER, f"/listings/{self.listing}"),
            "listing_public": ("", f"/listings/{self.listing}"),
            "dashboard": ("", "/dashboard"),
            "project_dashboard": ("", f"/projects/{self.batches[0].project_id}/dashboard"),
            "quote": (BUYER, f"/projects/{self.batches[0].project_id}/quote"),
        }


@contextmanager
def market_served(home: Path) -> Iterator[MarketSite]:
    """Serve a registry with two issuances and some orders until the block ends."""
    settings = a_registry.make_settings(home)
    with database(settings.database).writing() as session:
        farm = a_registry.found(session, settings)
        batches = tuple(
            a_registry.issue(
                session, farm, a_registry.evidence(farm, net_kg, period=n), f"issuance-{n}"
            )
            for n, net_kg in enumerate(NET_KG)
        )
        accounts.register_account(session, BUYER, "Lakeside Hotel", "buyer")
        accounts.register_account(session, OTHER, "Second buyer", "buyer")
        accounts.register_account(session, SECOND_REGISTRAR, "Second registrar", "registrar")
        everybody = (SELLER, BUYER, OTHER, VERIFIER, REGISTRAR, SECOND_REGISTRAR)
        keys = {who: accounts.create_key(session, who) for who in everybody}

        def some(quantity_t: int, of: int = 0) -> list[Lot]:
            return [Lot(batch_id=batches[of].id, quantity_t=quantity_t)]

        sold = orders.offer(session, some(20), BUYER, "As agreed", "first-offer", by=SELLER)
        orders.answer(session, sold.id, "accepted", "Thank you", "first-answer", by=BUYER)
        terms = RetirementTerms("Lakeside Hotel", "voluntary", reason="Heating of 2025")
        retired = orders.retire(session, some(3), terms, "first-retirement", by=BUYER)
        offered = orders.offer(session, some(5, 1), BUYER, "For May", "second-offer", by=SELLER)
        doubted = orders.ask_cancellation(
            session, some(2, 1), "Counted twice", "first-doubt", by=SELLER
        )
        price = Price.read("12.50", "USD")
        listing = listings.list_credits(
            session, some(30), price, "first-listing", by=SELLER, note="Delivery at once"
        )
        reserved = listings.reserve(session, listing.id, 4, "one-reservation", by=BUYER)
        project = batches[0].project_id
        asked = listings.ask_quote(session, SELLER, project, 7, "first-quote", by=OTHER)
    with serving(settings) as url:
        yield MarketSite(
            url,
            keys,
            batches,
            offered=offered.id,
            doubted=doubted.id,
            retired=retired.id,
            listing=listing.id,
            reserved=reserved.id,
            asked=asked.id,
        )
