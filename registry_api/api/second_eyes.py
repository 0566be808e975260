"""What takes two registrars, who acts for which organisation, and what accounts were told."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Request, Response, status
from pydantic import Field

from registry_api.api.examples import example
from registry_api.api.orders import AccountId, Body, Key, Text
from registry_api.api.parameters import Paged, Plain, link_next
from registry_api.deps import Caller, ReadSession, WriteSession
from registry_api.services import (
    buffer_releases,
    confirmations,
    corrections,
    four_eyes,
    issuance_proposals,
    members,
    notices,
)
from registry_api.services.corrections import CorrectionView
from registry_api.services.four_eyes import ProposalView
from registry_api.services.members import MemberView
from registry_api.services.notices import NoticeView
from registry_api.services.views import Page

router = APIRouter(tags=["registrars"])
_BIGGEST = 2**31 - 1

ProposalId = Annotated[UUID, Path(description="id of the proposal")]
Account = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$")]
Sequence = Annotated[int, Path(ge=1, le=_BIGGEST, description="number of a ledger entry")]
NoticeId = Annotated[int, Path(ge=1, le=_BIGGEST)]
Reason = Annotated[str, Field(min_length=1, max_length=2_000)]
Fact = Annotated[str, Field(min_length=1, max_length=500)]


class IssuanceProposalBody(Body):
    """Which approved estimate is to be issued."""

    estimate_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ReleaseBody(Body):
    """How many credits leave which buffer, and by which rule."""

    project_id: AccountId
    quantity_t: Annotated[int, Field(ge=1, le=2**53)]
    reason: Reason


class CorrectionBody(Body):
    """How facts of an entry are to be read, or that a transfer is given back."""

    reads: Annotated[dict[Fact, Fact], Field(max_length=20, default_factory=dict)]
    gives_back: bool = False
    reason: Reason


class DropBody(Body):
    """Why a proposal is declined or withdrawn."""

    note: Text = ""


class MemberBody(Body):
    """Who acts for an organisation."""

    member_id: AccountId
    name: Annotated[str, Field(min_length=1, max_length=200)]


@router.get(
    "/proposals", summary="What waits for a second registrar", responses=example("proposals")
)
def list_proposals(
    request: Request, response: Response, caller: Caller, session: ReadSession, query: Paged
) -> Page[ProposalView]:
    """List proposals and how they ended, newest first. Needs a registrar's key."""
    page = four_eyes.proposals(session, by=caller.id, limit=query.limit, cursor=query.cursor)
    return link_next(request, response, page)


@router.post(
    "/proposals/issuances",
    status_code=status.HTTP_201_CREATED,
    summary="Propose an issuance",
    responses=example("proposal", status=201),
)
def propose_issuance(
    body: IssuanceProposalBody, key: Key, caller: Caller, session: WriteSession
) -> ProposalView:
    """Propose to issue an approved estimate; another registrar issues it with `issue_batch`."""
    return issuance_proposals.propose(session, body.estimate_sha256, key, by=caller.id)


@router.post(
    "/proposals/releases",
    status_code=status.HTTP_201_CREATED,
    summary="Propose to release credits of a buffer",
    responses=example("proposal", status=201),
)
def propose_release(
    body: ReleaseBody, key: Key, caller: Caller, session: WriteSession
) -> ProposalView:
    """Propose a release, oldest vintage first; another registrar confirms it."""
    return buffer_releases.propose(
        session, body.project_id, body.quantity_t, body.reason, key, by=caller.id
    )


@router.post(
    "/ledger/{sequence}/corrections",
    status_code=status.HTTP_201_CREATED,
    summary="Propose to correct a ledger entry",
    responses=example("proposal", status=201),
)
def propose_correction(
    body: CorrectionBody, key: Key, caller: Caller, session: WriteSession, sequence: Sequence
) -> ProposalView:
    """Propose a counter-entry; the entry itself stays as it is."""
    return corrections.propose(
        session, sequence, body.reads, body.reason, key, by=caller.id, gives_back=body.gives_back
    )


@router.get(
    "/ledger/{sequence}/corrections",
    summary="How a ledger entry is to be read",
    responses=example("corrections"),
)
def list_corrections(
    session: ReadSession, sequence: Sequence, _query: Plain
) -> list[CorrectionView]:
    """List counter-entries of an entry, oldest first."""
    return list(corrections.of_entry(session, sequence))


@router.post(
    "/proposals/{proposal_id}/confirm",
    summary="Confirm what another registrar proposed",
    responses=example("proposal"),
)
def confirm_proposal(
    key: Key, caller: Caller, session: WriteSession, proposal_id: ProposalId
) -> ProposalView:
    """Do what was proposed, as another registrar."""
    return confirmations.confirm(session, str(proposal_id), key, by=caller.id)


@router.post(
    "/proposals/{proposal_id}/drop",
    summary="Decline or withdraw a proposal",
    responses=example("proposal"),
)
def drop_proposal(
    body: DropBody, caller: Caller, session: WriteSession, proposal_id: ProposalId
) -> ProposalView:
    """Withdraw one's own proposal, or decline another registrar's."""
    return four_eyes.drop(session, str(proposal_id), body.note, by=caller.id)


@router.get(
    "/accounts/{account_id}/members",
    summary="Who acts for an account",
    responses=example("members"),
)
def list_members(
    caller: Caller, session: ReadSession, account_id: Account, _query: Plain
) -> list[MemberView]:
    """List an account's members to itself and to registrars."""
    return list(members.of_account(session, account_id, by=caller.id))


@router.post(
    "/accounts/{account_id}/members",
    status_code=status.HTTP_201_CREATED,
    summary="Let somebody act for an account",
    responses=example("member", status=201),
)
def add_member(
    body: MemberBody, caller: Caller, session: WriteSession, account_id: Account
) -> MemberView:
    """Add a member; nobody may act for both sides. Needs a registrar's key."""
    return members.join(session, account_id, body.member_id, body.name, by=caller.id)


@router.delete(
    "/accounts/{account_id}/members/{member_id}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="End a membership",
)
def remove_member(
    caller: Caller, session: WriteSession, account_id: Account, member_id: Account
) -> None:
    """End it from now on; what the person did stays. Needs a registrar's key."""
    members.leave(session, account_id, member_id, by=caller.id)


@router.get("/notices", summary="What you were told", responses=example("notices"))
def list_notices(
    request: Request, response: Response, caller: Caller, session: ReadSession, query: Paged
) -> Page[NoticeView]:
    """List the caller's notices, newest first, each with how far its delivery has come."""
    page = notices.of_account(session, caller.id, limit=query.limit, cursor=query.cursor)
    return link_next(request, response, page)


@router.post(
    "/notices/{notice_id}/read", summary="Say that you have read it", responses=example("notice")
)
def read_notice(caller: Caller, session: WriteSession, notice_id: NoticeId) -> NoticeView:
    """Note that a notice was read; again, it changes nothing."""
    return notices.read(session, notice_id, by=caller.id)
