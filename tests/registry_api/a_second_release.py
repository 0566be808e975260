"""A second version of the rules, as if it had been released, and the report that adopts it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any
from unittest.mock import patch

import mrv.methodologies
from mrv.evidence.digest import document_digest
from mrv.evidence.documents import EvidenceDocument
from mrv.evidence.rules_reports import REPORT_FORMAT, report_digest
from mrv.methodologies import Methodology, load_methodology, methodology_file
from mrv.methodologies.releases import Release
from registry_api.services import methodologies
from tests.registry_api.a_registry import RULES


@contextmanager
def second_release() -> Iterator[Methodology]:
    """Let version 2 be among what is released, meanwhile."""
    raw = methodology_file(RULES.id, 1).replace(b"\nversion = 1\n", b"\nversion = 2\n")

    def file_of(methodology_id: str, version: int) -> bytes:
        return raw if version == 2 else methodology_file(methodology_id, version)

    with patch.object(mrv.methodologies, "methodology_file", file_of):
        load_methodology.cache_clear()
        rules = load_methodology(RULES.id, 2)
        unknown = "0" * 64
        release = Release(RULES.id, 2, date(2027, 1, 1), "A trial.", rules.digest, unknown, unknown)
        with patch.object(methodologies, "find_release", lambda _id, _version: release):
            yield rules
    load_methodology.cache_clear()


def a_report(document: EvidenceDocument, rules: Methodology, **changes: object) -> dict[str, Any]:
    """Give the report on other rules for an estimate, changed as asked."""
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
