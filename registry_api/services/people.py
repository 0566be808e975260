"""People: who farms a plot, held apart from it, as ciphertext.

Everyone who reads a name states a purpose and is logged, the developer too.
"""

from sqlalchemy.orm import Session

from registry_api.services.accounts import AccountView
from registry_api.services.upload_views import FarmerView
from registry_api.settings import Settings


def farmer(
    session: Session,
    settings: Settings,
    project_id: str,
    plot_id: str,
    *,
    by: AccountView,
    purpose: str,
) -> FarmerView:
    """Show who farms a plot; name and phone are "" where none is held. The look is logged.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAcceptable: If no purpose is stated.
    """
    raise NotImplementedError


def forget(
    session: Session, project_id: str, plot_id: str, reason: str, *, by: AccountView
) -> None:
    """Remove a farmer's name and phone for good; a later file does not bring them back.

    Raises:
        NotFound: If there is no such project or plot for this account.
        NotAllowed: If the account is not the project's developer.
        NotAcceptable: If there is no reason.
    """
    raise NotImplementedError
