"""The public log: signed checkpoints, proofs, and the keys that signatures are checked with."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel, ConfigDict

from registry_api.api.examples import example
from registry_api.api.parameters import Plain
from registry_api.deps import ReadSession, SettingsDep
from registry_api.services import signing, transparency
from registry_api.services.signing import PublicKey
from registry_api.services.transparency import ConsistencyProof, InclusionProof

router = APIRouter(tags=["log"])

_BIGGEST = 2**31 - 1
Sequence = Annotated[int, Path(ge=1, le=_BIGGEST, description="Of the ledger entry.")]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InclusionAsked(_Asked):
    """For which state of the log."""

    size: Annotated[
        int | None, Query(ge=1, le=_BIGGEST, description="Of the log; by default the newest.")
    ] = None


class ConsistencyAsked(_Asked):
    """Between which states of the log."""

    before: Annotated[int, Query(ge=1, le=_BIGGEST, description="Size of the log you know.")]
    after: Annotated[
        int | None, Query(ge=1, le=_BIGGEST, description="A later size; by default the newest.")
    ] = None


class SigningKeys(BaseModel):
    """Who signs, and with which keys: the present one, and those of before."""

    controller: str
    keys: tuple[PublicKey, ...]


@router.get(
    "/log/checkpoint",
    summary="The log's newest signed checkpoint",
    response_class=PlainTextResponse,
)
def get_checkpoint(session: ReadSession, settings: SettingsDep, _query: Plain) -> PlainTextResponse:
    """Give size and root of the log as a C2SP signed note; keep it, and compare it later."""
    return PlainTextResponse(transparency.note(session, settings))


@router.get(
    "/log/inclusion/{sequence}",
    summary="Proof that a ledger entry is in the log",
    responses=example("inclusion"),
)
def prove_inclusion(
    session: ReadSession, sequence: Sequence, query: Annotated[InclusionAsked, Query()]
) -> InclusionProof:
    """Give the hashes from the entry's leaf to the root (RFC 9162 2.1.3)."""
    return transparency.prove_inclusion(session, sequence, query.size)


@router.get(
    "/log/consistency",
    summary="Proof that the log goes on from what it was",
    responses=example("consistency"),
)
def prove_consistency(
    session: ReadSession, query: Annotated[ConsistencyAsked, Query()]
) -> ConsistencyProof:
    """Give the hashes by which nothing before was changed or taken away (RFC 9162 2.1.4)."""
    return transparency.prove_consistency(session, query.before, query.after)


@router.get(
    "/signing-keys", summary="Keys that the registry signs with", responses=example("signing_keys")
)
def list_signing_keys(session: ReadSession, settings: SettingsDep, _query: Plain) -> SigningKeys:
    """List the public keys of all times; what one signed from `void_from` on counts for nothing."""
    return SigningKeys(controller=signing.controller(settings), keys=signing.public_keys(session))
