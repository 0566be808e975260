"""The log of looks at what is private: who looked, in which role, at what, and what for."""

from sqlalchemy.orm import Session

from registry_api.services.accounts import AccountView
from registry_api.services.upload_views import PrivateRead
from registry_api.services.views import Page


def reads(
    session: Session,
    project_id: str,
    *,
    by: AccountView,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[PrivateRead]:
    """List the looks at a project's private data, newest first.

    Raises:
        NotFound: If there is no such project for this account.
    """
    raise NotImplementedError
