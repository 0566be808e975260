"""`parkland signing`: keys of the registry on this machine, a new one, and one that was copied."""

from datetime import UTC, datetime
from pathlib import Path

from pipelines.commands.show import console, notes, table
from pipelines.workspace import Workspace
from registry_api.services import clock, signing


def list_keys(home: Path) -> None:
    """Print every key that ever signed here, oldest first."""
    workspace = Workspace(home)
    with workspace.registry() as session:
        signing.adopt(session, workspace.settings)
        keys = signing.public_keys(session)
    now = signing.current_key_id(workspace.settings)
    rows = [
        [
            key.key_id,
            f"{key.since:%Y-%m-%d %H:%M}",
            f"void from {key.void_from:%Y-%m-%d %H:%M}"
            if key.void_from
            else "signs"
            if key.key_id == now
            else "checks what it signed",
        ]
        for key in keys
    ]
    console.print(table("Keys of this registry", ["key", "since", "state"], rows, text=3))


def rotate_key(home: Path) -> None:
    """Put a new key in place.

    Raises:
        NotReady: If the settings name the key's file: then whoever named it puts another there.
    """
    workspace = Workspace(home)
    with workspace.registry() as session:
        earlier = signing.rotate(session, workspace.settings)
    console.print(f"This registry signs with {signing.current_key_id(workspace.settings)} now.")
    notes.print(
        f"The earlier key is kept in {earlier}; delete it once nobody needs it. If it may have "
        "been copied, revoke it: parkland signing revoke."
    )


def revoke_key(
    home: Path, key_id: str, because: str, registrar: str, since: datetime | None
) -> None:
    """Revoke a key.

    Raises:
        NotAllowed: If the account is no registrar.
        NotFound: If the key never signed here.
        NotAcceptable: If the time lies ahead.
        Contradiction: If it was revoked already.
    """
    workspace = Workspace(home)
    from_then = since.replace(tzinfo=UTC) if since else clock.now()
    with workspace.registry() as session:
        signing.revoke(session, key_id, from_then, because, by=registrar)
    console.print(f"What {key_id} signed from {from_then:%Y-%m-%d %H:%M} UTC on counts no more.")
    if key_id == signing.current_key_id(workspace.settings):
        notes.print("It still is the key in force: make a new one with parkland signing rotate.")
