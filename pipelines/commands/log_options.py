"""The options of `parkland log` and `parkland signing`; what they do is in `log` and `signing`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

log = typer.Typer(no_args_is_help=True, help="The public log: hold it to what you kept of it.")
signing = typer.Typer(no_args_is_help=True, help="The key that this machine's registry signs with.")

Home = Annotated[
    Path,
    typer.Option(
        "--home", envvar="PARKLAND_HOME", help="Where the registry is kept.", file_okay=False
    ),
]
DEFAULT_HOME = Path(".parkland")
Registry = Annotated[str, typer.Option(help="Address of the registry.")]
Keys = Annotated[list[str] | None, typer.Option(help="Public key you trust, z6Mk...; repeat.")]


@log.command("verify")
def log_verify(
    old: Annotated[Path, typer.Argument(help="A checkpoint you kept.", exists=True)],
    new: Annotated[
        Path | None, typer.Argument(help="A newer one; else the registry's newest.", exists=True)
    ] = None,
    proof: Annotated[
        Path | None, typer.Option(help="Answer of /v1/log/consistency, to work offline.")
    ] = None,
    registry: Registry = "",
    key: Keys = None,
) -> None:
    """Check that nothing in the log was changed since a checkpoint that you kept."""
    from pipelines.commands.log import verify_log

    verify_log(old, new, proof, registry, key or [])


@log.command("witness")
def log_witness(
    kept: Annotated[
        Path, typer.Argument(help="Your copy of the log's state; made the first time.")
    ],
    name: Annotated[str, typer.Option(help="Your name as a witness, e.g. witness.example.")],
    registry: Registry,
    secret: Annotated[
        Path, typer.Option(help="File with your Ed25519 key; made the first time.")
    ] = Path("witness.key"),
    key: Keys = None,
) -> None:
    """See that the log goes on from what you kept, and sign its newest state as a witness."""
    from pipelines.commands.log import witness_log

    witness_log(kept, name, registry, secret, key or [])


@log.command("audit")
def log_audit(
    home: Home = DEFAULT_HOME,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint that somebody kept.", exists=True)
    ] = None,
    key: Keys = None,
) -> None:
    """Recompute ledger and log, and name the first entry that was edited behind the registry."""
    from pipelines.commands.log import audit_log

    if not audit_log(home, checkpoint, key or []):
        raise typer.Exit(1)


@signing.command("keys")
def signing_keys(home: Home = DEFAULT_HOME) -> None:
    """List all keys that ever signed here, and from when on one counts for nothing."""
    from pipelines.commands.signing import list_keys

    list_keys(home)


@signing.command("rotate")
def signing_rotate(home: Home = DEFAULT_HOME) -> None:
    """Make a new key and sign with it from now on; what the earlier one signed stays checkable."""
    from pipelines.commands.signing import rotate_key

    rotate_key(home)


@signing.command("revoke")
def signing_revoke(
    key: Annotated[str, typer.Argument(help="The public key, z6Mk...")],
    because: Annotated[str, typer.Option(help="Why; it is written into the public ledger.")],
    registrar: Annotated[str, typer.Option(help="Account of the registrar who says so.")],
    since: Annotated[
        datetime | None, typer.Option(help="When it may have been copied, UTC; else now.")
    ] = None,
    home: Home = DEFAULT_HOME,
) -> None:
    """Say that a key may have been copied: what it signed from then on counts for nothing."""
    from pipelines.commands.signing import revoke_key

    revoke_key(home, key, because, registrar, since)
