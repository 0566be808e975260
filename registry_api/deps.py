"""What routes and pages ask for: settings, a session, and who is asking.

One request is one transaction. `scope="function"` ends it before the answer leaves, so a commit
that fails is an error and not a lost success.
"""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from registry_api.db import database
from registry_api.errors import NotAuthenticated
from registry_api.services import web_sessions
from registry_api.services.accounts import AccountView, authenticate
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


def _caller(
    settings: SettingsDep,
    presented: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    request: Request,
) -> AccountView:
    if presented is not None:
        with database(settings.database).reading() as session:
            return authenticate(session, presented.credentials)
    visitor = _visitor(request, settings)
    if visitor is None:
        raise NotAuthenticated(
            "This needs an API key: send 'Authorization: Bearer <key>', or sign in on a page."
        )
    return visitor


Caller = Annotated[AccountView, Depends(_caller)]


def _own_page(request: Request, settings: SettingsDep) -> None:
    demand_own_page(request, settings)


# For forms of pages that change something: another site may not send them in a visitor's name.
OwnPage = Depends(_own_page)
