"""`parkland key`: the way in for whoever uploads, verifies or issues."""

from pathlib import Path

import pytest

from mrv.errors import MrvError
from pipelines.commands.key import give_key
from pipelines.workspace import Workspace
from registry_api.services.keys import authenticate


def test_a_key_opens_the_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, role in (("Nyando growers", "developer"), ("", "developer")):
        give_key("nyando-growers", tmp_path, name=name, role=role)
        (key,) = capsys.readouterr().out.splitlines()
        with Workspace(tmp_path).reading() as session:
            caller = authenticate(session, key).account
        assert (caller.id, caller.name, caller.role) == (
            "nyando-growers",
            "Nyando growers",
            "developer",
        )


@pytest.mark.parametrize(
    ("account", "role", "told"),
    [("Nyando growers", "developer", "needs an id"), ("nyando-growers", "king", "one of the")],
)
def test_what_is_no_account_is_a_sentence(
    tmp_path: Path, account: str, role: str, told: str
) -> None:
    with pytest.raises(MrvError, match=told):
        give_key(account, tmp_path, name="", role=role)


def test_an_account_keeps_its_one_role(tmp_path: Path) -> None:
    give_key("nyando-growers", tmp_path, name="", role="developer")
    with pytest.raises(MrvError, match="an account has one role"):
        give_key("nyando-growers", tmp_path, name="", role="verifier")
