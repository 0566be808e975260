"""Contests: a developer holds a finding to be wrong, a verifier decides.

An upheld contest lets the plot in with a warning, for the boundary it was filed for: land that the
contested boundary does not cover was never looked at, nor was a neighbour that came later.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import Contest, ContestDecision, Project
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import (
    clock,
    contested_ground,
    plot_uploads,
    private_reads,
    report_tables,
)
from registry_api.services.accounts import AccountView
from registry_api.services.private_store import PrivateStore
from registry_api.services.project_access import open_to, owned_by
from registry_api.services.upload_views import ContestView
from registry_api.settings import Settings

_LONGEST_STATEMENT = 4_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Objection:
    """What a developer holds against a finding.

    Attributes:
        upload_id: Whose newest report has the finding.
        plot_id: As the report names it.
        code: Of the finding that refused the plot.
        statement: Why it is wrong.
        evidence_name: File name of the evidence, if any.
        evidence_sha256: Under which the private store keeps it.
    """

    upload_id: str
    plot_id: str
    code: str
    statement: str
    evidence_name: str = ""
    evidence_sha256: str = ""


@dataclass(frozen=True, slots=True)
class Upheld:
    """A finding that was contested with success, and the boundary it was contested for."""

    plot_id: str
    code: str
    boundary_wkb: bytes


def file(
    session: Session,
    settings: Settings,
    project_id: str,
    objection: Objection,
    *,
    by: AccountView,
) -> ContestView:
    """File a contest against a finding that refused a plot; the same again is the same contest.

    Raises:
        NotFound: If there is no such project, upload or refused plot for this account.
        NotAllowed: If the account is not the project's developer.
        NotAcceptable: If the finding cannot be contested, or there is no statement.
    """
    owned_by(session, project_id, by)
    statement = _stated(objection.statement)
    _refuse_uncontestable(objection.code)
    boundary, features = _refused(session, settings, project_id, objection)
    if objection.evidence_sha256 and not PrivateStore(settings).has(objection.evidence_sha256):
        raise NotFound("The evidence is not here; send its file first.")
    lock_for_writing(session)
    rivals = (
        contested_ground.rivals(session, project_id, objection.plot_id, boundary, features)
        if contested_ground.is_about_ground(objection.code)
        else []
    )
    same = session.scalars(
        select(Contest).where(
            Contest.project_id == project_id,
            Contest.plot_id == objection.plot_id,
            Contest.code == objection.code,
            Contest.boundary_wkb == boundary,
            Contest.statement == statement,
            Contest.evidence_sha256 == objection.evidence_sha256,
        )
    )
    about = [(rival.project_id, rival.plot_id, rival.boundary_wkb) for rival in rivals]
    held = next((one for one in same if contested_ground.is_about(session, one) == about), None)
    if held is None:
        held = Contest(
            project_id=project_id,
            plot_id=objection.plot_id,
            code=objection.code,
            boundary_wkb=boundary,
            statement=statement,
            evidence_name=objection.evidence_name[-_LONGEST_NAME:],
            evidence_sha256=objection.evidence_sha256,
            filed_by=by.id,
            filed_at=clock.now(),
        )
        session.add(held)
        session.flush()
        for rival in rivals:
            rival.contest_id = held.id
            session.add(rival)
        session.flush()
    return _view(held, session.get(ContestDecision, held.id))


def decide(
    session: Session, contest_id: str, *, upheld: bool, statement: str, by: AccountView
) -> ContestView:
    """Decide a contest, once.

    Raises:
        NotFound: If there is no such contest for this account.
        NotAllowed: If the account is no verifier.
        NotAcceptable: If there is no statement.
        Contradiction: If it was decided otherwise already.
    """
    lock_for_writing(session)
    contest = _find(session, contest_id, by)
    if by.role != "verifier" or session.get_one(Project, contest.project_id).developer_id == by.id:
        raise NotAllowed(
            f"A contest is decided by a verifier who has no part in it; {by.id} may not.",
            account=by.id,
        )
    said = _stated(statement)
    held = session.get(ContestDecision, contest.id)
    if held is None:
        held = ContestDecision(
            contest_id=contest.id,
            account_id=by.id,
            upheld=upheld,
            statement=said,
            decided_at=clock.now(),
        )
        session.add(held)
        session.flush()
    elif (held.upheld, held.statement, held.account_id) != (upheld, said, by.id):
        raise Contradiction(
            f"This contest was decided on {held.decided_at:%Y-%m-%d} by {held.account_id}; a "
            "decision stands.",
            contest=contest_id,
        )
    return _view(contest, held)


def evidence(
    session: Session, settings: Settings, contest_id: str, *, by: AccountView
) -> tuple[str, Iterator[bytes]]:
    """Give the evidence of a contest, its name and its content; the look is logged.

    Raises:
        NotFound: If there is no such contest for this account, or it came without evidence.
    """
    contest = _find(session, contest_id, by)
    if not contest.evidence_sha256:
        raise NotFound("This contest came without evidence.", contest=contest_id)
    private_reads.note(
        session,
        settings,
        by=by,
        purpose=f"Contest of {contest.code} by {contest.filed_by}",
        what="evidence",
        project_id=contest.project_id,
        subject=contest.plot_id,
    )
    return contest.evidence_name, PrivateStore(settings).open(contest.evidence_sha256)


def contests(session: Session, project_id: str, *, by: AccountView) -> tuple[ContestView, ...]:
    """List a project's contests, newest first.

    Raises:
        NotFound: If there is no such project for this account.
    """
    open_to(session, project_id, by)
    newest_first = (Contest.filed_at.desc(), Contest.id)
    query = _with_decisions().where(Contest.project_id == project_id).order_by(*newest_first)
    return _views(session.execute(query))


def open_contests(session: Session, *, by: AccountView) -> tuple[ContestView, ...]:
    """List what waits for a verifier, oldest first.

    Raises:
        NotAllowed: If the account is no verifier.
    """
    if by.role != "verifier":
        raise NotAllowed(f"Contests are decided by verifiers; {by.id} is a {by.role}.")
    undecided = ContestDecision.contest_id.is_(None)
    query = _with_decisions().where(undecided).order_by(Contest.filed_at, Contest.id)
    return _views(session.execute(query))


def upheld(session: Session, project_id: str) -> tuple[Upheld, ...]:
    """Give the contests of a project over plots by themselves that had success; for screening.

    Those over ground are `contested_ground.settled`.
    """
    rows = session.scalars(
        select(Contest)
        .join(ContestDecision, ContestDecision.contest_id == Contest.id)
        .where(Contest.project_id == project_id, ContestDecision.upheld)
    )
    return tuple(
        Upheld(row.plot_id, row.code, row.boundary_wkb)
        for row in rows
        if not contested_ground.is_about_ground(row.code)
    )


def _with_decisions() -> Select[Contest, ContestDecision]:
    return select(Contest, ContestDecision).outerjoin(
        ContestDecision, ContestDecision.contest_id == Contest.id
    )


def _refuse_uncontestable(code: str) -> None:
    from mrv.plots.catalogue import CATALOGUE  # brings pandas, which start-up does without

    if code not in CATALOGUE or not CATALOGUE[code].contestable:
        raise NotAcceptable(
            f"'{code[:80]}' is nothing that evidence may overrule; mend the plot and send it "
            "again.",
            code=code,
        )


def _refused(
    session: Session, settings: Settings, project_id: str, objection: Objection
) -> tuple[bytes, Any]:
    """Find the boundary that was refused, and the table of features it is in."""
    upload = plot_uploads.find(session, project_id, objection.upload_id)
    tables = plot_uploads.newest_tables(session, upload)
    features = report_tables.read(PrivateStore(settings), tables, "features")
    if features is not None:
        named = features[
            (features["plot_id"] == objection.plot_id) & (features["verdict"] == "refused")
        ]
        for codes, boundary in zip(named["codes"], named["geometry"], strict=True):
            if objection.code in str(codes).split(";") and boundary is not None:
                return bytes(boundary), features
    raise NotFound(
        f"The newest report on this upload does not refuse a plot '{objection.plot_id[:120]}' for "
        f"{objection.code}.",
        plot=objection.plot_id,
    )


def _find(session: Session, contest_id: str, by: AccountView) -> Contest:
    try:
        contest = session.get(Contest, UUID(contest_id))
    except ValueError:
        contest = None
    if contest is not None:
        project = session.get_one(Project, contest.project_id)
        if by.role == "verifier" or project.developer_id == by.id:
            return contest
    raise NotFound(f"There is no contest '{contest_id[:80]}'.")


def _stated(statement: str) -> str:
    stated = statement.strip()
    if not stated or len(stated) > _LONGEST_STATEMENT:
        raise NotAcceptable(f"Say why, in at most {_LONGEST_STATEMENT:,} characters (statement).")
    return stated


def _views(rows: Iterable[Row[Contest, ContestDecision]]) -> tuple[ContestView, ...]:
    return tuple(_view(contest, decision) for contest, decision in rows)


def _view(contest: Contest, decision: ContestDecision | None) -> ContestView:
    return ContestView(
        id=str(contest.id),
        project_id=contest.project_id,
        plot_id=contest.plot_id,
        code=contest.code,
        statement=contest.statement,
        evidence_name=contest.evidence_name,
        evidence_sha256=contest.evidence_sha256,
        filed_by=contest.filed_by,
        filed_at=contest.filed_at,
        upheld=decision.upheld if decision else None,
        decided_by=decision.account_id if decision else "",
        decision=decision.statement if decision else "",
        decided_at=decision.decided_at if decision else None,
    )
