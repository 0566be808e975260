"""The way down: from a serial to the scenes and trees it stands on, as a graph and node by node.

The registry hands in the upper part (serial, issuance, decision); drawing is in `mrv.evidence`. The
plots of a stratum are one node of the graph. A plot, a tree and one look of a scene at a plot
are nodes too, opened one by one, so that 50,000 plots stay quick.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from mrv.evidence.lineage import Edge, Issued, Node
from mrv.evidence.lineage_parts import issued_parts, plot_part
from registry_api.db.models import Account, CreditBatch, LedgerEntry, VerificationDecision
from registry_api.services import lineage_leaves, orchestrator, paging
from registry_api.services.accounts import AccountView
from registry_api.services.credits import find_serial
from registry_api.services.deliveries import PROJECT
from registry_api.services.lineage_views import (
    Lineage,
    LineageEdge,
    LineageLink,
    LineageNode,
    NodeDetail,
    Tier,
)
from registry_api.services.opened_evidence import Handed, OpenedEvidence, handed_in, opened
from registry_api.services.views import Page, SerialAnswer
from registry_api.settings import Settings

LINKS_SHOWN = 100
_LONGEST_SEARCH = 120


def lineage(
    session: Session, text: str, *, unit: int | None = None, reader: AccountView | None = None
) -> Lineage:
    """Show everything a serial stands on.

    Args:
        session: Where to look.
        text: A serial, as `credits.find_serial` takes it.
        unit: One credit inside the block that text names.
        reader: Who looks; None for the public.

    Raises:
        InputRejected: If the text is not a serial.
        NotFound: If no such credits were issued.
    """
    asked = _ask(session, find_serial(session, text, unit=unit), reader)
    return Lineage(
        serial=asked.found.serial,
        unit=asked.found.unit,
        block=asked.found.block,
        batch=asked.found.batch,
        tier=asked.tier,
        nodes=tuple(_told(asked, node) for node in asked.nodes.values()),
        edges=tuple(LineageEdge(e.parent, e.child, e.relation) for e in asked.edges),
    )


def find_nodes(
    session: Session,
    text: str,
    *,
    words: str = "",
    kind: str = "",
    stratum: str = "",
    reader: AccountView | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[LineageNode]:
    """Search what a serial stands on; trees and single looks are found below their plot.

    Args:
        session: Where to look.
        text: A serial.
        words: All of them must occur in the id, the label or a fact, in any case of letters.
        kind: Of the nodes; empty for any.
        stratum: Of the plots; empty for any.
        reader: Who looks; None for the public.
        limit: How many at most.
        cursor: Where to go on.

    Raises:
        InputRejected: If the text is not a serial.
        NotFound: If no such credits were issued.
        CursorInvalid: If the cursor is not of this list.
    """
    (skipped,) = paging.decode(cursor, int) or (0,)
    asked = _ask(session, find_serial(session, text), reader)
    matches = _matches(asked, words[:_LONGEST_SEARCH].casefold().split(), kind, stratum)
    found = list(islice(matches, max(0, skipped), max(0, skipped) + limit + 1))
    return Page(
        tuple(_told(asked, node) for node in found[:limit]),
        paging.encode(skipped + limit) if len(found) > limit else None,
    )


def node(
    session: Session,
    settings: Settings,
    text: str,
    node_id: str,
    *,
    reader: AccountView | None = None,
) -> NodeDetail:
    """Show one node: what it is, what it was made from, and what was made from it.

    Raises:
        InputRejected: If the text is not a serial.
        NotFound: If no such credits were issued, or they do not stand on such a node.
        EvidenceMissing: If the evidence names no trees or observations.
    """
    asked = _ask(session, find_serial(session, text), reader)
    if node_id in asked.nodes:
        shown = asked.nodes[node_id]
        below = [_link(asked, e.relation, e.child) for e in asked.edges if e.parent == node_id]
        above = [_link(asked, e.relation, e.parent) for e in asked.edges if e.child == node_id]
        below += lineage_leaves.members(asked.evidence, node_id)
    else:
        leaf = lineage_leaves.leaf(session, settings, asked.evidence, node_id)
        shown, below, above = leaf.node, list(leaf.made_from), list(leaf.made_into)
    return NodeDetail(
        serial=asked.found.serial,
        batch=asked.found.batch,
        tier=asked.tier,
        node=_told(asked, shown),
        made_from=tuple(below[:LINKS_SHOWN]),
        made_from_total=len(below),
        made_into=tuple(above[:LINKS_SHOWN]),
        made_into_total=len(above),
        orchestrated_at=orchestrator.address(
            settings,
            asked.tier,
            asked.found.batch.project_id,
            asked.found.batch.period_id,
            shown,
        ),
    )


def tier_of(reader: AccountView | None, *, developer: str) -> Tier:
    """Say how much a reader is told of a project that this account developed."""
    if reader is None:
        return "public"
    if reader.id == developer:
        return "developer"
    return "verifier" if reader.role in {"verifier", "registrar"} else "buyer"


@dataclass(frozen=True, slots=True)
class _Asked:
    """One serial's graph, and who is told of it."""

    found: SerialAnswer
    evidence: OpenedEvidence
    handed: Handed
    tier: Tier
    issuer: str
    issued: Issued
    nodes: Mapping[str, Node]
    edges: Sequence[Edge]


