"""Notices: an outbox of what accounts have to be told, each with the state of its delivery.

A notice is written in the transaction of what it tells of, so that nothing happens untold. Where it
stands is its newest delivery: it waits, was sent, failed, or was read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import LedgerEntry, Notice, NoticeDelivery
from registry_api.errors import NotFound
from registry_api.services import clock, paging
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.views import Page

NoticeKind = Literal["reversal_confirmed", "reversal_settled", "period_restated", "corrected"]
DeliveryState = Literal["waiting", "sent", "failed", "read"]
_LONGEST_DETAIL = 200


@dataclass(frozen=True, slots=True)
class NoticeView:
    """Something an account was told.

    Attributes:
        facts: What happened, in numbers and names.
        sequence: Of the ledger entry it tells of.
        state: How far its delivery has come.
        attempts: How often delivery was tried, reading included.
    """

    id: int
    account_id: str
    kind: NoticeKind
    project_id: str
    facts: Mapping[str, object]
    sequence: int
    recorded_at: datetime
    state: DeliveryState
    attempts: int


def tell(
    session: Session,
    kind: NoticeKind,
    project_id: str,
    facts: Mapping[str, object],
    *,
    entry: LedgerEntry,
    accounts: Iterable[str],
) -> None:
    """Put one notice for each account into the outbox."""
    text = canonical_json(facts)
    session.add_all(
        Notice(
            account_id=account,
            kind=kind,
            project_id=project_id,
            facts=text,
            facts_sha256=sha256_of_text(text),
            sequence=entry.sequence,
            recorded_at=entry.recorded_at,
        )
        for account in sorted(set(accounts))
    )
    session.flush()


def of_account(
    session: Session, account_id: str, *, limit: int = 50, cursor: str | None = None
) -> Page[NoticeView]:
    """List what an account was told, newest first."""
    (before,) = paging.decode(cursor, int) or (None,)
    query = select(Notice).where(Notice.account_id == account_id)
    if before is not None:
        query = query.where(Notice.id < before)
    found = session.scalars(query.order_by(Notice.id.desc()).limit(limit + 1)).all()
    return Page(
        _views(session, found[:limit]),
        paging.encode(found[limit - 1].id) if len(found) > limit else None,
    )


def undelivered(session: Session, limit: int = 100) -> tuple[NoticeView, ...]:
    """List the oldest notices that wait or failed, for whoever delivers them."""
    delivered = select(NoticeDelivery.notice_id).where(NoticeDelivery.state.in_(("sent", "read")))
    found = session.scalars(
        select(Notice).where(Notice.id.not_in(delivered)).order_by(Notice.id).limit(limit)
    ).all()
    return _views(session, found)


def note_delivery(
    session: Session, notice_id: int, state: Literal["sent", "failed"], detail: str
) -> None:
    """Write down how an attempt to deliver a notice ended.

    Raises:
        NotFound: If there is no such notice.
    """
    lock_for_writing(session)
    if session.get(Notice, notice_id) is None:
        raise NotFound("There is no notice with that number.")
    _add(session, notice_id, state, detail)


def read(session: Session, notice_id: int, *, by: str) -> NoticeView:
    """Note that its account has read a notice; again, it changes nothing.

    Raises:
        NotFound: If there is none, or it is another account's.
    """
    lock_for_writing(session)
    found = session.get(Notice, notice_id)
    if found is None or found.account_id != by:
        raise NotFound("There is no notice with that number, or it is not yours.")
    if _views(session, [found])[0].state != "read":
        _add(session, notice_id, "read", "")
    return _views(session, [found])[0]


def _add(session: Session, notice_id: int, state: str, detail: str) -> None:
    tried = session.scalar(select(func.count()).where(NoticeDelivery.notice_id == notice_id))
    session.add(
        NoticeDelivery(
            notice_id=notice_id,
            attempt=int(tried or 0) + 1,
            state=state,
            detail=detail[:_LONGEST_DETAIL],
            recorded_at=clock.now(),
        )
    )
    session.flush()


def _views(session: Session, found: Iterable[Notice]) -> tuple[NoticeView, ...]:
    notices = list(found)
    tried: dict[int, list[str]] = {}
    for delivery in session.scalars(
        select(NoticeDelivery)
        .where(NoticeDelivery.notice_id.in_([one.id for one in notices]))
        .order_by(NoticeDelivery.notice_id, NoticeDelivery.attempt)
    ):
        tried.setdefault(delivery.notice_id, []).append(delivery.state)
    return tuple(
        NoticeView(
            id=one.id,
            account_id=one.account_id,
            kind=cast("NoticeKind", one.kind),
            project_id=one.project_id,
            facts=json.loads(one.facts),
            sequence=one.sequence,
            recorded_at=one.recorded_at,
            state=cast("DeliveryState", tried.get(one.id, ["waiting"])[-1]),
            attempts=len(tried.get(one.id, ())),
        )
        for one in notices
    )
