"""Estimates: taking evidence documents in by their digest, and showing them.

The registry does not compute carbon; it checks that a document agrees with itself and with what is
registered, keeps it to the byte, and gives it back.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from mrv.errors import NotCreditable, RuleMissing
from mrv.evidence.digest import canonical_json, document_digest
from mrv.evidence.documents import EvidenceDocument
from mrv.methodologies import load_methodology
from registry_api.db.models import (
    Account,
    BatchTraits,
    CreditBatch,
    Estimate,
    EvidenceArtifact,
    MonitoringPeriod,
    Plot,
    Project,
)
from registry_api.errors import EvidenceWrong, NotAllowed, NotFound
from registry_api.services import ledger, methodologies, opened_evidence, period_runs
from registry_api.services.accounts import AccountView
from registry_api.services.evidence_checks import check_sums, check_way_down, demand_gates
from registry_api.services.latest import newest_plots
from registry_api.services.periods import find_period
from registry_api.services.verification import decisions_of, state_of
from registry_api.services.views import EstimateDetail, EstimateState, PlotShare
from registry_api.settings import Settings

_AREA_TOLERANCE = 1e-3  # relative; both are geodesic areas of one boundary


@dataclass(frozen=True, slots=True)
class Submission:
    """What came of handing a document in.

    Attributes:
        sha256: Digest of the document in canonical JSON; its name from now on.
        new: Whether it was not here before.
    """

    sha256: str
    state: EstimateState
    new: bool


def submit_estimate(
    session: Session, document: EvidenceDocument, *, settings: Settings, by: str | None = None
) -> Submission:
    """Take an evidence document in; the same document again changes nothing.

    Args:
        session: The transaction.
        document: What the credits would stand on.
        settings: Of the registry; a demonstration overlooks unverified rules.
        by: Account that hands it in; by default the project's developer.

    Raises:
        NotFound: If its project or period is not registered.
        NotAllowed: If the account is not the project's developer.
        EvidenceWrong: If it contradicts itself or what is registered.
        EvidenceMissing: If it has no way down from its number to plots, trees, scenes and code.
        Contradiction: If it follows other rules than its period, or rules not adopted.
    """
    sha256 = document_digest(document)
    held = session.get(Estimate, sha256)
    if held is not None:
        period_runs.note(session, held)  # a run that came back is the newest again
        return Submission(sha256, state_of(session, held), new=False)
    project = session.get(Project, document.project.id)
    if project is None:
        raise NotFound(f"Project '{document.project.id}' is not registered.")
    by = by or project.developer_id
    if by != project.developer_id:
        raise NotAllowed(f"Only the developer of {project.id} may submit its estimates.")
    period = find_period(session, project.id, document.period.id)
    check_sums(document)
    check_way_down(session, document, settings)
    _check_against_register(session, document, period)
    methodologies.demand_followed(session, document, period)
    quantities = document.quantities
    entry = ledger.append(
        session,
        "estimate_submitted",
        actor=by,
        payload={
            "estimate": sha256,
            "project": project.id,
            "period": period.period_id,
            "credits_t": quantities.credits_t,
            "buffer_t": quantities.buffer_t,
            "supersedes": period_runs.newest_of(session, period.id),
        },
    )
    estimate = Estimate(
        sha256=sha256,
        period_key=period.id,
        document=canonical_json(document).decode(),
        creditable=_creditable(document, settings),
        credits_t=quantities.credits_t,
        buffer_t=quantities.buffer_t,
        submitted_by=by,
        submitted_at=entry.recorded_at,
    )
    session.add(estimate)
    session.flush()
    period_runs.note(session, estimate)
    session.add_all(
        EvidenceArtifact(
            estimate_sha256=sha256,
            name=artifact.name,
            sha256=artifact.sha256,
            media_type=artifact.media_type,
            rows=artifact.rows,
        )
        for artifact in document.artifacts
    )
    session.flush()
    return Submission(sha256, state_of(session, estimate), new=True)


def _creditable(document: EvidenceDocument, settings: Settings) -> bool:
    try:
        demand_gates(document, demo=settings.demo)
    except NotCreditable:
        return False
    return True


def is_submitted(session: Session, sha256: str) -> bool:
    """Say whether an evidence document is here already."""
    return session.get(Estimate, sha256) is not None


def stored_document(session: Session, sha256: str) -> EvidenceDocument:
    """Give a document back, for other services.

    Raises:
        NotFound: If there is none with that digest.
    """
    return EvidenceDocument.model_validate_json(_find(session, sha256).document)


def u90s(session: Session, sha256s: Iterable[str]) -> dict[str, float]:
    """Give U90 of each of some estimates that were issued [1], by digest."""
    rows = session.execute(
        select(CreditBatch.estimate_sha256, BatchTraits.u90)
        .join(BatchTraits, BatchTraits.batch_id == CreditBatch.id)
        .where(CreditBatch.estimate_sha256.in_(set(sha256s)))
    )
    return {sha256: float(u90) for sha256, u90 in rows}


def exact_document(session: Session, sha256: str, reader: AccountView) -> str:
    """Give a document back to the byte, exact plot areas included.

    Raises:
        NotFound: If there is none with that digest.
        NotAllowed: If the reader is a buyer, or the developer of another project.
    """
    found = _find(session, sha256)
    if reader.role not in {"verifier", "registrar"} and reader.id != found.submitted_by:
        raise NotAllowed(
            "The exact document names the area of each plot; it is for verifiers, registrars and "
            "the project's developer. The public view is the same address without /document."
        )
    return found.document


def estimate(session: Session, sha256: str, *, with_plots: bool = True) -> EstimateDetail:
    """Show an estimate as the public may see it.

    Args:
        session: Where to look.
        sha256: Digest of its document.
        with_plots: Whether each plot is listed; a page of many plots asks for them apart.

    Raises:
        NotFound: If there is none with that digest.
    """
    found = session.get(Estimate, sha256, options=[defer(Estimate.document)])
    if found is None:
        raise NotFound("There is no estimate with that digest.", estimate=sha256)
    if with_plots:
        document = stored_document(session, sha256)
    else:
        document = opened_evidence.opened(session, sha256).head
    developer = session.scalars(
        select(Account.name)
        .join(Project, Project.developer_id == Account.id)
        .where(Project.id == document.project.id)
    ).one()
    batch_id = session.scalars(
        select(CreditBatch.id).where(CreditBatch.estimate_sha256 == sha256)
    ).first()
    return EstimateDetail(
        sha256=sha256,
        state=state_of(session, found),
        project_id=document.project.id,
        project_name=document.project.name,
        country=document.project.country,
        developer_name=developer,
        period_id=document.period.id,
        period_start=document.period.start,
        period_end=document.period.end,
        simulated=document.project.simulated,
        submitted_at=found.submitted_at,
        methodology=document.methodology,
        run=document.run,
        model=document.model,
        u90=document.u90,
        deducted_fraction=document.deducted_fraction,
        waterfall=document.waterfall,
        quantities=document.quantities,
        strata=document.strata,
        verdicts=document.verdicts,
        scenes=document.scenes,
        artifacts=document.artifacts,
        plots=plot_shares(session, document) if with_plots else (),
        decisions=decisions_of(session, sha256),
        batch_id=str(batch_id) if batch_id else None,
    )


def plot_shares(session: Session, document: EvidenceDocument) -> tuple[PlotShare, ...]:
    """List what each plot contributed, its area as a band."""
    bands = {plot_id: band for plot_id, _area, band in _registered(session, document.project.id)}
    return tuple(
        PlotShare(
            plot_id=plot.plot_id,
            stratum=plot.stratum,
            area_band=bands.get(plot.plot_id, "unknown"),
            sampled=plot.sampled,
            trees_measured=plot.trees_measured,
            clear_looks=plot.clear_looks,
            gross_kg=plot.gross_kg,
            net_kg=plot.net_kg,
        )
        for plot in document.plots
    )


def _find(session: Session, sha256: str) -> Estimate:
    found = session.get(Estimate, sha256)
    if found is None:
        raise NotFound("There is no estimate with that digest.", estimate=sha256)
    return found


def _registered(session: Session, project_id: str) -> list[tuple[str, float, str]]:
    plot = newest_plots()
    rows = session.execute(
        select(Plot.plot_id, plot.area_ha, plot.area_band)
        .join(plot, plot.plot_key == Plot.id)
        .where(Plot.project_id == project_id)
    )
    return [(plot_id, area, band) for plot_id, area, band in rows]


def _check_against_register(
    session: Session, document: EvidenceDocument, period: MonitoringPeriod
) -> None:
    faults: list[str] = []
    if (document.period.start, document.period.end) != (period.start_on, period.end_on):
        faults.append(
            f"period {period.period_id} is registered as {period.start_on} to {period.end_on}"
        )
    rules = document.methodology
    try:
        known = load_methodology(rules.id, rules.version)
        if (known.digest, known.unverified) != (rules.digest, rules.unverified):
            faults.append(
                f"methodology {rules.id} version {rules.version} is not the one this registry has"
            )
    except RuleMissing as missing:
        faults.append(missing.message.rstrip("."))
    areas = {plot_id: area for plot_id, area, _band in _registered(session, document.project.id)}
    unknown = sorted(plot.plot_id for plot in document.plots if plot.plot_id not in areas)
    if unknown:
        faults.append(f"plots that are not registered: {', '.join(unknown[:10])}")
    changed = sorted(
        plot.plot_id
        for plot in document.plots
        if plot.plot_id in areas
        and not math.isclose(plot.area_ha, areas[plot.plot_id], rel_tol=_AREA_TOLERANCE)
    )
    if changed:
        faults.append(f"plots whose registered area is another: {', '.join(changed[:10])}")
    if faults:
        raise EvidenceWrong(
            f"The evidence of {document.project.id} {document.period.id} does not fit the "
            f"register: {'; '.join(faults)}.",
            faults=faults,
        )
