"""Credits: searching them, finding a serial's block, its way down, and issuing."""

from itertools import chain
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from registry_api.api import formats
from registry_api.api.examples import example
from registry_api.api.parameters import (
    BatchId,
    Credits,
    NodeId,
    Nodes,
    Paged,
    Plain,
    Runs,
    RunsToCount,
    SerialText,
    Unit,
    idempotency_key,
    link_next,
)
from registry_api.db import database
from registry_api.deps import Caller, Reader, ReadSession, SettingsDep, WriteSession
from registry_api.services import credit_search, issuance, lineage, portfolio, public_ledger
from registry_api.services import credits as issued
from registry_api.services.credit_facets import Facets, facets
from registry_api.services.credit_runs import RunPage
from registry_api.services.lineage_views import Lineage, LineageNode, NodeDetail
from registry_api.services.public_ledger import PublicEntry
from registry_api.services.views import BatchCard, BatchDetail, Page, SerialAnswer

router = APIRouter(tags=["credits"])


class IssueRequest(BaseModel):
    """Which estimate to issue."""

    model_config = ConfigDict(extra="forbid", strict=True)

    estimate_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", examples=["0f" * 32])]


@router.get(
    "/credits",
    summary="Search credits",
    response_model=RunPage,
    responses=formats.described(example("credits")),
)
def list_credits(
    request: Request, response: Response, settings: SettingsDep, query: Runs
) -> Response:
    """List runs of credits where they are now; with `modified_since`, what changed since.

    JSON comes by page. CSV, GeoJSON or Parquet, asked for in `Accept` or by `format`, comes with
    all of it in one stream; GeoJSON shows the middle of each project's coarse cells.
    """
    opened = database(settings.database)

    def look(session: Session, limit: int, cursor: str | None) -> RunPage:
        wanted = query.filter()
        if query.modified_since is not None:
            return credit_search.changes(
                session, wanted, query.modified_since, limit=limit, cursor=cursor
            )
        return credit_search.search(session, wanted, sort=query.sort, limit=limit, cursor=cursor)

    def places() -> dict[str, tuple[float, float]]:
        with opened.reading() as session:
            return portfolio.project_places(session)

    media_type = formats.asked_for(request, query.format)
    if media_type != formats.JSON:
        pages = credit_search.every_page(opened, look)
        first = next(pages)  # what is wrong with the question is said before the stream begins
        return formats.streamed(media_type, chain([first], pages), places)
    with opened.reading() as session:
        page = look(session, query.limit, query.cursor)
    link_next(request, response, page)
    return formats.told(page, {**response.headers, "Vary": "Accept"})


@router.get(
    "/credits/facets",
    summary="What there is to choose from",
    response_model=Facets,
    responses=example("credit_facets"),
)
def get_credit_facets(session: ReadSession, query: RunsToCount) -> Response:
    """Count the credits under each value of each part of a search, its own choice left aside."""
    return formats.told(facets(session, query.filter()))


@router.get("/batches", summary="List issuances", responses=example("batches"))
def list_batches(
    request: Request, response: Response, session: ReadSession, query: Credits
) -> Page[BatchCard]:
    """List issuances, newest first."""
    page = issued.batches(session, query.filter(), limit=query.limit, cursor=query.cursor)
    return link_next(request, response, page)


@router.post(
    "/batches",
    status_code=status.HTTP_201_CREATED,
    summary="Issue the credits of an approved estimate",
    responses=example("batch_card", status=201),
)
def issue_batch(
    body: IssueRequest,
    key: Annotated[str, Depends(idempotency_key)],
    caller: Caller,
    session: WriteSession,
    settings: SettingsDep,
    response: Response,
) -> BatchCard:
    """Issue once; the same key again gives the same answer. Needs a registrar's key."""
    batch = issuance.issue(session, body.estimate_sha256, key, by=caller.id, settings=settings)
    response.headers["Location"] = f"/v1/batches/{batch.id}"
    return batch


@router.get("/batches/{batch_id}", summary="One issuance", responses=example("batch"))
def get_batch(session: ReadSession, batch_id: BatchId, _query: Plain) -> BatchDetail:
    """Show an issuance with its waterfall, its gates, its scenes and its decision."""
    return issued.batch(session, batch_id)


@router.get(
    "/serials/{serial}",
    summary="The block a serial lies in",
    response_model=SerialAnswer,
    responses=example("serial"),
)
def get_serial(session: ReadSession, serial: SerialText, query: Unit) -> Response:
    """Find the issued block from its own serial, from a block inside it, or from one credit."""
    return formats.told(issued.find_serial(session, serial, unit=query.unit))


@router.get(
    "/serials/{serial}/lineage",
    summary="What a serial stands on",
    responses=example("lineage"),
)
def get_lineage(session: ReadSession, serial: SerialText, query: Unit, reader: Reader) -> Lineage:
    """Give the graph from a serial down to decision, evidence, run, scenes and trees.

    The plots of a stratum are one node; each is found among the nodes. With a key, an account is
    told more: `tier` says how much.
    """
    return lineage.lineage(session, serial, unit=query.unit, reader=reader)


@router.get(
    "/serials/{serial}/lineage/nodes",
    summary="Search what a serial stands on",
    responses=example("lineage_nodes"),
)
def list_lineage_nodes(
    request: Request,
    response: Response,
    session: ReadSession,
    serial: SerialText,
    query: Nodes,
    reader: Reader,
) -> Page[LineageNode]:
    """List nodes of the lineage, single plots too, by words, kind and stratum."""
    page = lineage.find_nodes(
        session,
        serial,
        words=query.q,
        kind=query.kind,
        stratum=query.stratum,
        reader=reader,
        limit=query.limit,
        cursor=query.cursor,
    )
    return link_next(request, response, page)


@router.get(
    "/serials/{serial}/lineage/nodes/{node_id:path}",
    summary="One node of a lineage",
    responses=example("lineage_node"),
)
def get_lineage_node(
    session: ReadSession,
    settings: SettingsDep,
    serial: SerialText,
    node_id: NodeId,
    _query: Plain,
    reader: Reader,
) -> NodeDetail:
    """Show a node's digest, what it was made from, what was made from it, by whom and when.

    Plots (`plot:PLOT`), trees (`tree:PLOT:TREE`) and looks of scenes (`look:PLOT:SCENE`) are nodes
    as well.
    """
    return lineage.node(session, settings, serial, node_id, reader=reader)


@router.get("/ledger", summary="What happened, newest first", responses=example("ledger"))
def list_ledger(
    request: Request, response: Response, session: ReadSession, query: Paged
) -> Page[PublicEntry]:
    """List the entries of the ledger with their digests; who acted is not told."""
    page = public_ledger.entries(session, limit=query.limit, cursor=query.cursor)
    return link_next(request, response, page)
