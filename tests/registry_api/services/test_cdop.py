"""CDOP's documents: what was issued and where it is now, and an honest word on what is missing."""

from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator

from registry_api.errors import NotFound
from registry_api.services import cdop, orders
from registry_api.services import credits as known
from registry_api.services.holdings import Lot
from registry_api.services.retirement_terms import RetirementTerms
from registry_api.services.views import BatchCard, CreditFilter
from tests.registry_api.a_registry import DEVELOPER, VERIFIER, Stage

PROJECT = "lakeside-grevillea"
TERMS = RetirementTerms(beneficiary="Lakeside Hotel", purpose="voluntary", reason="Heating, 2025")


def _object(required: str, **parts: object) -> dict[str, object]:
    return {"type": "object", "required": required.split(), "properties": parts}


def _some(required: str, **parts: object) -> dict[str, object]:
    return {"type": "array", "items": _object(required, **parts)}


# The published schemas in short, written down apart from what the export reads.
WHOLE, DAY = {"type": "integer"}, {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
UNIT = Draft202012Validator(
    _object(
        "project unit vintage",
        project=_object("current_registry_project_id"),
        unit=_object(
            "owner_account_id",
            descriptor=_some("metric type", metric={"enum": ["tCO2e", "tCO2"]}),
            reference=_some("serial_number"),
            status=_some(
                "is_current status",
                is_current={"type": "boolean"},
                status={"enum": ["Retired", "Active", "Cancelled", "On Hold", "Pending Transfer"]},
            ),
            credit_block=_some(
                "block_end block_start quantity",
                block_end=WHOLE,
                block_start=WHOLE,
                quantity=WHOLE,
            ),
        ),
        vintage=_object("vintage", vintage=DAY),
    )
)
AUDIT = (
    "auditor_name auditor_site_visit_end_date auditor_site_visit_start_date "
    "verification_report_date verification_report_url"
)
ISSUANCES = Draft202012Validator(
    _object(
        "project",
        project=_object("", audits=_some(AUDIT, verification_report_date=DAY)),
        issuance=_object(
            "",
            issuance=_some(
                "", date_of_issuance=DAY, batch_issued_volume=WHOLE, cumulative_issued_volume=WHOLE
            ),
        ),
    )
)


def missing(validator: Draft202012Validator, document: cdop.Document) -> set[str]:
    """Names of required properties that a document lacks; anything else wrong is its own name."""
    return {
        error.message.split("'")[1] if error.validator == "required" else error.message
        for error in validator.iter_errors(document)
    }


def written(stage: Stage) -> tuple[BatchCard, cdop.Export]:
    with stage.registry.reading() as session:
        (batch,) = known.batches(session, CreditFilter()).items
        return batch, cdop.export(session, stage.settings, PROJECT)


def test_documents_lack_what_the_report_says_and_nothing_else(issued: Stage) -> None:
    _, made = written(issued)
    lacking = {place.split(".")[1] for place in made.report.required_missing}
    found = set[str]().union(*(missing(UNIT, unit) for unit in made.units))
    assert found == {"owner_account_id", "type"}
    assert found | missing(ISSUANCES, made.issuances) == lacking
    assert not made.report.passes
    said = {gap.field: gap.why for gap in made.report.gaps}
    assert said["owner_account_id"] == "withheld"
    assert said["type"] == "not_applicable"
    assert said["auditor_site_visit_start_date"] == "unknown"
    assert not made.report.outside_picklists
    assert not made.report.broken_references


def test_issuances_say_what_was_verified_and_issued(issued: Stage) -> None:
    batch, made = written(issued)
    (audit,) = made.issuances["project"]["audits"]
    (issuance,) = made.issuances["issuance"]["issuance"]
    with issued.registry.reading() as session:
        decision = known.batch(session, batch.id).decision
    assert decision.account_id == VERIFIER
    assert audit["auditor_name"].startswith(decision.account_name)
    assert issuance["batch_identifier"] == f"cdop:PKL:{PROJECT}:1"
    assert issuance["batch_issued_volume"] == batch.credits_t + batch.buffer_t == 11
    assert issuance["cumulative_issued_volume"] == 11
    assert issuance["verification_period_start"] == batch.vintage_start.isoformat()
    last = batch.vintage_end - timedelta(days=1)
    assert issuance["verification_period_end"] == last.isoformat()


def test_units_are_where_they_are_now_and_none_is_lost(issued: Stage) -> None:
    with issued.registry.writing() as session:
        (batch,) = known.batches(session, CreditFilter()).items
        orders.retire(
            session,
            [Lot(batch_id=batch.id, quantity_t=4)],
            TERMS,
            "four-for-the-hotel",
            by=DEVELOPER,
        )
    _, made = written(issued)
    blocks = sorted(
        (
            unit["unit"]["credit_block"][0]["block_start"],
            unit["unit"]["credit_block"][0]["block_end"],
            unit["unit"]["status"][0]["status"],
        )
        for unit in made.units
    )
    assert blocks == [(1, 4, "Retired"), (5, 9, "Active"), (10, 11, "On Hold")]
    for unit in made.units:
        (block,) = unit["unit"]["credit_block"]
        assert block["quantity"] == block["block_end"] - block["block_start"] + 1
        assert unit["unit"]["reference"][0]["source_serial_number"] == f"cdop:PKL:{PROJECT}:1"
    (retired,) = (unit["unit"]["retirement"] for unit in made.units if "retirement" in unit["unit"])
    assert retired == [
        {
            "retirement_beneficiary": "Lakeside Hotel",
            "retirement_detail": "voluntary; Heating, 2025",
        }
    ]


def test_a_project_without_credits_says_so(founded: Stage) -> None:
    with founded.registry.reading() as session:
        made = cdop.export(session, founded.settings, PROJECT)
        with pytest.raises(NotFound):
            cdop.export(session, founded.settings, "nowhere")
    assert made.units == ()
    assert made.issuances["issuance"] == {"issuance": []}
    assert {gap.table for gap in made.report.gaps} == {"audits", "issuance", "unit"}
    assert made.report.passes
