"""Proposals to issue: the first of the two registrars that an issuance takes."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry_api.db.models import BatchConfirmation, CreditBatch, Estimate, Proposal
from registry_api.errors import AlreadyIssued, NotAllowed, NotFound
from registry_api.services import four_eyes, idempotency
from registry_api.services.accounts import demand_role
from registry_api.services.four_eyes import ProposalView
from registry_api.services.verification import newest_decision
from registry_api.settings import Settings


def propose(session: Session, estimate_sha256: str, key: str, *, by: str) -> ProposalView:
    """Propose to issue an approved estimate; another registrar then issues it.

    Raises:
        NotFound: If there is no such estimate.
        NotAllowed: If the account is no registrar, or no verifier approved.
        AlreadyIssued: If the estimate is issued.
        Contradiction: If it is proposed already.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")

    def begin() -> str:
        if session.get(Estimate, estimate_sha256) is None:
            raise NotFound("There is no estimate with that digest.", estimate=estimate_sha256)
        issued = select(CreditBatch.id).where(CreditBatch.estimate_sha256 == estimate_sha256)
        if session.scalars(issued).first() is not None:
            raise AlreadyIssued("This estimate is issued.")
        decision = newest_decision(session, estimate_sha256)
        if decision is None or not decision.approved:
            raise NotAllowed("This estimate has no approval by a verifier; issuance needs one.")
        return str(four_eyes.propose(session, "issue", estimate_sha256, {}, by=by).id)

    request = {"estimate": estimate_sha256}
    done = idempotency.once(session, by, key, "propose_issue", request, begin)
    return four_eyes.view(session, four_eyes.get(session, done))


def demand_proposed(
    session: Session, estimate_sha256: str, settings: Settings, *, by: str
) -> Proposal | None:
    """Find the proposal that an issuance confirms; None where one registrar may issue alone.

    Raises:
        NotAllowed: If nobody proposed it and the registry has more than one registrar, or the
            caller is who proposed it.
    """
    proposal = four_eyes.waiting(session, "issue", estimate_sha256)
    if proposal is not None:
        four_eyes.demand_second(session, proposal, by=by)
        return proposal
    if not settings.registrar_alone:
        raise NotAllowed(
            "An issuance takes two registrars: let another propose this estimate first, or set "
            "PARKLAND_ONE_REGISTRAR where the registry has only one, which every batch will say.",
            estimate=estimate_sha256,
        )
    return None


def confirm(session: Session, proposal: Proposal | None, batch: CreditBatch, *, by: str) -> None:
    """Note on an issuance which proposal it confirmed, where there was one."""
    if proposal is None:
        return
    four_eyes.confirm(session, proposal, batch.sequence, by=by)
    session.add(BatchConfirmation(batch_id=batch.id, proposal_id=proposal.id))
    session.flush()
