"""Listings as they are shown: public ones to anybody, a quote to the two whom it concerns."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from registry_api.db.models import (
    Account,
    CreditBatch,
    CreditOrder,
    Holding,
    Listing,
    OrderOutcome,
)
from registry_api.services import batches, clock, paging, reservations
from registry_api.services.holdings import still_open
from registry_api.services.listings import Price, find
from registry_api.services.lots import run_texts
from registry_api.services.views import BatchCard, Page


@dataclass(frozen=True, slots=True)
class ListingView:
    """Credits of one issuance for sale, and what is left of them now.

    Attributes:
        price: Of one credit, in units of the currency, always with both decimals.
        serials: What is not sold yet.
        quantity_t: The same in credits [t CO2e].
        free_t: What of it is reserved for nobody [t CO2e].
        valid_until: When it runs out; None while it is not withdrawn.
        ended: Withdrawn, sold or run out.
        public: For anybody; else the quote that one account asked for.
    """

    id: str
    seller_id: str
    seller_name: str
    batch: BatchCard
    price: str
    currency: str
    serials: tuple[str, ...]
    quantity_t: int
    free_t: int
    listed_at: datetime
    valid_until: datetime | None
    ended: bool
    public: bool
    note: str
    sequence: int


def public_listings(
    session: Session,
    *,
    project_id: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[ListingView]:
    """List what anybody may buy now, the newest listing first."""
    (before,) = paging.decode(cursor, int) or (None,)
    ended = select(OrderOutcome.order_id).where(OrderOutcome.order_id == CreditOrder.id)
    unsold = select(Holding.id).where(
        Holding.state_sequence == CreditOrder.sequence, Holding.state == "offered", still_open()
    )
    query = (
        select(CreditOrder, Listing)
        .join(Listing, Listing.order_id == CreditOrder.id)
        .where(
            CreditOrder.to_account_id.is_(None),
            or_(Listing.valid_until.is_(None), Listing.valid_until > clock.now()),
            ~ended.exists(),
            unsold.exists(),
        )
    )
    if project_id is not None:
        query = query.join(CreditBatch, CreditBatch.id == Listing.batch_id).where(
            CreditBatch.project_id == project_id
        )
    if before is not None:
        query = query.where(CreditOrder.sequence < before)
    rows = session.execute(query.order_by(CreditOrder.sequence.desc()).limit(limit + 1)).all()
    shown = _views(session, [(*row,) for row in rows[:limit]])
    return Page(shown, paging.encode(rows[limit - 1][0].sequence) if len(rows) > limit else None)


def listing(session: Session, listing_id: str, *, by: str | None) -> ListingView:
    """Show a listing, also when it has ended.

    Raises:
        NotFound: If there is none, or it is a quote for somebody else.
    """
    return _views(session, [find(session, listing_id, by)])[0]


def _views(
    session: Session, rows: Sequence[tuple[CreditOrder, Listing]]
) -> tuple[ListingView, ...]:
    """Show listings, asking a few times for however many."""
    now, ids = clock.now(), [placed.id for placed, _ in rows]
    wanted = {terms.batch_id for _, terms in rows}
    cards = {
        UUID(card.id): card
        for card in batches.cards(
            session,
            [
                (*row,)
                for row in session.execute(batches.batch_rows().where(CreditBatch.id.in_(wanted)))
            ],
        )
    }
    sellers = {placed.account_id for placed, _ in rows}
    names = {
        seller.id: seller.name
        for seller in session.scalars(select(Account).where(Account.id.in_(sellers)))
    }
    asked = select(OrderOutcome.order_id).where(OrderOutcome.order_id.in_(ids))
    ended = set(session.scalars(asked))
    reserved = reservations.reserved_t(session, ids, now)
    unsold = reservations.unsold_t(session, [placed.sequence for placed, _ in rows])
    texts = _unsold(session, [placed.sequence for placed, _ in rows])
    shown = []
    for placed, terms in rows:
        left = unsold[placed.sequence]
        past = terms.valid_until is not None and terms.valid_until <= now
        over = placed.id in ended or past or not left
        price = Price(terms.price_cents, terms.currency)
        shown.append(
            ListingView(
                id=str(placed.id),
                seller_id=placed.account_id,
                seller_name=names[placed.account_id],
                batch=cards[terms.batch_id],
                price=price.text,
                currency=price.currency,
                serials=texts.get(placed.sequence, ()),
                quantity_t=left,
                free_t=0 if over else left - reserved[placed.id],
                listed_at=placed.placed_at,
                valid_until=terms.valid_until,
                ended=over,
                public=placed.to_account_id is None,
                note=str(json.loads(placed.terms)["note"]),
                sequence=placed.sequence,
            )
        )
    return tuple(shown)


def _unsold(session: Session, sequences: Sequence[int]) -> dict[int, tuple[str, ...]]:
    rows = session.execute(
        select(Holding, CreditBatch)
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .where(Holding.state_sequence.in_(sequences), Holding.state == "offered", still_open())
    )
    runs: dict[int, list[tuple[CreditBatch, str, int, int]]] = {}
    for holding, batch in rows:
        run = (batch, holding.kind, holding.first_serial, holding.last_serial)
        runs.setdefault(holding.state_sequence, []).append(run)
    return {sequence: run_texts(theirs) for sequence, theirs in runs.items()}
