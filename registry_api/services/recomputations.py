"""Re-performance: an estimate, or one plot of it, computed again and kept beside what is stored."""

import io
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.errors import RuleMissing, SourceFailed
from mrv.evidence.documents import EvidenceDocument
from mrv.methodologies import load_methodology
from registry_api.db.models import (
    Estimate,
    MonitoringPeriod,
    VerificationAssignment,
    VerificationRecomputation,
)
from registry_api.errors import NotFound
from registry_api.services import assignments, ledger
from registry_api.services.accounts import AccountView
from registry_api.services.books import books
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.idempotency import once
from registry_api.settings import Settings

if TYPE_CHECKING:
    from mrv.evidence.recomputed import Node


@dataclass(frozen=True, slots=True)
class NodeView:
    """One stored number beside the same computed again; `verdict` is equal, differs or missing."""

    node: str
    unit: str
    stored: float
    recomputed: float | None
    verdict: str
    said: str


@dataclass(frozen=True, slots=True)
class RecomputationView:
    """What came out.

    Attributes:
        plot_id: Of the one plot that was computed again; empty for the whole estimate.
        code_version: Of the code that computed it here.
        nodes: Those that differ first, then those that lack something.
        sequence: Of the ledger entry.
    """

    id: str
    estimate_sha256: str
    plot_id: str
    code_version: str
    equal: int
    different: int
    missing: int
    nodes: tuple[NodeView, ...]
    recorded_at: datetime
    sequence: int


def perform(  # a transaction, what is computed, and who asks
    session: Session,
    settings: Settings,
    assignment_id: str,
    plot_id: str,
    key: str,
    *,
    by: AccountView,
) -> RecomputationView:
    """Compute the newest run again, or one plot of it, and keep what came out.

    Args:
        session: The one transaction.
        settings: Say where the files of the evidence are.
        assignment_id: Of the verification.
        plot_id: Of one plot; empty for the whole estimate.
        key: The caller's name for this request.
        by: Its verifier.

    Raises:
        NotFound: If there is no such verification for this account, or no such plot in the run.
        NotAllowed: If the account is not its verifier.
        Contradiction: If nothing was handed in yet, or a later assignment took its place.
        KeyReused: If the key belongs to another request.
    """
    assignment = assignments.at_work(session, assignment_id, by)

    def act() -> str:
        return str(note(session, settings, assignment, plot_id, by=by.id).id)

    request = {"verification": assignment_id, "plot": plot_id}
    done = once(session, by.id, key, "recompute", request, act)
    return _view(session.get_one(VerificationRecomputation, UUID(done)))


def note(
    session: Session,
    settings: Settings,
    assignment: VerificationAssignment,
    plot_id: str = "",
    *,
    by: str,
) -> VerificationRecomputation:
    """Compute a run again and write down what came out, for other services.

    Raises:
        NotFound: If the run has no such plot.
    """
    estimate = assignments.run_of(session, assignment)
    nodes = tuple(_computed(session, settings, estimate))
    if plot_id:
        nodes = tuple(node for node in nodes if node.node == f"plot:{plot_id}")
        if not nodes:
            raise NotFound(f"The estimate has no plot '{plot_id[:80]}'.", plot=plot_id[:80])
    text = canonical_json([asdict(node) for node in nodes])
    counts = {
        verdict: sum(node.verdict == verdict for node in nodes)
        for verdict in ("equal", "differs", "missing")
    }
    entry = ledger.append(
        session,
        "verification_recomputed",
        actor=by,
        payload={
            "estimate": estimate.sha256,
            "plot": plot_id,
            "counts": counts,
            "nodes_sha256": sha256_of_text(text),
        },
    )
    row = VerificationRecomputation(
        id=uuid4(),
        assignment_id=assignment.id,
        estimate_sha256=estimate.sha256,
        plot_id=plot_id,
        code_version=f"parkland {version('parkland')}",
        equal=counts["equal"],
        different=counts["differs"],
        missing=counts["missing"],
        nodes=text,
        recorded_at=entry.recorded_at,
        sequence=entry.sequence,
    )
    session.add(row)
    session.flush()
    return row


def of_run(
    session: Session, assignment_id: UUID, estimate_sha256: str
) -> tuple[RecomputationView, ...]:
    """List what was computed again of a run, newest first."""
    rows = session.scalars(
        select(VerificationRecomputation)
        .where(
            VerificationRecomputation.assignment_id == assignment_id,
            VerificationRecomputation.estimate_sha256 == estimate_sha256,
        )
        .order_by(VerificationRecomputation.sequence.desc())
    )
    return tuple(_view(row) for row in rows)


def _computed(session: Session, settings: Settings, estimate: Estimate) -> Iterator["Node"]:
    from mrv.evidence.recomputed import recompute, recompute_gross, recompute_plots

    document = EvidenceDocument.model_validate_json(estimate.document)
    try:
        rules = load_methodology(document.methodology.id, document.methodology.version)
    except RuleMissing as fault:  # pragma: no cover  # such a document is not taken in
        raise NotFound(fault.message) from fault
    period = session.get_one(MonitoringPeriod, estimate.period_key)
    held = books(session, document.project.id, before=period.start_on)
    yield recompute_gross(document, _gross_draws(document, settings))
    yield from recompute(document, rules)
    yield from recompute_plots(
        document, _plot_changes(document, settings), before_kg=held.plot_net_kg
    )


def _gross_draws(document: EvidenceDocument, settings: Settings) -> list[float] | None:
    import numpy as np

    kept = _kept(document, "draws", settings)
    if kept is None:
        return None
    with np.load(io.BytesIO(kept)) as arrays:
        return [float(draw) for draw in arrays["gross_tco2e"]]


def _plot_changes(
    document: EvidenceDocument, settings: Settings
) -> list[tuple[str, float, float, float]] | None:
    from mrv.sources.artifacts import read_table

    kept = _kept(document, "plot_changes", settings)
    if kept is None:
        return None
    columns = ["plot_id", "gross_tco2e", "net_tco2e", "area_ha"]
    return [
        (str(plot_id), float(gross), float(net), float(area_ha))
        for plot_id, gross, net, area_ha in read_table(kept)[columns].itertuples(index=False)
    ]


def _kept(document: EvidenceDocument, name: str, settings: Settings) -> bytes | None:
    from registry_api.services.kept_files import KeptFiles

    artifact = next((a for a in document.artifacts if a.name == name), None)
    if artifact is None:
        return None
    try:
        return KeptFiles(settings).get_bytes(artifact.sha256)
    except SourceFailed:
        return None


def _view(row: VerificationRecomputation) -> RecomputationView:
    nodes = [NodeView(**node) for node in json.loads(row.nodes)]
    order = ("differs", "missing", "equal")
    return RecomputationView(
        id=str(row.id),
        estimate_sha256=row.estimate_sha256,
        plot_id=row.plot_id,
        code_version=row.code_version,
        equal=row.equal,
        different=row.different,
        missing=row.missing,
        nodes=tuple(sorted(nodes, key=lambda node: order.index(node.verdict))),
        recorded_at=row.recorded_at,
        sequence=row.sequence,
    )
