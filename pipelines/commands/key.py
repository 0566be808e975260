"""`parkland key`: an account, and a key that a machine comes in with."""

from pathlib import Path
from typing import cast

from pipelines.commands.show import notes
from pipelines.workspace import Workspace
from registry_api.services.accounts import Role, create_key, register_account


def give_key(account: str, home: Path, *, name: str, role: str) -> None:
    """Open the account where there is none yet, and print a new key for it, alone on stdout."""
    with Workspace(home).registry() as session:
        opened = register_account(session, account, name or account, cast("Role", role))
        key = create_key(session, opened.id)
    print(key)  # noqa: T201  nothing may be wrapped or styled: it is for a pipe
    notes.print(
        f"That is a key of {opened.name}, a {opened.role}. It is shown this once; send it as "
        "'Authorization: Bearer <key>'."
    )
