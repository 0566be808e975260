"""A verifier's desk: everything of one verification together, for whom it concerns."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from registry_api.db.models import Estimate
from registry_api.services import (
    assignments,
    audit_samples,
    period_runs,
    recomputations,
    verification,
    verification_findings,
)
from registry_api.services.accounts import AccountView
from registry_api.services.assignments import AssignmentView
from registry_api.services.audit_samples import SampleView
from registry_api.services.period_runs import PeriodRunView
from registry_api.services.recomputations import RecomputationView
from registry_api.services.verification_findings import VerifierFinding
from registry_api.services.views import Decision, EstimateState


@dataclass(frozen=True, slots=True)
class Desk:
    """One verification and how far it has come.

    Attributes:
        state: Of the newest run; None before the first.
        runs: Of the period, oldest first; all stay readable.
        sample: Of the newest run; None before it is drawn.
        recomputations: Of the newest run, newest first.
        findings: On all runs of the period, oldest first.
        decisions: On all of them, in the order of the runs.
    """

    assignment: AssignmentView
    state: EstimateState | None
    runs: tuple[PeriodRunView, ...]
    sample: SampleView | None
    recomputations: tuple[RecomputationView, ...]
    findings: tuple[VerifierFinding, ...]
    decisions: tuple[Decision, ...]

    @property
    def whole(self) -> RecomputationView | None:
        """The newest recomputation of the whole run; None before the first."""
        return next((each for each in self.recomputations if not each.plot_id), None)

    @property
    def left_open(self) -> tuple[VerifierFinding, ...]:
        """The findings that hold an opinion back."""
        return tuple(
            finding
            for finding in self.findings
            if finding.state != "closed" and finding.kind != "forward_action"
        )


def desk(session: Session, assignment_id: str, *, by: AccountView) -> Desk:
    """Show a verification to its verifier, the project's developer or a registrar.

    Raises:
        NotFound: If there is none, or it does not concern the account.
    """
    row = assignments.find(session, assignment_id, by)
    shown = assignments.view(session, row)
    newest = session.get(Estimate, shown.estimate_sha256) if shown.estimate_sha256 else None
    runs = tuple(period_runs.runs_of(session, row.period_key))
    named = dict.fromkeys(run.estimate_sha256 for run in runs)
    return Desk(
        assignment=shown,
        state=verification.state_of(session, newest) if newest else None,
        runs=runs,
        sample=audit_samples.sample_of(session, row.id, newest.sha256) if newest else None,
        recomputations=recomputations.of_run(session, row.id, newest.sha256) if newest else (),
        findings=verification_findings.of_period(session, row.period_key),
        decisions=tuple(
            decision for sha256 in named for decision in verification.decisions_of(session, sha256)
        ),
    )


def state_now(session: Session, assignment: AssignmentView) -> EstimateState | None:
    """Say how far the newest run of an assignment's period has come; None before the first."""
    if assignment.estimate_sha256 is None:
        return None
    return verification.state_of(session, session.get_one(Estimate, assignment.estimate_sha256))
