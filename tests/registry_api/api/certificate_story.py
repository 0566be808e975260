"""A certificate from retirement to revocation, a label and an export, for the examples."""

from collections.abc import Mapping
from typing import Any

from tests.registry_api.a_market import SECOND_REGISTRAR
from tests.registry_api.a_registry import DEVELOPER
from tests.registry_api.api.trade_story import TERMS, Market

LABEL = {
    "kind": "sdg",
    "name": "SDG 5 - Gender equality",
    "project_id": "lakeside-grevillea",
    "statement": "312 of 500 members who were paid are women.",
    "document_sha256": "ab" * 32,
    "link": "https://example.org/report.pdf",
    "valid_from": "2024-01-01",
}


def tell(market: Market) -> Mapping[str, Any]:
    """Retire, certify, revoke, label and export; each answer by the name of its example."""
    retired = market.post("/v1/retirements", {"lots": market.lots(1), **TERMS}, by=DEVELOPER).json()
    place = f"/v1/retirements/{retired['id']}"
    told = {
        "certificate": market.get(f"{place}/certificate"),
        "revocation": market.post(
            f"{place}/revocation", {"reason": "The name is misspelt"}, by=SECOND_REGISTRAR
        ),
        "status_list": market.get("/v1/status-lists/0"),
        "label": market.post("/v1/labels", LABEL, by=SECOND_REGISTRAR),
        "labels": market.get("/v1/projects/lakeside-grevillea/labels"),
        "cad_trust": market.get("/v1/exports/cad-trust", by=SECOND_REGISTRAR),
        "aef": market.get("/v1/exports/aef", by=SECOND_REGISTRAR),
        "cdop": market.get("/v1/exports/cdop/lakeside-grevillea", by=SECOND_REGISTRAR),
    }
    assert all(answer.is_success for answer in told.values())
    return {name: answer.json() for name, answer in told.items()}
