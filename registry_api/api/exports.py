"""The registry in other registries' tables, checked before anybody hands them on."""

from fastapi import APIRouter

from registry_api.api.examples import example
from registry_api.api.parameters import Plain
from registry_api.deps import Caller, ReadSession, SettingsDep
from registry_api.services import cad_trust
from registry_api.services.accounts import demand_role
from registry_api.services.cad_trust import Export

router = APIRouter(tags=["exports"])


@router.get(
    "/exports/cad-trust",
    summary="Everything issued, in CAD Trust's tables",
    responses=example("cad_trust"),
)
def export_cad_trust(
    caller: Caller, session: ReadSession, settings: SettingsDep, _query: Plain
) -> Export:
    """Give CAD Trust 2.0.2 with the AEF tables, and a report on it. Needs a registrar's key."""
    demand_role(session, caller.id, "registrar")
    return cad_trust.export(session, settings)
