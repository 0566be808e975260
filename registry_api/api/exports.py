"""The registry in other registries' tables, checked before anybody hands them on."""

from fastapi import APIRouter

from registry_api.api.examples import example
from registry_api.api.parameters import Plain, ProjectId
from registry_api.deps import Caller, ReadSession, SettingsDep
from registry_api.services import cad_trust, cdop
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


@router.get(
    "/exports/aef",
    summary="Article 6.2 tables of the host countries",
    responses=example("aef"),
)
def export_aef(
    caller: Caller, session: ReadSession, settings: SettingsDep, _query: Plain
) -> Export:
    """Give the tables of the agreed electronic format, and a report. Needs a registrar's key."""
    demand_role(session, caller.id, "registrar")
    return cad_trust.export(session, settings, cad_trust.AEF)


@router.get(
    "/exports/cdop/{project_id}",
    summary="A project's issuances and units as documents of CDOP",
    responses=example("cdop"),
)
def export_cdop(
    caller: Caller,
    session: ReadSession,
    settings: SettingsDep,
    project_id: ProjectId,
    _query: Plain,
) -> cdop.Export:
    """Give the documents of CDOP 2.0, and a report on them. Needs a registrar's key."""
    demand_role(session, caller.id, "registrar")
    return cdop.export(session, settings, project_id)
