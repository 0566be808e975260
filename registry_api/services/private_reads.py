"""The log of looks at what is private: who looked, in which role, at what, and what for."""

from datetime import timedelta
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing, reads_only
from registry_api.db.models import PrivateLook
from registry_api.services import clock, paging
from registry_api.services.accounts import AccountView
from registry_api.services.project_access import open_to, stated_purpose
from registry_api.services.unit_of_work import unit_of_work
from registry_api.services.upload_views import PrivateRead
from registry_api.services.views import Page
from registry_api.settings import Settings

ONE_LOOK = timedelta(minutes=10)  # from the first request of a page [P]

What = Literal["farmer", "file", "report", "boundary", "evidence", "bundle", "forgotten", "erased"]


def note(
    session: Session,
    settings: Settings,
    *,
    by: AccountView,
    purpose: str,
    what: What,
    project_id: str,
    subject: str,
) -> None:
    """Write a look down before it happens.

    A transaction that only reads cannot; the look is then written in one of its own. A page of a
    report asks for its list, its map and its details one by one: within `ONE_LOOK`, the same
    account looking at the same report for the same purpose looks once.

    Raises:
        NotAcceptable: If no purpose is stated.
    """
    look = look_of(by=by, purpose=purpose, what=what, project_id=project_id, subject=subject)
    if reads_only(session):
        if _is_going_on(session, look):
            return
        with unit_of_work(settings) as own:
            lock_for_writing(own)
            if not _is_going_on(own, look):
                own.add(look)
    elif not _is_going_on(session, look):
        session.add(look)
        session.flush()


def _is_going_on(session: Session, look: PrivateLook) -> bool:
    if look.what != "report":
        return False
    earlier = select(PrivateLook.id).where(
        PrivateLook.project_id == look.project_id,
        PrivateLook.account_id == look.account_id,
        PrivateLook.what == look.what,
        PrivateLook.subject == look.subject,
        PrivateLook.purpose == look.purpose,
        PrivateLook.at > look.at - ONE_LOOK,
    )
    return session.scalars(earlier.limit(1)).first() is not None


def look_of(
    *, by: AccountView, purpose: str, what: What, project_id: str, subject: str
) -> PrivateLook:
    """Make a line of the log, for a transaction that writes anyway.

    Raises:
        NotAcceptable: If no purpose is stated.
    """
    return PrivateLook(
        at=clock.now(),
        account_id=by.id,
        role=by.role,
        purpose=stated_purpose(purpose),
        what=what,
        project_id=project_id,
        subject=subject[:200],
    )


def reads(
    session: Session,
    project_id: str,
    *,
    by: AccountView,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[PrivateRead]:
    """List the looks at a project's private data, newest first.

    Raises:
        NotFound: If there is no such project for this account.
    """
    open_to(session, project_id, by)
    (before,) = paging.decode(cursor, int) or (None,)
    query = select(PrivateLook).where(PrivateLook.project_id == project_id)
    if before is not None:
        query = query.where(PrivateLook.id < before)
    rows = session.scalars(query.order_by(PrivateLook.id.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    return Page(
        tuple(
            PrivateRead(
                at=row.at,
                account_id=row.account_id,
                role=row.role,
                purpose=row.purpose,
                what=row.what,
                project_id=row.project_id,
                subject=row.subject,
            )
            for row in shown
        ),
        paging.encode(shown[-1].id) if len(rows) > limit else None,
    )
