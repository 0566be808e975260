"""Certificates of retirement as verifiable credentials, and which of them count no more."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, status
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from mrv.evidence.credentials import MEDIA_TYPE
from registry_api.api.examples import example
from registry_api.api.orders import Key, OrderId
from registry_api.api.parameters import Plain
from registry_api.deps import Caller, ReadSession, SettingsDep, WriteSession
from registry_api.services import certificates
from registry_api.services.certificates import Revocation

router = APIRouter(tags=["certificates"])
_MOST_LISTS = 2**31 // 131_072 - 1


class CredentialAnswer(JSONResponse):
    """A verifiable credential (W3C VC 2.0)."""

    media_type = MEDIA_TYPE


class RevocationBody(BaseModel):
    """Why a certificate counts no more."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(min_length=1, max_length=500)]


@router.get(
    "/retirements/{order_id}/certificate",
    summary="A retirement's certificate as a verifiable credential",
    response_class=CredentialAnswer,
    responses=example("certificate", MEDIA_TYPE),
)
def get_certificate(
    session: ReadSession, settings: SettingsDep, order_id: OrderId, _query: Plain
) -> dict[str, Any]:
    """Give the certificate with a proof of eddsa-jcs-2022 (W3C VC Data Model 2.0)."""
    return certificates.certificate(session, settings, str(order_id))


@router.post(
    "/retirements/{order_id}/revocation",
    status_code=status.HTTP_201_CREATED,
    summary="Revoke a certificate",
    responses=example("revocation", status=201),
)
def revoke_certificate(
    body: RevocationBody, key: Key, caller: Caller, session: WriteSession, order_id: OrderId
) -> Revocation:
    """Say that a certificate's words are wrong; the credits stay retired. Needs a registrar."""
    return certificates.revoke(session, str(order_id), body.reason, key, by=caller.id)


@router.get(
    "/status-lists/{number}",
    summary="Which certificates were revoked",
    response_class=CredentialAnswer,
    responses=example("status_list", MEDIA_TYPE),
)
def get_status_list(
    session: ReadSession,
    settings: SettingsDep,
    number: Annotated[int, Path(ge=0, le=_MOST_LISTS, description="as certificates name it")],
    _query: Plain,
) -> dict[str, Any]:
    """Give a list of W3C Bitstring Status List 1.0, signed."""
    return certificates.status_list(session, settings, number)
