"""Issuance: one transaction that turns an approved estimate into serials, once.

How many credits there are was decided in `mrv.crediting`; what is checked here is that the gates
passed, that somebody independent approved, that the books continue where they ended, and that the
land is free.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.crediting import issuance as crediting
from mrv.crediting.rounding import KG_PER_T
from mrv.evidence.documents import EvidenceDocument
from mrv.methodologies import load_methodology
from registry_api.db import lock_for_writing
from registry_api.db.bulk import insert_rows
from registry_api.db.models import (
    BatchTraits,
    CreditBatch,
    Estimate,
    MonitoringPeriod,
    Plot,
    PlotContribution,
    PlotVersion,
    Project,
    SerialBlock,
)
from registry_api.errors import AlreadyIssued, Contradiction, EvidenceWrong, NotFound
from registry_api.services import (
    batches,
    holdings,
    idempotency,
    issuance_proposals,
    ledger,
    members,
    opinions,
    period_runs,
)
from registry_api.services.accounts import demand_role
from registry_api.services.books import Books, books
from registry_api.services.claims import POOL, refuse_claimed_land
from registry_api.services.evidence_checks import (
    check_sums,
    check_way_down,
    demand_gates,
    demand_lineage,
)
from registry_api.services.sandbox import demand_one_kind
from registry_api.services.standings import demand_whole
from registry_api.services.views import BatchCard
from registry_api.settings import Settings

_KIND: Literal["C"] = "C"


def issue(
    session: Session,
    estimate_sha256: str,
    idempotency_key: str,
    *,
    by: str,
    settings: Settings,
) -> BatchCard:
    """Issue the credits of an approved estimate; the same key again gives the same answer.

    Args:
        session: The one transaction.
        estimate_sha256: Digest of the evidence document.
        idempotency_key: The caller's name for this request, unique per account.
        by: Account of the registrar.
        settings: Of the registry; a demonstration may issue under unverified rules.

    Raises:
        NotFound: If there is no such estimate.
        NotAllowed: If the account is no registrar, no signed opinion approves, no other proposed it
            where there are two, or it has a member in common with developer or verifier.
        Contradiction: If the project owes for a loss or a restatement, or a later run took this
            one's place.
        KeyReused: If the key belongs to another request.
        NotCreditable: If a gate failed, or a rule is unverified and this is no demonstration.
        AlreadyIssued: If the estimate, its period or its land has credits.
        EvidenceWrong: If the books have moved on since the estimate was made, two of its plots
            share ground, or the opinion is not what was signed.
        EvidenceMissing: If the way down has a gap.
    """
    lock_for_writing(session)
    demand_role(session, by, "registrar")
    request = {"estimate": estimate_sha256}
    earlier = idempotency.answered(session, by, idempotency_key, "issue", request)
    if earlier is not None:
        return _card(session, earlier)
    estimate = session.get(Estimate, estimate_sha256)
    if estimate is None:
        raise NotFound("There is no estimate with that digest.", estimate=estimate_sha256)
    batch = _issue(session, estimate, by=by, settings=settings)
    idempotency.remember(session, by, idempotency_key, "issue", request, str(batch.id))
    return _card(session, str(batch.id))


def _issue(session: Session, estimate: Estimate, *, by: str, settings: Settings) -> CreditBatch:
    document = EvidenceDocument.model_validate_json(estimate.document)
    period = session.get_one(MonitoringPeriod, estimate.period_key)
    _refuse_second_issue(session, estimate, period)
    demand_one_kind(session, settings)
    check_sums(document)
    check_way_down(session, document, settings)
    demand_gates(document, demo=settings.demo)
    demand_whole(session, period.project_id)
    if period_runs.is_superseded(session, estimate):
        raise Contradiction(
            "A later run of this period took this one's place; issue that one once it is verified.",
            estimate=estimate.sha256,
        )
    decision = opinions.demand_signed(session, settings, estimate.sha256)
    holder = session.get_one(Project, period.project_id).developer_id
    members.demand_apart(session, by, {holder, decision.account_id})
    proposal = issuance_proposals.demand_proposed(session, estimate.sha256, settings, by=by)
    plots = _plot_versions(session, document, estimate.submitted_at)
    refuse_claimed_land(
        session,
        list(plots.values()),
        start=period.start_on,
        end=period.end_on,
        overlap_max_fraction=load_methodology(
            document.methodology.id, document.methodology.version
        ).number("eligibility.overlap_max_fraction"),
    )
    held = books(session, period.project_id)
    _continue_books(held, document)
    batch = CreditBatch(
        id=uuid4(),
        project_id=period.project_id,
        period_key=period.id,
        number=held.batches + 1,
        estimate_sha256=estimate.sha256,
        decision_id=decision.id,
        registry_code=settings.registry_code,
        country=document.project.country,
        methodology_id=document.methodology.id,
        methodology_version=document.methodology.version,
        vintage_start=period.start_on,
        vintage_end=period.end_on,
        unverified=json.dumps(document.methodology.unverified),
        simulated=document.project.simulated,
        cumulative_net_kg=document.quantities.cumulative_net_kg,
        issued_kg=document.quantities.credits_t * KG_PER_T,
        issued_by=by,
    )
    blocks = _blocks(batch, estimate, held.last_serial + 1)
    entry = ledger.append(
        session, "batch_issued", actor=by, payload=_payload(batch, blocks, document)
    )
    batch.sequence, batch.issued_at = entry.sequence, entry.recorded_at
    demand_lineage(session, document, batch, blocks, decision)
    session.add(batch)
    session.flush()
    session.add_all(blocks)
    last_day = batch.vintage_end - timedelta(days=1)
    session.add(BatchTraits(batch_id=batch.id, vintage=last_day.year, u90=document.u90))
    session.flush()
    issuance_proposals.confirm(session, proposal, batch, by=by)
    holdings.open_issued(session, blocks, holder=holder, entry=entry)
    insert_rows(session, PlotContribution, _contributions(batch, document, plots))
    session.flush()
    return batch


def _refuse_second_issue(session: Session, estimate: Estimate, period: MonitoringPeriod) -> None:
    issued = session.scalars(select(CreditBatch).where(CreditBatch.period_key == period.id)).first()
    if issued is None:
        return
    what = "This estimate" if issued.estimate_sha256 == estimate.sha256 else "This period"
    raise AlreadyIssued(
        f"{what} was issued on {issued.issued_at:%Y-%m-%d} as batch {issued.number} of "
        f"{issued.project_id}.",
        batch=str(issued.id),
    )


def _plot_versions(
    session: Session, document: EvidenceDocument, submitted_at: datetime
) -> dict[str, PlotVersion]:
    """Find the boundaries that were in force when the estimate came in; it was made with those."""
    named = {contribution.plot_id for contribution in document.plots}
    rows = session.execute(
        select(Plot.plot_id, PlotVersion)
        .join(PlotVersion, PlotVersion.plot_key == Plot.id)
        .where(
            Plot.project_id == document.project.id,
            PlotVersion.recorded_at <= submitted_at,
        )
        .order_by(PlotVersion.plot_key, PlotVersion.version)
    )
    found = {plot_id: version for plot_id, version in rows if plot_id in named}
    if len(found) < len(named):
        raise EvidenceWrong(
            f"Plots are not registered: {', '.join(sorted(named - found.keys())[:10])}."
        )
    return found


def _continue_books(held: Books, document: EvidenceDocument) -> None:
    steps = {line.key: line.quantity_kg for line in document.waterfall}
    due = crediting.issue(
        steps["issuable"],
        cumulative_buffer_kg=-steps["buffer"],
        issued_before_t=held.issued_before_t,
        buffer_before_t=held.buffer_before_t,
        carried_in_kg=held.carried_in_kg,
    )
    stated = document.quantities
    wrong = [
        f"{name} {getattr(stated, name)} instead of {getattr(due, name)}"
        for name in type(stated).model_fields
        if getattr(stated, name) != getattr(due, name)
    ]
    if wrong:
        raise EvidenceWrong(
            f"The estimate does not continue the books of {document.project.id}: it says "
            f"{', '.join(wrong)}. Make it again from where they stand now.",
            faults=wrong,
        )


def _blocks(batch: CreditBatch, estimate: Estimate, next_serial: int) -> list[SerialBlock]:
    blocks = []
    for issued_as, quantity_t in (("active", estimate.credits_t), ("buffer", estimate.buffer_t)):
        if quantity_t:
            blocks.append(
                SerialBlock(
                    batch_id=batch.id,
                    project_id=batch.project_id,
                    kind=_KIND,
                    issued_as=issued_as,
                    first_serial=next_serial,
                    last_serial=next_serial + quantity_t - 1,
                    quantity_t=quantity_t,
                )
            )
            next_serial += quantity_t
    return blocks


def _contributions(
    batch: CreditBatch, document: EvidenceDocument, plots: dict[str, PlotVersion]
) -> Iterator[dict[str, object]]:
    for plot in document.plots:
        yield {
            "batch_id": batch.id,
            "plot_key": plots[plot.plot_id].plot_key,
            "plot_version_id": plots[plot.plot_id].id,
            "boundary_sha256": plots[plot.plot_id].boundary_sha256,
            "pool": POOL,
            "start_on": batch.vintage_start,
            "end_on": batch.vintage_end,
            "gross_kg": plot.gross_kg,
            "net_kg": plot.net_kg,
        }


def _payload(
    batch: CreditBatch, blocks: Sequence[SerialBlock], document: EvidenceDocument
) -> dict[str, object]:
    return {
        "batch": str(batch.id),
        "number": batch.number,
        "project": batch.project_id,
        "period": document.period.id,
        "estimate": batch.estimate_sha256,
        "decision": str(batch.decision_id),
        "unverified_rules": list(document.methodology.unverified),
        "simulated": document.project.simulated,
        "blocks": [
            {"as": b.issued_as, "kind": b.kind, "first": b.first_serial, "last": b.last_serial}
            for b in blocks
        ],
        "carried_out_kg": document.quantities.carried_out_kg,
        "reversal_kg": document.quantities.reversal_kg,
    }


def _card(session: Session, batch_id: str) -> BatchCard:
    row = session.execute(batches.batch_rows().where(CreditBatch.id == UUID(batch_id))).one()
    return batches.cards(session, [(*row,)])[0]
