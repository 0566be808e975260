"""Runs of uploads: who works on which, how far it is, and what came of it.

A run is claimed by a lease. Whoever holds it renews it while working; a holder that dies lets it
run out, and another takes the run up from its start. Only an outcome ends a run.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import cast
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from registry_api.db import lock_for_writing
from registry_api.db.models import UploadOutcome, UploadRun, UploadRunState
from registry_api.services import clock
from registry_api.services.accounts import AccountView
from registry_api.services.canonical import canonical_json
from registry_api.services.upload_views import Progress, RunChoices, RunState, RunView, Tally

LEASE = timedelta(seconds=60)
MOST_ATTEMPTS = 3
_ENDED = ("done", "failed")
_SOONEST_GUESS = 0.02  # of a step done before the rest of its time is guessed


@dataclass(frozen=True, slots=True)
class Claim:
    """A run and its holder."""

    run_key: int
    upload_id: UUID
    number: int
    choices: RunChoices
    holder: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run.

    Attributes:
        tables: Tables of the report -> digest in the private store.
    """

    format: str = ""
    fault_code: str = ""
    fault: str = ""
    tally: Tally | None = None
    tables: Mapping[str, str] | None = None
    delivery_version: int | None = None


def ask(
    session: Session, upload_id: UUID, number: int, choices: RunChoices, by: AccountView
) -> None:
    """Ask for a run; a worker will find it."""
    now = clock.now()
    run = UploadRun(
        upload_id=upload_id,
        number=number,
        choices=canonical_json(asdict(choices)),
        requested_by=by.id,
        requested_at=now,
    )
    session.add(run)
    session.flush()
    session.add(
        UploadRunState(
            run_key=run.id,
            state="waiting",
            step="waiting",
            done=0,
            total=0,
            stepped_at=now,
            attempt=0,
            holder="",
            leased_until=None,
            tables="{}",
        )
    )
    session.flush()


def next_waiting(session: Session) -> tuple[str, int] | None:
    """Find the run that waits longest, or whose holder has died: upload id and number."""
    row = session.execute(
        select(UploadRun.upload_id, UploadRun.number)
        .join(UploadRunState, UploadRunState.run_key == UploadRun.id)
        .where(_free(clock.now()))
        .order_by(UploadRunState.attempt, UploadRun.id)
        .limit(1)
    ).first()
    return None if row is None else (str(row.upload_id), row.number)


def claim(session: Session, upload_id: UUID, number: int) -> Claim | None:
    """Take a run, for as long as `LEASE`; None where it has ended or another holds it."""
    lock_for_writing(session)
    now = clock.now()
    row = session.execute(
        select(UploadRun, UploadRunState)
        .join(UploadRunState, UploadRunState.run_key == UploadRun.id)
        .where(UploadRun.upload_id == upload_id, UploadRun.number == number, _free(now))
    ).first()
    if row is None:
        return None
    run, state = row
    state.state, state.holder, state.leased_until = "working", uuid4().hex, now + LEASE
    state.attempt += 1
    _step(state, "reading", 0, 0, now)
    session.flush()
    return Claim(run.id, upload_id, number, choices_of(run), state.holder, state.attempt)


def renew(session: Session, held: Claim, step: str, done: int, total: int) -> bool:
    """Say how far a run is and keep its lease; False where it is another's by now."""
    state = _held(session, held)
    if state is None:
        return False
    now = clock.now()
    if state.step != step:
        state.stepped_at = now
    state.step, state.done, state.total = step, done, total
    state.leased_until = now + LEASE
    session.flush()
    return True


def still_held(session: Session, held: Claim) -> bool:
    """Say, inside the transaction that decides, whether the run is still this holder's."""
    lock_for_writing(session)
    return _held(session, held) is not None


def show_tables(session: Session, held: Claim, tables: Mapping[str, str]) -> None:
    """Let what was read be looked at while the run goes on."""
    if (state := _held(session, held)) is not None:
        state.tables = canonical_json(dict(tables))
        session.flush()


