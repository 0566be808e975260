"""What is sent to other registries: whole, in their spelling, with every blank explained."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pytest

from mrv.evidence.exchange import schema
from registry_api.services import accounts, cad_trust, labels, orders
from registry_api.services import credits as in_issue
from registry_api.services.cad_trust import Export
from registry_api.services.holdings import Lot
from registry_api.services.label_terms import NewLabel
from registry_api.services.retirement_terms import RetirementTerms
from registry_api.services.views import CreditFilter
from tests.registry_api.a_registry import DEVELOPER, REGISTRAR, Stage

# Section 2.1 of the reference of registries: what must be there before CAD Trust shows anything.
FOR_ACTIVATION = {
    "project": (
        "project_registry_name",
        "project_id",
        "project_name",
        "project_link",
        "project_sector",
        "project_type",
        "project_status",
        "project_status_date",
        "project_unit_metric",
    ),
    "location": ("location_country",),
    "verification": ("verification_id", "verification_body"),
    "issuance": (
        "issuance_id",
        "cad_trust_verification_id",
        "cad_trust_project_methodology_id",
        "cad_trust_location_id",
    ),
    "unit": (
        "unit_serial_id",
        "unit_start_block",
        "unit_end_block",
        "unit_count",
        "unit_type",
        "unit_vintage_year",
        "unit_status",
        "unit_status_reason",
        "unit_status_date",
        "unit_metric",
    ),
    "methodology": ("methodology_code", "methodology_name"),
}
LETTER = NewLabel(
    kind="article6",
    name="Authorisation",
    project_id="lakeside-grevillea",
    statement="Kenya authorises these credits for use towards other purposes.",
    document_sha256="cd" * 32,
    link="https://example.org/letter.pdf",
    valid_from=date(2025, 1, 1),
    terms={
        "reference": "KE-2025-7",
        "cooperative_approach": "CA0042",
        "purposes": "OIMP",
        "first_transfer": "Issuance",
    },
)
GOAL = NewLabel(
    kind="sdg",
    name="SDG 9 - Industry, innovation, and infrastructure",
    project_id="lakeside-grevillea",
    statement="A nursery was built.",
    document_sha256="ab" * 32,
    link="https://example.org/nursery.pdf",
    valid_from=date(2024, 1, 1),
)


def export(stage: Stage) -> Export:
    with stage.registry.reading() as session:
        return cad_trust.export(session, stage.settings)


def retire(stage: Stage, quantity_t: int) -> None:
    terms = RetirementTerms("Lakeside Hotel", "voluntary", "Heating of 2025")
    with stage.registry.writing() as session:
        (batch,) = in_issue.batches(session, CreditFilter()).items
        lots = [Lot(batch_id=batch.id, quantity_t=quantity_t)]
        orders.retire(session, lots, terms, "the-first-retirement", by=DEVELOPER)


def of_status(units: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for unit in units:
        total[unit["unit_status"]] = total.get(unit["unit_status"], 0) + unit["unit_count"]
    return total


def test_a_registry_with_issued_and_retired_credits_passes(issued: Stage) -> None:
    retire(issued, 4)
    told = export(issued)
    assert told.report.passes
    assert told.report.required_missing == told.report.broken_references == ()
    for table, fields in FOR_ACTIVATION.items():
        assert told.tables[table], table
        for field in fields:
            assert all(row[field] not in (None, "", []) for row in told.tables[table]), field
    assert of_status(told.tables["unit"]) == {"Held": 5, "Retired": 4, "Buffer": 2}
    (retired,) = [u for u in told.tables["unit"] if u["unit_status"] == "Retired"]
    assert retired["unit_retirement_beneficiary"] == "Lakeside Hotel"
    assert retired["unit_retirement_detail"] == "voluntary: Heating of 2025"


def test_blocks_are_inclusive_and_nobody_is_named(issued: Stage) -> None:
    """CAD Trust's own sample counts 1000 units in a block of 1002."""
    retire(issued, 4)
    told = export(issued)
    for unit in told.tables["unit"]:
        first, last = int(unit["unit_start_block"]), int(unit["unit_end_block"])
        assert unit["unit_count"] == last - first + 1
        assert f"-{first:06d}-{last:06d}-" in unit["unit_serial_id"]
        assert unit["unit_current_owner"] is None
    gaps = {(gap.table, gap.field): gap.why for gap in told.report.gaps}
    assert gaps["unit", "unit_current_owner"] == "withheld"
    assert gaps["location", "location_gis"] == "withheld"
    assert gaps["estimation", ""] == "not_applicable"
    assert gaps["validation", ""] == "not_applicable"  # a verification is not passed off as one
    assert all(gap.reason for gap in told.report.gaps)


