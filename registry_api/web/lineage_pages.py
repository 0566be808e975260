"""The pages of what a credit stands on: the credit itself, every node below it, and its plots."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from registry_api.deps import ReadSession, SettingsDep, Visitor
from registry_api.services import credits as issued
from registry_api.services import holding_views, labels, lineage, plot_traces
from registry_api.web.lineage import branches, fold, label_of
from registry_api.web.lineage_words import lineage_words
from registry_api.web.looks import indices_of, looks
from registry_api.web.rendering import page, texts_for, words_for
from registry_api.web.waterfall import draw

router = APIRouter(include_in_schema=False)
PLOTS_SHOWN = 60
BARS_SHOWN = 300
NODES_SHOWN = 50


@router.get("/credits/{serial}", name="credit")
def credit_page(request: Request, serial: str, session: ReadSession, visitor: Visitor) -> Response:
    """Show one credit or block, why it exists, and everything it stands on."""
    found = lineage.lineage(session, serial, reader=visitor)
    batch = issued.batch(session, found.batch.id, with_plots=False)
    where = holding_views.whereabouts(session, found.serial)
    estimate = batch.estimate
    texts, words = texts_for(request), words_for(request)
    bars = plot_traces.shares_by_rank(session, estimate.sha256, BARS_SHOWN)
    return page(
        request,
        "credit.html",
        lineage=found,
        where=where,
        labels=labels.of_serial(session, found.serial),
        states=holding_views.by_state(where.now),
        decision=batch.decision,
        estimate=estimate,
        drawing=draw(estimate.waterfall, estimate.u90),
        steps=[step.as_data() for step in fold(found, words, texts)],
        root=branches(found, words),
        said=lineage_words(texts),
        groups=[node for node in found.nodes if node.kind == "plots"],
        plots=plot_traces.largest_shares(session, estimate.sha256, PLOTS_SHOWN),
        shares={
            "labels": [plot.plot_id for plot in bars],
            "values": [plot.net_kg for plot in bars],
            "unit": texts.gettext("kg CO₂e"),
            "rank": texts.gettext("plots, from most to least"),
        },
    )


@router.get("/credits/{serial}/lineage", name="lineage_nodes")
def nodes_page(
    request: Request,
    serial: str,
    session: ReadSession,
    visitor: Visitor,
    q: str = "",
    kind: str = "",
    stratum: str = "",
    cursor: str | None = None,
) -> Response:
    """Search everything one credit stands on."""
    batch = issued.find_serial(session, serial)
    found = lineage.find_nodes(
        session,
        serial,
        words=q,
        kind=kind,
        stratum=stratum,
        reader=visitor,
        limit=NODES_SHOWN,
        cursor=cursor,
    )
    return page(
        request,
        "lineage_nodes.html",
        found=found,
        serial=batch.serial,
        batch=batch.batch,
        asked={"q": q, "kind": kind, "stratum": stratum},
        first=cursor is None,
        said=lineage_words(texts_for(request)),
        label_of=label_of,
    )


@router.get("/credits/{serial}/lineage/{node_id:path}", name="lineage_node")
def node_page(
    request: Request,
    serial: str,
    node_id: str,
    session: ReadSession,
    settings: SettingsDep,
    visitor: Visitor,
) -> Response:
    """Show one thing a credit stands on: its digest, what it was made from, and by whom."""
    return page(
        request,
        "lineage_node.html",
        shown=lineage.node(session, settings, serial, node_id, reader=visitor),
        said=lineage_words(texts_for(request)),
        label_of=label_of,
    )


@router.get("/credits/{serial}/plots/{plot_id:path}", name="credit_plot")
def plot_page(
    request: Request, serial: str, plot_id: str, session: ReadSession, settings: SettingsDep
) -> Response:
    """Show one plot's stems and looks; only the inner part where htmx asks."""
    found = issued.find_serial(session, serial)
    trace = plot_traces.plot_trace(session, settings, found.batch.estimate_sha256, plot_id)
    indices = indices_of(trace.observations)
    clear = plot_traces.clear_fraction_min(session, trace.estimate_sha256)
    inner = request.headers.get("HX-Request") == "true"
    return page(
        request,
        "plot_trace.html" if inner else "plot.html",
        level=3 if inner else 2,  # of its headings, below the page's own
        trace=trace,
        batch=found.batch,
        serial=found.serial,
        with_equation=any(getattr(tree, "equation_id", None) for tree in trace.trees),
        indices=indices,
        series=looks(trace.observations, next(iter(indices), None), clear),
    )
