"""What others look for at fixed addresses of a host: the document of our signing keys."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from registry_api.deps import ReadSession, SettingsDep
from registry_api.services import signing

router = APIRouter(prefix="/.well-known", include_in_schema=False)


@router.get("/did.json")
def get_did_document(session: ReadSession, settings: SettingsDep) -> JSONResponse:
    """Resolve the registry's did:web, for whoever checks its credentials."""
    document: dict[str, Any] = dict(signing.did_document(session, settings))
    return JSONResponse(document, headers={"Access-Control-Allow-Origin": "*"})
