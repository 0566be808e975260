"""Labels and co-benefits: what somebody outside said of credits, with the document that says it.

A registrar writes them down after reading the document; none is ever inferred from another, or from
a project's words. A label counts from and until the days that it names; one that was wrong is
withdrawn by a later row, and stays to be seen.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, cast
from uuid import UUID, uuid4

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from mrv.crediting import serials
from registry_api.db.models import CreditBatch, Label, LabelWithdrawal, Project
from registry_api.errors import Contradiction, NotAcceptable, NotFound
from registry_api.services import batches, clock, ledger
from registry_api.services import credits as issued
from registry_api.services.accounts import demand_role
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.idempotency import once
from registry_api.services.label_terms import LabelKind, NewLabel, demand_whole

LabelState = Literal["valid", "not_yet", "ended", "withdrawn"]

_LONGEST = 2_000  # letters of a reason


@dataclass(frozen=True, slots=True)
class LabelView:
    """A label and whether it counts.

    Attributes:
        batch_id: The issuance it is of; None for the whole project.
        serial: The credits it is of; None for all of the issuance or project.
        state: `valid` today; not yet, no longer, or withdrawn.
        withdrawn_because: Why it was withdrawn; empty where it was not.
        sequence: Of the ledger entry that gave it.
    """

    id: str
    kind: LabelKind
    name: str
    project_id: str
    batch_id: str | None
    serial: str | None
    statement: str
    document_sha256: str
    link: str
    valid_from: date
    valid_until: date | None
    terms: Mapping[str, str]
    state: LabelState
    withdrawn_because: str
    recorded_at: datetime
    sequence: int


def give(session: Session, stated: NewLabel, key: str, *, by: str) -> LabelView:
    """Write down a label.

    Args:
        session: The one transaction.
        stated: What the document says, of which credits.
        key: The caller's name for this request.
        by: Account of a registrar.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If there is no such project, issuance or serial.
        NotAcceptable: If something it must state is missing or is none.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    demand_whole(stated)
    request = {
        name: held.isoformat() if isinstance(held, date) else held
        for name, held in ((field, getattr(stated, field)) for field in NewLabel.__slots__)
    }

    def act() -> str:
        block = _block(session, stated)
        label_id = uuid4()
        terms = canonical_json(stated.terms or {})
        entry = ledger.append(
            session,
            "label_given",
            actor=by,
            payload={
                "label": str(label_id),
                "kind": stated.kind,
                "name": stated.name,
                "project": stated.project_id,
                "batch": str(block[0]) if block[0] else None,
                "credits": {"kind": block[1], "first": block[2], "last": block[3]}
                if block[1]
                else None,
                "document_sha256": stated.document_sha256,
                "terms_sha256": sha256_of_text(terms),
            },
        )
        session.add(
            Label(
                id=label_id,
                kind=stated.kind,
                name=stated.name,
                project_id=stated.project_id,
                batch_id=block[0],
                credit_kind=block[1],
                first_serial=block[2],
                last_serial=block[3],
                statement=stated.statement.strip(),
                document_sha256=stated.document_sha256,
                link=stated.link,
                valid_from=stated.valid_from,
                valid_until=stated.valid_until,
                terms=terms,
                given_by=by,
                recorded_at=entry.recorded_at,
                sequence=entry.sequence,
            )
        )
        session.flush()
        return str(label_id)

    return _one(session, once(session, by, key, "give_label", request, act))


def withdraw(session: Session, label_id: str, reason: str, key: str, *, by: str) -> LabelView:
    """Say that a label counts no more.

    Raises:
        NotAllowed: If the caller is no registrar.
        NotFound: If there is no such label.
        NotAcceptable: If no reason is given.
        Contradiction: If it was withdrawn already.
        KeyReused: If the key belongs to another request.
    """
    demand_role(session, by, "registrar")
    shown, why = _one(session, label_id), reason.strip()
    if not 0 < len(why) <= _LONGEST:
        raise NotAcceptable(f"A withdrawal has a reason of up to {_LONGEST} letters.")

    def act() -> str:
        if session.get(LabelWithdrawal, UUID(shown.id)) is not None:
            raise Contradiction("That label is withdrawn already.")
        entry = ledger.append(
            session,
            "label_withdrawn",
            actor=by,
            payload={"label": shown.id, "reason_sha256": sha256_of_text(why)},
        )
        session.add(LabelWithdrawal(label_id=UUID(shown.id), reason=why, sequence=entry.sequence))
        session.flush()
        return shown.id

    request = {"label": shown.id, "reason": why}
    return _one(session, once(session, by, key, "withdraw_label", request, act))


