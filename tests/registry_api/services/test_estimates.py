"""A document that contradicts itself, the register, or itself has a gap is not taken in."""

from collections.abc import Callable
from typing import Any

import pytest

from mrv.evidence.digest import document_digest
from mrv.evidence.documents import EvidenceDocument
from registry_api.errors import EvidenceMissing, EvidenceWrong, NotAllowed, NotFound
from registry_api.services import accounts, estimates
from tests.registry_api.a_registry import DEVELOPER, NET_KG, VERIFIER, Stage, evidence, submit

Spoiler = Callable[[dict[str, Any]], None]


def changed(document: EvidenceDocument, spoil: Spoiler) -> EvidenceDocument:
    """Copy a document with one thing wrong."""
    facts = document.model_dump(mode="json", by_alias=True)
    spoil(facts)
    return EvidenceDocument.model_validate(facts)


def _one_kilogram_more(facts: dict[str, Any]) -> None:
    facts["plots"][0]["net_kg"] += 1


def _gross_plot(facts: dict[str, Any]) -> None:
    facts["plots"][0]["gross_kg"] += 1


def _gross_stratum(facts: dict[str, Any]) -> None:
    facts["strata"][0]["gross_kg"] -= 1


def _deduction_left_out(facts: dict[str, Any]) -> None:
    facts["waterfall"][4]["quantity_kg"] = 0


def _deduction_that_adds(facts: dict[str, Any]) -> None:
    facts["waterfall"][3]["quantity_kg"] = 1000
    facts["waterfall"][4]["quantity_kg"] = -3000


def _another_order(facts: dict[str, Any]) -> None:
    lines = facts["waterfall"]
    lines[2], lines[3] = lines[3], lines[2]


def _one_credit_more(facts: dict[str, Any]) -> None:
    facts["quantities"]["credits_t"] += 1


def _carry_of_a_tonne(facts: dict[str, Any]) -> None:
    facts["quantities"]["credits_t"] -= 1
    facts["quantities"]["carried_out_kg"] += 1000


def _reversal_beside_credits(facts: dict[str, Any]) -> None:
    facts["quantities"]["credits_t"] += 1
    facts["quantities"]["reversal_kg"] = 1000


def _negative_credits(facts: dict[str, Any]) -> None:
    facts["quantities"]["buffer_t"] = -1


def _plot_twice(facts: dict[str, Any]) -> None:
    facts["plots"][1]["plot_id"] = facts["plots"][0]["plot_id"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_one_kilogram_more, "plots share 9401 kg, the period earned 9400 kg"),
        (_gross_plot, "plots removed"),
        (_gross_stratum, "strata removed"),
        (_deduction_left_out, "the lines above net_benefit add up to 12750 kg"),
        (_deduction_that_adds, "project_emissions adds 1000 kg"),
        (_another_order, "must read gross, baseline"),
        (_one_credit_more, "9400 kg are open, credits with carry and reversal make 10400 kg"),
        (_carry_of_a_tonne, "1400 kg are carried"),
        (_reversal_beside_credits, "a reversal leaves neither"),
        (_negative_credits, "cannot be below zero"),
        (_plot_twice, "plots named more than once: P-001"),
    ],
)
def test_sums_that_are_none(founded: Stage, spoil: Spoiler, said: str) -> None:
    document = changed(evidence(founded.farm, NET_KG), spoil)
    with founded.registry.writing() as session, pytest.raises(EvidenceWrong, match=said):
        submit(session, founded.farm, document)


def _no_trees(facts: dict[str, Any]) -> None:
    facts["artifacts"] = [a for a in facts["artifacts"] if a["name"] != "trees"]


def _no_scene(facts: dict[str, Any]) -> None:
    facts["scenes"] = []


def _no_gate(facts: dict[str, Any]) -> None:
    facts["verdicts"] = []


def _no_code(facts: dict[str, Any]) -> None:
    facts["run"]["code_version"] = " "


def _artifact_never_kept(facts: dict[str, Any]) -> None:
    facts["artifacts"][0]["sha256"] = "0" * 64


