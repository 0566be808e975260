"""A verification from assignment to signed opinion, with a finding in between, for the examples."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from registry_api.app import create_app
from registry_api.services import accounts
from registry_api.services.clock import today
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_registry import (
    DEVELOPER,
    NET_KG,
    REGISTRAR,
    VERIFIER,
    evidence,
    found,
    make_settings,
    submit,
)
from tests.registry_api.plot_tables import keep_chips, with_plot_tables

AT = "/v1/projects/lakeside-grevillea/periods/2021-2023/verifications"


def tell(home: Path) -> Mapping[str, Any]:
    """Go through all of it; gives each answer by the name of its example."""
    settings = make_settings(home)
    with unit_of_work(settings) as session:
        farm = found(session, settings)
        first = submit(session, farm, evidence(farm, NET_KG))
        keys = {who: accounts.create_key(session, who) for who in (DEVELOPER, REGISTRAR, VERIFIER)}
    client = TestClient(create_app(settings), base_url="http://127.0.0.1")
    number = 0

    def post(path: str, body: object, who: str) -> dict[str, Any]:
        nonlocal number
        number += 1
        headers = {"Authorization": f"Bearer {keys[who]}", "Idempotency-Key": f"request-{number}"}
        return dict(client.post(path, json=body, headers=headers).raise_for_status().json())

    def get(path: str, who: str = "") -> Any:  # noqa: ANN401  any JSON
        headers = {"Authorization": f"Bearer {keys[who]}"} if who else {}
        return client.get(path, headers=headers).raise_for_status().json()

    told: dict[str, Any] = {"verification": post(AT, {"verifier_id": VERIFIER}, REGISTRAR)}
    here = f"/v1/verifications/{told['verification']['id']}"
    asked = {"node": "plot:P-002", "kind": "clarification", "request": "Which tape was used?",
             "due_on": (today() + timedelta(days=14)).isoformat()}  # fmt: skip
    told["finding"] = post(f"{here}/findings", asked, VERIFIER)
    with unit_of_work(settings) as session:
        again = evidence(farm, (5000, 3100, 1900, -600))
        second = submit(session, farm, with_plot_tables(settings, again))
    at = f"/v1/verification-findings/{told['finding']['id']}"
    mended = {"text": "A steel tape; P-002 was measured again.", "resubmitted": True}
    told["finding_answered"] = post(f"{at}/answer", mended, DEVELOPER)
    told["finding_closed"] = post(f"{at}/settlement", {"text": "Seen."}, VERIFIER)
    told["sample"] = post(f"{here}/sample", {}, VERIFIER)
    told["recomputation"] = post(f"{here}/recomputations", {}, VERIFIER)
    keep_chips(settings, second, "P-002")
    opinion = {"opinion": "qualified", "statement": "Recomputed; one plot visited again.",
               "qualification": "The amounts are invented."}  # fmt: skip
    told["decision"] = post(f"/v1/estimates/{second}/decisions", opinion, VERIFIER)
    return told | {
        "verifications": get("/v1/verifications", VERIFIER),
        "verification_desk": get(here, DEVELOPER),
        "plot_sheet": get(f"{here}/plots/P-002", VERIFIER),
        "plot_evidence": get(f"/v1/estimates/{second}/plot-evidence", DEVELOPER),
        "opinion": get(f"/v1/estimates/{second}/opinion"),
        "run_changes": get(f"/v1/estimates/{second}/changes?since={first}"),
    }
