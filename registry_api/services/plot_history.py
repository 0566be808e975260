"""The boundaries a plot has had, and its leaving the programme."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy.orm import Session

from registry_api.services.accounts import AccountView
from registry_api.services.upload_views import BoundaryVersion, PlotExit
from registry_api.settings import Settings


def versions(
    session: Session,
    settings: Settings,
    project_id: str,
    plot_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> tuple[BoundaryVersion, ...]:
    """Show every boundary a plot has had, newest first, with the issuances that stand on each.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAcceptable: If a verifier states no purpose; the look is logged with it.
    """
    raise NotImplementedError


def leave(
    session: Session,
    project_id: str,
    plot_id: str,
    left_on: date,
    reason: str,
    *,
    by: AccountView,
) -> PlotExit:
    """Record that a plot left; what was credited stands, and it is in no later delivery.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAllowed: If the account is not the project's developer.
        NotAcceptable: If the date is in the future or there is no reason.
        Contradiction: If it has left already with another date or reason.
    """
    raise NotImplementedError


def exit_of(session: Session, project_id: str, plot_id: str, *, by: AccountView) -> PlotExit | None:
    """Show that a plot left; None while it takes part.

    Raises:
        NotFound: If there is no such project or plot for this account.
    """
    raise NotImplementedError


def exits(session: Session, project_id: str) -> Mapping[str, date]:
    """Give the day each plot left that did, by plot id; for pipelines."""
    raise NotImplementedError
