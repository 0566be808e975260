"""The document: every sum in it is one, its digest is stable, its shape is the published one."""

import io
import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from mrv.crediting.issuance import issue
from mrv.crediting.waterfall import waterfall
from mrv.errors import NotCreditable
from mrv.estimation.estimate import ChangeEstimate
from mrv.evidence.bundle import Origin, build_document
from mrv.evidence.digest import bytes_digest, canonical_json, document_digest, stream_digest
from mrv.evidence.documents import EvidenceDocument
from mrv.methodologies import load_methodology

SCHEMA = Path(__file__).parents[3] / "schemas" / "evidence" / "1-0-0.json"
RULES = load_methodology("agroforestry_removals", 1)


def test_the_published_schema_is_that_of_the_class() -> None:
    assert json.loads(SCHEMA.read_text()) == EvidenceDocument.model_json_schema()


def test_a_document_keeps_to_the_published_schema(document: EvidenceDocument) -> None:
    jsonschema.validate(json.loads(canonical_json(document)), json.loads(SCHEMA.read_text()))


def test_kilograms_add_up_to_the_last(document: EvidenceDocument) -> None:
    lines = {line.key: line.quantity_kg for line in document.waterfall}
    books = document.quantities
    assert sum(s.gross_kg for s in document.strata) == lines["gross"]
    assert sum(p.gross_kg for p in document.plots) == lines["gross"]
    assert sum(p.net_kg for p in document.plots) == lines["issuable"] == books.cumulative_net_kg
    assert 1000 * books.credits_t + books.carried_out_kg == books.cumulative_net_kg
    assert books.buffer_t == -lines["buffer"] // 1000
    assert books.credits_t > 0


def test_it_says_how_the_map_did_and_what_other_roads_give(document: EvidenceDocument) -> None:
    assert document.model.estimator == "greg"
    assert document.model.accepted
    assert document.model.rrmse is not None
    assert document.check is not None
    assert document.check.greg_t == pytest.approx(document.check.expansion_t, rel=0.25)


def test_what_a_registry_decides_is_no_verdict_of_the_document(document: EvidenceDocument) -> None:
    assert "methodology_verified" not in {v.gate for v in document.verdicts}
    assert document.methodology.unverified == RULES.unverified != ()


def test_the_digest_survives_a_round_trip_and_notices_a_kilogram(
    document: EvidenceDocument,
) -> None:
    again = EvidenceDocument.model_validate_json(document.model_dump_json(by_alias=True, indent=3))
    assert document_digest(again) == document_digest(document)
    quantities = document.quantities.model_copy(
        update={"carried_out_kg": document.quantities.carried_out_kg + 1}
    )
    changed = document.model_copy(update={"quantities": quantities})
    assert document_digest(changed) != document_digest(document)


def test_a_stream_has_the_digest_of_its_bytes() -> None:
    data = bytes(range(256)) * 10_000
    assert stream_digest(io.BytesIO(data)) == bytes_digest(data)
    assert bytes_digest(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_of_nothing_there_is_no_evidence(estimate: ChangeEstimate, origin: Origin) -> None:
    nothing = np.zeros(1)
    empty = replace(
        estimate,
        estimator="none",
        gross_tco2e=nothing,
        baseline_tco2e=nothing,
        net_tco2e=nothing,
    )
    falling = waterfall(
        gross_tco2e=0,
        baseline_tco2e=0,
        u90=empty.u90,
        project_emissions_tco2e=0,
        methodology=RULES,
    )
    with pytest.raises(NotCreditable, match="no evidence to write for kisumu-women 2021-2024"):
        build_document(origin, empty, falling, issue(falling.issuable_kg), verdicts=(), plots=())
