"""A period keeps its version; a later one follows another when its report is on file."""

from collections.abc import Iterator
from typing import Any

import pytest

from mrv.evidence.digest import document_digest
from mrv.evidence.documents import EvidenceDocument
from mrv.methodologies import Methodology
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import accounts, methodologies
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    VERIFIER,
    Stage,
    evidence,
    submit,
)
from tests.registry_api.a_second_release import a_report, second_release


@pytest.fixture
def second() -> Iterator[Methodology]:
    with second_release() as rules:
        yield rules


def under(document: EvidenceDocument, rules: Methodology) -> EvidenceDocument:
    """The same document, as if made under other rules."""
    facts = document.model_dump(mode="json", by_alias=True)
    facts["methodology"] |= {"version": rules.version, "digest": rules.digest}
    return EvidenceDocument.model_validate(facts)


def test_a_period_keeps_its_version(submitted: Stage, second: Methodology) -> None:
    again = under(evidence(submitted.farm, NET_KG), second)
    with submitted.registry.writing() as session, pytest.raises(Contradiction, match="keeps it"):
        submit(session, submitted.farm, again)


def test_the_next_period_follows_another_version_once_its_report_is_on_file(
    submitted: Stage, second: Methodology
) -> None:
    first = evidence(submitted.farm, NET_KG)
    following = under(evidence(submitted.farm, NET_KG, period=1), second)
    with submitted.registry.writing() as session, pytest.raises(Contradiction, match="not adopted"):
        submit(session, submitted.farm, following)
    with submitted.registry.writing() as session:
        developer = accounts.account(session, DEVELOPER)
        report = a_report(first, second)
        adopted = methodologies.adopt(session, report, reason="Newer leakage.", by=developer)
        assert (adopted.credits_before_t, adopted.credits_after_t) == (9, 8)
        assert methodologies.adopt(session, report, reason="Twice.", by=developer) == adopted
        assert methodologies.adoptions(session, submitted.farm.project.id) == (adopted,)
    with submitted.registry.writing() as session:
        assert submit(session, submitted.farm, following) == document_digest(following)


def test_only_an_untouched_report_of_the_projects_own_run_is_taken(
    submitted: Stage, second: Methodology
) -> None:
    first = evidence(submitted.farm, NET_KG)
    good = a_report(first, second)
    draft = a_report(first, second, after=good["after"] | {"sha256": "f" * 64})
    other = a_report(first, second, before=good["before"] | {"sha256": "f" * 64})
    elsewhere = a_report(first, second, estimate_sha256="f" * 64)
    refused: list[tuple[dict[str, Any], str, type[Exception]]] = [
        (good | {"credits_t": {"before": 9, "after": 9}}, DEVELOPER, NotAcceptable),
        ({}, DEVELOPER, NotAcceptable),
        (draft, DEVELOPER, NotAcceptable),
        (other, DEVELOPER, Contradiction),
        (elsewhere, DEVELOPER, NotFound),
        (good, VERIFIER, NotAllowed),
    ]
    for report, account, error in refused:
        with submitted.registry.writing() as session:
            by = accounts.account(session, account)
            with pytest.raises(error):
                methodologies.adopt(session, report, reason="Because.", by=by)
            assert methodologies.adoptions(session, submitted.farm.project.id) == ()
