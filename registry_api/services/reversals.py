"""Reversals: from an alert or a report to a quantified loss, one dated step after the other.

What may follow what, and what a loss amounts to, is decided in `mrv.change.reversal`; each step is
written down with who took it, and holders of the project's credits are told once a loss is
confirmed. Settling it is `settlements.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from registry_api.db.models import (
    CreditBatch,
    Estimate,
    Holding,
    LedgerEntry,
    Plot,
    PlotContribution,
    Project,
    ReversalCase,
)
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import clock, idempotency, ledger, members, notices
from registry_api.services.accounts import account
from registry_api.services.canonical import sha256_of_text
from registry_api.services.holdings import still_open
from registry_api.services.reversal_cases import (
    UNSETTLED,
    CaseView,
    Source,
    get,
    in_mrv,
    state_of,
    view,
    write,
)

if TYPE_CHECKING:
    from mrv.change.reversal import Case
    from mrv.methodologies import Methodology

ByHand = Literal["clear", "confirm", "plan"]
_LONGEST_REASON = 2_000
_MOST_DRAWS = 100_000


@dataclass(frozen=True, slots=True)
class Loss:
    """What somebody found to be gone from a plot.

    Attributes:
        agb_before_t: Biomass above ground that stood there, as draws or one number [t d.m.].
        share_lost: Share of it that is gone [1].
    """

    agb_before_t: Sequence[float]
    share_lost: float


def open_case(  # noqa: PLR0913  a case is all of this
    session: Session,
    project_id: str,
    plot_id: str,
    broke_on: date,
    source: Source,
    reason: str,
    key: str,
    *,
    by: str,
    evidence_sha256: str = "",
) -> CaseView:
    """Make a plot a suspect.

    Args:
        session: The one transaction.
        project_id: Whose plot.
        plot_id: By the project's own name for it.
        broke_on: Since when its trees seem to be gone.
        source: An alert of the watch, or somebody's report.
        reason: What was seen.
        key: The caller's name for this request.
        by: The project's developer, a verifier or a registrar.
        evidence_sha256: Digest of a picture or a report.

    Raises:
        NotFound: If there is no such project or plot.
        NotAllowed: If the caller is none of these.
        NotAcceptable: If the day lies ahead or there is no reason.
        Contradiction: If a case of the plot is open.
        KeyReused: If the key belongs to another request.
    """
    request = {"project": project_id, "plot": plot_id, "broke_on": broke_on.isoformat(),
               "source": source, "reason": reason, "evidence": evidence_sha256}  # fmt: skip

    def begin() -> str:
        project = session.get(Project, project_id)
        who = account(session, by)
        if project is None:
            raise NotFound(f"There is no project '{project_id}'.", project=project_id)
        if by != project.developer_id and who.role not in ("verifier", "registrar"):
            raise NotAllowed("Its developer, a verifier or a registrar may report a loss.")
        plot = session.scalars(
            select(Plot).where(Plot.project_id == project_id, Plot.plot_id == plot_id)
        ).first()
        if plot is None:
            raise NotFound(f"Project {project_id} has no plot '{plot_id}'.", plot=plot_id)
        today = max(clock.today(), broke_on)
        if broke_on > clock.latest_today():
            raise NotAcceptable(f"A loss on {broke_on} has not happened yet; correct the day.")
        for other in session.scalars(select(ReversalCase).where(ReversalCase.plot_key == plot.id)):
            state = state_of(session, other)
            if state in ("suspect", *UNSETTLED):
                raise Contradiction(
                    f"A case of plot {plot_id} is {state} already; take that one on.",
                    case=str(other.id),
                )
        case = ReversalCase(
            id=uuid4(), project_id=project_id, plot_key=plot.id, broke_on=broke_on, source=source,
            opened_by=by,
        )  # fmt: skip
        entry = ledger.append(
            session,
            "reversal_opened",
            actor=by,
            payload={"case": str(case.id), "project": project_id, "plot": plot_id,
                     "source": source, "reason_sha256": sha256_of_text(_stated(reason))},
        )  # fmt: skip
        case.opened_at = entry.recorded_at
        session.add(case)
        session.flush()
        write(session, case, "suspect", today, reason, entry, by, evidence=evidence_sha256)
        return str(case.id)

    return view(
        session, get(session, idempotency.once(session, by, key, "open_case", request, begin))
    )


def take_step(
    session: Session, case_id: str, step: ByHand, on: date, reason: str, key: str, *, by: str,
    evidence_sha256: str = "",
) -> CaseView:  # fmt: skip
    """Clear a suspect, confirm it, or say that the loss was planned.

    Raises:
        NotFound: If there is no such case.
        NotAllowed: If the caller is no verifier or registrar, or has an interest in the project.
        InputRejected: If the step does not follow, or lies before the last one.
        NotAcceptable: If the day lies ahead or there is no reason.
        KeyReused: If the key belongs to another request.
    """
    from mrv.change.reversal import advance  # brings pandas

    request = {"case": case_id, "step": step, "on": on.isoformat(), "reason": reason,
               "evidence": evidence_sha256}  # fmt: skip

    def go_on() -> str:
        case = _demand_judge(session, case_id, by, on)
        moved = advance(in_mrv(session, case), step, on, _stated(reason))
        _step(session, case, moved, on, reason, by, evidence=evidence_sha256)
        return case_id

    return view(session, get(session, idempotency.once(session, by, key, "step", request, go_on)))


def classify(
    session: Session, case_id: str, cause: str, on: date, reason: str, key: str, *, by: str
) -> CaseView:
    """Say why a confirmed loss happened; that says who answers for it first.

    Raises:
        As `take_step`, and InputRejected if there is no such cause.
    """
    from mrv.change import reversal  # brings pandas

    request = {"case": case_id, "cause": cause, "on": on.isoformat(), "reason": reason}

    def go_on() -> str:
        case = _demand_judge(session, case_id, by, on)
        moved = reversal.classify(in_mrv(session, case), cause, on, _stated(reason))
        _step(session, case, moved, on, reason, by)
        return case_id

    return view(
        session, get(session, idempotency.once(session, by, key, "classify", request, go_on))
    )


def quantify(
    session: Session, case_id: str, loss: Loss, on: date, key: str, *, by: str
) -> CaseView:
    """Say how many kilograms a classified case reverses, by the project's own rules.

    The ratio of roots is the one its newest issuance was made with; no more than what was credited
    on the plot can be reversed there.

    Raises:
        As `take_step`, and NotAcceptable if the biomass is no number or was never credited.
    """
    import numpy as np

    from mrv.change import reversal
    from mrv.change.permanence import PermanenceRules

    draws = [float(value) for value in loss.agb_before_t]
    request = {"case": case_id, "agb_before_t": draws, "share_lost": loss.share_lost,
               "on": on.isoformat()}  # fmt: skip

    def go_on() -> str:
        case = _demand_judge(session, case_id, by, on)
        finite = np.isfinite(draws) & (np.asarray(draws) >= 0)
        if not 1 <= len(draws) <= _MOST_DRAWS or not finite.all():
            raise NotAcceptable(
                f"Biomass is one number, or up to {_MOST_DRAWS:,} draws of it, none below zero."
            )
        rules, root_shoot = _rules_of(session, case)
        moved = reversal.quantify(
            in_mrv(session, case),
            np.asarray(draws),
            loss.share_lost,
            root_shoot=root_shoot,
            carbon_fraction=rules.number("carbon.fraction_mean"),
            issued_on_area_kg=_credited_kg(session, case.plot_key),
            on=on,
            rules=PermanenceRules.of(rules),
        )
        _step(session, case, moved, on, moved.entries[-1].reason, by)
        return case_id

    return view(
        session, get(session, idempotency.once(session, by, key, "quantify", request, go_on))
    )


def _demand_judge(session: Session, case_id: str, by: str, on: date) -> ReversalCase:
    """Find a case for whoever may judge it: no holder's side, and no interest in the project."""
    case = get(session, case_id)
    developer = session.get_one(Project, case.project_id).developer_id
    if account(session, by).role not in ("verifier", "registrar") or by == developer:
        raise NotAllowed("A verifier or a registrar decides on a loss.", account=by)
    members.demand_apart(session, by, {developer})
    if on > clock.latest_today():
        raise NotAcceptable(f"A step on {on} has not happened yet; correct the day.")
    return case


