"""`parkland key` and `parkland link`: an account, and what a machine or person comes in with."""

from collections.abc import Sequence
from pathlib import Path
from typing import cast

from pipelines.commands.show import notes
from pipelines.workspace import Workspace
from registry_api.services import tokens
from registry_api.services.accounts import KEY_DAYS, Role, create_key, register_account
from registry_api.services.keys import check_scopes

_OPERATOR = "operator"  # whoever has the registry's own machine


def give_key(
    account: str,
    home: Path,
    *,
    name: str,
    role: str,
    scopes: Sequence[str] = (),
    days: int = KEY_DAYS,
) -> None:
    """Open the account where there is none yet, and print a new key for it, alone on stdout."""
    check_scopes(scopes)
    with Workspace(home).registry() as session:
        opened = register_account(session, account, name or account, cast("Role", role))
        key = create_key(session, opened.id, scopes=scopes, days=days)
    print(key)  # noqa: T201  nothing may be wrapped or styled: it is for a pipe
    notes.print(
        f"That is a key of {opened.name}, a {opened.role}. It is shown this once; send it as "
        "'Authorization: Bearer <key>'."
    )


def link_subject(account: str, subject: str, home: Path, *, end: bool) -> None:
    """Let a subject of the issuer act for an account, or no longer."""
    workspace = Workspace(home)
    issuer = workspace.settings.oidc_issuer
    with workspace.registry() as session:
        if end:
            tokens.unlink(session, issuer, subject, by=_OPERATOR)
        else:
            tokens.link(session, issuer, subject, account, by=_OPERATOR)
    notes.print(f"{subject} of {issuer} acts for {'nobody' if end else account} now.")
