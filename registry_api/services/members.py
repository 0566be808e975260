"""Members: the people who act for organisations, so that nobody sits on both sides.

Developers and buyers are one side, verifiers another, registrars the third: whoever acts for an
account of one side acts for none of another, and two accounts that share a member count as one
wherever two are asked for.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session, aliased

from registry_api.db import lock_for_writing
from registry_api.db.models import Account, LedgerEntry, Member, Membership, MembershipEnd
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import clock, ledger
from registry_api.services.accounts import Role, account, demand_role

_SIDES: dict[Role, str] = {
    "developer": "the holders",
    "buyer": "the holders",
    "verifier": "the verifiers",
    "registrar": "the registrars",
}
_MEMBER_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class MemberView:
    """A member of an account.

    Attributes:
        since: When the registry wrote it down.
    """

    id: str
    name: str
    since: datetime


def join(session: Session, account_id: str, member_id: str, name: str, *, by: str) -> MemberView:
    """Let a person act for an account; again, it changes nothing.

    Args:
        session: The one transaction.
        account_id: Of the organisation.
        member_id: The person, under one id in the whole registry.
        name: What the person is called.
        by: Account of a registrar.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If there is no such account.
        NotAcceptable: If the id or the name is none.
        Contradiction: If the person acts for another side.
    """
    lock_for_writing(session)
    demand_role(session, by, "registrar")
    organisation = account(session, account_id)
    if not _MEMBER_ID.fullmatch(member_id) or not name.strip() or len(name) > _LONGEST_NAME:
        raise NotAcceptable(
            "A member needs an id of 3 to 40 letters a-z, digits and hyphens, and a name."
        )
    for other in _accounts_of(session, member_id):
        if _SIDES[account(session, other).role] != _SIDES[organisation.role]:
            raise Contradiction(
                f"{member_id} acts for {other}, one of {_SIDES[account(session, other).role]}, and "
                f"cannot act for one of {_SIDES[organisation.role]} too.",
                member=member_id,
            )
        if other == account_id:
            return _found(session, account_id, member_id)
    if session.get(Member, member_id) is None:
        session.add(Member(id=member_id, name=name.strip(), recorded_at=clock.now()))
        session.flush()
    entry = ledger.append(
        session,
        "member_joined",
        actor=by,
        payload={"account": account_id, "member": member_id},
    )
    session.add(Membership(account_id=account_id, member_id=member_id, sequence=entry.sequence))
    session.flush()
    return _found(session, account_id, member_id)


def leave(session: Session, account_id: str, member_id: str, *, by: str) -> None:
    """End a membership; what the person did before stays as it was.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If the person does not act for the account.
    """
    lock_for_writing(session)
    demand_role(session, by, "registrar")
    held = session.scalars(
        select(Membership).where(
            Membership.account_id == account_id, Membership.member_id == member_id, _lasts()
        )
    ).first()
    if held is None:
        raise NotFound(f"{member_id} does not act for {account_id}.")
    entry = ledger.append(
        session,
        "member_left",
        actor=by,
        payload={"account": account_id, "member": member_id},
    )
    session.add(MembershipEnd(membership_id=held.id, sequence=entry.sequence))
    session.flush()


def of_account(session: Session, account_id: str, *, by: str) -> tuple[MemberView, ...]:
    """List who acts for an account, to itself and to registrars.

    Raises:
        NotFound: If there is no such account.
        NotAllowed: If the caller is neither.
    """
    account(session, account_id)
    if by != account_id:
        demand_role(session, by, "registrar")
    rows = session.execute(
        select(Member, LedgerEntry.recorded_at)
        .join(Membership, Membership.member_id == Member.id)
        .join(LedgerEntry, LedgerEntry.sequence == Membership.sequence)
        .where(Membership.account_id == account_id, _lasts())
        .order_by(Membership.sequence)
    )
    return tuple(MemberView(member.id, member.name, since) for member, since in rows)


def share_one(session: Session, one: str, other: str) -> bool:
    """Say whether two accounts have a member in common."""
    theirs = aliased(Membership)
    ended = select(MembershipEnd.membership_id)
    return (
        session.scalars(
            select(Membership.id)
            .join(theirs, theirs.member_id == Membership.member_id)
            .where(
                Membership.account_id == one,
                theirs.account_id == other,
                Membership.id.not_in(ended),
                theirs.id.not_in(ended),
            )
            .limit(1)
        ).first()
        is not None
    )


def demand_apart(session: Session, by: str, interested: set[str]) -> None:
    """Insist that an account has no member in common with those that have an interest.

    Raises:
        NotAllowed: Naming the account with which it has one.
    """
    for other in sorted(interested - {by}):
        if share_one(session, by, other):
            raise NotAllowed(
                f"{by} and {other} have a member in common, who cannot be on both sides.",
                account=by,
            )


def _lasts() -> ColumnElement[bool]:
    return Membership.id.not_in(select(MembershipEnd.membership_id))


def _accounts_of(session: Session, member_id: str) -> list[str]:
    return list(
        session.scalars(
            select(Account.id)
            .join(Membership, Membership.account_id == Account.id)
            .where(Membership.member_id == member_id, _lasts())
            .order_by(Membership.sequence)
        )
    )


def _found(session: Session, account_id: str, member_id: str) -> MemberView:
    member, since = session.execute(
        select(Member, LedgerEntry.recorded_at)
        .join(Membership, Membership.member_id == Member.id)
        .join(LedgerEntry, LedgerEntry.sequence == Membership.sequence)
        .where(Membership.account_id == account_id, Membership.member_id == member_id, _lasts())
    ).one()
    return MemberView(member.id, member.name, since)
