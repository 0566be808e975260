"""The page of notices: each account sees its own, and what it has read stays."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from registry_api.db import database
from registry_api.db.models import LedgerEntry, NoticeDelivery
from registry_api.services import notices
from tests.registry_api.a_market import BUYERS
from tests.registry_api.a_registry import DEVELOPER
from tests.registry_api.api.trade_story import Market, a_market
from tests.registry_api.web.test_trade_pages import send

BUYER = BUYERS[0]


@pytest.fixture
def market(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Market]:
    with a_market(tmp_path_factory.mktemp("told")) as opened:
        yield opened


def test_a_notice_is_seen_by_its_account_and_stays_when_read(market: Market) -> None:
    assert "You were told of nothing yet." in market.get("/notices", by=BUYER).text
    opened = database(market.client.app.state.settings.database)  # type: ignore[attr-defined]
    with opened.writing() as session:
        entry = session.scalars(select(LedgerEntry).order_by(LedgerEntry.sequence.desc())).first()
        assert entry is not None
        notices.tell(
            session, "corrected", market.batch["project_id"], {"why": "<b>wrong day</b>"},
            entry=entry, accounts=[BUYER],
        )  # fmt: skip
        (told,) = notices.of_account(session, BUYER).items
    page = market.get("/notices", by=BUYER).text
    assert "An entry of the ledger was corrected" in page
    assert "&lt;b&gt;wrong day" in page
    assert "corrected" not in market.get("/notices", by=DEVELOPER).text.partition("<table")[2]
    read = f"/notices/{told.id}/read"
    assert send(market, read, {}, by=DEVELOPER).status_code == 404
    assert market.client.post(read, follow_redirects=False).status_code in (303, 401, 403)
    for _ in range(2):
        assert send(market, read, {}, by=BUYER).status_code == 303
    shown = market.get("/notices", by=BUYER).text
    assert read not in shown
    assert "wrong day" in shown
    with opened.reading() as session:
        states = session.scalars(select(NoticeDelivery.state)).all()
    assert states == ["read"]
    assert send(market, f"/notices/{10**30}/read", {}, by=BUYER).status_code == 404
