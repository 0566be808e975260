"""A loss from report to settlement, and what takes two registrars, as every address answers."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from registry_api.services.clock import today
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.a_market import NET_KG, SECOND_REGISTRAR
from tests.registry_api.a_registry import (
    DEVELOPER,
    REGISTRAR,
    VERIFIER,
    Books,
    Farm,
    a_farm,
    approve,
    evidence,
    submit,
)
from tests.registry_api.api.trade_story import Market, _ok

PROJECT = "/v1/projects/lakeside-grevillea"


def an_estimate(market: Market, net_kg: tuple[int, ...], *, period: int) -> str:
    """Have an estimate approved: of the issued period again, or of the next one."""
    settings = market.client.app.state.settings  # type: ignore[attr-defined]  # FastAPI's own
    farm: Farm = a_farm(settings, plots=len(NET_KG))
    if period:
        farm.books = Books(sum(NET_KG), sum(NET_KG) // 1000, sum(NET_KG) // 4000)
    with unit_of_work(settings) as session:
        sha256 = submit(session, farm, evidence(farm, net_kg, period=period))
        approve(session, sha256)
    return sha256


def a_loss(market: Market) -> dict[str, Any]:
    """Report a burnt plot and have it confirmed, classified and quantified."""
    day = today().isoformat()
    body = {"plot_id": "P-001", "broke_on": (today() - timedelta(days=40)).isoformat(),
            "reason": "The field burnt after the harvest"}  # fmt: skip
    case = _ok(market.post(f"{PROJECT}/reversals", body, by=DEVELOPER))["id"]
    at = f"/v1/reversals/{case}"
    confirm = {"step": "confirm", "on": day, "reason": "Seen on the picture of May"}
    _ok(market.post(f"{at}/steps", confirm, by=VERIFIER))
    classify = {"step": "classify", "on": day, "reason": "Lightning", "cause": "fire"}
    _ok(market.post(f"{at}/steps", classify, by=VERIFIER))
    return dict(_ok(market.post(f"{at}/loss", {"agb_before_t": [1.2], "on": day}, by=VERIFIER)))


def tell(market: Market) -> Mapping[str, Any]:
    """Go through all of it; gives each answer by the name of its example."""
    late = an_estimate(market, (15_600, 9_000, -200), period=0)
    ahead = an_estimate(market, (3_000, 0, 0), period=1)
    proposal = _ok(market.post("/v1/proposals/issuances", {"estimate_sha256": ahead}, by=REGISTRAR))
    _ok(market.post(f"/v1/proposals/{proposal['id']}/drop", {"note": "Not yet"}, by=REGISTRAR))
    reads = {"reads": {"developer": "Lakeside Cooperative"}, "reason": "The name was misspelt"}
    asked = _ok(market.post("/v1/ledger/1/corrections", reads, by=REGISTRAR))
    _ok(market.post(f"/v1/proposals/{asked['id']}/confirm", {}, by=SECOND_REGISTRAR))
    who = {"member_id": "the-chair", "name": "The chair"}
    at = f"/v1/accounts/{DEVELOPER}/members"
    member = _ok(market.post(at, who, by=REGISTRAR))
    reversal = a_loss(market)
    settlement = _ok(market.post(f"{PROJECT}/settlements", {"reason": "Fire of May"}, by=REGISTRAR))
    notices = _ok(market.get("/v1/notices", by=DEVELOPER))
    first = notices["items"][0]["id"]
    restated = {"estimate_sha256": late, "reason": "Trees of June measured late"}
    return {
        "proposal": proposal,
        "proposals": _ok(market.get("/v1/proposals", by=REGISTRAR)),
        "corrections": _ok(market.get("/v1/ledger/1/corrections")),
        "member": member,
        "members": _ok(market.get(at, by=DEVELOPER)),
        "reversal": reversal,
        "reversals": _ok(market.get(f"{PROJECT}/reversals", by=DEVELOPER)),
        "settlement": settlement,
        "settlements": _ok(market.get(f"{PROJECT}/settlements")),
        "standing": _ok(market.get(f"{PROJECT}/standing")),
        "buffer": _ok(market.get(f"{PROJECT}/buffer")),
        "notices": notices,
        "notice": _ok(market.post(f"/v1/notices/{first}/read", {}, by=DEVELOPER)),
        "restatement": _ok(market.post("/v1/restatements", restated, by=REGISTRAR)),
        "restatements": _ok(market.get(f"/v1/batches/{market.batch['id']}/restatements")),
    }
