"""A verifier's sample of plots: drawn once for each run, by a seed that nobody chose, and kept.

The seed comes from the ledger entry of the assignment and the digest of the run, so that anybody
who has both draws the same plots.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence.documents import EvidenceDocument
from mrv.sampling import audit
from registry_api.db.models import (
    Estimate,
    LedgerEntry,
    VerificationAssignment,
    VerificationSample,
    VerificationSamplePlot,
)
from registry_api.services import assignments, ledger
from registry_api.services.accounts import AccountView
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.idempotency import once

_SEED_DIGITS = 12  # 48 bits: a whole number in every language


@dataclass(frozen=True, slots=True)
class SamplePlot:
    """A plot that was drawn, what it is said to have earned, and its chance."""

    plot_id: str
    stratum: str
    inclusion_probability: float
    net_kg: int
    trees_measured: int


@dataclass(frozen=True, slots=True)
class SampleView:
    """A sample as it was drawn.

    Attributes:
        wanted: Plots that materiality and confidence ask for.
        formula, source: How that was computed, and where the formula is from.
        frame_plots: Plots it was drawn from.
        strata: Stratum -> how many were drawn of it.
        sequence: Of the ledger entry.
    """

    id: str
    estimate_sha256: str
    seed: int
    wanted: int
    formula: str
    source: str
    frame_plots: int
    strata: Mapping[str, int]
    plots: tuple[SamplePlot, ...]
    drawn_at: datetime
    sequence: int

    @property
    def covered_kg(self) -> int:
        """What the drawn plots are said to have earned, gains and losses alike [kg CO2e]."""
        return sum(abs(plot.net_kg) for plot in self.plots)


def draw(session: Session, assignment_id: str, key: str, *, by: AccountView) -> SampleView:
    """Draw the plots that a verifier looks at; a second time gives the same ones.

    Raises:
        NotFound: If there is no such verification for this account.
        NotAllowed: If the account is not its verifier.
        Contradiction: If nothing was handed in yet, or a later assignment took its place.
        KeyReused: If the key belongs to another request.
    """
    assignment = assignments.at_work(session, assignment_id, by)

    def act() -> str:
        return str(note(session, assignment, by=by.id).id)

    done = once(session, by.id, key, "draw_sample", {"verification": assignment_id}, act)
    return _view(session, session.get_one(VerificationSample, UUID(done)))


def note(session: Session, assignment: VerificationAssignment, *, by: str) -> VerificationSample:
    """Draw and write a sample of the newest run down, for other services; one there is stays."""
    estimate = assignments.run_of(session, assignment)
    held = _find(session, assignment.id, estimate.sha256)
    if held is not None:
        return held
    document = EvidenceDocument.model_validate_json(estimate.document)
    entry_hash = session.get_one(LedgerEntry, assignment.sequence).entry_hash
    seed = seed_of(entry_hash, estimate.sha256)
    wanted = audit.audit_size(assignment.materiality_fraction, assignment.confidence)
    units = [audit.AuditUnit(plot.plot_id, plot.stratum, plot.net_kg) for plot in document.plots]
    drawn = audit.draw_audit(units, wanted, seed)
    counted: dict[str, int] = {}
    for plot in drawn:
        counted[plot.stratum] = counted.get(plot.stratum, 0) + 1
    made = uuid4()
    entry = ledger.append(
        session,
        "verification_sampled",
        actor=by,
        payload={
            "sample": str(made),
            "estimate": estimate.sha256,
            "seed": seed,
            "wanted": wanted,
            "drawn": len(drawn),
            "plots_sha256": sha256_of_text(canonical_json([plot.plot_id for plot in drawn])),
        },
    )
    row = VerificationSample(
        id=made,
        assignment_id=assignment.id,
        estimate_sha256=estimate.sha256,
        seed=seed,
        wanted=wanted,
        frame_plots=len(units),
        strata=canonical_json(counted),
        recorded_at=entry.recorded_at,
        sequence=entry.sequence,
    )
    session.add(row)
    session.flush()
    session.add_all(
        VerificationSamplePlot(
            sample_id=made,
            plot_id=plot.plot_id,
            stratum=plot.stratum,
            inclusion_probability=plot.inclusion_probability,
        )
        for plot in drawn
    )
    session.flush()
    return row


def seed_of(entry_hash: str, estimate_sha256: str) -> int:
    """Give the seed of a draw from the assignment's ledger entry and the run's digest."""
    return int(sha256_of_text(f"{entry_hash}{estimate_sha256}")[:_SEED_DIGITS], 16)


def sample_of(session: Session, assignment_id: UUID, estimate_sha256: str) -> SampleView | None:
    """Show the sample of a run; None where none was drawn."""
    row = _find(session, assignment_id, estimate_sha256)
    return None if row is None else _view(session, row)


def _find(session: Session, assignment_id: UUID, estimate_sha256: str) -> VerificationSample | None:
    return session.scalars(
        select(VerificationSample).where(
            VerificationSample.assignment_id == assignment_id,
            VerificationSample.estimate_sha256 == estimate_sha256,
        )
    ).first()


def _view(session: Session, row: VerificationSample) -> SampleView:
    text = session.get_one(Estimate, row.estimate_sha256).document
    shares = {plot.plot_id: plot for plot in EvidenceDocument.model_validate_json(text).plots}
    plots = session.scalars(
        select(VerificationSamplePlot)
        .where(VerificationSamplePlot.sample_id == row.id)
        .order_by(VerificationSamplePlot.plot_id)
    )
    return SampleView(
        id=str(row.id),
        estimate_sha256=row.estimate_sha256,
        seed=row.seed,
        wanted=row.wanted,
        formula=audit.FORMULA,
        source=audit.SOURCE,
        frame_plots=row.frame_plots,
        strata=json.loads(row.strata),
        plots=tuple(
            SamplePlot(
                plot.plot_id,
                plot.stratum,
                plot.inclusion_probability,
                shares[plot.plot_id].net_kg,
                shares[plot.plot_id].trees_measured,
            )
            for plot in plots
        ),
        drawn_at=row.recorded_at,
        sequence=row.sequence,
    )
