"""A project in CDOP's documents, with a report of what they ask for and are not told.

Two of the twelve documents are written, those of issuances and of units; what the others ask for is
not kept here. A document without a required value is written all the same, and the report names it:
CDOP requires a unit to bear another programme's name, and an account's id in public.

Source:
    CDOP data model 2.0, as pinned in mrv/evidence/cdop.toml; identifiers are URNs as its reference
    implementation writes them, cdop:registry:project:batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.crediting.serials import parse_serial
from mrv.evidence import exchange
from mrv.evidence.exchange import Absent, Cell, Report, Row
from registry_api.db.models import CreditOrder
from registry_api.services import batches, credit_search, order_views, sandbox
from registry_api.services import credits as issued
from registry_api.services.credit_runs import CreditRun, RunFilter
from registry_api.services.projects import project
from registry_api.services.views import BatchDetail
from registry_api.settings import Settings

SCHEMA = "cdop"
_KEY = "local_id"
_AT_ONCE = 500
_STATUS = {
    "active": ("Active", "held by an account"),
    "offered": ("Pending Transfer", "on offer to another account"),
    "held": ("On Hold", "kept by a registrar, or until a cancellation is decided"),
    "buffer": ("On Hold", "kept against reversals; CDOP has no state of its own for it"),
    "retired": ("Retired", "retired on behalf of the beneficiary"),
    "cancelled": ("Cancelled", "cancelled by two registrars, or for a reversal"),
}
_NO_VISIT = Absent("unknown", "verifiers state their verdict here, and no days of visits")
_NO_TYPE = Absent("not_applicable", "the list of units knows those of other programmes alone")
_NO_OWNER = Absent("withheld", "whose credits they are is told to nobody but their holder")
_NOT_RETIRED = Absent("not_applicable", "these credits are not retired")
# Where the parts of a unit's row stand in the document.
_GROUPS = {
    "descriptor": ("metric", "type"),
    "retirement": ("retirement_beneficiary", "retirement_detail"),
    "reference": ("serial_number", "source_serial_number"),
    "status": ("status", "status_reason"),
    "credit_block": ("quantity", "block_start", "block_end"),
}

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Export:
    """A project's documents, and how they fare against the schema.

    Attributes:
        issuances: The document `Issuances`.
        units: One document `Unit Description` for each run of credits that share a state.
        report: What is missing, unknown, withheld or not applicable; whether it passes.
    """

    issuances: Document
    units: tuple[Document, ...]
    report: Report


def export(session: Session, settings: Settings, project_id: str) -> Export:
    """Write what was issued to a project, and where it is now.

    Raises:
        NotFound: If there is no such project.
        NotAcceptable: If this is a sandbox.
    """
    sandbox.refuse_export(settings)
    detail = project(session, project_id)
    name = f"cdop:{settings.registry_code}:{detail.card.id}"
    cards = sorted(batches.of_project(session, detail.card.id), key=lambda card: card.number)
    found = [issued.batch(session, card.id) for card in cards]
    tables: dict[str, Sequence[Row] | Absent] = {
        "project": [
            {
                _KEY: name,
                "project_identifier": name,
                "current_registry_project_id": detail.card.id,
            }
        ],
        "audits": [_audit(settings, batch) for batch in found],
        "issuance": _issuances(settings, name, found),
        "unit": _units(session, detail.card.id, {card.id: card.number for card in cards}, name),
    }
    nothing = Absent("not_applicable", "nothing was issued to this project")
    told = {table: rows or nothing for table, rows in tables.items()}
    written = exchange.as_json(told)
    return Export(
        issuances={
            "project": {
                "project_identifier": name,
                "audits": [_kept(row) for row in written["audits"]],
            },
            "issuance": {"issuance": [_kept(row) for row in written["issuance"]]},
        },
        units=tuple(_unit_document(detail.card.id, row) for row in written["unit"]),
        report=exchange.report(exchange.schema(SCHEMA), told, _KEY),
    )


def _audit(settings: Settings, batch: BatchDetail) -> Row:
    decision, sha256 = batch.decision, batch.card.estimate_sha256
    nobody = " (signed by a program of a demonstration; nobody looked)" * decision.demonstration
    return {
        _KEY: decision.id,
        "auditor_name": decision.account_name + nobody,
        "auditor_site_visit_start_date": _NO_VISIT,
        "auditor_site_visit_end_date": _NO_VISIT,
        "verification_report_url": f"{settings.public_url}v1/estimates/{sha256}",
        "verification_report_date": decision.decided_at.date().isoformat(),
    }


def _issuances(settings: Settings, name: str, found: Sequence[BatchDetail]) -> list[Row]:
    volumes = [batch.card.credits_t + batch.card.buffer_t for batch in found]
    rows: list[Row] = []
    for batch, volume_t, so_far_t in zip(found, volumes, accumulate(volumes), strict=True):
        card = batch.card
        block = card.credits or card.buffer
        rows.append(
            {
                _KEY: card.id,
                "batch_identifier": f"{name}:{card.number}",
                "issuance_url": f"{settings.public_url}credits/{block.text}"
                if block
                else Absent("not_applicable", "this issuance came to no whole credit"),
                "date_of_issuance": card.issued_at.date().isoformat(),
                "date_of_verification": batch.decision.decided_at.date().isoformat(),
                "verification_period_start": card.vintage_start.isoformat(),
                "verification_period_end": _last_day(card.vintage_end),
                "batch_issued_volume": volume_t,
                "cumulative_issued_volume": so_far_t,
                "issuance_status": "Complete",
            }
        )
    return rows


def _units(session: Session, project_id: str, numbers: Mapping[str, int], name: str) -> list[Row]:
    rows: list[Row] = []
    cursor = None
    while True:
        page = credit_search.search(
            session, RunFilter(project=(project_id,)), sort="changed", limit=_AT_ONCE, cursor=cursor
        )
        retired = _retirements(session, page.items)
        for run in page.items:
            batch = f"{name}:{numbers[run.batch_id]}"
            rows.append(_unit(run, batch, retired.get(run.sequence)))
        cursor = page.next_cursor
        if cursor is None:
            return rows


def _unit(run: CreditRun, batch: str, terms: Mapping[str, object] | None) -> Row:
    status, reason = _STATUS[run.status]
    block = parse_serial(run.serial)
    whom: Cell = str(terms["beneficiary"]) if terms else _NOT_RETIRED
    return {
        _KEY: run.serial,
        "metric": "tCO2e",
        "type": _NO_TYPE,
        "owner_account_id": _NO_OWNER,
        "retirement_beneficiary": whom,
        "retirement_detail": _detail(terms) if terms else _NOT_RETIRED,
        "serial_number": run.serial,
        "source_serial_number": batch,
        "status": status,
        "status_reason": reason,
        "quantity": run.quantity_t,
        "block_start": block.first,
        "block_end": block.last,
        "vintage": _last_day(run.vintage_end),
    }


def _retirements(session: Session, runs: Sequence[CreditRun]) -> dict[int, Mapping[str, object]]:
    sequences = [run.sequence for run in runs if run.status == "retired"]
    found = session.execute(
        select(CreditOrder.sequence, CreditOrder.id).where(
            CreditOrder.kind == "retire", CreditOrder.sequence.in_(sequences)
        )
    )
    return {
        sequence: order_views.retirement(session, str(order_id)).terms
        for sequence, order_id in found.all()
    }


def _detail(terms: Mapping[str, object]) -> Cell:
    said = [str(terms[part]) for part in ("purpose", "reason") if terms.get(part)]
    return "; ".join(said)


def _unit_document(project_id: str, row: Mapping[str, Any]) -> Document:
    unit: dict[str, Any] = {}
    for group, fields in _GROUPS.items():
        some = {field: row[field] for field in fields if row[field] is not None}
        if group == "status":
            some["is_current"] = True  # only what is now is written; the ledger holds the rest
        if some:
            unit[group] = [some]
    return {
        "project": {"current_registry_project_id": project_id},
        "unit": unit,
        "vintage": {"vintage": row["vintage"]},
    }


def _kept(row: Mapping[str, Any]) -> Document:
    return {field: cell for field, cell in row.items() if field != _KEY and cell is not None}


def _last_day(day_after: date) -> str:
    return (day_after - timedelta(days=1)).isoformat()
