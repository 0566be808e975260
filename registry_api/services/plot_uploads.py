"""Uploads of plots: a file of boundaries is taken down once, and screened by runs.

The bytes are in the private store before anything here is called; screening is `plot_screening`.
"""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from registry_api.services.accounts import AccountView
from registry_api.services.upload_views import ColumnsView, RunChoices, UploadView
from registry_api.services.views import Page
from registry_api.settings import Settings


def receive(
    session: Session,
    project_id: str,
    *,
    name: str,
    sha256: str,
    size_bytes: int,
    choices: RunChoices | None = None,
    by: AccountView,
    idempotency_key: str | None = None,
) -> tuple[UploadView, bool]:
    """Take an upload down and ask for its first run; the same bytes again change nothing.

    Args:
        session: The transaction.
        project_id: Whose plots they are.
        name: Of the file as it was sent; its ending tells the format.
        sha256: Under which the private store keeps it.
        size_bytes: As it came.
        choices: How to screen it; by default as it states itself.
        by: Who sends it: the project's developer.
        idempotency_key: The caller's name for this request, unique per account.

    Returns:
        The upload with its newest run, and whether it is new here.

    Raises:
        NotFound: If there is no such project for this account.
        NotAllowed: If the account may look at the project and not bring plots to it.
        KeyReused: If the key belongs to another request.
        NotAcceptable: If the name or the choices cannot be used.
    """
    raise NotImplementedError


def upload(session: Session, project_id: str, upload_id: str, *, by: AccountView) -> UploadView:
    """Show an upload and how far its newest run is.

    Raises:
        NotFound: If there is no such project or upload for this account.
    """
    raise NotImplementedError


def uploads(
    session: Session,
    project_id: str,
    *,
    by: AccountView,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[UploadView]:
    """List a project's uploads, newest first.

    Raises:
        NotFound: If there is no such project for this account.
    """
    raise NotImplementedError


def run_again(
    session: Session, project_id: str, upload_id: str, choices: RunChoices, *, by: AccountView
) -> UploadView:
    """Ask for another screening of an upload.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAllowed: If the account is not the project's developer.
        Contradiction: If a run of it has not ended yet.
        NotAcceptable: If the choices cannot be used.
    """
    raise NotImplementedError


def columns(
    session: Session, settings: Settings, project_id: str, upload_id: str, *, by: AccountView
) -> ColumnsView:
    """Show the columns of an upload and what each seems to be; without `theirs` before it is read.

    Raises:
        NotFound: If there is no such project or upload for this account.
    """
    raise NotImplementedError


def raw_file(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str,
) -> tuple[UploadView, Iterator[bytes]]:
    """Give the file back as it came; the look is logged with its purpose.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAcceptable: If no purpose is stated.
    """
    raise NotImplementedError
