"""Four eyes: what one registrar proposes and another confirms, and only then is done.

Two accounts that share a member are the same eyes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import LedgerEntry, Proposal, ProposalOutcome
from registry_api.errors import Contradiction, NotAllowed, NotFound
from registry_api.services import ledger, members, paging
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.views import Page

Act = Literal["issue", "release", "correct"]
ProposalState = Literal["open", "confirmed", "declined", "withdrawn"]
_PROPOSED: dict[Act, ledger.Kind] = {
    "issue": "issuance_proposed",
    "release": "release_proposed",
    "correct": "correction_proposed",
}


@dataclass(frozen=True, slots=True)
class ProposalView:
    """A proposal and where it stands.

    Attributes:
        subject: What it is about: digest of an estimate, id of a project, number of an entry.
        terms: What else was stated with it.
        note: What whoever ended it said.
    """

    id: str
    act: Act
    subject: str
    terms: Mapping[str, object]
    proposed_by: str
    proposed_at: datetime
    state: ProposalState
    decided_by: str | None
    note: str


def propose(
    session: Session, act: Act, subject: str, terms: Mapping[str, object], *, by: str
) -> Proposal:
    """Write a proposal down, within the transaction of whoever knows what it means.

    Raises:
        NotAllowed: If the account is no registrar.
        Contradiction: If the same is proposed already and waits.
    """
    demand_role(session, by, "registrar")
    if waiting(session, act, subject) is not None:
        raise Contradiction("This is proposed already and waits for another registrar.")
    text = canonical_json(terms)
    proposal = Proposal(
        id=uuid4(),
        act=act,
        subject=subject,
        terms=text,
        terms_sha256=sha256_of_text(text),
        proposed_by=by,
    )
    entry = ledger.append(
        session,
        _PROPOSED[act],
        actor=by,
        payload={
            "proposal": str(proposal.id),
            "subject": subject,
            "terms_sha256": proposal.terms_sha256,
        },
    )
    proposal.sequence = entry.sequence
    session.add(proposal)
    session.flush()
    return proposal


def waiting(session: Session, act: Act, subject: str) -> Proposal | None:
    """Find the proposal of an act on a subject that nobody has answered."""
    return session.scalars(
        select(Proposal)
        .outerjoin(ProposalOutcome, ProposalOutcome.proposal_id == Proposal.id)
        .where(
            Proposal.act == act, Proposal.subject == subject, ProposalOutcome.proposal_id.is_(None)
        )
    ).first()


def demand_second(session: Session, proposal: Proposal, *, by: str) -> None:
    """Insist that a registrar is another than who proposed.

    Raises:
        NotAllowed: If the account is no registrar, the same, or has a member in common with it.
        Contradiction: If the proposal has ended.
    """
    demand_role(session, by, "registrar")
    if by == proposal.proposed_by or members.share_one(session, by, proposal.proposed_by):
        raise NotAllowed(
            "Another registrar must confirm this; two accounts with a member in common are the "
            "same eyes.",
            proposal=str(proposal.id),
        )
    _demand_waiting(session, proposal)


def confirm(session: Session, proposal: Proposal, sequence: int, *, by: str) -> None:
    """Note that a proposal was confirmed by the ledger entry that did what it proposed."""
    demand_second(session, proposal, by=by)
    _end(session, proposal, "confirmed", "", sequence, by)


def drop(session: Session, proposal_id: str, note: str, *, by: str) -> ProposalView:
    """Withdraw one's own proposal, or decline another registrar's.

    Raises:
        NotFound: If there is none.
        NotAllowed: If the account is no registrar.
        Contradiction: If it has ended.
    """
    demand_role(session, by, "registrar")
    proposal = get(session, proposal_id)
    _demand_waiting(session, proposal)
    outcome: ProposalState = "withdrawn" if by == proposal.proposed_by else "declined"
    entry = ledger.append(
        session,
        "proposal_dropped",
        actor=by,
        payload={
            "proposal": proposal_id,
            "outcome": outcome,
            "note_sha256": sha256_of_text(note),
        },
    )
    _end(session, proposal, outcome, note, entry.sequence, by)
    return view(session, proposal)


def get(session: Session, proposal_id: str) -> Proposal:
    """Find a proposal.

    Raises:
        NotFound: If there is none.
    """
    try:
        found = session.get(Proposal, UUID(proposal_id))
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no proposal with that id.")
    return found


def proposals(
    session: Session, *, by: str, limit: int = 50, cursor: str | None = None
) -> Page[ProposalView]:
    """List proposals for registrars, newest first.

    Raises:
        NotAllowed: If the account is no registrar.
    """
    demand_role(session, by, "registrar")
    (before,) = paging.decode(cursor, int) or (None,)
    query = select(Proposal).order_by(Proposal.sequence.desc()).limit(limit + 1)
    if before is not None:
        query = query.where(Proposal.sequence < before)
    found = session.scalars(query).all()
    return Page(
        tuple(view(session, one) for one in found[:limit]),
        paging.encode(found[limit - 1].sequence) if len(found) > limit else None,
    )


def view(session: Session, proposal: Proposal) -> ProposalView:
    """Show a proposal as it stands."""
    outcome = session.get(ProposalOutcome, proposal.id)
    return ProposalView(
        id=str(proposal.id),
        act=cast("Act", proposal.act),
        subject=proposal.subject,
        terms=json.loads(proposal.terms),
        proposed_by=proposal.proposed_by,
        proposed_at=session.get_one(LedgerEntry, proposal.sequence).recorded_at,
        state=cast("ProposalState", outcome.outcome) if outcome else "open",
        decided_by=outcome.decided_by if outcome else None,
        note=outcome.note if outcome else "",
    )


def _demand_waiting(session: Session, proposal: Proposal) -> None:
    outcome = session.get(ProposalOutcome, proposal.id)
    if outcome is not None:
        raise Contradiction(f"This proposal was {outcome.outcome} already.")


def _end(
    session: Session, proposal: Proposal, outcome: str, note: str, sequence: int, by: str
) -> None:
    session.add(
        ProposalOutcome(
            proposal_id=proposal.id, outcome=outcome, note=note, decided_by=by, sequence=sequence
        )
    )
    session.flush()
