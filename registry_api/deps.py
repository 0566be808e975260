"""What routes and pages ask for: settings, a session, and who is asking.

One request is one transaction. `scope="function"` ends it before the answer leaves, so a commit
that fails is an error and not a lost success.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated
from uuid import UUID

from fastapi import BackgroundTasks, Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry_api.db import database
from registry_api.doors import let_in
from registry_api.errors import NotAuthenticated
from registry_api.services import keys, tokens, web_sessions
from registry_api.services.accounts import AccountView
from registry_api.services.keys import Presented
from registry_api.settings import Settings
from registry_api.sign_in import demand_own_page, token_of

_bearer = HTTPBearer(auto_error=False, scheme_name="apiKey", description="An account's API key.")


def settings_of(request: Request) -> Settings:
    """Give the settings the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(settings_of)]


def _reading(settings: SettingsDep) -> Iterator[Session]:
    with database(settings.database).reading() as session:
        yield session


def _writing(settings: SettingsDep) -> Iterator[Session]:
    with database(settings.database).writing() as session:
        yield session


ReadSession = Annotated[Session, Depends(_reading, scope="function")]
WriteSession = Annotated[Session, Depends(_writing, scope="function")]


def _visitor(request: Request, settings: SettingsDep) -> AccountView | None:
    token = token_of(request, settings)
    if token is None:
        return None
    with database(settings.database).reading() as session:
        try:
            return web_sessions.account_of(session, token)
        except NotAuthenticated:
            return None


# Who a browser is signed in as; None where it is not, or its session has ended.
Visitor = Annotated[AccountView | None, Depends(_visitor)]


def _authenticated(settings: Settings, credentials: str, afterwards: BackgroundTasks) -> Presented:
    with database(settings.database).reading() as session:
        issuer = tokens.issuer_of(settings)
        if issuer is not None and tokens.is_token(credentials):
            came = tokens.authenticate(session, issuer, credentials)
        else:
            came = keys.authenticate(session, credentials)
    if came.key_id is not None and not came.used_today:
        # When the answer has left: the route's own transaction may be writing until then.
        afterwards.add_task(_note_use, settings, came.key_id)
    return came


def _presented(
    settings: SettingsDep,
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    request: Request,
    afterwards: BackgroundTasks,
) -> Presented:
    if bearer is not None:
        came = _authenticated(settings, bearer.credentials, afterwards)
    else:
        visitor = _visitor(request, settings)
        if visitor is None:
            raise NotAuthenticated(
                "This needs an API key: send 'Authorization: Bearer <key>', or sign in on a page."
            )
        came = Presented(visitor, scopes=None)
    let_in(request.scope["route"].name, came, request.path_params)
    return came


def _note_use(settings: Settings, key_id: UUID) -> None:
    with suppress(DBAPIError), database(settings.database).writing() as session:
        keys.note_use(session, key_id)  # where the database is busy, the next call does it


# Who is asking, and how far what they came with opens.
WhoCame = Annotated[Presented, Depends(_presented)]


def _caller(came: WhoCame) -> AccountView:
    return came.account


Caller = Annotated[AccountView, Depends(_caller)]


def _reader(
    request: Request, settings: SettingsDep, afterwards: BackgroundTasks
) -> AccountView | None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.casefold() != "bearer":
        return _visitor(request, settings)
    came = _authenticated(settings, credentials.strip(), afterwards)
    wide = came.scopes is None or "private:read" in came.scopes
    return came.account if wide else None


# Who reads something public of which accounts are told more; None for everybody else, and for a
# key or token that was not made for reading what is private.
Reader = Annotated[AccountView | None, Depends(_reader)]


def _own_page(request: Request, settings: SettingsDep) -> None:
    demand_own_page(request, settings)


# For forms of pages that change something: another site may not send them in a visitor's name.
OwnPage = Depends(_own_page)
