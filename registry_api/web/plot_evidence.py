"""The page on which a verifier sees what stood on plots before, and whose growth is held."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from mrv.methodologies import load_methodology
from registry_api.deps import ReadSession, SettingsDep
from registry_api.errors import NotFound
from registry_api.services import plot_evidence
from registry_api.services.estimates import estimate
from registry_api.web.rendering import page
from registry_api.web.strips import strips
from registry_api.web.visitors import ProjectVisit

router = APIRouter(prefix="/projects/{project_id}", include_in_schema=False)
PLOTS_SHOWN = 200


@router.get("/evidence/{sha256}", name="plot_evidence")
def evidence_page(
    request: Request, sha256: str, visit: ProjectVisit, session: ReadSession, settings: SettingsDep
) -> Response:
    """Show an estimate's evidence of its plots; the look is written down."""
    found = plot_evidence.plot_evidence(
        session, settings, sha256, by=visit.by, purpose=visit.purpose
    )
    if found.project_id != visit.project.id:
        raise NotFound(f"Project {visit.project.id} has no estimate {sha256[:16]}.")
    rules = estimate(session, sha256).methodology
    limit = load_methodology(rules.id, rules.version).number("before_enrolment.canopy_ndvi")
    seen: dict[str, list[tuple[float, bool]]] = {verdict: [] for verdict in found.counts}
    for plot in found.before:
        if plot.ndvi is not None:
            seen[plot.verdict].append((plot.ndvi, False))
    growth: dict[str, list[tuple[float, bool]]] = {}
    held = {plot.plot_id for plot in found.held or ()}
    for grown in sorted(found.growth, key=lambda each: each.stratum):
        growth.setdefault(grown.stratum, []).append((grown.t_ha_year, grown.plot_id in held))
    return page(
        request,
        "uploads/plot_evidence.html",
        project=visit.project,
        purpose=visit.purpose,
        evidence=found,
        greenness=strips({name: group for name, group in seen.items() if group}, limit),
        canopy_ndvi=limit,
        growth=strips(growth, found.cap_t_ha_year),
        shown=found.before[:PLOTS_SHOWN],
    )
