"""The page of notices: what the visitor's account was told, and saying that it was read."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse
from starlette.requests import Request
from starlette.responses import Response

from registry_api.deps import Caller, OwnPage, ReadSession, WriteSession
from registry_api.services import notices
from registry_api.web.rendering import page
from registry_api.web.trade_forms import SEE_OTHER

router = APIRouter(prefix="/notices", include_in_schema=False)
NOTICES_SHOWN = 50
_BIGGEST = 2**31 - 1  # of an id, on either database


@router.get("", name="notices")
def notices_page(
    request: Request, session: ReadSession, by: Caller, cursor: str | None = None
) -> Response:
    """List what the visitor's account was told, newest first."""
    listed = notices.of_account(session, by.id, limit=NOTICES_SHOWN, cursor=cursor)
    return page(request, "market/notices.html", account=by, notices=listed)


@router.post("/{notice_id}/read", dependencies=[OwnPage])
def read_notice(notice_id: int, session: WriteSession, by: Caller) -> Response:
    """Note that the notice was read, and show the list again."""
    notices.read(session, min(notice_id, _BIGGEST), by=by.id)
    return RedirectResponse(f"/notices#notice-{notice_id}", SEE_OTHER)