def of_project(session: Session, project_id: str) -> tuple[LabelView, ...]:
    """List all labels of a project and of its credits, those that count no more too, oldest first.

    Raises:
        NotFound: If there is no such project.
    """
    if session.get(Project, project_id) is None:
        raise NotFound(f"There is no project '{project_id}'.", project=project_id)
    return _views(session, session.scalars(_rows().where(Label.project_id == project_id)))


def of_serial(session: Session, text: str) -> tuple[LabelView, ...]:
    """List the labels of which all credits of a serial have some part, oldest first.

    Raises:
        InputRejected: If the text is not a serial.
        NotFound: If no such credits were issued.
    """
    found = issued.find_serial(session, text)
    asked = serials.parse_serial(found.serial)
    rows = _rows().where(
        Label.project_id == asked.project,
        or_(Label.batch_id.is_(None), Label.batch_id == UUID(found.batch.id)),
        or_(
            Label.credit_kind.is_(None),
            (Label.credit_kind == asked.kind)
            & (Label.first_serial <= asked.last)
            & (Label.last_serial >= asked.first),
        ),
    )
    return _views(session, session.scalars(rows))


def part_of(
    label: LabelView, batch_id: UUID, kind: str, first: int, last: int
) -> tuple[int, int] | None:
    """Give those of a run of credits that a label is of, first and last; None if of none."""
    if label.batch_id is not None and label.batch_id != str(batch_id):
        return None
    if label.serial is None:
        return first, last
    named = serials.parse_serial(label.serial)
    begin, end = max(first, named.first), min(last, named.last)
    return (begin, end) if named.kind == kind and begin <= end else None


def valid(labels: Iterable[LabelView]) -> tuple[LabelView, ...]:
    """Keep those that count today."""
    return tuple(label for label in labels if label.state == "valid")


def _rows() -> "Select[Label]":
    return select(Label).order_by(Label.sequence)


def _one(session: Session, label_id: str) -> LabelView:
    try:
        found = session.get(Label, UUID(label_id))
    except ValueError:
        found = None
    if found is None:
        raise NotFound("There is no label with that id.")
    return _views(session, [found])[0]


def _views(session: Session, rows: Iterable[Label]) -> tuple[LabelView, ...]:
    held, today = list(rows), clock.now().date()
    ends = {
        end.label_id: end.reason
        for end in session.scalars(
            select(LabelWithdrawal).where(LabelWithdrawal.label_id.in_([one.id for one in held]))
        )
    }
    issuances = {
        batch.id: batch
        for batch in session.scalars(
            select(CreditBatch).where(
                CreditBatch.id.in_({one.batch_id for one in held if one.batch_id is not None})
            )
        )
    }
    return tuple(
        LabelView(
            id=str(one.id),
            kind=cast("LabelKind", one.kind),
            name=one.name,
            project_id=one.project_id,
            batch_id=str(one.batch_id) if one.batch_id else None,
            serial=_serial(one, issuances),
            statement=one.statement,
            document_sha256=one.document_sha256,
            link=one.link,
            valid_from=one.valid_from,
            valid_until=one.valid_until,
            terms=json.loads(one.terms),
            state=_state(one, today, withdrawn=one.id in ends),
            withdrawn_because=ends.get(one.id, ""),
            recorded_at=one.recorded_at,
            sequence=one.sequence,
        )
        for one in held
    )


def _serial(one: Label, issuances: Mapping[UUID, CreditBatch]) -> str | None:
    if one.batch_id is None or one.first_serial is None or one.last_serial is None:
        return None
    return batches.serial_text(
        issuances[one.batch_id], one.credit_kind or "C", one.first_serial, one.last_serial
    )


def _state(one: Label, today: date, *, withdrawn: bool) -> LabelState:
    if withdrawn:
        return "withdrawn"
    if today < one.valid_from:
        return "not_yet"
    return "ended" if one.valid_until is not None and today > one.valid_until else "valid"


def _block(
    session: Session, stated: NewLabel
) -> tuple[UUID | None, str | None, int | None, int | None]:
    if session.get(Project, stated.project_id) is None:
        raise NotFound(f"There is no project '{stated.project_id}'.", project=stated.project_id)
    if stated.serial:
        found = issued.find_serial(session, stated.serial)
        named = serials.parse_serial(found.serial)
        batch_id = found.batch.id
        part: tuple[str | None, int | None, int | None] = (named.kind, named.first, named.last)
    elif stated.batch_id:
        batch_id, part = issued.batch(session, stated.batch_id).card.id, (None, None, None)
    else:
        return None, None, None, None
    batch = session.get_one(CreditBatch, UUID(batch_id))
    if batch.project_id != stated.project_id or stated.batch_id not in ("", batch_id):
        raise NotAcceptable("Those credits are not of the project or issuance that was named.")
    return batch.id, *part