def _stated(reason: str) -> str:
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise NotAcceptable(f"Say why, in 1 to {_LONGEST_REASON} characters.")
    return reason


def _step(
    session: Session,
    case: ReversalCase,
    moved: "Case",
    on: date,
    reason: str,
    by: str,
    *,
    evidence: str = "",
) -> None:
    entry = ledger.append(
        session,
        "reversal_stepped",
        actor=by,
        payload={
            "case": str(case.id),
            "project": case.project_id,
            "state": moved.state,
            "cause": moved.cause,
            "reversal_kg": moved.reversal_kg,
            "reason_sha256": sha256_of_text(reason),
        },
    )
    write(session, case, moved.state, on, reason, entry, by, moved.cause, moved.reversal_kg,
           evidence)  # fmt: skip
    if moved.state == "confirmed":
        tell_holders(session, "reversal_confirmed", case.project_id, entry,
                     {"case": str(case.id), "broke_on": case.broke_on.isoformat()})  # fmt: skip


def tell_holders(
    session: Session,
    kind: notices.NoticeKind,
    project_id: str,
    entry: LedgerEntry,
    facts: dict[str, object],
) -> None:
    """Tell everybody who holds or retired credits of a project, and its developer."""
    holders = session.scalars(
        select(Holding.account_id)
        .where(Holding.project_id == project_id, Holding.account_id.is_not(None), still_open())
        .distinct()
    )
    told = {holder for holder in holders if holder is not None}
    told.add(session.get_one(Project, project_id).developer_id)
    notices.tell(session, kind, project_id, facts, entry=entry, accounts=told)


def _credited_kg(session: Session, plot_key: int) -> int:
    credited = session.scalar(
        select(func.coalesce(func.sum(PlotContribution.net_kg), 0)).where(
            PlotContribution.plot_key == plot_key
        )
    )
    return max(0, int(credited or 0))


def _rules_of(session: Session, case: ReversalCase) -> "tuple[Methodology, float]":
    """Give the rules and the ratio of roots that the project's newest issuance was made with."""
    from mrv.evidence.documents import EvidenceDocument
    from mrv.methodologies import load_methodology

    text = session.scalars(
        select(Estimate.document)
        .join(CreditBatch, CreditBatch.estimate_sha256 == Estimate.sha256)
        .where(CreditBatch.project_id == case.project_id)
        .order_by(CreditBatch.number.desc())
        .limit(1)
    ).first()
    if text is None:
        raise NotAcceptable(f"{case.project_id} was never issued, so nothing can be reversed.")
    document = EvidenceDocument.model_validate_json(text)
    plot_id = session.get_one(Plot, case.plot_key).plot_id
    strata = {stratum.stratum: stratum.root_shoot for stratum in document.strata}
    mine = next((plot.stratum for plot in document.plots if plot.plot_id == plot_id), "")
    rules = load_methodology(document.methodology.id, document.methodology.version)
    # A plot that was never credited has no stratum; the largest ratio then counts most as lost.
    return rules, strata.get(mine, max(strata.values()))
