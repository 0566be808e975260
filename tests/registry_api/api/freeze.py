"""Write the API's frozen description and examples: `python -m tests.registry_api.api.freeze`.

Only when the API was changed on purpose; a change that breaks callers is a new version instead.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from registry_api.api import examples
from registry_api.app import create_app
from registry_api.services import accounts, methodologies
from registry_api.services.unit_of_work import unit_of_work
from registry_api.services.views import BatchCard
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    VERIFIER,
    evidence,
    found,
    issue,
    make_settings,
)
from tests.registry_api.a_second_release import a_report, second_release
from tests.registry_api.an_upload import ZIP, a_project, zipped
from tests.registry_api.api import (
    certificate_story,
    rules_story,
    trade_story,
    verification_story,
)
from tests.registry_api.api.a_desk import opened_desk
from tests.registry_api.api.upload_story import tell

ROOT = Path(__file__).parents[3]
FROZEN = ROOT / "schemas" / "openapi" / "v1.json"
EXAMPLES = Path(examples.__file__).with_suffix(".json")
_SHOWN = 2


def addresses(batch: BatchCard) -> dict[str, str]:
    """Give each example's address in a registry that has issued this batch."""
    assert batch.credits is not None
    estimate, serial = f"/v1/estimates/{batch.estimate_sha256}", f"/v1/serials/{batch.credits.text}"
    project = f"/v1/projects/{batch.project_id}"
    return {
        "portfolio": "/v1/portfolio",
        "projects": "/v1/projects",
        "project": project,
        "methodologies": "/v1/methodologies",
        "methodology": "/v1/methodologies/agroforestry_removals/1",
        "adoptions": f"{project}/methodologies",
        "periods": f"{project}/periods",
        "plots": f"{project}/plots",
        "credits": "/v1/credits?limit=1",
        "credit_facets": "/v1/credits/facets?country=KE",
        "batches": "/v1/batches",
        "ledger": "/v1/ledger",
        "batch": f"/v1/batches/{batch.id}",
        "serial": f"{serial}?unit=4",
        "lineage": f"{serial}/lineage",
        "lineage_nodes": f"{serial}/lineage/nodes?kind=scene",
        "lineage_node": f"{serial}/lineage/nodes/plot:P-001",
        "estimate": estimate,
        "document": f"{estimate}/document",
        "plot_trace": f"{estimate}/plots/P-001",
        "inclusion": "/v1/log/inclusion/1?size=3",
        "consistency": "/v1/log/consistency?before=2&after=3",
        "signing_keys": "/v1/signing-keys",
        "health": "/v1/health",
        "ready": "/v1/ready",
    }


def shortened(value: Any, key: str = "") -> Any:  # noqa: ANN401  (any JSON)
    """Cut lists to what a reader needs; the rings of polygons stay whole."""
    if isinstance(value, dict):
        return {name: shortened(part, name) for name, part in value.items()}
    if isinstance(value, list) and key != "coordinates":
        return [shortened(part) for part in value[:_SHOWN]]
    return value


def main() -> None:
    """Write both files."""
    with tempfile.TemporaryDirectory() as folder:
        settings = make_settings(Path(folder))
        with unit_of_work(settings) as session:
            farm = found(session, settings)
            document = evidence(farm, NET_KG)
            batch = issue(session, farm, document, "first-issuance")
            developer = accounts.account(session, DEVELOPER)
            with second_release() as rules:
                methodologies.adopt(
                    session, a_report(document, rules), reason="Newer sources.", by=developer
                )
            key = accounts.create_key(session, VERIFIER)
        client = TestClient(create_app(settings), base_url="http://127.0.0.1")
        bearing = {"Authorization": f"Bearer {key}"}
        shown = {
            name: shortened(client.get(address, headers=bearing).raise_for_status().json())
            for name, address in addresses(batch).items()
        }
        card = shown["batches"]["items"][0]
        with unit_of_work(settings) as session:
            own = {"Authorization": f"Bearer {accounts.create_key(session, DEVELOPER)}"}
        sent = {"content": zipped(a_project()), "headers": own | ZIP}
        shown["upload"] = client.post("/v1/projects", **sent).raise_for_status().json()
    with tempfile.TemporaryDirectory() as folder, opened_desk(Path(folder)) as desk:
        shown |= {name: shortened(answer) for name, answer in tell(desk).items()}
    with tempfile.TemporaryDirectory() as folder, trade_story.a_market(Path(folder)) as market:
        shown |= {name: shortened(answer) for name, answer in trade_story.tell(market).items()}
    with tempfile.TemporaryDirectory() as folder, trade_story.a_market(Path(folder)) as market:
        shown |= {name: shortened(answer) for name, answer in rules_story.tell(market).items()}
    with tempfile.TemporaryDirectory() as folder, trade_story.a_market(Path(folder)) as market:
        shown |= {
            name: shortened(answer) for name, answer in certificate_story.tell(market).items()
        }
    with tempfile.TemporaryDirectory() as folder:
        told = verification_story.tell(Path(folder))
        shown |= {name: shortened(answer) for name, answer in told.items()}
    shown |= {"batch_card": card}
    EXAMPLES.write_text(json.dumps(shown, indent=1) + "\n", encoding="utf-8")
    examples.known_examples.cache_clear()
    FROZEN.parent.mkdir(parents=True, exist_ok=True)
    frozen = create_app(settings).openapi()
    FROZEN.write_text(json.dumps(frozen, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
