"""The rules, as anybody may read them: every number with its source."""

from itertools import groupby

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from registry_api.services import methodologies
from registry_api.web.rendering import page

router = APIRouter(include_in_schema=False)


@router.get("/methodologies", name="methodologies")
def all_versions(request: Request) -> Response:
    """List the released versions."""
    return page(request, "methodologies.html", releases=methodologies.released())


@router.get("/methodologies/{methodology_id}/{version}", name="methodology")
def one_version(request: Request, methodology_id: str, version: int) -> Response:
    """Show the rules of a version by section."""
    told = methodologies.rules_of(methodology_id, version)
    sections = [
        (section, list(rules))
        for section, rules in groupby(told.rules, key=lambda rule: rule.name.partition(".")[0])
    ]
    return page(request, "methodology.html", release=told.release, sections=sections)
