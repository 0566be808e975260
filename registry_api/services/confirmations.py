"""Confirming what another registrar proposed, whatever it is; an issuance confirms by issuing."""

from sqlalchemy.orm import Session

from registry_api.errors import Contradiction
from registry_api.services import buffer_releases, corrections, four_eyes, idempotency
from registry_api.services.accounts import demand_role
from registry_api.services.four_eyes import ProposalView

_ACTS = {"release": buffer_releases.carry_out, "correct": corrections.carry_out}


def confirm(session: Session, proposal_id: str, key: str, *, by: str) -> ProposalView:
    """Do what another registrar proposed.

    Raises:
        NotFound: If there is no such proposal.
        NotAllowed: If the caller is no registrar, or the same eyes.
        Contradiction: If it has ended, cannot be done any more, or is confirmed by issuing.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")

    def act() -> str:
        proposal = four_eyes.get(session, proposal_id)
        if proposal.act not in _ACTS:
            raise Contradiction("Confirm this by issuing the estimate it names.")
        _ACTS[proposal.act](session, proposal, by=by)
        return proposal_id

    done = idempotency.once(session, by, key, "confirm", {"proposal": proposal_id}, act)
    return four_eyes.view(session, four_eyes.get(session, done))
