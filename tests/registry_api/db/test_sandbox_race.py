"""Test units and credits of two sessions at once: one waits for the other, and one is refused."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, insert, inspect, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from registry_api.db import Database
from registry_api.db.models import CreditBatch
from tests.registry_api.a_registry import evidence, found, issue, make_settings, sha
from tests.registry_api.db.a_postgres import a_database

NET_KG = (260_000, 190_000, 150_000)


@pytest.fixture
def opened(postgres: str) -> Iterator[Database]:
    with a_database(postgres, "two-sessions", template="migrated") as url:
        opened = Database(url)
        yield opened
        opened.close()


def put(connection: Connection, like: dict[str, object], registry_code: str) -> None:
    """Write a batch past every service and every trigger: only constraints are left."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    connection.execute(text("SET LOCAL lock_timeout = '200ms'"))
    own = {
        "id": uuid4(),
        "number": 2,
        "period_key": -1,
        "estimate_sha256": sha("another estimate"),
        "decision_id": uuid4(),
        "registry_code": registry_code,
    }
    connection.execute(insert(CreditBatch).values(like | own))


def test_a_test_unit_waits_for_a_credit_that_is_being_issued(
    opened: Database, tmp_path: Path
) -> None:
    with opened.writing() as session:
        farm = found(session, make_settings(tmp_path, of=opened), plots=len(NET_KG))
    with opened.writing() as session:
        issue(session, farm, evidence(farm, NET_KG), "first-issuance")
        batch = session.scalars(select(CreditBatch)).one()
        like = {column.key: getattr(batch, column.key) for column in inspect(CreditBatch).columns}
        # The credit is not committed, so the trigger of another session cannot see it.
        with (
            opened.engine.connect() as other,
            pytest.raises(OperationalError, match="lock timeout"),
        ):
            put(other, like, "TST")
        with opened.engine.connect() as other:
            put(other, like, "PKL")  # one of its own kind goes by
    with (
        opened.engine.connect() as other,
        pytest.raises(IntegrityError, match="ex_credit_batches_of_one_kind"),
    ):
        put(other, like, "TST")
