"""The registry in CAD Trust's tables, with a report of what they do not say and why.

Rows refer to each other by keys of their own, `local_id`; CAD Trust makes the final keys while
rows are inserted in the order given. Its blocks are stated as ours: first and last inclusive. Where
a spelling is theirs, it comes from the pinned schema.

Source:
    CAD Trust data model 2.0.2, as pinned in mrv/evidence/cad_trust.toml.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence import exchange
from mrv.evidence.exchange import Absence, Absent, Cell, Report, Row
from mrv.methodologies import load_methodology
from registry_api.db.models import CreditBatch, CreditOrder, Holding, LedgerEntry
from registry_api.services import article6, labels, order_views, sandbox
from registry_api.services import credits as issued
from registry_api.services import projects as registered
from registry_api.services.batches import serial_text
from registry_api.services.holdings import still_open
from registry_api.services.labels import LabelView
from registry_api.services.order_views import Retirement
from registry_api.services.views import BatchDetail, CreditFilter, ProjectDetail
from registry_api.settings import Settings

SCHEMA = "cad_trust"
AEF = "aef_"  # tables of Article 6.2, the agreed electronic format
_MOST = 10_000
_STATUS = {
    "active": ("Held", "Issued and held by an account"),
    "offered": ("Held", "Held while on offer to another account"),
    "held": ("Held", "On hold by a registrar or until a cancellation is decided"),
    "buffer": ("Buffer", "Set aside against reversals"),
    "retired": ("Retired", "Retired on behalf of the beneficiary"),
    "cancelled": ("Cancelled", "Cancelled by two registrars' decision or for a reversal"),
}
_LABEL_TYPES = {
    "Authorisation": "Article 6 - Authorisation",
    "Endorsement": "Article 6 - Endorsement",
    "Letter of Approval": "Article 6 - Letter of Approvals",
    "Letter of Qualification": "Article 6 - Letter of Qualification",
}
_NOT_VALIDATED = Absent(
    "not_applicable",
    "no design document is validated by itself, each period's verification judges the settings and "
    "evidence it stands on; until a validation is registered there, CAD Trust holds this inactive",
)
_NOT_RETIRED = Absent("not_applicable", "these credits are not retired")


@dataclass(frozen=True, slots=True)
class Export:
    """Tables for another registry, and how they fare against its schema.

    Attributes:
        tables: Rows by table, in the order of insertion; null where the report says why.
        report: What is missing, unknown, withheld or not applicable.
    """

    tables: Mapping[str, Sequence[Mapping[str, Any]]]
    report: Report


def export(session: Session, settings: Settings, beginning: str = "") -> Export:
    """Write everything that was issued here as CAD Trust's tables, and check them.

    Args:
        session: Where to look.
        settings: Of the registry.
        beginning: Of the names of the tables that are wanted, as `AEF`; empty for all.

    Raises:
        NotAcceptable: If this is a sandbox.
    """
    sandbox.refuse_export(settings)
    wanted = exchange.schema(SCHEMA)
    rows: dict[str, list[Row]] = {table: [] for table in wanted.tables}
    cards = registered.list_projects(session, limit=_MOST).items
    details = [registered.project(session, card.id) for card in cards]
    _programme(rows, settings)
    for methodology in sorted({(c.methodology_id, c.methodology_version) for c in cards}):
        _methodology(rows, *methodology)
    given = {card.id: labels.valid(labels.of_project(session, card.id)) for card in cards}
    for detail in details:
        _project(rows, settings, detail, wanted)
        of_it = given[detail.card.id]
        _labels(rows, detail, of_it, wanted)
        wanted_batches = CreditFilter(project=detail.card.id)
        for card in issued.batches(session, wanted_batches, limit=_MOST).items:
            batch = issued.batch(session, card.id)
            _issuance(rows, batch)
            _units(session, rows, settings, batch, of_it)
    rows |= article6.tables(session, settings, details, given, wanted)
    told: dict[str, list[Row] | Absent] = {
        table: some or _why_empty(table) for table, some in rows.items()
    }
    found = exchange.report(wanted, told)
    tables = {t: rows for t, rows in exchange.as_json(told).items() if t.startswith(beginning)}
    return Export(tables, _about(found, beginning))


def _about(found: Report, beginning: str) -> Report:
    """Leave of a report what is about some tables; keys may point at any."""
    missing, outside, broken = (
        tuple(place for place in places if place.startswith(beginning))
        for places in (found.required_missing, found.outside_picklists, found.broken_references)
    )
    return replace(
        found,
        rows={table: rows for table, rows in found.rows.items() if table.startswith(beginning)},
        required_missing=missing,
        outside_picklists=outside,
        broken_references=broken,
        gaps=tuple(gap for gap in found.gaps if gap.table.startswith(beginning)),
        passes=not missing and not broken,
    )


def key_of(table: str, name: str) -> str:
    """Name a row, the same each time."""
    return str(uuid5(NAMESPACE_URL, f"parkland:cad-trust:{table}:{name}"))


def _programme(rows: dict[str, list[Row]], settings: Settings) -> None:
    rows["program"].append(
        {
            "local_id": key_of("program", settings.registry_code),
            "program_name": "Parkland smallholder tree carbon",
            "program_registry": "Parkland",
            "program_registry_id": settings.registry_code,
            "program_description": "Ex-post removals by trees on smallholders' farms; every credit "
            "leads to the plots, trees and scenes that it stands on.",
        }
    )


def _methodology(rows: dict[str, list[Row]], name: str, version: int) -> None:
    rules = load_methodology(name, version)
    rows["methodology"].append(
        {
            "local_id": key_of("methodology", f"{name} {version}"),
            "methodology_code": name,
            "methodology_name": rules.title,
            "methodology_type": "Removal - nature",
            "methodology_version": str(version),
            "methodology_date": rules.valid_from,
            "methodology_link": Absent(
                "unknown", "the rules are published with the code, at no address of their own"
            ),
        }
    )


def _project(
    rows: dict[str, list[Row]], settings: Settings, detail: ProjectDetail, wanted: exchange.Schema
) -> None:
    card = detail.card
    project, rules = key_of("project", card.id), f"{card.methodology_id} {card.methodology_version}"
    link = f"{settings.public_url}projects/{card.id}"
    verified = max((batch.issued_at for batch in detail.batches), default=None)
    invented = " Plots, trees and scenes are invented, to show the method." * card.simulated
    rows["project"].append(
        {
            "local_id": project,
            "project_registry_name": "Parkland",
            "project_id": card.id,
            "project_crediting_program": "Parkland",
            "project_name": card.name + " (invented)" * card.simulated,
            "project_link": link,
            "project_description": card.summary + invented,
            "project_sector": ["Afforestation and reforestation"],
            "project_type": ["Agriculture, forestry and other land use (AFOLU)"],
            "project_subtype": "Agroforestry on smallholders' farms",
            "project_status": "Verified" if verified else "Registered",
            "project_status_date": (verified or detail.registered_at).date().isoformat(),
            "project_unit_metric": "tCO2e",
            "cad_trust_program_id": key_of("program", settings.registry_code),
        }
    )
    rows["stakeholder"].append(
        {
            "local_id": key_of("stakeholder", card.id),
            "stakeholder_name": card.developer_name,
            "stakeholder_type": "Developer",
            "stakeholder_link": Absent("unknown", "developers state no address of their own here"),
            "cad_trust_project_id": project,
        }
    )
    rows["project_methodology"].append(
        {
            "local_id": key_of("project_methodology", card.id),
            "cad_trust_project_id": project,
            "cad_trust_methodology_id": key_of("methodology", rules),
            "project_methodology_date": detail.registered_at.date().isoformat(),
            "project_methodology_description": f"Stated by the project's settings, version "
            f"{detail.version}, sha-256 {detail.settings_sha256}",
        }
    )
    country = wanted.countries.get(card.country)
    rows["location"].append(
        {
            "local_id": key_of("location", card.id),
            "location_country": country
            or Absent("unknown", f"no spelling of {card.country} is pinned; add it to the schema"),
            "location_region": card.region,
            "location_gis": Absent(
                "withheld", "where farmers' plots lie is told in coarse cells only; see the map"
            ),
            "location_map_type": "GeoJSON",
            "location_map_file_link": f"{settings.public_url}v1/projects/{card.id}/plots",
            "cad_trust_project_id": project,
        }
    )


def _labels(
    rows: dict[str, list[Row]],
    detail: ProjectDetail,
    given: Iterable[LabelView],
    wanted: exchange.Schema,
) -> None:
    for label in given:
        if label.kind == "sdg":
            rows["co_benefit"].append(
                {
                    "local_id": key_of("co_benefit", label.id),
                    "cobenefit": wanted.goals.get(label.name, label.name),
                    "cad_trust_project_id": key_of("project", detail.card.id),
                }
            )
        else:
            rows["label"].append(
                {
                    "local_id": key_of("label", label.id),
                    "label_name": label.name,
                    "label_type": _LABEL_TYPES.get(label.name, "Certification"),
                    "label_link": label.link,
                    "label_date": label.valid_from.isoformat(),
                }
            )


def _issuance(rows: dict[str, list[Row]], batch: BatchDetail) -> None:
    card, decision = batch.card, batch.decision
    project = key_of("project", card.project_id)
    verification = key_of("verification", decision.id)
    rows["verification"].append(
        {
            "local_id": verification,
            "verification_id": decision.id,
            "verification_start_date": card.vintage_start.isoformat(),
            "verification_end_date": (card.vintage_end - timedelta(days=1)).isoformat(),
            "verification_body": decision.account_name,
            "cad_trust_project_id": project,
            "cad_trust_validation_id": _NOT_VALIDATED,
        }
    )
    rows["issuance"].append(
        {
            "local_id": key_of("issuance", card.id),
            "issuance_id": card.id,
            "issuance_date": card.issued_at.date().isoformat(),
            "cad_trust_verification_id": verification,
            "cad_trust_project_methodology_id": key_of("project_methodology", card.project_id),
            "cad_trust_location_id": key_of("location", card.project_id),
        }
    )


def _units(
    session: Session,
    rows: dict[str, list[Row]],
    settings: Settings,
    batch: BatchDetail,
    given: Iterable[LabelView],
) -> None:
    found = session.execute(
        select(Holding, LedgerEntry, CreditOrder)
        .join(LedgerEntry, LedgerEntry.sequence == Holding.state_sequence)
        .outerjoin(
            CreditOrder,
            (CreditOrder.sequence == Holding.state_sequence) & (CreditOrder.kind == "retire"),
        )
        .where(still_open(), Holding.batch_id == UUID(batch.card.id))
        .order_by(Holding.kind, Holding.first_serial)
    ).all()
    issuance = session.get_one(CreditBatch, UUID(batch.card.id))
    for held, entry, order in found:
        serial = serial_text(issuance, held.kind, held.first_serial, held.last_serial)
        unit = key_of("unit", serial)
        status, reason = _STATUS[held.state]
        rows["unit"].append(
            {
                "local_id": unit,
                "unit_serial_id": serial,
                "unit_start_block": str(held.first_serial),
                "unit_end_block": str(held.last_serial),
                "unit_count": held.quantity_t,
                "unit_type": "Removal - nature",
                "unit_vintage_year": (batch.card.vintage_end - timedelta(days=1)).year,
                "unit_status": status,
                "unit_status_reason": reason,
                "unit_status_date": entry.recorded_at.date().isoformat(),
                **_retired(order_views.retirement(session, str(order.id)) if order else None),
                "unit_link": f"{settings.public_url}credits/{serial}",
                "unit_metric": "tCO2e",
                "unit_current_owner": Absent(
                    "withheld", "whose credits they are is told to nobody but their holder"
                ),
                "unit_itmos_reference_id": Absent(
                    "not_applicable", "no Party has assigned identifiers of ITMOs to these credits"
                ),
                "cad_trust_issuance_id": key_of("issuance", batch.card.id),
            }
        )
        for label in given:
            part = labels.part_of(
                label, held.batch_id, held.kind, held.first_serial, held.last_serial
            )
            if label.kind != "sdg" and part is not None:
                rows["unit_label"].append(
                    {
                        "local_id": key_of("unit_label", f"{label.id} {serial}"),
                        "cad_trust_label_id": key_of("label", label.id),
                        "cad_trust_unit_id": unit,
                        "label_unit_date": label.valid_from.isoformat(),
                        "label_unit_description": label.statement
                        + (f" Of {label.serial} only." if label.serial else ""),
                    }
                )


def _retired(order: Retirement | None) -> dict[str, Cell]:
    if order is None:
        return {
            "unit_retirement_detail": _NOT_RETIRED,
            "unit_retirement_beneficiary": _NOT_RETIRED,
            "unit_retirement_beneficiary_id": _NOT_RETIRED,
        }
    terms = order.terms
    detail = f"{terms['purpose']}: {terms['reason']}" if terms["reason"] else str(terms["purpose"])
    return {
        "unit_retirement_detail": detail,
        "unit_retirement_beneficiary": str(terms["beneficiary"]),
        "unit_retirement_beneficiary_id": str(terms["beneficiary_lei"])
        or Absent("unknown", "no legal entity identifier was stated at the retirement"),
    }


def _why_empty(table: str) -> Absent:
    if table == "validation":
        return _NOT_VALIDATED
    reasons = {
        "estimation": "credits are issued for what was measured; nothing is estimated ahead",
        "rating": "no rating has been shown to the registry",
        "co_benefit": "no co-benefit has been shown with evidence",
        "label": "no label has been shown with its document",
        "unit_label": "no label has been shown with its document",
    }
    why: Absence = "unknown" if table == "rating" else "not_applicable"
    fallback = article6.WHY_EMPTY if table.startswith("aef_") else "nothing was issued yet"
    return Absent(why, reasons.get(table, fallback))