def _nothing_measured(facts: dict[str, Any]) -> None:
    for plot in facts["plots"]:
        plot["trees_measured"] = 0


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_no_trees, "artifact 'trees'"),
        (_no_scene, "no scene"),
        (_no_gate, "no gate"),
        (_no_code, "which code"),
        (_artifact_never_kept, "is not kept here"),
        (_nothing_measured, "no plot has a measured tree"),
    ],
)
def test_a_missing_edge(founded: Stage, spoil: Spoiler, said: str) -> None:
    """Promise 6: every number has a way down."""
    document = changed(evidence(founded.farm, NET_KG), spoil)
    with founded.registry.writing() as session, pytest.raises(EvidenceMissing, match=said):
        submit(session, founded.farm, document)


def _unknown_plot(facts: dict[str, Any]) -> None:
    facts["plots"][0]["plot_id"] = "P-999"


def _other_area(facts: dict[str, Any]) -> None:
    facts["plots"][0]["area_ha"] *= 2


def _other_rules(facts: dict[str, Any]) -> None:
    facts["methodology"]["digest"] = "0" * 64


def _rules_called_verified(facts: dict[str, Any]) -> None:
    facts["methodology"]["unverified"] = []


def _other_dates(facts: dict[str, Any]) -> None:
    facts["period"]["end"] = "2023-02-02"


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_unknown_plot, "not registered: P-999"),
        (_other_area, "registered area is another: P-001"),
        (_other_rules, "not the one this registry has"),
        (_rules_called_verified, "not the one this registry has"),
        (_other_dates, "is registered as 2021-02-01 to 2023-02-01"),
    ],
)
def test_what_does_not_fit_the_register(founded: Stage, spoil: Spoiler, said: str) -> None:
    document = changed(evidence(founded.farm, NET_KG), spoil)
    with founded.registry.writing() as session, pytest.raises(EvidenceWrong, match=said):
        submit(session, founded.farm, document)


def test_the_same_document_twice_is_one(founded: Stage) -> None:
    document = evidence(founded.farm, NET_KG)
    with founded.registry.writing() as session:
        first = estimates.submit_estimate(session, document, settings=founded.farm.settings)
        again = estimates.submit_estimate(session, document, settings=founded.farm.settings)
    assert (first.new, again.new) == (True, False)
    assert first.sha256 == again.sha256 == document_digest(document)


def test_a_refused_estimate_can_be_shown(founded: Stage) -> None:
    document = evidence(founded.farm, NET_KG, failing=["plausible_growth"])
    with founded.registry.writing() as session:
        shown = estimates.estimate(session, submit(session, founded.farm, document))
    assert shown.state == "refused"
    assert [v.gate for v in shown.verdicts if not v.passed] == ["plausible_growth"]


def test_only_the_developer_submits(founded: Stage) -> None:
    with founded.registry.writing() as session, pytest.raises(NotAllowed):
        estimates.submit_estimate(
            session,
            evidence(founded.farm, [1000, 0, 0, 0]),
            settings=founded.farm.settings,
            by=VERIFIER,
        )


def test_an_unregistered_project_is_not_found(founded: Stage) -> None:
    def elsewhere(facts: dict[str, Any]) -> None:
        facts["project"]["id"] = "nowhere-known"

    with founded.registry.writing() as session, pytest.raises(NotFound, match="nowhere-known"):
        submit(session, founded.farm, changed(evidence(founded.farm, [1000, 0, 0, 0]), elsewhere))


def test_the_exact_document_is_for_those_who_need_it(founded: Stage) -> None:
    with founded.registry.writing() as session:
        sha256 = submit(session, founded.farm, evidence(founded.farm, NET_KG))
        accounts.register_account(session, "some-buyer", "Buyer", "buyer")
        accounts.register_account(session, "rival-farms", "Rival", "developer")
        for reader in (DEVELOPER, VERIFIER):
            text = estimates.exact_document(session, sha256, accounts.account(session, reader))
            assert '"area_ha":1.234567' in text
        for reader in ("some-buyer", "rival-farms"):
            with pytest.raises(NotAllowed):
                estimates.exact_document(session, sha256, accounts.account(session, reader))
