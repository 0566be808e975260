"""An account's own keys: list, make, replace with an overlap, withdraw."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, status
from pydantic import BaseModel, ConfigDict, Field

from registry_api.api.examples import example
from registry_api.api.parameters import Plain
from registry_api.deps import Caller, ReadSession, WhoCame, WriteSession
from registry_api.services import keys
from registry_api.services.accounts import KEY_DAYS
from registry_api.services.keys import KeyView, NewKey, Scope

router = APIRouter(tags=["keys"])
KeyId = Annotated[UUID, Path(description="id of the key, never the key itself")]


class KeyBody(BaseModel):
    """What a new key is called, what it may do, and for how long."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=80, examples=["nightly export"])]
    scopes: Annotated[
        list[Scope],
        Field(max_length=20, description="empty means all that the account's role may do"),
    ] = []  # pydantic copies it
    days: Annotated[int, Field(ge=1, le=keys.LONGEST_LIFE_DAYS)] = KEY_DAYS


@router.get("/keys", summary="Your keys", responses=example("keys"))
def list_keys(caller: Caller, session: ReadSession, _query: Plain) -> tuple[KeyView, ...]:
    """List the caller's keys: name, scopes, end and last use, never the keys themselves."""
    return keys.of_account(session, caller.id)


@router.post(
    "/keys",
    status_code=status.HTTP_201_CREATED,
    summary="Make a key",
    responses=example("new_key", status=201),
)
def make_key(body: KeyBody, came: WhoCame, session: WriteSession, _query: Plain) -> NewKey:
    """Make a key and show it this once. Sent twice, the second is refused: names are taken once."""
    return keys.make(
        session,
        came.account.id,
        name=body.name,
        scopes=body.scopes,
        days=body.days,
        within=came.scopes,
    )


@router.post(
    "/keys/{key_id}/replacement",
    status_code=status.HTTP_201_CREATED,
    summary="Replace a key",
    responses=example("new_key", status=201),
)
def replace_key(came: WhoCame, session: WriteSession, key_id: KeyId, _query: Plain) -> NewKey:
    """Make a key like this one, which itself works for seven more days."""
    return keys.replace(session, came.account.id, str(key_id), within=came.scopes)


@router.delete("/keys/{key_id}", status_code=status.HTTP_204_NO_CONTENT, summary="Withdraw a key")
def withdraw_key(caller: Caller, session: WriteSession, key_id: KeyId, _query: Plain) -> None:
    """Make a key useless at once; again, it changes nothing."""
    keys.withdraw(session, caller.id, str(key_id))
