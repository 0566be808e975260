"""Whether an evidence document agrees with itself and lacks no way down.

Carbon is not recomputed here: that is a verifier's, with the bundle. These checks only add up what
the document states, so that nothing which contradicts itself enters the ledger.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy.orm import Session

from mrv.crediting.rounding import KG_PER_T
from mrv.errors import NotCreditable
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.lineage import Issued, lineage_graph, missing_edges
from mrv.methodologies import load_methodology
from mrv.quality import Verdict
from registry_api.db.models import Account, CreditBatch, SerialBlock, VerificationDecision
from registry_api.errors import EvidenceMissing, EvidenceWrong
from registry_api.services import batches, erased_files
from registry_api.settings import Settings

_ORDER = (
    "gross", "baseline", "uncertainty", "project_emissions", "leakage",
    "net_benefit", "buffer", "issuable",
)  # fmt: skip
_SUBTOTALS = ("net_benefit", "issuable")


def check_sums(document: EvidenceDocument) -> None:
    """Insist that every sum the document states is one.

    Raises:
        EvidenceWrong: Naming each sum that is not, with both numbers.
    """
    faults = [*_lines(document), *_books(document), *_plots(document)]
    if faults:
        raise EvidenceWrong(
            f"The evidence of {document.project.id} {document.period.id} contradicts itself: "
            + "; ".join(faults)
            + ".",
            faults=faults,
        )


def demand_gates(document: EvidenceDocument, *, demo: bool) -> None:
    """Insist that every gate the rules require has answered and passed.

    Whether the rules themselves are verified is answered here, from this registry's own copy.

    Args:
        document: The evidence, with the answers of the gates at the time.
        demo: Whether this is a demonstration registry, which overlooks unverified rules.

    Raises:
        NotCreditable: Naming each gate that failed or never answered.
    """
    from mrv.crediting.gates import demand, methodology_verified  # bring the estimation stack

    rules = load_methodology(document.methodology.id, document.methodology.version)
    given = [Verdict(v.gate, v.passed, v.measured, v.limit, v.sentence) for v in document.verdicts]
    demand([*given, methodology_verified(rules)], demo=demo)


def check_way_down(session: Session, document: EvidenceDocument, settings: Settings) -> None:
    """Insist that everything a credit is followed down to is named, and kept here.

    A file that was erased because a farmer was forgotten is not kept; that it was is told.

    Raises:
        EvidenceMissing: Naming each thing that is not.
    """
    missing = [*missing_edges(document), *_not_kept(session, document, settings)]
    if missing:
        raise EvidenceMissing(
            f"The evidence of {document.project.id} {document.period.id} cannot be followed down: "
            + "; ".join(missing)
            + ".",
            missing=missing,
        )


def demand_lineage(
    session: Session,
    document: EvidenceDocument,
    batch: CreditBatch,
    blocks: Sequence[SerialBlock],
    decision: VerificationDecision,
) -> None:
    """Insist that each new serial leads over the decision on it down to scenes and trees.

    Raises:
        EvidenceMissing: Naming each edge that is not there.
    """
    verifier = session.get_one(Account, decision.account_id)
    for block in blocks:
        issued = Issued(
            serial=batches.serial_text(batch, block.kind, block.first_serial, block.last_serial),
            batch_id=str(batch.id),
            batch_label=f"{document.project.name} {batch.number}",
            credits_t=document.quantities.credits_t,
            issued_at=batch.issued_at,
            decision_id=str(decision.id),
            decided_by=verifier.name,
            decided_at=decision.decided_at,
            statement=decision.statement,
        )
        try:
            lineage_graph(document, issued, every_plot=False)
        except NotCreditable as broken:
            raise EvidenceMissing(broken.message, serial=issued.serial) from broken


def _lines(document: EvidenceDocument) -> Iterator[str]:
    keys = tuple(line.key for line in document.waterfall)
    if keys != _ORDER:
        yield f"the waterfall reads {', '.join(keys)}, and must read {', '.join(_ORDER)}"
        return
    level = 0
    for line in document.waterfall:
        if line.key in _SUBTOTALS:
            if line.quantity_kg != level:
                yield (
                    f"the lines above {line.key} add up to {level} kg, it says "
                    f"{line.quantity_kg} kg"
                )
            continue
        if line.key != "gross" and line.quantity_kg > 0:
            yield f"{line.key} adds {line.quantity_kg} kg, and may only take away"
        level += line.quantity_kg


def _books(document: EvidenceDocument) -> Iterator[str]:
    q = document.quantities
    issuable = {line.key: line.quantity_kg for line in document.waterfall}.get("issuable")
    if issuable is not None and issuable != q.cumulative_net_kg:
        yield f"{issuable} kg are issuable, the books say {q.cumulative_net_kg} kg"
    if min(q.credits_t, q.buffer_t, q.issued_before_kg, q.reversal_kg) < 0:
        yield "credits, buffer, what was issued before and a reversal cannot be below zero"
    if not 0 <= q.carried_out_kg < KG_PER_T:
        yield f"{q.carried_out_kg} kg are carried, and a carry is 0 to {KG_PER_T - 1} kg"
    if q.reversal_kg and (q.credits_t or q.carried_out_kg):
        yield "a reversal leaves neither credits nor a carry"
    open_kg = q.cumulative_net_kg - q.issued_before_kg
    booked = q.credits_t * KG_PER_T + q.carried_out_kg - q.reversal_kg
    if booked != open_kg:
        yield (f"{open_kg} kg are open, credits with carry and reversal make {booked} kg of it")


def _plots(document: EvidenceDocument) -> Iterator[str]:
    q = document.quantities
    earned = q.cumulative_net_kg - q.issued_before_kg - q.carried_in_kg
    shared = sum(plot.net_kg for plot in document.plots)
    if shared != earned:
        yield f"plots share {shared} kg, the period earned {earned} kg"
    gross = sum(line.quantity_kg for line in document.waterfall if line.key == "gross")
    for who, total in (
        ("plots", sum(plot.gross_kg for plot in document.plots)),
        ("strata", sum(stratum.gross_kg for stratum in document.strata)),
    ):
        if total != gross:
            yield f"{who} removed {total} kg, the waterfall starts from {gross} kg"
    twice = [plot for plot, n in Counter(p.plot_id for p in document.plots).items() if n > 1]
    if twice:
        yield f"plots named more than once: {', '.join(sorted(twice)[:10])}"


def _not_kept(session: Session, document: EvidenceDocument, settings: Settings) -> Iterator[str]:
    from registry_api.services.kept_files import KeptFiles  # brings pandas

    store = KeptFiles(settings)
    lost = {a.name: a.sha256 for a in document.artifacts if not store.has(a.sha256)}
    lost = erased_files.not_erased(session, lost)
    if lost:
        yield f"the content of {', '.join(lost)} is not kept here"
