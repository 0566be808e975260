"""Reports: what a run found, for the project's developer and for verifiers.

Each function asks for the newest run of the upload that has read the file. A verifier states a
purpose and is logged; the developer looks at what is their own. The tables are in the private
store; nothing here needs the session to write (the log has a transaction of its own where it
cannot use this one).
"""

from typing import Any, Literal

from sqlalchemy.orm import Session

from registry_api.services.accounts import AccountView
from registry_api.services.upload_views import FindingView
from registry_api.services.views import Page
from registry_api.settings import Settings

RejectedFormat = Literal["geojson", "gpkg", "csv"]


def findings(  # noqa: PLR0913  (who, what for, and which page)
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
    severity: str | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[FindingView]:
    """List what was found, in the order of the file; nothing before the run is done.

    Raises:
        NotFound: If there is no such project or upload for this account.
        NotAcceptable: If a verifier states no purpose.
    """
    raise NotImplementedError


def map_features(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> dict[str, Any]:
    """Give every feature as GeoJSON (RFC 7946): feature, plot_id, verdict, area_ha and codes.

    While the run works, shapes are `pending`; before the file is read there are none. A feature
    that could not be placed has no geometry.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    raise NotImplementedError


def repairs(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> dict[str, Any]:
    """Give what was mended as GeoJSON: two features for each, `side` is `before` or `after`.

    Properties: feature, plot_id, code, side, area_change.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    raise NotImplementedError


def proposals(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
) -> dict[str, Any]:
    """Give proposed boundaries as GeoJSON: feature, plot_id, code and text.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    raise NotImplementedError


def rejected(
    session: Session,
    settings: Settings,
    project_id: str,
    upload_id: str,
    *,
    by: AccountView,
    purpose: str = "",
    format: RejectedFormat = "geojson",  # noqa: A002  (what a caller calls it)
) -> bytes:
    """Give the refused features with their own attributes, to mend and to send again.

    `parkland_codes`, `parkland_reasons` and `parkland_hints` stand beside the attributes.

    Raises:
        NotFound, NotAcceptable: As `findings`.
    """
    raise NotImplementedError