def tables_so_far(session: Session, held: Claim) -> dict[str, str]:
    """Name the tables that a run has shown."""
    state = _held(session, held)
    tables: dict[str, str] = json.loads(state.tables) if state else {}
    return tables


def release(session: Session, held: Claim, *, uncounted: bool = False) -> None:
    """Give a run back unfinished, to be taken up at once.

    Args:
        session: The transaction.
        held: The run.
        uncounted: Whether this was no attempt: the holder was stopped on purpose.
    """
    if (state := _held(session, held)) is not None:
        state.state, state.holder, state.leased_until = "waiting", "", None
        state.attempt -= uncounted
        _step(state, "waiting", 0, 0, clock.now())
        session.flush()


def release_any(session: Session, upload_id: UUID, number: int) -> None:
    """Give back a run whose holder was stopped on purpose; for the one who stopped it."""
    row = session.scalars(
        select(UploadRunState)
        .join(UploadRun, UploadRun.id == UploadRunState.run_key)
        .where(
            UploadRun.upload_id == upload_id,
            UploadRun.number == number,
            UploadRunState.state == "working",
        )
    ).first()
    if row is not None:
        held = Claim(row.run_key, upload_id, number, RunChoices({}), row.holder, row.attempt)
        release(session, held, uncounted=True)


def end(session: Session, held: Claim, outcome: Outcome) -> None:
    """Write down what came of a run, in the transaction that did it."""
    now = clock.now()
    session.add(
        UploadOutcome(
            run_key=held.run_key,
            format=outcome.format,
            fault_code=outcome.fault_code,
            fault=outcome.fault,
            tally=canonical_json(asdict(outcome.tally)) if outcome.tally else None,
            tables=canonical_json(dict(outcome.tables or {})),
            delivery_version=outcome.delivery_version,
            finished_at=now,
        )
    )
    state = session.get_one(UploadRunState, held.run_key)
    state.state = "failed" if outcome.fault_code else "done"
    state.holder, state.leased_until = "", None
    _step(state, "", 0, 0, now)
    session.flush()


def choices_of(run: UploadRun) -> RunChoices:
    """Give what was asked of a run."""
    stated = json.loads(run.choices)
    return RunChoices(stated["columns"], stated["crs"], tuple(stated["accept_proposals"]))


def view(run: UploadRun, state: UploadRunState, outcome: UploadOutcome | None) -> RunView:
    """Show a run."""
    ended = state.state in _ENDED
    return RunView(
        number=run.number,
        state=cast("RunState", state.state),
        choices=choices_of(run),
        progress=Progress(
            step=state.step,
            done=state.done,
            total=state.total,
            seconds_left=None if ended else _seconds_left(state, clock.now()),
        ),
        requested_at=run.requested_at,
        finished_at=outcome.finished_at if outcome else None,
        fault_code=outcome.fault_code if outcome else "",
        fault=outcome.fault if outcome else "",
        tally=Tally(**json.loads(outcome.tally)) if outcome and outcome.tally else None,
    )


def has_ended(state: UploadRunState) -> bool:
    """Say whether a run is over."""
    return state.state in _ENDED


def _free(now: datetime) -> ColumnElement[bool]:
    return or_(
        UploadRunState.state == "waiting",
        and_(UploadRunState.state == "working", UploadRunState.leased_until < now),
    )


def _held(session: Session, held: Claim) -> UploadRunState | None:
    return session.scalars(
        select(UploadRunState)
        .where(
            UploadRunState.run_key == held.run_key,
            UploadRunState.holder == held.holder,
            UploadRunState.state == "working",
        )
        .execution_options(populate_existing=True)
    ).first()


def _step(state: UploadRunState, step: str, done: int, total: int, now: datetime) -> None:
    state.step, state.done, state.total, state.stepped_at = step, done, total, now


def _seconds_left(state: UploadRunState, now: datetime) -> float | None:
    if state.state != "working" or state.done < max(1, state.total * _SOONEST_GUESS):
        return None
    passed = (now - state.stepped_at).total_seconds()
    return round(max(0.0, passed * (state.total - state.done) / state.done), 1)
