"""The page of an estimate's evidence by plot: who sees it, what it shows, whose looks are kept."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from registry_api.app import create_app
from registry_api.db import database
from registry_api.db.models import PrivateLook
from registry_api.services import accounts
from registry_api.settings import Settings
from registry_api.web.strips import HEIGHT, WIDTH, strips
from tests.registry_api import a_registry
from tests.registry_api.plot_tables import with_plot_tables

OTHER = "buys-for-itself"


@dataclass(frozen=True)
class Site:
    """A registry whose one estimate names its plots' evidence."""

    client: TestClient
    settings: Settings
    keys: Mapping[str, str]
    address: str
    older: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    settings = a_registry.make_settings(Path(tmp_path_factory.mktemp("evidence")))
    with database(settings.database).writing() as session:
        farm = a_registry.found(session, settings, plots=4)
        plain = a_registry.evidence(farm, [9000, 7000, 5000, -400])
        older = a_registry.submit(session, farm, plain)
        sha256 = a_registry.submit(session, farm, with_plot_tables(settings, plain))
        accounts.register_account(session, OTHER, "Buys For Itself", "buyer")
        keys = {
            who: accounts.create_key(session, who)
            for who in (a_registry.VERIFIER, a_registry.DEVELOPER, OTHER)
        }
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        home = f"/projects/{farm.project.id}/evidence"
        yield Site(client, settings, keys, f"{home}/{sha256}", f"{home}/{older}")
    database(settings.database).close()


def seen(site: Site, by: str, address: str = "", purpose: str = "") -> tuple[int, str]:
    site.client.cookies.clear()
    same = {"Sec-Fetch-Site": "same-origin"}
    site.client.post("/sign-in", data={"key": site.keys[by]}, headers=same)
    if purpose:
        site.client.cookies.set("purpose", purpose)
    answer = site.client.get(address or site.address, headers=same, follow_redirects=False)
    site.client.cookies.clear()
    return answer.status_code, answer.text


def looks(site: Site) -> list[tuple[str, str, str]]:
    with database(site.settings.database).reading() as session:
        rows = session.execute(select(PrivateLook).order_by(PrivateLook.id)).scalars()
        return [(row.account_id, row.what, row.purpose) for row in rows]


def test_a_verifier_sees_every_plot_the_gravest_first_and_what_is_held(site: Site) -> None:
    before = len(looks(site))
    status, text = seen(site, a_registry.VERIFIER, purpose="Audit")
    assert status == 200, text
    order = [text.index(f'/plots/{plot}"') for plot in ("P-003", "P-002", "P-004", "P-001")]
    assert order == sorted(order)
    assert "0.310" in text, "hectares of cover lost"
    assert "suspect, waits for somebody to look: fire" in text
    assert "not seen for long" in text
    assert text.count('class="held"') == 2
    (look,) = looks(site)[before:]
    assert look == (a_registry.VERIFIER, "evidence", "Audit")


def test_nobody_looks_without_a_purpose_or_a_part_in_the_project(site: Site) -> None:
    before = len(looks(site))
    status, _ = seen(site, a_registry.VERIFIER)
    assert status == 303, "a verifier says first what for"
    assert seen(site, OTHER, purpose="Curious")[0] == 404
    site.client.cookies.clear()
    assert site.client.get(site.address, follow_redirects=False).status_code == 303
    assert len(looks(site)) == before


def test_a_developer_sees_their_own_and_is_led_there(site: Site) -> None:
    assert seen(site, a_registry.DEVELOPER)[0] == 200
    status, text = seen(site, a_registry.DEVELOPER, site.address.split("/evidence")[0] + "/plots")
    assert status == 200
    assert "/evidence/" in text


def test_what_is_not_there_is_said(site: Site) -> None:
    status, text = seen(site, a_registry.DEVELOPER, site.older)
    assert status in {404, 409, 422}
    assert "before_enrolment" in text
    assert seen(site, a_registry.DEVELOPER, site.address[:-4] + "0000")[0] == 404


def test_a_strip_counts_every_plot_once_on_one_scale() -> None:
    drawn = strips({"a": [(0.0, False), (10.0, True), (10.0, False)], "b": [(-2.0, False)]}, 8.0)
    assert drawn is not None
    assert (drawn.low, drawn.high) == (-2.0, 10.0)
    assert drawn.limit == pytest.approx(WIDTH * 10 / 12, abs=0.1)
    a, b = drawn.strips
    assert (a.plots, a.marked, b.plots) == (3, 1, 1)
    assert max(c.free + c.marked for c in a.columns) <= HEIGHT
    assert len(a.columns) == 2
    assert b.columns[0].left == 0
    assert strips({"a": []}) is None
