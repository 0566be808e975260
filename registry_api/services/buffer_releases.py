"""Releases: credits that leave the buffer for their developer, agreed by two registrars."""

import json

from sqlalchemy.orm import Session

from registry_api.db.models import Project, Proposal
from registry_api.errors import NotAcceptable, NotFound
from registry_api.services import four_eyes, holdings, idempotency, ledger
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import sha256_of_text
from registry_api.services.four_eyes import ProposalView
from registry_api.services.settlements import oldest_of_buffer
from registry_api.services.standings import demand_whole

_LONGEST_REASON = 2_000


def propose(
    session: Session, project_id: str, quantity_t: int, reason: str, key: str, *, by: str
) -> ProposalView:
    """Propose to release credits of a project's buffer, oldest vintage first.

    Args:
        session: The one transaction.
        project_id: Whose buffer.
        quantity_t: How many [t CO2e].
        reason: By which rule.
        key: The caller's name for this request.
        by: A registrar; another confirms.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If there is no such project.
        NotAcceptable: If there is no reason or quantity.
        InputRejected: If the buffer does not hold so many.
        Contradiction: If the project owes something, or a release waits already.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    terms = {"quantity_t": quantity_t, "reason": reason}

    def begin() -> str:
        if session.get(Project, project_id) is None:
            raise NotFound(f"There is no project '{project_id}'.", project=project_id)
        if quantity_t < 1 or not reason.strip() or len(reason) > _LONGEST_REASON:
            raise NotAcceptable(
                f"Say how many credits, and by which rule in 1 to {_LONGEST_REASON} characters."
            )
        demand_whole(session, project_id)
        oldest_of_buffer(session, project_id, quantity_t)
        return str(four_eyes.propose(session, "release", project_id, terms, by=by).id)

    request = {"project": project_id, **terms}
    done = idempotency.once(session, by, key, "propose_release", request, begin)
    return four_eyes.view(session, four_eyes.get(session, done))


def carry_out(session: Session, proposal: Proposal, *, by: str) -> None:
    """Release what a proposal asks for, as its second registrar.

    Raises:
        NotAllowed: If the caller is not another registrar.
        Contradiction: If the proposal has ended, or the project owes something by now.
        InputRejected: If the buffer does not hold so many any more.
    """
    four_eyes.demand_second(session, proposal, by=by)
    terms, project_id = json.loads(proposal.terms), proposal.subject
    demand_whole(session, project_id)
    parts = oldest_of_buffer(session, project_id, terms["quantity_t"])
    developer = session.get_one(Project, project_id).developer_id
    entry = ledger.append(
        session,
        "buffer_released",
        actor=by,
        payload={
            "proposal": str(proposal.id),
            "project": project_id,
            "blocks": holdings.blocks(parts),
            "state": "active",
            "account": developer,
            "reason_sha256": sha256_of_text(terms["reason"]),
        },
    )
    four_eyes.confirm(session, proposal, entry.sequence, by=by)
    holdings.move(session, parts, "active", developer, entry.sequence)