def _ask(session: Session, found: SerialAnswer, reader: AccountView | None) -> _Asked:
    sha256 = found.batch.estimate_sha256
    evidence, handed = opened(session, sha256), handed_in(session, sha256)
    issuer, issued = _issued(session, found)
    parts = list(issued_parts(issued))
    nodes = {node.id: node for node in (*(node for node, _ in parts), *evidence.graph.nodes)}
    edges = (*(edge for _, given in parts for edge in given), *evidence.graph.edges)
    tier = tier_of(reader, developer=handed.by)
    return _Asked(found, evidence, handed, tier, issuer, issued, nodes, edges)


def _issued(session: Session, found: SerialAnswer) -> tuple[str, Issued]:
    of_batch, of_decision = aliased(LedgerEntry), aliased(LedgerEntry)
    batch, decision, decided_by, batch_entry, decision_entry = session.execute(
        select(
            CreditBatch,
            VerificationDecision,
            Account.name,
            of_batch.entry_hash,
            of_decision.entry_hash,
        )
        .join(VerificationDecision, VerificationDecision.id == CreditBatch.decision_id)
        .join(Account, Account.id == VerificationDecision.account_id)
        .join(of_batch, of_batch.sequence == CreditBatch.sequence)
        .join(of_decision, of_decision.sequence == VerificationDecision.sequence)
        .where(CreditBatch.id == UUID(found.batch.id))
    ).one()
    return batch.issued_by, Issued(
        serial=found.serial,
        batch_id=found.batch.id,
        batch_label=f"{found.batch.project_name} {found.batch.number}",
        credits_t=found.batch.credits_t,
        issued_at=found.batch.issued_at,
        decision_id=str(decision.id),
        decided_by=decided_by,
        decided_at=decision.decided_at,
        statement=decision.statement,
        batch_digest=batch_entry,
        decision_digest=decision_entry,
    )


def _matches(asked: _Asked, words: Sequence[str], kind: str, stratum: str) -> Iterator[Node]:
    if not stratum:
        for node in asked.nodes.values():
            said = " ".join(map(str, (node.id, node.label, *node.facts.values()))).casefold()
            if kind in ("", node.kind) and all(word in said for word in words):
                yield node
    if kind in ("", "plot"):
        for name, plots in asked.evidence.strata.items():
            if stratum in ("", name):
                for plot in plots:
                    said = f"plot:{plot.plot_id} {name}".casefold()
                    if all(word in said for word in words):
                        yield plot_part(plot)[0]


def _link(asked: _Asked, relation: str, node_id: str) -> LineageLink:
    other = asked.nodes[node_id]
    return LineageLink(relation, other.id, other.kind, other.label)


def _told(asked: _Asked, node: Node) -> LineageNode:
    by, at, code = _made(asked, node)
    return LineageNode(
        id=node.id,
        kind=node.kind,
        label=node.label,
        facts=node.facts,
        digest=asked.evidence.sha256 if node.kind == "estimate" else node.digest or None,
        made_by=by,
        made_at=at,
        code_version=code,
    )


def _made(asked: _Asked, node: Node) -> tuple[str | None, datetime | None, str | None]:
    """Say who made a node, when, and with which code; None where it is not told or there is none.

    Who acted for the registry is told to account holders only, as in the public ledger.
    """
    run = asked.evidence.head.run
    developer = asked.found.batch.developer_name
    brought = node.label == PROJECT or node.label.startswith("delivered ")
    made: tuple[str | None, datetime | None, str | None]
    match node.kind:
        case "serial" | "batch":
            issuer = None if asked.tier == "public" else asked.issuer
            made = (issuer, asked.issued.issued_at, None)
        case "decision":
            made = (asked.issued.decided_by, asked.issued.decided_at, None)
        case "estimate":
            made = (developer, asked.handed.at, run.code_version)
        case "scene":
            taken = datetime.fromisoformat(str(node.facts["acquired_at"]))
            made = (str(node.facts["collection"]), taken, None)
        case "methodology":
            made = (None, None, None)
        case "tree":
            made = (developer, None, None)
        case "artifact" if brought:
            made = (developer, None, None)
        case _:
            made = (f"run {run.id}", asked.handed.at, run.code_version)
    return made
