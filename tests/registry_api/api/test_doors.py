"""Every operation of the API, tried as everybody: by the table in registry_api/doors.py.

Who may not come in is refused before the body is looked at, so nothing here needs a right one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from registry_api.api import router
from registry_api.deps import _presented
from registry_api.doors import DOORS, EVERYBODY, let_in
from registry_api.errors import NotAllowed
from registry_api.services import accounts, keys
from registry_api.services.accounts import AccountView
from registry_api.services.keys import SCOPES, Presented
from registry_api.services.unit_of_work import unit_of_work
from tests.registry_api.api.a_desk import OWN, Desk, opened_desk

ROLES = ("developer", "verifier", "registrar", "buyer")
PLACES = {
    "project_id": OWN,
    "upload_id": str(UUID(int=1)),
    "contest_id": str(UUID(int=1)),
    "order_id": str(UUID(int=1)),
    "key_id": str(UUID(int=1)),
    "sha256": "0" * 64,
    "plot_id": "K-001",
    "batch_id": str(UUID(int=1)),
    "serial": "PKL-KE-NOTHING-C-20210201-20240201-0001-000001-000002-A",
    "kind": "geojson",
}


def every_route(routes: Any) -> list[APIRoute]:  # noqa: ANN401  (Starlette's)
    """Flatten what FastAPI includes."""
    found: list[APIRoute] = []
    for route in routes:
        if isinstance(route, APIRoute):
            found.append(route)
        elif hasattr(route, "original_router"):
            found += every_route(route.original_router.routes)
    return found


def asks(dependant: Any) -> bool:  # noqa: ANN401  (FastAPI's)
    """Whether a route asks who is there."""
    return dependant.call is _presented or any(asks(inner) for inner in dependant.dependencies)


@dataclass(frozen=True)
class Operation:
    """An operation as the application has it."""

    method: str
    path: str
    keyed: bool


def inventory() -> dict[str, Operation]:
    """Every operation of the API, by its id."""
    return {
        route.name: Operation(min(route.methods), f"/v1{route.path}", asks(route.dependant))
        for route in every_route(router.routes)
    }


OPERATIONS = inventory()
KEYED = sorted(name for name, told in OPERATIONS.items() if told.keyed)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with opened_desk(tmp_path_factory.mktemp("doors")) as desk:
        yield desk


@pytest.fixture(scope="module")
def bunch(desk: Desk) -> dict[str, str]:
    """Keys of every role, for everything, for each scope alone, run out, and withdrawn."""
    made: dict[str, str] = {}
    with unit_of_work(desk.settings) as session:
        for role in ROLES:
            account = f"the-{role}"
            accounts.register_account(session, account, account, role)  # type: ignore[arg-type]
            made[role] = accounts.create_key(session, account)
            for scope in SCOPES:
                made[f"{role} {scope}"] = accounts.create_key(session, account, scopes=(scope,))
            made[f"{role} run out"] = accounts.create_key(session, account, days=-1)
            made[f"{role} withdrawn"] = accounts.create_key(session, account)
            accounts.revoke_key(session, made[f"{role} withdrawn"])
    return made


def knock(desk: Desk, name: str, key: str | None) -> tuple[int, str]:
    told = OPERATIONS[name]
    path = re.sub(r"{(\w+)(:\w+)?}", lambda name: PLACES.get(name[1], str(UUID(int=1))), told.path)
    headers = {"Idempotency-Key": "knock-at-the-door"}
    headers |= {"Authorization": f"Bearer {key}"} if key is not None else {}
    answer = desk.client.request(told.method, path, headers=headers)
    problem = answer.headers["content-type"].startswith("application/problem+json")
    return answer.status_code, answer.json()["detail"] if problem else ""


def test_every_operation_has_a_row() -> None:
    without = sorted(OPERATIONS.keys() - DOORS.keys())
    assert not without, (
        f"Add a row to DOORS in registry_api/doors.py for {', '.join(without)}: PUBLIC where it "
        "needs no key, else Door(scope, roles)."
    )
    gone = sorted(DOORS.keys() - OPERATIONS.keys())
    assert not gone, f"Take {', '.join(gone)} out of DOORS in registry_api/doors.py: it is gone."


def test_a_row_says_public_where_the_operation_asks_for_no_key() -> None:
    for name, told in OPERATIONS.items():
        assert (DOORS[name].scope is not None) == told.keyed, (
            f"{name} {'asks' if told.keyed else 'does not ask'} for a key (Caller), and its row "
            "in DOORS says otherwise; mend the one that is wrong."
        )


def test_every_scope_opens_something_and_every_role_comes_in_somewhere() -> None:
    assert {door.scope for door in DOORS.values()} - {None} == set(SCOPES)
    assert set(ROLES) == EVERYBODY
    for name, door in DOORS.items():
        assert door.roles, name


@pytest.mark.parametrize("name", KEYED)
def test_nobody_and_dead_keys_stay_outside(desk: Desk, bunch: dict[str, str], name: str) -> None:
    dead = [None, "", "pkl_nothing", *(bunch[f"{role} run out"] for role in ROLES)]
    for key in [*dead, *(bunch[f"{role} withdrawn"] for role in ROLES)]:
        assert knock(desk, name, key)[0] == 401, key


@pytest.mark.parametrize("name", KEYED)
def test_each_role_comes_in_where_its_row_says(
    desk: Desk, bunch: dict[str, str], name: str
) -> None:
    door = DOORS[name]
    for role in ROLES:
        status, said = knock(desk, name, bunch[role])
        at_the_door = "This needs an account with the role" in said
        if role in door.roles:
            assert not at_the_door, (role, said)
            assert status != 401
        elif door.hides:
            assert (status, said) == (404, f"There is no project '{OWN}'."), role
        else:
            assert status == 403, (role, said)
            assert at_the_door, (role, said)


@pytest.mark.parametrize("name", KEYED)
def test_a_limited_key_opens_what_its_scope_names_and_nothing_else(
    desk: Desk, bunch: dict[str, str], name: str
) -> None:
    for role in sorted(DOORS[name].roles):
        for scope in SCOPES:
            status, said = knock(desk, name, bunch[f"{role} {scope}"])
            refused = "which the key or token you sent does not have" in said
            assert refused == (scope != DOORS[name].scope), (role, scope, status, said)
            assert not refused or status == 403


def test_a_row_that_is_missing_opens_to_keys_without_limits_only() -> None:
    buyer = AccountView("first-buyer", "First buyer", "buyer")
    let_in("nobody_listed_it", Presented(buyer, None), {})
    with pytest.raises(NotAllowed, match="key without limits"):
        let_in("nobody_listed_it", Presented(buyer, frozenset(SCOPES)), {})


def test_pages_that_change_something_ask_who_is_there(desk: Desk) -> None:
    """All but signing in and out, and the choice of a language."""
    open_to_all = {
        route.name
        for route in every_route(desk.client.app.routes)
        if route.methods - {"GET", "HEAD"} and not asks(route.dependant)
    }
    assert open_to_all <= {"sign_in_with", "sign_out", "choose_language"}


def test_a_limited_key_opens_no_page(desk: Desk, bunch: dict[str, str]) -> None:
    opened = TestClient(desk.client.app, base_url="http://127.0.0.1")
    limited = opened.post(
        "/sign-in",
        data={"key": bunch["developer registry:read"]},
        headers={"Origin": "http://127.0.0.1"},
    )
    assert limited.status_code == 401
    shown = opened.get(
        "/my/projects", headers={"Authorization": f"Bearer {bunch['developer registry:read']}"}
    )
    assert shown.status_code == 403


def test_the_use_of_a_key_is_written_down_once_a_day(desk: Desk, bunch: dict[str, str]) -> None:
    key = bunch["buyer"]
    bearing = {"Authorization": f"Bearer {key}"}
    for _ in range(2):
        assert desk.client.get("/v1/holdings", headers=bearing).status_code == 200
    (shown,) = [
        one
        for one in desk.client.get("/v1/keys", headers=bearing).json()
        if key.startswith(one["prefix"])
    ]
    assert shown["last_used_on"] == datetime.now(UTC).date().isoformat()
    assert key not in desk.client.get("/v1/keys", headers=bearing).text


def test_a_key_is_replaced_with_an_overlap(desk: Desk, bunch: dict[str, str]) -> None:
    bearing = {"Authorization": f"Bearer {bunch['buyer']}"}
    body = {"name": "nightly export", "scopes": ["registry:read"], "days": 30}
    old = desk.client.post("/v1/keys", json=body, headers=bearing).json()
    assert desk.client.post("/v1/keys", json=body, headers=bearing).status_code == 409
    address = f"/v1/keys/{old['about']['id']}"
    new = desk.client.post(f"{address}/replacement", headers=bearing)
    assert new.status_code == 201, new.text
    assert new.json()["about"]["scopes"] == ["registry:read"]
    assert new.json()["about"]["replaces"] == old["about"]["id"]
    assert desk.client.post(f"{address}/replacement", headers=bearing).status_code == 409
    for key in (old["key"], new.json()["key"]):  # the overlap
        using = {"Authorization": f"Bearer {key}"}
        assert desk.client.get("/v1/holdings", headers=using).status_code == 200
    ends = next(
        datetime.fromisoformat(one["ends_at"])
        for one in desk.client.get("/v1/keys", headers=bearing).json()
        if one["id"] == old["about"]["id"]
    )
    assert timedelta(days=6) < ends - datetime.now(UTC) <= timedelta(days=keys.OVERLAP_DAYS)
    assert desk.client.delete(address, headers=bearing).status_code == 204
    using = {"Authorization": f"Bearer {old['key']}"}
    assert desk.client.get("/v1/holdings", headers=using).status_code == 401


def test_a_limited_key_makes_no_key_that_may_do_more(desk: Desk, bunch: dict[str, str]) -> None:
    limited = {"Authorization": f"Bearer {bunch['buyer keys:write']}"}
    for scopes in ([], ["credits:retire"], ["keys:write", "credits:trade"]):
        refused = desk.client.post(
            "/v1/keys", json={"name": "more", "scopes": scopes}, headers=limited
        )
        assert refused.status_code == 403, refused.text
    granted = desk.client.post(
        "/v1/keys", json={"name": "as much", "scopes": ["keys:write"]}, headers=limited
    )
    assert granted.status_code == 201


def test_somebody_elses_key_is_like_none(desk: Desk, bunch: dict[str, str]) -> None:
    theirs = desk.client.get("/v1/keys", headers={"Authorization": f"Bearer {bunch['verifier']}"})
    mine = {"Authorization": f"Bearer {bunch['buyer']}"}
    for key_id in (theirs.json()[0]["id"], str(UUID(int=9))):
        assert desk.client.delete(f"/v1/keys/{key_id}", headers=mine).status_code == 404
        assert desk.client.post(f"/v1/keys/{key_id}/replacement", headers=mine).status_code == 404
