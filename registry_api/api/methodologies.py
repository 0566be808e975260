"""Methodologies: the released rules, each with its source, and which version a project follows."""

from typing import Annotated

from fastapi import APIRouter, Path

from registry_api.api.examples import example
from registry_api.api.parameters import Plain, ProjectId
from registry_api.deps import ReadSession
from registry_api.services import methodologies
from registry_api.services.methodologies import AdoptionView, ReleaseView, RulesView

router = APIRouter(tags=["methodologies"])

MethodologyId = Annotated[
    str, Path(pattern=r"^[a-z0-9_]{1,80}$", examples=["agroforestry_removals"])
]
Version = Annotated[int, Path(ge=1, le=10_000, examples=[1])]


@router.get("/methodologies", summary="Released methodologies", responses=example("methodologies"))
def list_methodologies(_query: Plain) -> tuple[ReleaseView, ...]:
    """List the released versions, oldest first, each pinned by a digest."""
    return methodologies.released()


@router.get(
    "/methodologies/{methodology_id}/{version}",
    summary="The rules of a released version",
    responses=example("methodology"),
)
def get_methodology(methodology_id: MethodologyId, version: Version, _query: Plain) -> RulesView:
    """Give every rule with its value, unit, source and how firmly that source stands."""
    return methodologies.rules_of(methodology_id, version)


@router.get(
    "/projects/{project_id}/methodologies",
    summary="Versions a project took up",
    responses=example("adoptions"),
)
def list_adoptions(
    session: ReadSession, project_id: ProjectId, _query: Plain
) -> tuple[AdoptionView, ...]:
    """List the later versions a project follows, each with what it would have changed before."""
    return methodologies.adoptions(session, project_id)
