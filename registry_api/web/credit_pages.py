"""The pages of the market that need no account: searching credits, and the public ledger."""

from typing import Annotated, Any, get_args
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from registry_api.deps import ReadSession
from registry_api.services import credit_search, projects, public_ledger
from registry_api.services.credit_facets import facets
from registry_api.services.credit_runs import Claim, RunFilter, UncertaintyBand
from registry_api.services.credit_search import Sort
from registry_api.services.holdings import STATES
from registry_api.services.label_terms import SDGS
from registry_api.services.labelled_credits import WomensShareBand
from registry_api.web import places
from registry_api.web.rendering import page, texts_for

router = APIRouter(include_in_schema=False)
RUNS_SHOWN = 30
ENTRIES_SHOWN = 50
_MOST_PROJECTS = 10_000
_FACETS = (
    "status",
    "country",
    "vintage",
    "project",
    "claim",
    "label",
    "sdg",
    "womens_share",
    "uncertainty",
    "price",
)
_KNOWN: dict[str, tuple[str, ...]] = {
    "status": STATES,
    "claim": get_args(Claim),
    "uncertainty": get_args(UncertaintyBand),
    "sdg": tuple(str(number) for number in range(1, len(SDGS) + 1)),
    "womens_share": get_args(WomensShareBand),
}


@router.get("/credits", name="credits")
def credits_page(
    request: Request,
    session: ReadSession,
    q: str = "",
    sort: str = "-changed",
    cursor: str | None = None,
) -> Response:
    """Search credits by what they are and where they are now."""
    chosen = {name: request.query_params.getlist(name) for name in _FACETS}
    wanted = _wanted(chosen, q)
    order: Sort = next((known for known in get_args(Sort) if known == sort), "-changed")
    found = credit_search.search(session, wanted, sort=order, limit=RUNS_SHOWN, cursor=cursor)
    counted = facets(session, wanted)
    cards = projects.list_projects(session, limit=_MOST_PROJECTS).items
    with_credits = {value.value for value in counted.values["project"]}
    asked = [(name, value) for name, values in chosen.items() for value in values]
    again = urlencode([*asked, ("q", q), ("sort", order)])
    return page(
        request,
        "credits.html",
        found=found,
        facets=counted,
        parts=[name for name in _FACETS if counted.values[name]],
        chosen=chosen,
        asked=q,
        sort=order,
        again=again,
        goals=dict(enumerate(SDGS, 1)),
        names={card.id: card.name for card in cards},
        places=places.projects((c for c in cards if c.id in with_credits), texts_for(request)),
        first=cursor is None,
    )


@router.get("/ledger", name="ledger")
def ledger_page(
    request: Request, session: ReadSession, cursor: Annotated[str | None, Query()] = None
) -> Response:
    """Show what happened in the registry, newest first."""
    listed = public_ledger.entries(session, limit=ENTRIES_SHOWN, cursor=cursor)
    return page(request, "ledger.html", entries=listed, first=cursor is None)


def _wanted(chosen: dict[str, list[str]], text: str) -> RunFilter:
    """Read a search out of an address; what is no value of a part is left out."""
    asked: dict[str, Any] = {
        name: tuple(v for v in values if (v in _KNOWN[name] if name in _KNOWN else v.isprintable()))
        for name, values in chosen.items()
    }
    asked["vintage"] = tuple(int(v) for v in chosen["vintage"] if v.isdecimal() and len(v) <= 4)  # noqa: PLR2004  a year
    asked["sdg"] = tuple(int(v) for v in asked["sdg"])
    return RunFilter(**asked, text=text[:200])
