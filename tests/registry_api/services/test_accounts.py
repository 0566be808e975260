"""Keys open one account, are never kept, and can be taken back."""

import pytest
from sqlalchemy import text

from registry_api.db import Database
from registry_api.errors import NotAcceptable, NotAuthenticated, NotFound
from registry_api.services import accounts, keys
from registry_api.services.projects import register_project
from tests.registry_api.a_registry import DEVELOPER, project_settings, sha


def test_a_key_finds_its_account_and_is_not_kept(registry: Database) -> None:
    with registry.writing() as session:
        accounts.register_account(session, "green-eyes", "Green Eyes", "verifier")
        key = accounts.create_key(session, "green-eyes")
        assert keys.authenticate(session, key).account.role == "verifier"
        kept = str(session.execute(text("SELECT * FROM api_keys")).all())
    assert key not in kept
    assert len(key) >= 43


@pytest.mark.parametrize("key", ["", "pkl_nothing", "\ud800", "x" * 100_000])
def test_an_unknown_key_opens_nothing(registry: Database, key: str) -> None:
    with registry.reading() as session, pytest.raises(NotAuthenticated):
        keys.authenticate(session, key)


def test_a_revoked_key_opens_nothing(registry: Database) -> None:
    with registry.writing() as session:
        accounts.register_account(session, "green-eyes", "Green Eyes", "verifier")
        key, other = (accounts.create_key(session, "green-eyes") for _ in range(2))
        accounts.revoke_key(session, key)
        assert keys.authenticate(session, other).account.id == "green-eyes"
        with pytest.raises(NotAuthenticated):
            keys.authenticate(session, key)
        with pytest.raises(NotFound):
            accounts.revoke_key(session, "pkl_nothing")


@pytest.mark.parametrize("account_id", ["", "no", "UPPER", "-dash", "a" * 41, "sp ace", "<b>"])
def test_an_account_id_is_a_slug(registry: Database, account_id: str) -> None:
    with registry.writing() as session, pytest.raises(NotAcceptable, match="id of 3 to 40"):
        accounts.register_account(session, account_id, "Name", "buyer")


def test_a_key_needs_an_account(registry: Database) -> None:
    with registry.writing() as session, pytest.raises(NotFound):
        accounts.create_key(session, "nobody")


def test_a_developer_s_name_is_learned_where_the_key_came_first(registry: Database) -> None:
    """And it is not changed by what somebody states later."""
    with registry.writing() as session:
        accounts.register_account(session, DEVELOPER, DEVELOPER, "developer")
        stated = project_settings(developer_name="Lakeside Cooperative")
        assert register_project(session, stated, sha("one")).card.developer_name == (
            "Lakeside Cooperative"
        )
        renamed = project_settings(developer_name="Another Name")
        register_project(session, renamed, sha("two"))
        assert accounts.account(session, DEVELOPER).name == "Lakeside Cooperative"
