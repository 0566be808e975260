"""What both databases refuse of the ledger's rules by themselves: raw rows, past every service."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from registry_api.db import Database
from registry_api.services import ledger


def test_the_database_refuses_effect_before_its_time_too(either: Database) -> None:
    with either.writing() as session:
        ledger.append(session, "project_changed", actor="somebody", payload={})
    with (
        pytest.raises(DBAPIError, match="takes effect before its time"),
        either.engine.begin() as connection,
    ):
        connection.execute(
            text(
                "INSERT INTO ledger_entries SELECT sequence + 1, kind, :ahead, recorded_at, actor, "
                "payload, payload_hash, entry_hash, payload_hash FROM ledger_entries"
            ),
            {"ahead": datetime.now(UTC) + timedelta(days=1)},
        )
