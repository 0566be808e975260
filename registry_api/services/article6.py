"""Article 6.2 of the Paris Agreement: the agreed electronic format's tables, by host country.

What a Party reports is its own; the registry fills what it knows: authorisations whose letters it
was shown (table 2), what happened to the credits they name (3), and which of them are held (4).
Credits become ITMOs only by an authorisation, and get identifiers of ITMOs from the Party.

Source:
    Decision 6/CMA.4, annex VI, in the columns of CAD Trust 2.0.2 (mrv/evidence/cad_trust.toml).
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from mrv.evidence.exchange import Absent, Cell, Row, Schema
from registry_api.db.models import CreditBatch, Holding, LedgerEntry
from registry_api.services import clock, labels
from registry_api.services.holdings import still_open
from registry_api.services.labels import LabelView
from registry_api.services.views import ProjectDetail
from registry_api.settings import Settings

TABLES = (
    "aef_t1_submission",
    "aef_t2_authorizations",
    "aef_t3_actions",
    "aef_t4_holdings",
    "aef_t5_authorized_entities",
)
WHY_EMPTY = "no letter of authorisation under Article 6 has been shown to the registry"
_PARTYS = Absent("unknown", "the Party says so in its own submission")
_NO_ID = Absent("unknown", "the Party has told the registry no identifiers of ITMOs")
_ACTIONS = {"retired": "Use", "cancelled": "Cancellation"}


def tables(
    session: Session,
    settings: Settings,
    projects: Sequence[ProjectDetail],
    given: Mapping[str, Sequence[LabelView]],
    wanted: Schema,
) -> dict[str, list[Row]]:
    """Fill the five tables.

    Args:
        session: Where to look.
        settings: Of the registry.
        projects: All of them.
        given: Their labels that count today.
        wanted: The schema with its spellings.
    """
    rows: dict[str, list[Row]] = {table: [] for table in TABLES}
    for country in sorted({detail.card.country for detail in projects}):
        rows["aef_t1_submission"].append(_submission(country, wanted))
    for detail in projects:
        for label in given[detail.card.id]:
            if label.kind == "article6" and label.name == "Authorisation":
                rows["aef_t2_authorizations"].append(_authorisation(label, detail))
                _movements(session, rows, settings, label, detail)
    return rows


def _submission(country: str, wanted: Schema) -> Row:
    party = wanted.countries.get(country, country)
    return {
        "local_id": _key("aef_t1_submission", country),
        "aef_t1_submission_party": party,
        "aef_t1_submission_version": "0",
        "aef_t1_submission_report_year": clock.now().year,
        "aef_t1_submission_date": clock.now().date().isoformat(),
        "aef_t1_submission_review_status": Absent(
            "not_applicable", "a draft for the Party, which has not submitted it"
        ),
        "aef_t1_submission_consistency_check_result": Absent(
            "not_applicable", "a draft for the Party, which has not submitted it"
        ),
        "aef_t1_submission_ndc_period_start_year": _PARTYS,
        "aef_t1_submission_ndc_period_end_year": _PARTYS,
    }


def _authorisation(label: LabelView, detail: ProjectDetail) -> Row:
    terms, table = label.terms, "aef_t2_authorizations"
    until = label.valid_until.isoformat() if label.valid_until else "no end stated"
    return {
        "local_id": _key(table, label.id),
        f"{table}_authorization_id": terms["reference"],
        f"{table}_date": label.valid_from.isoformat(),
        f"{table}_cooperative_approach_id": terms["cooperative_approach"],
        f"{table}_quantity": _stated(terms, "quantity_t", "the letter names no quantity"),
        f"{table}_metric": "GHC",
        f"{table}_gwp_value": Absent("not_applicable", "removals are of CO2 alone"),
        f"{table}_sector": "Agriculture forestry and other land use (AFOLU)",
        f"{table}_activity_type": "Agriculture",
        f"{table}_purposes_for_authorization": terms["purposes"],
        f"{table}_authorized_party_id": detail.card.country,
        f"{table}_oimp_authorized_party": _stated(terms, "oimp_party", "the letter names none"),
        f"{table}_authorized_timeframe": f"{label.valid_from.isoformat()} to {until}",
        f"{table}_authorization_terms": label.statement,
        f"{table}_authorization_documentation": label.link,
        f"{table}_first_transfer_definition_oimp": terms["first_transfer"],
        "cad_trust_project_id": str(
            uuid5(NAMESPACE_URL, f"parkland:cad-trust:project:{detail.card.id}")
        ),
    }


def _movements(
    session: Session,
    rows: dict[str, list[Row]],
    settings: Settings,
    label: LabelView,
    detail: ProjectDetail,
) -> None:
    found = session.execute(
        select(Holding, LedgerEntry, CreditBatch)
        .join(LedgerEntry, LedgerEntry.sequence == Holding.state_sequence)
        .join(CreditBatch, CreditBatch.id == Holding.batch_id)
        .where(still_open(), Holding.project_id == detail.card.id, Holding.state != "buffer")
        .order_by(Holding.kind, Holding.first_serial)
    ).all()
    for held, entry, batch in found:
        part = labels.part_of(label, held.batch_id, held.kind, held.first_serial, held.last_serial)
        if part is None:
            continue
        first, last = part
        action = _ACTIONS.get(held.state)
        table = "aef_t3_actions" if action else "aef_t4_holdings"
        row: dict[str, Cell] = {
            "local_id": _key(table, f"{label.id} {held.kind} {first}"),
            f"{table}_cooperative_approach_id": label.terms["cooperative_approach"],
            f"{table}_authorization_id": label.terms["reference"],
            f"{table}_first_transferring_party_id": detail.card.country,
            f"{table}_party_itmo_registry_id": _NO_ID,
            f"{table}_itmo_first_id": _NO_ID,
            f"{table}_itmo_last_id": _NO_ID,
            f"{table}_unit_registry_id": settings.registry_code,
            f"{table}_unit_first_id": str(first),
            f"{table}_unit_last_id": str(last),
            f"{table}_metric": "GHC",
            f"{table}_gwp_value": Absent("not_applicable", "removals are of CO2 alone"),
            f"{table}_quantity_t_co2": last - first + 1,
            f"{table}_mitigation_type": "Removals",
            f"{table}_vintage_year": (batch.vintage_end - timedelta(days=1)).year,
            "cad_trust_aef_t2_authorizations_id": _key("aef_t2_authorizations", label.id),
        }
        if action:
            row |= {
                f"{table}_date": entry.effective_at.date().isoformat(),
                f"{table}_type": action,
                f"{table}_subtype": Absent("not_applicable", "the type says it all"),
                f"{table}_transferring_party_id": detail.card.country,
                f"{table}_acquiring_party_id": _PARTYS,
                f"{table}_purpose_of_use_oimp": label.terms["purposes"],
                f"{table}_itmo_used_year": entry.effective_at.year,
            }
        rows[table].append(row)


def _stated(terms: Mapping[str, str], name: str, otherwise: str) -> Cell:
    return terms.get(name) or Absent("not_applicable", otherwise)


def _key(table: str, name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"parkland:cad-trust:{table}:{name}"))