def test_only_a_verifier_that_their_list_lacks_is_outside_a_picklist(issued: Stage) -> None:
    outside = export(issued).report.outside_picklists
    assert {place.partition(":")[0] for place in outside} == {
        "verification.verification_body",
    }


def test_rows_come_in_an_order_in_which_they_can_be_inserted(issued: Stage) -> None:
    told = export(issued)
    seen: set[str] = set()
    assert tuple(told.tables) == tuple(schema("cad_trust").tables)
    for rows in told.tables.values():
        for row in rows:
            referred = {v for k, v in row.items() if k.startswith("cad_trust_") and v is not None}
            assert referred <= seen
        seen |= {row["local_id"] for row in rows}


def test_an_empty_registry_says_that_it_is(founded: Stage) -> None:
    told = export(founded)
    assert told.tables["unit"] == []
    assert [row["project_status"] for row in told.tables["project"]] == ["Registered"]
    gaps = {gap.table: gap.reason for gap in told.report.gaps if not gap.field}
    assert gaps["unit"] == "nothing was issued yet"


def test_an_authorisation_fills_the_tables_of_article_6(issued: Stage) -> None:
    before = export(issued)
    assert before.tables["aef_t2_authorizations"] == []
    assert [row["aef_t1_submission_party"] for row in before.tables["aef_t1_submission"]] == [
        "Kenya"
    ]
    retire(issued, 4)
    with issued.registry.writing() as session:
        labels.give(session, LETTER, "the-letter", by=REGISTRAR)
        labels.give(session, GOAL, "the-goal", by=REGISTRAR)
    told = export(issued)
    (letter,) = told.tables["aef_t2_authorizations"]
    assert letter["aef_t2_authorizations_metric"] == "GHC"
    (used,) = told.tables["aef_t3_actions"]
    assert (used["aef_t3_actions_type"], used["aef_t3_actions_quantity_t_co2"]) == ("Use", 4)
    (held,) = told.tables["aef_t4_holdings"]
    assert held["aef_t4_holdings_quantity_t_co2"] == 5
    assert held["aef_t4_holdings_vintage_year"] == 2023
    # The Party has not said which ITMOs these are, and that is not made up.
    assert "aef_t4_holdings.aef_t4_holdings_itmo_first_id" in told.report.required_missing
    assert [row["cobenefit"] for row in told.tables["co_benefit"]] == [
        "SDG 9 - Industry innovation and infrastructure"
    ]
    assert {row["label_type"] for row in told.tables["label"]} == {"Article 6 - Authorisation"}
    assert len(told.tables["unit_label"]) == len(told.tables["unit"])


def test_a_letter_of_some_credits_counts_those_only(issued: Stage) -> None:
    with issued.registry.writing() as session:
        (batch,) = in_issue.batches(session, CreditFilter()).items
        assert batch.credits is not None
        part = in_issue.find_serial(session, batch.credits.text, unit=3).serial
        some = NewLabel(**{f: getattr(LETTER, f) for f in NewLabel.__slots__} | {"serial": part})
        labels.give(session, some, "the-letter", by=REGISTRAR)
    (held,) = export(issued).tables["aef_t4_holdings"]
    assert (held["aef_t4_holdings_unit_first_id"], held["aef_t4_holdings_unit_last_id"]) == (
        "3",
        "3",
    )


@pytest.mark.parametrize("who", [DEVELOPER, "a-buyer"])
def test_a_buyer_or_developer_gives_no_labels(issued: Stage, who: str) -> None:
    with issued.registry.writing() as session:
        accounts.register_account(session, "a-buyer", "A buyer", "buyer")
        with pytest.raises(Exception, match="registrar"):
            labels.give(session, GOAL, "my-own-goal", by=who)
