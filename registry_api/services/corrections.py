"""Corrections: counter-entries that name an entry and how it is to be read from now on.

The entry and its facts stay. A misspelt fact is read otherwise; an accepted transfer is given back,
as long as its credits are where it put them. What was retired or cancelled stays so.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import Correction, CreditOrder, LedgerEntry, OrderOutcome, Proposal
from registry_api.errors import Contradiction, NotAcceptable, NotFound
from registry_api.services import four_eyes, holdings, idempotency, ledger, notices
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import sha256_of_text
from registry_api.services.four_eyes import ProposalView
from registry_api.services.holdings import Part

_LONGEST = 2_000
_MOST_FACTS = 20


@dataclass(frozen=True, slots=True)
class CorrectionView:
    """A counter-entry.

    Attributes:
        sequence: Of the counter-entry.
        corrects: Of the entry it corrects.
        reads: Fact -> how it is to be read.
        gives_back: Whether it returned the credits that the entry had moved.
    """

    sequence: int
    corrects: int
    reads: Mapping[str, str]
    gives_back: bool
    reason: str
    corrected_at: datetime


def propose(
    session: Session,
    sequence: int,
    reads: Mapping[str, str],
    reason: str,
    key: str,
    *,
    by: str,
    gives_back: bool = False,
) -> ProposalView:
    """Propose to correct an entry of the ledger; another registrar then confirms it.

    Args:
        session: The one transaction.
        sequence: Of the entry.
        reads: Fact -> how it is to be read from now on.
        reason: Why.
        key: The caller's name for this request.
        by: A registrar.
        gives_back: Whether the credits of an accepted transfer go back to who offered them.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If there is no such entry.
        NotAcceptable: If nothing is corrected, or no reason is given.
        Contradiction: If the entry moved nothing that can be given back, or it is proposed already.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    terms = {"reads": dict(reads), "reason": reason, "gives_back": gives_back}

    def begin() -> str:
        if session.get(LedgerEntry, sequence) is None:
            raise NotFound(f"There is no ledger entry {sequence}.")
        if not reason.strip() or len(reason) > _LONGEST:
            raise NotAcceptable(f"Say why, in 1 to {_LONGEST} characters.")
        texts = (*reads.keys(), *reads.values())
        if len(reads) > _MOST_FACTS or any(not 1 <= len(text) <= _LONGEST for text in texts):
            raise NotAcceptable(f"Name at most {_MOST_FACTS} facts, each in few words.")
        if gives_back:
            _given_back(session, sequence)
        elif not reads:
            raise NotAcceptable("Say which fact is to be read otherwise, or what is given back.")
        return str(four_eyes.propose(session, "correct", str(sequence), terms, by=by).id)

    request = {"entry": sequence, **terms}
    done = idempotency.once(session, by, key, "propose_correction", request, begin)
    return four_eyes.view(session, four_eyes.get(session, done))


def carry_out(session: Session, proposal: Proposal, *, by: str) -> None:
    """Write the counter-entry that a proposal asks for, as its second registrar.

    Raises:
        NotAllowed: If the caller is not another registrar.
        Contradiction: If the proposal has ended, or the credits have moved on.
    """
    four_eyes.demand_second(session, proposal, by=by)
    terms, corrects = json.loads(proposal.terms), int(proposal.subject)
    payload: dict[str, object] = {
        "corrects": corrects,
        "proposal": str(proposal.id),
        "reads": terms["reads"],
        "reason_sha256": sha256_of_text(terms["reason"]),
    }
    order, parts = _given_back(session, corrects) if terms["gives_back"] else (None, ())
    if order is not None:
        payload |= {
            "blocks": holdings.blocks(parts),
            "state": "active",
            "account": order.account_id,
        }
    entry = ledger.append(session, "corrected", actor=by, payload=payload)
    session.add(
        Correction(
            sequence=entry.sequence,
            corrects=corrects,
            proposal_id=proposal.id,
            reads=json.dumps(terms["reads"]),
            reason=terms["reason"],
        )
    )
    session.flush()
    four_eyes.confirm(session, proposal, entry.sequence, by=by)
    if order is None:
        return
    taker = parts[0].holding.account_id
    holdings.move(session, parts, "active", order.account_id, entry.sequence)
    told = {order.account_id, *([taker] if taker else [])}
    facts: dict[str, object] = {"corrects": corrects, "order": str(order.id)}
    notices.tell(
        session, "corrected", parts[0].holding.project_id, facts, entry=entry, accounts=told
    )


def of_entry(session: Session, sequence: int) -> tuple[CorrectionView, ...]:
    """List the corrections of an entry, oldest first: the newest says how it is to be read."""
    rows = session.execute(
        select(Correction, LedgerEntry.recorded_at, Proposal.terms)
        .join(LedgerEntry, LedgerEntry.sequence == Correction.sequence)
        .join(Proposal, Proposal.id == Correction.proposal_id)
        .where(Correction.corrects == sequence)
        .order_by(Correction.sequence)
    )
    return tuple(
        CorrectionView(
            row.sequence,
            row.corrects,
            json.loads(row.reads),
            bool(json.loads(terms)["gives_back"]),
            row.reason,
            at,
        )
        for row, at, terms in rows
    )


def _given_back(session: Session, sequence: int) -> tuple[CreditOrder, Sequence[Part]]:
    """Find the credits that an accepted transfer moved, if they are all where it put them."""
    order = session.scalars(
        select(CreditOrder)
        .join(OrderOutcome, OrderOutcome.order_id == CreditOrder.id)
        .where(
            OrderOutcome.sequence == sequence,
            OrderOutcome.outcome == "accepted",
            CreditOrder.to_account_id.is_not(None),
        )
    ).first()
    if order is None:
        raise Contradiction(
            f"Entry {sequence} is no accepted transfer; nothing else is given back.",
        )
    parts = holdings.of_order(session, sequence, "active")
    if sum(part.quantity_t for part in parts) != order.quantity_t:
        raise Contradiction(
            f"The credits of entry {sequence} have moved on; what their new holder did stands."
        )
    return order, parts
