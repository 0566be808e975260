"""A period keeps its version; a later one follows another when its report is on file."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

import mrv.methodologies
from mrv.evidence.digest import document_digest
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.rules_reports import REPORT_FORMAT, report_digest
from mrv.methodologies import Methodology, load_methodology, methodology_file
from mrv.methodologies.releases import Release
from registry_api.errors import Contradiction, NotAcceptable, NotAllowed, NotFound
from registry_api.services import accounts, methodologies
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    RULES,
    VERIFIER,
    Stage,
    evidence,
    submit,
)


@pytest.fixture
def second(monkeypatch: pytest.MonkeyPatch) -> Iterator[Methodology]:
    """A second release, as if it had been published."""
    raw = methodology_file(RULES.id, 1).replace(b"\nversion = 1\n", b"\nversion = 2\n")
    published = mrv.methodologies.methodology_file

    def file_of(methodology_id: str, version: int) -> bytes:
        return raw if version == 2 else published(methodology_id, version)

    monkeypatch.setattr(mrv.methodologies, "methodology_file", file_of)
    load_methodology.cache_clear()
    rules = load_methodology(RULES.id, 2)
    release = Release(RULES.id, 2, date(2027, 1, 1), "A trial.", rules.digest, "0" * 64, "0" * 64)

    def find(methodology_id: str, version: int) -> Release:
        assert (methodology_id, version) == (RULES.id, 2)
        return release

    monkeypatch.setattr(methodologies, "find_release", find)
    yield rules
    load_methodology.cache_clear()


def under(document: EvidenceDocument, rules: Methodology) -> EvidenceDocument:
    """The same document, as if made under other rules."""
    facts = document.model_dump(mode="json", by_alias=True)
    facts["methodology"] |= {"version": rules.version, "digest": rules.digest}
    return EvidenceDocument.model_validate(facts)


def a_report(document: EvidenceDocument, rules: Methodology, **changes: object) -> dict[str, Any]:
    report: dict[str, Any] = {
        "format": REPORT_FORMAT,
        "project": document.project.id,
        "period": document.period.id,
        "estimate_sha256": document_digest(document),
        "before": {"id": RULES.id, "version": 1, "sha256": RULES.digest},
        "after": {"id": rules.id, "version": rules.version, "sha256": rules.digest},
        "credits_t": {"before": 9, "after": 8},
    } | changes
    return report | {"sha256": report_digest(report)}


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
