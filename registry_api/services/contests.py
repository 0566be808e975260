"""Contests: a developer holds a finding to be wrong, a verifier decides.

An upheld contest lets the plot in with a warning, for the boundary it was filed for.
"""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry_api.services.accounts import AccountView
from registry_api.services.upload_views import ContestView
from registry_api.settings import Settings


@dataclass(frozen=True, slots=True)
class Objection:
    """What a developer holds against a finding.

    Attributes:
        upload_id: Whose newest report has the finding.
        plot_id: As the report names it.
        code: Of the finding that refused the plot.
        statement: Why it is wrong.
        evidence_name: File name of the evidence, if any.
        evidence_sha256: Under which the private store keeps it.
    """

    upload_id: str
    plot_id: str
    code: str
    statement: str
    evidence_name: str = ""
    evidence_sha256: str = ""


def file(
    session: Session,
    settings: Settings,
    project_id: str,
    objection: Objection,
    *,
    by: AccountView,
) -> ContestView:
    """File a contest against a finding that refused a plot; the same again is the same contest.

    Raises:
        NotFound: If there is no such project, upload or refused plot for this account.
        NotAllowed: If the account is not the project's developer.
        NotAcceptable: If the finding cannot be contested, or there is no statement.
    """
    raise NotImplementedError


def decide(
    session: Session, contest_id: str, *, upheld: bool, statement: str, by: AccountView
) -> ContestView:
    """Decide a contest, once.

    Raises:
        NotFound: If there is no such contest for this account.
        NotAllowed: If the account is no verifier.
        NotAcceptable: If there is no statement.
        Contradiction: If it was decided otherwise already.
    """
    raise NotImplementedError


def contests(session: Session, project_id: str, *, by: AccountView) -> tuple[ContestView, ...]:
    """List a project's contests, newest first.

    Raises:
        NotFound: If there is no such project for this account.
    """
    raise NotImplementedError


def open_contests(session: Session, *, by: AccountView) -> tuple[ContestView, ...]:
    """List what waits for a verifier, oldest first.

    Raises:
        NotAllowed: If the account is no verifier.
    """
    raise NotImplementedError
