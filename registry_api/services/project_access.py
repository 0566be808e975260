"""Who may look at what is not public of a project, and who may bring something to it.

A project's own developer may do both. A verifier may look, states what for, and is logged. For
everybody else the project is not there: the answer is the one for a project that does not exist.
"""

from sqlalchemy.orm import Session

from registry_api.db.models import Project
from registry_api.errors import NotAcceptable, NotAllowed, NotFound
from registry_api.services.accounts import AccountView

_LONGEST_PURPOSE = 500


def open_to(session: Session, project_id: str, by: AccountView) -> Project:
    """Find a project for its developer or a verifier.

    Raises:
        NotFound: If there is none, or not for this account.
    """
    project = session.get(Project, project_id)
    if project is None or not (project.developer_id == by.id or by.role == "verifier"):
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    return project


def owned_by(session: Session, project_id: str, by: AccountView) -> Project:
    """Find a project for its developer, to change something of it.

    Raises:
        NotFound: If there is none, or not for this account.
        NotAllowed: If the account may only look.
    """
    project = open_to(session, project_id, by)
    if project.developer_id != by.id:
        raise NotAllowed(
            f"Only the developer of {project_id} may do this; {by.id} is a {by.role}.",
            account=by.id,
        )
    return project


def stated_purpose(purpose: str) -> str:
    """Insist on a purpose.

    Raises:
        NotAcceptable: If there is none, or it is a novel.
    """
    stated = " ".join(purpose.split())
    if not stated or len(stated) > _LONGEST_PURPOSE:
        raise NotAcceptable(
            "This is private: say in a few words what you need it for (purpose, at most "
            f"{_LONGEST_PURPOSE} characters); the look is logged with it."
        )
    return stated
