"""An invented registry for `market.py`: a million credits, ten thousand issuances, many events.

Rows go in in bulk with the triggers down, as no service could write so many in minutes; the chain
of the ledger and the sums of the supply are checked afterwards by the services themselves.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from registry_api.db import Database
from registry_api.db.bulk import insert_rows
from registry_api.db.models import (
    BatchTraits,
    CreditBatch,
    CreditOrder,
    Estimate,
    Holding,
    HoldingClosure,
    LedgerEntry,
    Listing,
    MonitoringPeriod,
    OrderOutcome,
    SerialBlock,
    VerificationDecision,
)
from registry_api.services import accounts, ledger
from registry_api.services.canonical import canonical_json, sha256_of_text
from registry_api.services.projects import register_project
from tests.registry_api.a_registry import project_settings

COUNTRIES = ("KE", "UG", "TZ", "VN", "KH", "LA", "KG", "BF")
BUYERS = tuple(f"buyer-{n:02d}" for n in range(40))
PER_BATCH_T, BUFFER_T = 100, 20
BATCHES_PER_PROJECT = 50
_FIRST_PERIOD = 1_000_000  # after those that came with the projects
_START = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass
class _Open:
    """A run of credits that nobody has moved on."""

    id: int
    first: int
    last: int
    holder: str | None
    state: str
    state_sequence: int


@dataclass
class Books:
    """Rows of every table, in the order in which they were written."""

    rng: np.random.Generator
    rows: dict[type[Any], list[dict[str, Any]]] = field(default_factory=dict)
    last_hash: str = ledger.FIRST_PREV_HASH
    sequence: int = 0
    holdings: int = 0

    def add(self, model: type[Any], **row: Any) -> None:  # noqa: ANN401  (any column)
        """Keep one row."""
        self.rows.setdefault(model, []).append(row)

    def enter(self, kind: str, actor: str, payload: dict[str, Any]) -> datetime:
        """Write an entry of the ledger and give its time."""
        self.sequence += 1
        at = _START + timedelta(seconds=self.sequence)
        said = canonical_json(payload)
        entry = LedgerEntry(
            sequence=self.sequence, kind=kind, effective_at=at, recorded_at=at, actor=actor,
            payload=said, payload_hash=sha256_of_text(said), prev_hash=self.last_hash,
        )  # fmt: skip
        self.last_hash = ledger._entry_hash(entry)
        self.add(
            LedgerEntry, sequence=self.sequence, kind=kind, effective_at=at, recorded_at=at,
            actor=actor, payload=said, payload_hash=entry.payload_hash, prev_hash=entry.prev_hash,
            entry_hash=self.last_hash,
        )  # fmt: skip
        return at

    def hold(self, batch: dict[str, Any], run: _Open, parent: int | None) -> _Open:
        """Open a holding."""
        self.holdings += 1
        run.id = self.holdings
        self.add(
            Holding, id=run.id, parent_id=parent, batch_id=batch["id"],
            project_id=batch["project_id"], kind="C", first_serial=run.first, last_serial=run.last,
            quantity_t=run.last - run.first + 1, account_id=run.holder, state=run.state,
            sequence=self.sequence, state_sequence=run.state_sequence,
        )  # fmt: skip
        return run

    def uuid(self) -> UUID:
        """Give an id; the same in every run."""
        return UUID(bytes=self.rng.bytes(16))


def write(opened: Database, batches: int, events: int, seed: int = 7) -> None:
    """Invent a registry and write it into an empty database.

    Args:
        opened: The database, migrated and empty.
        batches: How many issuances of a hundred credits each.
        events: How many entries of the ledger beside the founding ones.
        seed: Of everything random.
    """
    books = Books(np.random.default_rng(seed))
    projects = [f"project-{n:04d}" for n in range(-(-batches // BATCHES_PER_PROJECT))]
    with opened.writing() as session:
        books.sequence = _found(session, projects)
        last = session.get_one(LedgerEntry, books.sequence)
        books.last_hash = last.entry_hash
    issued = [_issue(books, projects[n // BATCHES_PER_PROJECT], n) for n in range(batches)]
    left = events - batches
    for trade in range(left // 3):
        batch, runs = issued[int(books.rng.integers(batches))]
        _trade(books, batch, runs, trade)
    with opened.writing() as session:
        triggers = _triggers_down(session)
        for model in (
            LedgerEntry, MonitoringPeriod, Estimate, VerificationDecision, CreditBatch, BatchTraits,
            SerialBlock, CreditOrder, OrderOutcome, Listing, HoldingClosure, Holding,
        ):  # fmt: skip
            if model is HoldingClosure:
                session.execute(text("PRAGMA defer_foreign_keys = on"))
            insert_rows(session, model, books.rows.get(model, []))
        for trigger in triggers:
            session.execute(text(trigger.replace(":", "\\:")))
    with opened.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


def _found(session: Session, projects: list[str]) -> int:
    accounts.register_account(session, "independent-eyes", "Independent Eyes", "verifier")
    accounts.register_account(session, "the-registrar", "The Registrar", "registrar")
    for buyer in BUYERS:
        accounts.register_account(session, buyer, buyer.title(), "buyer")
    for n, project in enumerate(projects):
        stated = project_settings(
            project, name=f"Trees of village {n}", country=COUNTRIES[n % len(COUNTRIES)],
            developer=f"cooperative-{n % 25:02d}",
        )  # fmt: skip
        register_project(session, stated, sha256(project.encode()).hexdigest())
    return int(session.execute(text("SELECT max(sequence) FROM ledger_entries")).scalar_one())


def _issue(books: Books, project: str, n: int) -> tuple[dict[str, Any], list[_Open]]:
    nth = n % BATCHES_PER_PROJECT
    start = date(1990, 1, 1) + timedelta(days=200 * nth)
    end = start + timedelta(days=200)
    estimate = sha256(f"{project}/{nth}".encode()).hexdigest()
    decision, batch_id = books.uuid(), books.uuid()
    u90 = float(books.rng.uniform(0.05, 0.4))
    country = COUNTRIES[int(project[-4:]) % len(COUNTRIES)]
    developer = f"cooperative-{int(project[-4:]) % 25:02d}"
    first = nth * PER_BATCH_T + 1
    blocks = (
        ("active", first, first + PER_BATCH_T - BUFFER_T - 1),
        ("buffer", first + PER_BATCH_T - BUFFER_T, first + PER_BATCH_T - 1),
    )
    said = {"batch": str(batch_id), "project": project}
    at = books.enter("batch_issued", "the-registrar", said)
    books.add(
        MonitoringPeriod, id=_FIRST_PERIOD + n, project_id=project, period_id=str(nth),
        start_on=start, end_on=end, recorded_at=at,
    )  # fmt: skip
    books.add(
        Estimate, sha256=estimate, period_key=_FIRST_PERIOD + n, document=json.dumps({"u90": u90}),
        creditable=True, credits_t=PER_BATCH_T - BUFFER_T, buffer_t=BUFFER_T,
        submitted_by=developer, submitted_at=at,
    )  # fmt: skip
    books.add(
        VerificationDecision, id=decision, estimate_sha256=estimate, account_id="independent-eyes",
        approved=True, statement="", demonstration=False, sequence=books.sequence, decided_at=at,
    )  # fmt: skip
    batch: dict[str, Any] = {
        "id": batch_id, "project_id": project, "period_key": _FIRST_PERIOD + n, "number": nth + 1,
        "estimate_sha256": estimate, "decision_id": decision, "registry_code": "PKL",
        "country": country, "methodology_id": "agroforestry_removals", "methodology_version": 1,
        "vintage_start": start, "vintage_end": end, "unverified": "[]", "simulated": True,
        "cumulative_net_kg": 0, "issued_kg": 0, "issued_by": "the-registrar", "issued_at": at,
        "sequence": books.sequence,
    }  # fmt: skip
    books.add(CreditBatch, **batch)
    books.add(BatchTraits, batch_id=batch_id, vintage=(end - timedelta(days=1)).year, u90=u90)
    runs = []
    for state, begin, last in blocks:
        books.add(
            SerialBlock, batch_id=batch_id, project_id=project, kind="C", issued_as=state,
            first_serial=begin, last_serial=last, quantity_t=last - begin + 1,
        )  # fmt: skip
        holder = None if state == "buffer" else developer
        run = books.hold(batch, _Open(0, begin, last, holder, state, books.sequence), None)
        if state == "active":
            runs.append(run)
    return batch, runs


def _trade(books: Books, batch: dict[str, Any], runs: list[_Open], trade: int) -> None:
    """Offer a part of a run to a buyer, who takes it, and retires or lists what was taken."""
    if not runs:
        return
    run = runs.pop(int(books.rng.integers(len(runs))))
    most = run.last - run.first + 1
    part_t = int(books.rng.integers(1, max(2, most // 2 + 1)))
    buyer = BUYERS[int(books.rng.integers(len(BUYERS)))]
    seller = str(run.holder)
    offer = _order(books, "transfer", seller, None if buyer == seller else buyer, part_t)
    moved, rest = _split(books, batch, run, part_t, "offered", seller)
    runs += rest
    at = books.enter("transfer_accepted", buyer, {"order": str(offer)})
    books.add(
        OrderOutcome, order_id=offer, outcome="accepted", note="", decided_by=buyer, decided_at=at,
        sequence=books.sequence,
    )  # fmt: skip
    taken, _ = _split(books, batch, moved, part_t, "active", buyer)
    if trade % 4:
        _order(books, "retire", buyer, None, part_t)
        _split(books, batch, taken, part_t, "retired", buyer)
    elif trade % 8:
        _order(books, "hold", buyer, None, part_t)
        _split(books, batch, taken, part_t, "held", buyer)
    else:
        listed = _order(books, "list", buyer, None, part_t)
        _split(books, batch, taken, part_t, "offered", buyer)
        books.add(
            Listing, order_id=listed, batch_id=batch["id"],
            price_cents=int(books.rng.integers(500, 6_000)), currency="USD", valid_until=None,
            request_id=None,
        )  # fmt: skip


def _order(books: Books, kind: str, by: str, to: str | None, quantity_t: int) -> UUID:
    order = books.uuid()
    said = {"transfer": "transfer_offered", "retire": "credits_retired", "hold": "credits_held"}
    at = books.enter(said.get(kind, "credits_listed"), by, {"order": str(order)})
    terms = canonical_json({"note": ""})
    books.add(
        CreditOrder, id=order, kind=kind, account_id=by, to_account_id=to, quantity_t=quantity_t,
        terms=terms, terms_sha256=sha256_of_text(terms), placed_by=by, placed_at=at,
        sequence=books.sequence,
    )  # fmt: skip
    return order


def _split(
    books: Books, batch: dict[str, Any], run: _Open, part_t: int, state: str, holder: str
) -> tuple[_Open, list[_Open]]:
    """Close a run; open the part that moves and what is left."""
    cut = run.first + part_t - 1
    moved = _Open(0, run.first, cut, holder, state, books.sequence)
    books.hold(batch, moved, run.id)
    rest = []
    if cut < run.last:
        left = _Open(0, cut + 1, run.last, run.holder, run.state, run.state_sequence)
        rest.append(books.hold(batch, left, run.id))
    books.add(HoldingClosure, holding_id=run.id, sequence=books.sequence)
    return moved, rest


def _triggers_down(session: Session) -> Iterator[str]:
    found = session.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
    ).all()
    for name, _sql in found:
        session.execute(text(f'DROP TRIGGER "{name}"'))
    return iter([sql for _, sql in found])
